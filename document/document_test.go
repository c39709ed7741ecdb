package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/document/update"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

func open(t testing.TB) *Store {
	t.Helper()
	txns, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(txns, Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		check(t, s)
		if err := errors.Join(s.Close(), txns.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func value(t testing.TB, text string) doc.Value {
	t.Helper()
	v, err := doc.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func filter(t testing.TB, text string) *match.Filter {
	t.Helper()
	f, err := match.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// check holds every index of every collection against the documents.
func check(t testing.TB, s *Store) {
	t.Helper()
	err := s.View(context.Background(), func(tx *txn.Tx) error {
		list, err := s.CollectionsTx(tx)
		if err != nil {
			return err
		}
		for i := range list {
			c, err := s.find(tx, list[i].Name)
			if err != nil {
				return err
			}
			for _, x := range c.indexes {
				if err := checkIndex(s, tx, c, x); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func checkIndex(s *Store, tx *txn.Tx, c *compiled, x *index) error {
	var want, got [][]byte
	opts := within(appendObject(nil, s.db, c.ID))
	it := tx.Iter(opts)
	defer it.Close()
	for it.Next() {
		var r record
		if err := r.decode(it.Value()); err != nil {
			return err
		}
		v, err := s.load(tx, c.ID, &r)
		if err != nil {
			return err
		}
		if _, err := doc.FromBytes(v.Bytes()); err != nil {
			return err
		}
		entries, multikey, err := x.entries(v)
		if err != nil {
			return err
		}
		if multikey && !x.Multikey {
			return fmt.Errorf("the index %s does not know of arrays", x.Name)
		}
		for _, e := range entries {
			want = append(want, s.entryKey(nil, x, e, string(it.Key()[len(opts.Lower):])))
		}
	}
	slices.SortFunc(want, bytes.Compare)
	entries := tx.Iter(within(appendObject(nil, s.db, x.ID)))
	defer entries.Close()
	for entries.Next() {
		got = append(got, bytes.Clone(entries.Key()))
	}
	if !slices.EqualFunc(got, want, bytes.Equal) {
		return fmt.Errorf("the index %s has %d entries, a rebuild %d", x.Name, len(got), len(want))
	}
	return errors.Join(it.Err(), entries.Err())
}

func insert(t testing.TB, s *Store, coll string, docs ...string) {
	t.Helper()
	for _, text := range docs {
		if _, _, err := s.Insert(t.Context(), coll, "", value(t, text)); err != nil {
			t.Fatalf("insert %s: %v", text, err)
		}
	}
}

func ids(page Page) (list []string) {
	for i := range page.Documents {
		list = append(list, page.Documents[i].ID)
	}
	return list
}

func find(t testing.TB, s *Store, coll, f string, sort ...SortField) Page {
	t.Helper()
	page, err := s.Find(t.Context(), coll, Query{Filter: filter(t, f), Sort: sort})
	if err != nil {
		t.Fatalf("find %s: %v", f, err)
	}
	return page
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if e := dberr.As(err); e == nil || e.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestIDs(t *testing.T) {
	s, ctx := open(t), t.Context()
	for _, c := range []struct{ given, text, id, want string }{
		{"", `{"_id":"a","x":1}`, "a", `{"_id":"a","x":1}`},
		{"b", `{"x":1}`, "b", `{"_id":"b","x":1}`},
		{"", `{"id":"c","x":1}`, "c", `{"_id":"c","id":"c","x":1}`},
		{"", `{"x":1,"_id":"d"}`, "d", `{"_id":"d","x":1}`},
	} {
		d, _, err := s.Insert(ctx, "c", c.given, value(t, c.text))
		if err != nil || d.ID != c.id || d.Value.JSON() != c.want || d.Version == 0 || d.Created.IsZero() {
			t.Errorf("insert %s: got %s %s, %v", c.text, d.ID, d.Value.JSON(), err)
		}
	}
	d, _, err := s.Insert(ctx, "c", "", value(t, `{"id":7}`))
	if err != nil || len(d.ID) != 36 {
		t.Errorf("got the id %q, %v", d.ID, err)
	}
	for text, code := range map[string]string{
		`{"_id":5}`: "INVALID_ID", `{"_id":""}`: "INVALID_ID", `{"id":""}`: "INVALID_ID", `{"_id":"a"}`: "DOCUMENT_EXISTS", `[]`: "INVALID_DOCUMENT", `{"$set":1}`: "INVALID_DOCUMENT",
		`{"_id":"` + strings.Repeat("x", MaxIDBytes+1) + `"}`: "INVALID_ID",
	} {
		_, _, err := s.Insert(ctx, "c", "", value(t, text))
		wantCode(t, err, code)
	}
	_, _, err = s.Insert(ctx, "c", "x", value(t, `{"_id":"y"}`))
	wantCode(t, err, "INVALID_ID")
}

func TestReplaceModifyDelete(t *testing.T) {
	s, ctx := open(t), t.Context()
	insert(t, s, "c", `{"_id":"a","n":1}`)
	first, ok, err := s.Get(ctx, "c", "a")
	if err != nil || !ok {
		t.Fatal(err)
	}
	d, created, _, err := s.Replace(ctx, "c", "a", value(t, `{"n":2}`), Condition{AnyOf: []txn.Timestamp{first.Version}}, false)
	if err != nil || created || d.Value.JSON() != `{"_id":"a","n":2}` || !d.Created.Equal(first.Created) {
		t.Errorf("got %s, %v, %v", d.Value.JSON(), created, err)
	}
	_, _, _, err = s.Replace(ctx, "c", "a", value(t, `{"n":3}`), Condition{AnyOf: []txn.Timestamp{first.Version}}, false)
	wantCode(t, err, "PRECONDITION_FAILED")
	_, _, _, err = s.Replace(ctx, "c", "z", value(t, `{}`), Condition{}, false)
	wantCode(t, err, "DOCUMENT_NOT_FOUND")
	if _, created, _, err = s.Replace(ctx, "c", "z", value(t, `{}`), Condition{Absent: true}, true); err != nil || !created {
		t.Errorf("an upsert: %v, %v", created, err)
	}
	u, err := update.Parse([]byte(`{"$inc":{"n":5}}`))
	if err != nil {
		t.Fatal(err)
	}
	inc := func(v doc.Value) (doc.Value, error) { return u.Apply(v, update.Context{At: -1}) }
	before, after, _, err := s.Modify(ctx, "c", "a", Condition{}, inc)
	if err != nil || before.Value.JSON() != `{"_id":"a","n":2}` || after.Value.JSON() != `{"_id":"a","n":7}` || after.Version <= before.Version {
		t.Errorf("got %s, %v", after.Value.JSON(), err)
	}
	_, _, _, err = s.Modify(ctx, "c", "a", Condition{}, func(doc.Value) (doc.Value, error) { return value(t, `{"_id":"b"}`), nil })
	wantCode(t, err, "IMMUTABLE_ID")
	old, existed, err := s.Delete(ctx, "c", "a", Condition{})
	if err != nil || !existed || old.Value.JSON() != `{"_id":"a","n":7}` {
		t.Errorf("got %s, %v, %v", old.Value.JSON(), existed, err)
	}
	if _, existed, err = s.Delete(ctx, "c", "a", Condition{}); err != nil || existed {
		t.Errorf("deleted twice: %v", err)
	}
	_, _, err = s.Get(ctx, "none", "a")
	wantCode(t, err, "COLLECTION_NOT_FOUND")
}

func TestLongDocuments(t *testing.T) {
	s, ctx := open(t), t.Context()
	long := `{"_id":"a","text":"` + strings.Repeat("abcdefgh", 400_000) + `"}`
	insert(t, s, "c", long)
	d, _, err := s.Get(ctx, "c", "a")
	if err != nil || d.Value.JSON() != long {
		t.Fatalf("a long document does not come back: %v", err)
	}
	if _, _, _, err := s.Replace(ctx, "c", "a", value(t, `{"short":1}`), Condition{}, false); err != nil {
		t.Fatal(err)
	}
	err = s.View(ctx, func(tx *txn.Tx) error {
		it := tx.Iter(within(appendObject(nil, s.db, objParts)))
		defer it.Close()
		if it.Next() {
			t.Error("the parts of a document outlive it")
		}
		return it.Err()
	})
	if err != nil {
		t.Error(err)
	}
	_, _, err = s.Insert(ctx, "c", "", value(t, `{"text":"`+strings.Repeat("x", MaxDocumentBytes)+`"}`))
	wantCode(t, err, "DOCUMENT_TOO_LARGE")
}

func createIndex(t testing.TB, s *Store, coll string, x Index) Index {
	t.Helper()
	out, _, err := s.CreateIndex(t.Context(), coll, x)
	if err != nil {
		t.Fatalf("create index: %v", err)
	}
	return out
}

// TestPlans: which way a query takes, and that it gives what is expected.
func TestPlans(t *testing.T) {
	s := open(t)
	for i := range 1000 {
		insert(t, s, "c", fmt.Sprintf(`{"_id":"%04d","n":%d,"s":"k%03d","tags":["t%d","t%d"],"active":%v,"long":"%s%d"}`, i, i%100, i%500, i%7, i%11, i%10 == 0, strings.Repeat("long ", 20), i))
	}
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "n"}, {Path: "s", Descending: true}}})
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "tags"}}})
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "long"}}, Kind: Hash})
	createIndex(t, s, "c", Index{Name: "part", Fields: []IndexField{{Path: "s"}}, Partial: `{"active":true}`})
	for _, c := range []struct {
		filter      string
		sort        []SortField
		plan, index string
		order       string
		count       int
	}{
		{`{"_id":"0007"}`, nil, "id", "", "none", 1},
		{`{"_id":{"$in":["0007","0003","none"]}}`, nil, "id", "", "none", 2},
		{`{"_id":{"$gte":"0100","$lt":"0110"}}`, nil, "collection", "", "none", 10},
		{`{"n":7}`, nil, "index", "n_1_s_-1", "none", 10},
		{`{"n":{"$gte":98}}`, nil, "index", "n_1_s_-1", "none", 20},
		{`{"n":{"$gt":10,"$lt":12}}`, nil, "index", "n_1_s_-1", "none", 10},
		{`{"n":5,"s":{"$gt":"k2"}}`, nil, "index", "n_1_s_-1", "none", 6},
		{`{"n":5}`, []SortField{{"s", true}}, "index", "n_1_s_-1", "index", 10},
		{`{"n":5}`, []SortField{{"s", false}}, "index", "n_1_s_-1", "index", 10},
		{`{"n":5}`, []SortField{{"long", false}}, "index", "n_1_s_-1", "memory", 10},
		{`{"tags":"t10"}`, nil, "index", "tags_1", "none", 90},
		{`{"tags":{"$in":["t9","t10"]}}`, nil, "index", "tags_1", "none", 181},
		{`{"long":"` + strings.Repeat("long ", 20) + `77"}`, nil, "index", "long_hash", "none", 1},
		{`{"active":true,"s":"k100"}`, nil, "index", "part", "none", 2},
		{`{"s":"k101"}`, nil, "collection", "", "none", 2},
		{`{"n":{"$in":[1,2,3]},"s":{"$startsWith":"k00"}}`, nil, "index", "n_1_s_-1", "none", 6},
		{`{"$and":[{"n":1},{"n":2}]}`, nil, "index", "n_1_s_-1", "none", 0},
		{`{"$expr":{"$and":[{"$eq":[5,"$n"]},{"$gt":["$s","k2"]}]}}`, nil, "index", "n_1_s_-1", "none", 6},
		{`{}`, []SortField{{"_id", true}}, "collection", "", "index", 1000},
		{`{"n":{"$gte":0},"s":{"$regex":"^k00[12]"}}`, nil, "index", "n_1_s_-1", "none", 4},
		{`{"active":true,"s":{"$regex":"^k1.0$"}}`, nil, "index", "part", "none", 20},
		{`{"active":true,"s":{"$regex":"^K1","$options":"i"}}`, nil, "collection", "", "none", 20},
		{`{"_id":{"$regex":"^000"}}`, nil, "collection", "", "none", 10},
		{`{"$or":[{"n":5},{"tags":"t10"}]}`, nil, "union", "n_1_s_-1, tags_1", "none", 99},
		{`{"$or":[{"n":5},{"n":6},{"_id":"0007"}]}`, []SortField{{"long", true}}, "union", "n_1_s_-1, _id", "memory", 21},
		{`{"$or":[{"n":5},{"s":"k005"}],"active":true}`, nil, "union", "n_1_s_-1, part", "none", 0},
		{`{"$or":[{"n":5},{"s":"k005"}]}`, nil, "collection", "", "none", 10},
		{`{"$or":[{"n":5},{"tags":"t9"},{"tags":"t10"}],"n":{"$lt":6}}`, nil, "index", "n_1_s_-1", "none", 19},
	} {
		page := find(t, s, "c", c.filter, c.sort...)
		e := page.Explain
		if e.Plan != c.plan || e.Index != c.index || e.Sort != c.order || len(page.Documents) != c.count {
			t.Errorf("%s: got %+v with %d documents, want %s %s sort %s with %d", c.filter, e, len(page.Documents), c.plan, c.index, c.order, c.count)
		}
		for i := range page.Documents {
			if !filter(t, c.filter).Match(page.Documents[i].Value) {
				t.Errorf("%s gives %s", c.filter, page.Documents[i].ID)
			}
		}
	}
}

