package fn

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// pool has values of each type at which functions are likely to go wrong.
var pool = map[sqltype.ID][]string{
	sqltype.Bool:        {"t", "f"},
	sqltype.Int2:        {"0", "1", "-1", "3", "32767", "-32768"},
	sqltype.Int4:        {"0", "1", "-1", "2", "7", "100", "2147483647", "-2147483648"},
	sqltype.Int8:        {"0", "1", "-1", "2", "9", "9223372036854775807", "-9223372036854775808"},
	sqltype.Float4:      {"0", "1.5", "-2.25", "NaN", "Infinity", "3e38"},
	sqltype.Float8:      {"0", "1.5", "-2.25", "NaN", "-Infinity", "1e308", "1e-308", "0.5"},
	sqltype.Numeric:     {"0", "1.50", "-2.25", "NaN", "123456789012345678901234567890.5", "0.0001", "2"},
	sqltype.Text:        {"", "a", "abc", "äöü", "A b_c%", "%b%", "(", "2", "day", "UTC", "i", "hex"},
	sqltype.Varchar:     {"", "a", "abc"},
	sqltype.Bpchar:      {"", "a ", "abc"},
	sqltype.Name:        {"", "a", "UTF8"},
	sqltype.Bytea:       {"", "\\x00ff", "abc"},
	sqltype.Date:        {"2000-01-01", "1999-02-28", "infinity", "0044-03-15 BC"},
	sqltype.Time:        {"00:00", "12:34:56.789", "24:00"},
	sqltype.TimeTZ:      {"00:00+00", "12:34:56.789-05"},
	sqltype.Timestamp:   {"2000-01-01", "2024-02-29 12:34:56.789", "-infinity", "1969-12-31 23:59:59"},
	sqltype.TimestampTZ: {"2000-01-01", "2024-03-10 02:30", "infinity", "1969-12-31 23:59:59"},
	sqltype.Interval:    {"0", "1 day", "-1 month 3 hours", "2 years -4 days"},
	sqltype.UUID:        {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-7000-8000-000000000000"},
	sqltype.JSON:        {"1", "null", `"x"`, `[1, "a"]`, `{"a": {"b": 1}}`},
	sqltype.JSONB:       {"1", "null", `"x"`, `[1, "a"]`, `{"a": {"b": 1}}`},
	sqltype.Char:        {"", "a", "\\377"},
	sqltype.TID:         {"(0,1)", "(70000,2)"},
	sqltype.OID:         {"0", "23", "1043"},
}

func poolOf(t *testing.T, typ sqltype.Type) []sqltype.Datum {
	texts := pool[typ.ID]
	if typ.IsVector() {
		texts = []string{"", "1", "2 3"}
	} else if typ.ID == sqltype.Array {
		texts = []string{"{}"}
		for _, s := range pool[typ.Elem] {
			texts = append(texts, "{\""+escapeElem(s)+"\",NULL}")
		}
	}
	var ds []sqltype.Datum
	for _, s := range texts {
		d, err := sqltype.Parse(typ, s)
		if err != nil {
			t.Fatalf("%s %q: %v", typ, s, err)
		}
		ds = append(ds, d)
	}
	return ds
}

func escapeElem(s string) string {
	out := ""
	for _, r := range s {
		if r == '"' || r == '\\' {
			out += "\\"
		}
		out += string(r)
	}
	return out
}

// concrete gives polymorphic declarations integer types.
func concreteFunc(f *Func) *Func {
	args := spell(f.Args, f.Variadic, len(f.Args))
	types := make([]sqltype.Type, len(args))
	for i, a := range args {
		switch types[i] = a; a.ID {
		case idAnyArray, idAnyCompatArray:
			types[i] = sqltype.ArrayOf(sqltype.TInt4)
		case idAny, idAnyElement, idAnyNonArray, idAnyCompat, idAnyCompatNonArray:
			types[i] = sqltype.TInt4
		}
	}
	g, err := instantiate(f, types)
	if err != nil {
		return nil
	}
	return g
}

// TestVectorsAgreeWithRows runs every function over vectors with NULLs, constants
// and selections and compares with calls of one row.
func TestVectorsAgreeWithRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, table := range []map[string][]*Func{registry.funcs, registry.ops, registry.preops} {
		var names []string
		for name := range table {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			for _, f := range table[name] {
				if f.Volatility == Volatile || f.Ret.ID == sqltype.Void {
					continue
				}
				if g := concreteFunc(f); g != nil && hasPool(g) {
					checkVector(t, rng, g)
				}
			}
		}
	}
}

