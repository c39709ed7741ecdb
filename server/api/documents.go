package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/update"
	"github.com/weftdb/weft/internal/dberr"
)

// bindDocuments binds the document model.
func (s *Server) bindDocuments(g *echo.Group) {
	get(g, "/documents/collections", s.listCollections)
	g.POST("/documents/collections", s.createCollection)
	get(g, "/documents/collections/:name", s.getCollection)
	g.PATCH("/documents/collections/:name", s.alterCollection)
	g.DELETE("/documents/collections/:name", s.dropCollection)
	get(g, "/documents/collections/:name/stats", s.collectionStats)
	get(g, "/documents/collections/:name/export", s.exportCollection)

	get(g, "/documents/collections/:name/documents", s.listDocuments)
	g.POST("/documents/collections/:name/documents", s.insertDocument)
	get(g, "/documents/collections/:name/documents/:id", s.getDocument)
	g.PUT("/documents/collections/:name/documents/:id", s.putDocument)
	g.PATCH("/documents/collections/:name/documents/:id", s.patchDocument)
	g.DELETE("/documents/collections/:name/documents/:id", s.deleteDocument)

	g.POST("/documents/collections/:name/query", s.queryDocuments)
	g.POST("/documents/:name/query", s.queryDocuments)
	g.POST("/documents/collections/:name/aggregate", s.aggregateDocuments)
	g.POST("/documents/collections/:name/count", s.countDocuments)
	g.POST("/documents/collections/:name/update", s.updateDocuments)
	g.POST("/documents/collections/:name/delete", s.deleteDocuments)
	g.POST("/documents/collections/:name/find-and-modify", s.findAndModify)
	g.POST("/documents/collections/:name/batch-insert", s.batchInsertDocuments)
	g.POST("/documents/collections/:name/batch-delete", s.batchDeleteDocuments)
	g.POST("/import/documents", s.importDocuments)

	get(g, "/documents/collections/:name/indexes", s.listDocumentIndexes)
	g.POST("/documents/collections/:name/indexes", s.createDocumentIndex)
	g.DELETE("/documents/collections/:name/indexes/:index", s.dropDocumentIndex)
}

// collection is the model and the name of the collection in the path.
func (s *Server) collection(c echo.Context, create bool) (store *document.Store, name string, err error) {
	if name, err = pathParam(c, "name"); err != nil {
		return nil, "", err
	}
	store, err = s.documents(c, c.QueryParam("database"), create)
	return store, name, err
}

func (s *Server) documents(c echo.Context, database string, create bool) (*document.Store, error) {
	db, err := s.db(of(c))
	if err != nil {
		return nil, err
	}
	return db.Documents(c.Request().Context(), database, create)
}

// readDocument reads a body of JSON in any media type that says so.
func (s *Server) readDocument(c echo.Context) (doc.Value, error) {
	buf := getBuffer()
	defer putBuffer(buf)
	var err error
	if buf.b, err = s.readWhole(of(c), buf.b, s.opts.BodyBytes); err != nil {
		return doc.Value{}, err
	}
	return doc.Parse(buf.b)
}

// fields is the body of a request as an object whose fields are all known.
type fields struct{ doc.Value }

func (s *Server) readFields(c echo.Context, known ...string) (fields, error) {
	buf := getBuffer()
	defer putBuffer(buf)
	var err error
	if buf.b, err = s.readBody(of(c), buf.b); err != nil {
		return fields{}, err
	}
	parse := doc.Parse
	if slices.Contains(known, "filter") || slices.Contains(known, "partial") || slices.Contains(known, "pipeline") {
		parse = doc.ParseUnique // no condition is passed over
	}
	v, err := parse(buf.b)
	if err == nil && slices.Contains(known, "update") && v.Field("update").Exists() {
		v, err = doc.ParseUnique(buf.b)
	}
	if err != nil {
		return fields{}, err
	}
	return fields{v}, checkNames(v, known)
}

