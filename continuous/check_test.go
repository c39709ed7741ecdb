package continuous_test

import (
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/continuous"
)

// TestCheck: a check finds what is amiss with windows, states and definitions, and nothing
// where nothing is.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, want string
		harm       continuous.Harm
	}{
		{"none", "", continuous.Harm{}},
		{"a window is gone", "has 1 windows of", continuous.Harm{LoseWindow: true}},
		{"a window is cut", "the record of a window is malformed", continuous.Harm{CutWindow: true}},
		{"a window is elsewhere", "is another", continuous.Harm{MoveWindow: true}},
		{"a state is gone", "has no state", continuous.Harm{LoseState: true}},
		{"a definition is gone", "is of no continuous query", continuous.Harm{LoseQuery: true}},
		{"a fill has no state", "has no state", continuous.Harm{LoseFill: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := weft.OpenMemory(weft.Options{Continuous: continuous.Options{Idle: true}})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			publish(t, db, "in", `{"k":"a","v":1,"at":1}`, `{"k":"b","v":2,"at":2}`)
			create(t, db, sums("q"))
			must(0, must(db.Continuous().NewRunner(t.Context(), "", "q", 9)).CatchUp(t.Context()))
			fills := must(db.Continuous().Fills(t.Context(), ""))
			must(fills.Create(t.Context(), continuous.Fill{Name: "f", Every: time.Minute,
				Query: `INSERT INTO ts.x SELECT $1 AS time, count(*) AS n FROM stream."in" WHERE time >= $1 AND time < $2`}))
			must(0, db.Continuous().Damage(t.Context(), "q", "f", c.harm))
			if c.want == "" {
				if n := sound(t, db); n.Queries != 2 || n.Windows != 2 {
					t.Errorf("%+v", n)
				}
				return
			}
			var found []string
			if _, err := continuous.Check(t.Context(), db.Store().Store, func(problem string) { found = append(found, problem) }); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(found, "; "), c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}
