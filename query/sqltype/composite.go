package sqltype

import (
	"hash/fnv"
	"strings"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
)

// CompositeType describes rows of named fields. A Type of ID Record names it by its handle,
// which is the Type's Mod; a Record without a handle is a row of which only the value
// tells the fields.
type CompositeType struct {
	Schema, Name string
	OID          uint32 // 0 for a row that has no type of its own
	Fields       []CompositeField
}

// CompositeField is a field of a composite type.
type CompositeField struct {
	Name string
	Type Type
	// Domain is the domain that the field was declared with, or as an array of: an object id of
	// the catalog, 0 for none.
	Domain uint64
}

// composites holds the composite types of all open databases by handle: positive ones are
// drawn at random for types of the catalog, negative ones stand for the rows of tables and
// subqueries, one for each list of fields.
var composites sync.Map // int32 → *CompositeType

// RegisterComposite makes a composite type known, or replaces its description.
func RegisterComposite(handle int32, t CompositeType) { composites.Store(handle, &t) }

// RowTypeOf is the type of the rows of a table or subquery.
func RowTypeOf(name string, fields []CompositeField) Type {
	h := fnv.New32a()
	t := &CompositeType{Name: name, Fields: fields}
	_, _ = h.Write([]byte(name)) // a hash never fails
	for _, f := range fields {
		_, _ = h.Write(appendType(append([]byte{0}, f.Name...), f.Type))
	}
	for handle := -int32(h.Sum32()>>2) - 1; ; handle-- {
		known, taken := composites.LoadOrStore(handle, t)
		if k := known.(*CompositeType); !taken || k.same(t) {
			return Type{ID: Record, Mod: handle}
		}
	}
}

func (c *CompositeType) same(d *CompositeType) bool {
	if c.Name != d.Name || len(c.Fields) != len(d.Fields) {
		return false
	}
	for i, f := range c.Fields {
		if f != d.Fields[i] {
			return false
		}
	}
	return true
}

// CompositeOf gives the description of a composite type, or of the elements of an array of it.
func CompositeOf(t Type) (*CompositeType, bool) {
	if !t.IsComposite() {
		return nil, false
	}
	c, ok := composites.Load(t.Mod)
	if !ok {
		return nil, false
	}
	return c.(*CompositeType), true
}

// IsComposite reports whether a type is a composite one, or an array of it.
func (t Type) IsComposite() bool {
	return t.Mod != 0 && (t.ID == Record || t.ID == Array && t.Elem == Record)
}

// HasFields reports whether the fields of values of the type are known by name.
func (t Type) HasFields() bool { return t.ID == Record && t.Mod != 0 }

// Field finds a field by its name; -1 where there is none.
func (c *CompositeType) Field(name string) int {
	for i, f := range c.Fields {
		if f.Name == name {
			return i
		}
	}
	return -1
}

func (t Type) compositeName() string {
	if c, ok := CompositeOf(t); ok {
		return c.Name
	}
	return "record"
}

// reshapes holds how values of composite types that were changed become those of the types
// they have become: for the handles of both, which old field each new one is, -1 for none.
var reshapes sync.Map // [2]int32 → []int

// RegisterReshape has casts between two composite types take the fields of the first by
// number.
func RegisterReshape(from, to int32, fields []int) { reshapes.Store([2]int32{from, to}, fields) }

// Reshapes reports whether a composite type, or an array of it, was changed to another.
func Reshapes(from, to Type) bool {
	_, ok := reshapes.Load([2]int32{from.Mod, to.Mod})
	return ok && from.IsComposite() && to.IsComposite()
}

// reshape gives a row the fields of c.
func reshape(r *RecordValue, c *CompositeType, fields []int) *RecordValue {
	out := &RecordValue{Types: make([]Type, len(fields)), Vals: make([]Datum, len(fields))}
	for i, k := range fields {
		if k < 0 || k >= len(r.Vals) {
			out.Types[i], out.Vals[i] = c.Fields[i].Type, NullDatum
			continue
		}
		out.Types[i], out.Vals[i] = r.Types[k], r.Vals[k]
	}
	return out
}

