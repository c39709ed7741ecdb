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
	"github.com/weftdb/weft/internal/dberr"
)

// bindText binds the full-text indexes of collections and those that stand alone.
func (s *Server) bindText(g *echo.Group) {
	g.PUT("/documents/collections/:name/text", s.setCollectionText)
	get(g, "/documents/collections/:name/text", s.getCollectionText)
	g.DELETE("/documents/collections/:name/text", s.dropCollectionText)
	g.POST("/documents/collections/:name/text/rebuild", s.rebuildCollectionText)
	g.POST("/documents/collections/:name/search", s.searchDocuments)

	get(g, "/fts/indexes", s.listTexts)
	g.POST("/fts/indexes", s.createText)
	get(g, "/fts/indexes/:name", s.getTextIndex)
	g.DELETE("/fts/indexes/:name", s.dropText)
	g.POST("/fts/indexes/:name/rebuild", s.rebuildText)
	g.POST("/fts/indexes/:name/documents", s.putText)
	g.POST("/fts/indexes/:name/batch", s.putTexts)
	get(g, "/fts/indexes/:name/documents/:id", s.getText)
	g.DELETE("/fts/indexes/:name/documents/:id", s.deleteText)
	g.POST("/fts/indexes/:name/search", s.searchTexts)
}

// setCollectionText takes {"fields":["title",{"path","type"?,"analyzer"?,"boost"?}],"analyzer"?}.
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
	if err := checkNames(v, []string{"path", "type", "analyzer", "boost"}); err != nil {
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
			return f, wantField("boost", "a positive number", boost)
		}
	}
	return f, nil
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
		b = append(strconv.AppendFloat(append(b, `,"boost":`...), boost, 'g', -1, 64), '}')
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
// "offset"?,"highlight"?,"facets"?,"consistency"?}.
func (f fields) searchRequest(limit string) (q document.Search, err error) {
	q.Query = f.Field("query")
	if q.Limit, err = f.whole(limit); err != nil {
		return q, err
	}
	if q.Limit == 0 {
		q.Limit = 10
	}
	if q.Limit > 1000 {
		return q, invalid("INVALID_LIMIT", "a search gives at most 1000 hits, not %d", q.Limit).WithField(limit)
	}
	if q.Offset, err = f.whole("offset"); err != nil {
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
		if v.Kind() == doc.Object {
			if err = checkNames(v, []string{"field", "size"}); err != nil {
				return false
			}
			facet.Field = string(v.Field("field").Str())
			facet.Size, err = fields{v}.whole("size")
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
	in, err := s.readFields(c, "query", "limit", "offset", "highlight", "facets", "consistency", "filter", "projection")
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
	if p := in.Field("projection"); p.Exists() {
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
		b = fmt.Appendf(b, `{"total":%d,"hits":[`, page.Total)
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
		b = fmt.Appendf(b, `,"applied_timestamp":"%d"`, uint64(page.Applied))
		return append(appendMS(append(b, `,"execution_time_ms":`...), time.Since(began).Microseconds()), '}')
	})
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

// texts is the model of the indexes that stand alone, and the name in the path.
func (s *Server) texts(c echo.Context, create bool) (*document.Texts, string, error) {
	database, err := databaseParam(c)
	if err != nil {
		return nil, "", err
	}
	store, err := s.documents(c, database, create)
	if err != nil {
		return nil, "", err
	}
	name, err := pathParam(c, "name")
	return store.Texts(), name, err
}

func (s *Server) listTexts(c echo.Context) error {
	t, _, err := s.texts(c, false)
	if err != nil {
		return err
	}
	names, err := t.List(c.Request().Context())
	if err != nil {
		return err
	}
	if names == nil {
		names = []string{}
	}
	return c.JSON(http.StatusOK, map[string]any{"indexes": names})
}

// createText takes {"name","analyzer"?}.
func (s *Server) createText(c echo.Context) error {
	in, err := s.readFields(c, "name", "analyzer")
	if err != nil {
		return err
	}
	name, err := in.text("name")
	if err != nil {
		return err
	}
	if name == "" {
		return invalid("MISSING_FIELD", `the body needs the field "name"`).WithField("name")
	}
	analyzer, err := in.text("analyzer")
	if err != nil {
		return err
	}
	t, _, err := s.texts(c, true)
	if err != nil {
		return err
	}
	if err := t.Create(c.Request().Context(), name, analyzer); err != nil {
		return err
	}
	return respond(c, http.StatusCreated, func(b []byte) []byte {
		return append(appendText(append(b, `{"success":true,"name":`...), name), '}')
	})
}

func (s *Server) getTextIndex(c echo.Context) error {
	t, name, err := s.texts(c, false)
	if err != nil {
		return err
	}
	st, n, err := t.Status(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = appendText(append(b, `{"name":`...), name)
		b = fmt.Appendf(b, `,"document_count":%d,`, n)
		return append(appendTextStatus(b, &st), '}')
	})
}

func (s *Server) dropText(c echo.Context) error {
	t, name, err := s.texts(c, false)
	if err != nil {
		return err
	}
	if err := t.Drop(c.Request().Context(), name); err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte { return append(b, `{"success":true}`...) })
}

