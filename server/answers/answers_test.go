package answers

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

var golden = Answer{Request: [32]byte{1, 2, 31: 3}, Status: 201, Header: [][2]string{{"Content-Type", "a/b"}, {"Etag", `"7"`}}, Body: []byte("body")}

const goldenHex = "01" + "0000000000000005" + "0102000000000000000000000000000000000000000000000000000000000003" + "c901" + "02" +
	"0c" + "436f6e74656e742d54797065" + "03" + "612f62" + "04" + "45746167" + "03" + "223722" + "626f6479"

// TestGolden: the bytes of a record never change.
func TestGolden(t *testing.T) {
	b := golden.append(nil, 5)
	if got := hex.EncodeToString(b); got != goldenHex {
		t.Errorf("the record is %s", got)
	}
	var a Answer
	expires, err := a.decode(b)
	if err != nil || expires != 5 || !reflect.DeepEqual(a, golden) {
		t.Errorf("read back: %+v %d %v", a, expires, err)
	}
	for got, want := range map[string]string{
		string(answerKey(id("s", "k"))):                        "0004016dbdf76ddd2b6226045715c31cb2b56cd5b32973de530b567d92bf9349d75877",
		string(expiryKey(time.Unix(1, 0), []byte{0xaa, 0xbb})): "0004022c3b9aca00aabb",
	} {
		if h := hex.EncodeToString([]byte(got)); h != want {
			t.Errorf("the key is %s", h)
		}
	}
	for n := range len(b) - len(golden.Body) { // cut anywhere before the body
		if _, err := a.decode(b[:n]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	b[0] = 9
	if _, err := a.decode(b); !errors.Is(err, dberr.ErrCorrupt) {
		t.Errorf("version 9: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(golden.append(nil, 5))
	f.Fuzz(func(t *testing.T, b []byte) {
		var a Answer
		expires, err := a.decode(b)
		if err != nil {
			return
		}
		var again Answer
		if e2, err := again.decode(a.append(nil, expires)); err != nil || e2 != expires || !reflect.DeepEqual(a, again) {
			t.Fatalf("%x does not survive: %v", b, err)
		}
	})
}

func TestKeepAndSweep(t *testing.T) {
	now := clock.NewManual(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	store, err := txn.NewMemory(txn.Options{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	put := func(key string, keep time.Duration) {
		t.Helper()
		if err := store.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return Put(tx, "s", key, golden, keep) }); err != nil {
			t.Fatal(err)
		}
	}
	has := func(scope, key string) (ok bool) {
		t.Helper()
		err := store.View(ctx, func(tx *txn.Tx) (err error) {
			var a Answer
			a, _, ok, err = Get(tx, scope, key)
			if ok && !reflect.DeepEqual(a, golden) {
				t.Errorf("got %+v", a)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	put("a", time.Hour)
	put("b", 2*time.Hour)
	if !has("s", "a") || has("x", "a") || has("s", "c") {
		t.Error("a key is not where it was put, or elsewhere too")
	}
	now.Advance(time.Hour)
	if has("s", "a") || !has("s", "b") {
		t.Error("expiry is not kept")
	}
	put("a", 3*time.Hour) // over one that has expired and is not swept
	if n, err := Sweep(ctx, store); n != 0 || err != nil {
		t.Errorf("swept %d %v", n, err)
	}
	now.Advance(time.Hour)
	if n, err := Sweep(ctx, store); n != 1 || err != nil {
		t.Errorf("swept %d %v", n, err)
	}
	if !has("s", "a") || has("s", "b") {
		t.Error("the sweep took the wrong one")
	}
	now.Advance(3 * time.Hour)
	if n, err := Sweep(ctx, store); n != 1 || err != nil {
		t.Errorf("swept %d %v", n, err)
	}
	left := 0
	if err := store.View(ctx, func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			left++
		}
		return it.Err()
	}); err != nil || left != 0 {
		t.Errorf("%d keys are left, %v", left, err)
	}
}

func TestLimits(t *testing.T) {
	for _, key := range []string{"", strings.Repeat("x", 256), "ä", "a\n"} {
		if err := CheckKey(key); !errors.Is(err, dberr.ErrInvalid) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if err := CheckKey("0b1c-~ !"); err != nil {
		t.Error(err)
	}
	store, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = store.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
		return Put(tx, "", "k", Answer{Body: bytes.Repeat([]byte{1}, MaxAnswerBytes+1)}, time.Hour)
	})
	if !errors.Is(err, dberr.ErrTooLarge) {
		t.Error(err)
	}
}
