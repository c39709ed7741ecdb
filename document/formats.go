package document

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/unicode/norm"
)

// formats are those of the standard that are held by rules of our own, since the
// library's let through what the standards that they name refuse.
var formats = map[string]func(string) bool{
	"duration":      durationForm.MatchString,
	"ipv4":          func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() },
	"email":         isEmail,
	"idn-email":     isIDNEmail,
	"hostname":      isHostname,
	"idn-hostname":  isIDNHostname,
	"uri":           func(s string) bool { return isURI(s, true, false) },
	"uri-reference": func(s string) bool { return isURI(s, false, false) },
	"iri":           func(s string) bool { return isURI(s, true, true) },
	"iri-reference": func(s string) bool { return isURI(s, false, true) },
	"uri-template":  isTemplate,
	"regex":         func(s string) bool { _, err := compilePattern(s); return err == nil },
}

// useFormats has a compiler hold strings against format.
func useFormats(c *jsonschema.Compiler) {
	for name, holds := range formats {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(v any) error {
			if s, ok := v.(string); ok && !holds(s) {
				return errors.New("it is none")
			}
			return nil
		}})
	}
	c.AssertFormat()
}

// durationForm is that of RFC 3339, appendix A: a unit is followed by the next smaller one
// or by none.
var durationForm = regexp.MustCompile(`^P(?:\d+W|(?:` + durationDate + `)(?:T(?:` + durationTime + `))?|T(?:` + durationTime + `))$`)

const (
	durationDate = `\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D`
	durationTime = `\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S`
)

// plainEmail is the library's rule for addresses in ASCII.
var plainEmail = sync.OnceValue(func() *jsonschema.Schema {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(schemaName, map[string]any{"format": "email"}); err != nil {
		panic(fmt.Sprintf("document: %v", err)) // a constant: cannot happen
	}
	return c.MustCompile(schemaName)
})

func isEmail(s string) bool {
	return !strings.HasPrefix(s, "@") && plainEmail().Validate(s) == nil
}

// isIDNEmail is isEmail with letters of any script in both parts (RFC 6531).
func isIDNEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 {
		return false
	}
	local := []byte(nil)
	for _, r := range s[:at] {
		if r >= 0x80 {
			r = 'x'
		}
		local = append(local, byte(r))
	}
	domain := s[at+1:]
	if !strings.HasPrefix(domain, "[") {
		if !isIDNHostname(norm.NFC.String(domain)) {
			return false
		}
		domain = "example.com"
	}
	return isEmail(string(local) + "@" + domain)
}

// pattern is a regular expression as schemas have them.
type pattern struct {
	*regexp.Regexp
	text string
}

func (p pattern) String() string { return p.text }

// engine compiles the expressions of schemas.
func engine(text string) (jsonschema.Regexp, error) {
	re, err := compilePattern(text)
	if err != nil {
		return nil, err
	}
	return pattern{re, text}, nil
}

// What ECMA-262 calls white space, within brackets.
const ecmaSpace = `\t\n\v\f\r \x{a0}\x{feff}\x{2028}\x{2029}\p{Zs}`

var groupOption = regexp.MustCompile(`^\(\?(?:P<|[a-zA-Z]+\)|-)`)

// compilePattern compiles an expression of ECMA-262, which RE2's are but for some escapes
// and classes. References back and looking around are not possible.
func compilePattern(text string) (*regexp.Regexp, error) {
	var out strings.Builder
	inClass := false
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		switch {
		case !inClass && strings.HasPrefix(rest, "[]"):
			out.WriteString(`[^\x00-\x{10FFFF}]`)
			i++
		case !inClass && strings.HasPrefix(rest, "[^]"):
			out.WriteString(`[\x00-\x{10FFFF}]`)
			i += 2
		case !inClass && groupOption.MatchString(rest):
			return nil, fmt.Errorf("the group %.20q is not one of ECMA-262", rest)
		case text[i] == '\\' && i+1 < len(text):
			n, err := appendEscape(&out, rest, inClass)
			if err != nil {
				return nil, err
			}
			i += n - 1
		default:
			if text[i] == '[' && inClass {
				out.WriteByte('\\') // which begins nothing there
			}
			inClass = inClass && text[i] != ']' || text[i] == '['
			out.WriteByte(text[i])
		}
	}
	return regexp.Compile(out.String())
}

// appendEscape writes what begins with a backslash as RE2 has it, and says how long it was.
func appendEscape(out *strings.Builder, rest string, inClass bool) (n int, err error) {
	switch c := rest[1]; {
	case c == 'a' || c == 'Z' || c == 'A' || c == 'z' || c == 'Q' || c == 'E' || c == 'C':
		return 0, fmt.Errorf("the escape \\%c is not one of ECMA-262", c)
	case c == 's' && inClass:
		out.WriteString(ecmaSpace)
	case c == 's':
		out.WriteString(`[` + ecmaSpace + `]`)
	case c == 'S' && !inClass:
		out.WriteString(`[^` + ecmaSpace + `]`)
	case c == 'c' && len(rest) > 2 && (rest[2] >= 'a' && rest[2] <= 'z' || rest[2] >= 'A' && rest[2] <= 'Z'):
		fmt.Fprintf(out, `\x%02x`, rest[2]&31)
		return 3, nil
	case c == 'u' && len(rest) >= 6 && isHex(rest[2:6]):
		out.WriteString(`\x{` + rest[2:6] + `}`)
		return 6, nil
	case c == '/' || c == '-':
		out.WriteString(`\` + string(c))
	default:
		out.WriteString(rest[:2])
	}
	return 2, nil
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }
