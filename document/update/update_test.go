package update

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
)

func parse(t testing.TB, text string) doc.Value {
	t.Helper()
	v, err := doc.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

var now = time.Date(2026, 5, 6, 7, 8, 9, 123456789, time.UTC)

// TestOperators: what each operator makes of a document, or refuses. The cases are
// those of MongoDB's manual and the edges between them.
func TestOperators(t *testing.T) {
	for _, c := range []struct{ update, doc, want string }{ // want is a code where it is no JSON
		{`{"$set":{"a":1}}`, `{}`, `{"a":1}`},
		{`{"$set":{"a.b.c":1}}`, `{"x":0}`, `{"x":0,"a":{"b":{"c":1}}}`},
		{`{"$set":{"a":{"n":null}}}`, `{"b":1,"a":2,"c":3}`, `{"b":1,"a":{"n":null},"c":3}`},
		{`{"$set":{"a.1":"x"}}`, `{"a":[1,2,3]}`, `{"a":[1,"x",3]}`},
		{`{"$set":{"a.4":"x"}}`, `{"a":[1,2]}`, `{"a":[1,2,null,null,"x"]}`},
		{`{"$set":{"a.99999":"x"}}`, `{"a":[1,2]}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$set":{"a.b":1}}`, `{"a":5}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$set":{"a.b":1}}`, `{"a":null}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$set":{"a.b":1}}`, `{"a":[{}]}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$set":{"a.0.b":1}}`, `{"a":[{}]}`, `{"a":[{"b":1}]}`},
		{`{"$set":{"a.0":1}}`, `{}`, `{"a":{"0":1}}`},
		{`{"$set":{"a":1},"$setOnInsert":{"b":1}}`, `{}`, `{"a":1}`},
		{`{"$unset":{"a":"","b.c":1,"z":1}}`, `{"a":1,"b":{"c":2,"d":3}}`, `{"b":{"d":3}}`},
		{`{"$unset":{"a.1":1}}`, `{"a":[1,2,3]}`, `{"a":[1,null,3]}`},
		{`{"$unset":{"a.b":1}}`, `{"a":5}`, `{"a":5}`},
		{`{"$inc":{"n":5}}`, `{}`, `{"n":5}`},
		{`{"$inc":{"n":-1,"m.k":0.1}}`, `{"n":1,"m":{"k":0.2}}`, `{"n":0,"m":{"k":0.3}}`},
		{`{"$inc":{"n":1}}`, `{"n":9223372036854775807}`, `{"n":9223372036854775808}`},
		{`{"$inc":{"n":1}}`, `{"n":"1"}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$inc":{"n":1}}`, `{"n":null}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$inc":{"n":"1"}}`, `{}`, `INVALID_UPDATE`},
		{`{"$mul":{"n":2,"m":3}}`, `{"n":2.5}`, `{"n":5,"m":0}`},
		{`{"$min":{"a":3,"b":3,"c":3}}`, `{"a":5,"b":1}`, `{"a":3,"b":1,"c":3}`},
		{`{"$max":{"a":3,"b":3,"c":null}}`, `{"a":5,"b":1,"c":0}`, `{"a":5,"b":3,"c":0}`},
		{`{"$max":{"a":"x"}}`, `{"a":5}`, `{"a":"x"}`},
		{`{"$rename":{"a":"b"}}`, `{"a":1,"c":2}`, `{"c":2,"b":1}`},
		{`{"$rename":{"a.x":"b.y"}}`, `{"a":{"x":1},"b":{}}`, `{"a":{},"b":{"y":1}}`},
		{`{"$rename":{"a":"b"}}`, `{"a":1,"b":2}`, `{"b":1}`},
		{`{"$rename":{"z":"b"}}`, `{"b":2}`, `{"b":2}`},
		{`{"$rename":{"a":"a"}}`, `{"a":2}`, `INVALID_UPDATE`},
		{`{"$rename":{"a.0":"b"}}`, `{"a":[2]}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$rename":{"a":5}}`, `{}`, `INVALID_UPDATE`},
		{`{"$currentDate":{"a":true,"b":{"$type":"timestamp"}}}`, `{}`, `{"a":"2026-05-06T07:08:09.123Z","b":1778051289123456789}`},
		{`{"$currentDate":{"a":false}}`, `{}`, `INVALID_UPDATE`},
		{`{"$push":{"a":1}}`, `{}`, `{"a":[1]}`},
		{`{"$push":{"a":[1,2]}}`, `{"a":[0]}`, `{"a":[0,[1,2]]}`},
		{`{"$push":{"a":1}}`, `{"a":0}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$push":{"a":{"$each":[1,2]}}}`, `{"a":[0]}`, `{"a":[0,1,2]}`},
		{`{"$push":{"a":{"$each":[8,9],"$position":0}}}`, `{"a":[1,2]}`, `{"a":[8,9,1,2]}`},
		{`{"$push":{"a":{"$each":[8,9],"$position":-1}}}`, `{"a":[1,2]}`, `{"a":[1,8,9,2]}`},
		{`{"$push":{"a":{"$each":[3,1],"$sort":1,"$slice":2}}}`, `{"a":[2]}`, `{"a":[1,2]}`},
		{`{"$push":{"a":{"$each":[3,1],"$sort":-1,"$slice":-2}}}`, `{"a":[2]}`, `{"a":[2,1]}`},
		{`{"$push":{"a":{"$each":[],"$slice":0}}}`, `{"a":[2]}`, `{"a":[]}`},
		{`{"$push":{"a":{"$each":[{"s":1,"n":"b"}],"$sort":{"s":-1,"n":1}}}}`, `{"a":[{"s":1,"n":"a"},{"s":2}]}`, `{"a":[{"s":2},{"s":1,"n":"a"},{"s":1,"n":"b"}]}`},
		{`{"$push":{"a":{"$each":[1],"$sorted":1}}}`, `{}`, `INVALID_UPDATE`},
		{`{"$push":{"a":{"$slice":1}}}`, `{}`, `INVALID_UPDATE`},
		{`{"$push":{"a":{"$each":[1],"$slice":1.5}}}`, `{}`, `INVALID_UPDATE`},
		{`{"$addToSet":{"a":1,"b":{"$each":[1,1,2]}}}`, `{"a":[1.0,2],"b":[2]}`, `{"a":[1.0,2],"b":[2,1]}`},
		{`{"$addToSet":{"a":{"x":1}}}`, `{}`, `{"a":[{"x":1}]}`},
		{`{"$pull":{"a":2}}`, `{"a":[1,2,2.0,[2]]}`, `{"a":[1,[2]]}`},
		{`{"$pull":{"a":{"$gte":2}}}`, `{"a":[1,2,3,"x"]}`, `{"a":[1,"x"]}`},
		{`{"$pull":{"a":{"s":8,"i":"B"}}}`, `{"a":[{"i":"A","s":5},{"i":"B","s":8,"c":1}]}`, `{"a":[{"i":"A","s":5}]}`},
		{`{"$pull":{"a":[1,2]}}`, `{"a":[1,2,[1,2]]}`, `{"a":[1,2]}`},
		{`{"$pull":{"a":1}}`, `{"b":1}`, `{"b":1}`},
		{`{"$pull":{"a":1}}`, `{"a":1}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$pullAll":{"a":[1,"x"]}}`, `{"a":[1,2,1,"x"]}`, `{"a":[2]}`},
		{`{"$pop":{"a":1,"b":-1,"c":1}}`, `{"a":[1,2],"b":[1,2]}`, `{"a":[1],"b":[2]}`},
		{`{"$pop":{"a":2}}`, `{}`, `INVALID_UPDATE`},
		{`{"$set":{"a.$[].x":0}}`, `{"a":[{"x":1},{"y":2}]}`, `{"a":[{"x":0},{"y":2,"x":0}]}`},
		{`{"$inc":{"a.$[]":10}}`, `{"a":[1,2]}`, `{"a":[11,12]}`},
		{`{"$inc":{"a.$[]":10}}`, `{}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$set":{"a.$":0}}`, `{"a":[1]}`, `UPDATE_NOT_APPLICABLE`},
		{`{"$set":{"a.$[e]":0}}`, `{"a":[1]}`, `INVALID_UPDATE`},
		{`{"$set":{"$a":0}}`, `{}`, `INVALID_UPDATE`},
		{`{"$set":{"a.$x":0}}`, `{}`, `INVALID_UPDATE`},
		{`{"$set":{"a":1},"$inc":{"a":1}}`, `{}`, `INVALID_UPDATE`},
		{`{"$set":{"a":1,"a.b":1}}`, `{}`, `INVALID_UPDATE`},
		{`{"$set":{"a.b":1},"$rename":{"c":"a"}}`, `{}`, `INVALID_UPDATE`},
		{`{"$set":{"a.b":1,"ab":2}}`, `{}`, `{"a":{"b":1},"ab":2}`},
		{`{"$sett":{"a":1}}`, `{}`, `UNKNOWN_OPERATOR`},
		{`{"$set":{"a":1},"b":1}`, `{}`, `UNKNOWN_OPERATOR`},
		{`{"$set":1}`, `{}`, `INVALID_UPDATE`},
		{`{}`, `{}`, `INVALID_UPDATE`},
	} {
		before := parse(t, c.doc)
		u, err := Parse([]byte(c.update))
		var got doc.Value
		if err == nil {
			got, err = u.Apply(before, Context{At: -1, Now: now})
		}
		switch {
		case err != nil && dberr.As(err) == nil:
			t.Errorf("%s on %s: %v", c.update, c.doc, err)
		case err != nil && dberr.As(err).Code != c.want:
			t.Errorf("%s on %s: got %v, want %s", c.update, c.doc, err, c.want)
		case err == nil && got.JSON() != c.want:
			t.Errorf("%s on %s: got %s, want %s", c.update, c.doc, got.JSON(), c.want)
		}
		if err == nil {
			if _, err := doc.FromBytes(got.Bytes()); err != nil {
				t.Error(err)
			}
		}
		if before.JSON() != c.doc {
			t.Errorf("%s changed the document that it was given", c.update)
		}
	}
}

func TestPositional(t *testing.T) {
	f, err := match.Parse([]byte(`{"a":{"$elemMatch":{"k":2}}}`))
	if err != nil {
		t.Fatal(err)
	}
	v := parse(t, `{"a":[{"k":1},{"k":2}]}`)
	at, _ := f.MatchAt(v)
	u, err := Parse([]byte(`{"$set":{"a.$.v":"x"},"$setOnInsert":{"new":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := u.Apply(v, Context{At: at, Insert: true})
	if want := `{"a":[{"k":1},{"k":2,"v":"x"}],"new":true}`; err != nil || got.JSON() != want {
		t.Errorf("got %s, want %s, %v", got.JSON(), want, err)
	}
}

func TestArrayFilters(t *testing.T) {
	u, err := Compile(parse(t, `{"$set":{"g.$[e].ok":true,"n.$[x]":0}}`), parse(t, `[{"e.v":{"$gte":5},"e.w":1},{"x":{"$lt":0}}]`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := u.Apply(parse(t, `{"g":[{"v":5,"w":1},{"v":4,"w":1},{"v":9}],"n":[-1,1]}`), Context{At: -1})
	if want := `{"g":[{"v":5,"w":1,"ok":true},{"v":4,"w":1},{"v":9}],"n":[0,1]}`; err != nil || got.JSON() != want {
		t.Errorf("got %s, want %s, %v", got.JSON(), want, err)
	}
	for _, filters := range []string{`[{"e":1},{"e":2}]`, `[{"a":1,"b":2}]`, `[{"A":1}]`, `[{}]`, `{}`} {
		if _, err := Compile(parse(t, `{"$set":{"g.$[e]":1}}`), parse(t, filters)); err == nil {
			t.Errorf("the array filters %s are accepted", filters)
		}
	}
}

// TestMergePatch has the cases of RFC 7386, appendix A.
func TestMergePatch(t *testing.T) {
	for _, c := range []struct{ doc, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`}, {`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`}, {`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`}, {`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`}, {`{"a":"b"}`, `["c"]`, `["c"]`}, {`{"a":"foo"}`, `null`, `null`}, {`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`}, {`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`}, {`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		if got, err := Merge(parse(t, c.doc), parse(t, c.patch)); err != nil || got.JSON() != c.want {
			t.Errorf("%s into %s: got %s, want %s, %v", c.patch, c.doc, got.JSON(), c.want, err)
		}
	}
}

func TestSetFields(t *testing.T) {
	if got := SetFields(parse(t, `{"a":1,"b":{"c":1}}`), parse(t, `{"b":null,"d":2}`)).JSON(); got != `{"a":1,"b":null,"d":2}` {
		t.Errorf("got %s", got)
	}
}

// TestJSONPatchSuite runs the public tests of RFC 6902.
func TestJSONPatchSuite(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	dir := filepath.Join(root, "json_patch")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the test data json_patch is not there")
	}
	for _, name := range []string{"tests.json", "spec_tests.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var cases []struct {
			Comment, Error       string
			Disabled             bool
			Doc, Patch, Expected json.RawMessage
		}
		if err := json.Unmarshal(text, &cases); err != nil {
			t.Fatal(err)
		}
		ran := 0
		for i, c := range cases {
			if c.Disabled || c.Patch == nil {
				continue
			}
			ran++
			p, err := CompilePatch(parse(t, string(c.Patch)))
			var got doc.Value
			if err == nil {
				got, err = p.Apply(parse(t, string(c.Doc)))
			}
			switch {
			case c.Error != "" && err == nil:
				t.Errorf("%s %d: %s on %s is accepted: %s", name, i, c.Patch, c.Doc, c.Error)
			case c.Error == "" && err != nil:
				t.Errorf("%s %d: %s on %s: %v", name, i, c.Patch, c.Doc, err)
			case c.Error == "" && c.Expected != nil && !sameJSON(got, parse(t, string(c.Expected))):
				t.Errorf("%s %d: got %s, want %s", name, i, got.JSON(), c.Expected)
			}
		}
		if ran < 10 {
			t.Errorf("%s: only %d cases ran", name, ran)
		}
	}
}

func FuzzUpdate(f *testing.F) {
	f.Add([]byte(`{"$set":{"a.b.0":1},"$push":{"c":{"$each":[1],"$sort":1}}}`), []byte(`{"a":{"b":[2]},"c":[3]}`))
	f.Add([]byte(`{"$rename":{"a":"b.c"},"$pull":{"d":{"$gt":1}}}`), []byte(`{"a":1,"d":[1,2]}`))
	f.Fuzz(func(t *testing.T, update, text []byte) {
		u, err := Parse(update)
		if err != nil {
			return
		}
		v, err := doc.ParseObject(text)
		if err != nil {
			return
		}
		got, err := u.Apply(v, Context{At: 0})
		if err != nil {
			return
		}
		if _, err := doc.FromBytes(got.Bytes()); err != nil {
			t.Fatalf("%s on %s makes what is none: %v", update, text, err)
		}
	})
}

// TestUnusedArrayFilter: a filter that no path refers to is refused by its name.
func TestUnusedArrayFilter(t *testing.T) {
	filters := parse(t, `[{"e":{"$gt":1}},{"f":2}]`)
	for text, ok := range map[string]bool{
		`{"$set":{"a.$[e]":1,"b.$[f].c":2}}`: true, `{"$set":{"a.$[e]":1}}`: false, `{"$set":{"a":1}}`: false,
	} {
		if _, err := Compile(parse(t, text), filters); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
