package fn

import (
	_ "embed"
	"strings"

	"github.com/weftdb/weft/query/sqltype"
)

//go:embed keywords.txt
var keywordText string

// registerKeywords adds pg_get_keywords, from which tools learn what they must quote.
func registerKeywords(t *tables) {
	about := map[string]string{"U": "unreserved", "C": "unreserved (cannot be function or type name)", "T": "reserved (can be function or type name)", "R": "reserved",
		"b": "can be bare label", "r": "requires AS"}
	text := func(s string) sqltype.Datum { return sqltype.Datum{Str: s} }
	t.set("pg_get_keywords() record", "word text,catcode text,barelabel bool,catdesc text,baredesc text", func(*call) (SetIter, error) {
		l := &listed{}
		for line := range strings.Lines(keywordText) {
			f := strings.Fields(line)
			if f[0] == "#" {
				continue
			}
			bare := sqltype.Datum{}
			if f[2] == "b" {
				bare.Int = 1
			}
			l.rows = append(l.rows, []sqltype.Datum{text(f[0]), text(f[1]), bare, text(about[f[1]]), text(about[f[2]])})
		}
		return l, nil
	})
}
