package pipeline

import (
	"math/rand/v2"
	"slices"
	"sort"
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
)

type buildStage func(c *compiler, name string, arg doc.Value) (stage, error)

var (
	stageTable map[string]buildStage
	stageNames []string
)

func init() { // the table and the functions in it know each other
	stageTable = map[string]buildStage{
		"$match": newMatch, "$project": newProject, "$addFields": newAddFields, "$set": newAddFields, "$unset": newUnset,
		"$replaceRoot": newReplaceRoot, "$replaceWith": newReplaceRoot,
		"$sort": newSort, "$limit": newLimit, "$skip": newSkip, "$count": newCount, "$sample": newSample,
		"$unwind": newUnwind, "$group": newGroup, "$bucket": newBucket, "$sortByCount": newSortByCount,
		"$lookup": newLookup, "$facet": newFacet,
	}
	for name := range stageTable {
		stageNames = append(stageNames, name)
	}
	stageNames = append(stageNames, "$out")
	sort.Strings(stageNames)
}

// each makes a stage of a function on one document; Missing leaves it out.
type each func(r *run, v doc.Value) (doc.Value, error)

func (fn each) run(r *run, in Iter) (Iter, error) {
	return func() (doc.Value, error) {
		for {
			v, err := in()
			if err != nil || !v.Exists() {
				return v, err
			}
			if v, err = fn(r, v); err != nil || v.Exists() {
				return v, err
			}
		}
	}, nil
}

type matchStage struct {
	each
	filter *match.Filter
}

func newMatch(_ *compiler, _ string, arg doc.Value) (stage, error) {
	f, err := match.Compile(arg)
	return &matchStage{func(_ *run, v doc.Value) (doc.Value, error) {
		if f.Match(v) {
			return v, nil
		}
		return doc.Value{}, nil
	}, f}, err
}

// shape is what $project and $addFields make of the fields of an object.
type shape struct {
	fields map[string]*shape
	order  []string
	keep   bool // the field as it is, of $project
	drop   bool // the field is left out, of $project
	expr   expr // its value
}

func (s *shape) at(path doc.Path) (*shape, error) {
	for i, step := range path {
		if s.fields == nil {
			s.fields = map[string]*shape{}
		}
		next := s.fields[step]
		if next == nil {
			next = &shape{}
			s.fields[step] = next
			s.order = append(s.order, step)
		} else if i == len(path)-1 || next.keep || next.drop || next.expr != nil {
			return nil, invalid(path.String(), "the paths %q and %q are of one field", path[:i+1], path)
		}
		s = next
	}
	return s, nil
}

// add compiles one field of $project or $addFields.
func (c *compiler) add(s *shape, name string, v doc.Value, project bool) error {
	p, err := doc.ParsePath(name)
	if err != nil {
		return err
	}
	if strings.HasPrefix(name, "$") {
		return invalid(name, "the field %q begins with $", name)
	}
	if v.Kind() == doc.Object && v.Len() > 0 {
		if first, _ := v.FieldAt(0); len(first) == 0 || first[0] != '$' {
			var err error
			v.Fields(func(f []byte, e doc.Value) bool {
				err = c.add(s, name+"."+string(f), e, project)
				return err == nil
			})
			return err
		}
	}
	at, err := s.at(p)
	if err != nil {
		return err
	}
	if project && (v.Kind() == doc.Bool || v.Kind() == doc.Number) {
		at.keep = truth(v)
		at.drop = !at.keep
		return nil
	}
	at.expr, err = c.expression(v)
	return err
}

// apply makes the fields that s names of v. With whole the others stay.
func (s *shape) apply(e *env, v doc.Value, whole bool) (doc.Value, error) {
	var out []doc.Field
	done := map[string]bool{}
	var err error
	v.Fields(func(name []byte, f doc.Value) bool {
		n := string(name)
		at := s.fields[n]
		switch {
		case at == nil:
			if whole {
				out = append(out, doc.Field{Name: n, Value: f})
			}
			return true
		case at.drop:
			return true
		case at.keep:
			out = append(out, doc.Field{Name: n, Value: f})
			return true
		case at.expr != nil && !whole:
			return true // in the order of the stage
		}
		done[n] = true
		var made doc.Value
		if made, err = at.value(e, f, whole); err == nil && made.Exists() {
			out = append(out, doc.Field{Name: n, Value: made})
		}
		return err == nil
	})
	for _, n := range s.order {
		at := s.fields[n]
		if err != nil || done[n] || at.keep || at.drop || !whole && at.expr == nil && !at.makes() {
			continue
		}
		var made doc.Value
		if made, err = at.value(e, doc.Value{}, whole); err == nil && made.Exists() {
			out = append(out, doc.Field{Name: n, Value: made})
		}
	}
	return doc.Of(doc.AppendObject(nil, out)), err
}