// checkNames holds that v is an object whose fields are all known.
func checkNames(v doc.Value, known []string) error {
	if v.Kind() != doc.Object {
		return invalid("INVALID_JSON", "the body must be a JSON object, not %s", v.Kind())
	}
	var err error
	v.Fields(func(name []byte, _ doc.Value) bool {
		if !slices.Contains(known, string(name)) {
			err = invalid("UNKNOWN_FIELD", "unknown field %q", shorten(string(name), 64)).WithField(shorten(string(name), 64)).WithHint("known: %s", quoted(known))
		}
		return err == nil
	})
	return err
}

// text is a field that must be text where it is there.
func (f fields) text(name string) (string, error) {
	v := f.Field(name)
	switch v.Kind() {
	case doc.Missing, doc.Null:
		return "", nil
	case doc.String:
		return string(v.Str()), nil
	}
	return "", wantField(name, "text", v)
}

func wantField(name, what string, v doc.Value) error {
	return invalid("INVALID_FIELD", "field %q must be %s, not %s", name, what, v.Kind()).WithField(name)
}

// flag is a field that must be a boolean where it is there.
func (f fields) flag(name string, otherwise bool) (bool, error) {
	v := f.Field(name)
	switch v.Kind() {
	case doc.Missing, doc.Null:
		return otherwise, nil
	case doc.Bool:
		return v.Bool(), nil
	}
	return false, wantField(name, "true or false", v)
}

// whole is a field that must be a whole number where it is there.
func (f fields) whole(name string) (int, error) {
	v := f.Field(name)
	if v.Kind() == doc.Missing || v.Kind() == doc.Null {
		return 0, nil
	}
	n, ok := v.Int()
	if !ok || n < 0 || n > 1<<31 {
		return 0, invalid("INVALID_FIELD", "field %q must be a whole number that is not negative, not %s", name, shorten(v.JSON(), 40)).WithField(name)
	}
	return int(n), nil
}

// limit is the field of that name, 0 where it is not given.
func (f fields) limit(most int) (int, error) {
	n, err := f.whole("limit")
	if v := f.Field("limit"); err == nil && n == 0 && v.Exists() && v.Kind() != doc.Null {
		return 0, invalid("INVALID_LIMIT", "a limit of 0 is not within 1 and %d", most).WithField("limit").WithHint("leave it out for the default, or count with …/count")
	}
	return n, err
}

// object is a field that must be an object where it is there.
func (f fields) object(name string) (doc.Value, error) {
	v := f.Field(name)
	switch v.Kind() {
	case doc.Missing, doc.Null:
		return doc.Value{}, nil
	case doc.Object:
		return v, nil
	}
	return doc.Value{}, wantField(name, "an object", v)
}

// list is a field that must be an array, and there.
func (f fields) list(name string) ([]doc.Value, error) {
	v := f.Field(name)
	if !v.Exists() {
		return nil, invalid("MISSING_FIELD", "the body needs the field %q", name).WithField(name)
	}
	if v.Kind() != doc.Array {
		return nil, wantField(name, "an array", v)
	}
	if v.Len() > maxBatch {
		return nil, dberr.New(dberr.ErrTooLarge, "BATCH_TOO_LARGE", "%s holds more than %d", name, maxBatch).WithField(name)
	}
	list := make([]doc.Value, 0, v.Len())
	v.Elements(func(_ int, e doc.Value) bool {
		list = append(list, e)
		return true
	})
	return list, nil
}

// need is a field that must be there.
func (f fields) need(name string) (doc.Value, error) {
	v := f.Field(name)
	if !v.Exists() {
		return v, invalid("MISSING_FIELD", "the body needs the field %q", name).WithField(name)
	}
	return v, nil
}

// documentConditions are those of the headers If-Match and If-None-Match.
func documentConditions(h http.Header) (document.Condition, error) {
	c, err := readConditions(h)
	return document.Condition{Absent: c.Absent, Present: c.Present, AnyOf: c.AnyOf, NoneOf: c.NoneOf}, err
}

