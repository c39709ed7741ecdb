package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weftdb/weft/document/doc"
)

// stringFunctions are the operators on text; positions count characters.
var stringFunctions = map[string]function{
	"$concat": {1, -1, func(args []doc.Value) (doc.Value, error) {
		var b strings.Builder
		for _, a := range args {
			if isNull(a) {
				return null, nil
			}
			if a.Kind() != doc.String {
				return a, Failed("$concat", "$concat takes text, not %s", a.Kind())
			}
			b.Write(a.Str())
		}
		return doc.FromText(b.String()), nil
	}},
	"$toUpper":      {1, 1, cased("$toUpper", strings.ToUpper)},
	"$toLower":      {1, 1, cased("$toLower", strings.ToLower)},
	"$strLenCP":     {1, 1, textOnly("$strLenCP", func(s string) (doc.Value, error) { return doc.FromInt(int64(utf8.RuneCountInString(s))), nil })},
	"$strLenBytes":  {1, 1, textOnly("$strLenBytes", func(s string) (doc.Value, error) { return doc.FromInt(int64(len(s))), nil })},
	"$substrCP":     {3, 3, substr},
	"$substr":       {3, 3, substr},
	"$split":        {2, 2, split},
	"$indexOfCP":    {2, 4, indexOf},
	"$substrBytes":  {3, 3, substrBytes},
	"$indexOfBytes": {2, 4, indexOfBytes},
	"$strcasecmp": {2, 2, func(args []doc.Value) (doc.Value, error) {
		var s [2]string
		for i, a := range args {
			switch {
			case a.Kind() == doc.String:
				s[i] = strings.ToLower(string(a.Str()))
			case !isNull(a):
				return null, Failed("$strcasecmp", "$strcasecmp takes text, not %s", a.Kind())
			}
		}
		return doc.FromInt(int64(strings.Compare(s[0], s[1]))), nil
	}},
}

// cased makes text of null, as MongoDB does.
func cased(name string, fn func(string) string) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return doc.FromText(""), nil
		}
		v := args[0]
		if v.Kind() == doc.Number { // as MongoDB takes them
			var err error
			if v, err = toString(args); err != nil {
				return null, err
			}
		}
		return onText(name, func(s string) (doc.Value, error) { return doc.FromText(fn(s)), nil })([]doc.Value{v})
	}
}

// textOnly is onText of what MongoDB refuses for null, too.
func textOnly(name string, fn func(string) (doc.Value, error)) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return null, Failed(name, "%s takes text, not %s", name, typeName(args[0]))
		}
		return onText(name, fn)(args)
	}
}

func onText(name string, fn func(string) (doc.Value, error)) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return null, nil
		}
		if args[0].Kind() != doc.String {
			return null, Failed(name, "%s takes text, not %s", name, args[0].Kind())
		}
		return fn(string(args[0].Str()))
	}
}

func whole(name, what string, v doc.Value) (int, error) {
	n, ok := v.Int()
	if !ok {
		f, isNumber := v.Float()
		n = int64(f)
		if !isNumber || float64(n) != f {
			return 0, Failed(name, "the %s of %s must be a whole number, not %s", what, name, v.JSON())
		}
	}
	return int(max(min(n, 1<<40), -1<<40)), nil
}

func substr(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return doc.FromText(""), nil
	}
	if args[0].Kind() != doc.String {
		return null, Failed("$substrCP", "$substrCP takes text, not %s", args[0].Kind())
	}
	from, err := whole("$substrCP", "start", args[1])
	if err != nil {
		return null, err
	}
	n, err := whole("$substrCP", "length", args[2])
	if err != nil {
		return null, err
	}
	runes := []rune(string(args[0].Str()))
	if from < 0 || from >= len(runes) {
		return doc.FromText(""), nil
	}
	end := len(runes)
	if n >= 0 {
		end = min(from+n, end)
	}
	return doc.FromText(string(runes[from:end])), nil
}

