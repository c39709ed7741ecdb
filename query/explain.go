package query

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// explain runs EXPLAIN [ANALYZE].
func (r *running) explain(st *ast.Explain) error {
	if st.Format != ast.FormatText && st.Format != ast.FormatJSON {
		return refuse(st.Pos(), "this format of EXPLAIN")
	}
	switch st.Query.(type) {
	case *ast.Select, *ast.Insert, *ast.Update, *ast.Delete:
	default:
		return refuse(st.Query.Pos(), "EXPLAIN of this statement")
	}
	begun := time.Now()
	c, err := r.compile(st.Query)
	if err != nil {
		return err
	}
	x := plan.Explainer{Costs: st.Costs != ast.No, Verbose: st.Verbose}
	planning := time.Since(begun)
	var ran time.Duration
	if st.Analyze {
		if c.writes && r.s.set.readOnly {
			return dberr.SQL(dberr.StateReadOnlyTransaction, "cannot execute EXPLAIN ANALYZE in a read-only transaction")
		}
		begun = time.Now()
		params, err := r.values(c)
		if err != nil {
			return err
		}
		if x.Actual, err = r.s.runMeasured(r.ctx, c, params, r.env(), func(*vec.Batch) error { return nil }); err != nil {
			return err
		}
		ran = time.Since(begun)
	}
	col := []Column{{Name: "QUERY PLAN", Type: sqltype.TText}}
	if st.Format == ast.FormatJSON {
		top := map[string]any{"Plan": x.JSON(c.root)}
		if st.Analyze {
			top["Planning Time"], top["Execution Time"] = millis(planning), millis(ran)
		}
		b, err := json.MarshalIndent([]any{top}, "", "  ")
		if err != nil {
			return fmt.Errorf("encode plan: %w", err)
		}
		col[0].Type = sqltype.TJSON
		return r.table("EXPLAIN", col, [][]sqltype.Datum{{text(string(b))}})
	}
	var rows [][]sqltype.Datum
	for _, line := range strings.Split(strings.TrimRight(x.Text(c.root), "\n"), "\n") {
		rows = append(rows, []sqltype.Datum{text(line)})
	}
	if st.Analyze && st.Summary != ast.No || st.Summary == ast.Yes {
		rows = append(rows, []sqltype.Datum{text(fmt.Sprintf("Planning Time: %.3f ms", millis(planning)))})
		if st.Analyze {
			rows = append(rows, []sqltype.Datum{text(fmt.Sprintf("Execution Time: %.3f ms", millis(ran)))})
		}
	}
	return r.table("EXPLAIN", col, rows)
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
