package sqltype

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// typeInfo is what is known of a type besides its behaviour.
type typeInfo struct {
	name     string // as PostgreSQL's format_type prints it
	short    string // PostgreSQL's internal name
	oid      uint32
	arrayOID uint32
	category byte // pg_type.typcategory
	length   int16
}

var typeInfos = [...]typeInfo{
	Unknown:        {"unknown", "unknown", 705, 0, 'X', -2},
	Bool:           {"boolean", "bool", 16, 1000, 'B', 1},
	Int2:           {"smallint", "int2", 21, 1005, 'N', 2},
	Int4:           {"integer", "int4", 23, 1007, 'N', 4},
	Int8:           {"bigint", "int8", 20, 1016, 'N', 8},
	Float4:         {"real", "float4", 700, 1021, 'N', 4},
	Float8:         {"double precision", "float8", 701, 1022, 'N', 8},
	Numeric:        {"numeric", "numeric", 1700, 1231, 'N', -1},
	Text:           {"text", "text", 25, 1009, 'S', -1},
	Varchar:        {"character varying", "varchar", 1043, 1015, 'S', -1},
	Bpchar:         {"character", "bpchar", 1042, 1014, 'S', -1},
	Bytea:          {"bytea", "bytea", 17, 1001, 'U', -1},
	Date:           {"date", "date", 1082, 1182, 'D', 4},
	Time:           {"time without time zone", "time", 1083, 1183, 'D', 8},
	TimeTZ:         {"time with time zone", "timetz", 1266, 1270, 'D', 12},
	Timestamp:      {"timestamp without time zone", "timestamp", 1114, 1115, 'D', 8},
	TimestampTZ:    {"timestamp with time zone", "timestamptz", 1184, 1185, 'D', 8},
	Interval:       {"interval", "interval", 1186, 1187, 'T', 16},
	UUID:           {"uuid", "uuid", 2950, 2951, 'U', 16},
	JSON:           {"json", "json", 114, 199, 'U', -1},
	JSONB:          {"jsonb", "jsonb", 3802, 3807, 'U', -1},
	Array:          {"anyarray", "anyarray", 2277, 0, 'P', -1},
	Record:         {"record", "record", 2249, 2287, 'P', -1},
	Void:           {"void", "void", 2278, 0, 'P', 4},
	Name:           {"name", "name", 19, 1003, 'S', 64},
	OID:            {"oid", "oid", 26, 1028, 'N', 4},
	Jsonpath:       {"jsonpath", "jsonpath", 4072, 4073, 'U', -1},
	Bit:            {"bit", "bit", 1560, 1561, 'V', -1},
	Varbit:         {"bit varying", "varbit", 1562, 1563, 'V', -1},
	Inet:           {"inet", "inet", 869, 1041, 'I', -1},
	Cidr:           {"cidr", "cidr", 650, 651, 'I', -1},
	Macaddr:        {"macaddr", "macaddr", 829, 1040, 'U', 6},
	Macaddr8:       {"macaddr8", "macaddr8", 774, 775, 'U', 8},
	Int4range:      {"int4range", "int4range", 3904, 3905, 'R', -1},
	Int8range:      {"int8range", "int8range", 3926, 3927, 'R', -1},
	Numrange:       {"numrange", "numrange", 3906, 3907, 'R', -1},
	Tsrange:        {"tsrange", "tsrange", 3908, 3909, 'R', -1},
	Tstzrange:      {"tstzrange", "tstzrange", 3910, 3911, 'R', -1},
	Daterange:      {"daterange", "daterange", 3912, 3913, 'R', -1},
	Int4multirange: {"int4multirange", "int4multirange", 4451, 6150, 'R', -1},
	Int8multirange: {"int8multirange", "int8multirange", 4536, 6157, 'R', -1},
	Nummultirange:  {"nummultirange", "nummultirange", 4532, 6151, 'R', -1},
	Tsmultirange:   {"tsmultirange", "tsmultirange", 4533, 6152, 'R', -1},
	Tstzmultirange: {"tstzmultirange", "tstzmultirange", 4534, 6153, 'R', -1},
	Datemultirange: {"datemultirange", "datemultirange", 4535, 6155, 'R', -1},
	Char:           {`"char"`, "char", 18, 1002, 'Z', 1},
	TID:            {"tid", "tid", 27, 1010, 'U', 6},
	Enum:           {"anyenum", "anyenum", 3500, 0, 'E', 4},
}

