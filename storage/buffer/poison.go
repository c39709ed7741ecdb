//go:build !race

package buffer

const poison = false

var poisoned []byte
