package document

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

func search(t testing.TB, s *Store, coll, query, f string) []string {
	t.Helper()
	q := Search{Request: fulltext.Request{Query: value(t, query), Limit: 1000}, Strong: true}
	if f != "" {
		q.Filter = filter(t, f)
	}
	page, err := s.Search(t.Context(), coll, q)
	if err != nil {
		t.Fatalf("search %s: %v", query, err)
	}
	var ids []string
	for i := range page.Hits {
		ids = append(ids, page.Hits[i].ID)
	}
	if page.Total != len(ids) {
		t.Errorf("search %s: %d of %d", query, len(ids), page.Total)
	}
	slices.Sort(ids)
	return ids
}

var texts1 = &fulltext.Config{Fields: []fulltext.Field{{Path: "t"}}}

// TestText: the index follows inserts, changes and removals, before it was made and
// after.
func TestText(t *testing.T) {
	s, ctx := open(t), t.Context()
	insert(t, s, "c", `{"_id":"a","t":"red shoes","n":1}`, `{"_id":"b","t":"blue shoes","n":2}`)
	if err := s.SetText(ctx, "c", texts1); err != nil {
		t.Fatal(err)
	}
	want := func(query, f string, ids ...string) {
		t.Helper()
		if got := search(t, s, "c", query, f); !slices.Equal(got, ids) {
			t.Errorf("%s: got %v, want %v", query, got, ids)
		}
	}
	want(`"shoe"`, "", "a", "b")
	insert(t, s, "c", `{"_id":"c","t":"red hat","n":3}`, `{"_id":"d"}`)
	want(`"red"`, "", "a", "c")
	want(`"red"`, `{"n":{"$gt":1}}`, "c")
	if _, _, _, err := s.Replace(ctx, "c", "a", value(t, `{"t":"green"}`), Condition{}, false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Delete(ctx, "c", "c", Condition{}); err != nil {
		t.Fatal(err)
	}
	want(`"red"`, "")
	want(`"green"`, "", "a")
	st, err := s.Text(ctx, "c")
	if err != nil || st.Documents != 3 || st.Building || st.Applied != s.txns.LastCommit() {
		t.Errorf("got %+v, %v", st, err)
	}
	if err := s.RebuildText(ctx, "c"); err != nil {
		t.Error(err)
	}
	want(`"green"`, "", "a")
	if err := s.SetText(ctx, "c", nil); err != nil {
		t.Error(err)
	}
	_, err = s.Search(ctx, "c", Search{})
	wantCode(t, err, "NO_TEXT_INDEX")
}

// TestTextConcurrent: what was written before a strong search is found by it, by any
// of eight writers.
func TestTextConcurrent(t *testing.T) {
	s, ctx := open(t), t.Context()
	if err := s.SetText(ctx, "c", texts1); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				id := fmt.Sprintf("w%di%d", w, i)
				if _, _, err := s.Insert(ctx, "c", id, value(t, `{"t":"`+id+` word"}`)); err != nil {
					t.Error(err)
				}
				page, err := s.Search(ctx, "c", Search{Request: fulltext.Request{Query: value(t, `"`+id+`"`), Limit: 10}, Strong: true})
				if err != nil || len(page.Hits) != 1 || page.Hits[0].ID != id {
					t.Errorf("%s is not found: %+v, %v", id, page, err)
				}
			}
		})
	}
	wg.Wait()
	if got := search(t, s, "c", `"word"`, ""); len(got) != 160 {
		t.Errorf("%d found", len(got))
	}
}

