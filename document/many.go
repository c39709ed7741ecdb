package document

import (
	"context"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/document/update"
	"github.com/weftdb/weft/storage/txn"
)

// InsertManyTx adds documents, all of them or, with an error, none.
func (s *Store) InsertManyTx(tx *txn.Tx, collection string, docs []doc.Value) (ids []string, warnings []Warning, err error) {
	c, err := s.ensure(tx, collection)
	if err != nil {
		return nil, nil, err
	}
	for i, v := range docs {
		d, w, err := s.insert(tx, c, "", v)
		if err != nil {
			return nil, nil, &ItemError{Index: i, Err: err}
		}
		ids = append(ids, d.ID)
		warnings = append(warnings, w...)
	}
	return ids, warnings, nil
}

// ItemError says which of several documents was at fault.
type ItemError struct {
	Index int
	Err   error
}

func (e *ItemError) Error() string { return e.Err.Error() }

// Unwrap gives the fault.
func (e *ItemError) Unwrap() error { return e.Err }

// InsertMany is InsertManyTx in a transaction of its own.
func (s *Store) InsertMany(ctx context.Context, collection string, docs []doc.Value) (ids []string, warnings []Warning, err error) {
	_, err = s.update(ctx, func(tx *txn.Tx) error {
		ids, warnings, err = s.InsertManyTx(tx, collection, docs)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return ids, warnings, nil
}

// DeleteIDs removes documents by id and returns how many were there.
func (s *Store) DeleteIDs(ctx context.Context, collection string, ids []string) (n int, err error) {
	_, err = s.update(ctx, func(tx *txn.Tx) error {
		n = 0
		for i, id := range ids {
			_, existed, err := s.DeleteTx(tx, collection, id, Condition{})
			if err != nil {
				return &ItemError{Index: i, Err: err}
			}
			if existed {
				n++
			}
		}
		return nil
	})
	return n, err
}

// Change says what becomes of the documents that a filter holds for.
type Change struct {
	Filter *match.Filter
	Sort   []SortField    // which document is the first, where One is set
	Update *update.Update // operators; or
	With   doc.Value      // the document that replaces it
	Upsert bool           // make a document where there is none
	One    bool           // only the first
}

// Changed is what a Change did.
type Changed struct {
	Matched, Modified int
	Upserted          string // the id of the document that was made
	Before, After     []Document
	Warnings          []Warning
}

// UpdateManyTx changes documents. With keep it returns them as they were and are.
func (s *Store) UpdateManyTx(ctx context.Context, tx *txn.Tx, collection string, ch Change, keep bool) (out Changed, err error) {
	if ch.Filter == nil {
		ch.Filter = match.All()
	}
	var c *compiled
	if ch.Upsert {
		c, err = s.ensure(tx, collection)
	} else {
		c, err = s.toWrite(tx, collection)
	}
	if err != nil {
		return out, err
	}
	ids, err := s.matching(ctx, tx, c, collection, ch.Filter, ch.Sort, ch.One)
	if err != nil {
		return out, err
	}
	for _, id := range ids {
		if err := s.changeOne(tx, c, id, &ch, keep, &out); err != nil {
			return out, err
		}
	}
	if len(ids) == 0 && ch.Upsert {
		return out, s.upsert(tx, c, &ch, keep, &out)
	}
	return out, nil
}

// matching collects the ids before anything is written, so that what is written is
// not met again.
func (s *Store) matching(ctx context.Context, tx *txn.Tx, c *compiled, collection string, f *match.Filter, order []SortField, one bool) (ids []string, err error) {
	if one {
		page, err := s.page(tx, c, Query{Filter: f, Sort: order, Limit: 1})
		for i := range page.Documents {
			ids = append(ids, page.Documents[i].ID)
		}
		return ids, err
	}
	err = s.eachMatch(ctx, tx, c, f, func(k *candidate) error {
		ids = append(ids, k.d.ID)
		return nil
	})
	return ids, err
}

func (s *Store) changeOne(tx *txn.Tx, c *compiled, id string, ch *Change, keep bool, out *Changed) error {
	w, err := s.slot(tx, c, id)
	if err != nil {
		return err
	}
	at, _ := ch.Filter.MatchAt(w.old.Value)
	after, warnings, changed, err := w.modify(func(v doc.Value) (doc.Value, error) {
		if ch.Update == nil {
			if _, err := idOf(ch.With, id); err != nil {
				return v, err
			}
			return withID(ch.With, id)
		}
		return ch.Update.Apply(v, update.Context{At: at, Now: s.Now()})
	})
	if err != nil {
		return err
	}
	out.Matched++
	if changed {
		out.Modified++
	}
	out.Warnings = append(out.Warnings, warnings...)
	if keep {
		out.Before, out.After = append(out.Before, w.old), append(out.After, after)
	}
	return nil
}

// upsert makes the document that the filter and the update describe.
func (s *Store) upsert(tx *txn.Tx, c *compiled, ch *Change, keep bool, out *Changed) error {
	v := ch.With
	var err error
	if ch.Update != nil {
		if v, err = seed(ch.Filter); err != nil {
			return err
		}
		if v, err = ch.Update.Apply(v, update.Context{At: -1, Insert: true, Now: s.Now()}); err != nil {
			return err
		}
	} else if id := equalID(ch.Filter); id != "" && !v.Field(IDField).Exists() {
		if v, err = withID(v, id); err != nil {
			return err
		}
	}
	d, warnings, err := s.insert(tx, c, "", v)
	if err != nil {
		return err
	}
	out.Upserted, out.Warnings = d.ID, warnings
	if keep {
		out.After = append(out.After, d)
	}
	return nil
}

// seed is a document of the values that a filter wants.
func seed(f *match.Filter) (doc.Value, error) {
	n := doc.NewNode(doc.Of(doc.AppendObject(nil, nil)))
	for _, e := range f.Equalities() {
		at := n
		for i, step := range e.Path {
			next := at.Field(step)
			if next == nil {
				next = doc.NewNode(doc.Of(doc.AppendNull(nil)))
				if i < len(e.Path)-1 {
					next.SetObject()
				}
				at.AddField(step, next)
			} else if i == len(e.Path)-1 || next.Kind() != doc.Object {
				return doc.Value{}, invalid("INVALID_FILTER", e.Path.String(), "an upsert cannot make a document with two values of %q", e.Path)
			}
			at = next
		}
		at.Set(e.Value)
	}
	return n.Value(), nil
}

func equalID(f *match.Filter) string {
	for _, e := range f.Equalities() {
		if len(e.Path) == 1 && e.Path[0] == IDField {
			return string(e.Value.Str())
		}
	}
	return ""
}

// UpdateMany is UpdateManyTx in a transaction of its own.
func (s *Store) UpdateMany(ctx context.Context, collection string, ch Change, keep bool) (out Changed, err error) {
	ts, err := s.update(ctx, func(tx *txn.Tx) error {
		if out, err = s.UpdateManyTx(ctx, tx, collection, ch, keep); err != nil {
			return err
		}
		for i := range out.Before {
			out.Before[i].own()
		}
		for i := range out.After {
			out.After[i].own()
		}
		return nil
	})
	if err != nil {
		return Changed{}, err
	}
	for i := range out.After {
		out.After[i].committed(ts)
	}
	return out, nil
}

// DeleteManyTx removes the documents that a filter holds for, or the first of them,
// and with keep returns them.
func (s *Store) DeleteManyTx(ctx context.Context, tx *txn.Tx, collection string, ch Change, keep bool) (n int, gone []Document, err error) {
	if ch.Filter == nil {
		ch.Filter = match.All()
	}
	c, err := s.toWrite(tx, collection)
	if err != nil {
		return 0, nil, err
	}
	ids, err := s.matching(ctx, tx, c, collection, ch.Filter, ch.Sort, ch.One)
	if err != nil {
		return 0, nil, err
	}
	for _, id := range ids {
		w, err := s.slot(tx, c, id)
		if err == nil {
			err = w.remove()
		}
		if err != nil {
			return 0, nil, err
		}
		if keep {
			gone = append(gone, w.old)
		}
	}
	return len(ids), gone, nil
}

// DeleteMany is DeleteManyTx in a transaction of its own.
func (s *Store) DeleteMany(ctx context.Context, collection string, ch Change, keep bool) (n int, gone []Document, err error) {
	_, err = s.update(ctx, func(tx *txn.Tx) error {
		n, gone, err = s.DeleteManyTx(ctx, tx, collection, ch, keep)
		for i := range gone {
			gone[i].own()
		}
		return err
	})
	return n, gone, err
}
