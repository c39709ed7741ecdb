package sorted

import "fmt"

// Table is an SSTable of the store.
type Table struct {
	File  string // path
	Level int
	Bytes int64
	// Smallest and Largest are the keys that it may hold at its ends, and with which
	// timestamps; nil for one that holds the books.
	Smallest, Largest     []byte
	SmallestTS, LargestTS uint64
}

// Tables lists the SSTables, level by level and in the order of keys.
func (s *Store) Tables() ([]Table, error) {
	if err := s.beginRead(); err != nil {
		return nil, err
	}
	defer s.endRead()
	levels, err := s.db.SSTables()
	if err != nil {
		return nil, s.wrap("list SSTables", err)
	}
	var list []Table
	for level, tables := range levels {
		for _, t := range tables {
			out := Table{File: s.fs.PathJoin(s.dir, engineDir, fmt.Sprintf("%s.sst", t.BackingSSTNum)), Level: level, Bytes: int64(t.Size)}
			if key, ts, ok := cutVersion(t.Smallest.UserKey); ok {
				out.Smallest, out.SmallestTS = append([]byte{}, key...), ts
			}
			if key, ts, ok := cutVersion(t.Largest.UserKey); ok {
				out.Largest, out.LargestTS = append([]byte{}, key...), ts
			}
			list = append(list, out)
		}
	}
	return list, nil
}
