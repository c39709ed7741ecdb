package cranfield

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestCranfield holds the default English analyzer to more than what two well-known
// engines reach (SQLite's FTS5 .377, PostgreSQL .339).
func TestCranfield(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	c, err := Load(filepath.Join(root, "cranfield"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the test data cranfield is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	ndcg, precision, err := c.Measure(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("nDCG@10 %.3f, MAP@100 %.3f", ndcg, precision)
	if ndcg < 0.40 {
		t.Errorf("nDCG@10 is %.3f", ndcg)
	}
}
