package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/server/jsonin"
)

// kvBatch is the body of the routes for several keys.
type kvBatch struct {
	bucket, database string
	ops              []kvInput
}

// maxBatch bounds the operations of one request.
const maxBatch = 100_000

// opKinds are the operations of POST /kv/batch and the fields that each takes.
var opKinds = map[string]struct {
	kind   kv.OpKind
	fields []string
}{
	"get":       {kv.OpGet, getFields},
	"set":       {kv.OpSet, setFields},
	"delete":    {kv.OpDelete, deleteFields},
	"increment": {kv.OpIncrement, addFields},
	"append":    {kv.OpAppend, setFields},
	"touch":     {kv.OpTouch, touchFields},
	"getset":    {kv.OpGetSet, setFields},
	"cas":       {kv.OpCompareAndSwap, swapFields},
	"check":     {kv.OpCheck, checkFields},
}

// opFields are the fields of all operations.
var opFields = slices.Concat([]string{"op"}, swapFields, []string{"by"})

// bindKeys reads {list: […], "bucket"?, "database"?}, where element reads one of
// the list.
func (s *Server) bindKeys(c echo.Context, buf *buffer, list string, element func(sc *jsonin.Scanner, in *kvInput) error) (b kvBatch, err error) {
	q, err := queryParams(c, []string{"database", "bucket"})
	if err != nil {
		return b, err
	}
	b.database, b.bucket = q.Get("database"), q.Get("bucket")
	if buf.b, err = s.readBody(of(c), buf.b); err != nil {
		return b, err
	}
	var sc jsonin.Scanner
	sc.Reset(buf.b)
	found := false
	err = sc.Object(func(name []byte) (err error) {
		switch field := string(name); field {
		case list:
			found = true
			return b.list(&sc, list, element)
		case "bucket":
			b.bucket, err = optionalString(&sc, field)
		case "database":
			b.database, err = optionalString(&sc, field)
		default:
			err = jsonin.UnknownField(field, []string{list, "bucket", "database"})
		}
		return err
	})
	if err == nil {
		err = sc.End()
	}
	if err == nil && !found {
		err = invalid("MISSING_FIELD", "the body needs the field %q", list).WithField(list)
	}
	return b, err
}

func (b *kvBatch) list(sc *jsonin.Scanner, name string, element func(sc *jsonin.Scanner, in *kvInput) error) error {
	if k := sc.Peek(); k != jsonin.Array && k != jsonin.Invalid {
		return jsonin.WantError(name, "an array", k)
	}
	return sc.Array(func(i int) error {
		if i >= maxBatch {
			return dberr.New(dberr.ErrTooLarge, "BATCH_TOO_LARGE", "%s holds more than %d", name, maxBatch).WithField(name)
		}
		b.ops = append(b.ops, kvInput{})
		if err := element(sc, &b.ops[i]); err != nil {
			return inElement(name, i, err)
		}
		return nil
	})
}

// inElement says in which element of a list a field is at fault.
func inElement(list string, i int, err error) error {
	e := dberr.As(err)
	if e == nil {
		return err
	}
	at := *e
	at.Message = fmt.Sprintf("%s[%d]: %s", list, i, e.Message)
	at.Field = fmt.Sprintf("%s[%d]", list, i)
	if e.Field != "" {
		at.Field += "." + e.Field
	}
	return &at
}

// keyElement reads a key, as a string or as {"key_base64"}.
func keyElement(sc *jsonin.Scanner, in *kvInput) error {
	if sc.Peek() == jsonin.Object {
		if err := in.object(sc, []string{"key", "key_base64"}); err != nil {
			return err
		}
		return in.settle(nil)
	}
	return in.setKey(sc, "key")
}

func entryElement(sc *jsonin.Scanner, in *kvInput) error {
	if err := in.object(sc, setFields); err != nil {
		return err
	}
	return in.settle(setFields)
}

// opElement reads an operation, and then holds what it has against what it may have.
func opElement(sc *jsonin.Scanner, in *kvInput) error {
	var given []string
	err := sc.Object(func(name []byte) error {
		field := string(name)
		if !slices.Contains(opFields, field) || field == "database" {
			return jsonin.UnknownField(field, opFields)
		}
		given = append(given, field)
		return in.field(sc, field)
	})
	if err != nil {
		return err
	}
	kind, ok := opKinds[in.op]
	if !ok {
		return invalid("UNKNOWN_OPERATION", `there is no operation %q`, shorten(in.op, 40)).WithField("op").
			WithHint("get, set, delete, increment, append, touch, getset, cas, check")
	}
	for _, field := range given {
		if field != "op" && !slices.Contains(kind.fields, field) {
			return jsonin.UnknownField(field, append([]string{"op"}, kind.fields...))
		}
	}
	if kind.kind == kv.OpCheck && in.opts.If.IsZero() {
		return invalid("MISSING_FIELD", `the operation "check" needs a condition`).WithField("if_version").WithHint("if_version, if_absent or if_present")
	}
	return in.settle(kind.fields)
}

