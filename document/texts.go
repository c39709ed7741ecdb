package document

import (
	"context"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// Texts are the full-text indexes that stand alone: each a list of texts with
// metadata, by id. They have a database's names to themselves.
func (s *Store) Texts() *Texts {
	return &Texts{&Store{core: s.core, db: s.db, tx: s.tx, hidden: true}}
}

// Texts is the model of the full-text indexes that stand alone.
type Texts struct{ s *Store }

// Collections is the store of what the indexes are inside: a collection each, of documents
// that ItemOf reads. It is for those that read them as collections are read.
func (t *Texts) Collections() *Store { return t.s }

// textField and metadataField are the fields of their documents.
const (
	textField     = "text"
	metadataField = "metadata"
)

// List gives their names.
func (t *Texts) List(ctx context.Context) (names []string, err error) {
	list, err := t.s.Collections(ctx)
	for i := range list {
		names = append(names, list[i].Name)
	}
	return names, err
}

// Create makes an index, with suggest one that gives suggestions; one that is there is
// an error of class ErrExists.
func (t *Texts) Create(ctx context.Context, name, analyzer string, suggest bool) error {
	cfg := &fulltext.Config{Fields: []fulltext.Field{{Path: textField, Suggest: suggest}}, Analyzer: analyzer}
	if err := cfg.Check(); err != nil {
		return err
	}
	if _, err := t.s.CreateCollection(ctx, name, CollectionOptions{}); err != nil {
		return textError(err, name)
	}
	return t.s.SetText(ctx, name, cfg)
}

// textError tells of an index, not of the collection that it is inside.
func textError(err error, name string) error {
	e := dberr.As(err)
	if e == nil {
		return err
	}
	switch e.Code {
	case "COLLECTION_EXISTS":
		return dberr.New(dberr.ErrExists, "TEXT_INDEX_EXISTS", "the full-text index %q is there already", shorten(name)).WithField("name")
	case "COLLECTION_NOT_FOUND":
		return dberr.New(dberr.ErrNotFound, "TEXT_INDEX_NOT_FOUND", "there is no full-text index %q", shorten(name)).WithField("name")
	case "DOCUMENT_NOT_FOUND":
		return dberr.New(dberr.ErrNotFound, "DOCUMENT_NOT_FOUND", "the full-text index %q has no such document", shorten(name)).WithField("id")
	}
	return err
}

// Drop removes an index.
func (t *Texts) Drop(ctx context.Context, name string) error {
	return textError(t.s.DropCollection(ctx, name), name)
}

// Status describes an index.
func (t *Texts) Status(ctx context.Context, name string) (TextStatus, int64, error) {
	st, err := t.s.Text(ctx, name)
	if err != nil {
		return st, 0, textError(err, name)
	}
	n, err := t.s.Count(ctx, name, nil)
	return st, n, err
}

// Rebuild makes an index anew.
func (t *Texts) Rebuild(ctx context.Context, name string) error {
	return textError(t.s.RebuildText(ctx, name), name)
}

// RebuildText makes the full-text index of a collection anew, and returns when it is
// built.
func (s *Store) RebuildText(ctx context.Context, collection string) error {
	c, err := s.Collection(ctx, collection)
	if err != nil {
		return err
	}
	if c.Text == nil {
		_, err := s.openText(ctx, collection, false)
		return err
	}
	return s.SetText(ctx, collection, c.Text)
}

// Item is a text of an index.
type Item struct {
	ID       string
	Text     string
	Metadata doc.Value // an object, or Missing
}

// Put writes texts, all of them or none, in place of those of the same ids. The index
// must be there.
func (t *Texts) Put(ctx context.Context, name string, items []Item) error {
	return t.s.Update(ctx, func(tx *txn.Tx) error {
		c, err := t.s.find(tx, name)
		if err != nil {
			return textError(err, name)
		}
		for i := range items {
			if err := t.put(tx, c, &items[i]); err != nil {
				return &ItemError{Index: i, Err: err}
			}
		}
		return nil
	})
}

func (t *Texts) put(tx *txn.Tx, c *compiled, item *Item) error {
	fields := []doc.Field{
		{Name: IDField, Value: doc.Of(doc.AppendString(nil, item.ID))},
		{Name: textField, Value: doc.Of(doc.AppendString(nil, item.Text))},
	}
	if item.Metadata.Exists() {
		fields = append(fields, doc.Field{Name: metadataField, Value: item.Metadata})
	}
	w, err := t.s.slot(tx, c, item.ID)
	if err != nil {
		return err
	}
	_, _, err = w.put(doc.Of(doc.AppendObject(nil, fields)))
	return err
}

// ItemOf is a document of Collections as a text.
func ItemOf(d *Document) Item {
	return Item{ID: d.ID, Text: string(d.Value.Field(textField).Str()), Metadata: d.Value.Field(metadataField)}
}

// Get returns a text.
func (t *Texts) Get(ctx context.Context, name, id string) (Item, bool, error) {
	d, ok, err := t.s.Get(ctx, name, id)
	return ItemOf(&d), ok, textError(err, name)
}

// Delete removes a text and says whether it was there.
func (t *Texts) Delete(ctx context.Context, name, id string) (bool, error) {
	_, existed, err := t.s.Delete(ctx, name, id, Condition{})
	return existed, textError(err, name)
}

// Search finds texts. Metadata, where it is an object, has fields that must be equal.
func (t *Texts) Search(ctx context.Context, name string, q Search, metadata doc.Value) (SearchPage, error) {
	if metadata.Exists() {
		var fields []doc.Field
		metadata.Fields(func(k []byte, v doc.Value) bool {
			eq := doc.Of(doc.AppendObject(nil, []doc.Field{{Name: "$eq", Value: v}}))
			fields = append(fields, doc.Field{Name: metadataField + "." + string(k), Value: eq})
			return true
		})
		f, err := match.Compile(doc.Of(doc.AppendObject(nil, fields)))
		if err != nil {
			return SearchPage{}, err
		}
		q.Filter = f
	}
	page, err := t.s.Search(ctx, name, q)
	return page, textError(err, name)
}

// ItemOf is a hit as a text.
func (h *SearchHit) ItemOf() Item { return ItemOf(&h.Document) }

// Complete is Store.Complete.
func (t *Texts) Complete(ctx context.Context, name, text string, limit int) ([]fulltext.Suggested, error) {
	list, err := t.s.Complete(ctx, name, text, "", limit)
	return list, textError(err, name)
}

// Correct is Store.Correct.
func (t *Texts) Correct(ctx context.Context, name, text string, limit int) (fulltext.Correction, error) {
	out, err := t.s.Correct(ctx, name, text, "", limit)
	return out, textError(err, name)
}
