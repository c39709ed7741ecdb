// Package cursors keeps results of queries that clients fetch page by page.
//
// It promises that all pages of a cursor come from one run of its query, and so from one
// snapshot; that the query goes no further than the page that is asked for; that the page
// that was given last can be asked for again until the one behind it is, so that an answer
// that was lost costs nothing; that a page says whether it is the last one; and that a
// cursor that nobody uses ends by itself and says why for a while. Of each cursor it holds
// one page, whose rows and bytes are bounded, and what the operators of its query hold.
//
// It owns a goroutine for each query that has not ended, and timers. It refuses more
// cursors than it is told to keep, in all and from one client, and pages out of turn: a
// cursor goes forward only.
//
//	Open ──▶ open ──Page…──▶ complete ──Close, idle──▶ closed
//	           └──Close──▶ closed    └──idle, too old──▶ expired    └──an error──▶ failed
package cursors

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/vec"
)

// Options tunes a Registry. The zero value gives the defaults.
type Options struct {
	// Max is the most cursors that are open at once. Default 200.
	Max int
	// MaxPerClient is the most of one client. Default 50.
	MaxPerClient int
	// PageRows is the number of rows of a page where the client does not say. Default 1000.
	PageRows int
	// MaxPageRows is the most that a client may ask for. Default 100,000.
	MaxPageRows int
	// PageBytes is the size at which a page ends however few its rows are. A row that is
	// larger is a page of its own. Default 1 MiB.
	PageBytes int64
	// PageTime is how long a page may take to make where the client does not say. Default
	// 30 s; negative means no bound but MaxAge.
	PageTime time.Duration
	// Idle is how long a cursor waits for a request where the client does not say. Default 60 s.
	Idle time.Duration
	// MaxIdle is the most that a client may ask for. Default 10 min.
	MaxIdle time.Duration
	// MaxAge is how long a cursor may be open in all. Default 1 h.
	MaxAge time.Duration
	// Keep is how long it is remembered how one has ended. Default 10 min.
	Keep time.Duration
}

func (o Options) withDefaults() Options {
	def := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	count := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	count(&o.Max, 200)
	count(&o.MaxPerClient, 50)
	count(&o.PageRows, 1000)
	count(&o.MaxPageRows, 100_000)
	if o.PageBytes <= 0 {
		o.PageBytes = 1 << 20
	}
	if o.PageTime == 0 {
		o.PageTime = 30 * time.Second
	}
	def(&o.Idle, time.Minute)
	def(&o.MaxIdle, 10*time.Minute)
	def(&o.MaxAge, time.Hour)
	def(&o.Keep, 10*time.Minute)
	if o.PageTime < 0 {
		o.PageTime = o.MaxAge
	}
	o.Idle = min(o.Idle, o.MaxIdle)
	return o
}

// State is where a cursor is in its life.
type State string

// The states.
const (
	Open    State = "open"
	Closed  State = "closed"  // by its client
	Expired State = "expired" // nobody used it for too long, or it was open for too long
	Failed  State = "failed"  // its query failed
)

// Info is what can be told of a cursor.
type Info struct {
	ID       string
	Client   string
	Database string
	SQL      string
	Columns  []query.Column
	PageRows int
	Created  time.Time
	Expires  time.Time // when it ends by itself if nothing more comes; of an ended one: when it is forgotten
	State    State
	Reason   string // why it ended
	Page     int64  // number of the last page that was made; 0 before the first
	Rows     int64  // in the pages so far
	Complete bool   // the last page has been made
	Running  bool   // a page is being made
}

// Page is a part of a result.
type Page struct {
	Number int64 // from 1
	Rows   *vec.Batch
	Last   bool
}

// Ask is what a client wants of a new cursor.
type Ask struct {
	Client   string
	Database string
	SQL      string
	PageRows int           // 0: the default
	Idle     time.Duration // 0: the default
	PageTime time.Duration // 0: the default
}

