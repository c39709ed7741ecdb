package catalog

import (
	"math"
	"slices"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// BodyForm is the way in which the body of a function was written.
type BodyForm uint8

// The forms. The text of a BodyText means what the search path of its caller says; those of the
// others have full names, and hold what they name.
const (
	BodyText BodyForm = iota
	BodyReturn
	BodyAtomic
)

// FuncArg is a parameter of a function, or a column of the TABLE that it returns.
type FuncArg struct {
	Name    string // "" where it has none
	Mode    byte   // 'i' in, 'o' out, 'b' both, 'v' variadic, 't' a column
	Type    sqltype.Type
	Domain  keyspace.ObjectID // as in Column
	Default string            // its expression as SQL text, "" where there is none
}

// Input reports whether calls give a value for the parameter.
func (a *FuncArg) Input() bool { return a.Mode == 'i' || a.Mode == 'b' || a.Mode == 'v' }

// Output reports whether the parameter is part of the result.
func (a *FuncArg) Output() bool { return a.Mode == 'o' || a.Mode == 'b' || a.Mode == 't' }

// Function is a function in language SQL. It is immutable: DDL makes a new one.
type Function struct {
	ID           keyspace.ObjectID
	DB           keyspace.DatabaseID
	Schema, Name string
	Args         []FuncArg
	// Returns is the type of the result: where there are several outputs a record without fields,
	// which Result gives. RowOf is the table whose rows are returned, 0 where that is not so.
	Returns       sqltype.Type
	ReturnsDomain keyspace.ObjectID
	RowOf         keyspace.ObjectID
	Set           bool // it returns a set
	Strict        bool // NULL where an argument is
	Leakproof     bool
	Volatility    byte // 'i', 's' or 'v'
	Parallel      byte // 's', 'r' or 'u'
	Cost, Rows    float64
	Form          BodyForm
	Body          string              // SQL text
	Reads         []keyspace.ObjectID // tables and views that a body with full names reads
	Comment       string
}

// Inputs are the parameters that calls give values for.
func (f *Function) Inputs() (list []FuncArg) {
	for i := range f.Args {
		if f.Args[i].Input() {
			list = append(list, f.Args[i])
		}
	}
	return list
}

// Outputs are the parameters and columns that make up the result.
func (f *Function) Outputs() (list []FuncArg) {
	for i := range f.Args {
		if f.Args[i].Output() {
			list = append(list, f.Args[i])
		}
	}
	return list
}

// InputTypes are the types that tell the function from others of its name.
func (f *Function) InputTypes() (list []sqltype.Type) {
	for _, a := range f.Inputs() {
		list = append(list, a.Type)
	}
	return list
}

// Clone copies a function so that DDL may change the copy.
func (f *Function) Clone() *Function {
	c := *f
	c.Args, c.Reads = slices.Clone(f.Args), slices.Clone(f.Reads)
	return &c
}

// Function finds a function by id; nil where there is none.
func (s *Snapshot) Function(id keyspace.ObjectID) *Function { return s.functions[id] }

// FunctionsNamed lists the functions of a name, in all schemas. The list is shared and must not
// be changed.
func (s *Snapshot) FunctionsNamed(name string) []*Function {
	if s == nil {
		return nil
	}
	return s.functionNames[name]
}

// FunctionLike finds the function with a name and types of its inputs; nil where there is none.
func (s *Snapshot) FunctionLike(schema, name string, types []sqltype.Type) *Function {
	for _, f := range s.functionNames[name] {
		if f.Schema == schema && slices.Equal(f.InputTypes(), types) {
			return f
		}
	}
	return nil
}

// Functions lists all functions by schema and name, those of one name in the order in which they were made.
func (s *Snapshot) Functions() []*Function {
	list := make([]*Function, 0, len(s.functions))
	for _, f := range s.functions {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b *Function) int {
		switch {
		case a.Schema != b.Schema:
			return compare(a.Schema < b.Schema)
		case a.Name != b.Name:
			return compare(a.Name < b.Name)
		}
		return compare(a.ID < b.ID)
	})
	return list
}

func compare(less bool) int {
	if less {
		return -1
	}
	return 1
}

func (s *Snapshot) addFunction(f *Function) {
	s.functions[f.ID] = f
	s.functionNames[f.Name] = append(slices.Clip(s.functionNames[f.Name]), f)
}

func (s *Snapshot) removeFunction(f *Function) {
	delete(s.functions, f.ID)
	s.functionNames[f.Name] = slices.DeleteFunc(slices.Clone(s.functionNames[f.Name]), func(o *Function) bool { return o.ID == f.ID })
}

// PutFunction adds or replaces a function.
func (e *Editor) PutFunction(f *Function) error {
	f.DB = e.DB
	if old := e.functions[f.ID]; old != nil {
		e.removeFunction(old)
	}
	e.addFunction(f)
	return e.tx.Put(idKey(e.DB, recFunction, f.ID), encodeFunction(f))
}

// DropFunction removes a function.
func (e *Editor) DropFunction(f *Function) error {
	e.removeFunction(f)
	return e.tx.Delete(idKey(e.DB, recFunction, f.ID))
}

const functionFormat = 1

func encodeFunction(f *Function) []byte {
	w := &writer{}
	w.byte(functionFormat)
	w.uint(uint64(f.ID))
	w.str(f.Schema)
	w.str(f.Name)
	w.uint(uint64(len(f.Args)))
	for _, a := range f.Args {
		w.str(a.Name)
		w.byte(a.Mode)
		w.typ(a.Type)
		w.uint(uint64(a.Domain))
		w.str(a.Default)
	}
	w.typ(f.Returns)
	w.uint(uint64(f.ReturnsDomain))
	w.uint(uint64(f.RowOf))
	w.flags(f.Set, f.Strict, f.Leakproof)
	w.byte(f.Volatility)
	w.byte(f.Parallel)
	w.uint(math.Float64bits(f.Cost))
	w.uint(math.Float64bits(f.Rows))
	w.byte(byte(f.Form))
	w.str(f.Body)
	writeObjectIDs(w, f.Reads)
	w.str(f.Comment)
	return w.b
}

func decodeFunction(b []byte) (*Function, error) {
	r := &reader{b: b}
	r.format(functionFormat)
	f := &Function{ID: keyspace.ObjectID(r.uint()), Schema: r.str(), Name: r.str()}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		a := FuncArg{Name: r.str(), Mode: r.byte(), Type: r.typ(), Domain: keyspace.ObjectID(r.uint()), Default: r.str()}
		r.oneOf("iobvt", a.Mode)
		f.Args = append(f.Args, a)
	}
	f.Returns, f.ReturnsDomain, f.RowOf = r.typ(), keyspace.ObjectID(r.uint()), keyspace.ObjectID(r.uint())
	r.flags(&f.Set, &f.Strict, &f.Leakproof)
	f.Volatility, f.Parallel = r.byte(), r.byte()
	r.oneOf("isv", f.Volatility)
	r.oneOf("sru", f.Parallel)
	f.Cost, f.Rows = math.Float64frombits(r.uint()), math.Float64frombits(r.uint())
	f.Form, f.Body = BodyForm(r.byte()), r.str()
	f.Reads, f.Comment = readObjectIDs(r), r.str()
	if f.Form > BodyAtomic {
		r.fail("unknown form of a body")
	}
	return f, r.done()
}

// oneOf checks a byte that is one of some letters.
func (r *reader) oneOf(letters string, b byte) {
	for i := range len(letters) {
		if letters[i] == b {
			return
		}
	}
	r.fail("unknown letter")
}
