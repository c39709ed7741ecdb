package continuous

import (
	"context"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// SQL is the service as the engine wants it, for CREATE MATERIALIZED VIEW … FROM STREAM,
// CREATE STREAM and what drops them.
func (s *Service) SQL() query.Continuous { return statements{s} }

// statements are what SQL defines over streams.
type statements struct{ s *Service }

var kindsOfSQL = map[string]window.Kind{"tumble": window.Tumbling, "hop": window.Sliding, "session": window.Session}

// Define implements query.Continuous.
func (x statements) Define(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, def *query.ContinuousQuery, types func(sql string) ([]sqltype.Type, error), made func(cols []query.Column) (keyspace.ObjectID, error)) error {
	q := &Query{Name: def.Name, Channel: def.Channel, Window: window.Spec{Kind: kindsOfSQL[def.Window], Size: def.Size, Slide: def.Slide, Gap: def.Gap},
		Time: def.Time, Where: def.Where, Having: def.Having, Delay: def.Delay, Lateness: def.Lateness, Idle: def.Idle, OnChange: def.Emit == "change", LateTo: def.LateTo,
		SkipFaulty: def.OnError == "skip", MaxWindows: def.MaxWindows, Output: Output{Channel: def.ToChannel, Schema: def.ToSchema, Table: def.ToView}}
	for _, k := range def.Keys {
		q.Keys = append(q.Keys, Column{Name: k.Name, SQL: k.SQL})
	}
	for _, a := range def.Aggregates {
		f, _ := window.FunctionOf(a.Function)
		q.Aggregates = append(q.Aggregates, Aggregate{Name: a.Name, Function: f, SQL: a.SQL, Hidden: a.Hidden})
	}
	for _, k := range def.Computed {
		q.Computed = append(q.Computed, Column{Name: k.Name, SQL: k.SQL})
	}
	from := streaming.Earliest
	if def.Start == "latest" {
		from = streaming.Latest
	}
	return x.s.Define(ctx, tx, db, q, from, types, func(cols []ResultColumn) error {
		if made == nil {
			return nil
		}
		list := make([]query.Column, len(cols))
		for i, c := range cols {
			list[i] = query.Column{Name: c.Name, Type: c.Type}
		}
		id, err := made(list)
		q.Output.View = id
		return err
	})
}

// Find implements query.Continuous.
func (x statements) Find(tx *txn.Tx, db keyspace.DatabaseID, view keyspace.ObjectID) (string, error) {
	list, err := queries(tx, db)
	for _, q := range list {
		if err == nil && q.Output.View == view {
			return q.Name, nil
		}
	}
	return "", err
}

// Writer implements query.Continuous.
func (x statements) Writer(tx *txn.Tx, db keyspace.DatabaseID, channel string) (string, error) {
	list, err := queries(tx, db)
	for _, q := range list {
		if err == nil && q.Output.Channel == channel && q.Name == channel {
			return q.Name, nil
		}
	}
	return "", err
}

// Drop implements query.Continuous.
func (x statements) Drop(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, name string) (bool, error) {
	return x.s.DropTx(ctx, tx, db, name)
}

// CreateChannel implements query.Continuous.
func (x statements) CreateChannel(tx *txn.Tx, db keyspace.DatabaseID, name string, o query.ChannelOptions) error {
	_, err := x.s.channels.In(db).CreateChannelTx(tx, name, streaming.ChannelOptions{MaxAge: o.MaxAge, MaxBytes: o.MaxBytes, MaxCount: o.MaxCount, Partitions: o.Partitions})
	return err
}

// DropChannel implements query.Continuous.
func (x statements) DropChannel(tx *txn.Tx, db keyspace.DatabaseID, name string) error {
	return x.s.channels.In(db).DropChannelTx(tx, name)
}
