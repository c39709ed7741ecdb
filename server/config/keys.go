package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/txn"
)

// key is one key of the configuration.
type key struct {
	name string
	unit string // what a value looks like
	def  string
	help string
	set  func(c *Config, v string) error
	get  func(c *Config) string
	// secret keeps the value from being shown.
	secret bool
}

// off is the value that switches a limit off.
const off = "off"

// auto is the value that lets a size follow from others.
const auto = "auto"

// keys is every key there is.
var keys = []key{
	text("server.listen", "127.0.0.1:7600", "host:port", "address to serve on; port 0 takes a free one", func(c *Config) *string { return &c.Server.Listen }),
	boolean("server.insecure_listen", "false", "let other machines reach the server though there are no users", func(c *Config) *bool { return &c.Server.InsecureListen }),
	boolean("server.dev", "false", "running without users is meant: no warning at the start, and more in the log", func(c *Config) *bool { return &c.Server.Dev }),
	size("server.body_bytes", "16MiB", "largest body of a request", 1<<10, 1<<30, func(c *Config) *int64 { return &c.Server.BodyBytes }),
	size("server.result_bytes", "64MiB", "largest JSON answer; NDJSON, CSV and Arrow have no bound", 1<<10, 4<<30, func(c *Config) *int64 { return &c.Server.ResultBytes }),
	count("server.max_in_flight", "1024", "requests that run at once; more are answered with 503", 1, 1_000_000, false, func(c *Config) *int { return &c.Server.MaxInFlight }),
	limitSize("server.compress_min_bytes", "1KiB", "smallest answer that is compressed; off never compresses", func(c *Config) *int64 { return &c.Server.CompressMin }),
	list("server.cors_origins", "", "origins whose pages may use the server from a browser, such as https://app.example; * is any", checkOrigin, func(c *Config) *[]string { return &c.Server.CORSOrigins }),
	list("server.allowed_hosts", "", "names under which a server on a loopback address may be addressed, besides localhost; * is any", nil, func(c *Config) *[]string { return &c.Server.AllowedHosts }),
	duration("server.read_header_timeout", "10s", "how long a client may take to send its headers", false, func(c *Config) *time.Duration { return &c.Server.ReadHeaderTimeout }),
	duration("server.idle_timeout", "2m", "how long an idle connection is kept", false, func(c *Config) *time.Duration { return &c.Server.IdleTimeout }),
	duration("server.drain_delay", "0s", "how long readyz says no before a stopping server refuses connections", false, func(c *Config) *time.Duration { return &c.Server.DrainDelay }),
	duration("server.shutdown_timeout", "30s", "how long a stopping server waits for running requests before it cancels them", false, func(c *Config) *time.Duration { return &c.Server.ShutdownTimeout }),
	count("server.max_transactions", "1000", "transactions over several requests that are open at once; more are answered with 503", 1, 100_000, false, func(c *Config) *int { return &c.Server.MaxTransactions }),
	count("server.max_transactions_per_client", "200", "of them those of one client address", 1, 100_000, false, func(c *Config) *int { return &c.Server.MaxTransactionsPerClient }),
	duration("server.transaction_max_idle", "10m", "most that a client may ask a transaction to wait for its next request", false, func(c *Config) *time.Duration { return &c.Server.TransactionMaxIdle }),
	duration("server.transaction_max_age", "1h", "how long a transaction over several requests may stay open", false, func(c *Config) *time.Duration { return &c.Server.TransactionMaxAge }),
	list("server.webhook_networks", "", "networks that webhooks may reach though they are not public, such as 10.0.0.0/8 or 127.0.0.1/32", checkNetwork, func(c *Config) *[]string { return &c.Server.WebhookNetworks }),
	count("server.max_cursors", "200", "cursors of results that are open at once; more are answered with 503", 1, 100_000, false, func(c *Config) *int { return &c.Server.MaxCursors }),
	count("server.max_cursors_per_client", "50", "of them those of one client address", 1, 100_000, false, func(c *Config) *int { return &c.Server.MaxCursorsPerClient }),
	duration("server.cursor_max_idle", "10m", "most that a client may ask a cursor to wait for its next request", false, func(c *Config) *time.Duration { return &c.Server.CursorMaxIdle }),
	duration("server.cursor_max_age", "1h", "how long a cursor may stay open", false, func(c *Config) *time.Duration { return &c.Server.CursorMaxAge }),
	duration("server.idempotency_ttl", "24h", "how long the answer of a request with an Idempotency-Key is kept", false, func(c *Config) *time.Duration { return &c.Server.IdempotencyTTL }),
	count("server.max_prepared", "10000", "prepared statements that are kept; those not used for longest go first", 1, 1_000_000, false, func(c *Config) *int { return &c.Server.MaxPrepared }),
	duration("server.prepared_idle", "1h", "how long a prepared statement is kept that is not used", false, func(c *Config) *time.Duration { return &c.Server.PreparedIdle }),

	choice("storage.backend", "local", "local (a directory) or memory (nothing is kept)", []string{"local", "memory"},
		func(c *Config, v string) { c.Storage.Backend = storage.Backend(v) }, func(c *Config) string { return string(c.Storage.Backend) }),
	text("storage.dir", "./weft-data", "path", "the data directory", func(c *Config) *string { return &c.DataDir }),
	choice("storage.durability", "sync", "what an acknowledged commit has survived: sync (on disk), interval (handed to the system, on disk within storage.sync_interval) or async (in memory, on disk within it)",
		[]string{"sync", "interval", "async"}, setDurability, getDurability),
	duration("storage.sync_interval", "50ms", "most that a power failure takes of commits with durability interval, and a crash of the server, too, of those with async", false, func(c *Config) *time.Duration { return &c.Storage.SyncInterval }),
	duration("storage.group_delay", "0s", "how long a commit waits for others to share its sync", false, func(c *Config) *time.Duration { return &c.Storage.GroupDelay }),
	size("storage.segment_bytes", "64MiB", "size of a log segment, a multiple of 4096", 1<<20, 1<<30, func(c *Config) *int64 { return &c.Storage.SegmentBytes }),
	{name: "storage.log_compression", def: "none", unit: "none|snappy|lz4|zstd", help: "compression of log records of 256 bytes and more; zstd:7 sets a level",
		set: func(c *Config, v string) (err error) { c.Storage.LogCompression, err = compress.Parse(v); return err },
		get: func(c *Config) string { return c.Storage.LogCompression.String() }},
	duration("storage.history", "10m", "how long superseded versions stay readable; off keeps none", true, func(c *Config) *time.Duration { return &c.Storage.History }),
	autoSize("storage.buffer_bytes", "memory for data: records, their indexes, blocks of the sorted store; auto is a quarter of the machine's", 1<<20, 1<<46, func(c *Config) *int64 { return &c.Storage.BufferBytes }),
	autoSize("storage.cache_bytes", "part of storage.buffer_bytes that holds blocks of the sorted store; auto is five sixteenths", 1<<16, 1<<45, func(c *Config) *int64 { return &c.Storage.CacheBytes }),
	size("storage.history_bytes", "1GiB", "memory for superseded versions; beyond it they are read from disk, or with storage.backend memory the history is cut short", 1<<20, 1<<46, func(c *Config) *int64 { return &c.Storage.HistoryBytes }),
	autoSize("storage.checkpoint_bytes", "changes that call for a checkpoint; auto is about a fifth of storage.buffer_bytes, at most 128MiB", 1<<16, 1<<34, func(c *Config) *int64 { return &c.Storage.CheckpointBytes }),
	size("storage.checkpoint_log_bytes", "256MiB", "log that calls for a checkpoint, which bounds what a restart replays", 1<<20, 1<<40, func(c *Config) *int64 { return &c.Storage.CheckpointLogBytes }),
	duration("storage.checkpoint_interval", "5m", "longest time between a change and the checkpoint that has it", false, func(c *Config) *time.Duration { return &c.Storage.CheckpointInterval }),
	codec("storage.compression", "snappy", "compression of the sorted store but for its last level; zstd:7 sets a level", func(c *Config) **compress.Codec { return &c.Storage.Compression }),
	codec("storage.bottom_compression", "snappy", "compression of the last level of the sorted store, where most of the data is", func(c *Config) **compress.Codec { return &c.Storage.BottomCompression }),
	size("storage.max_tx_bytes", "256MiB", "most that one transaction may write", 1<<20, 768<<20, func(c *Config) *int64 { return &c.Storage.MaxTxBytes }),
	duration("storage.max_tx_age", "0s", "age at which a transaction is ended; 0 lets it live", false, func(c *Config) *time.Duration { return &c.Storage.MaxTxAge }),

	text("storage.encryption.key_file", "", "path", "file with the key of an encrypted store, 64 hexadecimal digits; a new store is encrypted from the start", func(c *Config) *string { return &c.Encryption.KeyFile }),
	text("storage.encryption.key_env", "", "name", "environment variable that holds the key instead", func(c *Config) *string { return &c.Encryption.KeyEnv }),
	text("storage.encryption.vault_key", "", "name", "key of Vault's transit engine that guards the store's keys instead", func(c *Config) *string { return &c.Encryption.VaultKey }),
	text("storage.encryption.vault_address", "", "URL", "where Vault is", func(c *Config) *string { return &c.Encryption.VaultAddress }),
	text("storage.encryption.vault_mount", "transit", "path", "where its transit engine is mounted", func(c *Config) *string { return &c.Encryption.VaultMount }),
	text("storage.encryption.vault_namespace", "", "path", "its namespace, in the enterprise version", func(c *Config) *string { return &c.Encryption.VaultNamespace }),
	text("storage.encryption.vault_token_file", "", "path", "file with its token; empty takes the variable VAULT_TOKEN", func(c *Config) *string { return &c.Encryption.VaultTokenFile }),

	duration("query.timeout", "30s", "time of a request that names none; off is none", true, func(c *Config) *time.Duration { return &c.Query.Timeout }),
	count("query.max_rows", "100000", "rows of each result of a request that names no bound; off is none", 1, 1<<31-1, true, func(c *Config) *int { return &c.Query.MaxRows }),
	intSize("query.max_sql_bytes", "1MiB", "longest SQL text", 1<<10, 64<<20, func(c *Config) *int { return &c.Query.MaxSQLBytes }),
	count("query.max_nesting", "500", "deepest nesting of a statement", 1, 5000, false, func(c *Config) *int { return &c.Query.MaxNesting }),
	size("query.memory_bytes", "256MiB", "memory of one statement's sorts and hash tables before they go to disk", 1<<20, 1<<40, func(c *Config) *int64 { return &c.Query.MemoryBytes }),
	limitSize("query.column_cache_bytes", "256MiB", "memory for columns of tables that scans have read; off keeps none", func(c *Config) *int64 { return &c.Query.ColumnCacheBytes }),
	text("query.spill_dir", "", "path", "where they go; empty is tmp in the data directory", func(c *Config) *string { return &c.Query.SpillDir }),
	count("query.plan_cache", "1024", "statements whose plans are kept; off keeps none", 1, 1<<20, true, func(c *Config) *int { return &c.Query.PlanCache }),
	duration("query.analyze_interval", "1m", "time between looks for tables whose statistics are stale; off never looks", true, func(c *Config) *time.Duration { return &c.Query.AutoAnalyze.Interval }),
	count("query.analyze_threshold", "50", "changed rows from which on a table may be analyzed by itself", 1, 1<<30, false, func(c *Config) *int { return &c.Query.AutoAnalyze.Threshold }),
	count("query.analyze_percent", "10", "changed part of a table, in percent, that is needed besides", 1, 1000, false, func(c *Config) *int { return &c.Query.AutoAnalyze.Percent }),
	count("query.retries", "20", "how often a transaction of one call is run again after a conflict; off is never", 1, 1000, true, func(c *Config) *int { return &c.Query.Retries }),

	count("timeseries.max_series", "100000", "series of one metric; writes of more are refused", 1, 1<<30, false, func(c *Config) *int { return &c.TimeSeries.MaxSeries }),
	count("timeseries.open_points", "6000000", "points that may lie unsealed in memory, up to 18 bytes each; at twice as many writers wait", 1000, 1<<32, false, func(c *Config) *int { return &c.TimeSeries.OpenPoints }),
	count("timeseries.promql_samples", "50000000", "samples that one PromQL query may hold in memory", 1, 1<<40, false, func(c *Config) *int { return &c.PromQL.MaxSamples }),
	duration("timeseries.promql_timeout", "2m", "time of one PromQL query; its parameter timeout may shorten it", false, func(c *Config) *time.Duration { return &c.PromQL.Timeout }),
	count("timeseries.promql_concurrent", "20", "PromQL queries that run at once; others wait", 1, 1<<20, false, func(c *Config) *int { return &c.PromQL.MaxConcurrent }),
	duration("timeseries.promql_lookback", "5m", "how old the last sample of a series may be that PromQL takes as its value", false, func(c *Config) *time.Duration { return &c.PromQL.Lookback }),

	text("backup.dir", "", "path", "where backups are kept; empty is backups in the data directory", func(c *Config) *string { return &c.Backup.Dir }),
	{name: "backup.compression", def: "zstd", unit: "none|snappy|lz4|zstd", help: "compression of backups and of the archive; zstd:9 sets a level",
		set: func(c *Config, v string) (err error) { c.Backup.Compression, err = compress.Parse(v); return err },
		get: func(c *Config) string { return c.Backup.Compression.String() }},
	hidden(text("backup.key", "", "64 hex digits", "key that encrypts backups and the archive; better in the environment, or in backup.key_file", func(c *Config) *string { return &c.Backup.Key })),
	text("backup.key_file", "", "path", "file that holds the key: 64 hex digits, or 32 bytes", func(c *Config) *string { return &c.Backup.KeyFile }),
	list("backup.old_key_files", "", "files of keys that only older backups need", nil, func(c *Config) *[]string { return &c.Backup.OldKeyFiles }),
	schedule("backup.full_schedule", "when full backups are made, such as 0 2 * * * (UTC); off is never", func(c *Config) *backup.Schedule { return &c.Backup.FullSchedule }),
	schedule("backup.incremental_schedule", "when incremental backups are made, such as 15 * * * *; while set, the log that the next one needs is kept", func(c *Config) *backup.Schedule { return &c.Backup.IncrementalSchedule }),
	count("backup.keep", "7", "full backups, each with its incremental ones, that are kept when a scheduled one has been made; off keeps all", 1, 100_000, true, func(c *Config) *int { return &c.Backup.Keep }),
	duration("backup.keep_for", "off", "how long backups beyond backup.keep are kept all the same, such as 30d", true, func(c *Config) *time.Duration { return &c.Backup.KeepFor }),
	size("backup.max_log_bytes", "16GiB", "most log that is kept for the archive or the next incremental backup while they fail; beyond it the log goes, and the next backup is a full one", 64<<20, 1<<50, func(c *Config) *int64 { return &c.Backup.MaxLogBytes }),
	text("backup.archive_dir", "", "path", "where the log is copied to as it grows, for restores to any time; empty is nowhere", func(c *Config) *string { return &c.Backup.ArchiveDir }),
	duration("backup.archive_interval", "10s", "how long a commit waits to be archived", false, func(c *Config) *time.Duration { return &c.Backup.ArchiveInterval }),

	level("log.level", "info", "least level that is logged", func(c *Config) *slog.Level { return &c.Log.Level }),
	choice("log.format", "text", "text or json", []string{"text", "json"}, func(c *Config, v string) { c.Log.Format = v }, func(c *Config) string { return c.Log.Format }),
	level("log.access_level", "debug", "level at which ordinary requests are logged; failures of the server are errors", func(c *Config) *slog.Level { return &c.Log.AccessLevel }),
	duration("log.slow_request", "1s", "duration from which a request is logged as a warning; 0 is never", false, func(c *Config) *time.Duration { return &c.Log.SlowRequest }),
}

