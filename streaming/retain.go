package streaming

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Retention removes messages from the front of a channel, and compaction those that
// have a later one with the same key, in small transactions that are changes like any
// others. The last message of a channel keeps its number: where retention takes it, a
// record without content stays in its place until there is a later one.

const (
	sweepBatch = 1000 // messages that one transaction looks at

	// dropGrace is how long a dropped channel stays: transactions that began before it
	// was dropped may still write there.
	dropGrace = 10 * time.Second
)

// state is how far retention and compaction of a channel are.
type state struct {
	first     uint64 // no message before this offset is left
	tallied   uint64 // the messages before this offset are counted in bytes
	bytes     uint64 // of their records that are left
	compacted uint64 // the messages before this offset are in the index of last messages
}

const stateVersion = 1

func (st *state) append(dst []byte) []byte {
	dst = append(dst, stateVersion)
	for _, v := range []uint64{st.first, st.tallied, st.bytes, st.compacted} {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

// state reads it; the zero value where there is none.
func (s *Store) state(tx *txn.Tx, c *Channel) (st state, err error) {
	v, ok, err := tx.Get(appendOf(nil, s.db, objState, c.id))
	if err != nil || !ok {
		return st, err
	}
	var f [4]uint64
	if err := cutFields(v, stateVersion, f[:]); err != nil {
		return st, fmt.Errorf("retention of channel %q: %w", c.Name, err)
	}
	return state{f[0], f[1], f[2], f[3]}, nil
}

type sweeper struct {
	quit context.CancelFunc
	done sync.WaitGroup
	// once is held by a pass: two would only conflict.
	once      sync.Mutex
	producers time.Time // until then producers are not looked through; under once
	feeds     time.Time // until then feeds are not looked for; under once
}

// producerPause is how often producers are looked through.
const producerPause = 10 * time.Minute

// feedPause is how often what groups and webhooks have of feeds is held against the objects.
const feedPause = time.Minute

func (w *sweeper) stop() {
	w.quit()
	w.done.Wait()
}

// startSweeper sweeps until the sweeper is stopped.
func (c *core) startSweeper() {
	ctx, cancel := context.WithCancel(context.Background())
	c.sweep.quit = cancel
	if c.opts.SweepEvery < 0 {
		return
	}
	c.sweep.done.Go(func() {
		tick := time.NewTicker(c.opts.SweepEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if _, err := c.sweepOnce(ctx, false); err != nil && ctx.Err() == nil && c.opts.Events.SweepFailed != nil {
					c.opts.Events.SweepFailed(err)
				}
			case <-ctx.Done():
				return
			}
		}
	})
}

// Sweep removes what the channels of all databases do not keep as of now. It returns how
// many messages it removed. The store does so by itself.
func (s *Store) Sweep(ctx context.Context) (removed int, err error) { return s.sweepOnce(ctx, true) }

// sweepOnce is a pass; all has it look also at what is looked at now and then.
func (c *core) sweepOnce(ctx context.Context, all bool) (removed int, err error) {
	c.sweep.once.Lock()
	defer c.sweep.once.Unlock()
	all = all || c.txns.Clock().Now().After(c.sweep.feeds)
	dbs, err := c.databases(ctx)
	if err != nil {
		return 0, err
	}
	for _, db := range dbs {
		s := &Store{core: c, db: db}
		if all {
			if err := s.sweepFeeds(ctx); err != nil {
				return removed, fmt.Errorf("look for feeds whose objects are gone: %w", err)
			}
		}
		if err := s.sweepDropped(ctx); err != nil {
			return removed, fmt.Errorf("remove dropped channels: %w", err)
		}
		list, err := s.Channels(ctx)
		if err != nil {
			return removed, err
		}
		for i := range list {
			n, err := s.sweepChannel(ctx, &list[i])
			removed += n
			if err != nil {
				return removed, fmt.Errorf("retention of channel %q: %w", shorten(list[i].Name), err)
			}
		}
	}
	if now := c.txns.Clock().Now(); now.After(c.sweep.producers) {
		c.sweep.producers = now.Add(producerPause)
	}
	if all {
		c.sweep.feeds = c.txns.Clock().Now().Add(feedPause)
	}
	return removed, nil
}

// databases returns the databases that have keys of this model.
func (c *core) databases(ctx context.Context) (dbs []keyspace.DatabaseID, err error) {
	err = c.txns.View(ctx, func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		dbs, err = keyspace.Databases(it, keyspace.SpaceStream)
		return err
	})
	return dbs, err
}

