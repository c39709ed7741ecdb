package main

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

// profiler takes a CPU profile of each measurement, named after its row and side. Without a
// directory it does nothing.
type profiler struct {
	dir    string
	file   *os.File // of the profile that runs
	latest string   // that ended and has no name yet
}

// profiles is that of the process, which runs one measurement at a time.
var profiles profiler

const unnamed = "unnamed.pprof"

func (p *profiler) begin() (err error) {
	if p.dir == "" {
		return nil
	}
	p.latest = ""
	if p.file, err = os.Create(filepath.Join(p.dir, unnamed)); err != nil {
		return err
	}
	return pprof.StartCPUProfile(p.file)
}

func (p *profiler) end() error {
	if p.file == nil {
		return nil
	}
	pprof.StopCPUProfile()
	p.latest = p.file.Name()
	err := p.file.Close()
	p.file = nil
	return err
}

// name gives the profile that ended last its name. Later rounds replace earlier ones.
func (p *profiler) name(work, side string) error {
	if p.latest == "" {
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
	latest := p.latest
	p.latest = ""
	return os.Rename(latest, filepath.Join(p.dir, side+"."+word+".pprof"))
}

// cpuTime has measurements count the processor time of the process instead of the time that
// passes, which says more on a machine that others use, too: but nothing of waiting.
var cpuTime bool

// during runs fn under a profile and says how long it took.
func (p *profiler) during(fn func() error) (took time.Duration, err error) {
	if err := p.begin(); err != nil {
		return 0, fmt.Errorf("profile: %w", err)
	}
	began, cpu := time.Now(), usedCPU()
	err = fn()
	took = time.Since(began)
	if cpuTime {
		took = usedCPU() - cpu
	}
	return took, errors.Join(err, p.end())
}

// usedCPU is the processor time that the process has taken so far.
func usedCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
