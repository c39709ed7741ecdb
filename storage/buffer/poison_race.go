//go:build race

package buffer

// poison overwrites blocks that are freed, so that who reads one all the same is
// found out by the tests.
const poison = true
