package exec

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
)

// consistent checks that the secondary indexes of a table hold exactly the entries
// that its rows ask for, and returns the rows as text.
func consistent(t testing.TB, s *txn.Store, tb *catalog.Table) (rows []string) {
	t.Helper()
	err := s.View(context.Background(), func(tx *txn.Tx) error {
		want := map[string]string{}
		l := rowstore.Of(tb)
		c := &Context{Ctx: context.Background(), Tx: tx, Env: &fn.Env{}}
		n := targets(tb, nil)
		if l.Hidden() {
			n.Cols = append(n.Cols, rowstore.RowID)
			key := n.Out[len(n.Out)-1]
			n.Out = append(n.Out[:len(n.Out)-1], plan.Field{Type: sqltype.TInt8}, key)
		}
		all, err := runCollect(c.Ctx, c, n)
		if err != nil {
			return err
		}
		for i := range all.Len {
			vals := make([]sqltype.Datum, len(tb.Columns))
			loadRow(vals, all, i)
			rows = append(rows, row(vals).text(scanOf(tb).Out))
			id := int64(0)
			if l.Hidden() {
				id = all.Cols[len(vals)].I[i]
			}
			rowKey := all.Cols[len(all.Cols)-1].S[i]
			for k := 1; k < len(l.Indexes); k++ {
				x := &l.Indexes[k]
				key, null := x.Key(nil, vals, id, nil)
				ek, ev := l.Entry(x, key, null, []byte(rowKey)[len(l.Indexes[0].Prefix):], vals, nil)
				want[string(ek)] = string(ev)
				back, err := l.Primary(x, ek, ev, nil)
				if err != nil || string(back) != rowKey {
					return fmt.Errorf("entry %x refers to %x, not to %x: %w", ek, back, rowKey, err)
				}
			}
		}
		for k := 1; k < len(l.Indexes); k++ {
			all := l.Indexes[k].All()
			it := tx.Iter(txn.IterOptions{Lower: all.Lower, Upper: all.Upper})
			defer it.Close()
			for it.Next() {
				v, ok := want[string(it.Key())]
				if !ok || !bytes.Equal([]byte(v), it.Value()) {
					return fmt.Errorf("index %s has a stray entry %x = %x (want %x, %t)", l.Indexes[k].Def.Name, it.Key(), it.Value(), v, ok)
				}
				delete(want, string(it.Key()))
			}
		}
		if len(want) > 0 {
			return fmt.Errorf("%d index entries are missing", len(want))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