func (s *Server) rebuildText(c echo.Context) error {
	t, name, err := s.texts(c, false)
	if err != nil {
		return err
	}
	if err := t.Rebuild(c.Request().Context(), name); err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte { return append(b, `{"success":true}`...) })
}

// readItem reads {"id","text","metadata"?}.
func readItem(v doc.Value) (item document.Item, err error) {
	if err := checkNames(v, []string{"id", "text", "metadata"}); err != nil {
		return item, err
	}
	in := fields{v}
	for field, to := range map[string]*string{"id": &item.ID, "text": &item.Text} {
		value, err := in.need(field)
		if err != nil {
			return item, err
		}
		if value.Kind() != doc.String {
			return item, wantField(field, "text", value)
		}
		*to = string(value.Str())
	}
	item.Metadata, err = in.object("metadata")
	return item, err
}

func (s *Server) putText(c echo.Context) error {
	in, err := s.readFields(c, "id", "text", "metadata")
	if err != nil {
		return err
	}
	item, err := readItem(in.Value)
	if err != nil {
		return err
	}
	t, name, err := s.texts(c, false)
	if err != nil {
		return err
	}
	if err := t.Put(c.Request().Context(), name, []document.Item{item}); err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		return append(appendText(append(b, `{"success":true,"id":`...), item.ID), '}')
	})
}

// putTexts takes {"documents":[…]}: all of them or none.
func (s *Server) putTexts(c echo.Context) error {
	in, err := s.readFields(c, "documents")
	if err != nil {
		return err
	}
	list, err := in.list("documents")
	if err != nil {
		return err
	}
	items := make([]document.Item, len(list))
	for i, v := range list {
		if items[i], err = readItem(v); err != nil {
			return inElement("documents", i, err)
		}
	}
	t, name, err := s.texts(c, false)
	if err != nil {
		return err
	}
	if err := t.Put(c.Request().Context(), name, items); err != nil {
		return itemError("documents", err)
	}
	return respond(c, http.StatusOK, func(b []byte) []byte { return fmt.Appendf(b, `{"success":true,"count":%d}`, len(items)) })
}

func appendItem(b []byte, item *document.Item) []byte {
	b = appendText(append(b, `{"id":`...), item.ID)
	b = appendText(append(b, `,"text":`...), item.Text)
	return append(item.Metadata.AppendJSON(append(b, `,"metadata":`...)), '}')
}

func (s *Server) getText(c echo.Context) error {
	t, name, err := s.texts(c, false)
	if err != nil {
		return err
	}
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	item, ok, err := t.Get(c.Request().Context(), name, id)
	if err != nil {
		return err
	}
	if !ok {
		return noText(name, id)
	}
	return respond(c, http.StatusOK, func(b []byte) []byte { return appendItem(b, &item) })
}

func noText(name, id string) error {
	return dberr.New(dberr.ErrNotFound, "DOCUMENT_NOT_FOUND", "the full-text index %q has no document %q", shorten(name, 64), shorten(id, 64)).WithField("id")
}

func (s *Server) deleteText(c echo.Context) error {
	t, name, err := s.texts(c, false)
	if err != nil {
		return err
	}
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	existed, err := t.Delete(c.Request().Context(), name, id)
	if err != nil {
		return err
	}
	if !existed {
		return noText(name, id)
	}
	return respond(c, http.StatusOK, func(b []byte) []byte { return append(b, `{"success":true}`...) })
}

// searchTexts takes {"query","k"?=10,"filter"?,"offset"?,"highlight"?,"consistency"?};
// the filter has metadata that must be equal.
func (s *Server) searchTexts(c echo.Context) error {
	in, err := s.readFields(c, "query", "k", "filter", "offset", "highlight", "consistency")
	if err != nil {
		return err
	}
	q, err := in.searchRequest("k")
	if err != nil {
		return err
	}
	metadata, err := in.object("filter")
	if err != nil {
		return err
	}
	t, name, err := s.texts(c, false)
	if err != nil {
		return err
	}
	page, err := t.Search(c.Request().Context(), name, q, metadata)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = append(b, `{"hits":[`...)
		for i := range page.Hits {
			if i > 0 {
				b = append(b, ',')
			}
			h := &page.Hits[i]
			item := h.ItemOf()
			b = appendText(append(b, `{"id":`...), item.ID)
			b = strconv.AppendFloat(append(b, `,"score":`...), h.Score, 'g', 8, 64)
			b = item.Metadata.AppendJSON(append(b, `,"metadata":`...))
			b = append(appendFragments(b, h.Fragments), '}')
		}
		return fmt.Appendf(b, `],"count":%d,"total":%d}`, len(page.Hits), page.Total)
	})
}
