package timeseries

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// The limits of formulas.
const (
	MaxFormulaBytes = 1024
	maxFormulaDepth = 64
)

// Formula is arithmetic between queries, which it calls by their names: numbers, + - * / %
// ^, parentheses, and the functions of FormulaFunctions.
type Formula struct {
	eval  func(v []float64) float64
	names []string
}

// formulaFunctions are the functions, with how many arguments each takes.
var formulaFunctions = map[string]struct {
	args int
	fn   func(a, b float64) float64
}{
	"abs":   {1, func(a, _ float64) float64 { return math.Abs(a) }},
	"ceil":  {1, func(a, _ float64) float64 { return math.Ceil(a) }},
	"exp":   {1, func(a, _ float64) float64 { return math.Exp(a) }},
	"floor": {1, func(a, _ float64) float64 { return math.Floor(a) }},
	"ln":    {1, func(a, _ float64) float64 { return math.Log(a) }},
	"log10": {1, func(a, _ float64) float64 { return math.Log10(a) }},
	"log2":  {1, func(a, _ float64) float64 { return math.Log2(a) }},
	"max":   {2, math.Max},
	"min":   {2, math.Min},
	"round": {1, func(a, _ float64) float64 { return math.RoundToEven(a) }},
	"sqrt":  {1, func(a, _ float64) float64 { return math.Sqrt(a) }},
}

// FormulaFunctions are the names of the functions of formulas, as messages list them.
const FormulaFunctions = "abs, ceil, exp, floor, ln, log10, log2, max, min, round, sqrt"

// Names are the queries that the formula names, in the order of their first use.
func (f *Formula) Names() []string { return f.names }

// ParseFormula reads a formula.
func ParseFormula(text string) (*Formula, error) {
	if len(text) > MaxFormulaBytes {
		return nil, tooLarge("EXPRESSION_TOO_LARGE", "expression", "the expression has %d bytes, over the maximum of %d", len(text), MaxFormulaBytes)
	}
	p := formulaParser{text: text, formula: &Formula{}}
	eval, err := p.sum(0)
	if err != nil {
		return nil, err
	}
	if p.skip(); p.at < len(text) {
		return nil, p.unexpected("an operator")
	}
	if len(p.formula.names) == 0 {
		return nil, invalid("INVALID_EXPRESSION", "expression", "the expression names no query")
	}
	p.formula.eval = eval
	return p.formula, nil
}

type operand = func(v []float64) float64

// formulaParser goes down by precedence: sums, products, signs, powers, what stands alone.
type formulaParser struct {
	text    string
	at      int
	formula *Formula
}

func (p *formulaParser) skip() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take takes one of the characters, where it is next.
func (p *formulaParser) take(chars string) (byte, bool) {
	if p.skip(); p.at < len(p.text) && strings.IndexByte(chars, p.text[p.at]) >= 0 {
		p.at++
		return p.text[p.at-1], true
	}
	return 0, false
}

func (p *formulaParser) unexpected(wanted string) error {
	p.skip()
	have := "its end"
	if p.at < len(p.text) {
		have = strconv.Quote(shorten(p.text[p.at:]))
	}
	return dberr.New(dberr.ErrInvalid, "INVALID_EXPRESSION", "the expression cannot be read at byte %d: %s is wanted, not %s", p.at, wanted, have).WithField("expression").
		WithHint("numbers, names of queries, + - * / %% ^, parentheses, and the functions %s", FormulaFunctions)
}

func (p *formulaParser) sum(depth int) (operand, error) {
	return p.chain(depth, "+-", p.product)
}

func (p *formulaParser) product(depth int) (operand, error) {
	return p.chain(depth, "*/%", p.signed)
}

// chain reads operands of the next level between operators of one level, from the left.
func (p *formulaParser) chain(depth int, operators string, next func(depth int) (operand, error)) (operand, error) {
	left, err := next(depth)
	for err == nil {
		op, ok := p.take(operators)
		if !ok {
			return left, nil
		}
		var right operand
		if right, err = next(depth); err == nil {
			left = arith(op, left, right)
		}
	}
	return nil, err
}

