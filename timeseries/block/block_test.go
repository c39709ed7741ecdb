package block_test

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries/block"
)

var update = flag.Bool("update", false, "write golden files anew")

var efforts = []block.Effort{block.Fast, block.Small}

// same compares by bits.
func same(a, b *block.Points) error {
	if a.Kind != b.Kind || !slices.Equal(a.Times, b.Times) {
		return fmt.Errorf("kinds or times differ")
	}
	if len(a.Floats) != len(b.Floats) {
		return fmt.Errorf("%d floats, %d wanted", len(b.Floats), len(a.Floats))
	}
	for i := range a.Floats {
		if x, y := math.Float64bits(a.Floats[i]), math.Float64bits(b.Floats[i]); x != y {
			return fmt.Errorf("float %d: %x, %x wanted", i, y, x)
		}
	}
	if !slices.Equal(a.Ints, b.Ints) || !slices.Equal(a.Bools, b.Bools) || !slices.Equal(a.Texts, b.Texts) {
		return fmt.Errorf("values differ")
	}
	return nil
}

func roundTrip(t *testing.T, name string, p *block.Points) {
	t.Helper()
	for _, effort := range efforts {
		b, err := block.Append([]byte("before"), p, effort)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := block.Points{}
		if err := block.Decode(b[6:], &got); err != nil {
			t.Fatalf("%s, effort %d: %v", name, effort, err)
		}
		if err := same(p, &got); err != nil {
			t.Fatalf("%s, effort %d: %v", name, effort, err)
		}
		h, err := block.ReadHeader(b[6:])
		if err != nil || h.Count != p.Len() || h.MinTime != p.Times[0] || h.MaxTime != p.Times[p.Len()-1] || h.Kind != p.Kind {
			t.Fatalf("%s: header %+v, %v", name, h, err)
		}
		checkStats(t, name, p, h.Stats)
	}
}

func checkStats(t *testing.T, name string, p *block.Points, s block.Stats) {
	t.Helper()
	if !s.Valid {
		return
	}
	switch p.Kind {
	case block.Float:
		sum := 0.0
		for _, v := range p.Floats {
			sum += v
		}
		if s.Min != slices.Min(p.Floats) || s.Max != slices.Max(p.Floats) || s.Sum != sum || s.First != p.Floats[0] || s.Last != p.Floats[len(p.Floats)-1] {
			t.Fatalf("%s: statistics %+v", name, s)
		}
	case block.Int:
		if s.IntMin != slices.Min(p.Ints) || s.IntMax != slices.Max(p.Ints) || s.IntFirst != p.Ints[0] || s.IntLast != p.Ints[len(p.Ints)-1] {
			t.Fatalf("%s: statistics %+v", name, s)
		}
	}
}

// timeShapes are ways in which points lie in time.
var timeShapes = map[string]func(r *rand.Rand, n int) []int64{
	"even": func(r *rand.Rand, n int) []int64 {
		return steps(r.Int64N(1<<60), n, func() int64 { return 15e9 })
	},
	"jitter": func(r *rand.Rand, n int) []int64 {
		return steps(r.Int64N(1<<60), n, func() int64 { return 15e9 + r.Int64N(2e6) })
	},
	"seconds with gaps": func(r *rand.Rand, n int) []int64 {
		return steps(1e18, n, func() int64 { return 1e9 * (1 + r.Int64N(5)*r.Int64N(5)) })
	},
	"duplicates": func(r *rand.Rand, n int) []int64 { return steps(-5, n, func() int64 { return r.Int64N(2) }) },
	"extremes": func(r *rand.Rand, n int) []int64 {
		t := make([]int64, n)
		for i := range t {
			t[i] = r.Int64() ^ -r.Int64N(2)
		}
		t[0] = math.MinInt64
		t[n-1] = math.MaxInt64
		slices.Sort(t)
		return t
	},
}

func steps(from int64, n int, step func() int64) []int64 {
	t := make([]int64, n)
	for i := range t {
		t[i] = from
		from += step()
	}
	return t
}

var oddFloats = []float64{
	0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(),
	math.Float64frombits(0x7ff8dead_beef0001), math.Float64frombits(0xfff0000000000001),
	math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64,
	2.2250738585072014e-308, 1 << 51, 1<<51 - 1, 1 << 53, 1<<53 + 2, 0.1 + 0.2, 1e15, 1e16, 1e-15, math.Pi,
}

