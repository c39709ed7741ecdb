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