// castRecord makes a row one of a composite type, field by field.
func castRecord(d Datum, from, to Type, explicit bool, env *Env) (Datum, error) {
	r, ok := d.Any.(*RecordValue)
	c, known := CompositeOf(to)
	if !ok || !known {
		return d, nil
	}
	if m, ok := reshapes.Load([2]int32{from.Mod, to.Mod}); ok {
		r = reshape(r, c, m.([]int))
	}
	if len(r.Vals) != len(c.Fields) {
		err := errCannotCast(from, to)
		few := "few"
		if len(r.Vals) > len(c.Fields) {
			few = "many"
		}
		if e := dberr.As(err); e != nil {
			return Datum{}, e.WithDetail("Input has too %s columns.", few)
		}
		return Datum{}, err
	}
	out := &RecordValue{Types: make([]Type, len(r.Vals)), Vals: make([]Datum, len(r.Vals))}
	for i, v := range r.Vals {
		f := c.Fields[i].Type
		out.Types[i] = f
		if CanCast(r.Types[i].Base(), f.Base()) == CastNone {
			return Datum{}, errCannotCast(from, to)
		}
		x, err := CastDatum(v, r.Types[i], f, explicit, env)
		if err != nil {
			return Datum{}, err
		}
		out.Vals[i] = x
	}
	return Datum{Any: out}, nil
}

// parseRecord reads the text form of a row of a composite type.
func parseRecord(env *Env, t Type, s string) (Datum, error) {
	c, ok := CompositeOf(t)
	if !ok {
		return Datum{}, dberr.SQL(dberr.StateFeatureNotSupported, "input of anonymous composite types is not implemented")
	}
	bad := func(detail string) (Datum, error) {
		return Datum{}, dberr.SQL(dberr.StateInvalidTextRepr, "malformed record literal: \"%s\"", s).WithDetail("%s", detail)
	}
	rest := strings.TrimLeft(s, " \t\n\r\v\f")
	if rest == "" || rest[0] != '(' {
		return bad("Missing left parenthesis.")
	}
	rest = rest[1:]
	r := &RecordValue{}
	for i, f := range c.Fields {
		if i > 0 {
			if rest == "" || rest[0] != ',' {
				return bad("Too few columns.")
			}
			rest = rest[1:]
		}
		text, null, after, ok := recordField(rest)
		if !ok {
			return bad("Unexpected end of input.")
		}
		d := NullDatum
		if !null {
			var err error
			if d, err = ParseEnv(env, f.Type, text); err != nil {
				return Datum{}, err
			}
		}
		r.Types, r.Vals, rest = append(r.Types, f.Type), append(r.Vals, d), after
	}
	switch {
	case rest == "":
		return bad("Unexpected end of input.")
	case rest[0] != ')':
		return bad("Too many columns.")
	case strings.TrimLeft(rest[1:], " \t\n\r\v\f") != "":
		return bad("Junk after right parenthesis.")
	}
	return Datum{Any: r}, nil
}

// recordField reads one field up to its comma or parenthesis.
func recordField(s string) (text string, null bool, rest string, ok bool) {
	var out []byte
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case !quoted && (c == ',' || c == ')'):
			return string(out), i == 0, s[i:], true
		case c == '\\':
			if i++; i == len(s) {
				return "", false, "", false
			}
			out = append(out, s[i])
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			i++
			out = append(out, c)
		case c == '"':
			quoted = !quoted
		default:
			out = append(out, c)
		}
	}
	return "", false, "", false
}

func decodeRecordKey(t Type, src []byte) (*RecordValue, []byte, error) {
	c, ok := CompositeOf(t)
	src, err := enc.DecodeBegin(src)
	if err != nil || !ok {
		return nil, nil, enc.ErrFormat
	}
	r := &RecordValue{}
	for _, f := range c.Fields {
		if end, _ := enc.DecodeEnd(src); end { // written before the type had the field
			break
		}
		var d Datum
		if d, src, err = DecodeKey(f.Type, src); err != nil {
			return nil, nil, err
		}
		r.Types, r.Vals = append(r.Types, f.Type), append(r.Vals, d)
	}
	end, rest := enc.DecodeEnd(src)
	if !end {
		return nil, nil, enc.ErrFormat
	}
	return r, rest, nil
}
