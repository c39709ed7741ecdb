package timeseries_test

import (
	"testing"

	"github.com/weftdb/weft/timeseries"
)

// TestRecompress: small blocks become one, nothing changes but the bytes, and what is done
// is not done again.
func TestRecompress(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	at := int64(0)
	for _, n := range []int{1200, 250, 60, 10, 2} { // each too small to take the one before it
		var list []timeseries.Point
		for range n {
			list = append(list, point(at*1e9, float64(at%50)/10, "h", "x"))
			at++
		}
		write(t, s, list...)
		seal(t, s)
	}
	before := show(t, s, all())
	part, err := s.Recompress(t.Context(), "m", 1200e9, 1449e9)
	if err != nil || part.Scanned != 1 {
		t.Errorf("a part: %+v, %v", part, err)
	}
	n, err := s.Recompress(t.Context(), "m", -1<<63, 1<<63-1)
	if err != nil || n.Scanned != 5 || n.Recompressed != 5 || n.Already != 0 || n.BytesAfter >= n.BytesBefore {
		t.Errorf("all: %+v, %v", n, err)
	}
	want(t, show(t, s, all()), before)
	again, err := s.Recompress(t.Context(), "m", -1<<63, 1<<63-1)
	if err != nil || again.Scanned != 1 || again.Recompressed != 0 || again.Already != 1 || again.BytesBefore != n.BytesAfter {
		t.Errorf("once more: %+v, %v", again, err)
	}
	if _, err := s.Recompress(t.Context(), "none", 0, 1); code(err) != "METRIC_NOT_FOUND" {
		t.Errorf("no metric: %v", err)
	}
}
