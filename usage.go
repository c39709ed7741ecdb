package weft

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/vfs"
)

// Usage is what a database takes of disk and memory. Sizes of what is in SSTables
// are about right: they are found from where keys lie in files, not by reading. What
// no checkpoint has brought there yet is in the log and in memory only.
type Usage struct {
	// Device is that of the directory, nil in memory.
	Device *vfs.DiskUsage
	// SSTableBytes are those of the sorted store, in all; LogBytes those of the log's
	// files, reserved ones too; TempBytes what statements have spilled.
	SSTableBytes, LogBytes, TempBytes int64
	// IndexBytes is the part of SSTableBytes that secondary indexes take.
	IndexBytes int64
	// MemoryBytes is what records and their indexes take of memory, and CacheBytes what
	// blocks of SSTables do.
	MemoryBytes, CacheBytes int64
	// MemoryKeys are the keys whose records are in memory.
	MemoryKeys int64
	Databases  []DatabaseUsage
}

// SystemDatabase stands in Usage for the records that are of no one database.
const SystemDatabase = "(system)"

// DatabaseUsage is what one database takes of the SSTables.
type DatabaseUsage struct {
	Name   string
	Bytes  int64
	Models []ModelUsage
}

// ModelUsage is what one model takes of a database: sql, kv, document, and so on.
type ModelUsage struct {
	Model   string
	Bytes   int64 // catalogs and counters of the model, too
	Objects []ObjectUsage
}

// ObjectUsage is what a table, a bucket or a collection takes.
type ObjectUsage struct {
	Name       string
	Bytes      int64 // indexes included
	IndexBytes int64
}

// Usage says what the database takes of disk and memory, and what of it takes how
// much.
func (db *DB) Usage(ctx context.Context) (Usage, error) {
	u := Usage{}
	mem := db.store.Stats()
	u.MemoryBytes, u.MemoryKeys = mem.HeldBytes, mem.Keys
	if log := db.store.Log(); log != nil {
		u.LogBytes = log.DiskBytes()
	}
	if s := db.store.Sorted(); s != nil {
		st := s.Stats()
		u.SSTableBytes, u.CacheBytes = st.Bytes, st.CacheBytes
	}
	if err := db.deviceUsage(&u); err != nil {
		return u, fmt.Errorf("disk usage: %w", err)
	}
	m := measurer{db: db, ctx: ctx, u: &u}
	if err := db.engine.Extents(ctx, m.database); err != nil {
		return u, err
	}
	return u, m.system()
}

// deviceUsage adds what the file system knows.
func (db *DB) deviceUsage(u *Usage) error {
	fs := db.store.FS()
	if fs == nil {
		return nil
	}
	d, err := fs.GetDiskUsage(db.store.Dir())
	if err != nil {
		return vfs.MapError(err)
	}
	u.Device = &d
	tmp := fs.PathJoin(db.store.Dir(), "tmp")
	names, err := fs.List(tmp)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return vfs.MapError(err)
	}
	for _, name := range names {
		info, err := fs.Stat(fs.PathJoin(tmp, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // its statement has ended
		}
		if err != nil {
			return vfs.MapError(err)
		}
		u.TempBytes += info.Size()
	}
	return nil
}

// measurer adds up the sizes of key ranges.
type measurer struct {
	db  *DB
	ctx context.Context
	u   *Usage
}

func (m *measurer) size(lower, upper []byte) (int64, error) {
	s := m.db.store.Sorted()
	if s == nil {
		return 0, nil
	}
	if err := m.ctx.Err(); err != nil {
		return 0, context.Cause(m.ctx)
	}
	return s.SizeOf(lower, upper)
}

func (m *measurer) sum(spans [][2][]byte) (n int64, err error) {
	for _, x := range spans {
		size, err := m.size(x[0], x[1])
		if err != nil {
			return 0, err
		}
		n += size
	}
	return n, nil
}

// system adds the system database.
func (m *measurer) system() error {
	prefix := keyspace.AppendDatabasePrefix(nil, keyspace.System)
	n, err := m.size(prefix, keyspace.End(prefix))
	if err == nil {
		m.u.Databases = append(m.u.Databases, DatabaseUsage{Name: SystemDatabase, Bytes: n})
	}
	return err
}

