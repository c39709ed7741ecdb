package slt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/testkit/pgtest"
)

// fake answers the little language of testdata.
type fake struct{}

func (fake) Exec(ctx context.Context, sql string) error {
	_, _, err := fake{}.Query(ctx, sql)
	return err
}

func (fake) Query(_ context.Context, sql string) ([]Column, [][]*string, error) {
	word, rest, _ := strings.Cut(strings.ReplaceAll(sql, "\n", ""), " ")
	switch word {
	case "none":
		return nil, nil, nil
	case "fail":
		return nil, nil, errors.New(rest)
	}
	var rows [][]*string
	cols := 0
	for _, r := range strings.Split(rest, "|") {
		var row []*string
		for _, v := range strings.Split(r, ",") {
			switch v {
			case `\N`:
				row = append(row, nil)
			default:
				v = strings.ReplaceAll(v, `\e`, "")
				row = append(row, &v)
			}
		}
		rows, cols = append(rows, row), len(row)
	}
	return make([]Column, cols), rows, nil
}

func TestGood(t *testing.T) {
	rep, err := RunFile(context.Background(), fake{}, "testdata/good.slt", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range rep.Failures {
		t.Error(f)
	}
	if rep.Passed != 36 || rep.Failed != 0 || rep.Skipped != 4 || rep.SkipReason != "halt" {
		t.Errorf("got %v", rep)
	}
}

// TestBad wants each record to fail with the message in the comment before it.
func TestBad(t *testing.T) {
	rep, err := RunFile(context.Background(), fake{}, "testdata/bad.slt", Options{MaxFailures: 100})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/bad.slt")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, l := range strings.Split(string(text), "\n") {
		if w, ok := strings.CutPrefix(l, "# want: "); ok {
			want = append(want, w)
		}
	}
	if len(rep.Failures) != len(want) || rep.Failed != len(want) || rep.Passed != 1 {
		t.Errorf("got %v, want %d failures", rep, len(want))
	}
	for i, f := range rep.Failures {
		if i < len(want) && !strings.HasPrefix(f.Message, want[i]) {
			t.Errorf("line %d: got %q, want %q", f.Line, f.Message, want[i])
		}
	}
}

// TestMalformed gives scripts that cannot be read.
func TestMalformed(t *testing.T) {
	for text, want := range map[string]string{
		"statement\nx":                     "statement needs ok or error",
		"statement perhaps\nx":             `unknown expectation "perhaps"`,
		"statement count x\ny":             "want a number",
		"endloop":                          "endloop without a loop",
		"loop i 0 2\n\nstatement ok\nx":    "a loop does not end",
		"loop i 0":                         "loop needs a first value and an end",
		"loop i 0 99999999":                "at most a million apart",
		"foreach i":                        "needs a variable and values",
		"skipif":                           "skipif needs a name",
		"include none.slt":                 "no file none.slt to include",
		"include f.slt":                    "more than 16 deep",
		strings.Repeat("loop i 0 1\n", 20): "loops more than 16 deep",
	} {
		path := filepath.Join(t.TempDir(), "f.slt")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := RunFile(context.Background(), fake{}, path, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// TestCanceled stops between records.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := RunFile(ctx, fake{}, "testdata/good.slt", Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestPostgres runs scripts that hold on PostgreSQL 15 against it, to prove the runner: a
// sample, or with WEFT_LONG=1 all.
func TestPostgres(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = "../../../shared/corpora"
	}
	var files []string
	for _, pattern := range []string{"*.slt", "*.test"} {
		for depth, dir := 0, "slt_pg15_share/*"; depth < 8; depth, dir = depth+1, dir+"/*" {
			found, err := filepath.Glob(filepath.Join(root, dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, found...)
		}
	}
	if len(files) == 0 {
		t.Skip("no public test data beside the repository")
	}
	pg := pgtest.Start(t)
	passed := 0
	for i, f := range files {
		if os.Getenv("WEFT_LONG") == "" && i%25 != 0 {
			continue
		}
		db, err := OpenPsql(t.Context(), "psql", "host="+pg.Dir+" user=postgres dbname=postgres", "slt")
		if err != nil {
			t.Fatal(err)
		}
		rep, err := RunFile(t.Context(), db, f, Options{Names: []string{"postgresql"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, fail := range rep.Failures {
			t.Error(fail)
		}
		passed += rep.Passed
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records passed", passed)
	if passed == 0 {
		t.Error("no record passed")
	}
}
