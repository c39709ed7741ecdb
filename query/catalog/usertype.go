package catalog

import (
	"slices"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// TypeKind is the kind of a type that users make.
type TypeKind uint8

const (
	Enum      TypeKind = 0
	Domain    TypeKind = 1
	Composite TypeKind = 2
)

// EnumLabel is a value of an enumerated type. Values are stored and compared by code.
type EnumLabel struct {
	Code int64
	Name string
}

// UserType is a type made by CREATE TYPE or CREATE DOMAIN. It is immutable: DDL makes
// a new one.
type UserType struct {
	ID           keyspace.ObjectID
	DB           keyspace.DatabaseID
	Schema, Name string
	Kind         TypeKind
	Comment      string
	// Handle is the Mod of the sqltype.Type of an enumerated or composite type. It was drawn at
	// random, so that it is its own in all databases of a process.
	Handle int32
	Labels []EnumLabel // of an Enum, in order
	// Base is what a Domain is made of: BaseDomain's own base where that is set.
	Base       sqltype.Type
	BaseDomain keyspace.ObjectID
	NotNull    bool
	Default    string
	Checks     []Check // over the name VALUE
	Fields     []Field // of a Composite
}

// Field is a field of a composite type. Domain is the domain that it was declared with, as in
// Column.
type Field struct {
	Name   string
	Type   sqltype.Type
	Domain keyspace.ObjectID
}

// Type is how values of the type are held: of a domain, its base type.
func (t *UserType) Type() sqltype.Type {
	switch t.Kind {
	case Enum:
		return sqltype.Type{ID: sqltype.Enum, Mod: t.Handle}
	case Domain:
		return t.Base
	}
	return sqltype.Type{ID: sqltype.Record, Mod: t.Handle}
}

// OID is the object id of the type in system catalogs.
func (t *UserType) OID() uint32 { return uint32(t.ID) + FirstOID }

// Clone copies a type so that DDL may change the copy.
func (t *UserType) Clone() *UserType {
	c := *t
	c.Labels, c.Checks, c.Fields = slices.Clone(t.Labels), slices.Clone(t.Checks), slices.Clone(t.Fields)
	return &c
}

// Register tells package sqltype of the values of an enumerated type, or of the fields of
// a composite one.
func (t *UserType) Register() {
	if t.Kind == Composite {
		fields := make([]sqltype.CompositeField, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = sqltype.CompositeField{Name: f.Name, Type: f.Type, Domain: uint64(f.Domain)}
		}
		sqltype.RegisterComposite(t.Handle, sqltype.CompositeType{Schema: t.Schema, Name: t.Name, OID: t.OID(), Fields: fields})
	}
	if t.Kind != Enum {
		return
	}
	labels := make([]sqltype.EnumLabel, len(t.Labels))
	for i, l := range t.Labels {
		labels[i] = sqltype.EnumLabel{Code: l.Code, Name: l.Name}
	}
	sqltype.RegisterEnum(t.Handle, sqltype.EnumType{Schema: t.Schema, Name: t.Name, OID: uint32(t.ID) + FirstOID, Labels: labels})
}

// FirstOID is what is added to object ids to make OIDs that no built-in object has.
const FirstOID = 16384

// UserType finds a type by name; nil where there is none.
func (s *Snapshot) UserType(schema, name string) *UserType { return s.typeNames[relName{schema, name}] }

// TypeByID finds a type by id; nil where there is none.
func (s *Snapshot) TypeByID(id keyspace.ObjectID) *UserType {
	if id == 0 || s == nil {
		return nil
	}
	return s.types[id]
}

// TypeByHandle finds an enumerated or composite type by its handle; nil where there is none.
func (s *Snapshot) TypeByHandle(handle int32) *UserType {
	for _, t := range s.types {
		if t.Kind != Domain && t.Handle == handle {
			return t
		}
	}
	return nil
}

// UserTypes lists all types by schema and name.
func (s *Snapshot) UserTypes() []*UserType {
	return sorted(s.types, func(t *UserType) (string, string) { return t.Schema, t.Name })
}

func (s *Snapshot) addType(t *UserType) {
	s.types[t.ID] = t
	s.typeNames[relName{t.Schema, t.Name}] = t
}

// PutType adds or replaces a type.
func (e *Editor) PutType(t *UserType) error {
	t.DB = e.DB
	if old := e.types[t.ID]; old != nil {
		delete(e.typeNames, relName{old.Schema, old.Name})
	} else {
		t.Register()
	}
	e.addType(t)
	return e.tx.Put(idKey(e.DB, recType, t.ID), encodeType(t))
}

// DropType removes a type.
func (e *Editor) DropType(t *UserType) error {
	delete(e.types, t.ID)
	delete(e.typeNames, relName{t.Schema, t.Name})
	return e.tx.Delete(idKey(e.DB, recType, t.ID))
}
