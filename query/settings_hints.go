package query

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// Hints are settings of PostgreSQL that applications and dumps set and that change no result:
// costs and limits of its planner, its parallel workers, checks of what is not there. They are
// checked, kept and shown, and have no effect; work_mem and check_function_bodies alone have one.

// hintKind is what a hint may be set to.
type hintKind uint8

const (
	hintBool hintKind = iota
	hintNumber
	hintSize
	hintWord // one of a list
)

type hint struct {
	name  string
	kind  hintKind
	value string   // by default
	words []string // of hintWord
}

var hints = []hint{
	{name: "enable_async_append", value: "on"}, {name: "enable_gathermerge", value: "on"}, {name: "enable_incremental_sort", value: "on"},
	{name: "enable_memoize", value: "on"}, {name: "enable_parallel_append", value: "on"}, {name: "enable_parallel_hash", value: "on"},
	{name: "enable_partition_pruning", value: "on"}, {name: "enable_partitionwise_aggregate", value: "off"},
	{name: "enable_partitionwise_join", value: "off"}, {name: "enable_tidscan", value: "on"}, {name: "geqo", value: "on"}, {name: "jit", value: "off"},
	{name: "parallel_leader_participation", value: "on"}, {name: "check_function_bodies", value: "on"}, {name: "row_security", value: "on"},
	{name: "escape_string_warning", value: "on"}, {name: "synchronize_seqscans", value: "on"}, {name: "quote_all_identifiers", value: "off"},
	{name: "cpu_index_tuple_cost", kind: hintNumber, value: "0.005"}, {name: "cpu_operator_cost", kind: hintNumber, value: "0.0025"},
	{name: "cpu_tuple_cost", kind: hintNumber, value: "0.01"}, {name: "cursor_tuple_fraction", kind: hintNumber, value: "0.1"},
	{name: "default_statistics_target", kind: hintNumber, value: "100"}, {name: "from_collapse_limit", kind: hintNumber, value: "8"},
	{name: "geqo_effort", kind: hintNumber, value: "5"}, {name: "geqo_threshold", kind: hintNumber, value: "12"},
	{name: "hash_mem_multiplier", kind: hintNumber, value: "2"}, {name: "jit_above_cost", kind: hintNumber, value: "100000"},
	{name: "join_collapse_limit", kind: hintNumber, value: "8"}, {name: "max_parallel_maintenance_workers", kind: hintNumber, value: "0"},
	{name: "max_parallel_workers", kind: hintNumber, value: "0"}, {name: "max_parallel_workers_per_gather", kind: hintNumber, value: "0"},
	{name: "parallel_setup_cost", kind: hintNumber, value: "1000"}, {name: "parallel_tuple_cost", kind: hintNumber, value: "0.1"},
	{name: "random_page_cost", kind: hintNumber, value: "4"}, {name: "seq_page_cost", kind: hintNumber, value: "1"},
	{name: "effective_cache_size", kind: hintSize, value: "4GB"}, {name: "maintenance_work_mem", kind: hintSize, value: "64MB"},
	{name: "min_parallel_index_scan_size", kind: hintSize, value: "512kB"}, {name: "min_parallel_table_scan_size", kind: hintSize, value: "8MB"},
	{name: "temp_buffers", kind: hintSize, value: "8MB"},
	{name: "constraint_exclusion", kind: hintWord, value: "partition", words: []string{"partition", "on", "off"}},
	{name: "force_parallel_mode", kind: hintWord, value: "off", words: []string{"off", "on", "regress"}},
	{name: "plan_cache_mode", kind: hintWord, value: "auto", words: []string{"auto", "force_generic_plan", "force_custom_plan"}},
	{name: "xmloption", kind: hintWord, value: "content", words: []string{"content", "document"}},
	{name: "default_table_access_method", kind: hintWord, value: "heap", words: []string{"heap"}},
	{name: "default_tablespace", kind: hintWord, value: "", words: []string{"", "pg_default"}},
	{name: "array_nulls", kind: hintWord, value: "on", words: []string{"on"}},
	{name: "backslash_quote", kind: hintWord, value: "safe_encoding", words: []string{"safe_encoding", "on", "off"}},
	{name: "compute_query_id", kind: hintWord, value: "auto", words: []string{"auto", "on", "off", "regress"}},
	{name: "default_toast_compression", kind: hintWord, value: "pglz", words: []string{"pglz", "lz4"}},
	{name: "default_transaction_deferrable", value: "off"}, {name: "transaction_deferrable", value: "off"},
	{name: "idle_session_timeout", kind: hintWord, value: "0", words: []string{"0"}},
	{name: "lc_messages", kind: hintWord, value: "C", words: localeNames}, {name: "lc_monetary", kind: hintWord, value: "C", words: localeNames},
	{name: "lc_numeric", kind: hintWord, value: "C", words: localeNames}, {name: "lc_time", kind: hintWord, value: "C", words: localeNames},
	{name: "lo_compat_privileges", value: "off"}, {name: "track_activities", value: "on"}, {name: "track_counts", value: "on"},
	{name: "track_io_timing", value: "off"}, {name: "track_functions", kind: hintWord, value: "none", words: []string{"none", "pl", "all"}},
	{name: "stats_fetch_consistency", kind: hintWord, value: "cache", words: []string{"none", "cache", "snapshot"}},
	{name: "session_replication_role", kind: hintWord, value: "origin", words: []string{"origin"}},
}

