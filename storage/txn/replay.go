package txn

import (
	"context"
	"fmt"
	"math"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/buffer"
	"github.com/weftdb/weft/storage/wal"
)

// Replay. Two goroutines share the work: the caller's decodes records into a backlog,
// and another one sorts the backlog before it, installs it in key order, and flushes and
// sweeps where that is due. Backlogs end where a record does, so what is installed is at
// every moment the state after some commit.

// replay is the state of it, between the first record and Replayed.
type replay struct {
	filling *backlog      // by the caller
	full    chan *backlog // to be installed
	spare   chan *backlog // given back, empty
	done    chan struct{} // closed when the installer has ended
	err     error         // of the installer; read by who has all backlogs
	most    int           // bytes of a backlog

	// The installer's.
	since int    // writes since the last sweep
	last  uint64 // timestamp of the last record that is installed
}

// backlog is what a number of records write.
type backlog struct {
	buffer.Backlog
	logged int64  // bytes of the records
	last   uint64 // timestamp of the last one
	err    error  // the installer's
}

const (
	backlogs      = 2
	mostBacklog   = 16 << 20
	leastBacklog  = 64 << 10
	backlogWrites = 4 * sweepAtStart
)

// Replay installs a record of the log, by and by. Records come in order, before Start,
// and end with Replayed.
// Versions that were older than the history before the process began are dropped
// on the way, so that a long log of updates does not take more than it leaves.
func (s *Store) Replay(r wal.Record) error {
	if err := s.replayRecord(r); err != nil {
		return fmt.Errorf("replay the record of timestamp %d: %w", r.Timestamp, err)
	}
	return nil
}

func (s *Store) replayRecord(r wal.Record) error {
	p := s.replaying
	if p == nil {
		p = s.startReplay()
	}
	switch {
	case r.Type == recordCommit && len(r.Payload) < p.most:
		b := p.filling
		if err := decodeCommit(r.Payload, func(key, value []byte, deleted bool) { b.Add(key, value, deleted, r.Timestamp) }); err != nil {
			return err
		}
		b.logged, b.last = b.logged+int64(len(r.Payload)), r.Timestamp
		if b.Bytes() >= p.most || b.Len() >= backlogWrites {
			return p.hand()
		}
		return nil
	case r.Type == recordCommit, r.Type == recordDropRange:
		if err := p.drain(); err != nil {
			return err
		}
		return s.replayAlone(r)
	}
	return dberr.New(dberr.ErrUnsupported, "RECORD_TYPE", "record type %d is not known to this version", r.Type)
}

func (s *Store) startReplay() *replay {
	p := &replay{
		full: make(chan *backlog), spare: make(chan *backlog, backlogs), done: make(chan struct{}), filling: &backlog{},
		most: int(min(max(s.limits.memory/16, leastBacklog), mostBacklog)),
	}
	for range backlogs - 1 {
		p.spare <- &backlog{}
	}
	s.replaying = p
	go func() {
		defer close(p.done)
		for b := range p.full {
			if p.err == nil {
				p.err = s.installBacklog(b)
			}
			b.err, b.logged = p.err, 0
			b.Reset()
			p.spare <- b
		}
	}()
	return p
}

// hand gives the backlog to the installer and takes another one.
func (p *replay) hand() error {
	p.full <- p.filling
	p.filling = <-p.spare
	return p.filling.err
}

// drain returns when everything is installed, and the installer waits.
func (p *replay) drain() error {
	if err := p.hand(); err != nil {
		return err
	}
	other := <-p.spare
	p.spare <- other
	return other.err
}

// Replayed ends the replay; everything is installed then, unless there is an error. It
// comes before Start, also where no record was replayed or Replay has failed.
func (s *Store) Replayed() error {
	p := s.replaying
	if p == nil {
		return nil
	}
	err := p.drain()
	close(p.full)
	<-p.done
	s.replaying = nil
	s.pool.Settle()
	return err
}

// installBacklog is the installer's.
func (s *Store) installBacklog(b *backlog) error {
	if b.Len() == 0 {
		return nil
	}
	if err := s.beforeReplayed(b.last, b.logged, b.Len()); err != nil {
		return err
	}
	s.pool.Install(&b.Backlog)
	return nil
}

// replayAlone installs a record that is not put into a backlog. Nothing else is being
// installed.
func (s *Store) replayAlone(r wal.Record) error {
	writes := 0
	if r.Type == recordCommit {
		writes = countWrites(r.Payload)
	}
	if err := s.beforeReplayed(r.Timestamp, int64(len(r.Payload)), writes); err != nil {
		return err
	}
	if r.Type == recordDropRange {
		lower, upper, err := decodeDropRange(r.Payload)
		if err != nil {
			return err
		}
		s.pool.Settle()
		s.pool.DropRange(lower, upper, r.Timestamp)
		s.replaying.since = sweepAtStart // it may have hidden any number
		return nil
	}
	b := s.pool.Bulk(r.Timestamp)
	defer b.EndBehind()
	return decodeCommit(r.Payload, func(key, value []byte, deleted bool) {
		if deleted {
			b.Delete(key)
		} else {
			b.Put(key, value)
		}
	})
}

// beforeReplayed flushes and sweeps what was installed so far, where that is due, before
// records up to last with so many writes are.
func (s *Store) beforeReplayed(last uint64, logged int64, writes int) error {
	p := s.replaying
	if err := s.flushReplayed(p.last); err != nil {
		return err
	}
	s.checkpoints.logged.add(logged)
	if p.since >= sweepAtStart {
		p.since = 0
		s.pool.Settle()
		s.published.Store(p.last)
		horizon := s.live.raise(s.historyBegins())
		for s.pool.Sweep(horizon, sweepStep).More {
		}
		s.pool.Epoch(s.epoch.Add(1))
		s.pool.Reclaim(s.epoch.Load(), math.MaxInt)
	}
	p.since += writes
	p.last = last
	return nil
}

// flushReplayed brings what was replayed up to last into the sorted store, where it is
// as much as a generation.
func (s *Store) flushReplayed(last uint64) error {
	if !s.pool.Backed() || s.pool.FreshBytes() < s.limits.flush {
		return nil
	}
	s.pool.Settle()
	if err := s.haveDisk(); err != nil {
		return err
	}
	s.published.Store(last)
	g := s.pool.Freeze(last)
	if _, err := s.pool.Flush(context.Background(), g, min(s.live.raise(s.historyBegins()), last)); err != nil {
		return err
	}
	s.pool.Stored(g)
	s.checkpoints.logged.add(-s.checkpoints.logged.get())
	for rounds := 0; rounds < 2 && s.pool.Load() > s.limits.memory; {
		s.pool.Epoch(s.epoch.Add(1))
		if s.pool.Trim(math.MaxUint64, math.MaxUint64, sweepStep).Versions == 0 && s.pool.Evict(evictLeaves).Round {
			rounds++
		}
		s.pool.Reclaim(s.epoch.Load(), math.MaxInt)
	}
	return nil
}
