package expr

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/document/doc"
)

// regexMatch takes {"input","regex","options"?}; the expression is text in RE2's syntax.
func regexMatch(c *Compiler, name string, arg doc.Value) (Expr, error) {
	input, re, err := regexInput(c, name, arg)
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := input.Eval(e)
		if err != nil || isNull(v) {
			return doc.FromBool(false), err
		}
		if v.Kind() != doc.String {
			return null, Failed(name, "%s takes text, not %s", name, v.Kind())
		}
		return doc.FromBool(re.Match(v.Str())), nil
	}), err
}

func regexInput(c *Compiler, name string, arg doc.Value) (input Expr, re *regexp.Regexp, err error) {
	if arg.Kind() != doc.Object {
		return nil, nil, invalid(name, "%s takes an object with the fields input, regex, options", name)
	}
	if re, err = compileRegex(name, arg.Field("regex"), arg.Field("options")); err != nil {
		return nil, nil, err
	}
	p, err := c.parts(name, without(without(arg, "regex"), "options"), 1, "input")
	if err != nil {
		return nil, nil, err
	}
	return p[0], re, nil
}

// regexFind takes what $regexMatch takes, and gives {"match","idx","captures"} of the
// first place, or of all; idx counts characters.
func regexFind(all bool) special {
	return func(c *Compiler, name string, arg doc.Value) (Expr, error) {
		input, re, err := regexInput(c, name, arg)
		return evalFunc(func(e *Env) (doc.Value, error) {
			v, err := input.Eval(e)
			if err != nil {
				return v, err
			}
			var found []doc.Value
			switch {
			case isNull(v):
			case v.Kind() != doc.String:
				return null, Failed(name, "%s takes text, not %s", name, v.Kind())
			case all:
				for _, at := range re.FindAllSubmatchIndex(v.Str(), -1) {
					found = append(found, regexPlace(v.Str(), at))
				}
			default:
				if at := re.FindSubmatchIndex(v.Str()); at != nil {
					return regexPlace(v.Str(), at), nil
				}
			}
			if !all {
				return null, nil
			}
			return doc.FromArray(found), nil
		}), err
	}
}

func regexPlace(s []byte, at []int) doc.Value {
	captures := []doc.Value{}
	for i := 2; i < len(at); i += 2 {
		if at[i] < 0 {
			captures = append(captures, null)
			continue
		}
		captures = append(captures, doc.FromText(s[at[i]:at[i+1]]))
	}
	return doc.FromFields([]doc.Field{
		{Name: "match", Value: doc.FromText(s[at[0]:at[1]])},
		{Name: "idx", Value: doc.FromInt(int64(utf8.RuneCount(s[:at[0]])))},
		{Name: "captures", Value: doc.FromArray(captures)},
	})
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
