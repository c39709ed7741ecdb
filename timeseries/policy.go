package timeseries

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
)

// MaxTiers bounds the tiers of a policy.
const MaxTiers = 8

// RetentionPolicy says how long the points of metrics are kept, and by which windows they
// are rolled up for longer.
type RetentionPolicy struct {
	Name    string
	Pattern string        // of names of metrics; * stands for any characters
	Keep    time.Duration // of the points themselves; 0 is for ever
	Tiers   []Tier        // from the finest to the coarsest
	// RefuseLate has points refused that are older than what is kept of points. Else they are
	// added to the tiers, which cannot know whether they have them already.
	RefuseLate bool
}

// Tier is what points are rolled up to: a row for each window with points.
type Tier struct {
	Interval time.Duration
	Keep     time.Duration // 0, of the last tier only, is for ever
}

const day = 24 * time.Hour

// RetentionPresets are policies by their names, with the pattern "*".
var RetentionPresets = map[string]RetentionPolicy{
	"monitoring": {Keep: day, Tiers: []Tier{{5 * time.Minute, 7 * day}, {time.Hour, 30 * day}, {day, 365 * day}}},
	"iot":        {Keep: time.Hour, Tiers: []Tier{{time.Minute, day}, {15 * time.Minute, 7 * day}, {time.Hour, 90 * day}}},
}

// Validate says what is wrong with a policy.
func (p *RetentionPolicy) Validate() error {
	if err := checkName("policy", p.Name); err != nil {
		return err
	}
	switch {
	case p.Pattern == "" || len(p.Pattern) > MaxNameBytes:
		return invalid("INVALID_POLICY", "pattern", "the pattern has %d bytes, and must have 1 to %d", len(p.Pattern), MaxNameBytes)
	case p.Keep < 0:
		return invalid("INVALID_POLICY", "raw", "points cannot be kept for %v", p.Keep)
	case p.Keep == 0 && len(p.Tiers) > 0:
		return invalid("INVALID_POLICY", "raw", "points that are kept for ever need no tiers")
	case p.Keep > 0 && p.Keep < time.Minute:
		return invalid("INVALID_POLICY", "raw", "points must be kept for a minute at least, not %v", p.Keep)
	case len(p.Tiers) > MaxTiers:
		return tooLarge("TOO_MANY_TIERS", "tiers", "%d tiers are over the maximum of %d", len(p.Tiers), MaxTiers)
	}
	before := Tier{Interval: 0, Keep: p.Keep}
	for _, t := range p.Tiers {
		switch {
		case t.Interval < time.Second || t.Interval > 366*day:
			return invalid("INVALID_POLICY", "tiers", "the windows of a tier must be 1 s to 366 d long, not %v", t.Interval)
		case before.Interval > 0 && (t.Interval <= before.Interval || t.Interval%before.Interval != 0):
			return invalid("INVALID_POLICY", "tiers", "windows of %v cannot be made of whole windows of %v", t.Interval, before.Interval)
		case before.Keep == 0 || t.Keep < 0 || t.Keep != 0 && t.Keep <= before.Keep:
			return invalid("INVALID_POLICY", "tiers", "the tier of %v must be kept longer than what it is made of", t.Interval)
		case before.Keep < t.Interval:
			return invalid("INVALID_POLICY", "tiers", "what the tier of %v is made of is kept for %v, which is less than one of its windows", t.Interval, before.Keep)
		}
		before = t
	}
	return nil
}

// matches says whether the policy is for a metric.
func (p *RetentionPolicy) matches(metric string) bool { return globs(p.Pattern, metric) }

func globs(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, head)
	if !ok {
		return false
	}
	for {
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], next
	}
}

