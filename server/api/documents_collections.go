package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
)

func asItem(err error, item **document.ItemError) bool { return errors.As(err, item) }

// listCollections answers with an array of {"name","document_count","index_count"}.
func (s *Server) listCollections(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	store, err := s.documents(c, database, false)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	list, err := store.Collections(ctx)
	if err != nil {
		return err
	}
	counts := make([]int64, len(list))
	for i := range list {
		if _, counts[i], _, err = store.Stats(ctx, list[i].Name); err != nil {
			return err
		}
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = append(b, '[')
		for i := range list {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(append(b, `{"name":`...), list[i].Name)
			b = fmt.Appendf(b, `,"document_count":%d,"index_count":%d}`, counts[i], len(list[i].Indexes))
		}
		return append(b, ']')
	})
}

// collectionOptions reads "schema" or "fields", "validation_action" and "validate_formats".
func (f fields) collectionOptions() (o document.CollectionOptions, err error) {
	action, err := f.text("validation_action")
	if err != nil {
		return o, err
	}
	o.Validation = document.Validation(action)
	if o.Formats, err = f.flag("validate_formats", false); err != nil {
		return o, err
	}
	schema, rules := f.Field("schema"), f.Field("fields")
	extra := f.Field("additional_properties")
	switch {
	case extra.Exists() && extra.Kind() != doc.Bool:
		return o, wantField("additional_properties", "true or false", extra)
	case extra.Exists() && !rules.Exists():
		return o, invalid("INVALID_FIELD", `"additional_properties" stands beside "fields"; a schema has it inside`).WithField("additional_properties")
	case schema.Exists() && rules.Exists():
		return o, invalid("INVALID_FIELD", `the body has both "schema" and "fields"`).WithField("fields")
	case schema.Kind() == doc.Object || schema.Kind() == doc.Bool:
		o.Schema = schema.JSON()
	case schema.Exists() && schema.Kind() != doc.Null:
		return o, wantField("schema", "a JSON Schema", schema)
	case rules.Kind() == doc.Object:
		short := doc.AppendObject(nil, []doc.Field{{Name: "fields", Value: rules}})
		if extra.Exists() {
			short = doc.AppendObject(nil, []doc.Field{{Name: "fields", Value: rules}, {Name: "additional_properties", Value: extra}})
		}
		o.Schema, err = document.FieldSchema(doc.Of(short).AppendJSON(nil))
	case rules.Exists():
		return o, wantField("fields", "an object", rules)
	}
	return o, err
}

// createCollection takes {"name","schema"|"fields"?,"validation_action"?,"validate_formats"?,"indexes"?,"if_not_exists"?}.
func (s *Server) createCollection(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	in, err := s.readFields(c, "name", "schema", "fields", "additional_properties", "validation_action", "validate_formats", "indexes", "if_not_exists")
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
	opts, err := in.collectionOptions()
	if err != nil {
		return err
	}
	lenient, err := in.flag("if_not_exists", false)
	if err != nil {
		return err
	}
	indexes, err := in.indexes()
	if err != nil {
		return err
	}
	store, err := s.documents(c, database, true)
	if err != nil {
		return err
	}
	ctx, status := c.Request().Context(), http.StatusCreated
	if _, err = store.CreateCollection(ctx, name, opts); lenient && errors.Is(err, dberr.ErrExists) {
		status, err = http.StatusOK, nil
	}
	for i := 0; err == nil && i < len(indexes); i++ {
		_, _, err = store.CreateIndex(ctx, name, indexes[i])
	}
	if err != nil {
		return err
	}
	return respond(c, status, func(b []byte) []byte {
		return append(appendText(append(b, `{"success":true,"collection":`...), name), '}')
	})
}

// indexes are those of a new collection, checked before anything is made.
func (f fields) indexes() (list []document.Index, err error) {
	if !f.Field("indexes").Exists() {
		return nil, nil
	}
	values, err := f.list("indexes")
	for i, v := range values {
		x, err := readIndex(v)
		if err != nil {
			return nil, inElement("indexes", i, err)
		}
		list = append(list, x)
	}
	return list, err
}

