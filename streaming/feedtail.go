package streaming

import (
	"context"
	"runtime"
	"sort"
	"sync"
	"time"

	"github.com/weftdb/weft/storage/txn"
)

// feedLinger is how long the end of a feed is kept in memory after somebody asked for it.
const feedLinger = 30 * time.Second

// feedTail is the end of a feed that is followed: its last messages, made once for all.
// A goroutine reads on whenever something was committed; who needs what is committed now
// calls catchUp.
type feedTail struct {
	core  *core
	key   feedKey
	users int         // under feeds.mu
	drop  *time.Timer // ends it where it has no users; under feeds.mu
	ctx   context.Context
	quit  context.CancelFunc

	// work is held by who reads on. Taken before mu.
	work   sync.Mutex
	reader *feedReader
	batch  []*Message // room for what some returns

	mu struct {
		sync.Mutex
		messages []*Message
		bytes    int
		from     uint64        // of the messages from this offset on, none is missing
		news     chan struct{} // closed, and replaced, when there is more
		ended    error         // why there is no more
		parked   []parked      // the last one used last
	}
}

// parked is a reader of the past whom nobody uses now. Groups that are far behind read on
// with every pull; without it each would look through the history from its place to the end.
type parked struct {
	reader *feedReader
	list   []*Message // that it has read and nobody has had
	from   uint64     // no message from here on is missing in list, or read already
}

// maxParked bounds the readers that a feed keeps, each of which may hold a part of the history.
const maxParked = 2

// park keeps a reader for who goes on where it is.
func (t *feedTail) park(p parked) {
	t.mu.Lock()
	var drop *feedReader
	if t.mu.ended != nil {
		drop = p.reader
	} else {
		if t.mu.parked = append(t.mu.parked, p); len(t.mu.parked) > maxParked {
			drop, t.mu.parked = t.mu.parked[0].reader, append([]parked(nil), t.mu.parked[1:]...)
		}
	}
	t.mu.Unlock()
	if drop != nil {
		drop.close()
	}
}

// unpark returns a reader that gives all messages from an offset on, and none before it.
func (t *feedTail) unpark(from uint64) (p parked, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.mu.parked {
		p = t.mu.parked[i]
		if p.from > from || from > uint64(p.reader.src.Position())+1 {
			continue
		}
		t.mu.parked = append(append([]parked(nil), t.mu.parked[:i]...), t.mu.parked[i+1:]...)
		for len(p.list) > 0 && p.list[0].Offset < from {
			p.list = p.list[1:]
		}
		return p, true
	}
	return parked{}, false
}

// joinFeed finds the tail of a feed as a transaction has seen it at a time, or makes it.
func (c *core) joinFeed(f Feed, at txn.Timestamp) (*feedTail, error) {
	key := feedKey{f.Database(), f.Object()}
	c.feeds.mu.Lock()
	defer c.feeds.mu.Unlock()
	if c.feeds.mu.closed {
		return nil, errClosed
	}
	t := c.feeds.mu.tails[key]
	if t == nil {
		t = &feedTail{core: c, key: key}
		t.ctx, t.quit = context.WithCancel(context.Background())
		var err error
		if t.reader, err = follow(t.ctx, c.txns, f, at); err != nil {
			t.quit()
			return nil, err
		}
		t.mu.from = uint64(at) + 1
		t.mu.news = make(chan struct{})
		t.drop = time.AfterFunc(feedLinger, func() { c.feeds.dropIdle(t) })
		if c.feeds.mu.tails == nil {
			c.feeds.mu.tails = map[feedKey]*feedTail{}
		}
		c.feeds.mu.tails[key] = t
		c.feeds.work.Go(t.run)
	}
	t.users++
	t.drop.Stop()
	return t, nil
}

func (fs *feeds) leave(t *feedTail) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if t.users--; t.users == 0 {
		t.drop.Reset(feedLinger)
	}
}

func (fs *feeds) dropIdle(t *feedTail) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if t.users == 0 {
		fs.forgetLocked(t)
	}
}

func (fs *feeds) forgetLocked(t *feedTail) {
	t.quit()
	t.drop.Stop()
	if fs.mu.tails[t.key] == t {
		delete(fs.mu.tails, t.key)
	}
}

// forget gives up a tail that has ended: who comes now finds out by itself why.
func (fs *feeds) forget(t *feedTail) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.forgetLocked(t)
}