// policyOf is the policy of a metric: that with the longest pattern that matches, without
// its stars; nil where there is none. The list is in the order of names.
func policyOf(list []*RetentionPolicy, metric string) (best *RetentionPolicy) {
	length := func(p *RetentionPolicy) int {
		return 2*len(strings.ReplaceAll(p.Pattern, "*", "")) + btoi(!strings.Contains(p.Pattern, "*"))
	}
	for _, p := range list {
		if p.matches(metric) && (best == nil || cmp.Compare(length(p), length(best)) > 0) {
			best = p
		}
	}
	return best
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A record has the first version, or the second where late points are refused.
const policyVersion, policyRefuses = 1, 2

func (p *RetentionPolicy) append(dst []byte) []byte {
	dst = append(dst, byte(policyVersion+btoi(p.RefuseLate)))
	dst = appendUvarint(appendText(dst, p.Pattern), uint64(p.Keep))
	dst = appendUvarint(dst, uint64(len(p.Tiers)))
	for _, t := range p.Tiers {
		dst = appendUvarint(appendUvarint(dst, uint64(t.Interval)), uint64(t.Keep))
	}
	return dst
}

func (p *RetentionPolicy) decode(v []byte) error {
	if len(v) == 0 || v[0] != policyVersion && v[0] != policyRefuses {
		return corrupt("the record of the retention policy %q has no version that is known", p.Name)
	}
	r := enc.NewReader(v[1:])
	p.RefuseLate = v[0] == policyRefuses
	p.Pattern, p.Keep = r.Text(), time.Duration(r.Uvarint())
	n := r.Uvarint()
	for range min(n, MaxTiers) {
		p.Tiers = append(p.Tiers, Tier{time.Duration(r.Uvarint()), time.Duration(r.Uvarint())})
	}
	if !r.Done() || n > MaxTiers || p.Validate() != nil {
		return corrupt("the record of the retention policy %q is malformed", p.Name)
	}
	return nil
}

func (s *Store) policyKey(name string) []byte {
	return enc.AppendString(appendObject(nil, s.db, objPolicies), name)
}

// SetRetention adds a policy, or puts it in the place of that with its name. It is carried
// out in the background.
func (s *Store) SetRetention(ctx context.Context, p RetentionPolicy) error {
	if err := p.Validate(); err != nil {
		return err
	}
	return s.update(ctx, func(tx *txn.Tx) error { return tx.Put(s.policyKey(p.Name), p.append(nil)) })
}

// RemoveRetention removes a policy. Metrics that have none any more keep their points from
// then on; their tiers are removed.
func (s *Store) RemoveRetention(ctx context.Context, name string) error {
	return s.update(ctx, func(tx *txn.Tx) error {
		if err := checkName("policy", name); err != nil {
			return err
		}
		_, ok, err := tx.Get(s.policyKey(name))
		if err == nil && !ok {
			err = errNoPolicy(name)
		}
		if err != nil {
			return err
		}
		return tx.Delete(s.policyKey(name))
	})
}

func errNoPolicy(name string) error {
	return dberr.New(dberr.ErrNotFound, "POLICY_NOT_FOUND", "there is no retention policy %q", shorten(name)).WithField("name")
}

func (s *Store) policies(tx *txn.Tx) (list []*RetentionPolicy, err error) {
	prefix := appendObject(nil, s.db, objPolicies)
	it := tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		name, rest, err := enc.DecodeString(it.Key()[len(prefix):])
		if err != nil || len(rest) != 0 {
			return nil, corrupt("the key %x of a retention policy is malformed", it.Key())
		}
		p := &RetentionPolicy{Name: name}
		if err := p.decode(it.Value()); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, it.Err()
}

// RetentionStatus is a policy and what it has come to.
type RetentionStatus struct {
	RetentionPolicy
	Metrics []RetainedMetric // by name
}

// RetainedMetric is what a policy has come to for a metric.
type RetainedMetric struct {
	Metric string
	RanAt  time.Time // when something was last removed, or tiers made; zero: not yet
	Raw    time.Time // from when on there are points; zero: all are there
	Tiers  []RetainedTier
}

// RetainedTier is a tier of a metric.
type RetainedTier struct {
	Tier
	From  time.Time // from when on there are rows; zero: all are there
	Ready bool      // it holds what was there before the policy, too
}

// Retention lists the policies in the order of their names, with what they have come to.
func (s *Store) Retention(ctx context.Context) (out []RetentionStatus, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		out = nil
		list, err := s.policies(tx)
		if err != nil {
			return err
		}
		metrics, err := s.MetricsTx(tx)
		if err != nil {
			return err
		}
		for _, p := range list {
			out = append(out, RetentionStatus{RetentionPolicy: *p})
		}
		for _, m := range metrics {
			i := slices.Index(list, policyOf(list, m.Name))
			if i < 0 {
				continue
			}
			st, err := s.retained(tx, m.id)
			if err != nil {
				return err
			}
			out[i].Metrics = append(out[i].Metrics, st.describe(m.Name))
		}
		return nil
	})
	return out, err
}
