package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/tidwall/gjson"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/document/pipeline"
	"github.com/weftdb/weft/document/update"
	"github.com/weftdb/weft/internal/dberr"
)

func pathEscape(s string) string { return url.PathEscape(s) }

// documentQueryFields are the fields of POST …/query.
var documentQueryFields = []string{"filter", "limit", "skip", "sort", "cursor", "projection", "explain"}

// queryDocuments takes {"filter","limit"?,"skip"?,"sort"?,"cursor"?,"projection"?,"explain"?}.
func (s *Server) queryDocuments(c echo.Context) error {
	if _, err := queryParams(c, []string{"database"}); err != nil {
		return err
	}
	in, err := s.readFields(c, documentQueryFields...)
	if err != nil {
		return err
	}
	q, err := in.query()
	if err != nil {
		return err
	}
	explain, err := in.flag("explain", false)
	if err != nil {
		return err
	}
	return s.answerQuery(c, q, explain)
}

func (f fields) query() (q document.Query, err error) {
	if q.Filter, err = f.filter("filter"); err != nil {
		return q, err
	}
	if q.Limit, err = f.limit(document.MaxLimit); err != nil {
		return q, err
	}
	if q.Skip, err = f.whole("skip"); err != nil {
		return q, err
	}
	if q.Cursor, err = f.text("cursor"); err != nil {
		return q, err
	}
	if q.Sort, err = parseSort(f.Field("sort")); err != nil {
		return q, err
	}
	if p := f.Field("projection"); p.Exists() && p.Kind() != doc.Null {
		q.Projection, err = document.ParseProjection(p)
	}
	return q, err
}

// filter is a field that holds a filter, nil where there is none.
func (f fields) filter(name string) (*match.Filter, error) {
	v, err := f.object(name)
	if err != nil || !v.Exists() {
		return nil, err
	}
	return match.Compile(v)
}

// parseSort takes {"field","ascending"?}, an array of those, or {"name": 1, …}.
func parseSort(v doc.Value) (list []document.SortField, err error) {
	switch v.Kind() {
	case doc.Missing, doc.Null:
		return nil, nil
	case doc.Array:
		v.Elements(func(_ int, e doc.Value) bool {
			var part []document.SortField
			part, err = parseSort(e)
			list = append(list, part...)
			return err == nil
		})
		return list, err
	case doc.Object:
	default:
		return nil, wantField("sort", "an object or an array", v)
	}
	if f := v.Field("field"); f.Kind() == doc.String && (v.Len() == 1 || v.Len() == 2 && v.Field("ascending").Kind() == doc.Bool) {
		return []document.SortField{{Path: string(f.Str()), Descending: v.Len() == 2 && !v.Field("ascending").Bool()}}, nil
	}
	v.Fields(func(name []byte, d doc.Value) bool {
		n, ok := d.Float()
		if !ok || n != 1 && n != -1 {
			err = invalid("INVALID_SORT", "the direction of %q must be 1 or -1, not %s", shorten(string(name), 64), shorten(d.JSON(), 40)).WithField("sort").
				WithHint(`sort takes {"field": "name", "ascending": false} or {"name": -1}`)
			return false
		}
		list = append(list, document.SortField{Path: string(name), Descending: n < 0})
		return true
	})
	return list, err
}

func (s *Server) answerQuery(c echo.Context, q document.Query, explain bool) error {
	began := of(c).start
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	if err := store.Show(c.Request().Context(), name, q, func(page *document.Page) { buf.b = appendDocumentPage(buf.b, name, page, explain) }); err != nil {
		return err
	}
	buf.b = append(appendMS(append(buf.b, `,"execution_time_ms":`...), time.Since(began).Microseconds()), "}\n"...)
	return writeJSON(of(c), buf.b)
}

