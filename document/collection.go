package document

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Validation is what happens to a document that the schema of its collection does
// not allow.
type Validation string

// The actions of validation.
const (
	Reject Validation = "error" // it is refused
	Warn   Validation = "warn"  // it is taken, and the answer says what is wrong
)

// CollectionOptions are what a collection can be made with.
type CollectionOptions struct {
	// Schema is a JSON Schema (draft 2020-12) that documents are held against, as
	// text. Empty: none.
	Schema string `json:"schema,omitempty"`
	// Validation says what happens to others. Default Reject.
	Validation Validation `json:"validation,omitempty"`
	// Formats holds strings against the keyword format of the schema, too, which by the
	// standard only describes.
	Formats bool `json:"formats,omitempty"`
}

// Collection describes a collection.
type Collection struct {
	Name    string    `json:"-"`
	Created time.Time `json:"-"`
	CollectionOptions
	Indexes []Index `json:"indexes,omitempty"`
	// Text is the full-text index, nil where there is none.
	Text *fulltext.Config `json:"text,omitempty"`

	ID        keyspace.ObjectID `json:"id"`
	TextID    keyspace.ObjectID `json:"text_id,omitempty"` // of the full-text index
	CreatedAt int64             `json:"created,omitempty"` // ns since 1970; 0: by the commit that wrote the record
}

const collectionVersion = 1

// compiled is a collection made ready, as of a version of its record. It is shared
// and never changed.
type compiled struct {
	*Collection
	version txn.Timestamp
	indexes []*index
	schema  *schema
	tally   *tally
}

func (c *Collection) append(dst []byte) ([]byte, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return append(append(dst, collectionVersion), b...), nil
}

func decodeCollection(name string, b []byte, at txn.Timestamp) (*Collection, error) {
	if len(b) == 0 || b[0] != collectionVersion {
		return nil, damaged("the record of collection %q has no version that is known", name)
	}
	c := &Collection{}
	if err := json.Unmarshal(b[1:], c); err != nil {
		return nil, damaged("the record of collection %q is malformed: %v", name, err)
	}
	c.Name = name
	switch {
	case c.CreatedAt != 0:
		c.Created = time.Unix(0, c.CreatedAt).UTC()
	case at != 0:
		c.Created = at.Time()
	}
	return c, nil
}

// checkCollection holds the name of a collection against the rules.
func checkCollection(name string) error {
	if name == "" || len(name) > MaxCollectionBytes {
		return invalid("INVALID_COLLECTION", "collection", "the name of a collection has 1 to %d bytes, not %d", MaxCollectionBytes, len(name))
	}
	if !utf8.ValidString(name) {
		return invalid("INVALID_COLLECTION", "collection", "the name of a collection must be UTF-8")
	}
	for _, r := range name {
		if r == '/' || !unicode.IsPrint(r) {
			return invalid("INVALID_COLLECTION", "collection", "the name %q of a collection holds %q", shorten(name), r)
		}
	}
	return nil
}

func errNoCollection(name string) error {
	return dberr.New(dberr.ErrNotFound, "COLLECTION_NOT_FOUND", "there is no collection %q", shorten(name)).WithField("collection").
		WithHint("the first insert makes it")
}

// look finds a collection as tx sees it, nil where there is none.
func (s *Store) look(tx *txn.Tx, name string) (*compiled, error) {
	if name == "" || len(name) > MaxCollectionBytes {
		return nil, checkCollection(name)
	}
	var key buf
	b, at, ok, err := tx.GetVersion(s.appendCollectionKey(key[:0], name))
	if err != nil || !ok {
		return nil, err
	}
	if at != 0 {
		if known, ok := s.compiled.Load(compiledKey{s.db, s.hidden, name, at}); ok {
			return known.(*compiled), nil
		}
	}
	c, err := decodeCollection(name, b, at)
	if err != nil {
		return nil, err
	}
	ready, err := compileCollection(c, at)
	if err != nil {
		return nil, err
	}
	if ready.tally = s.tally(c.ID); at != 0 {
		s.remember(ready)
	}
	return ready, nil
}

type compiledKey struct {
	db     keyspace.DatabaseID
	hidden bool
	name   string
	at     txn.Timestamp
}

// remember keeps a compiled collection, and forgets what there was of it in another
// version.
func (s *Store) remember(c *compiled) {
	s.compiled.Range(func(k, _ any) bool {
		if key := k.(compiledKey); key.db == s.db && key.hidden == s.hidden && key.name == c.Name {
			s.compiled.Delete(k)
		}
		return true
	})
	s.compiled.Store(compiledKey{s.db, s.hidden, c.Name, c.version}, c)
}

