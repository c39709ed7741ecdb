package query

import (
	"github.com/weftdb/weft/query/vec"
)

// heldBatches is how many batches of results are held back while it is not yet
// known whether their transaction commits.
const heldBatches = 4

// heldSink keeps small results until their transaction has ended, so that it can
// be run again after a conflict. Larger ones are passed on as they come.
type heldSink struct {
	to    Sink
	sent  bool // something has been passed on
	held  []func(Sink) error
	batch int
}

func (h *heldSink) pass(size int, f func(Sink) error) error {
	if h.sent {
		return f(h.to)
	}
	h.held = append(h.held, f)
	h.batch += size
	if h.batch > heldBatches {
		return h.release()
	}
	return nil
}

// release passes on what is held.
func (h *heldSink) release() error {
	h.sent = true
	for _, f := range h.held {
		if err := f(h.to); err != nil {
			return err
		}
	}
	h.held = nil
	return nil
}

// Begin implements Sink.
func (h *heldSink) Begin(stmt int, cols []Column) error {
	return h.pass(0, func(s Sink) error { return s.Begin(stmt, cols) })
}

// Batch implements Sink.
func (h *heldSink) Batch(b *vec.Batch) error {
	if h.sent {
		return h.to.Batch(b)
	}
	if h.batch == heldBatches {
		if err := h.release(); err != nil {
			return err
		}
		return h.to.Batch(b)
	}
	kept := b.Clone()
	return h.pass(1, func(s Sink) error { return s.Batch(kept) })
}

// End implements Sink.
func (h *heldSink) End(tag Tag) error {
	return h.pass(0, func(s Sink) error { return s.End(tag) })
}

// MemorySink keeps all results, for tests and small queries.
type MemorySink struct {
	Results []Result
}

// Result is what one statement gave.
type Result struct {
	Columns []Column
	Batches []*vec.Batch
	Tag     Tag
}

// Begin implements Sink.
func (m *MemorySink) Begin(_ int, cols []Column) error {
	m.Results = append(m.Results, Result{Columns: cols})
	return nil
}

// Batch implements Sink.
func (m *MemorySink) Batch(b *vec.Batch) error {
	r := &m.Results[len(m.Results)-1]
	r.Batches = append(r.Batches, b.Clone())
	return nil
}

// End implements Sink.
func (m *MemorySink) End(tag Tag) error {
	m.Results[len(m.Results)-1].Tag = tag
	return nil
}