// sweepChannel removes what a channel does not keep.
func (s *Store) sweepChannel(ctx context.Context, c *Channel) (removed int, err error) {
	var steps []func(tx *txn.Tx, c *Channel) (int, bool, error)
	o := &c.Options
	if o.MaxBytes > 0 {
		steps = append(steps, s.tally)
	}
	if o.Compact {
		steps = append(steps, s.compact)
	}
	if o.MaxAge > 0 || o.MaxBytes > 0 || o.MaxCount > 0 {
		steps = append(steps, s.retain)
	}
	if s.Now().After(s.sweep.producers) {
		steps = append(steps, s.forgetProducers)
	}
	for _, step := range steps {
		for more := true; more; {
			var n int
			_, err := s.commit(ctx, txn.Snapshot, func(tx *txn.Tx) (err error) {
				n, more = 0, false
				now, ok, err := s.channel(tx, c.Name)
				if err != nil || !ok || now.id != c.id {
					return err // it was dropped
				}
				n, more, err = step(tx, &now)
				return err
			})
			if err != nil {
				return removed, err
			}
			removed += n
			if n > 0 && s.opts.Events.Removed != nil {
				s.opts.Events.Removed(n)
			}
		}
	}
	return removed, nil
}

// records walks the records of a channel from an offset on, at most a batch of them,
// and says whether there are more. removed ones are given, too.
func (s *Store) records(tx *txn.Tx, c *Channel, from uint64, fn func(offset uint64, at txn.Timestamp, rec []byte) (bool, error)) (more bool, err error) {
	prefix := appendObject(nil, s.db, c.id)
	it := tx.Iter(txn.IterOptions{Lower: txn.AppendLogKey(nil, prefix, from), Upper: keyspace.End(prefix)})
	defer it.Close()
	for n := 0; it.Next(); n++ {
		p, offset, ok := txn.LogNumber(it.Key())
		if !ok || !bytes.Equal(p, prefix) {
			return false, fmt.Errorf("%w: the key %x is in a channel and no offset of it", dberr.ErrCorrupt, it.Key())
		}
		if n == sweepBatch {
			return true, nil
		}
		on, err := fn(offset, it.Timestamp(), it.Value())
		if err != nil || !on {
			return false, err
		}
	}
	return false, it.Err()
}

func (s *Store) putState(tx *txn.Tx, c *Channel, old, st state) error {
	if old == st {
		return nil
	}
	return tx.Put(appendOf(nil, s.db, objState, c.id), st.append(nil))
}

// tally counts the bytes of messages that came since the last time.
func (s *Store) tally(tx *txn.Tx, c *Channel) (gone int, more bool, err error) {
	old, err := s.state(tx, c)
	if err != nil {
		return 0, false, err
	}
	st := old
	more, err = s.records(tx, c, max(st.tallied, st.first), func(offset uint64, _ txn.Timestamp, rec []byte) (bool, error) {
		st.tallied = offset + 1
		if !removed(rec) {
			st.bytes += uint64(len(rec))
		}
		return true, nil
	})
	if err == nil {
		err = s.putState(tx, c, old, st)
	}
	return 0, more, err
}

// retain removes messages from the front.
func (s *Store) retain(tx *txn.Tx, c *Channel) (gone int, more bool, err error) {
	old, err := s.state(tx, c)
	if err != nil {
		return 0, false, err
	}
	l, err := s.log(tx, c)
	if err != nil {
		return 0, false, err
	}
	next, _, err := l.end()
	l.close()
	if err != nil {
		return 0, false, err
	}
	st, o := old, &c.Options
	oldest := txn.Timestamp(0)
	if o.MaxAge > 0 {
		oldest = txn.Timestamp(max(s.Now().Add(-o.MaxAge).UnixNano(), 0))
	}
	// The record of a removed message, where there is one, is just before the first.
	more, err = s.records(tx, c, max(st.first, 1)-1, func(offset uint64, at txn.Timestamp, rec []byte) (bool, error) {
		last := offset+1 == next
		if removed(rec) {
			if last {
				return false, nil
			}
			return true, tx.Delete(appendMessageKey(nil, s.db, c.id, offset))
		}
		if at >= oldest && (o.MaxCount == 0 || offset+uint64(o.MaxCount) >= next) && (o.MaxBytes == 0 || st.bytes <= uint64(o.MaxBytes)) {
			return false, nil
		}
		gone++
		st.first = offset + 1
		if offset < st.tallied {
			st.bytes -= min(st.bytes, uint64(len(rec)))
		}
		if err := s.unindex(tx, c, offset, rec); err != nil {
			return false, err
		}
		if last {
			return false, tx.Put(appendMessageKey(nil, s.db, c.id, offset), removedRecord)
		}
		return true, tx.Delete(appendMessageKey(nil, s.db, c.id, offset))
	})
	if err == nil {
		err = s.putState(tx, c, old, st)
	}
	return gone, more, err
}

