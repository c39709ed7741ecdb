package timeseries

import (
	"math"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries/block"
)

// Value is the value of a point. A Kind of zero is none, which windows without points
// have.
type Value struct {
	Kind  block.Kind
	Float float64
	Int   int64 // of bools 0 or 1
	Text  string
}

// FloatValue is a float as a value.
func FloatValue(v float64) Value { return Value{Kind: block.Float, Float: v} }

// IntValue is an int as a value.
func IntValue(v int64) Value { return Value{Kind: block.Int, Int: v} }

// BoolValue is a bool as a value.
func BoolValue(v bool) Value {
	x := Value{Kind: block.Bool}
	if v {
		x.Int = 1
	}
	return x
}

// TextValue is a text as a value.
func TextValue(v string) Value { return Value{Kind: block.Text, Text: v} }

// String is the value as people read it.
func (v Value) String() string {
	switch v.Kind {
	case block.Float:
		return strconv.FormatFloat(v.Float, 'g', -1, 64)
	case block.Int:
		return strconv.FormatInt(v.Int, 10)
	case block.Bool:
		return strconv.FormatBool(v.Int != 0)
	case block.Text:
		return v.Text
	}
	return "null"
}

// number is the value in arithmetic.
func (v Value) number() float64 {
	if v.Kind == block.Float {
		return v.Float
	}
	return float64(v.Int)
}

// same says whether two values are one bit by bit.
func (v Value) same(w Value) bool {
	a, b := math.Float64bits(v.Float), math.Float64bits(w.Float)
	v.Float, w.Float = 0, 0
	return a == b && v == w
}

// exactInts is up to where every int is a float.
const exactInts = 1 << 53

// as makes a value one of a field's kind, where nothing is lost by it.
func (v Value) as(kind block.Kind) (Value, bool) {
	switch {
	case v.Kind == kind:
		return v, true
	case v.Kind == block.Int && kind == block.Float && v.Int >= -exactInts && v.Int <= exactInts:
		return FloatValue(float64(v.Int)), true
	case v.Kind == block.Float && kind == block.Int && v.Float == math.Trunc(v.Float) && math.Abs(v.Float) <= exactInts && (v.Float != 0 || !math.Signbit(v.Float)):
		return IntValue(int64(v.Float)), true
	}
	return v, false
}

func errFieldType(metric, field string, have block.Kind, v Value) error {
	return dberr.New(dberr.ErrConstraint, "FIELD_TYPE_CONFLICT", "field %q of metric %q is of type %v and cannot hold %v %s", field, metric, have, v.Kind, shorten(v.String())).
		WithField(field).WithHint("write it to another field or metric")
}

// appendTo appends the value to the column of its kind.
func (v Value) appendTo(p *block.Points, t int64) {
	p.Times = append(p.Times, t)
	switch p.Kind {
	case block.Float:
		p.Floats = append(p.Floats, v.Float)
	case block.Int:
		p.Ints = append(p.Ints, v.Int)
	case block.Bool:
		p.Bools = append(p.Bools, v.Int != 0)
	case block.Text:
		p.Texts = append(p.Texts, v.Text)
	}
}

// valueAt is the value of a point.
func valueAt(p *block.Points, i int) Value {
	switch p.Kind {
	case block.Float:
		return FloatValue(p.Floats[i])
	case block.Int:
		return IntValue(p.Ints[i])
	case block.Bool:
		return BoolValue(p.Bools[i])
	}
	return TextValue(p.Texts[i])
}

// cut is a part of the points.
func cut(p *block.Points, from, to int) *block.Points {
	q := &block.Points{Kind: p.Kind, Times: p.Times[from:to]}
	switch p.Kind {
	case block.Float:
		q.Floats = p.Floats[from:to]
	case block.Int:
		q.Ints = p.Ints[from:to]
	case block.Bool:
		q.Bools = p.Bools[from:to]
	case block.Text:
		q.Texts = p.Texts[from:to]
	}
	return q
}

// join appends the points of q to p.
func join(p, q *block.Points) {
	p.Times = append(p.Times, q.Times...)
	p.Floats = append(p.Floats, q.Floats...)
	p.Ints = append(p.Ints, q.Ints...)
	p.Bools = append(p.Bools, q.Bools...)
	p.Texts = append(p.Texts, q.Texts...)
}

// less orders values of one kind, for the policies of least and greatest. NaN is the
// greatest, as in SQL.
func less(a, b Value) bool {
	switch a.Kind {
	case block.Float:
		return lessFloat(a.Float, b.Float)
	case block.Text:
		return a.Text < b.Text
	}
	return a.Int < b.Int
}

// lessFloat has NaN above all numbers.
func lessFloat(a, b float64) bool { return a < b || math.IsNaN(b) && !math.IsNaN(a) }
