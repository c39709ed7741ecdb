package document

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weftdb/weft/document/pipeline"
	"github.com/weftdb/weft/internal/dberr"
)

func TestAggregate(t *testing.T) {
	s, ctx := open(t), t.Context()
	for i := range 1000 {
		insert(t, s, "c", fmt.Sprintf(`{"_id":"%04d","g":%d,"n":%d}`, i, i%3, i))
	}
	insert(t, s, "names", `{"_id":"a","g":0,"name":"zero"}`, `{"_id":"b","g":2,"name":"two"}`)
	createIndex(t, s, "c", Index{Fields: []IndexField{{Path: "n"}}})
	run := func(text string, o AggregateOptions) (string, error) {
		p, err := pipeline.Parse([]byte(text))
		if err != nil {
			return "", err
		}
		docs, _, err := s.Aggregate(ctx, "c", p, o)
		var out []string
		for _, d := range docs {
			out = append(out, d.JSON())
		}
		return strings.Join(out, " "), err
	}
	for _, c := range []struct{ pipeline, want string }{
		{`[{"$match":{"n":{"$gte":10}}},{"$group":{"_id":"$g","n":{"$sum":1},"max":{"$max":"$n"}}},{"$sort":{"_id":1}},{"$lookup":{"from":"names","localField":"_id","foreignField":"g","as":"name"}},{"$project":{"n":1,"max":1,"name.name":1}}]`,
			`{"_id":0,"n":330,"max":999,"name":[{"name":"zero"}]} {"_id":1,"n":330,"max":997,"name":[]} {"_id":2,"n":330,"max":998,"name":[{"name":"two"}]}`},
		{`[{"$match":{"n":{"$lt":700}}},{"$count":"n"}]`, `{"n":700}`},
		{`[{"$group":{"_id":"$g","n":{"$sum":"$n"}}},{"$out":"sums"}]`, ``},
	} {
		if got, err := run(c.pipeline, AggregateOptions{}); err != nil || got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s, %v", c.pipeline, got, c.want, err)
		}
	}
	if page := find(t, s, "sums", `{}`); len(page.Documents) != 3 || page.Documents[0].Value.JSON() != `{"_id":"0","n":166833}` {
		t.Errorf("$out wrote %d documents, the first %v", len(page.Documents), page.Documents)
	}
	if _, err := run(`[{"$match":{"n":{"$lt":5}}},{"$out":"sums"}]`, AggregateOptions{}); err != nil {
		t.Error(err)
	}
	if page := find(t, s, "sums", `{}`); len(page.Documents) != 5 {
		t.Errorf("$out left %d documents", len(page.Documents))
	}
	_, err := run(`[]`, AggregateOptions{MaxDocuments: 999})
	wantCode(t, err, "RESULT_TOO_LARGE")
	p, err := pipeline.Parse([]byte(`[]`))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Aggregate(ctx, "none", p, AggregateOptions{})
	if e := dberr.As(err); e == nil || e.Code != "COLLECTION_NOT_FOUND" {
		t.Errorf("got %v", err)
	}
}
