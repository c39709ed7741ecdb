package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// column is a column of a result.
type column struct {
	Name string
	Type string
}

// numeric says whether values line up on the right.
func (c column) numeric() bool {
	switch base, _, _ := strings.Cut(c.Type, "("); base {
	case "smallint", "integer", "bigint", "real", "double precision", "numeric", "oid":
		return true
	}
	return false
}

// cell is a value: text in PostgreSQL's form, or JSON where the renderer wants JSON.
// Nil is NULL.
type cell []byte

// outcome is what a statement did.
type outcome struct {
	Command string
	Rows    int64
	Write   bool
}

// String is PostgreSQL's command tag.
func (o outcome) String() string {
	switch {
	case o.Command == "INSERT":
		return fmt.Sprintf("INSERT 0 %d", o.Rows)
	case o.Write || o.Command == "SELECT":
		return fmt.Sprintf("%s %d", o.Command, o.Rows)
	}
	return o.Command
}

// renderer shows the results of statements as they come.
type renderer interface {
	// json says that cells are wanted as JSON.
	json() bool
	begin(cols []column) error
	row(cells []cell) error // cells hold only during the call
	end(o outcome) error
	// close ends the output.
	close() error
}

func newRenderer(format string, w io.Writer) (renderer, error) {
	bw := bufio.NewWriterSize(w, 64<<10)
	switch format {
	case "table":
		return &tableRenderer{w: bw}, nil
	case "csv":
		return &csvRenderer{w: bw}, nil
	case "json":
		return &jsonRenderer{w: bw}, nil
	case "ndjson":
		return &jsonRenderer{w: bw, lines: true}, nil
	case "markdown":
		return &markdownRenderer{w: bw}, nil
	}
	return nil, usage("--format is %q: want table, csv, json, ndjson or markdown", format)
}

// tableWindow is how many rows are looked at to find the widths of columns; what
// comes later is shown with these, widened where a value needs it.
const tableWindow = 5000

// tableRenderer draws aligned columns as psql does.
type tableRenderer struct {
	w      *bufio.Writer
	cols   []column
	widths []int
	rows   [][]string
	count  int64
	headed bool
	quiet  bool // no command tags for statements without rows
}

func (t *tableRenderer) json() bool { return false }

func (t *tableRenderer) begin(cols []column) error {
	t.cols, t.widths, t.rows, t.count, t.headed = cols, nil, nil, 0, false
	for _, c := range cols {
		t.widths = append(t.widths, runewidth.StringWidth(c.Name))
	}
	return nil
}

func (t *tableRenderer) row(cells []cell) error {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = string(c)
		t.widths[i] = max(t.widths[i], widest(texts[i]))
	}
	t.count++
	t.rows = append(t.rows, texts)
	if len(t.rows) >= tableWindow {
		return t.flush()
	}
	return nil
}

func widest(s string) int {
	if strings.IndexByte(s, '\n') < 0 {
		return runewidth.StringWidth(s)
	}
	w := 0
	for _, line := range strings.Split(s, "\n") {
		w = max(w, runewidth.StringWidth(line)+1)
	}
	return w
}

// flush draws what has been gathered.
func (t *tableRenderer) flush() error {
	if !t.headed {
		t.headed = true
		for i, c := range t.cols {
			if i > 0 {
				t.w.WriteString(" | ")
			} else {
				t.w.WriteByte(' ')
			}
			pad := t.widths[i] - runewidth.StringWidth(c.Name)
			t.spaces(pad / 2)
			t.w.WriteString(c.Name)
			t.spaces(pad - pad/2)
		}
		t.w.WriteByte('\n')
		for i := range t.cols {
			if i > 0 {
				t.w.WriteByte('+')
			}
			t.w.WriteString(strings.Repeat("-", t.widths[i]+2))
		}
		t.w.WriteByte('\n')
	}
	for _, r := range t.rows {
		t.line(r)
	}
	t.rows = t.rows[:0]
	return t.w.Flush()
}

// line draws one row, over several lines where values have line ends.
func (t *tableRenderer) line(texts []string) {
	for more := true; more; {
		more = false
		for i, s := range texts {
			first, rest, cut := strings.Cut(s, "\n")
			if cut {
				first, more = first+"+", true
			}
			texts[i] = rest
			if i > 0 {
				t.w.WriteString(" | ")
			} else {
				t.w.WriteByte(' ')
			}
			pad := t.widths[i] - runewidth.StringWidth(first)
			if t.cols[i].numeric() {
				t.spaces(pad)
				t.w.WriteString(first)
			} else {
				t.w.WriteString(first)
				if i < len(texts)-1 {
					t.spaces(pad)
				}
			}
		}
		t.w.WriteByte('\n')
	}
}

func (t *tableRenderer) spaces(n int) {
	for ; n > 0; n-- {
		t.w.WriteByte(' ')
	}
}

