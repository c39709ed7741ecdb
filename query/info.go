package query

import (
	"context"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/storage/txn"
)

// TableInfo describes a table to clients.
type TableInfo struct {
	Schema  string
	Name    string
	Columns []ColumnInfo
	// RowCount is exact as of the last commit.
	RowCount int64
	// SizeBytes is estimated from a sample of rows: keys and values, before compression.
	SizeBytes   int64
	Indexes     []IndexInfo
	Constraints []ConstraintInfo
}

// ColumnInfo describes a column.
type ColumnInfo struct {
	Name       string
	DataType   string
	Nullable   bool
	PrimaryKey bool
	Default    string // SQL text; "" where there is none
	Identity   string // "ALWAYS", "BY DEFAULT" or ""
	Generated  string
	Comment    string
}

// IndexInfo describes an index.
type IndexInfo struct {
	Name    string
	Columns []string // names, or expressions in parentheses
	Unique  bool
	Primary bool
	Kind    string // btree or hash
}

// ConstraintInfo describes a constraint that is not an index.
type ConstraintInfo struct {
	Name       string
	Kind       string // CHECK or FOREIGN KEY
	Definition string
}

// describeTable describes all but the sizes.
func describeTable(t *catalog.Table, snap *catalog.Snapshot) TableInfo {
	info := TableInfo{Schema: t.Schema, Name: t.Name}
	key := map[catalog.ColumnID]bool{}
	for _, id := range t.PrimaryKey() {
		key[id] = true
	}
	for _, c := range t.Columns {
		ci := ColumnInfo{Name: c.Name, DataType: c.Type.String(), Nullable: !c.NotNull, PrimaryKey: key[c.ID],
			Default: c.Default, Generated: c.Generated, Comment: c.Comment}
		switch c.Identity {
		case 'a':
			ci.Identity = "ALWAYS"
		case 'd':
			ci.Identity = "BY DEFAULT"
		}
		info.Columns = append(info.Columns, ci)
	}
	for i := range t.Indexes {
		x := &t.Indexes[i]
		if x.Primary && t.HiddenKey() {
			continue
		}
		ix := IndexInfo{Name: x.Name, Unique: x.Unique, Primary: x.Primary, Kind: "btree"}
		if x.Kind == catalog.Hash {
			ix.Kind = "hash"
		}
		for _, k := range x.Columns {
			ix.Columns = append(ix.Columns, partName(t, k))
		}
		info.Indexes = append(info.Indexes, ix)
	}
	for _, c := range t.Checks {
		info.Constraints = append(info.Constraints, ConstraintInfo{c.Name, "CHECK", "CHECK (" + c.Expr + ")"})
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		info.Constraints = append(info.Constraints, ConstraintInfo{k.Name, "FOREIGN KEY", foreignKeyText(t, k, snap)})
	}
	return info
}

func partName(t *catalog.Table, k catalog.IndexColumn) string {
	if k.Expr != "" {
		return "(" + k.Expr + ")"
	}
	if o := t.Ordinal(k.Column); o >= 0 {
		return t.Columns[o].Name
	}
	return ""
}

func foreignKeyText(t *catalog.Table, k *catalog.ForeignKey, snap *catalog.Snapshot) string {
	ref := snap.Table(k.RefTable)
	names := func(t *catalog.Table, ids []catalog.ColumnID) (s string) {
		for i, id := range ids {
			if i > 0 {
				s += ", "
			}
			s += ast.QuoteIdent(t.Columns[t.Ordinal(id)].Name)
		}
		return s
	}
	if ref == nil {
		return "FOREIGN KEY (" + names(t, k.Columns) + ")"
	}
	return fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s(%s)", names(t, k.Columns), ast.QuoteIdent(ref.Name), names(ref, k.RefColumns))
}

