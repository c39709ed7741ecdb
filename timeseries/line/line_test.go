package line_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
	"github.com/weftdb/weft/timeseries/line"
)

// bytesOrText is how the corpus holds what may not be UTF-8.
type bytesOrText string

func (b *bytesOrText) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(b))
	}
	var x struct{ Binary []byte }
	err := json.Unmarshal(raw, &x)
	*b = bytesOrText(x.Binary)
	return err
}

type decodeCase struct {
	Input struct {
		Text        bytesOrText
		DefaultTime int64
		Precision   string
	}
	Output struct {
		Error  string
		Result []struct {
			Time   int64
			Name   bytesOrText
			Tags   []struct{ Key, Value bytesOrText }
			Fields []struct {
				Key   bytesOrText
				Value map[string]json.RawMessage
			}
		}
	}
}

// show is a point as one line, to compare by.
func show(p *timeseries.Point) string {
	slices.SortFunc(p.Tags, func(a, b timeseries.Tag) int { return strings.Compare(a.Key, b.Key) }) // as the corpus does
	for i := range p.Fields {
		if f := &p.Fields[i].Value; f.Float == 0 {
			f.Float = 0 // the corpus does not tell -0
		}
	}
	return fmt.Sprintf("%q %q %d %+v", p.Metric, p.Tags, p.Time, p.Fields)
}

