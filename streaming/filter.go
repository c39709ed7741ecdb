package streaming

import (
	"encoding/json"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
)

// storedFilter is a filter as records and descriptions have it.
type storedFilter struct {
	Types     []string          `json:"event_type,omitempty"`
	Sources   []string          `json:"source,omitempty"`
	Keys      []string          `json:"key,omitempty"`
	Partition *int              `json:"partition,omitempty"`
	Headers   map[string]string `json:"header,omitempty"`
	Where     json.RawMessage   `json:"filter,omitempty"`
	SQL       string            `json:"where,omitempty"`
}

// MarshalJSON writes the filter as bodies of requests have it. Match is not part of it.
func (f Filter) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedFilter{f.Types, f.Sources, f.Keys, f.Partition, f.Headers, f.Where, f.SQL})
}

// UnmarshalJSON reads what MarshalJSON wrote. What it says is looked at when it is used.
func (f *Filter) UnmarshalJSON(b []byte) error { return f.read(b) }

// text is the filter as a record has it.
func (f *Filter) text() []byte {
	b, err := f.MarshalJSON()
	if err != nil {
		panic(err) // Where was read by the language of filters, so it is JSON
	}
	return b
}

// read reads what text wrote.
func (f *Filter) read(b []byte) error {
	var st storedFilter
	if err := json.Unmarshal(b, &st); err != nil {
		return fmt.Errorf("%w: a filter is malformed", dberr.ErrCorrupt)
	}
	*f = Filter{Types: st.Types, Sources: st.Sources, Keys: st.Keys, Partition: st.Partition, Headers: st.Headers, Where: st.Where, SQL: st.SQL}
	return nil
}
