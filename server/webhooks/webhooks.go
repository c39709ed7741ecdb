// Package webhooks sends the messages of channels to HTTP endpoints.
//
// It promises that every message of a channel that a webhook wants is sent until the
// endpoint takes it with a status of 2xx, or it was sent as often as the webhook says and
// is a dead letter; that this goes on where it was after a restart, since how far a
// webhook is, and when what is sent again, are records of its group; that each request is
// signed by the secret of the webhook; and that no request goes to an address that is not
// public, unless it is allowed. The address is looked at when it is dialed, after its
// name was resolved, so no answer of a name server leads inside.
//
// It owns a goroutine for each webhook. It follows no redirect, uses no proxy, and
// reads of an answer no more than its status.
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/streaming"
)

// Options tunes a Sender.
type Options struct {
	// Allow are the networks that may be sent to though they are not public.
	Allow []netip.Prefix
	// Encode renders a message as the body of a request.
	Encode func(m *streaming.Message) []byte
	// Failed, where set, is told of each attempt in vain.
	Failed func(channel, webhook string, err error)
	// Agent is the User-Agent of requests.
	Agent string
}

// Sender sends for webhooks. Safe for concurrent use.
type Sender struct {
	opts   Options
	client *http.Client
	ctx    context.Context
	end    context.CancelFunc
	work   sync.WaitGroup

	mu struct {
		sync.Mutex
		hooks  map[id]*hook
		closed bool
	}
}

// id names a webhook.
type id struct{ database, channel, name string }

// hook is a webhook that is sent for.
type hook struct {
	w     streaming.Webhook
	store *streaming.Store
	// ordered says that messages with the same key are sent one after the other. Known once
	// it runs.
	ordered bool
	end     context.CancelFunc
	done    chan struct{}

	mu sync.Mutex
	st Status
}

// Status is what became of a webhook's requests in this life of the server.
type Status struct {
	Delivered, Failed int64
	LastTime          time.Time // of the last attempt
	LastError         string    // of the last one, empty where it went well
}

// New returns a sender that sends nothing until Add.
func New(opts Options) *Sender {
	s := &Sender{opts: opts}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.mu.hooks = map[id]*hook{}
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: guard(opts.Allow)}
	s.client = &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: streaming.WebhookParallel, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// Add begins to send for a webhook of a database; one that is there is replaced.
func (s *Sender) Add(database string, store *streaming.Store, w streaming.Webhook) {
	key := id{database, w.Channel, w.Name}
	for s.mu.Lock(); s.mu.hooks[key] != nil; s.mu.Lock() { // others may add it, too
		s.mu.Unlock()
		s.Remove(database, w.Channel, w.Name)
	}
	defer s.mu.Unlock()
	if s.mu.closed {
		return
	}
	ctx, end := context.WithCancel(s.ctx)
	h := &hook{w: w, store: store, end: end, done: make(chan struct{})}
	s.mu.hooks[key] = h
	s.work.Go(func() {
		defer close(h.done)
		defer end()
		s.run(ctx, h)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.mu.hooks[key] == h {
			delete(s.mu.hooks, key)
		}
	})
}

// Remove stops sending for a webhook, and returns once nothing more is sent.
func (s *Sender) Remove(database, channel, name string) {
	s.mu.Lock()
	h := s.mu.hooks[id{database, channel, name}]
	s.mu.Unlock()
	if h != nil {
		h.end()
		<-h.done
	}
}

// RemoveAll stops sending, as for all webhooks, until some are added again.
func (s *Sender) RemoveAll() {
	s.mu.Lock()
	var list []*hook
	for _, h := range s.mu.hooks {
		list = append(list, h)
	}
	s.mu.Unlock()
	for _, h := range list {
		h.end()
	}
	for _, h := range list {
		<-h.done
	}
}

// Allows says whether an address may be sent to.
func (s *Sender) Allows(a netip.Addr) bool { return Allowed(a, s.opts.Allow) }

