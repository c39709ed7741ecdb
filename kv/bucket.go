package kv

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Bucket is a namespace of keys.
type Bucket struct {
	Name    string
	Options BucketOptions
	Created time.Time
	id      keyspace.ObjectID
	created int64 // as stored: 0 in the first version of the record
}

// BucketOptions tunes a bucket.
type BucketOptions struct {
	// DefaultTTL is how long keys live that are written without a TTL of their own.
	// Zero: forever. A change holds for later writes.
	DefaultTTL time.Duration
	// Compression of values that are written from then on, each by itself, where it
	// makes them shorter. What is there says how it was compressed, and is read whatever
	// the bucket says.
	Compression compress.Codec
}

func (o BucketOptions) check() error {
	if o.DefaultTTL < 0 {
		return invalid("INVALID_TTL", "default_ttl", "the default TTL %v is negative", o.DefaultTTL)
	}
	if err := o.Compression.Validate(); err != nil {
		return invalid("INVALID_COMPRESSION", "compression", "the compression is not known: %v", err)
	}
	return nil
}

// The versions of a bucket's record.
const (
	bucketVersion = 1
	bucketPacked  = 2 // with a compression
)

// append appends the bucket's record: version (1) · id (uvarint) · default TTL in
// nanoseconds (uvarint) · created in nanoseconds since 1970, or 0 for the time of
// the record's own commit (uvarint), and in version 2 the algorithm and the level of
// compression (uvarints).
func (b *Bucket) append(dst []byte) []byte {
	packed := b.Options.Compression != compress.Codec{}
	version := byte(bucketVersion)
	if packed {
		version = bucketPacked
	}
	dst = binary.AppendUvarint(append(dst, version), uint64(b.id))
	dst = binary.AppendUvarint(dst, uint64(b.Options.DefaultTTL))
	dst = binary.AppendUvarint(dst, uint64(b.created))
	if packed {
		dst = binary.AppendUvarint(dst, uint64(b.Options.Compression.Algorithm))
		dst = binary.AppendUvarint(dst, uint64(b.Options.Compression.Level))
	}
	return dst
}

func (b *Bucket) decode(v []byte, at txn.Timestamp) error {
	if len(v) == 0 || v[0] != bucketVersion && v[0] != bucketPacked {
		return fmt.Errorf("%w: the record of bucket %q has no version that is known", dberr.ErrCorrupt, b.Name)
	}
	var fields [5]uint64
	f := fields[:3]
	if v[0] == bucketPacked {
		f = fields[:]
	}
	v = v[1:]
	for i := range f {
		n := 0
		if f[i], n = binary.Uvarint(v); n <= 0 || f[i] > 1<<63-1 {
			return fmt.Errorf("%w: the record of bucket %q is cut short", dberr.ErrCorrupt, b.Name)
		}
		v = v[n:]
	}
	if len(v) != 0 {
		return fmt.Errorf("%w: the record of bucket %q is too long", dberr.ErrCorrupt, b.Name)
	}
	b.id, b.Options.DefaultTTL, b.created = keyspace.ObjectID(f[0]), time.Duration(f[1]), int64(f[2])
	b.Options.Compression = compress.Codec{Algorithm: compress.Algorithm(min(fields[3], math.MaxUint8)), Level: int(min(fields[4], math.MaxInt32))}
	if err := b.Options.Compression.Validate(); err != nil {
		return fmt.Errorf("%w: the record of bucket %q: %w", dberr.ErrCorrupt, b.Name, err)
	}
	switch {
	case b.created != 0:
		b.Created = time.Unix(0, b.created).UTC()
	case at != 0:
		b.Created = at.Time()
	}
	return nil
}

// checkBucket holds the name of a bucket against the rules.
func checkBucket(name string) error {
	if len(name) > MaxBucketBytes {
		return dberr.New(dberr.ErrTooLarge, "BUCKET_NAME_TOO_LARGE", "a bucket's name of %d bytes is over the maximum of %d", len(name), MaxBucketBytes).WithField("bucket")
	}
	if !utf8.ValidString(name) {
		return invalid("INVALID_BUCKET", "bucket", "the name of a bucket must be UTF-8")
	}
	for _, c := range name {
		if c == '/' || !unicode.IsPrint(c) {
			return invalid("INVALID_BUCKET", "bucket", "the name %q of a bucket holds %q", name, c)
		}
	}
	return nil
}

// bucket finds a bucket as tx sees it.
func (s *Store) bucket(tx *txn.Tx, name string) (b Bucket, ok bool, err error) {
	name = orDefault(name)
	if len(name) > MaxBucketBytes {
		return b, false, checkBucket(name)
	}
	var key buf
	v, at, ok, err := tx.GetVersion(appendBucketKey(key[:0], s.db, name))
	if err != nil || !ok {
		return b, false, err
	}
	b.Name = name
	return b, true, b.decode(v, at)
}

// openBucket finds a bucket or makes it, for a write.
func (s *Store) openBucket(tx *txn.Tx, name string) (Bucket, error) {
	b, ok, err := s.bucketToWrite(tx, name)
	if err != nil || ok {
		return b, err
	}
	return s.makeBucket(tx, orDefault(name), BucketOptions{})
}

// bucketToWrite finds a bucket for who goes on to write its keys. The transaction conflicts
// with a change of the bucket after its snapshot: it would write into a bucket that is
// gone. Serializable ones do so because they have read it.
func (s *Store) bucketToWrite(tx *txn.Tx, name string) (b Bucket, ok bool, err error) {
	if b, ok, err = s.bucket(tx, name); err != nil || !ok || tx.Isolation() != txn.Snapshot {
		return b, ok, err
	}
	var key buf
	return b, true, tx.Guard(appendBucketKey(key[:0], s.db, b.Name))
}

