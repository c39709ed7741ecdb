package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/weftdb/weft/bench/load"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
)

// The figures of documents. PostgreSQL keeps the same JSON in a column of type jsonb,
// with the same indexes and the same durability.

type documentBench struct {
	config
	dir string
	pg  *postgres // nil where none is installed
}

func benchDocument(c config) error {
	dir, err := os.MkdirTemp("", "weft-document")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	b := &documentBench{config: c, dir: dir}
	if c.part != "scan" {
		if b.pg, err = startPostgres(dir); err != nil {
			fmt.Printf("PostgreSQL is left out: %v\n", err)
			b.pg = nil
		} else {
			defer b.pg.stop()
		}
	}
	return c.steps("Documents", step{"insert", b.inserts}, step{"find", b.finds}, step{"scan", b.scan})
}

// appendPerson appends document i: a few fields, and a text that fills it up to size.
func appendPerson(dst []byte, i, size int) []byte {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	from := len(dst)
	dst = fmt.Appendf(dst, `{"_id":"p%09d","email":"person%d@example.org","group":%d,"age":%d,"score":%.3f,"active":%v,"tags":["t%d","t%d"],"address":{"city":"city %d","zip":"%05d"},"about":"`,
		i, i, i%1000, 18+r.IntN(70), r.Float64()*1000, r.IntN(2) == 0, r.IntN(50), r.IntN(50), r.IntN(500), r.IntN(100_000))
	for len(dst)-from < size-2 {
		dst = fmt.Appendf(dst, "%x ", r.Uint64())
	}
	return append(dst[:max(from+size-2, len(dst)-17)], `"}`...)
}

const personIndexes = `CREATE UNIQUE INDEX ON %[1]s ((data->>'email')); CREATE INDEX ON %[1]s (((data->>'group')::int), ((data->>'age')::int))`

func (b *documentBench) makeCollection(p *process, name string) error {
	_, err := load.RunEach(p.addr, 1, 1, func(int) []byte {
		return load.Request("POST", p.addr, "/api/v1/documents/collections", fmt.Appendf(nil, `{"name":%q,"indexes":[{"fields":["email"],"unique":true},{"fields":["group","age"]}]}`, name))
	})
	return err
}

// inserts is 1 KB documents in batches of 100 from one client, synced: JSON over HTTP on
// one side, statements with literals over a socket on the other.
func (b *documentBench) inserts() error {
	w, stop, err := startWeft(b.config)
	if err != nil {
		return err
	}
	defer stop()
	batches := 300
	if b.rounds == 1 {
		batches = 50
	}
	var ours, peer []float64
	for round := range b.rounds {
		name := fmt.Sprintf("people%d", round)
		if err := b.makeCollection(w, name); err != nil {
			return err
		}
		requests, statements := make([][]byte, batches), []byte{}
		for i := range requests {
			body, values := []byte(`{"documents":[`), []byte("INSERT INTO "+name+" VALUES ")
			for j := range 100 {
				if j > 0 {
					body, values = append(body, ','), append(values, ',')
				}
				body = appendPerson(body, i*100+j, 1024)
				values = append(appendPerson(fmt.Appendf(values, "('p%09d','", i*100+j), i*100+j, 1024), "')"...)
			}
			requests[i] = load.Request("POST", w.addr, "/api/v1/documents/collections/"+name+"/batch-insert", append(body, "]}"...))
			statements = append(append(statements, values...), ";\n"...)
		}
		r, err := load.RunEach(w.addr, 1, batches, func(i int) []byte { return requests[i] })
		if err != nil {
			return err
		}
		ours = append(ours, float64(batches*100)/r.Elapsed.Seconds())
		if b.pg == nil {
			continue
		}
		file := filepath.Join(b.dir, "insert.sql")
		if err := os.WriteFile(file, statements, 0o644); err != nil {
			return err
		}
		if _, err := timed(b.pg.psql("-c", "CREATE TABLE "+name+" (id text PRIMARY KEY, data jsonb NOT NULL)", "-c", fmt.Sprintf(personIndexes, name))); err != nil {
			return err
		}
		took, err := timed(b.pg.psql("-f", file))
		if err != nil {
			return err
		}
		peer = append(peer, float64(batches*100)/took.Seconds())
	}
	row("insert 1 KB, 2 indexes, batches of 100, synced, 1 client", rate(median(ours)), "PostgreSQL jsonb "+rate(median(peer)), times(median(ours), median(peer)), "≥ 2 ×")
	return nil
}

// personBytes is the size of a document of the large collection.
const personBytes = 300

