package plan

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/sqltype"
)

// OperatorClass checks the operator class of a key part. Those that PostgreSQL takes by
// default mean the order that indexes have here, and so do the pattern classes: text is in the
// order of its bytes.
func OperatorClass(el ast.IndexElem, t sqltype.Type) error {
	if len(el.OpClass) == 0 {
		return nil
	}
	name := el.OpClass[len(el.OpClass)-1]
	kinds, ok := operatorClasses[name]
	switch {
	case !ok:
		return dberr.SQL(dberr.StateUndefinedObject, "operator class %q does not exist for access method \"btree\"", name).At(el.Pos())
	case kinds != nil && slices.Contains(kinds, t.ID),
		name == "enum_ops" && t.ID == sqltype.Enum, name == "array_ops" && t.ID == sqltype.Array, name == "record_ops" && t.ID == sqltype.Record,
		name == "range_ops" && t.IsRange(), name == "multirange_ops" && t.IsMultirange():
		return nil
	}
	return dberr.SQL(dberr.StateDatatypeMismatch, "operator class %q does not accept data type %s", name, t.Name()).At(el.Pos())
}

var operatorClasses = func() map[string][]sqltype.ID {
	text := []sqltype.ID{sqltype.Text, sqltype.Varchar}
	m := map[string][]sqltype.ID{"text_ops": text, "text_pattern_ops": text, "varchar_ops": text, "varchar_pattern_ops": text,
		"enum_ops": nil, "array_ops": nil, "record_ops": nil, "range_ops": nil, "multirange_ops": nil, "inet_ops": {sqltype.Inet, sqltype.Cidr}, "cidr_ops": {sqltype.Inet, sqltype.Cidr}}
	for _, id := range []sqltype.ID{sqltype.Bool, sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8, sqltype.Numeric, sqltype.Bpchar, sqltype.Name,
		sqltype.Bytea, sqltype.Date, sqltype.Time, sqltype.TimeTZ, sqltype.Timestamp, sqltype.TimestampTZ, sqltype.Interval, sqltype.UUID, sqltype.OID, sqltype.TID, sqltype.Char, sqltype.JSONB,
		sqltype.Bit, sqltype.Varbit, sqltype.Macaddr, sqltype.Macaddr8} {
		m[id.String()+"_ops"] = []sqltype.ID{id}
	}
	return m
}()