var floatShapes = map[string]func(r *rand.Rand, i int) float64{
	"constant": func(*rand.Rand, int) float64 { return 42.5 },
	"integers": func(r *rand.Rand, i int) float64 { return float64(r.IntN(100)) },
	"counter":  func(r *rand.Rand, i int) float64 { return float64(i*1000 + r.IntN(10)) },
	"decimals": func(r *rand.Rand, i int) float64 { return float64(r.IntN(100000)) / 1000 },
	"products": func(r *rand.Rand, i int) float64 { return float64(r.IntN(1000)) * 0.066 },
	"uniform":  func(r *rand.Rand, i int) float64 { return r.Float64() },
	"sine":     func(r *rand.Rand, i int) float64 { return math.Sin(float64(i) / 100) },
	"bits":     func(r *rand.Rand, i int) float64 { return math.Float64frombits(r.Uint64()) },
	"odd":      func(r *rand.Rand, i int) float64 { return oddFloats[r.IntN(len(oddFloats))] },
	"mixed": func(r *rand.Rand, i int) float64 {
		if r.IntN(20) == 0 {
			return oddFloats[r.IntN(len(oddFloats))]
		}
		return float64(r.IntN(1000)) / 100
	},
	"jumps":  func(r *rand.Rand, i int) float64 { return float64(i / 300) },
	"spikes": func(r *rand.Rand, i int) float64 { return math.Floor(math.Exp(r.ExpFloat64() * 3)) },
}

var intShapes = map[string]func(r *rand.Rand, i int) int64{
	"constant": func(*rand.Rand, int) int64 { return -7 },
	"counter":  func(r *rand.Rand, i int) int64 { return int64(i) * 17 },
	"small":    func(r *rand.Rand, i int) int64 { return r.Int64N(40) - 20 },
	"any":      func(r *rand.Rand, i int) int64 { return int64(r.Uint64()) },
	"extremes": func(r *rand.Rand, i int) int64 {
		return []int64{math.MinInt64, math.MaxInt64, 0, -1, 1}[r.IntN(5)]
	},
	"few":   func(r *rand.Rand, i int) int64 { return []int64{1e15, -3, 77777, 12}[r.IntN(4)] },
	"scale": func(r *rand.Rand, i int) int64 { return r.Int64N(1<<uint(1+r.IntN(62))) * 1000 / 1000 },
}

var lengths = []int{1, 2, 3, 15, 16, 17, 63, 64, 65, 129, 1000, 4096}

func TestEveryBitComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range lengths {
		for tn, shape := range timeShapes {
			times := shape(r, n)
			for vn, f := range floatShapes {
				p := &block.Points{Kind: block.Float, Times: times}
				for i := range n {
					p.Floats = append(p.Floats, f(r, i))
				}
				roundTrip(t, fmt.Sprintf("%d %s %s", n, tn, vn), p)
			}
			for vn, f := range intShapes {
				p := &block.Points{Kind: block.Int, Times: times}
				for i := range n {
					p.Ints = append(p.Ints, f(r, i))
				}
				roundTrip(t, fmt.Sprintf("%d %s int %s", n, tn, vn), p)
			}
			p := &block.Points{Kind: block.Bool, Times: times}
			q := &block.Points{Kind: block.Text, Times: times}
			u := &block.Points{Kind: block.Text, Times: times}
			for i := range n {
				p.Bools = append(p.Bools, r.IntN(9) == 0)
				q.Texts = append(q.Texts, []string{"", "ok", "lost the link", "\x00\xff"}[r.IntN(4)])
				u.Texts = append(u.Texts, fmt.Sprintf("request %d took %d ms", i, r.IntN(1000)))
			}
			roundTrip(t, fmt.Sprintf("%d %s bool", n, tn), p)
			roundTrip(t, fmt.Sprintf("%d %s few texts", n, tn), q)
			roundTrip(t, fmt.Sprintf("%d %s texts", n, tn), u)
		}
	}
}

