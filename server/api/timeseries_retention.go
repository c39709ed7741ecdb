package api

import (
	"cmp"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/timeseries"
)

// tsPolicy describes a retention policy to clients.
type tsPolicy struct {
	Name    string       `json:"name"`
	Pattern string       `json:"pattern"`
	Raw     string       `json:"raw"`
	Tiers   []tsTier     `json:"tiers"`
	Late    string       `json:"late,omitempty"` // "refuse"
	Metrics []tsRetained `json:"metrics"`
}

type tsTier struct {
	Interval string     `json:"interval"`
	Keep     string     `json:"keep"`
	From     *time.Time `json:"from,omitempty"`
	Ready    *bool      `json:"ready,omitempty"`
}

type tsRetained struct {
	Metric string     `json:"metric"`
	RanAt  *time.Time `json:"ran_at"`
	Raw    *time.Time `json:"raw_from"`
	Tiers  []tsTier   `json:"tiers"`
}

// forever is how a span without an end is written.
const forever = "forever"

func spanText(d time.Duration) string {
	if d == 0 {
		return forever
	}
	return timeseries.FormatInterval(d)
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func describePolicy(p *timeseries.RetentionStatus) tsPolicy {
	d := tsPolicy{Name: p.Name, Pattern: p.Pattern, Raw: spanText(p.Keep), Tiers: []tsTier{}, Metrics: []tsRetained{}}
	if p.RefuseLate {
		d.Late = lateRefuse
	}
	for _, t := range p.Tiers {
		d.Tiers = append(d.Tiers, tsTier{Interval: spanText(t.Interval), Keep: spanText(t.Keep)})
	}
	for _, m := range p.Metrics {
		x := tsRetained{Metric: m.Metric, RanAt: timeOrNull(m.RanAt), Raw: timeOrNull(m.Raw), Tiers: []tsTier{}}
		for _, t := range m.Tiers {
			x.Tiers = append(x.Tiers, tsTier{spanText(t.Interval), spanText(t.Keep), timeOrNull(t.From), &t.Ready})
		}
		d.Metrics = append(d.Metrics, x)
	}
	return d
}

func (s *Server) policyList(c echo.Context) ([]timeseries.RetentionStatus, error) {
	database, err := databaseParam(c)
	if err != nil {
		return nil, err
	}
	store, err := s.timeSeries(c, database, false)
	if err != nil {
		return nil, err
	}
	return store.Retention(c.Request().Context())
}

func (s *Server) listPolicies(c echo.Context) error {
	list, err := s.policyList(c)
	if err != nil {
		return err
	}
	out := make([]tsPolicy, len(list))
	for i := range list {
		out[i] = describePolicy(&list[i])
	}
	return c.JSON(http.StatusOK, map[string]any{"policies": out})
}

func (s *Server) getPolicy(c echo.Context) error {
	name, err := pathParam(c, "name")
	if err != nil {
		return err
	}
	list, err := s.policyList(c)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(p timeseries.RetentionStatus) bool { return p.Name == name })
	if i < 0 {
		return dberr.New(dberr.ErrNotFound, "POLICY_NOT_FOUND", "there is no retention policy %q", shorten(name, 40)).WithField("name")
	}
	return c.JSON(http.StatusOK, describePolicy(&list[i]))
}

var (
	policyFields = []string{"preset", "pattern", "raw", "tiers", "late", "database"}
	tierFields   = []string{"interval", "keep"}
)