func compileCollection(c *Collection, at txn.Timestamp) (*compiled, error) {
	ready := &compiled{Collection: c, version: at}
	for i := range c.Indexes {
		x, err := c.Indexes[i].compile()
		if err != nil {
			return nil, damaged("the index %q of collection %q: %v", c.Indexes[i].Name, c.Name, err)
		}
		ready.indexes = append(ready.indexes, x)
	}
	if c.Schema != "" {
		var err error
		if ready.schema, err = compileSchema(c.Schema, c.Formats); err != nil {
			return nil, damaged("the schema of collection %q: %v", c.Name, err)
		}
	}
	return ready, nil
}

// find is look for a collection that must be there.
func (s *Store) find(tx *txn.Tx, name string) (*compiled, error) {
	c, err := s.look(tx, name)
	if err == nil && c == nil {
		err = errNoCollection(name)
	}
	return c, err
}

// toWrite is find for who goes on to write documents.
func (s *Store) toWrite(tx *txn.Tx, name string) (*compiled, error) {
	c, err := s.find(tx, name)
	if err != nil {
		return nil, err
	}
	return c, s.guard(tx, name)
}

// ensure is toWrite that makes the collection where there is none.
func (s *Store) ensure(tx *txn.Tx, name string) (*compiled, error) {
	c, err := s.look(tx, name)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return s.makeCollection(tx, name, CollectionOptions{})
	}
	return c, s.guard(tx, name)
}

// guard has a transaction that writes documents conflict with a change of their
// collection's definition after its snapshot: it would leave out the entries of an
// index that is new, and write into a collection that is gone. Serializable ones do so
// because they have read the definition.
func (s *Store) guard(tx *txn.Tx, name string) error {
	if tx.Isolation() != txn.Snapshot {
		return nil
	}
	var key buf
	return tx.Guard(s.appendCollectionKey(key[:0], name))
}

func (s *Store) makeCollection(tx *txn.Tx, name string, opts CollectionOptions) (*compiled, error) {
	if err := checkCollection(name); err != nil {
		return nil, err
	}
	id, err := s.nextID(tx)
	if err != nil {
		return nil, err
	}
	if err := makeSecret(tx); err != nil {
		return nil, err
	}
	c := &Collection{Name: name, CollectionOptions: opts, ID: id}
	if err := s.putCollection(tx, c); err != nil {
		return nil, err
	}
	ready, err := compileCollection(c, 0)
	if err == nil {
		ready.tally = s.tally(c.ID)
	}
	return ready, err
}

func (s *Store) nextID(tx *txn.Tx) (keyspace.ObjectID, error) {
	key := appendObject(nil, s.db, objNextID)
	b, ok, err := tx.Get(key)
	if err != nil {
		return 0, err
	}
	id := uint64(firstID)
	if ok {
		n := 0
		if id, n = binary.Uvarint(b); n != len(b) || id < uint64(firstID) {
			return 0, damaged("the record of the next id of documents is malformed")
		}
	}
	s.tallies.of.Delete(collectionRef{s.db, keyspace.ObjectID(id)}) // of a collection that did not commit
	return keyspace.ObjectID(id), tx.Put(key, binary.AppendUvarint(nil, id+1))
}

func (s *Store) putCollection(tx *txn.Tx, c *Collection) error {
	if !c.Created.IsZero() {
		c.CreatedAt = c.Created.UnixNano()
	}
	b, err := c.append(nil)
	if err != nil {
		return err
	}
	return tx.Put(s.appendCollectionKey(nil, c.Name), b)
}

// change writes the record of a collection anew, as fn changes it.
func (s *Store) change(tx *txn.Tx, name string, fn func(c *Collection) error) (*Collection, error) {
	old, err := s.find(tx, name)
	if err != nil {
		return nil, err
	}
	c := *old.Collection
	c.Indexes = slices.Clone(c.Indexes)
	if err := fn(&c); err != nil {
		return nil, err
	}
	return &c, s.putCollection(tx, &c)
}

// markMultikey notes that an index has a document with an array.
func (s *Store) markMultikey(tx *txn.Tx, c *compiled, x *index) error {
	now, err := s.find(tx, c.Name)
	if err != nil {
		return err
	}
	for _, other := range now.indexes {
		if other.ID == x.ID && other.Multikey {
			return nil // by this transaction
		}
	}
	_, err = s.change(tx, c.Name, func(c *Collection) error {
		for i := range c.Indexes {
			if c.Indexes[i].ID == x.ID {
				c.Indexes[i].Multikey = true
			}
		}
		return nil
	})
	return err
}