func (id ID) info() typeInfo {
	if int(id) < len(typeInfos) {
		return typeInfos[id]
	}
	return typeInfo{name: "???", short: "???"}
}

// String returns PostgreSQL's internal name of the type without modifiers.
func (id ID) String() string { return id.info().short }

// String returns the type as PostgreSQL's format_type prints it, such as
// character varying(10) or integer[].
func (t Type) String() string {
	if t.IsVector() {
		return t.ShortName()
	}
	if t.ID == Array {
		return t.ElemType().String() + "[]"
	}
	if t.ID == Enum && t.Mod != 0 {
		return t.enumName()
	}
	if t.HasFields() {
		return t.compositeName()
	}
	name := t.info().name
	switch t.ID {
	case Varchar, Bit, Varbit:
		if t.Mod > 0 {
			return name + "(" + itoa(int(t.Mod)) + ")"
		}
	case Bpchar:
		if t.Mod > 0 {
			return name + "(" + itoa(int(t.Mod)) + ")"
		}
		return "bpchar"
	case Numeric:
		if p, s := t.NumericPS(); p > 0 {
			return name + "(" + itoa(p) + "," + itoa(s) + ")"
		}
	case Time, TimeTZ, Timestamp, TimestampTZ:
		if t.Mod > 0 {
			base, zone, _ := strings.Cut(name, " ")
			return base + "(" + itoa(int(t.Mod)-1) + ") " + zone
		}
	case Interval:
		if t.Mod > 0 {
			return name + "(" + itoa(int(t.Mod)-1) + ")"
		}
	}
	return name
}

// Name returns the type as format_type prints it without modifiers, as error
// messages and results use it.
func (t Type) Name() string {
	if t.ID == Bpchar {
		return "character"
	}
	t = t.Base()
	if t.ID == Array && t.Elem == Bpchar {
		return "character[]"
	}
	return t.String()
}

// ShortName returns PostgreSQL's internal name: int4, timestamptz, _text.
func (t Type) ShortName() string {
	if t.IsEnum() && t.Mod != 0 {
		if t.ID == Array {
			return "_" + t.enumName()
		}
		return t.enumName()
	}
	if t.IsComposite() {
		if t.ID == Array {
			return "_" + t.compositeName()
		}
		return t.compositeName()
	}
	if t.IsVector() {
		return t.Elem.info().short + "vector"
	}
	if t.ID == Array {
		return "_" + t.info().short
	}
	return t.info().short
}

// OID returns PostgreSQL's object id of the type.
func (t Type) OID() uint32 {
	if e, ok := EnumOf(t); ok && t.IsEnum() {
		if t.ID == Array {
			return e.OID | enumArrayOID
		}
		return e.OID
	}
	if c, ok := CompositeOf(t); ok && c.OID != 0 {
		if t.ID == Array {
			return c.OID | enumArrayOID
		}
		return c.OID
	}
	if t.IsVector() {
		return map[ID]uint32{Int2: 22, OID: 30}[t.Elem]
	}
	if t.ID == Array && t.Elem != Unknown {
		return t.info().arrayOID
	}
	if t.ID == Array {
		return t.ID.info().oid
	}
	return t.info().oid
}

// Len returns pg_type.typlen: bytes of a fixed-size type, else negative.
func (t Type) Len() int16 {
	if t.ID == Array {
		return t.ID.info().length
	}
	return t.info().length
}

// Category returns pg_type.typcategory; arrays are 'A'.
func (t Type) Category() byte {
	if t.ID == Array {
		return 'A'
	}
	return t.info().category
}

// Preferred reports whether the type is the preferred one of its category.
func (t Type) Preferred() bool {
	switch t.ID {
	case Bool, Float8, OID, Text, TimestampTZ, Interval, Varbit, Inet:
		return true
	}
	return false
}

// Types lists the built-in types that have a name.
func Types() (list []Type) {
	for id, i := range typeInfos {
		if i.oid != 0 && ID(id) != Array && ID(id) != Enum {
			list = append(list, Type{ID: ID(id)})
		}
	}
	for k := RegClass; int(k) < len(regInfos); k++ {
		list = append(list, Reg(k))
	}
	return list
}

