package catalog

import (
	"slices"

	"github.com/weftdb/weft/storage/keyspace"
)

// encodeExtra encodes the fields that format 1 of tables does not have; nil where all
// of them are empty, so that such a table is written in format 1.
func encodeExtra(t *Table) []byte {
	w, used := &writer{}, false
	flags := func(bits ...bool) {
		for _, b := range bits {
			used = used || b
		}
		w.flags(bits...)
	}
	str := func(s string) {
		used = used || s != ""
		w.str(s)
	}
	used = t.Kind != Plain || len(t.Reads) > 0
	w.byte(byte(t.Kind))
	flags(t.Populated)
	str(t.Query)
	writeObjectIDs(w, t.Reads)
	for i := range t.Columns {
		used = used || t.Columns[i].Domain != 0
		w.uint(uint64(t.Columns[i].Domain))
	}
	for i := range t.Indexes {
		flags(t.Indexes[i].Deferrable, t.Indexes[i].InitiallyDeferred)
		str(t.Indexes[i].Comment)
	}
	for _, c := range t.Checks {
		flags(c.NotValid, c.NoInherit)
		str(c.Comment)
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		used = used || len(k.OnDeleteCols) > 0
		flags(k.NotValid, k.Deferrable, k.InitiallyDeferred)
		writeColumnIDs(w, k.OnDeleteCols)
		str(k.Comment)
	}
	if !used {
		return nil
	}
	return w.b
}

func readExtra(r *reader, t *Table) {
	t.Kind = TableKind(r.byte())
	r.flags(&t.Populated)
	t.Query, t.Reads = r.str(), readObjectIDs(r)
	for i := range t.Columns {
		t.Columns[i].Domain = keyspace.ObjectID(r.uint())
	}
	for i := range t.Indexes {
		r.flags(&t.Indexes[i].Deferrable, &t.Indexes[i].InitiallyDeferred)
		t.Indexes[i].Comment = r.str()
	}
	for i := range t.Checks {
		r.flags(&t.Checks[i].NotValid, &t.Checks[i].NoInherit)
		t.Checks[i].Comment = r.str()
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		r.flags(&k.NotValid, &k.Deferrable, &k.InitiallyDeferred)
		k.OnDeleteCols, k.Comment = readColumnIDs(r), r.str()
	}
	if r.err == nil && encodeExtra(t) == nil {
		r.fail("format 2 without any of its fields")
	}
	if t.Kind > Materialized {
		r.fail("unknown kind of table")
	}
}

func writeObjectIDs(w *writer, ids []keyspace.ObjectID) {
	w.uint(uint64(len(ids)))
	for _, id := range ids {
		w.uint(uint64(id))
	}
}

func readObjectIDs(r *reader) (ids []keyspace.ObjectID) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		ids = append(ids, keyspace.ObjectID(r.uint()))
	}
	return ids
}

// comment ends a record in format 2 where there is a comment, else in format 1.
func (w *writer) comment(text string) []byte {
	if text != "" {
		w.b[0] = commentFormat
		w.str(text)
	}
	return w.b
}

func (r *reader) comment(format byte) string {
	if format != commentFormat {
		return ""
	}
	s := r.str()
	if s == "" {
		r.fail("format 2 without a comment")
	}
	return s
}

// formats checks that the leading byte is one of two formats, and gives it.
func (r *reader) formats(a, b byte) byte {
	got := r.byte()
	if got != b {
		if r.err == nil && got != a {
			r.fail("unknown format")
		}
		return a
	}
	return b
}

// Type records.

// Types of which fields are of domains are written in format 2.
const (
	typeFormat       = 1
	fieldDomainsForm = 2
)

func encodeType(t *UserType) []byte {
	w := &writer{}
	w.byte(typeFormat)
	w.uint(uint64(t.ID))
	w.str(t.Schema)
	w.str(t.Name)
	w.byte(byte(t.Kind))
	w.str(t.Comment)
	w.uint(uint64(uint32(t.Handle)))
	w.uint(uint64(len(t.Labels)))
	for _, l := range t.Labels {
		w.int(l.Code)
		w.str(l.Name)
	}
	w.typ(t.Base)
	w.uint(uint64(t.BaseDomain))
	w.flags(t.NotNull)
	w.str(t.Default)
	w.uint(uint64(len(t.Checks)))
	for _, c := range t.Checks {
		w.str(c.Name)
		w.str(c.Expr)
		w.flags(c.NotValid)
	}
	w.uint(uint64(len(t.Fields)))
	for _, f := range t.Fields {
		w.str(f.Name)
		w.typ(f.Type)
	}
	if slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Domain != 0 }) {
		w.b[0] = fieldDomainsForm
		for _, f := range t.Fields {
			w.uint(uint64(f.Domain))
		}
	}
	return w.b
}

func decodeType(b []byte) (*UserType, error) {
	r := &reader{b: b}
	format := r.formats(typeFormat, fieldDomainsForm)
	t := &UserType{ID: keyspace.ObjectID(r.uint()), Schema: r.str(), Name: r.str(), Kind: TypeKind(r.byte()), Comment: r.str(), Handle: int32(r.uint32())}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		t.Labels = append(t.Labels, EnumLabel{Code: r.int(), Name: r.str()})
	}
	t.Base, t.BaseDomain = r.typ(), keyspace.ObjectID(r.uint())
	r.flags(&t.NotNull)
	t.Default = r.str()
	for n := r.count(); n > 0 && r.err == nil; n-- {
		c := Check{Name: r.str(), Expr: r.str()}
		r.flags(&c.NotValid)
		t.Checks = append(t.Checks, c)
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		t.Fields = append(t.Fields, Field{Name: r.str(), Type: r.typ()})
	}
	if format == fieldDomainsForm {
		any := false
		for i := range t.Fields {
			t.Fields[i].Domain = keyspace.ObjectID(r.uint())
			any = any || t.Fields[i].Domain != 0
		}
		if !any {
			r.fail("format 2 without a domain")
		}
	}
	if t.Kind > Composite {
		r.fail("unknown kind of type")
	}
	return t, r.done()
}
