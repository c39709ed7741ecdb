package catalog

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// DefaultDatabase is always there and cannot be dropped.
const (
	DefaultDatabase                       = "default"
	DefaultDatabaseID keyspace.DatabaseID = 1
)

// Kinds of records in the catalog space of the system database.
const (
	recDatabase       keyspace.ObjectID = 1 // by name
	recNextDatabaseID keyspace.ObjectID = 2 // one record
	recPendingDrop    keyspace.ObjectID = 3 // by bounds: key ranges to be removed
)

// MaxNameLength is the longest name of a database, table or column, in bytes.
const MaxNameLength = 63

// Database is one entry of the list of databases.
type Database struct {
	ID      keyspace.DatabaseID
	Name    string
	Created time.Time // zero for the default database
}

// ValidDatabaseName checks a name: 1 to 63 of a-z, A-Z, 0-9, "_" and "-", beginning
// with a letter or "_".
func ValidDatabaseName(name string) error {
	bad := name == "" || len(name) > MaxNameLength
	for i := 0; i < len(name) && !bad; i++ {
		c := name[i]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		bad = !letter && (i == 0 || c != '-' && (c < '0' || c > '9'))
	}
	if bad {
		return dberr.SQL(dberr.StateInvalidName, "invalid database name %q", name).
			WithHint(`Use 1 to %d of a-z, A-Z, 0-9, "_" and "-", beginning with a letter or "_".`, MaxNameLength).
			WithField("database")
	}
	return nil
}

// Database finds a database by name as r sees it.
func (c *Catalog) Database(r txn.Reader, name string) (Database, bool, error) {
	if name == "" || name == DefaultDatabase {
		return Database{ID: DefaultDatabaseID, Name: DefaultDatabase}, true, nil
	}
	b, ok, err := r.Get(nameKey(keyspace.System, recDatabase, name))
	if err != nil || !ok {
		return Database{}, false, err
	}
	d, err := decodeDatabase(name, b)
	return d, err == nil, err
}

func encodeDatabase(d Database) []byte {
	w := &writer{}
	w.byte(databaseFormat)
	w.uint(uint64(d.ID))
	w.int(d.Created.UnixNano())
	return w.b
}

func decodeDatabase(name string, b []byte) (Database, error) {
	r := &reader{b: b}
	r.format(databaseFormat)
	d := Database{Name: name, ID: keyspace.DatabaseID(r.uint32()), Created: time.Unix(0, r.int()).UTC()}
	return d, r.done()
}

// Databases lists all databases by name, the default one included.
func (c *Catalog) Databases(r txn.Reader) ([]Database, error) {
	list := []Database{{ID: DefaultDatabaseID, Name: DefaultDatabase}}
	prefix := recordPrefix(keyspace.System, recDatabase)
	it := r.Iter(txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)})
	defer it.Close()
	for it.Next() {
		name, _, err := enc.DecodeString(it.Key()[len(prefix):])
		if err != nil {
			return nil, fmt.Errorf("list databases: %w: %w", dberr.ErrCorrupt, err)
		}
		d, err := decodeDatabase(name, it.Value())
		if err != nil {
			return nil, fmt.Errorf("list databases: %w", err)
		}
		list = append(list, d)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list, it.Err()
}

// CreateDatabase adds a database. Its id was never used before.
func (c *Catalog) CreateDatabase(ctx context.Context, name string) (d Database, err error) {
	if err := ValidDatabaseName(name); err != nil {
		return d, err
	}
	err = c.store.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		_, ok, err := c.Database(tx, name)
		if err != nil {
			return err
		}
		if ok {
			return dberr.SQL(dberr.StateDuplicateDatabase, "database %q already exists", name).WithField("database")
		}
		d, err = c.addDatabase(tx, name)
		return err
	})
	return d, err
}