// modelSpaces are the spaces of the key space by the model that they belong to.
var modelSpaces = []struct {
	model  string
	spaces []keyspace.Space
}{
	{"sql", []keyspace.Space{keyspace.SpaceCatalog, keyspace.SpaceSequence, keyspace.SpaceIndex}},
	{"kv", []keyspace.Space{keyspace.SpaceKV}},
	{"document", []keyspace.Space{keyspace.SpaceDocument}},
	{"series", []keyspace.Space{keyspace.SpaceSeries}},
	{"stream", []keyspace.Space{keyspace.SpaceStream, keyspace.SpaceContinuous}},
	{"object", []keyspace.Space{keyspace.SpaceObject}},
}

// database adds a database with its models and their objects.
func (m *measurer) database(name string, id keyspace.DatabaseID, tables []query.Extent) error {
	prefix := keyspace.AppendDatabasePrefix(nil, id)
	all, err := m.size(prefix, keyspace.End(prefix))
	if err != nil {
		return err
	}
	d := DatabaseUsage{Name: name, Bytes: all}
	for _, x := range modelSpaces {
		u := ModelUsage{Model: x.model}
		for _, space := range x.spaces {
			prefix := keyspace.AppendSpacePrefix(nil, id, space)
			n, err := m.size(prefix, keyspace.End(prefix))
			if err != nil {
				return err
			}
			u.Bytes += n
		}
		switch x.model {
		case "sql":
			u.Objects, err = m.tables(tables)
		case "kv":
			u.Objects, err = m.buckets(id)
		case "document":
			u.Objects, err = m.collections(id)
		case "stream":
			u.Objects, err = m.channels(id)
		case "series":
			u.Objects, err = m.metrics(id)
		}
		if err != nil {
			return err
		}
		if u.Bytes > 0 || len(u.Objects) > 0 {
			d.Models = append(d.Models, u)
		}
		for _, o := range u.Objects {
			m.u.IndexBytes += o.IndexBytes
		}
	}
	m.u.Databases = append(m.u.Databases, d)
	return nil
}

func (m *measurer) tables(extents []query.Extent) (list []ObjectUsage, err error) {
	for _, x := range extents {
		n, err := m.size(x.Lower, x.Upper)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(x.Table, "public.")
		if len(list) == 0 || list[len(list)-1].Name != name {
			list = append(list, ObjectUsage{Name: name})
		}
		o := &list[len(list)-1]
		o.Bytes += n
		if x.Index != "" {
			o.IndexBytes += n
		}
	}
	return list, nil
}

func (m *measurer) channels(id keyspace.DatabaseID) (list []ObjectUsage, err error) {
	s := m.db.channels.In(id)
	channels, err := s.Channels(m.ctx)
	for _, c := range channels {
		if err != nil {
			return nil, err
		}
		o := ObjectUsage{Name: c.Name}
		o.Bytes, err = m.sum(s.Extents(c))
		list = append(list, o)
	}
	return list, err
}

func (m *measurer) buckets(id keyspace.DatabaseID) (list []ObjectUsage, err error) {
	s := m.db.kv.In(id)
	buckets, err := s.Buckets(m.ctx)
	for _, b := range buckets {
		if err != nil {
			return nil, err
		}
		o := ObjectUsage{Name: b.Name}
		o.Bytes, err = m.sum(s.Extents(b))
		list = append(list, o)
	}
	return list, err
}

func (m *measurer) metrics(id keyspace.DatabaseID) (list []ObjectUsage, err error) {
	s := m.db.series.In(id)
	metrics, err := s.Metrics(m.ctx)
	for _, x := range metrics {
		if err != nil {
			return nil, err
		}
		o := ObjectUsage{Name: x.Name}
		o.Bytes, err = m.sum(s.Extents(x))
		list = append(list, o)
	}
	return list, err
}

func (m *measurer) collections(id keyspace.DatabaseID) (list []ObjectUsage, err error) {
	s := m.db.docs.In(id)
	collections, err := s.Collections(m.ctx)
	for _, c := range collections {
		if err != nil {
			return nil, err
		}
		o := ObjectUsage{Name: c.Name}
		if o.IndexBytes, err = m.sum(s.IndexExtents(c)); err == nil {
			o.Bytes, err = m.sum(s.Extents(c))
		}
		o.Bytes += o.IndexBytes
		list = append(list, o)
	}
	return list, err
}