func setDurability(c *Config, v string) {
	c.Storage.Durability, _ = txn.ParseDurability(v) // one of the choices
}

func getDurability(c *Config) string {
	if c.Storage.Durability == txn.DurabilityDefault {
		return txn.DurabilitySync.String()
	}
	return c.Storage.Durability.String()
}

func checkOrigin(v string) error {
	u, err := url.Parse(v)
	if v == "*" || err == nil && u.Scheme != "" && u.Host != "" && u.Path == "" {
		return nil
	}
	return fmt.Errorf("%q is no origin: want scheme://host[:port] without a path", v)
}

func checkNetwork(v string) error {
	if _, err := netip.ParsePrefix(v); err != nil {
		return fmt.Errorf("%q is no network: want an address and a length, such as 10.0.0.0/8", v)
	}
	return nil
}

func text(name, def, unit, help string, at func(*Config) *string) key {
	return key{name: name, def: def, unit: unit, help: help,
		set: func(c *Config, v string) error { *at(c) = v; return nil },
		get: func(c *Config) string { return *at(c) }}
}

// hidden makes a key whose value is not shown.
func hidden(k key) key {
	k.secret = true
	return k
}

func schedule(name, help string, at func(*Config) *backup.Schedule) key {
	return key{name: name, def: off, unit: "cron|off", help: help,
		set: func(c *Config, v string) (err error) { *at(c), err = backup.ParseSchedule(v); return err },
		get: func(c *Config) string {
			if at(c).Never() {
				return off
			}
			return at(c).String()
		}}
}

