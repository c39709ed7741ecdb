package catalog

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// Names of the schemas that are always there.
const (
	PublicSchema      = "public"
	InformationSchema = "information_schema"
	SystemSchema      = "pg_catalog"
)

// Sequence is a number generator. Its value is kept apart, outside transactions.
type Sequence struct {
	ID           keyspace.ObjectID
	DB           keyspace.DatabaseID
	Schema, Name string
	Type         sqltype.Type
	Start        int64
	Increment    int64
	Min, Max     int64
	Cache        int64
	Cycle        bool
	// OwnerTable and OwnerColumn name the column with which the sequence goes; 0 for none.
	OwnerTable  keyspace.ObjectID
	OwnerColumn ColumnID
	Comment     string
	// CounterID is the object id under which the value is kept, 0 where it is ID: a
	// restarted sequence counts anew under another one. First is where that begins;
	// FirstUsed says that the first value comes after it.
	CounterID keyspace.ObjectID
	First     int64
	FirstUsed bool
}

// Counter is the object id under which the value is kept.
func (s *Sequence) Counter() keyspace.ObjectID {
	if s.CounterID != 0 {
		return s.CounterID
	}
	return s.ID
}

// ViewColumn is one output column of a view.
type ViewColumn struct {
	Name    string
	Type    sqltype.Type
	Comment string // of a column of a view
	Default string // of a column of a view: its expression as SQL text, "" where there is none
}

// View is a named query.
type View struct {
	ID           keyspace.ObjectID
	DB           keyspace.DatabaseID
	Schema, Name string
	Query        string // SQL text
	Columns      []ViewColumn
	DependsOn    []keyspace.ObjectID // tables and views that Query reads
	Comment      string
	// Options are those of WITH (…) and WITH CHECK OPTION, each as name=value.
	Options []string
}

// CheckOption says which of the rows that are written through a view must be rows of it.
type CheckOption uint8

const (
	CheckNone     CheckOption = iota // all are allowed
	CheckLocal                       // those that its own condition holds for
	CheckCascaded                    // those that its condition and those of the views below hold for
)

// CheckOption gives the view's check option.
func (v *View) CheckOption() CheckOption {
	for _, o := range v.Options {
		switch o {
		case "check_option=local":
			return CheckLocal
		case "check_option=cascaded":
			return CheckCascaded
		}
	}
	return CheckNone
}

// Schema is a namespace within a database.
type Schema struct {
	Name    string
	Comment string
}

// Relation is what a name of a schema stands for. Exactly one field is set. Index
// comes with its Table.
type Relation struct {
	Table    *Table
	View     *View
	Sequence *Sequence
	Index    *Index
}

// Kind is the relation's kind in the words of error messages.
func (r Relation) Kind() string {
	switch {
	case r.Index != nil:
		return "index"
	case r.View != nil:
		return "view"
	case r.Sequence != nil:
		return "sequence"
	case r.Table != nil && r.Table.Kind == Materialized:
		return "materialized view"
	}
	return "table"
}

type relName struct{ schema, name string }

// Stamp identifies one state of a database's catalog for ever: two snapshots with
// the same stamp are equal, even where one was never committed.
type Stamp struct {
	Version uint64
	Nonce   uint64
}

// Snapshot is the whole catalog of a database at one version. It is immutable.
type Snapshot struct {
	DB    keyspace.DatabaseID
	Stamp Stamp

	schemas   map[string]*Schema
	rels      map[relName]Relation
	tables    map[keyspace.ObjectID]*Table
	views     map[keyspace.ObjectID]*View
	sequences map[keyspace.ObjectID]*Sequence
	types     map[keyspace.ObjectID]*UserType
	typeNames map[relName]*UserType
	functions map[keyspace.ObjectID]*Function
	// functionNames lists functions by name; lists are never changed in place.
	functionNames map[string][]*Function

	// refs is made when it is first asked for, and anew once an Editor has changed tables.
	refs *references
}

// references are the foreign keys of a catalog by the table that they refer to.
type references struct {
	once sync.Once
	to   map[keyspace.ObjectID][]Reference
}

func emptySnapshot(db keyspace.DatabaseID) *Snapshot {
	return &Snapshot{
		DB:        db,
		schemas:   map[string]*Schema{PublicSchema: {Name: PublicSchema}},
		rels:      map[relName]Relation{},
		tables:    map[keyspace.ObjectID]*Table{},
		views:     map[keyspace.ObjectID]*View{},
		sequences: map[keyspace.ObjectID]*Sequence{},
		types:     map[keyspace.ObjectID]*UserType{},
		typeNames: map[relName]*UserType{},
		functions: map[keyspace.ObjectID]*Function{}, functionNames: map[string][]*Function{},
		refs: new(references),
	}
}

func (s *Snapshot) clone() *Snapshot {
	c := *s
	c.schemas, c.rels = maps.Clone(s.schemas), maps.Clone(s.rels)
	c.tables, c.views, c.sequences = maps.Clone(s.tables), maps.Clone(s.views), maps.Clone(s.sequences)
	c.types, c.typeNames = maps.Clone(s.types), maps.Clone(s.typeNames)
	c.functions, c.functionNames = maps.Clone(s.functions), maps.Clone(s.functionNames)
	c.refs = new(references)
	return &c
}

