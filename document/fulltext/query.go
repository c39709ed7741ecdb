package fulltext

import (
	"math"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

// The limits of a query.
const (
	MaxClauses = 1024
	maxNesting = 20
	maxText    = 16 << 10
)

// builder makes bleve's queries of ours.
type builder struct {
	x       *Index
	clauses int
}

func bad(field, format string, args ...any) *dberr.Error {
	return invalid("INVALID_SEARCH", field, format, args...)
}

// boosted is a query that can be weighed and bound to a field.
type boosted interface {
	query.Query
	SetField(string)
	SetBoost(float64)
}

// fields is the one named, or all texts.
func (b *builder) fields(path string, kinds []Type) ([]*Field, error) {
	if path != "" {
		f, err := b.x.field(path)
		if err != nil {
			return nil, err
		}
		if !has(kinds, f.Type) {
			return nil, bad("field", "the field %.64q of type %s does not take this query", path, f.Type)
		}
		return []*Field{f}, nil
	}
	var all []*Field
	for i := range b.x.config.Fields {
		if f := &b.x.config.Fields[i]; f.Type == Text {
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return nil, bad("field", "the full-text index has no field of type text, so the query must name one")
	}
	return all, nil
}

// over makes a query for one field, or for all texts with their boosts.
func (b *builder) over(path string, kinds []Type, make func(analyzer string) boosted) (query.Query, error) {
	fields, err := b.fields(path, kinds)
	if err != nil {
		return nil, err
	}
	var all []query.Query
	for _, f := range fields {
		all = append(all, weigh(make(b.x.config.analyzer(f)), f))
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return bleve.NewDisjunctionQuery(all...), nil
}

func has(kinds []Type, t Type) bool {
	for _, k := range kinds {
		if k == t {
			return true
		}
	}
	return false
}

func weigh(q boosted, f *Field) query.Query {
	q.SetField(f.Path)
	if f.Boost != 0 {
		q.SetBoost(f.Boost)
	}
	return q
}

// build makes a query of text, for its words, or of an object of one clause.
func (b *builder) build(v doc.Value, depth int) (query.Query, error) {
	if b.clauses++; b.clauses > MaxClauses {
		return nil, bad("query", "the query has more than %d clauses", MaxClauses)
	}
	if depth > maxNesting {
		return nil, bad("query", "the query is nested deeper than %d", maxNesting)
	}
	switch v.Kind() {
	case doc.String:
		return b.match(v, "", doc.Value{})
	case doc.Object:
	default:
		return nil, bad("query", "a query is text or an object, not %s", v.Kind())
	}
	if v.Len() == 0 {
		return bleve.NewMatchAllQuery(), nil
	}
	for name, fn := range map[string]func(v doc.Value, depth int) (query.Query, error){
		"match": b.matchClause, "phrase": b.phrase, "prefix": b.prefix, "fuzzy": b.fuzzy, "term": b.term, "range": b.ranged, "bool": b.boolean,
	} {
		if v.Field(name).Exists() {
			return fn(v, depth)
		}
	}
	name, _ := v.FieldAt(0)
	return nil, invalid("UNKNOWN_OPERATOR", string(name), "the clause %.40q of a search is not known", name).
		WithHint("known: match, phrase, prefix, fuzzy, term, range, bool")
}

// only holds that an object has no other fields.
func only(v doc.Value, names ...string) error {
	var err error
	v.Fields(func(name []byte, _ doc.Value) bool {
		for _, n := range names {
			if n == string(name) {
				return true
			}
		}
		err = invalid("UNKNOWN_FIELD", string(name), "the field %.40q of a clause is not known", name)
		return false
	})
	return err
}

// words is the text of a clause and the field that it is about.
func words(v doc.Value, clause string) (text, field string, err error) {
	t := v.Field(clause)
	if t.Kind() != doc.String || len(t.Str()) > maxText {
		return "", "", bad(clause, "%s takes text of at most %d bytes", clause, maxText)
	}
	f := v.Field("field")
	if f.Exists() && f.Kind() != doc.String {
		return "", "", bad("field", "the field of a clause must be text, not %s", f.Kind())
	}
	return string(t.Str()), string(f.Str()), nil
}

// matchClause takes {"match","field"?,"operator"?="or"|"and"}.
func (b *builder) matchClause(v doc.Value, _ int) (query.Query, error) {
	if err := only(v, "match", "field", "operator"); err != nil {
		return nil, err
	}
	_, field, err := words(v, "match")
	if err != nil {
		return nil, err
	}
	return b.match(v.Field("match"), field, v.Field("operator"))
}

func (b *builder) match(text doc.Value, field string, operator doc.Value) (query.Query, error) {
	if len(text.Str()) > maxText {
		return nil, bad("query", "a text of %d bytes is longer than %d", len(text.Str()), maxText)
	}
	q := &matchQuery{x: b.x, text: string(text.Str())}
	switch s := string(operator.Str()); {
	case !operator.Exists() || s == "or":
	case s == "and":
		q.all = true
	default:
		return nil, bad("operator", `the operator of match is "or" or "and", not %.40s`, operator.JSON())
	}
	fields, err := b.fields(field, []Type{Text, Keyword})
	for _, f := range fields {
		w := weighted{f.Path, f.Boost, b.x.config.analyzer(f)}
		if w.boost == 0 {
			w.boost = 1
		}
		q.fields = append(q.fields, w)
	}
	return q, err
}

// phrase takes {"phrase","field"?}: these words in this order.
func (b *builder) phrase(v doc.Value, _ int) (query.Query, error) {
	if err := only(v, "phrase", "field"); err != nil {
		return nil, err
	}
	text, field, err := words(v, "phrase")
	if err != nil {
		return nil, err
	}
	return b.over(field, []Type{Text}, func(analyzer string) boosted {
		q := bleve.NewMatchPhraseQuery(text)
		q.Analyzer = analyzer
		return q
	})
}

// prefix takes {"prefix","field"?}: words that begin so.
func (b *builder) prefix(v doc.Value, _ int) (query.Query, error) {
	if err := only(v, "prefix", "field"); err != nil {
		return nil, err
	}
	text, field, err := words(v, "prefix")
	if err == nil && text == "" {
		err = bad("prefix", "a prefix has at least one character")
	}
	if err != nil {
		return nil, err
	}
	return b.over(field, []Type{Text, Keyword}, func(string) boosted { return bleve.NewPrefixQuery(text) })
}

// fuzzy takes {"fuzzy","field"?,"distance"?=1}: words but for so many letters.
func (b *builder) fuzzy(v doc.Value, _ int) (query.Query, error) {
	if err := only(v, "fuzzy", "field", "distance"); err != nil {
		return nil, err
	}
	text, field, err := words(v, "fuzzy")
	if err != nil {
		return nil, err
	}
	distance := int64(1)
	if d := v.Field("distance"); d.Exists() {
		var ok bool
		if distance, ok = d.Int(); !ok || distance < 0 || distance > 2 {
			return nil, bad("distance", "the distance of fuzzy is 0, 1 or 2, not %.40s", d.JSON())
		}
	}
	return b.over(field, []Type{Text, Keyword}, func(analyzer string) boosted {
		q := bleve.NewMatchQuery(text)
		q.Analyzer = analyzer
		q.SetFuzziness(int(distance))
		return q
	})
}

// term takes {"term","field"}: a keyword, number or word as it is indexed.
func (b *builder) term(v doc.Value, _ int) (query.Query, error) {
	if err := only(v, "term", "field"); err != nil {
		return nil, err
	}
	f, err := b.x.field(string(v.Field("field").Str()))
	if err != nil {
		return nil, err
	}
	switch t := v.Field("term"); {
	case f.Type == Number && t.Kind() == doc.Number:
		n, _ := t.Float()
		yes := true
		q := bleve.NewNumericRangeInclusiveQuery(&n, &n, &yes, &yes)
		return weigh(q, f), nil
	case (f.Type == Keyword || f.Type == Text) && t.Kind() == doc.String:
		return weigh(bleve.NewTermQuery(string(t.Str())), f), nil
	case f.Type == Keyword && (t.Kind() == doc.Number || t.Kind() == doc.Bool):
		return weigh(bleve.NewTermQuery(t.JSON()), f), nil
	default:
		return nil, bad("term", "the field %.64q of type %s is not looked up by %s", f.Path, f.Type, t.Kind())
	}
}

// ranged takes {"range":{"field","gt"|"gte"?,"lt"|"lte"?}}.
func (b *builder) ranged(v doc.Value, _ int) (query.Query, error) {
	if err := only(v, "range"); err != nil {
		return nil, err
	}
	r := v.Field("range")
	if r.Kind() != doc.Object {
		return nil, bad("range", `range takes an object such as {"field": "price", "gte": 10}`)
	}
	if err := only(r, "field", "gt", "gte", "lt", "lte"); err != nil {
		return nil, err
	}
	f, err := b.x.field(string(r.Field("field").Str()))
	if err != nil {
		return nil, err
	}
	low, lowIn, err := side(r, "gt", "gte")
	if err != nil {
		return nil, err
	}
	high, highIn, err := side(r, "lt", "lte")
	if err != nil {
		return nil, err
	}
	if !low.Exists() && !high.Exists() {
		return nil, bad("range", "a range has at least one bound")
	}
	switch f.Type {
	case Number:
		return numbers(f, low, high, lowIn, highIn)
	case Date:
		return dates(f, low, high, lowIn, highIn)
	}
	return nil, bad("range", "the field %.64q of type %s has no ranges", f.Path, f.Type)
}

func side(r doc.Value, open, closed string) (v doc.Value, inclusive bool, err error) {
	a, b := r.Field(open), r.Field(closed)
	switch {
	case a.Exists() && b.Exists():
		return a, false, bad(open, "a range has either %s or %s", open, closed)
	case b.Exists():
		return b, true, nil
	}
	return a, false, nil
}

func numbers(f *Field, low, high doc.Value, lowIn, highIn bool) (query.Query, error) {
	var bounds [2]*float64
	for i, v := range []doc.Value{low, high} {
		if !v.Exists() {
			continue
		}
		n, ok := v.Float()
		if !ok || math.IsInf(n, 0) {
			return nil, bad("range", "the bounds of the field %.64q are numbers, not %s", f.Path, v.Kind())
		}
		bounds[i] = &n
	}
	return weigh(bleve.NewNumericRangeInclusiveQuery(bounds[0], bounds[1], &lowIn, &highIn), f), nil
}

func dates(f *Field, low, high doc.Value, lowIn, highIn bool) (query.Query, error) {
	var bounds [2]time.Time
	for i, v := range []doc.Value{low, high} {
		if !v.Exists() {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, string(v.Str()))
		if err != nil {
			return nil, bad("range", "the bounds of the field %.64q are times by RFC 3339, not %.40s", f.Path, v.JSON())
		}
		bounds[i] = t
	}
	return weigh(bleve.NewDateRangeInclusiveQuery(bounds[0], bounds[1], &lowIn, &highIn), f), nil
}

// boolean takes {"bool":{"must"?,"should"?,"must_not"?,"min_should"?}}, each an array of queries.
func (b *builder) boolean(v doc.Value, depth int) (query.Query, error) {
	if err := only(v, "bool"); err != nil {
		return nil, err
	}
	o := v.Field("bool")
	if o.Kind() != doc.Object {
		return nil, bad("bool", "bool takes an object with must, should and must_not")
	}
	if err := only(o, "must", "should", "must_not", "min_should"); err != nil {
		return nil, err
	}
	q := bleve.NewBooleanQuery()
	total := 0
	for name, add := range map[string]func(...query.Query){"must": q.AddMust, "should": q.AddShould, "must_not": q.AddMustNot} {
		list := o.Field(name)
		if !list.Exists() {
			continue
		}
		if list.Kind() != doc.Array {
			return nil, bad(name, "%s takes an array of queries, not %s", name, list.Kind())
		}
		var err error
		list.Elements(func(_ int, e doc.Value) bool {
			var part query.Query
			if part, err = b.build(e, depth+1); err == nil {
				add(part)
				total++
			}
			return err == nil
		})
		if err != nil {
			return nil, err
		}
	}
	if total == 0 {
		return nil, bad("bool", "bool has no queries")
	}
	if m := o.Field("min_should"); m.Exists() {
		n, ok := m.Int()
		if !ok || n < 0 || n > MaxClauses {
			return nil, bad("min_should", "min_should is a whole number, not %.40s", m.JSON())
		}
		q.SetMinShould(float64(n))
	}
	return q, nil
}
