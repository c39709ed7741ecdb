//go:build !race

package buffer

import "golang.org/x/sys/unix"

// mapRegion returns memory of the operating system, nil where it has none.
func mapRegion(n int) []byte {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // fewer misses, where there are such pages
	return b
}

// emptyRegion gives the memory of a region back, but not its addresses.
func emptyRegion(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }
