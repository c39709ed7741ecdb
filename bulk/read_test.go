package bulk

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
)

// corpora is the folder of public test data, or the test is skipped.
func corpora(t testing.TB, parts ...string) string {
	t.Helper()
	dir := os.Getenv("WEFT_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpora")
	}
	p := filepath.Join(append([]string{dir}, parts...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no public test data at %s", p)
	}
	return p
}

// render reads all of an input into one line a record: fields in their kind's form.
func render(t *testing.T, in io.Reader, opts Options) string {
	t.Helper()
	s, err := Open(in, opts)
	if err != nil {
		return "open: " + err.Error()
	}
	defer s.Close()
	var b strings.Builder
	var rec Record
	for {
		err := s.Read(&rec)
		var bad *RecordError
		switch {
		case errors.Is(err, io.EOF):
			return strings.Join(s.Columns(), ",") + "\n" + b.String()
		case errors.As(err, &bad):
			fmt.Fprintf(&b, "bad %s\n", bad)
			continue
		case err != nil:
			return b.String() + "error " + err.Error()
		}
		fmt.Fprintf(&b, "%d:", rec.Line)
		for _, f := range rec.Fields {
			switch f.Kind {
			case Missing:
				b.WriteString(" -")
			case Null:
				b.WriteString(" null")
			case Quoted, JSONString:
				fmt.Fprintf(&b, " %q", f.Text)
			default:
				fmt.Fprintf(&b, " %s", f.Text)
			}
		}
		b.WriteByte('\n')
	}
}

func TestReadCSV(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"simple", "a,b\n1,2\n", "a,b\n2: 1 2\n"},
		{"no last newline", "a,b\n1,2", "a,b\n2: 1 2\n"},
		{"crlf", "a,b\r\n1,2\r\n", "a,b\n2: 1 2\n"},
		{"cr only", "a,b\r1,2\r3,4", "a,b\n2: 1 2\n3: 3 4\n"},
		{"empty against null", "a,b\n,\"\"\n", "a,b\n2: null \"\"\n"},
		{"quotes", "a\n\"x \"\"y\"\" z\"\n", "a\n2: \"x \\\"y\\\" z\"\n"},
		{"newline in quotes", "a,b\n\"x\ny\",2\n3,4\n", "a,b\n2: \"x\\ny\" 2\n4: 3 4\n"},
		{"crlf in quotes is kept", "a,b\r\n\"x\r\ny\",2\r\n", "a,b\n2: \"x\\r\\ny\" 2\n"},
		{"bare quote is text", "a,b\nx\"y,2\n", "a,b\n2: x\"y 2\n"},
		{"text after quote", "a,b\n\"x\"y,2\n3,4\n", "a,b\nbad line 2: text \"y\" follows the closing quote of field 1\n3: 3 4\n"},
		{"unclosed quote", "a,b\n1,\"x\n2,3\n", "a,b\nbad line 2: the quoted field that begins on line 2 has no closing quote\n"},
		{"ragged", "a,b\n1\n1,2,3\n1,2\n", "a,b\nbad line 2: record has 1 fields, the header has 2\nbad line 3: record has 3 fields, the header has 2\n4: 1 2\n"},
		{"blank lines", "a,b\n\n1,2\n\n", "a,b\n3: 1 2\n"},
		{"blank line of one column", "a\n\n1\n", "a\n2: null\n3: 1\n"},
		{"duplicate and empty names", "a,A,,a\n1,2,3,4\n", "a,A_2,column_3,a_3\n2: 1 2 3 4\n"},
		{"semicolons", "a;b\n1,5;2\n", "a;b\n2: 1,5 2\n"},
		{"tabs", "a\tb\n1\t2\n", "a\tb\n2: 1 2\n"},
		{"bom", "\xef\xbb\xbfa,b\n1,2\n", "a,b\n2: 1 2\n"},
		{"bad utf-8", "a,b\n\xff,2\n3,4\n", "a,b\nbad line 2: column \"a\" is not valid UTF-8 (give the file's encoding)\n3: 3 4\n"},
		{"zero byte", "a,b\nx\x00y,2\n\"\x00\",2\n3,4\n", "a,b\nbad line 2: column \"a\" holds a zero byte, which text cannot\nbad line 3: column \"a\" holds a zero byte, which text cannot\n4: 3 4\n"},
		{"header only", "a,b\n", "a,b\n"},
		{"empty", "", "open: the input is empty: it has no header line"},
	} {
		want := strings.ReplaceAll(strings.ReplaceAll(c.want, "a;b\n", "a,b\n"), "a\tb\n", "a,b\n")
		if got := render(t, strings.NewReader(c.in), Options{Format: FormatCSV}); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, want)
		}
		if got := render(t, iotest.OneByteReader(strings.NewReader(c.in)), Options{Format: FormatCSV}); got != want {
			t.Errorf("%s, byte by byte: got\n%s\nwant\n%s", c.name, got, want)
		}
	}
	if got, want := render(t, strings.NewReader("1\n1,NA\n"), Options{Format: FormatCSV, NoHeader: true, Columns: []string{"x", "y"}, Ragged: RaggedFill, NullText: "NA"}), "x,y\n1: 1 -\n2: 1 null\n"; got != want {
		t.Errorf("fill: got\n%s\nwant\n%s", got, want)
	}
}

