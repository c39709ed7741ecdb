package exec

import (
	"bytes"
	"context"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// mergeJoin walks two inputs that are ordered by their keys. It keeps the right
// rows of one key at a time.
type mergeJoin struct {
	c     *Context
	n     *plan.MergeJoin
	left  Operator
	right *keyedInput
	lkeys *orderKeys
	pairs *pairs
	held  reserved

	cur    *vec.Batch
	rows   []int32
	at     int
	next   int // right row of the group to go on with
	ended  bool
	key    []byte
	null   bool // key holds a NULL, which equals nothing
	group  *vec.Batch
	gkey   []byte // nil where there is no group
	tail   int
	flush  bool // rows of group that had no match are being given
	li, ri []int32
}

// keyedInput gives the rows of an ordered input one by one, with their keys.
type keyedInput struct {
	in   Operator
	keys *orderKeys
	b    *vec.Batch
	rows []int32
	at   int
	key  []byte
}

// peek loads the key of the next row; false at the end.
func (k *keyedInput) peek(ctx context.Context) (bool, error) {
	if k.b != nil && k.at < len(k.rows) {
		return true, nil
	}
	b, err := k.in.Next(ctx)
	if b == nil || err != nil {
		k.b = nil
		return false, err
	}
	if err := k.keys.load(b); err != nil {
		return false, err
	}
	k.b, k.rows, k.at = b, live(b), 0
	k.load()
	return true, nil
}

func (k *keyedInput) load() {
	k.key = k.keys.append(append(k.key[:0], 0), int(k.rows[k.at]), 0, len(k.keys.keys))
}

// take appends the row to dst and moves on.
func (k *keyedInput) take(dst *vec.Batch) {
	i := k.rows[k.at]
	dst.Append(&vec.Batch{Len: k.b.Len, Sel: []int32{i}, Cols: k.b.Cols})
	if k.at++; k.at < len(k.rows) {
		k.load()
	}
}

func newMergeJoin(c *Context, n *plan.MergeJoin) (Operator, error) {
	p, err := newPairs(c, n.Kind, n.Left.Fields(), n.Right.Fields(), n.Residual)
	if err != nil {
		return nil, err
	}
	lkeys, err := newOrderKeys(c, n.LeftKeys)
	if err != nil {
		return nil, err
	}
	rkeys, err := newOrderKeys(c, n.RightKeys)
	if err != nil {
		return nil, err
	}
	left, err := Build(c, n.Left)
	if err != nil {
		return nil, err
	}
	right, err := Build(c, n.Right)
	if err != nil {
		left.Close()
		return nil, err
	}
	m := &mergeJoin{
		c: c, n: n, left: left, right: &keyedInput{in: right, keys: rkeys}, lkeys: lkeys, pairs: p,
		group: vec.NewBatch(typesOf(n.Right.Fields())),
	}
	m.held.c = c
	return m, nil
}

func (m *mergeJoin) Next(ctx context.Context) (*vec.Batch, error) {
	for {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		if m.flush {
			if out := m.unmatched(); out != nil {
				return out, nil
			}
		}
		if m.ended {
			more, err := m.rest(ctx)
			if !more || err != nil {
				return nil, err
			}
			continue
		}
		if m.cur == nil {
			b, err := m.left.Next(ctx)
			if err != nil {
				return nil, err
			}
			if b == nil {
				m.ended = true
				m.drop()
				continue
			}
			if err := m.lkeys.load(b); err != nil {
				return nil, err
			}
			m.cur, m.rows, m.at = b, live(b), 0
			m.pairs.begin()
		}
		if m.at == len(m.rows) {
			out := m.pairs.end(m.cur)
			m.cur = nil
			if out != nil {
				return out, nil
			}
			continue
		}
		out, err := m.step(ctx)
		if out != nil || err != nil {
			return out, err
		}
	}
}

// step joins the left rows from at that share a key with their group.
func (m *mergeJoin) step(ctx context.Context) (*vec.Batch, error) {
	m.loadKey(m.at)
	if m.gkey == nil || bytes.Compare(m.gkey, m.key) < 0 {
		if m.gkey != nil && keepsRight(m.n.Kind) {
			m.drop()
			return nil, nil
		}
		if err := m.advance(ctx); err != nil || m.flush {
			return nil, err
		}
	}
	same := m.gkey != nil && bytes.Equal(m.gkey, m.key) && !m.null
	li, ri, from := m.li[:0], m.ri[:0], m.at
	more := false
	for m.at < len(m.rows) && !more {
		if m.at > from {
			m.loadKey(m.at)
			if bytes.Equal(m.gkey, m.key) != same || !same {
				break
			}
		}
		if same {
			n := min(m.group.Len-m.next, vec.BatchSize-len(li))
			for k := range n {
				li, ri = append(li, m.rows[m.at]), append(ri, int32(m.next+k))
			}
			m.next += n
			if more = m.next < m.group.Len; more {
				break
			}
		}
		m.at, m.next = m.at+1, 0
	}
	m.li, m.ri = li, ri
	to := m.at
	if more {
		to++
	}
	return m.pairs.chunk(m.cur, m.group, m.rows[from:to], li, ri, more)
}

func (m *mergeJoin) loadKey(at int) {
	i := int(m.rows[at])
	m.key = m.lkeys.append(append(m.key[:0], 0), i, 0, len(m.lkeys.keys))
	m.null = false
	for _, v := range m.lkeys.vals {
		m.null = m.null || v.IsNull(i)
	}
}

// advance reads the right groups up to the first whose key is not before key.
func (m *mergeJoin) advance(ctx context.Context) error {
	for {
		ok, err := m.right.peek(ctx)
		if !ok || err != nil {
			return err
		}
		c := bytes.Compare(m.right.key, m.key)
		m.gkey = append(m.gkey[:0], m.right.key...)
		m.group.Reset()
		m.pairs.matched = nil
		for ok && bytes.Equal(m.right.key, m.gkey) {
			m.right.take(m.group)
			if ok, err = m.right.peek(ctx); err != nil {
				return err
			}
		}
		m.held.set(batchBytes(m.group))
		if c >= 0 {
			return nil
		}
		if keepsRight(m.n.Kind) {
			m.drop()
			return nil
		}
		m.gkey = m.gkey[:0]
	}
}

// drop gives the group up; its rows without a match are then to be given.
func (m *mergeJoin) drop() {
	if m.gkey != nil && keepsRight(m.n.Kind) {
		m.flush, m.tail = true, 0
	}
	m.gkey = nil
}

func (m *mergeJoin) unmatched() *vec.Batch {
	out, at := m.pairs.unmatched(m.group, m.tail)
	m.tail = at
	if out == nil {
		m.flush = false
		m.group.Reset()
	}
	return out
}

// rest prepares the right rows that are left when the left side has ended.
func (m *mergeJoin) rest(ctx context.Context) (bool, error) {
	if !keepsRight(m.n.Kind) {
		return false, nil
	}
	ok, err := m.right.peek(ctx)
	if !ok || err != nil {
		return false, err
	}
	m.group.Reset()
	m.pairs.matched = nil
	for ok && m.group.Len < vec.BatchSize {
		m.right.take(m.group)
		if ok, err = m.right.peek(ctx); err != nil {
			return false, err
		}
	}
	m.flush, m.tail = true, 0
	return true, nil
}

func (m *mergeJoin) Close() error {
	m.held.set(0)
	m.ended, m.flush, m.right.b, m.n = true, false, nil, &plan.MergeJoin{}
	return firstError(m.left.Close(), m.right.in.Close())
}
