package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Storage is what the handlers of storage need.
type Storage interface {
	// StorageUsage says what takes disk and memory.
	StorageUsage(ctx context.Context) (StorageUsage, error)
	// Checkpoint brings what was committed into the sorted store.
	Checkpoint(ctx context.Context) (Checkpointed, error)
	// Compact deletes what nobody can read any more and merges all SSTables.
	Compact(ctx context.Context) (Compacted, error)
}

// StorageUsage is what the database takes of disk and memory.
type StorageUsage struct {
	// Total, Used and Available are the device's; null in memory.
	Total     *int64 `json:"total_bytes"`
	Used      *int64 `json:"used_bytes"`
	Available *int64 `json:"available_bytes"`
	// Data, Index, WAL and Temp are what of it is this database's.
	Data       int64             `json:"data_bytes"`
	Index      int64             `json:"index_bytes"`
	WAL        int64             `json:"wal_bytes"`
	Temp       int64             `json:"temp_bytes"`
	Memory     int64             `json:"memory_bytes"`
	Cache      int64             `json:"cache_bytes"`
	MemoryKeys int64             `json:"memory_keys"`
	Databases  []DatabaseStorage `json:"databases"`
}

// DatabaseStorage is what one database takes of the SSTables.
type DatabaseStorage struct {
	Name   string         `json:"name"`
	Bytes  int64          `json:"disk_bytes"`
	Models []ModelStorage `json:"models"`
}

// ModelStorage is what one model takes of a database.
type ModelStorage struct {
	Model   string          `json:"model"`
	Bytes   int64           `json:"disk_bytes"`
	Objects []ObjectStorage `json:"objects"`
}

// ObjectStorage is what a table, a bucket or a collection takes.
type ObjectStorage struct {
	Name  string `json:"name"`
	Bytes int64  `json:"disk_bytes"` // indexes included
	Index int64  `json:"index_bytes"`
}

// Checkpointed says what a checkpoint has done.
type Checkpointed struct {
	Applied *time.Time // everything up to it is in the sorted store; nil in memory
	WAL     int64      // bytes of log that are left
}

// Compacted says what a compaction of everything has done.
type Compacted struct {
	Versions      int   // deleted, since nobody could read them any more
	Before, After int64 // bytes of SSTables
}

func (s *Server) bindStorage(g *echo.Group) {
	get(g, "/admin/storage", s.storageUsage)
	g.POST("/admin/checkpoint", s.checkpoint)
	g.POST("/admin/compact", s.compact)
	get(g, "/admin/stats", s.adminStats)
	get(g, "/admin/database", s.databaseTotals)
}

func (s *Server) storageUsage(c echo.Context) error {
	if _, err := queryParams(c, nil); err != nil {
		return err
	}
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	u, err := db.StorageUsage(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, u)
}

func (s *Server) checkpoint(c echo.Context) error {
	if _, err := queryParams(c, nil); err != nil {
		return err
	}
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	began := time.Now()
	done, err := db.Checkpoint(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "applied": done.Applied, "wal_bytes": done.WAL, "duration_ms": milliseconds(time.Since(began))})
}

func (s *Server) compact(c echo.Context) error {
	if _, err := queryParams(c, nil); err != nil {
		return err
	}
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	began := time.Now()
	done, err := db.Compact(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "versions_removed": done.Versions, "bytes_before": done.Before,
		"bytes_after": done.After, "duration_ms": milliseconds(time.Since(began))})
}

// slowQuery is the duration from which adminStats calls a query slow. It is a bound
// of latencyBuckets, so their number is exact.
const slowQuery = 0.1

// adminStats tells about the queries since the start.
func (s *Server) adminStats(c echo.Context) error {
	if _, err := queryParams(c, nil); err != nil {
		return err
	}
	m := s.metrics
	total, failed := m.queries.Load(), m.failed.Load()
	avg := 0.0
	if total > 0 {
		avg = float64(m.queryNanos.Load()) / float64(total) / 1e6
	}
	h := readHistogram(m.queryTime)
	up := time.Since(s.started).Seconds()
	return c.JSON(http.StatusOK, map[string]any{
		"total_queries": total, "failed_queries": failed, "queries_per_second": float64(total) / max(up, 1e-9), "avg_duration_ms": avg,
		"p50_duration_ms": 1e3 * h.quantile(0.5), "p95_duration_ms": 1e3 * h.quantile(0.95), "p99_duration_ms": 1e3 * h.quantile(0.99),
		"slow_queries": h.over(slowQuery),
	})
}

// histogram is a histogram as it is now.
type histogram struct {
	bounds []float64 // upper, ascending
	counts []uint64  // at or under each
	total  uint64
}

func readHistogram(from prometheus.Histogram) (h histogram) {
	var m dto.Metric
	if err := from.Write(&m); err != nil {
		return h // it never fails
	}
	for _, b := range m.GetHistogram().GetBucket() {
		h.bounds, h.counts = append(h.bounds, b.GetUpperBound()), append(h.counts, b.GetCumulativeCount())
	}
	h.total = m.GetHistogram().GetSampleCount()
	return h
}

// quantile estimates a quantile, evenly within its bucket; beyond the last bucket it
// is that one's bound.
func (h histogram) quantile(q float64) float64 {
	rank := uint64(math.Ceil(q * float64(h.total)))
	low, under := 0.0, uint64(0)
	for i, n := range h.counts {
		if n >= rank && rank > 0 {
			return low + (h.bounds[i]-low)*float64(rank-under)/float64(n-under)
		}
		low, under = h.bounds[i], n
	}
	if h.total == 0 {
		return 0
	}
	return low
}

// over counts what took longer than a bound of the histogram.
func (h histogram) over(bound float64) uint64 {
	for i, b := range h.bounds {
		if b == bound {
			return h.total - h.counts[i]
		}
	}
	return 0
}