func boolean(name, def, help string, at func(*Config) *bool) key {
	return key{name: name, def: def, unit: "true|false", help: help,
		set: func(c *Config, v string) (err error) { *at(c), err = parseBool(v); return err },
		get: func(c *Config) string { return strconv.FormatBool(*at(c)) }}
}

func size(name, def, help string, low, high int64, at func(*Config) *int64) key {
	return key{name: name, def: def, unit: "bytes", help: help,
		set: func(c *Config, v string) error {
			n, err := parseSize(v)
			if err == nil && (n < low || n > high) {
				err = fmt.Errorf("%s is not between %s and %s", v, formatSize(low), formatSize(high))
			}
			*at(c) = n
			return err
		},
		get: func(c *Config) string { return formatSize(*at(c)) }}
}

// autoSize is a size that follows from the machine or from other keys unless it is set.
func autoSize(name, help string, low, high int64, at func(*Config) *int64) key {
	k := size(name, auto, help, low, high, at)
	number, show := k.set, k.get
	k.unit = "bytes|auto"
	k.set = func(c *Config, v string) error {
		if v == auto {
			*at(c) = 0
			return nil
		}
		return number(c, v)
	}
	k.get = func(c *Config) string {
		if *at(c) == 0 {
			return auto
		}
		return show(c)
	}
	return k
}

