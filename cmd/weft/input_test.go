package main

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
)

// TestInputInterrupted: Ctrl-C ends the wait for a pipe that sends nothing, and the
// temporary file is gone.
func TestInputInterrupted(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := openInput(ctx, "-", r)
		ended <- err
	}()
	if _, err := w.Write([]byte("a,b\n")); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, errInterrupted) || exitCode(err) != exitInterrupted {
		t.Errorf("got %v, exit code %d", err, exitCode(err))
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
