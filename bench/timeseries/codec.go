package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/weftdb/weft/bench/report"
	"github.com/weftdb/weft/timeseries/block"
)

const (
	sealedPoints = 4096 // of a full block of Weft
	openPoints   = 120  // of a chunk of Prometheus, and of what lies open here
)

// nab reads the series of the benchmark.
func (c *config) readNAB() (list []*block.Points, err error) {
	files, err := filepath.Glob(filepath.Join(c.nab, "data", "*", "*.csv"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		p := &block.Points{Kind: block.Float}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			at, value, _ := strings.Cut(lines.Text(), ",")
			v, err := strconv.ParseFloat(value, 64)
			if x, bad := time.Parse(time.DateTime, at); bad == nil && err == nil {
				if n := p.Len(); n > 0 && x.UnixNano() <= p.Times[n-1] {
					continue // the same time again
				}
				p.Times, p.Floats = append(p.Times, x.UnixNano()), append(p.Floats, v)
			}
		}
		f.Close()
		list = append(list, p)
	}
	return list, nil
}

// gauges are like what monitoring collects: a value each 15 s, most of them close to the
// one before, of integers, tenths, counters and levels that hardly move.
func gauges() (list []*block.Points) {
	r := rand.New(rand.NewPCG(1, 1))
	add := func(f func(i int) float64) {
		p := &block.Points{Kind: block.Float}
		for i := range sealedPoints {
			p.Times = append(p.Times, 1_700_000_000e9+int64(i)*15e9)
			p.Floats = append(p.Floats, f(i))
		}
		list = append(list, p)
	}
	level, total := 500, 0
	add(func(int) float64 { level += r.IntN(7) - 3; return float64(level) })
	add(func(int) float64 { level += r.IntN(7) - 3; return float64(level) / 10 })
	add(func(int) float64 { return 1 })
	add(func(i int) float64 { return float64(i / 500) })
	add(func(int) float64 { total += 100 + r.IntN(20); return float64(total) })
	add(func(i int) float64 {
		if r.IntN(20) == 0 {
			level++
		}
		return float64(level)
	})
	return list
}

// pack is the bytes of series in blocks of so many points.
func pack(list []*block.Points, effort block.Effort, points int) (bytes, n int, err error) {
	var buf []byte
	for _, p := range list {
		for from := 0; from < p.Len(); from += points {
			to := min(from+points, p.Len())
			q := block.Points{Kind: p.Kind, Times: p.Times[from:to], Floats: p.Floats[from:to]}
			if buf, err = block.Append(buf[:0], &q, effort); err != nil {
				return 0, 0, err
			}
			bytes += len(buf)
		}
		n += p.Len()
	}
	return bytes, n, nil
}

// xor is the bytes of series in chunks of Prometheus, which hold milliseconds.
func xor(list []*block.Points) (bytes, n int, err error) {
	for _, p := range list {
		for from := 0; from < p.Len(); from += openPoints {
			chunk := chunkenc.NewXORChunk()
			a, err := chunk.Appender()
			if err != nil {
				return 0, 0, err
			}
			for i := from; i < min(from+openPoints, p.Len()); i++ {
				a.Append(0, p.Times[i]/1e6, p.Floats[i])
			}
			bytes += len(chunk.Bytes())
		}
		n += p.Len()
	}
	return bytes, n, nil
}

func benchBytes(c *config, t *report.Table) error {
	nab, err := c.readNAB()
	if err != nil {
		return err
	}
	if len(nab) == 0 {
		t.Note("The Numenta anomaly benchmark is not at hand (-nab), so its rows are left out.")
	}
	for _, x := range []struct {
		work   string
		list   []*block.Points
		effort block.Effort
		points int
		goal   float64
	}{
		{fmt.Sprintf("bytes a point, NAB (%d series), sealed blocks", len(nab)), nab, block.Small, sealedPoints, 1.9},
		{"bytes a point, NAB, blocks of fast effort", nab, block.Fast, sealedPoints, 3.8},
		{"bytes a point, NAB, blocks of 120 points of fast effort", nab, block.Fast, openPoints, 3.8},
		{"bytes a point, like metrics, sealed blocks", gauges(), block.Small, sealedPoints, 1.37},
	} {
		if len(x.list) == 0 {
			continue
		}
		r := t.Row(x.work, eachPoint, report.Bound(fmt.Sprintf("≤ %g", x.goal), x.goal))
		bytes, n, err := pack(x.list, x.effort, x.points)
		if err != nil {
			return err
		}
		r.Add("weft", float64(bytes)/float64(n))
		if bytes, n, err = xor(x.list); err != nil {
			return err
		}
		r.Add("prometheus", float64(bytes)/float64(n))
	}
	return nil
}

