package fulltext

import (
	"encoding/binary"
	"strconv"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search"

	"github.com/weftdb/weft/document/doc"
)

// MaxSort bounds the fields of an order.
const MaxSort = 8

// The names that an order has beside those of fields.
const (
	ByScore = "_score"
	ByID    = "_id"
)

// SortField is a field that hits are ordered by: one of type keyword, number or date,
// ByScore or ByID. Documents without it come last in both directions; of several
// values the least counts, in descending order the greatest.
type SortField struct {
	Field      string
	Descending bool
}

// order makes bleve's order of one of ours, which always ends with the id, so that
// every hit has a place of its own.
func (x *Index) order(fields []SortField) (search.SortOrder, error) {
	if len(fields) == 0 {
		fields = []SortField{{ByScore, true}}
	}
	if len(fields) > MaxSort {
		return nil, bad("sort", "an order of %d fields has more than %d", len(fields), MaxSort)
	}
	var out search.SortOrder
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.Field] {
			return nil, bad("sort", "the field %.64q comes twice in the order", f.Field)
		}
		seen[f.Field] = true
		switch f.Field {
		case ByScore:
			out = append(out, &search.SortScore{Desc: f.Descending})
			continue
		case ByID:
			out = append(out, &search.SortDocID{Desc: f.Descending})
			continue
		}
		field, err := x.field(f.Field)
		if err != nil {
			return nil, err
		}
		by := &search.SortField{Field: f.Field, Desc: f.Descending, Mode: search.SortFieldMin}
		if f.Descending {
			by.Mode = search.SortFieldMax
		}
		switch field.Type {
		case Keyword:
			by.Type = search.SortFieldAsString
		case Number, Date: // automatic: places are then as they are in the index, also the missing
		default:
			return nil, bad("sort", "hits are ordered by fields of type keyword, number or date, by _score or _id, and %.64q is of type %s", f.Field, field.Type)
		}
		out = append(out, by)
	}
	if !seen[ByID] {
		out = append(out, &search.SortDocID{})
	}
	return out, nil
}

// place is where a hit stands in an order.
func place(order search.SortOrder, m *search.DocumentMatch) []byte {
	var b []byte
	for i, s := range order {
		value := m.Sort[i]
		switch s.(type) {
		case *search.SortScore:
			value = formatScore(m.Score)
		case *search.SortDocID:
			value = m.ID
		}
		b = appendPlace(b, value)
	}
	return b
}

func formatScore(score float64) string { return strconv.FormatFloat(score, 'g', -1, 64) }

func appendPlace(b []byte, value string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(value))), value...)
}

// after has a search go on behind a place.
func after(req *bleve.SearchRequest, b []byte) error {
	var values []string
	for len(b) > 0 {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return bad("cursor", "the place where the search goes on is malformed")
		}
		values = append(values, string(b[k:k+int(n)]))
		b = b[k+int(n):]
	}
	if len(values) != len(req.Sort) {
		return bad("cursor", "the place where the search goes on is of another order")
	}
	req.SetSearchAfter(values)
	return nil
}

// ParseSort reads an order: {"field","ascending"?}, {"price": -1, …}, or an array of
// names, descending where they begin with a minus.
func ParseSort(v doc.Value) (list []SortField, err error) {
	wrong := func(v doc.Value) error {
		return bad("sort", `an order is an object such as {"price": -1} or an array such as ["-price", "_id"], not %.80s`, v.JSON())
	}
	switch v.Kind() {
	case doc.Missing, doc.Null:
	case doc.Array:
		for _, e := range v.List() {
			name := string(e.Str())
			if name == "" || name == "-" {
				return nil, wrong(e)
			}
			down := name[0] == '-'
			if down {
				name = name[1:]
			}
			list = append(list, SortField{name, down})
		}
	case doc.Object:
		if f := v.Field("field"); f.Kind() == doc.String {
			up := v.Field("ascending")
			if only(v, "field", "ascending") != nil || up.Exists() && up.Kind() != doc.Bool {
				return nil, wrong(v)
			}
			return []SortField{{string(f.Str()), up.Exists() && !up.Bool()}}, nil
		}
		v.Fields(func(name []byte, d doc.Value) bool {
			n, ok := d.Int()
			if !ok || n != 1 && n != -1 {
				err = wrong(v)
			}
			list = append(list, SortField{string(name), n < 0})
			return err == nil
		})
	default:
		return nil, wrong(v)
	}
	return list, err
}