// unindex takes a message that is removed out of the index of last messages.
func (s *Store) unindex(tx *txn.Tx, c *Channel, offset uint64, rec []byte) error {
	if !c.Options.Compact {
		return nil
	}
	var m Content
	if err := m.decode(rec); err != nil {
		return err
	}
	key := appendLatestKey(nil, s.db, c.id, m.Key)
	if latest, ok, err := s.latest(tx, key); err != nil || !ok || latest != offset {
		return err
	}
	return tx.Delete(key)
}

// latest reads an entry of the index of last messages.
func (s *Store) latest(tx *txn.Tx, key []byte) (offset uint64, ok bool, err error) {
	v, ok, err := tx.Get(key)
	if err != nil || !ok {
		return 0, false, err
	}
	offset, n := binary.Uvarint(v)
	if n != len(v) {
		return 0, false, fmt.Errorf("%w: the entry %x of the index of last messages is malformed", dberr.ErrCorrupt, key)
	}
	return offset, true, nil
}

// compact removes messages that have a later one with the same key.
func (s *Store) compact(tx *txn.Tx, c *Channel) (gone int, more bool, err error) {
	old, err := s.state(tx, c)
	if err != nil {
		return 0, false, err
	}
	st := old
	more, err = s.records(tx, c, max(st.compacted, st.first), func(offset uint64, _ txn.Timestamp, rec []byte) (bool, error) {
		st.compacted = offset + 1
		if removed(rec) {
			return true, nil
		}
		var m Content
		if err := m.decode(rec); err != nil {
			return false, err
		}
		key := appendLatestKey(nil, s.db, c.id, m.Key)
		before, ok, err := s.latest(tx, key)
		if err != nil {
			return false, err
		}
		if ok && before < offset {
			was, there, err := tx.Get(appendMessageKey(nil, s.db, c.id, before))
			if err != nil {
				return false, err
			}
			if there && before >= st.first {
				gone++
				if before < st.tallied {
					st.bytes -= min(st.bytes, uint64(len(was)))
				}
				if err := tx.Delete(appendMessageKey(nil, s.db, c.id, before)); err != nil {
					return false, err
				}
			}
		}
		return true, tx.Put(key, binary.AppendUvarint(nil, offset))
	})
	if err == nil {
		err = s.putState(tx, c, old, st)
	}
	return gone, more, err
}

// forgetProducers forgets those that have not published for long.
func (s *Store) forgetProducers(tx *txn.Tx, c *Channel) (gone int, more bool, err error) {
	oldest := txn.Timestamp(max(s.Now().Add(-s.opts.ProducerKeep).UnixNano(), 0))
	it := tx.Iter(within(appendOf(nil, s.db, objProducers, c.id)))
	defer it.Close()
	var old [][]byte
	for len(old) < sweepBatch && it.Next() {
		if it.Timestamp() < oldest {
			old = append(old, bytes.Clone(it.Key()))
		}
	}
	for _, key := range old {
		if err := tx.Delete(key); err != nil {
			return 0, false, err
		}
	}
	return 0, len(old) == sweepBatch, it.Err()
}

// sweepDropped removes what dropped channels leave. A range that was dropped twice is no
// harm, so that a crash in between is none either.
func (s *Store) sweepDropped(ctx context.Context) error {
	var ids []keyspace.ObjectID
	err := s.View(ctx, func(tx *txn.Tx) error {
		prefix := appendObject(nil, s.db, objDropped)
		it := tx.Iter(within(prefix))
		defer it.Close()
		for it.Next() {
			id, rest, err := enc.DecodeUint(it.Key()[len(prefix):])
			if err != nil || len(rest) != 0 {
				return fmt.Errorf("%w: the key %x of a dropped channel is malformed", dberr.ErrCorrupt, it.Key())
			}
			if s.Now().Sub(it.Timestamp().Time()) >= dropGrace {
				ids = append(ids, keyspace.ObjectID(id))
			}
		}
		return it.Err()
	})
	for _, id := range ids {
		if err != nil {
			return err
		}
		err = s.removeDropped(ctx, id)
	}
	return err
}

// objsOfChannel are the objects that have keys for a channel.
var objsOfChannel = []keyspace.ObjectID{objState, objProducers, objLatest, objGroups, objCursors, objPending, objBuried, objMembers, objShares, objWebhooks}

func (s *Store) removeDropped(ctx context.Context, id keyspace.ObjectID) error {
	prefixes := [][]byte{appendObject(nil, s.db, id)}
	for _, obj := range objsOfChannel {
		prefixes = append(prefixes, appendOf(nil, s.db, obj, id))
	}
	var errs []error
	for _, prefix := range prefixes {
		errs = append(errs, s.txns.DropRange(ctx, prefix, keyspace.End(prefix)))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return s.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		return tx.Delete(appendOf(nil, s.db, objDropped, id))
	})
}
