package query

import (
	"context"

	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// runPlan runs a plan in the session's transaction and notes how it changes row counts.
func (s *Session) runPlan(ctx context.Context, c *compiled, params []exec.Param, env *fn.Env, out func(*vec.Batch) error) (int64, error) {
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return 0, err
	}
	x := &exec.Context{
		Ctx: ctx, Tx: s.tx, Env: env, Params: params,
		Memory: s.e.opts.MemoryBytes, SpillDir: s.e.opts.SpillDir, Catalog: snap,
	}
	n, err := exec.Run(x, c.root, out)
	if err != nil {
		return n, err
	}
	s.countChanges(c.root, n)
	return n, nil
}

// countChanges notes what a finished plan did to the row counts. Where the number
// cannot be told from the result the table is counted anew.
func (s *Session) countChanges(root plan.Node, n int64) {
	switch r := root.(type) {
	case *plan.Insert:
		if r.Conflict == nil {
			s.work.addRows(keyOf(r.Table), n)
			return
		}
	case *plan.Delete:
		s.work.addRows(keyOf(r.Table), -n)
		return
	}
	s.noteWrites(root)
}

func (s *Session) noteWrites(n plan.Node) {
	switch r := n.(type) {
	case *plan.Insert:
		s.touch(keyOf(r.Table))
	case *plan.Delete:
		s.touch(keyOf(r.Table))
	case *plan.Values, *plan.Scan:
		return
	}
	for _, c := range n.Children() {
		s.noteWrites(c)
	}
}

func (s *Session) touch(k tableKey) {
	if s.work.touched == nil {
		s.work.touched = map[tableKey]bool{}
	}
	s.work.touched[k] = true
}

// runMeasured runs a plan and gives the figures of its nodes.
func (s *Session) runMeasured(ctx context.Context, c *compiled, params []exec.Param, env *fn.Env, out func(*vec.Batch) error) (func(plan.Node) (plan.Actual, bool), error) {
	n, err := s.runPlan(ctx, c, params, env, out)
	return func(x plan.Node) (plan.Actual, bool) {
		return plan.Actual{Rows: n, Loops: 1}, x == c.root
	}, err
}
