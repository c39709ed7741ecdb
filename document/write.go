package document

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// Condition is what must hold for a document that is there, or for its absence.
// The zero value always holds. One that fails is an error with the code
// PRECONDITION_FAILED.
type Condition struct {
	Absent  bool
	Present bool
	AnyOf   []txn.Timestamp // it is there in one of these versions
	NoneOf  []txn.Timestamp // it is not there in any of these
}

// Check holds the condition against the version that is there.
func (c *Condition) Check(present bool, version txn.Timestamp) error {
	failed := func(format string, args ...any) error {
		return dberr.New(dberr.ErrConstraint, "PRECONDITION_FAILED", "the condition does not hold: "+format, args...)
	}
	switch {
	case c.Absent && present:
		return failed("the document is there")
	case c.Present && !present, c.AnyOf != nil && !present:
		return failed("the document is not there")
	case c.AnyOf != nil && !slices.Contains(c.AnyOf, version):
		return failed("the document has version %d", version)
	case present && slices.Contains(c.NoneOf, version):
		return failed("the document has version %d", version)
	}
	return nil
}

// Warning is what the schema of a collection does not allow in a document that was
// taken all the same.
type Warning struct {
	ID      string
	Message string
}

// slot is a document in the hands of a transaction that is about to write it.
type slot struct {
	s     *Store
	tx    *txn.Tx
	c     *compiled
	id    string
	found bool
	rec   record   // of what is there
	old   Document // what is there
}

// slot reads what is there.
func (s *Store) slot(tx *txn.Tx, c *compiled, id string) (w slot, err error) {
	w = slot{s: s, tx: tx, c: c, id: id}
	if err := checkID(id); err != nil {
		return w, err
	}
	var key buf
	b, at, ok, err := tx.GetVersion(appendDocumentKey(key[:0], s.db, c.ID, id))
	if err != nil || !ok {
		return w, err
	}
	w.found = true
	if err = w.rec.decode(b); err == nil {
		w.old, err = s.document(tx, c.ID, id, &w.rec, at)
	}
	return w, err
}

func checkID(id string) error {
	switch {
	case id == "" || len(id) > MaxIDBytes:
		return invalid("INVALID_ID", IDField, "the id of a document has 1 to %d bytes, not %d", MaxIDBytes, len(id))
	case !utf8.ValidString(id):
		return invalid("INVALID_ID", IDField, "the id of a document must be UTF-8")
	}
	return nil
}

// put writes a document, which has its id, and all its entries.
func (w *slot) put(v doc.Value) (d Document, warnings []Warning, err error) {
	w.s.countCommits()
	if n := len(v.Bytes()); n > MaxDocumentBytes {
		return d, nil, dberr.New(dberr.ErrTooLarge, "DOCUMENT_TOO_LARGE", "a document of %d bytes is over the maximum of %d", n, MaxDocumentBytes)
	}
	if w.c.schema != nil {
		if problem := w.c.schema.check(v); problem != nil {
			if w.c.Validation != Warn {
				return d, nil, problem
			}
			warnings = []Warning{{w.id, problem.Message}}
		}
	}
	r := record{value: v.Bytes()}
	if w.found && !w.old.Created.IsZero() {
		r.created = w.old.Created.UnixNano()
	}
	if err := w.s.dropParts(w.tx, w.c.ID, &w.rec); err != nil {
		return d, nil, err
	}
	if len(r.value) > partBytes {
		if err := w.s.putParts(w.tx, w.c.ID, &r); err != nil {
			return d, nil, err
		}
	}
	for _, x := range w.c.indexes {
		if err := w.s.putEntries(w.tx, w.c, x, w.id, w.old.Value, v); err != nil {
			return d, nil, err
		}
	}
	var key buf
	if err := w.tx.Put(appendDocumentKey(key[:0], w.s.db, w.c.ID, w.id), r.append(nil)); err != nil {
		return d, nil, err
	}
	return Document{ID: w.id, Created: w.old.Created, Value: v}, warnings, nil
}

// remove takes the document and its entries away.
func (w *slot) remove() error {
	w.s.countCommits()
	if err := w.s.dropParts(w.tx, w.c.ID, &w.rec); err != nil {
		return err
	}
	for _, x := range w.c.indexes {
		if err := w.s.putEntries(w.tx, w.c, x, w.id, w.old.Value, doc.Value{}); err != nil {
			return err
		}
	}
	var key buf
	return w.tx.Delete(appendDocumentKey(key[:0], w.s.db, w.c.ID, w.id))
}

