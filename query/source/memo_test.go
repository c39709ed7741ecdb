package source

import "testing"

// TestMemo checks that a memo gives what was kept last, and does not grow for ever.
func TestMemo(t *testing.T) {
	var m Memo[int, int]
	if _, ok := m.Get(1); ok {
		t.Error("an empty memo has a value")
	}
	for i := range 3 * MemoSize {
		m.Keep(i, i)
		m.Keep(i, i+1)
		if v, ok := m.Get(i); !ok || v != i+1 {
			t.Fatalf("got %d, %v under %d", v, ok, i)
		}
		if len(m.values) > MemoSize {
			t.Fatalf("%d values are kept", len(m.values))
		}
	}
}
