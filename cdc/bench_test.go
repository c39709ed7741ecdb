package cdc

import (
	"testing"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// BenchmarkMessages makes the message of one inserted row, as a feed that is followed
// does for each commit.
func BenchmarkMessages(b *testing.B) {
	t := &catalog.Table{
		ID: 1001, DB: 1, Schema: "public", Name: "entry", Version: 1, NextColumn: 3,
		Columns: []catalog.Column{
			{ID: 0, Name: "id", Type: sqltype.TInt8, NotNull: true}, {ID: 1, Name: "account", Type: sqltype.TInt4}, {ID: 2, Name: "note", Type: sqltype.TText},
		},
		Indexes: []catalog.Index{{ID: 1002, Name: "entry_pkey", Unique: true, Primary: true, Columns: []catalog.IndexColumn{{Column: 0, Type: sqltype.TInt8}}}},
	}
	vals := []sqltype.Datum{{Int: 7 << 40}, {Int: 7}, {Str: "a row as they come"}}
	layout := rowstore.Of(t)
	key, _ := layout.Indexes[0].Key(nil, vals, 0, nil)
	row, _ := layout.AppendRow(nil, vals, nil)
	o := (&Source{}).table(catalog.Database{ID: 1, Name: "default"}, t)
	set := &txn.ChangeSet{Timestamp: 1_700_000_000_000_000_000, Ops: []txn.Op{{Key: key, Value: row, New: true}}}
	at := new(streaming.Moment)
	var list []*streaming.Message
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%16 == 0 { // so many commits at once
			at, list = new(streaming.Moment), list[:0]
		}
		var err error
		if list, _, err = o.Messages(list, at, set); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(list[0].Data)))
}
