package streamtable

import (
	"errors"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/streaming"
)

// Predicate is a condition over rows.
type Predicate interface {
	// Slots are the columns that it looks at.
	Slots() []int
	// Holds reports whether it is true of a row; an error is the row's. Safe for
	// concurrent use.
	Holds(row []sqltype.Datum) (bool, error)
}

// keepFilters is how many predicates are kept compiled: a group asks for its own at every
// pull.
const keepFilters = 256

// Filters is the language of streaming.Options.SQL: an expression over the columns of
// stream.<channel>, by name or by message.<name>, that compile reads. A message of which it
// cannot be told, since it fails there, is not wanted, as one of which it is NULL.
func Filters[P Predicate](compile func(t *catalog.Table, text, what string) (P, error)) func(text string) (func(*streaming.Message) bool, error) {
	t := *New(nil).table(keyspace.DatabaseID(0), &streaming.Channel{Name: "message"})
	t.External, t.Indexes = nil, nil
	var mu sync.Mutex
	known := map[string]func(*streaming.Message) bool{}
	return func(text string) (func(*streaming.Message) bool, error) {
		mu.Lock()
		defer mu.Unlock()
		if wants, ok := known[text]; ok {
			return wants, nil
		}
		p, err := compile(&t, text, "filter")
		if err != nil {
			var e *dberr.Error
			if errors.As(err, &e) {
				e.Text, err = text, e.WithField("where")
			}
			return nil, err
		}
		if len(known) >= keepFilters {
			clear(known)
		}
		known[text] = wanted(p)
		return known[text], nil
	}
}

// wanted asks a predicate of messages.
func wanted(p Predicate) func(*streaming.Message) bool {
	data := false
	for _, i := range p.Slots() {
		data = data || i == colData || i == colRaw
	}
	return func(m *streaming.Message) bool {
		var row [numCols]sqltype.Datum
		if err := fill(&row, m, data); err != nil {
			return false
		}
		ok, err := p.Holds(row[:])
		return ok && err == nil
	}
}
