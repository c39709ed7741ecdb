package query

import (
	"fmt"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// catalogSource is the name under which system views stand in plans.
const catalogSource = "catalog"

// systemView is a table of information_schema or pg_catalog, made of the catalog
// as the statement sees it.
type systemView struct {
	columns []plan.ColInfo
	rows    func(db string, s *catalog.Snapshot, add func(values ...any))
}

// systemViews are the views by schema and name.
var systemViews = map[string]systemView{
	"information_schema.schemata": {
		columns: viewColumns("catalog_name name, schema_name name, schema_owner name"),
		rows: func(db string, s *catalog.Snapshot, add func(...any)) {
			for _, n := range append(s.Schemas(), catalog.InformationSchema, catalog.SystemSchema) {
				add(db, n, "weft")
			}
		},
	},
	"information_schema.tables": {
		columns: viewColumns("table_catalog name, table_schema name, table_name name, table_type text, is_insertable_into text"),
		rows: func(db string, s *catalog.Snapshot, add func(...any)) {
			for _, t := range s.Tables() {
				switch {
				case t.Kind == catalog.Materialized:
				case isTemp(t.Schema):
					add(db, t.Schema, t.Name, "LOCAL TEMPORARY", "YES")
				default:
					add(db, t.Schema, t.Name, "BASE TABLE", "YES")
				}
			}
			for _, v := range s.Views() {
				add(db, v.Schema, v.Name, "VIEW", "NO")
			}
		},
	},
	"information_schema.views": {
		columns: viewColumns("table_catalog name, table_schema name, table_name name, view_definition text"),
		rows: func(db string, s *catalog.Snapshot, add func(...any)) {
			for _, v := range s.Views() {
				add(db, v.Schema, v.Name, v.Query)
			}
		},
	},
	"information_schema.columns": {
		columns: viewColumns("table_catalog name, table_schema name, table_name name, column_name name, ordinal_position int4, " +
			"column_default text, is_nullable text, data_type text, character_maximum_length int4, numeric_precision int4, " +
			"numeric_scale int4, is_identity text, identity_generation text, is_generated text, generation_expression text"),
		rows: columnRows,
	},
	"information_schema.table_constraints": {
		columns: viewColumns("constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, " +
			"table_schema name, table_name name, constraint_type text"),
		rows: func(db string, s *catalog.Snapshot, add func(...any)) {
			for _, t := range s.Tables() {
				row := func(name, kind string) { add(db, t.Schema, name, db, t.Schema, t.Name, kind) }
				for _, x := range t.Indexes {
					switch {
					case x.Constraint && x.Primary:
						row(x.Name, "PRIMARY KEY")
					case x.Constraint:
						row(x.Name, "UNIQUE")
					}
				}
				for _, c := range t.Checks {
					row(c.Name, "CHECK")
				}
				for _, k := range t.ForeignKeys {
					row(k.Name, "FOREIGN KEY")
				}
			}
		},
	},
	"information_schema.key_column_usage": {
		columns: viewColumns("constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, " +
			"table_schema name, table_name name, column_name name, ordinal_position int4"),
		rows: func(db string, s *catalog.Snapshot, add func(...any)) {
			for _, t := range s.Tables() {
				for _, x := range t.Indexes {
					for i, c := range x.Columns {
						if o := t.Ordinal(c.Column); x.Constraint && o >= 0 {
							add(db, t.Schema, x.Name, db, t.Schema, t.Name, t.Columns[o].Name, i+1)
						}
					}
				}
				for _, k := range t.ForeignKeys {
					for i, id := range k.Columns {
						add(db, t.Schema, k.Name, db, t.Schema, t.Name, t.Columns[t.Ordinal(id)].Name, i+1)
					}
				}
			}
		},
	},
	"pg_catalog.pg_tables": {
		columns: viewColumns("schemaname name, tablename name, tableowner name, hasindexes bool"),
		rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
			for _, t := range s.Tables() {
				add(t.Schema, t.Name, "weft", len(t.Indexes) > 1 || !t.HiddenKey())
			}
		},
	},
	"pg_catalog.pg_indexes": {
		columns: viewColumns("schemaname name, tablename name, indexname name, indexdef text"),
		rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
			for _, t := range s.Tables() {
				for i := range t.Indexes {
					if x := &t.Indexes[i]; x.Name != "" {
						add(t.Schema, t.Name, x.Name, indexText(t, x))
					}
				}
			}
		},
	},
	"pg_catalog.pg_database": {
		columns: viewColumns("datname name, encoding int4"),
		rows:    func(db string, _ *catalog.Snapshot, add func(...any)) { add(db, 6) },
	},
	"pg_catalog.pg_settings": {
		columns: viewColumns("name text, short_desc text"),
		rows: func(_ string, _ *catalog.Snapshot, add func(...any)) {
			for n, s := range knownSettings {
				add(n, s.about)
			}
		},
	},
}

