package streaming

import (
	"context"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
)

// GroupInfo says where a group is.
type GroupInfo struct {
	Group
	// Next is the offset of the first message that was never handed out; of an ordered
	// group the first that may not have been.
	Next uint64
	// Lag is how many messages of the channel there are from there on, as offsets count:
	// with a filter, or in order of keys, there are at most so many for the group.
	Lag uint64
	// Waiting is when the message at Next was published, zero where there is none.
	Waiting  time.Time
	InFlight int            // handed out and not acknowledged
	Due      int            // of them, those whose time is over
	Oldest   uint64         // offset of the first of them, 0: none
	Members  map[string]int // who has how many of them
	// Buried is how many messages became dead letters, GivenUp how many were handed out
	// too often in a group without dead letters.
	Buried, GivenUp uint64
	// Shares are the partitions of the members of an ordered group.
	Shares map[string][]int
}

// buried reads how many messages were handed out too often.
func (s *Store) buried(tx *txn.Tx, k *groupKeys) (n [2]uint64, err error) {
	v, ok, err := tx.Get(k.buried)
	if err != nil || !ok {
		return n, err
	}
	r := enc.NewReader(v)
	n[0], n[1] = r.Uvarint(), r.Uvarint()
	if !r.Done() {
		err = fmt.Errorf("%w: the record of a group's dead letters is malformed", dberr.ErrCorrupt)
	}
	return n, err
}

// GroupTx says where a group is.
func (s *Store) GroupTx(tx *txn.Tx, channel, name string) (i GroupInfo, err error) {
	c, g, k, err := s.group(tx, channel, name)
	if err != nil {
		return i, err
	}
	i.Group, i.Members = g, map[string]int{}
	if i.Next, err = s.cursor(tx, &k); err != nil {
		return i, err
	}
	now := s.Now().UnixNano()
	if g.Options.Ordered {
		if err := s.describeShares(tx, &c, &k, &i, now); err != nil {
			return i, err
		}
	}
	if err := s.lag(tx, &c, &i); err != nil {
		return i, err
	}
	n, err := s.buried(tx, &k)
	if err != nil {
		return i, err
	}
	i.Buried, i.GivenUp = n[0], n[1]
	return i, s.eachPending(tx, &k, func(offset uint64, p *pending) error {
		i.InFlight++
		if p.member != "" || !p.ordered {
			i.Members[p.member]++
		}
		if i.Oldest == 0 {
			i.Oldest = offset
		}
		if p.due <= now {
			i.Due++
		}
		return nil
	})
}

// lag says how far a group is behind.
func (s *Store) lag(tx *txn.Tx, c *Channel, i *GroupInfo) error {
	l, err := s.log(tx, c)
	if err != nil {
		return err
	}
	defer l.close()
	end, _, err := l.end()
	if err != nil {
		return err
	}
	i.Lag = end - min(end, max(i.Next, l.state.first))
	if l.feed != nil {
		if i.Lag, err = l.feed.count(i.Next); err != nil {
			return err
		}
	}
	return l.each(i.Next, func(m *Message) bool {
		i.Waiting = m.Time()
		return false
	})
}

// describeShares says who has which partitions, and how far the last of them is.
func (s *Store) describeShares(tx *txn.Tx, c *Channel, k *groupKeys, i *GroupInfo, now int64) error {
	i.Shares = map[string][]int{}
	sh, err := s.shares(tx, c, k)
	if err != nil || sh.generation == 0 {
		return err
	}
	for p, owner := range sh.owner {
		at := sh.cursor(p)
		if p == 0 || at < i.Next {
			i.Next = at
		}
		if owner != "" && sh.members[owner] != nil && sh.members[owner].until > now {
			i.Shares[owner] = append(i.Shares[owner], p)
		}
	}
	return nil
}

// Group says where a group is.
func (s *Store) Group(ctx context.Context, channel, name string) (i GroupInfo, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		i, err = s.GroupTx(tx, channel, name)
		return err
	})
	return i, err
}