// perPoint runs fn, which works on so many points, for some time.
func (c *config) perPoint(points int, fn func() error) (rate float64, err error) {
	until := 300 * time.Millisecond
	if c.quick {
		until = 30 * time.Millisecond
	}
	n := 0
	took, err := timed(func() error {
		for began := report.UsedCPU(); report.UsedCPU()-began < until; n += points {
			if err := fn(); err != nil {
				return err
			}
		}
		return nil
	})
	return float64(n) / took.Seconds(), err
}

func benchCodec(c *config, t *report.Table) error {
	list := gauges()
	encode := t.Row("encode regular gauges, points, fast effort", report.PerSecond, report.Bound("≥ 100 M/s", 100e6), report.AtLeast(1.5, "prometheus"))
	small := t.Row("encode regular gauges, points, sealed blocks", report.PerSecond)
	decode := t.Row("decode regular gauges, points, fast effort", report.PerSecond, report.Bound("≥ 150 M/s", 150e6), report.AtLeast(1.5, "prometheus"))
	sealed := t.Row("decode regular gauges, points, sealed blocks", report.PerSecond, report.Bound("≥ 150 M/s", 150e6), report.AtLeast(1.5, "prometheus"))
	for range c.rounds {
		for _, x := range []struct {
			enc, dec *report.Row
			effort   block.Effort
		}{{encode, decode, block.Fast}, {small, sealed, block.Small}} {
			if err := weftCodec(c, list, x.enc, x.dec, x.effort); err != nil {
				return err
			}
			if err := chunkCodec(c, list, x.enc, x.dec); err != nil {
				return err
			}
		}
	}
	return nil
}

func weftCodec(c *config, list []*block.Points, enc, dec *report.Row, effort block.Effort) error {
	var buf []byte
	n := 0
	var raw [][]byte
	for _, p := range list {
		b, err := block.Append(nil, p, effort)
		if err != nil {
			return err
		}
		raw = append(raw, b)
		n += p.Len()
	}
	rate, err := c.perPoint(n, func() (err error) {
		for _, p := range list {
			if buf, err = block.Append(buf[:0], p, effort); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	enc.Add("weft", rate)
	var q block.Points
	if rate, err = c.perPoint(n, func() error {
		for _, b := range raw {
			q.Reset(block.Float)
			if err := block.Decode(b, &q); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	dec.Add("weft", rate)
	return nil
}

func chunkCodec(c *config, list []*block.Points, enc, dec *report.Row) error {
	n := 0
	for _, p := range list {
		n += p.Len()
	}
	var chunks []*chunkenc.XORChunk
	fill := func(keep bool) error {
		for _, p := range list {
			for from := 0; from < p.Len(); from += openPoints {
				chunk := chunkenc.NewXORChunk()
				a, err := chunk.Appender()
				if err != nil {
					return err
				}
				for i := from; i < min(from+openPoints, p.Len()); i++ {
					a.Append(0, p.Times[i]/1e6, p.Floats[i])
				}
				if keep {
					chunks = append(chunks, chunk)
				}
			}
		}
		return nil
	}
	if err := fill(true); err != nil {
		return err
	}
	rate, err := c.perPoint(n, func() error { return fill(false) })
	if err != nil {
		return err
	}
	enc.Add("prometheus", rate)
	var it chunkenc.Iterator
	var times []int64
	var values []float64
	rate, err = c.perPoint(n, func() error {
		for _, chunk := range chunks {
			times, values = slices.Grow(times[:0], openPoints), slices.Grow(values[:0], openPoints)
			for it = chunk.Iterator(it); it.Next() != chunkenc.ValNone; {
				at, v := it.At()
				times, values = append(times, at), append(values, v)
			}
			if it.Err() != nil {
				return it.Err()
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	dec.Add("prometheus", rate)
	return nil
}
