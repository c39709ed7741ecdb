package ast

// BodyForm is the way in which the body of a function was written.
type BodyForm uint8

// The forms.
const (
	BodyText   BodyForm = iota // AS 'text'
	BodyReturn                 // RETURN expression: Body is the SELECT of it
	BodyAtomic                 // BEGIN ATOMIC … END
)

// FuncParam is a parameter of a function.
type FuncParam struct {
	Loc
	Name    string // "" where it has none
	Mode    byte   // 'i' IN, 'o' OUT, 'b' INOUT, 'v' VARIADIC, 't' a column of TABLE
	Type    *TypeName
	Default Expr // nil where it has none
}

// FuncOptions are the attributes of a function; those that were not given are nil, 0 or "".
type FuncOptions struct {
	Volatility byte // 'i', 's' or 'v'
	Strict     *bool
	Leakproof  *bool
	Parallel   byte // 's', 'r' or 'u'
	Cost, Rows string
}

// CreateFunction is CREATE FUNCTION in language SQL.
type CreateFunction struct {
	Span
	Name      Name
	OrReplace bool
	Params    []FuncParam
	Returns   *TypeName // nil where not given; of TABLE it is SETOF
	Language  string    // "" where not given
	Form      BodyForm
	Body      string // SQL text
	Options   FuncOptions
}

// Routine names a function, with the types of its input parameters where those were given.
type Routine struct {
	Name
	Types  []*TypeName
	Params []FuncParam // as written: names, modes and outputs tell nothing
	Bare   bool        // no list of types
}

// AlterFunction is ALTER FUNCTION with attributes.
type AlterFunction struct {
	Span
	Func    Routine
	Options FuncOptions
}

func (*CreateFunction) stmt() {}
func (*AlterFunction) stmt()  {}
