package parse

import (
	"sort"
	"strings"

	"github.com/xwb1989/sqlparser"

	"github.com/weftdb/weft/internal/dberr"
)

// complete proves that no token of the statement was lost: what the grammar's tree
// prints has the same tokens, but for words and signs that may be left out or
// written in another way without a change of meaning.
func (m *mysqlMapper) complete(tree sqlparser.SQLNode) error {
	printed := sqlparser.NewTrackedBuffer(placeholdersPlain)
	printed.Myprintf("%v", tree)
	return m.sameTokens(printed.String())
}

// placeholdersPlain prints placeholders as they were written.
func placeholdersPlain(buf *sqlparser.TrackedBuffer, node sqlparser.SQLNode) {
	if v, ok := node.(*sqlparser.SQLVal); ok && v.Type == sqlparser.ValArg {
		buf.WriteString("?")
		return
	}
	node.Format(buf)
}

func (m *mysqlMapper) sameTokens(printed string) error {
	again, err := scanMySQL(printed, Limits{MaxNesting: 1 << 30}.withDefaults())
	if err != nil {
		return refuseMySQL(m.pos(), "this statement").Wrap(err)
	}
	given, kept := tally(m.toks), tally(again)
	if given["set"] > kept["set"] && kept["values"] > given["values"] { // INSERT … SET
		given["values"]++
		given["set"]--
		given["="] -= given["="] - kept["="]
	}
	if m.toks[0].word() == "delete" && given["using"] == kept["using"]+1 { // it is printed with FROM
		given["using"]--
		if given["from"]+1 == kept["from"] {
			given["from"]++
		}
	}
	var lost []string
	for t, n := range given {
		if kept[t] != n {
			lost = append(lost, t)
		}
	}
	for t, n := range kept {
		if given[t] != n && given[t] == 0 {
			lost = append(lost, t)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	sort.Strings(lost)
	for _, t := range m.toks {
		if key, _ := tokenKey(t); key == lost[0] {
			return refuseMySQL(t.start+1, "%s in this place", strings.ToUpper(t.shown()))
		}
	}
	return refuseMySQL(m.pos(), "this statement").Wrap(dberr.SQL(dberr.StateInternal, "the grammar changed %v", lost))
}

// optionalWords change nothing wherever the grammar takes them.
var optionalWords = map[string]bool{"as": true, "into": true, "asc": true, "inner": true, "cross": true, "outer": true, "integer": true,
	"dual": true, "from dual": true, "(": true, ")": true, ",": true, ".": true, "offset": true}

// sameWords are different words for the same.
var sameWords = map[string]string{"&&": "and", "||": "or", "!=": "<>", "mod": "%", "rlike": "regexp", "substring": "mid", "substr": "mid", "cast": "convert"}

// tokenKey names a token so that tokens of one meaning have one name; ok is false for
// those that do not count.
func tokenKey(t mysqlToken) (string, bool) {
	switch t.kind {
	case myWord, myName: // the printer quotes some names
		text := strings.ToLower(t.text)
		if optionalWords[text] {
			return "", false
		}
		if s, ok := sameWords[text]; ok {
			return s, true
		}
		return text, true
	case myString:
		return "'" + t.text, true
	case myHex:
		return "x'" + t.text, true
	case myOp:
		if optionalWords[t.text] {
			return "", false
		}
		if s, ok := sameWords[t.text]; ok {
			return s, true
		}
	}
	return t.text, true
}

// tally counts tokens.
func tally(toks []mysqlToken) map[string]int {
	n := map[string]int{}
	for i, t := range toks {
		switch {
		case t.is("-") && i+1 < len(toks) && toks[i+1].kind == myNumber:
			// The grammar joins signs and numbers; two signs become none.
			n["-number"] = (n["-number"] + 1) % 2
			continue
		case t.is("+"):
			continue // a sign is dropped, a sum keeps both sides
		case t.kind == myWord && t.text == "distinct" && i > 0 && toks[i-1].kind == myWord && toks[i-1].text == "union":
			continue
		case t.kind == myWord && t.text == "from" && i+1 < len(toks) && toks[i+1].kind == myWord && toks[i+1].text == "dual":
			continue
		}
		if key, ok := tokenKey(t); ok {
			n[key]++
		}
	}
	return n
}
