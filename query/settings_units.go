package query

import (
	"strconv"
	"strings"
	"time"
)

// settingKinds are the settings that are not texts, by their types in pg_settings, with the
// units in which that shows numbers.
var settingKinds = kindsOfSettings()

type settingKind struct{ kind, unit string }

func kindsOfSettings() map[string]settingKind {
	out := map[string]settingKind{}
	for list, k := range map[string]settingKind{
		"backslash_quote bytea_output client_min_messages compute_query_id constraint_exclusion default_toast_compression default_transaction_isolation force_parallel_mode " +
			"plan_cache_mode session_replication_role stats_fetch_consistency synchronous_commit track_functions transaction_isolation xmloption": {"enum", ""},
		"array_nulls check_function_bodies default_transaction_deferrable default_transaction_read_only enable_async_append enable_bitmapscan enable_gathermerge " +
			"enable_hashagg enable_hashjoin enable_incremental_sort enable_indexonlyscan enable_indexscan enable_material " +
			"enable_memoize enable_mergejoin enable_nestloop enable_parallel_append enable_parallel_hash " +
			"enable_partition_pruning enable_partitionwise_aggregate enable_partitionwise_join enable_seqscan enable_sort " +
			"enable_tidscan escape_string_warning geqo integer_datetimes jit parallel_leader_participation " +
			"quote_all_identifiers row_security standard_conforming_strings synchronize_seqscans " +
			"in_hot_standby is_superuser lo_compat_privileges ssl track_activities track_counts track_io_timing transaction_deferrable transaction_read_only": {"bool", ""},
		"cpu_index_tuple_cost cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction hash_mem_multiplier jit_above_cost " +
			"parallel_setup_cost parallel_tuple_cost random_page_cost seq_page_cost": {"real", ""},
		"default_statistics_target extra_float_digits from_collapse_limit geqo_effort geqo_threshold " +
			"join_collapse_limit max_parallel_maintenance_workers max_parallel_workers max_parallel_workers_per_gather " +
			"block_size max_identifier_length max_index_keys server_version_num": {"integer", ""},
		"effective_cache_size min_parallel_index_scan_size min_parallel_table_scan_size temp_buffers": {"integer", "8kB"},
		"idle_in_transaction_session_timeout idle_session_timeout lock_timeout statement_timeout":     {"integer", "ms"},
		"maintenance_work_mem work_mem": {"integer", "kB"},
	} {
		for _, name := range strings.Fields(list) {
			out[name] = k
		}
	}
	return out
}

// measured says the type of a setting, and its value as a number of the unit that
// PostgreSQL has for it, which tools multiply.
func measured(name string, r row) {
	k, ok := settingKinds[name]
	if !ok {
		return
	}
	r["vartype"] = k.kind
	if k.unit == "" {
		return
	}
	text := []string{r["setting"].(string)}
	if text[0] == "-1" {
		r["unit"] = k.unit
		return
	}
	n := int64(0)
	if k.unit == "ms" {
		d, err := parseDuration(name, text)
		if err != nil {
			return
		}
		n = int64(d / time.Millisecond)
	} else {
		size, err := parseSize(name, text)
		if err != nil {
			return
		}
		n = size >> 10
		if k.unit == "8kB" {
			n /= 8
		}
	}
	r["unit"], r["setting"] = k.unit, strconv.FormatInt(n, 10)
}
