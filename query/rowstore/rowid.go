package rowstore

import (
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
)

// lastRowID is the greatest hidden row id that the process has given out.
var lastRowID atomic.Int64

// rowIDEpoch keeps ids short: they count microseconds since 2024.
const rowIDEpoch = 1704067200_000_000

// takeRowIDs gives out n ids in a row, greater than all before.
func takeRowIDs(n int, above int64) int64 {
	for {
		last := lastRowID.Load()
		first := max(last+1, time.Now().UnixMicro()-rowIDEpoch, above+1)
		if lastRowID.CompareAndSwap(last, first+int64(n)-1) {
			return first
		}
	}
}

// NewRowIDs returns the first of n hidden row ids that no row of the table has or
// will have. They grow with time, and no two transactions of a process are given the
// same, so inserts do not conflict. Where the clock went back between two runs of
// the process, the ids that are taken are seen and passed over; what another process
// took since tx began, the commit refuses as a conflict.
func (l *Layout) NewRowIDs(tx *txn.Tx, n int) (int64, error) {
	x := &l.Indexes[0]
	above := int64(-1)
	for {
		first := takeRowIDs(n, above)
		it := tx.Iter(txn.IterOptions{
			Lower: enc.AppendInt(x.Prefix, first), Upper: enc.AppendInt(x.Prefix, first+int64(n)), Reverse: true,
		})
		if !it.Next() {
			err := it.Err()
			it.Close()
			return first, err
		}
		taken, _, err := enc.DecodeInt(it.Key()[len(x.Prefix):])
		it.Close()
		if err != nil {
			return 0, dberr.SQL(dberr.StateDataCorrupted, "stored row id is damaged").Wrap(err)
		}
		above = taken
	}
}
