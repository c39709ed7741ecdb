package fulltext

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"github.com/blevesearch/bleve/v2/registry"
	index "github.com/blevesearch/bleve_index_api"
)

// The limits of suggestions.
const (
	MaxSuggestions  = 100
	MaxSuggestWords = 32     // of a text that is corrected
	maxTerms        = 50_000 // words of the index that one word is held against
	maxVerified     = 500    // words whose documents are counted
)

// wordsAnalyzer makes words as they are written, in small letters: what can be suggested,
// where a language's analyzer has only their stems.
const wordsAnalyzer = "weft_words"

// wordsOf is the field of the index that has the words of a text.
func wordsOf(path string) string { return path + "\x1fwords" }

func init() {
	err := registry.RegisterAnalyzer(wordsAnalyzer, func(_ map[string]any, cache *registry.Cache) (analysis.Analyzer, error) {
		tokens, err := cache.TokenizerNamed(unicode.Name)
		if err != nil {
			return nil, err
		}
		lower, err := cache.TokenFilterNamed(lowercase.Name)
		return &analysis.DefaultAnalyzer{Tokenizer: tokens, TokenFilters: []analysis.TokenFilter{lower}}, err
	})
	if err != nil {
		panic(err) // two analyzers of one name
	}
}

// Suggested is a word or keyword of the index.
type Suggested struct {
	Text      string
	Documents uint64 // that have it
	Distance  int    // letters by which it differs, of a correction
}

// Complete gives the words of a field, or of all texts with suggestions, that begin
// as the last word of a text does, those of most documents first, with what stands
// before it. Keywords are completed as a whole.
func (x *Index) Complete(ctx context.Context, text, field string, limit int) ([]Suggested, error) {
	fields, err := x.suggestFields(text, field, limit)
	if err != nil {
		return nil, err
	}
	r, err := x.reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var before, prefix string
	if len(fields) == 1 && fields[0].keyword {
		prefix = text
	} else if before, prefix = lastWord(text); prefix == "" {
		return nil, nil
	}
	terms := map[string]uint64{}
	for _, f := range fields {
		d, err := r.FieldDictPrefix(f.name, []byte(prefix))
		if err != nil {
			return nil, fmt.Errorf("read the words of %q: %w", field, err)
		}
		if err := gather(ctx, d, func(e *index.DictEntry) { terms[e.Term] += e.Count }); err != nil {
			return nil, err
		}
	}
	list := make([]Suggested, 0, len(terms))
	for t, n := range terms {
		if t != everyDocument {
			list = append(list, Suggested{Text: t, Documents: n})
		}
	}
	if list, err = verified(ctx, r, fields, list, limit); err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Text = before + list[i].Text
	}
	return list, nil
}

// Correction is what may have been meant.
type Correction struct {
	Text    string // with the best word in place of each that is unknown
	Changed bool
	Words   []CorrectedWord // those that the index does not have
}

// CorrectedWord is a word of a text that the index does not have.
type CorrectedWord struct {
	Word        string
	Offset      int         // in bytes of the text
	Suggestions []Suggested // the closest first
}

// Correct gives for each word of a text that no document has those that differ by
// few letters: one for words of up to five letters, else two.
func (x *Index) Correct(ctx context.Context, text, field string, limit int) (Correction, error) {
	out := Correction{}
	fields, err := x.suggestFields(text, field, limit)
	if err != nil {
		return out, err
	}
	r, err := x.reader()
	if err != nil {
		return out, err
	}
	defer r.Close()
	tokens := x.bleve.Mapping().AnalyzerNamed(wordsAnalyzer).Analyze([]byte(text))
	if len(tokens) > MaxSuggestWords {
		return out, bad("text", "a text that is corrected has at most %d words, not %d", MaxSuggestWords, len(tokens))
	}
	var b strings.Builder
	done := 0
	for _, tok := range tokens {
		word := string(tok.Term)
		known, err := documents(ctx, r, fields, word)
		if err != nil {
			return out, err
		}
		if known > 0 {
			continue
		}
		w := CorrectedWord{Word: text[tok.Start:tok.End], Offset: tok.Start}
		if w.Suggestions, err = similar(ctx, r, fields, word, limit); err != nil {
			return out, err
		}
		if len(w.Suggestions) > 0 {
			b.WriteString(text[done:tok.Start])
			b.WriteString(w.Suggestions[0].Text)
			done, out.Changed = tok.End, true
		}
		out.Words = append(out.Words, w)
	}
	b.WriteString(text[done:])
	out.Text = b.String()
	return out, nil
}

// suggestField is a field of the index whose words are suggested.
type suggestField struct {
	name    string
	keyword bool
}

