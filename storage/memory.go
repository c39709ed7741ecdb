package storage

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

// assumedMemory is taken where the machine does not say how much it has.
const assumedMemory = 1 << 30

// memoryBytes is the memory of the machine, or what the control group that the
// process runs in may take of it.
var memoryBytes = sync.OnceValue(func() int64 {
	total := int64(assumedMemory)
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" {
				if kib, err := strconv.ParseInt(f[1], 10, 64); err == nil {
					total = kib << 10
				}
			}
		}
	}
	for _, name := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if b, err := os.ReadFile(name); err == nil {
			if limit, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && limit > 0 {
				total = min(total, limit)
			}
		}
	}
	return total
})
