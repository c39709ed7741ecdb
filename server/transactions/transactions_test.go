package transactions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// stub is a transaction that notes how it ended.
type stub struct {
	mu        sync.Mutex
	committed int
	rolled    int
	fail      error
	aborted   bool
	idle      time.Duration
}

func (s *stub) Commit(context.Context) (txn.Timestamp, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return 0, s.fail
	}
	s.committed++
	return 42, nil
}

func (s *stub) Rollback() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rolled++
}

func (s *stub) Failed() bool { return s.aborted }

func (s *stub) IdleTimeout() time.Duration { return s.idle }

func (s *stub) ended() (committed, rolled int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.committed, s.rolled
}

func open(t *testing.T, r *Registry, ask Ask) (string, *stub) {
	t.Helper()
	tx := &stub{}
	info, err := r.Open(ask, func() (Tx, error) { return tx, nil })
	if err != nil {
		t.Fatal(err)
	}
	return info.ID, tx
}

func code(err error) string {
	if e := dberr.As(err); e != nil {
		return e.Code
	}
	return fmt.Sprint(err)
}

func digestOf(b byte) func() (Digest, error) {
	return func() (Digest, error) { return Digest{b}, nil }
}

// enter runs a step and leaves it with an answer.
func enter(t *testing.T, r *Registry, id string, seq int64, b byte) *Answer {
	t.Helper()
	st, err := r.Enter(t.Context(), id, StepAsk{Seq: seq, Digest: digestOf(b)})
	if err != nil {
		t.Fatalf("step %d: %v", seq, err)
	}
	if st.Repeated != nil {
		return st.Repeated
	}
	st.Leave(&Answer{Status: 200, Body: []byte{b}})
	return nil
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		r := New(Options{Ended: func(id string, s State, reason string) { told = append(told, string(s)) }})
		id, tx := open(t, r, Ask{Idle: time.Second})
		for range 5 { // every step gives it another second
			time.Sleep(900 * time.Millisecond)
			enter(t, r, id, 0, 0)
		}
		st, err := r.Enter(t.Context(), id, StepAsk{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // it does not end under a step
		if _, rolled := tx.ended(); rolled != 0 {
			t.Fatal("rolled back under a step")
		}
		tx.idle = 2 * time.Second // as SET may do
		st.Leave(nil)
		tx.idle = 0
		time.Sleep(1900 * time.Millisecond)
		enter(t, r, id, 0, 0)
		time.Sleep(2001 * time.Millisecond)
		synctest.Wait()
		if committed, rolled := tx.ended(); committed != 0 || rolled != 1 {
			t.Fatalf("committed %d times, rolled back %d times", committed, rolled)
		}
		_, err = r.Enter(t.Context(), id, StepAsk{})
		if code(err) != "TRANSACTION_ENDED" || !strings.Contains(err.Error(), "idle timeout of 2s") {
			t.Errorf("a step afterwards: %v", err)
		}
		if _, err := r.Commit(t.Context(), id); code(err) != "TRANSACTION_ENDED" {
			t.Errorf("a commit afterwards: %v", err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if _, err := r.Enter(t.Context(), id, StepAsk{}); code(err) != "TRANSACTION_NOT_FOUND" {
			t.Errorf("a step much later: %v", err)
		}
		if len(r.mu.all) != 0 || len(r.mu.clients) != 0 || r.mu.open != 0 || fmt.Sprint(told) != "[rolled back]" {
			t.Errorf("left: %v %v %d, told %v", r.mu.all, r.mu.clients, r.mu.open, told)
		}
	})
}

func TestMaximumAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{MaxAge: 3 * time.Second})
		id, tx := open(t, r, Ask{Idle: 2 * time.Second})
		for range 2 {
			time.Sleep(1400 * time.Millisecond)
			enter(t, r, id, 0, 0)
		}
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		if _, rolled := tx.ended(); rolled != 1 {
			t.Fatal("it lives on")
		}
		if _, err := r.Enter(t.Context(), id, StepAsk{}); !strings.Contains(fmt.Sprint(err), "maximum of 3s") {
			t.Error(err)
		}
		r.Close(t.Context(), "over")
	})
}