// Registry keeps cursors by id. Safe for concurrent use.
type Registry struct {
	opts Options

	// mu guards the maps and every field of cursor below its own mark. It is held over
	// nothing that blocks.
	mu struct {
		sync.Mutex
		all     map[string]*cursor // open ones and remembered ones
		clients map[string]int     // open ones by client
		open    int
		closed  bool
	}
}

// New returns an empty registry.
func New(opts Options) *Registry {
	r := &Registry{opts: opts.withDefaults()}
	r.mu.all, r.mu.clients = map[string]*cursor{}, map[string]int{}
	return r
}

// cursor is one result on its way.
type cursor struct {
	r      *Registry
	ctx    context.Context // of its query
	cancel context.CancelCauseFunc
	ask    Ask
	wants  chan struct{} // a page is wanted; holds one
	begun  chan struct{} // closed once the columns are there, or the query has ended before
	gone   chan struct{} // closed once the query has ended

	// Below: under Registry.mu, and before begun is closed the query's own.
	Info
	page  *Page         // the one made last, until the next is wanted
	made  chan struct{} // closed once the page that is being made is there, or none will be; nil: none is
	timer *time.Timer   // of idleness or of the page while open, of forgetting afterwards
	age   *time.Timer
	err   error // why it failed
}

// Run runs a query until it has ended.
type Run func(ctx context.Context, sink query.Sink) error

