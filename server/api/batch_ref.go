package api

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
)

// substitute replaces {"$ref":"0.data.rows.0.0"} in a body by that part of an earlier
// result, and {"$literal":x} by x as it is. Everything else stays as it was written.
func substitute(raw []byte, results []result) ([]byte, error) {
	if !strings.Contains(string(raw), `"$`) {
		return raw, nil
	}
	var sc jsonin.Scanner
	sc.Reset(raw)
	return appendResolved(nil, &sc, results)
}

func appendResolved(dst []byte, sc *jsonin.Scanner, results []result) ([]byte, error) {
	switch sc.Peek() {
	case jsonin.Object:
		return resolveObject(dst, sc, results)
	case jsonin.Array:
		dst = append(dst, '[')
		err := sc.Array(func(i int) (err error) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst, err = appendResolved(dst, sc, results)
			return err
		})
		return append(dst, ']'), err
	}
	raw, err := sc.Raw()
	return append(dst, raw...), err
}

func resolveObject(dst []byte, sc *jsonin.Scanner, results []result) ([]byte, error) {
	start, members := len(dst), 0
	special := ""
	dst = append(dst, '{')
	var value []byte // of the special member
	err := sc.Object(func(name []byte) (err error) {
		if members++; members > 1 {
			dst = append(dst, ',')
		}
		key := string(name)
		if key == "$ref" || key == "$literal" {
			special = key
			value, err = sc.Raw()
			return err
		}
		dst = append(sqltype.AppendJSONString(dst, key), ':')
		dst, err = appendResolved(dst, sc, results)
		return err
	})
	if err != nil || special == "" {
		return append(dst, '}'), err
	}
	if members > 1 {
		return nil, invalid("INVALID_REFERENCE", `an object with %q has other members`, special).WithField("body").
			WithHint(`write {"$literal": …} around what is to stay as it is`)
	}
	dst = dst[:start]
	if special == "$literal" {
		return append(dst, value...), nil
	}
	part, err := reference(value, results)
	return append(dst, part...), err
}

// reference finds what a reference means: the number or id of an earlier operation,
// and a path of names and indexes into its body, parted by points.
func reference(value []byte, results []result) ([]byte, error) {
	bad := func(why string) error {
		return invalid("INVALID_REFERENCE", "the reference %s %s", shorten(string(value), 80), why).WithField("body").
			WithHint(`{"$ref":"0.data.rows.0.0"} is a part of the body of operation 0; write {"$literal": …} around a "$ref" that is data`)
	}
	v := gjson.ParseBytes(value)
	if v.Type != gjson.String {
		return nil, bad("is no text")
	}
	name, path, deeper := strings.Cut(v.Str, ".")
	var from *result
	for i := range results {
		if results[i].id == name && name != "" || strconv.Itoa(i) == name {
			from = &results[i]
		}
	}
	if from == nil {
		return nil, bad("names no operation before this one")
	}
	if !deeper {
		return from.json, nil
	}
	parts := strings.Split(path, ".")
	for i := range parts {
		parts[i] = gjson.Escape(parts[i])
	}
	got := gjson.GetBytes(from.json, strings.Join(parts, "."))
	if !got.Exists() {
		return nil, bad("leads nowhere in the body of that operation")
	}
	return []byte(got.Raw), nil
}
