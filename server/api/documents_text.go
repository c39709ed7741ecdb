package api

import (
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
)

// setCollectionText takes {"fields":["title",{"path","type"?,"analyzer"?,"boost"?,"suggest"?}],"analyzer"?}.
func (s *Server) setCollectionText(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "fields", "analyzer")
	if err != nil {
		return err
	}
	cfg := &fulltext.Config{}
	if cfg.Analyzer, err = in.text("analyzer"); err != nil {
		return err
	}
	list, err := in.list("fields")
	if err != nil {
		return err
	}
	for i, v := range list {
		f, err := readTextField(v)
		if err != nil {
			return inElement("fields", i, err)
		}
		cfg.Fields = append(cfg.Fields, f)
	}
	store, name, err := s.collection(c, true)
	if err != nil {
		return err
	}
	if err := store.SetText(c.Request().Context(), name, cfg); err != nil {
		return err
	}
	return s.answerText(c, store, name)
}

func readTextField(v doc.Value) (f fulltext.Field, err error) {
	if v.Kind() == doc.String {
		return fulltext.Field{Path: string(v.Str())}, nil
	}
	if err := checkNames(v, []string{"path", "type", "analyzer", "boost", "suggest"}); err != nil {
		return f, err
	}
	in := fields{v}
	if f.Path, err = in.text("path"); err != nil {
		return f, err
	}
	kind, err := in.text("type")
	if err != nil {
		return f, err
	}
	f.Type = fulltext.Type(kind)
	if f.Analyzer, err = in.text("analyzer"); err != nil {
		return f, err
	}
	if boost := v.Field("boost"); boost.Exists() {
		var ok bool
		if f.Boost, ok = boost.Float(); !ok || f.Boost <= 0 {
			return f, invalid("INVALID_FIELD", `field "boost" must be a positive number, not %s`, shorten(boost.JSON(), 40)).WithField("boost")
		}
	}
	f.Suggest, err = in.flag("suggest", false)
	return f, err
}

func (s *Server) getCollectionText(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	return s.answerText(c, store, name)
}

func (s *Server) answerText(c echo.Context, store *document.Store, name string) error {
	st, err := store.Text(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = appendText(append(b, `{"collection":`...), name)
		return append(appendTextStatus(append(b, ','), &st), '}')
	})
}