func hasPool(f *Func) bool {
	for _, a := range f.Args {
		if pool[a.ID] == nil && (a.ID != sqltype.Array || pool[a.Elem] == nil) {
			return false
		}
	}
	return true
}

func checkVector(t *testing.T, rng *rand.Rand, f *Func) {
	t.Helper()
	for round := range 4 {
		n := 1 + rng.IntN(80)
		args := make([]*vec.Vector, len(f.Args))
		for k, typ := range f.Args {
			ds := append(poolOf(t, typ), sqltype.NullDatum)
			if typ.ID == sqltype.Int4 && (f.Name == "repeat" || f.Name == "lpad" || f.Name == "rpad") {
				ds = ds[:5]
			}
			if round == 1 && k > 0 || round == 2 && k == 0 {
				args[k] = vec.ConstVector(typ, ds[rng.IntN(len(ds))])
				continue
			}
			args[k] = vec.NewVector(typ, n)
			for i := range n {
				args[k].Set(i, ds[rng.IntN(len(ds))])
			}
		}
		var sel []int32
		want := make([]sqltype.Datum, n)
		for i := range n {
			row := make([]sqltype.Datum, len(args))
			for k, a := range args {
				row[k] = a.Get(i)
			}
			d, err := f.CallRow(testEnv, row...)
			if err == nil && (round == 0 || rng.IntN(3) > 0) {
				sel, want[i] = append(sel, int32(i)), d
			}
		}
		if len(sel) == n {
			sel = nil
		} else if sel == nil {
			sel = []int32{}
		}
		out := vec.NewVector(f.Ret, n)
		if err := f.Call(testEnv, n, sel, args, out); err != nil {
			t.Errorf("%s(%s): vector fails where rows do not: %v", f.Name, typeList(f.Args), err)
			return
		}
		for _, i := range vec.Live(n, sel) {
			if got := out.Get(int(i)); !sameElem(f.Ret, got, want[i]) {
				t.Errorf("%s(%s) row %d: got %v, want %v", f.Name, typeList(f.Args), i, got, want[i])
				return
			}
			if f.Ret.Phys() == sqltype.PhysInt && out.IsNull(int(i)) && out.I[i] != 0 {
				t.Errorf("%s(%s): NULL slot holds %d", f.Name, typeList(f.Args), out.I[i])
			}
		}
	}
}

// TestStrictNulls checks that rows with NULLs cannot fail.
func TestStrictNulls(t *testing.T) {
	div, _, err := ResolveOp("/", sqltype.TInt4, sqltype.TInt4)
	if err != nil {
		t.Fatal(err)
	}
	x, y := vec.NewVector(sqltype.TInt4, 3), vec.NewVector(sqltype.TInt4, 3)
	copy(x.I, []int64{6, 7, 8})
	copy(y.I, []int64{2, 0, 0})
	y.SetNull(1)
	x.SetNull(2)
	out := vec.NewVector(sqltype.TInt4, 3)
	if err := div.Call(testEnv, 3, nil, []*vec.Vector{x, y}, out); err != nil {
		t.Fatal(err)
	}
	if out.I[0] != 3 || out.IsNull(0) || !out.IsNull(1) || !out.IsNull(2) {
		t.Fatalf("got %v nulls %b", out.I, out.Nulls)
	}
	y.Nulls = nil
	if err := div.Call(testEnv, 3, nil, []*vec.Vector{x, y}, vec.NewVector(sqltype.TInt4, 3)); err == nil {
		t.Fatal("division by zero went unnoticed")
	}
	// a row that is not selected keeps its value
	out.I[0], out.Nulls = math.MaxInt64, nil
	if err := div.Call(testEnv, 3, []int32{2}, []*vec.Vector{x, y}, out); err != nil || out.I[0] != math.MaxInt64 || !out.IsNull(2) {
		t.Fatalf("got %v %v", out.I, err)
	}
}
