package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// recursion checks where the recursive term of a WITH query reads the query itself: once,
// and where each row it has read so far can be seen alone.
type recursion struct {
	name string
	refs int
}

// checkRecursion refuses a recursive term that reads its query where that has no meaning.
func checkRecursion(c *ast.CTE, term *ast.Select) {
	r := &recursion{name: c.Name}
	r.visit(term, "")
}

// visit looks for references below a node; where names what the node is within.
func (r *recursion) visit(node any, where string) {
	ast.Walk(node, func(n any) bool {
		switch n := n.(type) {
		case *ast.TableRef:
			if n.Name.Schema == "" && n.Name.Name == r.name {
				r.found(n, where)
			}
		case *ast.Subquery:
			r.visit(n.Query, within(where, "a subquery"))
			return false
		case *ast.InSubquery:
			r.visit(n.Arg, where)
			r.visit(n.Query, within(where, "a subquery"))
			return false
		case *ast.Quantified:
			r.visit(n.Arg, where)
			if n.Query != nil {
				r.visit(n.Query, within(where, "a subquery"))
			}
			if n.Array != nil {
				r.visit(n.Array, where)
			}
			return false
		case *ast.Join:
			r.join(n, where)
			return false
		case *ast.Select:
			return r.query(n, where)
		}
		return true
	})
}

// within keeps the outermost of the places that a reference is in.
func within(outer, inner string) string {
	if outer != "" {
		return outer
	}
	return inner
}

func (r *recursion) found(t *ast.TableRef, where string) {
	if where != "" {
		failAt(t.Pos(), dberr.StateInvalidRecursion, "recursive reference to query %q must not appear within %s", r.name, where)
	}
	if r.refs++; r.refs > 1 {
		failAt(t.Pos(), dberr.StateInvalidRecursion, "recursive reference to query %q must not appear more than once", r.name)
	}
}

func (r *recursion) join(j *ast.Join, where string) {
	left, right := where, where
	if j.Kind == ast.RightJoin || j.Kind == ast.FullJoin {
		left = within(where, "an outer join")
	}
	if j.Kind == ast.LeftJoin || j.Kind == ast.FullJoin {
		right = within(where, "an outer join")
	}
	r.visit(j.Left, left)
	r.visit(j.Right, right)
	if j.On != nil {
		r.visit(j.On, where)
	}
}

// query visits a set operation itself, and leaves other queries to the walk.
func (r *recursion) query(q *ast.Select, where string) bool {
	left, right := where, where
	switch {
	case q.Op == ast.Intersect && q.All:
		left, right = within(where, "INTERSECT"), within(where, "INTERSECT")
	case q.Op == ast.Except:
		right = within(where, "EXCEPT")
		if q.All {
			left = right
		}
	default:
		return true
	}
	r.visit(q.Left, left)
	r.visit(q.Right, right)
	return false
}

// aggregatesOver reports whether an aggregate is computed over the rows that a recursive
// query has read so far.
func aggregatesOver(rel Rel, id int) bool {
	if a, ok := rel.(*LAgg); ok && len(a.Aggs) > 0 && reads(a.Input, id) {
		return true
	}
	for _, in := range Inputs(rel) {
		if aggregatesOver(in, id) {
			return true
		}
	}
	return false
}

func reads(rel Rel, id int) bool {
	if ref, ok := rel.(*LWithRef); ok && ref.ID == id && ref.Work {
		return true
	}
	for _, in := range Inputs(rel) {
		if reads(in, id) {
			return true
		}
	}
	return false
}
