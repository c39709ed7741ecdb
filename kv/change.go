package kv

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"reflect"
	"strconv"

	"github.com/weftdb/weft/storage/txn"
)

// CompareAndSwapTx sets a key to next if its value is expect, and says whether it
// did. A nil expect is the key's absence, and a nil next removes it. JSON values
// are compared by meaning: the order of members and spaces do not count. The entry
// is what is there afterwards; present says whether anything is.
func (s *Store) CompareAndSwapTx(tx *txn.Tx, bucket string, key []byte, expect, next *Value, o PutOptions) (e Entry, present, swapped bool, err error) {
	w, err := s.slot(tx, bucket, key, expect == nil && next != nil)
	if err != nil {
		return e, false, false, err
	}
	if w.alive {
		if e, err = w.entry(); err != nil {
			return e, false, false, err
		}
	}
	switch {
	case w.alive != (expect != nil), w.alive && !same(e.Value, *expect):
		return e, w.alive, false, nil
	case o.If.Check(w.alive, w.version) != nil:
		return e, w.alive, false, nil
	case next == nil:
		if w.alive {
			err = w.remove()
		}
		return Entry{}, false, err == nil, err
	}
	e, err = w.put(*next, &o)
	return e, err == nil, err == nil, err
}

// same compares values, JSON by meaning.
func same(a, b Value) bool {
	if a.Equal(b) {
		return true
	}
	if !a.JSON || !b.JSON {
		return false
	}
	x, err := meaning(a.Data)
	if err != nil {
		return false
	}
	y, err := meaning(b.Data)
	return err == nil && reflect.DeepEqual(x, y)
}

func meaning(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // no digit is lost
	err = d.Decode(&v)
	return v, err
}

// CompareAndSwap is CompareAndSwapTx in a transaction of its own.
func (s *Store) CompareAndSwap(ctx context.Context, bucket string, key []byte, expect, next *Value, o PutOptions) (e Entry, present, swapped bool, err error) {
	ts, err := s.write(ctx, func(tx *txn.Tx) error {
		e, present, swapped, err = s.CompareAndSwapTx(tx, bucket, key, expect, next, o)
		e.own()
		return err
	})
	if err != nil {
		return Entry{}, false, false, err
	}
	if swapped && present {
		e.committed(ts)
	}
	return e, present, swapped, nil
}

// GetSetTx sets a key to a value and returns what was there before.
func (s *Store) GetSetTx(tx *txn.Tx, bucket string, key []byte, v Value, o PutOptions) (old Entry, existed bool, e Entry, err error) {
	w, err := s.slot(tx, bucket, key, true)
	if err != nil {
		return old, false, e, err
	}
	if err := o.If.Check(w.alive, w.version); err != nil {
		return old, false, e, err
	}
	if w.alive {
		if old, err = w.entry(); err != nil {
			return old, false, e, err
		}
	}
	e, err = w.put(v, &o)
	return old, w.alive, e, err
}

// GetSet sets a key to a value and returns what was there before.
func (s *Store) GetSet(ctx context.Context, bucket string, key []byte, v Value, o PutOptions) (old Entry, existed bool, e Entry, err error) {
	ts, err := s.write(ctx, func(tx *txn.Tx) error {
		old, existed, e, err = s.GetSetTx(tx, bucket, key, v, o)
		old.own()
		return err
	})
	if err != nil {
		return Entry{}, false, Entry{}, err
	}
	e.committed(ts)
	return old, existed, e, nil
}

// GetDeleteTx removes a key and returns what was there.
func (s *Store) GetDeleteTx(tx *txn.Tx, bucket string, key []byte, c Condition) (old Entry, existed bool, err error) {
	w, err := s.slot(tx, bucket, key, false)
	if err != nil {
		return old, false, err
	}
	if err := c.Check(w.alive, w.version); err != nil || !w.alive {
		return old, false, err
	}
	if old, err = w.entry(); err != nil {
		return old, false, err
	}
	return old, true, w.remove()
}

// GetDelete removes a key and returns what was there.
func (s *Store) GetDelete(ctx context.Context, bucket string, key []byte, c Condition) (old Entry, existed bool, err error) {
	_, err = s.write(ctx, func(tx *txn.Tx) error {
		old, existed, err = s.GetDeleteTx(tx, bucket, key, c)
		old.own()
		return err
	})
	if err != nil {
		return Entry{}, false, err
	}
	return old, existed, nil
}

// modify writes what fn makes of the value of a key, which is nil where there is
// none. Without a TTL of its own it leaves the expiry as it is.
func (s *Store) modify(tx *txn.Tx, bucket string, key []byte, o PutOptions, fn func(old *Value) (Value, error)) (e Entry, err error) {
	w, err := s.slot(tx, bucket, key, true)
	if err != nil {
		return e, err
	}
	if err := o.If.Check(w.alive, w.version); err != nil {
		return e, err
	}
	var old *Value
	if w.alive {
		was, err := w.entry()
		if err != nil {
			return e, err
		}
		old = &was.Value
	}
	v, err := fn(old)
	if err != nil {
		return e, err
	}
	o.KeepTTL = o.KeepTTL || o.TTL == 0
	return w.put(v, &o)
}

