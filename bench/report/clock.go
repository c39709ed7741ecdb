package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"
)

// Clock measures how long something takes, and may take a CPU profile of it, which is named
// after the row and side that get the value. The zero Clock counts the time that passes.
type Clock struct {
	// CPU counts the processor time of the process, user's and system's, instead of the time
	// that passes, which says more on a machine that others use, too: but nothing of waiting,
	// nor of other processes.
	CPU bool
	// Dir is where profiles go, which MakeDir makes; "" for none.
	Dir string

	latest string // the profile that ended and has no name yet
}

// MakeDir makes the directory of the profiles, if there are to be any.
func (c *Clock) MakeDir() error {
	if c.Dir == "" {
		return nil
	}
	return os.MkdirAll(c.Dir, 0o755)
}

// Time runs fn and says how long it took.
func (c *Clock) Time(fn func() error) (took time.Duration, err error) {
	end, err := c.profile()
	if err != nil {
		return 0, fmt.Errorf("profile: %w", err)
	}
	began, cpu := time.Now(), UsedCPU()
	err = fn()
	took = time.Since(began)
	if c.CPU {
		took = UsedCPU() - cpu
	}
	return took, errors.Join(err, end())
}

// profile begins a profile, which the function it returns ends.
func (c *Clock) profile() (end func() error, err error) {
	c.latest = ""
	if c.Dir == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(filepath.Join(c.Dir, "unnamed.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		c.latest = f.Name()
		return f.Close()
	}, nil
}

// name gives the profile that ended last its name. Later rounds replace earlier ones.
func (c *Clock) name(work, side string) error {
	if c == nil || c.latest == "" {
		return nil
	}
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, work)
	latest := c.latest
	c.latest = ""
	return os.Rename(latest, filepath.Join(c.Dir, side+"."+word+".pprof"))
}

// UsedCPU is the processor time that the process has taken so far, user's and system's.
func UsedCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
