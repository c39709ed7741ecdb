package catalog

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Kinds of records in the catalog space of a database: the object id of their
// keys. Part of the stored format.
const (
	recVersion  keyspace.ObjectID = 0 // one record: the stamp
	recTable    keyspace.ObjectID = 1 // by table id
	recSchema   keyspace.ObjectID = 2 // by name
	recSequence keyspace.ObjectID = 3 // by sequence id
	recView     keyspace.ObjectID = 4 // by view id
	recStats    keyspace.ObjectID = 5 // by table id
	recNextID   keyspace.ObjectID = 6 // one record: the next object id
	recType     keyspace.ObjectID = 7 // by type id
	recFunction keyspace.ObjectID = 8 // by function id
)

// idBlock is how many object ids are taken from the counter at a time.
const idBlock = 32

// Catalog reads and changes the catalogs of all databases of a store. It is safe
// for concurrent use.
type Catalog struct {
	store *txn.Store

	// mu is held over no I/O but the taking of a block of ids.
	mu struct {
		sync.Mutex
		snapshots map[keyspace.DatabaseID][]*Snapshot // newest first, at most snapshotsKept
		ids       map[keyspace.DatabaseID]*idRange
	}
}

type idRange struct{ next, end keyspace.ObjectID }

// New returns the catalog of a store.
func New(store *txn.Store) *Catalog {
	c := &Catalog{store: store}
	c.mu.snapshots = map[keyspace.DatabaseID][]*Snapshot{}
	c.mu.ids = map[keyspace.DatabaseID]*idRange{}
	return c
}

func recordPrefix(db keyspace.DatabaseID, rec keyspace.ObjectID) []byte {
	return keyspace.AppendPrefix(nil, db, keyspace.SpaceCatalog, rec)
}

func idKey(db keyspace.DatabaseID, rec, id keyspace.ObjectID) []byte {
	return enc.AppendUint(recordPrefix(db, rec), uint64(id))
}

// StatsKey is where the statistics of a table are kept; they go with the table.
func StatsKey(db keyspace.DatabaseID, table keyspace.ObjectID) []byte {
	return idKey(db, recStats, table)
}

// TableKey is where a table is described.
func TableKey(db keyspace.DatabaseID, table keyspace.ObjectID) []byte {
	return idKey(db, recTable, table)
}

func nameKey(db keyspace.DatabaseID, rec keyspace.ObjectID, name string) []byte {
	return enc.AppendString(recordPrefix(db, rec), name)
}

// At returns the catalog as r sees it. Where it has not changed since the last
// call this costs one key read.
func (c *Catalog) At(r txn.Reader, db keyspace.DatabaseID) (*Snapshot, error) {
	stamp, err := readStamp(r, db)
	if err != nil {
		return nil, err
	}
	if s := c.kept(db, stamp); s != nil {
		return s, nil
	}
	s, err := load(r, db)
	if err != nil {
		return nil, err
	}
	s.Stamp = stamp
	c.keep(s)
	return s, nil
}

// snapshotsKept is how many states of one catalog are kept decoded: the committed
// one, and those of transactions that are changing it.
const snapshotsKept = 4

func (c *Catalog) kept(db keyspace.DatabaseID, stamp Stamp) *Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.mu.snapshots[db] {
		if s.Stamp == stamp {
			return s
		}
	}
	return nil
}

func (c *Catalog) keep(s *Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.mu.snapshots[s.DB]
	list := append(make([]*Snapshot, 0, snapshotsKept), s)
	c.mu.snapshots[s.DB] = append(list, old[:min(len(old), snapshotsKept-1)]...)
}

func readStamp(r txn.Reader, db keyspace.DatabaseID) (Stamp, error) {
	var buf [16]byte
	key := keyspace.AppendPrefix(buf[:0], db, keyspace.SpaceCatalog, recVersion)
	// What is written by an old catalog would miss new indexes and rules.
	if tx, ok := r.(*txn.Tx); ok && tx.Isolation() == txn.Snapshot {
		if err := tx.Guard(key); err != nil {
			return Stamp{}, err
		}
	}
	b, ok, err := r.Get(key)
	if err != nil || !ok {
		return Stamp{}, err
	}
	d := &reader{b: b}
	d.format(versionFormat)
	s := Stamp{Version: d.uint(), Nonce: d.uint()}
	return s, d.done()
}

func encodeStamp(s Stamp) []byte {
	w := &writer{}
	w.byte(versionFormat)
	w.uint(s.Version)
	w.uint(s.Nonce)
	return w.b
}