func TestUnique(t *testing.T) {
	s, ctx := open(t), t.Context()
	insert(t, s, "c", `{"_id":"a","e":"x"}`, `{"_id":"b","e":"y"}`)
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "e"}}, Unique: true})
	_, _, err := s.Insert(ctx, "c", "", value(t, `{"e":"x"}`))
	wantCode(t, err, "UNIQUE_VIOLATION")
	insert(t, s, "c", `{"_id":"n"}`)
	_, _, err = s.Insert(ctx, "c", "", value(t, `{"e":null}`))
	wantCode(t, err, "UNIQUE_VIOLATION")
	if _, _, _, err = s.Replace(ctx, "c", "a", value(t, `{"e":"x","again":1}`), Condition{}, false); err != nil {
		t.Errorf("a document in the way of itself: %v", err)
	}
	_, _, _, err = s.Replace(ctx, "c", "a", value(t, `{"e":"y"}`), Condition{}, false)
	wantCode(t, err, "UNIQUE_VIOLATION")
	insert(t, s, "d", `{"e":1}`, `{"e":1.0}`)
	_, _, err = s.CreateIndex(ctx, "d", Index{Fields: []IndexField{{Path: "e"}}, Unique: true})
	wantCode(t, err, "UNIQUE_VIOLATION")
	if c, err := s.Collection(ctx, "d"); err != nil || len(c.Indexes) != 0 {
		t.Errorf("an index that cannot be stays: %+v, %v", c.Indexes, err)
	}
}

