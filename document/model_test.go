package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/document/update"
	"github.com/weftdb/weft/internal/dberr"
	testseed "github.com/weftdb/weft/internal/testkit/seed"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/vfs"
)

// maker makes random documents, filters and updates of a small world.
type maker struct {
	*rand.Rand
	plain bool // no arrays: more is known of an index
}

func (m maker) pick(list ...string) string { return list[m.IntN(len(list))] }

func (m maker) scalar() string {
	return m.pick("null", "true", "1", "2", "3", "2.0", "-7", "1e2", "0.5", `""`, `"a"`, `"ab"`, `"b"`, `"z"`)
}

func (m maker) value(depth int) string {
	switch n := m.IntN(8); {
	case depth > 0 && n == 0 && !m.plain:
		parts := make([]string, m.IntN(3))
		for i := range parts {
			parts[i] = m.value(depth - 1)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case depth > 0 && n == 1:
		return fmt.Sprintf(`{"x":%s,"y":%s}`, m.value(depth-1), m.scalar())
	}
	return m.scalar()
}

func (m maker) document() string {
	var parts []string
	for _, name := range []string{"a", "b", "c"} {
		if m.IntN(4) > 0 {
			parts = append(parts, fmt.Sprintf("%q:%s", name, m.value(2)))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (m maker) path() string { return m.pick("a", "a", "b", "b", "c", "a.x", "a.y", "b.x") }

func (m maker) filter() string { return m.conditions(2, m.IntN(3)) }

// conditions are some conditions on paths, on the id, and on conditions within.
func (m maker) conditions(depth, n int) string {
	parts := map[string]string{}
	for range n {
		switch k := m.IntN(16); {
		case k < 4 && depth > 0:
			list := make([]string, 1+m.IntN(3))
			for i := range list {
				list[i] = m.conditions(depth-1, 1+m.IntN(2))
			}
			parts[m.pick("$or", "$or", "$or", "$and", "$nor")] = "[" + strings.Join(list, ",") + "]"
		case k == 4:
			parts["_id"] = m.pick(`"d01"`, `{"$in":["d03","d01","d57",4]}`, `{"$gte":"d2","$lt":"d4"}`, `{"$startsWith":"d1"}`, `{"$gt":"d3"}`, `{"$regex":"^d0"}`)
		default:
			parts[m.path()] = m.condition()
		}
	}
	var list []string
	for p, c := range parts {
		list = append(list, fmt.Sprintf("%q:%s", p, c))
	}
	slices.Sort(list)
	return "{" + strings.Join(list, ",") + "}"
}

// condition is what a path is asked for.
func (m maker) condition() string {
	switch m.IntN(9) {
	case 0, 1:
		return fmt.Sprintf("{%q:%s}", m.pick("$gt", "$gte", "$lt", "$lte", "$ne"), m.scalar())
	case 2:
		return fmt.Sprintf(`{%q:[%s,%s,%s]}`, m.pick("$in", "$in", "$nin", "$all"), m.scalar(), m.scalar(), m.value(1))
	case 3:
		return fmt.Sprintf(`{"$gte":%s,"$lt":%s}`, m.pick("0", "1", `"a"`), m.pick("3", `"b"`))
	case 4:
		return m.pick(`{"$exists":true}`, `{"$startsWith":"a"}`, `{"$startsWith":""}`, `{"$exists":false}`, `{"$size":0}`, `{"$mod":[2,1]}`)
	case 5:
		return m.pick(`{"$regex":"^a"}`, `{"$regex":"^ab?$"}`, `{"$regex":"^A","$options":"i"}`)
	case 6:
		return fmt.Sprintf(`{"$type":%s}`, m.pick(`"null"`, `"number"`, `"string"`, `"object"`, `"array"`, `"bool"`, `["string","array"]`, `["number","bool"]`))
	case 7:
		return fmt.Sprintf(m.pick(`{"$not":{"$gt":%s}}`, `{"$elemMatch":{"$gte":%s}}`, `{"$elemMatch":{"x":%s}}`), m.scalar())
	}
	return m.value(1)
}

// op is one that makes arrays, where there are any.
func (m maker) op() string {
	if m.plain {
		return "$min"
	}
	return "$addToSet"
}

func (m maker) update() string {
	return m.pick(
		fmt.Sprintf(`{"$set":{%q:%s}}`, m.pick("a", "b", "c"), m.value(1)),
		fmt.Sprintf(`{"$unset":{%q:1}}`, m.path()),
		fmt.Sprintf(`{%q:{%q:%s}}`, m.op(), m.pick("a", "b"), m.scalar()),
		fmt.Sprintf(`{"$max":{%q:%s}}`, m.path(), m.scalar()))
}

var modelIndexes = []Index{
	{Fields: []IndexField{{Path: "a"}}},
	{Fields: []IndexField{{Path: "b", Descending: true}, {Path: "a"}}},
	{Fields: []IndexField{{Path: "c"}}, Kind: Hash},
	{Fields: []IndexField{{Path: "a.x"}, {Path: "c", Descending: true}}},
	{Name: "some", Fields: []IndexField{{Path: "b"}}, Partial: `{"c":{"$exists":true},"b":{"$gte":1}}`},
	{Name: "texts", Fields: []IndexField{{Path: "a", Descending: true}, {Path: "b"}}, Partial: `{"$or":[{"a":{"$type":["string","array"]}},{"b":{"$in":[1,2,null]}}]}`},
	{Name: "none", Fields: []IndexField{{Path: "b.x"}}, Partial: `{"c":{"$exists":false}}`},
	{Name: "one", Fields: []IndexField{{Path: "a"}, {Path: "b", Descending: true}}, Unique: true, Partial: `{"b":{"$gt":"a"}}`},
}

// createIndex makes one of the indexes, where the documents have room for it.
func (m maker) createIndex(ctx context.Context, s *Store) error {
	_, _, err := s.CreateIndex(ctx, "c", modelIndexes[m.IntN(len(modelIndexes))])
	if refusedBy(err, "PARALLEL_ARRAYS", "UNIQUE_VIOLATION") {
		return nil
	}
	return err
}

// TestModel: random changes and questions give what a map and the filter alone give,
// with indexes that come and go.
func TestModel(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain=%v", plain), func(t *testing.T) { runModel(t, plain) })
	}
}

func runModel(t *testing.T, plain bool) {
	rounds := 2500
	if os.Getenv("WEFT_LONG") != "" {
		rounds = 100_000
	}
	from := testseed.Of(t)
	m := maker{rand.New(rand.NewPCG(from, 2)), plain}
	s, ctx := open(t), t.Context()
	if _, err := s.CreateCollection(ctx, "c", CollectionOptions{}); err != nil {
		t.Fatal(err)
	}
	model := map[string]doc.Value{}
	for round := range rounds {
		step := func() error {
			switch n := m.IntN(20); {
			case n == 0:
				return m.createIndex(ctx, s)
			case n == 1 && m.IntN(4) == 0:
				c, err := s.Collection(ctx, "c")
				if err != nil || len(c.Indexes) == 0 {
					return err
				}
				return s.DropIndex(ctx, "c", c.Indexes[m.IntN(len(c.Indexes))].Name)
			case n < 8:
				return m.write(ctx, s, model)
			case n < 10:
				return m.change(ctx, s, model)
			case n == 10 && m.IntN(3) == 0:
				return m.deleteMany(ctx, s, model)
			}
			return m.ask(ctx, s, model)
		}
		if err := step(); err != nil {
			t.Fatalf("seed %d, round %d: %v", from, round, err)
		}
		if round%500 == 0 {
			check(t, s)
		}
	}
}

func refusedBy(err error, codes ...string) bool {
	e := dberr.As(err)
	return e != nil && slices.Contains(codes, e.Code)
}

func (m maker) write(ctx context.Context, s *Store, model map[string]doc.Value) error {
	id := fmt.Sprintf("d%02d", m.IntN(60))
	if m.IntN(4) == 0 {
		_, existed, err := s.Delete(ctx, "c", id, Condition{})
		if _, was := model[id]; was != existed {
			return fmt.Errorf("delete %s: %v, want %v", id, existed, was)
		}
		delete(model, id)
		return err
	}
	v, err := doc.Parse([]byte(m.document()))
	if err != nil {
		return err
	}
	d, _, _, err := s.Replace(ctx, "c", id, v, Condition{}, true)
	if refusedBy(err, "PARALLEL_ARRAYS", "UNIQUE_VIOLATION") {
		return nil
	}
	if err == nil {
		model[id] = doc.Of(bytes.Clone(d.Value.Bytes()))
	}
	return err
}

func (m maker) change(ctx context.Context, s *Store, model map[string]doc.Value) error {
	f, err := match.Parse([]byte(m.filter()))
	if err != nil {
		return err
	}
	u, err := update.Parse([]byte(m.update()))
	if err != nil {
		return err
	}
	next := map[string]doc.Value{}
	matched := 0
	var refused error
	for id, v := range model {
		if f.Match(v) {
			matched++
			if v, err = u.Apply(v, update.Context{At: -1}); err != nil {
				refused = err
			}
		}
		next[id] = v
	}
	out, err := s.UpdateMany(ctx, "c", Change{Filter: f, Update: u}, false)
	switch {
	case err != nil && refused != nil, refusedBy(err, "PARALLEL_ARRAYS", "UNIQUE_VIOLATION"):
		return nil
	case err != nil:
		return err
	case refused != nil || out.Matched != matched:
		return fmt.Errorf("update: %d matched, want %d, %v", out.Matched, matched, refused)
	}
	for id, v := range next {
		model[id] = v
	}
	return nil
}

// deleteMany removes what a filter holds for, or the first of it by its id.
func (m maker) deleteMany(ctx context.Context, s *Store, model map[string]doc.Value) error {
	f, err := match.Parse([]byte(m.conditions(2, 1+m.IntN(2))))
	if err != nil {
		return err
	}
	var want, got []string
	for id, v := range model {
		if f.Match(v) {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	ch := Change{Filter: f}
	if ch.One = len(want) > 10 || m.IntN(2) == 0; ch.One {
		ch.Sort = []SortField{{Path: "_id"}}
		want = want[:min(len(want), 1)]
	}
	_, gone, err := s.DeleteMany(ctx, "c", ch, true)
	for _, d := range gone {
		got = append(got, d.ID)
		delete(model, d.ID)
	}
	slices.Sort(got)
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("%s: %v deleted, want %v", f.Source(), got, want)
	}
	return err
}

func (m maker) ask(ctx context.Context, s *Store, model map[string]doc.Value) error {
	text := m.filter()
	f, err := match.Parse([]byte(text))
	if err != nil {
		return err
	}
	q := Query{Filter: f, Limit: 1 + m.IntN(30), Skip: m.IntN(2) * m.IntN(10)}
	for range m.IntN(3) {
		q.Sort = append(q.Sort, SortField{Path: m.path(), Descending: m.IntN(2) == 0})
	}
	if len(q.Sort) == 2 && q.Sort[0].Path == q.Sort[1].Path {
		q.Sort = q.Sort[:1]
	}
	order, err := q.check()
	if err != nil {
		return err
	}
	var want []string
	for id, v := range model {
		if f.Match(v) {
			want = append(want, id)
		}
	}
	p := plan{order: order}
	key := func(id string) []byte { return p.sortKey(model[id]) }
	slices.Sort(want)
	skipped := q.Skip
	var got []string
	for {
		page, err := s.Find(ctx, "c", q)
		if err != nil {
			return err
		}
		got = append(got, ids(page)...)
		if page.Cursor == "" {
			break
		}
		q.Cursor = page.Cursor
		if m.IntN(10) == 0 { // which does not take part in what has begun
			if err := m.createIndex(ctx, s); err != nil {
				return err
			}
		}
	}
	for i := 1; i < len(got); i++ {
		if len(order) > 0 && bytes.Compare(key(got[i-1]), key(got[i])) > 0 {
			return fmt.Errorf("%s sorted by %v: %s before %s", text, q.Sort, got[i-1], got[i])
		}
	}
	if len(got) != max(len(want)-skipped, 0) {
		return fmt.Errorf("%s: %d found, want %d less %d", text, len(got), len(want), skipped)
	}
	slices.Sort(got)
	if len(slices.Compact(slices.Clone(got))) != len(got) {
		return fmt.Errorf("%s: some come twice: %v", text, got)
	}
	for _, id := range got {
		if _, ok := slices.BinarySearch(want, id); !ok {
			return fmt.Errorf("%s gives %s", text, id)
		}
	}
	n, err := s.Count(ctx, "c", f)
	if err == nil && n != int64(len(want)) {
		err = fmt.Errorf("%s: counted %d, want %d", text, n, len(want))
	}
	return err
}

// TestConcurrent: a unique index, counters and an index that is built meanwhile,
// under 16 clients.
func TestConcurrent(t *testing.T) {
	s, ctx := open(t), t.Context()
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "u"}}, Unique: true})
	insert(t, s, "c", `{"_id":"sum","u":"sum","n":0}`)
	inc, err := update.Parse([]byte(`{"$inc":{"n":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	const clients, steps = 16, 40
	var wins sync.Map
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for i := range steps {
				_, _, err := s.Insert(ctx, "c", "", doc.Of(doc.AppendObject(nil, []doc.Field{
					{Name: "u", Value: doc.Of(doc.AppendInt(nil, int64(i)))}, {Name: "by", Value: doc.Of(doc.AppendInt(nil, int64(client)))}})))
				switch {
				case err == nil:
					if other, taken := wins.LoadOrStore(i, client); taken {
						t.Errorf("%v and %d both have the value %d", other, client, i)
					}
				case !refusedBy(err, "UNIQUE_VIOLATION"):
					t.Error(err)
				}
				if _, _, _, err := s.Modify(ctx, "c", "sum", Condition{}, func(v doc.Value) (doc.Value, error) {
					return inc.Apply(v, update.Context{At: -1})
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		if _, _, err := s.CreateIndex(ctx, "c", Index{Fields: []IndexField{{Path: "by"}}}); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	d, _, err := s.Get(ctx, "c", "sum")
	if n, _ := d.Value.Field("n").Int(); err != nil || n != clients*steps {
		t.Errorf("the sum is %d, want %d, %v", n, clients*steps, err)
	}
	if page := find(t, s, "c", `{"by":{"$gte":0}}`); len(page.Documents) != steps || page.Explain.Index != "by_1" {
		t.Errorf("%d documents by %+v", len(page.Documents), page.Explain)
	}
}

// TestCrash pulls the plug at every few disk operations: what was acknowledged is
// there, and indexes agree with documents, also one that was being built.
func TestCrash(t *testing.T) {
	for n := 1; ; n += 5 {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		disk := vfs.NewCrashableMem()
		fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
		acked := crashLife(fault)
		done := fault.Ops() < n
		disk = disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
		checkCrash(t, disk, acked)
		if t.Failed() {
			t.Fatalf("with the crash at operation %d", n)
		}
		if done {
			return
		}
	}
}

const crashSteps = 12

func crashStore(disk vfs.FS) (*Store, func() error, error) {
	txns, err := storage.Open(disk, "d", storage.Options{SegmentBytes: 16 << 10})
	if err != nil {
		return nil, nil, err
	}
	s, err := Open(txns.Store, Options{SweepEvery: -1})
	if err != nil {
		return nil, nil, errors.Join(err, txns.Close())
	}
	return s, func() error { return errors.Join(s.Close(), txns.Close()) }, nil
}

// crashLife writes documents, with an index made half way, until the disk fails, and
// returns the ids of those that were acknowledged.
func crashLife(disk vfs.FS) (acked []string) {
	s, end, err := crashStore(disk)
	if err != nil {
		return nil
	}
	defer func() { _ = end() }() // the disk has failed
	for i := range crashSteps {
		v, _ := doc.Parse([]byte(fmt.Sprintf(`{"n":%d,"l":[%d,"x"],"pad":%q}`, i, i%3, strings.Repeat("p", 700))))
		d, _, err := s.Insert(context.Background(), "c", "", v)
		if err != nil {
			return acked
		}
		acked = append(acked, d.ID)
		if i == crashSteps/2 {
			for _, path := range []string{"n", "l"} {
				if _, _, err := s.CreateIndex(context.Background(), "c", Index{Fields: []IndexField{{Path: path}}}); err != nil {
					return acked
				}
			}
		}
	}
	return acked
}

func checkCrash(t *testing.T, disk vfs.FS, acked []string) {
	t.Helper()
	s, end, err := crashStore(disk)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	}()
	for _, id := range acked {
		if _, ok, err := s.Get(t.Context(), "c", id); err != nil || !ok {
			t.Errorf("the acknowledged document %s is lost: %v", id, err)
		}
	}
	if err := s.resume(t.Context()); err != nil {
		t.Error(err)
	}
	check(t, s)
	if c, err := s.Collection(t.Context(), "c"); err == nil {
		for _, x := range c.Indexes {
			if x.Building {
				t.Errorf("the index %s is still being built", x.Name)
			}
		}
	}
}