func (s *Server) alterCollection(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "schema", "fields", "additional_properties", "validation_action", "validate_formats")
	if err != nil {
		return err
	}
	opts, err := in.collectionOptions()
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	old, err := store.Collection(ctx, name)
	if err != nil {
		return err
	}
	if !in.Field("schema").Exists() && !in.Field("fields").Exists() {
		opts.Schema = old.Schema
	}
	if opts.Validation == "" {
		opts.Validation = old.Validation
	}
	if !in.Field("validate_formats").Exists() {
		opts.Formats = old.Formats
	}
	if _, err := store.AlterCollection(ctx, name, opts); err != nil {
		return err
	}
	return s.collectionStats(c)
}

func (s *Server) dropCollection(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	if err := store.DropCollection(c.Request().Context(), name); err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		return append(appendText(append(b, `{"success":true,"collection":`...), name), '}')
	})
}

// collectionStats describes a collection.
func (s *Server) collectionStats(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	coll, n, done, err := store.Stats(ctx, name)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = appendText(append(b, `{"name":`...), coll.Name)
		b = appendTime(fmt.Appendf(b, `,"document_count":%d,"index_count":%d,"created_at":`, n, len(coll.Indexes)), coll.Created)
		b = fmt.Appendf(b, `,"validation_action":%q,"validate_formats":%v,"schema":`, orReject(coll.Validation), coll.Formats)
		if coll.Schema != "" {
			b = append(b, coll.Schema...)
		} else {
			b = append(b, "null"...)
		}
		b = appendIndexes(append(b, `,"indexes":`...), coll.Indexes)
		return fmt.Appendf(b, `,"documents_inserted":%d,"documents_updated":%d,"documents_deleted":%d,"queries_executed":%d}`,
			done.Inserted, done.Updated, done.Deleted, done.Queries)
	})
}

func orReject(v document.Validation) document.Validation {
	if v == "" {
		return document.Reject
	}
	return v
}

func appendIndexes(b []byte, list []document.Index) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendIndex(b, &list[i])
	}
	return append(b, ']')
}