func TestStepsAreSafeToSendAgain(t *testing.T) {
	r := New(Options{KeepAnswers: 2000})
	id, _ := open(t, r, Ask{})
	if a := enter(t, r, id, 1, 7); a != nil {
		t.Fatal("the first step was answered before it was done")
	}
	if a := enter(t, r, id, 1, 7); a == nil || a.Body[0] != 7 {
		t.Fatalf("again: %v", a)
	}
	if _, err := r.Enter(t.Context(), id, StepAsk{Seq: 1, Digest: digestOf(8)}); code(err) != "TRANSACTION_SEQUENCE_REUSED" {
		t.Errorf("another request: %v", err)
	}
	if _, err := r.Enter(t.Context(), id, StepAsk{Seq: 3, Digest: digestOf(8)}); code(err) != "TRANSACTION_SEQUENCE" {
		t.Errorf("a gap: %v", err)
	}
	enter(t, r, id, 2, 8)
	if _, err := r.Enter(t.Context(), id, StepAsk{Seq: 1, Digest: digestOf(7)}); code(err) != "TRANSACTION_SEQUENCE" {
		t.Errorf("one before the last: %v", err)
	}
	st, err := r.Enter(t.Context(), id, StepAsk{Seq: 3, Digest: digestOf(9)})
	if err != nil {
		t.Fatal(err)
	}
	st.Leave(&Answer{Body: make([]byte, 3000)}) // more than is kept
	if _, err := r.Enter(t.Context(), id, StepAsk{Seq: 3, Digest: digestOf(9)}); code(err) != "ANSWER_NOT_KEPT" {
		t.Errorf("too large: %v", err)
	}
	if r.mu.answers != 0 {
		t.Errorf("%d bytes of answers are counted", r.mu.answers)
	}
	st, err = r.Enter(t.Context(), id, StepAsk{Seq: 4, Digest: digestOf(9)})
	if err != nil {
		t.Fatal(err)
	}
	st.Undone()
	enter(t, r, id, 4, 9)
	if _, err := r.Rollback(t.Context(), id); err != nil || r.mu.answers != 0 {
		t.Errorf("%v, %d bytes of answers are counted", err, r.mu.answers)
	}
}

// TestOverlap: one step at a time; the same step waits and gets the first one's answer.
func TestOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{})
		id, tx := open(t, r, Ask{})
		st, err := r.Enter(t.Context(), id, StepAsk{Seq: 1, Digest: digestOf(1)})
		if err != nil {
			t.Fatal(err)
		}
		for _, seq := range []int64{0, 2} {
			if _, err := r.Enter(t.Context(), id, StepAsk{Seq: seq, Digest: digestOf(1)}); code(err) != "TRANSACTION_BUSY" {
				t.Errorf("step %d: %v", seq, err)
			}
		}
		if _, err := r.Commit(t.Context(), id); code(err) != "TRANSACTION_BUSY" {
			t.Errorf("commit: %v", err)
		}
		again := make(chan *Answer)
		go func() {
			st, err := r.Enter(t.Context(), id, StepAsk{Seq: 1, Digest: digestOf(1)})
			if err != nil {
				t.Error(err)
			}
			again <- st.Repeated
		}()
		synctest.Wait()
		st.Leave(&Answer{Status: 201})
		if a := <-again; a == nil || a.Status != 201 {
			t.Errorf("the one that waited got %v", a)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		st, err = r.Enter(t.Context(), id, StepAsk{Cancel: cancel})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-ctx.Done() // the statement ends as it is canceled
			st.Leave(nil)
		}()
		if info, err := r.Abort(t.Context(), id); err != nil || info.State != RolledBack {
			t.Errorf("abort: %v %v", info, err)
		}
		if _, rolled := tx.ended(); rolled != 1 {
			t.Error("not rolled back")
		}
		r.Close(t.Context(), "over")
	})
}

