package query

import (
	"time"

	"github.com/weftdb/weft/query/sqltype"
)

// Location is the session's time zone, in which timestamptz values are written.
func (s *Session) Location() *time.Location { return s.set.zone }

// TextEnv is what the text forms of values depend on in the session: its time zone and styles.
func (s *Session) TextEnv() *sqltype.Env {
	return &sqltype.Env{Location: s.set.zone, Style: s.set.style, Names: names{s}}
}
