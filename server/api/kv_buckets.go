package api

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/txn"
)

// kvBucket describes a bucket to clients.
type kvBucket struct {
	Name        string     `json:"name"`
	DefaultTTL  *float64   `json:"default_ttl"` // seconds; null: keys live forever
	Compression string     `json:"compression"` // of values that are written
	CreatedAt   *time.Time `json:"created_at"`
}

func describeBucket(b *kv.Bucket) kvBucket {
	d := kvBucket{Name: b.Name, Compression: b.Options.Compression.String()}
	if b.Options.DefaultTTL > 0 {
		ttl := b.Options.DefaultTTL.Seconds()
		d.DefaultTTL = &ttl
	}
	if !b.Created.IsZero() {
		d.CreatedAt = &b.Created
	}
	return d
}

func (s *Server) listBuckets(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	store, err := s.keyValue(c, database, false)
	if err != nil {
		return err
	}
	list, err := store.Buckets(c.Request().Context())
	if err != nil {
		return err
	}
	out := make([]kvBucket, len(list))
	for i := range list {
		out[i] = describeBucket(&list[i])
	}
	return c.JSON(http.StatusOK, map[string]any{"buckets": out})
}

func (s *Server) getBucket(c echo.Context) error {
	name, store, err := s.namedBucket(c)
	if err != nil {
		return err
	}
	b, err := store.Bucket(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeBucket(&b))
}

func (s *Server) namedBucket(c echo.Context) (name string, store *kv.Store, err error) {
	if name, err = pathParam(c, "name"); err != nil {
		return "", nil, err
	}
	database, err := databaseParam(c)
	if err != nil {
		return "", nil, err
	}
	store, err = s.keyValue(c, database, false)
	return name, store, err
}

// bucketInput is the body of POST and PATCH.
type bucketInput struct {
	name    string
	lenient bool
	opts    kv.BucketOptions
	hasTTL  bool
	hasPack bool // opts.Compression was given
}

func (s *Server) bindBucket(x *exchange, fields []string) (in bucketInput, err error) {
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return in, err
	}
	var sc jsonin.Scanner
	sc.Reset(buf.b)
	err = sc.Object(func(name []byte) (err error) {
		switch field := string(name); {
		case field == "default_ttl":
			var ttl kvInput
			err = ttl.setTTL(&sc, field)
			in.opts.DefaultTTL, in.hasTTL = max(ttl.opts.TTL, 0), true
		case field == "compression":
			in.opts.Compression, err = bindCompression(&sc)
			in.hasPack = true
		case field == "name" && len(fields) > 2:
			in.name, err = sc.StrField(field)
		case field == "if_not_exists" && len(fields) > 2:
			in.lenient, err = sc.Bool()
		default:
			err = jsonin.UnknownField(field, fields)
		}
		return err
	})
	if err == nil {
		err = sc.End()
	}
	return in, err
}

// bindCompression reads the name of a compression, such as lz4 or zstd:9; null is none.
func bindCompression(sc *jsonin.Scanner) (c compress.Codec, err error) {
	if sc.Peek() == jsonin.Null {
		return c, sc.Null()
	}
	name, err := sc.StrField("compression")
	if err != nil {
		return c, err
	}
	if c, err = compress.Parse(name); err != nil {
		return c, invalid("INVALID_COMPRESSION", "the compression %q is not known", shorten(name, 40)).WithField("compression").
			WithHint("known: none, snappy, lz4, zstd, and zstd:1 to zstd:22")
	}
	return c, nil
}

// createBucket takes {"name","default_ttl"?,"compression"?,"if_not_exists"?}.
func (s *Server) createBucket(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	in, err := s.bindBucket(of(c), []string{"default_ttl", "compression", "name", "if_not_exists"})
	if err != nil {
		return err
	}
	if in.name == "" {
		return invalid("MISSING_FIELD", `the body needs the field "name"`).WithField("name")
	}
	store, err := s.keyValue(c, database, true)
	if err != nil {
		return err
	}
	ctx, status := c.Request().Context(), http.StatusCreated
	b, err := store.CreateBucket(ctx, in.name, in.opts)
	if in.lenient && errors.Is(err, dberr.ErrExists) {
		status = http.StatusOK
		b, err = store.Bucket(ctx, in.name)
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/kv/buckets/"+url.PathEscape(b.Name))
	return c.JSON(status, describeBucket(&b))
}

// alterBucket takes {"default_ttl"?,"compression"?}, null for none; what is left out
// stays as it is.
func (s *Server) alterBucket(c echo.Context) error {
	name, store, err := s.namedBucket(c)
	if err != nil {
		return err
	}
	in, err := s.bindBucket(of(c), []string{"default_ttl", "compression"})
	if err != nil {
		return err
	}
	if !in.hasTTL && !in.hasPack {
		return invalid("MISSING_FIELD", `the body needs the field "default_ttl" or "compression"`).WithField("default_ttl")
	}
	var b kv.Bucket
	err = store.Update(c.Request().Context(), func(tx *txn.Tx) error {
		if b, err = store.BucketTx(tx, name); err != nil {
			return err
		}
		opts := b.Options
		if in.hasTTL {
			opts.DefaultTTL = in.opts.DefaultTTL
		}
		if in.hasPack {
			opts.Compression = in.opts.Compression
		}
		b, err = store.AlterBucketTx(tx, name, opts)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeBucket(&b))
}

func (s *Server) dropBucket(c echo.Context) error {
	name, store, err := s.namedBucket(c)
	if err != nil {
		return err
	}
	if err := store.DropBucket(c.Request().Context(), name); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "name": name})
}
