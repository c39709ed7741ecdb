package document

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// IndexKind is how an index is kept.
type IndexKind string

// The kinds of indexes. One by hash takes less space for long values and finds
// equal ones only.
const (
	Ordered IndexKind = "ordered"
	Hash    IndexKind = "hash"
)

// IndexField is a field of an index.
type IndexField struct {
	Path       string `json:"path"`
	Descending bool   `json:"descending,omitempty"`
}

// Index describes an index of a collection.
type Index struct {
	Name   string       `json:"name"`
	Fields []IndexField `json:"fields"`
	Kind   IndexKind    `json:"kind"`
	// Unique refuses two documents with the same values, of which missing is null.
	Unique bool `json:"unique,omitempty"`
	// Partial is a filter in JSON: only documents for which it holds are in the index.
	Partial string `json:"partial,omitempty"`
	// TTL, in seconds, removes documents so long after the time in the one field: text
	// by RFC 3339, or a number of seconds since 1970. Nil: none.
	TTL *int64 `json:"ttl_seconds,omitempty"`
	// Building says that the index is not complete yet: it is kept, and not read.
	Building bool `json:"building,omitempty"`
	// Multikey says that some document had an array in a field.
	Multikey bool `json:"multikey,omitempty"`

	ID keyspace.ObjectID `json:"id"`
}

// index is an Index made ready.
type index struct {
	*Index
	paths   []doc.Path
	partial *match.Filter
}

func (x *Index) compile() (*index, error) {
	c := &index{Index: x}
	for _, f := range x.Fields {
		p, err := doc.ParsePath(f.Path)
		if err != nil {
			return nil, err
		}
		c.paths = append(c.paths, p)
	}
	if x.Partial != "" {
		f, err := match.Parse([]byte(x.Partial))
		if err != nil {
			return nil, err
		}
		c.partial = f
	}
	return c, nil
}

// Check holds a new index against the rules, and fills in what was left out.
func (x *Index) Check() error {
	if x.Kind == "" {
		x.Kind = Ordered
	}
	switch {
	case len(x.Fields) == 0 || len(x.Fields) > MaxIndexFields:
		return invalid("INVALID_INDEX", "fields", "an index has 1 to %d fields, not %d", MaxIndexFields, len(x.Fields))
	case x.Kind != Ordered && x.Kind != Hash:
		return invalid("INVALID_INDEX", "kind", "the kind %q of an index is not known", shorten(string(x.Kind))).WithHint("known: ordered, hash")
	case x.Kind == Hash && x.Unique:
		return invalid("INVALID_INDEX", "unique", "an index by hash cannot be unique").WithHint("make it an ordered one")
	case x.TTL != nil && (*x.TTL < 0 || *x.TTL > 1<<33):
		return invalid("INVALID_INDEX", "ttl_seconds", "a TTL of %d seconds is not within 0 and %d", *x.TTL, 1<<33)
	case x.TTL != nil && len(x.Fields) != 1:
		return invalid("INVALID_INDEX", "ttl_seconds", "an index with a TTL has one field, the time")
	}
	seen := map[string]bool{}
	for _, f := range x.Fields {
		if _, err := doc.ParsePath(f.Path); err != nil {
			return err
		}
		if strings.HasPrefix(f.Path, "$") {
			return invalid("INVALID_INDEX", "fields", "the path %q of an index begins with $", shorten(f.Path))
		}
		if seen[f.Path] {
			return invalid("INVALID_INDEX", "fields", "the path %q comes twice in the index", shorten(f.Path))
		}
		seen[f.Path] = true
	}
	if x.Partial != "" {
		f, err := match.Parse([]byte(x.Partial))
		if err != nil {
			return err
		}
		if f.HasExpr() {
			return invalid("INVALID_INDEX", "partial", "the filter of a partial index has no $expr")
		}
	}
	if x.Name == "" {
		x.Name = x.defaultName()
	}
	if len(x.Name) > MaxCollectionBytes || strings.ContainsAny(x.Name, "/\x00") {
		return invalid("INVALID_INDEX", "name", "the name %q of an index is longer than %d bytes or holds a slash", shorten(x.Name), MaxCollectionBytes)
	}
	return nil
}

