package query

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/storage/keyspace"
)

// constraintModes is what SET CONSTRAINTS has said in a transaction.
type constraintModes struct {
	all *bool // what ALL was set to, nil where it was not
	one map[constraintKey]bool
}

type constraintKey struct {
	table keyspace.ObjectID
	name  string
}

// deferral is where the transaction keeps what deferrable constraints wait for.
func (s *Session) deferral() *exec.Deferral {
	if s.work.wait == nil {
		if s.turn != nil {
			s.work.wait = s.turn.deferral()
		} else {
			s.work.wait = &exec.Deferral{Waits: s.constraintWaits}
		}
	}
	return s.work.wait
}

// constraintWaits says whether a deferrable constraint waits for the end of the transaction.
func (s *Session) constraintWaits(table keyspace.ObjectID, name string, initially bool) bool {
	m := &s.work.modes
	if v, ok := m.one[constraintKey{table, name}]; ok {
		return v
	}
	if m.all != nil {
		return *m.all
	}
	return initially
}

// checkDeferred checks the constraints that wait, those that are chosen; nil is all.
func (s *Session) checkDeferred(ctx context.Context, chosen func(table keyspace.ObjectID, name string) bool) error {
	if s.work.wait == nil || !s.work.wait.Pending() {
		return nil
	}
	r := &running{s: s, ctx: ctx}
	x, err := s.execContext(ctx, r.env())
	if err != nil {
		return err
	}
	return s.work.wait.Check(x, chosen)
}

// setConstraints runs SET CONSTRAINTS. What becomes immediate is checked at once.
func (r *running) setConstraints(st *ast.SetConstraints) error {
	m := &r.s.work.modes
	if len(st.Names) == 0 {
		m.all, m.one = &st.Deferred, nil
		if !st.Deferred {
			if err := r.s.checkDeferred(r.ctx, nil); err != nil {
				return err
			}
		}
		return r.done("SET CONSTRAINTS")
	}
	snap, err := r.s.e.cat.At(r.s.tx, r.s.db.ID)
	if err != nil {
		return err
	}
	set := map[constraintKey]bool{}
	for _, n := range st.Names {
		list, err := r.s.constraintsNamed(snap, n)
		if err != nil {
			return err
		}
		for _, k := range list {
			set[k] = true
		}
	}
	if m.one == nil {
		m.one = map[constraintKey]bool{}
	}
	for k := range set {
		m.one[k] = st.Deferred
	}
	if !st.Deferred {
		err := r.s.checkDeferred(r.ctx, func(table keyspace.ObjectID, name string) bool { return set[constraintKey{table, name}] })
		if err != nil {
			return err
		}
	}
	return r.done("SET CONSTRAINTS")
}

// constraintsNamed finds the deferrable constraints of a name in the first schema that
// has any.
func (s *Session) constraintsNamed(snap *catalog.Snapshot, n ast.Name) (list []constraintKey, err error) {
	path := s.set.path
	if s.temp != "" {
		path = append([]string{s.temp}, path...)
	}
	if n.Schema != "" {
		path = []string{n.Schema}
	}
	found := false
	for _, schema := range path {
		for _, t := range snap.Tables() {
			if t.Schema != schema {
				continue
			}
			note := func(name string, deferrable bool) {
				if name != n.Name {
					return
				}
				found = true
				if deferrable {
					list = append(list, constraintKey{t.ID, name})
				} else if err == nil {
					err = dberr.SQL(dberr.StateWrongObjectType, "constraint %q is not deferrable", name).At(n.Pos())
				}
			}
			for i := range t.ForeignKeys {
				note(t.ForeignKeys[i].Name, t.ForeignKeys[i].Deferrable)
			}
			for i := range t.Indexes {
				if t.Indexes[i].Constraint {
					note(t.Indexes[i].Name, t.Indexes[i].Deferrable)
				}
			}
			for i := range t.Checks {
				note(t.Checks[i].Name, false)
			}
		}
		if found {
			return list, err
		}
	}
	return nil, dberr.SQL(dberr.StateUndefinedObject, "constraint %q does not exist", dotted(n)).At(n.Pos())
}