func TestOutcomesAreRemembered(t *testing.T) {
	r := New(Options{})
	id, tx := open(t, r, Ask{})
	for range 3 {
		if info, err := r.Commit(t.Context(), id); err != nil || info.State != Committed || info.CommitTS != 42 {
			t.Fatalf("commit: %+v %v", info, err)
		}
	}
	if committed, _ := tx.ended(); committed != 1 {
		t.Errorf("committed %d times", committed)
	}
	if _, err := r.Rollback(t.Context(), id); code(err) != "TRANSACTION_COMMITTED" {
		t.Errorf("rollback of what is committed: %v", err)
	}
	id, tx = open(t, r, Ask{})
	tx.fail = dberr.SQL(dberr.StateSerializationFailure, "conflict")
	for range 2 {
		if info, err := r.Commit(t.Context(), id); !errors.Is(err, dberr.ErrConflict) || info.State != Failed {
			t.Errorf("conflict: %+v %v", info, err)
		}
	}
	id, tx = open(t, r, Ask{})
	for range 2 {
		if info, err := r.Rollback(t.Context(), id); err != nil || info.State != RolledBack {
			t.Errorf("rollback: %+v %v", info, err)
		}
	}
	if _, rolled := tx.ended(); rolled != 1 {
		t.Errorf("rolled back %d times", rolled)
	}
	if _, err := r.Get("nothing"); code(err) != "TRANSACTION_NOT_FOUND" {
		t.Error(err)
	}
	if _, err := r.Get(New(Options{}).run + "-" + random(12)); code(err) != "TRANSACTION_ENDED" {
		t.Errorf("of another run: %v", err)
	}
}

func TestLimits(t *testing.T) {
	r := New(Options{Max: 3, MaxPerClient: 2})
	open(t, r, Ask{Client: "a"})
	id, _ := open(t, r, Ask{Client: "a"})
	begin := func() (Tx, error) { return &stub{}, nil }
	if _, err := r.Open(Ask{Client: "a"}, begin); code(err) != "TOO_MANY_TRANSACTIONS" || !strings.Contains(err.Error(), "this client") {
		t.Errorf("third of a client: %v", err)
	}
	open(t, r, Ask{Client: "b"})
	if _, err := r.Open(Ask{Client: "c"}, begin); code(err) != "TOO_MANY_TRANSACTIONS" {
		t.Errorf("fourth of all: %v", err)
	}
	if _, err := r.Rollback(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Open(Ask{Client: "c"}, func() (Tx, error) { return nil, errors.New("no") }); err == nil {
		t.Error("began what could not begin")
	}
	open(t, r, Ask{Client: "c"})
	if n := r.Close(t.Context(), "the server stopped"); n != 3 {
		t.Errorf("%d were open", n)
	}
	if _, err := r.Open(Ask{}, begin); code(err) != "SHUTTING_DOWN" {
		t.Errorf("after the end: %v", err)
	}
}

// TestBroken: a step that panicked takes its transaction with it.
func TestBroken(t *testing.T) {
	r := New(Options{})
	id, tx := open(t, r, Ask{})
	st, err := r.Enter(t.Context(), id, StepAsk{})
	if err != nil {
		t.Fatal(err)
	}
	st.Broken("a step of it broke off")
	if _, rolled := tx.ended(); rolled != 1 {
		t.Error("not rolled back")
	}
	if _, err := r.Enter(t.Context(), id, StepAsk{}); code(err) != "TRANSACTION_ENDED" || !strings.Contains(err.Error(), "broke off") {
		t.Error(err)
	}
}

// TestHammer: many clients on few transactions; each ends once, and the counts come
// out even.
func TestHammer(t *testing.T) {
	r := New(Options{Max: 50, MaxPerClient: 50, Idle: time.Millisecond})
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []*stub
	for c := range 8 {
		wg.Go(func() {
			for n := range 100 {
				tx := &stub{}
				info, err := r.Open(Ask{Client: fmt.Sprint(c)}, func() (Tx, error) { return tx, nil })
				if err != nil {
					continue
				}
				mu.Lock()
				all = append(all, tx)
				mu.Unlock()
				var step sync.WaitGroup
				for k := range 3 {
					step.Go(func() {
						if st, err := r.Enter(t.Context(), info.ID, StepAsk{Seq: int64(k % 2), Digest: digestOf(1)}); err == nil && st.Repeated == nil {
							st.Leave(&Answer{})
						}
					})
				}
				step.Go(func() {
					switch (c + n) % 3 {
					case 0:
						_, _ = r.Commit(t.Context(), info.ID)
					case 1:
						_, _ = r.Abort(t.Context(), info.ID)
					}
				})
				step.Wait()
			}
		})
	}
	wg.Wait()
	r.Close(t.Context(), "over")
	for _, tx := range all {
		if committed, rolled := tx.ended(); committed+rolled != 1 {
			t.Fatalf("committed %d times, rolled back %d times", committed, rolled)
		}
	}
	if r.mu.open != 0 || r.mu.answers != 0 || len(r.mu.clients) != 0 || len(all) < 100 {
		t.Errorf("%d of %d are open, %d bytes of answers", r.mu.open, len(all), r.mu.answers)
	}
}