// TypMod returns pg_attribute.atttypmod, -1 where unconstrained.
func (t Type) TypMod() int32 {
	id := t.ID
	if id == Array {
		id = t.Elem
	}
	if t.Mod == 0 || t.IsEnum() || t.IsComposite() || t.Reg() != 0 || t.IsVector() {
		return -1
	}
	switch id {
	case Varchar, Bpchar:
		return t.Mod + 4
	case Bit, Varbit:
		return t.Mod
	case Numeric:
		p, s := t.NumericPS()
		return int32(p<<16|(s&0x7ff)) + 4
	default:
		return t.Mod - 1
	}
}

// enumArrayOID marks the OID of the array of an enumerated type.
const enumArrayOID = 1 << 30

// Base returns the type without modifiers. What names an enumerated or composite type, or a kind
// of object ids, is none.
func (t Type) Base() Type {
	if !t.IsEnum() && !t.IsComposite() && t.Reg() == 0 && !t.IsVector() {
		t.Mod = 0
	}
	return t
}

// TypeByOID returns the type with a PostgreSQL object id.
func TypeByOID(oid uint32) (Type, bool) {
	var enum Type
	if oid >= 16384 {
		enums.Range(func(handle, e any) bool {
			switch e.(*EnumType).OID {
			case oid:
				enum = Type{ID: Enum, Mod: handle.(int32)}
			case oid &^ enumArrayOID:
				enum = ArrayOf(Type{ID: Enum, Mod: handle.(int32)})
			}
			return enum.ID == Unknown
		})
		return enum, enum.ID != Unknown
	}
	for _, v := range []Type{TInt2Vector, TOIDVector} {
		if v.OID() == oid {
			return v, true
		}
	}
	for k, i := range regInfos {
		switch {
		case i.oid == oid && oid != 0:
			return Reg(int32(k)), true
		case i.arrayOID == oid && oid != 0:
			return ArrayOf(Reg(int32(k))), true
		}
	}
	for id, i := range typeInfos {
		switch {
		case i.oid == oid:
			return Type{ID: ID(id)}, true
		case i.arrayOID != 0 && i.arrayOID == oid:
			return ArrayOf(Type{ID: ID(id)}), true
		}
	}
	return Type{}, false
}

// typeAliases are the names that are no internal name.
var typeAliases = map[string]ID{
	"boolean": Bool, "smallint": Int2, "int": Int4, "integer": Int4, "bigint": Int8,
	"real": Float4, "double precision": Float8, "decimal": Numeric, "dec": Numeric,
	"bit varying": Varbit, "character varying": Varchar, "char varying": Varchar, "string": Text,
	"character": Bpchar, "char": Bpchar, "nchar": Bpchar, "national character": Bpchar, "national char": Bpchar,
	"time without time zone": Time, "time with time zone": TimeTZ,
	"timestamp without time zone": Timestamp, "timestamp with time zone": TimestampTZ,
	"serial": Int4, "bigserial": Int8, "smallserial": Int2, "serial4": Int4, "serial8": Int8, "serial2": Int2,
}

var typeNames = func() map[string]ID {
	m := make(map[string]ID, 80)
	for id, i := range typeInfos {
		if ID(id) != Array && ID(id) != Enum && i.short != "" {
			m[i.short] = ID(id)
		}
	}
	m[`"char"`] = Char // without quotes it is char(1)
	for n, id := range typeAliases {
		if n != "string" {
			m[n] = id
		}
	}
	return m
}()

var regKinds = func() map[string]int32 {
	m := map[string]int32{}
	for k := RegClass; int(k) < len(regInfos); k++ {
		m[regInfos[k].short] = k
	}
	return m
}()

// typeHints name what users of other systems may mean.
var typeHints = map[string]string{
	"blob": "bytea", "string": "text", "datetime": "timestamp", "tinyint": "smallint", "double": "double precision",
	"number": "numeric", "clob": "text", "varbinary": "bytea", "binary": "bytea", "mediumint": "integer",
	"longtext": "text", "mediumtext": "text", "tinytext": "text", "nvarchar": "varchar", "varchar2": "varchar",
	"money": "numeric", "uniqueidentifier": "uuid", "int64": "bigint", "int32": "integer",
	"float64": "double precision", "float32": "real", "long": "bigint",
}

