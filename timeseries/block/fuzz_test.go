package block_test

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weftdb/weft/timeseries/block"
)

// FuzzDecode reads any bytes, with a checksum that is right: it must not panic, and
// what it reads must be written and read again.
func FuzzDecode(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("testdata", "blocks.golden"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		raw, err := hex.DecodeString(fields[len(fields)-1])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw[:len(raw)-4])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = binary.LittleEndian.AppendUint32(slices.Clip(b), crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
		p := &block.Points{}
		if block.Decode(b, p) != nil || !slices.IsSorted(p.Times) {
			return
		}
		roundTrip(t, "read", p)
	})
}

// FuzzIdentity writes any floats, ints and times.
func FuzzIdentity(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef"), true)
	f.Fuzz(func(t *testing.T, b []byte, spread bool) {
		var p, q block.Points
		p.Kind, q.Kind = block.Float, block.Int
		for len(b) >= 9 && p.Len() < 500 {
			u := binary.LittleEndian.Uint64(b)
			n := 1 + int(b[8])%80 // some of a kind, so that there are runs
			b = b[9:]
			for i := range n {
				x := u
				if spread {
					x = u + uint64(i)
				}
				p.Floats = append(p.Floats, math.Float64frombits(x))
				q.Ints = append(q.Ints, int64(x))
				p.Times = append(p.Times, int64(x*0x9e3779b97f4a7c15))
			}
		}
		if p.Len() == 0 {
			return
		}
		slices.Sort(p.Times)
		q.Times = p.Times
		roundTrip(t, "floats", &p)
		roundTrip(t, "ints", &q)
	})
}