// appendText appends a text as a JSON string.
func appendText(dst []byte, s string) []byte {
	return doc.Of(doc.AppendString(nil, s)).AppendJSON(dst)
}

// appendDocument appends {"id","collection","data"}.
func appendDocument(dst []byte, collection string, d *document.Document) []byte {
	dst = appendText(append(dst, `{"id":`...), d.ID)
	dst = appendText(append(dst, `,"collection":`...), collection)
	if d.Version != 0 {
		dst = strconv.AppendUint(append(dst, `,"version":"`...), uint64(d.Version), 10)
		dst = append(dst, '"')
	}
	return append(d.Value.AppendJSON(append(dst, `,"data":`...)), '}')
}

func appendWarnings(dst []byte, warnings []document.Warning) []byte {
	if len(warnings) == 0 {
		return dst
	}
	dst = append(dst, `,"warnings":[`...)
	for i, w := range warnings {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(append(dst, `{"id":`...), w.ID)
		dst = append(appendText(append(dst, `,"message":`...), w.Message), '}')
	}
	return append(dst, ']')
}

func tagDocument(c echo.Context, d *document.Document) { of(c).setETag(d.Version) }

// insertDocument takes {"id"?,"document"}.
func (s *Server) insertDocument(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "id", "document")
	if err != nil {
		return err
	}
	id, err := in.text("id")
	if err != nil {
		return err
	}
	if id == "" && in.Field("id").Kind() == doc.String {
		return invalid("INVALID_ID", "the id of a document has 1 to %d bytes, not 0", document.MaxIDBytes).WithField("id").WithHint("leave it out for an id that is made")
	}
	v, err := in.need("document")
	if err != nil {
		return err
	}
	if own := v.Field(document.IDField); id != "" && own.Exists() { // the id of the request goes before
		v = update.SetFields(v, doc.FromFields([]doc.Field{{Name: document.IDField, Value: doc.FromText(id)}}))
	}
	store, name, err := s.collection(c, true)
	if err != nil {
		return err
	}
	d, warnings, err := store.Insert(c.Request().Context(), name, id, v)
	if err != nil {
		return err
	}
	tagDocument(c, &d)
	c.Response().Header().Set("Location", "/api/v1/documents/collections/"+pathEscape(name)+"/documents/"+pathEscape(d.ID))
	return respond(c, http.StatusCreated, func(b []byte) []byte {
		b = appendText(append(b, `{"success":true,"id":`...), d.ID)
		return append(appendWarnings(b, warnings), '}')
	})
}

// getDocument answers with the document, or with ?path= a part of it.
func (s *Server) getDocument(c echo.Context) error {
	q, err := queryParams(c, []string{"database", "path"})
	if err != nil {
		return err
	}
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	d, ok, err := store.Get(c.Request().Context(), name, id)
	if err != nil {
		return err
	}
	cond, err := readConditions(c.Request().Header)
	if err != nil {
		return err
	}
	if !ok {
		return document.NoDocument(name, id)
	}
	must := document.Condition{Present: cond.Present, AnyOf: cond.AnyOf}
	if err := must.Check(true, d.Version); err != nil {
		return err
	}
	tagDocument(c, &d)
	if unchanged(&cond, d.Version) {
		c.Response().WriteHeader(http.StatusNotModified)
		return nil
	}
	if q.Has("path") {
		return s.documentPart(c, &d, q.Get("path"))
	}
	return respond(c, http.StatusOK, func(b []byte) []byte { return appendDocument(b, name, &d) })
}

// putDocument takes {"document"} and replaces what is there; with ?upsert=true it may
// be new.
func (s *Server) putDocument(c echo.Context) error {
	q, err := queryParams(c, []string{"database", "upsert"})
	if err != nil {
		return err
	}
	upsert, err := boolParam(q, "upsert")
	if err != nil {
		return err
	}
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	in, err := s.readFields(c, "document")
	if err != nil {
		return err
	}
	v, err := in.need("document")
	if err != nil {
		return err
	}
	cond, err := documentConditions(c.Request().Header)
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, upsert)
	if err != nil {
		return err
	}
	d, created, warnings, err := store.Replace(c.Request().Context(), name, id, v, cond, upsert || cond.Absent)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return s.written(c, status, name, &d, warnings)
}

