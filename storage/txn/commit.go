package txn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/buffer"
	"github.com/weftdb/weft/storage/wal"
)

// The data path of a commit.
//
//	encode        the log record, outside every lock
//	validate      a large transaction: all but what is committed meanwhile
//	wait          for the locks that others have on its keys
//	lock          Store.commit
//	  validate    no key that was written, and under serializable none that was
//	              read, has a version newer than the snapshot
//	  numbers     of what it appends to logs (append.go); only then encode
//	  timestamp   the clock, or one more than the last
//	  append      to the log's memory; from here on the order is fixed
//	  install     the versions: newer than every snapshot, so nobody sees them,
//	              but the next validation does
//	unlock
//	wait          until the log is as durable as asked: one sync serves all who wait,
//	              and who asked for nothing does not wait
//	publish       raise the visible timestamp
//
// Invariants: the log is in timestamp order; a version is in the buffer only if
// its record is in the log's memory; what a reader sees is as durable as its writer
// asked. A record without sync that follows one with sync is published after that one is
// synced; one that asks for nothing may be seen, and what is before it with it, before
// the log has written them.
// Where the log fails, what was installed is never published.

// commitOps writes ops, which are in key order.
func (s *Store) commitOps(ctx context.Context, tx *Tx, ops []Op) error {
	var began time.Time
	if s.opts.Events.Committed != nil {
		began = time.Now()
	}
	buf := payloads.Get().(*[]byte)
	defer recycle(buf)
	numbers, err := s.number(ctx, tx, ops)
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	var payload []byte
	if numbers == nil {
		payload = appendCommit((*buf)[:0], ops)
		*buf = payload
	}
	if err := s.throttle(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	v, err := s.lockValid(ctx, tx, ops)
	if err != nil {
		return err
	}
	if numbers != nil {
		if err = s.numberLocked(numbers); err == nil {
			ops = numbers.ops
			payload = appendCommit((*buf)[:0], ops)
			*buf = payload
		}
	}
	var rec record
	if err == nil {
		rec, err = s.appendLocked(recordCommit, payload, tx.durability(ctx), len(ops)+tx.reserved)
	}
	if err != nil {
		s.commit.Unlock()
		return fmt.Errorf("commit: %w", err)
	}
	if numbers != nil {
		s.keepLocked(tx, numbers)
	}
	if v.found && numbers == nil {
		s.installFoundLocked(rec.ts, ops, v.places[:len(ops)])
	} else {
		s.installLocked(rec.ts, ops)
	}
	s.commit.recent.add(rec.ts, ops, len(payload))
	s.installed.Store(rec.ts)
	kept := s.hooks.queue(rec.ts, ops)
	s.commit.Unlock()
	s.poke()
	if err := s.finish(ctx, rec); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	tx.commitTS = rec.ts
	if f := s.opts.Events.Committed; f != nil {
		f(CommitInfo{Timestamp: Timestamp(rec.ts), Writes: len(ops), Bytes: len(payload), Duration: time.Since(began)})
	}
	if tx.reads.recycle(); !kept { // the log and the buffer have copies, and whom hooks were to call is called
		tx.writes.recycle()
		numbers.recycle()
	}
	return nil
}

// lockUnobstructed takes Store.commit at a moment when no other transaction has
// locked a key of ops. It waits for those that are.
func (s *Store) lockUnobstructed(ctx context.Context, tx *Tx, ops []Op) error {
	for {
		s.commit.Lock()
		if err := s.admitLocked(ctx); err != nil {
			s.commit.Unlock()
			return err
		}
		var key []byte
		if !tx.opts.PassLocks {
			key = s.locks.obstacle(tx.locks.Load(), ops)
		}
		if key == nil {
			return nil
		}
		s.commit.Unlock()
		if _, err := s.locks.acquire(ctx, tx.owner(), key, LockExclusive, LockWait); err != nil {
			return err
		}
	}
}

// maxLooks is how often a transaction is looked through again since more was
// committed meanwhile than is remembered, before that counts as a conflict.
const maxLooks = 16

// lockValid takes the commit lock for a transaction that may commit. On error it is
// not held.
func (s *Store) lockValid(ctx context.Context, tx *Tx, ops []Op) (v validation, err error) {
	v, clash, err := s.validate(tx, ops)
	for n := 0; ; n++ {
		switch {
		case err != nil:
			return v, fmt.Errorf("commit: %w", err)
		case clash != nil:
			return v, s.conflict(clash)
		case n > maxLooks:
			return v, s.conflict(newClash(someKey(tx, ops), v.since))
		}
		if err := s.lockUnobstructed(ctx, tx, ops); err != nil {
			return v, fmt.Errorf("commit: %w", err)
		}
		var again bool
		if clash, again, err = s.validateLocked(&v); clash == nil && err == nil && !again {
			return v, nil
		}
		s.commit.Unlock()
		if again {
			clash, err = s.look(&v)
		}
	}
}

// someKey is a key of a transaction that writes.
func someKey(tx *Tx, ops []Op) []byte {
	if len(ops) == 0 {
		return tx.appends.list[0].prefix
	}
	return ops[0].Key
}

// admitLocked says why no commit may begin, or nil.
func (s *Store) admitLocked(ctx context.Context) error {
	if err := s.Err(); err != nil {
		return err
	}
	if s.commit.closed {
		return errClosed()
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	return nil
}

func errClosed() error { return dberr.New(dberr.ErrUnavailable, "STORE_CLOSED", "the store is closed") }

// conflictAt is inside the error of a conflict: the commit that was in the way, or
// 0 for a lock.
type conflictAt struct {
	key []byte
	at  uint64
}

func (c *conflictAt) Error() string {
	if c.at == 0 {
		return "the key is locked"
	}
	return "the commit of " + Timestamp(c.at).Time().Format(time.RFC3339Nano) + " was first"
}

func (s *Store) conflict(c *clash) error {
	if f := s.opts.Events.Conflict; f != nil {
		f()
	}
	return (&dberr.Error{
		Class: dberr.ErrConflict, Code: "SERIALIZATION_FAILURE", SQLState: dberr.StateSerializationFailure,
		Message: "could not serialize access: another transaction committed first",
		Detail:  fmt.Sprintf("the key in conflict is %x", c.key),
		Hint:    "run the transaction again",
	}).Wrap(&conflictAt{key: bytes.Clone(c.key), at: c.at})
}

// record is a log record that was appended.
type record struct {
	ts     uint64
	sync   bool // to be synced before it is acknowledged
	async  bool // the log is not waited for
	ticket wal.Ticket
	behind bool // before must be synced before this one is visible
	before wal.Ticket
}

// nextLocked is the timestamp of the next record, which has so many writes. As many
// numbers after the timestamp before it are its own, so that each write of the store can
// be given one in the order of commits (ChangeSet.Number). A commit takes longer than a
// nanosecond for each of its writes, so this moves the clock only where that stood still.
func (s *Store) nextLocked(writes int) uint64 {
	return max(s.commit.last+uint64(max(writes, 1)), uint64(max(s.opts.Clock.Now().UnixNano(), 0)))
}

// appendLocked gives a record its place in the log.
func (s *Store) appendLocked(typ byte, payload []byte, d Durability, writes int) (rec record, err error) {
	rec = record{ts: s.nextLocked(writes), sync: d == DurabilitySync, async: d == DurabilityAsync}
	if s.log != nil {
		if rec.ticket, err = s.log.Append(rec.ts, typ, payload); err != nil {
			if cause := s.log.Err(); cause != nil {
				return rec, s.fail(cause)
			}
			return rec, err
		}
		if rec.sync {
			s.commit.lastSync, s.commit.syncTS = rec.ticket, rec.ts
		} else if s.commit.syncTS > s.published.Load() {
			rec.behind, rec.before = true, s.commit.lastSync
		}
	}
	s.commit.last, s.commit.appended = rec.ts, rec.ts
	s.checkpoints.logged.add(int64(len(payload)) + recordOverhead)
	s.inFlight.Add(1)
	return rec, nil
}

// recordOverhead is what the log takes for a record beside its payload.
const recordOverhead = 32

// bulkWrites is how many writes make it worth to install a commit in bulk.
const bulkWrites = 32

func (s *Store) installLocked(ts uint64, ops []Op) {
	if len(ops) < bulkWrites {
		for i := range ops {
			if op := &ops[i]; op.Deleted {
				s.pool.Delete(op.Key, ts)
			} else {
				s.pool.Put(op.Key, op.Value, ts)
			}
		}
	} else {
		b := s.pool.Bulk(ts)
		for i := range ops {
			if op := &ops[i]; op.Deleted {
				b.Delete(op.Key)
			} else {
				b.Put(op.Key, op.Value)
			}
		}
		b.End()
	}
}

// installFoundLocked is installLocked for keys whose places were found under the same lock.
func (s *Store) installFoundLocked(ts uint64, ops []Op, places []buffer.Place) {
	for i := range ops {
		if op := &ops[i]; op.Deleted {
			s.pool.DeleteAt(places[i], op.Key, ts)
		} else {
			s.pool.PutAt(places[i], op.Key, op.Value, ts)
		}
	}
}

// payloads are buffers for records; the log copies what it takes.
var payloads = sync.Pool{New: func() any { return new([]byte) }}

const maxPooled = 64 << 10

func recycle(buf *[]byte) {
	if cap(*buf) <= maxPooled {
		payloads.Put(buf)
	}
}

// finish waits for the log and publishes the record. Where ctx ends first, the
// record is on its way all the same and is published behind the caller's back.
func (s *Store) finish(ctx context.Context, rec record) error {
	err := s.await(ctx, rec)
	if err == nil {
		defer s.inFlight.Done() // also where a hook panics
		s.publish(rec.ts)
		return nil
	}
	if ctx.Err() == nil || s.Err() != nil {
		s.inFlight.Done()
		return err
	}
	go func() {
		defer s.inFlight.Done()
		if s.await(context.Background(), rec) == nil {
			s.publish(rec.ts)
		}
	}()
	return err
}

// await waits until the record, and what must not become visible after it, is as
// durable as asked.
func (s *Store) await(ctx context.Context, rec record) error {
	if s.log == nil {
		return nil
	}
	var err error
	if rec.behind {
		err = s.log.Wait(ctx, rec.before, true)
	}
	if err == nil && !rec.async {
		err = s.log.Wait(ctx, rec.ticket, rec.sync)
	}
	if err == nil {
		return nil
	}
	if cause := s.log.Err(); cause != nil {
		s.fail(cause)
	}
	if errors.Is(err, dberr.ErrUndetermined) || errors.Is(err, dberr.ErrReadOnly) {
		return err
	}
	return dberr.New(dberr.ErrUndetermined, "COMMIT_UNDETERMINED", "the log did not confirm the commit").Wrap(err)
}

// DropRange removes every key in [lower, upper). It is not transactional: it
// takes effect at its own timestamp and conflicts with nothing. For objects whose
// ids are never used again.
func (s *Store) DropRange(ctx context.Context, lower, upper []byte) error {
	payload := appendDropRange(nil, lower, upper)
	s.commit.Lock()
	if err := s.admitLocked(ctx); err != nil {
		s.commit.Unlock()
		return fmt.Errorf("drop range: %w", err)
	}
	rec, err := s.appendLocked(recordDropRange, payload, s.opts.Durability, 1)
	if err != nil {
		s.commit.Unlock()
		return fmt.Errorf("drop range: %w", err)
	}
	s.pool.DropRange(lower, upper, rec.ts)
	s.forgetLogsLocked(lower, upper)
	s.commit.recent.forget(rec.ts)
	s.installed.Store(rec.ts)
	s.commit.Unlock()
	if err := s.finish(ctx, rec); err != nil {
		return fmt.Errorf("drop range: %w", err)
	}
	return nil
}
