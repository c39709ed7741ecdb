package query

import (
	"context"
	"fmt"
	"strings"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/stats"
)

// statsView is pg_stats: what ANALYZE found of each column and index expression.
// Lists of values are shown as text, since they are of the column's type.
const statsView = "pg_catalog.pg_stats"

func init() {
	systemViews[statsView] = systemView{columns: []plan.ColInfo{
		{Name: "schemaname", Type: sqltype.TName}, {Name: "tablename", Type: sqltype.TName}, {Name: "attname", Type: sqltype.TName},
		{Name: "inherited", Type: sqltype.TBool}, {Name: "null_frac", Type: sqltype.TFloat4}, {Name: "avg_width", Type: sqltype.TInt4},
		{Name: "n_distinct", Type: sqltype.TFloat4}, {Name: "most_common_vals", Type: sqltype.TText},
		{Name: "most_common_freqs", Type: sqltype.TText}, {Name: "histogram_bounds", Type: sqltype.TText},
		{Name: "correlation", Type: sqltype.TFloat4},
	}}
}

// statsRows gives the rows of pg_stats.
func (e *Engine) statsRows(ctx context.Context, snap *catalog.Snapshot) (rows [][]sqltype.Datum, err error) {
	for _, t := range snap.Tables() {
		st, _, err := e.stats.of(ctx, keyOf(t))
		if err != nil {
			return nil, err
		}
		if st == nil {
			continue
		}
		for i := range t.Columns {
			if c := st.Column(&t.Columns[i]); c != nil {
				rows = append(rows, statsRow(t, t.Columns[i].Name, c, st.Rows))
			}
		}
		for i := range t.Indexes {
			for _, k := range t.Indexes[i].Columns {
				if c := st.Exprs[k.Expr]; c != nil && k.Expr != "" {
					rows = append(rows, statsRow(t, "("+k.Expr+")", c, st.Rows))
				}
			}
		}
	}
	return rows, nil
}

func statsRow(t *catalog.Table, name string, c *stats.Column, rows float64) []sqltype.Datum {
	ndv := c.NDV
	if rows > 0 && ndv > 0.1*rows { // as PostgreSQL has it: a part of the rows
		ndv = -ndv / rows
	}
	vals, freqs := make([]string, len(c.MCV)), make([]string, len(c.MCV))
	for i, m := range c.MCV {
		vals[i], freqs[i] = listItem(c.Type, m.Value), fmt.Sprintf("%.6g", m.Frac)
	}
	bounds := make([]string, len(c.Bounds))
	for i, b := range c.Bounds {
		bounds[i] = listItem(c.Type, b)
	}
	float := func(f float64) sqltype.Datum { return sqltype.Datum{Float: float64(float32(f))} }
	return []sqltype.Datum{text(t.Schema), text(t.Name), text(name), boolDatum(false), float(c.NullFrac), {Int: int64(c.Width + 0.5)},
		float(ndv), listText(vals), listText(freqs), listText(bounds), float(c.Correlation)}
}

// listText writes values as an array's text; NULL where there are none.
func listText(items []string) sqltype.Datum {
	if len(items) == 0 {
		return sqltype.NullDatum
	}
	return text("{" + strings.Join(items, ",") + "}")
}

func listItem(t sqltype.Type, d sqltype.Datum) string {
	s := sqltype.FormatText(t, d)
	if s == "" || strings.ContainsAny(s, "{},\"\\ \t\n") || strings.EqualFold(s, "null") {
		s = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	}
	return s
}