// localeNames are the locales whose forms of numbers and messages are the ones here.
var localeNames = []string{"C", "POSIX", "C.UTF-8", "C.utf8"}

// given are settings of a server that tools read, and nobody sets.
var given = []struct{ name, value, about string }{
	{"block_size", "8192", "unit in which PostgreSQL's settings count memory; there are no blocks of it"},
	{"in_hot_standby", "off", "whether the server only follows another"},
	{"is_superuser", "on", "whether the user may do everything"},
	{"lc_collate", "C", "order of text"},
	{"lc_ctype", "C.UTF-8", "what is a letter"},
	{"max_identifier_length", "63", "bytes of a name"},
	{"max_index_keys", "32", "columns of a key that PostgreSQL takes"},
	{"server_encoding", "UTF8", "encoding of stored text"},
	{"ssl", "off", "whether PostgreSQL's protocol is encrypted; it is not spoken"},
}

func addHints() {
	for _, g := range given {
		knownSettings[g.name] = setting{about: g.about, show: func(*Session) string { return g.value }}
	}
	for _, h := range hints {
		knownSettings[h.name] = setting{
			about: "a setting of PostgreSQL that is kept and has no effect",
			show: func(s *Session) string {
				if v, ok := s.set.hints[h.name]; ok {
					return v
				}
				return h.value
			},
			set: func(s *Session, v []string) error {
				text, err := h.check(v)
				if err == nil {
					s.putHint(h.name, text)
				}
				return err
			},
			reset: func(s *Session) { s.putHint(h.name, h.value) },
		}
	}
	knownSettings["work_mem"] = setting{about: "memory of a statement's sorts, hash tables and kept rows, at most query.memory_bytes",
		show: func(s *Session) string { return showSize(s.memory()) },
		set: func(s *Session, v []string) error {
			n, err := parseSize("work_mem", v)
			if err == nil {
				s.set.workMem = max(n, minWorkMem)
			}
			return err
		}, reset: func(s *Session) { s.set.workMem = 0 }}
}

// checksBodies reports whether CREATE FUNCTION checks bodies that are given as text.
func (s *Session) checksBodies() bool { return s.set.hints["check_function_bodies"] != "off" }

// minWorkMem is the least memory that operators are given.
const minWorkMem = 1 << 20

// memory is what a statement of the session may hold.
func (s *Session) memory() int64 {
	if s.set.workMem > 0 {
		return min(s.set.workMem, s.e.opts.MemoryBytes)
	}
	return s.e.opts.MemoryBytes
}

func (s *Session) putHint(name, value string) {
	m := maps.Clone(s.set.hints)
	if m == nil {
		m = map[string]string{}
	}
	m[name] = value
	s.set.hints = m
}

// check gives the text of a value that the hint may have.
func (h *hint) check(v []string) (string, error) {
	text := strings.TrimSpace(strings.Join(v, " "))
	switch h.kind {
	case hintBool:
		on, err := parseBool(h.name, v)
		return onOff(on), err
	case hintNumber:
		if f, err := strconv.ParseFloat(text, 64); err != nil || f < -1 {
			return "", badValue(h.name, v)
		}
		return text, nil
	case hintSize:
		n, err := parseSize(h.name, v)
		return showSize(n), err
	}
	i := slices.IndexFunc(h.words, func(w string) bool { return strings.EqualFold(w, text) })
	if i < 0 {
		return "", badValue(h.name, v).WithHint("Available values: %s.", strings.Join(h.words, ", "))
	}
	return h.words[i], nil
}

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"kB", 1 << 10}, {"B", 1}}

// parseSize reads a number of kilobytes, or a number with a unit.
func parseSize(name string, v []string) (int64, error) {
	text := strings.TrimSpace(strings.Join(v, " "))
	unit := int64(1 << 10)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			text, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, badValue(name, v).WithHint("Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".")
	}
	if f *= float64(unit); f < 0 || f > 1<<50 {
		return 0, dberr.SQL(dberr.StateInvalidParameterValue, "%s is outside the valid range for parameter %q", strings.Join(v, " "), name)
	}
	return int64(f), nil
}

func showSize(n int64) string {
	for _, u := range sizeUnits {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}
