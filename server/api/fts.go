package api

import (
	"fmt"
	"net/http"
	"strconv"

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
	g.POST("/documents/collections/:name/suggest", s.suggestWords)

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
	g.POST("/fts/indexes/:name/suggest", s.suggestTexts)
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

// createText takes {"name","analyzer"?,"suggest"?=false}.
func (s *Server) createText(c echo.Context) error {
	in, err := s.readFields(c, "name", "analyzer", "suggest")
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
	suggest, err := in.flag("suggest", false)
	if err != nil {
		return err
	}
	t, _, err := s.texts(c, true)
	if err != nil {
		return err
	}
	if err := t.Create(c.Request().Context(), name, analyzer, suggest); err != nil {
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

// searchTexts takes {"query","k"?=10,"filter"?,"sort"?,"offset"?|"cursor"?,"highlight"?,
// "consistency"?}; the filter has metadata that must be equal.
func (s *Server) searchTexts(c echo.Context) error {
	in, err := s.readFields(c, "query", "k", "filter", "sort", "offset", "cursor", "highlight", "consistency")
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
		b = fmt.Appendf(b, `],"count":%d,`, len(page.Hits))
		return append(appendNextCursor(appendTotal(b, page.Total), page.Cursor), '}')
	})
}

// suggestTexts takes {"text","mode"?="complete"|"correct","limit"?=10}.
func (s *Server) suggestTexts(c echo.Context) error {
	in, err := s.readFields(c, "text", "mode", "limit")
	if err != nil {
		return err
	}
	q, err := in.suggestRequest()
	if err != nil {
		return err
	}
	t, name, err := s.texts(c, false)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	return q.answer(c,
		func() ([]fulltext.Suggested, error) { return t.Complete(ctx, name, q.text, q.limit) },
		func() (fulltext.Correction, error) { return t.Correct(ctx, name, q.text, q.limit) })
}
