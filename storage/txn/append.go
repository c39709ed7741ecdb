package txn

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
)

// Logs in the key space. Append adds a value to a log, which is a prefix whose keys are
// numbered: prefix · number (8 bytes, big-endian). The number is given in the critical
// section of the commit, so
//
//   - appends to one log never conflict with one another: nobody reads a counter that
//     somebody else writes;
//   - numbers follow the order of commits, and those of one transaction each other;
//   - numbers have no gaps: one that is given is in the log of the store, or the store
//     has failed;
//   - all of a transaction's values become visible at once, like whatever else it wrote.
//
// The next number is one more than that of the last key under the prefix. It is kept in
// memory from the first append on and read from the key space before that. So whoever
// removes values must leave the last key: it can be overwritten, but not deleted, or
// its number would be given again after a restart.
//
// What a transaction has appended, it does not see itself.

// numberBytes is the size of the number at the end of a key of a log.
const numberBytes = 8

// appends is what a transaction is to append, in order.
type appends struct {
	list  []appended
	bytes int64
}

type appended struct {
	prefix []byte
	value  []byte
	number uint64 // 0 before the commit
}

// Append adds a value to the log under prefix with the commit; both are copied. The
// handle is for Appended. All keys under prefix must be numbers of its log.
func (tx *Tx) Append(prefix, value []byte) (handle int, err error) {
	if err := tx.writable(); err != nil {
		return 0, err
	}
	o := &tx.store.opts
	switch size := len(prefix) + numberBytes; {
	case len(prefix) == 0:
		return 0, dberr.New(dberr.ErrInvalid, "EMPTY_KEY", "a log needs a prefix of at least one byte")
	case size > o.MaxKeyBytes:
		return 0, dberr.New(dberr.ErrTooLarge, "KEY_TOO_LARGE", "a key of %d bytes is over the maximum of %d", size, o.MaxKeyBytes)
	case len(value) > o.MaxValueBytes:
		return 0, dberr.New(dberr.ErrTooLarge, "VALUE_TOO_LARGE", "a value of %d bytes is over the maximum of %d", len(value), o.MaxValueBytes)
	case !tx.room(size + len(value)):
		return 0, errTxTooLarge(o.MaxTxBytes)
	}
	a := &tx.appends
	if n := len(a.list); n > 0 && bytes.Equal(a.list[n-1].prefix, prefix) {
		prefix = a.list[n-1].prefix
	} else {
		prefix = tx.writes.copy(prefix)
	}
	a.list = append(a.list, appended{prefix: prefix, value: tx.writes.copy(value)})
	a.bytes += int64(len(prefix)+numberBytes+len(value)) + writeOverhead
	return len(a.list) - 1, nil
}

// Appended is the number that the commit gave to what Append returned the handle of; 0
// before.
func (tx *Tx) Appended(handle int) uint64 { return tx.appends.list[handle].number }

// Appends is how many values the transaction has appended so far.
func (tx *Tx) Appends() int { return len(tx.appends.list) }

// LogNumber is the number at the end of a key of a log.
func LogNumber(key []byte) (prefix []byte, number uint64, ok bool) {
	n := len(key) - numberBytes
	if n <= 0 {
		return nil, 0, false
	}
	return key[:n], binary.BigEndian.Uint64(key[n:]), true
}

// AppendLogKey appends the key that has a number in the log under prefix.
func AppendLogKey(dst, prefix []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, prefix...), number)
}

func (a *appends) undo(n int) {
	for i := n; i < len(a.list); i++ {
		a.bytes -= int64(len(a.list[i].prefix)+numberBytes+len(a.list[i].value)) + writeOverhead
		a.list[i] = appended{}
	}
	a.list = a.list[:n]
}

// numbering is the write set of a transaction that appends, ready but for the numbers.
type numbering struct {
	ops    []Op
	groups []logGroup
	keys   []byte // of what is appended
}

// numberings are used again by commits.
var numberings = sync.Pool{New: func() any { return new(numbering) }}

// The room that is kept for later.
const maxNumberOps, maxNumberKeys, maxNumberGroups = 64, 4 << 10, 4

// recycle gives the memory to others. Nobody may use what is in it.
func (n *numbering) recycle() {
	if n == nil || cap(n.ops) > maxNumberOps || cap(n.keys) > maxNumberKeys || cap(n.groups) > maxNumberGroups {
		return
	}
	clear(n.ops)
	poison(n.keys)
	for i := range n.groups {
		n.groups[i] = logGroup{members: n.groups[i].members[:0]}
	}
	n.ops, n.groups, n.keys = n.ops[:0], n.groups[:0], n.keys[:0]
	numberings.Put(n)
}

// logGroup is what goes to one log.
type logGroup struct {
	prefix  []byte
	known   uint64  // the last number as the key space has it
	at      int     // of the first in ops
	members []int32 // of appends, in order
}

