// Package transactions keeps the transactions that clients hold over several
// requests.
//
// It promises that a transaction runs one step at a time; that a step with a number
// can be sent again and is not done twice; that a commit can be asked for again, and
// gives the same outcome as long as it is remembered; and that a transaction that
// nobody uses ends by itself, rolled back, and says why for a while. It owns a timer
// for each transaction and no goroutine. It refuses more transactions than it is told
// to keep, in all and from one client.
//
//	open ──Enter/Leave──▶ open ──Commit──▶ committed | failed
//	  └──Rollback, idle, too old, Close──▶ rolled back
package transactions

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// Tx is a transaction that is kept. Its methods are called one at a time.
type Tx interface {
	Commit(ctx context.Context) (txn.Timestamp, error)
	Rollback()
	// Failed says that it can only be rolled back, as a whole or to a savepoint.
	Failed() bool
	// IdleTimeout is how long it is to wait for its next step, where that was changed
	// in it; else 0.
	IdleTimeout() time.Duration
}

// Options tunes a Registry. The zero value gives the defaults.
type Options struct {
	// Max is the most transactions that are open at once. Default 1000.
	Max int
	// MaxPerClient is the most of one client. Default 200.
	MaxPerClient int
	// Idle is how long a transaction waits for its next step where the client does not
	// say. Default 30 s.
	Idle time.Duration
	// MaxIdle is the most that a client may ask for. Default 10 min.
	MaxIdle time.Duration
	// MaxAge is how long a transaction may stay open in all. Default 1 h.
	MaxAge time.Duration
	// Keep is how long the outcome is remembered. Default 10 min.
	Keep time.Duration
	// KeepAnswers bounds the memory of answers that are kept for steps that are sent
	// again. Default 64 MiB.
	KeepAnswers int64
	// Ended, where set, is told of every transaction that ends. It must not block.
	Ended func(id string, outcome State, reason string)
}

func (o Options) withDefaults() Options {
	def := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.Idle, 30*time.Second)
	def(&o.MaxIdle, 10*time.Minute)
	def(&o.MaxAge, time.Hour)
	def(&o.Keep, 10*time.Minute)
	if o.Max <= 0 {
		o.Max = 1000
	}
	if o.MaxPerClient <= 0 {
		o.MaxPerClient = 200
	}
	if o.KeepAnswers <= 0 {
		o.KeepAnswers = 64 << 20
	}
	o.Idle = min(o.Idle, o.MaxIdle)
	return o
}

// State is where a transaction is in its life.
type State string

// The states.
const (
	Open       State = "open"
	Committed  State = "committed"
	RolledBack State = "rolled back"
	Failed     State = "failed" // the commit was refused or its outcome is not known
)

// Registry keeps transactions by id. Safe for concurrent use.
type Registry struct {
	opts Options
	run  string // begins the ids of this run of the server

	// mu guards the maps and every field of entry below its own mark. It is held over
	// nothing that blocks: not over a step, a commit or a rollback.
	mu struct {
		sync.Mutex
		all     map[string]*entry // open ones and remembered ones
		clients map[string]int    // open ones by client
		open    int
		answers int64 // bytes of kept answers
		closed  bool
	}
}