// load reads all records of a database's catalog.
func load(r txn.Reader, db keyspace.DatabaseID) (*Snapshot, error) {
	s := emptySnapshot(db)
	add := func(rec keyspace.ObjectID, fn func(key, value []byte) error) error {
		prefix := recordPrefix(db, rec)
		it := r.Iter(txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)})
		defer it.Close()
		for it.Next() {
			if err := fn(it.Key()[len(prefix):], it.Value()); err != nil {
				return fmt.Errorf("load catalog of database %d: %w", db, err)
			}
		}
		return it.Err()
	}
	if err := add(recSchema, func(k, v []byte) error {
		name, _, err := enc.DecodeString(k)
		if err != nil {
			return err
		}
		x, err := decodeSchema(name, v)
		s.schemas[name] = x
		return err
	}); err != nil {
		return nil, err
	}
	if err := add(recType, func(_, v []byte) error {
		t, err := decodeType(v)
		if err == nil {
			t.DB = db
			s.addType(t)
			t.Register()
		}
		return err
	}); err != nil {
		return nil, err
	}
	if err := add(recFunction, func(_, v []byte) error {
		f, err := decodeFunction(v)
		if err == nil {
			f.DB = db
			s.addFunction(f)
		}
		return err
	}); err != nil {
		return nil, err
	}
	if err := add(recTable, func(_, v []byte) error {
		t, err := DecodeTable(db, v)
		if err == nil {
			s.addTable(t)
		}
		return err
	}); err != nil {
		return nil, err
	}
	if err := add(recSequence, func(_, v []byte) error {
		q, err := decodeSequence(v)
		if err == nil {
			q.DB = db
			s.addSequence(q)
		}
		return err
	}); err != nil {
		return nil, err
	}
	return s, add(recView, func(_, v []byte) error {
		x, err := decodeView(v)
		if err == nil {
			x.DB = db
			s.addView(x)
		}
		return err
	})
}

func (s *Snapshot) addTable(t *Table) {
	s.refs = new(references)
	s.tables[t.ID] = t
	s.rels[relName{t.Schema, t.Name}] = Relation{Table: t}
	for i := range t.Indexes {
		if x := &t.Indexes[i]; x.Name != "" {
			s.rels[relName{t.Schema, x.Name}] = Relation{Table: t, Index: x}
		}
	}
}

func (s *Snapshot) removeTable(t *Table) {
	s.refs = new(references)
	delete(s.tables, t.ID)
	delete(s.rels, relName{t.Schema, t.Name})
	for i := range t.Indexes {
		delete(s.rels, relName{t.Schema, t.Indexes[i].Name})
	}
}

func (s *Snapshot) addSequence(q *Sequence) {
	s.sequences[q.ID] = q
	s.rels[relName{q.Schema, q.Name}] = Relation{Sequence: q}
}

func (s *Snapshot) addView(v *View) {
	s.views[v.ID] = v
	s.rels[relName{v.Schema, v.Name}] = Relation{View: v}
}

// NewID gives out an object id that was never given out before in this
// database. It is not part of any transaction, so that data left behind by one
// that was rolled back is never taken for another object's.
func (c *Catalog) NewID(ctx context.Context, db keyspace.DatabaseID) (keyspace.ObjectID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.mu.ids[db]
	if r == nil || r.next == r.end {
		first, err := c.takeIDs(ctx, db)
		if err != nil {
			return 0, fmt.Errorf("take object ids of database %d: %w", db, err)
		}
		r = &idRange{next: first, end: first + idBlock}
		c.mu.ids[db] = r
	}
	r.next++
	return r.next - 1, nil
}

func (c *Catalog) takeIDs(ctx context.Context, db keyspace.DatabaseID) (first keyspace.ObjectID, err error) {
	key := recordPrefix(db, recNextID)
	err = c.store.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		first = 1
		b, ok, err := tx.Get(key)
		if err != nil {
			return err
		}
		if ok {
			v, rest, err := enc.DecodeOrderedUvarint(b)
			if err != nil || len(rest) != 0 {
				return fmt.Errorf("decode id counter: %w", dberr.ErrCorrupt)
			}
			first = keyspace.ObjectID(v)
		}
		return tx.Put(key, enc.AppendOrderedUvarint(nil, uint64(first)+idBlock))
	})
	return first, err
}

// Editor makes one change of a database's catalog within a transaction. Finish must
// be called for it to take hold.
type Editor struct {
	*Snapshot // as changed so far
	cat       *Catalog
	tx        *txn.Tx
	ctx       context.Context
	changed   map[keyspace.ObjectID]string // tables that were replaced or removed
}

// Changed are the names of the tables that were replaced or removed.
func (e *Editor) Changed() map[keyspace.ObjectID]string { return e.changed }

