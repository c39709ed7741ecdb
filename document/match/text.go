package match

import "github.com/weftdb/weft/document/doc"

// Text reads a filter and returns what tells whether the text of a JSON object matches
// it. What is no object does not.
func Text(filter []byte) (func(data []byte) bool, error) {
	m, err := Parse(filter)
	if err != nil {
		return nil, err
	}
	return func(data []byte) bool {
		v, err := doc.ParseObject(data)
		return err == nil && m.Match(v)
	}, nil
}