// makes says whether a value is made below s, also where nothing is there.
func (s *shape) makes() bool {
	if s.expr != nil {
		return true
	}
	for _, below := range s.fields {
		if below.makes() {
			return true
		}
	}
	return false
}

// value goes on below a field: in an object, in the elements of an array, or where
// nothing is, in a new object.
func (s *shape) value(e *env, f doc.Value, whole bool) (doc.Value, error) {
	if s.expr != nil {
		return s.expr.eval(e)
	}
	switch f.Kind() {
	case doc.Object:
		return s.apply(e, f, whole)
	case doc.Array:
		var out []doc.Value
		var err error
		f.Elements(func(_ int, item doc.Value) bool {
			var made doc.Value
			if made, err = s.value(e, item, whole); err == nil && made.Exists() {
				out = append(out, made)
			}
			return err == nil
		})
		return array(out), err
	}
	if s.makes() {
		return s.apply(e, doc.Of(doc.AppendObject(nil, nil)), whole)
	}
	if whole {
		return f, nil
	}
	return doc.Value{}, nil
}

func newAddFields(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object || arg.Len() == 0 {
		return nil, invalid(name, "%s takes an object of fields", name)
	}
	s := &shape{}
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		err = c.add(s, string(field), v, false)
		return err == nil
	})
	return each(func(_ *run, v doc.Value) (doc.Value, error) {
		return s.apply(&env{root: v}, v, true)
	}), err
}

func newProject(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object || arg.Len() == 0 {
		return nil, invalid(name, "$project takes an object of fields")
	}
	s := &shape{}
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		err = c.add(s, string(field), v, true)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	id := s.fields["_id"]
	includes, excludes := s.kinds(true)
	if includes && excludes {
		return nil, invalid(name, "$project names either what is returned or what is left out, but for _id")
	}
	whole := !includes && (excludes || id != nil && id.drop)
	if !whole && id == nil {
		s.fields["_id"] = &shape{keep: true}
	}
	return each(func(_ *run, v doc.Value) (doc.Value, error) {
		return s.apply(&env{root: v}, v, whole)
	}), nil
}

// kinds says whether fields are included or made, and whether some are left out.
func (s *shape) kinds(top bool) (includes, excludes bool) {
	for name, f := range s.fields {
		if top && name == "_id" && f.fields == nil {
			includes = includes || f.expr != nil
			continue
		}
		in, ex := f.kinds(false)
		includes = includes || in || f.keep || f.expr != nil
		excludes = excludes || ex || f.drop
	}
	return includes, excludes
}

func newUnset(c *compiler, name string, arg doc.Value) (stage, error) {
	names := []doc.Value{arg}
	if arg.Kind() == doc.Array {
		names = elements(arg)
	}
	if len(names) == 0 {
		return nil, invalid(name, "$unset takes at least one path")
	}
	s := &shape{}
	for _, n := range names {
		if n.Kind() != doc.String {
			return nil, invalid(name, "$unset takes paths, not %s", n.Kind())
		}
		if err := c.add(s, string(n.Str()), boolean(false), true); err != nil {
			return nil, err
		}
	}
	return each(func(_ *run, v doc.Value) (doc.Value, error) {
		return s.apply(&env{root: v}, v, true)
	}), nil
}

func newReplaceRoot(c *compiler, name string, arg doc.Value) (stage, error) {
	if name == "$replaceRoot" {
		if arg.Kind() != doc.Object || arg.Len() != 1 || !arg.Field("newRoot").Exists() {
			return nil, invalid(name, `$replaceRoot takes the field "newRoot"`)
		}
		arg = arg.Field("newRoot")
	}
	x, err := c.expression(arg)
	return each(func(_ *run, v doc.Value) (doc.Value, error) {
		out, err := x.eval(&env{root: v})
		if err == nil && out.Kind() != doc.Object {
			err = cannot(name, "%s needs an object, not %s", name, out.Kind())
		}
		return out, err
	}), err
}

