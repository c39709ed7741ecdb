package match

import (
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/expr"
	"github.com/weftdb/weft/internal/dberr"
)

// The limits of a filter.
const (
	MaxNodes        = 20_000
	MaxNesting      = 100
	MaxValues       = 100_000 // of one $in, $nin or $all
	MaxPatternBytes = 16 << 10
)

// manyValues is from where $in looks a value up instead of comparing each.
const manyValues = 12

// elemFields marks an $elemMatch whose condition is on fields of the element.
const elemFields = 1

// Parse compiles a filter from JSON text.
func Parse(text []byte) (*Filter, error) {
	v, err := doc.ParseUnique(text)
	if err != nil {
		return nil, err
	}
	return Compile(v)
}

// Compile compiles a filter. It keeps pieces of v.
func Compile(v doc.Value) (*Filter, error) {
	f, err := CompileWith(new(expr.Compiler), v)
	if err != nil {
		return nil, err
	}
	return f.Bind(nil), nil
}

// CompileWith compiles a filter that is part of something larger, whose compiler
// knows the variables of $expr. They are bound by Bind.
func CompileWith(x *expr.Compiler, v doc.Value) (*Filter, error) {
	if v.Kind() != doc.Object {
		return nil, invalid("filter", "a filter must be an object, not %s", v.Kind())
	}
	c := compiler{expr: x}
	root, err := c.document(v, 0)
	if err != nil {
		return nil, err
	}
	return &Filter{root, c.exprs, v.Bytes()}, nil
}

// All is the filter that holds for every document.
func All() *Filter { return &Filter{root: &Node{Op: And}} }

// Both is the filter that holds where a and b do.
func Both(a, b *Filter) *Filter {
	return &Filter{&Node{Op: And, Children: []*Node{a.root, b.root}}, a.exprs || b.exprs, nil}
}

func invalid(field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, "INVALID_FILTER", format, args...).WithField(field)
}

type compiler struct {
	nodes    int
	expr     *expr.Compiler // nil where $expr may not stand
	exprs    bool           // there is one
	elements int            // how many $elemMatch it is in
}

func (c *compiler) node(n *Node, depth int) (*Node, error) {
	if c.nodes++; c.nodes > MaxNodes {
		return nil, invalid("filter", "the filter has more than %d conditions", MaxNodes)
	}
	if depth > MaxNesting {
		return nil, invalid("filter", "the filter is nested deeper than %d", MaxNesting)
	}
	return n, nil
}

// document compiles {field: condition, $and: …}.
func (c *compiler) document(v doc.Value, depth int) (*Node, error) {
	and, err := c.node(&Node{Op: And}, depth)
	if err != nil {
		return nil, err
	}
	v.Fields(func(name []byte, f doc.Value) bool {
		var n *Node
		if n, err = c.entry(string(name), f, depth+1); err == nil {
			and.Children = append(and.Children, n)
		}
		return err == nil
	})
	return and, err
}

func (c *compiler) entry(name string, v doc.Value, depth int) (*Node, error) {
	if strings.HasPrefix(name, "$") {
		return c.logic(name, v, depth)
	}
	p, err := doc.ParsePath(name)
	if err != nil {
		return nil, err
	}
	return c.condition(p, v, depth)
}

// logic compiles $and, $or and $nor.
func (c *compiler) logic(name string, v doc.Value, depth int) (*Node, error) {
	op := Or
	switch name {
	case "$and":
		op = And
	case "$or", "$nor":
	case "$comment": // which is for who reads the filter
		return c.node(&Node{Op: And}, depth)
	case "$expr":
		return c.expression(v, depth)
	default:
		return nil, unknown(name, logicNames)
	}
	if v.Kind() != doc.Array || v.Len() == 0 {
		return nil, invalid(name, "%s takes an array of at least one filter", name)
	}
	n, err := c.node(&Node{Op: op}, depth)
	if err != nil {
		return nil, err
	}
	v.Elements(func(_ int, e doc.Value) bool {
		if e.Kind() != doc.Object {
			err = invalid(name, "%s takes filters, which are objects, not %s", name, e.Kind())
			return false
		}
		var child *Node
		if child, err = c.document(e, depth+1); err == nil {
			n.Children = append(n.Children, child)
		}
		return err == nil
	})
	if name == "$nor" && err == nil {
		return &Node{Op: Not, Children: []*Node{n}}, nil
	}
	return n, err
}

