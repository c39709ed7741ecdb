package streaming

import (
	"hash/fnv"
)

// A group in the order of keys keeps for each key a queue: the deliveries that are not
// acknowledged, in the order of offsets. A member gets of a queue what comes behind the
// deliveries that it has itself and whose time is not over; where another has one, all
// behind it waits. Where a message is handed out again, those behind it in the queue are
// taken from who has them and come again, too, so nobody is given a later message of a
// key while an earlier one is with somebody else, or after it.

// queued is a delivery in the queue of its key.
type queued struct {
	offset uint64
	gone   bool // its record is removed
	pending
}

// keyHash tells keys apart; 0 is no key.
func keyHash(key string) uint64 {
	if key == "" {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(key)) //nolint:errcheck // it has none
	return max(h.Sum64()>>1, 1)
}

// runOrdered is one attempt of a pull of a group in the order of keys.
func (p *puller) runOrdered() (err error) {
	if p.o.Member == "" {
		return invalid("MISSING_FIELD", "member", "group %q is in the order of keys, so who pulls needs to name itself", shorten(p.g.Name))
	}
	now := p.s.Now().UnixNano()
	if p.shares, err = p.s.join(p.tx, &p.c, &p.k, p.o.Member, now, int64(p.g.Options.MemberTimeout)); err != nil {
		return err
	}
	queues, order, err := p.queues(now)
	if err != nil {
		return err
	}
	p.wakeFor(now)
	for _, q := range order {
		if len(p.list) == p.o.Max {
			break
		}
		if err := p.serve(q, now); err != nil {
			return err
		}
	}
	if err := p.freshOrdered(queues, now); err != nil {
		return err
	}
	if len(p.list) > 0 { // a new generation meanwhile is to conflict with this
		if err := p.tx.Put(p.k.member(p.o.Member), p.shares.members[p.o.Member].append(nil)); err != nil {
			return err
		}
	}
	return p.count()
}

// wakeFor has who waits look again when a member may be gone, and when the member itself
// has to say that it is there.
func (p *puller) wakeFor(now int64) {
	until := now + int64(p.g.Options.MemberTimeout)/3
	for name, m := range p.shares.members {
		if name != p.o.Member {
			until = min(until, m.until)
		}
	}
	if p.due == 0 || until < p.due {
		p.due = until
	}
}

// queues reads the deliveries by their keys, in the order of the first of each.
func (p *puller) queues(now int64) (byKey map[uint64]*[]queued, order []*[]queued, err error) {
	byKey = map[uint64]*[]queued{}
	err = p.s.eachPending(p.tx, &p.k, func(offset uint64, x *pending) error {
		p.inFlight++
		if x.due > now && (p.due == 0 || x.due < p.due) {
			p.due = x.due
		}
		q := byKey[x.hash]
		if q == nil || x.hash == 0 {
			q = &[]queued{}
			byKey[x.hash] = q
			order = append(order, q)
		}
		*q = append(*q, queued{offset: offset, pending: *x})
		return nil
	})
	return byKey, order, err
}

// mine says whether a delivery is with the member that pulls.
func (p *puller) mine(x *pending, now int64) bool { return x.member == p.o.Member && x.due > now }

// serve hands out of a queue what may be.
func (p *puller) serve(q *[]queued, now int64) error {
	if p.shares.owner[(*q)[0].partition] != p.o.Member {
		return nil
	}
	first := 0
	for first < len(*q) && p.mine(&(*q)[first].pending, now) {
		first++
	}
	if first == len(*q) || (*q)[first].due > now {
		return nil // nothing is to be done, or another has it, or it waits
	}
	for i := first; i < len(*q); i++ {
		x := &(*q)[i]
		if len(p.list) == p.o.Max {
			if x.member != "" {
				if x.due <= now {
					x.tries++ // its time is over, too, and release takes that back
				}
				x.release(now)
				if err := p.tx.Put(p.k.of(x.offset), x.append(nil)); err != nil {
					return err
				}
			}
			continue
		}
		if x.due > now && x.tries > 0 {
			x.tries-- // it only follows, and is not at fault
		}
		if err := p.again(x.offset, &x.pending, now); err != nil {
			return err
		}
		x.gone = !p.mine(&x.pending, now)
	}
	return nil
}

// freshOrdered hands out messages of the member's partitions for the first time, and
// queues those that have to wait.
func (p *puller) freshOrdered(queues map[uint64]*[]queued, now int64) error {
	var from uint64
	any := false
	for i, owner := range p.shares.owner {
		if owner == p.o.Member {
			if at := p.shares.cursor(i); !any || at < from {
				from, any = at, true
			}
		}
	}
	if !any {
		return nil
	}
	next, size, seen := from, 0, 0
	var failed error
	err := p.l.each(from, func(m *Message) bool {
		if len(p.list) == p.o.Max || !p.g.Options.NoAck && p.inFlight >= p.g.Options.MaxInFlight || size > historyBytes {
			return false
		}
		if seen++; seen > pullScan {
			p.more = true
			return false
		}
		next = m.Offset + 1
		if p.shares.owner[m.Partition] != p.o.Member || m.Offset < p.shares.cursor(m.Partition) || !p.g.Options.Filter.wants(m) {
			return true
		}
		x := pending{ordered: true, hash: keyHash(m.Key), partition: m.Partition}
		p.inFlight++
		if x.hash != 0 && p.waits(queues[x.hash], now) {
			failed = p.tx.Put(p.k.of(m.Offset), x.append(nil))
			return failed == nil
		}
		size += len(m.Data)
		failed = p.hand(m, &x, now)
		return failed == nil
	})
	if failed != nil {
		err = failed
	}
	if err == nil && next == from && p.l.feed != nil {
		next = max(p.l.feed.idle(from), from)
	}
	if err != nil || next == from {
		return err
	}
	me := p.shares.members[p.o.Member]
	me.advanced = max(me.advanced, next)
	return p.tx.Put(p.k.member(p.o.Member), me.append(nil))
}

// waits says whether a message has to wait for others of its key: unless the member has
// all of them.
func (p *puller) waits(q *[]queued, now int64) bool {
	if q == nil {
		return false
	}
	for i := range *q {
		if x := &(*q)[i]; !x.gone && !p.mine(&x.pending, now) {
			return true
		}
	}
	return false
}
