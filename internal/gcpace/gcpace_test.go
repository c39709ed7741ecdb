package gcpace

import "testing"

func TestPercent(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		live, buffer, blocks int64
		want                 int
	}{
		{0, 1 << 40, 0, 1600},
		{4 * mib, 1 << 40, 0, 1600},
		{16 * mib, 512 * mib, 0, 400},
		{64 * mib, 512 * mib, 0, 100},
		{1 << 30, 256 * mib, 0, 100},
		{128 * mib, 256 * mib, 80 * mib, 37},     // 48 of 128
		{80 * mib, 256 * mib, 80 * mib, 40},      // 32 of 80
		{40 * mib, 64 * mib, 20 * mib, 50},       // 20 of 40
		{16 * mib, 64 * mib, 20 * mib, 100},      // 16 of 16
		{2048 * mib, 4096 * mib, 1280 * mib, 37}, // 768 of 2048
		{100 * mib, 64 * mib, 200 * mib, 16},     // more blocks than live
	} {
		if got := percent(c.live, c.buffer, c.blocks); got != c.want {
			t.Errorf("%d bytes live, %d of %d are for blocks: %d percent, want %d", c.live, c.blocks, c.buffer, got, c.want)
		}
	}
}

func TestBlocks(t *testing.T) {
	want := func(n int64) {
		t.Helper()
		if !fromHeap {
			n = 0
		}
		if got := blocksOnHeap(); got != n {
			t.Errorf("%d bytes of blocks, want %d", got, n)
		}
	}
	size := func() int64 { return 7 }
	a, b := Blocks(size), Blocks(size)
	want(14)
	a()
	a()
	want(7)
	b()
	want(0)
}
