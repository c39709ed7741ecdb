//go:build cgo

package gcpace

// Blocks of SSTables come from the C library.
const fromHeap = false
