package streaming

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
)

// The members of a group in the order of keys divide the partitions of its channel. Who
// has which is a record, the shares, of a generation; how far a member is with its own
// is one of the member, so members do not meet at one record. A pull that finds a member
// that is not in the shares, or one that has not pulled for too long, makes the next
// generation, and writes the records of all members: a pull of the old generation that
// runs meanwhile writes one of them, too, and so runs again.

const (
	sharesVersion = 1
	memberVersion = 1
)

// shares say which partitions the members of a group have.
type shares struct {
	generation uint64   // 0: there are none yet
	owner      []string // of each partition, empty: nobody
	start      []uint64 // of each partition, where its owner began
	members    map[string]*share
}

// share is what a member is told of.
type share struct {
	generation uint64 // of which advanced is
	advanced   uint64 // all messages of its partitions before it were handed out; 0: none since start
	until      int64  // when it loses its partitions, ns since 1970
}

func (m *share) append(dst []byte) []byte {
	dst = append(dst, memberVersion)
	for _, v := range []uint64{m.generation, m.advanced, uint64(m.until)} {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

// cursor is the first message of a partition that was never handed out.
func (sh *shares) cursor(p int) uint64 {
	at := sh.start[p]
	if m := sh.members[sh.owner[p]]; m != nil && m.generation == sh.generation {
		at = max(at, m.advanced)
	}
	return at
}

func (sh *shares) append(dst []byte) []byte {
	names := slices.Sorted(maps.Keys(sh.members))
	dst = binary.AppendUvarint(append(dst, sharesVersion), sh.generation)
	dst = binary.AppendUvarint(dst, uint64(len(names)))
	for _, name := range names {
		dst = append(binary.AppendUvarint(dst, uint64(len(name))), name...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(sh.owner)))
	for p, name := range sh.owner {
		i, ok := slices.BinarySearch(names, name)
		if !ok {
			i = len(names) // nobody
		}
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(i)), sh.start[p])
	}
	return dst
}

// decode reads the shares, without the members.
func (sh *shares) decode(v []byte, partitions int) error {
	if len(v) > 0 && v[0] != sharesVersion {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "the shares of a group have version %d, and this program knows %d", v[0], sharesVersion)
	}
	r := enc.NewReader(v)
	r.Byte() // the version
	sh.generation = r.Uvarint()
	names := make([]string, 0, min(r.Uvarint(), uint64(r.Len())))
	for range cap(names) {
		names = append(names, r.Text())
	}
	n := r.Uvarint()
	if r.Bad() || sh.generation == 0 || n != uint64(partitions) {
		return fmt.Errorf("%w: the record of a group's shares is malformed", dberr.ErrCorrupt)
	}
	sh.owner, sh.start = make([]string, n), make([]uint64, n)
	for p := range sh.owner {
		if i := r.Uvarint(); i < uint64(len(names)) {
			sh.owner[p] = names[i]
		}
		sh.start[p] = r.Uvarint()
	}
	if !r.Done() {
		return fmt.Errorf("%w: the record of a group's shares is malformed", dberr.ErrCorrupt)
	}
	return nil
}

// shares reads the shares and the members of a group.
func (s *Store) shares(tx *txn.Tx, c *Channel, k *groupKeys) (*shares, error) {
	sh := &shares{members: map[string]*share{}}
	partitions := max(c.Options.Partitions, 1)
	v, ok, err := tx.Get(k.shares)
	if err == nil && ok {
		err = sh.decode(v, partitions)
	}
	if err == nil && !ok {
		sh.owner, sh.start = make([]string, partitions), make([]uint64, partitions)
		var at uint64
		at, err = s.cursor(tx, k)
		for p := range sh.start {
			sh.start[p] = at
		}
	}
	if err != nil {
		return nil, err
	}
	it := tx.Iter(within(k.members))
	defer it.Close()
	for it.Next() {
		name, rest, err := enc.DecodeString(it.Key()[len(k.members):])
		var f [3]uint64
		if err == nil && len(rest) == 0 {
			err = cutFields(it.Value(), memberVersion, f[:])
		}
		if err != nil || len(rest) != 0 {
			return nil, fmt.Errorf("%w: the record %x of a member is malformed", dberr.ErrCorrupt, it.Key())
		}
		sh.members[name] = &share{f[0], f[1], int64(f[2])}
	}
	return sh, it.Err()
}

