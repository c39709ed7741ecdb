// Package seed gives random tests their seeds.
package seed

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Of returns the seed of a random test, and logs it. It is the same in each run, so that
// whoever changes something is not stopped by a fault that has been there for long; with
// WEFT_LONG it is another in each run, and WEFT_SEED=n makes it n.
func Of(t testing.TB) uint64 {
	t.Helper()
	n := uint64(1)
	if os.Getenv("WEFT_LONG") != "" {
		n = rand.Uint64()
	}
	if s := os.Getenv("WEFT_SEED"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("WEFT_SEED: %v", err)
		}
	}
	t.Logf("WEFT_SEED=%d", n)
	return n
}