func (t *tableRenderer) end(o outcome) error {
	if len(t.cols) == 0 {
		if !t.quiet {
			fmt.Fprintln(t.w, o)
		}
		return t.w.Flush()
	}
	if err := t.flush(); err != nil {
		return err
	}
	if t.count == 1 {
		fmt.Fprint(t.w, "(1 row)\n\n")
	} else {
		fmt.Fprintf(t.w, "(%d rows)\n\n", t.count)
	}
	return t.w.Flush()
}

func (t *tableRenderer) close() error { return t.w.Flush() }

// csvRenderer writes RFC 4180: NULL as nothing, the empty string in quotes.
// Results of several statements are separated by an empty line.
type csvRenderer struct {
	w       *bufio.Writer
	results int
}

func (c *csvRenderer) json() bool { return false }

func (c *csvRenderer) begin(cols []column) error {
	if len(cols) == 0 {
		return nil
	}
	if c.results++; c.results > 1 {
		c.w.WriteByte('\n')
	}
	for i, col := range cols {
		if i > 0 {
			c.w.WriteByte(',')
		}
		c.field([]byte(col.Name))
	}
	return c.w.WriteByte('\n')
}

func (c *csvRenderer) field(s []byte) {
	if s == nil {
		return
	}
	if len(s) > 0 && !strings.ContainsAny(string(s), "\",\r\n") && string(s) != `\.` {
		c.w.Write(s)
		return
	}
	c.w.WriteByte('"')
	c.w.WriteString(strings.ReplaceAll(string(s), `"`, `""`))
	c.w.WriteByte('"')
}

func (c *csvRenderer) row(cells []cell) error {
	for i, s := range cells {
		if i > 0 {
			c.w.WriteByte(',')
		}
		c.field(s)
	}
	return c.w.WriteByte('\n')
}

func (c *csvRenderer) end(outcome) error { return c.w.Flush() }
func (c *csvRenderer) close() error      { return c.w.Flush() }

// jsonRenderer writes rows as objects: one array for each result, or one object a
// line. Repeated column names get a suffix, since an object holds each key once.
type jsonRenderer struct {
	w     *bufio.Writer
	lines bool
	keys  [][]byte
	rows  int
}

func (j *jsonRenderer) json() bool { return true }

func (j *jsonRenderer) begin(cols []column) error {
	j.keys, j.rows = nil, 0
	seen := map[string]int{}
	for _, c := range cols {
		name := c.Name
		if seen[c.Name]++; seen[c.Name] > 1 {
			name = fmt.Sprintf("%s_%d", c.Name, seen[c.Name])
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		j.keys = append(j.keys, key)
	}
	if len(cols) > 0 && !j.lines {
		j.w.WriteByte('[')
	}
	return nil
}

func (j *jsonRenderer) row(cells []cell) error {
	if !j.lines {
		if j.rows > 0 {
			j.w.WriteByte(',')
		}
		j.w.WriteString("\n  ")
	}
	j.rows++
	j.w.WriteByte('{')
	for i, c := range cells {
		if i > 0 {
			j.w.WriteByte(',')
		}
		j.w.Write(j.keys[i])
		j.w.WriteByte(':')
		if c == nil {
			j.w.WriteString("null")
		} else {
			j.w.Write(c)
		}
	}
	j.w.WriteByte('}')
	if j.lines {
		j.w.WriteByte('\n')
	}
	return nil
}

func (j *jsonRenderer) end(outcome) error {
	if len(j.keys) > 0 && !j.lines {
		if j.rows > 0 {
			j.w.WriteByte('\n')
		}
		j.w.WriteString("]\n")
	}
	return j.w.Flush()
}

func (j *jsonRenderer) close() error { return j.w.Flush() }

// markdownRenderer writes GitHub's tables.
type markdownRenderer struct {
	w       *bufio.Writer
	results int
}

func (m *markdownRenderer) json() bool { return false }

func (m *markdownRenderer) begin(cols []column) error {
	if len(cols) == 0 {
		return nil
	}
	if m.results++; m.results > 1 {
		m.w.WriteByte('\n')
	}
	for _, c := range cols {
		m.w.WriteString("| ")
		m.cell([]byte(c.Name))
	}
	m.w.WriteString("|\n")
	for _, c := range cols {
		if c.numeric() {
			m.w.WriteString("|---:")
		} else {
			m.w.WriteString("|---")
		}
	}
	_, err := m.w.WriteString("|\n")
	return err
}

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "\r\n", "<br>", "\n", "<br>", "<", "&lt;")

func (m *markdownRenderer) cell(s []byte) {
	m.w.WriteString(markdownEscapes.Replace(string(s)))
	m.w.WriteByte(' ')
}

func (m *markdownRenderer) row(cells []cell) error {
	for _, c := range cells {
		m.w.WriteString("| ")
		m.cell(c)
	}
	_, err := m.w.WriteString("|\n")
	return err
}

func (m *markdownRenderer) end(outcome) error { return m.w.Flush() }
func (m *markdownRenderer) close() error      { return m.w.Flush() }
