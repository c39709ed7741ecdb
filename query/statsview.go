package query

import (
	"fmt"
	"strings"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/stats"
)

// statsRows gives the rows of pg_stats: what ANALYZE found of each column and index
// expression. Lists of values are shown as text, since they are of the column's type.
func statsRows(v *viewCall) error {
	for _, t := range v.snap.Tables() {
		if t.External != nil {
			continue
		}
		st, _, err := v.e.stats.of(v.ctx, keyOf(t))
		if err != nil {
			return err
		}
		if st == nil {
			continue
		}
		for i := range t.Columns {
			if c := st.Column(&t.Columns[i]); c != nil {
				statsRow(v, t, t.Columns[i].Name, c, st.Rows)
			}
		}
		for i := range t.Indexes {
			for _, k := range t.Indexes[i].Columns {
				if c := st.Exprs[k.Expr]; c != nil && k.Expr != "" {
					statsRow(v, t, "("+k.Expr+")", c, st.Rows)
				}
			}
		}
	}
	return nil
}

func statsRow(v *viewCall, t *catalog.Table, name string, c *stats.Column, rows float64) {
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
	v.add(t.Schema, t.Name, name, false, c.NullFrac, int64(c.Width+0.5), ndv, listText(vals), listText(freqs), listText(bounds), c.Correlation)
}

// listText writes values as an array's text; NULL where there are none.
func listText(items []string) any {
	if len(items) == 0 {
		return nil
	}
	return "{" + strings.Join(items, ",") + "}"
}

func listItem(t sqltype.Type, d sqltype.Datum) string {
	s := sqltype.FormatText(t, d)
	if s == "" || strings.ContainsAny(s, "{},\"\\ \t\n") || strings.EqualFold(s, "null") {
		s = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	}
	return s
}
