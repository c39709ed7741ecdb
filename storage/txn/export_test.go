package txn

// ValidateOutsideLockForTesting makes every transaction a large one, and returns
// what undoes that.
func ValidateOutsideLockForTesting() (undo func()) {
	old := largeWork
	largeWork = -1
	return func() { largeWork = old }
}
