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
	held  []heldCall
	few   [2]heldCall // room for what a statement without rows makes of held
	batch int
}

// heldCall is one call of a Sink that waits.
type heldCall struct {
	kind  heldKind
	stmt  int
	cols  []Column
	batch *vec.Batch
	tag   Tag
}

type heldKind uint8

const (
	heldBegin heldKind = iota
	heldBatch
	heldEnd
)

func (c *heldCall) passTo(s Sink) error {
	switch c.kind {
	case heldBegin:
		return s.Begin(c.stmt, c.cols)
	case heldBatch:
		return s.Batch(c.batch)
	default:
		return s.End(c.tag)
	}
}

func (h *heldSink) hold(c heldCall) {
	if h.held == nil {
		h.held = h.few[:0]
	}
	h.held = append(h.held, c)
}

// release passes on what is held; nothing where h is nil.
func (h *heldSink) release() error {
	if h == nil {
		return nil
	}
	h.sent = true
	for i := range h.held {
		if err := h.held[i].passTo(h.to); err != nil {
			return err
		}
	}
	h.held = nil
	return nil
}

// Begin implements Sink.
func (h *heldSink) Begin(stmt int, cols []Column) error {
	if h.sent {
		return h.to.Begin(stmt, cols)
	}
	h.hold(heldCall{kind: heldBegin, stmt: stmt, cols: cols})
	return nil
}

// Batch implements Sink.
func (h *heldSink) Batch(b *vec.Batch) error {
	if !h.sent && h.batch == heldBatches {
		if err := h.release(); err != nil {
			return err
		}
	}
	if h.sent {
		return h.to.Batch(b)
	}
	h.batch++
	h.hold(heldCall{kind: heldBatch, batch: b.Clone()})
	return nil
}

// End implements Sink.
func (h *heldSink) End(tag Tag) error {
	if h.sent {
		return h.to.End(tag)
	}
	h.hold(heldCall{kind: heldEnd, tag: tag})
	return nil
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
