package pipeline

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
)

// memory is a source of documents in memory.
type memory map[string][]string

func (m memory) Find(_ context.Context, collection string, f *match.Filter) (Iter, error) {
	var docs []doc.Value
	for _, text := range m[collection] {
		v, err := doc.Parse([]byte(text))
		if err != nil {
			return nil, err
		}
		if f.Match(v) {
			docs = append(docs, v)
		}
	}
	return list(docs), nil
}

var sales = memory{
	"sales": {
		`{"_id":1,"item":"abc","price":10,"quantity":2,"date":"2014-03-01T08:00:00Z","tags":["a","b"]}`,
		`{"_id":2,"item":"jkl","price":20,"quantity":1,"date":"2014-03-01T09:00:00Z","tags":[]}`,
		`{"_id":3,"item":"xyz","price":5,"quantity":10,"date":"2014-03-15T09:00:00Z","tags":["b"]}`,
		`{"_id":4,"item":"xyz","price":5.50,"quantity":20,"date":"2014-04-04T11:21:39.736Z"}`,
		`{"_id":5,"item":"abc","price":10,"quantity":10,"date":"2014-04-04T21:23:13.331Z","tags":null,"sub":{"x":[{"y":1},{"y":2},3]}}`,
	},
	"items": {`{"_id":"p1","sku":"abc","name":"A"}`, `{"_id":"p2","sku":"xyz","name":"X"}`, `{"_id":"p3","sku":["abc","q"]}`, `{"_id":"p4"}`},
}

func all(in Iter, err error) (string, error) {
	var out []string
	for err == nil {
		var v doc.Value
		if v, err = in(); err == nil {
			if !v.Exists() {
				return strings.Join(out, " "), nil
			}
			out = append(out, v.JSON())
		}
	}
	return "", err
}

func run1(text string) (string, error) {
	p, err := Parse([]byte(text))
	if err != nil {
		return "", err
	}
	return all(p.Run(context.Background(), sales, "sales", Options{MemoryBytes: 1 << 20}))
}

