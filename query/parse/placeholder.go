package parse

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// placeholders finds ? and :v1, and returns the edits that make them $n.
//
// The rule: a ? is a placeholder if the text has no $n, and an operand is expected where
// it stands. Otherwise it is what PostgreSQL takes it for, one of the operators ?, ?| and
// ?& of jsonb or a part of another one. Where an operand is expected, an operator symbol that begins
// with ? is a placeholder and the rest; and a symbol that ends in ? is an operator and a
// placeholder (a=?), but for @?. The n-th ? of the text is $n. :vN is $N where an operand
// is expected, not right after [ (that is a slice). Kinds must not be mixed.
func placeholders(sql string, toks []token) ([]edit, error) {
	if strings.IndexByte(sql, '?') < 0 && !strings.Contains(sql, ":v") && !strings.Contains(sql, ":V") {
		return nil, nil
	}
	p := placeholderScan{sql: sql, toks: toks}
	for _, t := range toks {
		if t.kind == kParam {
			p.dollar = t.start + 1
			break
		}
	}
	for i := range toks {
		p.token(i)
	}
	kinds := 0
	for _, pos := range []int{p.dollar, p.question, p.colon} {
		if pos > 0 {
			kinds++
		}
	}
	if kinds > 1 {
		return nil, dberr.SQL(dberr.StateSyntax, "the statement mixes kinds of placeholders").
			At(max(p.colon, p.question)).WithHint("Use only one of $1, ? and :v1.")
	}
	return p.edits, nil
}

type placeholderScan struct {
	sql   string
	toks  []token
	edits []edit
	count int
	// The position of the first of each kind, 0 for none.
	dollar, question, colon int
}

func (p *placeholderScan) token(i int) {
	t := p.toks[i]
	switch {
	case t.kind == kOp && p.dollar == 0:
		text := p.sql[t.start:t.end]
		at := strings.IndexByte(text, '?')
		switch {
		case at < 0:
		case at == 0:
			if p.operandExpected(i) {
				p.add(t.start)
			}
		case at == len(text)-1 && text != "@?":
			p.add(t.start + at)
		}
	case t.punct(p.sql, ':') && i+1 < len(p.toks):
		n := p.toks[i+1]
		word := p.sql[n.start:n.end]
		if n.kind != kWord || n.start != t.end || len(word) < 2 || word[0]|0x20 != 'v' {
			return
		}
		num, err := strconv.Atoi(word[1:])
		if err != nil || num < 1 || num > 65535 || i > 0 && p.toks[i-1].punct(p.sql, '[') || !p.operandExpected(i) {
			return
		}
		if p.colon == 0 {
			p.colon = t.start + 1
		}
		p.edits = append(p.edits, edit{t.start, n.end, dollarNumber(num)})
	}
}

func (p *placeholderScan) add(at int) {
	p.count++
	if p.question == 0 {
		p.question = at + 1
	}
	text := dollarNumber(p.count)
	if at+1 < len(p.sql) && isOp(p.sql[at+1]) {
		text += " "
	}
	p.edits = append(p.edits, edit{at, at + 1, text})
}

// operandExpected says whether an expression may begin at token i, from what is before it.
func (p *placeholderScan) operandExpected(i int) bool {
	if i == 0 {
		return false
	}
	prev := p.toks[i-1]
	switch prev.kind {
	case kString, kBits, kNumber, kParam, kQuoted:
		return false
	case kPunct:
		c := p.sql[prev.start]
		return c != ')' && c != ']' && c != '.' && p.sql[prev.start:prev.end] != "::"
	case kOp:
		// A placeholder before: two question marks in a row are an operand and an operator.
		if n := len(p.edits); n > 0 && p.edits[n-1].end == prev.end {
			return false
		}
		return true
	}
	if n := len(p.edits); n > 0 && p.edits[n-1].end == prev.end {
		return false // the word of :v1
	}
	word := strings.ToLower(p.sql[prev.start:prev.end])
	if operandBefore[word] {
		return true
	}
	return maybeOperandBefore[word] && !p.operandFollows(i)
}

// operandFollows says whether what stands after token i looks like the right side of an operator.
func (p *placeholderScan) operandFollows(i int) bool {
	if i+1 >= len(p.toks) {
		return false
	}
	n := p.toks[i+1]
	switch n.kind {
	case kString, kNumber, kParam, kQuoted, kBits:
		return true
	case kPunct:
		return p.sql[n.start] == '('
	case kWord:
		return !followsOperand[strings.ToLower(p.sql[n.start:n.end])]
	}
	return false
}

// operandBefore holds the reserved words after which an expression begins.
var operandBefore = words("select where and or not in like ilike then else when case on having limit offset " +
	"returning any some all escape to from for using distinct symmetric both leading trailing fetch do check " +
	"default variadic array similar between with placing is union intersect except as interval")

// maybeOperandBefore holds the words after which an expression may begin, and which may
// also be names.
var maybeOperandBefore = words("by set values zone first next rows range groups execute time call row coalesce")

// followsOperand holds the words that come after an operand and cannot begin one.
var followsOperand = words("rows row only preceding following percent and or from where order group limit offset " +
	"as is in between like ilike collate at then when else end asc desc nulls union except intersect having returning on for with")

func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}