// Open starts a query and keeps its cursor once its columns are known. No row of it has
// been read then.
func (r *Registry) Open(ctx context.Context, ask Ask, run Run) (Info, error) {
	if err := r.settle(&ask); err != nil {
		return Info{}, err
	}
	if err := r.reserve(ask.Client); err != nil {
		return Info{}, err
	}
	c := &cursor{r: r, ask: ask, wants: make(chan struct{}, 1), begun: make(chan struct{}), gone: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.Info = Info{ID: newID(), Client: ask.Client, Database: ask.Database, SQL: ask.SQL, PageRows: ask.PageRows, Created: time.Now()} // of no state yet: it may end before it is anybody's
	opening := time.AfterFunc(ask.PageTime, func() { c.cancel(errSlow(ask.PageTime)) })
	go c.run(run)
	select {
	case <-c.begun:
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // though its query has begun, too
		c.cancel(dberr.New(dberr.ErrCanceled, "CANCELED", "the request was given up").Wrap(context.Cause(ctx)))
		<-c.begun
	}
	opening.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.err == nil {
		switch {
		case c.ctx.Err() != nil:
			c.err = context.Cause(c.ctx)
		case r.mu.closed:
			c.err = errStopping()
			c.cancel(c.err)
		}
	}
	if c.err != nil {
		r.releaseLocked(ask.Client)
		return Info{}, c.err
	}
	c.State = Open
	r.mu.all[c.ID] = c
	c.age = time.AfterFunc(r.opts.MaxAge, func() {
		r.end(c, Expired, "it was open for longer than the maximum of "+r.opts.MaxAge.String(), nil)
	})
	c.waitLocked()
	return c.Info, nil
}

// settle holds what a client asks for against the limits.
func (r *Registry) settle(ask *Ask) error {
	if ask.PageRows == 0 {
		ask.PageRows = min(r.opts.PageRows, r.opts.MaxPageRows)
	}
	if ask.PageRows < 1 || ask.PageRows > r.opts.MaxPageRows {
		return dberr.New(dberr.ErrInvalid, "INVALID_FIELD", `field "page_rows" is %d, want 1 to %d`, ask.PageRows, r.opts.MaxPageRows).WithField("page_rows")
	}
	if ask.Idle == 0 {
		ask.Idle = r.opts.Idle
	}
	if ask.Idle < time.Millisecond || ask.Idle > r.opts.MaxIdle {
		return dberr.New(dberr.ErrInvalid, "INVALID_FIELD", `field "idle_timeout_ms" is %d, want 1 to %d`, ask.Idle.Milliseconds(), r.opts.MaxIdle.Milliseconds()).
			WithField("idle_timeout_ms")
	}
	if ask.PageTime == 0 {
		ask.PageTime = r.opts.PageTime
	}
	return nil
}

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (r *Registry) reserve(client string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	full := func(what string, n int, key string) error {
		return dberr.New(dberr.ErrUnavailable, "TOO_MANY_CURSORS", "%s %d cursors open, as many as are allowed", what, n).
			WithHint("Close one, wait for one to expire, or raise %s.", key)
	}
	switch {
	case r.mu.closed:
		return errStopping()
	case r.mu.open >= r.opts.Max:
		return full("the server has", r.mu.open, "server.max_cursors")
	case r.mu.clients[client] >= r.opts.MaxPerClient:
		return full("this client has", r.mu.clients[client], "server.max_cursors_per_client")
	}
	r.mu.open++
	r.mu.clients[client]++
	return nil
}

func (r *Registry) releaseLocked(client string) {
	r.mu.open--
	if r.mu.clients[client]--; r.mu.clients[client] == 0 {
		delete(r.mu.clients, client)
	}
}

func errStopping() error {
	return dberr.SQL(dberr.StateAdminShutdown, "the server is stopping and opens no cursors").WithHint("Retry on another server, or once it is back.")
}

func errSlow(limit time.Duration) error {
	return dberr.New(dberr.ErrTimeout, "TIMEOUT", "a page of the cursor took longer than %v", limit).
		WithHint("Raise timeout_ms, or ask for fewer rows in a page.")
}

// Page gives page n: the one that was given last, or the one behind it, which is made
// now. Where ctx ends it goes on being made, and can be asked for again.
func (r *Registry) Page(ctx context.Context, id string, n int64) (Page, Info, error) {
	for {
		p, info, made, err := r.ready(id, n)
		if made == nil || err != nil {
			return p, info, err
		}
		select {
		case <-made:
		case <-ctx.Done():
			return Page{}, Info{}, dberr.New(dberr.ErrCanceled, "CANCELED", "the request was given up").Wrap(context.Cause(ctx))
		}
	}
}

// ready gives a page that is there, or what tells when it will be.
func (r *Registry) ready(id string, n int64) (p Page, i Info, made <-chan struct{}, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.mu.all[id]
	switch {
	case c == nil:
		return p, i, nil, unknown(id)
	case c.State != Open:
		return p, i, nil, c.endedLocked()
	case c.page != nil && n == c.Page:
		c.waitLocked()
		return *c.page, c.Info, nil, nil
	case n <= c.Page:
		return p, i, nil, dberr.New(dberr.ErrExists, "CURSOR_PAGE_PASSED", "page %d is not kept any more: page %d has been asked for", n, n+1).
			WithHint("A cursor goes forward only; open another one to begin again.")
	case c.Complete:
		return p, i, nil, dberr.New(dberr.ErrNotFound, "CURSOR_PAGE_NOT_FOUND", "page %d is not there: page %d was the last one", n, c.Page)
	case n > c.Page+1:
		return p, i, nil, dberr.New(dberr.ErrInvalid, "CURSOR_PAGE_OUT_OF_TURN", "page %d is not the next one, which is page %d", n, c.Page+1).
			WithHint("Fetch the pages one after the other.")
	}
	if c.made == nil {
		c.wantLocked()
	}
	return p, i, c.made, nil
}

// wantLocked has the next page made.
func (c *cursor) wantLocked() {
	c.page, c.made, c.Running = nil, make(chan struct{}), true
	c.timer.Stop()
	c.timer = time.AfterFunc(c.ask.PageTime, func() { c.cancel(errSlow(c.ask.PageTime)) })
	c.Expires = c.Created.Add(c.r.opts.MaxAge)
	c.wants <- struct{}{}
}

// waitLocked sets the time at which an open cursor ends by itself.
func (c *cursor) waitLocked() {
	now := time.Now()
	c.Expires = now.Add(c.ask.Idle)
	if last := c.Created.Add(c.r.opts.MaxAge); last.Before(c.Expires) {
		c.Expires = last
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = time.AfterFunc(c.ask.Idle, func() { c.r.expire(c) })
}

// expire ends a cursor that was not used for too long.
func (r *Registry) expire(c *cursor) {
	r.mu.Lock()
	late := c.State == Open && c.made == nil && !time.Now().Before(c.Expires)
	r.mu.Unlock()
	if late {
		r.end(c, Expired, "it waited longer than its idle timeout of "+c.ask.Idle.String()+" for a request", nil)
	}
}

// end makes an open cursor a remembered one.
func (r *Registry) end(c *cursor, s State, reason string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.State != Open {
		return
	}
	c.State, c.Reason, c.err, c.page, c.Running = s, reason, err, nil, false
	c.timer.Stop()
	c.age.Stop()
	if c.made != nil {
		close(c.made)
		c.made = nil
	}
	c.cancel(dberr.New(dberr.ErrCanceled, "CANCELED", "the cursor has ended"))
	r.releaseLocked(c.Client)
	c.Expires = time.Now().Add(r.opts.Keep)
	c.timer = time.AfterFunc(r.opts.Keep, func() {
		r.mu.Lock()
		delete(r.mu.all, c.ID)
		r.mu.Unlock()
	})
}

// endedLocked is the error of a request that comes too late.
func (c *cursor) endedLocked() error {
	if c.err != nil {
		return c.err
	}
	return dberr.New(dberr.ErrInvalid, "CURSOR_ENDED", "the cursor has ended: %s", c.Reason).WithHint("Open another one.")
}

func unknown(id string) error {
	if len(id) > 80 {
		id = id[:80] + "…"
	}
	return dberr.New(dberr.ErrNotFound, "CURSOR_NOT_FOUND", "there is no cursor %q", strings.ToValidUTF8(id, "?")).
		WithHint("It may have ended long ago, or with another run of the server. Open another one.")
}

// Get tells of one cursor, open or remembered.
func (r *Registry) Get(id string) (Info, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.mu.all[id]
	if c == nil {
		return Info{}, unknown(id)
	}
	return c.Info, nil
}

// List tells of the open cursors, oldest first.
func (r *Registry) List() []Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []Info{}
	for _, c := range r.mu.all {
		if c.State == Open {
			list = append(list, c.Info)
		}
	}
	slices.SortFunc(list, func(a, b Info) int { return a.Created.Compare(b.Created) })
	return list
}

// Close ends a cursor and returns once its query has ended too. Closed again it says so again.
func (r *Registry) Close(ctx context.Context, id string) (Info, error) {
	r.mu.Lock()
	c := r.mu.all[id]
	r.mu.Unlock()
	if c == nil {
		return Info{}, unknown(id)
	}
	r.end(c, Closed, "as asked for", nil)
	select {
	case <-c.gone:
	case <-ctx.Done():
	}
	return r.Get(id)
}

// Cancel fails the page that is being made or will be made next, and with it the cursor:
// whoever cancels the request for a page cannot know how far it has come. A cursor whose
// last page has been made stays.
func (r *Registry) Cancel(id string, cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.mu.all[id]; c != nil {
		c.cancel(cause)
	}
}

// EndAll ends all cursors, waits for their queries until ctx ends, and returns how many
// there were.
func (r *Registry) EndAll(ctx context.Context, reason string) int {
	r.mu.Lock()
	var all []*cursor
	for _, c := range r.mu.all {
		if c.State == Open {
			all = append(all, c)
		}
	}
	r.mu.Unlock()
	for _, c := range all {
		r.end(c, Expired, reason, nil)
	}
	for _, c := range all {
		select {
		case <-c.gone:
		case <-ctx.Done():
		}
	}
	return len(all)
}

// Shut is EndAll, after which none can be opened.
func (r *Registry) Shut(ctx context.Context, reason string) int {
	r.mu.Lock()
	r.mu.closed = true
	r.mu.Unlock()
	return r.EndAll(ctx, reason)
}