// order is an order of documents.
type order []orderKey

type orderKey struct {
	path doc.Path // nil: the value itself
	sign int
}

func parseOrder(name string, v doc.Value, values bool) (order, error) {
	if values && v.Kind() == doc.Number {
		sign, err := orderSign(name, v)
		return order{{nil, sign}}, err
	}
	if v.Kind() != doc.Object || v.Len() == 0 || v.Len() > 32 {
		return nil, invalid(name, "%s takes an object of 1 to 32 fields and directions", name)
	}
	var o order
	var err error
	v.Fields(func(field []byte, d doc.Value) bool {
		var k orderKey
		if k.path, err = doc.ParsePath(string(field)); err == nil {
			k.sign, err = orderSign(name, d)
		}
		o = append(o, k)
		return err == nil
	})
	return o, err
}

func orderSign(name string, v doc.Value) (int, error) {
	if f, ok := v.Float(); ok && (f == 1 || f == -1) {
		return int(f), nil
	}
	return 0, invalid(name, "a direction of %s is 1 or -1, not %s", name, v.JSON())
}

func (o order) compare(a, b doc.Value) int {
	for _, k := range o {
		x, y := a, b
		if k.path != nil {
			x, y = k.value(a), k.value(b)
		}
		if c := doc.Compare(x, y); c != 0 {
			return c * k.sign
		}
	}
	return 0
}

// value is what a document is ordered by: of the elements of arrays the least, in
// descending order the greatest.
func (k *orderKey) value(v doc.Value) (best doc.Value) {
	first := true
	take := func(e doc.Value) bool {
		if first || doc.Compare(e, best)*k.sign < 0 {
			best, first = e, false
		}
		return true
	}
	v.Walk(k.path, func(leaf doc.Value, _ int) bool {
		if leaf.Kind() == doc.Array && leaf.Len() > 0 {
			leaf.Elements(func(_ int, e doc.Value) bool { return take(e) })
			return true
		}
		return take(leaf)
	})
	return best
}

type sortStage struct{ order order }

func newSort(_ *compiler, name string, arg doc.Value) (stage, error) {
	o, err := parseOrder(name, arg, false)
	return &sortStage{o}, err
}

func (s *sortStage) run(r *run, in Iter) (Iter, error) {
	docs, err := r.collect("$sort", in)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(docs, s.order.compare)
	return list(docs), nil
}

// collect holds all documents.
func (r *run) collect(stage string, in Iter) (docs []doc.Value, err error) {
	for {
		v, err := in()
		if err != nil || !v.Exists() {
			return docs, err
		}
		if err := r.hold(stage, len(v.Bytes())); err != nil {
			return nil, err
		}
		docs = append(docs, v)
	}
}

func count(name string, arg doc.Value, least int64) (int64, error) {
	n, ok := arg.Int()
	if !ok || n < least {
		return 0, invalid(name, "%s takes a whole number from %d, not %s", name, least, arg.JSON())
	}
	return n, nil
}

type limitStage int64

func newLimit(_ *compiler, name string, arg doc.Value) (stage, error) {
	n, err := count(name, arg, 1)
	return limitStage(n), err
}

func (n limitStage) run(_ *run, in Iter) (Iter, error) {
	left := int64(n)
	return func() (doc.Value, error) {
		if left == 0 {
			return doc.Value{}, nil
		}
		left--
		return in()
	}, nil
}

type skipStage int64

func newSkip(_ *compiler, name string, arg doc.Value) (stage, error) {
	n, err := count(name, arg, 0)
	return skipStage(n), err
}

func (n skipStage) run(_ *run, in Iter) (Iter, error) {
	left := int64(n)
	return func() (doc.Value, error) {
		for ; left > 0; left-- {
			if v, err := in(); err != nil || !v.Exists() {
				return v, err
			}
		}
		return in()
	}, nil
}

type countStage string

func newCount(_ *compiler, name string, arg doc.Value) (stage, error) {
	s := string(arg.Str())
	if s == "" || s[0] == '$' || strings.Contains(s, ".") {
		return nil, invalid(name, "$count takes the name of a field, without $ and dots")
	}
	return countStage(s), nil
}

