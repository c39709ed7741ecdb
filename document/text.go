package document

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Full-text indexes are derived from the commits: a hook notes which documents of
// collections with such an index were written, and a goroutine of each index brings it
// up to date with what they are now. How far it has come is written with each batch,
// so after a crash it goes on from there, by the history; where that is gone, or the
// index says that it knows more than there is, it is built anew.

// textBatch is how many documents are brought into an index at a time.
const textBatch = 1000

// texts are the full-text indexes that are open.
type texts struct {
	// mu guards open and stop. It is taken under no other lock, and held over no I/O.
	mu    sync.Mutex
	open  map[textRef]*textIndex
	stop  func()        // of the hook, nil while there is none
	since txn.Timestamp // the hook is told of every commit after it

	// watched are the collections of the indexes in open, for the hook.
	watched atomic.Pointer[map[collectionRef][]*textIndex]
}

// textRef names a full-text index: ids are those of a database.
type textRef struct {
	db keyspace.DatabaseID
	id keyspace.ObjectID
}

type collectionRef struct {
	db keyspace.DatabaseID
	id keyspace.ObjectID
}

// textIndex is an index that is kept up to date.
type textIndex struct {
	core *core
	ref  collectionRef
	path string // empty in memory
	cfg  fulltext.Config
	quit context.CancelFunc
	done chan struct{}
	work chan struct{} // holds a token where there is something to do

	// mu guards the rest. Taken by the hook; held over no I/O.
	mu struct {
		sync.Mutex
		x       *fulltext.Index // nil until it is open
		pending map[string]struct{}
		seen    txn.Timestamp // of the last commit that the hook was told of
		upTo    txn.Timestamp // everything up to it is in the index
		filling bool          // it is being built
		busy    bool          // a batch is on its way
		err     error         // why it does not get on
		moved   chan struct{} // closed when upTo or err change
	}
}

// hook notes what a commit wrote of collections that have an index.
func (c *core) hook(set *txn.ChangeSet) {
	watched := c.texts.watched.Load()
	if watched == nil {
		return
	}
	for i := range set.Ops {
		db, space, obj, tuple, ok := keyspace.Split(set.Ops[i].Key)
		if !ok || space != keyspace.SpaceDocument {
			continue
		}
		for _, x := range (*watched)[collectionRef{db, obj}] {
			x.note(string(tuple))
		}
	}
	for _, list := range *watched {
		for _, x := range list {
			x.saw(set.Timestamp)
		}
	}
}

func (x *textIndex) note(id string) {
	x.mu.Lock()
	x.mu.pending[id] = struct{}{}
	x.mu.Unlock()
}

func (x *textIndex) saw(ts txn.Timestamp) {
	x.mu.Lock()
	x.mu.seen = ts
	if len(x.mu.pending) == 0 && !x.mu.filling && !x.mu.busy {
		x.advance(ts, nil)
	}
	x.mu.Unlock()
	select {
	case x.work <- struct{}{}:
	default:
	}
}

// advance says how far the index is. Under mu.
func (x *textIndex) advance(upTo txn.Timestamp, err error) {
	x.mu.upTo, x.mu.err = max(x.mu.upTo, upTo), err
	close(x.mu.moved)
	x.mu.moved = make(chan struct{})
}

// textIndexOf returns the index of a collection, opened where it is not.
func (s *Store) textIndexOf(c *compiled) (*textIndex, error) {
	if c.Text == nil {
		return nil, dberr.New(dberr.ErrNotFound, "NO_TEXT_INDEX", "collection %q has no full-text index", shorten(c.Name)).WithHint("PUT …/text makes one")
	}
	t := &s.texts
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.open[textRef{s.db, c.TextID}]; x != nil {
		return x, nil
	}
	if s.closed.Load() {
		return nil, dberr.New(dberr.ErrUnavailable, "STORE_CLOSED", "the store is closed")
	}
	ctx, cancel := context.WithCancel(context.Background())
	x := &textIndex{core: s.core, ref: collectionRef{s.db, c.ID}, cfg: *c.Text, quit: cancel, done: make(chan struct{}), work: make(chan struct{}, 1)}
	if s.opts.TextDir != "" {
		x.path = filepath.Join(s.opts.TextDir, fmt.Sprintf("%d-%d", s.db, c.TextID))
	}
	x.mu.pending, x.mu.moved, x.mu.filling = map[string]struct{}{}, make(chan struct{}), true
	if t.open == nil {
		t.open = map[textRef]*textIndex{}
	}
	t.open[textRef{s.db, c.TextID}] = x
	t.watch()
	if t.stop == nil {
		t.since, t.stop = s.txns.OnCommitBriefly(s.core.hook)
	}
	go x.run(ctx, t.since)
	return x, nil
}

// watch makes the list for the hook. Under mu.
func (t *texts) watch() {
	m := map[collectionRef][]*textIndex{}
	for _, x := range t.open {
		m[x.ref] = append(m[x.ref], x)
	}
	t.watched.Store(&m)
}

