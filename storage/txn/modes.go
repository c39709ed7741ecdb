package txn

import "math/bits"

// LockMode is how something is locked: one mode, or what is held of several.
type LockMode uint32

// The modes of keys.
const (
	// LockShared goes with other shared locks of the key.
	LockShared LockMode = 1 << iota
	// LockExclusive goes with no other lock of the key.
	LockExclusive
)

// ObjectMode is how an object is locked (Tx.LockObject): the modes of PostgreSQL's
// tables, each of which goes with those that objectConflicts does not name.
type ObjectMode uint8

// The modes of objects, from the weakest to the strongest.
const (
	AccessShare ObjectMode = iota
	RowShare
	RowExclusive
	ShareUpdateExclusive
	Share
	ShareRowExclusive
	Exclusive
	AccessExclusive

	objectModes = iota
)

var objectModeNames = [objectModes]string{"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock",
	"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}

// String is PostgreSQL's name of the mode, as in pg_locks.
func (m ObjectMode) String() string { return objectModeNames[m] }

// objectConflicts are the modes that each mode does not go with.
var objectConflicts = [objectModes]uint8{
	AccessShare:          1 << AccessExclusive,
	RowShare:             1<<Exclusive | 1<<AccessExclusive,
	RowExclusive:         1<<Share | 1<<ShareRowExclusive | 1<<Exclusive | 1<<AccessExclusive,
	ShareUpdateExclusive: 1<<ShareUpdateExclusive | 1<<Share | 1<<ShareRowExclusive | 1<<Exclusive | 1<<AccessExclusive,
	Share:                1<<RowExclusive | 1<<ShareUpdateExclusive | 1<<ShareRowExclusive | 1<<Exclusive | 1<<AccessExclusive,
	ShareRowExclusive:    0xff &^ (1<<AccessShare | 1<<RowShare),
	Exclusive:            0xff &^ (1 << AccessShare),
	AccessExclusive:      0xff,
}

// Modes of objects are bits of a LockMode: those that were asked for, and those that a
// statement implies.
const (
	askedBit   = 2
	impliedBit = askedBit + objectModes
	lockBits   = impliedBit + objectModes

	allAsked   LockMode = 0xff << askedBit
	allImplied LockMode = 0xff << impliedBit
	allObject           = allAsked | allImplied

	// weakModes go with each other, so that who holds one needs to be known only once
	// somebody asks for another mode.
	weakModes LockMode = 0b111<<askedBit | 0b111<<impliedBit
)

// bit is the mode as a lock holds it.
func (m ObjectMode) bit(implied bool) LockMode {
	if implied {
		return 1 << (impliedBit + m)
	}
	return 1 << (askedBit + m)
}

// lockConflicts are the modes that the mode of each bit does not go with. Implied modes go
// with each other: what statements do beside each other is validated at commit.
var lockConflicts = func() (c [lockBits]LockMode) {
	c[0], c[1] = LockExclusive, LockShared|LockExclusive
	for m, with := range objectConflicts {
		c[askedBit+m] = LockMode(with)<<askedBit | LockMode(with)<<impliedBit
		c[impliedBit+m] = LockMode(with) << askedBit
	}
	return c
}()

// conflicts are the modes that do not go with any of m.
func (m LockMode) conflicts() LockMode {
	var c LockMode
	for ; m != 0; m &= m - 1 {
		c |= lockConflicts[bits.TrailingZeros32(uint32(m))]
	}
	return c
}

// covers says whether who holds m needs not ask for mode.
func (m LockMode) covers(mode LockMode) bool {
	return m&mode == mode || mode == LockShared && m&LockExclusive != 0
}