// viewColumns reads "name type, name type".
func viewColumns(text string) (cols []plan.ColInfo) {
	for _, def := range strings.Split(text, ", ") {
		name, typ, _ := strings.Cut(def, " ")
		cols = append(cols, plan.ColInfo{Name: name, Type: viewTypes[typ]})
	}
	return cols
}

func yesNo(b bool) string {
	if b {
		return "YES"
	}
	return "NO"
}

func columnRows(db string, s *catalog.Snapshot, add func(...any)) {
	for _, t := range s.Tables() {
		for i, c := range t.Columns {
			var def, length, precision, scale, identity, expr any
			if c.Default != "" {
				def = c.Default
			}
			switch c.Type.ID {
			case sqltype.Varchar, sqltype.Bpchar:
				if c.Type.Mod > 0 {
					length = int(c.Type.Mod)
				}
			case sqltype.Numeric:
				if p, sc := c.Type.NumericPS(); p > 0 {
					precision, scale = p, sc
				}
			case sqltype.Int2, sqltype.Int4, sqltype.Int8:
				precision, scale = map[sqltype.ID]int{sqltype.Int2: 16, sqltype.Int4: 32, sqltype.Int8: 64}[c.Type.ID], 0
			}
			switch c.Identity {
			case 'a':
				identity = "ALWAYS"
			case 'd':
				identity = "BY DEFAULT"
			}
			generated := "NEVER"
			if c.Generated != "" {
				generated, expr = "ALWAYS", c.Generated
			}
			name := c.Type.Base().Name()
			if c.Type.ID == sqltype.Array {
				name = "ARRAY"
			}
			add(db, t.Schema, t.Name, c.Name, i+1, def, yesNo(!c.NotNull), name, length, precision, scale,
				yesNo(c.Identity != 0), identity, generated, expr)
		}
	}
	for _, v := range s.Views() {
		for i, c := range v.Columns {
			add(db, v.Schema, v.Name, c.Name, i+1, nil, "YES", c.Type.Base().Name(), nil, nil, nil, "NO", nil, "NEVER", nil)
		}
	}
}

// indexText is the CREATE INDEX statement that makes an index.
func indexText(t *catalog.Table, x *catalog.Index) string {
	unique, method, cols := "", "btree", ""
	if x.Unique {
		unique = "UNIQUE "
	}
	if x.Kind == catalog.Hash {
		method = "hash"
	}
	for i, k := range x.Columns {
		if i > 0 {
			cols += ", "
		}
		cols += partName(t, k)
		if k.Desc {
			cols += " DESC"
		}
		if k.NullsFirst != k.Desc {
			cols += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
	}
	s := fmt.Sprintf("CREATE %sINDEX %s ON %s.%s USING %s (%s)", unique, x.Name, t.Schema, t.Name, method, cols)
	if x.Predicate != "" {
		s += " WHERE " + x.Predicate
	}
	return s
}

// virtualTable finds a system view for the binder; nil where there is none.
func virtualTable(schema, name string) *plan.VirtualTable {
	object := schema + "." + name
	v, ok := systemViews[object]
	if !ok {
		return nil
	}
	return &plan.VirtualTable{Source: catalogSource, Object: object, Columns: v.columns}
}

// viewRows gives the rows of a system view, all columns.
func viewRows(db string, s *catalog.Snapshot, object string) ([][]sqltype.Datum, error) {
	v, ok := systemViews[object]
	if !ok {
		return nil, dberr.SQL(dberr.StateUndefinedTable, "relation %q does not exist", object)
	}
	var rows [][]sqltype.Datum
	v.rows(db, s, func(values ...any) {
		row := make([]sqltype.Datum, len(values))
		for i, x := range values {
			switch x := x.(type) {
			case nil:
				row[i] = sqltype.NullDatum
			case string:
				row[i] = text(x)
			case int:
				row[i] = sqltype.Datum{Int: int64(x)}
			case int64:
				row[i] = sqltype.Datum{Int: x}
			case float64:
				row[i] = sqltype.Datum{Float: x}
			case *sqltype.ArrayValue:
				row[i] = sqltype.Datum{Any: x}
			case bool:
				row[i] = boolDatum(x)
			}
		}
		rows = append(rows, row)
	})
	return rows, nil
}
