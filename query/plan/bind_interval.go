package plan

import (
	"math/bits"
	"regexp"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/sqltype"
)

// interval binds INTERVAL '…' with fields or a precision: INTERVAL '3' DAY,
// INTERVAL '1:30' MINUTE TO SECOND(2). A bare number counts the last field, and what is
// finer than that is cut off. As elsewhere only constants may have them, since a type
// of values does not tell them.
func (b *binder) interval(e *ast.Cast) Expr {
	text, ok := e.Arg.(*ast.Literal)
	if !ok || text.Kind != ast.LitString || e.Type.Dims > 0 {
		unsupported(e.Type.Pos(), "an interval type with fields or a precision for anything but a constant")
	}
	last := ast.FieldSecond
	if e.Type.Fields != 0 {
		last = ast.IntervalFields(1) << (bits.Len8(uint8(e.Type.Fields)) - 1)
	}
	s := text.Text
	if e.Type.Fields == ast.FieldMinute|ast.FieldSecond && minuteSecond.MatchString(s) {
		s = minuteSecond.ReplaceAllString(s, "${1}0:${2}${4}")
	}
	if e.Type.Fields == ast.FieldDay|ast.FieldHour {
		s = dayHour.ReplaceAllString(s, "$1 days $2 hours")
	}
	v, err := sqltype.ParseInterval(s, fieldUnits[last])
	if err != nil {
		fail(at(err, text.Pos()))
	}
	micros := fieldMicros[last]
	switch last {
	case ast.FieldYear:
		v.Months -= v.Months % 12
		v.Days = 0
	case ast.FieldMonth:
		v.Days = 0
	}
	if micros == 0 {
		v.Micros = 0
	} else {
		v.Micros -= v.Micros % micros
	}
	if p, ok := intervalPrecision(e.Type); ok {
		half := int64(5)
		for range max(0, 5-p) { // half a unit of the last digit that stays
			half *= 10
		}
		if v.Micros < 0 {
			half = -half
		}
		if p < 6 {
			v.Micros += half
			v.Micros -= v.Micros % (2 * max(half, -half))
		}
	}
	c := &Const{Typ: sqltype.TInterval, Value: sqltype.Datum{Ivl: v}}
	b.pos[c] = text.Pos()
	return c
}

var (
	minuteSecond = regexp.MustCompile(`(^|[\s+-])(\d+:\d+(\.\d*)?)(\s|$)`)
	dayHour      = regexp.MustCompile(`^\s*([-+]?\d+)\s+([-+]?\d+)\s*$`)
)

var fieldUnits = map[ast.IntervalFields]string{
	ast.FieldYear: "year", ast.FieldMonth: "month", ast.FieldDay: "day",
	ast.FieldHour: "hour", ast.FieldMinute: "minute", ast.FieldSecond: "second",
}

// fieldMicros are the microseconds of a field; 0 where no time of day remains.
var fieldMicros = map[ast.IntervalFields]int64{
	ast.FieldHour: 3600 * sqltype.MicrosPerSecond, ast.FieldMinute: 60 * sqltype.MicrosPerSecond, ast.FieldSecond: 1,
}

func intervalPrecision(t *ast.TypeName) (int, bool) {
	if len(t.Mods) == 0 {
		return 0, false
	}
	l, ok := t.Mods[0].(*ast.Literal)
	if !ok || l.Kind != ast.LitInt || len(t.Mods) > 1 {
		failAt(t.Pos(), dberr.StateSyntax, "type modifiers must be simple constants or identifiers")
	}
	p := 6
	if len(l.Text) == 1 {
		p = min(6, int(l.Text[0]-'0'))
	}
	return p, true
}
