package expr

import (
	"testing"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

// TestExpressions evaluates on the document {"a":1,"b":[1,2,3],"s":"Héllo","n":null,"o":{"x":1,"y":2},"d":"2026-02-03T04:05:06.789Z"}.
func TestExpressions(t *testing.T) {
	v, err := doc.Parse([]byte(`{"a":1,"b":[1,2,3],"s":"Héllo","n":null,"o":{"x":1,"y":2},"d":"2026-02-03T04:05:06.789Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ Expr, want string }{ // want is a code where it is no JSON, empty for missing
		{`{"$add":["$a",2,0.1]}`, `3.1`}, {`{"$add":["$a","$n"]}`, `null`}, {`{"$add":["$a","$s"]}`, `EXPRESSION_FAILED`}, {`{"$add":[]}`, `0`},
		{`{"$subtract":[1,0.9]}`, `0.1`}, {`{"$multiply":[3,"$a",2]}`, `6`}, {`{"$divide":[1,4]}`, `0.25`}, {`{"$divide":[1,3]}`, `0.3333333333333333333333333333333333`}, {`{"$divide":[1,0]}`, `EXPRESSION_FAILED`},
		{`{"$mod":[7,3]}`, `1`}, {`{"$mod":[-7,3]}`, `-1`}, {`{"$mod":[7.5,2]}`, `1.5`}, {`{"$abs":-2.5}`, `2.5`}, {`{"$ceil":1.2}`, `2`}, {`{"$floor":-1.2}`, `-2`},
		{`{"$round":[2.345,2]}`, `2.34`}, {`{"$round":2.5}`, `2`}, {`{"$round":[1234,-2]}`, `1200`}, {`{"$trunc":[-2.78,1]}`, `-2.7`}, {`{"$sqrt":9}`, `3`}, {`{"$sqrt":-1}`, `EXPRESSION_FAILED`}, {`{"$pow":[2,10]}`, `1024`},
		{`{"$eq":["$a",1.0]}`, `true`}, {`{"$gt":["$s",5]}`, `true`}, {`{"$lt":["$none","$n"]}`, `true`}, {`{"$cmp":[1,2]}`, `-1`}, {`{"$cmp":[null,"$none"]}`, `1`}, {`{"$in":["$none",[null]]}`, `false`}, {`{"$indexOfArray":[[null],"$none"]}`, `-1`}, {`{"$ne":["$a",2]}`, `true`},
		{`{"$and":[true,"$a",{"$gt":["$a",0]}]}`, `true`}, {`{"$or":["$n","$none",0]}`, `false`}, {`{"$not":["$n"]}`, `true`}, {`{"$and":[]}`, `true`},
		{`{"$cond":[{"$gt":["$a",0]},"yes","no"]}`, `"yes"`}, {`{"$cond":{"if":"$n","then":1,"else":2}}`, `2`}, {`{"$ifNull":["$none","$n","x"]}`, `"x"`},
		{`{"$switch":{"branches":[{"case":{"$eq":["$a",2]},"then":"two"},{"case":true,"then":"any"}]}}`, `"any"`}, {`{"$switch":{"branches":[{"case":false,"then":1}],"default":9}}`, `9`}, {`{"$switch":{"branches":[{"case":false,"then":1}]}}`, `EXPRESSION_FAILED`},
		{`{"$let":{"vars":{"x":{"$add":["$a",1]}},"in":{"$multiply":["$$x","$$x"]}}}`, `4`},
		{`{"$concat":["$s","!"]}`, `"Héllo!"`}, {`{"$concat":["$s","$n"]}`, `null`}, {`{"$toUpper":"$s"}`, `"HÉLLO"`}, {`{"$toLower":"$n"}`, `""`}, {`{"$toUpper":1.50}`, `"1.50"`}, {`{"$toLower":true}`, `EXPRESSION_FAILED`}, {`{"$strLenCP":"$s"}`, `5`}, {`{"$strLenCP":null}`, `EXPRESSION_FAILED`}, {`{"$strLenBytes":"$n"}`, `EXPRESSION_FAILED`}, {`{"$strLenBytes":"$s"}`, `6`},
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
		{`{"$toDouble":0.1000000000000000055511151231257827}`, `0.1`}, {`{"$toDouble":"9007199254740993"}`, `9007199254740992`}, {`{"$toDouble":1e400}`, `EXPRESSION_FAILED`}, {`{"$toDecimal":"9007199254740993"}`, `9007199254740993`}, {`{"$toDouble":"$n"}`, `null`},
		{`{"$convert":{"input":"12.5","to":"int"}}`, `12`}, {`{"$convert":{"input":"x","to":"int","onError":"bad"}}`, `"bad"`}, {`{"$convert":{"input":"$n","to":"int","onNull":0}}`, `0`}, {`{"$convert":{"input":1,"to":"objectId"}}`, `EXPRESSION_FAILED`}, {`{"$convert":{"input":0,"to":9}}`, `"1970-01-01T00:00:00.000Z"`},
		{`{"$log":[8,2]}`, `3`}, {`{"$bitAnd":[6,3]}`, `2`}, {`{"$bitOr":[6,3]}`, `7`}, {`{"$bitXor":[6,3]}`, `5`}, {`{"$bitNot":0}`, `-1`}, {`{"$bitAnd":[1.5,3]}`, `EXPRESSION_FAILED`}, {`{"$cos":0}`, `1`}, {`{"$atan2":[0,1]}`, `0`}, {`{"$lt":[{"$rand":{}},1]}`, `true`},
		{`{"$stdDevPop":[1,3]}`, `1`}, {`{"$stdDevSamp":[1]}`, `null`}, {`{"$strcasecmp":["$s","HÉLLO"]}`, `0`}, {`{"$strcasecmp":["a","$n"]}`, `1`}, {`{"$substrBytes":["$s",1,2]}`, `"é"`}, {`{"$substrBytes":["$s",2,1]}`, `EXPRESSION_FAILED`}, {`{"$indexOfBytes":["$s","l"]}`, `3`}, {`{"$indexOfBytes":["$s","l",9]}`, `-1`},
		{`{"$regexFind":{"input":"$s","regex":"(l)(x)?"}}`, `{"match":"l","idx":2,"captures":["l",null]}`}, {`{"$regexFind":{"input":"$s","regex":"z"}}`, `null`}, {`{"$size":{"$regexFindAll":{"input":"$s","regex":"L","options":"i"}}}`, `2`}, {`{"$regexFindAll":{"input":"$n","regex":"L"}}`, `[]`},
		{`{"$indexOfArray":["$b",3]}`, `2`}, {`{"$indexOfArray":["$b",1,1]}`, `-1`}, {`{"$indexOfArray":["$n",1]}`, `null`}, {`{"$allElementsTrue":["$b"]}`, `true`}, {`{"$allElementsTrue":[[1,0]]}`, `false`}, {`{"$anyElementTrue":[[0,"$n"]]}`, `false`}, {`{"$anyElementTrue":"$a"}`, `EXPRESSION_FAILED`},
		{`{"$setEquals":[[1,2,1],[2,1.0]]}`, `true`}, {`{"$setEquals":[[1],[1],[2]]}`, `false`}, {`{"$setIsSubset":[[1,1],"$b"]}`, `true`}, {`{"$setIsSubset":[[9],"$b"]}`, `false`},
		{`{"$zip":{"inputs":["$b",["x","y"]]}}`, `[[1,"x"],[2,"y"]]`}, {`{"$zip":{"inputs":["$b",["x"]],"useLongestLength":true,"defaults":[0,"-"]}}`, `[[1,"x"],[2,"-"],[3,"-"]]`}, {`{"$zip":{"inputs":["$b"],"defaults":[0]}}`, `INVALID_EXPRESSION`}, {`{"$zip":{"inputs":["$n"]}}`, `null`},
		{`{"$firstN":{"input":"$b","n":2}}`, `[1,2]`}, {`{"$lastN":{"input":"$b","n":2}}`, `[2,3]`}, {`{"$maxN":{"input":[1,null,3,2],"n":2}}`, `[3,2]`}, {`{"$minN":{"input":"$b","n":9}}`, `[1,2,3]`}, {`{"$minN":{"input":"$b","n":0}}`, `EXPRESSION_FAILED`},
		{`{"$getField":"a"}`, `1`}, {`{"$getField":{"field":"x","input":"$o"}}`, `1`}, {`{"$getField":{"field":{"$literal":"$x"},"input":"$o"}}`, ``}, {`{"$setField":{"field":"x","input":"$o","value":9}}`, `{"x":9,"y":2}`}, {`{"$setField":{"field":"x","input":"$o","value":"$$REMOVE"}}`, `{"y":2}`}, {`{"$unsetField":{"field":"y","input":"$o"}}`, `{"x":1}`}, {`{"$setField":{"field":"x","input":"$a","value":9}}`, `EXPRESSION_FAILED`},
		{`{"$hour":{"date":"$d","timezone":"Europe/Berlin"}}`, `5`}, {`{"$hour":{"date":"$d","timezone":"+02:30"}}`, `6`}, {`{"$hour":{"date":"$d","timezone":"Nowhere"}}`, `EXPRESSION_FAILED`}, {`{"$hour":{"date":"$n","timezone":"UTC"}}`, `null`}, {`{"$isoDayOfWeek":"$d"}`, `2`}, {`{"$week":"2026-01-04"}`, `1`}, {`{"$week":"2026-01-03"}`, `0`}, {`{"$year":{"date":"$d","zone":"UTC"}}`, `INVALID_EXPRESSION`},
		{`{"$toDate":"2026-02-03T04:05:06+02:00"}`, `"2026-02-03T02:05:06.000Z"`}, {`{"$toDate":1.5}`, `"1970-01-01T00:00:01.500Z"`}, {`{"$dateToString":{"date":"$d","format":"%d %b %H%z","timezone":"Asia/Kolkata"}}`, `"03 Feb 09+0530"`}, {`{"$dateToString":{"date":"$n","onNull":"none"}}`, `"none"`},
		{`{"$dateFromString":{"dateString":"03.02.2026 14:00","format":"%d.%m.%Y %H:%M","timezone":"Europe/Berlin"}}`, `"2026-02-03T13:00:00.000Z"`}, {`{"$dateFromString":{"dateString":"x","onError":"bad"}}`, `"bad"`}, {`{"$dateFromString":{"dateString":"x"}}`, `EXPRESSION_FAILED`}, {`{"$dateFromString":{"dateString":"2026-02-03"}}`, `"2026-02-03T00:00:00.000Z"`}, {`{"$dateFromString":{"dateString":"$n","onNull":1}}`, `1`}, {`{"$dateFromString":{"dateString":"x","format":"%Q"}}`, `INVALID_EXPRESSION`},
		{`{"$dateToParts":{"date":"$d"}}`, `{"year":2026,"month":2,"day":3,"hour":4,"minute":5,"second":6,"millisecond":789}`}, {`{"$dateToParts":{"date":"$d","iso8601":true}}`, `{"isoWeekYear":2026,"isoWeek":6,"isoDayOfWeek":2,"hour":4,"minute":5,"second":6,"millisecond":789}`}, {`{"$dateFromParts":{"year":2026,"month":14,"day":1,"hour":12,"timezone":"+01:00"}}`, `"2027-02-01T11:00:00.000Z"`}, {`{"$dateFromParts":{"year":0}}`, `EXPRESSION_FAILED`}, {`{"$dateFromParts":{"isoWeekYear":2026}}`, `INVALID_EXPRESSION`},
		{`{"$dateAdd":{"startDate":"2026-01-31","unit":"month","amount":1}}`, `"2026-02-28T00:00:00.000Z"`}, {`{"$dateSubtract":{"startDate":"$d","unit":"hour","amount":5}}`, `"2026-02-02T23:05:06.789Z"`}, {`{"$dateAdd":{"startDate":"2026-03-28T11:00:00Z","unit":"day","amount":1,"timezone":"Europe/Berlin"}}`, `"2026-03-29T10:00:00.000Z"`}, {`{"$dateAdd":{"startDate":"$d","unit":"year","amount":9000}}`, `EXPRESSION_FAILED`}, {`{"$dateAdd":{"startDate":"$d","unit":"fortnight","amount":1}}`, `EXPRESSION_FAILED`}, {`{"$dateAdd":{"startDate":"$d","unit":"quarter","amount":"$n"}}`, `null`},
		{`{"$dateDiff":{"startDate":"2026-01-31","endDate":"2026-02-01","unit":"month"}}`, `1`}, {`{"$dateDiff":{"startDate":"2026-01-31","endDate":"2025-12-31T23:59:59Z","unit":"year"}}`, `-1`}, {`{"$dateDiff":{"startDate":"2026-01-03","endDate":"2026-01-04","unit":"week"}}`, `1`}, {`{"$dateDiff":{"startDate":"2026-01-03","endDate":"2026-01-04","unit":"week","startOfWeek":"mon"}}`, `0`}, {`{"$dateDiff":{"startDate":"2026-01-01T00:30:00Z","endDate":"2026-01-01T02:29:59Z","unit":"hour"}}`, `2`}, {`{"$dateDiff":{"startDate":"2026-03-28T23:30:00Z","endDate":"2026-03-29T02:30:00Z","unit":"hour","timezone":"Europe/Berlin"}}`, `3`},
		{`{"$dateTrunc":{"date":"$d","unit":"hour"}}`, `"2026-02-03T04:00:00.000Z"`}, {`{"$dateTrunc":{"date":"$d","unit":"minute","binSize":15}}`, `"2026-02-03T04:00:00.000Z"`}, {`{"$dateTrunc":{"date":"$d","unit":"week"}}`, `"2026-02-01T00:00:00.000Z"`}, {`{"$dateTrunc":{"date":"$d","unit":"week","startOfWeek":"monday"}}`, `"2026-02-02T00:00:00.000Z"`}, {`{"$dateTrunc":{"date":"$d","unit":"month","timezone":"America/New_York"}}`, `"2026-02-01T05:00:00.000Z"`}, {`{"$dateTrunc":{"date":"$d","unit":"quarter"}}`, `"2026-01-01T00:00:00.000Z"`}, {`{"$dateTrunc":{"date":"1999-12-31","unit":"year","binSize":2}}`, `"1998-01-01T00:00:00.000Z"`}, {`{"$dateTrunc":{"date":"$d","unit":"day","binSize":0}}`, `EXPRESSION_FAILED`}, {`{"$dateTrunc":{"date":"$d","unit":"day","startOfWeek":"noday"}}`, `EXPRESSION_FAILED`}, {`{"$dateTrunc":{"date":"2026-07-01T10:11:12.345Z","unit":"millisecond","binSize":100,"timezone":"Europe/Berlin"}}`, `"2026-07-01T10:11:12.300Z"`}, {`{"$dateTrunc":{"date":"2026-07-01T10:11:12Z","unit":"hour","binSize":6,"timezone":"Europe/Berlin"}}`, `"2026-07-01T10:00:00.000Z"`},
		{`{"$literal":"$a"}`, `"$a"`}, {`"$$ROOT.a"`, `1`}, {`"$o.x"`, `1`}, {`"$b.x"`, `[]`}, {`["$a","$none"]`, `[1,null]`}, {`{"p":"$a","q":"$none"}`, `{"p":1}`}, {`"plain"`, `"plain"`},
		{`{"$foo":1}`, `UNKNOWN_OPERATOR`}, {`"$$THEN"`, `UNKNOWN_OPERATOR`}, {`"$$x"`, `UNKNOWN_OPERATOR`}, {`{"$add":[{"$let":{"vars":{"x":1},"in":"$$x"}},"$$x"]}`, `UNKNOWN_OPERATOR`}, {`{"$map":{"input":"$$this","in":1}}`, `UNKNOWN_OPERATOR`}, {`{"$eq":["$$NOW","$$NOW"]}`, `true`}, {`{"$size":["$b","$b"]}`, `INVALID_EXPRESSION`}, {`{"$cond":[1,2]}`, `INVALID_EXPRESSION`}, {`{"$add":[1],"x":1}`, `INVALID_EXPRESSION`}, {`{"x":1,"$add":[1]}`, `INVALID_EXPRESSION`}, {`{"$map":{"input":"$b","inn":1}}`, `INVALID_EXPRESSION`},
		{`{"$regexMatch":{"input":"$s","regex":"("}}`, `INVALID_EXPRESSION`}, {`{"$dateToString":{"date":"$d","format":"%Q"}}`, `INVALID_EXPRESSION`}, {`{"$let":{"vars":{"X":1},"in":1}}`, `INVALID_EXPRESSION`}, {`"$a..b"`, `INVALID_PATH`},
	} {
		ev, err := doc.Parse([]byte(c.Expr))
		if err != nil {
			t.Fatalf("%s: %v", c.Expr, err)
		}
		x, err := new(Compiler).Expression(ev)
		var got doc.Value
		if err == nil {
			got, err = x.Eval(&Env{Root: v})
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
			t.Errorf("%s: got %s, want %s (%v)", c.Expr, text, c.want, err)
		}
	}
}
