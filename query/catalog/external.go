package catalog

import "github.com/weftdb/weft/storage/keyspace"

// External says that another model keeps the rows of a table: it is made anew from the
// model's own definitions whenever a statement names it, and is never stored in the
// catalog. Its indexes are the model's ways to its rows.
type External struct {
	// Source is the model, by the name of the schema in which its tables are.
	Source string
	// Object is the name of the bucket, collection … and Noun says which of these it is.
	Object, Noun string
	// Stamp changes with every change of the definition, and never comes back.
	Stamp Stamp
	// MakesKey says that a row may be added without a key, which the model then makes.
	// FixedKey says that the key of a row cannot change.
	MakesKey, FixedKey bool
	// Probes says that the model takes conditions on paths (source.Probe).
	Probes bool
	// Columns says that the model takes conditions on columns of the key (source.ColumnCompare),
	// and that its rows are searched for by these alone, never by ranges of its key.
	Columns bool
	// FullText says that the model may find its rows by words.
	FullText bool
	// Manage says how it is made, changed and dropped, for hints.
	Manage string
}

// Ids of external tables and of their indexes lie above those that a catalog gives out.
const (
	externalIDs  keyspace.ObjectID = 0x7000_0000
	externalSpan keyspace.ObjectID = 0x0100_0000 // of each source
)

// ExternalID is an object id for something of a model, that no other object of the
// database has. Source numbers the models from 0; ids of a model are counted modulo
// 16,777,216, so they name objects in lists and are not what finds them.
func ExternalID(source int, id keyspace.ObjectID) keyspace.ObjectID {
	return externalIDs + keyspace.ObjectID(source)*externalSpan + id%externalSpan
}

// With adds schemas and external tables to a snapshot, for lists of all that there is.
// What is there already under the same name stays.
func (s *Snapshot) With(schemas []string, tables []*Table) *Snapshot {
	c := s.clone()
	for _, n := range schemas {
		if c.schemas[n] == nil {
			c.schemas[n] = &Schema{Name: n}
		}
	}
	for _, t := range tables {
		if _, taken := c.rels[relName{t.Schema, t.Name}]; !taken {
			c.addTable(t)
		}
	}
	return c
}
