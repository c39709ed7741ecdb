package exec

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// people has a primary key, a unique column and an ordinary index.
func people() *catalog.Table {
	cols := columns(
		catalog.Column{Name: "id", Type: sqltype.TInt4, NotNull: true}, catalog.Column{Name: "email", Type: sqltype.TText},
		catalog.Column{Name: "age", Type: sqltype.TInt4},
	)
	return newTable(10, "people", cols, key(1),
		catalog.Index{Name: "people_email_key", Unique: true, Constraint: true, Columns: key(2)(cols)},
		catalog.Index{Name: "people_age", Columns: key(3)(cols)},
	)
}

func person(id int64, email string, age int64) row {
	r := row{{Int: id}, {Str: email}, {Int: age}}
	if email == "" {
		r[1] = sqltype.NullDatum
	}
	return r
}

func insertPeople(tb *catalog.Table, rows ...row) *plan.Insert {
	return &plan.Insert{Table: tb, Input: rowsNode(tableTypes(tb), rows...)}
}

// fails runs a plan that must fail and returns the error, having checked that the
// transaction holds nothing of it.
func fails(t *testing.T, s *txn.Store, tb *catalog.Table, n plan.Node, state string, with func(*Context)) *dberr.Error {
	t.Helper()
	before := consistent(t, s, tb)
	var got error
	err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
		_, _, got = runIn(t, tx, n, with)
		return nil // commits what a failed statement may have left
	})
	if err != nil {
		t.Fatal(err)
	}
	wantState(t, got, state)
	if after := consistent(t, s, tb); !slices.Equal(before, after) {
		t.Fatalf("the failed statement left a trace: %q, before %q", after, before)
	}
	return dberr.As(got)
}