// expression compiles the argument of $expr.
func (c *compiler) expression(v doc.Value, depth int) (*Node, error) {
	if c.expr == nil || c.elements > 0 {
		return nil, invalid("$expr", "$expr stands in the filter of whole documents, alone or in $and, $or and $nor, and not here")
	}
	x, err := c.expr.Expression(v)
	if err != nil {
		return nil, err
	}
	c.exprs = true
	return c.node(&Node{Op: Expr, expr: x}, depth)
}

// Bind is the filter with the variables of its $expr bound to values. An $expr by
// which a field is equal to a value is given a condition beside it that indexes
// understand.
func (f *Filter) Bind(vars []expr.Binding) *Filter {
	if !f.exprs {
		return f
	}
	return &Filter{f.root.bind(vars), true, f.text}
}

func (n *Node) bind(vars []expr.Binding) *Node {
	out := *n
	switch n.Op {
	case And, Or, Not:
		out.Children = make([]*Node, len(n.Children))
		for i, c := range n.Children {
			out.Children[i] = c.bind(vars)
		}
	case Expr:
		out.vars = vars
		equal := expr.Equalities(n.expr, vars)
		if len(equal) == 0 || n.bound {
			return &out
		}
		out.bound = true
		and := &Node{Op: And}
		for _, e := range equal {
			and.Children = append(and.Children, &Node{Op: Eq, Path: e.Path, Value: e.Value, implied: true})
		}
		and.Children = append(and.Children, &out)
		return and
	}
	return &out
}

// isOperators says whether an object is one of operators; a mixture is an error.
func isOperators(path doc.Path, v doc.Value) (bool, error) {
	if v.Kind() != doc.Object {
		return false, nil
	}
	operators, names := 0, 0
	v.Fields(func(name []byte, _ doc.Value) bool {
		if len(name) > 0 && name[0] == '$' {
			operators++
		} else {
			names++
		}
		return true
	})
	if operators > 0 && names > 0 {
		return false, invalid(path.String(), "the condition on %q mixes operators and fields", path).
			WithHint(`compare with a whole object by {"$eq": {…}}, or with its fields by dotted paths`)
	}
	return operators > 0, nil
}

// condition compiles what stands for a field: a value, or operators.
func (c *compiler) condition(p doc.Path, v doc.Value, depth int) (*Node, error) {
	operators, err := isOperators(p, v)
	if err != nil {
		return nil, err
	}
	if !operators {
		return c.node(&Node{Op: Eq, Path: p, Value: v}, depth)
	}
	return c.operators(p, v, depth)
}

func (c *compiler) operators(p doc.Path, v doc.Value, depth int) (*Node, error) {
	and, err := c.node(&Node{Op: And}, depth)
	if err != nil {
		return nil, err
	}
	options := v.Field("$options")
	if options.Exists() && !v.Field("$regex").Exists() {
		return nil, invalid("$options", "$options stands only beside $regex")
	}
	v.Fields(func(name []byte, arg doc.Value) bool {
		if string(name) == "$options" {
			return true
		}
		build, ok := operatorTable[string(name)]
		if !ok {
			err = unknown(string(name), operatorNames)
			return false
		}
		var n *Node
		if n, err = build(c, string(name), p, arg, options, depth+1); err == nil {
			n, err = c.node(n, depth+1)
			and.Children = append(and.Children, n)
		}
		return err == nil
	})
	if err == nil && len(and.Children) == 1 {
		return and.Children[0], nil
	}
	return and, err
}

type build func(c *compiler, name string, p doc.Path, arg, options doc.Value, depth int) (*Node, error)

var (
	operatorTable map[string]build
	operatorNames []string
	logicNames    = []string{"$and", "$comment", "$expr", "$nor", "$or"}
)