// Lookup finds a relation by schema and name.
func (s *Snapshot) Lookup(schema, name string) (Relation, bool) {
	r, ok := s.rels[relName{schema, name}]
	return r, ok
}

// HasSchema reports whether a schema is there, reserved ones included.
func (s *Snapshot) HasSchema(name string) bool {
	return s.schemas[name] != nil || name == InformationSchema || name == SystemSchema
}

// Reserved reports whether a schema belongs to the system.
func Reserved(schema string) bool {
	return schema == InformationSchema || strings.HasPrefix(schema, "pg_")
}

// Table finds a table by id; nil where there is none.
func (s *Snapshot) Table(id keyspace.ObjectID) *Table { return s.tables[id] }

// View finds a view by id; nil where there is none.
func (s *Snapshot) View(id keyspace.ObjectID) *View { return s.views[id] }

// Sequence finds a sequence by id; nil where there is none.
func (s *Snapshot) Sequence(id keyspace.ObjectID) *Sequence { return s.sequences[id] }

// Tables lists all tables by schema and name.
func (s *Snapshot) Tables() []*Table {
	return sorted(s.tables, func(t *Table) (string, string) { return t.Schema, t.Name })
}

// Views lists all views by schema and name.
func (s *Snapshot) Views() []*View {
	return sorted(s.views, func(v *View) (string, string) { return v.Schema, v.Name })
}

// Sequences lists all sequences by schema and name.
func (s *Snapshot) Sequences() []*Sequence {
	return sorted(s.sequences, func(q *Sequence) (string, string) { return q.Schema, q.Name })
}

func sorted[T any](m map[keyspace.ObjectID]T, key func(T) (string, string)) []T {
	list := slices.Collect(maps.Values(m))
	sort.Slice(list, func(i, j int) bool {
		si, ni := key(list[i])
		sj, nj := key(list[j])
		return si < sj || si == sj && ni < nj
	})
	return list
}

// SchemaComment gives the comment of a schema.
func (s *Snapshot) SchemaComment(name string) string {
	if x := s.schemas[name]; x != nil {
		return x.Comment
	}
	return ""
}

// Schemas lists the schemas that users made, and public, by name.
func (s *Snapshot) Schemas() []string { return slices.Sorted(maps.Keys(s.schemas)) }

// OwnedSequence finds the sequence that belongs to a column; nil where there is none.
func (s *Snapshot) OwnedSequence(table keyspace.ObjectID, col ColumnID) *Sequence {
	for _, q := range s.sequences {
		if q.OwnerTable == table && q.OwnerColumn == col {
			return q
		}
	}
	return nil
}

// References lists the foreign keys of other tables that refer to a table. The list is
// shared and must not be changed.
func (s *Snapshot) References(id keyspace.ObjectID) []Reference {
	s.refs.once.Do(func() {
		s.refs.to = map[keyspace.ObjectID][]Reference{}
		for _, t := range s.Tables() {
			for i := range t.ForeignKeys {
				to := t.ForeignKeys[i].RefTable
				s.refs.to[to] = append(s.refs.to[to], Reference{Table: t, Key: &t.ForeignKeys[i]})
			}
		}
	})
	return s.refs.to[id]
}

// Reference is a foreign key with the table that holds it.
type Reference struct {
	Table *Table
	Key   *ForeignKey
}

// MaterializedOn lists the materialized views that read a table or view directly.
func (s *Snapshot) MaterializedOn(id keyspace.ObjectID) (list []*Table) {
	for _, t := range s.Tables() {
		if slices.Contains(t.Reads, id) {
			list = append(list, t)
		}
	}
	return list
}

// ViewsOn lists the views that read a table or view directly.
func (s *Snapshot) ViewsOn(id keyspace.ObjectID) (list []*View) {
	for _, v := range s.Views() {
		if slices.Contains(v.DependsOn, id) {
			list = append(list, v)
		}
	}
	return list
}

// Column finds a column by name; -1 where there is none.
func (t *Table) Column(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// Ordinal finds a column by id; -1 where there is none (the hidden row id).
func (t *Table) Ordinal(id ColumnID) int {
	if int(id) > 0 && int(id) <= len(t.Columns) && t.Columns[id-1].ID == id {
		return int(id - 1)
	}
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.ID == id })
}

// PrimaryKey lists the columns of the primary key; nil where the table has none.
func (t *Table) PrimaryKey() []ColumnID {
	if t.HiddenKey() {
		return nil
	}
	ids := make([]ColumnID, len(t.Indexes[0].Columns))
	for i, c := range t.Indexes[0].Columns {
		ids[i] = c.Column
	}
	return ids
}

// HiddenKey reports whether rows are kept by a hidden row id.
func (t *Table) HiddenKey() bool {
	x := &t.Indexes[0]
	return len(x.Columns) == 1 && x.Columns[0].Column == RowID
}

// Clone copies a table so that DDL may change the copy.
func (t *Table) Clone() *Table {
	c := *t
	c.Columns = slices.Clone(t.Columns)
	c.Indexes = slices.Clone(t.Indexes)
	c.Checks = slices.Clone(t.Checks)
	c.ForeignKeys = slices.Clone(t.ForeignKeys)
	for i := range c.Indexes {
		c.Indexes[i].Columns = slices.Clone(c.Indexes[i].Columns)
	}
	return &c
}
