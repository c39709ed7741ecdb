//go:build !cgo

package gcpace

const fromHeap = true
