package are

// matcher searches one text.
type matcher struct {
	re     *Regexp
	text   text
	steps  int
	groups []int // beginnings and ends, by characters
	memo   map[memoKey][]int32
	behind [][]bool // where look-behind constraints hold, by number; nil until asked for
	err    error
}

type memoKey struct {
	node  int
	start int32
}

func newMatcher(re *Regexp, s string) *matcher {
	return &matcher{re: re, text: newText(s), memo: map[memoKey][]int32{}, behind: make([][]bool, len(re.behind))}
}

// threads are the states of an automaton at one place, each once.
type threads struct {
	list []int32
	mark []uint32
	gen  uint32
}

func (t *threads) reset(n int) {
	t.list = t.list[:0]
	if len(t.mark) < n {
		t.mark = make([]uint32, n)
	}
	t.gen++
}

// run simulates an automaton on the text from character at on. With roam it may begin
// anywhere. end is told each place where it may end, and says whether to go on.
func (m *matcher) run(prog []inst, at int, roam bool, end func(at int) bool) {
	var now, next threads
	now.reset(len(prog))
	m.add(prog, &now, 0, at)
	for ; ; at++ {
		if m.steps += len(now.list) + 1; m.steps > MaxSteps {
			m.err = ErrSteps
			return
		}
		for _, pc := range now.list {
			if prog[pc].op == opMatch {
				if !end(at) {
					return
				}
				break
			}
		}
		if at >= len(m.text.runes) || len(now.list) == 0 && !roam || m.err != nil {
			return
		}
		next.reset(len(prog))
		r := m.text.runes[at]
		for _, pc := range now.list {
			if i := &prog[pc]; i.op == opSet && i.set.has(r) {
				m.add(prog, &next, pc+1, at+1)
			}
		}
		if roam {
			m.add(prog, &next, 0, at+1)
		}
		now, next = next, now
	}
}

// add follows the moves that take no character.
func (m *matcher) add(prog []inst, t *threads, pc int32, at int) {
	for t.mark[pc] != t.gen {
		t.mark[pc] = t.gen
		switch i := &prog[pc]; i.op {
		case opJump:
			pc = i.x
		case opSplit:
			m.add(prog, t, i.x, at)
			pc = i.y
		case opAssert:
			if !m.holds(i.node, at) {
				return
			}
			pc++
		default:
			t.list = append(t.list, pc)
			return
		}
	}
}

func (m *matcher) word(at int) bool {
	return at >= 0 && at < len(m.text.runes) && isWordRune(m.text.runes[at])
}

// holds reports whether a constraint holds before character at.
func (m *matcher) holds(n *node, at int) bool {
	size := len(m.text.runes)
	switch n.assert {
	case aBegin:
		return at == 0
	case aEnd:
		return at == size
	case aLineBegin:
		return at == 0 || n.n == 1 && m.text.runes[at-1] == '\n'
	case aLineEnd:
		return at == size || n.n == 1 && m.text.runes[at] == '\n'
	case aWordBegin:
		return !m.word(at-1) && m.word(at)
	case aWordEnd:
		return m.word(at-1) && !m.word(at)
	case aBoundary:
		return m.word(at-1) != m.word(at)
	case aInside:
		return m.word(at-1) == m.word(at)
	case aAhead, aNotAhead:
		found := false
		m.run(n.kids[0].prog, at, false, func(int) bool {
			found = true
			return false
		})
		return found == (n.assert == aAhead)
	}
	if m.behind[n.n] == nil {
		places := make([]bool, size+1)
		m.run(n.kids[0].prog, 0, true, func(at int) bool {
			places[at] = true
			return true
		})
		m.behind[n.n] = places
	}
	return m.behind[n.n][at] == (n.assert == aBehind)
}

// ends gives the places where a match of n that begins at start may end, in order.
func (m *matcher) ends(n *node, start int) []int32 {
	key := memoKey{n.id, int32(start)}
	if e, ok := m.memo[key]; ok {
		return e
	}
	var e []int32
	m.run(n.prog, start, false, func(at int) bool {
		e = append(e, int32(at))
		return true
	})
	m.memo[key] = e
	return e
}

// reaches reports whether n may match from start to end.
func (m *matcher) reaches(n *node, start, end int) bool {
	e := m.ends(n, start)
	i := searchInt32(e, int32(end))
	return i < len(e) && e[i] == int32(end)
}

// searchInt32 is the index of the first element that is not below v.
func searchInt32(s []int32, v int32) int {
	lo, hi := 0, len(s)
	for lo < hi {
		if mid := (lo + hi) / 2; s[mid] < v {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// longest gives the last place up to limit where a match may end, or -1.
func (m *matcher) longest(n *node, start, limit int) int {
	e := m.ends(n, start)
	if i := searchInt32(e, int32(limit)+1); i > 0 {
		return int(e[i-1])
	}
	return -1
}

// shortest gives the first place from least on, up to most, or -1.
func (m *matcher) shortest(n *node, start, least, most int) int {
	e := m.ends(n, start)
	if i := searchInt32(e, int32(least)); i < len(e) && int(e[i]) <= most {
		return int(e[i])
	}
	return -1
}

// find searches from a byte offset on. Without groups it answers only whether there is a match.
func (m *matcher) find(from int, groups bool) ([]int, error) {
	m.steps, m.err = 0, nil
	at := m.text.index(from)
	root := m.re.root
	first := -1 // the first end of any match: none begins after it
	m.run(root.prog, at, true, func(end int) bool {
		first = end
		return false
	})
	if m.err != nil || first < 0 {
		return nil, m.err
	}
	if !groups && !m.re.backs {
		return []int{}, nil
	}
	for ; m.err == nil && at <= len(m.text.runes); at++ {
		if !m.re.backs && at > first {
			break
		}
		if end := m.matchAt(at); end >= 0 && m.err == nil {
			return m.result(at, end), nil
		}
	}
	return nil, m.err
}

// matchAt gives the end of the match that begins at a place, with its groups, or -1.
func (m *matcher) matchAt(at int) int {
	root := m.re.root
	least, most := at, len(m.text.runes)
	for m.err == nil {
		end := 0
		if root.prefersShort() {
			end = m.shortest(root, at, least, most)
		} else {
			end = m.longest(root, at, most)
		}
		if end < 0 {
			return -1
		}
		if m.divide(at, end) {
			return end
		}
		if root.prefersShort() {
			least = end + 1
		} else {
			most = end - 1
		}
	}
	return -1
}

func (m *matcher) divide(at, end int) bool {
	m.groups = make([]int, 2*m.re.groups)
	for i := range m.groups {
		m.groups[i] = -1
	}
	return m.dissect(m.re.root, at, end)
}

func (m *matcher) result(at, end int) []int {
	m.groups[0], m.groups[1] = at, end
	out := make([]int, len(m.groups))
	for i, g := range m.groups {
		out[i] = -1
		if g >= 0 {
			out[i] = int(m.text.offsets[g])
		}
	}
	return out
}

// groupsOf finds the groups of a match whose place is known.
func (m *matcher) groupsOf(loc []int) ([]int, error) {
	m.steps, m.err = 0, nil
	at, end := m.text.index(loc[0]), m.text.index(loc[1])
	if ok := m.divide(at, end); m.err != nil {
		return nil, m.err
	} else if !ok {
		return m.find(0, true)
	}
	return m.result(at, end), nil
}
