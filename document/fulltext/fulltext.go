// Package fulltext is the full-text index of one collection, on bleve.
//
// It promises that what Apply was given is found by the next Search; that Applied
// never says more than the index has, also after a crash, since it is written in the
// batches that it is about; and that options and queries which it does not know are
// refused by name. It is derived data: whoever keeps it brings it up to date from what
// Applied says, or builds it anew.
//
// It owns a directory of bleve's, or with no path only memory. Ranking is BM25.
package fulltext

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/blevesearch/bleve/v2"
	_ "github.com/blevesearch/bleve/v2/config" // the analyzers of all languages
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

// Type is how a field is indexed.
type Type string

// The types of fields.
const (
	Text    Type = "text"    // by words
	Keyword Type = "keyword" // as a whole
	Number  Type = "number"
	Date    Type = "date" // text by RFC 3339
)

// Field is a field that is indexed.
type Field struct {
	Path     string  `json:"path"`
	Type     Type    `json:"type,omitempty"`
	Analyzer string  `json:"analyzer,omitempty"` // of a text; empty is the index's
	Boost    float64 `json:"boost,omitempty"`    // of the score of what is found there; 0 is 1
	Suggest  bool    `json:"suggest,omitempty"`  // of a text: keep its words as they are written, for Complete and Correct
}

// Config describes an index.
type Config struct {
	Fields   []Field `json:"fields"`
	Analyzer string  `json:"analyzer,omitempty"` // of texts; empty is en
}

// MaxFields bounds the fields of an index.
const MaxFields = 64

// analyzers are those that texts can have: languages by their codes, with stemming and
// stop words, and three without.
var analyzers = []string{"ar", "cjk", "ckb", "da", "de", "en", "es", "fa", "fi", "fr", "hi", "hr", "hu", "it", "keyword", "nl", "no", "pl", "pt", "ro", "ru", "simple", "standard", "sv", "tr"}

func invalid(code, field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, code, format, args...).WithField(field)
}

func checkAnalyzer(name string) error {
	if name != "" && !slices.Contains(analyzers, name) {
		return invalid("INVALID_TEXT_INDEX", "analyzer", "the analyzer %.40q is not known", name).WithHint("known: %s", strings.Join(analyzers, ", "))
	}
	return nil
}

// Check holds a Config against the rules, and fills in the types that were left out.
func (c *Config) Check() error {
	if len(c.Fields) == 0 || len(c.Fields) > MaxFields {
		return invalid("INVALID_TEXT_INDEX", "fields", "a full-text index has 1 to %d fields, not %d", MaxFields, len(c.Fields))
	}
	if err := checkAnalyzer(c.Analyzer); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Type == "" {
			f.Type = Text
		}
		switch {
		case seen[f.Path]:
			return invalid("INVALID_TEXT_INDEX", "fields", "the path %.64q comes twice", f.Path)
		case !slices.Contains([]Type{Text, Keyword, Number, Date}, f.Type):
			return invalid("INVALID_TEXT_INDEX", "type", "the type %.40q of a field is not known", f.Type).WithHint("known: text, keyword, number, date")
		case f.Analyzer != "" && f.Type != Text:
			return invalid("INVALID_TEXT_INDEX", "analyzer", "the field %.64q of type %s has no analyzer", f.Path, f.Type)
		case f.Suggest && f.Type != Text:
			return invalid("INVALID_TEXT_INDEX", "suggest", "the field %.64q of type %s takes no \"suggest\": keywords are suggested without", f.Path, f.Type)
		case f.Boost < 0 || f.Boost > 1000:
			return invalid("INVALID_TEXT_INDEX", "boost", "the boost %v of a field is not within 0 and 1000", f.Boost)
		}
		if _, err := doc.ParsePath(f.Path); err != nil {
			return err
		}
		if err := checkAnalyzer(f.Analyzer); err != nil {
			return err
		}
		seen[f.Path] = true
	}
	return nil
}

// mapping is the config as bleve wants it. Fields have flat names: their paths.
func (c *Config) mapping() mapping.IndexMapping {
	m := bleve.NewIndexMapping()
	m.ScoringModel = index.BM25Scoring
	m.StoreDynamic, m.IndexDynamic, m.DocValuesDynamic = false, false, false
	d := bleve.NewDocumentStaticMapping()
	for _, f := range c.Fields {
		var fm *mapping.FieldMapping
		switch f.Type {
		case Keyword:
			fm = bleve.NewKeywordFieldMapping()
		case Number:
			fm = bleve.NewNumericFieldMapping()
		case Date:
			fm = bleve.NewDateTimeFieldMapping()
		default:
			fm = bleve.NewTextFieldMapping()
			fm.Analyzer = counted(c.analyzer(&f))
			fm.Store = true // for highlighting
		}
		fm.Name = f.Path
		if f.Type != Text {
			fm.Store = false
		}
		fm.IncludeInAll = f.Type == Text
		d.AddFieldMappingsAt(flat(f.Path), fm)
		if f.Suggest {
			words := bleve.NewTextFieldMapping()
			words.Name, words.Analyzer = wordsOf(f.Path), wordsAnalyzer
			words.Store, words.IncludeTermVectors, words.IncludeInAll, words.DocValues = false, false, false, false
			d.AddFieldMappingsAt(flat(f.Path), words)
		}
	}
	m.DefaultMapping = d
	return m
}