func wanted(t *testing.T, c *decodeCase) (list []string, tooLarge bool) {
	for _, m := range c.Output.Result {
		p := timeseries.Point{Metric: string(m.Name), Time: m.Time}
		for _, tag := range m.Tags {
			p.Tags = append(p.Tags, timeseries.Tag{Key: string(tag.Key), Value: string(tag.Value)})
		}
		for _, f := range m.Fields {
			var v timeseries.Value
			for kind, raw := range f.Value {
				var err error
				switch kind {
				case "float":
					v.Kind = block.Float
					v.Float, err = strconv.ParseFloat(string(raw), 64)
				case "int", "uint":
					v.Kind = block.Int
					if v.Int, err = strconv.ParseInt(string(raw), 10, 64); err != nil {
						return nil, true
					}
				case "bool":
					v = timeseries.BoolValue(string(raw) == "true")
				case "string":
					var s bytesOrText
					err = s.UnmarshalJSON(raw)
					v = timeseries.TextValue(string(s))
				default:
					t.Fatalf("a value of %s", kind)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			p.Fields = append(p.Fields, timeseries.Field{Name: string(f.Key), Value: v})
		}
		list = append(list, show(&p))
	}
	return list, false
}

// TestCorpus holds the parser against the corpus of the protocol's own authors.
func TestCorpus(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	b, err := os.ReadFile(filepath.Join(root, "line_protocol", "lineprotocol", "testdata", "corpus.json"))
	if err != nil {
		t.Skip("the corpus line_protocol is not at hand (WEFT_CORPORA)")
	}
	var corpus struct{ Decode map[string]decodeCase }
	if err := json.Unmarshal(b, &corpus); err != nil {
		t.Fatal(err)
	}
	refused, unsigned := 0, 0
	var refs line.Refs
	var again line.Parser
	for name, c := range corpus.Decode {
		unit, err := time.ParseDuration(c.Input.Precision)
		if err != nil {
			t.Fatal(err)
		}
		points, _, faults := line.Parse([]byte(c.Input.Text), line.Options{Now: c.Input.DefaultTime, Unit: int64(unit)})
		want, tooLarge := wanted(t, &c)
		switch {
		case tooLarge: // of 64 bits without a sign, which no field holds
			unsigned++
			if len(faults) == 0 || !strings.Contains(faults[0].Err.Error(), "64 bits") {
				t.Errorf("%s: %q: %v, %v", name, c.Input.Text, points, faults)
			}
		case c.Output.Error != "":
			refused++
			if len(faults) == 0 {
				t.Errorf("%s: took %q, which has: %s", name, c.Input.Text, c.Output.Error)
			}
		case len(faults) > 0:
			t.Errorf("%s: refused %q: %v", name, c.Input.Text, faults[0].Err)
		case len(points) != len(want):
			t.Errorf("%s: %q has %d points, want %d", name, c.Input.Text, len(points), len(want))
		default:
			for i := range points {
				if got := show(&points[i]); got != want[i] {
					t.Errorf("%s: %q is\n%s, want\n%s", name, c.Input.Text, got, want[i])
				}
			}
			for range 2 { // by references that are made, and that are there
				points, _, faults := again.Parse([]byte(c.Input.Text), line.Options{Now: c.Input.DefaultTime, Unit: int64(unit), Refs: &refs})
				if len(points) != len(want) || len(faults) != 0 {
					t.Errorf("%s: by references %d points and %d faults", name, len(points), len(faults))
					continue
				}
				for i, p := range points {
					if p.Ref != nil {
						p.Metric, p.Tags = p.Ref.Metric(), slices.Clone(p.Ref.Tags())
					}
					if got := show(&p); got != want[i] {
						t.Errorf("%s: by references %q is\n%s, want\n%s", name, c.Input.Text, got, want[i])
					}
				}
			}
		}
	}
	t.Logf("%d cases: %d that are refused, %d with unsigned integers that no field holds", len(corpus.Decode), refused, unsigned)
	if len(corpus.Decode) < 6000 {
		t.Errorf("the corpus has %d cases", len(corpus.Decode))
	}
}

// TestNumbers reads numbers of all lengths as strconv does.
func TestNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 20_000 {
		digits := make([]byte, 1+r.IntN(22))
		for i := range digits {
			digits[i] = byte('0' + r.IntN(10))
		}
		text := string(digits)
		if n := r.IntN(len(text) + 1); r.IntN(3) > 0 {
			text = text[:n] + "." + text[n:]
		}
		if r.IntN(2) == 0 {
			text = "-" + text
		}
		want, err := strconv.ParseFloat(text, 64)
		points, _, faults := line.Parse([]byte("m f="+text+" "+string(digits)), line.Options{Unit: 1})
		at, bad := strconv.ParseInt(string(digits), 10, 64)
		if err != nil || bad != nil {
			if len(points) != 0 {
				t.Fatalf("%s at %s is read", text, digits)
			}
			continue
		}
		if len(faults) != 0 || math.Float64bits(points[0].Fields[0].Value.Float) != math.Float64bits(want) || points[0].Time != at {
			t.Fatalf("%s at %s is %+v, %v", text, digits, points, faults)
		}
	}
}

func TestGoesOnBehindFaults(t *testing.T) {
	text := "m,a=1 f=1 5\n# a comment\n\nm f=x 6\r\nm f=\"two\nlines\" 7\nm f=1 6 7\n  m f=2i\nm f=3 9223372036854775807"
	points, lines, faults := line.Parse([]byte(text), line.Options{Now: 42, Unit: 1000})
	var got []string
	for i := range points {
		got = append(got, fmt.Sprintf("%d: %d", lines[i], points[i].Time))
	}
	for _, f := range faults {
		got = append(got, fmt.Sprintf("%d! %v", f.Line, f.Err))
	}
	want := []string{"1: 5000", "5: 7000", "8: 0", `4! field "f": "x" is no value`, "7! '7' where the line must end", "9! the timestamp 9223372036854775807 is out of range"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// FuzzParse reads any bytes: nothing panics, and each line is a point, a fault or
// nothing.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"m,a=1 f=1 5\n", `m\ x,a\,b=\= f="\"\\",g=1u,h=t,i=-1.5e-3`, "#c\nm f=\"a\nb\"", "m\\", "m f=1\r\n\r"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		points, lines, faults := line.Parse(b, line.Options{Unit: math.MaxInt32})
		if n := strings.Count(string(b), "\n") + 1; len(points)+len(faults) > n || len(lines) != len(points) {
			t.Errorf("%d points and %d faults of %d lines", len(points), len(faults), n)
		}
		for _, p := range points {
			if p.Metric == "" || len(p.Fields) == 0 {
				t.Errorf("%+v", p)
			}
		}
	})
}