// modifyNow is modify in a transaction of its own.
func (s *Store) modifyNow(ctx context.Context, fn func(tx *txn.Tx) (Entry, error)) (e Entry, err error) {
	ts, err := s.write(ctx, func(tx *txn.Tx) error {
		e, err = fn(tx)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	e.committed(ts)
	return e, nil
}

// IncrementTx adds to the integer that a key holds, as a JSON number or as text in
// raw bytes, and returns the sum. A key that is not there counts as 0 and becomes a
// JSON number. A sum outside of 64 bits is refused with the code INTEGER_OVERFLOW,
// a value that is no integer with NOT_AN_INTEGER.
func (s *Store) IncrementTx(tx *txn.Tx, bucket string, key []byte, by int64, o PutOptions) (n int64, e Entry, err error) {
	e, err = s.modify(tx, bucket, key, o, func(old *Value) (Value, error) {
		if old != nil {
			if n, err = strconv.ParseInt(string(old.Data), 10, 64); err != nil || old.Data[0] == '+' {
				return Value{}, refused("NOT_AN_INTEGER", "the value of key %q is no integer of 64 bits", abbreviate(key))
			}
		}
		if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
			return Value{}, refused("INTEGER_OVERFLOW", "%d and %d are together outside of 64 bits", n, by)
		}
		n += by
		return number(old, strconv.AppendInt(nil, n, 10)), nil
	})
	if err != nil {
		return 0, Entry{}, err
	}
	return n, e, nil
}

// number is a value of the kind of old.
func number(old *Value, text []byte) Value {
	if old != nil && !old.JSON {
		return Value{Data: text, ContentType: old.ContentType}
	}
	return JSON(text)
}

// Increment adds to the integer that a key holds; see IncrementTx.
func (s *Store) Increment(ctx context.Context, bucket string, key []byte, by int64, o PutOptions) (n int64, e Entry, err error) {
	e, err = s.modifyNow(ctx, func(tx *txn.Tx) (e Entry, err error) {
		n, e, err = s.IncrementTx(tx, bucket, key, by, o)
		return e, err
	})
	return n, e, err
}

// IncrementFloatTx is IncrementTx for numbers in double precision.
func (s *Store) IncrementFloatTx(tx *txn.Tx, bucket string, key []byte, by float64, o PutOptions) (n float64, e Entry, err error) {
	if math.IsNaN(by) || math.IsInf(by, 0) {
		return 0, e, invalid("INVALID_NUMBER", "by", "%v cannot be added", by)
	}
	e, err = s.modify(tx, bucket, key, o, func(old *Value) (Value, error) {
		if old != nil {
			if n, err = parseFloat(old.Data); err != nil {
				return Value{}, refused("NOT_A_NUMBER", "the value of key %q is no number", abbreviate(key))
			}
		}
		sum := n + by
		if math.IsInf(sum, 0) {
			return Value{}, refused("NUMBER_OVERFLOW", "%v and %v are together outside of double precision", n, by)
		}
		n = sum
		text, err := json.Marshal(n)
		return number(old, text), err
	})
	if err != nil {
		return 0, Entry{}, err
	}
	return n, e, nil
}

// parseFloat takes what JSON calls a number, and no other spelling.
func parseFloat(text []byte) (n float64, err error) {
	if len(text) == 0 || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return 0, strconv.ErrSyntax
	}
	err = json.Unmarshal(text, &n)
	return n, err
}

// IncrementFloat adds to the number that a key holds; see IncrementFloatTx.
func (s *Store) IncrementFloat(ctx context.Context, bucket string, key []byte, by float64, o PutOptions) (n float64, e Entry, err error) {
	e, err = s.modifyNow(ctx, func(tx *txn.Tx) (e Entry, err error) {
		n, e, err = s.IncrementFloatTx(tx, bucket, key, by, o)
		return e, err
	})
	return n, e, err
}

// AppendTx appends to the value of a key: bytes to raw bytes, a JSON string to a
// JSON string, any JSON value as an element to a JSON array. A key that is not
// there is set to v.
func (s *Store) AppendTx(tx *txn.Tx, bucket string, key []byte, v Value, o PutOptions) (Entry, error) {
	if err := v.check(); err != nil {
		return Entry{}, err
	}
	return s.modify(tx, bucket, key, o, func(old *Value) (Value, error) {
		switch {
		case old == nil:
			return v, nil
		case old.JSON != v.JSON:
			return Value{}, refused("CANNOT_APPEND", "the value of key %q is %s, to which %s cannot be appended", abbreviate(key), old.Type(), v.Type())
		case !old.JSON:
			return Value{Data: join(old.Data, v.Data), ContentType: old.ContentType}, nil
		}
		return appendJSON(bytes.TrimSpace(old.Data), bytes.TrimSpace(v.Data), key)
	})
}

func appendJSON(old, v, key []byte) (Value, error) {
	switch {
	case old[0] == '"' && v[0] == '"':
		return JSON(join(old[:len(old)-1], v[1:])), nil
	case old[0] == '[':
		head := old[:len(old)-1]
		if len(bytes.TrimSpace(head)) > 1 {
			head = join(head, []byte{','})
		}
		return JSON(join(head, v, []byte{']'})), nil
	}
	return Value{}, refused("CANNOT_APPEND", "the value of key %q is JSON, but neither an array nor a string with a string to append", abbreviate(key))
}

// join concatenates into fresh memory.
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// Append appends to the value of a key; see AppendTx.
func (s *Store) Append(ctx context.Context, bucket string, key []byte, v Value, o PutOptions) (Entry, error) {
	return s.modifyNow(ctx, func(tx *txn.Tx) (Entry, error) {
		return s.AppendTx(tx, bucket, key, v, o)
	})
}
