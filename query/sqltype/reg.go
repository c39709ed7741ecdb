package sqltype

import (
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
)

// The kinds of object ids that are read and shown as names: regclass and its like. A Type
// of one is {ID: OID, Mod: kind}, and behaves as oid. What a client is shown is text, of the
// Type {ID: Name, Mod: kind}. The kinds xid and cid are numbers with names of their own.
// Values are part of the stored format.
const (
	RegClass     int32 = 1
	RegType      int32 = 2
	RegProc      int32 = 3
	RegProcedure int32 = 4
	RegOper      int32 = 5
	RegOperator  int32 = 6
	RegNamespace int32 = 7
	RegRole      int32 = 8
	RegXID       int32 = 9
	RegCID       int32 = 10
)

var regInfos = [...]typeInfo{
	RegClass:     {"regclass", "regclass", 2205, 2210, 'N', 4},
	RegType:      {"regtype", "regtype", 2206, 2211, 'N', 4},
	RegProc:      {"regproc", "regproc", 24, 1008, 'N', 4},
	RegProcedure: {"regprocedure", "regprocedure", 2202, 2207, 'N', 4},
	RegOper:      {"regoper", "regoper", 2203, 2208, 'N', 4},
	RegOperator:  {"regoperator", "regoperator", 2204, 2209, 'N', 4},
	RegNamespace: {"regnamespace", "regnamespace", 4089, 4090, 'N', 4},
	RegRole:      {"regrole", "regrole", 4096, 4097, 'N', 4},
	RegXID:       {"xid", "xid", 28, 1011, 'U', 4},
	RegCID:       {"cid", "cid", 29, 1012, 'U', 4},
}

// Reg is the type of object ids of a kind.
func Reg(kind int32) Type { return Type{ID: OID, Mod: kind} }

// Reg is the kind of the object ids, or of their names, that a type or the elements of an
// array are; 0 of other types.
func (t Type) Reg() int32 {
	id := t.ID
	if id == Array {
		id = t.Elem
	}
	if (id == OID || id == Name) && t.Mod > 0 && int(t.Mod) < len(regInfos) {
		return t.Mod
	}
	return 0
}

// Shown is the type by which a client is shown values of t: names for object ids.
func (t Type) Shown() Type {
	if k := t.Reg(); k == 0 || k >= RegXID {
		return t
	}
	if t.ID == Array {
		t.Elem = Name
	} else {
		t.ID = Name
	}
	return t
}

// info is what is known of a type without its modifiers, of an array of its elements.
func (t Type) info() typeInfo {
	if k := t.Reg(); k != 0 {
		return regInfos[k]
	}
	if t.ID == Array {
		return t.Elem.info()
	}
	return t.ID.info()
}

// Names finds the names of objects, and objects by name.
type Names interface {
	RegName(kind int32, oid int64) string
	RegOID(kind int32, name string) (int64, error)
}

// regName is the name of an object.
func (e *Env) regName(kind int32, oid int64) string {
	if e != nil && e.Names != nil && kind < RegXID {
		return e.Names.RegName(kind, oid)
	}
	return strconv.FormatInt(oid, 10)
}

// regOID finds an object by its name.
func (e *Env) regOID(t Type, s string) (Datum, error) {
	if t.Mod >= RegXID {
		v, err := parseInt(OID, s)
		return Datum{Int: v}, err
	}
	if e == nil || e.Names == nil {
		return Datum{}, dberr.SQL(dberr.StateFeatureNotSupported, "a name cannot be read as %s here", t.Name())
	}
	v, err := e.Names.RegOID(t.Mod, s)
	return Datum{Int: v}, err
}
