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
	if err := refuseExplain(st); err != nil {
		return err
	}
	if ex, ok := st.Query.(*ast.Execute); ok {
		p, params, err := r.bindExecute(ex)
		if err != nil {
			return err
		}
		r.params = params
		c := *st
		c.Query = p.stmt
		st = &c
	}
	begun := time.Now()
	compile := r.compile
	if st.Analyze {
		compile = r.compileLocked
	}
	c, err := compile(st.Query)
	if err != nil {
		return err
	}
	x := plan.Explainer{Costs: st.Costs != ast.No, Verbose: st.Verbose, Timing: st.Timing != ast.No, Buffers: st.Buffers == ast.Yes}
	planning := time.Since(begun)
	var ran time.Duration
	if st.Analyze {
		if c.lasting && r.s.set.readOnly {
			return dberr.SQL(dberr.StateReadOnlyTransaction, "cannot execute EXPLAIN ANALYZE in a read-only transaction")
		}
		begun = time.Now()
		params, err := r.values(c)
		if err != nil {
			return err
		}
		defer r.reading()()
		if x.Actual, err = r.s.runMeasured(r.ctx, c, params, r.env(), func(*vec.Batch) error { return nil }); err != nil {
			return err
		}
		ran = time.Since(begun)
	}
	foot := r.explainFoot(st, c, planning, ran)
	col := []Column{{Name: "QUERY PLAN", Type: sqltype.TText}}
	if st.Format == ast.FormatJSON {
		top := map[string]any{"Plan": x.JSON(c.root)}
		for _, f := range foot {
			top[f.name] = f.value
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
	for _, f := range foot {
		rows = append(rows, []sqltype.Datum{text(f.name + ": " + f.text)})
	}
	return r.table("EXPLAIN", col, rows)
}

// refuseExplain refuses what EXPLAIN cannot do, and options that need ANALYZE.
func refuseExplain(st *ast.Explain) error {
	switch {
	case st.Format != ast.FormatText && st.Format != ast.FormatJSON:
		return refuse(st.Pos(), "this format of EXPLAIN")
	case st.WAL:
		return refuse(st.Pos(), "EXPLAIN (WAL)")
	case st.Memory:
		return refuse(st.Pos(), "EXPLAIN (MEMORY)")
	case st.Generic:
		return refuse(st.Pos(), "EXPLAIN (GENERIC_PLAN)")
	case st.Timing == ast.Yes && !st.Analyze:
		return dberr.SQL(dberr.StateInvalidParameterValue, "EXPLAIN option TIMING requires ANALYZE").At(st.Pos())
	case st.Buffers == ast.Yes && !st.Analyze:
		return dberr.SQL(dberr.StateInvalidParameterValue, "EXPLAIN option BUFFERS requires ANALYZE").At(st.Pos())
	}
	switch st.Query.(type) {
	case *ast.Select, *ast.Insert, *ast.Update, *ast.Delete, *ast.Merge, *ast.Execute:
		return nil
	}
	return refuse(st.Query.Pos(), "EXPLAIN of this statement")
}

// explainLine is one line below a plan.
type explainLine struct {
	name, text string
	value      any // in JSON
}

func (r *running) explainFoot(st *ast.Explain, c *compiled, planning, ran time.Duration) (list []explainLine) {
	if st.Settings {
		set := map[string]string{}
		var parts []string
		for _, p := range plannerSettings {
			if *p.off(&r.s.set.planner) {
				set[p.name] = "off"
				parts = append(parts, p.name+" = 'off'")
			}
		}
		if parts != nil {
			list = append(list, explainLine{"Settings", strings.Join(parts, ", "), set})
		}
	}
	if st.Summary == ast.No || !st.Analyze && st.Summary != ast.Yes {
		return list
	}
	list = append(list, explainLine{"Planning Time", fmt.Sprintf("%.3f ms", millis(planning)), millis(planning)})
	how := "made"
	if r.cached {
		how = "kept"
	}
	if c.custom {
		how = "made for these values"
	}
	s := r.s.e.PlanCacheStats()
	rate := 100 * float64(s.Hits) / max(float64(s.Hits+s.Misses), 1)
	list = append(list, explainLine{"Plan Cache", fmt.Sprintf("%s (cache of %d, %.1f %% of lookups met)", how, s.Entries, rate),
		map[string]any{"How": how, "Cache Entries": s.Entries, "Cache Hits": s.Hits, "Cache Misses": s.Misses}})
	if st.Analyze {
		list = append(list, explainLine{"Execution Time", fmt.Sprintf("%.3f ms", millis(ran)), millis(ran)})
	}
	return list
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
