package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/storage/txn"
)

// kvInput is what a body says of one key, in any of the operations.
type kvInput struct {
	path             []byte // the key in the URL, where one is there
	key              []byte
	hasKey           bool
	bucket, database string
	value, expected  kv.Value
	hasValue         bool
	hasExpected      bool
	op               string
	by               string // a number as written
	opts             kv.PutOptions

	rawValue, rawExpected []byte // JSON texts, before the encoding is known
	encoding, contentType string
}

// The fields of the bodies.
var (
	whereFields  = []string{"key", "key_base64", "bucket", "database"}
	valueFields  = []string{"value", "encoding", "content_type"}
	ifFields     = []string{"if_version", "if_absent", "if_present"}
	ttlFields    = []string{"ttl", "keep_ttl"}
	setFields    = slices.Concat(whereFields, valueFields, ttlFields, ifFields)
	deleteFields = slices.Concat(whereFields, ifFields)
	touchFields  = slices.Concat(whereFields, []string{"ttl"}, ifFields)
	addFields    = slices.Concat(whereFields, []string{"by"}, ttlFields, ifFields)
	swapFields   = slices.Concat(whereFields, valueFields, []string{"expected"}, ttlFields, ifFields)
	getFields    = whereFields
	checkFields  = deleteFields
)

// input reads the body of an operation on one key. The buffer holds what it points
// to and is the caller's to put back, also after an error.
func (s *Server) input(c echo.Context, fields []string) (in kvInput, buf *buffer, err error) {
	buf = getBuffer()
	q, err := queryParams(c, []string{"database", "bucket"})
	if err != nil {
		return in, buf, err
	}
	in.database, in.bucket = q.Get("database"), q.Get("bucket")
	return in, buf, s.bindInput(of(c), buf, &in, fields)
}

// bindInput reads the body into in.
func (s *Server) bindInput(x *exchange, buf *buffer, in *kvInput, fields []string) (err error) {
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return err
	}
	if err := in.headerConditions(x.Request().Header); err != nil {
		return err
	}
	var sc jsonin.Scanner
	sc.Reset(buf.b)
	if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
		return invalid("INVALID_JSON", "the body must be a JSON object, not %s", k)
	}
	if err := in.object(&sc, fields); err != nil {
		return err
	}
	if err := sc.End(); err != nil {
		return err
	}
	return in.settle(fields)
}

func (in *kvInput) object(sc *jsonin.Scanner, fields []string) error {
	return sc.Object(func(name []byte) error {
		if field := string(name); slices.Contains(fields, field) {
			return in.field(sc, field)
		}
		return jsonin.UnknownField(string(name), fields)
	})
}

func (in *kvInput) field(sc *jsonin.Scanner, name string) (err error) {
	switch name {
	case "key":
		err = in.setKey(sc, name)
	case "key_base64":
		err = in.setKeyBase64(sc, name)
	case "bucket":
		in.bucket, err = optionalString(sc, name)
	case "database":
		in.database, err = optionalString(sc, name)
	case "value":
		in.rawValue, err = sc.Raw()
	case "expected":
		in.rawExpected, err = sc.Raw()
	case "encoding":
		in.encoding, err = optionalString(sc, name)
	case "content_type":
		in.contentType, err = optionalString(sc, name)
	case "ttl":
		err = in.setTTL(sc, name)
	case "keep_ttl":
		in.opts.KeepTTL, err = sc.Bool()
	case "by":
		var raw []byte
		if k := sc.Peek(); k != jsonin.Number && k != jsonin.Invalid {
			return jsonin.WantError(name, "a number", k)
		}
		raw, _, err = sc.Num()
		in.by = string(raw)
	case "if_version":
		err = in.setVersion(sc, name)
	case "if_absent":
		err = setFlag(sc, &in.opts.If.Absent)
	case "if_present":
		err = setFlag(sc, &in.opts.If.Present)
	case "op":
		in.op, err = sc.StrField(name)
	}
	return err
}

// setFlag adds what the body says to what a header has said.
func setFlag(sc *jsonin.Scanner, to *bool) error {
	v, err := sc.Bool()
	*to = *to || v
	return err
}

func (in *kvInput) setKey(sc *jsonin.Scanner, name string) error {
	v, err := sc.StrField(name)
	if err == nil && in.hasKey {
		err = invalid("DUPLICATE_FIELD", `"key" and "key_base64" are both given`).WithField(name)
	}
	in.key, in.hasKey = []byte(v), true
	return err
}

func (in *kvInput) setKeyBase64(sc *jsonin.Scanner, name string) error {
	v, err := sc.StrField(name)
	if err != nil {
		return err
	}
	if in.hasKey {
		return invalid("DUPLICATE_FIELD", `"key" and "key_base64" are both given`).WithField(name)
	}
	in.hasKey = true
	if in.key, err = base64.StdEncoding.DecodeString(v); err != nil {
		return invalid("INVALID_FIELD", `field "key_base64" is not base64`).WithField(name)
	}
	return nil
}