func TestReadJSON(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"array", `[{"a":1,"b":"x"},{"b":null,"c":[1, 2]}]`, "a,b,c\n1: 1 \"x\"\n1: - null [1, 2]\n"},
		{"lines", "[\n {\"a\":1},\n {\"a\":true}\n]\n", "a\n2: 1\n3: true\n"},
		{"arrays", `[[1,"x"],[2,"y"]]`, "column_1,column_2\n1: 1 \"x\"\n1: 2 \"y\"\n"},
		{"array width", `[[1,2],[3]]`, "column_1,column_2\n1: 1 2\nbad line 1: record has 1 values for 2 columns\n"},
		{"one object", "{\"a\": {\"b\": 1}}", "a\n1: {\"b\": 1}\n"},
		{"empty array", " [ ] ", "\n"},
		{"scalars", "[1,{\"a\":2}]", "a\nbad line 1: the record is neither an object nor an array\n1: 2\n"},
		{"huge int", `[{"a":123456789012345678901234567890}]`, "a\n1: 123456789012345678901234567890\n"},
		{"unicode", `[{"a":"\u00e9\ud83d\ude00 ü"}]`, "a\n1: \"é😀 ü\"\n"},
		{"half surrogate", `[{"a":"\ud83d"},{"a":"\ufffd"}]`, "a\nbad line 1: key \"a\": the string holds half of a surrogate pair\n1: \"�\"\n"},
		{"zero character", `[{"a":"\u0000"}]`, "a\nbad line 1: key \"a\": the string holds \\u0000, which text cannot\n"},
		{"key twice", `[{"a":1,"a":2},{"b":null,"a":1,"b":null},{"a":3}]`, "a,b\nbad line 1: key \"a\" comes twice\nbad line 1: key \"b\" comes twice\n1: 3 -\n"},
		{"brackets in strings", `[{"a":"]}\"[{"},{"a":2}]`, "a\n1: \"]}\\\"[{\"\n1: 2\n"},
		{"cut short", `[{"a":1},{"a"`, "1: 1\nerror line 1: the JSON document ends before it is complete"},
		{"trailing comma", `[{"a":1},]`, "1: 1\nerror line 1: a comma is followed by the end of the array"},
		{"missing comma", `[{"a":1} {"a":2}]`, "1: 1\nerror line 1: expected , or ] after an array element, found '{'"},
		{"trailing text", `[{"a":1}] x`, "1: 1\nerror line 1: text follows the end of the JSON document, beginning with 'x'"},
		{"not json", `hello`, "open: line 1: expected a JSON array or object, found 'h'"},
	} {
		for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
			if got := render(t, in, Options{Format: FormatJSON}); got != c.want {
				t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
			}
		}
	}
	doc := `{"type":"x","meta":{"rows":[9]},"data":{"rows":[{"a":1}]},"more":2}`
	if got, want := render(t, strings.NewReader(doc), Options{Format: FormatJSON, Path: "data.rows"}), "a\n1: 1\n"; got != want {
		t.Errorf("path: got %q, want %q", got, want)
	}
	if got, want := render(t, strings.NewReader(doc), Options{Format: FormatJSON, Path: "data.cols"}), `open: line 1: path "data.cols": key "cols" is not there`; got != want {
		t.Errorf("path: got %q, want %q", got, want)
	}
}

