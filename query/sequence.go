package query

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// sequenceBlock is how many values are taken from the store at a time. After a
// crash at most so many are skipped.
const sequenceBlock = 64

// sequences gives out the values of sequences, outside of transactions: what has
// been given out is never given out again, whatever becomes of the transaction.
//
// A value is stored only for a counter that the catalog knows, or that an open transaction
// has made: who still works on a sequence that was dropped meanwhile leaves nothing behind.
type sequences struct {
	store *txn.Store
	cat   *catalog.Catalog

	// mu is held while a block is taken, which commits a transaction of its own.
	mu struct {
		sync.Mutex
		state map[tableKey]*sequenceState
		open  map[tableKey]bool // counters made by transactions that have not ended; true where they have a value
	}
}

// sequenceState is the part of a sequence that is in memory: left values from next on.
type sequenceState struct {
	next int64
	left int64
	last int64 // given out last
}

func newSequences(store *txn.Store, cat *catalog.Catalog) *sequences {
	s := &sequences{store: store, cat: cat}
	s.mu.state, s.mu.open = map[tableKey]*sequenceState{}, map[tableKey]bool{}
	return s
}

func sequenceKey(q *catalog.Sequence) []byte {
	return keyspace.AppendPrefix(nil, q.DB, keyspace.SpaceSequence, q.Counter())
}

// next gives the following value.
func (s *sequences) next(q *catalog.Sequence) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := tableKey{q.DB, q.Counter()}
	st := s.mu.state[k]
	if st == nil {
		st = &sequenceState{}
	}
	if st.left == 0 {
		if err := s.takeLocked(q, st); err != nil {
			return 0, err
		}
		s.mu.state[k] = st
	}
	v := st.next
	st.last = v
	st.left--
	if st.left > 0 {
		st.next += q.Increment
	}
	return v, nil
}

// takeLocked reserves the following block. The stored record is the last value
// that may have been given out, or that is still to come where fresh.
func (s *sequences) takeLocked(q *catalog.Sequence, st *sequenceState) error {
	ctx := context.Background()
	var first, count int64
	err := s.store.Update(ctx, txn.TxOptions{PassLocks: true}, func(tx *txn.Tx) error {
		if err := s.usableLocked(tx, q); err != nil {
			return err
		}
		last, fresh, err := readSequence(tx, q)
		if err != nil {
			return err
		}
		first = last
		if !fresh {
			var ok bool
			if first, ok = step(q, last, 1); !ok {
				if !q.Cycle {
					return exhausted(q)
				}
				first = q.Min
				if q.Increment < 0 {
					first = q.Max
				}
			}
		}
		count = 1
		end := first
		for count < sequenceBlock {
			n, ok := step(q, end, 1)
			if !ok {
				break
			}
			end = n
			count++
		}
		return writeSequence(tx, q, end, false)
	})
	if err != nil {
		return fmt.Errorf("take values of sequence %q: %w", q.Name, err)
	}
	st.next, st.left = first, count
	return nil
}

func exhausted(q *catalog.Sequence) error {
	what, limit := "maximum", q.Max
	if q.Increment < 0 {
		what, limit = "minimum", q.Min
	}
	return dberr.SQL(dberr.StateSequenceLimit, "nextval: reached %s value of sequence %q (%d)", what, q.Name, limit)
}

// step adds n increments; ok is false beyond the sequence's bounds.
func step(q *catalog.Sequence, v, n int64) (int64, bool) {
	d := q.Increment * n
	if d > 0 && v > math.MaxInt64-d || d < 0 && v < math.MinInt64-d {
		return 0, false
	}
	v += d
	return v, v >= q.Min && v <= q.Max
}

func readSequence(r txn.Reader, q *catalog.Sequence) (last int64, fresh bool, err error) {
	b, ok, err := r.Get(sequenceKey(q))
	if err != nil || !ok {
		if q.CounterID != 0 {
			return q.First, !q.FirstUsed, err
		}
		return q.Start, true, err
	}
	last, rest, err := enc.DecodeInt(b)
	if err != nil || len(rest) > 1 {
		return 0, false, fmt.Errorf("decode sequence %q: %w", q.Name, dberr.ErrCorrupt)
	}
	return last, len(rest) == 1, nil
}

func writeSequence(tx *txn.Tx, q *catalog.Sequence, last int64, fresh bool) error {
	b := enc.AppendInt(nil, last)
	if fresh {
		b = append(b, 1)
	}
	return tx.Put(sequenceKey(q), b)
}