// substrBytes counts bytes; a start or an end within a character is an error.
func substrBytes(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return doc.FromText(""), nil
	}
	if args[0].Kind() != doc.String {
		return null, Failed("$substrBytes", "$substrBytes takes text, not %s", args[0].Kind())
	}
	from, err := whole("$substrBytes", "start", args[1])
	if err != nil {
		return null, err
	}
	n, err := whole("$substrBytes", "length", args[2])
	if err != nil {
		return null, err
	}
	s := string(args[0].Str())
	if from < 0 || from >= len(s) {
		return doc.FromText(""), nil
	}
	end := len(s)
	if n >= 0 {
		end = min(from+n, end)
	}
	if !utf8.RuneStart(s[from]) || end < len(s) && !utf8.RuneStart(s[end]) {
		return null, Failed("$substrBytes", "bytes %d to %d cut a character of the text", from, end)
	}
	return doc.FromText(s[from:end]), nil
}

func indexOfBytes(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return null, nil
	}
	if args[0].Kind() != doc.String || args[1].Kind() != doc.String {
		return null, Failed("$indexOfBytes", "$indexOfBytes takes text")
	}
	s := string(args[0].Str())
	from, to, err := window("$indexOfBytes", args, len(s))
	if err != nil || from < 0 {
		return doc.FromInt(-1), err
	}
	at := strings.Index(s[from:to], string(args[1].Str()))
	if at >= 0 {
		at += from
	}
	return doc.FromInt(int64(at)), nil
}

func split(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) || isNull(args[1]) {
		return null, nil
	}
	if args[0].Kind() != doc.String || args[1].Kind() != doc.String || len(args[1].Str()) == 0 {
		return null, Failed("$split", "$split takes text and a separator that is not empty")
	}
	var out []doc.Value
	for _, part := range strings.Split(string(args[0].Str()), string(args[1].Str())) {
		out = append(out, doc.FromText(part))
	}
	return doc.Of(doc.AppendArray(nil, out)), nil
}

func indexOf(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return null, nil
	}
	if args[0].Kind() != doc.String || args[1].Kind() != doc.String {
		return null, Failed("$indexOfCP", "$indexOfCP takes text")
	}
	runes := []rune(string(args[0].Str()))
	from, to := 0, len(runes)
	var err error
	if len(args) > 2 {
		if from, err = whole("$indexOfCP", "start", args[2]); err != nil {
			return null, err
		}
	}
	if len(args) > 3 {
		if to, err = whole("$indexOfCP", "end", args[3]); err != nil {
			return null, err
		}
	}
	to = min(to, len(runes))
	if from < 0 || from > to {
		return doc.FromInt(-1), nil
	}
	at := strings.Index(string(runes[from:to]), string(args[1].Str()))
	if at < 0 {
		return doc.FromInt(-1), nil
	}
	return doc.FromInt(int64(from + utf8.RuneCountInString(string(runes[from:to])[:at]))), nil
}

// trim takes {"input","chars"?}.
func trim(left, right bool) special {
	return func(c *Compiler, name string, arg doc.Value) (Expr, error) {
		p, err := c.parts(name, arg, 1, "input", "chars")
		return evalFunc(func(e *Env) (doc.Value, error) {
			v, err := p[0].Eval(e)
			if err != nil || isNull(v) {
				return null, err
			}
			in := unicode.IsSpace
			if p[1] != nil {
				chars, err := p[1].Eval(e)
				if err != nil || isNull(chars) {
					return null, err
				}
				in = func(r rune) bool { return strings.ContainsRune(string(chars.Str()), r) }
			}
			return onText(name, func(s string) (doc.Value, error) {
				if left {
					s = strings.TrimLeftFunc(s, in)
				}
				if right {
					s = strings.TrimRightFunc(s, in)
				}
				return doc.FromText(s), nil
			})([]doc.Value{v})
		}), err
	}
}

// replace takes {"input","find","replacement"}.
func replace(n int) special {
	return func(c *Compiler, name string, arg doc.Value) (Expr, error) {
		p, err := c.parts(name, arg, 3, "input", "find", "replacement")
		return evalFunc(func(e *Env) (doc.Value, error) {
			args, err := evalAll(e, p)
			if err != nil {
				return null, err
			}
			for _, a := range args {
				if isNull(a) {
					return null, nil
				}
				if a.Kind() != doc.String {
					return null, Failed(name, "%s takes text, not %s", name, a.Kind())
				}
			}
			return doc.FromText(strings.Replace(string(args[0].Str()), string(args[1].Str()), string(args[2].Str()), n)), nil
		}), err
	}
}