func TestReadNDJSON(t *testing.T) {
	in := "{\"a\":1}\n\n{\"a\":}\n{\"a\":2,\"b\":\"x\"}\n7"
	want := "a,b\n1: 1\nbad line 3: invalid JSON: invalid character '}' looking for beginning of value\n4: 2 \"x\"\nbad line 5: the record is neither an object nor an array\n"
	if got := render(t, strings.NewReader(in), Options{Format: FormatNDJSON}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestGuessFormatAndEncoding(t *testing.T) {
	csv := "a,b\n1,ü\n"
	want := "a,b\n2: 1 ü\n"
	var gz, zs bytes.Buffer
	zw := gzip.NewWriter(&gz)
	io.WriteString(zw, csv)
	zw.Close()
	zz, _ := zstd.NewWriter(&zs)
	io.WriteString(zz, csv)
	zz.Close()
	utf16, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(csv)
	for name, in := range map[string]string{"plain": csv, "gzip": gz.String(), "zstd": zs.String(), "utf-16": utf16} {
		if got := render(t, strings.NewReader(in), Options{}); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	if got := render(t, strings.NewReader("a,b\n1,\xfc\n"), Options{Encoding: "windows-1252"}); got != want {
		t.Errorf("windows-1252: got\n%s\nwant\n%s", got, want)
	}
	if got := render(t, strings.NewReader(gz.String()[:len(gz.String())-6]), Options{}); !strings.Contains(got, "not a valid gzip stream") {
		t.Errorf("cut gzip: got %q", got)
	}
	for _, c := range []struct {
		name, in string
		want     Format
	}{
		{"", "[1]", FormatJSON}, {"", "{\"a\":1}\n{\"a\":2}\n", FormatNDJSON}, {"", "{\n\"a\":1}\n", FormatJSON},
		{"x.jsonl.gz", "{\"a\":1}", FormatNDJSON}, {"", "x,y\n", FormatCSV}, {"x.csv", "[a],b\n", FormatCSV},
		{"", "[1,2]\n[3,4]\n", FormatNDJSON}, {"", "{\"a\":1}", FormatJSON},
	} {
		if got := guessFormat([]byte(c.in), c.name); got != c.want {
			t.Errorf("guessFormat(%q, %q): got %s, want %s", c.in, c.name, got, c.want)
		}
	}
}

func TestInfer(t *testing.T) {
	for _, c := range []struct{ values, want string }{
		{"1|2", "integer"}, {"1|3000000000", "bigint"}, {"1|99999999999999999999", "numeric"},
		{"1|1.5", "numeric"}, {"1|1e5", "double precision"}, {"-0|1", "double precision"},
		{"1e5|1.2345678901234567890", "numeric"}, {"1e999", "numeric"},
		{"007|1", "text"}, {"+1", "text"}, {"1|x", "text"}, {"true|FALSE", "boolean"}, {"true|1", "text"},
		{"2020-01-01", "date"}, {"2020-02-30", "text"}, {"2020-01-01|2020-01-01 10:00", "timestamp without time zone"},
		{"2020-01-01T10:00:00.123456Z", "timestamp with time zone"}, {"2020-01-01 10:00:00+02", "timestamp with time zone"},
		{"2020-01-01T10:00:00.1234567", "text"}, {"2020-01-01 10:00:00|2020-01-01 10:00:00Z", "text"},
		{"123e4567-e89b-12d3-a456-426614174000", "uuid"}, {"123E4567-e89b-12d3-a456-426614174000", "text"},
		{"", "text"}, {" 5 |6", "integer"}, {"1,000", "text"}, {".5", "numeric"}, {"5.", "text"}, {"-", "text"}, {"NaN", "text"},
	} {
		in := "c|d\n"
		for _, v := range strings.Split(c.values, "|") {
			in += v + "|\n"
		}
		src, err := Open(strings.NewReader(in), Options{Format: FormatCSV, Delimiter: '|'})
		if err != nil {
			t.Fatal(err)
		}
		g, err := Infer(context.Background(), src, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Columns[0].Type.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.values, got, c.want)
		}
	}
}

func TestInferEmptyQuotes(t *testing.T) {
	for in, want := range map[string]string{
		"c,d\n\"\",1\n3,1\n":           "text",    // "" beside a bare number was meant
		"c,d\n\"\",\"\"\n\"3\",\"\"\n": "integer", // a writer that quotes everything
	} {
		src, err := Open(strings.NewReader(in), Options{Format: FormatCSV})
		if err != nil {
			t.Fatal(err)
		}
		g, err := Infer(context.Background(), src, nil)
		if err != nil || g.Columns[0].Type.String() != want {
			t.Errorf("%q: got %s, %v, want %s", in, g.Columns[0].Type, err, want)
		}
	}
}

// TestCSVSpectrum holds every file against the JSON that its authors give.
func TestCSVSpectrum(t *testing.T) {
	dir := corpora(t, "csv_spectrum")
	files, _ := filepath.Glob(filepath.Join(dir, "csvs", "*.csv"))
	if len(files) != 12 {
		t.Fatalf("got %d files, want 12", len(files))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		base := strings.TrimSuffix(filepath.Base(file), ".csv")
		wantJSON, err := os.ReadFile(filepath.Join(dir, "json", base+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var want []map[string]string
		if wantJSON[0] == '{' { // one record is given without its array
			wantJSON = []byte("[" + string(wantJSON) + "]")
		}
		if err := json.Unmarshal(wantJSON, &want); err != nil {
			t.Fatal(err)
		}
		src, err := Open(bytes.NewReader(data), Options{Name: file})
		if err != nil {
			t.Fatal(err)
		}
		var rec Record
		for i := range want {
			if err := src.Read(&rec); err != nil {
				t.Fatalf("%s: record %d: %v", base, i, err)
			}
			for k, name := range src.Columns() {
				if base == "location_coordinates" && k == 0 {
					continue // the two files disagree on the telephone number
				}
				if got := string(rec.Fields[k].Text); got != want[i][name] {
					t.Errorf("%s: record %d, %s: got %q, want %q", base, i, name, got, want[i][name])
				}
			}
		}
		if err := src.Read(&rec); !errors.Is(err, io.EOF) {
			t.Errorf("%s: after the last record: %v", base, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"a,b\n1,\"x\"\"y\"\n", "[{\"a\":1},[2]]", "{\"a\":1}\n{\"b\":", "\xff\xfea\x00", "\"", "a;b\r1;2"} {
		f.Add([]byte(s), byte(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, format byte) {
		opts := Options{Format: []Format{FormatAuto, FormatCSV, FormatJSON, FormatNDJSON}[format%4], MaxRecordBytes: 4096}
		src, err := Open(bytes.NewReader(data), opts)
		if err != nil {
			return
		}
		defer src.Close()
		if _, err := Infer(context.Background(), src, nil); err != nil && errors.Is(err, io.EOF) {
			t.Fatal("end of input as an error")
		}
	})
}

func BenchmarkReadCSV(b *testing.B) {
	var in bytes.Buffer
	in.WriteString("id,name,city,amount,at\n")
	for i := range 20000 {
		fmt.Fprintf(&in, "%d,\"Customer %d\",Springfield,%d.%02d,2024-05-%02d 10:00:00\n", i, i, i*7, i%100, i%28+1)
	}
	b.SetBytes(int64(in.Len()))
	b.ReportAllocs()
	for b.Loop() {
		src, err := Open(bytes.NewReader(in.Bytes()), Options{Format: FormatCSV})
		if err != nil {
			b.Fatal(err)
		}
		if g, err := Infer(context.Background(), src, nil); err != nil || g.Records != 20000 {
			b.Fatal(err, g.Records)
		}
	}
}
