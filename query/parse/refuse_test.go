package parse

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
)

func TestRefused(t *testing.T) {
	for _, l := range readLines(t, "refused.txt") {
		f := strings.SplitN(l, " | ", 3)
		pos, _ := strconv.Atoi(f[1])
		_, err := Parse(f[2], Limits{})
		e := dberr.As(err)
		if e == nil {
			t.Errorf("%s: got %v, want a refusal", f[2], err)
		} else if !errors.Is(err, dberr.ErrUnsupported) || e.SQLState != "0A000" || e.Message != f[0] || e.Position != pos {
			t.Errorf("%s: got %v at %d, want %q at %d", f[2], err, e.Position, f[0], pos)
		}
	}
}
