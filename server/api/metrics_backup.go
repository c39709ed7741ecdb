package api

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// backupMetrics count what is done with backups.
type backupMetrics struct {
	made, failed   *prometheus.CounterVec
	bytes          prometheus.Counter
	last, archived prometheus.Gauge
	archiveBytes   prometheus.Counter
	archiveFailed  prometheus.Counter
}

func newBackupMetrics(r *prometheus.Registry) *backupMetrics {
	m := &backupMetrics{
		made:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weft_backups_total", Help: "Backups made."}, []string{"kind"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weft_backups_failed_total", Help: "Backups that failed."}, []string{"kind"}),
		bytes:  prometheus.NewCounter(prometheus.CounterOpts{Name: "weft_backup_bytes_total", Help: "Bytes of backups made."}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{Name: "weft_backup_last_timestamp_seconds",
			Help: "The time of the state in the newest backup made since the start."}),
		archived: prometheus.NewGauge(prometheus.GaugeOpts{Name: "weft_archive_timestamp_seconds",
			Help: "The time up to which the log is archived, once a piece has been since the start."}),
		archiveBytes:  prometheus.NewCounter(prometheus.CounterOpts{Name: "weft_archive_bytes_total", Help: "Bytes written to the archive of the log."}),
		archiveFailed: prometheus.NewCounter(prometheus.CounterOpts{Name: "weft_archive_failures_total", Help: "Attempts to archive the log that failed."}),
	}
	r.MustRegister(m.made, m.failed, m.bytes, m.last, m.archived, m.archiveBytes, m.archiveFailed)
	for _, kind := range []string{"full", "incremental"} {
		m.made.WithLabelValues(kind)
		m.failed.WithLabelValues(kind)
	}
	return m
}

// BackupMade counts a backup of the state at a time.
func (m *Metrics) BackupMade(kind string, bytes int64, at time.Time) {
	m.backups.made.WithLabelValues(kind).Inc()
	m.backups.bytes.Add(float64(bytes))
	m.backups.last.Set(float64(at.UnixNano()) / 1e9)
}

// BackupFailed counts a backup that failed.
func (m *Metrics) BackupFailed(kind string) { m.backups.failed.WithLabelValues(kind).Inc() }

// Archived counts a piece of the archive, which now reaches to a time.
func (m *Metrics) Archived(bytes int64, at time.Time) {
	m.backups.archiveBytes.Add(float64(bytes))
	m.backups.archived.Set(float64(at.UnixNano()) / 1e9)
}

// ArchiveFailed counts an attempt to archive that failed.
func (m *Metrics) ArchiveFailed() { m.backups.archiveFailed.Inc() }
