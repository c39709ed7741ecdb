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
		{`[{"$facet":{"n":[{"$count":"n"}],"top":[{"$sort":{"price":-1}},{"$limit":1},{"$project":{"price":1}}],"m":[{"$match":{"_id":3}},{"$project":{"_id":1}}]}}]`, `{"n":[{"n":5}],"top":[{"_id":2,"price":20}],"m":[{"_id":3}]}`},
		{`[{"$sort":{"item":-1,"price":1}},{"$project":{"_id":1}}]`, `{"_id":3} {"_id":4} {"_id":2} {"_id":1} {"_id":5}`},
		{`[{"$sample":{"size":99}},{"$count":"n"}]`, `{"n":5}`},
	} {
		if got, err := run1(c.pipeline); err != nil || got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s, %v", c.pipeline, got, c.want, err)
		}
	}
}

// TestExpressions evaluates on the document {"a":1,"b":[1,2,3],"s":"Héllo","n":null,"o":{"x":1,"y":2},"d":"2026-02-03T04:05:06.789Z"}.
func TestExpressions(t *testing.T) {
	v, err := doc.Parse([]byte(`{"a":1,"b":[1,2,3],"s":"Héllo","n":null,"o":{"x":1,"y":2},"d":"2026-02-03T04:05:06.789Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ expr, want string }{ // want is a code where it is no JSON, empty for missing
		{`{"$add":["$a",2,0.1]}`, `3.1`}, {`{"$add":["$a","$n"]}`, `null`}, {`{"$add":["$a","$s"]}`, `EXPRESSION_FAILED`}, {`{"$add":[]}`, `0`},
		{`{"$subtract":[1,0.9]}`, `0.1`}, {`{"$multiply":[3,"$a",2]}`, `6`}, {`{"$divide":[1,4]}`, `0.25`}, {`{"$divide":[1,3]}`, `0.3333333333333333333333333333333333`}, {`{"$divide":[1,0]}`, `EXPRESSION_FAILED`},
		{`{"$mod":[7,3]}`, `1`}, {`{"$mod":[-7,3]}`, `-1`}, {`{"$mod":[7.5,2]}`, `1.5`}, {`{"$abs":-2.5}`, `2.5`}, {`{"$ceil":1.2}`, `2`}, {`{"$floor":-1.2}`, `-2`},
		{`{"$round":[2.345,2]}`, `2.34`}, {`{"$round":2.5}`, `2`}, {`{"$round":[1234,-2]}`, `1200`}, {`{"$trunc":[-2.78,1]}`, `-2.7`}, {`{"$sqrt":9}`, `3`}, {`{"$sqrt":-1}`, `EXPRESSION_FAILED`}, {`{"$pow":[2,10]}`, `1024`},
		{`{"$eq":["$a",1.0]}`, `true`}, {`{"$gt":["$s",5]}`, `true`}, {`{"$lt":["$none","$n"]}`, `true`}, {`{"$cmp":[1,2]}`, `-1`}, {`{"$ne":["$a",2]}`, `true`},
		{`{"$and":[true,"$a",{"$gt":["$a",0]}]}`, `true`}, {`{"$or":["$n","$none",0]}`, `false`}, {`{"$not":["$n"]}`, `true`}, {`{"$and":[]}`, `true`},
		{`{"$cond":[{"$gt":["$a",0]},"yes","no"]}`, `"yes"`}, {`{"$cond":{"if":"$n","then":1,"else":2}}`, `2`}, {`{"$ifNull":["$none","$n","x"]}`, `"x"`},
		{`{"$switch":{"branches":[{"case":{"$eq":["$a",2]},"then":"two"},{"case":true,"then":"any"}]}}`, `"any"`}, {`{"$switch":{"branches":[{"case":false,"then":1}],"default":9}}`, `9`}, {`{"$switch":{"branches":[{"case":false,"then":1}]}}`, `EXPRESSION_FAILED`},
		{`{"$let":{"vars":{"x":{"$add":["$a",1]}},"in":{"$multiply":["$$x","$$x"]}}}`, `4`},
		{`{"$concat":["$s","!"]}`, `"Héllo!"`}, {`{"$concat":["$s","$n"]}`, `null`}, {`{"$toUpper":"$s"}`, `"HÉLLO"`}, {`{"$toLower":"$n"}`, `""`}, {`{"$strLenCP":"$s"}`, `5`}, {`{"$strLenBytes":"$s"}`, `6`},
		{`{"$substrCP":["$s",1,2]}`, `"él"`}, {`{"$substrCP":["$s",9,2]}`, `""`}, {`{"$split":["a-b-c","-"]}`, `["a","b","c"]`}, {`{"$indexOfCP":["$s","l"]}`, `2`}, {`{"$indexOfCP":["$s","z"]}`, `-1`}, {`{"$indexOfCP":["$s","l",3]}`, `3`},
		{`{"$trim":{"input":"  x "}}`, `"x"`}, {`{"$ltrim":{"input":"xxa","chars":"x"}}`, `"a"`}, {`{"$replaceAll":{"input":"aXbX","find":"X","replacement":"-"}}`, `"a-b-"`}, {`{"$replaceOne":{"input":"aXbX","find":"X","replacement":"-"}}`, `"a-bX"`},
		{`{"$regexMatch":{"input":"$s","regex":"^h","options":"i"}}`, `true`}, {`{"$regexMatch":{"input":"$n","regex":"x"}}`, `false`},
		{`{"$size":"$b"}`, `3`}, {`{"$size":"$a"}`, `EXPRESSION_FAILED`}, {`{"$arrayElemAt":["$b",-1]}`, `3`}, {`{"$arrayElemAt":["$b",9]}`, ``}, {`{"$first":"$b"}`, `1`}, {`{"$last":["$b"]}`, `3`},
		{`{"$slice":["$b",2]}`, `[1,2]`}, {`{"$slice":["$b",-2]}`, `[2,3]`}, {`{"$slice":["$b",1,1]}`, `[2]`}, {`{"$in":[2,"$b"]}`, `true`}, {`{"$concatArrays":["$b",[4]]}`, `[1,2,3,4]`}, {`{"$reverseArray":"$b"}`, `[3,2,1]`},
		{`{"$range":[0,10,3]}`, `[0,3,6,9]`}, {`{"$range":[0,10000000]}`, `EXPRESSION_FAILED`}, {`{"$setUnion":[[3,1],[1,2]]}`, `[1,2,3]`}, {`{"$setIntersection":[[3,1,1],[1,2]]}`, `[1]`}, {`{"$setDifference":[[3,1,1],[2]]}`, `[3,1]`},
		{`{"$map":{"input":"$b","as":"x","in":{"$multiply":["$$x",2]}}}`, `[2,4,6]`}, {`{"$map":{"input":"$b","in":"$$this"}}`, `[1,2,3]`}, {`{"$filter":{"input":"$b","cond":{"$gt":["$$this",1]}}}`, `[2,3]`}, {`{"$filter":{"input":"$b","as":"x","cond":true,"limit":2}}`, `[1,2]`},
		{`{"$reduce":{"input":"$b","initialValue":0,"in":{"$add":["$$value","$$this"]}}}`, `6`}, {`{"$sortArray":{"input":"$b","sortBy":-1}}`, `[3,2,1]`}, {`{"$sum":"$b"}`, `6`}, {`{"$avg":["$a",2]}`, `1.5`}, {`{"$max":"$b"}`, `3`}, {`{"$min":["$n",5]}`, `5`},
		{`{"$mergeObjects":["$o",{"y":3,"z":4}]}`, `{"x":1,"y":3,"z":4}`}, {`{"$objectToArray":"$o"}`, `[{"k":"x","v":1},{"k":"y","v":2}]`}, {`{"$arrayToObject":[[["a",1],["b",2]]]}`, `{"a":1,"b":2}`}, {`{"$arrayToObject":{"$objectToArray":"$o"}}`, `{"x":1,"y":2}`},
		{`{"$type":"$none"}`, `"missing"`}, {`{"$type":"$b"}`, `"array"`}, {`{"$type":1.5}`, `"double"`}, {`{"$toString":1.50}`, `"1.50"`}, {`{"$toInt":"12"}`, `12`}, {`{"$toInt":-2.9}`, `-2`}, {`{"$toInt":"x"}`, `EXPRESSION_FAILED`}, {`{"$toInt":1e30}`, `EXPRESSION_FAILED`}, {`{"$toBool":0}`, `false`}, {`{"$toDouble":true}`, `1`}, {`{"$isArray":"$b"}`, `true`},
		{`{"$year":"$d"}`, `2026`}, {`{"$dayOfWeek":"$d"}`, `3`}, {`{"$millisecond":"$d"}`, `789`}, {`{"$isoWeek":"$d"}`, `6`}, {`{"$hour":0}`, `0`}, {`{"$year":"$s"}`, `EXPRESSION_FAILED`}, {`{"$dateToString":{"date":"$d","format":"%Y/%m/%d %H%%"}}`, `"2026/02/03 04%"`}, {`{"$dateToString":{"date":"$d"}}`, `"2026-02-03T04:05:06.789Z"`},
		{`{"$literal":"$a"}`, `"$a"`}, {`"$$ROOT.a"`, `1`}, {`"$o.x"`, `1`}, {`"$b.x"`, `[]`}, {`["$a","$none"]`, `[1,null]`}, {`{"p":"$a","q":"$none"}`, `{"p":1}`}, {`"plain"`, `"plain"`},
		{`{"$foo":1}`, `UNKNOWN_OPERATOR`}, {`"$$NOW"`, `UNKNOWN_OPERATOR`}, {`{"$size":["$b","$b"]}`, `INVALID_PIPELINE`}, {`{"$cond":[1,2]}`, `INVALID_PIPELINE`}, {`{"$add":[1],"x":1}`, `INVALID_PIPELINE`}, {`{"x":1,"$add":[1]}`, `INVALID_PIPELINE`}, {`{"$map":{"input":"$b","inn":1}}`, `INVALID_PIPELINE`},
		{`{"$regexMatch":{"input":"$s","regex":"("}}`, `INVALID_PIPELINE`}, {`{"$dateToString":{"date":"$d","format":"%Q"}}`, `INVALID_PIPELINE`}, {`{"$let":{"vars":{"X":1},"in":1}}`, `INVALID_PIPELINE`}, {`"$a..b"`, `INVALID_PATH`},
	} {
		ev, err := doc.Parse([]byte(c.expr))
		if err != nil {
			t.Fatalf("%s: %v", c.expr, err)
		}
		x, err := (&compiler{}).expression(ev)
		var got doc.Value
		if err == nil {
			got, err = x.eval(&env{root: v})
		}
		text := ""
		switch e := dberr.As(err); {
		case e != nil:
			text = e.Code
		case err != nil:
			text = err.Error()
		case got.Exists():
			text = got.JSON()
		}
		if text != c.want {
			t.Errorf("%s: got %s, want %s (%v)", c.expr, text, c.want, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for text, code := range map[string]string{
		`{}`: "INVALID_PIPELINE", `[1]`: "INVALID_PIPELINE", `[{"$match":{},"$sort":{}}]`: "INVALID_PIPELINE", `[{"$graphLookup":{}}]`: "UNKNOWN_OPERATOR",
		`[{"$match":{"a":{"$foo":1}}}]`: "UNKNOWN_OPERATOR", `[{"$limit":0}]`: "INVALID_PIPELINE", `[{"$skip":-1}]`: "INVALID_PIPELINE", `[{"$sort":{}}]`: "INVALID_PIPELINE", `[{"$sort":{"a":2}}]`: "INVALID_PIPELINE",
		`[{"$out":"x"},{"$limit":1}]`: "INVALID_PIPELINE", `[{"$facet":{"a":[{"$out":"x"}]}}]`: "INVALID_PIPELINE", `[{"$group":{"n":{"$sum":1}}}]`: "INVALID_PIPELINE", `[{"$group":{"_id":1,"n":5}}]`: "INVALID_PIPELINE", `[{"$group":{"_id":1,"n":{"$median":1}}}]`: "UNKNOWN_OPERATOR",
		`[{"$unwind":"tags"}]`: "INVALID_PIPELINE", `[{"$unwind":{"path":"$a","x":1}}]`: "INVALID_PIPELINE", `[{"$lookup":{"from":"x"}}]`: "INVALID_PIPELINE", `[{"$lookup":{"from":"x","as":"y","let":{},"pipeline":[]}}]`: "INVALID_PIPELINE",
		`[{"$bucket":{"groupBy":"$a","boundaries":[2,1]}}]`: "INVALID_PIPELINE", `[{"$project":{"a":1,"b":0}}]`: "INVALID_PIPELINE", `[{"$project":{"a":1,"a.b":1}}]`: "INVALID_PIPELINE", `[{"$project":{}}]`: "INVALID_PIPELINE", `[{"$count":"a.b"}]`: "INVALID_PIPELINE", `[{"$sample":{"size":0}}]`: "INVALID_PIPELINE",
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
