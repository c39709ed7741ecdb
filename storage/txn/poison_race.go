//go:build race

package txn

// poison overwrites memory that nobody may use any longer, in builds that look for those
// who do.
func poison(b []byte) {
	for i := range b {
		b[i] = 0xdb
	}
}

// keepReleased has no transaction's memory used again.
const keepReleased = true
