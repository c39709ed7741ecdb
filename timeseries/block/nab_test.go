package block_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/timeseries/block"
)

// nab reads the series of the Numenta anomaly benchmark, by name.
func nab(tb testing.TB) map[string]*block.Points {
	tb.Helper()
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	files, _ := filepath.Glob(filepath.Join(root, "nab", "data", "*", "*.csv"))
	if len(files) == 0 {
		tb.Skip("the corpus nab is not at hand (WEFT_CORPORA)")
	}
	series := make(map[string]*block.Points)
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			tb.Fatal(err)
		}
		p := &block.Points{Kind: block.Float}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			at, value, _ := strings.Cut(lines.Text(), ",")
			t, err := time.Parse(time.DateTime, at)
			if err != nil {
				continue // the header
			}
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				tb.Fatal(err)
			}
			p.Times = append(p.Times, t.UnixNano())
			p.Floats = append(p.Floats, v)
		}
		f.Close()
		series[filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] = p
	}
	return series
}

// TestNAB holds every series bit by bit and prints how many bytes a point takes, in
// blocks of 4,096 points.
func TestNAB(t *testing.T) {
	const size = 4096
	var points int
	var bytes [2]int
	for name, p := range nab(t) {
		var used [2]int
		var encodings []string
		for from := 0; from < p.Len(); from += size {
			to := min(from+size, p.Len())
			part := &block.Points{Kind: block.Float, Times: p.Times[from:to], Floats: p.Floats[from:to]}
			if !isSorted(part.Times) {
				sortPoints(part)
			}
			roundTrip(t, name, part)
			for i, effort := range efforts {
				b, err := block.Append(nil, part, effort)
				if err != nil {
					t.Fatal(err)
				}
				used[i] += len(b)
				if effort == block.Small {
					h, _ := block.ReadHeader(b)
					encodings = append(encodings, h.Encoding.String())
				}
			}
		}
		points += p.Len()
		for i := range bytes {
			bytes[i] += used[i]
		}
		t.Logf("%-60s %6d points, bytes per point: fast %.3f small %.3f %s", name, p.Len(), float64(used[0])/float64(p.Len()), float64(used[1])/float64(p.Len()), encodings[0])
	}
	t.Logf("all: %d points, bytes per point: fast %.3f small %.3f", points, float64(bytes[0])/float64(points), float64(bytes[1])/float64(points))
}

func isSorted(t []int64) bool {
	for i := 1; i < len(t); i++ {
		if t[i] < t[i-1] {
			return false
		}
	}
	return true
}

// sortPoints brings points that a file has out of order into order, by insertion.
func sortPoints(p *block.Points) {
	for i := 1; i < p.Len(); i++ {
		for j := i; j > 0 && p.Times[j] < p.Times[j-1]; j-- {
			p.Times[j], p.Times[j-1] = p.Times[j-1], p.Times[j]
			p.Floats[j], p.Floats[j-1] = p.Floats[j-1], p.Floats[j]
		}
	}
}
