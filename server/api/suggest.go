package api

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
)

// suggestion is a request for words.
type suggestion struct {
	text, field string
	correct     bool
	limit       int
}

func (f fields) suggestRequest() (q suggestion, err error) {
	text, err := f.need("text")
	if err != nil {
		return q, err
	}
	if text.Kind() != doc.String {
		return q, wantField("text", "text", text)
	}
	q.text = string(text.Str())
	if q.field, err = f.text("field"); err != nil {
		return q, err
	}
	switch v, err := f.text("mode"); {
	case err != nil:
		return q, err
	case v == "correct":
		q.correct = true
	case v != "" && v != "complete":
		return q, invalid("INVALID_FIELD", `"mode" must be "complete" or "correct", not %q`, shorten(v, 40)).WithField("mode")
	}
	if q.limit, err = f.whole("limit"); q.limit == 0 {
		q.limit = 10
	}
	return q, err
}

// answer gives words that complete the text, or the text with words that are known.
func (q *suggestion) answer(c echo.Context, complete func() ([]fulltext.Suggested, error), correct func() (fulltext.Correction, error)) error {
	if !q.correct {
		list, err := complete()
		if err != nil {
			return err
		}
		return respond(c, http.StatusOK, func(b []byte) []byte {
			return append(appendSuggested(append(b, `{"suggestions":`...), list, false), '}')
		})
	}
	out, err := correct()
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		b = appendText(append(b, `{"text":`...), out.Text)
		b = fmt.Appendf(b, `,"changed":%v,"words":[`, out.Changed)
		for i, w := range out.Words {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(append(b, `{"word":`...), w.Word)
			b = fmt.Appendf(b, `,"offset":%d,"suggestions":`, w.Offset)
			b = append(appendSuggested(b, w.Suggestions, true), '}')
		}
		return append(b, "]}"...)
	})
}

func appendSuggested(b []byte, list []fulltext.Suggested, distance bool) []byte {
	b = append(b, '[')
	for i, w := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"text":`...), w.Text)
		b = fmt.Appendf(b, `,"documents":%d`, w.Documents)
		if distance {
			b = fmt.Appendf(b, `,"distance":%d`, w.Distance)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// suggestWords takes {"text","field"?,"mode"?="complete"|"correct","limit"?=10}.
func (s *Server) suggestWords(c echo.Context) error {
	if _, err := databaseParam(c); err != nil {
		return err
	}
	in, err := s.readFields(c, "text", "field", "mode", "limit")
	if err != nil {
		return err
	}
	q, err := in.suggestRequest()
	if err != nil {
		return err
	}
	store, name, err := s.collection(c, false)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	return q.answer(c,
		func() ([]fulltext.Suggested, error) { return store.Complete(ctx, name, q.text, q.field, q.limit) },
		func() (fulltext.Correction, error) { return store.Correct(ctx, name, q.text, q.field, q.limit) })
}
