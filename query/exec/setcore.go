package exec

import (
	"context"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// setCore decides for each row of a left input, by what is known of its key, whether
// it comes out: DISTINCT, INTERSECT, EXCEPT, EXISTS. Of each key it keeps a count: how
// often the right input has it, which take may change.
//
// Past the budget of memory the keys that there are stay; rows of other keys go to
// files by the hash of the key, left and right alike, and the pairs of files are worked off
// when the input has ended. What comes out is numbered and merged, so that left rows
// keep their order.
type setCore struct {
	c        *Context
	types    []sqltype.Type // of the left rows
	keyTypes []sqltype.Type
	keys     func(b *vec.Batch) ([]*vec.Vector, error) // of left rows
	// take decides on a left row by the count of its key.
	take func(count *int64) bool
	// look, where set, says that left rows make no entries: take gets a zero for keys that
	// the right input does not have.
	look bool
	top  *setLevel
	held reserved
	n    uint64 // left rows that were numbered
	runs *runMerge
	line *spillFile // rows that come out at once while others wait in files
	done bool
	out  vec.Batch
	rows *vec.Batch
	seq  []byte
}

// setLevel is the keys of the whole input, or of a pair of files.
type setLevel struct {
	s           *setCore
	table       *keyTable
	count       []int64 // by key
	level       uint
	full        bool // keys that are not in table go to files
	left, right []*spillFile
	nums        []int32
	sel         []int32
}

func newSetCore(c *Context, types, keyTypes []sqltype.Type, keys func(*vec.Batch) ([]*vec.Vector, error), take func(*int64) bool) *setCore {
	s := &setCore{c: c, types: types, keyTypes: keyTypes, keys: keys, take: take, held: reserved{c: c}}
	s.top = s.newLevel(0)
	return s
}

func (s *setCore) newLevel(level uint) *setLevel {
	return &setLevel{s: s, table: newKeyTable(s.keyTypes), level: level}
}

// next gives the next rows of the left input that come out.
func (s *setCore) next(ctx context.Context, left Operator) (*vec.Batch, error) {
	for !s.done {
		b, err := left.Next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			s.done = true
			if err := s.finish(ctx); err != nil {
				return nil, err
			}
			break
		}
		sel, err := s.top.addLeft(b, nil)
		if err != nil {
			return nil, err
		}
		if len(sel) > 0 && s.runs == nil {
			s.out = vec.Batch{Len: b.Len, Sel: sel, Cols: b.Cols}
			return &s.out, nil
		}
	}
	if s.runs == nil {
		return nil, nil
	}
	n, err := s.runs.next(ctx, s.rows, vec.BatchSize)
	if n == 0 || err != nil {
		return nil, err
	}
	return s.rows, nil
}

// finish works off the files.
func (s *setCore) finish(ctx context.Context) error {
	if err := s.top.finish(ctx); err != nil || s.runs == nil {
		return err
	}
	s.rows = vec.NewBatch(s.types)
	return s.runs.start(ctx)
}

func (s *setCore) close() error {
	s.held.drop()
	s.done = true
	var err error
	if s.runs != nil {
		err = s.runs.close()
		s.runs = nil
	}
	if s.top != nil {
		err = firstError(err, closeAll(s.top.left), closeAll(s.top.right))
	}
	s.top = nil
	return err
}

func closeAll(files []*spillFile) (err error) {
	for _, f := range files {
		err = firstError(err, f.close())
	}
	return err
}

// numbers assigns or looks up the numbers of the keys of b.
func (l *setLevel) numbers(b *vec.Batch, keys []*vec.Vector, add bool) []int32 {
	if cap(l.nums) < b.Len {
		l.nums = make([]int32, max(b.Len, vec.BatchSize))
	}
	nums := l.nums[:b.Len]
	if !add || l.full {
		l.table.lookup(keys, b.Len, b.Sel, nums)
		return nums
	}
	l.table.assign(keys, b.Len, b.Sel, nums)
	for len(l.count) < l.table.len() {
		l.count = append(l.count, 0)
	}
	if !l.s.held.set(l.table.size()+int64(8*cap(l.count))) && l.level < maxSpill {
		l.full = true
	}
	return nums
}

