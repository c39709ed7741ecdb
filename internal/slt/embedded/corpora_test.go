package embedded

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/slt"
)

// known reads the records of the public suites that docs/sql.md names as failing, as
// file:line, from its blocks of the language "slt".
func known(t *testing.T) (records []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "sql.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, blocks, _ := strings.Cut(string(b), "```slt\n")
	for blocks != "" {
		block, rest, ok := strings.Cut(blocks, "```")
		if !ok {
			t.Fatal("docs/sql.md: a block is not closed")
		}
		file := ""
		for _, word := range strings.Fields(block) {
			if name, is := strings.CutSuffix(word, ":"); is {
				file = name
				continue
			}
			if _, err := strconv.Atoi(word); err != nil || file == "" {
				t.Fatalf("docs/sql.md: %q is neither a file nor a line", word)
			}
			records = append(records, file+":"+word)
		}
		_, blocks, _ = strings.Cut(rest, "```slt\n")
	}
	return records
}

// TestCorpora runs the public suites and wants those records to fail that docs/sql.md names, and
// no others.
func TestCorpora(t *testing.T) {
	named := known(t)
	if len(named) == 0 {
		t.Fatal("docs/sql.md names no record")
	}
	if os.Getenv("WEFT_LONG") != "1" {
		t.Skip("set WEFT_LONG=1 to run the public suites")
	}
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "corpora")
	}
	var failed []string
	files := 0
	for _, suite := range []string{"slt_pg15_share", "slt_sqlite_share"} {
		dir := filepath.Join(root, suite)
		if _, err := os.Stat(dir); err != nil {
			t.Skipf("%s is not there: set WEFT_CORPORA", dir)
		}
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".test") && !strings.HasSuffix(path, ".slt") {
				return err
			}
			files++
			list, err := failures(t.Context(), path)
			for _, f := range list {
				rel, err := filepath.Rel(root, f.File)
				if err != nil {
					return err
				}
				record := fmt.Sprintf("%s:%d", filepath.ToSlash(rel), f.Line)
				failed = append(failed, record)
				if !slices.Contains(named, record) {
					t.Errorf("%s fails and is not named in docs/sql.md: %s", record, f.Message)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range named {
		if !slices.Contains(failed, n) {
			t.Errorf("%s is named in docs/sql.md, and passes", n)
		}
	}
	t.Logf("%d files, %d records fail", files, len(failed))
}

// failures runs a script in a database of its own.
func failures(ctx context.Context, path string) ([]slt.Failure, error) {
	e, err := Open(ctx)
	if err != nil {
		return nil, err
	}
	rep, err := slt.RunFile(ctx, e, path, slt.Options{MaxFailures: 1 << 20})
	if cerr := e.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	return rep.Failures, nil
}
