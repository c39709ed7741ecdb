package query

import (
	"context"
	"fmt"

	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Extent is where in the key space something of SQL lies.
type Extent struct {
	Table string // schema.name
	Index string // empty: the rows
	Lower []byte
	Upper []byte
}

// Extents calls fn for every database with where the rows and indexes of its tables
// lie, as of one moment.
func (e *Engine) Extents(ctx context.Context, fn func(name string, id keyspace.DatabaseID, list []Extent) error) error {
	err := e.store.View(ctx, func(tx *txn.Tx) error {
		dbs, err := e.cat.Databases(tx)
		if err != nil {
			return err
		}
		for _, db := range dbs {
			snap, err := e.cat.At(tx, db.ID)
			if err != nil {
				return err
			}
			var list []Extent
			for _, t := range snap.Tables() {
				l := rowstore.Of(t)
				for i := range l.Indexes {
					x := Extent{Table: t.Schema + "." + t.Name, Lower: l.Indexes[i].All().Lower, Upper: l.Indexes[i].All().Upper}
					if i > 0 {
						x.Index = t.Indexes[i].Name
					}
					list = append(list, x)
				}
			}
			if err := fn(db.Name, db.ID, list); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list what is stored: %w", err)
	}
	return nil
}
