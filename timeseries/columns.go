package timeseries

// columnSet is columns by series and field. Ids of series that are made together are
// neighbours, and a batch is in their order, so they lie in pages, and the page that was
// used last is mostly the one that is wanted.
type columnSet struct {
	n      int
	fields []columnPages
}

type columnPages struct {
	pages  map[uint64]*columnPage
	lastID uint64
	last   *columnPage
}

type columnPage struct {
	n       int
	columns [pageColumns]*headColumn
}

const pageColumns = 64

func (f *columnPages) page(id uint64) *columnPage {
	if f.last != nil && f.lastID == id {
		return f.last
	}
	return f.pages[id]
}

// get finds a column, nil where it is not there.
func (s *columnSet) get(key columnKey) *headColumn {
	if key.field >= len(s.fields) {
		return nil
	}
	p := s.fields[key.field].page(key.series / pageColumns)
	if p == nil {
		return nil
	}
	return p.columns[key.series%pageColumns]
}

// open finds a column or makes it.
func (s *columnSet) open(key columnKey) *headColumn {
	for key.field >= len(s.fields) {
		s.fields = append(s.fields, columnPages{pages: make(map[uint64]*columnPage)})
	}
	f, id := &s.fields[key.field], key.series/pageColumns
	p := f.page(id)
	if p == nil {
		p = &columnPage{}
		f.pages[id] = p
	}
	f.lastID, f.last = id, p
	c := p.columns[key.series%pageColumns]
	if c == nil {
		c = &headColumn{}
		p.columns[key.series%pageColumns] = c
		p.n++
		s.n++
	}
	return c
}

// remove takes a column out, which must be there.
func (s *columnSet) remove(key columnKey) {
	f, id := &s.fields[key.field], key.series/pageColumns
	p := f.pages[id]
	p.columns[key.series%pageColumns] = nil
	s.n--
	if p.n--; p.n == 0 {
		delete(f.pages, id)
		f.last = nil
	}
}

func (s *columnSet) each(fn func(key columnKey, c *headColumn)) {
	for field := range s.fields {
		for id, p := range s.fields[field].pages {
			for i, c := range p.columns {
				if c != nil {
					fn(columnKey{id*pageColumns + uint64(i), field}, c)
				}
			}
		}
	}
}
