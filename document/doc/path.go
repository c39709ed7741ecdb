package doc

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// Path leads to a part of a document: names of fields and indexes of arrays.
type Path []string

// MaxPathBytes and MaxPathSteps bound a path.
const (
	MaxPathBytes = 1 << 10
	MaxPathSteps = MaxDepth
)

// ParsePath cuts a dotted path. A step may not be empty.
func ParsePath(text string) (Path, error) {
	if len(text) > MaxPathBytes {
		return nil, dberr.New(dberr.ErrInvalid, "INVALID_PATH", "a path of %d bytes is longer than %d", len(text), MaxPathBytes).WithField(text[:40] + "...")
	}
	p := Path(strings.Split(text, "."))
	if len(p) > MaxPathSteps {
		return nil, dberr.New(dberr.ErrInvalid, "INVALID_PATH", "a path of %d steps is longer than %d", len(p), MaxPathSteps)
	}
	for _, step := range p {
		if step == "" {
			return nil, dberr.New(dberr.ErrInvalid, "INVALID_PATH", "the path %q has an empty step", text).WithField(text).
				WithHint("names are joined by single dots, such as address.city")
		}
	}
	return p, nil
}

// String joins the steps with dots.
func (p Path) String() string { return strings.Join(p, ".") }

// Index is a step as an index of an array, -1 where it is none.
func Index(step string) int {
	if len(step) == 0 || len(step) > 9 || step[0] == '0' && len(step) > 1 {
		return -1
	}
	for _, c := range []byte(step) {
		if c < '0' || c > '9' {
			return -1
		}
	}
	n, err := strconv.Atoi(step)
	if err != nil {
		return -1
	}
	return n
}

// Walk calls fn for every value that p leads to, until it returns false, and says
// whether it never did. Arrays on the way are looked through: a step goes on in
// each element that is an object, and, if it is an index, in that element. Where
// the path ends early, in an object without the field or in a scalar, fn gets
// Missing; an element that is a scalar is passed over. At is the index in the first
// array on the way, -1 where there was none.
func (v Value) Walk(p Path, fn func(leaf Value, at int) bool) bool { return v.walk(p, -1, fn) }

func (v Value) walk(p Path, at int, fn func(leaf Value, at int) bool) bool {
	for len(p) > 0 {
		if v.Kind() == Array {
			return v.walkArray(p, at, fn)
		}
		v, p = v.Field(p[0]), p[1:] // Missing in a scalar
		if !v.Exists() {
			break
		}
	}
	return fn(v, at)
}

func (v Value) walkArray(p Path, at int, fn func(leaf Value, at int) bool) bool {
	index := Index(p[0])
	on := true
	v.Elements(func(i int, e Value) bool {
		place := at
		if at < 0 {
			place = i
		}
		if i == index {
			on = e.walk(p[1:], place, fn)
		}
		if on && e.Kind() == Object && (index < 0 || e.Field(p[0]).Exists()) {
			on = e.walk(p, place, fn)
		}
		return on
	})
	return on
}