// addRight counts keys of the right input, whose columns are the key.
func (l *setLevel) addRight(b *vec.Batch) error {
	nums := l.numbers(b, b.Cols, true)
	for _, i := range live(b) {
		if nums[i] >= 0 {
			l.count[nums[i]]++
		} else if err := l.cut(&l.right, l.s.keyTypes, b.Cols, nil, b, i); err != nil {
			return err
		}
	}
	return nil
}

// addLeft returns the rows of b that come out at once. Numbers, where not nil, are those
// of its rows; the rows then go to the run.
func (l *setLevel) addLeft(b *vec.Batch, numbers []uint64) ([]int32, error) {
	keys, err := l.s.keys(b)
	if err != nil {
		return nil, err
	}
	nums := l.numbers(b, keys, !l.s.look)
	l.sel = l.sel[:0]
	for _, i := range live(b) {
		n := l.s.n
		if numbers != nil {
			n = numbers[i]
		} else {
			l.s.n++
		}
		var comes bool
		switch {
		case nums[i] >= 0:
			comes = l.s.take(&l.count[nums[i]])
		case l.full:
			l.s.seq = binary.BigEndian.AppendUint64(l.s.seq[:0], n)
			if err := l.cut(&l.left, l.s.types, keys, l.s.seq, b, i); err != nil {
				return nil, err
			}
			continue
		default:
			var none int64
			comes = l.s.take(&none)
		}
		if !comes {
			continue
		}
		if !l.full && numbers == nil {
			l.sel = append(l.sel, i)
			continue
		}
		if err := l.s.give(n, b, i); err != nil {
			return nil, err
		}
	}
	return l.sel, nil
}

// give writes a row that comes out, with its number.
func (s *setCore) give(n uint64, b *vec.Batch, i int32) error {
	if s.line == nil {
		f, err := newSpillFile(s.c, s.types)
		if err != nil {
			return err
		}
		s.line = f
		if s.runs == nil {
			s.runs = newRunMerge(s.c, s.types)
		}
		s.runs.runs = append(s.runs.runs, f)
	}
	s.seq = binary.BigEndian.AppendUint64(s.seq[:0], n)
	return s.line.add(s.seq, b.Cols, int(i))
}

// cut writes row i of b to the file of its key.
func (l *setLevel) cut(files *[]*spillFile, types []sqltype.Type, keys []*vec.Vector, key []byte, b *vec.Batch, i int32) error {
	if *files == nil {
		*files = make([]*spillFile, spillFanout)
		if l.s.runs == nil {
			l.s.runs = newRunMerge(l.s.c, l.s.types)
		}
	}
	t := l.table
	t.buf = t.appendKey(t.buf[:0], keys, int(i))
	f := &(*files)[xxhash.Sum64(t.buf)>>(spillBits*l.level)%spillFanout]
	if *f == nil {
		made, err := newSpillFile(l.s.c, types)
		if err != nil {
			return err
		}
		*f = made
	}
	return (*f).add(key, b.Cols, int(i))
}

// finish works off the files of the level.
func (l *setLevel) finish(ctx context.Context) error {
	l.table, l.count = nil, nil
	l.s.held.set(0)
	l.s.line = nil
	for p := range l.left {
		right := (*spillFile)(nil)
		if l.right != nil {
			right = l.right[p]
		}
		if l.left[p] != nil {
			if err := l.s.pair(ctx, l.left[p], right, l.level+1); err != nil {
				return err
			}
		}
		if err := firstError(l.left[p].close(), right.close()); err != nil {
			return err
		}
	}
	return firstError(closeAll(l.left), closeAll(l.right))
}

// pair works off a pair of files; right may be nil.
func (s *setCore) pair(ctx context.Context, left, right *spillFile, level uint) error {
	l := s.newLevel(level)
	if right != nil {
		r, err := right.read()
		if err != nil {
			return err
		}
		for {
			b, err := r.block(ctx)
			if err != nil {
				return err
			}
			if b == nil {
				break
			}
			if err := l.addRight(b); err != nil {
				return err
			}
		}
	}
	r, err := left.read()
	if err != nil {
		return err
	}
	var numbers []uint64
	for {
		b, err := r.block(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		numbers = numbers[:0]
		for i := range b.Len {
			numbers = append(numbers, binary.BigEndian.Uint64(r.keys.at(i)))
		}
		if _, err := l.addLeft(b, numbers); err != nil {
			return err
		}
	}
	if len(s.runs.runs) >= maxRuns {
		if err := s.runs.combine(ctx); err != nil {
			return err
		}
	}
	return l.finish(ctx)
}
