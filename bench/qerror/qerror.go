// Package qerror tells how far the planner's estimates were from what a run has met. The
// q-error of an operator is the factor between the rows that were expected and those
// that came, whichever is larger; 1 is exact.
package qerror

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sort"
)

// Operator is one operator of a plan that was run.
type Operator struct {
	Name              string
	Estimated, Actual float64 // rows of one run of it
	Q                 float64
	// Cut says that a limit above ended it early, so that Actual says nothing.
	Cut bool
}

// node is what is read of EXPLAIN (ANALYZE, FORMAT JSON).
type node struct {
	Type   string   `json:"Node Type"`
	Rows   *float64 `json:"Plan Rows"`
	Actual *float64 `json:"Actual Rows"`
	Loops  float64  `json:"Actual Loops"`
	// Removed are rows that a scan met and left out since a join above has no match for them.
	Removed float64 `json:"Rows Removed by Join Filter"`
	Plans   []node  `json:"Plans"`
}

// Read reads the result of EXPLAIN (ANALYZE, FORMAT JSON) and lists the operators that
// were run, from the top.
func Read(text []byte) ([]Operator, error) {
	var list []struct{ Plan node }
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	var out []Operator
	for _, p := range list {
		out = walk(p.Plan, false, out)
	}
	return out, nil
}

// endless are the operators that read all of their input before they give a row.
var endless = map[string]bool{"Sort": true, "Top-N Sort": true, "HashAggregate": true, "Aggregate": true, "MixedAggregate": true}

func walk(n node, cut bool, out []Operator) []Operator {
	if n.Rows != nil && n.Actual != nil && n.Loops > 0 {
		met := *n.Actual + n.Removed
		a, e := math.Max(met, 1), math.Max(*n.Rows, 1)
		out = append(out, Operator{Name: n.Type, Estimated: *n.Rows, Actual: met, Q: math.Max(a/e, e/a), Cut: cut})
	}
	cut = (cut || n.Type == "Limit") && !endless[n.Type]
	for _, c := range n.Plans {
		out = walk(c, cut, out)
	}
	return out
}

// Print lists operators, the worst first, and how many are within a factor of ten.
func Print(w io.Writer, list []Operator) error {
	sorted := append([]Operator(nil), list...)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Q > sorted[j].Q })
	for _, o := range sorted {
		note := ""
		if o.Cut {
			note = "  (ended early by a limit)"
		}
		if _, err := fmt.Fprintf(w, "%8.1f  estimated %12.0f  actual %12.1f  %s%s\n", o.Q, o.Estimated, o.Actual, o.Name, note); err != nil {
			return err
		}
	}
	n, good := Within(list, 10)
	_, err := fmt.Fprintf(w, "%d of %d operators within 10 x\n", good, n)
	return err
}

// Within counts the operators that ran to their end, and those of them whose q-error is at
// most limit.
func Within(list []Operator, limit float64) (n, good int) {
	for _, o := range list {
		if o.Cut {
			continue
		}
		n++
		if o.Q <= limit {
			good++
		}
	}
	return n, good
}