// written answers with a document that was written.
func (s *Server) written(c echo.Context, status int, name string, d *document.Document, warnings []document.Warning) error {
	tagDocument(c, d)
	return respond(c, status, func(b []byte) []byte {
		b = appendDocument(append(b, `{"success":true,"document":`...), name, d)
		return append(appendWarnings(b, warnings), '}')
	})
}

// patchDocument takes {"document"}, whose fields replace those of the same names, or
// {"update","array_filters"?} with operators, or by media type a JSON Patch or a JSON
// Merge Patch.
func (s *Server) patchDocument(c echo.Context) error {
	if _, err := queryParams(c, []string{"database"}); err != nil {
		return err
	}
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	cond, err := documentConditions(c.Request().Header)
	if err != nil {
		return err
	}
	change, err := s.patch(c)
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	_, d, warnings, err := store.Modify(c.Request().Context(), name, id, cond, func(v doc.Value) (doc.Value, error) {
		return change(v, store.Now())
	})
	if err != nil {
		return err
	}
	return s.written(c, http.StatusOK, name, &d, warnings)
}

// patch reads the change that a body describes.
func (s *Server) patch(c echo.Context) (func(v doc.Value, now time.Time) (doc.Value, error), error) {
	media, _, _ := strings.Cut(mediaType(c.Request().Header), ";")
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "application/merge-patch+json":
		v, err := s.readDocument(c)
		if err == nil && v.Kind() != doc.Object {
			err = invalid("INVALID_PATCH", "a merge patch of a document must be an object, not %s", v.Kind())
		}
		return func(old doc.Value, _ time.Time) (doc.Value, error) { return update.Merge(old, v) }, err
	case "application/json-patch+json":
		v, err := s.readDocument(c)
		if err != nil {
			return nil, err
		}
		p, err := update.CompilePatch(v)
		return func(old doc.Value, _ time.Time) (doc.Value, error) { return p.Apply(old) }, err
	}
	in, err := s.readFields(c, "document", "update", "array_filters")
	if err != nil {
		return nil, err
	}
	if in.Field("document").Exists() == in.Field("update").Exists() {
		return nil, invalid("MISSING_FIELD", `the body needs either the field "document" or the field "update"`).WithField("document")
	}
	if v := in.Field("document"); v.Exists() {
		if v.Kind() != doc.Object {
			return nil, wantField("document", "an object", v)
		}
		return func(old doc.Value, _ time.Time) (doc.Value, error) { return update.SetFields(old, v), nil }, nil
	}
	u, err := update.Compile(in.Field("update"), in.Field("array_filters"))
	if err != nil {
		return nil, err
	}
	return func(old doc.Value, now time.Time) (doc.Value, error) {
		return u.Apply(old, update.Context{At: -1, Now: now})
	}, nil
}

func (s *Server) deleteDocument(c echo.Context) error {
	if _, err := queryParams(c, []string{"database"}); err != nil {
		return err
	}
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	cond, err := documentConditions(c.Request().Header)
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	old, existed, err := store.Delete(c.Request().Context(), name, id, cond)
	if err != nil {
		return err
	}
	if !existed {
		return document.NoDocument(name, id)
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		return append(appendDocument(append(b, `{"success":true,"deleted":`...), name, &old), '}')
	})
}

// respond writes what build appends as the JSON answer.
func respond(c echo.Context, status int, build func(b []byte) []byte) error {
	buf := getBuffer()
	defer putBuffer(buf)
	buf.b = append(build(buf.b), '\n')
	return writeJSONStatus(of(c), status, buf.b)
}