func (in *kvInput) setTTL(sc *jsonin.Scanner, name string) error {
	switch k := sc.Peek(); k {
	case jsonin.Null:
		return sc.Null()
	case jsonin.Number, jsonin.Invalid:
	default:
		return jsonin.WantError(name, "a number of seconds", k)
	}
	raw, _, err := sc.Num()
	if err == nil {
		in.opts.TTL, err = parseTTL(name, string(raw))
	}
	return err
}

// setVersion takes a version as the entry has it, a string, or as a number.
func (in *kvInput) setVersion(sc *jsonin.Scanner, name string) error {
	var text string
	var err error
	if sc.Peek() == jsonin.Number {
		var raw []byte
		raw, _, err = sc.Num()
		text = string(raw)
	} else {
		text, err = sc.StrField(name)
	}
	if err != nil {
		return err
	}
	v, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return invalid("INVALID_FIELD", `field "if_version" must be the version of an entry, not %q`, shorten(text, 40)).WithField(name)
	}
	own := &in.opts.If
	if own.AnyOf != nil && !slices.Contains(own.AnyOf, txn.Timestamp(v)) {
		v = math.MaxUint64 // no version is both that of the header and this one
	}
	own.AnyOf = []txn.Timestamp{txn.Timestamp(v)}
	return nil
}

// settle holds the fields against each other and makes values of the JSON texts.
func (in *kvInput) settle(fields []string) (err error) {
	switch {
	case in.path == nil:
	case in.hasKey && !bytes.Equal(in.key, in.path):
		return invalid("INVALID_FIELD", "the body has the key %q and the URL %q", shorten(string(in.key), 64), shorten(string(in.path), 64)).WithField("key").
			WithHint("leave the key out of the body")
	default:
		in.key, in.hasKey = in.path, true
	}
	if !in.hasKey {
		return invalid("MISSING_FIELD", `the body needs the field "key"`).WithField("key")
	}
	if in.rawValue == nil && slices.Contains(fields, "value") && !slices.Contains(fields, "expected") {
		return invalid("MISSING_FIELD", `the body needs the field "value"`).WithField("value")
	}
	if in.rawValue != nil {
		in.hasValue = true
		if in.value, err = in.decode("value", in.rawValue); err != nil {
			return err
		}
	}
	if in.rawExpected != nil {
		in.hasExpected = true
		in.expected, err = in.decode("expected", in.rawExpected)
	}
	return err
}

// decode makes a value of a JSON text, as the encoding says.
func (in *kvInput) decode(field string, raw []byte) (kv.Value, error) {
	switch in.encoding {
	case "", "json":
		if in.contentType != "" && !isJSON(in.contentType) {
			return kv.Value{}, invalid("INVALID_FIELD", `a value with "content_type" needs "encoding", which is "text" or "base64"`).WithField("encoding")
		}
		return kv.ParsedJSON(raw), nil // by the scanner, which is stricter
	case "text", "base64":
	default:
		return kv.Value{}, invalid("INVALID_FIELD", `field "encoding" must be "json", "text" or "base64", not %q`, shorten(in.encoding, 40)).WithField("encoding")
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil || raw[0] != '"' {
		return kv.Value{}, invalid("INVALID_FIELD", "field %q must be a string with encoding %q", field, in.encoding).WithField(field)
	}
	v := kv.Value{Data: []byte(text), ContentType: in.contentType}
	if in.encoding == "base64" {
		var err error
		if v.Data, err = base64.StdEncoding.DecodeString(text); err != nil {
			return v, invalid("INVALID_FIELD", "field %q is not base64", field).WithField(field)
		}
	} else if v.ContentType == "" {
		v.ContentType = "text/plain; charset=utf-8"
	}
	return v, nil
}

// headerConditions begins the conditions with those of the headers, to which the body adds.
func (in *kvInput) headerConditions(h http.Header) (err error) {
	in.opts.If, err = writeConditions(h)
	return err
}

// amount is what to add: an integer where it is written as one.
func (in *kvInput) amount() (n int64, f float64, whole bool, err error) {
	if in.by == "" {
		return 1, 1, true, nil
	}
	if n, err := strconv.ParseInt(in.by, 10, 64); err == nil {
		return n, float64(n), true, nil
	}
	f, err = strconv.ParseFloat(in.by, 64)
	if err != nil || math.Trunc(f) == f && !slices.ContainsFunc([]byte(in.by), func(c byte) bool { return c == '.' || c == 'e' || c == 'E' }) {
		return 0, 0, false, invalid("INVALID_FIELD", `field "by" must be an integer of 64 bits or a number in double precision, not %s`, shorten(in.by, 40)).WithField("by")
	}
	return 0, f, false, nil
}
