package kv

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/txn"
)

// noise is n bytes that nothing compresses.
func noise(n int) []byte {
	r := rand.NewChaCha8([32]byte{7})
	b := make([]byte, n)
	r.Read(b)
	return b
}

// TestCompression: whatever a bucket compresses its values by, they come back by every way
// of reading, are stored in less where they can be, and say how; those of before a change
// of the bucket stay readable; and what is in parts leaves none behind.
func TestCompression(t *testing.T) {
	s, _ := openInternal(t)
	ctx := t.Context()
	values := map[string][]byte{
		"empty": {}, "short": []byte("aaaa"), "text": bytes.Repeat([]byte("warp and weft, "), 60), "noise": noise(5000),
		"long": bytes.Repeat([]byte("0123456789"), 300_000), "long-noise": append(noise(3<<20), bytes.Repeat([]byte("x"), 1<<20)...),
	}
	codecs := []compress.Codec{{}, {Algorithm: compress.LZ4}, {Algorithm: compress.Snappy}, {Algorithm: compress.Zstd, Level: 9}}
	if _, err := s.CreateBucket(ctx, "b", BucketOptions{DefaultTTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	for i, c := range codecs {
		if _, err := s.AlterBucket(ctx, "b", BucketOptions{Compression: c}); err != nil {
			t.Fatal(err)
		}
		for name, v := range values {
			e, err := s.Put(ctx, "b", fmt.Appendf(nil, "%d/%s", i, name), Raw(v), PutOptions{})
			if err != nil {
				t.Fatal(err)
			}
			packs := c.Algorithm != compress.None && (name == "text" || name == "long" || name == "long-noise")
			if e.Size != len(v) || packs != (e.Compression == c.Algorithm && c.Algorithm != compress.None) || packs != (e.Stored < len(v)) {
				t.Errorf("%s by %s: %d bytes are stored in %d, by %d", name, c, e.Size, e.Stored, e.Compression)
			}
		}
	}
	read := func() {
		t.Helper()
		page, err := s.List(ctx, "b", PageOptions{})
		if err != nil || len(page.Entries) != len(codecs)*len(values) {
			t.Fatalf("%d entries, %v", len(page.Entries), err)
		}
		for _, e := range page.Entries {
			want := values[string(e.Key[2:])]
			got, ok, err := s.AppendValue(ctx, nil, "b", e.Key)
			if err != nil || !ok || !bytes.Equal(got, want) || !bytes.Equal(e.Value.Data, want) {
				t.Errorf("%s: %d and %d bytes, want %d: %v", e.Key, len(got), len(e.Value.Data), len(want), err)
			}
		}
	}
	read()
	for i := range codecs {
		key := fmt.Appendf(nil, "%d/text", i)
		if _, err := s.Touch(ctx, "b", key, PutOptions{TTL: time.Minute}); err != nil {
			t.Fatal(err)
		}
		if _, _, swapped, err := s.CompareAndSwap(ctx, "b", key, &Value{Data: values["text"]}, &Value{Data: values["text"]}, PutOptions{}); err != nil || !swapped {
			t.Errorf("cas of a compressed value: %v, %v", swapped, err)
		}
	}
	read()
	for name := range values {
		for i := range codecs {
			if _, err := s.Delete(ctx, "b", fmt.Appendf(nil, "%d/%s", i, name), Condition{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := s.Check(ctx, func(problem string) { t.Errorf("after all: %s", problem) }); err != nil {
		t.Error(err)
	}
}

// TestCompressionOfWatched: an event has the value as its writer gave it.
func TestCompressionOfWatched(t *testing.T) {
	s, _ := openInternal(t)
	ctx := t.Context()
	if _, err := s.CreateBucket(ctx, "b", BucketOptions{Compression: compress.Codec{Algorithm: compress.Zstd}}); err != nil {
		t.Fatal(err)
	}
	w, err := s.Watch(ctx, "b", WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, v := range [][]byte{bytes.Repeat([]byte("ab"), 500), bytes.Repeat(noise(1<<20), 3)} {
		if _, err := s.Put(ctx, "b", []byte("k"), Raw(v), PutOptions{}); err != nil {
			t.Fatal(err)
		}
		if e, err := w.Next(ctx); err != nil || !bytes.Equal(e.Entry.Value.Data, v) {
			t.Errorf("the event has %d bytes, not %d: %v", len(e.Entry.Value.Data), len(v), err)
		}
	}
}

// TestCompressionDamage: a flipped bit of a compressed value is an error where it is read.
func TestCompressionDamage(t *testing.T) {
	s, _ := openInternal(t)
	ctx := t.Context()
	b, err := s.CreateBucket(ctx, "b", BucketOptions{Compression: compress.Codec{Algorithm: compress.LZ4}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(ctx, "b", []byte("k"), Raw(bytes.Repeat([]byte("ab"), 500)), PutOptions{}); err != nil {
		t.Fatal(err)
	}
	err = s.Update(ctx, func(tx *txn.Tx) error {
		key := s.StoreKey(nil, b, []byte("k"))
		v, _, err := tx.Get(key)
		if err != nil {
			return err
		}
		v = bytes.Clone(v)
		v[len(v)-1] ^= 1
		return tx.Put(key, v)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(ctx, "b", []byte("k")); !errors.Is(err, dberr.ErrCorrupt) {
		t.Errorf("a damaged value: %v", err)
	}
	var problems []string
	if _, err := s.Check(ctx, func(problem string) { problems = append(problems, problem) }); err != nil || len(problems) != 1 {
		t.Errorf("the check says %v, %v", problems, err)
	}
}