// run gives one document, or none where there is nothing to count.
func (s countStage) run(_ *run, in Iter) (Iter, error) {
	done := false
	return func() (doc.Value, error) {
		if done {
			return doc.Value{}, nil
		}
		done = true
		for n := int64(0); ; n++ {
			v, err := in()
			if err != nil {
				return v, err
			}
			if !v.Exists() {
				if n == 0 {
					return v, nil
				}
				return doc.Of(doc.AppendObject(nil, []doc.Field{{Name: string(s), Value: integer(n)}})), nil
			}
		}
	}, nil
}

type sampleStage int64

func newSample(_ *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object || arg.Len() != 1 {
		return nil, invalid(name, `$sample takes {"size": n}`)
	}
	n, err := count(name, arg.Field("size"), 1)
	return sampleStage(n), err
}

// run keeps a uniform sample (reservoir sampling, Vitter's algorithm R).
func (n sampleStage) run(r *run, in Iter) (Iter, error) {
	var docs []doc.Value
	for seen := int64(1); ; seen++ {
		v, err := in()
		if err != nil {
			return nil, err
		}
		if !v.Exists() {
			rand.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
			return list(docs), nil
		}
		if int64(len(docs)) < int64(n) {
			if err := r.hold("$sample", len(v.Bytes())); err != nil {
				return nil, err
			}
			docs = append(docs, v)
		} else if i := rand.Int64N(seen); i < int64(n) {
			if err := r.hold("$sample", len(v.Bytes())-len(docs[i].Bytes())); err != nil {
				return nil, err
			}
			docs[i] = v
		}
	}
}

// newUnwind takes "$path" or {"path","includeArrayIndex"?,"preserveNullAndEmptyArrays"?}.
func newUnwind(c *compiler, name string, arg doc.Value) (stage, error) {
	p, index, keep := arg, "", false
	if arg.Kind() == doc.Object {
		p = arg.Field("path")
		var err error
		arg.Fields(func(field []byte, v doc.Value) bool {
			switch string(field) {
			case "path":
			case "includeArrayIndex":
				index = string(v.Str())
				if index == "" || index[0] == '$' {
					err = invalid(name, "includeArrayIndex must be the name of a field")
				}
			case "preserveNullAndEmptyArrays":
				keep = v.Bool()
				if v.Kind() != doc.Bool {
					err = invalid(name, "preserveNullAndEmptyArrays must be true or false")
				}
			default:
				err = invalid(name, "$unwind does not know the field %q", field)
			}
			return err == nil
		})
		if err != nil {
			return nil, err
		}
	}
	if s := string(p.Str()); len(s) < 2 || s[0] != '$' || s[1] == '$' {
		return nil, invalid(name, `$unwind takes a path such as "$items"`)
	}
	steps, err := doc.ParsePath(string(p.Str()[1:]))
	return &unwindStage{steps, index, keep}, err
}

type unwindStage struct {
	path  doc.Path
	index string
	keep  bool
}

func (s *unwindStage) run(_ *run, in Iter) (Iter, error) {
	var pending []doc.Value
	return func() (doc.Value, error) {
		for len(pending) == 0 {
			v, err := in()
			if err != nil || !v.Exists() {
				return v, err
			}
			pending = s.unwind(v)
		}
		v := pending[0]
		pending = pending[1:]
		return v, nil
	}, nil
}

func (s *unwindStage) unwind(v doc.Value) []doc.Value {
	at := v
	for _, step := range s.path {
		at = at.Field(step)
	}
	if at.Kind() != doc.Array {
		if isNull(at) && !s.keep {
			return nil
		}
		return []doc.Value{s.with(v, at, null)}
	}
	if at.Len() == 0 && s.keep {
		return []doc.Value{s.with(v, doc.Value{}, null)}
	}
	var out []doc.Value
	at.Elements(func(i int, e doc.Value) bool {
		out = append(out, s.with(v, e, integer(int64(i))))
		return true
	})
	return out
}

// with is the document with e in place of the array, and its index.
func (s *unwindStage) with(v, e, index doc.Value) doc.Value {
	n := doc.NewNode(v)
	at := n
	for _, step := range s.path[:len(s.path)-1] {
		if at = at.Field(step); at == nil {
			break
		}
	}
	last := s.path[len(s.path)-1]
	if at != nil {
		switch f := at.Field(last); {
		case f != nil && e.Exists():
			f.Set(e)
		case f != nil:
			at.RemoveField(last)
		}
	}
	if s.index != "" {
		n.RemoveField(s.index)
		n.AddField(s.index, doc.NewNode(index))
	}
	return n.Value()
}

