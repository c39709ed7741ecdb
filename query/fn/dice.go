package fn

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"sync"
)

// Dice is the generator of random() of a session that has called setseed(). It gives the
// numbers that PostgreSQL gives: xoroshiro128**, whose state splitmix64 makes of the seed.
type Dice struct {
	mu     sync.Mutex
	s0, s1 uint64
}

// newDice makes a generator of a seed between -1 and 1, of which 52 bits count.
func newDice(seed float64) *Dice {
	state := uint64(int64(float64(uint64(1)<<52-1) * seed))
	next := func() uint64 {
		state += 0x9E3779B97F4A7C15
		v := (state ^ state>>30) * 0xBF58476D1CE4E5B9
		v = (v ^ v>>27) * 0x94D049BB133111EB
		return v ^ v>>31
	}
	d := &Dice{s0: next(), s1: next()}
	if d.s0 == 0 && d.s1 == 0 {
		d.s0, d.s1 = 0x5851F42D4C957F2D, 0x14057B7EF767814F
	}
	return d
}

// Uint64 gives the next bits: a Dice is a source of math/rand/v2.
func (d *Dice) Uint64() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	s0, x := d.s0, d.s1^d.s0
	d.s0 = bits.RotateLeft64(s0, 24) ^ x ^ x<<16
	d.s1 = bits.RotateLeft64(x, 37)
	return bits.RotateLeft64(s0*5, 7) * 9
}

// seeded is the generator that the session has seeded, nil where it has not.
func (env *Env) seeded() *Dice {
	if env == nil || env.Host == nil {
		return nil
	}
	return *env.Host.Dice()
}

func random(env *Env) (float64, error) {
	if d := env.seeded(); d != nil {
		return math.Ldexp(float64(d.Uint64()>>12), -52), nil
	}
	return rand.Float64(), nil
}

func setSeed(env *Env, v float64) (string, error) {
	if !(v >= -1 && v <= 1) {
		return "", errParam("setseed parameter %g is out of allowed range [-1,1]", v)
	}
	if env.Host != nil {
		*env.Host.Dice() = newDice(v)
	}
	return "", nil
}

// chance gives numbers of random()'s generator below a limit, and of a normal distribution.
func (env *Env) chance() (below func(uint64) uint64, normal func() float64) {
	if d := env.seeded(); d != nil {
		r := rand.New(d)
		return r.Uint64N, r.NormFloat64
	}
	return rand.Uint64N, rand.NormFloat64
}
