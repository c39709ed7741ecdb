package document

import (
	"bytes"
	"context"
	"slices"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// The limits of one page.
const (
	DefaultLimit = 1000
	MaxLimit     = 10_000
	MaxSkip      = 1_000_000
	MaxSort      = 8 // fields
)

// likely is for how many documents a page has room from the beginning, at most, where a
// limit is given.
const likely = 32

// SortField is a field of an order.
type SortField struct {
	Path       string
	Descending bool
}

// Query says which documents are wanted.
type Query struct {
	Filter     *match.Filter // nil: all
	Sort       []SortField   // nil: any order that a cursor can go on in
	Skip       int
	Limit      int    // 0: DefaultLimit
	Cursor     string // of the page before
	Projection *Projection
}

// Page is the answer to a query.
type Page struct {
	Documents []Document
	Cursor    string // of the next page, empty after the last
	Explain   Explain
}

func (q *Query) check() (order []sortField, err error) {
	switch {
	case q.Limit < 0 || q.Limit > MaxLimit:
		return nil, invalid("INVALID_LIMIT", "limit", "a limit of %d is not within 1 and %d", q.Limit, MaxLimit).WithHint("take the next page by its cursor")
	case q.Skip < 0 || q.Skip > MaxSkip:
		return nil, invalid("INVALID_LIMIT", "skip", "a skip of %d is not within 0 and %d", q.Skip, MaxSkip).WithHint("take the next page by its cursor")
	case len(q.Sort) > MaxSort:
		return nil, invalid("INVALID_SORT", "sort", "an order of %d fields has more than %d", len(q.Sort), MaxSort)
	}
	for _, f := range q.Sort {
		p, err := doc.ParsePath(f.Path)
		if err != nil {
			return nil, err
		}
		for _, other := range order {
			if slices.Equal(other.path, p) {
				return nil, invalid("INVALID_SORT", "sort", "the path %q comes twice in the order", shorten(f.Path))
			}
		}
		order = append(order, sortField{p, f.Descending})
	}
	return order, nil
}

// FindTx returns a page of documents. They refer to memory of the transaction.
func (s *Store) FindTx(tx *txn.Tx, collection string, q Query) (page Page, err error) {
	c, err := s.find(tx, collection)
	if err != nil {
		return page, err
	}
	c.queried(s)
	return s.page(tx, c, q)
}

// page is FindTx of a collection that is found.
func (s *Store) page(tx *txn.Tx, c *compiled, q Query) (page Page, err error) {
	order, err := q.check()
	if err != nil {
		return page, err
	}
	if q.Filter == nil {
		q.Filter = match.All()
	}
	limit := q.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	f := &finder{s: s, tx: tx, skip: q.Skip, limit: limit}
	if q.Limit > 1 {
		f.out = make([]Document, 0, min(q.Limit, likely))
	}
	if q.Cursor == "" {
		f.plan, err = s.plan(tx, c, q.Filter, order, q.Skip+limit)
	} else {
		f.skip = 0 // the first page did
		err = f.goOn(q.Cursor, s.plans(c, q.Filter, order))
	}
	if err != nil {
		return page, err
	}
	p := f.plan
	f.Explain = p.explain(len(p.spans) > 0 && p.access == nil && len(conjuncts(q.Filter.Root(), nil)) > 0 && isPoint(p.spans[0]))
	if err := f.run(); err != nil {
		return page, err
	}
	if f.more {
		if page.Cursor, err = s.sealCursor(tx, p.fingerprint(c.Name), f.last); err != nil {
			return page, err
		}
	}
	page.Documents, page.Explain = f.out, f.Explain
	page.Explain.Returned = len(page.Documents)
	if q.Projection != nil {
		for i := range page.Documents {
			page.Documents[i].Value = q.Projection.Apply(page.Documents[i].Value)
		}
	}
	return page, nil
}

// goOn takes the plan of the page before, though others may cost less by now.
func (f *finder) goOn(cursor string, plans []*plan) error {
	queries := make([][]byte, len(plans))
	for i, p := range plans {
		queries[i] = p.fingerprint(p.c.Name)
	}
	which, after, err := f.s.openCursor(f.tx, cursor, queries...)
	f.plan, f.after = plans[which], after
	return err
}

func isPoint(sp span) bool {
	return len(sp.upper) == len(sp.lower)+1 && bytes.HasPrefix(sp.upper, sp.lower)
}

// Find is FindTx in a transaction of its own.
func (s *Store) Find(ctx context.Context, collection string, q Query) (page Page, err error) {
	err = s.Show(ctx, collection, q, func(p *Page) {
		for i := range p.Documents {
			p.Documents[i].own()
		}
		page = *p
	})
	return page, err
}

// Show is Find that shows the page to fn instead of giving it memory of its own: its
// documents are valid during the call. The transaction lasts as long as fn takes.
func (s *Store) Show(ctx context.Context, collection string, q Query, fn func(*Page)) error {
	return s.read(ctx, func(tx *txn.Tx) error {
		page, err := s.FindTx(tx, collection, q)
		if err == nil {
			fn(&page)
		}
		return err
	})
}

// CountTx returns how many documents there are for which the filter holds.
func (s *Store) CountTx(ctx context.Context, tx *txn.Tx, collection string, filter *match.Filter) (n int64, err error) {
	c, err := s.find(tx, collection)
	if err != nil {
		return 0, err
	}
	c.queried(s)
	err = s.eachMatch(ctx, tx, c, filter, func(*candidate) error {
		n++
		return nil
	})
	return n, err
}

// Count is CountTx in a transaction of its own.
func (s *Store) Count(ctx context.Context, collection string, filter *match.Filter) (n int64, err error) {
	err = s.read(ctx, func(tx *txn.Tx) error {
		n, err = s.CountTx(ctx, tx, collection, filter)
		return err
	})
	return n, err
}

// eachMatch calls fn for every document for which the filter holds, in the order in
// which it finds them.
func (s *Store) eachMatch(ctx context.Context, tx *txn.Tx, c *compiled, filter *match.Filter, fn func(*candidate) error) error {
	if filter == nil {
		filter = match.All()
	}
	p, err := s.plan(tx, c, filter, nil, MaxSkip)
	if err != nil {
		return err
	}
	f := &finder{s: s, tx: tx, plan: p}
	n := 0
	return f.each(func(k *candidate) (bool, error) {
		if n++; n%256 == 0 && ctx.Err() != nil {
			return false, dberr.New(dberr.ErrCanceled, "CANCELED", "the request was canceled").Wrap(context.Cause(ctx))
		}
		return true, fn(k)
	})
}

// candidate is a document for which the filter holds.
type candidate struct {
	key []byte // of the entry or the document: holds until the next one
	d   Document
}

// finder runs a plan.
type finder struct {
	s           *Store
	tx          *txn.Tx
	plan        *plan
	skip, limit int
	after       []byte // the place of the last document of the page before
	Explain     Explain

	out  []Document
	last []byte // the place of the last document
	more bool   // there are more
}

func (f *finder) run() error {
	if f.plan.sorted {
		return f.inOrder()
	}
	return f.sort()
}

// inOrder takes documents as the plan finds them. Places are keys.
func (f *finder) inOrder() error {
	return f.each(func(k *candidate) (bool, error) {
		if f.skip > 0 {
			f.skip--
			return true, nil
		}
		if len(f.out) == f.limit {
			f.more = true
			return false, nil
		}
		f.out = append(f.out, k.d)
		f.last = append(f.last[:0], k.key...)
		return true, nil
	})
}

// sorted is a document among those that are sorted: what it is ordered by, and then
// its id.
type sorted struct {
	place []byte
	id    string
}

// sort keeps the first documents of all by their places, which are the values that
// they are ordered by and their ids.
func (f *finder) sort() error {
	need := f.skip + f.limit + 1
	var list []sorted
	cut := func() {
		slices.SortFunc(list, func(a, b sorted) int { return bytes.Compare(a.place, b.place) })
		list = list[:min(len(list), need)]
	}
	err := f.each(func(k *candidate) (bool, error) {
		place := append(f.plan.sortKey(k.d.Value), k.d.ID...)
		if f.after != nil && bytes.Compare(place, f.after) <= 0 {
			return true, nil
		}
		if len(list) >= 2*need+64 {
			cut()
		}
		list = append(list, sorted{place, k.d.ID})
		return true, nil
	})
	if err != nil {
		return err
	}
	cut()
	list = list[min(f.skip, len(list)):]
	if len(list) > f.limit {
		f.more, list = true, list[:f.limit]
	}
	for _, k := range list {
		w, err := f.s.slot(f.tx, f.plan.c, k.id)
		if err != nil {
			return err
		}
		if !w.found {
			return damaged("the document %q is gone from a snapshot", k.id)
		}
		f.out = append(f.out, w.old)
		f.last = k.place
	}
	return nil
}

// sortKey is what a document is ordered by: of the elements of an array, the least
// counts in ascending order, the greatest in descending.
func (p *plan) sortKey(v doc.Value) []byte {
	var key []byte
	for _, o := range p.order {
		values, _ := fieldValues(v, o.path)
		best := values[0]
		for _, other := range values[1:] {
			if c := doc.Compare(other, best); c < 0 && !o.desc || c > 0 && o.desc {
				best = other
			}
		}
		if o.desc {
			key = doc.AppendKeyDesc(key, best)
		} else {
			key = doc.AppendKey(key, best)
		}
	}
	return key
}

// each calls fn for every document of the plan for which the filter holds, until it
// returns false.
func (f *finder) each(fn func(*candidate) (bool, error)) error {
	if f.plan.union != nil {
		return f.eachOfUnion(fn)
	}
	spans := f.plan.spans
	if f.plan.back {
		spans = slices.Clone(spans)
		slices.Reverse(spans)
	}
	for _, sp := range spans {
		if f.after != nil && f.plan.sorted {
			if f.plan.back {
				sp.upper = earlier(sp.upper, f.after)
			} else {
				sp.lower = later(sp.lower, append(slices.Clone(f.after), 0))
			}
			if sp.upper != nil && bytes.Compare(sp.lower, sp.upper) >= 0 {
				continue
			}
		}
		on, err := f.span(sp, fn)
		if err != nil || !on {
			return err
		}
	}
	return nil
}

func (f *finder) span(sp span, fn func(*candidate) (bool, error)) (on bool, err error) {
	var k candidate
	on = true
	failed := f.tx.Each(txn.IterOptions{Lower: sp.lower, Upper: sp.upper, Reverse: f.plan.back}, func(key, value []byte, at txn.Timestamp) bool {
		f.Explain.Keys++
		k.key = key
		var ok bool
		if ok, err = f.read(key, value, at, &k); ok && err == nil {
			on, err = fn(&k)
		}
		on = on && err == nil
		return on
	})
	if err == nil {
		err = failed
	}
	return on && err == nil, err
}

// read reads the document of an entry of the index or the collection, and says whether it
// is one that is wanted.
func (f *finder) read(key, value []byte, at txn.Timestamp, k *candidate) (ok bool, err error) {
	f.Explain.Examined++
	p := f.plan
	if p.access == nil {
		var head [32]byte
		id := string(key[len(appendObject(head[:0], f.s.db, p.c.ID)):])
		var r record
		if err := r.decode(value); err != nil {
			return false, err
		}
		if k.d, err = f.s.document(f.tx, p.c.ID, id, &r, at); err != nil {
			return false, err
		}
		return p.filter.Test(k.d.Value)
	}
	x := p.access.x
	entry, id, err := f.s.cutEntry(x, key, value)
	if err != nil {
		return false, err
	}
	w, err := f.s.slot(f.tx, p.c, id)
	if err != nil {
		return false, err
	}
	if !w.found {
		return false, damaged("the index %q of collection %q has an entry of the document %q, which is not there", x.Name, p.c.Name, id)
	}
	k.d = w.old
	if ok, err := p.filter.Test(k.d.Value); err != nil || !ok {
		return false, err
	}
	if x.Multikey && !f.firstOf(x, k.d.Value, entry) {
		return false, nil
	}
	return true, nil
}

// firstOf says whether an entry is the first one by which the plan comes to a
// document, so that a document with several comes once.
func (f *finder) firstOf(x *index, v doc.Value, entry []byte) bool {
	entries, _, err := x.entries(v)
	if err != nil {
		return true
	}
	if f.plan.back {
		slices.Reverse(entries)
	}
	base := appendObject(nil, f.s.db, x.ID)
	for _, e := range entries {
		key := slices.Concat(base, e)
		for _, sp := range f.plan.spans {
			// An entry is longer than the bounds, which are made of values.
			if bytes.Compare(key, sp.lower) >= 0 && (sp.upper == nil || bytes.Compare(key, sp.upper) < 0) {
				return bytes.Equal(e, entry)
			}
		}
	}
	return true
}

// cutEntry takes an entry of an index apart.
func (s *Store) cutEntry(x *index, key, value []byte) (entry []byte, id string, err error) {
	var head [32]byte
	entry = key[len(appendObject(head[:0], s.db, x.ID)):]
	if x.Unique {
		return entry, string(value), nil
	}
	rest := entry
	if x.Kind == Hash {
		if len(rest) == 0 {
			return nil, "", damaged("an entry of the index %q is cut short", x.Name)
		}
		rest, err = skipTuple(rest)
	} else {
		for range x.paths {
			if rest, err = doc.SkipKey(rest); err != nil {
				break
			}
		}
	}
	if err != nil {
		return nil, "", damaged("the entry %x of the index %q is malformed", key, x.Name)
	}
	return entry[:len(entry)-len(rest)], string(rest), nil
}