func TestStages(t *testing.T) {
	for _, c := range []struct{ pipeline, want string }{
		{`[{"$match":{"item":"jkl"}},{"$project":{"item":1}}]`, `{"_id":2,"item":"jkl"}`},
		{`[{"$limit":1},{"$project":{"_id":0,"total":{"$multiply":["$price","$quantity"]},"item":1}}]`, `{"item":"abc","total":20}`},
		{`[{"$skip":4},{"$project":{"date":0,"tags":0,"sub.x.y":0}}]`, `{"_id":5,"item":"abc","price":10,"quantity":10,"sub":{"x":[{},{},3]}}`},
		{`[{"$skip":4},{"$project":{"sub.x.y":1,"_id":0}}]`, `{"sub":{"x":[{"y":1},{"y":2}]}}`},
		{`[{"$skip":4},{"$project":{"_id":0,"v":"$sub.x.y","w":"$none","c":{"d":"$item"}}}]`, `{"v":[1,2],"c":{"d":"abc"}}`},
		{`[{"$limit":1},{"$addFields":{"sub.total":{"$add":["$price",0.5]},"tags":"$$REMOVE","price":11}},{"$unset":["date","quantity"]}]`, `{"_id":1,"item":"abc","price":11,"sub":{"total":10.5}}`},
		{`[{"$limit":1},{"$replaceWith":{"a":"$item","b":["$none",1]}}]`, `{"a":"abc","b":[null,1]}`},
		{`[{"$group":{"_id":"$item","n":{"$sum":1},"q":{"$sum":"$quantity"},"avg":{"$avg":"$price"},"min":{"$min":"$price"},"first":{"$first":"$_id"},"last":{"$last":"$_id"}}},{"$sort":{"_id":1}}]`,
			`{"_id":"abc","n":2,"q":12,"avg":10,"min":10,"first":1,"last":5} {"_id":"jkl","n":1,"q":1,"avg":20,"min":20,"first":2,"last":2} {"_id":"xyz","n":2,"q":30,"avg":5.25,"min":5,"first":3,"last":4}`},
		{`[{"$group":{"_id":null,"all":{"$push":"$tags"},"set":{"$addToSet":"$item"},"n":{"$count":{}},"sd":{"$stdDevPop":"$quantity"}}}]`, `{"_id":null,"all":[["a","b"],[],["b"],null],"set":["abc","jkl","xyz"],"n":5,"sd":6.858571279792898}`},
		{`[{"$match":{"item":"none"}},{"$group":{"_id":null,"n":{"$sum":1}}}]`, ``},
		{`[{"$group":{"_id":{"y":{"$year":"$date"},"m":{"$month":"$date"}},"total":{"$sum":{"$multiply":["$price","$quantity"]}}}},{"$sort":{"total":-1}}]`, `{"_id":{"y":2014,"m":4},"total":210} {"_id":{"y":2014,"m":3},"total":90}`},
		{`[{"$unwind":"$tags"},{"$project":{"tags":1}}]`, `{"_id":1,"tags":"a"} {"_id":1,"tags":"b"} {"_id":3,"tags":"b"}`},
		{`[{"$unwind":{"path":"$tags","includeArrayIndex":"i","preserveNullAndEmptyArrays":true}},{"$project":{"tags":1,"i":1}}]`,
			`{"_id":1,"tags":"a","i":0} {"_id":1,"tags":"b","i":1} {"_id":2,"i":null} {"_id":3,"tags":"b","i":0} {"_id":4,"i":null} {"_id":5,"tags":null,"i":null}`},
		{`[{"$sortByCount":"$item"},{"$limit":1}]`, `{"_id":"abc","count":2}`},
		{`[{"$count":"n"}]`, `{"n":5}`},
		{`[{"$match":{"_id":99}},{"$count":"n"}]`, ``},
		{`[{"$bucket":{"groupBy":"$price","boundaries":[0,6,15],"default":"other","output":{"n":{"$sum":1},"ids":{"$push":"$_id"}}}}]`, `{"_id":0,"n":2,"ids":[3,4]} {"_id":6,"n":2,"ids":[1,5]} {"_id":"other","n":1,"ids":[2]}`},
		{`[{"$match":{"_id":{"$in":[1,2]}}},{"$lookup":{"from":"items","localField":"item","foreignField":"sku","as":"i"}},{"$project":{"i._id":1}}]`, `{"_id":1,"i":[{"_id":"p1"},{"_id":"p3"}]} {"_id":2,"i":[]}`},
		{`[{"$limit":1},{"$lookup":{"from":"items","as":"i","pipeline":[{"$match":{"name":{"$exists":true}}},{"$project":{"_id":0,"name":1}}]}},{"$project":{"i":1}}]`, `{"_id":1,"i":[{"name":"A"},{"name":"X"}]}`},
		{`[{"$limit":1},{"$lookup":{"from":"items","localField":"none","foreignField":"sku","as":"i"}},{"$project":{"i._id":1}}]`, `{"_id":1,"i":[{"_id":"p4"}]}`},
		{`[{"$match":{"_id":{"$in":[1,4]}}},{"$lookup":{"from":"items","let":{"it":"$item","p":"$price"},"pipeline":[{"$match":{"$expr":{"$and":[{"$eq":["$sku","$$it"]},{"$gt":["$$p",1]}]}}},{"$project":{"_id":1,"of":"$$it"}}],"as":"i"}},{"$project":{"i":1}}]`, `{"_id":1,"i":[{"_id":"p1","of":"abc"}]} {"_id":4,"i":[{"_id":"p2","of":"xyz"}]}`},
		{`[{"$match":{"_id":1}},{"$lookup":{"from":"items","localField":"item","foreignField":"sku","let":{"x":"$item"},"pipeline":[{"$lookup":{"from":"sales","let":{"y":"$name"},"pipeline":[{"$match":{"$expr":{"$and":[{"$eq":["$item","$$x"]},{"$ne":["$$y","$none"]}]}}},{"$count":"n"}],"as":"s"}},{"$project":{"s":1}}],"as":"i"}},{"$project":{"i":1}}]`, `{"_id":1,"i":[{"_id":"p1","s":[{"n":2}]},{"_id":"p3","s":[]}]}`},
		{`[{"$match":{"$expr":{"$gt":[{"$multiply":["$price","$quantity"]},60]}}},{"$project":{"_id":1}}]`, `{"_id":4} {"_id":5}`},
		{`[{"$match":{"_id":1}},{"$project":{"_id":1}},{"$unionWith":{"coll":"items","pipeline":[{"$match":{"sku":"xyz"}},{"$project":{"_id":1}}]}},{"$unionWith":"none"}]`, `{"_id":1} {"_id":"p2"}`},
		{`[{"$facet":{"n":[{"$count":"n"}],"top":[{"$sort":{"price":-1}},{"$limit":1},{"$project":{"price":1}}],"m":[{"$match":{"_id":3}},{"$project":{"_id":1}}]}}]`, `{"n":[{"n":5}],"top":[{"_id":2,"price":20}],"m":[{"_id":3}]}`},
		{`[{"$sort":{"item":-1,"price":1}},{"$project":{"_id":1}}]`, `{"_id":3} {"_id":4} {"_id":2} {"_id":1} {"_id":5}`},
		{`[{"$sample":{"size":99}},{"$count":"n"}]`, `{"n":5}`},
	} {
		if got, err := run1(c.pipeline); err != nil || got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s, %v", c.pipeline, got, c.want, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for text, code := range map[string]string{
		`{}`: "INVALID_PIPELINE", `[1]`: "INVALID_PIPELINE", `[{"$match":{},"$sort":{}}]`: "INVALID_PIPELINE", `[{"$graphLookup":{}}]`: "UNKNOWN_OPERATOR",
		`[{"$match":{"a":{"$foo":1}}}]`: "UNKNOWN_OPERATOR", `[{"$limit":0}]`: "INVALID_PIPELINE", `[{"$skip":-1}]`: "INVALID_PIPELINE", `[{"$sort":{}}]`: "INVALID_PIPELINE", `[{"$sort":{"a":2}}]`: "INVALID_PIPELINE",
		`[{"$out":"x"},{"$limit":1}]`: "INVALID_PIPELINE", `[{"$facet":{"a":[{"$out":"x"}]}}]`: "INVALID_PIPELINE", `[{"$group":{"n":{"$sum":1}}}]`: "INVALID_PIPELINE", `[{"$group":{"_id":1,"n":5}}]`: "INVALID_PIPELINE", `[{"$group":{"_id":1,"n":{"$median":1}}}]`: "UNKNOWN_OPERATOR",
		`[{"$unwind":"tags"}]`: "INVALID_PIPELINE", `[{"$unwind":{"path":"$a","x":1}}]`: "INVALID_PIPELINE", `[{"$lookup":{"from":"x"}}]`: "INVALID_PIPELINE", `[{"$lookup":{"from":"x","as":"y","localField":"a","foreignField":"b","let":{"v":1}}}]`: "INVALID_PIPELINE", `[{"$lookup":{"from":"x","as":"y","let":{"V":1},"pipeline":[]}}]`: "INVALID_EXPRESSION", `[{"$lookup":{"from":"x","as":"y","let":{"v":1},"pipeline":[{"$project":{"a":"$$w"}}]}}]`: "UNKNOWN_OPERATOR", `[{"$lookup":{"from":"x","as":"y","let":{"v":1},"pipeline":[]}},{"$project":{"a":"$$v"}}]`: "UNKNOWN_OPERATOR", `[{"$unionWith":{"coll":"x","y":1}}]`: "INVALID_PIPELINE", `[{"$match":{"$expr":{"$foo":1}}}]`: "UNKNOWN_OPERATOR", `[{"$setWindowFields":{}}]`: "UNKNOWN_OPERATOR",
		`[{"$bucket":{"groupBy":"$a","boundaries":[2,1]}}]`: "INVALID_PIPELINE", `[{"$bucket":{"groupBy":"$a","boundaries":[1,3],"default":2}}]`: "INVALID_PIPELINE", `[{"$bucket":{"groupBy":"$a","boundaries":[1,3],"output":5}}]`: "INVALID_PIPELINE", `[{"$project":{"a":1,"b":0}}]`: "INVALID_PIPELINE", `[{"$project":{"a":1,"a.b":1}}]`: "INVALID_PIPELINE", `[{"$project":{}}]`: "INVALID_PIPELINE", `[{"$count":"a.b"}]`: "INVALID_PIPELINE", `[{"$sample":{"size":0}}]`: "INVALID_PIPELINE",
	} {
		_, err := Parse([]byte(text))
		if e := dberr.As(err); e == nil || e.Code != code {
			t.Errorf("%s: got %v, want %s", text, err, code)
		}
	}
}

