package sorted

// Version is what a Get finds.
type Version struct {
	TS      uint64 // commit timestamp; 0 where there is no version
	Value   []byte // appended to what Get was given
	Deleted bool   // the version is a deletion
}

// Live says that the key had a value.
func (v Version) Live() bool { return v.TS != 0 && !v.Deleted }

// Get finds the newest version of key at or before ts, and appends its value to
// dst. Copying costs little beside the search, and leaves nothing to be released.
func (s *Store) Get(dst, key []byte, ts uint64) (Version, error) {
	if err := s.beginRead(); err != nil {
		return Version{}, err
	}
	defer s.endRead()
	if h := s.Horizon(); ts < h {
		return Version{}, historyGone(ts, h)
	}
	if ts == 0 || !validKey(key) {
		return Version{Value: dst}, nil
	}
	c, err := s.points.take()
	if err != nil {
		return Version{}, s.wrap("get", err)
	}
	v, err := s.get(c, dst, key, min(ts, MaxTimestamp))
	s.points.give(c)
	if err != nil {
		return Version{}, s.wrap("get", err)
	}
	return v, nil
}

func (s *Store) get(c *cursor, dst, key []byte, ts uint64) (Version, error) {
	c.key = appendVersion(c.key[:0], key, ts)
	if !c.it.SeekPrefixGE(c.key) {
		return Version{Value: dst}, c.it.Error()
	}
	_, found, ok := cutVersion(c.it.Key())
	if !ok {
		return Version{}, s.damaged("key %x is not in the form of this store", c.it.Key())
	}
	value := c.it.LazyValue()
	if value.Len() == 0 {
		return Version{TS: found, Value: dst, Deleted: true}, nil
	}
	stored, owned, err := value.Value(c.value[:0])
	if err != nil {
		return Version{}, err
	}
	if owned {
		c.value = stored
	}
	return Version{TS: found, Value: append(dst, userValue(stored)...)}, nil
}
