package query

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// streams is what keeps queries over streams, or says that there is nothing.
func (d *definer) streams(pos int) (Continuous, error) {
	if d.s.e.continuous == nil {
		return nil, refuse(pos, "a query over a stream, where nothing keeps it,")
	}
	return d.s.e.continuous, nil
}

// streamDDL runs the statements about streams; done is false for others.
func (d *definer) streamDDL(st ast.Stmt) (done bool, err error) {
	switch st := st.(type) {
	case *ast.CreateTableAs:
		if st.Stream {
			return true, d.createStream(st)
		}
		if channel, ok := d.streamFrom(st.Query); ok && st.Kind == ast.KindMatView {
			return true, d.createStreamView(st, channel)
		}
	case *ast.Drop:
		if st.Kind == ast.KindStream {
			return true, d.dropStream(st)
		}
	}
	return false, nil
}

// createStreamView makes a materialized view that a continuous query keeps.
func (d *definer) createStreamView(st *ast.CreateTableAs, channel string) error {
	c, err := d.streams(st.Pos())
	if err != nil {
		return err
	}
	if st.NoData {
		return refuse(st.Pos(), "WITH NO DATA over a stream")
	}
	name, err := d.placed(st.Name, st.Persistence, "CREATE UNLOGGED MATERIALIZED VIEW", st.Pos())
	if err != nil {
		return err
	}
	schema, exists, err := d.target(name, st.IfNotExists)
	if err != nil || exists {
		return err
	}
	sel := st.Query.(*ast.Select) //nolint:forcetypeassert // streamFrom has looked
	q, order, err := readStream(sel, channel, st.Columns)
	if err == nil {
		err = streamOptions(q, st.Options)
	}
	if err != nil {
		return err
	}
	q.Name, q.ToSchema, q.ToView = d.streamName(schema, name.Name), schema, name.Name
	err = c.Define(d.r.ctx, d.s.tx, d.s.db.ID, q, d.typesOf, func(cols []Column) (keyspace.ObjectID, error) {
		return d.putStreamView(schema, name.Name, ast.QueryString(sel), ordered(cols, order), q)
	})
	return streamError(err, sel.Pos())
}

// streamName is the name of the query of a relation.
func (d *definer) streamName(schema, name string) string {
	if schema == catalog.PublicSchema {
		return name
	}
	return schema + "." + name
}

// ordered puts columns into the order of the select list; those that it does not have are
// window_start and window_end, which come first.
func ordered(cols []Column, order []string) (out []Column) {
	at := func(c Column) int { return slices.Index(order, c.Name) }
	out = slices.Clone(cols)
	slices.SortStableFunc(out, func(a, b Column) int { return at(a) - at(b) })
	return out
}

// typesOf binds a query of SQL, and returns the types of its columns.
func (d *definer) typesOf(text string) (types []sqltype.Type, err error) {
	sel, err := parseQuery(text)
	if err != nil {
		return nil, err
	}
	q, err := plan.Bind(d.scope(), sel)
	if err != nil {
		return nil, err
	}
	for _, c := range q.Out {
		types = append(types, q.Info[c].Type)
	}
	return types, nil
}

// putStreamView makes the table of a view, with the index that finds its rows.
func (d *definer) putStreamView(schema, name, text string, cols []Column, q *ContinuousQuery) (id keyspace.ObjectID, err error) {
	t := &catalog.Table{DB: d.s.db.ID, Schema: schema, Name: name, NextColumn: 1, Kind: catalog.Materialized, Query: text, Populated: true}
	if t.ID, err = d.e.NewID(); err != nil {
		return 0, err
	}
	for _, c := range cols {
		if err := storable(c.Type, c.Name, 1); err != nil {
			return 0, err
		}
		t.Columns = append(t.Columns, catalog.Column{ID: t.NextColumn, Name: c.Name, Type: c.Type})
		t.NextColumn++
	}
	m := &tableMaker{definer: d, t: t}
	if err := m.primaryKey(); err != nil {
		return 0, err
	}
	if err := d.put(t); err != nil {
		return 0, err
	}
	x := &ast.CreateIndex{Table: ast.Name{Schema: schema, Name: name}, Unique: true, NullsNotDistinct: true, Columns: []ast.IndexElem{{Column: "window_start"}}}
	for _, k := range q.Keys {
		x.Columns = append(x.Columns, ast.IndexElem{Column: k.Name})
	}
	return t.ID, d.createIndex(x)
}

