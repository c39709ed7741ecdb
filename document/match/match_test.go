package match

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

// TestManual: cases that MongoDB's manual and its own tests give.
func TestManual(t *testing.T) {
	for _, c := range []struct {
		filter string
		yes    []string
		no     []string
	}{
		{`{}`, []string{`{}`, `{"a":1}`}, nil},
		{`{"a":null}`, []string{`{}`, `{"a":null}`, `{"a":[1,null]}`}, []string{`{"a":1}`, `{"a":[]}`, `{"a":{}}`}},
		{`{"a.b":null}`, []string{`{}`, `{"a":4}`, `{"a":{}}`, `{"a":[{"b":1},{}]}`}, []string{`{"a":[]}`, `{"a":[1,2]}`, `{"a":[{"b":1}]}`}},
		{`{"a":{"$ne":null}}`, []string{`{"a":1}`, `{"a":[]}`}, []string{`{}`, `{"a":null}`}},
		{`{"tags":["red","blank"]}`, []string{`{"tags":["red","blank"]}`, `{"tags":[["red","blank"]]}`}, []string{`{"tags":["blank","red"]}`}},
		{`{"dim":{"$gt":15,"$lt":20}}`, []string{`{"dim":[14,21]}`, `{"dim":16}`}, []string{`{"dim":[10,15]}`}},
		{`{"dim":{"$elemMatch":{"$gt":15,"$lt":20}}}`, []string{`{"dim":[1,16]}`}, []string{`{"dim":[14,21]}`, `{"dim":16}`}},
		{`{"dim.1":{"$gt":25}}`, []string{`{"dim":[1,26]}`}, []string{`{"dim":[26,1]}`}},
		{`{"r":{"$elemMatch":{"p":"x","s":{"$gte":8}}}}`, []string{`{"r":[{"p":"x","s":9}]}`}, []string{`{"r":[{"p":"x","s":1},{"p":"y","s":9}]}`}},
		{`{"a":{"$gte":null}}`, []string{`{}`, `{"a":null}`}, []string{`{"a":1}`}},
		{`{"a":{"$gt":"5"}}`, []string{`{"a":"6"}`}, []string{`{"a":6}`}},
		{`{"a":{"b":1,"c":2}}`, []string{`{"a":{"b":1.0,"c":2}}`}, []string{`{"a":{"c":2,"b":1}}`, `{"a":{"b":1}}`}},
		{`{"a":{}}`, []string{`{"a":{}}`}, []string{`{}`, `{"a":{"b":1}}`}},
		{`{"a":{"$all":[]}}`, nil, []string{`{}`, `{"a":[]}`, `{"a":[1]}`}},
		{`{"a":{"$all":["x","y"]}}`, []string{`{"a":["y","z","x"]}`}, []string{`{"a":"x"}`}},
		{`{"a":{"$not":{"$gt":1}}}`, []string{`{}`, `{"a":1}`, `{"a":"x"}`}, []string{`{"a":2}`, `{"a":[1,2]}`}},
		{`{"a":{"$mod":[4,0]}}`, []string{`{"a":8}`, `{"a":8.9}`, `{"a":[1,4]}`}, []string{`{"a":9}`, `{"a":"8"}`, `{}`}},
		{`{"a":{"$regex":"^B.r$","$options":"i"}}`, []string{`{"a":"bar"}`, `{"a":["x","BAR"]}`}, []string{`{"a":"bars"}`, `{"a":1}`}},
		{`{"a":{"$regex":"a b # comment\n c","$options":"x"}}`, []string{`{"a":"abc"}`}, []string{`{"a":"a b c"}`}},
		{`{"a":{"$type":"int"}}`, []string{`{"a":1}`}, []string{`{"a":3000000000}`, `{"a":1.5}`}},
		{`{"a":{"$type":["long","string"]}}`, []string{`{"a":1}`, `{"a":"x"}`}, []string{`{"a":1.5}`, `{}`}},
		{`{"$nor":[{"a":1},{"b":2}]}`, []string{`{}`, `{"a":2,"b":1}`}, []string{`{"a":1}`, `{"b":2}`}},
		{`{"$expr":{"$gt":["$spent","$budget"]}}`, []string{`{"spent":2,"budget":1}`, `{"spent":"a","budget":1}`}, []string{`{}`, `{"spent":1,"budget":1}`}},
		{`{"$expr":{"$eq":["$a.b",5]}}`, []string{`{"a":{"b":5.0}}`}, []string{`{"a":[{"b":5}]}`, `{"a":{"b":[5]}}`, `{}`}},
		{`{"$expr":{"$eq":[null,"$a"]}}`, []string{`{"a":null}`}, []string{`{}`, `{"a":[null]}`}},
		{`{"$expr":{"$eq":["$a",[5]]}}`, []string{`{"a":[5]}`}, []string{`{"a":5}`, `{"a":[[5]]}`}},
		{`{"$nor":[{"$expr":{"$and":[{"$eq":["$a",1]},{"$eq":["$b",2]}]}}]}`, []string{`{"a":1}`, `{"a":[1],"b":2}`}, []string{`{"a":1,"b":2}`}},
		{`{"$or":[{"$expr":"$on"},{"a":1}]}`, []string{`{"on":true}`, `{"a":1}`}, []string{`{"on":false}`, `{}`}},
		{`{"a":{"$in":[{"$regex":"^a","$options":"i"},"b",{"$regex":"z$"}]}}`, []string{`{"a":"Abc"}`, `{"a":"b"}`, `{"a":["x","z"]}`}, []string{`{"a":"cab"}`, `{}`}},
		{`{"a":{"$in":[{"$regex":"^a"}]}}`, []string{`{"a":"ab"}`}, []string{`{"a":"b"}`, `{}`}},
		{`{"a":{"$nin":[{"$regex":"^a"},"b"]}}`, []string{`{"a":"cab"}`, `{}`, `{"a":[1]}`}, []string{`{"a":"ab"}`, `{"a":["x","b"]}`}},
		{`{"a":{"$all":[{"$regex":"^a"},"b"]}}`, []string{`{"a":["b","ab"]}`}, []string{`{"a":["b"]}`, `{"a":"ab"}`}},
		{`{"$comment":"why","a":1}`, []string{`{"a":1}`}, []string{`{"a":2}`}},
		{`{"a":{"$bitsAllSet":[1,5]}}`, []string{`{"a":54}`, `{"a":50}`, `{"a":[1,34]}`, `{"a":-2}`}, []string{`{"a":20}`, `{"a":34.5}`, `{"a":"54"}`, `{}`}},
		{`{"a":{"$bitsAnySet":6}}`, []string{`{"a":2}`, `{"a":4}`}, []string{`{"a":8}`, `{"a":0}`}},
		{`{"a":{"$bitsAllClear":[0,3]}}`, []string{`{"a":20}`, `{"a":0}`}, []string{`{"a":1}`, `{"a":8}`, `{}`}},
		{`{"a":{"$bitsAnyClear":[1,200]}}`, []string{`{"a":2}`, `{"a":-3}`}, []string{`{"a":-2}`}},
		{`{"$or":[{"a":1},{"b":2}],"c":3}`, []string{`{"a":1,"c":3}`}, []string{`{"a":1}`, `{"c":3}`}},
	} {
		f, err := Parse([]byte(c.filter))
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		for i, text := range append(append([]string(nil), c.yes...), c.no...) {
			v, err := doc.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := f.Match(v), i < len(c.yes); got != want {
				t.Errorf("%s on %s: got %v", c.filter, text, got)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	deep := strings.Repeat(`{"$and":[`, 90) + `{}` + strings.Repeat(`]}`, 90)
	for text, code := range map[string]string{
		`[]`:                                        "INVALID_FILTER",
		`{"$where":"1"}`:                            "UNKNOWN_OPERATOR",
		`{"$And":[{}]}`:                             "UNKNOWN_OPERATOR",
		`{"a":{"$near":[1,2]}}`:                     "UNKNOWN_OPERATOR",
		`{"a":{"$elemmatch":{}}}`:                   "UNKNOWN_OPERATOR",
		`{"a":{"$gt":1,"b":2}}`:                     "INVALID_FILTER",
		`{"$and":[]}`:                               "INVALID_FILTER",
		`{"$or":{"a":1}}`:                           "INVALID_FILTER",
		`{"$or":[1]}`:                               "INVALID_FILTER",
		`{"a":{"$in":1}}`:                           "INVALID_FILTER",
		`{"a":{"$in":[{"$gt":1}]}}`:                 "INVALID_FILTER",
		`{"a":{"$exists":"yes"}}`:                   "INVALID_FILTER",
		`{"a":{"$type":"integer"}}`:                 "INVALID_FILTER",
		`{"a":{"$type":[]}}`:                        "INVALID_FILTER",
		`{"a":{"$regex":"("}}`:                      "INVALID_FILTER",
		`{"a":{"$regex":"a","$options":"g"}}`:       "INVALID_FILTER",
		`{"a":{"$options":"i"}}`:                    "INVALID_FILTER",
		`{"a":{"$mod":[0,1]}}`:                      "INVALID_FILTER",
		`{"a":{"$mod":[1]}}`:                        "INVALID_FILTER",
		`{"a":{"$size":-1}}`:                        "INVALID_FILTER",
		`{"a":{"$size":1.5}}`:                       "INVALID_FILTER",
		`{"a":{"$not":5}}`:                          "INVALID_FILTER",
		`{"a":{"$startsWith":5}}`:                   "INVALID_FILTER",
		`{"a":{"$all":[{"$gt":5}]}}`:                "INVALID_FILTER",
		`{"a..b":1}`:                                "INVALID_PATH",
		`{"":1}`:                                    "INVALID_PATH",
		`{`:                                         "INVALID_JSON",
		`{"$expr":{"$foo":1}}`:                      "UNKNOWN_OPERATOR",
		`{"$expr":"$$x"}`:                           "UNKNOWN_OPERATOR",
		`{"$expr":{"$cond":[1]}}`:                   "INVALID_EXPRESSION",
		`{"a":{"$expr":true}}`:                      "UNKNOWN_OPERATOR",
		`{"a":{"$elemMatch":{"$expr":true}}}`:       "INVALID_FILTER",
		deep:                                        "INVALID_FILTER",
		`{"a":{"$elemMatch":{"$gt":1,"b":2}}}`:      "UNKNOWN_OPERATOR",
		`{"a":{"$elemMatch":{"b":{"$unknown":1}}}}`: "UNKNOWN_OPERATOR",
	} {
		_, err := Parse([]byte(text))
		if e := dberr.As(err); e == nil || e.Code != code {
			t.Errorf("%.60s: got %v, want %s", text, err, code)
		}
	}
}

func TestMatchAt(t *testing.T) {
	for _, c := range []struct {
		filter, doc string
		at          int
	}{
		{`{"a":5}`, `{"a":[1,5,5]}`, 1},
		{`{"a.b":5}`, `{"a":[{"b":1},{"b":5}]}`, 1},
		{`{"a.b":5}`, `{"a":[{"b":[1,2]},{"b":[3,5]}]}`, 1},
		{`{"a":{"$elemMatch":{"b":2,"c":3}}}`, `{"a":[{"b":2},{"c":3},{"b":2,"c":3}]}`, 2},
		{`{"x":1,"a":{"$gt":1}}`, `{"x":1,"a":[1,2]}`, 1},
		{`{"x":1}`, `{"x":1,"a":[1,2]}`, -1},
		{`{"$or":[{"$expr":{"$eq":["$b",2]}},{"a":5}]}`, `{"b":[1,2],"a":[1,1,5]}`, 2},
	} {
		f, err := Parse([]byte(c.filter))
		if err != nil {
			t.Fatal(err)
		}
		v, err := doc.Parse([]byte(c.doc))
		if err != nil {
			t.Fatal(err)
		}
		if at, ok := f.MatchAt(v); !ok || at != c.at {
			t.Errorf("%s on %s: got %d, %v, want %d", c.filter, c.doc, at, ok, c.at)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":{"$elemMatch":{"$gt":1}},"$or":[{"b.c":{"$in":[1,"x"]}}]}`), []byte(`{"a":[1,2],"b":{"c":"x"}}`))
	f.Fuzz(func(t *testing.T, filter, text []byte) {
		c, err := Parse(filter)
		if err != nil {
			return
		}
		if v, err := doc.Parse(text); err == nil {
			c.Match(v)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	v, err := doc.Parse([]byte(`{"_id":"01HV","name":"A name","tags":["red","green","blue"],"price":12.50,"stock":{"count":12,"place":"A-17"},"text":"` + strings.Repeat("lorem ipsum ", 60) + `"}`))
	if err != nil {
		b.Fatal(err)
	}
	for _, filter := range []string{`{"price":{"$gt":12}}`, `{"tags":"blue"}`, `{"stock.place":"A-17","stock.count":{"$lt":13}}`} {
		f, err := Parse([]byte(filter))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("filter=%s", filter), func(b *testing.B) {
			b.SetBytes(int64(len(v.Bytes())))
			for b.Loop() {
				if !f.Match(v) {
					b.Fatal("it does not match")
				}
			}
		})
	}
}

// TestExprFails: what an expression does not allow is an error, wherever it stands, and
// not an answer.
func TestExprFails(t *testing.T) {
	v, err := doc.Parse([]byte(`{"a":"text"}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, fails := range map[string]bool{
		`{"$expr":{"$add":["$a",1]}}`:                                  true,
		`{"$nor":[{"$expr":{"$add":["$a",1]}}]}`:                       true,
		`{"$and":[{"$or":[{"a":1},{"$expr":{"$add":["$a",1]}}]}]}`:     true,
		`{"a":"text","$expr":{"$gt":[{"$strLenCP":"$a"},3]}}`:          false,
		`{"a":1,"$expr":{"$add":["$a",1]}}`:                            false, // not looked at
		`{"$or":[{"$expr":{"$add":["$a",1]}},{"a":"text"}]}`:           true,
		`{"$expr":{"$and":[{"$eq":["$b",1]},{"$add":["$a",1]}]}}`:      false,
		`{"$expr":{"$and":[{"$eq":["$a","text"]},{"$add":["$a",1]}]}}`: true,
	} {
		f, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		ok, err := f.Test(v)
		if e := dberr.As(err); (e != nil && e.Code == "EXPRESSION_FAILED") != fails {
			t.Errorf("%s: got %v, %v", text, ok, err)
		}
		if fails && f.Match(v) {
			t.Errorf("%s matches", text)
		}
	}
}
