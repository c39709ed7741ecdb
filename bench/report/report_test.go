package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	table := New(nil, "own", "a", "b")
	took := table.Row("getting", Took, Bound("≤ 20 ns", 20), AtLeast(2, "a"), AtLeast(2, "b"))
	rate := table.Row("putting", PerSecond, Bound("≥ 1 M/s", 1e6), AtLeast(1, "a").Named("as a"), AtLeast(2, "c"))
	rate.Note("warm")
	for _, v := range []float64{30, 10, 11} {
		took.Add("own", v)
	}
	took.Add("a", 33)
	took.Add("b", 15)
	rate.Add("own", 999_000)
	rate.Add("a", 1_500_000)
	table.Note("once")
	table.Note("once")
	var out strings.Builder
	for _, write := range []error{table.Header(&out), table.Print(&out), table.Print(&out), table.PrintNotes(&out)} {
		if write != nil {
			t.Fatal(write)
		}
	}
	const want = `| work | own | a | b | own is | goal | reached |
|---|---|---|---|---|---|---|
| getting | 11ns | 33ns | 15ns | 3.00 × a, 1.36 × b | ≤ 20 ns, ≥ 2 × a, ≥ 2 × b | yes (11ns), yes (3.00 ×), no (1.36 ×) |
| putting | 999.0 k/s | 1.50 M/s |  | 0.67 × a | ≥ 1 M/s, as a, ≥ 2 × c | no (999.0 k/s), no (0.67 ×) warm |

once
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestProfilesAreNamedAfterTheirRows(t *testing.T) {
	clock := &Clock{Dir: filepath.Join(t.TempDir(), "profiles")}
	if err := clock.MakeDir(); err != nil {
		t.Fatal(err)
	}
	table := New(clock, "own", "other")
	r := table.Row("get, 1 client", Took)
	d, err := clock.Time(func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	r.Add("own", float64(d))
	r.Add("other", 1) // which was not profiled
	list, err := os.ReadDir(clock.Dir)
	if err != nil || len(list) != 1 || list[0].Name() != "own.get-1-client.pprof" {
		t.Errorf("%v, %v", list, err)
	}
}