// createStream makes a channel, or one that a continuous query writes to.
func (d *definer) createStream(st *ast.CreateTableAs) error {
	c, err := d.streams(st.Pos())
	if err != nil {
		return err
	}
	if st.Name.Schema != "" && st.Name.Schema != streamWord || st.Name.Catalog != "" {
		return refuse(st.Name.Pos(), "a stream in schema %q", st.Name.Schema)
	}
	if len(st.Columns) > 0 {
		return refuse(st.Pos(), "a stream with a list of columns (its messages are JSON, or bytes, of any form)")
	}
	if st.Query == nil {
		opts, err := channelOptions(st.Options)
		if err != nil {
			return err
		}
		err = c.CreateChannel(d.s.tx, d.s.db.ID, st.Name.Name, opts)
		if st.IfNotExists && errors.Is(err, dberr.ErrExists) {
			err = nil
		}
		return streamError(err, st.Name.Pos())
	}
	channel, ok := d.streamFrom(st.Query)
	if !ok {
		return refuse(st.Pos(), "CREATE STREAM AS a query that is not FROM STREAM and a channel")
	}
	sel := st.Query.(*ast.Select) //nolint:forcetypeassert // streamFrom has looked
	q, _, err := readStream(sel, channel, nil)
	if err == nil {
		err = streamOptions(q, st.Options)
	}
	if err != nil {
		return err
	}
	q.Name, q.ToChannel = st.Name.Name, st.Name.Name
	err = c.CreateChannel(d.s.tx, d.s.db.ID, q.ToChannel, ChannelOptions{})
	if st.IfNotExists && errors.Is(err, dberr.ErrExists) {
		return nil
	}
	if err == nil {
		err = c.Define(d.r.ctx, d.s.tx, d.s.db.ID, q, d.typesOf, nil)
	}
	return streamError(err, sel.Pos())
}

// streamError gives an error of the model of channels a SQLSTATE, and an error of an
// expression, which is a text of its own, the position of the query.
func streamError(err error, pos int) error {
	e := dberr.As(err)
	if e == nil {
		return err
	}
	c := *e
	c.Position, c.Field = pos, ""
	if c.SQLState == "" {
		switch {
		case errors.Is(err, dberr.ErrExists):
			c.SQLState = dberr.StateDuplicateTable
		case errors.Is(err, dberr.ErrNotFound):
			c.SQLState = dberr.StateUndefinedTable
		case errors.Is(err, dberr.ErrUnsupported):
			c.SQLState = dberr.StateFeatureNotSupported
		case errors.Is(err, dberr.ErrInvalid), errors.Is(err, dberr.ErrTooLarge):
			c.SQLState = dberr.StateInvalidParameterValue
		}
	}
	return &c
}

// channelOptions reads WITH of CREATE STREAM without a query.
func channelOptions(list []ast.Option) (o ChannelOptions, err error) {
	for _, x := range list {
		l, _ := x.Value.(*ast.Literal)
		number := func() int64 {
			if l == nil || l.Kind != ast.LitInt {
				err = dberr.SQL(dberr.StateInvalidParameterValue, "%s must be a number from 1", x.Name).At(x.Pos())
				return 0
			}
			n, perr := strconv.ParseInt(l.Text, 10, 64)
			if perr != nil || n < 1 {
				err = dberr.SQL(dberr.StateInvalidParameterValue, "%s must be a number from 1", x.Name).At(x.Pos())
			}
			return n
		}
		switch x.Name {
		case "max_age":
			o.MaxAge, err = optionAge(x)
		case "max_bytes":
			o.MaxBytes = number()
		case "max_count":
			o.MaxCount = number()
		case "partitions":
			o.Partitions = int(min(number(), 1<<30))
		default:
			err = dberr.SQL(dberr.StateInvalidParameterValue, "unrecognized parameter %q", x.Name).At(x.Pos()).
				WithHint("The parameters of a stream are max_age, max_bytes, max_count and partitions.")
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

func optionAge(o ast.Option) (time.Duration, error) {
	d, err := optionInterval(o)
	if err == nil && d == 0 {
		err = dberr.SQL(dberr.StateInvalidParameterValue, "max_age must be more than 0").At(o.Pos())
	}
	return d, err
}

// dropStream removes a channel, with the query that writes to it.
func (d *definer) dropStream(st *ast.Drop) error {
	c, err := d.streams(st.Pos())
	if err != nil {
		return err
	}
	for _, n := range st.Names {
		if n.Schema != "" && n.Schema != streamWord {
			return refuse(n.Pos(), "a stream in schema %q", n.Schema)
		}
		name, err := c.Writer(d.s.tx, d.s.db.ID, n.Name)
		if err == nil && name != "" {
			_, err = c.Drop(d.r.ctx, d.s.tx, d.s.db.ID, name)
		}
		if err == nil {
			err = c.DropChannel(d.s.tx, d.s.db.ID, n.Name)
		}
		if st.IfExists && errors.Is(err, dberr.ErrNotFound) {
			err = nil
		}
		if err != nil {
			return streamError(err, n.Pos())
		}
	}
	return nil
}

// keeper is the name of the continuous query that keeps a materialized view; empty where
// none does.
func (d *definer) keeper(t *catalog.Table) (string, error) {
	if t == nil || t.Kind != catalog.Materialized || d.s.e.continuous == nil {
		return "", nil
	}
	return d.s.e.continuous.Find(d.s.tx, d.s.db.ID, t.ID)
}

// notKept refuses what cannot be done to a view that a continuous query keeps.
func (d *definer) notKept(t *catalog.Table, what string, pos int) error {
	name, err := d.keeper(t)
	if err == nil && name != "" {
		err = refuse(pos, "%s a materialized view over a stream", what)
	}
	return err
}

// dropKeeper removes the continuous query of a materialized view with it.
func (d *definer) dropKeeper(t *catalog.Table) error {
	name, err := d.keeper(t)
	if err == nil && name != "" {
		_, err = d.s.e.continuous.Drop(d.r.ctx, d.s.tx, d.s.db.ID, name)
	}
	return err
}