// idOf decides the id of a document that is inserted: the one given, then its _id,
// then a text in its field id, and else a new UUID of version 7.
func idOf(v doc.Value, given string) (string, error) {
	if v.Kind() != doc.Object {
		return "", invalid("INVALID_DOCUMENT", "document", "a document must be an object, not %s", v.Kind())
	}
	own := v.Field(IDField)
	if own.Exists() && own.Kind() != doc.String {
		return "", invalid("INVALID_ID", IDField, "the field _id must be text, not %s", own.Kind()).
			WithHint("leave it out for an id that is made, or write it as text")
	}
	switch {
	case given != "":
		if own.Exists() && string(own.Str()) != given {
			return "", invalid("INVALID_ID", IDField, "the document says _id %q, the request %q", shorten(string(own.Str())), shorten(given))
		}
		return given, checkID(given)
	case own.Exists():
		return string(own.Str()), checkID(string(own.Str()))
	}
	if id := v.Field("id"); id.Kind() == doc.String {
		if len(id.Str()) == 0 {
			return "", invalid("INVALID_ID", "id", "the text in the field id, which is the id of a document without _id, has 1 to %d bytes, not 0", MaxIDBytes).
				WithHint("give the document an _id, or leave the field id out")
		}
		return string(id.Str()), checkID(string(id.Str()))
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	return id.String(), nil
}

// withID is the document with its id in the first field.
func withID(v doc.Value, id string) (doc.Value, error) {
	var bad error
	fields := make([]doc.Field, 1, v.Len()+1)
	fields[0] = doc.Field{Name: IDField, Value: doc.Of(doc.AppendString(nil, id))}
	first := true
	inPlace := false
	v.Fields(func(name []byte, f doc.Value) bool {
		if len(name) > 0 && name[0] == '$' {
			bad = invalid("INVALID_DOCUMENT", string(name), "the field %q of a document begins with $, as operators do", shorten(string(name)))
			return false
		}
		if string(name) == IDField {
			inPlace = first && string(f.Str()) == id
		} else {
			fields = append(fields, doc.Field{Name: string(name), Value: f})
		}
		first = false
		return true
	})
	if bad != nil || inPlace {
		return v, bad
	}
	return doc.Of(doc.AppendObject(nil, fields)), nil
}

// InsertTx adds a document and makes the collection where there is none. Id may be
// empty: see idOf. One that is there is an error of class ErrExists.
func (s *Store) InsertTx(tx *txn.Tx, collection, id string, v doc.Value) (Document, []Warning, error) {
	c, err := s.ensure(tx, collection)
	if err != nil {
		return Document{}, nil, err
	}
	return s.insert(tx, c, id, v)
}

func (s *Store) insert(tx *txn.Tx, c *compiled, id string, v doc.Value) (Document, []Warning, error) {
	id, err := idOf(v, id)
	if err != nil {
		return Document{}, nil, err
	}
	if v, err = withID(v, id); err != nil {
		return Document{}, nil, err
	}
	w, err := s.slot(tx, c, id)
	if err != nil {
		return Document{}, nil, err
	}
	if w.found {
		return Document{}, nil, dberr.New(dberr.ErrExists, "DOCUMENT_EXISTS", "collection %q has a document %q already", c.Name, shorten(id)).WithField(IDField)
	}
	return w.put(v)
}

// Insert is InsertTx in a transaction of its own.
func (s *Store) Insert(ctx context.Context, collection, id string, v doc.Value) (d Document, warnings []Warning, err error) {
	ts, err := s.update(ctx, func(tx *txn.Tx) error {
		d, warnings, err = s.InsertTx(tx, collection, id, v)
		return err
	})
	if err != nil {
		return Document{}, nil, err
	}
	d.committed(ts)
	return d, warnings, nil
}

// ReplaceTx makes v the document of an id. Without upsert one that is not there is an
// error of class ErrNotFound. Created says that there was none.
func (s *Store) ReplaceTx(tx *txn.Tx, collection, id string, v doc.Value, cond Condition, upsert bool) (d Document, created bool, warnings []Warning, err error) {
	var c *compiled
	if upsert {
		c, err = s.ensure(tx, collection)
	} else {
		c, err = s.toWrite(tx, collection)
	}
	if err != nil {
		return d, false, nil, err
	}
	if _, err = idOf(v, id); err != nil {
		return d, false, nil, err
	}
	w, err := s.slot(tx, c, id)
	if err != nil {
		return d, false, nil, err
	}
	if err := cond.Check(w.found, w.old.Version); err != nil {
		return d, false, nil, err
	}
	if !w.found && !upsert {
		return d, false, nil, NoDocument(collection, id)
	}
	if v, err = withID(v, id); err != nil {
		return d, false, nil, err
	}
	d, warnings, err = w.put(v)
	return d, !w.found, warnings, err
}

// Replace is ReplaceTx in a transaction of its own.
func (s *Store) Replace(ctx context.Context, collection, id string, v doc.Value, cond Condition, upsert bool) (d Document, created bool, warnings []Warning, err error) {
	ts, err := s.update(ctx, func(tx *txn.Tx) error {
		d, created, warnings, err = s.ReplaceTx(tx, collection, id, v, cond, upsert)
		return err
	})
	if err != nil {
		return Document{}, false, nil, err
	}
	d.committed(ts)
	return d, created, warnings, nil
}

// NoDocument is the failure of an operation that needs a document.
func NoDocument(collection, id string) error {
	return dberr.New(dberr.ErrNotFound, "DOCUMENT_NOT_FOUND", "collection %q has no document %q", shorten(collection), shorten(id))
}

// ModifyTx makes of a document what fn makes of it. The id cannot change.
func (s *Store) ModifyTx(tx *txn.Tx, collection, id string, cond Condition, fn func(doc.Value) (doc.Value, error)) (before, after Document, warnings []Warning, err error) {
	c, err := s.toWrite(tx, collection)
	if err != nil {
		return before, after, nil, err
	}
	w, err := s.slot(tx, c, id)
	if err != nil {
		return before, after, nil, err
	}
	if err := cond.Check(w.found, w.old.Version); err != nil {
		return before, after, nil, err
	}
	if !w.found {
		return before, after, nil, NoDocument(collection, id)
	}
	after, warnings, _, err = w.modify(fn)
	return w.old, after, warnings, err
}

// modify writes what fn makes of the document, if that is another one.
func (w *slot) modify(fn func(doc.Value) (doc.Value, error)) (after Document, warnings []Warning, changed bool, err error) {
	v, err := fn(w.old.Value)
	if err != nil {
		return after, nil, false, err
	}
	if own := v.Field(IDField); own.Kind() != doc.String || string(own.Str()) != w.id {
		return after, nil, false, dberr.New(dberr.ErrConstraint, "IMMUTABLE_ID", "the field _id of a document cannot change").WithField(IDField)
	}
	if v, err = withID(v, w.id); err != nil {
		return after, nil, false, err
	}
	if string(v.Bytes()) == string(w.old.Value.Bytes()) {
		return w.old, nil, false, nil
	}
	after, warnings, err = w.put(v)
	return after, warnings, true, err
}

// Modify is ModifyTx in a transaction of its own.
func (s *Store) Modify(ctx context.Context, collection, id string, cond Condition, fn func(doc.Value) (doc.Value, error)) (before, after Document, warnings []Warning, err error) {
	ts, err := s.update(ctx, func(tx *txn.Tx) error {
		if before, after, warnings, err = s.ModifyTx(tx, collection, id, cond, fn); err == nil {
			before.own()
			after.own()
		}
		return err
	})
	if err != nil {
		return Document{}, Document{}, nil, err
	}
	after.committed(ts)
	return before, after, warnings, nil
}

// DeleteTx removes a document and returns it.
func (s *Store) DeleteTx(tx *txn.Tx, collection, id string, cond Condition) (old Document, existed bool, err error) {
	c, err := s.toWrite(tx, collection)
	if err != nil {
		return old, false, err
	}
	w, err := s.slot(tx, c, id)
	if err != nil {
		return old, false, err
	}
	if err := cond.Check(w.found, w.old.Version); err != nil {
		return old, false, err
	}
	if !w.found {
		return old, false, nil
	}
	return w.old, true, w.remove()
}

// Delete is DeleteTx in a transaction of its own.
func (s *Store) Delete(ctx context.Context, collection, id string, cond Condition) (old Document, existed bool, err error) {
	_, err = s.update(ctx, func(tx *txn.Tx) error {
		old, existed, err = s.DeleteTx(tx, collection, id, cond)
		old.own()
		return err
	})
	return old, existed && err == nil, err
}

// GetTx returns a document. It refers to memory of the transaction.
func (s *Store) GetTx(tx *txn.Tx, collection, id string) (Document, bool, error) {
	c, err := s.find(tx, collection)
	if err != nil {
		return Document{}, false, err
	}
	w, err := s.slot(tx, c, id)
	return w.old, w.found, err
}

// Get returns a document.
func (s *Store) Get(ctx context.Context, collection, id string) (d Document, ok bool, err error) {
	err = s.read(ctx, func(tx *txn.Tx) error {
		d, ok, err = s.GetTx(tx, collection, id)
		d.own()
		return err
	})
	return d, ok && err == nil, err
}

// Now is the time by the store's clock.
func (s *Store) Now() time.Time { return s.txns.Clock().Now() }
