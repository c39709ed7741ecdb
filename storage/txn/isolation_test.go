package txn_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

var rewrite = flag.Bool("rewrite", false, "write what the scripts print into testdata")

// TestIsolationScripts runs testdata/isolation. A script is steps, one a line; the
// test adds to each what it printed, once under serializable and once under
// snapshot where the two differ:
//
//	t1 begin              begin with the isolation under test; "readonly" may follow
//	t1 get k
//	t1 scan a c           the keys in [a, c); "- -" for no bounds; "reverse", "first n" may follow
//	t1 put k v            t1 delete k
//	t1 save / undo        savepoint, and back to the last one
//	t1 commit / rollback
//	set k v               a transaction of its own
//	state                 all keys, as a new transaction sees them
func TestIsolationScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/isolation/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			old, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, old)
			if *rewrite {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(got, old) {
				t.Errorf("got\n%s\nwant\n%s", got, old)
			}
			defer txn.ValidateOutsideLockForTesting()()
			if got := runScript(t, old); !bytes.Equal(got, old) {
				t.Errorf("validated outside the lock: got\n%s\nwant\n%s", got, old)
			}
		})
	}
}

func runScript(t *testing.T, text []byte) []byte {
	var out bytes.Buffer
	serial, snap := newScript(t, txn.Serializable), newScript(t, txn.Snapshot)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), " => ")
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			fmt.Fprintln(&out, line)
			continue
		}
		a, b := serial.do(line), snap.do(line)
		switch {
		case a != b:
			fmt.Fprintf(&out, "%s => serializable: %s; snapshot: %s\n", line, a, b)
		case a != "":
			fmt.Fprintf(&out, "%s => %s\n", line, a)
		default:
			fmt.Fprintln(&out, line)
		}
	}
	return out.Bytes()
}

type script struct {
	t     *testing.T
	s     *txn.Store
	level txn.Isolation
	txs   map[string]*txn.Tx
	saves map[string]txn.Savepoint
}

func newScript(t *testing.T, level txn.Isolation) *script {
	s, err := txn.NewMemory(txn.Options{MaxRetries: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &script{t: t, s: s, level: level, txs: map[string]*txn.Tx{}, saves: map[string]txn.Savepoint{}}
}

func (s *script) do(line string) string {
	f := strings.Fields(line)
	ctx := context.Background()
	switch f[0] {
	case "set":
		return outcome(s.s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte(f[1]), []byte(f[2])) }))
	case "state":
		tx, err := s.s.Begin(ctx, txn.TxOptions{ReadOnly: true})
		if err != nil {
			s.t.Fatal(err)
		}
		defer tx.Rollback()
		return scan(tx, []string{"-", "-"})
	}
	name, args := f[0], f[2:]
	tx := s.txs[name]
	switch f[1] {
	case "begin":
		tx, err := s.s.Begin(ctx, txn.TxOptions{Isolation: s.level, ReadOnly: len(args) > 0 && args[0] == "readonly"})
		if err != nil {
			s.t.Fatal(err)
		}
		s.txs[name] = tx
		s.t.Cleanup(tx.Rollback)
		return ""
	case "get":
		v, ok, err := tx.Get([]byte(args[0]))
		if err != nil {
			return outcome(err)
		}
		if !ok {
			return "none"
		}
		return string(v)
	case "scan":
		return scan(tx, args)
	case "put":
		return outcome(tx.Put([]byte(args[0]), []byte(args[1])))
	case "delete":
		return outcome(tx.Delete([]byte(args[0])))
	case "save":
		s.saves[name] = tx.Savepoint()
		return ""
	case "undo":
		return outcome(tx.RollbackTo(s.saves[name]))
	case "commit":
		if err := tx.Commit(ctx); err != nil {
			return outcome(err)
		}
		return "ok"
	case "rollback":
		tx.Rollback()
		return ""
	}
	s.t.Fatalf("no such step: %s", line)
	return ""
}

func scan(tx *txn.Tx, args []string) string {
	var o txn.IterOptions
	if args[0] != "-" {
		o.Lower = []byte(args[0])
	}
	if args[1] != "-" {
		o.Upper = []byte(args[1])
	}
	most := -1
	for i := 2; i < len(args); i++ {
		switch args[i] {
		case "reverse":
			o.Reverse = true
		case "first":
			fmt.Sscan(args[i+1], &most)
			i++
		}
	}
	it := tx.Iter(o)
	var out []string
	for n := 0; n != most && it.Next(); n++ {
		out = append(out, fmt.Sprintf("%s=%s", it.Key(), it.Value()))
	}
	if err := it.Close(); err != nil {
		return outcome(err)
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, " ")
}

func outcome(err error) string {
	if err == nil {
		return ""
	}
	if e := dberr.As(err); errors.Is(err, dberr.ErrConflict) {
		return "conflict " + e.SQLState
	}
	return err.Error()
}