func (c *Catalog) addDatabase(tx *txn.Tx, name string) (d Database, err error) {
	key := recordPrefix(keyspace.System, recNextDatabaseID)
	next := uint64(DefaultDatabaseID) + 1
	b, ok, err := tx.Get(key)
	if err != nil {
		return d, err
	}
	if ok {
		v, rest, err := enc.DecodeOrderedUvarint(b)
		if err != nil || len(rest) != 0 || v > 1<<32-1 {
			return d, fmt.Errorf("decode database id counter: %w", dberr.ErrCorrupt)
		}
		next = v
	}
	d = Database{ID: keyspace.DatabaseID(next), Name: name, Created: time.Now().UTC()}
	if err := tx.Put(key, enc.AppendOrderedUvarint(nil, next+1)); err != nil {
		return d, err
	}
	return d, tx.Put(nameKey(keyspace.System, recDatabase, name), encodeDatabase(d))
}

// DropDatabase removes a database from the list; RunDrops removes its data.
func (c *Catalog) DropDatabase(ctx context.Context, name string) error {
	if name == DefaultDatabase {
		return dberr.SQL(dberr.StateObjectInUse, "cannot drop the database %q", name).WithField("database")
	}
	return c.store.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		d, ok, err := c.Database(tx, name)
		if err != nil {
			return err
		}
		if !ok {
			return UnknownDatabase(name)
		}
		if err := tx.Delete(nameKey(keyspace.System, recDatabase, name)); err != nil {
			return err
		}
		prefix := keyspace.AppendDatabasePrefix(nil, d.ID)
		return putPendingDrop(tx, prefix, keyspace.End(prefix))
	})
}

// UnknownDatabase is the error for a database that is not there.
func UnknownDatabase(name string) error {
	return dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", name).WithField("database").
		WithHint("Create it with CREATE DATABASE or POST /api/v1/databases.")
}

func putPendingDrop(tx *txn.Tx, lower, upper []byte) error {
	key := enc.AppendBytes(enc.AppendBytes(recordPrefix(keyspace.System, recPendingDrop), lower), upper)
	return tx.Put(key, []byte{dropFormat})
}

// PendingDrops says which keys are those of objects that were dropped and whose data
// wait to be removed, as r sees it.
func (c *Catalog) PendingDrops(r txn.Reader) (within func(key []byte) bool, err error) {
	drops, err := pendingDrops(r)
	if err != nil {
		return nil, err
	}
	return func(key []byte) bool {
		for _, d := range drops {
			if bytes.Compare(key, d.lower) >= 0 && bytes.Compare(key, d.upper) < 0 {
				return true
			}
		}
		return false
	}, nil
}

// pendingDrop is a record of a range that is to be removed.
type pendingDrop struct{ key, lower, upper []byte }

func pendingDrops(r txn.Reader) (list []pendingDrop, err error) {
	prefix := recordPrefix(keyspace.System, recPendingDrop)
	it := r.Iter(txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)})
	defer it.Close()
	for it.Next() {
		key := append([]byte(nil), it.Key()...)
		lower, rest, err := enc.DecodeBytes(key[len(prefix):])
		if err != nil {
			return nil, fmt.Errorf("decode pending drop: %w: %w", dberr.ErrCorrupt, err)
		}
		upper, _, err := enc.DecodeBytes(rest)
		if err != nil {
			return nil, fmt.Errorf("decode pending drop: %w: %w", dberr.ErrCorrupt, err)
		}
		list = append(list, pendingDrop{key, lower, upper})
	}
	return list, it.Err()
}

// RunDrops removes the data of objects whose drop has committed. It is called
// after such a commit, and once at the start for what a crash left over. Each range that
// was removed is told to dropped, where that is not nil.
func (c *Catalog) RunDrops(ctx context.Context, dropped func(lower, upper []byte)) error {
	var todo []pendingDrop
	err := c.store.View(ctx, func(tx *txn.Tx) (err error) {
		todo, err = pendingDrops(tx)
		return err
	})
	if err != nil || len(todo) == 0 {
		return err
	}
	for _, d := range todo {
		if err := c.store.DropRange(ctx, d.lower, d.upper); err != nil {
			return fmt.Errorf("remove dropped data: %w", err)
		}
		if dropped != nil {
			dropped(d.lower, d.upper)
		}
	}
	return c.store.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
		for _, d := range todo {
			if err := tx.Delete(d.key); err != nil {
				return err
			}
		}
		return nil
	})
}
