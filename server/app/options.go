package app

import (
	"fmt"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/server/api"
	"github.com/weftdb/weft/server/cursors"
	"github.com/weftdb/weft/server/transactions"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/sorted"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/wal"
)

// apiOptions translates the configuration for the HTTP interface.
func (a *App) apiOptions() api.Options {
	s := a.cfg.Server
	o := api.Options{
		Version: a.opts.Version, Commit: a.opts.Commit, Log: a.opts.Log,
		AccessLevel: a.cfg.Log.AccessLevel, SlowRequest: a.cfg.Log.SlowRequest,
		PromQL: a.cfg.PromQL, BodyBytes: s.BodyBytes, ResultBytes: s.ResultBytes, MaxInFlight: s.MaxInFlight, CompressMin: int(s.CompressMin),
		CORSOrigins: s.CORSOrigins, Webhooks: a.sender, TempDir: a.cfg.Query.SpillDir,
		AnswerTTL: s.IdempotencyTTL,
		Transactions: transactions.Options{Max: s.MaxTransactions, MaxPerClient: s.MaxTransactionsPerClient, MaxIdle: s.TransactionMaxIdle, MaxAge: s.TransactionMaxAge,
			Ended: func(id string, state transactions.State, reason string) {
				a.opts.Log.Debug("transaction ended", "transaction", id, "state", string(state), "reason", reason)
			}},
		Cursors: cursors.Options{Max: s.MaxCursors, MaxPerClient: s.MaxCursorsPerClient, MaxIdle: s.CursorMaxIdle, MaxAge: s.CursorMaxAge,
			PageTime: a.cfg.Query.Timeout},
		Progress: func() api.Progress { return *a.progress.Load() },
	}
	if a.cfg.BackupDir() != "" {
		o.Backups = backups{a}
	}
	if a.cfg.Loopback() {
		o.Hosts = append([]string{}, s.AllowedHosts...)
	}
	return o
}

// dbOptions translates the configuration for the database and ties what it
// reports to the log and the metrics.
func (a *App) dbOptions() weft.Options {
	o := weft.Options{Storage: a.cfg.Storage, Query: a.cfg.Query, TimeSeries: a.cfg.TimeSeries}
	m := a.api.Metrics()
	o.Storage.Progress = func(p storage.Progress) {
		a.progress.Store(&api.Progress{Records: p.Records, Bytes: p.Bytes, LastCommit: p.Timestamp.Time()})
	}
	o.Storage.Events = txn.Events{
		Committed: func(txn.CommitInfo) { m.Commit() },
		Conflict:  m.Conflict,
		Checkpointed: func(c txn.CheckpointInfo) {
			a.opts.Log.Debug("checkpoint", "keys", c.Keys, "bytes", c.Bytes, "waited", c.Wait.String(), "took", c.Duration.String())
		},
		CheckpointFailed: func(err error) {
			a.opts.Log.Error("a checkpoint failed; it is tried again, and the log keeps what it was about", "error", err)
		},
		Stalled: func(d time.Duration) { a.opts.Log.Debug("commit waited for a checkpoint", "took", d.String()) },
	}
	o.Continuous.Failed = func(database, name string, err error) {
		a.opts.Log.Warn("a continuous query does not get on; it is tried again", "database", database, "query", name, "error", err)
	}
	o.Storage.SortedEvents = sorted.Events{
		BackgroundError: func(err error) { a.opts.Log.Error("work on the sorted store failed", "error", err) },
		Corrupt:         func(err error) { a.opts.Log.Error("the sorted store is damaged", "error", err) },
		Failed: func(err error) {
			a.opts.Log.Error("the sorted store failed; the store is read-only until it is opened again", "error", err)
		},
	}
	o.Storage.LogEvents = wal.Events{
		Wrote: func(w wal.WriteInfo) {
			m.LogWrite(w.Bytes)
			if w.Synced {
				m.Fsync(w.Duration)
			}
		},
		Stalled:       func(d time.Duration) { a.opts.Log.Debug("commit waited for the log", "took", d.String()) },
		PrepareFailed: func(err error) { a.opts.Log.Error("the next log segment could not be reserved", "error", err) },
		Failed: func(err error) {
			a.opts.Log.Error("the log failed; the store is read-only until it is opened again", "error", err)
		},
	}
	o.TimeSeries.Events.SealFailed = func(err error) {
		a.opts.Log.Error("points of time series could not be sealed; it is tried again, and nothing is lost meanwhile", "error", err)
	}
	o.Continuous.Failed = func(database, name string, err error) {
		a.opts.Log.Warn("a continuous query failed; it is tried again", "database", database, "name", name, "error", err)
	}
	o.Query.Events = query.Events{
		Statement:  func(s query.StatementEvent) { m.Planned(s.PlanCache) },
		Retry:      func(int) { m.Retry() },
		Background: func(err error) { a.opts.Log.Error("background work failed", "error", err) },
	}
	return o
}

// screen shows what a user needs to go on.
func (a *App) screen(rec storage.Recovery) {
	where := a.cfg.DataDir
	if a.cfg.Storage.Backend == storage.BackendMemory {
		where = "in memory, gone when the server stops"
	}
	fmt.Fprintf(a.opts.Out, "Weft %s\n\n", a.opts.Version)
	fmt.Fprintf(a.opts.Out, "  address   %s\n", a.URL())
	fmt.Fprintf(a.opts.Out, "  data      %s\n", where)
	fmt.Fprintf(a.opts.Out, "  recovery  %s\n", recovery(rec))
	switch {
	case a.cfg.Server.Dev:
		fmt.Fprintf(a.opts.Out, "  access    development: no users, everything is allowed\n")
	case a.cfg.Loopback():
		fmt.Fprintf(a.opts.Out, "  access    no users exist, so only this machine is served\n")
	default:
		fmt.Fprintf(a.opts.Out, "  access    WARNING: no users exist and other machines are served (--insecure-listen)\n")
	}
	fmt.Fprintf(a.opts.Out, "\nTry: curl -s %s/api/v1/query --json '{\"sql\":\"SELECT 1 + 1 AS two\"}'\nThe API is described at %s/docs\n", a.URL(), a.URL())
}

// recovery tells in one line what opening the store found.
func recovery(rec storage.Recovery) string {
	if rec.Created {
		return "a new store"
	}
	s := fmt.Sprintf("%d commits (%d bytes of log) replayed in %v", rec.Records, rec.Bytes, rec.Duration.Round(time.Millisecond))
	if rec.LastCommit != 0 {
		s += ", the last of " + rec.LastCommit.Time().Format(time.RFC3339)
	}
	if rec.TornBytes > 0 {
		s += fmt.Sprintf("; %d bytes that a crash left unfinished were cut off, none of them acknowledged", rec.TornBytes)
	}
	return s
}
