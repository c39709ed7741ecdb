package query

import (
	"container/list"
	"sync"
	"sync/atomic"
)

// lru is a bounded map that forgets what was not used for longest.
type lru[K comparable, V any] struct {
	limit        int
	hits, misses atomic.Int64

	// mu is a leaf: nothing is called under it.
	mu struct {
		sync.Mutex
		entries map[K]*list.Element // invariant: as many as order has
		order   *list.List          // most recently used first
	}
}

type lruEntry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](limit int) *lru[K, V] {
	c := &lru[K, V]{limit: limit}
	c.mu.entries, c.mu.order = map[K]*list.Element{}, list.New()
	return c
}

// get finds a value for which valid holds; another is forgotten.
func (c *lru[K, V]) get(key K, valid func(V) bool) (v V, ok bool) {
	c.mu.Lock()
	e := c.mu.entries[key]
	if e != nil {
		v = e.Value.(*lruEntry[K, V]).value
		if ok = valid == nil || valid(v); ok {
			c.mu.order.MoveToFront(e)
		}
	}
	c.mu.Unlock()
	if ok {
		c.hits.Add(1)
	} else {
		c.misses.Add(1)
	}
	return v, ok
}

func (c *lru[K, V]) put(key K, v V) {
	if c.limit <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.mu.entries[key]; e != nil {
		e.Value.(*lruEntry[K, V]).value = v
		c.mu.order.MoveToFront(e)
		return
	}
	c.mu.entries[key] = c.mu.order.PushFront(&lruEntry[K, V]{key, v})
	if c.mu.order.Len() > c.limit {
		last := c.mu.order.Back()
		delete(c.mu.entries, last.Value.(*lruEntry[K, V]).key)
		c.mu.order.Remove(last)
	}
}

func (c *lru[K, V]) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.order.Len()
}