func init() { // the table and the functions in it know each other
	operatorTable = map[string]build{
		"$eq": compare(Eq), "$gt": compare(Gt), "$gte": compare(Gte), "$lt": compare(Lt), "$lte": compare(Lte),
		"$ne": negate(compare(Eq)), "$in": oneOf, "$nin": negate(oneOf), "$not": not,
		"$exists": exists, "$type": types, "$regex": regex,
		"$contains": contains, "$startsWith": text(StartsWith), "$endsWith": text(EndsWith),
		"$mod": mod, "$size": size, "$all": all, "$elemMatch": elemMatch,
		"$bitsAllSet": bits(bitsAllSet), "$bitsAnySet": bits(bitsAnySet), "$bitsAllClear": bits(bitsAllClear), "$bitsAnyClear": bits(bitsAnyClear),
	}
	for name := range operatorTable {
		operatorNames = append(operatorNames, name)
	}
	sort.Strings(operatorNames)
}

func unknown(name string, known []string) error {
	return dberr.New(dberr.ErrInvalid, "UNKNOWN_OPERATOR", "the operator %q is not known here", name).WithField(name).
		WithHint("known here: %s", strings.Join(known, ", "))
}

func compare(op Op) build {
	return func(_ *compiler, _ string, p doc.Path, arg, _ doc.Value, _ int) (*Node, error) {
		return &Node{Op: op, Path: p, Value: arg}, nil
	}
}

func negate(b build) build {
	return func(c *compiler, name string, p doc.Path, arg, options doc.Value, depth int) (*Node, error) {
		n, err := b(c, name, p, arg, options, depth)
		return &Node{Op: Not, Children: []*Node{n}}, err
	}
}

func not(c *compiler, name string, p doc.Path, arg, _ doc.Value, depth int) (*Node, error) {
	operators, err := isOperators(p, arg)
	if err != nil {
		return nil, err
	}
	if !operators {
		return nil, invalid(name, `$not takes operators, such as {"$not": {"$gt": 5}}`).WithHint("for a plain value use $ne")
	}
	n, err := c.operators(p, arg, depth)
	return &Node{Op: Not, Children: []*Node{n}}, err
}

// oneOf takes values and expressions, of which one must hold.
func oneOf(c *compiler, name string, p doc.Path, arg, _ doc.Value, _ int) (*Node, error) {
	given, err := list(name, arg)
	if err != nil {
		return nil, err
	}
	values, either := make([]doc.Value, 0, len(given)), []*Node(nil)
	for _, v := range given {
		if re, ok, err := literalRegex(c, p, v); err != nil {
			return nil, err
		} else if ok {
			either = append(either, re)
			continue
		}
		values = append(values, v)
		if operators, err := isOperators(p, v); err != nil || operators {
			return nil, invalid(name, "%s takes values and expressions by $regex, not operators", name)
		}
	}
	n := &Node{Op: In, Path: p, Values: values}
	if len(values) >= manyValues {
		n.set = make(map[string]struct{}, len(values))
		for _, v := range values {
			n.set[string(doc.AppendKey(nil, v))] = struct{}{}
		}
	}
	switch {
	case len(either) == 0:
		return n, nil
	case len(values) > 0:
		either = append(either, n)
	}
	return &Node{Op: Or, Children: either}, nil
}

func list(name string, arg doc.Value) ([]doc.Value, error) {
	if arg.Kind() != doc.Array {
		return nil, invalid(name, "%s takes an array, not %s", name, arg.Kind())
	}
	if arg.Len() > MaxValues {
		return nil, invalid(name, "%s has %d values, more than %d", name, arg.Len(), MaxValues)
	}
	values := make([]doc.Value, 0, arg.Len())
	arg.Elements(func(_ int, e doc.Value) bool {
		values = append(values, e)
		return true
	})
	return values, nil
}

// exists takes a boolean or, as MongoDB does, a number: not 0 is true.
func exists(_ *compiler, name string, p doc.Path, arg, _ doc.Value, _ int) (*Node, error) {
	want := arg.Bool()
	switch arg.Kind() {
	case doc.Bool:
	case doc.Number:
		f, _ := arg.Float()
		want = f != 0
	default:
		return nil, invalid(name, "$exists takes true or false, not %s", arg.Kind())
	}
	n := &Node{Op: Exists, Path: p}
	if !want {
		return &Node{Op: Not, Children: []*Node{n}}, nil
	}
	return n, nil
}

