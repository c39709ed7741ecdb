package document

import (
	"context"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/document/pipeline"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// AggregateOptions bounds an aggregation.
type AggregateOptions struct {
	// MaxDocuments is how many documents the answer may have; more are an error.
	// Default MaxLimit.
	MaxDocuments int
	// MemoryBytes is how much the stages may hold; see pipeline.Options.
	MemoryBytes int64
}

// AggregateTx gives what a pipeline makes of a collection, in memory of its own. With
// $out the answer goes into that collection instead, in place of what was there, and
// only its number is returned.
func (s *Store) AggregateTx(ctx context.Context, tx *txn.Tx, collection string, p *pipeline.Pipeline, o AggregateOptions) (docs []doc.Value, n int, err error) {
	c, err := s.find(tx, collection)
	if err != nil {
		return nil, 0, err
	}
	c.queried(s)
	if o.MaxDocuments <= 0 {
		o.MaxDocuments = MaxLimit
	}
	out, err := p.Run(ctx, source{s, tx}, collection, pipeline.Options{MemoryBytes: o.MemoryBytes})
	if err != nil {
		return nil, 0, err
	}
	for {
		v, err := out()
		if err != nil {
			return nil, 0, err
		}
		if !v.Exists() {
			break
		}
		if len(docs) == o.MaxDocuments && p.Out() == "" {
			return nil, 0, dberr.New(dberr.ErrTooLarge, "RESULT_TOO_LARGE", "the aggregation gives more than %d documents", o.MaxDocuments).
				WithHint("end it with $limit, or write it to a collection with $out")
		}
		docs = append(docs, doc.Of(append([]byte(nil), v.Bytes()...)))
	}
	if p.Out() == "" {
		return docs, len(docs), nil
	}
	return nil, len(docs), s.replaceAll(ctx, tx, p.Out(), docs)
}

// Aggregate is AggregateTx in a transaction of its own.
func (s *Store) Aggregate(ctx context.Context, collection string, p *pipeline.Pipeline, o AggregateOptions) (docs []doc.Value, n int, err error) {
	run := func(tx *txn.Tx) error {
		docs, n, err = s.AggregateTx(ctx, tx, collection, p, o)
		return err
	}
	if p.Out() == "" {
		return docs, n, s.View(ctx, run)
	}
	_, err = s.update(ctx, run)
	return docs, n, err
}

// replaceAll makes docs the documents of a collection. An _id that is no text
// becomes its JSON.
func (s *Store) replaceAll(ctx context.Context, tx *txn.Tx, collection string, docs []doc.Value) error {
	c, err := s.ensure(tx, collection)
	if err != nil {
		return err
	}
	ids, err := s.matching(ctx, tx, c, collection, match.All(), nil, false)
	if err != nil {
		return err
	}
	for _, id := range ids {
		w, err := s.slot(tx, c, id)
		if err == nil {
			err = w.remove()
		}
		if err != nil {
			return err
		}
	}
	for i, v := range docs {
		if id := v.Field(IDField); id.Exists() && id.Kind() != doc.String {
			n := doc.NewNode(v)
			n.Field(IDField).Set(doc.Of(doc.AppendString(nil, id.JSON())))
			v = n.Value()
		}
		if _, _, err := s.insert(tx, c, "", v); err != nil {
			return &ItemError{Index: i, Err: err}
		}
	}
	return nil
}

// source gives a pipeline the documents of a snapshot.
type source struct {
	s  *Store
	tx *txn.Tx
}

// sourceBatch is how many documents are read at a time.
const sourceBatch = 256

// Find implements pipeline.Source.
func (src source) Find(_ context.Context, collection string, f *match.Filter) (pipeline.Iter, error) {
	c, err := src.s.look(src.tx, collection)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return func() (doc.Value, error) { return doc.Value{}, nil }, nil
	}
	p, err := src.s.plan(src.tx, c, f, nil, MaxLimit)
	if err != nil {
		return nil, err
	}
	var batch []Document
	var after []byte
	more := true
	return func() (doc.Value, error) {
		if len(batch) == 0 && more {
			r := &finder{s: src.s, tx: src.tx, plan: p, limit: sourceBatch, after: after}
			if err := r.run(); err != nil {
				return doc.Value{}, err
			}
			batch, after, more = r.out, r.last, r.more
		}
		if len(batch) == 0 {
			return doc.Value{}, nil
		}
		v := batch[0].Value
		batch = batch[1:]
		return v, nil
	}, nil
}
