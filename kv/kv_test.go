package kv_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/txn"
)

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// fixture is a model on a store in memory whose clock stands still.
type fixture struct {
	*kv.Store
	t    *testing.T
	txns *txn.Store
	now  *clock.Manual
}

func open(t *testing.T, opts kv.Options) fixture {
	t.Helper()
	now := clock.NewManual(epoch)
	txns, err := txn.NewMemory(txn.Options{Clock: now, History: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if opts.SweepEvery == 0 {
		opts.SweepEvery = -1
	}
	s, err := kv.Open(txns, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		txns.Close()
	})
	return fixture{Store: s, t: t, txns: txns, now: now}
}

func (f fixture) put(key, json string, o ...kv.PutOptions) kv.Entry {
	f.t.Helper()
	var opts kv.PutOptions
	if len(o) > 0 {
		opts = o[0]
	}
	e, err := f.Put(f.t.Context(), "b", []byte(key), kv.JSON([]byte(json)), opts)
	if err != nil {
		f.t.Fatalf("put %q: %v", key, err)
	}
	return e
}

// value is the value of a key as text, and "-" where there is none.
func (f fixture) value(key string) string {
	f.t.Helper()
	e, ok, err := f.Get(f.t.Context(), "b", []byte(key))
	if err != nil {
		f.t.Fatalf("get %q: %v", key, err)
	}
	if !ok {
		return "-"
	}
	return string(e.Value.Data)
}

func (f fixture) want(key, value string) {
	f.t.Helper()
	if got := f.value(key); got != value {
		f.t.Errorf("key %q has %s, want %s", key, got, value)
	}
}

// code checks the class and the code of an error.
func code(t *testing.T, err error, class error, want string) {
	t.Helper()
	if e := dberr.As(err); e == nil || e.Code != want || !errors.Is(err, class) {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestPutGetDelete(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	f.want("a", "-")
	first := f.put("a", `{"n":1}`)
	f.want("a", `{"n":1}`)
	if first.Version == 0 || !first.Created.Equal(epoch) && first.Created.Sub(epoch) > time.Microsecond || first.Created != first.Updated {
		t.Errorf("the first version is %+v", first)
	}
	f.now.Advance(time.Minute)
	second := f.put("a", "2")
	if second.Version <= first.Version || second.Created != first.Created || second.Updated.Sub(first.Updated) < time.Minute {
		t.Errorf("first %+v, second %+v", first, second)
	}
	f.put("a", "3")
	e, ok, err := f.Stat(ctx, "b", []byte("a"))
	if err != nil || !ok || e.Size != 1 || e.Value.Data != nil || e.Created != first.Created || !e.Value.JSON {
		t.Errorf("stat gives %+v %v %v", e, ok, err)
	}
	for _, want := range []bool{true, false} {
		if existed, err := f.Delete(ctx, "b", []byte("a"), kv.Condition{}); existed != want || err != nil {
			t.Errorf("delete gives %v %v", existed, err)
		}
	}
	f.want("a", "-")
	if again := f.put("a", "4"); again.Created != again.Updated {
		t.Errorf("made again, it is %+v", again)
	}
}

func TestRawValues(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	v := kv.Value{Data: []byte("\x00\xff{not json"), ContentType: "image/png"}
	if _, err := f.Put(ctx, "", []byte("k"), v, kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	e, ok, err := f.Get(ctx, "default", []byte("k"))
	if err != nil || !ok || !e.Value.Equal(v) || e.Value.Type() != "image/png" {
		t.Errorf("got %+v %v %v", e, ok, err)
	}
	if got := kv.Raw(nil).Type(); got != "application/octet-stream" {
		t.Errorf("raw bytes have type %s", got)
	}
}

func TestLimits(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	put := func(bucket string, key []byte, v kv.Value) error {
		_, err := f.Put(ctx, bucket, key, v, kv.PutOptions{TTL: time.Hour})
		return err
	}
	long := []byte(strings.Repeat("\x00", kv.MaxKeyBytes))
	if err := put("b", long, kv.Raw(make([]byte, kv.MaxValueBytes))); err != nil {
		t.Fatalf("the largest key and value: %v", err)
	}
	e, ok, err := f.Get(ctx, "b", long)
	if err != nil || !ok || len(e.Value.Data) != kv.MaxValueBytes {
		t.Errorf("the largest value is %d bytes, %v %v", len(e.Value.Data), ok, err)
	}
	code(t, put("b", append(long, 0), kv.Raw(nil)), dberr.ErrTooLarge, "KEY_TOO_LARGE")
	code(t, put("b", nil, kv.Raw(nil)), dberr.ErrInvalid, "EMPTY_KEY")
	code(t, put("b", []byte("k"), kv.Raw(make([]byte, kv.MaxValueBytes+1))), dberr.ErrTooLarge, "VALUE_TOO_LARGE")
	code(t, put("b", []byte("k"), kv.JSON([]byte("{"))), dberr.ErrInvalid, "INVALID_JSON")
	code(t, put("b", []byte("k"), kv.JSON([]byte("\"\xff\""))), dberr.ErrInvalid, "INVALID_JSON")
	code(t, put("b", []byte("k"), kv.Value{ContentType: "nonsense; ="}), dberr.ErrInvalid, "INVALID_CONTENT_TYPE")
	code(t, put("a/b", []byte("k"), kv.Raw(nil)), dberr.ErrInvalid, "INVALID_BUCKET")
	code(t, put("a\n", []byte("k"), kv.Raw(nil)), dberr.ErrInvalid, "INVALID_BUCKET")
	code(t, put(strings.Repeat("b", kv.MaxBucketBytes+1), []byte("k"), kv.Raw(nil)), dberr.ErrTooLarge, "BUCKET_NAME_TOO_LARGE")
	_, err = f.Put(ctx, "b", []byte("k"), kv.Raw(nil), kv.PutOptions{TTL: -5})
	code(t, err, dberr.ErrInvalid, "INVALID_TTL")
	_, err = f.Put(ctx, "b", []byte("k"), kv.Raw(nil), kv.PutOptions{TTL: math.MaxInt64})
	code(t, err, dberr.ErrInvalid, "INVALID_TTL")
}

// TestParts: values around the size of a part come back, and nothing of them stays.
func TestParts(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	const part = 1 << 20
	for _, size := range []int{part - 1, part, part + 1, 2 * part, 2*part + 1, 0} {
		v := make([]byte, size)
		for i := range v {
			v[i] = byte(i >> 12)
		}
		if _, err := f.Put(ctx, "b", []byte("k"), kv.Raw(v), kv.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Touch(ctx, "b", []byte("k"), kv.PutOptions{TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if got := f.value("k"); got != string(v) {
			t.Errorf("a value of %d bytes came back with %d", size, len(got))
		}
		if n := f.records(); n != keysOf(size) {
			t.Errorf("a value of %d bytes takes %d records, want %d", size, n, keysOf(size))
		}
	}
	f.put("k", "1")
	if _, err := f.Delete(ctx, "b", []byte("k"), kv.Condition{}); err != nil {
		t.Fatal(err)
	}
	if n := f.records(); n != bucketRecords {
		t.Errorf("%d records are left", n)
	}
}

// bucketRecords is what the store holds for one empty bucket: its record, the next
// id, the secret of cursors.
const bucketRecords = 3

// keysOf is what it holds with one key of a value of that size, with a TTL.
func keysOf(size int) int {
	n := bucketRecords + 2
	if size > 1<<20 {
		n += (size + 1<<20 - 1) / (1 << 20)
	}
	return n
}

// records counts everything in the store.
func (f fixture) records() (n int) {
	f.t.Helper()
	err := f.txns.View(context.Background(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			n++
		}
		return it.Err()
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

func TestConditions(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	e := f.put("k", "1")
	put := func(key string, c kv.Condition) error {
		_, err := f.Put(ctx, "b", []byte(key), kv.JSON([]byte("2")), kv.PutOptions{If: c})
		return err
	}
	for _, c := range []struct {
		key  string
		cond kv.Condition
		ok   bool
	}{
		{"k", kv.Condition{Absent: true}, false},
		{"no", kv.Condition{Present: true}, false},
		{"no", kv.IfVersion(e.Version), false},
		{"k", kv.IfVersion(e.Version + 1), false},
		{"k", kv.Condition{NoneOf: []txn.Timestamp{e.Version}}, false},
		{"k", kv.Condition{AnyOf: []txn.Timestamp{1, e.Version}}, true},
		{"k", kv.Condition{Present: true}, true},
		{"k", kv.Condition{NoneOf: []txn.Timestamp{e.Version}}, true}, // it has another version now
		{"new", kv.Condition{Absent: true}, true},
		{"new2", kv.Condition{NoneOf: []txn.Timestamp{1}}, true},
	} {
		err := put(c.key, c.cond)
		if c.ok && err != nil {
			t.Errorf("%s %+v: %v", c.key, c.cond, err)
		}
		if !c.ok {
			code(t, err, dberr.ErrConstraint, "PRECONDITION_FAILED")
			_, err := f.Delete(ctx, "b", []byte(c.key), c.cond)
			code(t, err, dberr.ErrConstraint, "PRECONDITION_FAILED")
		}
	}
}

func TestBuckets(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	b, err := f.CreateBucket(ctx, "sessions", kv.BucketOptions{DefaultTTL: time.Minute})
	if err != nil || b.Created.Before(epoch) {
		t.Fatal(b, err)
	}
	_, err = f.CreateBucket(ctx, "sessions", kv.BucketOptions{})
	code(t, err, dberr.ErrExists, "BUCKET_EXISTS")
	e, err := f.Put(ctx, "sessions", []byte("k"), kv.Raw([]byte("v")), kv.PutOptions{})
	if err != nil || e.Expires.Sub(f.now.Now()) != time.Minute {
		t.Errorf("the default TTL gives %+v %v", e, err)
	}
	e, err = f.Put(ctx, "sessions", []byte("k"), kv.Raw([]byte("v")), kv.PutOptions{TTL: kv.NoTTL})
	if err != nil || !e.Expires.IsZero() {
		t.Errorf("no TTL gives %+v %v", e, err)
	}
	f.put("x", "1")
	if again, err := f.AlterBucket(ctx, "sessions", kv.BucketOptions{DefaultTTL: time.Hour}); err != nil || again.Options.DefaultTTL != time.Hour {
		t.Error(again, err)
	}
	list, err := f.Buckets(ctx)
	if err != nil || len(list) != 2 || list[0].Name != "b" || list[1].Name != "sessions" || list[1].Created.Sub(b.Created) != 0 {
		t.Errorf("the buckets are %+v %v", list, err)
	}
	if err := f.DropBucket(ctx, "sessions"); err != nil {
		t.Fatal(err)
	}
	code(t, f.DropBucket(ctx, "sessions"), dberr.ErrNotFound, "BUCKET_NOT_FOUND")
	if _, ok, err := f.Get(ctx, "sessions", []byte("k")); ok || err != nil {
		t.Errorf("a dropped bucket has its key: %v", err)
	}
	if _, err := f.Put(ctx, "sessions", []byte("other"), kv.Raw(nil), kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := f.Get(ctx, "sessions", []byte("k")); ok {
		t.Error("a bucket that was made again has a key of the one before")
	}
	f.now.Advance(time.Minute)
	if _, err := f.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if n := f.records(); n != 2+2+2 {
		t.Errorf("after the sweep there are %d records", n)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	other := f.In(300)
	if _, err := other.Put(ctx, "b", []byte("k"), kv.JSON([]byte("1")), kv.PutOptions{TTL: time.Second}); err != nil {
		t.Fatal(err)
	}
	f.want("k", "-")
	f.now.Advance(time.Second)
	if n, err := f.Sweep(ctx); n != 1 || err != nil {
		t.Errorf("the sweep removed %d of another database, %v", n, err)
	}
}

func TestExpiry(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	f.put("k", "1", kv.PutOptions{TTL: time.Second})
	f.put("stays", "1")
	f.now.Advance(time.Second - 1)
	f.want("k", "1")
	before := txn.Timestamp(f.now.Now().UnixNano())
	old, err := f.txns.Begin(ctx, txn.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Rollback()
	if _, ok, _ := f.GetTx(old, "b", []byte("k")); !ok {
		t.Error("not there just before it expires")
	}
	f.now.Advance(1)
	f.want("k", "-")
	if _, ok, _ := f.GetTx(old, "b", []byte("k")); !ok {
		t.Error("a transaction lost a key that it has read")
	}
	if n, err := f.Count(ctx, "b", kv.Range{}); n != 1 || err != nil {
		t.Errorf("%d keys, %v", n, err)
	}
	if existed, err := f.Delete(ctx, "b", []byte("k"), kv.Condition{}); existed || err != nil {
		t.Errorf("deleting what has expired gives %v %v", existed, err)
	}
	_, err = f.Touch(ctx, "b", []byte("k"), kv.PutOptions{TTL: time.Hour})
	code(t, err, dberr.ErrNotFound, "KEY_NOT_FOUND")
	past, err := f.txns.Begin(ctx, txn.TxOptions{AsOf: before})
	if err != nil {
		t.Fatal(err)
	}
	defer past.Rollback()
	if _, ok, _ := f.GetTx(past, "b", []byte("k")); !ok {
		t.Error("not there AS OF before its expiry")
	}
	if e := f.put("k", "2", kv.PutOptions{If: kv.Condition{Absent: true}}); e.Created != e.Updated {
		t.Errorf("over an expired key: %+v", e)
	}
	if n, err := f.Sweep(ctx); n != 0 || err != nil {
		t.Errorf("the sweep removed %d, %v", n, err)
	}
	f.want("k", "2")
}

func TestTouchAndKeepTTL(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	f.put("k", "1", kv.PutOptions{TTL: time.Minute})
	f.now.Advance(30 * time.Second)
	if e := f.put("k", "2", kv.PutOptions{KeepTTL: true, TTL: time.Hour}); e.Expires.Sub(epoch) != time.Minute {
		t.Errorf("the TTL was not kept: %+v", e)
	}
	if e := f.put("new", "2", kv.PutOptions{KeepTTL: true, TTL: time.Hour}); e.Expires.Sub(f.now.Now()) != time.Hour {
		t.Errorf("a new key has %+v", e)
	}
	if _, _, err := f.Increment(ctx, "b", []byte("k"), 5, kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	e, _, _ := f.Get(ctx, "b", []byte("k"))
	if left, ends := e.TTL(f.now.Now()); left != 30*time.Second || !ends {
		t.Errorf("increment left a TTL of %v", left)
	}
	if e, err := f.Touch(ctx, "b", []byte("k"), kv.PutOptions{TTL: kv.NoTTL}); err != nil || !e.Expires.IsZero() {
		t.Errorf("touch gives %+v %v", e, err)
	}
	f.now.Advance(time.Hour)
	f.want("k", "7")
	if n, err := f.Sweep(ctx); n != 1 || err != nil {
		t.Errorf("the sweep removed %d, %v", n, err)
	}
}

func TestIncrement(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	inc := func(key string, by int64) (int64, error) {
		n, _, err := f.Increment(ctx, "b", []byte(key), by, kv.PutOptions{})
		return n, err
	}
	for _, want := range []int64{5, 10} {
		if n, err := inc("n", 5); n != want || err != nil {
			t.Errorf("got %d %v, want %d", n, err, want)
		}
	}
	f.want("n", "10")
	f.put("max", "9223372036854775806")
	if n, err := inc("max", 1); n != math.MaxInt64 || err != nil {
		t.Errorf("got %d %v", n, err)
	}
	_, err := inc("max", 1)
	code(t, err, dberr.ErrConstraint, "INTEGER_OVERFLOW")
	f.want("max", "9223372036854775807")
	f.put("min", "-9223372036854775808")
	_, err = inc("min", -1)
	code(t, err, dberr.ErrConstraint, "INTEGER_OVERFLOW")
	for _, bad := range []string{`"1"`, "1.0", "1e2", "9223372036854775808", "[1]", "null"} {
		f.put("bad", bad)
		_, err = inc("bad", 1)
		code(t, err, dberr.ErrConstraint, "NOT_AN_INTEGER")
	}
	if _, err := f.Put(ctx, "b", []byte("raw"), kv.Value{Data: []byte("41"), ContentType: "text/plain"}, kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if n, err := inc("raw", 1); n != 42 || err != nil {
		t.Error(n, err)
	}
	if e, _, _ := f.Get(ctx, "b", []byte("raw")); e.Value.JSON || e.Value.ContentType != "text/plain" || string(e.Value.Data) != "42" {
		t.Errorf("raw became %+v", e.Value)
	}
	x, _, err := f.IncrementFloat(ctx, "b", []byte("x"), 1.5, kv.PutOptions{})
	if x != 1.5 || err != nil {
		t.Error(x, err)
	}
	f.put("x", "1e308")
	_, _, err = f.IncrementFloat(ctx, "b", []byte("x"), 1e308, kv.PutOptions{})
	code(t, err, dberr.ErrConstraint, "NUMBER_OVERFLOW")
	_, _, err = f.IncrementFloat(ctx, "b", []byte("x"), math.NaN(), kv.PutOptions{})
	code(t, err, dberr.ErrInvalid, "INVALID_NUMBER")
	for _, bad := range []string{`"1"`, "true", "null", "[]"} {
		f.put("bad", bad)
		_, _, err = f.IncrementFloat(ctx, "b", []byte("bad"), 1, kv.PutOptions{})
		code(t, err, dberr.ErrConstraint, "NOT_A_NUMBER")
	}
}

func TestAppend(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	appendTo := func(key string, v kv.Value) error {
		_, err := f.Append(ctx, "b", []byte(key), v, kv.PutOptions{})
		return err
	}
	for _, c := range []struct{ old, add, want string }{
		{`[]`, `1`, `[1]`},
		{` [ ] `, `1`, `[ 1]`},
		{`[1]`, `[2]`, `[1,[2]]`},
		{`"a"`, `"b\n"`, `"ab\n"`},
		{`""`, `""`, `""`},
	} {
		f.put("k", c.old)
		if err := appendTo("k", kv.JSON([]byte(c.add))); err != nil {
			t.Errorf("%s and %s: %v", c.old, c.add, err)
		}
		f.want("k", c.want)
	}
	f.put("k", `{}`)
	code(t, appendTo("k", kv.JSON([]byte("1"))), dberr.ErrConstraint, "CANNOT_APPEND")
	f.put("k", `"s"`)
	code(t, appendTo("k", kv.JSON([]byte("1"))), dberr.ErrConstraint, "CANNOT_APPEND")
	code(t, appendTo("k", kv.Raw([]byte("1"))), dberr.ErrConstraint, "CANNOT_APPEND")
	for range 2 {
		if err := appendTo("log", kv.Raw([]byte("line\n"))); err != nil {
			t.Fatal(err)
		}
	}
	f.want("log", "line\nline\n")
}

func TestCompareAndSwap(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	val := func(s string) *kv.Value {
		if s == "-" {
			return nil
		}
		v := kv.JSON([]byte(s))
		return &v
	}
	for i, c := range []struct {
		expect, next string
		swapped      bool
		after        string
	}{
		{"1", "2", false, "-"},
		{"-", `{"a":1,"b":[1.0]}`, true, `{"a":1,"b":[1.0]}`},
		{"-", "2", false, `{"a":1,"b":[1.0]}`},
		{`{"b": [1.0], "a":1}`, "2", true, "2"},
		{"3", "4", false, "2"},
		{"2", "-", true, "-"},
		{"-", "-", true, "-"},
	} {
		e, present, swapped, err := f.CompareAndSwap(ctx, "b", []byte("k"), val(c.expect), val(c.next), kv.PutOptions{})
		if err != nil || swapped != c.swapped || present != (c.after != "-") || present && (string(e.Value.Data) != c.after || e.Version == 0) {
			t.Errorf("step %d: got %s %v %v %v", i, e.Value.Data, present, swapped, err)
		}
		f.want("k", c.after)
	}
}

func TestGetSetAndGetDelete(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	for i, want := range []string{"", "0", "1"} {
		old, existed, e, err := f.GetSet(ctx, "b", []byte("k"), kv.JSON(fmt.Appendf(nil, "%d", i)), kv.PutOptions{})
		if err != nil || existed != (i > 0) || string(old.Value.Data) != want || e.Version <= old.Version {
			t.Errorf("step %d: %+v %v %+v %v", i, old, existed, e, err)
		}
	}
	if old, existed, err := f.GetDelete(ctx, "b", []byte("k"), kv.Condition{}); err != nil || !existed || string(old.Value.Data) != "2" {
		t.Error(old, existed, err)
	}
	f.want("k", "-")
}

// TestBatch: operations see those before them, and one that fails undoes all.
func TestBatch(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	one := kv.JSON([]byte("1"))
	f.put("gone", "0")
	res, err := f.Batch(ctx, []kv.Op{
		{Kind: kv.OpSet, Bucket: "b", Key: []byte("n"), Value: &one},
		{Kind: kv.OpIncrement, Bucket: "b", Key: []byte("n"), By: 41},
		{Kind: kv.OpGet, Bucket: "b", Key: []byte("n")},
		{Kind: kv.OpDelete, Bucket: "b", Key: []byte("gone")},
		{Kind: kv.OpDelete, Bucket: "b", Key: []byte("gone")},
		{Kind: kv.OpCheck, Bucket: "b", Key: []byte("gone"), Options: kv.PutOptions{If: kv.Condition{Absent: true}}},
		{Kind: kv.OpCompareAndSwap, Bucket: "b", Key: []byte("cas"), Value: &one},
		{Kind: kv.OpSet, Bucket: "other", Key: []byte("n"), Value: &one},
	})
	if err != nil {
		t.Fatal(err)
	}
	if res[1].Int != 42 || string(res[2].Entry.Value.Data) != "42" || !res[3].Done || res[4].Done || !res[6].Done {
		t.Errorf("the results are %+v", res)
	}
	if v := res[0].Entry.Version; v == 0 || v != res[7].Entry.Version || v != res[2].Entry.Version {
		t.Errorf("one commit has the versions %d, %d, %d", v, res[7].Entry.Version, res[2].Entry.Version)
	}
	_, err = f.Batch(ctx, []kv.Op{
		{Kind: kv.OpDelete, Bucket: "b", Key: []byte("n")},
		{Kind: kv.OpIncrement, Bucket: "b", Key: []byte("cas"), By: math.MaxInt64},
	})
	code(t, err, dberr.ErrConstraint, "INTEGER_OVERFLOW")
	if e := dberr.As(err); e.Field != "operations[1]" || !strings.HasPrefix(e.Message, "operation 1: ") {
		t.Errorf("the error is %+v", e)
	}
	f.want("n", "42")
	_, err = f.Batch(ctx, []kv.Op{{Kind: kv.OpSet, Bucket: "b", Key: []byte("n")}})
	code(t, err, dberr.ErrInvalid, "MISSING_FIELD")
}

// TestTxForms: the models' operations are one transaction with everything else in it.
func TestTxForms(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	boom := errors.New("boom")
	err := f.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		if _, err := f.PutTx(tx, "b", []byte("k"), kv.JSON([]byte("1")), kv.PutOptions{}); err != nil {
			return err
		}
		e, ok, err := f.GetTx(tx, "b", []byte("k"))
		if err != nil || !ok || e.Version != 0 || !e.Created.IsZero() {
			t.Errorf("its own write is %+v %v %v", e, ok, err)
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	f.want("k", "-")
	if n := f.records(); n != 0 {
		t.Errorf("%d records are left of a rollback", n)
	}
}