// defaultName is made of the paths, as MongoDB does.
func (x *Index) defaultName() string {
	var parts []string
	for _, f := range x.Fields {
		dir := "1"
		switch {
		case x.Kind == Hash:
			dir = "hash"
		case f.Descending:
			dir = "-1"
		}
		parts = append(parts, strings.ReplaceAll(f.Path, "/", "_")+"_"+dir)
	}
	name := strings.Join(parts, "_")
	return name[:min(len(name), MaxCollectionBytes)]
}

// entries are the values that a document has in an index, in binary key form,
// sorted, each once; none where a partial filter leaves it out. Multikey says that
// an array gave them.
func (x *index) entries(v doc.Value) (list [][]byte, multikey bool, err error) {
	if x.partial != nil && !x.partial.Match(v) {
		return nil, false, nil
	}
	list = [][]byte{nil}
	for i, p := range x.paths {
		values, several := fieldValues(v, p)
		if several && multikey {
			return nil, true, dberr.New(dberr.ErrConstraint, "PARALLEL_ARRAYS",
				"the index %q cannot take a document with arrays in two of its fields", x.Name).WithField(p.String())
		}
		multikey = multikey || several
		if len(values)*len(list) > MaxIndexEntries {
			return nil, multikey, dberr.New(dberr.ErrTooLarge, "TOO_MANY_INDEX_ENTRIES",
				"the document would have %d entries in the index %q, more than %d", len(values)*len(list), x.Name, MaxIndexEntries).WithField(p.String())
		}
		next := make([][]byte, 0, len(values)*len(list))
		for _, prefix := range list {
			for _, value := range values {
				next = append(next, x.appendValue(slices.Clip(prefix), i, value))
			}
		}
		list = next
	}
	for i, e := range list {
		if x.Kind == Hash {
			list[i] = enc.AppendUint(nil, xxhash.Sum64(e))
		} else if len(e) > MaxEntryBytes {
			return nil, multikey, dberr.New(dberr.ErrTooLarge, "INDEX_KEY_TOO_LARGE",
				"the values of the index %q take %d bytes, more than %d", x.Name, len(e), MaxEntryBytes).
				WithField(x.Fields[0].Path).WithHint("an index by hash takes values of any length")
		}
	}
	if len(list) > 1 {
		slices.SortFunc(list, bytes.Compare)
		list = slices.CompactFunc(list, bytes.Equal)
	}
	return list, multikey, nil
}

// appendValue appends the value of field i.
func (x *index) appendValue(dst []byte, i int, v doc.Value) []byte {
	if x.Fields[i].Descending && x.Kind == Ordered {
		return doc.AppendKeyDesc(dst, v)
	}
	return doc.AppendKey(dst, v)
}

// fieldValues are the values by which a path is indexed: the elements of arrays on
// their own, and null for what is missing or an array without elements.
func fieldValues(v doc.Value, p doc.Path) (values []doc.Value, several bool) {
	null := doc.Of(doc.AppendNull(nil))
	v.Walk(p, func(leaf doc.Value, at int) bool {
		several = several || at >= 0
		switch {
		case leaf.Kind() == doc.Array:
			several = true
			leaf.Elements(func(_ int, e doc.Value) bool {
				values = append(values, e)
				return true
			})
			if leaf.Len() == 0 {
				values = append(values, null)
			}
		case leaf.Exists():
			values = append(values, leaf)
		default:
			values = append(values, null)
		}
		return true
	})
	if len(values) == 0 {
		return []doc.Value{null}, true
	}
	return values, several
}

// entryKey is the key of an entry: with the id in it, but in a unique index, whose
// entries have the id as their value.
func (s *Store) entryKey(dst []byte, x *index, entry []byte, id string) []byte {
	dst = append(appendObject(dst, s.db, x.ID), entry...)
	if x.Unique {
		return dst
	}
	return append(dst, id...)
}

// putEntries brings an index from what the old document has to what the new one
// has. Either may be Missing.
func (s *Store) putEntries(tx *txn.Tx, c *compiled, x *index, id string, old, fresh doc.Value) error {
	var before, after [][]byte
	var multikey bool
	var err error
	if old.Exists() {
		if before, _, err = x.entries(old); err != nil {
			return damaged("the index %q has a document that it cannot have: %v", x.Name, err)
		}
	}
	if fresh.Exists() {
		if after, multikey, err = x.entries(fresh); err != nil {
			return err
		}
	}
	if multikey && !x.Multikey {
		if err := s.markMultikey(tx, c, x); err != nil {
			return err
		}
	}
	for _, e := range before {
		if _, stays := slices.BinarySearchFunc(after, e, bytes.Compare); !stays {
			if err := tx.Delete(s.entryKey(nil, x, e, id)); err != nil {
				return err
			}
		}
	}
	for _, e := range after {
		if _, was := slices.BinarySearchFunc(before, e, bytes.Compare); !was {
			if err := s.putEntry(tx, c, x, e, id); err != nil {
				return err
			}
		}
	}
	return s.putExpiry(tx, c, x, id, old, fresh)
}