// codec is a compression that SSTables can have.
func codec(name, def, help string, at func(*Config) **compress.Codec) key {
	return key{name: name, def: def, unit: "none|snappy|zstd", help: help,
		set: func(c *Config, v string) error {
			parsed, err := compress.Parse(v)
			if err == nil && parsed.Algorithm == compress.LZ4 {
				err = fmt.Errorf("%q: want none, snappy or zstd", v)
			}
			*at(c) = &parsed
			return err
		},
		get: func(c *Config) string { return (*at(c)).String() }}
}

func intSize(name, def, help string, low, high int64, at func(*Config) *int) key {
	var n int64
	k := size(name, def, help, low, high, func(*Config) *int64 { return &n })
	check := k.set
	k.set = func(c *Config, v string) error {
		err := check(c, v)
		*at(c) = int(n)
		return err
	}
	k.get = func(c *Config) string { return formatSize(int64(*at(c))) }
	return k
}

func limitSize(name, def, help string, at func(*Config) *int64) key {
	k := size(name, def, help, 0, 1<<30, at)
	number, show := k.set, k.get
	k.unit = "bytes|off"
	k.set = func(c *Config, v string) error {
		if v == off {
			*at(c) = -1
			return nil
		}
		return number(c, v)
	}
	k.get = func(c *Config) string {
		if *at(c) < 0 {
			return off
		}
		return show(c)
	}
	return k
}

