package fn

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Sample makes the condition of TABLESAMPLE over the key of a row, a percentage and,
// where repeatable, a seed: the same rows are then taken every time.
func Sample(repeatable bool) *Func {
	f := &Func{Name: "tablesample", Args: []sqltype.Type{sqltype.TBytea, sqltype.TFloat8}, Ret: sqltype.TBool, Volatility: Volatile}
	if repeatable {
		f.Args, f.Volatility = append(f.Args, sqltype.TFloat8), Stable
	}
	f.Eval = func(_ *Env, n int, sel []int32, in []*vec.Vector, out *vec.Vector) error {
		for _, i := range vec.Live(n, sel) {
			if in[1].IsNull(int(i)) {
				return dberr.SQL("2202H", "TABLESAMPLE parameter cannot be null")
			}
			p := in[1].F[in[1].At(int(i))]
			if !(p >= 0 && p <= 100) {
				return dberr.SQL("2202H", "sample percentage must be between 0 and 100")
			}
			x := rand.Float64()
			if repeatable {
				if in[2].IsNull(int(i)) {
					return dberr.SQL("2202G", "TABLESAMPLE REPEATABLE parameter cannot be null")
				}
				x = keyFraction(in[0].S[in[0].At(int(i))], in[2].F[in[2].At(int(i))])
			}
			out.I[i] = b2i(x*100 < p)
		}
		return nil
	}
	return f
}

// keyFraction turns a key and a seed into a number in [0, 1).
func keyFraction(key string, seed float64) float64 {
	h := fnv.New64a()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], math.Float64bits(seed))
	h.Write(b[:])
	h.Write([]byte(key))
	v := h.Sum64()
	v ^= v >> 33 // fnv leaves the high bits of short keys alike
	v *= 0xff51afd7ed558ccd
	v ^= v >> 33
	v *= 0xc4ceb9fe1a85ec53
	v ^= v >> 33
	return float64(v>>11) / (1 << 53)
}

// registerPartitions adds what tools ask about partitions, of which there are none.
func registerPartitions(t *tables) {
	t.set("pg_partition_ancestors(oid) oid", "", func(*call) (SetIter, error) { return noRows{}, nil })
}