func appendIndex(b []byte, x *document.Index) []byte {
	b = appendText(append(b, `{"name":`...), x.Name)
	b = append(b, `,"fields":[`...)
	for i, f := range x.Fields {
		if i > 0 {
			b = append(b, ',')
		}
		order := "asc"
		if f.Descending {
			order = "desc"
		}
		b = appendText(append(b, `{"path":`...), f.Path)
		b = fmt.Appendf(b, `,"order":%q}`, order)
	}
	b = fmt.Appendf(b, `],"kind":%q,"unique":%v,"multikey":%v,"building":%v,"partial":`, x.Kind, x.Unique, x.Multikey, x.Building)
	if x.Partial != "" {
		b = append(b, x.Partial...)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"ttl_seconds":`...)
	if x.TTL != nil {
		b = strconv.AppendInt(b, *x.TTL, 10)
	} else {
		b = append(b, "null"...)
	}
	return append(b, '}')
}

// readIndex reads {"name"?,"fields":["a.b",{"path","order"}],"kind"?,"unique"?,"partial"?,"ttl_seconds"?}.
func readIndex(v doc.Value) (x document.Index, err error) {
	f := fields{v}
	if err := checkNames(v, []string{"name", "fields", "kind", "unique", "partial", "ttl_seconds"}); err != nil {
		return x, err
	}
	if x.Name, err = f.text("name"); err != nil {
		return x, err
	}
	kind, err := f.text("kind")
	if err != nil {
		return x, err
	}
	if x.Unique, err = f.flag("unique", kind == "unique"); err != nil {
		return x, err
	}
	switch x.Kind = document.IndexKind(kind); kind {
	case "btree":
		x.Kind = document.Ordered
	case "unique": // an ordered index, by the name that some clients have for it
		if x.Kind = document.Ordered; !x.Unique {
			return x, invalid("INVALID_INDEX", `an index of the kind "unique" cannot have "unique": false`).WithField("unique")
		}
	case "fulltext":
		return x, invalid("INVALID_INDEX", "words are not indexed by an index of this kind").WithField("kind").
			WithHint("PUT /api/v1/documents/collections/NAME/text gives a collection its full-text index")
	}
	partial, err := f.object("partial")
	if err != nil {
		return x, err
	}
	if partial.Exists() {
		x.Partial = partial.JSON()
	}
	if ttl := f.Field("ttl_seconds"); ttl.Exists() && ttl.Kind() != doc.Null {
		n, ok := ttl.Int()
		if !ok {
			return x, wantField("ttl_seconds", "a whole number", ttl)
		}
		x.TTL = &n
	}
	list, err := f.list("fields")
	if err != nil {
		return x, err
	}
	for i, e := range list {
		field, err := readIndexField(e)
		if err != nil {
			return x, inElement("fields", i, err)
		}
		x.Fields = append(x.Fields, field)
	}
	return x, x.Check()
}

func readIndexField(v doc.Value) (f document.IndexField, err error) {
	if v.Kind() == doc.String {
		return document.IndexField{Path: string(v.Str())}, nil
	}
	if err := checkNames(v, []string{"path", "order"}); err != nil {
		return f, err
	}
	in := fields{v}
	if f.Path, err = in.text("path"); err != nil {
		return f, err
	}
	order := in.Field("order")
	switch n, _ := order.Float(); {
	case !order.Exists(), string(order.Str()) == "asc", n == 1:
	case string(order.Str()) == "desc", n == -1:
		f.Descending = true
	default:
		return f, invalid("INVALID_INDEX", `the order of an index field must be "asc" or "desc", not %s`, shorten(order.JSON(), 40)).WithField("order")
	}
	return f, nil
}

func (s *Server) listDocumentIndexes(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	coll, err := store.Collection(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		return append(appendIndexes(append(b, `{"indexes":`...), coll.Indexes), '}')
	})
}

// createDocumentIndex answers when the index is complete.
func (s *Server) createDocumentIndex(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	v, err := s.readFields(c, "name", "fields", "kind", "unique", "partial", "ttl_seconds")
	if err != nil {
		return err
	}
	x, err := readIndex(v.Value)
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, true)
	if err != nil {
		return err
	}
	x, created, err := store.CreateIndex(c.Request().Context(), name, x)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return respond(c, status, func(b []byte) []byte {
		return append(appendIndex(append(b, `{"success":true,"index":`...), &x), '}')
	})
}

func (s *Server) dropDocumentIndex(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	index, err := pathParam(c, "index")
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	if err := store.DropIndex(c.Request().Context(), name, index); err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		return append(appendText(append(b, `{"success":true,"index":`...), index), '}')
	})
}

// exportCollection streams all documents as NDJSON, in the order of their ids. Each
// page of them is of one instant; where one fails, the connection is broken off.
func (s *Server) exportCollection(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	res := c.Response()
	q := document.Query{Limit: 500}
	buf := getBuffer()
	defer putBuffer(buf)
	control := http.NewResponseController(res)
	for first := true; ; first = false {
		page, err := store.Find(c.Request().Context(), name, q)
		if err != nil {
			return err // where the answer has begun, it is broken off
		}
		if first {
			res.Header()["Content-Type"] = []string{"application/x-ndjson"}
			res.WriteHeader(http.StatusOK)
		}
		b := buf.b[:0]
		for i := range page.Documents {
			b = append(page.Documents[i].Value.AppendJSON(b), '\n')
		}
		buf.b = b
		control.SetWriteDeadline(time.Now().Add(streamStall)) //nolint:errcheck // a recorder in a test has none
		if _, err := res.Write(b); err != nil {
			return clientGone(err)
		}
		if page.Cursor == "" {
			return nil
		}
		q.Cursor = page.Cursor
	}
}
