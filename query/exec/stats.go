package exec

import (
	"context"
	"time"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/vec"
)

// Stats has what the operators of a run did, for EXPLAIN ANALYZE. It is filled
// while the run goes on and is not safe for concurrent use.
type Stats struct {
	nodes map[plan.Node]*NodeStats
}

// NodeStats is what one operator did, over all its loops.
type NodeStats struct {
	Rows    int64         // that came out
	Batches int64         // in which they came
	Loops   int64         // how often it was run
	Startup time.Duration // until the first batch, of the first loop
	Total   time.Duration // spent in it and below
	Memory  int64         // the most that the run held while it was working
	Files   int64         // temporary files made by it and below
	Spilled int64         // bytes written to them
	Reads
}

// Reads is what a scan took from the store. Methods on nil do nothing.
type Reads struct {
	Entries int64 // entries of an index,
	Fetched int64 // rows fetched by their keys,
	Bytes   int64 // keys and values of both
	Columns int64 // rows of columns that were kept decoded: nothing was read for them
	// Unmatched are rows that did not come out because a join above has no match for them.
	Unmatched int64
}

func (r *Reads) entry(key, value []byte) {
	if r != nil {
		r.Entries++
		r.Bytes += int64(len(key) + len(value))
	}
}

func (r *Reads) fetched(key, value []byte) {
	if r != nil {
		r.Fetched++
		r.Bytes += int64(len(key) + len(value))
	}
}

func (r *Reads) columns(n int) {
	if r != nil {
		r.Columns += int64(n)
	}
}

func (r *Reads) unmatched(n int) {
	if r != nil {
		r.Unmatched += int64(n)
	}
}

// reads is where the scan of a plan counts what it reads; nil where nobody asks.
func (c *Context) reads(n plan.Node) *Reads {
	if c.Stats == nil {
		return nil
	}
	return &c.Stats.node(n).Reads
}

func (s *Stats) node(n plan.Node) *NodeStats {
	f := s.nodes[n]
	if f == nil {
		f = &NodeStats{}
		s.nodes[n] = f
	}
	return f
}

// NewStats returns empty figures.
func NewStats() *Stats { return &Stats{nodes: map[plan.Node]*NodeStats{}} }

// Of returns the figures of a node; nil where it was never run.
func (s *Stats) Of(n plan.Node) *NodeStats { return s.nodes[n] }

func (s *Stats) watch(c *Context, n plan.Node, op Operator) Operator {
	f := s.node(n)
	f.Loops++
	return &watched{c: c, op: op, f: f}
}

// watched is an operator under observation.
type watched struct {
	c  *Context
	op Operator
	f  *NodeStats
}

func (w *watched) Next(ctx context.Context) (*vec.Batch, error) {
	began := time.Now()
	files, bytes := w.c.spilled()
	w.c.mem.peak = w.c.mem.used
	b, err := w.op.Next(ctx)
	took := time.Since(began)
	f := w.f
	if f.Batches == 0 && f.Loops <= 1 {
		f.Startup += took
	}
	f.Total += took
	nowFiles, nowBytes := w.c.spilled()
	f.Files += nowFiles - files
	f.Spilled += nowBytes - bytes
	f.Memory = max(f.Memory, w.c.mem.peak)
	if b != nil {
		f.Batches++
		f.Rows += int64(b.Rows())
	}
	return b, err
}

func (w *watched) restart() bool {
	if restartInput(w.op) {
		w.f.Loops++
		return true
	}
	return false
}

func (w *watched) Close() error { return w.op.Close() }

// unwrap returns the operator that is under observation, or op itself.
func unwrap(op Operator) Operator {
	if w, ok := op.(*watched); ok {
		return w.op
	}
	return op
}

func (c *Context) spilled() (files, bytes int64) {
	if c.spill == nil {
		return 0, 0
	}
	return c.spill.files, c.spill.bytes
}