// appendDocumentPage appends the answer to a query but for how long it took, and leaves it open.
func appendDocumentPage(b []byte, collection string, page *document.Page, explain bool) []byte {
	b = append(b, `{"documents":[`...)
	for i := range page.Documents {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendDocument(b, collection, &page.Documents[i])
	}
	b = strconv.AppendInt(append(b, `],"total_scanned":`...), int64(page.Explain.Examined), 10)
	b = append(b, `,"next_cursor":`...)
	if page.Cursor != "" {
		b = appendText(b, page.Cursor)
	} else {
		b = append(b, "null"...)
	}
	if explain {
		e := page.Explain
		b = fmt.Appendf(b, `,"explain":{"plan":%q,"index":`, e.Plan)
		b = appendText(b, e.Index)
		b = fmt.Appendf(b, `,"fields_bound":%d,"ranges":%d,"reverse":%v,"sort":%q,"keys_examined":%d,"documents_examined":%d,"documents_returned":%d}`,
			e.Fields, e.Ranges, e.Reverse, e.Sort, e.Keys, e.Examined, e.Returned)
	}
	return b
}

// getCollection lists documents, as listDocuments does.
func (s *Server) getCollection(c echo.Context) error { return s.listDocuments(c) }

// listDocuments takes ?limit=&skip=&cursor=.
func (s *Server) listDocuments(c echo.Context) error {
	p, err := queryParams(c, []string{"database", "limit", "skip", "cursor", "fields"})
	if err != nil {
		return err
	}
	q := document.Query{Cursor: p.Get("cursor")}
	if q.Limit, err = intParam(p, "limit", 1, document.MaxLimit); err != nil {
		return err
	}
	if q.Skip, err = intParam(p, "skip", 0, document.MaxSkip); err != nil {
		return err
	}
	if list := p.Get("fields"); list != "" {
		var names []doc.Value
		for _, name := range strings.Split(list, ",") {
			names = append(names, doc.Of(doc.AppendString(nil, name)))
		}
		if q.Projection, err = document.ParseProjection(doc.Of(doc.AppendArray(nil, names))); err != nil {
			return err
		}
	}
	return s.answerQuery(c, q, false)
}

// aggregateDocuments takes {"pipeline","max_documents"?}.
func (s *Server) aggregateDocuments(c echo.Context) error {
	began := of(c).start
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "pipeline", "max_documents")
	if err != nil {
		return err
	}
	stages, err := in.need("pipeline")
	if err != nil {
		return err
	}
	p, err := pipeline.Compile(stages)
	if err != nil {
		return err
	}
	var o document.AggregateOptions
	if o.MaxDocuments, err = in.whole("max_documents"); err != nil {
		return err
	}
	o.MaxDocuments = min(o.MaxDocuments, maxBatch)
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	docs, n, err := store.Aggregate(c.Request().Context(), name, p, o)
	if err != nil {
		return itemError("documents", err)
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = append(b, `{"documents":[`...)
		for i, d := range docs {
			if i > 0 {
				b = append(b, ',')
			}
			b = d.AppendJSON(b)
		}
		b = fmt.Appendf(b, `],"count":%d,"out":`, n)
		if p.Out() != "" {
			b = appendText(b, p.Out())
		} else {
			b = append(b, "null"...)
		}
		return append(appendMS(append(b, `,"execution_time_ms":`...), time.Since(began).Microseconds()), '}')
	})
}

// countDocuments takes {"filter"?}.
func (s *Server) countDocuments(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "filter")
	if err != nil {
		return err
	}
	f, err := in.filter("filter")
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	n, err := store.Count(c.Request().Context(), name, f)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		return append(strconv.AppendInt(append(b, `{"count":`...), n, 10), '}')
	})
}