func (s *Store) putEntry(tx *txn.Tx, c *compiled, x *index, entry []byte, id string) error {
	key := s.entryKey(nil, x, entry, id)
	if !x.Unique {
		return tx.Put(key, nil)
	}
	other, taken, err := tx.Get(key)
	if err != nil {
		return err
	}
	if taken && string(other) != id {
		return (&dberr.Error{Class: dberr.ErrConstraint, Code: "UNIQUE_VIOLATION", SQLState: dberr.StateUniqueViolation,
			Message: "the unique index " + quote(x.Name) + " of collection " + quote(c.Name) + " has these values already",
			Detail:  "the document " + quote(string(other)) + " has them"}).WithField(x.Fields[0].Path)
	}
	return tx.Put(key, []byte(id))
}

func quote(s string) string { return `"` + shorten(s) + `"` }

// putExpiry keeps the expiry of a document by an index with a TTL.
func (s *Store) putExpiry(tx *txn.Tx, c *compiled, x *index, id string, old, fresh doc.Value) error {
	if x.TTL == nil {
		return nil
	}
	before, had := x.expiry(old)
	after, has := x.expiry(fresh)
	if had == has && before == after {
		return nil
	}
	if had {
		if err := tx.Delete(appendExpiryKey(nil, s.db, before, c.ID, x.ID, id)); err != nil {
			return err
		}
	}
	if has {
		return tx.Put(appendExpiryKey(nil, s.db, after, c.ID, x.ID, id), nil)
	}
	return nil
}

// expiry is when a document expires by an index with a TTL: so long after the
// earliest time in its field.
func (x *index) expiry(v doc.Value) (at int64, ok bool) {
	if x.TTL == nil || !v.Exists() || x.partial != nil && !x.partial.Match(v) {
		return 0, false
	}
	values, _ := fieldValues(v, x.paths[0])
	for _, value := range values {
		if t, isTime := instant(value); isTime && (!ok || t < at) {
			at, ok = t, true
		}
	}
	ttl := *x.TTL * int64(time.Second)
	if ok && at > 0 && at > 1<<62-ttl {
		return 0, false // beyond what time has
	}
	return at + ttl, ok
}

// instant is a value as nanoseconds since 1970.
func instant(v doc.Value) (int64, bool) {
	switch v.Kind() {
	case doc.String:
		t, err := time.Parse(time.RFC3339Nano, string(v.Str()))
		if err != nil || t.Year() < 1700 || t.Year() > 2200 {
			return 0, false
		}
		return t.UnixNano(), true
	case doc.Number:
		f, _ := v.Float()
		if f < -8e9 || f > 8e9 {
			return 0, false
		}
		return int64(f * 1e9), true
	}
	return 0, false
}

// ConflictTx finds the document that has one of the values in a unique index that v would
// have; ok is false where there is none, or where v has no entries.
func (s *Store) ConflictTx(tx *txn.Tx, collection, name string, v doc.Value) (d Document, ok bool, err error) {
	c, err := s.find(tx, collection)
	if err != nil {
		return d, false, err
	}
	i := slices.IndexFunc(c.indexes, func(x *index) bool { return x.Name == name && x.Unique })
	if i < 0 {
		return d, false, dberr.New(dberr.ErrNotFound, "INDEX_NOT_FOUND", "collection %q has no unique index %q", shorten(collection), shorten(name)).WithField("index")
	}
	entries, _, err := c.indexes[i].entries(v)
	if err != nil {
		return d, false, err
	}
	for _, e := range entries {
		id, taken, err := tx.Get(s.entryKey(nil, c.indexes[i], e, ""))
		if err != nil {
			return d, false, err
		}
		if taken {
			return s.GetTx(tx, collection, string(id))
		}
	}
	return d, false, nil
}
