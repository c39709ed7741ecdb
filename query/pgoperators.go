package query

import (
	_ "embed"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// The rows of pg_cast and pg_operator are those of PostgreSQL for the types and operators that
// there are, with its object ids, since tools look for them.

//go:embed systemoperators.txt
var systemOperatorText string

// systemOperators are the words of its lines, without the first, by it.
var systemOperators = readSystemOperators(systemOperatorText)

func readSystemOperators(file string) map[string][][]string {
	list := map[string][][]string{}
	for _, line := range strings.Split(file, "\n") {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			list[words[0]] = append(list[words[0]], words[1:])
		}
	}
	return list
}

// wordOID reads a number of the file, which is part of the program; every statement on the views
// reads all of them, so no file with a fault passes the tests.
func wordOID(w string) int {
	n, err := strconv.Atoi(w)
	if err != nil {
		panic("query: systemoperators.txt: " + err.Error())
	}
	return n
}

func (v *viewCall) pgCast() error {
	for _, w := range systemOperators["cast"] {
		v.add(wordOID(w[0]), wordOID(w[1]), wordOID(w[2]), wordOID(w[3]), w[4], w[5])
	}
	return nil
}

// operatorOID finds an operator by its name and the types of its operands.
func (c *catalogCall) operatorOID(args []sqltype.Datum) (sqltype.Datum, error) {
	head, list, open := strings.Cut(strings.TrimSpace(args[0].Str), "(")
	list, closed := strings.CutSuffix(list, ")")
	if !open || !closed {
		return sqltype.NullDatum, dberr.SQL(dberr.StateInvalidTextRepr, "expected a left parenthesis")
	}
	types := strings.Split(list, ",")
	if len(types) != 2 {
		return sqltype.NullDatum, dberr.SQL("42P02", "missing argument").WithHint("Use NONE to denote the missing argument of a unary operator.")
	}
	var oids [2]string
	for i, t := range types {
		if oids[i] = "0"; strings.EqualFold(strings.TrimSpace(t), "none") {
			continue
		}
		oid, err := c.typeOID([]sqltype.Datum{text(strings.TrimSpace(t))})
		if err != nil {
			return oid, err
		}
		oids[i] = strconv.FormatInt(oid.Int, 10)
	}
	name := strings.TrimPrefix(strings.TrimSpace(head), "pg_catalog.")
	for _, w := range systemOperators["operator"] {
		if w[1] == name && w[5] == oids[0] && w[6] == oids[1] {
			return sqltype.Datum{Int: int64(wordOID(w[0]))}, nil
		}
	}
	return sqltype.NullDatum, dberr.SQL(dberr.StateUndefinedFunction, "operator does not exist: %s", args[0].Str)
}

// operOID finds an operator by its name alone, of which there must be one.
func (c *catalogCall) operOID(args []sqltype.Datum) (d sqltype.Datum, err error) {
	name, found := strings.TrimPrefix(args[0].Str, "pg_catalog."), 0
	for _, w := range systemOperators["operator"] {
		if w[1] == name {
			found++
			d.Int = int64(wordOID(w[0]))
		}
	}
	switch {
	case found == 0:
		return sqltype.NullDatum, dberr.SQL(dberr.StateUndefinedFunction, "operator does not exist: %s", args[0].Str)
	case found > 1:
		return sqltype.NullDatum, dberr.SQL("42725", "more than one operator named %s", args[0].Str)
	}
	return d, nil
}

func (c *catalogCall) operName(args []sqltype.Datum) (sqltype.Datum, error) {
	same, name := 0, ""
	for _, w := range systemOperators["operator"] {
		if int64(wordOID(w[0])) == args[0].Int {
			name = w[1]
		}
	}
	for _, w := range systemOperators["operator"] {
		if w[1] == name {
			same++
		}
	}
	if same > 1 {
		name = "pg_catalog." + name
	}
	if name == "" {
		name = strconv.FormatInt(args[0].Int, 10)
	}
	return text(name), nil
}

func (c *catalogCall) operatorName(args []sqltype.Datum) (sqltype.Datum, error) {
	operand := func(oid string) string {
		if oid == "0" {
			return "NONE"
		}
		return fn.FormatType(uint32(wordOID(oid)), sqltype.NullDatum).Str
	}
	for _, w := range systemOperators["operator"] {
		if int64(wordOID(w[0])) == args[0].Int {
			return text(w[1] + "(" + operand(w[5]) + "," + operand(w[6]) + ")"), nil
		}
	}
	return text(strconv.FormatInt(args[0].Int, 10)), nil
}

func (v *viewCall) pgOperator() error {
	for _, w := range systemOperators["operator"] {
		row := []any{wordOID(w[0]), w[1], 11, ownerOID, w[2], w[3] == "1", w[4] == "1"}
		for _, id := range w[5:] {
			row = append(row, wordOID(id))
		}
		v.add(row...)
	}
	return nil
}
