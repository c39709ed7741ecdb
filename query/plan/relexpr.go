package plan

// RelExprs lists the expressions that a relation holds itself.
func RelExprs(r Rel) (list []Expr) {
	visitExprs(r, func(e Expr) Expr {
		list = append(list, e)
		return e
	})
	return list
}

// MapRel rebuilds a relation and everything below it with mapped expressions. It
// returns r itself where nothing changed.
func MapRel(r Rel, f func(Expr) Expr) Rel {
	in := Inputs(r)
	if len(in) > 0 {
		mapped := make([]Rel, len(in))
		for i := range in {
			mapped[i] = MapRel(in[i], f)
		}
		r = WithInputs(r, mapped)
	}
	return MapRelExprs(r, f)
}

// MapRelExprs maps the expressions that a relation holds itself.
func MapRelExprs(r Rel, f func(Expr) Expr) Rel {
	changed := false
	m := func(e Expr) Expr {
		n := Map(e, f)
		changed = changed || n != e
		return n
	}
	c := visitExprs(r, m)
	if !changed {
		return r
	}
	return c
}

// visitExprs returns a copy of r in which each expression has gone through m.
func visitExprs(r Rel, m func(Expr) Expr) Rel {
	switch r := r.(type) {
	case *LValues:
		c := *r
		c.Rows = make([][]Expr, len(r.Rows))
		for i := range r.Rows {
			c.Rows[i] = each(r.Rows[i], m)
		}
		return &c
	case *LFunc:
		c := *r
		c.Calls = eachSet(r.Calls, m)
		return &c
	case *LFilter:
		c := *r
		c.Conds = each(r.Conds, m)
		return &c
	case *LProject:
		c := *r
		c.Exprs = each(r.Exprs, m)
		c.Sets = eachSet(r.Sets, m)
		return &c
	case *LJoin:
		c := *r
		c.On = each(r.On, m)
		return &c
	case *LAgg:
		c := *r
		c.Keys, c.Aggs = each(r.Keys, m), eachAgg(r.Aggs, m)
		return &c
	case *LWindow:
		c := *r
		c.Partition, c.Order = each(r.Partition, m), eachKey(r.Order, m)
		c.Calls = eachWindow(r.Calls, m)
		return &c
	case *LSort:
		c := *r
		c.Keys = eachKey(r.Keys, m)
		return &c
	case *LLimit:
		c := *r
		c.Offset, c.Count, c.Ties = one(r.Offset, m), one(r.Count, m), each(r.Ties, m)
		return &c
	case *LDistinct:
		c := *r
		c.On = each(r.On, m)
		return &c
	}
	return visitWrites(r, m)
}

func visitWrites(r Rel, m func(Expr) Expr) Rel {
	switch r := r.(type) {
	case *LInsert:
		c := *r
		c.Returning, c.Views = each(r.Returning, m), eachView(r.Views, m)
		if r.Conflict != nil {
			k := *r.Conflict
			k.Sets, k.Where = eachSetColumn(k.Sets, m), one(k.Where, m)
			c.Conflict = &k
		}
		return &c
	case *LUpdate:
		c := *r
		c.Sets, c.Returning, c.Views = eachSetColumn(r.Sets, m), each(r.Returning, m), eachView(r.Views, m)
		return &c
	case *LDelete:
		c := *r
		c.Returning = each(r.Returning, m)
		return &c
	}
	return r
}

func one(e Expr, m func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	return m(e)
}

func each(list []Expr, m func(Expr) Expr) []Expr {
	if list == nil {
		return nil
	}
	out := make([]Expr, len(list))
	for i, e := range list {
		out[i] = one(e, m)
	}
	return out
}

func eachKey(list []SortKey, m func(Expr) Expr) []SortKey {
	out := append([]SortKey(nil), list...)
	for i := range out {
		out[i].Expr = m(out[i].Expr)
	}
	return out
}

func eachSet(list []*SetCall, m func(Expr) Expr) []*SetCall {
	if list == nil {
		return nil
	}
	out := make([]*SetCall, len(list))
	for i, s := range list {
		if s != nil {
			out[i] = &SetCall{Set: s.Set, Args: each(s.Args, m), Column: s.Column}
		}
	}
	return out
}

func eachSetColumn(list []SetColumn, m func(Expr) Expr) []SetColumn {
	out := append([]SetColumn(nil), list...)
	for i := range out {
		out[i].Expr = m(out[i].Expr)
	}
	return out
}

func eachView(list []ViewCheck, m func(Expr) Expr) []ViewCheck {
	out := append([]ViewCheck(nil), list...)
	for i := range out {
		out[i].Cond = m(out[i].Cond)
	}
	return out
}

func eachAgg(list []AggCall, m func(Expr) Expr) []AggCall {
	out := append([]AggCall(nil), list...)
	for i := range out {
		a := &out[i]
		a.Args, a.Order = each(a.Args, m), eachKey(a.Order, m)
		a.Filter, a.Direct = one(a.Filter, m), each(a.Direct, m)
	}
	return out
}

func eachWindow(list []WindowCall, m func(Expr) Expr) []WindowCall {
	out := append([]WindowCall(nil), list...)
	for i := range out {
		w := &out[i]
		w.Args, w.Filter = each(w.Args, m), one(w.Filter, m)
		w.Frame.Start.Offset, w.Frame.End.Offset = one(w.Frame.Start.Offset, m), one(w.Frame.End.Offset, m)
	}
	return out
}
