package timeseries

import (
	"context"
	"time"
)

// SealDue seals what is due, as the store does by itself.
func SealDue(ctx context.Context, s *Store) error {
	_, err := s.sealOnce(ctx, false)
	return err
}

// SetPassColumns has passes seal fewer columns in each transaction.
func SetPassColumns(n int) (back func()) {
	old := passColumns
	passColumns = n
	return func() { passColumns = old }
}

// SetRunLimits has runs of the head be of fewer points and batches.
func SetRunLimits(points, batches int) (back func()) {
	oldPoints, oldBatches := maxRunPoints, maxRunBatches
	maxRunPoints, maxRunBatches = points, batches
	return func() { maxRunPoints, maxRunBatches = oldPoints, oldBatches }
}

// OpenPoints is how many points of batches are in memory.
func OpenPoints(s *Store) (points, kept int64) {
	s.head.mu.RLock()
	defer s.head.mu.RUnlock()
	return s.head.points.Load(), s.head.kept
}

// ForgetTrimmed has readers of older snapshots go to the store.
func ForgetTrimmed(s *Store) {
	s.head.mu.Lock()
	defer s.head.mu.Unlock()
	s.head.release(time.Now().Add(time.Hour))
}

// LookForTesting reads what databases and metrics there are, as the sealer does, and returns
// what it then has the head forget.
func (s *Store) LookForTesting(t interface{ Fatal(...any) }) (forget func()) {
	ctx := context.Background()
	dbs, at, err := s.databases(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		s.head.dropDatabases(dbs, at)
		if err := s.passes(ctx, map[uint64]*Metric{}, at, false, &SealStats{}); err != nil {
			t.Fatal(err)
		}
	}
}

// AdoptForTesting takes up the policy of a metric as a pass of retention does, up to where it
// makes the tiers.
func AdoptForTesting(ctx context.Context, s *Store, metric string, p RetentionPolicy) error {
	m, err := s.Metric(ctx, metric)
	if err != nil {
		return err
	}
	st, err := s.retainedNow(ctx, m.id)
	if err != nil {
		return err
	}
	r := retention{s, m, st.follow(&p), &SealStats{}}
	return r.adopt(ctx)
}
