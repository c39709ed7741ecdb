package points_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/bulk/points"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

func open(t *testing.T) *timeseries.Store {
	t.Helper()
	txns, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := timeseries.Open(txns, timeseries.Options{SealEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); txns.Close() })
	return s
}

// show is what the metric m has: seconds, tags, field and value of each point.
func show(t *testing.T, s *timeseries.Store) string {
	t.Helper()
	a, err := s.Query(t.Context(), timeseries.Query{Metric: "m", From: math.MinInt64, To: math.MaxInt64})
	if err != nil {
		return code(err)
	}
	var out []string
	for _, x := range a.Series {
		tags := ""
		for _, tag := range x.Tags {
			tags += tag.Key + "=" + tag.Value + " "
		}
		for _, p := range x.Samples {
			out = append(out, fmt.Sprintf("%v %s%s=%v:%v", float64(p.Time)/1e9, tags, x.Field, p.Value.Kind, p.Value))
		}
	}
	return strings.Join(out, "; ")
}

func code(err error) string {
	if e := dberr.As(err); e != nil {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestImport(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in             string
		spec           points.Spec
		want, rejected string
	}{
		"csv": {in: "time,host,value\n2024-01-01T00:00:00Z,a,1.5\n2024-01-01T00:00:01Z,,2\n", spec: points.Spec{Tags: []string{"host"}},
			want: "1.704067201e+09 value=float:2; 1.7040672e+09 host=a value=float:1.5"},
		"timestamp": {in: "timestamp,value\n60,1\n61.5,2\n", want: "60 value=float:1; 61.5 value=float:2"},
		"kinds":     {in: "time,f,n,b,s\n60,1e3,7,true,up\n61,NaN,,false,\n", spec: points.Spec{Types: map[string]block.Kind{"n": block.Int}}, want: "60 f=float:1000; 61 f=float:NaN; 60 n=int:7; 60 b=bool:true; 61 b=bool:false; 60 s=string:up"},
		"text":      {in: "time,s\n60,12\n61,x\n", spec: points.Spec{Types: map[string]block.Kind{"s": block.Text}}, want: "60 s=string:12; 61 s=string:x"},
		"no text":   {in: "time,s\n60,12\n61,x\n62,y\n", want: "60 s=float:12", rejected: `3: field "s" of metric "m" is of type float and cannot hold string x; 4: field "s" of metric "m" is of type float and cannot hold string y`},
		"fields":    {in: "when,a,b,c\n5,1,2,3\n", spec: points.Spec{Time: "when", Fields: []string{"b"}}, want: "5 b=float:2"},
		"zone":      {in: "time,value\n2024-07-01 02:00,1\n2024-07-01 02:00:00.5,2\n2024-07-01 02:00:00 UTC,3\n2024-07-02,4\n2024-07-01 02:00:00+00:30,5\n", spec: points.Spec{Zone: berlin}, want: "1.719792e+09 value=float:1; 1.7197920005e+09 value=float:2; 1.7197974e+09 value=float:5; 1.7197992e+09 value=float:3; 1.7198712e+09 value=float:4"},
		"format":    {in: "time;value\n01/07/2024 14:30:05.25;1\n31/13/2024 00:00:00;2\n", spec: points.Spec{TimeFormat: "%d/%m/%Y %H:%M:%S.%f"}, want: "1.7198442052499998e+09 value=float:1", rejected: `3: column "time": "31/13/2024 00:00:00" is not a time as "%d/%m/%Y %H:%M:%S.%f" has it`},
		"unit":      {in: "time,value\n60000,1\n", spec: points.Spec{Unit: 1e6}, want: "60 value=float:1"},
		"rejects": {in: "time,value\nsoon,1\n1,\n,1\n2,2,2\n3,3\n99999999999999999999999,1\n", want: "3 value=float:3",
			rejected: `2: column "time": "soon" is no time: want RFC 3339, such as 2026-01-02T03:04:05.678Z, a date with or without a time, or a number since 1970; time_format tells of others; 3: the record has no value; 4: the record has no time; 5: `},
		"ndjson": {in: `{"timestamp":1,"value":1.5,"tags":{"host":"a"}}` + "\n" + `{"timestamp":2,"fields":{"x":1,"up":true,"s":"t","n":null},"tags":{}}` + "\n" + `{"timestamp":3,"value":"Infinity"}` + "\n" + `{"timestamp":4,"value":{}}` + "\n" + `{"timestamp":5,"value":1,"tags":{"host":5}}` + "\n" + `nonsense`, spec: points.Spec{Input: bulk.Options{Format: bulk.FormatNDJSON}},
			want: "3 value=float:+Inf; 2 x=float:1; 2 up=bool:true; 2 s=string:t; 1 host=a value=float:1.5", rejected: `4: column "value": the field "value" is JSON, and fields are numbers, booleans or texts; 5: column "tags": the tag "host" must be a text; 6: `},
		"json":     {in: `{"data":[{"time":"2024-01-01","host":"a","value":9007199254740993}]}`, spec: points.Spec{Input: bulk.Options{Path: "data"}, Tags: []string{"host"}, Types: map[string]block.Kind{"value": block.Int}}, want: "1.7040672e+09 host=a value=int:9007199254740993"},
		"no digit": {in: "time,value\n1,9007199254740993\n2,1\n", want: "2 value=float:1", rejected: `2: field "value" of metric "m" is of type float and cannot hold int 9007199254740993`},
		"int":      {in: "time,value\n1,1.5\n2,2.0\n", spec: points.Spec{Types: map[string]block.Kind{"value": block.Int}}, want: "2 value=int:2", rejected: `2: column "value": field "value" is of type int, and "1.5" is none`},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			c.spec.Metric = "m"
			var rejects []string
			c.spec.Reject = func(r bulk.Reject) error {
				rejects = append(rejects, fmt.Sprintf("%d: %s", r.Line, r.Reason))
				return nil
			}
			res, err := points.Import(t.Context(), s, strings.NewReader(c.in), c.spec)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(t, s); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := strings.Join(rejects, "; "); !strings.HasPrefix(got, c.rejected) || c.rejected == "" && got != "" || res.Rejected != int64(len(rejects)) {
				t.Errorf("rejected %s\nwant     %s", got, c.rejected)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	s := open(t)
	if _, err := s.Register(t.Context(), timeseries.Metric{Name: "m", Fields: []timeseries.FieldInfo{{Name: "value", Kind: block.Float}}}); err != nil {
		t.Fatal(err)
	}
	const csv = "time,host,value\n1,a,1\n"
	for name, c := range map[string]struct {
		spec points.Spec
		want string
	}{
		"no metric":      {points.Spec{}, "MISSING_FIELD"},
		"no time":        {points.Spec{Metric: "m", Time: "at"}, "COLUMN_NOT_FOUND"},
		"no tag":         {points.Spec{Metric: "m", Tags: []string{"dc"}}, "COLUMN_NOT_FOUND"},
		"no field":       {points.Spec{Metric: "m", Fields: []string{"x"}}, "COLUMN_NOT_FOUND"},
		"twice":          {points.Spec{Metric: "m", Tags: []string{"host"}, Fields: []string{"host"}}, "INVALID_FIELD"},
		"format":         {points.Spec{Metric: "m", TimeFormat: "%Q"}, "INVALID_FIELD"},
		"format end":     {points.Spec{Metric: "m", TimeFormat: "%"}, "INVALID_FIELD"},
		"format digits":  {points.Spec{Metric: "m", TimeFormat: "2006"}, "INVALID_FIELD"},
		"fraction":       {points.Spec{Metric: "m", TimeFormat: "%f"}, "INVALID_FIELD"},
		"unit of format": {points.Spec{Metric: "m", TimeFormat: "%Y", Unit: 1}, "INVALID_FIELD"},
		"type":           {points.Spec{Metric: "m", Types: map[string]block.Kind{"value": block.Int}}, "FIELD_TYPE_CONFLICT"},
	} {
		if _, err := points.Import(t.Context(), s, strings.NewReader(csv), c.spec); code(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if got := show(t, s); got != "" {
		t.Error(got)
	}
}

// TestAtomic: what cannot be written keeps all from being written, and is told by its line.
func TestAtomic(t *testing.T) {
	s := open(t)
	for in, line := range map[string]string{
		"time,value\n1,1\n2,x\n3,3\n": "line 3: ",
		"time,value\n1,1\nx,2\n":      "line 3: ",
		"time,value\n1,1\n2,2,2\n":    "line 3: ",
	} {
		_, err := points.Import(t.Context(), s, strings.NewReader(in), points.Spec{Metric: "m", Atomic: true})
		if code(err) != "IMPORT_REJECTED" || !strings.Contains(err.Error(), line) {
			t.Errorf("%q: %v", in, err)
		}
		if got := show(t, s); got != "METRIC_NOT_FOUND" {
			t.Errorf("%q: %s", in, got)
		}
	}
	res, err := points.Import(t.Context(), s, strings.NewReader("time,value\n1,1\n2,2\n"), points.Spec{Metric: "m", Atomic: true})
	if err != nil || res.Points != 2 {
		t.Errorf("%+v, %v", res, err)
	}
}

// TestBatches: an import of more than a batch has everything once, and rejects in order.
func TestBatches(t *testing.T) {
	s := open(t)
	var in strings.Builder
	in.WriteString("time,value\n")
	for i := range 12_000 {
		if i%1000 == 7 {
			fmt.Fprintf(&in, "%d,word\n", i)
			continue
		}
		fmt.Fprintf(&in, "%d,%d\n", i, i)
	}
	last := int64(0)
	res, err := points.Import(t.Context(), s, strings.NewReader(in.String()), points.Spec{Metric: "m", Reject: func(r bulk.Reject) error {
		if r.Line <= last || !strings.HasSuffix(string(r.Raw), ",word") {
			t.Errorf("line %d after %d: %s", r.Line, last, r.Raw)
		}
		last = r.Line
		return nil
	}})
	if err != nil || res.Points != 11_988 || res.Rejected != 12 {
		t.Errorf("%+v, %v", res, err)
	}
	if n, err := s.CountUpTo(t.Context(), "m", 1<<40); err != nil || n != 11_988 {
		t.Errorf("%d points, %v", n, err)
	}
}