// operation is the element as the model takes it.
func (b *kvBatch) operation(in *kvInput, kind kv.OpKind) (op kv.Op, err error) {
	op = kv.Op{Kind: kind, Bucket: in.bucket, Key: in.key, Options: in.opts}
	if op.Bucket == "" {
		op.Bucket = b.bucket
	}
	op.Expect, op.Value = in.swap()
	if kind == kv.OpIncrement {
		whole := false
		if op.By, op.ByFloat, whole, err = in.amount(); !whole {
			op.Kind = kv.OpIncrementFloat
		}
	}
	return op, err
}

func (b *kvBatch) operations(kind func(in *kvInput) kv.OpKind) ([]kv.Op, error) {
	ops := make([]kv.Op, len(b.ops))
	for i := range b.ops {
		var err error
		if ops[i], err = b.operation(&b.ops[i], kind(&b.ops[i])); err != nil {
			return nil, inElement("operations", i, err)
		}
	}
	return ops, nil
}

// ofList gives an error of an operation the name that the list has in the request.
func ofList(list string, err error) error {
	e := dberr.As(err)
	if e == nil {
		return err
	}
	rest, ok := strings.CutPrefix(e.Field, "operations[")
	if !ok || list == "operations" {
		return err
	}
	at := *e
	at.Field = list + "[" + rest
	if n, what, ok := strings.Cut(strings.TrimPrefix(e.Message, "operation "), ": "); ok {
		at.Message = list + "[" + n + "]: " + what
	}
	return &at
}

func always(kind kv.OpKind) func(*kvInput) kv.OpKind {
	return func(*kvInput) kv.OpKind { return kind }
}

// runBatch reads a body and runs it as one transaction.
func (s *Server) runBatch(c echo.Context, list string, create bool, element func(*jsonin.Scanner, *kvInput) error, kind func(*kvInput) kv.OpKind,
	render func(dst []byte, results []kv.Result, now time.Time) []byte) error {
	buf := getBuffer()
	defer putBuffer(buf)
	b, err := s.bindKeys(c, buf, list, element)
	if err != nil {
		return err
	}
	ops, err := b.operations(kind)
	if err != nil {
		return err
	}
	store, err := s.keyValue(c, b.database, create)
	if err != nil {
		return err
	}
	results, err := store.Batch(c.Request().Context(), ops)
	if err != nil {
		return ofList(list, err)
	}
	out := getBuffer()
	defer putBuffer(out)
	out.b = append(render(out.b, results, store.Now()), '\n')
	return writeJSON(of(c), out.b)
}

// batchKeys takes {"operations":[{"op","key",…}]}.
func (s *Server) batchKeys(c echo.Context) error {
	return s.runBatch(c, "operations", true, opElement, func(in *kvInput) kv.OpKind { return opKinds[in.op].kind }, appendResults)
}

func appendResults(dst []byte, results []kv.Result, now time.Time) []byte {
	dst = append(dst, `{"success":true,"results":[`...)
	for i := range results {
		r := &results[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendBool(append(dst, `{"done":`...), r.Done)
		dst = append(appendEntryOrNull(append(dst, `,"entry":`...), &r.Entry, r.Present, now), '}')
	}
	return append(dst, "]}"...)
}

// batchGetKeys takes {"keys":[…]} and answers with those that are there.
func (s *Server) batchGetKeys(c echo.Context) error {
	return s.runBatch(c, "keys", false, keyElement, always(kv.OpGet), func(dst []byte, results []kv.Result, now time.Time) []byte {
		dst = append(dst, `{"entries":[`...)
		n := 0
		for i := range results {
			if !results[i].Present {
				continue
			}
			if n > 0 {
				dst = append(dst, ',')
			}
			n++
			dst = appendEntry(dst, &results[i].Entry, now, true)
		}
		return append(strconv.AppendInt(append(dst, `],"count":`...), int64(n), 10), '}')
	})
}

// batchSetKeys takes {"entries":[{"key","value","ttl"?}…]}.
func (s *Server) batchSetKeys(c echo.Context) error {
	return s.runBatch(c, "entries", true, entryElement, always(kv.OpSet), func(dst []byte, results []kv.Result, _ time.Time) []byte {
		return append(strconv.AppendInt(append(dst, `{"success":true,"count":`...), int64(len(results)), 10), '}')
	})
}

// batchDeleteKeys takes {"keys":[…]}.
func (s *Server) batchDeleteKeys(c echo.Context) error {
	return s.runBatch(c, "keys", false, keyElement, always(kv.OpDelete), func(dst []byte, results []kv.Result, _ time.Time) []byte {
		n := 0
		for i := range results {
			if results[i].Done {
				n++
			}
		}
		return append(strconv.AppendInt(append(dst, `{"success":true,"deleted":`...), int64(n), 10), '}')
	})
}

// importKeys takes {"entries":[{"key","value"}…]} and sets all of them or none.
func (s *Server) importKeys(c echo.Context) error {
	began := of(c).start
	if err := s.unwrapUpload(c); err != nil {
		return err
	}
	if err := s.gatherLines(c, "entries"); err != nil {
		return err
	}
	return s.runBatch(c, "entries", true, entryElement, always(kv.OpSet), func(dst []byte, results []kv.Result, _ time.Time) []byte {
		dst = strconv.AppendInt(append(dst, `{"success":true,"rows_imported":`...), int64(len(results)), 10)
		return append(appendMS(append(dst, `,"duration_ms":`...), time.Since(began).Microseconds()), '}')
	})
}