// typeNames are the names and MongoDB's numbers of types.
var typeNames = map[string]uint32{
	"double": 1<<(16+doc.FloatNumber) | 1<<(16+doc.DecNumber), "1": 1<<(16+doc.FloatNumber) | 1<<(16+doc.DecNumber),
	"string": 1 << doc.String, "2": 1 << doc.String, "object": 1 << doc.Object, "3": 1 << doc.Object,
	"array": 1 << doc.Array, "4": 1 << doc.Array, "bool": 1 << doc.Bool, "8": 1 << doc.Bool, "null": 1 << doc.Null, "10": 1 << doc.Null,
	"int": typeInt32, "16": typeInt32, "long": 1 << (16 + doc.IntNumber), "18": 1 << (16 + doc.IntNumber),
	"decimal": 1 << (16 + doc.DecNumber), "19": 1 << (16 + doc.DecNumber), "number": 1 << doc.Number,
}

func types(_ *compiler, name string, p doc.Path, arg, _ doc.Value, _ int) (*Node, error) {
	n := &Node{Op: Type, Path: p}
	names := []doc.Value{arg}
	if arg.Kind() == doc.Array {
		var err error
		if names, err = list(name, arg); err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, invalid(name, "$type takes at least one type")
		}
	}
	for _, v := range names {
		text := string(v.Str())
		if v.Kind() == doc.Number {
			text = v.JSON()
		}
		bits, ok := typeNames[text]
		if !ok {
			return nil, invalid(name, "%s is no type", v.JSON()).
				WithHint("types are string, number, int, long, double, decimal, bool, null, object, array")
		}
		n.kinds |= bits
	}
	return n, nil
}

func contains(_ *compiler, name string, p doc.Path, arg, _ doc.Value, _ int) (*Node, error) {
	return &Node{Op: Contains, Path: p, Value: arg}, nil
}

func text(op Op) build {
	return func(_ *compiler, name string, p doc.Path, arg, _ doc.Value, _ int) (*Node, error) {
		if arg.Kind() != doc.String {
			return nil, invalid(name, "%s takes a string, not %s", name, arg.Kind())
		}
		return &Node{Op: op, Path: p, Value: arg}, nil
	}
}

// whole is a number as an integer: the whole part, as MongoDB takes it.
func whole(name string, v doc.Value) (int64, error) {
	if n, ok := v.Int(); ok {
		return n, nil
	}
	f, ok := v.Float()
	if !ok || f != f || math.Abs(f) >= 1<<63 {
		return 0, invalid(name, "%s takes numbers within 64 bits, not %s", name, v.Kind())
	}
	return int64(f), nil
}

func mod(_ *compiler, name string, p doc.Path, arg, _ doc.Value, _ int) (*Node, error) {
	if arg.Kind() != doc.Array || arg.Len() != 2 {
		return nil, invalid(name, "$mod takes an array of divisor and remainder")
	}
	divisor, err := whole(name, arg.At(0))
	if err != nil {
		return nil, err
	}
	remainder, err := whole(name, arg.At(1))
	if err != nil {
		return nil, err
	}
	if divisor == 0 {
		return nil, invalid(name, "the divisor of $mod is 0")
	}
	return &Node{Op: Mod, Path: p, divisor: divisor, remainder: remainder}, nil
}

func size(_ *compiler, name string, p doc.Path, arg, _ doc.Value, _ int) (*Node, error) {
	n, ok := arg.Int()
	if !ok {
		f, isNumber := arg.Float()
		n = int64(f)
		ok = isNumber && f == float64(n)
	}
	if !ok || n < 0 {
		return nil, invalid(name, "$size takes a whole number that is not negative, not %s", arg.JSON())
	}
	return &Node{Op: Size, Path: p, size: int(min(n, math.MaxInt32))}, nil
}

