package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/weftdb/weft/bulk"
)

// input is a file that can be read more than once. Standard input is first kept in
// a temporary file, since types are guessed from all of it before anything is written.
type input struct {
	path string
	size int64
	temp bool
	read atomic.Int64 // bytes read so far, over all passes
	pass atomic.Int64 // bytes read in this pass
}

func openInput(ctx context.Context, path string, stdin io.Reader) (*input, error) {
	if path != "-" {
		st, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if st.Mode().IsRegular() {
			return &input{path: path, size: st.Size()}, nil
		}
		if st.IsDir() {
			return nil, usage("%s is a directory: name a file", path)
		}
		f, err := os.Open(path) // a pipe, which can be read once
		if err != nil {
			return nil, err
		}
		defer f.Close()
		stdin = f
	}
	f, err := os.CreateTemp("", "weft-import-*")
	if err != nil {
		return nil, err
	}
	in := &input{path: f.Name(), temp: true}
	if in.size, err = copyUntil(ctx, f, stdin); err != nil {
		in.remove()
		return nil, fmt.Errorf("keep the input in a temporary file: %w", err)
	}
	return in, nil
}

// copyUntil copies r to f and closes f. It returns once ctx ends, also while it
// waits for a pipe or a terminal that sends nothing; the copying then ends with the process.
func copyUntil(ctx context.Context, f *os.File, r io.Reader) (int64, error) {
	type result struct {
		n   int64
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := io.Copy(f, contextReader{ctx, r})
		done <- result{n, errors.Join(err, f.Close())}
	}()
	select {
	case res := <-done:
		if ctx.Err() != nil {
			return 0, errInterrupted
		}
		return res.n, res.err
	case <-ctx.Done():
		return 0, errInterrupted
	}
}

func (in *input) remove() {
	if in.temp {
		os.Remove(in.path)
	}
}

// open starts a pass over the input.
func (in *input) open() (io.ReadCloser, error) {
	f, err := os.Open(in.path)
	if err != nil {
		return nil, err
	}
	in.pass.Store(0)
	return &countingFile{f, in}, nil
}

type countingFile struct {
	*os.File
	in *input
}

func (c *countingFile) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	c.in.read.Add(int64(n))
	c.in.pass.Add(int64(n))
	return n, err
}

// contextReader ends with the context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// progressBar shows one line on a terminal: rows, speed, time to go.
type progressBar struct {
	w     io.Writer
	in    *input
	on    bool
	shown bool
	next  time.Time
	start time.Time
	phase bool // the pass being timed is the reading one
}

func newProgressBar(w io.Writer, in *input, quiet bool) *progressBar {
	f, ok := w.(*os.File)
	return &progressBar{w: w, in: in, on: !quiet && ok && term.IsTerminal(int(f.Fd())), start: time.Now(), phase: true}
}

func (b *progressBar) show(p bulk.Progress) {
	now := time.Now()
	if p.Reading != b.phase {
		b.phase, b.start = p.Reading, now
	}
	if !b.on || now.Before(b.next) {
		return
	}
	b.next, b.shown = now.Add(200*time.Millisecond), true
	took, done := now.Sub(b.start), b.in.pass.Load()
	line := fmt.Sprintf("imported %d rows", p.Rows)
	if p.Reading {
		line = fmt.Sprintf("guessing types: %d records", p.Records)
	}
	if p.Rejects > 0 {
		line += fmt.Sprintf(", %d rejected", p.Rejects)
	}
	line += ", " + rate(done, took)
	if done > 0 && b.in.size > done {
		left := time.Duration(float64(took) * float64(b.in.size-done) / float64(done))
		line += fmt.Sprintf(", %d %%, %s to go", done*100/b.in.size, left.Round(time.Second))
	}
	fmt.Fprintf(b.w, "\r\x1b[K%s", line)
}

// clear takes the line away.
func (b *progressBar) clear() {
	if b.shown {
		fmt.Fprint(b.w, "\r\x1b[K")
	}
}

func rate(bytes int64, took time.Duration) string {
	return fmt.Sprintf("%.1f MB/s", float64(bytes)/1e6/max(took.Seconds(), 1e-9))
}