func (e *Editor) noteChange(t *Table) {
	if e.changed == nil {
		e.changed = map[keyspace.ObjectID]string{}
	}
	e.changed[t.ID] = t.Name
}

// Edit begins a change.
func (c *Catalog) Edit(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID) (*Editor, error) {
	s, err := c.At(tx, db)
	if err != nil {
		return nil, err
	}
	return &Editor{Snapshot: s.clone(), cat: c, tx: tx, ctx: ctx}, nil
}

// NewID gives out an object id.
func (e *Editor) NewID() (keyspace.ObjectID, error) { return e.cat.NewID(e.ctx, e.DB) }

// PutTable adds a table or replaces the one with its id, and raises its version.
func (e *Editor) PutTable(t *Table) error {
	t.DB = e.DB
	t.Version++
	if old := e.tables[t.ID]; old != nil {
		e.noteChange(old)
		e.removeTable(old)
	}
	e.addTable(t)
	return e.tx.Put(idKey(e.DB, recTable, t.ID), EncodeTable(t))
}

// DropTable removes a table; its rows go after the commit.
func (e *Editor) DropTable(t *Table) error {
	e.noteChange(t)
	e.removeTable(t)
	for i := range t.Indexes {
		if err := e.dropData(keyspace.SpaceIndex, t.Indexes[i].ID); err != nil {
			return err
		}
	}
	if err := e.tx.Delete(idKey(e.DB, recStats, t.ID)); err != nil {
		return err
	}
	return e.tx.Delete(idKey(e.DB, recTable, t.ID))
}

// DropIndexData has the entries of an index removed after the commit.
func (e *Editor) DropIndexData(id keyspace.ObjectID) error {
	return e.dropData(keyspace.SpaceIndex, id)
}

func (e *Editor) dropData(space keyspace.Space, id keyspace.ObjectID) error {
	prefix := keyspace.AppendPrefix(nil, e.DB, space, id)
	return putPendingDrop(e.tx, prefix, keyspace.End(prefix))
}

// PutSequence adds or replaces a sequence.
func (e *Editor) PutSequence(q *Sequence) error {
	q.DB = e.DB
	if old := e.sequences[q.ID]; old != nil {
		delete(e.rels, relName{old.Schema, old.Name})
	}
	e.addSequence(q)
	return e.tx.Put(idKey(e.DB, recSequence, q.ID), encodeSequence(q))
}

// DropSequence removes a sequence.
func (e *Editor) DropSequence(q *Sequence) error {
	delete(e.sequences, q.ID)
	delete(e.rels, relName{q.Schema, q.Name})
	if err := e.DropCounter(q.Counter()); err != nil {
		return err
	}
	return e.tx.Delete(idKey(e.DB, recSequence, q.ID))
}

// DropCounter has the value of a sequence removed after the commit.
func (e *Editor) DropCounter(id keyspace.ObjectID) error {
	return e.dropData(keyspace.SpaceSequence, id)
}

// PutView adds or replaces a view.
func (e *Editor) PutView(v *View) error {
	v.DB = e.DB
	if old := e.views[v.ID]; old != nil {
		delete(e.rels, relName{old.Schema, old.Name})
	}
	e.addView(v)
	return e.tx.Put(idKey(e.DB, recView, v.ID), encodeView(v))
}

// DropView removes a view.
func (e *Editor) DropView(v *View) error {
	delete(e.views, v.ID)
	delete(e.rels, relName{v.Schema, v.Name})
	return e.tx.Delete(idKey(e.DB, recView, v.ID))
}

// PutSchema adds or replaces a schema.
func (e *Editor) PutSchema(x *Schema) error {
	e.schemas[x.Name] = x
	w := &writer{}
	w.byte(schemaFormat)
	return e.tx.Put(nameKey(e.DB, recSchema, x.Name), w.comment(x.Comment))
}

func decodeSchema(name string, b []byte) (*Schema, error) {
	r := &reader{b: b}
	x := &Schema{Name: name, Comment: r.comment(r.formats(schemaFormat, commentFormat))}
	return x, r.done()
}

// DropSchema removes an empty schema.
func (e *Editor) DropSchema(name string) error {
	delete(e.schemas, name)
	return e.tx.Delete(nameKey(e.DB, recSchema, name))
}

// Finish stamps the change and makes it what the transaction sees from now on.
func (e *Editor) Finish() error {
	e.Stamp = Stamp{Version: e.Stamp.Version + 1, Nonce: rand.Uint64()}
	if err := e.tx.Put(recordPrefix(e.DB, recVersion), encodeStamp(e.Stamp)); err != nil {
		return err
	}
	e.cat.keep(e.Snapshot)
	return nil
}
