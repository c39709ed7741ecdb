package records

import (
	"context"

	"github.com/weftdb/weft/storage/buffer"
	"github.com/weftdb/weft/storage/sorted"
)

// Generation is what was written since the last one, on its way into the sorted
// store.
type Generation struct {
	*buffer.Generation
	drops []sorted.Drop // that came in it
}

// Freeze ends a generation at upTo, which is at or after everything written. It is
// the writer's. There is one generation at a time, until Stored.
func (s *Store) Freeze(upTo uint64) *Generation {
	after := s.Applied()
	g := &Generation{Generation: s.Pool.Freeze(upTo)}
	for _, d := range s.Drops() {
		if d.TS > after {
			g.drops = append(g.drops, d)
		}
	}
	return g
}

// Flush writes a generation into the sorted store, which must be there. The caller
// is a reader that began before Freeze; nothing is swept meanwhile that a read at
// horizon could see. It may be repeated after an error.
func (s *Store) Flush(ctx context.Context, g *Generation, horizon uint64) (sorted.FlushStats, error) {
	g.Begin(horizon)
	stats, err := s.disk.Load().FlushGeneration(ctx, &entries{g: g}, sorted.Generation{
		Applied: g.UpTo(), Horizon: horizon, Drops: g.drops,
	})
	if err != nil {
		return stats, err
	}
	g.Marked()
	return stats, nil
}

// entries gives the versions of a generation as the sorted store takes them.
type entries struct {
	g     *Generation
	entry sorted.Entry
}

func (e *entries) Next() (*sorted.Entry, error) {
	v, ok := e.g.Next()
	if !ok {
		return nil, nil
	}
	e.entry = sorted.Entry{Key: v.Key, TS: v.TS, Value: v.Value, Deleted: v.Deleted, New: v.New}
	return &e.entry, nil
}

// Stored says that a generation was flushed. It is the writer's.
func (s *Store) Stored(g *Generation) { s.Pool.Stored(g.Generation) }

// Due returns a dropped range that the sorted store can drop for good: nobody reads
// before horizon, and everything that the drop hides has been flushed.
func (s *Store) Due(horizon uint64) (d sorted.Drop, ok bool) {
	limit := min(horizon, s.Applied())
	for _, d := range s.Drops() {
		if d.TS <= limit {
			return d, true
		}
	}
	return d, false
}

// Execute drops a range in the sorted store.
func (s *Store) Execute(ctx context.Context, d sorted.Drop) error {
	return s.disk.Load().DropRange(ctx, d.Lower, d.Upper, d.TS)
}

// Executed forgets a drop that was executed. It is the writer's.
func (s *Store) Executed(d sorted.Drop) {
	s.drops.Store(s.drops.Load().without(d.TS))
}
