package fulltext

import (
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/registry"
)

// everyDocument is a word that each document has once in each of its texts, so that
// the lengths of all of them can be read: BM25 needs their average, and bleve keeps
// only the number of different words. No text has it.
const everyDocument = "\x00"

// counted is the name of an analyzer that adds it.
func counted(name string) string { return "counted_" + name }

func init() {
	for _, name := range analyzers {
		err := registry.RegisterAnalyzer(counted(name), func(config map[string]any, cache *registry.Cache) (analysis.Analyzer, error) {
			a, err := cache.AnalyzerNamed(name)
			return &countedAnalyzer{a}, err
		})
		if err != nil {
			panic(err) // two analyzers of one name
		}
	}
}

type countedAnalyzer struct{ analysis.Analyzer }

// Analyze implements analysis.Analyzer.
func (c *countedAnalyzer) Analyze(text []byte) analysis.TokenStream {
	tokens := c.Analyzer.Analyze(text)
	return append(tokens, &analysis.Token{Term: []byte(everyDocument), Start: 0, End: 0, Position: 1 << 30, Type: analysis.AlphaNumeric})
}
