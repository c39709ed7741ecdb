package txn

import (
	"encoding/binary"
	"testing"

	"github.com/weftdb/weft/storage/wal"
)

// TestReplayKeepsMemoryFlat: a log of large updates of the same keys does not
// take memory for each of them while it is replayed.
func TestReplayKeepsMemoryFlat(t *testing.T) {
	s, err := New(Options{History: -1})
	if err != nil {
		t.Fatal(err)
	}
	const commits, writes = 1000, 1000
	ops := make([]Op, writes)
	most := int64(0)
	for ts := uint64(1); ts <= commits; ts++ {
		for i := range ops {
			ops[i] = Op{Key: binary.BigEndian.AppendUint32(nil, uint32(i)), Value: binary.BigEndian.AppendUint64(nil, ts)}
		}
		if err := s.Replay(wal.Record{Timestamp: ts, Type: recordCommit, Payload: appendCommit(nil, ops)}); err != nil {
			t.Fatal(err)
		}
		most = max(most, s.Stats().Stale)
	}
	if err := s.Replayed(); err != nil {
		t.Fatal(err)
	}
	s.Start(nil, commits)
	defer s.Close()
	if most > sweepAtStart+backlogWrites+writes {
		t.Errorf("up to %d superseded versions were held, want at most about %d", most, sweepAtStart+backlogWrites)
	}
	if st := s.Stats(); st.Keys != writes {
		t.Errorf("%d keys, want %d", st.Keys, writes)
	}
	tx, err := s.Begin(t.Context(), TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for i := range uint32(writes) {
		if v, ok, err := tx.Get(binary.BigEndian.AppendUint32(nil, i)); err != nil || !ok || binary.BigEndian.Uint64(v) != commits {
			t.Fatalf("key %d is %x, %v, %v", i, v, ok, err)
		}
	}
}