// putPolicy takes {"pattern","raw","tiers":[{"interval","keep"}],"late"?} or {"preset","pattern"?,"late"?}.
func (s *Server) putPolicy(c echo.Context) error {
	name, err := pathParam(c, "name")
	if err != nil {
		return err
	}
	var p timeseries.RetentionPolicy
	preset, database, own := "", "", false
	err = s.bindSeries(c, policyFields, &database, func(sc *jsonin.Scanner, field string) (err error) {
		switch field {
		case "preset":
			preset, err = sc.StrField(field)
		case "pattern":
			p.Pattern, err = sc.StrField(field)
		case "raw":
			own = true
			p.Keep, err = spanField(sc, field)
		case "tiers":
			own = true
			p.Tiers, err = decodeTiers(sc)
		case "late":
			p.RefuseLate, err = lateField(sc)
		}
		return err
	})
	if err != nil {
		return err
	}
	if preset != "" {
		from, ok := timeseries.RetentionPresets[preset]
		switch {
		case !ok:
			return invalid("INVALID_FIELD", `field "preset" must be one of %s, not %q`, quoted(slices.Sorted(maps.Keys(timeseries.RetentionPresets))), shorten(preset, 40)).WithField("preset")
		case own:
			return invalid("INVALID_FIELD", `"preset" says what "raw" and "tiers" are`).WithField("preset")
		}
		p.Keep, p.Tiers, p.Pattern = from.Keep, from.Tiers, cmp.Or(p.Pattern, "*")
	} else if !own || p.Pattern == "" {
		return invalid("MISSING_FIELD", `a policy needs the field "pattern", and "raw" or "tiers", or "preset"`).WithField("pattern")
	}
	p.Name = name
	store, err := s.timeSeries(c, database, true)
	if err != nil {
		return err
	}
	if err := store.SetRetention(c.Request().Context(), p); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "policy": describePolicy(&timeseries.RetentionStatus{RetentionPolicy: p})})
}

// lateRefuse and lateAdd are what becomes of points that are older than what is kept.
const lateRefuse, lateAdd = "refuse", "add"

func lateField(sc *jsonin.Scanner) (refuse bool, err error) {
	text, err := sc.StrField("late")
	if err == nil && text != lateAdd && text != lateRefuse {
		err = invalid("INVALID_FIELD", `field "late" must be "add" or "refuse", not %q`, shorten(text, 40)).WithField("late")
	}
	return text == lateRefuse, err
}

// spanField takes a span such as "24h" or "30d", of days of 24 hours; "forever" is 0.
func spanField(sc *jsonin.Scanner, field string) (time.Duration, error) {
	text, err := sc.StrField(field)
	if err != nil || text == forever {
		return 0, err
	}
	return parseSpan(field, text)
}

// parseSpan reads a span of a fixed length.
func parseSpan(field, text string) (time.Duration, error) {
	i, err := timeseries.ParseInterval(field, text)
	if err != nil {
		return 0, err
	}
	if i.Months > 0 || int64(i.Days) > math.MaxInt64/int64(24*time.Hour) {
		return 0, invalid("INVALID_INTERVAL", "field %q must be a span of a fixed length, such as 24h or 30d, not %q", field, shorten(text, 40)).WithField(field)
	}
	return i.Fixed + time.Duration(i.Days)*24*time.Hour, nil
}

func decodeTiers(sc *jsonin.Scanner) (tiers []timeseries.Tier, err error) {
	if k := sc.Peek(); k != jsonin.Array && k != jsonin.Invalid {
		return nil, jsonin.WantError("tiers", "an array", k)
	}
	err = sc.Array(func(int) error {
		if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
			return jsonin.WantError("tiers", "an array of objects", k)
		}
		var t timeseries.Tier
		err := sc.Object(func(key []byte) (err error) {
			switch name := string(key); name {
			case "interval":
				t.Interval, err = spanField(sc, "tiers.interval")
			case "keep":
				t.Keep, err = spanField(sc, "tiers.keep")
			default:
				err = jsonin.UnknownField("tiers."+name, tierFields)
			}
			return err
		})
		tiers = append(tiers, t)
		return err
	})
	return tiers, err
}

func (s *Server) removePolicy(c echo.Context) error {
	name, store, err := s.namedMetric(c)
	if err != nil {
		return err
	}
	if err := store.RemoveRetention(c.Request().Context(), name); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "name": name})
}