func wantRows(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestConstraints(t *testing.T) {
	s, tb := memoryStore(t), people()
	do(t, s, insertPeople(tb, person(1, "a", 30), person(2, "", 30), person(3, "", 31)))
	e := fails(t, s, tb, insertPeople(tb, person(7, "z", 1), person(2, "x", 1)), "23505", nil)
	if e.Message != `duplicate key value violates unique constraint "people_pkey"` || e.Detail != "Key (id)=(2) already exists." {
		t.Errorf("got %q, %q", e.Message, e.Detail)
	}
	e = fails(t, s, tb, insertPeople(tb, person(8, "q", 1), person(9, "a", 1)), "23505", nil)
	if e.Message != `duplicate key value violates unique constraint "people_email_key"` || e.Detail != "Key (email)=(a) already exists." {
		t.Errorf("got %q, %q", e.Message, e.Detail)
	}
	missing := person(4, "n", 5)
	missing[0] = sqltype.NullDatum
	e = fails(t, s, tb, insertPeople(tb, missing), "23502", nil)
	if e.Message != `null value in column "id" of relation "people" violates not-null constraint` || e.Detail != "Failing row contains (null, n, 5)." {
		t.Errorf("got %q, %q", e.Message, e.Detail)
	}
	checked := insertPeople(tb, person(4, strings.Repeat("n", 70), 5))
	checked.Checks = []plan.RowCheck{{Name: "people_age_check", Cond: op(t, ">", &plan.Slot{Typ: sqltype.TInt4, Index: 2}, intConst(17))}}
	e = fails(t, s, tb, checked, "23514", nil)
	if e.Message != `new row for relation "people" violates check constraint "people_age_check"` || e.Detail != "Failing row contains (4, "+strings.Repeat("n", 64)+"..., 5)." {
		t.Errorf("got %q, %q", e.Message, e.Detail)
	}
	unknown := person(4, "n", 5)
	unknown[2] = sqltype.NullDatum // a check that is not known is no breach
	checked.Input = rowsNode(tableTypes(tb), unknown)
	do(t, s, checked)
	wantRows(t, consistent(t, s, tb), "1|a|30", "2|null|30", "3|null|31", "4|n|null")
}

// set makes an UPDATE of rows that a filter lets through.
func set(tb *catalog.Table, filter plan.Expr, sets ...plan.SetColumn) *plan.Update {
	return &plan.Update{Table: tb, Input: targets(tb, filter), Sets: sets}
}

func TestUpdateMovesKeys(t *testing.T) {
	s, tb := memoryStore(t), people()
	do(t, s, insertPeople(tb, person(1, "a", 10), person(2, "b", 20), person(3, "c", 30)))
	id, email, age := &plan.Slot{Typ: sqltype.TInt4, Index: 0}, &plan.Slot{Typ: sqltype.TText, Index: 1}, &plan.Slot{Typ: sqltype.TInt4, Index: 2}
	// Row by row: 1 cannot become 2 while there is a 2, but from 3 on it goes downwards.
	fails(t, s, tb, set(tb, nil, plan.SetColumn{Col: 0, Expr: op(t, "+", id, intConst(1))}), "23505", nil)
	do(t, s, set(tb, nil, plan.SetColumn{Col: 0, Expr: op(t, "+", id, intConst(3))}))
	wantRows(t, consistent(t, s, tb), "4|a|10", "5|b|20", "6|c|30")
	up := set(tb, nil, plan.SetColumn{Col: 0, Expr: op(t, "-", id, intConst(2))})
	up.Returning = []plan.Expr{id, email}
	up.Out = []plan.Field{{Type: sqltype.TInt4}, {Type: sqltype.TText}}
	got, n := do(t, s, up)
	wantRows(t, got, "2|a", "3|b", "4|c")
	if n != 3 {
		t.Errorf("got %d rows changed, want 3", n)
	}
	wantRows(t, consistent(t, s, tb), "2|a|10", "3|b|20", "4|c|30")
	fails(t, s, tb, set(tb, op(t, "=", id, intConst(2)), plan.SetColumn{Col: 0, Expr: intConst(4)}), "23505", nil)
	fails(t, s, tb, set(tb, nil, plan.SetColumn{Col: 1, Expr: &plan.Const{Typ: sqltype.TText, Value: sqltype.Datum{Str: "same"}}}), "23505", nil)
	// Values that change places are a duplicate half-way.
	swap := &plan.Case{Typ: sqltype.TInt4, Conds: []plan.Expr{op(t, "=", id, intConst(2))}, Results: []plan.Expr{intConst(4)}, Else: intConst(2)}
	fails(t, s, tb, set(tb, op(t, "<>", id, intConst(3)), plan.SetColumn{Col: 0, Expr: swap}, plan.SetColumn{Col: 2, Expr: op(t, "+", age, id)}), "23505", nil)
	wantRows(t, consistent(t, s, tb), "2|a|10", "3|b|20", "4|c|30")
	_, n = do(t, s, &plan.Delete{Table: tb, Input: targets(tb, op(t, ">", age, intConst(15)))})
	if n != 2 {
		t.Errorf("got %d rows deleted, want 2", n)
	}
	wantRows(t, consistent(t, s, tb), "2|a|10")
}

// TestSelfInsert: a statement does not see what it writes.
func TestSelfInsert(t *testing.T) {
	s, tb := memoryStore(t), newTable(10, "log", columns(catalog.Column{Name: "x", Type: sqltype.TInt4}), key(catalog.RowID))
	do(t, s, &plan.Insert{Table: tb, Input: rowsNode(tableTypes(tb), row{{Int: 1}}, row{{Int: 2}})})
	for range 3 {
		do(t, s, &plan.Insert{Table: tb, Input: scanOf(tb)})
	}
	if got := consistent(t, s, tb); len(got) != 16 {
		t.Fatalf("got %d rows, want 16", len(got))
	}
}

func upsert(tb *catalog.Table, index int, sets []plan.SetColumn, rows ...row) *plan.Insert {
	n := insertPeople(tb, rows...)
	n.Conflict = &plan.OnConflict{Index: index, Nothing: sets == nil, Sets: sets}
	for _, c := range tb.Columns {
		n.Out = append(n.Out, plan.Field{Name: c.Name, Type: c.Type})
		n.Returning = append(n.Returning, &plan.Slot{Typ: c.Type, Index: len(n.Returning)})
	}
	return n
}

func TestOnConflict(t *testing.T) {
	s, tb := memoryStore(t), people()
	do(t, s, insertPeople(tb, person(1, "a", 10), person(2, "b", 20)))
	got, n := do(t, s, upsert(tb, -1, nil, person(1, "x", 0), person(3, "b", 0), person(4, "d", 40), person(4, "e", 0)))
	wantRows(t, got, "4|d|40")
	if n != 1 {
		t.Errorf("got %d rows, want 1", n)
	}
	// Another unique index than the one that is named still refuses.
	fails(t, s, tb, upsert(tb, 0, nil, person(9, "a", 0)), "23505", nil)
	oldAge, newAge := &plan.Slot{Typ: sqltype.TInt4, Index: 2}, &plan.Slot{Typ: sqltype.TInt4, Index: 5}
	sets := []plan.SetColumn{{Col: 2, Expr: op(t, "+", oldAge, newAge)}}
	got, _ = do(t, s, upsert(tb, 1, sets, person(77, "a", 5), person(5, "e", 50)))
	wantRows(t, got, "1|a|15", "5|e|50")
	fails(t, s, tb, upsert(tb, 0, sets, person(1, "q", 1), person(1, "r", 1)), "21000", nil)
	fails(t, s, tb, upsert(tb, 0, sets, person(50, "q", 1), person(50, "r", 1)), "21000", nil)
	guarded := upsert(tb, 0, sets, person(1, "q", 1), person(2, "r", 1))
	guarded.Conflict.Where = op(t, ">", oldAge, intConst(15))
	got, n = do(t, s, guarded)
	wantRows(t, got, "2|b|21")
	if n != 1 {
		t.Errorf("got %d rows, want 1", n)
	}
	wantRows(t, consistent(t, s, tb), "1|a|15", "2|b|21", "4|d|40", "5|e|50")
}

// TestPartialAndExpressionIndex keeps entries only for rows of the predicate.
func TestPartialAndExpressionIndex(t *testing.T) {
	s, tb := memoryStore(t), people()
	tb.Indexes[1].Predicate = "age > 20"
	lower, _, err := fn.Resolve("lower", []sqltype.Type{sqltype.TText})
	if err != nil {
		t.Fatal(err)
	}
	tb.Indexes[1].Columns = []catalog.IndexColumn{{Expr: "lower(email)", Type: sqltype.TText}}
	email, age := &plan.Slot{Typ: sqltype.TText, Index: 1}, &plan.Slot{Typ: sqltype.TInt4, Index: 2}
	exprs := &plan.IndexExprs{
		Parts:      map[int][]plan.Expr{1: {&plan.Call{Typ: sqltype.TText, Func: lower, Args: []plan.Expr{email}}}},
		Predicates: map[int]plan.Expr{1: op(t, ">", age, intConst(20))},
	}
	insert := func(rows ...row) *plan.Insert {
		n := insertPeople(tb, rows...)
		n.IndexExprs = exprs
		return n
	}
	entries := func() (n int) {
		all := keyspaceOf(tb, 1)
		err := s.View(context.Background(), func(tx *txn.Tx) error {
			it := tx.Iter(all)
			defer it.Close()
			for it.Next() {
				n++
			}
			return it.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	do(t, s, insert(person(1, "Ann", 30), person(2, "ANN", 10), person(3, "ann", 11)))
	if n := entries(); n != 1 {
		t.Fatalf("got %d entries, want 1", n)
	}
	var got error
	refuse := func(n plan.Node) {
		t.Helper()
		err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			_, _, got = runIn(t, tx, n, nil)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantState(t, got, "23505")
		if d := dberr.As(got).Detail; d != "Key (lower(email))=(ann) already exists." {
			t.Errorf("got detail %q", d)
		}
	}
	refuse(insert(person(4, "aNN", 21)))
	up := set(tb, nil, plan.SetColumn{Col: 2, Expr: op(t, "+", age, intConst(15))})
	up.IndexExprs = exprs
	refuse(up)
	down := set(tb, nil, plan.SetColumn{Col: 2, Expr: op(t, "-", age, intConst(15))})
	down.IndexExprs = exprs
	do(t, s, down)
	if n := entries(); n != 0 {
		t.Fatalf("got %d entries, want none", n)
	}
}

func keyspaceOf(tb *catalog.Table, i int) txn.IterOptions {
	x := indexOf(tb, i).All()
	return txn.IterOptions{Lower: x.Lower, Upper: x.Upper}
}

// TestRandomWrites compares a table with a model after many statements.
func TestRandomWrites(t *testing.T) {
	rng := seeded(t, 31)
	s, tb := memoryStore(t), people()
	model := map[int64]row{}
	for step := range 400 {
		id, age := rng.Int64N(40), rng.Int64N(5)
		email := fmt.Sprintf("m%d", rng.IntN(60))
		next := map[int64]row{}
		for k, v := range model {
			next[k] = v
		}
		var n plan.Node
		fresh := person(id, email, age)
		where := op(t, "=", &plan.Slot{Typ: sqltype.TInt4, Index: 2}, intConst(age))
		switch rng.IntN(4) {
		case 0, 1:
			n = insertPeople(tb, fresh)
			if _, taken := next[id]; taken {
				next = nil
			} else {
				next[id] = fresh
			}
		case 2:
			n = set(tb, where, plan.SetColumn{Col: 0, Expr: op(t, "+", &plan.Slot{Typ: sqltype.TInt4, Index: 0}, intConst(id-20))},
				plan.SetColumn{Col: 2, Expr: intConst(rng.Int64N(5))})
			newAge := n.(*plan.Update).Sets[1].Expr.(*plan.Const).Value
			for _, k := range slices.Sorted(maps.Keys(model)) { // one row after the other, in the order of the keys
				v := model[k]
				if v[2].Int != age {
					continue
				}
				delete(next, k)
				if _, taken := next[k+id-20]; taken {
					next = nil
					break
				}
				next[k+id-20] = row{{Int: k + id - 20}, v[1], newAge}
			}
		case 3:
			n = &plan.Delete{Table: tb, Input: targets(tb, where)}
			for k, v := range model {
				if v[2].Int == age {
					delete(next, k)
				}
			}
		}
		if next != nil && duplicateEmail(next) {
			next = nil
		}
		if next == nil {
			fails(t, s, tb, n, "23505", nil)
			continue
		}
		do(t, s, n)
		model = next
		var want []string
		for _, v := range model {
			want = append(want, v.text(scanOf(tb).Out))
		}
		got := consistent(t, s, tb)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("step %d: got %q, want %q", step, got, want)
		}
	}
}

func duplicateEmail(rows map[int64]row) bool {
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r[1].Str] {
			return true
		}
		seen[r[1].Str] = true
	}
	return false
}

// TestConcurrentInserts: transactions that insert into a table without primary
// key never conflict, and no row is lost.
func TestConcurrentInserts(t *testing.T) {
	s, tb := memoryStore(t), newTable(10, "log", columns(catalog.Column{Name: "x", Type: sqltype.TInt4}), key(catalog.RowID))
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				tx, err := s.Begin(context.Background(), txn.TxOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				_, _, err = runIn(t, tx, &plan.Insert{Table: tb, Input: rowsNode(tableTypes(tb), row{{Int: int64(w)}}, row{{Int: int64(i)}})}, nil)
				if err = errors.Join(err, tx.Commit(context.Background())); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := consistent(t, s, tb); len(got) != 800 {
		t.Fatalf("got %d rows, want 800", len(got))
	}
}

// TestConcurrentUnique: of transactions that insert one unique value, one wins.
func TestConcurrentUnique(t *testing.T) {
	for _, iso := range []txn.Isolation{txn.Serializable, txn.Snapshot} {
		s, tb := memoryStore(t), people()
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 30 {
					n := insertPeople(tb, person(int64(w*1000+i), fmt.Sprint("e", i), 1))
					err := s.Update(context.Background(), txn.TxOptions{Isolation: iso}, func(tx *txn.Tx) error {
						_, _, err := runIn(t, tx, n, nil)
						return err
					})
					if err != nil && !errors.Is(err, dberr.ErrConstraint) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if got := consistent(t, s, tb); len(got) != 30 {
			t.Fatalf("got %d rows, want 30", len(got))
		}
	}
}

func TestInsertBatch(t *testing.T) {
	s, tb := memoryStore(t), people()
	tb.Columns[1].Type = sqltype.Type{ID: sqltype.Varchar, Mod: 3}
	insert := func(cols []int, rows ...row) error {
		return s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			b := &vec.Batch{}
			for _, o := range cols {
				b.Cols = append(b.Cols, vec.NewVector(tb.Columns[o].Type.Base(), 0))
			}
			for _, r := range rows {
				for k := range cols {
					b.Cols[k].AppendDatum(r[k])
				}
				b.Len++
			}
			return InsertBatch(&Context{Ctx: context.Background(), Tx: tx, Env: &fn.Env{}}, tb, cols, b)
		})
	}
	if err := insert([]int{1, 0}, row{{Str: "abc"}, {Int: 1}}, row{{Str: "ab   "}, {Int: 2}}); err != nil {
		t.Fatal(err)
	}
	err := insert([]int{0, 1}, row{{Int: 5}, {Str: "x"}}, row{{Int: 6}, {Str: "abcd"}})
	wantState(t, err, "22001")
	wantState(t, insert([]int{0, 1}, row{{Int: 5}, {Str: "x"}}, row{{Int: 5}, {Str: "y"}}), "23505")
	wantState(t, insert([]int{1}, row{{Str: "y"}}), "23502")
	wantRows(t, consistent(t, s, tb), "1|abc|null", "2|ab |null")
}

// TestLockRows: a row that is locked makes others wait, fail or pass it over, until its
// holder ends; one that has changed since is a conflict, or passed over too.
func TestLockRows(t *testing.T) {
	s, tb := memoryStore(t), people()
	do(t, s, insertPeople(tb, person(1, "a", 10), person(2, "b", 20)))
	lock := func(change func(n *plan.LockRows)) *plan.LockRows {
		n := &plan.LockRows{Base: plan.Base{Out: targets(tb, nil).Out}, Input: targets(tb, nil), KeySlots: []int{3}}
		if change != nil {
			change(n)
		}
		return n
	}
	begin := func() *txn.Tx {
		tx, err := s.Begin(context.Background(), txn.TxOptions{Isolation: txn.Snapshot})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tx.Rollback)
		return tx
	}
	count := func(tx *txn.Tx, n *plan.LockRows) int {
		t.Helper()
		rows, _, err := runIn(t, tx, n, nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(rows)
	}
	noWait := func(n *plan.LockRows) { n.NoWait = true }
	skip := func(n *plan.LockRows) { n.SkipLocked = true }
	share := func(n *plan.LockRows) { n.Shared, n.NoWait = true, true }
	one, two, three := begin(), begin(), begin()
	if n := count(one, lock(nil)); n != 2 {
		t.Fatalf("%d rows", n)
	}
	_, _, err := runIn(t, two, lock(noWait), nil)
	wantState(t, err, dberr.StateLockNotAvailable)
	if n := count(two, lock(skip)); n != 0 {
		t.Fatalf("%d rows that are not locked", n)
	}
	one.Rollback()
	if n := count(two, lock(share)) + count(three, lock(share)); n != 4 {
		t.Fatalf("%d rows shared", n)
	}
	two.Rollback()
	three.Rollback()
	old := begin()
	do(t, s, &plan.Delete{Table: tb, Input: targets(tb, op(t, "<", &plan.Slot{Typ: sqltype.TInt4, Index: 2}, intConst(15)))})
	if n := count(old, lock(skip)); n != 1 {
		t.Errorf("%d rows that have not changed", n)
	}
	if _, _, err := runIn(t, begin(), lock(noWait), nil); dberr.As(err) == nil { // old holds the other one
		t.Errorf("locked what is locked: %v", err)
	}
	old.Rollback()
	if old = begin(); count(old, lock(nil)) != 1 {
		t.Error("the row that is left was not found")
	}
}