// newFacet takes {"name": pipeline, …}.
func newFacet(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object || arg.Len() == 0 {
		return nil, invalid(name, "$facet takes an object of pipelines")
	}
	var f facetStage
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		var p *Pipeline
		if p, err = c.pipeline(v, false); err == nil {
			f.names, f.pipelines = append(f.names, string(field)), append(f.pipelines, p)
		}
		return err == nil
	})
	return &f, err
}

type facetStage struct {
	names     []string
	pipelines []*Pipeline
}

func (f *facetStage) run(r *run, in Iter) (Iter, error) {
	docs, err := r.collect("$facet", in)
	if err != nil {
		return nil, err
	}
	var fields []doc.Field
	for i, p := range f.pipelines {
		out, err := p.whole(r, list(docs))
		if err != nil {
			return nil, err
		}
		found, err := r.collect("$facet", out)
		if err != nil {
			return nil, err
		}
		fields = append(fields, doc.Field{Name: f.names[i], Value: array(found)})
	}
	return list([]doc.Value{doc.Of(doc.AppendObject(nil, fields))}), nil
}

// newLookup takes {"from","localField","foreignField","as","pipeline"?}.
func newLookup(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object {
		return nil, invalid(name, "$lookup takes an object")
	}
	l := &lookupStage{}
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		switch s := string(v.Str()); string(field) {
		case "from":
			l.from = s
		case "localField":
			l.local, err = doc.ParsePath(s)
		case "foreignField":
			l.foreign = s
			_, err = doc.ParsePath(s)
		case "as":
			l.as = s
		case "pipeline":
			l.pipeline, err = c.pipeline(v, false)
		default:
			err = invalid(name, "$lookup does not know the field %q", field).WithHint("known here: from, localField, foreignField, as, pipeline")
		}
		return err == nil
	})
	if err == nil && (l.from == "" || l.as == "" || l.as[0] == '$' || (l.local == nil) != (l.foreign == "") || l.local == nil && l.pipeline == nil) {
		err = invalid(name, `$lookup needs "from", "as", and "localField" with "foreignField" or a "pipeline"`)
	}
	return l, err
}

type lookupStage struct {
	from, as, foreign string
	local             doc.Path
	pipeline          *Pipeline
}

func (l *lookupStage) run(r *run, in Iter) (Iter, error) {
	return func() (doc.Value, error) {
		v, err := in()
		if err != nil || !v.Exists() {
			return v, err
		}
		found, err := l.find(r, v)
		if err != nil {
			return v, err
		}
		n := doc.NewNode(v)
		if f := n.Field(l.as); f != nil {
			f.Set(found)
		} else {
			n.AddField(l.as, doc.NewNode(found))
		}
		return n.Value(), nil
	}, nil
}

// find gives the documents that belong to v: those whose foreign field is equal to
// its local one, or to one of its elements.
func (l *lookupStage) find(r *run, v doc.Value) (doc.Value, error) {
	f := match.All()
	if l.local != nil {
		want := follow(v, l.local)
		if !want.Exists() {
			want = null
		}
		values := []doc.Value{want}
		if want.Kind() == doc.Array {
			values = elements(want)
		}
		cond := doc.Of(doc.AppendObject(nil, []doc.Field{{Name: "$in", Value: array(values)}}))
		var err error
		if f, err = match.Compile(doc.Of(doc.AppendObject(nil, []doc.Field{{Name: l.foreign, Value: cond}}))); err != nil {
			return v, err
		}
	}
	in, err := r.src.Find(r.ctx, l.from, f)
	if err != nil {
		return v, err
	}
	in = r.checked(in)
	if l.pipeline != nil {
		if in, err = l.pipeline.whole(r, in); err != nil {
			return v, err
		}
	}
	var out []doc.Value
	total := 0
	for {
		d, err := in()
		if err != nil {
			return v, err
		}
		if !d.Exists() {
			return array(out), nil
		}
		if total += len(d.Bytes()); total > maxLookupBytes {
			return v, cannot("$lookup", "one document has more than %d bytes of documents that belong to it", maxLookupBytes)
		}
		out = append(out, d)
	}
}

// maxLookupBytes bounds what $lookup adds to one document.
const maxLookupBytes = 16 << 20
