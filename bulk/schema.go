package bulk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// TableColumn is a column of the table that an import fills.
type TableColumn struct {
	Name       string
	Type       sqltype.Type
	NotNull    bool
	HasDefault bool
}

// ColumnName is the column that a field's name becomes: a plain identifier folds
// to lower case, as SQL folds it where it is not quoted; any other name stays as it is and
// must be quoted in SQL.
func ColumnName(field string) string {
	for i := 0; i < len(field); i++ {
		c := field[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', i > 0 && c >= '0' && c <= '9':
		default:
			return field
		}
	}
	return strings.ToLower(field)
}

// QuoteName writes an identifier so that SQL reads it back exactly.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteTable quotes a table's name, which may be given as schema.table. A plain
// name folds to lower case, as in SQL.
func QuoteTable(name string) string {
	schema, table, ok := strings.Cut(name, ".")
	if !ok {
		return QuoteName(ColumnName(name))
	}
	return QuoteName(ColumnName(schema)) + "." + QuoteName(ColumnName(table))
}

// Plan is what an import will do to a table.
type Plan struct {
	Table   string
	Create  string // the CREATE TABLE statement, "" where the table is there already
	Columns []TableColumn
	From    []int // the field of the input for each of Columns
}

// newTable plans a table for the columns that were guessed.
func newTable(spec Spec, guess Guess) (Plan, error) {
	if len(guess.Columns) == 0 {
		return Plan{}, dberr.New(dberr.ErrInvalid, "EMPTY_INPUT", "the input has no records, so the columns of table %q cannot be guessed", spec.Table).
			WithHint("create the table first")
	}
	p := Plan{Table: spec.Table}
	used := make(map[string]bool, len(spec.Types))
	taken := make(map[string]bool, len(guess.Columns))
	for i, g := range guess.Columns {
		c := TableColumn{Name: freeName(ColumnName(g.Name), taken), Type: g.Type}
		if t, key, ok := override(spec.Types, g.Name); ok {
			c.Type = t
			used[key] = true
		}
		p.Columns, p.From = append(p.Columns, c), append(p.From, i)
	}
	for name := range spec.Types {
		if !used[name] {
			return p, dberr.New(dberr.ErrInvalid, "UNDEFINED_COLUMN", "a type is given for column %q, which the input does not have", name).
				WithField("types").WithHint("its columns are %s", list(columnNames(p.Columns)))
		}
	}
	keys, err := primaryKey(spec.PrimaryKey, p.Columns)
	if err != nil {
		return p, err
	}
	p.Create = createTable(spec.Table, p.Columns, keys)
	return p, nil
}

// freeName gives a name that is taken a suffix: the keys "Id" and "id" of a JSON
// object are two fields, but fold to one column.
func freeName(name string, taken map[string]bool) string {
	free := name
	for k := 2; taken[free]; k++ {
		free = name + "_" + strconv.Itoa(k)
	}
	taken[free] = true
	return free
}

func override(types map[string]sqltype.Type, field string) (sqltype.Type, string, bool) {
	for _, key := range []string{field, ColumnName(field)} {
		if t, ok := types[key]; ok {
			return t, key, true
		}
	}
	for key, t := range types {
		if strings.EqualFold(key, field) {
			return t, key, true
		}
	}
	return sqltype.Type{}, "", false
}

func primaryKey(names []string, columns []TableColumn) ([]string, error) {
	var keys []string
	for _, n := range names {
		i := findColumn(columns, n)
		if i < 0 {
			return nil, dberr.New(dberr.ErrInvalid, "UNDEFINED_COLUMN", "primary key column %q is not in the input", n).
				WithField("primary_key").WithHint("its columns are %s", list(columnNames(columns)))
		}
		keys = append(keys, QuoteName(columns[i].Name))
	}
	return keys, nil
}

func createTable(table string, columns []TableColumn, keys []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (\n", QuoteTable(table))
	for i, c := range columns {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "  %s %s", QuoteName(c.Name), c.Type)
	}
	if len(keys) > 0 {
		fmt.Fprintf(&b, ",\n  PRIMARY KEY (%s)", strings.Join(keys, ", "))
	}
	b.WriteString("\n)")
	return b.String()
}

// matchTable plans an import into a table that exists: fields find their columns
// by name, exactly or but for case.
func matchTable(table string, columns []TableColumn, fields []string) (Plan, error) {
	p := Plan{Table: table}
	var unknown []string
	taken := map[int]string{}
	for i, f := range fields {
		k := findColumn(columns, f)
		if k < 0 {
			unknown = append(unknown, f)
			continue
		}
		if other, ok := taken[k]; ok {
			return p, dberr.New(dberr.ErrInvalid, "COLUMN_MISMATCH", "fields %q and %q of the input both belong to column %q of table %q", other, f, columns[k].Name, table)
		}
		taken[k] = f
		p.Columns, p.From = append(p.Columns, columns[k]), append(p.From, i)
	}
	if len(unknown) > 0 {
		return p, dberr.New(dberr.ErrInvalid, "COLUMN_MISMATCH", "table %q has no column for %s of the input", table, list(unknown)).
			WithField("columns").WithHint("its columns are %s; rename the fields, add columns to the table or import into a new table", list(columnNames(columns)))
	}
	for k, c := range columns {
		if _, ok := taken[k]; !ok && c.NotNull && !c.HasDefault {
			return p, dberr.New(dberr.ErrInvalid, "COLUMN_MISMATCH", "column %q of table %q is NOT NULL without default, and the input has no field for it", c.Name, table).
				WithField("columns").WithHint("the input's fields are %s", list(fields))
		}
	}
	if len(p.Columns) == 0 {
		return p, dberr.New(dberr.ErrInvalid, "COLUMN_MISMATCH", "the input has no fields for table %q", table)
	}
	return p, nil
}

func findColumn(columns []TableColumn, name string) int {
	if i := slices.IndexFunc(columns, func(c TableColumn) bool { return c.Name == name }); i >= 0 {
		return i
	}
	return slices.IndexFunc(columns, func(c TableColumn) bool { return strings.EqualFold(c.Name, name) })
}

func columnNames(columns []TableColumn) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// list writes names for a message, the first ten of them.
func list(names []string) string {
	const most = 10
	var b strings.Builder
	for i, n := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", n)
	}
	return b.String()
}

// ParseType reads a type as SQL writes it: a name, modifiers, brackets for arrays.
func ParseType(s string) (sqltype.Type, error) {
	s = strings.ToLower(strings.Join(strings.Fields(s), " "))
	if elem, ok := strings.CutSuffix(s, "[]"); ok {
		t, err := ParseType(elem)
		if err != nil {
			return t, err
		}
		return sqltype.ArrayOf(t), nil
	}
	name, rest, ok := strings.Cut(s, "(")
	if !ok {
		return sqltype.TypeByName(s)
	}
	inner, after, ok := strings.Cut(rest, ")")
	if !ok {
		return sqltype.Type{}, dberr.New(dberr.ErrInvalid, "INVALID_TYPE", "type %q lacks a closing parenthesis", s).WithField("type")
	}
	var mods []int
	for _, m := range strings.Split(inner, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(m))
		if err != nil {
			return sqltype.Type{}, dberr.New(dberr.ErrInvalid, "INVALID_TYPE", "type %q has the modifier %q: want a whole number", s, m).WithField("type")
		}
		mods = append(mods, n)
	}
	return sqltype.TypeByName(strings.TrimSpace(name)+after, mods...)
}