// change reads what POST …/update and …/find-and-modify have in common.
func (f fields) change() (ch document.Change, err error) {
	// null is refused, too: what a client computed to be nothing must not stand for all
	if v, err := f.need("filter"); err != nil {
		return ch, err
	} else if v.Kind() != doc.Object {
		return ch, wantField("filter", "an object", v)
	}
	if ch.Filter, err = f.filter("filter"); err != nil {
		return ch, err
	}
	if ch.Upsert, err = f.flag("upsert", false); err != nil {
		return ch, err
	}
	if ch.Sort, err = parseSort(f.Field("sort")); err != nil {
		return ch, err
	}
	operators, with := f.Field("update"), f.Field("replacement")
	switch {
	case f.Field("array_filters").Exists() && !operators.Exists():
		return ch, invalid("INVALID_FIELD", `"array_filters" are of an "update" with operators`).WithField("array_filters")
	case operators.Exists() && with.Exists():
		return ch, invalid("INVALID_FIELD", `the body has both "update" and "replacement"`).WithField("replacement")
	case with.Exists():
		if with.Kind() != doc.Object || update.IsOperators(with) {
			return ch, invalid("INVALID_FIELD", `"replacement" must be a document without operators`).WithField("replacement")
		}
		ch.With = with
	case operators.Exists():
		ch.Update, err = update.Compile(operators, f.Field("array_filters"))
	}
	return ch, err
}

// updateDocuments takes {"filter","update"|"replacement","multi"?=true,"upsert"?,"array_filters"?,"sort"?}.
func (s *Server) updateDocuments(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "filter", "update", "replacement", "multi", "upsert", "array_filters", "sort")
	if err != nil {
		return err
	}
	ch, err := in.change()
	if err != nil {
		return err
	}
	if ch.Update == nil && !ch.With.Exists() {
		return invalid("MISSING_FIELD", `the body needs the field "update" or "replacement"`).WithField("update")
	}
	multi, err := in.flag("multi", ch.Update != nil && ch.Sort == nil)
	if err != nil {
		return err
	}
	if multi && ch.With.Exists() {
		return invalid("INVALID_FIELD", "a replacement takes the place of one document, so multi cannot be true").WithField("multi")
	}
	ch.One = !multi
	store, name, err := s.collection(c, ch.Upsert)
	if err != nil {
		return err
	}
	out, err := store.UpdateMany(c.Request().Context(), name, ch, false)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = fmt.Appendf(b, `{"success":true,"matched":%d,"modified":%d,"upserted_id":`, out.Matched, out.Modified)
		if out.Upserted != "" {
			b = appendText(b, out.Upserted)
		} else {
			b = append(b, "null"...)
		}
		return append(appendWarnings(b, out.Warnings), '}')
	})
}

// deleteDocuments takes {"filter","multi"?=true,"sort"?}.
func (s *Server) deleteDocuments(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "filter", "multi", "sort")
	if err != nil {
		return err
	}
	ch, err := in.change()
	if err != nil {
		return err
	}
	multi, err := in.flag("multi", ch.Sort == nil)
	if err != nil {
		return err
	}
	ch.One = !multi
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	n, _, err := store.DeleteMany(c.Request().Context(), name, ch, false)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte { return fmt.Appendf(b, `{"success":true,"deleted":%d}`, n) })
}

