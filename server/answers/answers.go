// Package answers keeps answers of requests in the key space, so that a request that
// is sent again is not done twice.
//
// It promises that an answer is committed with what its request did, by the same
// transaction, and so is there exactly if that is; also after a crash. It owns the keys
// of keyspace.SpaceAnswer in the system database (docs/format/answer.md). Answers that
// have expired are not given back, and Sweep removes them. It refuses keys over
// MaxKeyBytes and answers over MaxAnswerBytes.
package answers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// The limits.
const (
	MaxKeyBytes    = 255
	MaxAnswerBytes = 4 << 20
)

// Answer is what a request was answered with.
type Answer struct {
	Request [32]byte // digest of the request
	Status  int
	Header  [][2]string
	Body    []byte
}

// Objects of the space. Part of the stored format.
const (
	objAnswer  keyspace.ObjectID = 1 // by digest of scope and key
	objExpiry  keyspace.ObjectID = 2 // by expiry and that digest
	version                      = 1
	maxHeaders                   = 64
)

// id stands for a key of a scope.
func id(scope, key string) []byte {
	h := sha256.New()
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(scope)))
	h.Write(n[:])
	h.Write([]byte(scope))
	h.Write([]byte(key))
	return h.Sum(nil)
}

func answerKey(id []byte) []byte {
	return append(keyspace.AppendPrefix(nil, keyspace.System, keyspace.SpaceAnswer, objAnswer), id...)
}

func expiryKey(at time.Time, id []byte) []byte {
	b := keyspace.AppendPrefix(nil, keyspace.System, keyspace.SpaceAnswer, objExpiry)
	return append(enc.AppendUint(b, uint64(max(at.UnixNano(), 0))), id...)
}

// CheckKey holds a key that a client chose against the rules.
func CheckKey(key string) error {
	if len(key) == 0 || len(key) > MaxKeyBytes {
		return dberr.New(dberr.ErrInvalid, "INVALID_HEADER", "Idempotency-Key has %d bytes, want 1 to %d", len(key), MaxKeyBytes).WithField("Idempotency-Key")
	}
	for i := range len(key) {
		if c := key[i]; c < ' ' || c > '~' {
			return dberr.New(dberr.ErrInvalid, "INVALID_HEADER", "Idempotency-Key holds the byte 0x%02x, want printable ASCII", c).WithField("Idempotency-Key")
		}
	}
	return nil
}

// Get returns the answer of a key that has not expired, and the timestamp of the
// commit that it came with.
func Get(tx *txn.Tx, scope, key string) (a Answer, at txn.Timestamp, ok bool, err error) {
	v, at, ok, err := tx.GetVersion(answerKey(id(scope, key)))
	if err != nil || !ok {
		return a, 0, false, err
	}
	expires, err := a.decode(v)
	if err != nil {
		return a, 0, false, fmt.Errorf("read the answer of a request: %w", err)
	}
	return a, at, expires > tx.ReadTime().UnixNano(), nil
}

// Put keeps an answer until it expires.
func Put(tx *txn.Tx, scope, key string, a Answer, keep time.Duration) error {
	if len(a.Body) > MaxAnswerBytes {
		return TooLarge()
	}
	digest := id(scope, key)
	if old, ok, err := tx.Get(answerKey(digest)); err != nil {
		return err
	} else if ok { // one that has expired and is not swept yet
		var was Answer
		expired, err := was.decode(old)
		if err != nil {
			return fmt.Errorf("read the answer of a request: %w", err)
		}
		if err := tx.Delete(expiryKey(time.Unix(0, expired), digest)); err != nil {
			return err
		}
	}
	expires := tx.ReadTime().Add(keep)
	if err := tx.Put(expiryKey(expires, digest), nil); err != nil {
		return err
	}
	return tx.Put(answerKey(digest), a.append(nil, expires.UnixNano()))
}

// TooLarge is the error of an answer that cannot be kept.
func TooLarge() error {
	return dberr.New(dberr.ErrTooLarge, "ANSWER_TOO_LARGE", "the answer is larger than %d bytes, the most that can be kept for a repeated request", MaxAnswerBytes).
		WithHint("Ask for less, or send it without Idempotency-Key.")
}

// append appends the record: version (1) · expires in nanoseconds since 1970 (8) ·
// digest of the request (32) · status (uvarint) · number of headers (uvarint) · for
// each: length and bytes of name and of value · body.
func (a *Answer) append(dst []byte, expires int64) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, version), uint64(expires))
	dst = append(dst, a.Request[:]...)
	dst = binary.AppendUvarint(dst, uint64(a.Status))
	dst = binary.AppendUvarint(dst, uint64(len(a.Header)))
	for _, h := range a.Header {
		for _, s := range h {
			dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
		}
	}
	return append(dst, a.Body...)
}

func (a *Answer) decode(b []byte) (expires int64, err error) {
	bad := func(what string) error { return fmt.Errorf("%w: %s", dberr.ErrCorrupt, what) }
	if len(b) < 1 || b[0] != version {
		return 0, bad("the record has no version that is known")
	}
	if len(b) < 1+8+32 {
		return 0, bad("the record is cut short")
	}
	expires = int64(binary.BigEndian.Uint64(b[1:]))
	copy(a.Request[:], b[9:41])
	b = b[41:]
	next := func() (uint64, bool) {
		n, used := binary.Uvarint(b)
		if used <= 0 {
			return 0, false
		}
		b = b[used:]
		return n, true
	}
	status, ok1 := next()
	n, ok2 := next()
	if !ok1 || !ok2 || status > 999 || n > maxHeaders {
		return 0, bad("the record is malformed")
	}
	a.Status, a.Header = int(status), nil
	for range n {
		var h [2]string
		for i := range h {
			size, ok := next()
			if !ok || size > uint64(len(b)) {
				return 0, bad("a header is cut short")
			}
			h[i], b = string(b[:size]), b[size:]
		}
		a.Header = append(a.Header, h)
	}
	a.Body = bytes.Clone(b)
	return expires, nil
}

// sweepStep is how many answers one transaction removes.
const sweepStep = 500

// Sweep removes the answers that have expired and returns how many.
func Sweep(ctx context.Context, store *txn.Store) (removed int, err error) {
	for {
		n := 0
		err := store.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) (err error) {
			n, err = sweepSome(tx)
			return err
		})
		removed += n
		if err != nil || n < sweepStep {
			return removed, err
		}
	}
}

func sweepSome(tx *txn.Tx) (n int, err error) {
	from := keyspace.AppendPrefix(nil, keyspace.System, keyspace.SpaceAnswer, objExpiry)
	it := tx.Iter(txn.IterOptions{Lower: from, Upper: expiryKey(tx.ReadTime().Add(1), nil)})
	defer it.Close()
	var keys [][]byte
	for len(keys) < sweepStep && it.Next() {
		keys = append(keys, bytes.Clone(it.Key()))
	}
	if err := it.Err(); err != nil {
		return 0, err
	}
	for _, k := range keys {
		digest := k[len(k)-sha256.Size:]
		if err := tx.Delete(k); err != nil {
			return 0, err
		}
		if err := tx.Delete(answerKey(digest)); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}