func TestBounds(t *testing.T) {
	big := memory{"sales": nil}
	for range 1000 {
		big["sales"] = append(big["sales"], `{"x":"`+strings.Repeat("x", 500)+`"}`)
	}
	for _, text := range []string{`[{"$sort":{"x":1}}]`, `[{"$group":{"_id":null,"a":{"$push":"$x"}}}]`, `[{"$facet":{"a":[{"$count":"n"}]}}]`} {
		p, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = all(p.Run(t.Context(), big, "sales", Options{MemoryBytes: 100_000}))
		if e := dberr.As(err); e == nil || e.Code != "AGGREGATION_TOO_LARGE" {
			t.Errorf("%s: got %v", text, err)
		}
	}
	p, err := Parse([]byte(`[{"$group":{"_id":null,"n":{"$sum":1}}}]`))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := all(p.Run(ctx, big, "sales", Options{})); !errors.Is(err, dberr.ErrCanceled) {
		t.Errorf("a canceled aggregation ends with %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`[{"$match":{"a":1}},{"$group":{"_id":"$a","n":{"$sum":{"$add":["$b",1]}}}},{"$sort":{"n":-1}}]`))
	f.Add([]byte(`[{"$project":{"a.b":1,"c":{"$cond":["$x",1,{"$map":{"input":"$y","in":"$$this.z"}}]}}},{"$unwind":"$c"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		out, err := all(p.Run(t.Context(), sales, "sales", Options{MemoryBytes: 1 << 20}))
		_, _ = out, err // only that it ends without a panic
	})
}

// TestSeveral: the accumulators that keep some of the values of a group, and what they
// refuse.
func TestSeveral(t *testing.T) {
	for text, want := range map[string]string{
		`{"$firstN":{"input":"$price","n":2}}`:                                    `[10,20]`,
		`{"$lastN":{"input":"$price","n":2}}`:                                     `[5.50,10]`,
		`{"$firstN":{"input":"$none","n":1}}`:                                     `[null]`,
		`{"$minN":{"input":"$price","n":3}}`:                                      `[5,5.50,10]`,
		`{"$maxN":{"input":"$quantity","n":9}}`:                                   `[20,10,10,2,1]`,
		`{"$maxN":{"input":"$none","n":9}}`:                                       `[]`,
		`{"$top":{"sortBy":{"price":-1},"output":"$item"}}`:                       `"jkl"`,
		`{"$bottom":{"sortBy":{"price":-1},"output":"$_id"}}`:                     `3`,
		`{"$top":{"sortBy":{"price":1},"output":"$none"}}`:                        `null`,
		`{"$topN":{"sortBy":{"quantity":-1,"_id":1},"output":"$_id","n":3}}`:      `[4,3,5]`,
		`{"$bottomN":{"sortBy":{"quantity":-1,"_id":1},"output":["$_id"],"n":2}}`: `[[1],[2]]`,
		`{"$topN":{"sortBy":{"price":1},"output":"$_id","n":99}}`:                 `[3,4,1,5,2]`,
		`{"$firstN":{"input":"$price"}}`:                                          "INVALID_PIPELINE",
		`{"$firstN":{"input":"$price","n":0}}`:                                    "INVALID_PIPELINE",
		`{"$firstN":{"input":"$price","n":1,"more":1}}`:                           "INVALID_PIPELINE",
		`{"$top":{"sortBy":{"price":2},"output":1}}`:                              "INVALID_EXPRESSION",
		`{"$top":{"sortBy":{"price":1},"output":1,"n":1}}`:                        "INVALID_PIPELINE",
		`{"$topN":{"sortBy":{},"output":1,"n":1}}`:                                "INVALID_EXPRESSION",
	} {
		got, err := run1(`[{"$group":{"_id":null,"v":` + text + `}},{"$project":{"_id":0}}]`)
		if err != nil {
			got = dberr.As(err).Code
		} else {
			want = `{"v":` + want + `}`
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
