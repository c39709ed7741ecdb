package parse

// edit replaces sql[start:end] before the grammar sees it.
type edit struct {
	start, end int
	text       string
}

// rewritten is what the grammar is given for a piece of the text, with the way back.
type rewritten struct {
	text   string
	prefix int // bytes put before the piece
	start  int // of the piece in the original
	end    int
	edits  []edit // those within the piece
}

// rewrite applies the edits that lie within sql[start:end] and puts prefix before it.
func rewrite(sql, prefix string, start, end int, edits []edit) *rewritten {
	r := &rewritten{prefix: len(prefix), start: start, end: end}
	for _, e := range edits {
		if e.start >= start && e.end <= end {
			r.edits = append(r.edits, e)
		}
	}
	if len(r.edits) == 0 {
		r.text = prefix + sql[start:end]
		return r
	}
	buf := append(make([]byte, 0, end-start+8*len(r.edits)), prefix...)
	at := start
	for _, e := range r.edits {
		buf = append(append(buf, sql[at:e.start]...), e.text...)
		at = e.end
	}
	r.text = string(append(buf, sql[at:end]...))
	return r
}

// original turns an offset in the rewritten text into one in the original.
func (r *rewritten) original(off int) int {
	off -= r.prefix
	if off < 0 {
		return r.start
	}
	shift := r.start // original = off + shift after the edits passed so far
	for _, e := range r.edits {
		if off+shift < e.start {
			break
		}
		if off+shift < e.start+len(e.text) {
			if len(e.text) == e.end-e.start {
				return off + shift
			}
			return e.start
		}
		shift += e.end - e.start - len(e.text)
	}
	return min(off+shift, r.end)
}