// number prepares the write set of a transaction: ops, in order, and what it appends
// behind whatever else it wrote of the same log.
func (s *Store) number(ctx context.Context, tx *Tx, ops []Op) (*numbering, error) {
	if len(tx.appends.list) == 0 {
		return nil, nil
	}
	n := numberings.Get().(*numbering) //nolint:forcetypeassert // nothing else is in it
	for i := range tx.appends.list {
		g := n.group(tx.appends.list[i].prefix)
		g.members = append(g.members, int32(i))
	}
	n.ops = slices.Grow(n.ops, len(ops)+len(tx.appends.list))
	var last [numberBytes]byte
	for i := range last {
		last[i] = 0xff
	}
	for g := range n.groups {
		group := &n.groups[g]
		if err := s.lookNumber(ctx, group); err != nil {
			return nil, fmt.Errorf("read the end of a log: %w", err)
		}
		end := n.key(group.prefix, last[:])
		before, _ := slices.BinarySearchFunc(ops, end, func(op Op, key []byte) int { return bytes.Compare(op.Key, key) })
		n.ops = append(n.ops, ops[:before]...)
		ops = ops[before:]
		group.at = len(n.ops)
		for i, m := range group.members {
			key := end
			if i > 0 {
				key = n.key(group.prefix, last[:])
			}
			n.ops = append(n.ops, Op{Key: key, Value: tx.appends.list[m].value})
		}
	}
	n.ops = append(n.ops, ops...)
	return n, nil
}

// key returns a key of a log.
func (n *numbering) key(prefix, number []byte) []byte {
	from := len(n.keys)
	n.keys = append(append(n.keys, prefix...), number...)
	return n.keys[from:len(n.keys):len(n.keys)]
}

// group finds the group of a log, or makes it, in order of the prefixes.
func (n *numbering) group(prefix []byte) *logGroup {
	i, ok := slices.BinarySearchFunc(n.groups, prefix, func(g logGroup, p []byte) int { return bytes.Compare(g.prefix, p) })
	switch {
	case ok:
	case i == len(n.groups) && i < cap(n.groups): // which has room for its members
		n.groups = n.groups[:i+1]
		n.groups[i].prefix = prefix
	default:
		n.groups = slices.Insert(n.groups, i, logGroup{prefix: prefix})
	}
	return &n.groups[i]
}

// lookNumber reads the last number of a log that nothing was appended to since the start.
func (s *Store) lookNumber(ctx context.Context, g *logGroup) error {
	s.commit.Lock()
	_, known := s.commit.logs[string(g.prefix)]
	s.commit.Unlock()
	if known {
		return nil
	}
	tx, err := s.Begin(ctx, TxOptions{ReadOnly: true, AnyAge: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	it := tx.Iter(IterOptions{Lower: AppendLogKey(nil, g.prefix, 0), Upper: append(AppendLogKey(nil, g.prefix, 1<<64-1), 0), Reverse: true})
	defer it.Close()
	if it.Next() {
		prefix, number, ok := LogNumber(it.Key())
		if !ok || !bytes.Equal(prefix, g.prefix) {
			return fmt.Errorf("%w: the key %x is in a log and no number of it", dberr.ErrCorrupt, it.Key())
		}
		g.known = number
	}
	return it.Err()
}

// numberLocked gives the numbers. Nothing is taken before keepLocked.
func (s *Store) numberLocked(n *numbering) error {
	for i := range n.groups {
		g := &n.groups[i]
		next, known := s.commit.logs[string(g.prefix)]
		if !known {
			next = g.known // nobody has appended since it was read, or it were known
		}
		for j := range g.members {
			key := n.ops[g.at+j].Key
			binary.BigEndian.PutUint64(key[len(key)-numberBytes:], next+uint64(j)+1)
		}
		g.known = next
		from, to := g.at, g.at+len(g.members)
		if from > 0 && bytes.Compare(n.ops[from-1].Key, n.ops[from].Key) >= 0 ||
			to < len(n.ops) && bytes.Compare(n.ops[to-1].Key, n.ops[to].Key) >= 0 {
			return dberr.New(dberr.ErrInvalid, "LOG_ORDER", "the transaction wrote a key that lies behind the end of the log %x", g.prefix)
		}
	}
	return nil
}

// keepLocked notes the numbers, once their record is in the log of the store.
func (s *Store) keepLocked(tx *Tx, n *numbering) {
	if s.commit.logs == nil {
		s.commit.logs = map[string]uint64{}
	}
	for i := range n.groups {
		g := &n.groups[i]
		for j, m := range g.members {
			tx.appends.list[m].number = g.known + uint64(j) + 1
		}
		s.commit.logs[string(g.prefix)] = g.known + uint64(len(g.members))
	}
}

// forgetLogsLocked forgets the logs whose range is dropped.
func (s *Store) forgetLogsLocked(lower, upper []byte) {
	for prefix := range s.commit.logs {
		if bytes.Compare([]byte(prefix), lower) >= 0 && (upper == nil || bytes.Compare([]byte(prefix), upper) < 0) {
			delete(s.commit.logs, prefix)
		}
	}
}
