package txn

import (
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/wal"
)

// Decoded is a log record as people read it.
type Decoded struct {
	Kind string // commit or drop
	Ops  []Op   // of a commit, keys in order
	// Lower and Upper bound what a drop removed; a nil Upper is no bound.
	Lower, Upper []byte
}

// DecodeRecord takes a log record apart. Its bytes are those of the record.
func DecodeRecord(r wal.Record) (d Decoded, err error) {
	switch r.Type {
	case recordCommit:
		d.Kind = "commit"
		err = decodeCommit(r.Payload, func(key, value []byte, deleted bool) {
			d.Ops = append(d.Ops, Op{Key: append([]byte(nil), key...), Value: value, Deleted: deleted})
		})
	case recordDropRange:
		d.Kind = "drop"
		d.Lower, d.Upper, err = decodeDropRange(r.Payload)
	default:
		err = dberr.New(dberr.ErrUnsupported, "RECORD_TYPE", "record type %d is not known to this version", r.Type)
	}
	if err != nil {
		return d, fmt.Errorf("record of timestamp %d: %w", r.Timestamp, err)
	}
	return d, nil
}
