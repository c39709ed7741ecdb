package sqltype

import (
	"slices"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
)

// EnumType describes an enumerated type. A Type of ID Enum names it by its handle,
// which is the Type's Mod; values are the codes of their labels, whose order is that of
// the type.
type EnumType struct {
	Schema, Name string
	OID          uint32
	Labels       []EnumLabel // by code
}

// EnumLabel is a value of an enumerated type.
type EnumLabel struct {
	Code int64
	Name string
}

// enums holds the enumerated types of all open databases by handle, since the text of
// a value must be known wherever values are printed. Handles are drawn at random.
var enums sync.Map // int32 → *EnumType

// RegisterEnum makes an enumerated type known, or replaces its description.
func RegisterEnum(handle int32, t EnumType) { enums.Store(handle, &t) }

// EnumOf gives the description of an enumerated type.
func EnumOf(t Type) (*EnumType, bool) {
	e, ok := enums.Load(t.Mod)
	if !ok {
		return nil, false
	}
	return e.(*EnumType), true
}

// Label gives the text of a value.
func (e *EnumType) Label(code int64) (string, bool) {
	i, ok := slices.BinarySearchFunc(e.Labels, code, func(l EnumLabel, c int64) int {
		switch {
		case l.Code < c:
			return -1
		case l.Code > c:
			return 1
		}
		return 0
	})
	if !ok {
		return "", false
	}
	return e.Labels[i].Name, true
}

func (t Type) enumName() string {
	if e, ok := EnumOf(t); ok {
		return e.Name
	}
	return "???"
}

func parseEnum(t Type, s string) (Datum, error) {
	e, ok := EnumOf(t)
	if !ok {
		return Datum{}, dberr.SQL(dberr.StateUndefinedObject, "an enumerated type is not known any more")
	}
	for _, l := range e.Labels {
		if l.Name == s {
			return Datum{Int: l.Code}, nil
		}
	}
	return Datum{}, dberr.SQL(dberr.StateInvalidTextRepr, "invalid input value for enum %s: \"%s\"", e.Name, s)
}

func appendEnum(dst []byte, t Type, code int64) []byte {
	if e, ok := EnumOf(t); ok {
		if s, ok := e.Label(code); ok {
			return append(dst, s...)
		}
	}
	return append(dst, "???"...)
}

// IsEnum reports whether a type is an enumerated one, or an array of it.
func (t Type) IsEnum() bool { return t.ID == Enum || t.ID == Array && t.Elem == Enum }
