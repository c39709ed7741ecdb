package feeds_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/server/webhooks"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/streaming"
)

const stressFeed = "cdc.default.src"

// stress is writers, members of groups that die, a follower and a webhook over several
// lives of a store, and what each of them has had.
type stress struct {
	t     *testing.T
	seed  uint64
	disk  *vfs.Mem
	url   string
	news  chan struct{} // something was had
	over  atomic.Bool   // the life ends, so errors say nothing
	await atomic.Int64  // how often something is to be had before the plug is pulled
	full  chan struct{} // closed then

	mu struct {
		sync.Mutex
		life     int             // changes as the plug is pulled
		acked    map[string]bool // what writers were told is there
		seen     map[string]int  // by members at least once
		posted   map[string]int  // to the webhook
		followed map[string]int  // in the changes
		next     uint64          // where the follower goes on; 0: at first
	}
}

func (s *stress) poke() {
	if s.await.Add(-1) == 0 {
		close(s.full)
	}
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// note does something in what is had, unless the plug was pulled since life.
func (s *stress) note(life int, fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.life == life {
		fn()
	}
	s.poke()
}

// failed tells of an error; false where the life has ended.
func (s *stress) failed(what string, err error) bool {
	if err == nil || s.over.Load() {
		return err != nil
	}
	s.t.Errorf("seed %d: %s: %v", s.seed, what, err)
	return true
}

// endpoint is where the webhook sends: it fails at random, also after it took a message.
func (s *stress) endpoint() http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		rnd := rand.New(rand.NewPCG(s.seed, uint64(n.Add(1))))
		if rnd.IntN(4) == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var m struct {
			Data struct {
				ID string `json:"id"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &m); err != nil || m.Data.ID == "" {
			s.t.Errorf("the webhook sends %s", body)
		}
		s.mu.Lock()
		s.mu.posted[m.Data.ID]++
		s.mu.Unlock()
		s.poke()
		if rnd.IntN(6) == 0 {
			panic(http.ErrAbortHandler) // it took the message, and the answer is lost
		}
	})
}

// open opens the store and makes what is missing.
func (s *stress) open(ctx context.Context) (*weft.DB, *webhooks.Sender) {
	s.t.Helper()
	db, err := weft.Open("d", weft.Options{FS: s.disk})
	if err != nil {
		s.t.Fatalf("seed %d: %v", s.seed, err)
	}
	made := func(err error) {
		s.t.Helper()
		if err != nil && !errors.Is(err, weft.ErrExists) {
			s.t.Fatalf("seed %d: %v", s.seed, err)
		}
	}
	st := db.Streaming()
	_, err = db.Exec(ctx, `CREATE TABLE IF NOT EXISTS src (id text PRIMARY KEY); CREATE TABLE IF NOT EXISTS effects (grp text, id text);
		CREATE TABLE IF NOT EXISTS newest (w text PRIMARY KEY, n int)`)
	made(err)
	_, err = st.CreateChannel(ctx, "events", streaming.ChannelOptions{Partitions: 4})
	made(err)
	quick := streaming.GroupOptions{AckWait: 300 * time.Millisecond, MaxDeliver: streaming.NoLimit, MaxInFlight: 50}
	_, err = st.CreateGroup(ctx, "events", "plain", streaming.Earliest, quick)
	made(err)
	_, err = st.CreateGroup(ctx, stressFeed, "changes", streaming.Earliest, quick)
	made(err)
	quick.Ordered, quick.MemberTimeout = true, 300*time.Millisecond
	_, err = st.CreateGroup(ctx, "events", "ordered", streaming.Earliest, quick)
	made(err)
	_, err = st.CreateWebhook(ctx, streaming.Webhook{Channel: "events", Name: "hook", URL: s.url, Secret: []byte("a secret of some length"), Timeout: 100 * time.Millisecond, Backoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond},
		streaming.WebhookOptions{From: streaming.Earliest, MaxAttempts: streaming.NoLimit})
	made(err)
	sender := webhooks.New(webhooks.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Encode: func(m *streaming.Message) []byte { return []byte(`{"data":` + string(m.Data) + `}`) }})
	hook, err := st.Webhook(ctx, "events", "hook")
	made(err)
	sender.Add("default", st, hook)
	return db, sender
}

// write writes rows, each with a message, until there are enough.
func (s *stress) write(ctx context.Context, db *weft.DB, life, writer int, left *atomic.Int64) {
	name := fmt.Sprintf("%d.%d", life, writer)
	for n := 0; ctx.Err() == nil && left.Add(-1) >= 0; n++ {
		id := fmt.Sprintf("%s.%d", name, n)
		err := db.Update(ctx, func(tx *weft.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO src VALUES ($1)", id); err != nil {
				return err
			}
			_, err := tx.Streaming().Publish(ctx, "events", streaming.Content{Key: name, JSON: true, Data: fmt.Appendf(nil, `{"id":%q,"w":%q,"n":%d}`, id, name, n)})
			return err
		})
		if s.failed("write", err) {
			return
		}
		s.note(life, func() { s.mu.acked[id] = true })
	}
}

// event is the data of a message, or the row of a change.
type stressEvent struct {
	ID    string       `json:"id"`
	W     string       `json:"w"`
	N     int          `json:"n"`
	After *stressEvent `json:"after"`
}

func (s *stress) event(m *streaming.Message) stressEvent {
	var e stressEvent
	if err := json.Unmarshal(m.Data, &e); err != nil {
		s.t.Errorf("seed %d: a message has %s", s.seed, m.Data)
	}
	if e.After != nil {
		return *e.After
	}
	return e
}

// member pulls from a group, and dies now and then with what it has: another takes its
// place. Some were but slow, and go on with that when others may have had it.
func (s *stress) member(ctx context.Context, db *weft.DB, channel, group string, rnd *rand.Rand, take func(list []streaming.Handed) error) {
	var slow []streaming.Handed
	for pulls := 0; ctx.Err() == nil; {
		name := fmt.Sprintf("m%d", rnd.Uint32())
		for ctx.Err() == nil {
			list, err := db.Streaming().Pull(ctx, channel, group, streaming.PullOptions{Max: 1 + rnd.IntN(12), Wait: 200 * time.Millisecond, Member: name})
			if ctx.Err() != nil || s.failed("pull from "+group, err) {
				return
			}
			if pulls++; len(list) > 0 && rnd.IntN(8) == 0 {
				if pulls > 4 {
					slow, pulls = list, 0
				}
				break
			}
			if pulls == 4 {
				list, slow = append(list, slow...), nil
			}
			if err := take(list); ctx.Err() != nil || s.failed("take from "+group, err) {
				return
			}
		}
	}
}

// atLeastOnce notes messages and acknowledges them after that; some it gives back.
func (s *stress) atLeastOnce(ctx context.Context, db *weft.DB, rnd *rand.Rand) func(list []streaming.Handed) error {
	return func(list []streaming.Handed) error {
		var done, back []string
		for _, h := range list {
			if rnd.IntN(10) == 0 {
				back = append(back, h.AckID)
				continue
			}
			id := s.event(h.Message).ID
			s.mu.Lock()
			s.mu.seen[id]++
			s.mu.Unlock()
			done = append(done, h.AckID)
		}
		s.poke()
		_, err := db.Streaming().Ack(ctx, "events", "plain", done...)
		if err == nil && len(back) > 0 {
			_, err = db.Streaming().Nack(ctx, "events", "plain", 0, back...)
		}
		return err
	}
}

// once writes the effect of a message with its acknowledgement. Of an ordered group it
// holds the order of each writer.
func (s *stress) once(ctx context.Context, db *weft.DB, channel, group string) func(list []streaming.Handed) error {
	return func(list []streaming.Handed) error {
		for _, h := range list {
			e := s.event(h.Message)
			err := db.Update(ctx, func(tx *weft.Tx) error {
				if _, err := tx.Streaming().Ack(ctx, channel, group, h.AckID); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, "INSERT INTO effects VALUES ($1, $2)", group, e.ID); err != nil || e.W == "" {
					return err
				}
				n, err := tx.Exec(ctx, "INSERT INTO newest VALUES ($1, $2) ON CONFLICT (w) DO UPDATE SET n = EXCLUDED.n WHERE newest.n < EXCLUDED.n", e.W, e.N)
				if err == nil && n != 1 {
					return fmt.Errorf("message %s comes after a later one of its key", e.ID)
				}
				return err
			})
			var problem *weft.Error
			if errors.As(err, &problem) && problem.Code == "ACK_STALE" {
				err = nil // another has it
			}
			if err != nil {
				return err
			}
			s.poke()
		}
		return nil
	}
}

// follow reads the changes from where it was before the plug was pulled.
func (s *stress) follow(ctx context.Context, db *weft.DB, life int) {
	s.mu.Lock()
	from := streaming.Earliest
	if s.mu.next != 0 {
		from = streaming.AtOffset(s.mu.next)
	}
	s.mu.Unlock()
	sub, err := db.Streaming().Subscribe(ctx, stressFeed, streaming.SubscribeOptions{From: from})
	if s.failed("follow", err) {
		return
	}
	defer sub.Close()
	for {
		d, err := sub.Next(ctx)
		if ctx.Err() != nil || s.failed("follow", err) {
			return
		}
		s.note(life, func() {
			for _, m := range d.Messages {
				s.mu.followed[s.event(m).ID]++
			}
			s.mu.next = d.Next
		})
	}
}

// live is one life. It ends with a power failure once so many messages were
// written and about half of what comes of them is done, or where that is 0 with all done.
func (s *stress) live(life, messages int) {
	s.t.Helper()
	s.over.Store(false)
	s.mu.Lock()
	s.mu.life = life
	s.mu.Unlock()
	s.full = make(chan struct{})
	s.await.Store(int64(3 * messages)) // of five times that
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	began := time.Now()
	db, sender := s.open(ctx)
	defer func() { s.t.Logf("life %d of %d took %v", life, messages, time.Since(began)) }()
	rnd := func(n int) *rand.Rand { return rand.New(rand.NewPCG(s.seed, uint64(life*100+n))) }
	var work sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(messages))
	for i := 0; i < 3 && messages > 0; i++ {
		work.Go(func() { s.write(ctx, db, life, i, &left) })
	}
	for i := range 2 {
		r := rnd(10 + i)
		work.Go(func() { s.member(ctx, db, "events", "plain", r, s.atLeastOnce(ctx, db, r)) })
		work.Go(func() { s.member(ctx, db, stressFeed, "changes", rnd(20+i), s.once(ctx, db, stressFeed, "changes")) })
	}
	for i := range 3 {
		work.Go(func() { s.member(ctx, db, "events", "ordered", rnd(30+i), s.once(ctx, db, "events", "ordered")) })
	}
	work.Go(func() { s.follow(ctx, db, life) })
	if messages > 0 {
		select {
		case <-s.full:
		case <-time.After(5 * time.Minute):
			s.t.Fatalf("seed %d: %d more was to be had", s.seed, s.await.Load())
		}
	} else {
		s.finish(db)
	}
	s.mu.Lock()
	s.mu.life = -1
	if messages > 0 {
		r := rnd(0)
		s.disk = s.disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
	}
	s.over.Store(true)
	s.mu.Unlock()
	cancel()
	sender.Close()
	work.Wait()
	if err := db.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// finish waits until all have had all, and holds what they had against what there is.
func (s *stress) finish(db *weft.DB) {
	s.t.Helper()
	over := time.After(5 * time.Minute)
	for {
		missing := s.missing(db)
		if missing == "" {
			break
		}
		select {
		case <-s.news:
		case <-over:
			s.t.Fatalf("seed %d: %s", s.seed, missing)
		}
	}
	count := func(sql string) (n int64) {
		s.t.Helper()
		r, err := db.Query(s.t.Context(), sql)
		if err != nil {
			s.t.Fatal(err)
		}
		for v := range r.All() {
			n = v[0].(int64) //nolint:forcetypeassert // it counts
		}
		return n
	}
	all := count("SELECT count(*) FROM src")
	for _, sql := range []string{"SELECT count(*) FROM stream.events", "SELECT count(*) FROM effects WHERE grp = 'ordered'", "SELECT count(*) FROM effects WHERE grp = 'changes'"} {
		if n := count(sql); n != all {
			s.t.Errorf("seed %d: of %d messages %s gives %d", s.seed, all, sql, n)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.mu.followed {
		if n != 1 {
			s.t.Errorf("seed %d: the change %s was followed %d times", s.seed, id, n)
		}
	}
	if int64(len(s.mu.followed)) != all {
		s.t.Errorf("seed %d: %d changes were followed of %d", s.seed, len(s.mu.followed), all)
	}
}

// missing says who lacks a message that there is, or what was acknowledged and is not
// there; empty where nothing is missing.
func (s *stress) missing(db *weft.DB) string {
	s.t.Helper()
	r, err := db.Query(s.t.Context(), `SELECT id, (SELECT count(*) FROM effects e WHERE e.id = src.id AND grp = 'ordered'), (SELECT count(*) FROM effects e WHERE e.id = src.id AND grp = 'changes') FROM src`)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	there := map[string]bool{}
	for v := range r.All() {
		id := v[0].(string) //nolint:forcetypeassert // it is a text
		there[id] = true
		switch {
		case v[1] == int64(0):
			return "the ordered group lacks " + id
		case v[2] == int64(0):
			return "the group of changes lacks " + id
		case s.mu.seen[id] == 0:
			return "the plain group lacks " + id
		case s.mu.posted[id] == 0:
			return "the webhook lacks " + id
		case s.mu.followed[id] == 0:
			return "the follower lacks " + id
		}
	}
	for id := range s.mu.acked {
		if !there[id] {
			s.t.Fatalf("seed %d: %s was acknowledged, and is lost", s.seed, id)
		}
	}
	return ""
}

// TestStress runs writers, groups whose members die, a follower and a webhook whose
// endpoint fails, together, over power failures: nothing that was acknowledged is lost,
// at least once has everything, effectively once has it once and in order, and no
// goroutine is left.
func TestStress(t *testing.T) {
	lives, until := 4, time.Time{}
	if os.Getenv("WEFT_LONG") != "" {
		lives, until = 1, time.Now().Add(5*time.Minute)
	}
	before := runtime.NumGoroutine()
	seed := uint64(7)
	if lives == 1 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	s := &stress{t: t, seed: seed, disk: vfs.NewCrashableMem(), news: make(chan struct{}, 1)}
	s.mu.acked, s.mu.seen, s.mu.posted, s.mu.followed = map[string]bool{}, map[string]int{}, map[string]int{}, map[string]int{}
	server := httptest.NewServer(s.endpoint())
	s.url = server.URL
	rnd := rand.New(rand.NewPCG(seed, 0))
	life := 0
	for ; life < lives || time.Now().Before(until); life++ {
		s.live(life, 50+rnd.IntN(300))
		if t.Failed() {
			return
		}
		if life%10 == 9 { // what is left over does not grow for ever
			life++
			s.live(life, 0)
		}
	}
	s.live(life, 0)
	server.Close()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections() //nolint:forcetypeassert // it is one
	t.Logf("%d lives, %d messages", life+1, len(s.mu.followed))
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines are left, of %d before:\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
}
