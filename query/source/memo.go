package source

import "sync"

// MemoSize is how many values a Memo keeps.
const MemoSize = 4096

// Memo remembers values that can be made again, such as the descriptions of tables. It
// keeps up to MemoSize of them and forgets all when there would be more, so names that
// come and go for ever take no more memory than that. The zero value is empty. It is safe
// for concurrent use.
type Memo[K comparable, V any] struct {
	mu     sync.RWMutex
	values map[K]V
}

// Get returns the value kept under k.
func (m *Memo[K, V]) Get(k K) (v V, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok = m.values[k]
	return v, ok
}

// Keep remembers v under k.
func (m *Memo[K, V]) Keep(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.values[k]; m.values == nil || !known && len(m.values) >= MemoSize {
		m.values = make(map[K]V)
	}
	m.values[k] = v
}
