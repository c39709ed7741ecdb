package api

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/compress"
)

// bindKV binds the key-value model. Keys stand in the path, percent-encoded where
// they hold what a path cannot; operations on one key stand beside, with the key in
// the body, so that no key is taken for an operation.
func (s *Server) bindKV(g *echo.Group) {
	get(g, "/kv/keys", s.listKeys)
	g.POST("/kv/keys", s.setKey)
	get(g, "/kv/keys/*", s.getKey)
	g.PUT("/kv/keys/*", s.putKey)
	g.POST("/kv/keys/*", s.putKey)
	g.DELETE("/kv/keys/*", s.deleteKey)
	get(g, "/kv/count", s.countKeys)
	get(g, "/kv/watch", s.watchKeys)

	g.POST("/kv/increment", s.incrementKey)
	g.POST("/kv/cas", s.swapKey)
	g.POST("/kv/append", s.appendKey)
	g.POST("/kv/getset", s.getSetKey)
	g.POST("/kv/touch", s.touchKey)

	g.POST("/kv/batch", s.batchKeys)
	g.POST("/kv/batch/get", s.batchGetKeys)
	g.POST("/kv/batch/set", s.batchSetKeys)
	g.POST("/kv/batch/delete", s.batchDeleteKeys)
	g.POST("/import/kv", s.importKeys)

	get(g, "/kv/buckets", s.listBuckets)
	g.POST("/kv/buckets", s.createBucket)
	get(g, "/kv/buckets/:name", s.getBucket)
	g.PATCH("/kv/buckets/:name", s.alterBucket)
	g.DELETE("/kv/buckets/:name", s.dropBucket)
}

// keyValue is the model of a database.
func (s *Server) keyValue(c echo.Context, database string, create bool) (*kv.Store, error) {
	db, err := s.db(of(c))
	if err != nil {
		return nil, err
	}
	return db.KeyValue(c.Request().Context(), database, create)
}

// keyParams are the parameters of the URL of one key.
var keyParams = []string{"database", "bucket", "raw", "ttl", "keep_ttl"}