// Status tells of a webhook; ok is false where none is sent for.
func (s *Sender) Status(database, channel, name string) (st Status, ok bool) {
	s.mu.Lock()
	h := s.mu.hooks[id{database, channel, name}]
	s.mu.Unlock()
	if h == nil {
		return st, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.st, true
}

// Close stops sending, and returns once nothing more is sent. What is under way counts
// as not taken, and is sent again in the next life.
func (s *Sender) Close() {
	s.mu.Lock()
	s.mu.closed = true
	s.mu.Unlock()
	s.end()
	s.work.Wait()
	s.client.CloseIdleConnections()
}

const (
	pullWait   = time.Minute
	pullAgain  = time.Second // after an error that may pass
	memberName = "webhook"
)

// run sends until the webhook is gone.
func (s *Sender) run(ctx context.Context, h *hook) {
	for lost := true; ; { // what an earlier life was given and did not end
		if lost {
			if err := h.begin(ctx); err != nil && ctx.Err() == nil {
				s.failed(h, err)
				if !sleep(ctx, pullAgain) {
					return
				}
				continue
			}
			lost = false
		}
		list, err := h.store.Pull(ctx, h.w.Channel, h.w.GroupName(), streaming.PullOptions{Max: streaming.WebhookParallel, Wait: pullWait, Member: memberName})
		switch {
		case ctx.Err() != nil || errors.Is(err, dberr.ErrNotFound):
			return // it is removed, or the server stops
		case err != nil:
			s.failed(h, err)
			if !sleep(ctx, pullAgain) {
				return
			}
		default:
			lost = s.sendAll(ctx, h, list)
		}
	}
}

// begin finds out what the group is like, and has nothing be out that is not sent.
func (h *hook) begin(ctx context.Context) error {
	g, err := h.store.Group(ctx, h.w.Channel, h.w.GroupName())
	if errors.Is(err, dberr.ErrNotFound) {
		return nil // the webhook is gone, which the pull finds
	}
	if err != nil {
		return err
	}
	if h.ordered = g.Options.Ordered; !h.ordered {
		return nil
	}
	return h.giveBack(ctx)
}

// giveBack gives back all that was handed out and neither acknowledged nor given back, of a
// webhook in the order of keys: the group goes on behind what its member has.
func (h *hook) giveBack(ctx context.Context) error {
	err := h.store.Leave(ctx, h.w.Channel, h.w.GroupName(), memberName)
	if e := dberr.As(err); errors.Is(err, dberr.ErrNotFound) || e != nil && e.Code == "NOT_ORDERED" {
		return nil // nothing was handed out yet, or the webhook is gone, which the pull finds
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sendAll sends messages at once, in the order of keys those with the same key one after
// the other. It says whether one is lost: the group was not told what became of it.
func (s *Sender) sendAll(ctx context.Context, h *hook, list []streaming.Handed) (lost bool) {
	var untold atomic.Bool
	queues := map[string][]streaming.Handed{}
	var all sync.WaitGroup
	for i, m := range list {
		key := "k" + m.Key
		if m.Key == "" || !h.ordered {
			key = strconv.Itoa(i)
		}
		queues[key] = append(queues[key], m)
	}
	for _, q := range queues {
		all.Go(func() {
			for _, m := range q {
				taken, told := s.sendOne(ctx, h, m)
				if !told {
					untold.Store(true)
				}
				if m.Key != "" && !(taken && told) {
					return // those behind it come again with it
				}
			}
		})
	}
	all.Wait()
	return untold.Load()
}

// sendOne sends a message, and says whether it was taken and the group was told.
func (s *Sender) sendOne(ctx context.Context, h *hook, m streaming.Handed) (taken, told bool) {
	err := s.post(ctx, h, m)
	if ctx.Err() != nil {
		return false, false
	}
	h.mu.Lock()
	h.st.LastTime, h.st.LastError = time.Now(), ""
	if err != nil {
		h.st.Failed++
		h.st.LastError = err.Error()
	} else {
		h.st.Delivered++
	}
	h.mu.Unlock()
	if err == nil {
		_, err := h.store.Ack(ctx, h.w.Channel, h.w.GroupName(), m.AckID)
		if err != nil && ctx.Err() == nil {
			s.failed(h, fmt.Errorf("offset %d was taken, and will be sent again: %w", m.Offset, err))
		}
		return true, err == nil
	}
	s.failed(h, fmt.Errorf("offset %d, attempt %d: %w", m.Offset, m.Delivery, err))
	_, err = h.store.Nack(ctx, h.w.Channel, h.w.GroupName(), backoff(&h.w, m.Delivery), m.AckID)
	if err != nil && ctx.Err() == nil {
		s.failed(h, err) // it comes again when its time is over, or in order of keys at once
	}
	return false, err == nil
}

func (s *Sender) failed(h *hook, err error) {
	if s.opts.Failed != nil {
		s.opts.Failed(h.w.Channel, h.w.Name, err)
	}
}

// backoff is the wait after an attempt: it doubles, up to the longest, with a quarter of
// chance taken off.
func backoff(w *streaming.Webhook, attempt int) time.Duration {
	d := w.Backoff
	for i := 1; i < attempt && d < w.MaxBackoff; i++ {
		d *= 2
	}
	d = min(d, w.MaxBackoff)
	return d - time.Duration(rand.Int64N(int64(d)/4+1))
}

// post sends a message once.
func (s *Sender) post(ctx context.Context, h *hook, m streaming.Handed) error {
	ctx, cancel := context.WithTimeout(ctx, h.w.Timeout)
	defer cancel()
	body := s.opts.Encode(m.Message)
	req, err := newRequest(ctx, &h.w, m, body, time.Now())
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", s.opts.Agent)
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	io.CopyN(io.Discard, res.Body, 4<<10) //nolint:errcheck // so that the connection can be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the endpoint answered %s", res.Status)
	}
	return nil
}