func (fs *feeds) close() {
	fs.mu.Lock()
	fs.mu.closed = true
	for _, t := range fs.mu.tails {
		fs.forgetLocked(t)
	}
	fs.mu.Unlock()
	fs.work.Wait()
}

// run reads on until the tail is given up.
func (t *feedTail) run() {
	defer func() {
		t.work.Lock()
		defer t.work.Unlock()
		t.reader.close()
		t.end(errClosed)
	}()
	for {
		t.work.Lock()
		more := t.reader.src.More()
		t.work.Unlock()
		select {
		case <-t.ctx.Done():
			return
		case <-more:
		}
		runtime.Gosched() // where others have work, there is more to take in at once behind it
		if !t.advance() {
			t.core.feeds.forget(t)
			return
		}
	}
}

// advance takes in what was committed, and says whether there may be more.
func (t *feedTail) advance() bool {
	t.work.Lock()
	defer t.work.Unlock()
	for {
		t.mu.Lock()
		ended := t.mu.ended
		t.mu.Unlock()
		if ended != nil {
			return false
		}
		list, err := t.some()
		if len(list) > 0 {
			t.add(list)
		}
		if err != nil {
			if t.ctx.Err() != nil {
				err = errClosed
			}
			t.end(err)
			return false
		}
		if len(list) < feedBatch {
			return true
		}
	}
}

// feedBatch is after how many messages subscribers are woken, where there are more.
const feedBatch = 64

// some reads the messages of the next commits.
func (t *feedTail) some() (list []*Message, err error) {
	list = t.batch[:0]
	t.reader.press.rest()
	for had := -1; had < len(list) && len(list) < feedBatch && err == nil; {
		had = len(list)
		list, err = t.reader.more(t.ctx, list)
	}
	if t.batch = nil; cap(list) <= 2*feedBatch {
		t.batch = list
	}
	return list, err
}

// catchUp takes in all that is visible now, and returns up to where that is.
func (t *feedTail) catchUp() txn.Timestamp {
	at := t.core.txns.LastCommit()
	t.core.txns.Settle()
	t.advance()
	return at
}

// add takes in the messages of commits.
func (t *feedTail) add(list []*Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := &t.core.opts
	for _, m := range list {
		t.mu.bytes += m.size()
	}
	t.mu.messages = append(t.mu.messages, list...)
	drop := 0
	for len(t.mu.messages)-drop > max(o.FeedMessages, len(list)) || t.mu.bytes > o.FeedBytes && len(t.mu.messages)-drop > len(list) {
		t.mu.bytes -= t.mu.messages[drop].size()
		t.mu.from = t.mu.messages[drop].Offset + 1
		drop++
	}
	t.mu.messages = t.mu.messages[drop:]
	t.wakeLocked()
}

func (t *feedTail) wakeLocked() {
	close(t.mu.news)
	t.mu.news = make(chan struct{})
}

func (t *feedTail) end(why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.ended == nil {
		t.mu.ended = why
		t.wakeLocked()
	}
	for _, p := range t.mu.parked {
		p.reader.close()
	}
	t.mu.parked = nil
}

// take returns what the tail has from an offset on. Where that is nothing: behind says
// that the history may have it, and news is closed when there may be more.
func (t *feedTail) take(from uint64, most int) (list []*Message, behind bool, news <-chan struct{}, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if from < t.mu.from {
		return nil, true, nil, nil
	}
	i := sort.Search(len(t.mu.messages), func(i int) bool { return t.mu.messages[i].Offset >= from })
	list = t.mu.messages[i:]
	if len(list) == 0 {
		return nil, false, t.mu.news, t.mu.ended
	}
	return list[:min(len(list), most):min(len(list), most)], false, nil, nil
}

// at returns the first message of the commits at a time and after it; known says that
// where there is none in the tail there is none at all.
func (t *feedTail) at(at txn.Timestamp) (m *Message, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if uint64(at) < t.mu.from {
		return nil, false
	}
	i := sort.Search(len(t.mu.messages), func(i int) bool { return t.mu.messages[i].Timestamp >= at })
	if i == len(t.mu.messages) {
		return nil, true
	}
	return t.mu.messages[i], true
}

// watch returns a channel that is closed when something happens.
func (t *feedTail) watch() (<-chan struct{}, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.news, t.mu.ended
}
