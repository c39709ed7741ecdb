package continuous

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/streaming"
)

// results writes results to the output.
func (p *pass) results(ctx context.Context, list []window.Result) error {
	if len(list) == 0 {
		return nil
	}
	p.dirty = true
	p.st.results += uint64(len(list))
	cols := p.r.q.columns(p.r.c)
	if p.r.q.Output.Channel != "" {
		return p.publish(cols, list)
	}
	return p.store(ctx, cols, list)
}

// publish publishes results as messages.
func (p *pass) publish(cols []ResultColumn, list []window.Result) error {
	store, q := p.r.s.channels.In(p.r.at.db), p.r.q
	for len(list) > 0 {
		n := min(len(list), streaming.MaxBatch)
		messages := make([]streaming.Content, n)
		for i := range messages {
			messages[i] = content(q.Name, cols, p.r.c, &list[i])
		}
		if _, err := store.PublishTx(p.tx, q.Output.Channel, messages...); err != nil {
			return fmt.Errorf("publish results to channel %q: %w", q.Output.Channel, err)
		}
		list = list[n:]
	}
	return nil
}

// content is the message of a result.
func content(name string, cols []ResultColumn, c *window.Config, r *window.Result) streaming.Content {
	data := sqltype.AppendJSON([]byte(`{"window_start":`), sqltype.TTimestampTZ, timestamp(r.Start), sqltype.JSONOptions{})
	if r.Outcome != window.Retract {
		data = sqltype.AppendJSON(append(data, `,"window_end":`...), sqltype.TTimestampTZ, timestamp(r.End), sqltype.JSONOptions{})
	}
	for i, d := range row(r)[2:] {
		col := cols[2+i]
		data = append(sqltype.AppendJSONString(append(data, ','), col.Name), ':')
		if col.Type.ID == sqltype.Numeric && !d.Null && d.Num.Finite() {
			data = d.Num.AppendText(data)
			continue
		}
		data = sqltype.AppendJSON(data, col.Type, d, sqltype.JSONOptions{})
	}
	return streaming.Content{Key: groupText(c, r.Keys), Type: r.Outcome.String(), Source: name, JSON: true, Data: append(data, '}')}
}

// groupText is the key of the messages of a group: the text of its value, or of several
// an array in JSON.
func groupText(c *window.Config, keys []sqltype.Datum) string {
	text := ""
	switch {
	case len(keys) == 1 && !keys[0].Null:
		text = sqltype.FormatText(c.Keys[0], keys[0])
	case len(keys) > 1:
		b := []byte{'['}
		for i, d := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = sqltype.AppendJSON(b, c.Keys[i], d, sqltype.JSONOptions{})
		}
		text = string(append(b, ']'))
	}
	if len(text) > streaming.MaxKeyBytes {
		return ""
	}
	return text
}

// timestamp is a time of a machine as SQL has it.
func timestamp(us int64) sqltype.Datum { return sqltype.Datum{Int: us - epoch} }

// row is a result as a row of the output; of a retraction without the aggregates.
func row(r *window.Result) []sqltype.Datum {
	list := append([]sqltype.Datum{timestamp(r.Start), timestamp(r.End)}, r.Keys...)
	return append(list, r.Values...)
}

// upsert is the statement that writes a result to the table.
func (q *Query) upsert(cols []ResultColumn) string {
	var names, values, sets []string
	keys := len(q.Keys)
	for i, c := range cols {
		names, values = append(names, ident(c.Name)), append(values, fmt.Sprintf("$%d", i+1))
		if i == 1 || i >= 2+keys {
			sets = append(sets, fmt.Sprintf("%s = EXCLUDED.%[1]s", ident(c.Name)))
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s", q.Output.name(),
		strings.Join(names, ", "), strings.Join(values, ", "), idents(q.keyColumns()), strings.Join(sets, ", "))
}

// retraction is the statement that removes a result from the table.
func (q *Query) retraction() string {
	conds := []string{ident(StartColumn) + " = $1"}
	for i, k := range q.Keys {
		conds = append(conds, fmt.Sprintf("%s IS NOT DISTINCT FROM $%d", ident(k.Name), i+2))
	}
	return fmt.Sprintf("DELETE FROM %s WHERE %s", q.Output.name(), strings.Join(conds, " AND "))
}

// store writes results to the table.
func (p *pass) store(ctx context.Context, cols []ResultColumn, list []window.Result) error {
	q := p.r.q
	upsert, retract := q.upsert(cols), q.retraction()
	for i := range list {
		r := &list[i]
		values, sql, types := row(r), upsert, cols
		if r.Outcome == window.Retract {
			values = append([]sqltype.Datum{values[0]}, values[2:]...)
			sql, types = retract, append([]ResultColumn{cols[0]}, cols[2:2+len(q.Keys)]...)
		}
		params := make([]query.Param, len(values))
		for j, d := range values {
			params[j] = query.Param{Type: types[j].Type, Datum: d}
		}
		req := query.Request{SQL: sql, Params: params, MaxRows: -1, OneStatement: true, Maintains: q.Output.View != 0}
		if err := p.t.Execute(ctx, req, &columnsSink{}); err != nil {
			return fmt.Errorf("write results to table %s: %w", q.Output.name(), err)
		}
	}
	return nil
}

// sendLate publishes late messages to their channel.
func (p *pass) sendLate() error {
	var messages []streaming.Content
	for _, offset := range p.late {
		m, err := p.message(offset)
		if errors.Is(err, errSkipped) {
			continue
		}
		if err != nil {
			return err
		}
		c := m.Content
		c.Producer, c.Sequence = "", 0
		messages = append(messages, c)
	}
	if len(messages) == 0 {
		return nil
	}
	_, err := p.r.s.channels.In(p.r.at.db).PublishTx(p.tx, p.r.q.LateTo, messages...)
	if err != nil && !errors.Is(err, dberr.ErrConflict) {
		return fmt.Errorf("publish late messages to channel %q: %w", p.r.q.LateTo, err)
	}
	return err
}
