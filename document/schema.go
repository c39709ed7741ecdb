package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

// MaxSchemaBytes is the longest schema.
const MaxSchemaBytes = 1 << 20

// schema is a compiled JSON Schema.
type schema struct{ s *jsonschema.Schema }

// refuseLoader loads nothing: a schema is all in one text, but for the vocabularies
// of the standard, which the library has.
type refuseLoader struct{}

func (refuseLoader) Load(url string) (any, error) {
	return nil, errors.New("a schema cannot refer to " + shorten(url) + ", which is outside of it")
}

func compileSchema(text string, formats bool) (*schema, error) {
	return compileSchemaWith(text, formats, refuseLoader{})
}

func compileSchemaWith(text string, formats bool, loader jsonschema.URLLoader) (*schema, error) {
	if len(text) > MaxSchemaBytes {
		return nil, dberr.New(dberr.ErrTooLarge, "SCHEMA_TOO_LARGE", "a schema of %d bytes is over the maximum of %d", len(text), MaxSchemaBytes).WithField("schema")
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, invalid("INVALID_SCHEMA", "schema", "the schema is not JSON").Wrap(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(loader)
	c.UseRegexpEngine(engine)
	if formats {
		useFormats(c)
	}
	if err := c.AddResource(schemaName, v); err != nil {
		return nil, invalid("INVALID_SCHEMA", "schema", "the schema is not valid: %s", clean(err))
	}
	s, err := c.Compile(schemaName)
	if err != nil {
		return nil, invalid("INVALID_SCHEMA", "schema", "the schema is not valid: %s", clean(err))
	}
	return &schema{s}, nil
}

// clean takes the name under which the schema is known inside out of a message.
func clean(err error) string {
	return strings.ReplaceAll(strings.ReplaceAll(err.Error(), schemaName, ""), "\n", " ")
}

// schemaName is the name of a schema that has none: one to which relative references
// lead nowhere.
const schemaName = "weft:///schema"

// maxProblems is how many faults of a document are told.
const maxProblems = 10

// check holds a document against the schema, and says where it does not fit.
func (s *schema) check(v doc.Value) *dberr.Error {
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(v.AppendJSON(nil)))
	if err != nil {
		return invalid("INVALID_DOCUMENT", "document", "the document cannot be held against the schema").Wrap(err)
	}
	err = s.s.Validate(plain)
	if err == nil {
		return nil
	}
	var problems []string
	field := ""
	var fault *jsonschema.ValidationError
	if errors.As(err, &fault) {
		leaves(fault, func(at, what string) {
			if len(problems) == 0 {
				field = at
			}
			if len(problems) < maxProblems {
				problems = append(problems, at+": "+what)
			}
		})
	}
	e := dberr.New(dberr.ErrConstraint, "SCHEMA_VIOLATION", "the schema of the collection does not allow the document: %s", strings.Join(problems, "; "))
	return e.WithField(field)
}

var english = message.NewPrinter(language.English)

// leaves calls fn for the faults that are not made of others.
func leaves(e *jsonschema.ValidationError, fn func(at, what string)) {
	if len(e.Causes) > 0 {
		for _, c := range e.Causes {
			leaves(c, fn)
		}
		return
	}
	at := pointer(e.InstanceLocation)
	if missing, ok := e.ErrorKind.(*kind.Required); ok {
		for _, name := range missing.Missing {
			fn(pointer(append(e.InstanceLocation[:len(e.InstanceLocation):len(e.InstanceLocation)], name)), "is required")
		}
		return
	}
	fn(at, e.ErrorKind.LocalizedString(english))
}

// pointer makes a JSON Pointer; that of the whole document is a slash.
func pointer(tokens []string) string {
	if len(tokens) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(t, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// plainJSON is what json makes of a text, for building schemas.
type plainJSON = map[string]any

// FieldSchema turns the short form of a schema, {"fields": {"name": {"type":
// "string", "required": true, …}}, "additional_properties"?}, into a JSON Schema.
func FieldSchema(text []byte) (string, error) {
	var in fieldRules
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		return "", invalid("INVALID_SCHEMA", "schema", "the rules of the fields cannot be read: %v", err)
	}
	out, err := in.object()
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(out)
	return string(b), err
}

// fieldRules are the rules of an object.
type fieldRules struct {
	Fields     map[string]*fieldRule `json:"fields"`
	Required   []string              `json:"required"`
	Additional *bool                 `json:"additional_properties"`
}

// fieldRule are the rules of a field.
type fieldRule struct {
	Type       string                `json:"type"`
	Nullable   bool                  `json:"nullable"`
	Required   bool                  `json:"required"`
	Min        json.Number           `json:"min"`
	Max        json.Number           `json:"max"`
	MinLength  *int                  `json:"min_length"`
	MaxLength  *int                  `json:"max_length"`
	Pattern    string                `json:"pattern"`
	Enum       []any                 `json:"enum"`
	Items      *fieldRule            `json:"items"`
	Fields     map[string]*fieldRule `json:"fields"`
	Additional *bool                 `json:"additional_properties"`
}

var schemaTypes = map[string]string{
	"string": "string", "int": "integer", "integer": "integer", "float": "number", "number": "number",
	"bool": "boolean", "boolean": "boolean", "array": "array", "object": "object", "any": "",
}

func (r *fieldRules) object() (plainJSON, error) {
	properties, required := plainJSON{}, append([]string{}, r.Required...)
	for name, f := range r.Fields {
		p, err := f.schema(name)
		if err != nil {
			return nil, err
		}
		properties[name] = p
		if f.Required {
			required = append(required, name)
		}
	}
	out := plainJSON{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	if r.Additional != nil && !*r.Additional {
		if properties[IDField] == nil {
			properties[IDField] = true
		}
		out["additionalProperties"] = false
	}
	return out, nil
}

func (f *fieldRule) schema(name string) (plainJSON, error) {
	kind, ok := schemaTypes[f.Type]
	if !ok && f.Type != "" {
		return nil, invalid("INVALID_SCHEMA", name, "the type %q of field %q is not known", shorten(f.Type), shorten(name)).
			WithHint("known: string, int, float, bool, array, object, any")
	}
	out := plainJSON{}
	if f.Fields != nil || kind == "object" {
		nested, err := (&fieldRules{Fields: f.Fields, Additional: f.Additional}).object()
		if err != nil {
			return nil, err
		}
		if props, isMap := nested["properties"].(plainJSON); isMap && f.Fields[IDField] == nil {
			delete(props, IDField)
		}
		out, kind = nested, "object"
	}
	if kind != "" {
		out["type"] = kind
		if f.Nullable {
			out["type"] = []string{kind, "null"}
		}
	}
	for key, n := range map[string]json.Number{"minimum": f.Min, "maximum": f.Max} {
		if n != "" {
			out[key] = n
		}
	}
	low, high := "minLength", "maxLength"
	if kind == "array" {
		low, high = "minItems", "maxItems"
	}
	if f.MinLength != nil {
		out[low] = *f.MinLength
	}
	if f.MaxLength != nil {
		out[high] = *f.MaxLength
	}
	if f.Pattern != "" {
		out["pattern"] = f.Pattern
	}
	if f.Enum != nil {
		out["enum"] = f.Enum
	}
	if f.Items != nil {
		items, err := f.Items.schema(name)
		if err != nil {
			return nil, err
		}
		out["items"] = items
	}
	return out, nil
}