// closeText ends an index and removes what it kept.
func (c *core) closeText(id keyspace.ObjectID, db keyspace.DatabaseID) error {
	t := &c.texts
	t.mu.Lock()
	x := t.open[textRef{db, id}]
	delete(t.open, textRef{db, id})
	t.watch()
	t.mu.Unlock()
	if x != nil {
		x.quit()
		<-x.done
	}
	if c.opts.TextDir == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(c.opts.TextDir, fmt.Sprintf("%d-%d", db, id)))
}

// closeTexts ends all.
func (c *core) closeTexts() {
	t := &c.texts
	t.mu.Lock()
	open, stop := t.open, t.stop
	t.open, t.stop = nil, nil
	t.watch()
	t.mu.Unlock()
	for _, x := range open {
		x.quit()
	}
	for _, x := range open {
		<-x.done
	}
	if stop != nil {
		stop()
	}
}

// run keeps the index until it is ended.
func (x *textIndex) run(ctx context.Context, hooked txn.Timestamp) {
	defer close(x.done)
	index, err := x.start(ctx, hooked)
	defer func() {
		if index != nil {
			if err := index.Close(); err != nil {
				x.core.report(ctx, err)
			}
		}
	}()
	for err == nil {
		select {
		case <-ctx.Done():
			return
		case <-x.work:
			err = x.catchUp(ctx, index)
		}
	}
	if ctx.Err() == nil {
		x.core.report(ctx, err)
		x.mu.Lock()
		x.advance(0, dberr.New(dberr.ErrUnavailable, "TEXT_INDEX_FAILED", "the full-text index failed").Wrap(err).WithHint("POST …/text/rebuild makes it anew"))
		x.mu.Unlock()
	}
}

// start opens the index and brings it to where the hook goes on, which is not told of
// commits up to hooked.
func (x *textIndex) start(ctx context.Context, hooked txn.Timestamp) (*fulltext.Index, error) {
	if err := x.core.txns.WaitVisible(ctx, hooked); err != nil {
		return nil, err
	}
	index, err := fulltext.Open(x.path, x.cfg)
	if err != nil {
		return nil, err
	}
	applied, err := index.Applied()
	if err != nil {
		return index, err
	}
	until := x.core.txns.LastCommit()
	ids, known := x.since(ctx, txn.Timestamp(applied), until)
	if !known && applied != 0 { // build it anew
		if err := index.Close(); err != nil {
			return nil, err
		}
		if err := os.RemoveAll(x.path); err != nil {
			return nil, err
		}
		if index, err = fulltext.Open(x.path, x.cfg); err != nil {
			return nil, err
		}
	}
	x.mu.Lock()
	x.mu.x = index
	for _, id := range ids {
		x.mu.pending[id] = struct{}{}
	}
	x.mu.Unlock()
	if !known {
		if err := x.fill(ctx, index); err != nil {
			return index, err
		}
	}
	x.mu.Lock()
	x.mu.filling = false
	x.mu.seen = max(x.mu.seen, until)
	x.mu.Unlock()
	return index, x.catchUp(ctx, index)
}

// since returns the documents that were written after a commit; known is false where
// that cannot be told any more.
func (x *textIndex) since(ctx context.Context, applied, until txn.Timestamp) (ids []string, known bool) {
	if applied == 0 || applied > until {
		return nil, false
	}
	prefix := appendObject(nil, x.ref.db, x.ref.id)
	err := x.core.txns.History(ctx, prefix, keyspace.End(prefix), applied, until, func(_ txn.Timestamp, op txn.Op) bool {
		ids = append(ids, string(op.Key[len(prefix):]))
		return true
	})
	return ids, err == nil
}

// fill brings all documents in, a batch in a snapshot of its own; what is written
// meanwhile the hook notes.
func (x *textIndex) fill(ctx context.Context, index *fulltext.Index) error {
	s := &Store{core: x.core, db: x.ref.db}
	prefix := appendObject(nil, x.ref.db, x.ref.id)
	for from := prefix; from != nil; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var batch []fulltext.Change
		err := x.core.txns.View(ctx, func(tx *txn.Tx) error {
			it := tx.Iter(txn.IterOptions{Lower: from, Upper: keyspace.End(prefix)})
			defer it.Close()
			from = nil
			for it.Next() {
				if len(batch) == textBatch {
					from = slices.Clone(it.Key())
					break
				}
				ch, err := s.textChange(tx, x.ref.id, it.Key()[len(prefix):], it.Value())
				if err != nil {
					return err
				}
				batch = append(batch, ch)
			}
			return it.Err()
		})
		if err != nil {
			return err
		}
		if err := index.Apply(batch, 0); err != nil { // 0: it is not complete
			return err
		}
	}
	return nil
}

func (s *Store) textChange(tx *txn.Tx, coll keyspace.ObjectID, id, value []byte) (fulltext.Change, error) {
	var r record
	if err := r.decode(value); err != nil {
		return fulltext.Change{}, err
	}
	v, err := s.load(tx, coll, &r)
	return fulltext.Change{ID: string(id), Value: doc.Of(slices.Clone(v.Bytes()))}, err
}