// TestWidths packs numbers of every width, in whole groups and parts of them.
func TestWidths(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for w := range 64 {
		for _, n := range []int{20, 64, 100, 192} {
			p := &block.Points{Kind: block.Int, Times: timeShapes["even"](r, n)}
			for range n {
				p.Ints = append(p.Ints, int64(r.Uint64()>>w))
			}
			roundTrip(t, fmt.Sprintf("%d numbers of %d bits", n, 64-w), p)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, p := range map[string]*block.Points{
		"nothing":      {Kind: block.Float},
		"no kind":      {Times: []int64{1}},
		"unequal":      {Kind: block.Float, Times: []int64{1, 2}, Floats: []float64{1}},
		"out of order": {Kind: block.Int, Times: []int64{2, 1}, Ints: []int64{1, 2}},
		"too many":     {Kind: block.Int, Times: make([]int64, block.MaxPoints+1), Ints: make([]int64, block.MaxPoints+1)},
	} {
		if _, err := block.Append(nil, p, block.Fast); !errors.Is(err, dberr.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := &block.Points{Kind: block.Text, Times: []int64{1, 2}, Texts: []string{strings.Repeat("x", block.MaxTextBytes), "y"}}
	if _, err := block.Append(nil, p, block.Fast); !errors.Is(err, dberr.ErrTooLarge) {
		t.Errorf("long texts: %v", err)
	}
	b, err := block.Append(nil, &block.Points{Kind: block.Int, Times: []int64{1}, Ints: []int64{1}}, block.Fast)
	if err != nil {
		t.Fatal(err)
	}
	if err := block.Decode(b, &block.Points{Kind: block.Float}); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("ints into floats: %v", err)
	}
}

// TestDamage flips every bit and cuts at every byte: all is noticed.
func TestDamage(t *testing.T) {
	p := &block.Points{Kind: block.Float}
	for i := range 70 {
		p.Times = append(p.Times, int64(i*i))
		p.Floats = append(p.Floats, float64(i%7)/10)
	}
	for _, effort := range efforts {
		b, err := block.Append(nil, p, effort)
		if err != nil {
			t.Fatal(err)
		}
		for i := range len(b) * 8 {
			bad := slices.Clone(b)
			bad[i/8] ^= 1 << (i % 8)
			q := &block.Points{}
			if err := block.Decode(bad, q); !errors.Is(err, dberr.ErrCorrupt) || q.Len() != 0 || len(q.Floats) != 0 {
				t.Fatalf("bit %d: %v, %d points", i, err, q.Len())
			}
		}
		for i := range b {
			if err := block.Decode(b[:i], &block.Points{}); !errors.Is(err, dberr.ErrCorrupt) {
				t.Fatalf("%d bytes of %d: %v", i, len(b), err)
			}
		}
	}
}

// TestGolden holds blocks against the bytes of format 1.
func TestGolden(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var out strings.Builder
	add := func(name string, p *block.Points) {
		for _, effort := range efforts {
			b, err := block.Append(nil, p, effort)
			if err != nil {
				t.Fatal(err)
			}
			h, _ := block.ReadHeader(b)
			if p.Kind == block.Text && effort == block.Small {
				continue // zstd may come to write other bytes
			}
			fmt.Fprintf(&out, "%s effort=%d encoding=%v %s\n", name, effort, h.Encoding, hex.EncodeToString(b))
		}
	}
	for _, name := range []string{"constant", "decimals", "products", "odd", "sine", "jumps"} {
		p := &block.Points{Kind: block.Float, Times: timeShapes["seconds with gaps"](r, 80)}
		for i := range 80 {
			p.Floats = append(p.Floats, floatShapes[name](r, i))
		}
		add("float "+name, p)
	}
	for _, name := range []string{"counter", "few", "any", "small"} {
		p := &block.Points{Kind: block.Int, Times: timeShapes["even"](r, 80)}
		for i := range 80 {
			p.Ints = append(p.Ints, intShapes[name](r, i))
		}
		add("int "+name, p)
	}
	add("bool", &block.Points{Kind: block.Bool, Times: []int64{-1, 0, 1, 5}, Bools: []bool{true, true, false, true}})
	add("text", &block.Points{Kind: block.Text, Times: []int64{1, 2, 3}, Texts: []string{"a", "", "a"}})
	golden(t, filepath.Join("testdata", "blocks.golden"), out.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(w) || line != w[i] {
			t.Fatalf("line %d is\n%s", i+1, line)
		}
	}
}

// TestGoldenReads reads the golden bytes, whatever would be written today.
func TestGoldenReads(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "blocks.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		raw, err := hex.DecodeString(f[len(f)-1])
		if err != nil {
			t.Fatal(err)
		}
		p := &block.Points{}
		if err := block.Decode(raw, p); err != nil || p.Len() == 0 {
			t.Errorf("%s: %v", f[0], err)
		}
	}
}