func duration(name, def, help string, canBeOff bool, at func(*Config) *time.Duration) key {
	k := key{name: name, def: def, unit: "duration", help: help,
		get: func(c *Config) string {
			if *at(c) < 0 {
				return off
			}
			return at(c).String()
		}}
	if canBeOff {
		k.unit += "|off"
	}
	k.set = func(c *Config, v string) (err error) {
		if canBeOff && v == off {
			*at(c) = -1
			return nil
		}
		if *at(c), err = parseDuration(v); err == nil && canBeOff && *at(c) == 0 {
			err = fmt.Errorf("%q: want more than 0, or off", v)
		}
		return err
	}
	return k
}

func count(name, def, help string, low, high int, canBeOff bool, at func(*Config) *int) key {
	k := key{name: name, def: def, unit: "number", help: help,
		get: func(c *Config) string {
			if *at(c) < 0 {
				return off
			}
			return strconv.Itoa(*at(c))
		}}
	if canBeOff {
		k.unit += "|off"
	}
	k.set = func(c *Config, v string) (err error) {
		if canBeOff && v == off {
			*at(c) = -1
			return nil
		}
		if *at(c), err = parseInt(v); err == nil && (*at(c) < low || *at(c) > high) {
			err = fmt.Errorf("%s is not between %d and %d", v, low, high)
		}
		return err
	}
	return k
}

func list(name, def, help string, check func(string) error, at func(*Config) *[]string) key {
	return key{name: name, def: def, unit: "list", help: help,
		set: func(c *Config, v string) (err error) {
			if *at(c), err = parseList(v); err != nil || check == nil {
				return err
			}
			for _, item := range *at(c) {
				if err := check(item); err != nil {
					return err
				}
			}
			return nil
		},
		get: func(c *Config) string { return strings.Join(*at(c), ",") }}
}

func choice(name, def, help string, options []string, set func(*Config, string), get func(*Config) string) key {
	return key{name: name, def: def, unit: strings.Join(options, "|"), help: help, get: get,
		set: func(c *Config, v string) error {
			for _, o := range options {
				if v == o {
					set(c, v)
					return nil
				}
			}
			return fmt.Errorf("%q is not one of %s", v, strings.Join(options, ", "))
		}}
}

func level(name, def, help string, at func(*Config) *slog.Level) key {
	return key{name: name, def: def, unit: "debug|info|warn|error", help: help,
		set: func(c *Config, v string) (err error) { *at(c), err = parseLevel(v); return err },
		get: func(c *Config) string { return strings.ToLower(at(c).String()) }}
}
