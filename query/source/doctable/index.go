package doctable

import (
	"context"
	"strings"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
)

// An index that SQL makes is one of the model, of the paths that its expressions lead to. A
// unique one, in which SQL lets rows without a value be, has a filter that leaves them out;
// other filters are what the conditions of WHERE come to as probes, which holds for no fewer.

var _ source.Indexer = (*Source)(nil)

// CreateIndex implements source.Indexer.
func (s *Source) CreateIndex(ctx context.Context, t *catalog.Table, n *source.NewIndex) error {
	x := document.Index{Name: n.Name, Kind: document.Ordered, Unique: n.Unique, TTL: n.TTL}
	if n.Hash {
		x.Kind = document.Hash
	}
	present := n.Present
	for _, p := range n.Parts {
		if err := checkPath(p.Path); err != nil {
			return err
		}
		x.Fields = append(x.Fields, document.IndexField{Path: strings.Join(p.Path, "."), Descending: p.Desc})
		if n.Unique && !n.NullsNotDistinct {
			present = append(present, p.Path)
		}
	}
	all, err := conditions(n.Where)
	if err != nil {
		return err
	}
	for _, path := range present {
		if err := checkPath(path); err != nil {
			return err
		}
		all = append(all, exists(strings.Join(path, ".")))
	}
	switch len(all) {
	case 0:
	case 1:
		x.Partial = string(all[0].AppendJSON(nil))
	default:
		x.Partial = string(object("$and", array(all)).AppendJSON(nil))
	}
	_, _, err = s.docs.In(t.DB).CreateIndex(ctx, t.External.Object, x)
	return err
}

// DropIndex implements source.Indexer.
func (s *Source) DropIndex(ctx context.Context, t *catalog.Table, name string) error {
	return s.docs.In(t.DB).DropIndex(ctx, t.External.Object, name)
}

func checkPath(path []string) error {
	if plainPath(path) {
		return nil
	}
	return dberr.SQL(dberr.StateFeatureNotSupported, "an index over the path %q is not supported", strings.Join(path, ",")).
		WithHint("A step of a path has at least one byte, no dot and no $ at its beginning, and a path %d steps at most.", doc.MaxPathSteps)
}

func exists(path string) doc.Value {
	return object(path, object("$exists", doc.Of(doc.AppendBool(nil, true))))
}

// present is the filter of a unique index whose rows without a value are distinct.
func present(x *document.Index) string {
	all := make([]doc.Value, len(x.Fields))
	for i, f := range x.Fields {
		all[i] = exists(f.Path)
	}
	if len(all) == 1 {
		return string(all[0].AppendJSON(nil))
	}
	return string(object("$and", array(all)).AppendJSON(nil))
}

var _ source.Finder = (*writer)(nil)

// FindBy implements source.Finder.
func (w *writer) FindBy(index string, row []sqltype.Datum) ([]sqltype.Datum, error) {
	v, err := w.value(row[colData])
	if err != nil {
		return nil, err
	}
	d, ok, err := w.docs.ConflictTx(w.tx, w.t.External.Object, index, v)
	if err != nil || !ok {
		return nil, err
	}
	return stored(&d)
}
