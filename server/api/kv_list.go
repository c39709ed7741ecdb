package api

import (
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query/sqltype"
)

// rangeParams name a range of keys in the URL.
var rangeParams = []string{"database", "bucket", "prefix", "start", "end"}

func keyRange(q url.Values) kv.Range {
	return kv.Range{Prefix: []byte(q.Get("prefix")), Start: []byte(q.Get("start")), End: []byte(q.Get("end"))}
}

// countAtMost is how many keys of a range are counted where an estimate is enough.
const countAtMost = 10_000

// listKeys answers with a page of entries in the order of keys.
func (s *Server) listKeys(c echo.Context) error {
	q, err := queryParams(c, append(rangeParams[:len(rangeParams):len(rangeParams)], "limit", "cursor", "reverse", "keys_only", "count"))
	if err != nil {
		return err
	}
	var o kv.PageOptions
	o.Range, o.Cursor = keyRange(q), q.Get("cursor")
	if o.Limit, err = intParam(q, "limit", 1, kv.MaxLimit); err != nil {
		return err
	}
	if o.Reverse, err = boolParam(q, "reverse"); err != nil {
		return err
	}
	if o.KeysOnly, err = boolParam(q, "keys_only"); err != nil {
		return err
	}
	o.Bytes = int(s.opts.ResultBytes) / 2 // base64 and names take the rest
	store, err := s.keyValue(c, q.Get("database"), false)
	if err != nil {
		return err
	}
	page, err := store.List(c.Request().Context(), q.Get("bucket"), o)
	if err != nil {
		return err
	}
	total, exact, err := s.total(c, store, q, &page)
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	buf.b = append(appendPage(buf.b, store, &page, !o.KeysOnly, total, exact), '\n')
	return writeJSON(of(c), buf.b)
}

// total is how many keys the range has: exact where that is asked for or is known
// anyhow, at least or about so many else.
func (s *Server) total(c echo.Context, store *kv.Store, q url.Values, page *kv.Page) (n int64, exact bool, err error) {
	ctx, bucket, r := c.Request().Context(), q.Get("bucket"), keyRange(q)
	switch v := q.Get("count"); v {
	case "", "estimated":
	case "exact":
		n, err = store.Count(ctx, bucket, r)
		return n, true, err
	case "none":
		return -1, false, nil
	default:
		return 0, false, invalid("INVALID_FIELD", `the parameter "count" must be exact, estimated or none, not %q`, shorten(v, 40)).WithField("count")
	}
	if page.Next == "" && q.Get("cursor") == "" {
		return int64(len(page.Entries)), true, nil
	}
	if len(r.Prefix)+len(r.Start)+len(r.End) == 0 {
		n, err = store.Estimate(ctx, bucket)
		return n, false, err
	}
	return store.CountUpTo(ctx, bucket, r, countAtMost)
}

func appendPage(dst []byte, store *kv.Store, page *kv.Page, values bool, total int64, exact bool) []byte {
	now := store.Now()
	dst = append(dst, `{"keys":[`...)
	for i := range page.Entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendEntry(dst, &page.Entries[i], now, values)
	}
	dst = append(dst, `],"total":`...)
	if total < 0 {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendInt(dst, total, 10)
	}
	dst = strconv.AppendBool(append(dst, `,"total_exact":`...), exact)
	dst = append(dst, `,"next_cursor":`...)
	if page.Next == "" {
		return append(dst, "null}"...)
	}
	return append(sqltype.AppendJSONString(dst, page.Next), '}')
}

// countKeys counts a range of keys: with exact=true by reading all of them.
func (s *Server) countKeys(c echo.Context) error {
	q, err := queryParams(c, append(rangeParams[:len(rangeParams):len(rangeParams)], "exact"))
	if err != nil {
		return err
	}
	exact, err := boolParam(q, "exact")
	if err != nil {
		return err
	}
	store, err := s.keyValue(c, q.Get("database"), false)
	if err != nil {
		return err
	}
	if exact {
		q.Set("count", "exact")
	}
	n, known, err := s.total(c, store, q, &kv.Page{Next: "unknown"})
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	buf.b = strconv.AppendInt(append(buf.b, `{"count":`...), n, 10)
	buf.b = strconv.AppendBool(append(buf.b, `,"exact":`...), known)
	buf.b = append(buf.b, "}\n"...)
	return writeJSON(of(c), buf.b)
}
