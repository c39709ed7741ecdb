// Package colstore keeps columns of tables in memory, for scans.
//
// Rows are stored as rows. A scan that reads much of a table leaves the columns that it
// decoded here, in segments of up to 65,536 rows, and scans after it read those. The
// package promises that a scan sees exactly the rows of its snapshot: a segment is the
// rows of a range of keys as of one commit, every later commit is shown to Observe, and
// blocks of a segment that a commit has touched are read as rows by whoever sees that
// commit. It owns memory up to a budget, nothing on disk, and refuses nothing: what it
// does not hold is read as rows.
//
// docs/design/columnar.md tells the whole of it.
package colstore

import (
	"bytes"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// recentChanges is how many changes of a table are remembered for builds to come.
const recentChanges = 16 << 10

// Sizes are those of blocks and segments, which only tests change.
type Sizes struct {
	Block   int // rows of a block, the unit in which segments are read; a multiple of 64
	Segment int // the most rows of a segment; a multiple of Block
	Min     int // the fewest rows that are worth a segment, and a table worth watching
}

// DefaultSizes are what a cache has unless told otherwise.
var DefaultSizes = Sizes{Block: vec.BatchSize, Segment: 64 * vec.BatchSize, Min: 4 * vec.BatchSize}

// Key names a column of a table as it is stored.
type Key struct {
	ID   catalog.ColumnID
	Type sqltype.Type
}

// Cache holds the columns of all tables. Safe for concurrent use.
type Cache struct {
	store *txn.Store
	limit int64
	sizes Sizes

	// watched is the number of tables, so that commits cost nothing where there are none.
	watched atomic.Int64
	// mu guards what follows and all of the tables. Taken by the commit hook; takes none.
	mu     sync.Mutex
	tables map[tableID]*Table
	gone   map[tableID]bool // dropped; some of them
	bytes  int64
	clock  uint64
	stats  Stats

	hook  sync.Once // asks for commits, when the first table is watched
	since uint64    // commits after it are shown to observe
	stop  func()
}

// Stats counts what a cache does.
type Stats struct {
	Bytes    int64
	Segments int64 // there are now
	Built    int64 // ever
	Evicted  int64 // for room
	Replaced int64 // because of changes
	Blocks   int64 // given to scans
}

type tableID struct {
	db  keyspace.DatabaseID
	obj keyspace.ObjectID
}

// New returns an empty cache of up to limit bytes over a store.
func New(store *txn.Store, limit int64) *Cache { return NewSized(store, limit, DefaultSizes) }

// NewSized is New with other sizes.
func NewSized(store *txn.Store, limit int64, sizes Sizes) *Cache {
	return &Cache{store: store, limit: limit, sizes: sizes, tables: map[tableID]*Table{}, gone: map[tableID]bool{}}
}

// MinRows is the fewest rows that make a table worth watching.
func (c *Cache) MinRows() int { return c.sizes.Min }

// Close ends it: no commit is looked at any more.
func (c *Cache) Close() {
	c.hook.Do(func() {}) // from here on nobody asks for commits
	if c.stop != nil {
		c.stop()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tables, c.bytes = map[tableID]*Table{}, 0
	c.watched.Store(0)
}

// Settle returns when every commit that was visible when it was called has been noted. A
// scan calls it between its Begin and Table.Pieces.
func (c *Cache) Settle() { c.store.Settle() }

// Stats gives the figures.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Bytes = c.bytes
	for _, t := range c.tables {
		s.Segments += int64(len(t.segs))
	}
	return s
}

// Table is the columns of one index of a table: of its rows, where it is the primary one.
type Table struct {
	c      *Cache
	id     tableID
	prefix []byte
	end    []byte     // the first key behind the index
	segs   []*Segment // by Lower; they do not overlap
	builds map[*Build]struct{}
	recent []change // the last changes, in order of commits: all after since
	since  uint64
	skip   int // builds to be left out, since what was built did not last
	waste  int
}

// change is a key that a commit wrote.
type change struct {
	at  uint64
	key []byte
}

// Find returns the columns of the index whose keys begin with prefix; nil where the
// index is not watched.
func (c *Cache) Find(prefix []byte) *Table {
	if c.watched.Load() == 0 {
		return nil
	}
	id, ok := split(prefix)
	if !ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tables[id]
}

func split(key []byte) (tableID, bool) {
	db, space, obj, _, ok := keyspace.Split(key)
	return tableID{db, obj}, ok && space == keyspace.SpaceIndex
}

// Watch begins to look at commits of an index, so that later scans may build.
func (c *Cache) Watch(prefix []byte) {
	id, ok := split(prefix)
	if !ok {
		return
	}
	c.hook.Do(func() {
		since, stop := c.store.OnCommitBriefly(c.observe)
		c.since, c.stop = uint64(since), stop
	})
	if c.stop == nil {
		return // closed
	}
	c.mu.Lock()
	if c.tables[id] != nil || c.gone[id] {
		c.mu.Unlock()
		return
	}
	t := &Table{c: c, id: id, prefix: bytes.Clone(prefix), end: keyspace.End(prefix), builds: map[*Build]struct{}{}, since: math.MaxUint64}
	c.tables[id] = t
	c.watched.Add(1)
	c.mu.Unlock()
	// A commit that was delivered before the table was there is visible by now, so what
	// is noted is all that comes after this snapshot.
	tx, err := c.store.Begin(context.Background(), txn.TxOptions{ReadOnly: true})
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil { // the store is closed
		return
	}
	defer tx.Rollback()
	t.since = max(c.since, uint64(tx.ReadTimestamp()))
}

// observe notes what a commit changed.
func (c *Cache) observe(set *txn.ChangeSet) {
	if c.watched.Load() == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var t *Table
	for i := range set.Ops {
		key := set.Ops[i].Key
		if t == nil || !bytes.HasPrefix(key, t.prefix) {
			id, ok := split(key)
			if !ok {
				continue
			}
			if t = c.tables[id]; t == nil {
				continue
			}
		}
		t.note(uint64(set.Timestamp), bytes.Clone(key))
	}
}

// note marks the block of a key as changed. Called under Cache.mu.
func (t *Table) note(at uint64, key []byte) {
	if len(t.recent) >= recentChanges {
		half := len(t.recent) / 2
		if t.since != math.MaxUint64 {
			t.since = max(t.since, t.recent[half-1].at)
		}
		for half < len(t.recent) && t.recent[half].at == t.recent[half-1].at {
			half++ // what is remembered begins with a commit, not within one
		}
		t.recent = append(t.recent[:0], t.recent[half:]...)
	}
	t.recent = append(t.recent, change{at, key})
	if s := t.find(key); s != nil {
		s.touch(at, key)
	}
	for b := range t.builds {
		b.note(at, key)
	}
}

// find returns the segment whose range holds key.
func (t *Table) find(key []byte) *Segment {
	i, found := slices.BinarySearchFunc(t.segs, key, func(s *Segment, k []byte) int { return bytes.Compare(s.Lower, k) })
	if !found {
		i--
	}
	if i < 0 || bytes.Compare(key, t.segs[i].Upper) >= 0 {
		return nil
	}
	return t.segs[i]
}

// evict makes room for n bytes, without what the present scan has used. It reports
// whether there is room.
func (c *Cache) evict(n int64, clock uint64) bool {
	for c.bytes+n > c.limit {
		var from *Table
		var oldest *Segment
		for _, t := range c.tables {
			for _, s := range t.segs {
				if s.used < clock && (oldest == nil || s.used < oldest.used) {
					from, oldest = t, s
				}
			}
		}
		if oldest == nil {
			return false
		}
		from.drop(oldest)
		c.stats.Evicted++
	}
	return true
}

// drop removes a segment.
func (t *Table) drop(s *Segment) {
	if i := slices.Index(t.segs, s); i >= 0 {
		t.segs = slices.Delete(t.segs, i, i+1)
		t.c.bytes -= s.bytes
	}
}

// maxGone is how many forgotten indexes are remembered.
const maxGone = 1024

// Forget gives back what is held of the indexes within a range of keys, which were dropped
// and whose ids are never used again. Scans that run go on with the segments that they
// have, and builds come to nothing. Scans of older snapshots do not have them watched again.
func (c *Cache) Forget(lower, upper []byte) {
	if c.watched.Load() == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, t := range c.tables {
		if bytes.Compare(t.prefix, lower) < 0 || upper != nil && bytes.Compare(t.prefix, upper) >= 0 {
			continue
		}
		for _, s := range t.segs {
			c.bytes -= s.bytes
		}
		t.segs, t.recent = nil, nil
		delete(c.tables, id)
		c.watched.Add(-1)
		if len(c.gone) >= maxGone {
			clear(c.gone) // at worst one of them is watched again, and evicted as what is not read
		}
		c.gone[id] = true
	}
}
