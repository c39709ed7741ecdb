package kv

import (
	"context"

	"github.com/weftdb/weft/storage/txn"
)

// count is the number of keys of a bucket: read once, when somebody first asks,
// and then kept by adding what commits make and remove. It counts expired keys
// until they are swept, and takes a key that one transaction removes and makes
// again for two, so after as many writes as a quarter of it, it is read anew.
type count struct {
	keys   int64
	writes int64 // since it was read
	ready  bool  // it was read
	from   txn.Timestamp
}

// staleWrites is how many writes a small count stands.
const staleWrites = 1000

func (c *count) stale() bool { return c.writes > staleWrites+c.keys/4 }

// countLocked adds a commit to the counts that are kept.
func (h *hub) countLocked(set *txn.ChangeSet) {
	for i := range set.Ops {
		op := &set.Ops[i]
		o, ok := parseOp(op.Key)
		if !ok || o.id == 0 {
			continue
		}
		c := h.mu.counts[bucketRef{o.db, o.id}]
		if c == nil || set.Timestamp <= c.from {
			continue
		}
		c.writes++
		switch {
		case op.Deleted:
			c.keys--
		case len(op.Value) > 1 && op.Value[1]&flagCreated == 0:
			c.keys++
		}
	}
}

// Estimate returns about how many keys a bucket has. The first call reads them;
// later ones cost nothing most of the time. See Count for the exact number.
func (s *Store) Estimate(ctx context.Context, bucket string) (int64, error) {
	if s.tx != nil {
		return s.Count(ctx, bucket, Range{})
	}
	if err := s.hub.listen(ctx); err != nil {
		return 0, err
	}
	for {
		n, ok, err := s.estimate(ctx, bucket)
		if err != nil || ok {
			return max(n, 0), err
		}
	}
}

// estimate says not ok where commits were heard of that the transaction did not see.
func (s *Store) estimate(ctx context.Context, bucket string) (n int64, ok bool, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		b, found, err := s.bucket(tx, bucket)
		if err != nil || !found {
			ok = true
			return err
		}
		ref := bucketRef{s.db, b.id}
		s.hub.mu.Lock()
		if c := s.hub.mu.counts[ref]; c != nil && c.ready && !c.stale() {
			n, ok = c.keys, true
		}
		s.hub.mu.Unlock()
		if ok {
			return nil
		}
		return s.recount(ctx, tx, ref, bucket, &n, &ok)
	})
	return n, ok, err
}

// recount reads the number of keys as of tx and keeps it, with what is committed
// while it reads.
func (s *Store) recount(ctx context.Context, tx *txn.Tx, ref bucketRef, bucket string, n *int64, ok *bool) error {
	c := &count{from: tx.ReadTimestamp()}
	s.hub.mu.Lock()
	missed := s.hub.mu.last > c.from
	if !missed {
		s.hub.mu.counts[ref] = c // collects what is committed meanwhile
	}
	s.hub.mu.Unlock()
	if missed {
		return nil
	}
	keys, err := s.CountTx(tx, bucket, Range{})
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if err != nil {
		delete(s.hub.mu.counts, ref)
		return err
	}
	c.keys += keys
	c.ready = true
	*n, *ok = c.keys, true
	return ctx.Err()
}
