package ast

// LiteralKind is the kind of a literal.
type LiteralKind uint8

// The kinds of literals.
const (
	LitNull    LiteralKind = iota
	LitBool                // Text is "true" or "false"
	LitInt                 // Text holds decimal digits, of any length
	LitDecimal             // Text holds a decimal number with a point or an exponent
	LitString              // Text is the value; its type is unknown until context decides
	LitBit                 // Text is b or x, then the digits
)

// Literal is a constant. A typed one (DATE '2020-01-01') is a Cast of it.
type Literal struct {
	Loc
	Kind LiteralKind
	Text string
}

// ColumnRef is a column, possibly qualified, or with Star all columns: t.* has
// Names t. Names is empty for a bare star.
type ColumnRef struct {
	Loc
	Names []string
	Star  bool
}

// Param is parameter $Number of the statement, whichever way it was written.
type Param struct {
	Loc
	Number int
}

// Unary is a prefix operator other than NOT: -, +, ~, @ and so on.
type Unary struct {
	Loc
	Op     string
	Schema string // of OPERATOR(schema.op), else ""
	Arg    Expr
}

// Binary is an infix operator other than AND and OR, by its symbol. != is <>.
type Binary struct {
	Loc
	Op     string
	Schema string // of OPERATOR(schema.op), else ""
	L, R   Expr
}

// And is a conjunction of two or more; nested ones have been flattened.
type And struct {
	Loc
	Args []Expr
}

// Or is a disjunction of two or more; nested ones have been flattened.
type Or struct {
	Loc
	Args []Expr
}

// Not is a negation.
type Not struct {
	Loc
	Arg Expr
}

// Between is Arg [NOT] BETWEEN [SYMMETRIC] Lo AND Hi.
type Between struct {
	Loc
	Arg, Lo, Hi Expr
	Not         bool
	Symmetric   bool
}

// In is Arg [NOT] IN (List).
type In struct {
	Loc
	Arg  Expr
	List []Expr
	Not  bool
}

// InSubquery is Arg [NOT] IN (Query). Arg is a Row for several columns.
type InSubquery struct {
	Loc
	Arg   Expr
	Query *Select
	Not   bool
}

// LikeKind is the kind of a pattern match.
type LikeKind uint8

// The kinds of pattern matches. Regular expressions (~) are Binary.
const (
	Like LikeKind = iota
	ILike
	SimilarTo
)

// Match is Arg [NOT] LIKE / ILIKE / SIMILAR TO Pattern [ESCAPE Escape].
type Match struct {
	Loc
	Kind         LikeKind
	Arg, Pattern Expr
	Escape       Expr // nil means the backslash
	Not          bool
}

// IsNull is Arg IS [NOT] NULL.
type IsNull struct {
	Loc
	Arg Expr
	Not bool
}

// IsBool is Arg IS [NOT] TRUE / FALSE / UNKNOWN; Want is 't', 'f' or 'u'.
type IsBool struct {
	Loc
	Arg  Expr
	Want byte
	Not  bool
}

// IsDistinct is L IS [NOT] DISTINCT FROM R.
type IsDistinct struct {
	Loc
	L, R Expr
	Not  bool
}

// When is one branch of a Case.
type When struct {
	Loc
	Cond, Result Expr
}

// Case is CASE [Arg] WHEN … THEN … ELSE … END. Where Arg is set, each Cond is
// compared with it by equality.
type Case struct {
	Loc
	Arg   Expr // nil for the searched form
	Whens []When
	Else  Expr // nil means NULL
}

// Coalesce is COALESCE(…).
type Coalesce struct {
	Loc
	Args []Expr
}

// NullIf is NULLIF(L, R).
type NullIf struct {
	Loc
	L, R Expr
}

// MinMax is GREATEST(…) or LEAST(…).
type MinMax struct {
	Loc
	Least bool
	Args  []Expr
}

// Cast is CAST(Arg AS Type), Arg::Type, or a typed literal.
type Cast struct {
	Loc
	Arg  Expr
	Type *TypeName
}

// Collate is Arg COLLATE Name.
type Collate struct {
	Loc
	Arg  Expr
	Name []string
}

// SQLJSON begins the names of the functions that SQL/JSON's expressions become.
const SQLJSON = "sql/json "

