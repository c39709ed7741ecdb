package pipeline

import (
	"regexp"
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
				return a, cannot("$concat", "$concat takes text, not %s", a.Kind())
			}
			b.Write(a.Str())
		}
		return text(b.String()), nil
	}},
	"$toUpper":     {1, 1, cased("$toUpper", strings.ToUpper)},
	"$toLower":     {1, 1, cased("$toLower", strings.ToLower)},
	"$strLenCP":    {1, 1, onText("$strLenCP", func(s string) (doc.Value, error) { return integer(int64(utf8.RuneCountInString(s))), nil })},
	"$strLenBytes": {1, 1, onText("$strLenBytes", func(s string) (doc.Value, error) { return integer(int64(len(s))), nil })},
	"$substrCP":    {3, 3, substr},
	"$substr":      {3, 3, substr},
	"$split":       {2, 2, split},
	"$indexOfCP":   {2, 4, indexOf},
}

// cased makes text of null, as MongoDB does.
func cased(name string, fn func(string) string) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return text(""), nil
		}
		return onText(name, func(s string) (doc.Value, error) { return text(fn(s)), nil })(args)
	}
}

func onText(name string, fn func(string) (doc.Value, error)) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return null, nil
		}
		if args[0].Kind() != doc.String {
			return null, cannot(name, "%s takes text, not %s", name, args[0].Kind())
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
			return 0, cannot(name, "the %s of %s must be a whole number, not %s", what, name, v.JSON())
		}
	}
	return int(max(min(n, 1<<40), -1<<40)), nil
}

func substr(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return text(""), nil
	}
	if args[0].Kind() != doc.String {
		return null, cannot("$substrCP", "$substrCP takes text, not %s", args[0].Kind())
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
		return text(""), nil
	}
	end := len(runes)
	if n >= 0 {
		end = min(from+n, end)
	}
	return text(string(runes[from:end])), nil
}

func split(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) || isNull(args[1]) {
		return null, nil
	}
	if args[0].Kind() != doc.String || args[1].Kind() != doc.String || len(args[1].Str()) == 0 {
		return null, cannot("$split", "$split takes text and a separator that is not empty")
	}
	var out []doc.Value
	for _, part := range strings.Split(string(args[0].Str()), string(args[1].Str())) {
		out = append(out, text(part))
	}
	return doc.Of(doc.AppendArray(nil, out)), nil
}

func indexOf(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return null, nil
	}
	if args[0].Kind() != doc.String || args[1].Kind() != doc.String {
		return null, cannot("$indexOfCP", "$indexOfCP takes text")
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
		return integer(-1), nil
	}
	at := strings.Index(string(runes[from:to]), string(args[1].Str()))
	if at < 0 {
		return integer(-1), nil
	}
	return integer(int64(from + utf8.RuneCountInString(string(runes[from:to])[:at]))), nil
}

// trim takes {"input","chars"?}.
func trim(left, right bool) special {
	return func(c *compiler, name string, arg doc.Value) (expr, error) {
		p, err := c.parts(name, arg, 1, "input", "chars")
		return evalFunc(func(e *env) (doc.Value, error) {
			v, err := p[0].eval(e)
			if err != nil || isNull(v) {
				return null, err
			}
			in := unicode.IsSpace
			if p[1] != nil {
				chars, err := p[1].eval(e)
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
				return text(s), nil
			})([]doc.Value{v})
		}), err
	}
}

// replace takes {"input","find","replacement"}.
func replace(n int) special {
	return func(c *compiler, name string, arg doc.Value) (expr, error) {
		p, err := c.parts(name, arg, 3, "input", "find", "replacement")
		return evalFunc(func(e *env) (doc.Value, error) {
			args, err := evalAll(e, p)
			if err != nil {
				return null, err
			}
			for _, a := range args {
				if isNull(a) {
					return null, nil
				}
				if a.Kind() != doc.String {
					return null, cannot(name, "%s takes text, not %s", name, a.Kind())
				}
			}
			return text(strings.Replace(string(args[0].Str()), string(args[1].Str()), string(args[2].Str()), n)), nil
		}), err
	}
}

// regexMatch takes {"input","regex","options"?}; the expression is text in RE2's syntax.
func regexMatch(c *compiler, name string, arg doc.Value) (expr, error) {
	if arg.Kind() != doc.Object {
		return nil, invalid(name, "$regexMatch takes an object with the fields input, regex, options")
	}
	re, err := compileRegex(name, arg.Field("regex"), arg.Field("options"))
	if err != nil {
		return nil, err
	}
	var input expr
	arg.Fields(func(field []byte, v doc.Value) bool {
		switch string(field) {
		case "input":
			input, err = c.expression(v)
		case "regex", "options":
		default:
			err = invalid(name, "$regexMatch does not know the field %q", field)
		}
		return err == nil
	})
	if err == nil && input == nil {
		err = invalid(name, `$regexMatch needs the field "input"`)
	}
	return evalFunc(func(e *env) (doc.Value, error) {
		v, err := input.eval(e)
		if err != nil || isNull(v) {
			return boolean(false), err
		}
		if v.Kind() != doc.String {
			return null, cannot(name, "$regexMatch takes text, not %s", v.Kind())
		}
		return boolean(re.Match(v.Str())), nil
	}), err
}

func compileRegex(name string, pattern, options doc.Value) (*regexp.Regexp, error) {
	if pattern.Kind() != doc.String || len(pattern.Str()) > 16<<10 {
		return nil, invalid(name, "the expression of %s must be text of at most 16 KiB", name)
	}
	flags := string(options.Str())
	if options.Exists() && (options.Kind() != doc.String || strings.Trim(flags, "ims") != "") {
		return nil, invalid(name, "the options of %s must be letters of ims", name)
	}
	p := string(pattern.Str())
	if flags != "" {
		p = "(?" + flags + ")" + p
	}
	re, err := regexp.Compile(p)
	if err != nil {
		return nil, invalid(name, "the expression %.60q is not valid: %v", pattern.Str(), err)
	}
	return re, nil
}