func (k *groupKeys) member(name string) []byte {
	return enc.AppendString(append([]byte(nil), k.members...), name)
}

// join makes sure that a member is in the shares, and those that are gone are not.
func (s *Store) join(tx *txn.Tx, c *Channel, k *groupKeys, member string, now, timeout int64) (*shares, error) {
	sh, err := s.shares(tx, c, k)
	if err != nil {
		return nil, err
	}
	me := sh.members[member]
	change := me == nil || me.generation != sh.generation
	for name, m := range sh.members {
		change = change || name != member && m.until <= now
	}
	if !change {
		if me.until-now < timeout*2/3 {
			me.until = now + timeout
			return sh, tx.Put(k.member(member), me.append(nil))
		}
		return sh, nil
	}
	if me == nil {
		me = &share{}
		sh.members[member] = me
	}
	me.until = now + timeout
	return sh, s.divide(tx, k, sh, now)
}

// divide makes the next generation of shares among the members that are there.
func (s *Store) divide(tx *txn.Tx, k *groupKeys, sh *shares, now int64) error {
	for p := range sh.owner {
		sh.start[p] = sh.cursor(p)
	}
	for name, m := range sh.members {
		if m.until <= now {
			delete(sh.members, name)
			if err := tx.Delete(k.member(name)); err != nil {
				return err
			}
		}
	}
	sh.generation++
	sh.spread()
	for name, m := range sh.members {
		m.generation, m.advanced = sh.generation, 0
		if err := tx.Put(k.member(name), m.append(nil)); err != nil {
			return err
		}
	}
	return tx.Put(k.shares, sh.append(nil))
}

// spread divides the partitions evenly, and leaves with a member what it may keep.
func (sh *shares) spread() {
	names := slices.Sorted(maps.Keys(sh.members))
	if len(names) == 0 {
		clear(sh.owner)
		return
	}
	least, more := len(sh.owner)/len(names), len(sh.owner)%len(names)
	has := map[string]int{}
	most := func(name string) int {
		if has[name] < least {
			return least
		}
		if more > 0 { // one of those that have one more
			return least + 1
		}
		return least
	}
	var free []int
	for p, name := range sh.owner {
		if sh.members[name] == nil || has[name] >= most(name) {
			sh.owner[p] = ""
			free = append(free, p)
			continue
		}
		if has[name]++; has[name] == least+1 {
			more--
		}
	}
	for _, name := range names {
		for len(free) > 0 && has[name] < most(name) {
			sh.owner[free[0]], free = name, free[1:]
			if has[name]++; has[name] == least+1 {
				more--
			}
		}
	}
}

// Leave takes a member out of an ordered group: its partitions go to the others, and what
// it had and did not acknowledge is handed out again at once.
func (s *Store) Leave(ctx context.Context, channel, group, member string) error {
	_, err := s.commit(ctx, txn.Snapshot, func(tx *txn.Tx) error {
		c, g, k, err := s.group(tx, channel, group)
		if err != nil {
			return err
		}
		if !g.Options.Ordered {
			return dberr.New(dberr.ErrUnsupported, "NOT_ORDERED", "the members of group %q have no partitions to leave: it is not in the order of keys", shorten(group)).WithField("group")
		}
		sh, err := s.shares(tx, &c, &k)
		if err != nil {
			return err
		}
		if sh.members[member] == nil {
			return dberr.New(dberr.ErrNotFound, "MEMBER_NOT_FOUND", "group %q has no member %q", shorten(group), shorten(member)).WithField("member")
		}
		now := s.Now().UnixNano()
		sh.members[member].until = 0
		if err := s.divide(tx, &k, sh, now); err != nil {
			return err
		}
		var had []uint64
		var left []pending
		if err := s.eachPending(tx, &k, func(offset uint64, x *pending) error {
			if x.member == member {
				had, left = append(had, offset), append(left, *x)
			}
			return nil
		}); err != nil {
			return err
		}
		for i, offset := range had {
			left[i].release(now)
			if err := tx.Put(k.of(offset), left[i].append(nil)); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// release takes a delivery from who has it: its id is stale, and it is due.
func (p *pending) release(due int64) {
	p.member, p.due = "", due
	p.delivery++
	if p.tries > 0 {
		p.tries-- // it is not at fault
	}
}
