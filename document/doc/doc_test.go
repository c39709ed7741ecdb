package doc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func parse(t testing.TB, text string) Value {
	t.Helper()
	v, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	if again, err := FromBytes(v.Bytes()); err != nil || !bytes.Equal(again.Bytes(), v.Bytes()) {
		t.Fatalf("%s: what was made is refused: %v", text, err)
	}
	return v
}

// TestRoundTrip: text without white space comes back to the letter.
func TestRoundTrip(t *testing.T) {
	wide := `{`
	for i := range 40 {
		wide += fmt.Sprintf(`"f%d":%d,`, 97*i%41, i)
	}
	wide += `"last":null}`
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-0`, `-0.0`, `1`, `-1`, `9223372036854775807`, `-9223372036854775808`, `9223372036854775808`,
		`1.0`, `1.10`, `0.1`, `1e3`, `1E3`, `1e+3`, `1e-7`, `1e21`, `123456789012345678901234567890.123456789`, `1e400`, `-1e-999999`,
		`""`, `"a"`, `"é\n\"\\"`, `"\u0000"`, `"😀"`, `[]`, `{}`, `[1,2,[3,[]],{}]`, `{"b":1,"a":{"c":[null,true]},"":2}`, wide,
		`"` + strings.Repeat("x", 300) + `"`, `["` + strings.Repeat("y", 70000) + `",1]`,
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
	} {
		if got := parse(t, text).JSON(); got != text {
			t.Errorf("got %.80s, want %.80s", got, text)
		}
	}
}

func TestGolden(t *testing.T) { // this test may only gain lines
	for _, c := range []struct{ text, want string }{
		{`null`, "01"},
		{`[false,true]`, "10" + "02" + "0102" + "02" + "03"},
		{`-3`, "0405"},
		{`0.5`, "05" + "000000000000e03f"},
		{`1.0`, "06" + "03" + "312e30"},
		{`"hi"`, "07" + "02" + "6869"},
		{`{"a":1,"b":null}`, "14" + "02" + "0407" + "016104" + "02" + "016201"},
	} {
		if got := hex.EncodeToString(parse(t, c.text).Bytes()); got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
	}
}

func TestDuplicateNames(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"b":2,"a":[3,4]}`:         `{"a":[3,4],"b":2}`,
		`{"a":{"x":1,"x":2},"b":2,"b":3}`: `{"a":{"x":2},"b":3}`,
		`{"a":"long text","a":1,"c":2}`:   `{"a":1,"c":2}`,
	} {
		if got := parse(t, text).JSON(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestAccess(t *testing.T) {
	v := parse(t, `{"a":1,"b":[10,"x",{"c":true}],"n":-2.5}`)
	if n, ok := v.Field("a").Int(); !ok || n != 1 {
		t.Errorf("a is %d", n)
	}
	if !v.Field("b").At(2).Field("c").Bool() || v.Field("b").At(3).Exists() || v.Field("z").Exists() || v.Field("a").Field("x").Exists() {
		t.Error("parts are not found, or found where there are none")
	}
	if f, ok := v.Field("n").Float(); !ok || f != -2.5 {
		t.Errorf("n is %v", f)
	}
	if string(v.Field("b").At(1).Str()) != "x" || v.Field("b").Len() != 3 {
		t.Error("the array is read wrong")
	}
}

// ordered are values in ascending order; those of one line are equal.
var ordered = [][]string{
	{`null`},
	{`-1e400`}, {`-9223372036854775809`}, {`-9223372036854775808`}, {`-2.5`, `-2.50`, `-25e-1`}, {`-1e-400`},
	{`0`, `-0`, `0.0`, `0e7`}, {`1e-400`}, {`0.1`, `1e-1`, `0.10`}, {`0.1000000000000000055511151231257827`}, {`1`, `1.0`, `10e-1`}, {`2`}, {`10`, `1e1`},
	{`9007199254740992`}, {`9007199254740993`}, {`9007199254740994`, `9007199254740994.0`}, {`9223372036854775807`}, {`9223372036854775808`}, {`1e19`}, {`1e400`},
	{`""`}, {`"\u0000"`}, {`"\u0000a"`}, {`"a"`}, {`"a\u0000"`}, {`"aa"`}, {`"b"`}, {`"é"`},
	{`{}`}, {`{"b":null}`}, {`{"a":1}`, `{"a":1.0}`}, {`{"a":1,"b":1}`}, {`{"a":2}`}, {`{"b":1}`}, {`{"a":"x"}`},
	{`[]`}, {`[null]`}, {`[1]`}, {`[1,2]`}, {`[2]`}, {`["a"]`}, {`[[]]`},
	{`false`}, {`true`},
}

// TestOrder: Compare and the bytes of keys, in both directions, give the order of the table.
func TestOrder(t *testing.T) {
	type item struct {
		text string
		at   int
		v    Value
	}
	var all []item
	for i, same := range ordered {
		for _, text := range same {
			all = append(all, item{text, i, parse(t, text)})
		}
	}
	for _, a := range all {
		for _, b := range all {
			want := order(a.at, b.at)
			if got := Compare(a.v, b.v); got != want {
				t.Errorf("compare %s, %s: got %d, want %d", a.text, b.text, got, want)
			}
			if got := bytes.Compare(AppendKey(nil, a.v), AppendKey(nil, b.v)); got != want {
				t.Errorf("keys of %s, %s: got %d, want %d", a.text, b.text, got, want)
			}
			if got := bytes.Compare(AppendKeyDesc(nil, a.v), AppendKeyDesc(nil, b.v)); got != -want {
				t.Errorf("descending keys of %s, %s: got %d, want %d", a.text, b.text, got, -want)
			}
		}
	}
}

// TestJSONTestSuite: all that must parse does, nothing that must not does.
func TestJSONTestSuite(t *testing.T) {
	root := os.Getenv("WEFT_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	files, _ := filepath.Glob(filepath.Join(root, "jsontestsuite", "test_parsing", "*.json"))
	if len(files) == 0 {
		t.Skip("the test data jsontestsuite is not there")
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(f)
		v, err := Parse(text)
		switch {
		case name[0] == 'y' && err != nil:
			t.Errorf("%s is refused: %v", name, err)
		case name[0] == 'n' && err == nil:
			t.Errorf("%s is accepted", name)
		case err == nil:
			if _, err := FromBytes(v.Bytes()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !json.Valid(v.AppendJSON(nil)) {
				t.Errorf("%s: what comes out is not JSON", name)
			}
		}
	}
}

// TestDamage: whatever is cut off or flipped is refused or is another value, and
// nothing panics.
func TestDamage(t *testing.T) {
	v := parse(t, `{"a":[1,-2,3.5,"text",{"b":null}],"wide":{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":13,"n":14,"o":15,"p":16,"q":17,"r":1.00}}`)
	b := v.Bytes()
	for n := range len(b) {
		if _, err := FromBytes(b[:n]); err == nil {
			t.Errorf("cut at %d it is accepted", n)
		}
		for bit := range 8 {
			c := bytes.Clone(b)
			c[n] ^= 1 << bit
			if got, err := FromBytes(c); err == nil {
				use(got)
			}
		}
	}
}

// use reads all of a value.
func use(v Value) {
	v.AppendJSON(nil)
	AppendKey(nil, v)
	Compare(v, v)
	v.Field("a")
}

func FuzzParse(f *testing.F) {
	for _, same := range ordered {
		f.Add([]byte(same[0]))
	}
	f.Add([]byte(`{"a":1,"a":{"b":[1,2,3]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is accepted and not JSON", text)
		}
		if _, err := FromBytes(v.Bytes()); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(v.AppendJSON(nil))
		if err != nil || !bytes.Equal(again.Bytes(), v.Bytes()) {
			t.Fatalf("%q does not come back: %v", text, err)
		}
	})
}

func FuzzFromBytes(f *testing.F) {
	for _, same := range ordered {
		v, err := Parse([]byte(same[0]))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(v.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := FromBytes(b); err == nil {
			use(v)
		}
	})
}

// random is a random value, of a small world so that values meet.
func random(r *rand.Rand, depth int) string {
	n := 6
	if depth > 0 {
		n = 8
	}
	switch r.IntN(n) {
	case 0:
		return "null"
	case 1:
		return []string{"true", "false"}[r.IntN(2)]
	case 2:
		return fmt.Sprint(r.IntN(7) - 3)
	case 3:
		return fmt.Sprintf("%d.%d", r.IntN(4)-2, r.IntN(100))
	case 4:
		return fmt.Sprintf("%de%d", r.IntN(30)-15, r.IntN(6)-3)
	case 5:
		return fmt.Sprintf("%q", "abc"[:r.IntN(4)])
	case 6:
		parts := make([]string, r.IntN(4))
		for i := range parts {
			parts[i] = random(r, depth-1)
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	var parts []string
	for _, name := range []string{"a", "b", "c"} {
		if r.IntN(2) == 0 {
			parts = append(parts, fmt.Sprintf("%q:%s", name, random(r, depth-1)))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// TestKeysCompareAsValues on random pairs.
func TestKeysCompareAsValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a, b := parse(t, random(r, 3)), parse(t, random(r, 3))
		c := Compare(a, b)
		if got := bytes.Compare(AppendKey(nil, a), AppendKey(nil, b)); got != c {
			t.Fatalf("%s, %s: keys compare %d, values %d", a.JSON(), b.JSON(), got, c)
		}
		if Compare(b, a) != -c {
			t.Fatalf("%s, %s: the order is not one", a.JSON(), b.JSON())
		}
	}
}

func TestArithmetic(t *testing.T) {
	for _, c := range []struct{ a, op, b, want string }{
		{"1", "+", "2", "3"}, {"9223372036854775807", "+", "1", "9223372036854775808"}, {"-9223372036854775808", "+", "-1", "-9223372036854775809"},
		{"0.1", "+", "0.2", "0.3"}, {"1.50", "+", "1.50", "3"}, {"1e20", "+", "1", "100000000000000000001"}, {"5", "+", "0", "5"}, {"5", "+", "-5", "0"},
		{"3", "*", "-4", "-12"}, {"4294967296", "*", "4294967296", "18446744073709551616"}, {"0.5", "*", "3", "1.5"}, {"-9223372036854775808", "*", "-1", "9223372036854775808"},
	} {
		op := Add
		if c.op == "*" {
			op = Mul
		}
		if got, err := op(parse(t, c.a), parse(t, c.b)); err != nil || got.JSON() != c.want {
			t.Errorf("%s %s %s: got %s, want %s, %v", c.a, c.op, c.b, got.JSON(), c.want, err)
		}
	}
	if _, err := Add(parse(t, "1e100000"), parse(t, "1")); err == nil {
		t.Error("a sum that would have 100,001 digits is given")
	}
}

func TestNode(t *testing.T) {
	n := NewNode(parse(t, `{"a":{"b":1,"c":2},"d":[1,2,3]}`))
	n.Field("a").Field("b").Set(parse(t, `"new"`))
	n.Field("a").RemoveField("c")
	n.AddField("e", NewNode(parse(t, `null`)))
	d := n.Field("d")
	d.SetElems(append(d.Elems()[1:], NewNode(parse(t, `4`))))
	if got, want := n.Value().JSON(), `{"a":{"b":"new"},"d":[2,3,4],"e":null}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := FromBytes(n.Value().Bytes()); err != nil {
		t.Error(err)
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`{"_id":"01HV","name":"A name of some length","tags":["red","green","blue"],"price":12.50,"stock":{"count":12,"place":"A-17"},"text":"` + strings.Repeat("lorem ipsum ", 60) + `"}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