// findAndModify takes {"filter","update"|"replacement"|"remove":true,"sort"?,"upsert"?,
// "return"?="before"|"after","array_filters"?,"projection"?}.
func (s *Server) findAndModify(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "filter", "update", "replacement", "remove", "sort", "upsert", "return", "array_filters", "projection")
	if err != nil {
		return err
	}
	ch, err := in.change()
	if err != nil {
		return err
	}
	ch.One = true
	remove, err := in.flag("remove", false)
	if err != nil {
		return err
	}
	if remove == (ch.Update != nil || ch.With.Exists()) {
		return invalid("INVALID_FIELD", `the body needs one of "update", "replacement" and "remove": true`).WithField("update")
	}
	if remove && ch.Upsert {
		return invalid("INVALID_FIELD", `what is removed cannot be made: "upsert" and "remove" are both true`).WithField("upsert")
	}
	after, err := in.text("return")
	if err != nil {
		return err
	}
	if after != "" && after != "before" && after != "after" || remove && after == "after" {
		return invalid("INVALID_FIELD", `"return" must be "before" or, of a document that stays, "after", not %q`, shorten(after, 40)).WithField("return")
	}
	var projection *document.Projection
	if p := in.Field("projection"); p.Exists() && p.Kind() != doc.Null {
		if projection, err = document.ParseProjection(p); err != nil {
			return err
		}
	}
	store, name, err := s.collection(c, ch.Upsert)
	if err != nil {
		return err
	}
	found, err := modifyOne(c, store, name, ch, remove, after == "after")
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = append(b, `{"success":true,"document":`...)
		if len(found) == 0 {
			return append(b, "null}"...)
		}
		if projection != nil {
			found[0].Value = projection.Apply(found[0].Value)
		}
		return append(appendDocument(b, name, &found[0]), '}')
	})
}

func modifyOne(c echo.Context, store *document.Store, name string, ch document.Change, remove, after bool) ([]document.Document, error) {
	if remove {
		_, gone, err := store.DeleteMany(c.Request().Context(), name, ch, true)
		return gone, err
	}
	out, err := store.UpdateMany(c.Request().Context(), name, ch, true)
	if after {
		return out.After, err
	}
	return out.Before, err
}

// batchInsertDocuments takes {"documents"}: all of them or none.
func (s *Server) batchInsertDocuments(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "documents")
	if err != nil {
		return err
	}
	list, err := in.list("documents")
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, true)
	if err != nil {
		return err
	}
	ids, warnings, err := store.InsertMany(c.Request().Context(), name, list)
	if err != nil {
		return itemError("documents", err)
	}
	return respond(c, http.StatusCreated, func(b []byte) []byte {
		b = append(b, `{"success":true,"ids":[`...)
		for i, id := range ids {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, id)
		}
		b = fmt.Appendf(b, `],"count":%d`, len(ids))
		return append(appendWarnings(b, warnings), '}')
	})
}

// itemError names the element of a list that was at fault.
func itemError(list string, err error) error {
	var item *document.ItemError
	if asItem(err, &item) {
		return inElement(list, item.Index, item.Err)
	}
	return err
}

// batchDeleteDocuments takes {"ids"}.
func (s *Server) batchDeleteDocuments(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "ids")
	if err != nil {
		return err
	}
	list, err := in.list("ids")
	if err != nil {
		return err
	}
	ids := make([]string, len(list))
	for i, v := range list {
		if v.Kind() != doc.String {
			return inElement("ids", i, wantField("id", "text", v))
		}
		ids[i] = string(v.Str())
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	n, err := store.DeleteIDs(c.Request().Context(), name, ids)
	if err != nil {
		return itemError("ids", err)
	}
	return respond(c, http.StatusOK, func(b []byte) []byte { return fmt.Appendf(b, `{"success":true,"deleted":%d}`, n) })
}

// documentPart answers with what a gjson path finds in a document.
func (s *Server) documentPart(c echo.Context, d *document.Document, path string) error {
	if path == "" || len(path) > doc.MaxPathBytes || strings.ContainsAny(path, "!@") {
		return invalid("INVALID_PATH", "the path must have 1 to %d bytes, without modifiers", doc.MaxPathBytes).WithField("path")
	}
	r := gjson.GetBytes(d.Value.AppendJSON(nil), path)
	if !r.Exists() {
		return dberr.New(dberr.ErrNotFound, "PATH_NOT_FOUND", "the document %q has nothing at %q", shorten(d.ID, 64), shorten(path, 64)).WithField("path")
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = appendText(append(b, `{"id":`...), d.ID)
		b = appendText(append(b, `,"path":`...), path)
		return append(append(append(b, `,"value":`...), r.Raw...), '}')
	})
}
