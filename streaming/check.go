package streaming

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Checked counts what a check has looked at.
type Checked struct {
	Channels, Messages int64
}

// Check reads every message of every database as of one moment, and holds offsets and
// the index of compacted channels against them. What is wrong goes to found; the error
// is for what kept the check from its end.
func (s *Store) Check(ctx context.Context, found func(problem string)) (n Checked, err error) {
	dbs, err := s.databases(ctx)
	if err != nil {
		return n, fmt.Errorf("check channels: %w", err)
	}
	tx, err := s.txns.Begin(ctx, txn.TxOptions{ReadOnly: true, AnyAge: true})
	if err != nil {
		return n, fmt.Errorf("check channels: %w", err)
	}
	defer tx.Rollback()
	for _, db := range dbs {
		c := checker{s: &Store{core: s.core, db: db}, tx: tx, ctx: ctx, n: &n, found: found}
		if err := c.database(); err != nil {
			return n, fmt.Errorf("check channels: %w", err)
		}
	}
	return n, nil
}

// checker checks one database.
type checker struct {
	s     *Store
	tx    *txn.Tx
	ctx   context.Context
	n     *Checked
	found func(problem string)
}

func (c *checker) problem(format string, args ...any) {
	c.found(fmt.Sprintf("database %d: ", c.s.db) + fmt.Sprintf(format, args...))
}

func (c *checker) database() error {
	list, err := c.s.ChannelsTx(c.tx)
	if errors.Is(err, dberr.ErrCorrupt) {
		c.problem("the channels: %v", err)
		return nil
	}
	for i := range list {
		if err != nil {
			return err
		}
		c.n.Channels++
		err = c.channel(&list[i])
	}
	return err
}

func (c *checker) channel(ch *Channel) error {
	st, err := c.s.state(c.tx, ch)
	if errors.Is(err, dberr.ErrCorrupt) {
		c.problem("%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	it := c.tx.Iter(within(appendObject(nil, c.s.db, ch.id)))
	defer it.Close()
	next := max(st.first, 1)
	for it.Next() {
		if c.n.Messages++; c.n.Messages%256 == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		_, offset, ok := txn.LogNumber(it.Key())
		switch {
		case !ok || offset == 0:
			c.problem("channel %q: the key %x has no offset", ch.Name, it.Key())
			continue
		case removed(it.Value()):
			if offset+1 != next {
				c.problem("channel %q: offset %d is removed, and the first left is %d", ch.Name, offset, next)
			}
			continue
		case offset < next:
			c.problem("channel %q: offset %d is before the first, %d", ch.Name, offset, next)
		case offset > next && !ch.Options.Compact:
			c.problem("channel %q: the messages %d to %d are missing", ch.Name, next, offset-1)
		}
		next = offset + 1
		m, err := ch.message(offset, it.Timestamp(), it.Value())
		if err != nil {
			c.problem("%v", err)
			continue
		}
		if err := c.indexed(ch, st, m); err != nil {
			return err
		}
	}
	return it.Err()
}

// indexed holds that a message that compaction has left is the last with its key.
func (c *checker) indexed(ch *Channel, st state, m *Message) error {
	if !ch.Options.Compact || m.Offset >= st.compacted {
		return nil
	}
	latest, ok, err := c.s.latest(c.tx, appendLatestKey(nil, c.s.db, ch.id, m.Key))
	switch {
	case errors.Is(err, dberr.ErrCorrupt):
		c.problem("channel %q: %v", ch.Name, err)
	case err != nil:
		return err
	case !ok || latest != m.Offset:
		c.problem("channel %q: offset %d would never be removed by compaction", ch.Name, m.Offset)
	}
	return nil
}

// Extents are where in the key space a channel lies: its messages, and what is kept
// about its producers and keys.
func (s *Store) Extents(c Channel) (list [][2][]byte) {
	list = append(list, [2][]byte{appendMessageKey(nil, s.db, c.id, 0), append(appendMessageKey(nil, s.db, c.id, math.MaxUint64), 0)})
	for _, obj := range objsOfChannel {
		prefix := appendOf(nil, s.db, obj, c.id)
		list = append(list, [2][]byte{prefix, keyspace.End(prefix)})
	}
	return list
}
