package match

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/weftdb/weft/document/doc"
)

// regex takes an expression in RE2's syntax.
func regex(_ *compiler, name string, p doc.Path, arg, options doc.Value, _ int) (*Node, error) {
	if arg.Kind() != doc.String {
		return nil, invalid(name, "$regex takes a string, not %s", arg.Kind())
	}
	pattern := string(arg.Str())
	if len(pattern) > MaxPatternBytes {
		return nil, invalid(name, "the expression has %d bytes, more than %d", len(pattern), MaxPatternBytes)
	}
	if options.Exists() {
		flags, err := regexFlags(options)
		if err != nil {
			return nil, err
		}
		if strings.Contains(flags, "x") {
			pattern = stripExtended(pattern)
			flags = strings.ReplaceAll(flags, "x", "")
		}
		if flags != "" {
			pattern = "(?" + flags + ")" + pattern
		}
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, invalid(name, "the expression %.60q is not valid: %v", arg.Str(), err).
			WithHint("the syntax is RE2's: no back references and no look-around")
	}
	return &Node{Op: Regex, Path: p, Pattern: re, Value: arg, prefix: beginning(pattern)}, nil
}

// Prefix is what every string begins with that a Regex is found in; nil where that cannot
// be told.
func (n *Node) Prefix() []byte { return n.prefix }

// beginning is what a string begins with that an expression is found in: the letters after
// its ^.
func beginning(pattern string) []byte {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	re = re.Simplify()
	if re.Op != syntax.OpConcat || len(re.Sub) < 2 || re.Sub[0].Op != syntax.OpBeginText {
		return nil
	}
	first := re.Sub[1]
	if first.Op != syntax.OpLiteral || first.Flags&syntax.FoldCase != 0 {
		return nil
	}
	return []byte(string(first.Rune))
}

func regexFlags(options doc.Value) (string, error) {
	if options.Kind() != doc.String {
		return "", invalid("$options", "$options takes a string, not %s", options.Kind())
	}
	flags := []byte(options.Str())
	for i, c := range flags {
		if !strings.ContainsRune("imsx", rune(c)) || slices.Contains(flags[:i], c) {
			return "", invalid("$options", "$options takes the letters i, m, s and x, each once, not %.20q", flags)
		}
	}
	return string(flags), nil
}

// stripExtended takes white space and comments out of an expression, but for those
// that are escaped or in brackets.
func stripExtended(pattern string) string {
	var out strings.Builder
	inClass, inComment := false, false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case inComment:
			inComment = c != '\n'
			continue
		case c == '\\' && i+1 < len(pattern):
			out.WriteByte(c)
			i++
			c = pattern[i]
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case c == '#':
			inComment = true
			continue
		case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}

// literalRegex reads {"$regex": …, "$options"?: …} where a value stands, which is how JSON
// has an expression among values.
func literalRegex(c *compiler, p doc.Path, v doc.Value) (n *Node, ok bool, err error) {
	if v.Kind() != doc.Object || !v.Field("$regex").Exists() {
		return nil, false, nil
	}
	options := v.Field("$options")
	if want := 1 + map[bool]int{true: 1}[options.Exists()]; v.Len() != want {
		return nil, true, invalid("$regex", "an expression among values has $regex and $options, and nothing else: %.80s", v.JSON())
	}
	if n, err = regex(c, "$regex", p, v.Field("$regex"), options, 0); err == nil {
		n, err = c.node(n, 0)
	}
	return n, true, err
}
