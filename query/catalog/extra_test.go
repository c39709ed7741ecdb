package catalog

import (
	"encoding/hex"
	"errors"
	"reflect"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

func sampleTable2() *Table {
	t := sampleTable()
	t.Kind, t.Query, t.Reads, t.Populated = Materialized, "SELECT 1", []keyspace.ObjectID{3, 4}, true
	t.Columns[1].Domain = 12
	t.Indexes[1].Deferrable, t.Indexes[1].InitiallyDeferred, t.Indexes[0].Comment = true, true, "pk"
	t.Checks[0].NotValid, t.Checks[0].NoInherit, t.Checks[0].Comment = true, true, "k"
	k := &t.ForeignKeys[0]
	k.NotValid, k.Deferrable, k.OnDeleteCols, k.Comment = true, true, []ColumnID{1}, "f"
	return t
}

// These may never change: tables are stored so.
const (
	goldenTable2 = "02" + "07067075626c69630174020401630201026964030000010061000003017609002800032778270000016e020806745f706b657900070001010003000000000903745f7601080d76204953204e4f54204e554c4c0100086c6f7765722876290800000301010107745f636865636b066964203e20300102666b0101050102636173" +
		"01010853454c454354203102030400" + "0c" + "0002706b" + "0300" + "03016b" + "0301010166"
	goldenSequence2    = "0204067075626c6963017304000002020012020000000163090a01"
	goldenEnum         = "0105067075626c6963046d6f6f6400016381ffffff07020203736164808080808040026f6b0000000000000000"
	goldenComposite    = "0107017301630200030000000000000000010161030000"
	goldenDomainFields = "020801730166020004000000000000000002016103000001621508000600"
	goldenFunction     = "0109017301660301616903000000000162761508000603277827016f6f04000000000400000504077375808080808080c0ac40" +
		"808080808080d0c740020853454c454354203101030163"
	goldenDomain = "0106017301640100000009001205010327782701016b0b76616c7565203c3e2027270100"
)

func TestTable2Golden(t *testing.T) {
	got := hex.EncodeToString(EncodeTable(sampleTable2()))
	if got != goldenTable2 {
		t.Errorf("encoding has changed:\ngot  %s\nwant %s", got, goldenTable2)
	}
	back, err := DecodeTable(3, EncodeTable(sampleTable2()))
	if err != nil || !reflect.DeepEqual(back, sampleTable2()) {
		t.Errorf("decoded %+v, %v", back, err)
	}
}

func TestRecordsGolden(t *testing.T) {
	for i, c := range []struct{ got, want string }{
		{hex.EncodeToString(encodeSequence(sampleSequence2())), goldenSequence2},
		{hex.EncodeToString(encodeType(sampleTypes()[0])), goldenEnum},
		{hex.EncodeToString(encodeType(sampleTypes()[1])), goldenDomain},
		{hex.EncodeToString(encodeType(sampleTypes()[2])), goldenComposite},
		{hex.EncodeToString(encodeType(sampleTypes()[3])), goldenDomainFields},
		{hex.EncodeToString(encodeFunction(sampleFunction())), goldenFunction},
	} {
		if c.got != c.want {
			t.Errorf("%d: encoding has changed:\ngot  %s\nwant %s", i, c.got, c.want)
		}
	}
}

func sampleSequence2() *Sequence {
	return &Sequence{ID: 4, Schema: "public", Name: "s", Type: sqltype.TInt8, Start: 1, Increment: 1, Max: 9, Cache: 1, CounterID: 9, First: 5, FirstUsed: true, Comment: "c"}
}

func sampleFunction() *Function {
	return &Function{ID: 9, Schema: "s", Name: "f", Args: []FuncArg{{Name: "a", Mode: 'i', Type: sqltype.TInt4}, {Name: "b", Mode: 'v', Type: sqltype.ArrayOf(sqltype.TText), Domain: 6, Default: "'x'"},
		{Name: "o", Mode: 'o', Type: sqltype.TInt8}}, Returns: sqltype.TInt8, ReturnsDomain: 5, RowOf: 4, Set: true, Strict: true, Leakproof: true, Volatility: 's', Parallel: 'u',
		Cost: 100, Rows: 1000, Form: BodyAtomic, Body: "SELECT 1", Reads: []keyspace.ObjectID{3}, Comment: "c"}
}

func sampleTypes() []*UserType {
	return []*UserType{
		{ID: 5, Schema: "public", Name: "mood", Comment: "c", Handle: 0x7fffff81, Labels: []EnumLabel{{1, "sad"}, {1 << 40, "ok"}}},
		{ID: 6, Schema: "s", Name: "d", Kind: Domain, Base: sqltype.Type{ID: sqltype.Varchar, Mod: 9}, BaseDomain: 5, NotNull: true, Default: "'x'",
			Checks: []Check{{Name: "k", Expr: "value <> ''", NotValid: true}}},
		{ID: 7, Schema: "s", Name: "c", Kind: Composite, Handle: 3, Fields: []Field{{Name: "a", Type: sqltype.TInt4}}},
		{ID: 8, Schema: "s", Name: "f", Kind: Composite, Handle: 4, Fields: []Field{{Name: "a", Type: sqltype.TInt4, Domain: 6}, {Name: "b", Type: sqltype.ArrayOf(sqltype.TText)}}},
	}
}

// TestRecordDamage cuts records at every byte and flips every bit: what is accepted
// must encode back to itself.
func TestRecordDamage(t *testing.T) {
	type record struct {
		name string
		b    []byte
		back func(b []byte) ([]byte, error)
	}
	seq := func(b []byte) ([]byte, error) {
		q, err := decodeSequence(b)
		if err != nil {
			return nil, err
		}
		return encodeSequence(q), nil
	}
	table := func(b []byte) ([]byte, error) {
		q, err := DecodeTable(3, b)
		if err != nil {
			return nil, err
		}
		return EncodeTable(q), nil
	}
	typ := func(b []byte) ([]byte, error) {
		q, err := decodeType(b)
		if err != nil {
			return nil, err
		}
		return encodeType(q), nil
	}
	function := func(b []byte) ([]byte, error) {
		q, err := decodeFunction(b)
		if err != nil {
			return nil, err
		}
		return encodeFunction(q), nil
	}
	view := func(b []byte) ([]byte, error) {
		q, err := decodeView(b)
		if err != nil {
			return nil, err
		}
		return encodeView(q), nil
	}
	v := &View{ID: 4, Schema: "public", Name: "v", Query: "SELECT 1", Columns: []ViewColumn{{Name: "a", Type: sqltype.TInt4}}, Comment: "c"}
	v4 := &View{ID: 4, Schema: "public", Name: "v", Query: "SELECT 1", Columns: []ViewColumn{{Name: "a", Type: sqltype.TInt4, Default: "7"}},
		Options: []string{"check_option=local", "security_barrier=true"}}
	v3 := &View{ID: 4, Schema: "public", Name: "v", Query: "SELECT 1, 2", Columns: []ViewColumn{{Name: "a", Type: sqltype.TInt4}, {Name: "b", Type: sqltype.TInt4, Comment: "of b"}}}
	list := []record{
		{"table", EncodeTable(sampleTable2()), table}, {"sequence", encodeSequence(sampleSequence2()), seq}, {"view", encodeView(v), view},
		{"view with comments of columns", encodeView(v3), view},
		{"view with options and defaults", encodeView(v4), view}, {"function", encodeFunction(sampleFunction()), function},
	}
	for _, u := range sampleTypes() {
		list = append(list, record{"type " + u.Name, encodeType(u), typ})
	}
	for _, r := range list {
		if back, err := r.back(r.b); err != nil || string(back) != string(r.b) {
			t.Errorf("%s: does not come back: %v", r.name, err)
		}
		for n := range r.b {
			if _, err := r.back(r.b[:n]); !errors.Is(err, dberr.ErrCorrupt) {
				t.Errorf("%s cut at %d: error %v", r.name, n, err)
			}
			for bit := range 8 {
				b := append([]byte(nil), r.b...)
				b[n] ^= 1 << bit
				if back, err := r.back(b); err == nil && string(back) != string(b) {
					t.Errorf("%s: bit %d of byte %d: accepted but not the same", r.name, bit, n)
				}
			}
		}
	}
}

func TestTypeRoundTrip(t *testing.T) {
	for _, u := range sampleTypes() {
		back, err := decodeType(encodeType(u))
		if err != nil || !reflect.DeepEqual(back, u) {
			t.Errorf("%+v, %v", back, err)
		}
	}
	if back, err := decodeFunction(encodeFunction(sampleFunction())); err != nil || !reflect.DeepEqual(back, sampleFunction()) {
		t.Errorf("%+v, %v", back, err)
	}
}
