package kv

import (
	"context"
	"errors"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// OpKind is what an operation of a batch does.
type OpKind uint8

// The kinds of operations.
const (
	OpGet OpKind = iota
	OpSet
	OpDelete
	OpIncrement // by Op.By
	OpIncrementFloat
	OpAppend
	OpTouch
	OpGetSet
	OpCompareAndSwap // Op.Expect against Op.Value, either nil for absence
	OpCheck          // only the condition
)

// Op is one operation of a batch.
type Op struct {
	Kind    OpKind
	Bucket  string
	Key     []byte
	Value   *Value
	Expect  *Value
	By      int64
	ByFloat float64
	Options PutOptions // its condition counts for every kind but OpGet
}

// Result is what an operation of a batch gave.
type Result struct {
	Entry   Entry   // afterwards; before, for OpGetSet and OpDelete
	Present bool    // Entry is there
	Done    bool    // it took effect: false where there was nothing to get, delete or swap
	Int     int64   // the sum of OpIncrement
	Float   float64 // the sum of OpIncrementFloat
}

// BatchTx runs operations in order, each seeing those before it. The first that
// fails ends it with its error, and the caller is to roll back.
func (s *Store) BatchTx(tx *txn.Tx, ops []Op) ([]Result, error) {
	results := make([]Result, len(ops))
	for i := range ops {
		if err := s.apply(tx, &ops[i], &results[i]); err != nil {
			return nil, inOperation(i, err)
		}
	}
	return results, nil
}

// inOperation says in which operation of a batch an error came up.
func inOperation(i int, err error) error {
	e := dberr.As(err)
	if e == nil || errors.Is(err, dberr.ErrConflict) {
		return fmt.Errorf("operation %d: %w", i, err)
	}
	at := *e
	at.Message = fmt.Sprintf("operation %d: %s", i, e.Message)
	at.Field = fmt.Sprintf("operations[%d]", i)
	if e.Field != "" {
		at.Field += "." + e.Field
	}
	return &at
}

func (s *Store) apply(tx *txn.Tx, op *Op, r *Result) (err error) {
	if op.Value == nil && (op.Kind == OpSet || op.Kind == OpAppend || op.Kind == OpGetSet) {
		return invalid("MISSING_FIELD", "value", "the operation needs a value")
	}
	switch op.Kind {
	case OpGet:
		r.Entry, r.Present, err = s.GetTx(tx, op.Bucket, op.Key)
		r.Done = r.Present
		return err
	case OpSet:
		r.Entry, err = s.PutTx(tx, op.Bucket, op.Key, *op.Value, op.Options)
	case OpDelete:
		r.Entry, r.Done, err = s.GetDeleteTx(tx, op.Bucket, op.Key, op.Options.If)
		r.Present = r.Done
		return err
	case OpIncrement:
		r.Int, r.Entry, err = s.IncrementTx(tx, op.Bucket, op.Key, op.By, op.Options)
	case OpIncrementFloat:
		r.Float, r.Entry, err = s.IncrementFloatTx(tx, op.Bucket, op.Key, op.ByFloat, op.Options)
	case OpAppend:
		r.Entry, err = s.AppendTx(tx, op.Bucket, op.Key, *op.Value, op.Options)
	case OpTouch:
		r.Entry, err = s.TouchTx(tx, op.Bucket, op.Key, op.Options)
	case OpGetSet:
		r.Entry, r.Present, _, err = s.GetSetTx(tx, op.Bucket, op.Key, *op.Value, op.Options)
		r.Done = err == nil
		return err
	case OpCompareAndSwap:
		r.Entry, r.Present, r.Done, err = s.CompareAndSwapTx(tx, op.Bucket, op.Key, op.Expect, op.Value, op.Options)
		return err
	case OpCheck:
		if r.Entry, r.Present, err = s.StatTx(tx, op.Bucket, op.Key); err == nil {
			err = op.Options.If.Check(r.Present, r.Entry.Version)
		}
		r.Done = err == nil
		return err
	default:
		return invalid("UNKNOWN_OPERATION", "op", "there is no kind %d of operations", op.Kind)
	}
	r.Present, r.Done = err == nil, err == nil
	return err
}

// Batch runs operations in order as one transaction: all take effect, or, where
// one fails, none.
func (s *Store) Batch(ctx context.Context, ops []Op) (results []Result, err error) {
	ts, err := s.update(ctx, func(tx *txn.Tx) error {
		if results, err = s.BatchTx(tx, ops); err != nil {
			return err
		}
		for i := range results {
			results[i].Entry.own()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range results {
		if r := &results[i]; r.Present {
			r.Entry.committed(ts)
		}
	}
	return results, nil
}