// Tables describes all tables of a database.
func (e *Engine) Tables(ctx context.Context, database string) ([]TableInfo, error) {
	snap, err := e.snapshot(ctx, database)
	if err != nil {
		return nil, err
	}
	list := make([]TableInfo, 0, len(snap.Tables()))
	for _, t := range snap.Tables() {
		if isTemp(t.Schema) {
			continue
		}
		info, err := e.tableInfo(ctx, t, snap)
		if err != nil {
			return nil, err
		}
		list = append(list, info)
	}
	return list, nil
}

// Table describes one table; its name may be schema.name.
func (e *Engine) Table(ctx context.Context, database, name string) (TableInfo, error) {
	snap, err := e.snapshot(ctx, database)
	if err != nil {
		return TableInfo{}, err
	}
	table, err := findTable(snap, name)
	if err != nil {
		return TableInfo{}, err
	}
	return e.tableInfo(ctx, table, snap)
}

// lookupTable finds a relation by name, or schema.name.
func lookupTable(snap *catalog.Snapshot, name string) (catalog.Relation, bool) {
	rel, ok := snap.Lookup(catalog.PublicSchema, name)
	if ok {
		return rel, true
	}
	n, err := plan.SplitName(name)
	if err != nil {
		return rel, false
	}
	if n.Schema == "" {
		n.Schema = catalog.PublicSchema
	}
	return snap.Lookup(n.Schema, n.Name)
}

func (e *Engine) snapshot(ctx context.Context, database string) (snap *catalog.Snapshot, err error) {
	db, err := e.database(ctx, database, false)
	if err != nil {
		return nil, err
	}
	err = e.store.View(ctx, func(tx *txn.Tx) error {
		snap, err = e.cat.At(tx, db.ID)
		return err
	})
	return snap, err
}

// sizeSample is how many rows are looked at for a table's size.
const sizeSample = 256

func (e *Engine) tableInfo(ctx context.Context, t *catalog.Table, snap *catalog.Snapshot) (TableInfo, error) {
	info := describeTable(t, snap)
	n, err := e.rows.exact(ctx, t)
	if err != nil {
		return info, err
	}
	info.RowCount = n
	for i := range t.Indexes {
		bytes, rows, err := sampleSize(ctx, e.store, t, &t.Indexes[i])
		if err != nil {
			return info, fmt.Errorf("size of table %q: %w", t.Name, err)
		}
		if rows > 0 {
			info.SizeBytes += bytes * n / rows
		}
	}
	return info, nil
}

func sampleSize(ctx context.Context, store *txn.Store, t *catalog.Table, x *catalog.Index) (bytes, rows int64, err error) {
	err = store.View(ctx, func(tx *txn.Tx) error {
		prefix := indexPrefix(t, x)
		it := tx.Iter(txn.IterOptions{Lower: prefix, Upper: prefixEnd(prefix)})
		defer it.Close()
		for rows < sizeSample && it.Next() {
			rows++
			bytes += int64(len(it.Key()) + len(it.Value()))
		}
		return it.Err()
	})
	return bytes, rows, err
}

// lookup finds a relation of a DDL or utility statement.
func (s *Session) lookup(snap *catalog.Snapshot, n ast.Name) (catalog.Relation, error) {
	if n.Schema != "" {
		schema := n.Schema
		if schema == tempAlias {
			schema = s.temp
		}
		if r, ok := snap.Lookup(schema, n.Name); ok {
			return r, nil
		}
		if err := s.errExternal(n, "this statement"); err != nil && !snap.HasSchema(n.Schema) {
			return catalog.Relation{}, err
		}
		return catalog.Relation{}, dberr.SQL(dberr.StateUndefinedTable, "relation \"%s.%s\" does not exist", n.Schema, n.Name).At(n.Pos())
	}
	if r, ok := snap.Lookup(s.temp, n.Name); ok && s.temp != "" {
		return r, nil
	}
	for _, schema := range s.set.path {
		if r, ok := snap.Lookup(schema, n.Name); ok {
			return r, nil
		}
	}
	return catalog.Relation{}, dberr.SQL(dberr.StateUndefinedTable, "relation %q does not exist", n.Name).At(n.Pos())
}