// finds looks up by an index, and for a range in order, of a large collection.
func (b *documentBench) finds() error {
	w, stop, err := startWeft(b.config, "--set", "storage.durability=interval", "--set", "storage.buffer_bytes=4GiB")
	if err != nil {
		return err
	}
	defer stop()
	if err := b.fillPeople(w); err != nil {
		return err
	}
	const url = "/api/v1/documents/collections/people/query"
	for _, work := range []struct {
		name   string
		next   func() []byte
		script string
	}{
		{"find by an indexed field", func() []byte {
			return fmt.Appendf(nil, `{"filter":{"email":"person%d@example.org"}}`, rand.IntN(b.docs))
		}, fmt.Sprintf("\\set i random(0, %d)\nSELECT data FROM people WHERE data->>'email' = 'person' || :i || '@example.org';\n", b.docs-1)},
		{"range, sort, limit 20", func() []byte {
			return fmt.Appendf(nil, `{"filter":{"group":%d,"age":{"$gte":%d}},"sort":{"age":1},"limit":20}`, rand.IntN(1000), 18+rand.IntN(40))
		}, "\\set g random(0, 999)\n\\set a random(18, 57)\nSELECT data FROM people WHERE (data->>'group')::int = :g AND (data->>'age')::int >= :a ORDER BY (data->>'age')::int LIMIT 20;\n"},
	} {
		file := filepath.Join(b.dir, "find.sql")
		if err := os.WriteFile(file, []byte(work.script), 0o644); err != nil {
			return err
		}
		for _, clients := range []int{1, conns} {
			var ours, peer perCore
			for range b.rounds {
				before := cpu(w.cmd.Process.Pid)
				r, err := load.Run(w.addr, clients, b.round, func(int, int64) []byte { return load.Request("POST", w.addr, url, work.next()) })
				if err != nil {
					return err
				}
				ours.add(r.Requests, r.Elapsed, cpu(w.cmd.Process.Pid)-before)
				if b.pg == nil {
					continue
				}
				if err := b.pg.pgbenchAs(&peer, b.round, clients, "synchronous_commit=on", "-n", "-M", "prepared", "-f", file); err != nil {
					return err
				}
			}
			name := fmt.Sprintf("%s of %d documents, %d clients", work.name, b.docs, clients)
			row(name, rate(median(ours.rates)), "PostgreSQL jsonb "+rate(median(peer.rates)), times(median(ours.rates), median(peer.rates)), "≥ 2 ×")
			if clients > 1 {
				row("the same, per core of the server", rate(median(ours.cores)), "PostgreSQL jsonb "+rate(median(peer.cores)), times(median(ours.cores), median(peer.cores)), "")
			}
		}
	}
	return nil
}

// fillPeople loads the large collection on both sides.
func (b *documentBench) fillPeople(w *process) error {
	if err := b.makeCollection(w, "people"); err != nil {
		return err
	}
	const batch = 1000
	r, err := load.RunEach(w.addr, 4, b.docs/batch, func(n int) []byte {
		body := []byte(`{"documents":[`)
		for i := range batch {
			if i > 0 {
				body = append(body, ',')
			}
			body = appendPerson(body, n*batch+i, personBytes)
		}
		return load.Request("POST", w.addr, "/api/v1/documents/collections/people/batch-insert", append(body, "]}"...))
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "loaded %d documents in %v\n", b.docs, r.Elapsed.Round(time.Millisecond))
	if b.pg == nil {
		return nil
	}
	file := filepath.Join(b.dir, "people.copy")
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	var buf []byte
	for i := range b.docs {
		buf = append(appendPerson(fmt.Appendf(buf, "p%09d\t", i), i, personBytes), '\n')
		if len(buf) > 1<<20 || i == b.docs-1 {
			if _, err := f.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	_, err = timed(b.pg.psql("-c", "CREATE TABLE people (id text PRIMARY KEY, data jsonb NOT NULL)", "-c", `\copy people from '`+file+`'`,
		"-c", fmt.Sprintf(personIndexes, "people"), "-c", "VACUUM ANALYZE people"))
	return err
}

// scan counts by fields that no index has, in process: bytes of JSON a second on one
// core, and on two.
func (b *documentBench) scan() error {
	db, done, err := b.embedded(false)
	if err != nil {
		return err
	}
	defer done()
	ctx, docs := context.Background(), db.Documents()
	n := min(b.docs/5, 200_000)
	total := 0
	for from := 0; from < n; from += 1000 {
		list := make([]doc.Value, 0, 1000)
		for i := from; i < min(from+1000, n); i++ {
			text := appendPerson(nil, i, 1024)
			total += len(text)
			v, err := doc.Parse(text)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		if _, _, err := docs.InsertMany(ctx, "people", list); err != nil {
			return err
		}
	}
	for _, work := range []struct{ name, filter string }{
		{"a number in a range", `{"score":{"$gt":400,"$lt":405}}`},
		{"a nested text", `{"address.city":"city 77"}`},
		{"two of them, and an array", `{"$or":[{"tags":"t7"},{"address.zip":{"$startsWith":"123"}}],"active":true}`},
	} {
		f, err := match.Parse([]byte(work.filter))
		if err != nil {
			return err
		}
		for _, clients := range []int{1, 2} {
			var speeds []float64
			for range b.rounds {
				speed, err := scanRound(ctx, docs, f, clients, total, b.round/2)
				if err != nil {
					return err
				}
				speeds = append(speeds, speed)
			}
			goal := ""
			if clients == 1 {
				goal = "≥ 400 MB/s"
			}
			row(fmt.Sprintf("scan by %s, %d goroutines", work.name, clients), fmt.Sprintf("%.0f MB/s", median(speeds)/1e6), "", "", goal)
		}
	}
	return nil
}

// scanRound counts again and again, and gives bytes a second.
func scanRound(ctx context.Context, docs *document.Store, f *match.Filter, clients, total int, d time.Duration) (float64, error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	scans, start := 0, time.Now()
	for range clients {
		wg.Go(func() {
			for n := 0; ; n++ {
				_, err := docs.Count(ctx, "people", f)
				mu.Lock()
				scans++
				if err != nil && first == nil {
					first = err
				}
				stop := first != nil || time.Since(start) > d
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(scans) * float64(total) / time.Since(start).Seconds(), first
}