// FuncCall is a call of a function or an aggregate. The special forms of SQL have been
// turned into calls as PostgreSQL does: EXTRACT(f FROM x) is extract('f', x),
// x AT TIME ZONE z is timezone(z, x), SUBSTRING(a FROM b FOR c) is substring(a, b, c),
// POSITION(a IN b) is position(b, a), TRIM is btrim, ltrim or rtrim, OVERLAY is
// overlay, (a, b) OVERLAPS (c, d) is overlaps(a, b, c, d), x IS NORMALIZED is is_normalized.
type FuncCall struct {
	Loc
	Name     []string // schema, name or name
	Args     []Expr   // some may be NamedArg
	Star     bool     // count(*)
	Distinct bool
	Variadic bool        // the last argument is VARIADIC
	OrderBy  []OrderItem // within the call, or of WITHIN GROUP
	// WithinGroup is true where OrderBy came from WITHIN GROUP (ordered-set aggregates).
	WithinGroup bool
	Filter      Expr       // nil means none
	Over        *WindowDef // nil where not a window call
}

// NamedArg is an argument given by name: name => Arg.
type NamedArg struct {
	Loc
	Name string
	Arg  Expr
}

// SQLValue is one of SQL's functions written without parentheses: current_date,
// current_time, current_timestamp, localtime, localtimestamp, current_role,
// current_user, user, session_user, current_catalog, current_schema.
type SQLValue struct {
	Loc
	Name      string
	Precision int // -1 where not given
}

// Array is ARRAY[…].
type Array struct {
	Loc
	Elems []Expr
}

// Row is ROW(…) or (a, b, …).
type Row struct {
	Loc
	Args     []Expr
	Explicit bool // the word ROW was written
}

// Subscript is one pair of brackets. Hi is set only for a slice; a slice's ends
// may be nil.
type Subscript struct {
	Slice  bool
	Lo, Hi Expr // an index is in Lo
}

// Index is Arg[…][…]….
type Index struct {
	Loc
	Arg  Expr
	Subs []Subscript
}

// Field is (Arg).Name, or (Arg).* with Star.
type Field struct {
	Loc
	Arg  Expr
	Name string
	Star bool
}

// SubqueryKind says how a subquery is used.
type SubqueryKind uint8

// The uses of a subquery.
const (
	ScalarSubquery SubqueryKind = iota
	ExistsSubquery
	ArraySubquery // ARRAY(SELECT …)
)

// Subquery is a query as an expression.
type Subquery struct {
	Loc
	Kind  SubqueryKind
	Query *Select
}

// Quantified is Arg Op ANY/ALL (query or array). Exactly one of Query and Array
// is set. Op is the operator's symbol; LIKE is ~~, NOT LIKE !~~, ILIKE ~~*, NOT ILIKE !~~*.
type Quantified struct {
	Loc
	Arg    Expr
	Op     string
	Schema string // of OPERATOR(schema.op), else ""
	All    bool
	Query  *Select
	Array  Expr
}

// Grouping is GROUPING(…).
type Grouping struct {
	Loc
	Args []Expr
}

// Default is the word DEFAULT as a value in INSERT and UPDATE.
type Default struct{ Loc }

// CurrentOf is WHERE CURRENT OF cursor, all that stands in the WHERE of UPDATE or DELETE.
type CurrentOf struct {
	Loc
	Cursor string
}

func (*CurrentOf) expr()  {}
func (*Literal) expr()    {}
func (*ColumnRef) expr()  {}
func (*Param) expr()      {}
func (*Unary) expr()      {}
func (*Binary) expr()     {}
func (*And) expr()        {}
func (*Or) expr()         {}
func (*Not) expr()        {}
func (*Between) expr()    {}
func (*In) expr()         {}
func (*InSubquery) expr() {}
func (*Match) expr()      {}
func (*IsNull) expr()     {}
func (*IsBool) expr()     {}
func (*IsDistinct) expr() {}
func (*Case) expr()       {}
func (*Coalesce) expr()   {}
func (*NullIf) expr()     {}
func (*MinMax) expr()     {}
func (*Cast) expr()       {}
func (*Collate) expr()    {}
func (*FuncCall) expr()   {}
func (*NamedArg) expr()   {}
func (*SQLValue) expr()   {}
func (*Array) expr()      {}
func (*Row) expr()        {}
func (*Index) expr()      {}
func (*Field) expr()      {}
func (*Subquery) expr()   {}
func (*Quantified) expr() {}
func (*Grouping) expr()   {}
func (*Default) expr()    {}
