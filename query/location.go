package query

import "time"

// Location is the session's time zone, in which timestamptz values are written.
func (s *Session) Location() *time.Location { return s.set.zone }
