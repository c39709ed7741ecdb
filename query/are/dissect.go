package are

import "unicode"

// dissect divides the match of n from start to end among its parts, which sets their
// groups. The automaton of n says that it is a match; only back references can
// find that it is none.
func (m *matcher) dissect(n *node, start, end int) bool {
	if m.steps++; m.steps > MaxSteps {
		m.err = ErrSteps
	}
	if m.err != nil {
		return false
	}
	if n.flags&messy == 0 {
		return true
	}
	switch n.kind {
	case kGroup:
		if !m.dissect(n.kids[0], start, end) {
			return false
		}
		m.groups[2*n.n], m.groups[2*n.n+1] = start, end
		return true
	case kBack:
		return m.backReference(n, start, end)
	case kAlt:
		for _, k := range n.kids {
			if m.reaches(k, start, end) && m.dissect(k, start, end) {
				return true
			}
		}
		return false
	case kConcat:
		return m.sequence(n, start, end)
	case kRepeat:
		if n.kids[0].prefersShort() {
			return m.iterateShort(n, start, end)
		}
		return m.iterate(n, start, end)
	}
	return true
}

// sequence finds where the first of two parts ends.
func (m *matcher) sequence(n *node, start, end int) bool {
	l, r := n.kids[0], n.kids[1]
	mid := 0
	if l.prefersShort() {
		mid = m.shortest(l, start, start, end)
	} else {
		mid = m.longest(l, start, end)
	}
	for mid >= 0 && m.err == nil {
		if m.reaches(r, mid, end) {
			if m.dissect(l, start, mid) && m.dissect(r, mid, end) {
				return true
			}
			m.forget(l)
			m.forget(r)
		}
		if l.prefersShort() {
			mid = m.shortest(l, start, mid+1, end)
		} else {
			mid = m.longest(l, start, mid-1)
		}
	}
	return false
}

// forget clears the groups of a part.
func (m *matcher) forget(n *node) {
	if n.flags&hasGroup == 0 {
		return
	}
	if n.kind == kGroup {
		m.groups[2*n.n], m.groups[2*n.n+1] = -1, -1
	}
	for _, k := range n.kids {
		m.forget(k)
	}
}

// backReference compares with the text of the group.
func (m *matcher) backReference(n *node, start, end int) bool {
	from, to := m.groups[2*n.n], m.groups[2*n.n+1]
	if from < 0 {
		return false
	}
	size := to - from
	if size == 0 {
		return start == end
	}
	times := (end - start) / size
	if (end-start)%size != 0 || times < n.min || n.max != inf && times > n.max {
		return false
	}
	for i := start; i < end; i++ {
		a, b := m.text.runes[from+(i-start)%size], m.text.runes[i]
		if a != b && !(n.set != nil && sameLetter(a, b)) {
			return false
		}
	}
	m.steps += end - start
	return true
}

func sameLetter(a, b rune) bool {
	return unicode.ToLower(a) == unicode.ToLower(b) || unicode.ToUpper(a) == unicode.ToUpper(b)
}

// spread is the state of dividing a match among iterations.
type spread struct {
	n        *node // what is repeated
	ends     []int // of the iterations; ends[0] is the beginning of the first
	end      int
	least    int
	most     int
	verified int
}

func (m *matcher) spread(n *node, start, end int) *spread {
	s := &spread{n: n.kids[0], end: end, least: max(n.min, 1)}
	s.most = end - start
	if n.max != inf {
		s.most = min(s.most, n.max)
	}
	s.most = max(s.most, s.least)
	s.ends = make([]int, s.most+1)
	s.ends[0] = start
	m.steps += s.most / 8
	return s
}

// needed says whether iteration k may be empty to reach the least number.
func (s *spread) needed(k, at int) bool { return k < s.least && s.least-k >= s.end-at }

// verify dissects the iterations up to k that have not been, and gives the one that failed, or 0.
func (m *matcher) verify(s *spread, k int) int {
	for i := s.verified + 1; i <= k; i++ {
		m.forget(s.n)
		if !m.dissect(s.n, s.ends[i-1], s.ends[i]) {
			return i
		}
		s.verified = i
	}
	return 0
}

// iterate divides among iterations that are as long as can be, the first ones first.
func (m *matcher) iterate(n *node, start, end int) bool {
	s := m.spread(n, start, end)
	k, limit := 1, end
	for k > 0 && m.err == nil {
		s.ends[k] = m.longest(s.n, s.ends[k-1], limit)
		if m.steps++; m.steps > MaxSteps {
			m.err = ErrSteps
		}
		if s.ends[k] < 0 {
			k--
		} else {
			s.verified = min(s.verified, k-1)
			if s.ends[k] != end {
				switch {
				case k >= s.most:
					k--
				case s.ends[k] == s.ends[k-1] && !s.needed(k, s.ends[k]):
				default:
					k++
					limit = end
					continue
				}
			} else if k >= s.least {
				failed := m.verify(s, k)
				if failed == 0 {
					return true
				}
				k = failed
			}
		}
		for ; k > 0; k-- { // shorten an iteration
			before := s.ends[k-1]
			if s.ends[k] > before {
				if limit = s.ends[k] - 1; limit > before || k < s.least && s.least-k >= end-before {
					break
				}
			}
		}
	}
	return m.none(n, start, end)
}

// iterateShort divides among iterations that are as short as can be.
func (m *matcher) iterateShort(n *node, start, end int) bool {
	if n.min == 0 && start == end {
		return true
	}
	s := m.spread(n, start, end)
	k, limit := 1, start
	for k > 0 && m.err == nil {
		if limit == s.ends[k-1] && limit != end && !s.needed(k, limit) {
			limit++
		}
		if k >= s.most {
			limit = end
		}
		s.ends[k] = m.shortest(s.n, s.ends[k-1], limit, end)
		if m.steps++; m.steps > MaxSteps {
			m.err = ErrSteps
		}
		if s.ends[k] < 0 {
			k--
		} else {
			s.verified = min(s.verified, k-1)
			if s.ends[k] != end {
				if k < s.most {
					k++
					limit = s.ends[k-1]
					continue
				}
				k--
			} else if k >= s.least {
				failed := m.verify(s, k)
				if failed == 0 {
					return true
				}
				k = failed
			}
		}
		for ; k > 0; k-- { // lengthen an iteration
			if s.ends[k] < end {
				limit = s.ends[k] + 1
				break
			}
		}
	}
	return false
}

// none reports whether no iteration at all does, which is tried last.
func (m *matcher) none(n *node, start, end int) bool {
	if n.min > 0 || start != end || m.err != nil {
		return false
	}
	m.forget(n)
	return true
}