// TestIndexMadeMeanwhile: a transaction under snapshot isolation that has not seen an
// index cannot commit writes without its entries.
func TestIndexMadeMeanwhile(t *testing.T) {
	all := Change{Filter: match.All()}
	for name, write := range map[string]func(s *Store, tx *txn.Tx) error{
		"insert": func(s *Store, tx *txn.Tx) error {
			_, _, err := s.InsertTx(tx, "c", "b", value(t, `{"e":2}`))
			return err
		},
		"insert many": func(s *Store, tx *txn.Tx) error {
			_, _, err := s.InsertManyTx(tx, "c", []doc.Value{value(t, `{"e":2}`)})
			return err
		},
		"replace": func(s *Store, tx *txn.Tx) error {
			_, _, _, err := s.ReplaceTx(tx, "c", "a", value(t, `{"e":2}`), Condition{}, false)
			return err
		},
		"modify": func(s *Store, tx *txn.Tx) error {
			_, _, _, err := s.ModifyTx(tx, "c", "a", Condition{}, func(doc.Value) (doc.Value, error) { return value(t, `{"_id":"a","e":2}`), nil })
			return err
		},
		"delete": func(s *Store, tx *txn.Tx) error {
			_, _, err := s.DeleteTx(tx, "c", "a", Condition{})
			return err
		},
		"delete many": func(s *Store, tx *txn.Tx) error {
			_, _, err := s.DeleteManyTx(t.Context(), tx, "c", all, false)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			insert(t, s, "c", `{"_id":"a","e":1}`)
			tx, err := s.txns.Begin(t.Context(), txn.TxOptions{Isolation: txn.Snapshot})
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			if _, ok, err := s.GetTx(tx, "c", "a"); err != nil || !ok {
				t.Fatal(ok, err)
			}
			createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "e"}}})
			if err := write(s, tx); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(t.Context()); !errors.Is(err, dberr.ErrConflict) {
				t.Errorf("committed without the entries of the index: %v", err)
			}
		})
	}
}

