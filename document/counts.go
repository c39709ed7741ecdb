package document

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Counts are what was done with a collection since the store was opened: documents that
// were inserted, updated and deleted by transactions that committed, each once for each of
// them, and the queries that were run: finds, counts, aggregations and searches.
type Counts struct {
	Inserted, Updated, Deleted, Queries uint64
}

// tally is where Counts are counted.
type tally struct{ inserted, updated, deleted, queries atomic.Uint64 }

func (t *tally) counts() Counts {
	return Counts{t.inserted.Load(), t.updated.Load(), t.deleted.Load(), t.queries.Load()}
}

// tallies has a tally for each collection that was used.
type tallies struct {
	of    sync.Map // collectionRef → *tally
	total tally
	heard sync.Once
	stop  func()
	mu    sync.Mutex // guards stop
}

// tally is that of a collection. Those of the full-text indexes that stand alone are no
// collections for who asks.
func (s *Store) tally(id keyspace.ObjectID) *tally {
	if s.hidden {
		return nil
	}
	ref := collectionRef{s.db, id}
	if t, ok := s.tallies.of.Load(ref); ok {
		return t.(*tally)
	}
	t, _ := s.tallies.of.LoadOrStore(ref, new(tally))
	return t.(*tally)
}

// queried counts a query.
func (c *compiled) queried(s *Store) {
	if c.tally != nil {
		c.tally.queries.Add(1)
		s.tallies.total.queries.Add(1)
	}
}

// countCommits counts the commits from now on. It is called by the first write, so that
// a store without documents does not pay for it.
func (c *core) countCommits() {
	c.tallies.heard.Do(func() {
		_, stop := c.txns.OnCommitBriefly(c.count)
		c.tallies.mu.Lock()
		c.tallies.stop = stop
		c.tallies.mu.Unlock()
	})
}

func (t *tallies) close() {
	t.heard.Do(func() {}) // none begins any more
	t.mu.Lock()
	stop := t.stop
	t.stop = nil
	t.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// count counts the documents of a commit.
func (c *core) count(set *txn.ChangeSet) {
	for i := range set.Ops {
		op := &set.Ops[i]
		db, space, obj, _, ok := keyspace.Split(op.Key)
		if !ok || space != keyspace.SpaceDocument || obj < firstID {
			continue
		}
		found, ok := c.tallies.of.Load(collectionRef{db, obj})
		if !ok {
			continue // of an index
		}
		t, all := found.(*tally), &c.tallies.total
		switch {
		case op.Deleted:
			t.deleted.Add(1)
			all.deleted.Add(1)
		case isUpdate(op.Value):
			t.updated.Add(1)
			all.updated.Add(1)
		default:
			t.inserted.Add(1)
			all.inserted.Add(1)
		}
	}
}

// isUpdate says whether a record is of a document that was there before.
func isUpdate(record []byte) bool { return len(record) > 1 && record[1]&flagCreated != 0 }

// Totals are the counts of all collections of all databases.
func (s *Store) Totals() Counts { return s.tallies.total.counts() }

// Stats describes a collection, with how many documents it has and what was done with it.
func (s *Store) Stats(ctx context.Context, name string) (c Collection, documents int64, n Counts, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		ready, err := s.find(tx, name)
		if err != nil {
			return err
		}
		c, n, documents = *ready.Collection, Counts{}, 0
		if ready.tally != nil {
			n = ready.tally.counts()
		}
		return s.eachMatch(ctx, tx, ready, nil, func(*candidate) error {
			documents++
			return nil
		})
	})
	return c, documents, n, err
}
