package timeseries

import (
	"sync"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// pasts keeps what was made of batches for snapshots that the head does not know, and for
// the transactions that wrote them, since whoever reads one column soon reads the next.
type pasts struct {
	mu     sync.Mutex
	views  []pastMetric
	own    map[ownBatch][]columnPoints
	points int // of own
	used   bool
}

// pastMetric is a metric as of a snapshot.
type pastMetric struct {
	key      metricKey
	snapshot uint64
	view     headView
}

// ownBatch is a batch by its number, which is given out once.
type ownBatch struct {
	metricKey
	number uint64
}

const (
	maxPastViews = 4
	maxOwnPoints = 1 << 18
)

// pastView reads the points of a metric as of a snapshot from the batches of the store.
func (s *Store) pastView(tx *txn.Tx, metric uint64, snapshot uint64) (headView, error) {
	p := &s.head.past
	key := metricKey{s.db, metric}
	if v, ok := p.find(key, snapshot); ok {
		return v, nil
	}
	var x headMetric
	if err := s.readBatches(tx, metric, snapshot, &x); err != nil {
		return headView{}, err
	}
	var h head
	h.fold(&x, snapshot)
	if x.err != nil {
		return headView{}, x.err
	}
	v := headView{x.runs}
	p.keep(pastMetric{key, snapshot, v})
	return v, nil
}

func (p *pasts) find(key metricKey, snapshot uint64) (v headView, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used = true
	for i := range p.views {
		if p.views[i].key == key && p.views[i].snapshot == snapshot {
			return p.views[i].view, true
		}
	}
	return v, false
}

func (p *pasts) keep(x pastMetric) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.views) == maxPastViews {
		p.views = append(p.views[:0], p.views[1:]...)
	}
	p.views = append(p.views, x)
}

// columns takes a batch that a transaction wrote itself apart.
func (p *pasts) columns(db keyspace.DatabaseID, metric, number uint64, v []byte) ([]columnPoints, error) {
	key := ownBatch{metricKey{db, metric}, number}
	p.mu.Lock()
	list, ok := p.own[key]
	p.used = true
	p.mu.Unlock()
	if ok {
		return list, nil
	}
	list, err := columnsOf(v, metric)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own == nil || p.points > maxOwnPoints {
		p.own, p.points = make(map[ownBatch][]columnPoints), 0
	}
	p.own[key] = list
	for i := range list {
		p.points += list[i].points.Len()
	}
	return list, nil
}

// forget lets go of what was not used since it was called last.
func (p *pasts) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.used {
		p.views, p.own, p.points = nil, nil, 0
	}
	p.used = false
}