// reset makes v the last value given out, or with fresh the following one.
func (s *sequences) reset(q *catalog.Sequence, v int64, fresh bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.store.Update(context.Background(), txn.TxOptions{PassLocks: true}, func(tx *txn.Tx) error {
		if err := s.usableLocked(tx, q); err != nil {
			return err
		}
		return writeSequence(tx, q, v, fresh)
	})
	if err != nil {
		return fmt.Errorf("set sequence %q: %w", q.Name, err)
	}
	delete(s.mu.state, tableKey{q.DB, q.Counter()})
	return nil
}

// position gives the value that was given out last, or with fresh the one to come.
// Within a transaction that writes it is read outside of it, as it is written: else the
// transaction would be in conflict with the values that it takes itself.
func (s *sequences) position(ctx context.Context, tx *txn.Tx, q *catalog.Sequence) (last int64, fresh bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.mu.state[tableKey{q.DB, q.Counter()}]; st != nil {
		return st.last, false, nil
	}
	if tx.ReadOnly() {
		return readSequence(tx, q)
	}
	err = s.store.View(ctx, func(tx *txn.Tx) (err error) {
		last, fresh, err = readSequence(tx, q)
		return err
	})
	return last, fresh, err
}

// sequenceValues is what a session remembers for currval and lastval.
type sequenceValues struct {
	current map[tableKey]int64
	last    int64
	any     bool
}

func (v *sequenceValues) note(q *catalog.Sequence, n int64) {
	if v == nil {
		return
	}
	if v.current == nil {
		v.current = map[tableKey]int64{}
	}
	v.current[tableKey{q.DB, q.ID}] = n
	v.last, v.any = n, true
}

// function makes the SQL function that works on one sequence.
func (s *sequences) function(what string, q *catalog.Sequence) *fn.Func {
	f := &fn.Func{Name: what, Ret: sqltype.TInt8, Volatility: fn.Volatile}
	switch what {
	case "nextval":
		f.Eval = func(env *fn.Env, n int, sel []int32, _ []*vec.Vector, out *vec.Vector) error {
			values, _ := env.Session.(*sequenceValues)
			for _, i := range vec.Live(n, sel) {
				v, err := s.next(q)
				if err != nil {
					return err
				}
				values.note(q, v)
				out.I[i] = v
			}
			return nil
		}
	case "setval":
		f.Args, f.Strict = []sqltype.Type{sqltype.TInt8, sqltype.TBool}, true
		f.Eval = func(env *fn.Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
			values, _ := env.Session.(*sequenceValues)
			for _, i := range vec.Live(n, sel) {
				v, called := args[0].I[args[0].At(int(i))], args[1].I[args[1].At(int(i))] != 0
				if v < q.Min || v > q.Max {
					return dberr.SQL(dberr.StateNumericOutOfRange, "setval: value %d is out of bounds for sequence %q (%d..%d)", v, q.Name, q.Min, q.Max)
				}
				if err := s.reset(q, v, !called); err != nil {
					return err
				}
				if called {
					values.note(q, v)
				}
				out.I[i] = v
			}
			return nil
		}
	default:
		f.Eval = func(env *fn.Env, n int, sel []int32, _ []*vec.Vector, out *vec.Vector) error {
			values, _ := env.Session.(*sequenceValues)
			v, err := remembered(values, q)
			if err != nil {
				return err
			}
			for _, i := range vec.Live(n, sel) {
				out.I[i] = v
			}
			return nil
		}
	}
	return f
}

// functionBy is function with the name of the sequence as its first argument.
func (s *sequences) functionBy(what string, find func(name string) (*catalog.Sequence, error)) *fn.Func {
	like := s.function(what, nil)
	return &fn.Func{Name: what, Args: append([]sqltype.Type{sqltype.TText}, like.Args...), Ret: like.Ret, Volatility: fn.Volatile, Strict: true,
		Eval: func(env *fn.Env, n int, sel []int32, args []*vec.Vector, out *vec.Vector) error {
			for _, i := range vec.Live(n, sel) {
				q, err := find(args[0].Get(int(i)).Str)
				if err != nil {
					return err
				}
				if err := s.function(what, q).Eval(env, n, []int32{i}, args[1:], out); err != nil {
					return err
				}
			}
			return nil
		}}
}

func remembered(values *sequenceValues, q *catalog.Sequence) (int64, error) {
	if q == nil {
		if values == nil || !values.any {
			return 0, dberr.SQL(dberr.StateObjectNotReady, "lastval is not yet defined in this session")
		}
		return values.last, nil
	}
	if values != nil {
		if v, ok := values.current[tableKey{q.DB, q.ID}]; ok {
			return v, nil
		}
	}
	return 0, dberr.SQL(dberr.StateObjectNotReady, "currval of sequence %q is not yet defined in this session", q.Name)
}