func (o *CollectionOptions) check() error {
	switch o.Validation {
	case "":
		o.Validation = Reject
	case Reject, Warn:
	default:
		return invalid("INVALID_FIELD", "validation_action", "the validation action %q is not known", shorten(string(o.Validation))).WithHint("known: error, warn")
	}
	if o.Schema != "" {
		if _, err := compileSchema(o.Schema, o.Formats); err != nil {
			return err
		}
	}
	return nil
}

// CreateCollectionTx makes a collection; one that is there is an error of class
// ErrExists.
func (s *Store) CreateCollectionTx(tx *txn.Tx, name string, opts CollectionOptions) (Collection, error) {
	if err := opts.check(); err != nil {
		return Collection{}, err
	}
	if c, err := s.look(tx, name); err != nil || c != nil {
		if c != nil {
			err = dberr.New(dberr.ErrExists, "COLLECTION_EXISTS", "collection %q is there already", shorten(name)).WithField("name")
		}
		return Collection{}, err
	}
	c, err := s.makeCollection(tx, name, opts)
	if err != nil {
		return Collection{}, err
	}
	return *c.Collection, nil
}

// CreateCollection makes a collection; one that is there is an error of class
// ErrExists.
func (s *Store) CreateCollection(ctx context.Context, name string, opts CollectionOptions) (c Collection, err error) {
	ts, err := s.update(ctx, func(tx *txn.Tx) error {
		c, err = s.CreateCollectionTx(tx, name, opts)
		return err
	})
	if err == nil && c.Created.IsZero() && ts != 0 { // else it comes with the commit
		c.Created = ts.Time()
	}
	return c, err
}

// AlterCollection changes the schema and what becomes of documents that it does
// not allow. Documents that are there are not held against it until they are written.
func (s *Store) AlterCollection(ctx context.Context, name string, opts CollectionOptions) (out Collection, err error) {
	if err := opts.check(); err != nil {
		return out, err
	}
	_, err = s.update(ctx, func(tx *txn.Tx) error {
		c, err := s.change(tx, name, func(c *Collection) error {
			c.CollectionOptions = opts
			return nil
		})
		if err == nil {
			out = *c
		}
		return err
	})
	return out, err
}

// DropCollectionTx removes a collection with its documents and indexes. They are
// out of sight with the commit, and their space is taken back soon after.
func (s *Store) DropCollectionTx(tx *txn.Tx, name string) error {
	c, err := s.find(tx, name)
	if err != nil {
		return err
	}
	ids := []keyspace.ObjectID{c.ID}
	if c.TextID != 0 {
		ids = append(ids, c.TextID)
	}
	for _, x := range c.indexes {
		ids = append(ids, x.ID)
		if err := tx.Delete(appendNumberKey(nil, s.db, objBuilding, x.ID)); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if err := tx.Put(appendNumberKey(nil, s.db, objDropped, id), nil); err != nil {
			return err
		}
	}
	return tx.Delete(s.appendCollectionKey(nil, c.Name))
}

// DropCollection removes a collection with its documents and indexes.
func (s *Store) DropCollection(ctx context.Context, name string) error {
	_, err := s.update(ctx, func(tx *txn.Tx) error { return s.DropCollectionTx(tx, name) })
	return err
}

// CollectionTx returns a collection.
func (s *Store) CollectionTx(tx *txn.Tx, name string) (Collection, error) {
	c, err := s.find(tx, name)
	if err != nil {
		return Collection{}, err
	}
	out := *c.Collection
	out.Indexes = slices.Clone(out.Indexes)
	return out, nil
}

// Collection returns a collection.
func (s *Store) Collection(ctx context.Context, name string) (c Collection, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		c, err = s.CollectionTx(tx, name)
		return err
	})
	return c, err
}

// CollectionsTx returns all collections in the order of their names.
func (s *Store) CollectionsTx(tx *txn.Tx) (list []Collection, err error) {
	prefix := appendObject(nil, s.db, s.list())
	it := tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		name, rest, err := enc.DecodeString(it.Key()[len(prefix):])
		if err != nil || len(rest) != 0 {
			return nil, damaged("the key %x of a collection is malformed", it.Key())
		}
		c, err := decodeCollection(name, it.Value(), it.Timestamp())
		if err != nil {
			return nil, err
		}
		list = append(list, *c)
	}
	return list, it.Err()
}

// Collections returns all collections in the order of their names.
func (s *Store) Collections(ctx context.Context) (list []Collection, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		list, err = s.CollectionsTx(tx)
		return err
	})
	return list, err
}