func TestTTL(t *testing.T) {
	s, ctx := open(t), t.Context()
	ttl := int64(60)
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "at"}}, TTL: &ttl})
	now := s.Now()
	insert(t, s, "c",
		`{"_id":"old","at":"`+now.Add(-2*time.Minute).Format(time.RFC3339)+`"}`,
		`{"_id":"new","at":"`+now.Format(time.RFC3339Nano)+`"}`,
		fmt.Sprintf(`{"_id":"number","at":%d}`, now.Unix()-61),
		fmt.Sprintf(`{"_id":"array","at":[%d,"%s"]}`, now.Unix()+1000, now.Add(-time.Hour).Format(time.RFC3339)),
		`{"_id":"none","at":"yesterday"}`, `{"_id":"later","at":"`+now.Add(-2*time.Minute).Format(time.RFC3339)+`"}`)
	if _, _, _, err := s.Replace(ctx, "c", "later", value(t, `{"at":"`+now.Format(time.RFC3339)+`"}`), Condition{}, false); err != nil {
		t.Fatal(err)
	}
	n, err := s.Sweep(ctx)
	if err != nil || n != 3 {
		t.Errorf("%d documents expired, %v", n, err)
	}
	if got := ids(find(t, s, "c", `{}`)); !slices.Equal(got, []string{"later", "new", "none"}) {
		t.Errorf("left are %v", got)
	}
}

