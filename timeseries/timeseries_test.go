package timeseries_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

func tags(pairs ...string) (list []timeseries.Tag) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, timeseries.Tag{Key: pairs[i], Value: pairs[i+1]})
	}
	return list
}

func point(at int64, v float64, pairs ...string) timeseries.Point {
	return timeseries.Point{Metric: "m", Time: at, Tags: tags(pairs...), Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(v)}}}
}

func write(t *testing.T, s *timeseries.Store, points ...timeseries.Point) {
	t.Helper()
	if err := s.Write(t.Context(), points); err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, s *timeseries.Store) timeseries.SealStats {
	t.Helper()
	stats, err := s.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

// show is an answer as one line: series by tags, with times and values.
func show(t *testing.T, s *timeseries.Store, q timeseries.Query) string {
	t.Helper()
	a, err := s.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, x := range a.Series {
		fmt.Fprintf(&b, "%s:", seriesName(x.Field, x.Tags))
		for _, p := range x.Samples {
			fmt.Fprintf(&b, " %d=%v", p.Time, p.Value)
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func code(err error) string {
	if e := dberr.As(err); e != nil {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestMatchers(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	write(t, s, point(1, 1, "host", "a1", "dc", "x"), point(1, 2, "host", "a2"), point(1, 3, "host", "b1", "dc", "y"), point(1, 4))
	for _, c := range []struct {
		m    []timeseries.Matcher
		want string
	}{
		{nil, "4 1 2 3"},
		{[]timeseries.Matcher{{Tag: "host", Values: []string{"a1"}}}, "1"},
		{[]timeseries.Matcher{{Tag: "host", Values: []string{"a1", "b1", "no"}}}, "1 3"},
		{[]timeseries.Matcher{{Tag: "host", Values: []string{"", "b1"}}}, "4 3"},
		{[]timeseries.Matcher{{Tag: "host", Op: timeseries.MatchNotIn, Values: []string{"a1"}}}, "4 2 3"},
		{[]timeseries.Matcher{{Tag: "host", Op: timeseries.MatchNotIn, Values: []string{""}}}, "1 2 3"},
		{[]timeseries.Matcher{{Tag: "host", Op: timeseries.MatchRegex, Values: []string{"a."}}}, "1 2"},
		{[]timeseries.Matcher{{Tag: "host", Op: timeseries.MatchRegex, Values: []string{"a"}}}, ""},
		{[]timeseries.Matcher{{Tag: "host", Op: timeseries.MatchRegex, Values: []string{"a.|"}}}, "4 1 2"},
		{[]timeseries.Matcher{{Tag: "host", Op: timeseries.MatchNotRegex, Values: []string{"a."}}}, "4 3"},
		{[]timeseries.Matcher{{Tag: "dc", Values: []string{""}}, {Tag: "host", Op: timeseries.MatchNotIn, Values: []string{""}}}, "2"},
		{[]timeseries.Matcher{{Tag: "none", Values: []string{"x"}}}, ""},
		{[]timeseries.Matcher{{Tag: "none", Values: []string{""}}}, "4 1 2 3"},
	} {
		q := all()
		q.Matchers = c.m
		a, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range a.Series {
			got = append(got, x.Samples[0].Value.String())
		}
		// By tags: none, then dc first.
		if g := strings.Join(got, " "); len(strings.Fields(c.want)) != len(got) || !sameWords(g, c.want) {
			t.Errorf("%v: %s, want %s", c.m, g, c.want)
		}
	}
	q := all()
	q.Matchers = []timeseries.Matcher{{Tag: "host", Op: timeseries.MatchRegex, Values: []string{"("}}}
	if _, err := s.Query(t.Context(), q); code(err) != "INVALID_REGEX" {
		t.Errorf("a bad expression: %v", err)
	}
}

func sameWords(a, b string) bool {
	words := make(map[string]int)
	for _, w := range strings.Fields(a) {
		words[w]++
	}
	for _, w := range strings.Fields(b) {
		words[w]--
	}
	for _, n := range words {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestLimits(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{MaxSeries: 2})
	write(t, s, point(1, 1, "a", "1"), point(1, 1, "a", "2"), point(2, 1, "a", "1"))
	many := point(1, 1)
	for i := range timeseries.MaxTags + 1 {
		many.Tags = append(many.Tags, timeseries.Tag{Key: fmt.Sprint("k", i), Value: "v"})
	}
	wide := point(1, 1, "a", "1")
	wide.Fields = nil
	for i := range timeseries.MaxFields {
		wide.Fields = append(wide.Fields, timeseries.Field{Name: fmt.Sprint("f", i), Value: timeseries.FloatValue(1)})
	}
	typed := func(v timeseries.Value) timeseries.Point {
		p := point(1, 1, "a", "1")
		p.Fields[0].Value = v
		return p
	}
	for name, c := range map[string]struct {
		p    timeseries.Point
		code string
	}{
		"series":     {point(1, 1, "a", "3"), "TOO_MANY_SERIES"},
		"tags":       {many, "TOO_MANY_TAGS"},
		"tag value":  {point(1, 1, "a", strings.Repeat("v", timeseries.MaxTagValueBytes+1)), "TAG_TOO_LARGE"},
		"tag bytes":  {point(1, 1, "a", strings.Repeat("\x00", 1024), "b", strings.Repeat("\x00", 1024)), "TAGS_TOO_LARGE"},
		"tag UTF-8":  {point(1, 1, "a", "\xff"), "INVALID_TAG"},
		"tag name":   {point(1, 1, "", "x"), "INVALID_NAME"},
		"tag twice":  {point(1, 1, "a", "x", "a", "y"), "DUPLICATE_TAG"},
		"fields":     {wide, "TOO_MANY_FIELDS"},
		"no field":   {timeseries.Point{Metric: "m"}, "MISSING_FIELD"},
		"metric":     {timeseries.Point{Metric: strings.Repeat("m", 256)}, "NAME_TOO_LARGE"},
		"text":       {typed(timeseries.TextValue("x")), "FIELD_TYPE_CONFLICT"},
		"big int":    {typed(timeseries.IntValue(1<<53 + 1)), "FIELD_TYPE_CONFLICT"},
		"bool":       {typed(timeseries.BoolValue(true)), "FIELD_TYPE_CONFLICT"},
		"no metric":  {timeseries.Point{Fields: wide.Fields}, "INVALID_NAME"},
		"long text":  {timeseries.Point{Metric: "t", Fields: []timeseries.Field{{Name: "s", Value: timeseries.TextValue(strings.Repeat("x", timeseries.MaxTextBytes+1))}}}, "TEXT_TOO_LARGE"},
		"field name": {timeseries.Point{Metric: "t", Fields: []timeseries.Field{{Name: "", Value: timeseries.FloatValue(1)}}}, "INVALID_NAME"},
	} {
		if err := s.Write(t.Context(), []timeseries.Point{point(9, 9, "a", "1"), c.p}); code(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	want(t, show(t, s, all()), "value,a=1: 1=1 2=1; value,a=2: 1=1")
	if _, err := s.Delete(t.Context(), timeseries.Deletion{Metric: "m", Matchers: []timeseries.Matcher{{Tag: "a", Values: []string{"2"}}}, From: math.MinInt64, To: math.MaxInt64}); err != nil {
		t.Fatal(err)
	}
	write(t, s, point(1, 1, "a", "3"), typed(timeseries.IntValue(5)))
	want(t, show(t, s, all()), "value,a=1: 1=5 2=1; value,a=3: 1=1")
	q := all()
	q.MaxPoints = 2
	if _, err := s.Query(t.Context(), q); code(err) != "TOO_MANY_POINTS" {
		t.Errorf("a long answer: %v", err)
	}
}

func TestCardinality(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	write(t, s, point(1, 1, "host", "a", "dc", "x"), point(1, 2, "host", "b", "dc", "x"), point(1, 3))
	c, err := s.Cardinality(t.Context(), "m")
	if err != nil || fmt.Sprint(c) != "{3 [{dc 1 2} {host 2 2}]}" {
		t.Errorf("%v, %v", c, err)
	}
	v, err := s.TagValues(t.Context(), "m", "host")
	if err != nil || fmt.Sprint(v) != "[a b]" {
		t.Errorf("%v, %v", v, err)
	}
}

// TestWritersDoNotConflict has many write to one series, while it is sealed and parts of
// it are deleted: no transaction is refused, and all that was written is there.
func TestWritersDoNotConflict(t *testing.T) {
	s, txns, _ := newStore(t, timeseries.Options{})
	write(t, s, point(-1, 0))
	var all2 sync.WaitGroup
	const writers, each = 8, 40
	for w := range writers {
		all2.Go(func() {
			for i := range each {
				tx, err := txns.Begin(t.Context(), txn.TxOptions{})
				if err == nil {
					err = s.WriteTx(t.Context(), tx, []timeseries.Point{point(int64(w*each+i), float64(i))})
				}
				if err == nil {
					err = tx.Commit(t.Context())
				}
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	all2.Go(func() {
		for range 20 {
			if _, err := s.Seal(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := s.Delete(t.Context(), timeseries.Deletion{Metric: "m", From: 1e6, To: 2e6}); err != nil {
				t.Error(err)
			}
		}
	})
	all2.Wait()
	q := all()
	q.From = 0
	a, err := s.Query(t.Context(), q)
	if err != nil || a.Points != writers*each {
		t.Fatalf("%d points, want %d, %v", a.Points, writers*each, err)
	}
}

// TestTransactions: what a transaction writes it sees, others see it with the commit,
// and a savepoint takes it back.
func TestTransactions(t *testing.T) {
	s, txns, _ := newStore(t, timeseries.Options{})
	write(t, s, point(1, 1), point(2, 2))
	seal(t, s)
	tx, err := txns.Begin(t.Context(), txn.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mine := s.Within(tx)
	write(t, mine, point(2, 20), point(3, 30))
	write(t, mine, point(3, 31))
	sp := tx.Savepoint()
	if _, err := mine.Delete(t.Context(), timeseries.Deletion{Metric: "m", From: 1, To: 2}); err != nil {
		t.Fatal(err)
	}
	write(t, mine, point(1, 7))
	want(t, show(t, mine, all()), "value: 1=7 3=31")
	if err := tx.RollbackTo(sp); err != nil {
		t.Fatal(err)
	}
	want(t, show(t, mine, all()), "value: 1=1 2=20 3=31")
	want(t, show(t, s, all()), "value: 1=1 2=2")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, show(t, s, all()), "value: 1=1 2=20 3=31")
}

// TestDropped: what was dropped is out of sight at once, and out of the store after the
// grace.
func TestDropped(t *testing.T) {
	s, txns, now := newStore(t, timeseries.Options{})
	write(t, s, point(1, 1, "a", "x"), point(1, 1, "a", "y"))
	seal(t, s)
	write(t, s, point(2, 1, "a", "x"))
	if _, err := s.Delete(t.Context(), timeseries.Deletion{Metric: "m", Matchers: []timeseries.Matcher{{Tag: "a", Values: []string{"x"}}}, From: math.MinInt64, To: math.MaxInt64}); err != nil {
		t.Fatal(err)
	}
	want(t, show(t, s, all()), "value,a=y: 1=1")
	if err := s.Drop(t.Context(), "m"); err != nil {
		t.Fatal(err)
	}
	if err := s.Drop(t.Context(), "m"); !errors.Is(err, dberr.ErrNotFound) {
		t.Fatal(err)
	}
	if n := seal(t, s).Dropped; n != 0 {
		t.Errorf("%d were removed at once", n)
	}
	now.Advance(time.Minute)
	if n := seal(t, s).Dropped; n != 2 {
		t.Errorf("%d were removed, want 2", n)
	}
	left := 0
	if err := txns.View(t.Context(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			left++
		}
		return it.Err()
	}); err != nil || left != 1 { // the next number
		t.Errorf("%d records are left, %v", left, err)
	}
}

// TestSealBetween folds late points between blocks that stay, and takes small blocks
// only up to the part before.
func TestSealBetween(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	add := func(from, n int64) {
		var points []timeseries.Point
		for i := range n {
			points = append(points, point(from+i, float64(i)))
		}
		write(t, s, points...)
	}
	add(0, 40)
	seal(t, s)
	add(1000, 10)
	seal(t, s)
	before := show(t, s, all())
	add(500, 1)
	add(2000, 20)
	open := show(t, s, all())
	seal(t, s)
	want(t, show(t, s, all()), open)
	if _, err := s.Delete(t.Context(), timeseries.Deletion{Metric: "m", From: 500, To: 500}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(t.Context(), timeseries.Deletion{Metric: "m", From: 2000, To: 3000}); err != nil {
		t.Fatal(err)
	}
	seal(t, s)
	want(t, show(t, s, all()), before)
}

// TestWindowEdges: a block whose last point is the first of the next window is not
// taken by its statistics.
func TestWindowEdges(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	var points []timeseries.Point
	for i := range 61 {
		points = append(points, point(int64(i)*1e9, 1))
	}
	write(t, s, points...)
	seal(t, s)
	q := all()
	q.Mode, q.Function, q.Interval = timeseries.Downsample, timeseries.Function{Name: "count"}, timeseries.Interval{Fixed: time.Minute}
	want(t, show(t, s, q), "value: 0=60 60000000000=1")
	q.Mode = timeseries.Instant
	want(t, show(t, s, q), "value: 60000000000=61")
}

func TestCalendar(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	zone, err := timeseries.LoadZone("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	// A value each hour around the end of summer time: that day has 25 hours.
	var points []timeseries.Point
	from := time.Date(2025, 10, 25, 0, 0, 0, 0, zone)
	for i := range 73 {
		points = append(points, point(from.Add(time.Duration(i)*time.Hour).UnixNano(), 1))
	}
	write(t, s, points...)
	q := all()
	q.Mode, q.Function, q.Zone = timeseries.Downsample, timeseries.Function{Name: "count"}, zone
	for text, counts := range map[string]string{"1d": "24 25 24", "1w": "49 24", "1mo": "73", "1y": "73", "1q": "73"} {
		if q.Interval, err = timeseries.ParseInterval("interval", text); err != nil {
			t.Fatal(err)
		}
		a, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range a.Series[0].Samples {
			got = append(got, p.Value.String())
			if h := time.Unix(0, p.Time).In(zone); h.Hour() != 0 {
				t.Errorf("%s: a window begins at %v", text, h)
			}
		}
		want(t, text+" "+strings.Join(got, " "), text+" "+counts)
	}
	for _, bad := range []string{"", "5", "m", "0m", "-1m", "1.5h", "5 parsecs", "99999999999999d"} {
		if _, err := timeseries.ParseInterval("interval", bad); code(err) != "INVALID_INTERVAL" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := timeseries.LoadZone("Mars/Olympus"); code(err) != "INVALID_TIMEZONE" {
		t.Error(err)
	}
}

func TestFillAndGroups(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	write(t, s, point(10, 1, "h", "a", "dc", "x"), point(40, 4, "h", "a", "dc", "x"), point(12, 3, "h", "b", "dc", "x"), point(41, 10, "h", "c"))
	q := all()
	q.Mode, q.Function, q.Interval = timeseries.Downsample, timeseries.Function{Name: "sum"}, timeseries.Interval{Fixed: 10}
	q.Grouped, q.GroupBy = true, []string{"dc"}
	want(t, show(t, s, q), "value: 40=10; value,dc=x: 10=4 40=4")
	q.GroupBy = nil
	want(t, show(t, s, q), "value: 10=4 40=14")
	q.From, q.To = 0, 55
	for mode, line := range map[timeseries.FillMode]string{
		timeseries.FillNull:     "0=null 10=4 20=null 30=null 40=14 50=null",
		timeseries.FillPrevious: "0=null 10=4 20=4 30=4 40=14 50=14",
		timeseries.FillLinear:   "0=null 10=4 20=7.333333333333333 30=10.666666666666666 40=14 50=null",
		timeseries.FillValue:    "0=-1 10=4 20=-1 30=-1 40=14 50=-1",
	} {
		q.Fill, q.FillWith = mode, -1
		want(t, show(t, s, q), "value: "+line)
	}
	q = all()
	q.Mode, q.Function, q.Interval = timeseries.Rolling, timeseries.Function{Name: "sum"}, timeseries.Interval{Fixed: 30}
	q.Matchers = []timeseries.Matcher{{Tag: "h", Values: []string{"a"}}}
	want(t, show(t, s, q), "value,dc=x,h=a: 10=1 40=4")
	q.Interval.Fixed = 31
	want(t, show(t, s, q), "value,dc=x,h=a: 10=1 40=5")
}

// TestKinds: ints stay ints, texts have only what texts can have.
func TestKinds(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	put := func(at int64, v timeseries.Value) {
		t.Helper()
		if err := s.Write(t.Context(), []timeseries.Point{{Metric: "m", Time: at, Fields: []timeseries.Field{{Name: fmt.Sprint("f", v.Kind), Value: v}}}}); err != nil {
			t.Fatal(err)
		}
	}
	put(1, timeseries.IntValue(math.MaxInt64))
	put(2, timeseries.IntValue(-1))
	put(1, timeseries.BoolValue(true))
	put(2, timeseries.BoolValue(false))
	put(1, timeseries.TextValue("up"))
	q := all()
	q.Mode = timeseries.Instant
	for fn, line := range map[string]string{
		"sum":   "fint: 2=9223372036854775806; fbool: 2=1",
		"max":   "fint: 2=9223372036854775807; fbool: 2=1",
		"last":  "fint: 2=-1; fbool: 2=false; fstring: 1=up",
		"count": "fint: 2=2; fbool: 2=2; fstring: 1=1",
	} {
		q.Function, _ = timeseries.ParseFunction(fn)
		want(t, show(t, s, q), line)
	}
	put(3, timeseries.IntValue(5))
	q.Function, _ = timeseries.ParseFunction("sum")
	if _, err := s.Query(t.Context(), q); code(err) != "SUM_OVERFLOW" {
		t.Error(err)
	}
	q.Fields = []string{"fstring"}
	if _, err := s.Query(t.Context(), q); code(err) != "INVALID_FUNCTION" {
		t.Error(err)
	}
	if _, err := timeseries.ParseFunction("p101"); code(err) != "INVALID_FUNCTION" {
		t.Error(err)
	}
	if m, err := s.Metric(t.Context(), "m"); err != nil || m.Fields[1].Kind != block.Bool {
		t.Error(m, err)
	}
}

// TestSealingIsTiered writes a point at a time and seals often: blocks grow, and each
// point is written a few times.
func TestSealingIsTiered(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{})
	written := 0
	const n = 4000
	for i := range n {
		write(t, s, point(int64(i)*1e9, float64(i%10)))
		if i%16 == 15 {
			written += seal(t, s).Points
		}
	}
	if written > 12*n {
		t.Errorf("%d points were written into blocks %d times", n, written)
	}
	q := all()
	if a, err := s.Query(t.Context(), q); err != nil || a.Points != n {
		t.Errorf("%v, %v", a, err)
	}
}
