package wal

// BytesSince is how much of the log files holds records at or after ts, whole
// segments counted.
func (l *Log) BytesSince(ts uint64) (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.mu.segs {
		if s.last >= ts {
			n += max(s.written-firstFrame, 0)
		}
	}
	return n
}

// DiskBytes is how much space the files of the log take: segments, the one that is
// ready, and those kept to be written again.
func (l *Log) DiskBytes() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.mu.segs {
		n += s.size
	}
	if l.mu.next != nil {
		n += l.mu.next.size
	}
	return n + int64(len(l.mu.spares))*l.opts.SegmentBytes
}