// analyzer is the name of the analyzer of a field.
func (c *Config) analyzer(f *Field) string {
	switch {
	case f.Type != Text:
		return "keyword"
	case f.Analyzer != "":
		return f.Analyzer
	case c.Analyzer != "":
		return c.Analyzer
	}
	return "en"
}

// flat is a path as the name of one property: bleve would take dots for levels.
func flat(path string) string { return strings.ReplaceAll(path, ".", "\x1f") }

// Index is an open index. Safe for concurrent use, but for Apply, which is for one
// caller at a time.
type Index struct {
	bleve  bleve.Index
	config Config
	paths  []doc.Path

	// mu guards lengths. It is held over reads of the index.
	mu      sync.Mutex
	lengths map[string]averaged
}

// averaged is the average length of a field, as of when the index had so many documents.
type averaged struct {
	docs   uint64
	length float64
}

// Open opens the index at path, or makes one there, or with no path in memory. One
// that cannot be opened is made anew: it is derived data.
func Open(path string, c Config) (*Index, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	x := &Index{config: c, lengths: map[string]averaged{}}
	for _, f := range c.Fields {
		p, err := doc.ParsePath(f.Path)
		if err != nil {
			return nil, err
		}
		x.paths = append(x.paths, p)
	}
	var err error
	if path == "" {
		x.bleve, err = bleve.NewUsing("", c.mapping(), scorch.Name, scorch.Name, nil)
	} else {
		x.bleve, err = openOrMake(path, c.mapping())
	}
	if err != nil {
		return nil, fmt.Errorf("open full-text index %s: %w", path, err)
	}
	return x, nil
}

func openOrMake(path string, m mapping.IndexMapping) (bleve.Index, error) {
	x, err := bleve.Open(path)
	if err == nil {
		return x, nil
	}
	if !errors.Is(err, bleve.ErrorIndexPathDoesNotExist) {
		if err := os.RemoveAll(path); err != nil {
			return nil, err
		}
	}
	return bleve.New(path, m)
}

// Close lets go of the index.
func (x *Index) Close() error { return x.bleve.Close() }

// Change is a document that was written, or with a Missing value, removed.
type Change struct {
	ID    string
	Value doc.Value
}

var appliedKey = []byte("applied")

// Applied is the timestamp of the commit up to which changes are in the index, 0 in a
// new one.
func (x *Index) Applied() (uint64, error) {
	b, err := x.bleve.GetInternal(appliedKey)
	if err != nil || len(b) != 8 {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

// Apply brings changes into the index, and what Applied says to a timestamp.
func (x *Index) Apply(changes []Change, applied uint64) error {
	b := x.bleve.NewBatch()
	for _, c := range changes {
		if !c.Value.Exists() {
			b.Delete(c.ID)
			continue
		}
		if err := b.Index(c.ID, x.fields(c.Value)); err != nil {
			return fmt.Errorf("index document %q: %w", c.ID, err)
		}
	}
	b.SetInternal(appliedKey, binary.BigEndian.AppendUint64(nil, applied))
	return x.bleve.Batch(b)
}

// fields are the values of a document that are indexed.
func (x *Index) fields(v doc.Value) map[string]any {
	out := map[string]any{}
	for i, f := range x.config.Fields {
		var values []any
		v.Walk(x.paths[i], func(leaf doc.Value, _ int) bool {
			values = f.collect(leaf, values)
			return true
		})
		if len(values) > 0 {
			out[flat(f.Path)] = values
		}
	}
	return out
}

// collect adds a value, or the elements of an array, as the type of the field has
// them; others are passed over.
func (f *Field) collect(v doc.Value, values []any) []any {
	switch v.Kind() {
	case doc.Array:
		v.Elements(func(_ int, e doc.Value) bool {
			if e.Kind() != doc.Array {
				values = f.collect(e, values)
			}
			return true
		})
	case doc.String:
		switch f.Type {
		case Text, Keyword:
			return append(values, string(v.Str()))
		case Date:
			if t, err := time.Parse(time.RFC3339Nano, string(v.Str())); err == nil {
				return append(values, t)
			}
		}
	case doc.Number:
		n, _ := v.Float()
		switch f.Type {
		case Number:
			return append(values, n)
		case Keyword, Text:
			return append(values, v.JSON())
		}
	case doc.Bool:
		if f.Type == Keyword {
			return append(values, v.JSON())
		}
	}
	return values
}

// field finds a field of the index by its path.
func (x *Index) field(path string) (*Field, error) {
	for i := range x.config.Fields {
		if x.config.Fields[i].Path == path {
			return &x.config.Fields[i], nil
		}
	}
	var known []string
	for _, f := range x.config.Fields {
		known = append(known, f.Path)
	}
	sort.Strings(known)
	return nil, invalid("INVALID_SEARCH", "field", "the field %.64q is not in the full-text index", path).WithHint("it has: %s", strings.Join(known, ", "))
}

// Count is how many documents are in the index.
func (x *Index) Count() (uint64, error) { return x.bleve.DocCount() }