// appendTextStatus appends the fields of a status.
func appendTextStatus(b []byte, st *document.TextStatus) []byte {
	b = append(b, `"fields":[`...)
	for i, f := range st.Config.Fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"path":`...), f.Path)
		b = fmt.Appendf(b, `,"type":%q,"analyzer":`, f.Type)
		b = appendText(b, f.Analyzer)
		boost := f.Boost
		if boost == 0 {
			boost = 1
		}
		b = strconv.AppendFloat(append(b, `,"boost":`...), boost, 'g', -1, 64)
		b = fmt.Appendf(b, `,"suggest":%v}`, f.Suggest)
	}
	analyzer := st.Config.Analyzer
	if analyzer == "" {
		analyzer = "en"
	}
	b = appendText(append(b, `],"analyzer":`...), analyzer)
	b = fmt.Appendf(b, `,"indexed_documents":%d,"applied_timestamp":"%d","building":%v,"error":`, st.Documents, uint64(st.Applied), st.Building)
	if st.Err == nil {
		return append(b, "null"...)
	}
	return appendText(b, "the index does not get on; rebuild it")
}

func (s *Server) dropCollectionText(c echo.Context) error {
	return s.changeText(c, func(store *document.Store, name string) error {
		if _, err := store.Text(c.Request().Context(), name); err != nil {
			return err
		}
		return store.SetText(c.Request().Context(), name, nil)
	})
}

func (s *Server) rebuildCollectionText(c echo.Context) error {
	return s.changeText(c, func(store *document.Store, name string) error {
		return store.RebuildText(c.Request().Context(), name)
	})
}

func (s *Server) changeText(c echo.Context, fn func(store *document.Store, name string) error) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	if err := fn(store, name); err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		return append(appendText(append(b, `{"success":true,"collection":`...), name), '}')
	})
}

// searchRequest reads what the searches have in common: {"query","limit"|"k"?=10,
// "sort"?,"offset"?|"cursor"?,"highlight"?,"facets"?,"consistency"?}.
func (f fields) searchRequest(limit string) (q document.Search, err error) {
	q.Query = f.Field("query")
	if q.Limit, err = f.whole(limit); err != nil {
		return q, err
	}
	switch {
	case q.Limit > 0:
	case f.Field(limit).Kind() == doc.Number:
		return q, invalid("INVALID_LIMIT", "a search gives 1 to 1000 hits, not 0").WithField(limit)
	default:
		q.Limit = 10
	}
	if q.Limit > 1000 {
		return q, invalid("INVALID_LIMIT", "a search gives at most 1000 hits, not %d", q.Limit).WithField(limit)
	}
	if q.Offset, err = f.whole("offset"); err != nil {
		return q, err
	}
	if q.Cursor, err = f.text("cursor"); err != nil {
		return q, err
	}
	if q.Sort, err = fulltext.ParseSort(f.Field("sort")); err != nil {
		return q, err
	}
	if q.Highlight, err = f.flag("highlight", false); err != nil {
		return q, err
	}
	switch v, err := f.text("consistency"); {
	case err != nil:
		return q, err
	case v == "strong":
		q.Strong = true
	case v != "" && v != "eventual":
		return q, invalid("INVALID_FIELD", `"consistency" must be "strong" or "eventual", not %q`, shorten(v, 40)).WithField("consistency")
	}
	facets, err := f.object("facets")
	if err != nil {
		return q, err
	}
	facets.Fields(func(name []byte, v doc.Value) bool {
		facet := fulltext.Facet{Name: string(name), Field: string(v.Str())}
		switch v.Kind() {
		case doc.String:
		case doc.Object:
			if err = checkNames(v, []string{"field", "size"}); err != nil {
				return false
			}
			if facet.Field, err = (fields{v}).text("field"); err == nil {
				facet.Size, err = fields{v}.whole("size")
			}
		default:
			err = wantField("facets."+shorten(string(name), 64), `a field, or {"field","size"}`, v)
		}
		q.Facets = append(q.Facets, facet)
		return err == nil
	})
	return q, err
}

// searchDocuments takes a query, and filters by what documents are now.
func (s *Server) searchDocuments(c echo.Context) error {
	began := of(c).start
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "query", "limit", "sort", "offset", "cursor", "highlight", "facets", "consistency", "filter", "projection")
	if err != nil {
		return err
	}
	q, err := in.searchRequest("limit")
	if err != nil {
		return err
	}
	if q.Filter, err = in.filter("filter"); err != nil {
		return err
	}
	if p := in.Field("projection"); p.Exists() && p.Kind() != doc.Null {
		if q.Projection, err = document.ParseProjection(p); err != nil {
			return err
		}
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	page, err := store.Search(c.Request().Context(), name, q)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = append(appendTotal(append(b, '{'), page.Total), `,"hits":[`...)
		for i := range page.Hits {
			if i > 0 {
				b = append(b, ',')
			}
			h := &page.Hits[i]
			b = appendText(append(b, `{"id":`...), h.ID)
			b = strconv.AppendFloat(append(b, `,"score":`...), h.Score, 'g', 8, 64)
			b = h.Value.AppendJSON(append(b, `,"data":`...))
			b = append(appendFragments(b, h.Fragments), '}')
		}
		b = appendFacets(append(b, ']'), page.Facets)
		b = appendNextCursor(b, page.Cursor)
		b = fmt.Appendf(b, `,"applied_timestamp":"%d"`, uint64(page.Applied))
		return append(appendMS(append(b, `,"execution_time_ms":`...), time.Since(began).Microseconds()), '}')
	})
}

// appendTotal appends how many were found, null where that is not known.
func appendTotal(b []byte, total int) []byte {
	if total < 0 {
		return append(b, `"total":null`...)
	}
	return fmt.Appendf(b, `"total":%d`, total)
}

// appendNextCursor appends the cursor of the next page, null after the last.
func appendNextCursor(b []byte, cursor string) []byte {
	if cursor == "" {
		return append(b, `,"next_cursor":null`...)
	}
	return appendText(append(b, `,"next_cursor":`...), cursor)
}

func appendFragments(b []byte, fragments map[string][]string) []byte {
	if fragments == nil {
		return b
	}
	b = append(b, `,"highlights":{`...)
	for i, name := range sortedKeys(fragments) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, name), ":["...)
		for j, f := range fragments[name] {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendText(b, f)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func appendFacets(b []byte, facets map[string][]fulltext.FacetValue) []byte {
	if facets == nil {
		return b
	}
	b = append(b, `,"facets":{`...)
	for i, name := range sortedKeys(facets) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, name), ":["...)
		for j, f := range facets[name] {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendText(append(b, `{"value":`...), f.Value)
			b = fmt.Appendf(b, `,"count":%d}`, f.Count)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}
