package sqltype

import "github.com/weftdb/weft/internal/dberr"

// errSyntax is PostgreSQL's complaint about text that is no value of a type.
func errSyntax(typeName, s string) error {
	return dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type %s: \"%s\"", typeName, s)
}

func errRange(typeName string) error {
	return dberr.SQL(dberr.StateNumericOutOfRange, "%s out of range", typeName)
}

func errValueRange(typeName, s string) error {
	return dberr.SQL(dberr.StateNumericOutOfRange, "value \"%s\" is out of range for type %s", s, typeName)
}

func errDatetime(typeName, s string) error {
	return dberr.SQL(dberr.StateInvalidDatetime, "invalid input syntax for type %s: \"%s\"", typeName, s)
}

func errDatetimeField(s string) error {
	return dberr.SQL(dberr.StateDatetimeOverflow, "date/time field value out of range: \"%s\"", s)
}

func errOutOf(typeName string) error {
	return dberr.SQL(dberr.StateDatetimeOverflow, "%s out of range", typeName)
}