// catchUp brings in what is pending.
func (x *textIndex) catchUp(ctx context.Context, index *fulltext.Index) error {
	s := &Store{core: x.core, db: x.ref.db}
	for {
		x.mu.Lock()
		ids, seen := x.mu.pending, x.mu.seen
		x.mu.pending = map[string]struct{}{}
		x.mu.busy = len(ids) > 0
		if !x.mu.busy {
			x.advance(seen, nil)
			x.mu.Unlock()
			return nil
		}
		x.mu.Unlock()
		var batch []fulltext.Change
		flush := func(applied uint64) error {
			err := index.Apply(batch, applied)
			batch = batch[:0]
			return err
		}
		before, err := index.Applied()
		if err != nil {
			return err
		}
		err = x.core.txns.View(ctx, func(tx *txn.Tx) error {
			// What a crash may take back must not be in the index, which would not know.
			if err := x.core.txns.SyncLog(ctx); err != nil {
				return err
			}
			for id := range ids {
				value, ok, err := tx.Get(appendDocumentKey(nil, s.db, x.ref.id, id))
				if err != nil {
					return err
				}
				ch := fulltext.Change{ID: id}
				if ok {
					if ch, err = s.textChange(tx, x.ref.id, []byte(id), value); err != nil {
						return err
					}
				}
				if batch = append(batch, ch); len(batch) == textBatch {
					if err := flush(before); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err == nil {
			err = flush(uint64(seen))
		}
		if err != nil {
			return err
		}
		x.mu.Lock()
		x.mu.busy = false
		x.advance(seen, nil)
		x.mu.Unlock()
	}
}

// wait returns the index when it has everything up to a commit, or with 0 when it is
// open.
func (x *textIndex) wait(ctx context.Context, ts txn.Timestamp) (*fulltext.Index, error) {
	for {
		x.mu.Lock()
		index, err, moved := x.mu.x, x.mu.err, x.mu.moved
		ready := index != nil && !x.mu.filling && x.mu.upTo >= ts
		x.mu.Unlock()
		if err != nil {
			return nil, err
		}
		if ready {
			return index, nil
		}
		select {
		case <-moved:
		case <-x.done:
			return nil, dberr.New(dberr.ErrUnavailable, "TEXT_INDEX_CLOSED", "the full-text index was closed")
		case <-ctx.Done():
			class, code := dberr.ErrCanceled, "CANCELED"
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				class, code = dberr.ErrTimeout, "TIMEOUT"
			}
			return nil, dberr.New(class, code, "the full-text index did not come so far in time").Wrap(context.Cause(ctx))
		}
	}
}

// TextStatus says how far a full-text index is.
type TextStatus struct {
	Config    fulltext.Config
	Documents uint64        // in the index
	Applied   txn.Timestamp // the commit up to which everything is in it
	Building  bool
	Err       error
}

// Text describes the full-text index of a collection.
func (s *Store) Text(ctx context.Context, collection string) (st TextStatus, err error) {
	x, err := s.openText(ctx, collection, false)
	if err != nil {
		return st, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	st = TextStatus{Config: x.cfg, Applied: x.mu.upTo, Building: x.mu.filling, Err: x.mu.err}
	if x.mu.x != nil {
		st.Documents, err = x.mu.x.Count()
	}
	return st, err
}

// openText returns the index of a collection, for a query, which is counted, or not.
func (s *Store) openText(ctx context.Context, collection string, query bool) (x *textIndex, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		c, err := s.find(tx, collection)
		if err == nil && query {
			c.queried(s)
		}
		if err == nil {
			x, err = s.textIndexOf(c)
		}
		return err
	})
	return x, err
}

// SetText gives a collection a full-text index, in place of one that it has, and
// returns when it is built. A nil config removes it. The collection is made where it
// is missing.
func (s *Store) SetText(ctx context.Context, collection string, cfg *fulltext.Config) error {
	if s.tx != nil {
		return errNotWithin
	}
	if cfg != nil {
		if err := cfg.Check(); err != nil {
			return err
		}
	}
	var old keyspace.ObjectID
	_, err := s.update(ctx, func(tx *txn.Tx) error {
		if _, err := s.ensure(tx, collection); err != nil {
			return err
		}
		_, err := s.change(tx, collection, func(c *Collection) (err error) {
			old = c.TextID
			c.Text, c.TextID = cfg, 0
			if cfg != nil {
				c.TextID, err = s.nextID(tx)
			}
			return err
		})
		return err
	})
	if err != nil {
		return err
	}
	if old != 0 {
		if err := s.closeText(old, s.db); err != nil {
			return err
		}
	}
	if cfg == nil {
		return nil
	}
	x, err := s.openText(ctx, collection, false)
	if err == nil {
		_, err = x.wait(ctx, 0)
	}
	return err
}
