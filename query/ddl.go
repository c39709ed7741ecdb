package query

import (
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// refuse says that a feature is not supported, by name.
func refuse(pos int, what string, args ...any) error {
	return dberr.SQL(dberr.StateFeatureNotSupported, "%s is not supported", fmt.Sprintf(what, args...)).At(pos)
}

// notInBlock names a change that PostgreSQL makes outside of transaction blocks alone; "" for
// others.
func notInBlock(st ast.Stmt) string {
	switch st := st.(type) {
	case *ast.Drop:
		if st.Concurrently && st.Kind == ast.KindIndex {
			return "DROP INDEX CONCURRENTLY"
		}
	case *ast.Reindex:
		switch {
		case st.Concurrently:
			return "REINDEX CONCURRENTLY"
		case st.Kind == ast.KindSchema:
			return "REINDEX SCHEMA"
		case st.Kind == ast.KindDatabase:
			return "REINDEX DATABASE"
		}
	}
	return ""
}

// ddl runs a change of the catalog.
func (r *running) ddl(st ast.Stmt) error {
	if r.s.set.readOnly {
		return dberr.SQL(dberr.StateReadOnlyTransaction, "cannot execute %s in a read-only transaction", ddlName(st))
	}
	if what := notInBlock(st); what != "" && (r.s.block || r.s.several) {
		return dberr.SQL(dberr.StateActiveTransaction, "%s cannot run inside a transaction block", what)
	}
	d := &definer{r: r, s: r.s, lock: changeMode(st)}
	var err error
	if d.e, err = r.s.e.cat.Edit(r.ctx, r.s.tx, r.s.db.ID); err != nil {
		return err
	}
	tag := ddlName(st)
	if done, err := d.streamDDL(st); done || err != nil {
		return r.finishDDL(d, tag, err)
	}
	if err := r.s.refuseExternal(st, d.e.HasSchema); err != nil {
		return err
	}
	if done, err := d.relationDDL(st); done || err != nil {
		return r.finishDDL(d, tag, err)
	}
	switch st := st.(type) {
	case *ast.CreateTableAs:
		return d.createTableAs(st)
	case *ast.RefreshMatView:
		err = d.refreshView(st)
	case *ast.CreateSchema:
		err = d.createSchema(st)
	case *ast.CreateType:
		err = d.createType(st)
	case *ast.AlterEnum:
		err = d.alterEnum(st)
	case *ast.CreateDomain:
		err = d.createDomain(st)
	case *ast.CreateFunction:
		err = d.createFunction(st)
	case *ast.AlterFunction:
		err = d.alterFunction(st)
	case *ast.AlterDomain:
		err = d.alterDomain(st)
	case *ast.Drop:
		err = d.drop(st)
	case *ast.Rename:
		err = d.rename(st)
	case *ast.SetSchema:
		err = d.setSchema(st)
	case *ast.Comment:
		err = d.comment(st)
	default:
		return refuse(st.Pos(), "%s", tag)
	}
	return r.finishDDL(d, tag, err)
}

// relationDDL runs the statements about tables, indexes, views and sequences; done is
// false for others.
func (d *definer) relationDDL(st ast.Stmt) (done bool, err error) {
	switch st := st.(type) {
	case *ast.CreateTable:
		err = d.createTable(st)
	case *ast.CreateIndex:
		err = d.createIndex(st)
	case *ast.Reindex:
		err = d.reindex(st)
	case *ast.CreateView:
		err = d.createView(st)
	case *ast.CreateSequence:
		err = d.createSequence(st)
	case *ast.AlterSequence:
		err = d.alterSequence(st)
	case *ast.Truncate:
		err = d.truncate(st)
	case *ast.AlterTable:
		err = d.alterTable(st)
	default:
		return false, nil
	}
	return true, err
}

func (r *running) finishDDL(d *definer, tag string, err error) error {
	if err == nil && d.changed {
		if err = d.lockChanged(); err == nil {
			err = d.e.Finish()
		}
	}
	if err != nil {
		return err
	}
	return r.done(tag)
}

func ddlName(st ast.Stmt) string {
	switch st := st.(type) {
	case *ast.CreateTable:
		return "CREATE TABLE"
	case *ast.CreateTableAs:
		switch {
		case st.Stream:
			return "CREATE STREAM"
		case st.Kind == ast.KindMatView:
			return "CREATE MATERIALIZED VIEW"
		}
		return "CREATE TABLE AS"
	case *ast.Drop:
		return "DROP " + st.Kind.String()
	case *ast.CreateIndex:
		return "CREATE INDEX"
	case *ast.CreateSchema:
		return "CREATE SCHEMA"
	case *ast.CreateView:
		return "CREATE VIEW"
	case *ast.CreateSequence:
		return "CREATE SEQUENCE"
	case *ast.AlterSequence:
		return "ALTER SEQUENCE"
	case *ast.Truncate:
		return "TRUNCATE TABLE"
	case *ast.AlterTable:
		return "ALTER " + st.Kind.String()
	case *ast.Rename:
		if st.Kind == ast.KindColumn || st.Kind == ast.KindConstraint {
			return "ALTER " + st.Of.String()
		}
		return "ALTER " + st.Kind.String()
	case *ast.SetSchema:
		return "ALTER " + st.Kind.String()
	case *ast.CreateType:
		return "CREATE TYPE"
	case *ast.AlterEnum:
		return "ALTER TYPE"
	case *ast.CreateDomain:
		return "CREATE DOMAIN"
	case *ast.CreateFunction:
		return "CREATE FUNCTION"
	case *ast.AlterFunction:
		return "ALTER FUNCTION"
	case *ast.AlterDomain:
		return "ALTER DOMAIN"
	case *ast.Reindex:
		return "REINDEX"
	case *ast.Comment:
		return "COMMENT"
	case *ast.RefreshMatView:
		return "REFRESH MATERIALIZED VIEW"
	}
	return fmt.Sprintf("%T", st)
}

// definer makes one change of the catalog.
type definer struct {
	r       *running
	s       *Session
	e       *catalog.Editor
	changed bool
	lock    txn.ObjectMode // that a change of a table implies
	online  *onlineIndex   // set where an index is to be filled afterwards
	// dropping are the objects that the statement drops besides.
	dropping map[keyspace.ObjectID]bool
}

// target decides the schema of a new relation and that its name is free.
func (d *definer) target(n ast.Name, ifNotExists bool) (schema string, exists bool, err error) {
	schema = n.Schema
	if schema == tempAlias {
		if schema, err = d.tempSchema(); err != nil {
			return "", false, err
		}
	}
	if schema == "" {
		if schema, err = d.creationSchema(n.Pos()); err != nil {
			return "", false, err
		}
	}
	if n.Catalog != "" && n.Catalog != d.s.db.Name {
		return "", false, dberr.SQL(dberr.StateFeatureNotSupported, "cross-database references are not implemented").At(n.Pos())
	}
	if !d.e.HasSchema(schema) {
		return "", false, dberr.SQL(dberr.StateInvalidSchemaName, "schema %q does not exist", schema).At(n.Pos())
	}
	if catalog.Reserved(schema) && (schema != d.s.temp || schema == "") {
		return "", false, dberr.SQL(dberr.StateInsufficientPrivilege, "permission denied to create in schema %q", schema).
			WithDetail("System catalogs cannot be changed.").At(n.Pos())
	}
	if err := validName(n.Name, n.Pos()); err != nil {
		return "", false, err
	}
	if _, ok := d.e.Lookup(schema, n.Name); ok {
		if ifNotExists {
			return schema, true, nil
		}
		return schema, true, dberr.SQL(dberr.StateDuplicateTable, "relation %q already exists", n.Name).At(n.Pos())
	}
	return schema, false, nil
}

func validName(name string, pos int) error {
	if len(name) > catalog.MaxNameLength {
		return dberr.SQL(dberr.StateNameTooLong, "identifier %q is longer than %d bytes", name, catalog.MaxNameLength).At(pos)
	}
	if name == "" {
		return dberr.SQL(dberr.StateSyntax, "zero-length delimited identifier").At(pos)
	}
	return nil
}

// ownColumnName refuses the names of system columns.
func ownColumnName(name string, pos int) error {
	if plan.IsSystemColumn(name) {
		return dberr.SQL(dberr.StateDuplicateColumn, "column name %q conflicts with a system column name", name).At(pos)
	}
	return nil
}

// freeName makes a name for an object that was not given one, as PostgreSQL does.
func (d *definer) freeName(schema string, parts ...string) string {
	base := ""
	for i, p := range parts {
		if i > 0 {
			base += "_"
		}
		base += p
	}
	if over := len(base) - catalog.MaxNameLength; over > 0 && len(parts[0]) > over {
		return d.freeName(schema, append([]string{parts[0][:len(parts[0])-over]}, parts[1:]...)...)
	}
	for i := 0; ; i++ {
		name := base
		if i > 0 {
			name = fmt.Sprintf("%s%d", base, i)
		}
		if _, taken := d.e.Lookup(schema, name); !taken {
			return name
		}
	}
}

func (d *definer) scope() *plan.Scope { return d.s.scope(d.e.Snapshot, nil) }

func (d *definer) createSchema(st *ast.CreateSchema) error {
	if catalog.Reserved(st.Name) || d.e.HasSchema(st.Name) {
		if st.IfNotExists && d.e.HasSchema(st.Name) {
			return nil
		}
		if catalog.Reserved(st.Name) {
			return dberr.SQL(dberr.StateReservedName, "unacceptable schema name %q", st.Name).WithDetail("The prefix \"pg_\" is reserved for system schemas.").At(st.Pos())
		}
		return dberr.SQL(dberr.StateDuplicateSchema, "schema %q already exists", st.Name).At(st.Pos())
	}
	if err := validName(st.Name, st.Pos()); err != nil {
		return err
	}
	d.changed = true
	return d.e.PutSchema(&catalog.Schema{Name: st.Name})
}
