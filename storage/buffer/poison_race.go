//go:build race

package buffer

import "bytes"

// poison overwrites blocks that are freed, so that who reads one all the same is
// found out by the tests.
const poison = true

// poisoned is what they are overwritten with.
var poisoned = bytes.Repeat([]byte{0xdb}, blockMax)