// getKey answers with the value itself where it is raw bytes, or where ?raw=true or
// Accept asks for that, and with the entry else.
func (s *Server) getKey(c echo.Context) error {
	p, err := s.keyRequest(c, keyParams[:3])
	if err != nil {
		return err
	}
	store, err := s.keyValue(c, p.database, false)
	if err != nil {
		return err
	}
	e, ok, err := store.Get(c.Request().Context(), p.bucket, p.key)
	if err != nil {
		return err
	}
	if !ok {
		return keyNotFound(p.bucket, p.key)
	}
	cond, err := writeConditions(c.Request().Header)
	if err != nil {
		return err
	}
	must := kv.Condition{AnyOf: cond.AnyOf, Present: cond.Present, UnchangedSince: cond.UnchangedSince}
	if err := must.Check(true, e.Version); err != nil {
		return err
	}
	if p.rawAnswer(c, &e) {
		return s.serveRaw(c, store, &e)
	}
	of(c).setETag(e.Version)
	if unchanged(&cond, e.Version) {
		c.Response().WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeEntry(of(c), store, &e)
}

// serveRaw sends the bytes of a value, or the range or the 304 that is asked for.
// It is never compressed, since a range is one of the value's own bytes.
func (s *Server) serveRaw(c echo.Context, store *kv.Store, e *kv.Entry) error {
	res := c.Response()
	uncompressed(&res.Writer)
	h := res.Header()
	h["Content-Type"] = []string{e.Value.Type()}
	if e.Version != 0 { // here, since ServeContent compares with it
		h["Etag"] = []string{etag(e.Version)}
	}
	h.Set("Weft-Created", e.Created.Format(http.TimeFormat))
	h.Set("Weft-Compression", compress.Codec{Algorithm: e.Compression}.String())
	h.Set("Weft-Checksum", string(appendChecksum(nil, e.Value.Data)))
	if left, ends := e.TTL(store.Now()); ends {
		h.Set("Weft-TTL", strconv.FormatInt(seconds(left), 10))
	}
	if asked := c.Request().Header; !strings.HasPrefix(asked.Get("Range"), "bytes=") || c.Request().Method != http.MethodGet {
		asked.Del("Range") // of other units and methods it is to be ignored
		http.ServeContent(res, c.Request(), "", e.Updated, bytes.NewReader(e.Value.Data))
		return nil
	}
	w := &rangeWriter{ResponseWriter: res}
	if http.ServeContent(w, c.Request(), "", e.Updated, bytes.NewReader(e.Value.Data)); w.refused {
		return echo.NewHTTPError(http.StatusRequestedRangeNotSatisfiable)
	}
	return nil
}

// rangeWriter keeps back the answer that a range is not there, which is not in the form of
// the errors of this API.
type rangeWriter struct {
	http.ResponseWriter
	refused bool
}

func (w *rangeWriter) WriteHeader(status int) {
	if w.refused = status == http.StatusRequestedRangeNotSatisfiable; !w.refused {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *rangeWriter) Write(b []byte) (int, error) {
	if w.refused {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// uncompressed takes the compression out of a chain of writers.
func uncompressed(w *http.ResponseWriter) {
	for {
		switch t := (*w).(type) {
		case *compressWriter:
			*w = t.ResponseWriter
			return
		case *tee:
			w = &t.ResponseWriter
		default:
			return
		}
	}
}

// putKey takes {"value","ttl"?…}, as POST /kv/keys does, or, of any other media
// type, the value itself.
func (s *Server) putKey(c echo.Context) error {
	p, err := s.keyRequest(c, keyParams)
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	if !p.rawBody(c) {
		in := kvInput{bucket: p.bucket, database: p.database, path: p.key}
		in.opts.TTL, in.opts.KeepTTL = p.ttl, p.keepTTL
		if err := s.bindInput(of(c), buf, &in, setFields); err != nil {
			return err
		}
		return s.put(c, &in)
	}
	if buf.b, err = s.readAnyBody(of(c), buf.b); err != nil {
		return err
	}
	in := kvInput{bucket: p.bucket, database: p.database, key: p.key, value: p.rawValue(c, buf.b)}
	in.opts.TTL, in.opts.KeepTTL = p.ttl, p.keepTTL
	if err := in.headerConditions(c.Request().Header); err != nil {
		return err
	}
	return s.put(c, &in)
}

// setKey takes {"key","value","ttl"?…}.
func (s *Server) setKey(c echo.Context) error {
	in, buf, err := s.input(c, setFields)
	defer putBuffer(buf)
	if err != nil {
		return err
	}
	return s.put(c, &in)
}

// put writes under the conditions of the body and those of the headers.
func (s *Server) put(c echo.Context, in *kvInput) error {
	store, err := s.keyValue(c, in.database, true)
	if err != nil {
		return err
	}
	e, err := store.Put(c.Request().Context(), in.bucket, in.key, in.value, in.opts)
	if err != nil {
		return err
	}
	of(c).setETag(e.Version)
	return writeEntry(of(c), store, &e)
}

func (s *Server) deleteKey(c echo.Context) error {
	p, err := s.keyRequest(c, keyParams[:2])
	if err != nil {
		return err
	}
	cond, err := writeConditions(c.Request().Header)
	if err != nil {
		return err
	}
	store, err := s.keyValue(c, p.database, false)
	if err != nil {
		return err
	}
	existed, err := store.Delete(c.Request().Context(), p.bucket, p.key, cond)
	if err != nil {
		return err
	}
	if !existed {
		return keyNotFound(p.bucket, p.key)
	}
	buf := getBuffer()
	defer putBuffer(buf)
	buf.b = appendKeyField(append(buf.b, `{"success":true,`...), p.key)
	buf.b = append(buf.b, "}\n"...)
	return writeJSON(of(c), buf.b)
}

func keyNotFound(bucket string, key []byte) error {
	if bucket == "" {
		bucket = kv.DefaultBucket
	}
	return dberr.New(dberr.ErrNotFound, "KEY_NOT_FOUND", "there is no key %q in bucket %q", shorten(string(key), 64), bucket)
}

// shorten cuts a text for a message.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n-3] + "..."
}
