package kv_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/txn"
)

// modelEntry is a key of the plain map that the model check compares with.
type modelEntry struct {
	value   string
	expires time.Time // zero: never
	version txn.Timestamp
	created time.Time
}

// model is the map: what a bucket ought to be.
type model struct {
	fixture
	r    *rand.Rand
	keys map[string]modelEntry
	ttl  time.Duration // default of the bucket
}

func (m *model) alive(key string) (modelEntry, bool) {
	e, ok := m.keys[key]
	if ok && !e.expires.IsZero() && !e.expires.After(m.now.Now()) {
		return modelEntry{}, false
	}
	return e, ok
}

func (m *model) key() string {
	return strings.Repeat("k", m.r.IntN(3)) + string([]byte{byte(m.r.IntN(4)) * 85}) + strconv.Itoa(m.r.IntN(8))
}

// set notes a write that succeeded.
func (m *model) set(key string, e kv.Entry, value string, expires time.Time) {
	old, was := m.alive(key)
	created := e.Updated
	if was {
		created = old.created
	}
	if e.Version == 0 || e.Created != created {
		m.t.Fatalf("key %q was written as %+v, want created %v", key, e, created)
	}
	m.keys[key] = modelEntry{value: value, expires: expires, version: e.Version, created: created}
}

// ttlOption draws the TTL of a write and says when it ends.
func (m *model) ttlOption(key string) (o kv.PutOptions, expires time.Time) {
	after := func(d time.Duration) time.Time {
		if d <= 0 {
			return time.Time{}
		}
		return m.now.Now().Add(d)
	}
	old, was := m.alive(key)
	switch m.r.IntN(4) {
	case 0:
		o.TTL = time.Duration(1+m.r.IntN(20)) * time.Second
		return o, after(o.TTL)
	case 1:
		o.TTL = kv.NoTTL
		return o, time.Time{}
	case 2:
		o.KeepTTL = true
		if was {
			return o, old.expires
		}
	}
	return o, after(m.ttl)
}

// step does one random thing to both.
func (m *model) step() {
	ctx, key := context.Background(), m.key()
	old, was := m.alive(key)
	must := func(err error) {
		if err != nil {
			m.t.Fatalf("key %q: %v", key, err)
		}
	}
	switch m.r.IntN(12) {
	case 0, 1, 2:
		o, expires := m.ttlOption(key)
		value := strconv.Itoa(m.r.IntN(1000))
		e, err := m.Put(ctx, "b", []byte(key), kv.JSON([]byte(value)), o)
		must(err)
		m.set(key, e, value, expires)
	case 3:
		o, expires := m.ttlOption(key)
		e, err := m.Touch(ctx, "b", []byte(key), o)
		if !was {
			if err == nil {
				m.t.Fatalf("touched key %q, which is not there", key)
			}
			return
		}
		must(err)
		m.set(key, e, old.value, expires)
	case 4:
		existed, err := m.Delete(ctx, "b", []byte(key), kv.Condition{})
		must(err)
		if existed != was {
			m.t.Fatalf("delete of %q says %v, want %v", key, existed, was)
		}
		delete(m.keys, key)
	case 5:
		n, e, err := m.Increment(ctx, "b", []byte(key), 7, kv.PutOptions{})
		must(err)
		want, _ := strconv.Atoi(old.value)
		if int(n) != want+7 {
			m.t.Fatalf("increment of %q gives %d, want %d", key, n, want+7)
		}
		expires := old.expires
		if !was && m.ttl > 0 {
			expires = m.now.Now().Add(m.ttl)
		}
		m.set(key, e, strconv.Itoa(want+7), expires)
	case 6:
		o := kv.PutOptions{TTL: kv.NoTTL, If: kv.IfVersion(old.version)}
		e, err := m.Put(ctx, "b", []byte(key), kv.JSON([]byte("1")), o)
		if was != (err == nil) {
			m.t.Fatalf("conditional put of %q: %v", key, err)
		}
		if was {
			m.set(key, e, "1", time.Time{})
		}
	case 7:
		_, err := m.Put(ctx, "b", []byte(key), kv.JSON([]byte("1")), kv.PutOptions{If: kv.IfVersion(old.version + 1)})
		if err == nil {
			m.t.Fatalf("put of %q on a version that it has not", key)
		}
	case 8:
		m.now.Advance(time.Duration(m.r.IntN(6)) * time.Second)
	case 9:
		_, err := m.Sweep(ctx)
		must(err)
	case 10:
		m.ttl = time.Duration(m.r.IntN(3)) * 10 * time.Second
		_, err := m.AlterBucket(ctx, "b", kv.BucketOptions{DefaultTTL: m.ttl})
		must(err)
	case 11:
		m.compareList()
	}
	m.compareKey(key)
}

func (m *model) compareKey(key string) {
	e, ok, err := m.Get(context.Background(), "b", []byte(key))
	if err != nil {
		m.t.Fatal(err)
	}
	want, there := m.alive(key)
	if ok != there || ok && (string(e.Value.Data) != want.value || !e.Expires.Equal(want.expires) || e.Version != want.version || !e.Created.Equal(want.created)) {
		m.t.Fatalf("key %q is %+v %v, want %+v %v", key, e, ok, want, there)
	}
}

// compareList reads a random range in pages and compares it with the map.
func (m *model) compareList() {
	o := kv.PageOptions{Limit: 1 + m.r.IntN(5)}
	o.Reverse, o.KeysOnly = m.r.IntN(2) == 0, m.r.IntN(2) == 0
	if m.r.IntN(2) == 0 {
		o.Prefix = []byte(m.key())[:1]
	}
	if m.r.IntN(2) == 0 {
		o.Start = []byte(m.key())
	}
	if m.r.IntN(2) == 0 {
		o.End = []byte(m.key())
	}
	var got []string
	for {
		p, err := m.List(context.Background(), "b", o)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, e := range p.Entries {
			got = append(got, string(e.Key)+"="+string(e.Value.Data))
		}
		if o.Cursor = p.Next; o.Cursor == "" {
			break
		}
	}
	var want []string
	var keys []string
	for key := range m.keys {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if o.Reverse {
		slices.Reverse(keys)
	}
	for _, key := range keys {
		e, ok := m.alive(key)
		if !ok || !strings.HasPrefix(key, string(o.Prefix)) || key < string(o.Start) || o.End != nil && key >= string(o.End) {
			continue
		}
		if o.KeysOnly {
			e.value = ""
		}
		want = append(want, key+"="+e.value)
	}
	if !slices.Equal(got, want) {
		m.t.Fatalf("range %+v has %q, want %q", o, got, want)
	}
	if n, err := m.Count(context.Background(), "b", o.Range); err != nil || n != int64(len(want)) {
		m.t.Fatalf("range %+v counts %d, want %d: %v", o, n, len(want), err)
	}
}

// TestModel runs random histories against a map.
func TestModel(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			m := &model{fixture: open(t, kv.Options{}), r: rand.New(rand.NewPCG(seed, 1)), keys: map[string]modelEntry{}}
			if _, err := m.CreateBucket(t.Context(), "b", kv.BucketOptions{}); err != nil {
				t.Fatal(err)
			}
			for range 1000 {
				m.step()
			}
			m.compareList()
			m.now.Advance(time.Hour)
			if _, err := m.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			alive := 0
			for key := range m.keys {
				if _, ok := m.alive(key); ok {
					alive++
				}
			}
			if n := m.records(); n != bucketRecords+alive {
				t.Errorf("%d records are left for %d keys without a TTL", n, alive)
			}
		})
	}
}
