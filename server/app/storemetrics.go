package app

import (
	"sync"
	"time"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/server/api"
	"github.com/weftdb/weft/storage"
)

// statusFor is how long a look at the store serves the metrics: all of one answer.
const statusFor = 200 * time.Millisecond

// watchStore adds what the store holds and does to the metrics.
func watchStore(m *api.Metrics, store *storage.Store) {
	var mu sync.Mutex // guards the rest
	var at time.Time
	var last storage.Status
	look := func(get func(*storage.Status) float64) func() float64 {
		return func() float64 {
			mu.Lock()
			defer mu.Unlock()
			if time.Since(at) > statusFor {
				at, last = time.Now(), store.Status()
			}
			return get(&last)
		}
	}
	gauge := func(name, help string, get func(s *storage.Status) float64) { m.Gauge(name, help, look(get)) }
	counter := func(name, help string, get func(s *storage.Status) float64) { m.Counter(name, help, look(get)) }

	gauge("weft_buffer_keys", "Keys in memory.", func(s *storage.Status) float64 { return float64(s.Keys) })
	gauge("weft_buffer_used_bytes", "Memory of records, with what is kept for readers.", func(s *storage.Status) float64 { return float64(s.UsedBytes) })
	gauge("weft_buffer_held_bytes", "Memory taken for records.", func(s *storage.Status) float64 { return float64(s.HeldBytes) })
	gauge("weft_buffer_index_bytes", "Memory of the indexes of records.", func(s *storage.Status) float64 { return float64(s.IndexBytes) })
	gauge("weft_buffer_limit_bytes", "What records and indexes may take.", func(s *storage.Status) float64 { return float64(s.BufferLimit) })
	gauge("weft_buffer_dirty_bytes", "Changes that are in memory and log alone.", func(s *storage.Status) float64 { return float64(s.DirtyBytes) })
	counter("weft_cold_reads_total", "Keys that were looked for on disk.", func(s *storage.Status) float64 { return float64(s.ColdReads) })
	counter("weft_cold_found_total", "Keys that were looked for on disk and found.", func(s *storage.Status) float64 { return float64(s.ColdFound) })
	counter("weft_buffer_admitted_total", "Keys that reads brought into memory.", func(s *storage.Status) float64 { return float64(s.Admitted) })
	counter("weft_buffer_evicted_total", "Keys that left memory.", func(s *storage.Status) float64 { return float64(s.Evicted) })
	counter("weft_checkpoints_total", "Checkpoints.", func(s *storage.Status) float64 { return float64(s.Checkpoints) })
	counter("weft_checkpoint_bytes_total", "Bytes of SSTables that checkpoints wrote.", func(s *storage.Status) float64 { return float64(s.CheckpointBytes) })
	gauge("weft_checkpoint_failing", "1 while the last checkpoint failed.", func(s *storage.Status) float64 { return truth(s.CheckpointError != nil) })
	gauge("weft_applied_timestamp_seconds", "Time of the last commit that is on disk outside of the log.", func(s *storage.Status) float64 { return float64(s.Applied) / 1e9 })
	counter("weft_commit_stalls_total", "Commits that were held back since checkpoints are behind.", func(s *storage.Status) float64 { return float64(s.Stalls) })
	counter("weft_commit_stall_seconds_total", "Time for which they were.", func(s *storage.Status) float64 { return s.StallTime.Seconds() })
	gauge("weft_log_held_bytes", "Bytes of log segments.", func(s *storage.Status) float64 { return float64(s.LogBytes) })
	gauge("weft_log_holds", "Who keeps the log from being cut.", func(s *storage.Status) float64 { return float64(s.LogHolds) })
	gauge("weft_sorted_bytes", "Bytes of SSTables.", func(s *storage.Status) float64 { return float64(s.Sorted.Bytes) })
	gauge("weft_sorted_files", "SSTables.", func(s *storage.Status) float64 { return float64(s.Sorted.Files) })
	gauge("weft_sorted_read_layers", "Layers of SSTables that a read looks at.", func(s *storage.Status) float64 { return float64(s.Sorted.ReadAmp) })
	gauge("weft_sorted_sublevels", "Generations that are not merged yet.", func(s *storage.Status) float64 { return float64(s.Sorted.Levels[0].Sublevels) })
	gauge("weft_sorted_overloaded", "1 while the next checkpoint waits for compactions.", func(s *storage.Status) float64 { return truth(s.Sorted.Overloaded) })
	counter("weft_sorted_cache_hits_total", "Blocks read from the cache.", func(s *storage.Status) float64 { return float64(s.Sorted.CacheHits) })
	counter("weft_sorted_cache_misses_total", "Blocks read from disk.", func(s *storage.Status) float64 { return float64(s.Sorted.CacheMisses) })
	counter("weft_sorted_compactions_total", "Compactions.", func(s *storage.Status) float64 { return float64(s.Sorted.Compactions) })
	gauge("weft_sorted_compaction_debt_bytes", "Bytes that compactions are behind, about.", func(s *storage.Status) float64 { return float64(s.Sorted.CompactionDebt) })
}

// watchDocuments adds what was done with documents to the metrics.
func watchDocuments(m *api.Metrics, docs *document.Store) {
	count := func(name, help string, get func(n document.Counts) uint64) {
		m.Counter(name, help, func() float64 { return float64(get(docs.Totals())) })
	}
	count("weft_documents_inserted_total", "Documents that were inserted.", func(n document.Counts) uint64 { return n.Inserted })
	count("weft_documents_updated_total", "Documents that were updated.", func(n document.Counts) uint64 { return n.Updated })
	count("weft_documents_deleted_total", "Documents that were deleted.", func(n document.Counts) uint64 { return n.Deleted })
	count("weft_document_queries_total", "Finds, counts, aggregations and searches of documents.", func(n document.Counts) uint64 { return n.Queries })
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