// New returns an empty registry.
func New(opts Options) *Registry {
	r := &Registry{opts: opts.withDefaults(), run: random(4)}
	r.mu.all, r.mu.clients = map[string]*entry{}, map[string]int{}
	return r
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// entry is one transaction.
type entry struct {
	Info
	idle time.Duration
	tx   Tx // nil once it has ended

	// Below: under Registry.mu.
	busy   *Step         // the step or the end that runs
	free   chan struct{} // closed when busy ends
	timer  *time.Timer   // of idleness while open, of forgetting afterwards
	seq    int64         // of the last numbered step
	digest Digest        // of its request
	answer *Answer       // of it; nil where it was too large to keep
	err    error         // why the commit failed
}

// Info is what can be told of a transaction.
type Info struct {
	ID        string
	Client    string
	Database  string
	Isolation string
	ReadOnly  bool
	Created   time.Time
	Expires   time.Time // when it ends by itself if nothing more comes; of an ended one: when it is forgotten
	State     State
	Reason    string // why it ended
	Steps     int64
	Running   bool
	Aborted   bool          // a statement failed
	CommitTS  txn.Timestamp // 0 where nothing was written
}

// Ask is what a client wants of a new transaction.
type Ask struct {
	Client    string
	Database  string
	Isolation string
	ReadOnly  bool
	Idle      time.Duration // 0: the default
}

// Open begins a transaction and keeps it.
func (r *Registry) Open(ask Ask, begin func() (Tx, error)) (Info, error) {
	if ask.Idle == 0 {
		ask.Idle = r.opts.Idle
	}
	if ask.Idle < time.Millisecond || ask.Idle > r.opts.MaxIdle {
		return Info{}, dberr.New(dberr.ErrInvalid, "INVALID_FIELD", `field "idle_timeout_ms" is %d, want 1 to %d`, ask.Idle.Milliseconds(), r.opts.MaxIdle.Milliseconds()).
			WithField("idle_timeout_ms")
	}
	if err := r.reserve(ask.Client); err != nil {
		return Info{}, err
	}
	tx, err := begin()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && r.mu.closed {
		tx.Rollback() // it has done nothing yet, so this does not block
		err = errStopping()
	}
	if err != nil {
		r.releaseLocked(ask.Client)
		return Info{}, err
	}
	now := time.Now()
	e := &entry{tx: tx, idle: ask.Idle, Info: Info{ID: r.run + "-" + random(12), Client: ask.Client, Database: ask.Database, Isolation: ask.Isolation,
		ReadOnly: ask.ReadOnly, Created: now, State: Open}}
	r.mu.all[e.ID] = e
	r.waitLocked(e)
	return e.Info, nil
}

func (r *Registry) reserve(client string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	full := func(what string, n int, key string) error {
		return dberr.New(dberr.ErrUnavailable, "TOO_MANY_TRANSACTIONS", "%s %d transactions open, as many as are allowed", what, n).
			WithHint("End one, wait for one to expire, or raise %s.", key)
	}
	switch {
	case r.mu.closed:
		return errStopping()
	case r.mu.open >= r.opts.Max:
		return full("the server has", r.mu.open, "server.max_transactions")
	case r.mu.clients[client] >= r.opts.MaxPerClient:
		return full("this client has", r.mu.clients[client], "server.max_transactions_per_client")
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
	return dberr.SQL(dberr.StateAdminShutdown, "the server is stopping and begins no transactions").WithHint("Retry on another server, or once it is back.")
}

// waitLocked sets the time at which an open transaction ends by itself.
func (r *Registry) waitLocked(e *entry) {
	now := time.Now()
	e.Expires = now.Add(e.idle)
	if last := e.Created.Add(r.opts.MaxAge); last.Before(e.Expires) {
		e.Expires = last
	}
	if e.timer != nil {
		e.timer.Stop()
	}
	e.timer = time.AfterFunc(max(e.Expires.Sub(now), 0), func() { r.expire(e) })
}

// expire rolls back a transaction whose time is over, unless it is at work.
func (r *Registry) expire(e *entry) {
	r.mu.Lock()
	if e.State != Open || e.busy != nil || time.Now().Before(e.Expires) {
		r.mu.Unlock() // it was used meanwhile, and has another timer
		return
	}
	reason := "it waited longer than its idle timeout of " + e.idle.String() + " for a next step"
	if time.Since(e.Created) >= r.opts.MaxAge {
		reason = "it was open for longer than the maximum of " + r.opts.MaxAge.String()
	}
	tx := r.endLocked(e, RolledBack, reason)
	r.mu.Unlock()
	tx.Rollback()
	r.tell(e.ID, RolledBack, reason)
}

// endLocked makes an open transaction a remembered one and returns what is to be
// rolled back, where it was not committed.
func (r *Registry) endLocked(e *entry, s State, reason string) Tx {
	tx := e.tx
	e.tx, e.State, e.Reason = nil, s, reason
	r.releaseLocked(e.Client)
	r.dropAnswerLocked(e)
	if e.timer != nil {
		e.timer.Stop()
	}
	e.Expires = time.Now().Add(r.opts.Keep)
	e.timer = time.AfterFunc(r.opts.Keep, func() {
		r.mu.Lock()
		delete(r.mu.all, e.ID)
		r.mu.Unlock()
	})
	return tx
}

func (r *Registry) tell(id string, s State, reason string) {
	if r.opts.Ended != nil {
		r.opts.Ended(id, s, reason)
	}
}

// Get tells of one transaction, open or remembered.
func (r *Registry) Get(id string) (Info, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.mu.all[id]
	if e == nil {
		return Info{}, r.unknown(id)
	}
	return e.infoLocked(), nil
}

func (e *entry) infoLocked() Info {
	i := e.Info
	i.Running = e.busy != nil
	if e.tx != nil && e.busy == nil {
		i.Aborted = e.tx.Failed()
	}
	return i
}

// List tells of all open transactions, oldest first.
func (r *Registry) List() []Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Info
	for _, e := range r.mu.all {
		if e.State == Open {
			list = append(list, e.infoLocked())
		}
	}
	sortInfos(list)
	return list
}

// Elsewhere says that an id was given out by another run of the server, or by none.
func (r *Registry) Elsewhere(id string) bool {
	return !strings.HasPrefix(id, r.run+"-")
}

// unknown says what is known of an id that is not here.
func (r *Registry) unknown(id string) error {
	if len(id) == len(r.run)+1+24 && r.Elsewhere(id) && isHex(id) {
		return gone("the transaction is not of this run of the server: it was rolled back when the server stopped, unless its commit was acknowledged")
	}
	return dberr.New(dberr.ErrNotFound, "TRANSACTION_NOT_FOUND", "there is no transaction %q, or it ended more than %v ago", shorten(id), r.opts.Keep).
		WithHint("POST /api/v1/transactions begins one.")
}

func isHex(id string) bool {
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c != '-' || i != 8) {
			return false
		}
	}
	return true
}

func gone(format string, args ...any) error {
	return dberr.New(dberr.ErrInvalid, "TRANSACTION_ENDED", format, args...).WithHint("Begin another one and run all of it again.")
}

func shorten(s string) string {
	if len(s) > 64 {
		return s[:61] + "..."
	}
	return s
}

// Close rolls back every open transaction and refuses new ones. It returns how many
// there were. Steps that still run are waited for.
func (r *Registry) Close(ctx context.Context, reason string) (n int) {
	r.mu.Lock()
	r.mu.closed = true
	var open []*entry
	for _, e := range r.mu.all {
		if e.State == Open {
			open = append(open, e)
		}
	}
	r.mu.Unlock()
	for _, e := range open {
		if _, err := r.abort(ctx, e, reason); err == nil {
			n++
		}
	}
	r.mu.Lock()
	for _, e := range r.mu.all {
		if e.State != Open {
			e.timer.Stop()
		}
	}
	r.mu.Unlock()
	return n
}
