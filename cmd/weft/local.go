package main

import (
	"context"
	"fmt"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage"
)

// local is a data directory opened by this process.
type local struct {
	bulk.Target
	db       *weft.DB
	dir      string
	database string
}

func openLocal(dir, database string) (*local, error) {
	key, err := storageKey()
	if err != nil {
		return nil, err
	}
	db, err := weft.Open(dir, weft.Options{Storage: storage.Options{Encryption: key}})
	if err != nil {
		return nil, err
	}
	return &local{Target: db.Importer(database), db: db, dir: dir, database: database}, nil
}

func (l *local) where() string {
	return fmt.Sprintf("data directory %s, database %s", l.dir, l.database)
}

func (l *local) close() error { return l.db.Close() }

func (l *local) run(ctx context.Context, sql string, params []string, out renderer) error {
	req := query.Request{SQL: sql, Database: l.database, MaxRows: -1, CreateDatabase: true}
	for _, p := range params {
		req.Params = append(req.Params, query.Param{Type: sqltype.TUnknown, Datum: sqltype.Datum{Str: p}})
	}
	return l.db.Engine().Execute(ctx, req, &rendererSink{out: out})
}

// rendererSink hands the engine's batches to a renderer.
type rendererSink struct {
	out   renderer
	cells []cell
	buf   []byte
}

func (s *rendererSink) Begin(_ int, cols []query.Column) error {
	out := make([]column, len(cols))
	for i, c := range cols {
		out[i] = column{Name: c.Name, Type: c.Type.Name()}
	}
	return s.out.begin(out)
}

func (s *rendererSink) Batch(b *vec.Batch) error {
	for _, i := range vec.Live(b.Len, b.Sel) {
		s.cells, s.buf = s.cells[:0], s.buf[:0]
		for _, v := range b.Cols {
			s.cells = append(s.cells, s.cell(v, int(i)))
		}
		if err := s.out.row(s.cells); err != nil {
			return err
		}
	}
	return nil
}

func (s *rendererSink) cell(v *vec.Vector, i int) cell {
	if v.IsNull(i) {
		return nil
	}
	from := len(s.buf)
	if s.out.json() {
		s.buf = sqltype.AppendJSON(s.buf, v.Type, v.Get(i), sqltype.JSONOptions{})
	} else {
		s.buf = sqltype.AppendText(s.buf, v.Type, v.Get(i))
	}
	return cell(s.buf[from:len(s.buf):len(s.buf)])
}

func (s *rendererSink) End(tag query.Tag) error {
	return s.out.end(outcome{Command: tag.Command, Rows: tag.Rows, Write: tag.Write})
}

func (l *local) tables(ctx context.Context) ([]tableInfo, error) {
	infos, err := l.db.Engine().Tables(ctx, l.database)
	if err != nil {
		return nil, err
	}
	out := make([]tableInfo, len(infos))
	for i, t := range infos {
		out[i] = describeTable(t)
	}
	return out, nil
}

func (l *local) table(ctx context.Context, name string) (tableInfo, error) {
	t, err := l.db.Engine().Table(ctx, l.database, name)
	if err != nil {
		return tableInfo{}, err
	}
	return describeTable(t), nil
}

func (l *local) databases(ctx context.Context) ([]databaseInfo, error) {
	infos, err := l.db.Engine().Databases(ctx)
	out := make([]databaseInfo, len(infos))
	for i, d := range infos {
		out[i] = databaseInfo{Name: d.Name, Tables: int64(d.Tables)}
	}
	return out, err
}

func describeTable(t query.TableInfo) tableInfo {
	out := tableInfo{Schema: t.Schema, Name: t.Name, RowCount: t.RowCount}
	for _, c := range t.Columns {
		col := tableColumn{Name: c.Name, Type: c.DataType, Nullable: c.Nullable, PrimaryKey: c.PrimaryKey}
		if c.Default != "" {
			col.Default = &c.Default
		}
		out.Columns = append(out.Columns, col)
	}
	for _, x := range t.Indexes {
		out.Indexes = append(out.Indexes, tableIndex{Name: x.Name, Columns: x.Columns, Unique: x.Unique, Primary: x.Primary, Kind: x.Kind})
	}
	return out
}