// all holds if each of its values is equal to the value or one of its elements, or
// each of its $elemMatch holds.
func all(c *compiler, name string, p doc.Path, arg, _ doc.Value, depth int) (*Node, error) {
	values, err := list(name, arg)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return &Node{Op: Or}, nil // MongoDB: matches nothing
	}
	and := &Node{Op: And}
	for _, v := range values {
		operators, err := isOperators(p, v)
		if err != nil {
			return nil, err
		}
		n := &Node{Op: Eq, Path: p, Value: v}
		if re, ok, err := literalRegex(c, p, v); err != nil {
			return nil, err
		} else if ok {
			n, operators = re, false
		}
		if operators {
			arg := v.Field("$elemMatch")
			if !arg.Exists() || v.Len() != 1 {
				return nil, invalid(name, "$all takes values, expressions by $regex, or only $elemMatch")
			}
			if n, err = elemMatch(c, "$elemMatch", p, arg, doc.Value{}, depth+1); err != nil {
				return nil, err
			}
		}
		if n, err = c.node(n, depth); err != nil {
			return nil, err
		}
		and.Children = append(and.Children, n)
	}
	return and, nil
}

// elemMatch takes operators on the element itself, or a filter on its fields.
func elemMatch(c *compiler, name string, p doc.Path, arg, _ doc.Value, depth int) (*Node, error) {
	if arg.Kind() != doc.Object {
		return nil, invalid(name, "$elemMatch takes an object, not %s", arg.Kind())
	}
	onValue := arg.Len() > 0
	arg.Fields(func(f []byte, _ doc.Value) bool {
		_, known := operatorTable[string(f)]
		onValue = onValue && (known || string(f) == "$options")
		return onValue
	})
	n := &Node{Op: ElemMatch, Path: p}
	c.elements++
	child, err := c.operatorsOrFields(onValue, arg, depth+1)
	c.elements--
	if !onValue {
		n.size = elemFields
	}
	n.Children = []*Node{child}
	return n, err
}

func (c *compiler) operatorsOrFields(operators bool, arg doc.Value, depth int) (*Node, error) {
	if operators {
		return c.operators(nil, arg, depth)
	}
	return c.document(arg, depth)
}

// CompileElement compiles a condition on a value that is not a field of anything,
// such as an element of an array: operators on the value itself, a filter on its
// fields, or a value that it must be equal to.
func CompileElement(v doc.Value) (*Filter, error) {
	c := compiler{}
	operators, err := isOperators(nil, v)
	if err != nil {
		return nil, err
	}
	var n *Node
	switch {
	case operators:
		n, err = c.operators(nil, v, 0)
	case v.Kind() == doc.Object:
		if n, err = c.document(v, 0); err == nil {
			object := &Node{Op: Type, kinds: 1 << doc.Object}
			n.Children = append([]*Node{object}, n.Children...)
		}
	default:
		n = &Node{Op: Eq, Value: v}
	}
	return &Filter{root: n}, err
}

// Equality is a path that a filter wants equal to one value.
type Equality struct {
	Path  doc.Path
	Value doc.Value
}

// Equalities are the values that every document has for which the filter holds and
// that are made from it: what an upsert begins with.
func (f *Filter) Equalities() []Equality { return f.root.equalities(nil) }

func (n *Node) equalities(list []Equality) []Equality {
	switch {
	case n.Op == Eq && !n.implied:
		list = append(list, Equality{n.Path, n.Value})
	case n.Op == And, n.Op == Or && len(n.Children) == 1:
		for _, c := range n.Children {
			list = c.equalities(list)
		}
	}
	return list
}

// Names are the first steps of the paths of the filter, each once.
func (f *Filter) Names() []string {
	var names []string
	f.root.each(func(n *Node) {
		if len(n.Path) > 0 && !slices.Contains(names, n.Path[0]) {
			names = append(names, n.Path[0])
		}
	})
	return names
}

// each calls fn for the conditions on the document itself, not those within $elemMatch.
func (n *Node) each(fn func(*Node)) {
	fn(n)
	if n.Op == ElemMatch {
		return
	}
	for _, c := range n.Children {
		c.each(fn)
	}
}
