package fn

import (
	"errors"

	"github.com/weftdb/weft/query/sqltype"
)

var (
	errNoCandidate = errors.New("no candidate")
	errAmbiguous   = errors.New("ambiguous")
)

// declared gives the declared argument types of candidate i.
type declared func(i int) (args []sqltype.Type, variadic bool)

// spell repeats the last of a variadic declaration to n arguments; nil where it
// cannot have n.
func spell(args []sqltype.Type, variadic bool, n int) []sqltype.Type {
	if !variadic {
		if len(args) != n {
			return nil
		}
		return args
	}
	if n < len(args) {
		return nil
	}
	out := append(make([]sqltype.Type, 0, n), args...)
	for len(out) < n {
		out = append(out, args[len(args)-1])
	}
	return out
}

// exact returns the candidate whose declared types are the given ones, or -1.
func exact(n int, args []sqltype.Type, at declared) int {
	for i := range n {
		decl, variadic := at(i)
		if variadic || len(decl) != len(args) {
			continue
		}
		same := true
		for k, d := range decl {
			same = same && d == args[k].Base()
		}
		if same {
			return i
		}
	}
	return -1
}

// A cand is a candidate that would accept the arguments; args are its declared types.
type cand struct {
	i    int
	args []sqltype.Type
}

// keep narrows candidates to those with the highest score.
func keep(cands []cand, score func(c cand) int) []cand {
	if len(cands) < 2 {
		return cands
	}
	best := -1
	var kept []cand
	for _, c := range cands {
		switch s := score(c); {
		case s > best:
			best, kept = s, append(kept[:0:0], c)
		case s == best:
			kept = append(kept, c)
		}
	}
	return kept
}

// choose picks one of n candidates by the rules of PostgreSQL's manual, 10.2 and 10.3.
func choose(n int, args []sqltype.Type, at declared) (int, error) {
	if i := exact(n, args, at); i >= 0 {
		return i, nil
	}
	var cands []cand
	for i := range n {
		decl, variadic := at(i)
		decl = spell(decl, variadic, len(args))
		if decl != nil && acceptable(decl, args) {
			cands = append(cands, cand{i, decl})
		}
	}
	cands = keep(cands, func(c cand) (s int) {
		for k, a := range args {
			s += b2int(c.args[k] == a.Base())
		}
		return s
	})
	cands = keep(cands, func(c cand) (s int) {
		for k, a := range args {
			d := c.args[k]
			s += b2int(a.ID != sqltype.Unknown && (d == a.Base() || d.Preferred() && category(d) == category(a)))
		}
		return s
	})
	switch cands = assumeKnown(guessUnknown(cands, args), args); len(cands) {
	case 0:
		return 0, errNoCandidate
	case 1:
		return cands[0].i, nil
	}
	return 0, errAmbiguous
}

// guessUnknown decides by category what unknown arguments stand for.
func guessUnknown(cands []cand, args []sqltype.Type) []cand {
	for k := 0; k < len(args) && len(cands) > 1; k++ {
		if args[k].ID != sqltype.Unknown {
			continue
		}
		all := make([]sqltype.Type, len(cands))
		for i, c := range cands {
			all[i] = c.args[k]
		}
		cat, preferred, ok := unknownCategory(all)
		if !ok {
			break
		}
		cands = keep(cands, func(c cand) int {
			return b2int(category(c.args[k]) == cat && (!preferred || c.args[k].Preferred()))
		})
	}
	return cands
}

// assumeKnown takes unknown arguments for the one type that all others have, if
// that leaves one candidate.
func assumeKnown(cands []cand, args []sqltype.Type) []cand {
	t, ok := soleKnown(args)
	if len(cands) < 2 || !ok {
		return cands
	}
	assumed := make([]sqltype.Type, len(args))
	for k := range args {
		assumed[k] = t
	}
	var kept []cand
	for _, c := range cands {
		if acceptable(c.args, assumed) {
			kept = append(kept, c)
		}
	}
	if len(kept) == 1 {
		return kept
	}
	return cands
}

func b2int(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unknownCategory decides what an unknown argument is taken for, from the types
// that the candidates declare: a string if any takes one, else their common category.
func unknownCategory(types []sqltype.Type) (cat byte, preferred, ok bool) {
	cat, ok = category(types[0]), true
	for _, t := range types {
		if category(t) == 'S' {
			cat, ok = 'S', true
			break
		}
		ok = ok && category(t) == cat
	}
	for _, t := range types {
		preferred = preferred || category(t) == cat && t.Preferred()
	}
	return cat, preferred, ok
}

// soleKnown returns the one type that all arguments but the unknown ones have.
func soleKnown(args []sqltype.Type) (t sqltype.Type, ok bool) {
	unknown := false
	for _, a := range args {
		switch {
		case a.ID == sqltype.Unknown:
			unknown = true
		case t.ID == sqltype.Unknown:
			t = a.Base()
		case t != a.Base():
			return t, false
		}
	}
	return t, unknown && t.ID != sqltype.Unknown
}

func category(t sqltype.Type) byte {
	if t.ID >= idAny {
		return 'P'
	}
	return t.Category()
}

func acceptable(decl, args []sqltype.Type) bool {
	for i, a := range args {
		if !accepts(decl[i], a) {
			return false
		}
	}
	return polyConsistent(decl, args)
}

// accepts reports whether an argument of type a may be passed where d is declared.
func accepts(d, a sqltype.Type) bool {
	switch {
	case a.ID == sqltype.Unknown:
		return true
	case d.ID == idAnyArray || d.ID == idAnyCompatArray:
		return a.ID == sqltype.Array
	case d.ID == idAnyNonArray || d.ID == idAnyCompatNonArray:
		return a.ID != sqltype.Array
	case d.ID == idAnyRange:
		return a.IsRange()
	case d.ID == idAnyMultirange:
		return a.IsMultirange()
	case d.ID >= idAny:
		return true
	}
	return implicit(a.Base(), d)
}

// ChooseDeclared picks one of the functions that are not of this package by the types of their
// arguments, spelled out for the call; -1 where none takes the arguments. Ambiguous says that
// several do equally well.
func ChooseDeclared(cands [][]sqltype.Type, args []sqltype.Type) (i int, ambiguous bool) {
	i, err := choose(len(cands), args, func(i int) ([]sqltype.Type, bool) { return cands[i], false })
	if err != nil {
		return -1, errors.Is(err, errAmbiguous)
	}
	return i, false
}

// NotFound is the error of a call for which there is no function, or no best one.
func NotFound(name string, args []sqltype.Type, ambiguous bool) error {
	return funcError("function", name, args, ambiguous)
}