func TestSchema(t *testing.T) {
	s, ctx := open(t), t.Context()
	text := `{"type":"object","required":["name"],"properties":{"name":{"type":"string","minLength":2},"age":{"type":"integer","minimum":0}}}`
	if _, err := s.CreateCollection(ctx, "c", CollectionOptions{Schema: text}); err != nil {
		t.Fatal(err)
	}
	insert(t, s, "c", `{"_id":"a","name":"Ann","age":3}`)
	_, _, err := s.Insert(ctx, "c", "", value(t, `{"name":"X","age":-1}`))
	wantCode(t, err, "SCHEMA_VIOLATION")
	for _, part := range []string{"/name", "/age"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
	_, _, err = s.Insert(ctx, "c", "", value(t, `{}`))
	if e := dberr.As(err); e == nil || e.Field != "/name" {
		t.Errorf("got %v", err)
	}
	if _, err := s.AlterCollection(ctx, "c", CollectionOptions{Schema: text, Validation: Warn}); err != nil {
		t.Fatal(err)
	}
	_, warnings, err := s.Insert(ctx, "c", "w", value(t, `{}`))
	if err != nil || len(warnings) != 1 || warnings[0].ID != "w" {
		t.Errorf("got %v, %v", warnings, err)
	}
	for _, bad := range []string{`{"type":5}`, `{"$ref":"http://example.com/x"}`, `{"pattern":"("}`, `[`} {
		_, err := s.CreateCollection(ctx, "bad", CollectionOptions{Schema: bad})
		wantCode(t, err, "INVALID_SCHEMA")
	}
	short, err := FieldSchema([]byte(`{"fields":{"name":{"type":"string","required":true,"max_length":3},"n":{"type":"int","nullable":true,"min":1},"sub":{"type":"object","fields":{"x":{"type":"bool"}}}},"additional_properties":false}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateCollection(ctx, "f", CollectionOptions{Schema: short}); err != nil {
		t.Fatal(err)
	}
	insert(t, s, "f", `{"name":"abc","n":null,"sub":{"x":true}}`)
	for _, bad := range []string{`{}`, `{"name":"abcd"}`, `{"name":"a","n":0}`, `{"name":"a","more":1}`, `{"name":"a","sub":{"x":1}}`} {
		_, _, err := s.Insert(ctx, "f", "", value(t, bad))
		wantCode(t, err, "SCHEMA_VIOLATION")
	}
}

func TestProjection(t *testing.T) {
	v := value(t, `{"_id":"a","x":1,"y":{"p":1,"q":2},"l":[{"p":1,"q":2},3]}`)
	for text, want := range map[string]string{
		`{"x":1}`:            `{"_id":"a","x":1}`,
		`["x","y.p"]`:        `{"_id":"a","x":1,"y":{"p":1}}`,
		`{"x":1,"_id":0}`:    `{"x":1}`,
		`{"_id":1}`:          `{"_id":"a"}`,
		`{"_id":0}`:          `{"x":1,"y":{"p":1,"q":2},"l":[{"p":1,"q":2},3]}`,
		`{"y":0,"l.q":0}`:    `{"_id":"a","x":1,"l":[{"p":1},3]}`,
		`{"l.q":1}`:          `{"_id":"a","l":[{"q":2}]}`,
		`{"x.z":1,"none":1}`: `{"_id":"a"}`,
		`{}`:                 v.JSON(),

		`{"l":{"$slice":1}}`:                       `{"_id":"a","x":1,"y":{"p":1,"q":2},"l":[{"p":1,"q":2}]}`,
		`{"l":{"$slice":-1},"x":1}`:                `{"_id":"a","x":1,"l":[3]}`,
		`{"l":{"$slice":[1,5]},"y":0,"_id":0}`:     `{"x":1,"l":[3]}`,
		`{"l":{"$slice":[-9,1]},"x":{"$slice":1}}`: `{"_id":"a","x":1,"y":{"p":1,"q":2},"l":[{"p":1,"q":2}]}`,
		`{"l":{"$elemMatch":{"$gt":2}}}`:           `{"_id":"a","l":[3]}`,
		`{"l":{"$elemMatch":{"q":2}},"x":1}`:       `{"_id":"a","x":1,"l":[{"p":1,"q":2}]}`,
		`{"l":{"$elemMatch":{"q":9}},"_id":0}`:     `{}`,
	} {
		p, err := ParseProjection(value(t, text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := p.Apply(v).JSON(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, bad := range []string{`{"a":1,"b":0}`, `{"a":2}`, `{"a":1,"a.b":1}`, `5`, `[1]`,
		`{"a.$":1}`, `{"a":{"$slice":1.5}}`, `{"a":{"$slice":[1,0]}}`, `{"a":{"$slice":[1]}}`, `{"a":{"$meta":"textScore"}}`, `{"a":{}}`, `{"b":0,"a":{"$elemMatch":{"x":1}}}`,
		`{"a":{"$elemMatch":1}}`, `{"a":{"$slice":1},"a.b":1}`} {
		_, err := ParseProjection(value(t, bad))
		wantCode(t, err, "INVALID_PROJECTION")
	}
}

func TestUpdateMany(t *testing.T) {
	s, ctx := open(t), t.Context()
	insert(t, s, "c", `{"_id":"a","n":1}`, `{"_id":"b","n":2}`, `{"_id":"c","n":2}`)
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "n"}}})
	up := func(text string) *update.Update {
		u, err := update.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	// Each is met once, though the index moves them on.
	out, err := s.UpdateMany(ctx, "c", Change{Filter: filter(t, `{"n":{"$gte":2}}`), Update: up(`{"$inc":{"n":10}}`)}, false)
	if err != nil || out.Matched != 2 || out.Modified != 2 {
		t.Errorf("got %+v, %v", out, err)
	}
	out, err = s.UpdateMany(ctx, "c", Change{Filter: filter(t, `{"n":12}`), Sort: []SortField{{"_id", true}}, Update: up(`{"$set":{"n":12}}`), One: true}, true)
	if err != nil || out.Matched != 1 || out.Modified != 0 || out.Before[0].ID != "c" {
		t.Errorf("got %+v, %v", out, err)
	}
	out, err = s.UpdateMany(ctx, "c", Change{Filter: filter(t, `{"k.a":5,"$and":[{"m":{"$eq":"x"}}],"z":{"$gt":1}}`), Update: up(`{"$set":{"n":0},"$setOnInsert":{"_id":"made"}}`), Upsert: true}, true)
	if err != nil || out.Upserted != "made" || out.After[0].Value.JSON() != `{"_id":"made","k":{"a":5},"m":"x","n":0}` {
		t.Errorf("got %+v %s, %v", out, out.After[0].Value.JSON(), err)
	}
	out, err = s.UpdateMany(ctx, "c", Change{Filter: filter(t, `{"_id":"r"}`), With: value(t, `{"v":1}`), Upsert: true, One: true}, false)
	if err != nil || out.Upserted != "r" {
		t.Errorf("got %+v, %v", out, err)
	}
	n, gone, err := s.DeleteMany(ctx, "c", Change{Filter: filter(t, `{"n":{"$gte":2}}`), Sort: []SortField{{"_id", false}}, One: true}, true)
	if err != nil || n != 1 || gone[0].ID != "b" {
		t.Errorf("deleted %d, %v", n, err)
	}
	if n, _, err = s.DeleteMany(ctx, "c", Change{}, false); err != nil || n != 4 {
		t.Errorf("deleted %d, %v", n, err)
	}
}

// TestCursors: pages through every order, while documents come and go, neither skip
// nor repeat one that stays.
func TestCursors(t *testing.T) {
	s, ctx := open(t), t.Context()
	for i := range 200 {
		insert(t, s, "c", fmt.Sprintf(`{"_id":"%03d","n":%d,"l":[%d,%d]}`, i, i%10, i%5, i%3))
	}
	insert(t, s, "c", `{"_id":"none","n":3,"l":[]}`) // kept with those that lack l, which l:null does not hold for
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "n"}}})
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "l"}}})
	for _, c := range []struct {
		filter string
		sort   []SortField
	}{
		{`{}`, nil}, {`{"n":{"$gte":3}}`, nil}, {`{"l":{"$gte":1}}`, nil}, {`{}`, []SortField{{"_id", true}}}, {`{"n":{"$gte":3}}`, []SortField{{"n", true}}},
		{`{}`, []SortField{{"l", false}}}, {`{"n":{"$in":[1,5,7]}}`, []SortField{{"l", true}, {"n", false}}},
		{`{"$or":[{"n":3},{"l":2},{"_id":"007"}]}`, nil}, {`{"$or":[{"n":3},{"l":2}]}`, []SortField{{"n", true}}},
		{`{"$or":[{"l":null},{"n":3},{"n":4}]}`, nil},
	} {
		seen := map[string]int{}
		q := Query{Filter: filter(t, c.filter), Sort: c.sort, Limit: 7}
		for page := 0; ; page++ {
			p, err := s.Find(ctx, "c", q)
			if err != nil {
				t.Fatalf("%s: %v", c.filter, err)
			}
			for _, id := range ids(p) {
				seen[id]++
			}
			if p.Cursor == "" {
				break
			}
			q.Cursor = p.Cursor
			extra := fmt.Sprintf("%03dx", page*13%200)
			if _, _, _, err := s.Replace(ctx, "c", extra, value(t, `{"n":1,"l":[0,9]}`), Condition{}, true); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Delete(ctx, "c", fmt.Sprintf("%03dx", (page-3)*13%200), Condition{}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 201 {
			id := fmt.Sprintf("%03d", i)
			if i == 200 {
				id = "none"
			}
			d, _, err := s.Get(ctx, "c", id)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if filter(t, c.filter).Match(d.Value) {
				want = 1
			}
			if seen[id] != want {
				t.Errorf("%s %v: %s comes %d times, want %d", c.filter, c.sort, id, seen[id], want)
			}
		}
		p, err := s.Find(ctx, "c", Query{Filter: filter(t, `{"n":1}`), Sort: c.sort, Cursor: q.Cursor, Limit: 1})
		if err == nil {
			t.Errorf("the cursor of another query is taken: %v", p)
		}
	}
}

// TestCounts: what commits is counted once, what is rolled back is not, and each query is.
func TestCounts(t *testing.T) {
	s, ctx := open(t), t.Context()
	if _, _, err := s.Insert(ctx, "c", "a", value(t, `{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.CreateIndex(ctx, "c", Index{Fields: []IndexField{{Path: "n"}}}); err != nil {
		t.Fatal(err)
	}
	undone := errors.New("undone")
	err := s.Update(ctx, func(tx *txn.Tx) error {
		if _, _, err := s.InsertTx(tx, "c", "no", value(t, `{}`)); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	err = s.Update(ctx, func(tx *txn.Tx) error {
		for _, id := range []string{"b", "c"} {
			if _, _, err := s.InsertTx(tx, "c", id, value(t, `{"n":2}`)); err != nil {
				return err
			}
		}
		_, _, _, err := s.ReplaceTx(tx, "c", "c", value(t, `{"n":3}`), Condition{}, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := update.Parse([]byte(`{"$inc":{"n":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.UpdateMany(ctx, "c", Change{Filter: filter(t, `{}`), Update: u}, false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Delete(ctx, "c", "a", Condition{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find(ctx, "c", Query{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Count(ctx, "c", filter(t, `{"n":3}`)); err != nil {
		t.Fatal(err)
	}
	if _, n, got, err := s.Stats(ctx, "c"); err != nil || n != 2 || got != (Counts{Inserted: 3, Updated: 3, Deleted: 1, Queries: 2}) {
		t.Errorf("%d documents, %+v, %v", n, got, err)
	}
	if _, _, err := s.Insert(ctx, "d", "a", value(t, `{}`)); err != nil {
		t.Fatal(err)
	}
	if got := s.Totals(); got != (Counts{Inserted: 4, Updated: 3, Deleted: 1, Queries: 2}) {
		t.Errorf("in all %+v", got)
	}
}

// TestUpsertFromFilter: what the filter wants equal is what the new document begins with.
func TestUpsertFromFilter(t *testing.T) {
	s, ctx := open(t), t.Context()
	u, err := update.Parse([]byte(`{"$set":{"new":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"a":1,"b.c":2}`:            `{"a":1,"b":{"c":2},"new":true}`,
		`{"$and":[{"a":1},{"b":2}]}`: `{"a":1,"b":2,"new":true}`,
		`{"$or":[{"a":1}]}`:          `{"a":1,"new":true}`,
		`{"$or":[{"a":1},{"b":2}]}`:  `{"new":true}`,
		`{"a":{"$gt":1},"b":{"$in":[1]},"c":{"$regex":"x"},"$comment":"none"}`: `{"new":true}`,
	} {
		out, err := s.UpdateMany(ctx, "u"+fmt.Sprint(len(text)), Change{Filter: filter(t, text), Update: u, Upsert: true}, true)
		if err != nil || len(out.After) != 1 {
			t.Fatalf("%s: %+v, %v", text, out, err)
		}
		p, err := ParseProjection(value(t, `{"_id":0}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Apply(out.After[0].Value).JSON(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