// TestTextSurvives: an index on disk goes on from where it was, also where the store
// was changed without it.
func TestTextSurvives(t *testing.T) {
	disk, dir := vfs.NewMem(), filepath.Join(t.TempDir(), "text")
	life := func(textDir string, fn func(s *Store)) {
		t.Helper()
		txns, err := storage.Open(disk, "d", storage.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(txns.Store, Options{SweepEvery: -1, TextDir: textDir})
		if err != nil {
			t.Fatal(err)
		}
		fn(s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := txns.Close(); err != nil {
			t.Error(err)
		}
	}
	life(dir, func(s *Store) {
		if err := s.SetText(t.Context(), "c", texts1); err != nil {
			t.Fatal(err)
		}
		insert(t, s, "c", `{"_id":"a","t":"one word"}`, `{"_id":"b","t":"two words"}`)
		search(t, s, "c", `"word"`, "")
	})
	life("", func(s *Store) { // the index on disk does not see this
		insert(t, s, "c", `{"_id":"c","t":"three words"}`)
		if _, _, err := s.Delete(t.Context(), "c", "a", Condition{}); err != nil {
			t.Fatal(err)
		}
		if got := search(t, s, "c", `"word"`, ""); !slices.Equal(got, []string{"b", "c"}) {
			t.Errorf("in memory: %v", got)
		}
	})
	life(dir, func(s *Store) {
		if got := search(t, s, "c", `"word"`, ""); !slices.Equal(got, []string{"b", "c"}) {
			t.Errorf("after a life without it: %v", got)
		}
	})
}

// TestTextForgetsWhatACrashTakes: an index on disk does not have what was acknowledged
// without sync, and lost.
func TestTextForgetsWhatACrashTakes(t *testing.T) {
	disk, dir := vfs.NewCrashableMem(), filepath.Join(t.TempDir(), "text")
	open := func() (*storage.Store, *Store) {
		t.Helper()
		txns, err := storage.Open(disk, "d", storage.Options{SyncInterval: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(txns.Store, Options{SweepEvery: -1, TextDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return txns, s
	}
	txns, s := open()
	if err := s.SetText(t.Context(), "c", texts1); err != nil {
		t.Fatal(err)
	}
	insert(t, s, "c", `{"_id":"a","t":"one word"}`)
	search(t, s, "c", `"word"`, "")
	if err := txns.Update(t.Context(), txn.TxOptions{Durability: txn.DurabilityAsync}, func(tx *txn.Tx) error {
		_, _, _, err := s.ReplaceTx(tx, "c", "a", value(t, `{"_id":"a","t":"another text"}`), Condition{}, false)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := search(t, s, "c", `"word"`, ""); len(got) != 0 {
		t.Fatalf("before the crash: %v", got)
	}
	crashed := disk.CrashClone(vfs.CrashConfig{})
	if err := errors.Join(s.Close(), txns.Close()); err != nil {
		t.Error(err)
	}
	disk = crashed
	txns, s = open()
	defer txns.Close()
	defer s.Close()
	insert(t, s, "c", `{"_id":"b","t":"third"}`) // the store's last commit is behind the index's now
	doc, ok, err := s.Get(t.Context(), "c", "a")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if got, stored := len(search(t, s, "c", `"word"`, "")) == 1, strings.Contains(string(doc.Value.Bytes()), "word"); got != stored {
		t.Errorf("found as it was: %v, stored as it was: %v", got, stored)
	}
}

func TestTexts(t *testing.T) {
	s, ctx := open(t), t.Context()
	x := s.Texts()
	if err := x.Create(ctx, "i", "", true); err != nil {
		t.Fatal(err)
	}
	wantCode(t, x.Create(ctx, "i", "", true), "TEXT_INDEX_EXISTS")
	wantCode(t, x.Put(ctx, "none", []Item{{ID: "a"}}), "TEXT_INDEX_NOT_FOUND")
	if err := x.Put(ctx, "i", []Item{{ID: "a", Text: "running fast", Metadata: value(t, `{"lang":"en"}`)}, {ID: "b", Text: "he runs", Metadata: value(t, `{"lang":"de"}`)}}); err != nil {
		t.Fatal(err)
	}
	find := func(query, metadata string) string {
		t.Helper()
		q := Search{Request: fulltext.Request{Query: value(t, query), Limit: 10}, Strong: true}
		m := value(t, `{}`)
		if metadata != "" {
			m = value(t, metadata)
		}
		page, err := x.Search(ctx, "i", q, m)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for i := range page.Hits {
			ids = append(ids, page.Hits[i].ItemOf().ID)
		}
		slices.Sort(ids)
		return strings.Join(ids, " ")
	}
	if got := find(`"run"`, ""); got != "a b" {
		t.Errorf("got %s", got)
	}
	if got := find(`"run"`, `{"lang":"de"}`); got != "b" {
		t.Errorf("got %s", got)
	}
	if existed, err := x.Delete(ctx, "i", "a"); err != nil || !existed {
		t.Error(err)
	}
	if item, ok, err := x.Get(ctx, "i", "b"); err != nil || !ok || item.Text != "he runs" {
		t.Errorf("got %+v, %v", item, err)
	}
	if names, err := x.List(ctx); err != nil || !slices.Equal(names, []string{"i"}) {
		t.Errorf("got %v, %v", names, err)
	}
	if list, err := s.Collections(ctx); err != nil || len(list) != 0 {
		t.Errorf("it is among the collections: %v, %v", list, err)
	}
	if err := x.Drop(ctx, "i"); err != nil {
		t.Error(err)
	}
	_, _, err := x.Status(ctx, "i")
	wantCode(t, err, "TEXT_INDEX_NOT_FOUND")
}

// TestSearchPages: pages by a field neither skip nor repeat a document that stays, while
// others are written, with a filter and without.
func TestSearchPages(t *testing.T) {
	s, ctx := open(t), t.Context()
	cfg := &fulltext.Config{Fields: []fulltext.Field{{Path: "t"}, {Path: "n", Type: fulltext.Number}}}
	if err := s.SetText(ctx, "c", cfg); err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		insert(t, s, "c", fmt.Sprintf(`{"_id":"s%02d","t":"word","n":%d,"even":%v}`, i, i/3, i%2 == 0))
	}
	for _, f := range []string{"", `{"even":true}`} {
		q := Search{Request: fulltext.Request{Query: value(t, `"word"`), Limit: 7, Sort: []fulltext.SortField{{Field: "n", Descending: true}}}, Strong: true}
		if f != "" {
			q.Filter = filter(t, f)
		}
		var got []string
		for page := 0; ; page++ {
			p, err := s.Search(ctx, "c", q)
			if err != nil {
				t.Fatal(err)
			}
			if page > 0 && f != "" && p.Total != -1 || page == 0 && f != "" && p.Total < 30 {
				t.Errorf("page %d of %s says %d in all", page, f, p.Total)
			}
			for i := range p.Hits {
				if id := p.Hits[i].ID; id[0] == 's' {
					got = append(got, id)
				}
			}
			if p.Cursor == "" {
				break
			}
			q.Cursor = p.Cursor
			insert(t, s, "c", fmt.Sprintf(`{"t":"word","n":%d,"even":true}`, 30-page*4))
		}
		want := 60
		if f != "" {
			want = 30
		}
		seen := map[string]bool{}
		for _, id := range got {
			seen[id] = true
		}
		if len(got) != want || len(seen) != want {
			t.Errorf("%s: %d hits, %d different, want %d: %v", f, len(got), len(seen), want, got)
		}
		other := q
		other.Sort = nil
		_, err := s.Search(ctx, "c", other)
		wantCode(t, err, "INVALID_CURSOR")
		q.Offset = 1
		_, err = s.Search(ctx, "c", q)
		wantCode(t, err, "INVALID_FIELD")
	}
}
