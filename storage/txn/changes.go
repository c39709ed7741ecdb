package txn

import (
	"context"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
)

// HistoryFloor is the timestamp before which versions may have been dropped: what was
// committed after it can be read by AS OF, History and Feed.
func (s *Store) HistoryFloor() Timestamp { return Timestamp(s.live.floor.Load()) }

// WaitVisible returns when every commit up to ts is visible.
func (s *Store) WaitVisible(ctx context.Context, ts Timestamp) error {
	return s.waitPublished(ctx, uint64(ts))
}

// History calls fn for every write in [lower, upper) of the commits after since
// and up to until, keys in order and the newest write of each first, until it
// returns false. The bytes are valid during the call. Where versions after since
// may have been dropped, the error has the code HISTORY_GONE, before fn is called.
// A range that was dropped is no write of its keys.
func (s *Store) History(ctx context.Context, lower, upper []byte, since, until Timestamp, fn func(ts Timestamp, op Op) bool) error {
	if s.live.floor.Load() > uint64(since) {
		return errHistoryGone(since, s.live.floor.Load())
	}
	tx, err := s.Begin(ctx, TxOptions{AsOf: max(since, 1)})
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	defer tx.Rollback()
	if err := s.pool.Versions(lower, upper, uint64(since), uint64(until), func(key, value []byte, deleted bool, ts uint64) bool {
		return fn(Timestamp(ts), Op{Key: key, Value: value, Deleted: deleted})
	}); err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	return nil
}

func errHistoryGone(at Timestamp, floor uint64) error {
	return dberr.New(dberr.ErrInvalid, "HISTORY_GONE", "AS OF %v is before the oldest version kept, of %v",
		at.Time(), Timestamp(floor).Time()).WithHint("read a later time, or raise storage.history")
}