func arith(op byte, a, b operand) operand {
	switch op {
	case '+':
		return func(v []float64) float64 { return a(v) + b(v) }
	case '-':
		return func(v []float64) float64 { return a(v) - b(v) }
	case '*':
		return func(v []float64) float64 { return a(v) * b(v) }
	case '/':
		return func(v []float64) float64 { return a(v) / b(v) }
	case '%':
		return func(v []float64) float64 { return math.Mod(a(v), b(v)) }
	}
	return func(v []float64) float64 { return math.Pow(a(v), b(v)) }
}

// signed reads a sign, which binds less than a power: -2^2 is -4.
func (p *formulaParser) signed(depth int) (operand, error) {
	if depth > maxFormulaDepth {
		return nil, invalid("INVALID_EXPRESSION", "expression", "the expression is nested more than %d deep", maxFormulaDepth)
	}
	if op, ok := p.take("+-"); ok {
		x, err := p.signed(depth + 1)
		if err != nil || op == '+' {
			return x, err
		}
		return func(v []float64) float64 { return -x(v) }, nil
	}
	base, err := p.single(depth)
	if err != nil {
		return nil, err
	}
	if _, ok := p.take("^"); !ok {
		return base, nil
	}
	power, err := p.signed(depth + 1) // from the right
	if err != nil {
		return nil, err
	}
	return arith('^', base, power), nil
}

func (p *formulaParser) single(depth int) (operand, error) {
	if _, ok := p.take("("); ok {
		x, err := p.sum(depth + 1)
		if err == nil {
			err = p.want(')')
		}
		return x, err
	}
	start := p.at
	for p.at < len(p.text) && (p.text[p.at] == '.' || p.text[p.at] >= '0' && p.text[p.at] <= '9') {
		p.at++
	}
	if p.at > start {
		p.exponent()
		x, err := strconv.ParseFloat(p.text[start:p.at], 64)
		if err != nil {
			p.at = start
			return nil, p.unexpected("a number")
		}
		return func([]float64) float64 { return x }, nil
	}
	for p.at < len(p.text) && isNameByte(p.text[p.at], p.at > start) {
		p.at++
	}
	if p.at == start {
		return nil, p.unexpected("a number, a query or a parenthesis")
	}
	name := p.text[start:p.at]
	if _, ok := p.take("("); ok {
		return p.call(name, start, depth)
	}
	i := slices.Index(p.formula.names, name)
	if i < 0 {
		i = len(p.formula.names)
		p.formula.names = append(p.formula.names, name)
	}
	return func(v []float64) float64 { return v[i] }, nil
}

// exponent takes the e+10 of a number, where it is there.
func (p *formulaParser) exponent() {
	at := p.at
	if at < len(p.text) && p.text[at]|0x20 == 'e' {
		if at++; at < len(p.text) && (p.text[at] == '+' || p.text[at] == '-') {
			at++
		}
		for ; at < len(p.text) && p.text[at] >= '0' && p.text[at] <= '9'; at++ {
			p.at = at + 1
		}
	}
}

func isNameByte(c byte, inside bool) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || inside && c >= '0' && c <= '9'
}

func (p *formulaParser) want(c byte) error {
	if _, ok := p.take(string(c)); !ok {
		return p.unexpected(strconv.Quote(string(c)))
	}
	return nil
}

func (p *formulaParser) call(name string, at, depth int) (operand, error) {
	f, ok := formulaFunctions[name]
	if !ok {
		p.at = at
		return nil, p.unexpected("a known function")
	}
	a, err := p.sum(depth + 1)
	if err != nil {
		return nil, err
	}
	b := a
	if f.args == 2 {
		if err = p.want(','); err == nil {
			b, err = p.sum(depth + 1)
		}
		if err != nil {
			return nil, err
		}
	}
	if f.args == 1 {
		return func(v []float64) float64 { return f.fn(a(v), 0) }, p.want(')')
	}
	return func(v []float64) float64 { return f.fn(a(v), b(v)) }, p.want(')')
}
