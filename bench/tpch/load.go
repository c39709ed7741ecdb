package tpch

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Schema makes the tables, Indexes what usual installations add to them.
var (
	//go:embed schema.sql
	Schema string
	//go:embed indexes.sql
	Indexes string

	//go:embed queries/*.sql
	queries embed.FS
)

// Queries gives the texts of the 22 queries, the first at 0, with the validation
// parameters of the specification.
func Queries() ([]string, error) {
	list := make([]string, 22)
	for i := range list {
		b, err := queries.ReadFile(fmt.Sprintf("queries/q%02d.sql", i+1))
		if err != nil {
			return nil, err
		}
		list[i] = strings.TrimSpace(string(b))
	}
	return list, nil
}

// types are those of the columns of a table, as the schema has them.
func types(e *query.Engine, t Table) ([]sqltype.Type, error) {
	rows, err := e.Query(context.Background(), "", "SELECT "+strings.Join(t.Columns, ", ")+" FROM "+t.Name+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	var list []sqltype.Type
	for _, c := range rows.Columns {
		list = append(list, c.Type)
	}
	return list, nil
}

// batchesPerTx bounds the size of a transaction of the load.
const batchesPerTx = 64

// loader collects the rows of one table and inserts them in large transactions.
type loader struct {
	e     *query.Engine
	t     Table
	types []sqltype.Type
	cur   *vec.Batch
	full  []*vec.Batch
}

func (l *loader) add(values []string) error {
	if l.cur == nil {
		l.cur = vec.NewBatch(l.types)
	}
	for i, v := range values {
		d, err := sqltype.Parse(l.types[i], v)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", l.t.Name, l.t.Columns[i], err)
		}
		l.cur.Cols[i].AppendDatum(d)
	}
	if l.cur.Len++; l.cur.Len == vec.BatchSize {
		l.full, l.cur = append(l.full, l.cur), nil
	}
	if len(l.full) == batchesPerTx {
		return l.flush()
	}
	return nil
}

func (l *loader) flush() error {
	if l.cur != nil {
		l.full, l.cur = append(l.full, l.cur), nil
	}
	i := 0
	_, err := l.e.BulkInsert(context.Background(), "", l.t.Name, l.t.Columns, func() (*vec.Batch, error) {
		if i == len(l.full) {
			return nil, nil
		}
		i++
		return l.full[i-1], nil
	})
	l.full = nil
	return err
}

// Load makes the tables in the default database of an engine, fills them, indexes
// them and analyzes them.
func Load(e *query.Engine, scale float64) error {
	ctx := context.Background()
	if _, err := e.Exec(ctx, "", Schema); err != nil {
		return err
	}
	loaders := map[string]*loader{}
	for _, t := range Tables {
		typ, err := types(e, t)
		if err != nil {
			return err
		}
		loaders[t.Name] = &loader{e: e, t: t, types: typ}
	}
	if err := Generate(scale, func(table string, values []string) error { return loaders[table].add(values) }); err != nil {
		return err
	}
	for _, t := range Tables {
		if err := loaders[t.Name].flush(); err != nil {
			return err
		}
	}
	for _, sql := range append(strings.Split(strings.TrimSpace(Indexes), "\n"), "ANALYZE") {
		if _, err := e.Exec(ctx, "", sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// CSV gives the rows of all tables as CSV with a header, by table.
func CSV(scale float64) (map[string]string, error) {
	out := map[string]*strings.Builder{}
	for _, t := range Tables {
		out[t.Name] = &strings.Builder{}
		out[t.Name].WriteString(strings.Join(t.Columns, ",") + "\n")
	}
	err := Generate(scale, func(table string, values []string) error {
		b := out[table]
		for i, v := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			if strings.ContainsAny(v, ",\"\n") {
				v = `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
			}
			b.WriteString(v)
		}
		b.WriteByte('\n')
		return nil
	})
	all := map[string]string{}
	for name, b := range out {
		all[name] = b.String()
	}
	return all, err
}
