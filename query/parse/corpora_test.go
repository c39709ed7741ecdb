package parse

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// TestCorpora parses every statement of the public sqllogictest files that a real
// PostgreSQL accepts: each is accepted and prints to an equal tree, or is refused by name.
// Without WEFT_LONG=1 it takes one file of seven, and the first 500 statements of each.
func TestCorpora(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = "../../../shared/corpora"
	}
	root = filepath.Join(root, "slt_pg15_share")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no public test data beside the repository")
	}
	long := os.Getenv("WEFT_LONG") != ""
	files, parsed, refused := 0, 0, map[string]int{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".slt") && !strings.HasSuffix(path, ".test") {
			return err
		}
		if files++; !long && files%7 != 0 {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, sql := range recordsOf(string(text)) {
			if !long && i > 500 {
				break
			}
			stmts, err := Parse(sql, Limits{})
			if e := dberr.As(err); e != nil && e.SQLState == dberr.StateFeatureNotSupported {
				refused[e.Message]++
				continue
			}
			if err != nil {
				t.Errorf("%s: %s: %v", path, sql, err)
				continue
			}
			for _, s := range stmts {
				parsed++
				if q := ast.QueryString(s); q != "" {
					again, err := Parse(q, Limits{})
					if err != nil {
						t.Errorf("%s\nprints as %s\nwhich fails: %v", sql, q, err)
					} else if d := diff(s, again[0]); d != "" {
						t.Errorf("%s\nprints as %s\nwhich differs at %s", sql, q, d)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d statements of %d files parsed; refused: %v", parsed, files, refused)
	if parsed < 100 {
		t.Error("too few statements were found")
	}
}

// recordsOf gives the SQL of the records that should succeed.
func recordsOf(text string) []string {
	var out []string
	for _, rec := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		head, sql, ok := strings.Cut(strings.TrimLeft(rec, "\n"), "\n")
		if !ok || !strings.HasPrefix(head, "statement ok") && !strings.HasPrefix(head, "query") {
			continue
		}
		sql, _, _ = strings.Cut(sql, "\n----")
		out = append(out, sql)
	}
	return out
}