// TypeByName returns the type that a name in SQL means, in lower case and
// without quotes: any of PostgreSQL's names and aliases, with [] for arrays.
// Modifiers are those between parentheses.
func TypeByName(name string, mods ...int) (Type, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	name = strings.TrimPrefix(name, "pg_catalog.")
	isArray := false
	for strings.HasSuffix(name, "[]") {
		name, isArray = strings.TrimSpace(strings.TrimSuffix(name, "[]")), true
	}
	if rest, ok := strings.CutPrefix(name, "_"); ok {
		name, isArray = rest, true
	}
	t, err := scalarByName(name, mods)
	if err != nil || !isArray {
		return t, err
	}
	if t.ID == Unknown || t.ID == Record || t.ID == Void || t.IsVector() {
		return Type{}, dberr.SQL(dberr.StateUndefinedObject, "type \"%s[]\" does not exist", name)
	}
	return ArrayOf(t), nil
}

func scalarByName(name string, mods []int) (Type, error) {
	switch name {
	case "float":
		return floatByPrecision(mods)
	case "int2vector":
		return TInt2Vector, nil
	case "oidvector":
		return TOIDVector, nil
	}
	id, ok := typeNames[name]
	if k, reg := regKinds[name]; reg {
		return Reg(k).WithMods(mods...)
	}
	if !ok {
		err := dberr.SQL(dberr.StateUndefinedObject, "type \"%s\" does not exist", name)
		if h := typeHints[name]; h != "" {
			_ = err.WithHint("Perhaps you meant the type %s.", h)
		}
		return Type{}, err
	}
	t := Type{ID: id}
	bareChar := id == Bpchar && name != "bpchar"
	if len(mods) == 0 {
		if bareChar {
			t.Mod = 1
		}
		return t, nil
	}
	return t.WithMods(mods...)
}

func floatByPrecision(mods []int) (Type, error) {
	switch {
	case len(mods) == 0:
		return TFloat8, nil
	case mods[0] < 1:
		return Type{}, dberr.SQL(dberr.StateInvalidParameterValue, "precision for type float must be at least 1 bit")
	case mods[0] <= 24:
		return TFloat4, nil
	case mods[0] <= 53:
		return TFloat8, nil
	}
	return Type{}, dberr.SQL(dberr.StateInvalidParameterValue, "precision for type float must be less than 54 bits")
}

const maxCharLength = 10485760

// WithMods returns t with the modifiers that stand between parentheses in SQL.
func (t Type) WithMods(mods ...int) (Type, error) {
	invalid := func(format string, args ...any) (Type, error) {
		return Type{}, dberr.SQL(dberr.StateInvalidParameterValue, format, args...)
	}
	if len(mods) == 0 {
		return t, nil
	}
	short := map[ID]string{Varchar: "varchar", Bpchar: "char", Bit: "bit", Varbit: "bit varying"}[t.ID]
	switch t.ID {
	case Bit, Varbit:
		if len(mods) != 1 {
			return invalid("invalid type modifier")
		}
		if mods[0] < 1 {
			return invalid("length for type %s must be at least 1", short)
		}
		if mods[0] > maxBits {
			return invalid("length for type %s cannot exceed %d", short, maxBits)
		}
		t.Mod = int32(mods[0])
	case Varchar, Bpchar:
		if len(mods) != 1 {
			return invalid("invalid type modifier")
		}
		if mods[0] < 1 {
			return invalid("length for type %s must be at least 1", short)
		}
		if mods[0] > maxCharLength {
			return invalid("length for type %s cannot exceed %d", short, maxCharLength)
		}
		t.Mod = int32(mods[0])
	case Numeric:
		p, s := mods[0], 0
		if len(mods) > 2 {
			return invalid("invalid NUMERIC type modifier")
		}
		if len(mods) == 2 {
			s = mods[1]
		}
		if p < 1 || p > 1000 {
			return invalid("NUMERIC precision %d must be between 1 and 1000", p)
		}
		if s < -1000 || s > 1000 {
			return invalid("NUMERIC scale %d must be between -1000 and 1000", s)
		}
		t.Mod = NumericMod(p, s)
	case Time, TimeTZ, Timestamp, TimestampTZ, Interval:
		if len(mods) != 1 {
			return invalid("invalid type modifier")
		}
		if mods[0] < 0 {
			base, _, _ := strings.Cut(strings.ToUpper(t.ID.info().name), " ")
			return invalid("%s(%d) precision must not be negative", base, mods[0])
		}
		t.Mod = int32(min(mods[0], 6)) + 1
	default:
		return Type{}, dberr.SQL(dberr.StateSyntax, "type modifier is not allowed for type \"%s\"", t.Name())
	}
	return t, nil
}