func (s *Store) makeBucket(tx *txn.Tx, name string, opts BucketOptions) (b Bucket, err error) {
	if err := checkBucket(name); err != nil {
		return b, err
	}
	counter := appendObject(nil, s.db, objNextID)
	v, ok, err := tx.Get(counter)
	if err != nil {
		return b, err
	}
	b = Bucket{Name: name, Options: opts, id: firstID}
	if ok {
		next, n := binary.Uvarint(v)
		if n != len(v) || next < uint64(firstID) {
			return b, fmt.Errorf("%w: the record of the next bucket's id is malformed", dberr.ErrCorrupt)
		}
		b.id = keyspace.ObjectID(next)
	}
	if err := makeSecret(tx); err != nil {
		return b, err
	}
	if err := tx.Put(counter, binary.AppendUvarint(nil, uint64(b.id)+1)); err != nil {
		return b, err
	}
	return b, tx.Put(appendBucketKey(nil, s.db, name), b.append(nil))
}

// BucketTx returns a bucket.
func (s *Store) BucketTx(tx *txn.Tx, name string) (Bucket, error) {
	b, ok, err := s.bucket(tx, name)
	if err == nil && !ok {
		err = errNoBucket(name)
	}
	return b, err
}

func errNoBucket(name string) error {
	return dberr.New(dberr.ErrNotFound, "BUCKET_NOT_FOUND", "there is no bucket %q", abbreviate([]byte(orDefault(name)))).
		WithHint("the first write makes it")
}

// Bucket returns a bucket.
func (s *Store) Bucket(ctx context.Context, name string) (b Bucket, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		b, err = s.BucketTx(tx, name)
		return err
	})
	return b, err
}

// BucketsTx returns all buckets in the order of their names.
func (s *Store) BucketsTx(tx *txn.Tx) (list []Bucket, err error) {
	it := tx.Iter(within(appendObject(nil, s.db, objBuckets)))
	defer it.Close()
	for it.Next() {
		_, _, _, tuple, ok := keyspace.Split(it.Key())
		name, rest, err := enc.DecodeString(tuple)
		if !ok || err != nil || len(rest) != 0 {
			return nil, fmt.Errorf("%w: the key %x of a bucket is malformed", dberr.ErrCorrupt, it.Key())
		}
		b := Bucket{Name: name}
		if err := b.decode(it.Value(), it.Timestamp()); err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, it.Err()
}

// Buckets returns all buckets in the order of their names.
func (s *Store) Buckets(ctx context.Context) (list []Bucket, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		list, err = s.BucketsTx(tx)
		return err
	})
	return list, err
}

// CreateBucketTx makes a bucket; one that is there is an error of class ErrExists.
func (s *Store) CreateBucketTx(tx *txn.Tx, name string, opts BucketOptions) (Bucket, error) {
	if err := opts.check(); err != nil {
		return Bucket{}, err
	}
	if b, ok, err := s.bucket(tx, name); err != nil || ok {
		if ok {
			err = dberr.New(dberr.ErrExists, "BUCKET_EXISTS", "bucket %q is there already", b.Name).WithField("name")
		}
		return b, err
	}
	return s.makeBucket(tx, orDefault(name), opts)
}

// CreateBucket makes a bucket; one that is there is an error of class ErrExists.
func (s *Store) CreateBucket(ctx context.Context, name string, opts BucketOptions) (b Bucket, err error) {
	ts, err := s.update(ctx, func(tx *txn.Tx) error {
		b, err = s.CreateBucketTx(tx, name, opts)
		return err
	})
	if b.Created.IsZero() && err == nil && ts != 0 { // else it comes with the commit
		b.Created = ts.Time()
	}
	return b, err
}

// AlterBucketTx changes the options of a bucket.
func (s *Store) AlterBucketTx(tx *txn.Tx, name string, opts BucketOptions) (Bucket, error) {
	if err := opts.check(); err != nil {
		return Bucket{}, err
	}
	b, err := s.BucketTx(tx, name)
	if err != nil {
		return b, err
	}
	b.Options = opts
	if !b.Created.IsZero() {
		b.created = b.Created.UnixNano()
	}
	return b, tx.Put(appendBucketKey(nil, s.db, b.Name), b.append(nil))
}

// AlterBucket changes the options of a bucket.
func (s *Store) AlterBucket(ctx context.Context, name string, opts BucketOptions) (b Bucket, err error) {
	_, err = s.update(ctx, func(tx *txn.Tx) error {
		b, err = s.AlterBucketTx(tx, name, opts)
		return err
	})
	return b, err
}

// DropBucketTx removes a bucket with all its keys. They are out of sight with the
// commit, and their memory is taken back soon after.
func (s *Store) DropBucketTx(tx *txn.Tx, name string) error {
	b, err := s.BucketTx(tx, name)
	if err != nil {
		return err
	}
	if err := tx.Put(appendDroppedKey(nil, s.db, b.id), nil); err != nil {
		return err
	}
	return tx.Delete(appendBucketKey(nil, s.db, b.Name))
}

// DropBucket removes a bucket with all its keys.
func (s *Store) DropBucket(ctx context.Context, name string) error {
	_, err := s.update(ctx, func(tx *txn.Tx) error { return s.DropBucketTx(tx, name) })
	return err
}

// LookupTx is BucketTx that says whether there is one.
func (s *Store) LookupTx(tx *txn.Tx, name string) (b Bucket, ok bool, err error) {
	return s.bucket(tx, name)
}