// suggestFields is the field named, or all texts that have suggestions.
func (x *Index) suggestFields(text, path string, limit int) (list []suggestField, err error) {
	switch {
	case len(text) > 1024 || !utf8.ValidString(text):
		return nil, bad("text", "a text to suggest for is Unicode of at most 1024 bytes")
	case limit < 1 || limit > MaxSuggestions:
		return nil, bad("limit", "there are 1 to %d suggestions, not %d", MaxSuggestions, limit)
	}
	for i := range x.config.Fields {
		f := &x.config.Fields[i]
		if path == "" && f.Suggest {
			list = append(list, suggestField{wordsOf(f.Path), false})
		}
	}
	if path == "" && len(list) == 0 {
		return nil, bad("field", "no text of the full-text index has suggestions").WithHint(`set "suggest": true at a field of type text, or name a field of type keyword`)
	}
	if path == "" {
		return list, nil
	}
	f, err := x.field(path)
	switch {
	case err != nil:
		return nil, err
	case f.Type == Keyword:
		return []suggestField{{f.Path, true}}, nil
	case f.Suggest:
		return []suggestField{{wordsOf(f.Path), false}}, nil
	}
	return nil, bad("field", "the field %.64q of type %s has no suggestions", path, f.Type).WithHint(`set "suggest": true at a field of type text`)
}

func (x *Index) reader() (index.IndexReader, error) {
	a, err := x.bleve.Advanced()
	if err != nil {
		return nil, err
	}
	return a.Reader()
}

// lastWord cuts a text before its last word, which is given in small letters; it is
// empty where the text ends between words.
func lastWord(text string) (before, word string) {
	at := strings.LastIndexFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n.,;:!?\"'()[]{}/|", r) })
	if at >= 0 {
		_, n := utf8.DecodeRuneInString(text[at:])
		at += n
	}
	at = max(at, 0)
	return text[:at], strings.ToLower(text[at:])
}

// gather reads the words of a dictionary, as far as the limit goes.
func gather(ctx context.Context, d index.FieldDict, fn func(*index.DictEntry)) (err error) {
	defer func() {
		if e := d.Close(); err == nil {
			err = e
		}
	}()
	for n := 0; n < maxTerms; n++ {
		e, err := d.Next()
		if err != nil || e == nil {
			return err
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return canceled(ctx)
		}
		fn(e)
	}
	return nil
}

// similar gives the words close to one that is unknown.
func similar(ctx context.Context, r index.IndexReader, fields []suggestField, word string, limit int) ([]Suggested, error) {
	fuzzy, ok := r.(index.IndexReaderFuzzy)
	if !ok {
		return nil, fmt.Errorf("the index %T has no fuzzy dictionary", r)
	}
	distance := 1
	if utf8.RuneCountInString(word) > 5 {
		distance = 2
	}
	found := map[string]int{}
	for _, f := range fields {
		d, err := fuzzy.FieldDictFuzzy(f.name, word, distance, "")
		if err != nil {
			return nil, fmt.Errorf("look for words close to %q: %w", word, err)
		}
		if err := gather(ctx, d, func(e *index.DictEntry) { found[e.Term] = editDistance(word, e.Term) }); err != nil {
			return nil, err
		}
	}
	list := make([]Suggested, 0, len(found))
	for t, n := range found {
		if t != everyDocument {
			list = append(list, Suggested{Text: t, Distance: n})
		}
	}
	return verified(ctx, r, fields, list, limit)
}

// verified keeps the words that documents have now, since a dictionary may have those
// of documents that are gone: the closest first, then those of most documents.
func verified(ctx context.Context, r index.IndexReader, fields []suggestField, list []Suggested, limit int) ([]Suggested, error) {
	sort := func() {
		slices.SortFunc(list, func(a, b Suggested) int {
			return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(b.Documents, a.Documents), strings.Compare(a.Text, b.Text))
		})
	}
	sort()
	list = list[:min(len(list), max(maxVerified, limit))]
	for i := range list {
		var err error
		if list[i].Documents, err = documents(ctx, r, fields, list[i].Text); err != nil {
			return nil, err
		}
	}
	list = slices.DeleteFunc(list, func(s Suggested) bool { return s.Documents == 0 })
	sort()
	return list[:min(len(list), limit)], nil
}

// documents is how many documents have a word, where several fields are, in that of
// them where it is most frequent.
func documents(ctx context.Context, r index.IndexReader, fields []suggestField, word string) (most uint64, err error) {
	for _, f := range fields {
		p, err := r.TermFieldReader(ctx, []byte(word), f.name, false, false, false)
		if err != nil {
			return 0, err
		}
		most = max(most, p.Count())
		if err := p.Close(); err != nil {
			return 0, err
		}
	}
	return most, nil
}

// editDistance is Levenshtein's, in characters.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		last := row[0]
		row[0] = i + 1
		for j := range y {
			next := last
			if x[i] != y[j] {
				next = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], next
		}
	}
	return row[len(y)]
}
