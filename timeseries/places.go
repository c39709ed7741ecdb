package timeseries

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
)

// places knows where series lie, by the tags as writers spell them, so that a point costs
// neither the order of its tags nor a read of the store. What it says of a series holds for
// every snapshot that is not older than the series, until a commit removes it.
type places struct {
	mu      sync.RWMutex
	bySpell map[string]*spelling
	bySeen  map[string]*place // by the key of the series: database, metric, sorted tags
	removed uint64            // the last commit that removed a series
}

// place is a series that was found.
type place struct {
	store  *places
	db     keyspace.DatabaseID
	metric uint64
	series uint64
	since  uint64 // the commit that made it
	gone   atomic.Bool
}

// spelling is a way in which writers spell the tags of a series. Who writes many series mostly
// does so in one order, so each has the one that came behind it last: to hold tags against
// that is less than to look into the table.
type spelling struct {
	*place
	tags string // as spell has them
	next atomic.Pointer[spelling]
}

// is says whether tags are spelled like that. Of long ones it does not know.
func (x *spelling) is(tags []Tag) bool {
	rest := x.tags
	for i := range tags {
		for _, s := range [...]string{tags[i].Key, tags[i].Value} {
			if n := len(s); n >= 0x80 || len(rest) <= n || int(rest[0]) != n || rest[1:1+n] != s {
				return false
			}
			rest = rest[1+len(s):]
		}
	}
	return rest == ""
}

// maxPlaces bounds what is kept; over it all is found anew.
const maxPlaces = 1 << 18

// serves says whether it is what a snapshot has.
func (p *place) serves(metric, snapshot uint64) bool {
	return p != nil && p.metric == metric && p.since <= snapshot && !p.gone.Load()
}

// spell appends the database, the metric and tags as they are given.
func spell(dst []byte, db keyspace.DatabaseID, metric uint64, tags []Tag) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(db)), metric)
	for i := range tags {
		t := &tags[i]
		dst = append(binary.AppendUvarint(dst, uint64(len(t.Key))), t.Key...)
		dst = append(binary.AppendUvarint(dst, uint64(len(t.Value))), t.Value...)
	}
	return dst
}

func (x *places) find(spelled []byte) *spelling {
	x.mu.RLock()
	p := x.bySpell[string(spelled)]
	x.mu.RUnlock()
	return p
}

// keep notes a series that was read at a snapshot, and returns its place; nil where it may
// have been removed since.
func (x *places) keep(spelled []byte, key []byte, p *place, snapshot uint64) *place {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p.since == 0 || snapshot < x.removed {
		return nil
	}
	if x.bySpell == nil || len(x.bySpell) >= maxPlaces {
		for _, p := range x.bySeen { // a Ref may have it, and nobody would tell it of a removal
			p.gone.Store(true)
		}
		x.bySpell, x.bySeen = make(map[string]*spelling), make(map[string]*place)
	}
	at := x.bySeen[string(key)]
	if at == nil || at.gone.Load() || at.series != p.series {
		at = &place{store: x, db: p.db, metric: p.metric, series: p.series, since: p.since}
		x.bySeen[string(key)] = at
	}
	if spelled != nil {
		text := string(spelled)
		x.bySpell[text] = &spelling{place: at, tags: text[len(spell(nil, p.db, p.metric, nil)):]}
	}
	return at
}

// hear takes what a commit did to a series: that it removed it, or that it put one in the
// place of another, where it has both removed it and made it again.
func (x *places) hear(db keyspace.DatabaseID, tuple, value []byte, deleted bool, at uint64) {
	metric, tags, err := enc.DecodeUint(tuple)
	if err != nil {
		return
	}
	s := Store{db: db}
	key := s.seriesKey(metric, tags)
	r := enc.NewReader(value)
	now := r.Uvarint()
	x.mu.Lock()
	defer x.mu.Unlock()
	if deleted {
		x.removed = at
	}
	if p := x.bySeen[string(key)]; p != nil && (deleted || p.series != now) {
		p.gone.Store(true)
		delete(x.bySeen, string(key))
	}
}

// hearGone takes that a commit removed series of some metric, of which it may have made some
// again.
func (x *places) hearGone(at uint64) {
	x.mu.Lock()
	x.removed = at
	x.mu.Unlock()
}

// Ref names a series for many points. The store remembers by it where the series lies, so
// that writing costs less than by metric and tags. It is for one store at a time, may be
// used by many goroutines, and goes on to work where the series is removed and made again.
type Ref struct {
	metric string
	tags   []Tag
	canon  []byte
	at     atomic.Pointer[place]
}

// NewRef names a series. The tags are copied.
func NewRef(metric string, tags []Tag) (*Ref, error) {
	if err := checkName("metric", metric); err != nil {
		return nil, err
	}
	tags, canon, err := canonical(tags)
	if err != nil {
		return nil, err
	}
	return &Ref{metric: metric, tags: slices.Clone(tags), canon: canon}, nil
}

// Metric is the metric of the series.
func (r *Ref) Metric() string { return r.metric }

// Tags are the tags of the series, by name; not to be changed.
func (r *Ref) Tags() []Tag { return r.tags }
