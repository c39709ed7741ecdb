package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/weftdb/weft/bulk"
)

// shellHelp lists the commands.
const shellHelp = `General
  \q                     quit (also Ctrl-D, exit)
  \? or \h               this help
  \c DATABASE            connect to another database
  \conninfo              what this shell is connected to
Looking around
  \dt or \d              tables
  \d TABLE               columns and indexes of a table
  \l                     databases
Running
  SELECT …;              a statement ends with a semicolon and may go over several lines; Ctrl-C cancels it
  \i FILE                run a file
  \timing [on|off]       show how long statements take
  \f FORMAT              show results as table, csv, json, ndjson or markdown
Channels
  \channels              channels, and where they end
  \publish CHANNEL [type=TYPE] [key=KEY] DATA        publish JSON, or else text
  \tail CHANNEL [COUNT]  the last messages, 10 of them
  \follow CHANNEL        messages as they come, until Ctrl-C
  \groups CHANNEL        its groups, and how far they are
Files
  \copy TABLE from 'FILE' [csv|json|ndjson]          import a file (see weft import)
  \copy TABLE|(QUERY) to 'FILE' [csv|json|ndjson]    write a result to a file
`

// command runs a line that begins with a backslash.
func (s *shell) command(ctx context.Context, line string) error {
	line = strings.TrimSuffix(line, ";")
	name, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch name {
	case `\q`:
		return errQuit
	case `\?`, `\h`, `\help`:
		_, err := io.WriteString(s.out, shellHelp)
		return err
	case `\conninfo`:
		_, err := fmt.Fprintf(s.out, "connected to %s\n", s.conn.where())
		return err
	case `\dt`:
		return s.listTables(ctx)
	case `\d`:
		if rest == "" {
			return s.listTables(ctx)
		}
		return s.describe(ctx, rest)
	case `\l`:
		return s.listDatabases(ctx)
	case `\c`, `\connect`:
		return s.connect(ctx, rest)
	case `\timing`:
		return s.setTiming(rest)
	case `\f`:
		if _, err := newRenderer(rest, io.Discard); err != nil {
			return usage("%s: want table, csv, json, ndjson or markdown", line)
		}
		s.format = rest
		return nil
	case `\i`:
		return s.include(ctx, rest)
	case `\copy`:
		return s.copy(ctx, rest)
	}
	if ok, err := s.channelCommand(ctx, name, rest); ok {
		return err
	}
	return usage("there is no command %s; \\? lists them", name)
}

func (s *shell) setTiming(arg string) error {
	switch arg {
	case "":
		s.timing = !s.timing
	case "on", "off":
		s.timing = arg == "on"
	default:
		return usage("\\timing %s: want on or off", arg)
	}
	state := "off"
	if s.timing {
		state = "on"
	}
	_, err := fmt.Fprintf(s.out, "Timing is %s.\n", state)
	return err
}

func (s *shell) connect(ctx context.Context, database string) error {
	if database == "" {
		return usage("\\c: name a database")
	}
	next := s.reopen
	next.database = database
	if next.dataDir != "" { // the directory can be open only once
		if err := s.conn.close(); err != nil {
			return err
		}
	}
	c, err := next.open(ctx)
	if err != nil {
		return err
	}
	if next.dataDir == "" {
		if err := s.conn.close(); err != nil {
			return err
		}
	}
	s.conn, s.reopen = c, next
	_, err = fmt.Fprintf(s.out, "You are now connected to %s.\n", c.where())
	return err
}

// include runs a file as if it had been typed.
func (s *shell) include(ctx context.Context, path string) error {
	const deepest = 16
	if path == "" {
		return usage("\\i: name a file")
	}
	if s.depth == deepest {
		return usage("\\i %s: files include each other more than %d deep", path, deepest)
	}
	f, err := os.Open(unquote(path))
	if err != nil {
		return err
	}
	defer f.Close()
	s.depth++
	defer func() { s.depth-- }()
	return s.script(ctx, f)
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return strings.ReplaceAll(s[1:len(s)-1], "''", "'")
	}
	return s
}

func (s *shell) listTables(ctx context.Context) error {
	infos, err := s.conn.tables(ctx)
	if err != nil {
		return err
	}
	if len(infos) == 0 {
		_, err := fmt.Fprintln(s.out, "There are no tables.")
		return err
	}
	return s.show([]column{{"Schema", "text"}, {"Name", "text"}, {"Columns", "bigint"}, {"Rows", "bigint"}}, len(infos), func(i int) []string {
		t := infos[i]
		return []string{t.Schema, t.Name, fmt.Sprint(len(t.Columns)), fmt.Sprint(t.RowCount)}
	})
}

func (s *shell) listDatabases(ctx context.Context) error {
	infos, err := s.conn.databases(ctx)
	if err != nil {
		return err
	}
	return s.show([]column{{"Name", "text"}, {"Tables", "bigint"}}, len(infos), func(i int) []string {
		return []string{infos[i].Name, fmt.Sprint(infos[i].Tables)}
	})
}

func (s *shell) describe(ctx context.Context, name string) error {
	t, err := s.conn.table(ctx, bulk.ColumnName(strings.Trim(name, `"`)))
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Table %s.%s\n", t.Schema, t.Name)
	err = s.show([]column{{"Column", "text"}, {"Type", "text"}, {"Nullable", "text"}, {"Default", "text"}}, len(t.Columns), func(i int) []string {
		c := t.Columns[i]
		row := []string{c.Name, c.Type, "", ""}
		if !c.Nullable {
			row[2] = "not null"
		}
		if c.Default != nil {
			row[3] = *c.Default
		}
		return row
	})
	if err != nil || len(t.Indexes) == 0 {
		return err
	}
	fmt.Fprintln(s.out, "Indexes:")
	for _, x := range t.Indexes {
		kind := ""
		switch {
		case x.Primary:
			kind = " PRIMARY KEY"
		case x.Unique:
			kind = " UNIQUE"
		}
		fmt.Fprintf(s.out, "    %q%s, %s (%s)\n", x.Name, kind, x.Kind, strings.Join(x.Columns, ", "))
	}
	_, err = fmt.Fprintln(s.out)
	return err
}

// show draws a small table of texts.
func (s *shell) show(cols []column, n int, row func(int) []string) error {
	r, err := newRenderer("table", s.out)
	if err != nil {
		return err
	}
	if err := r.begin(cols); err != nil {
		return err
	}
	for i := range n {
		var cells []cell
		for _, text := range row(i) {
			cells = append(cells, cell(text))
		}
		if err := r.row(cells); err != nil {
			return err
		}
	}
	return r.end(outcome{Command: "SELECT"})
}

// copySpec is a parsed \copy.
type copySpec struct {
	what   string // a table, or a query in parentheses
	from   bool
	file   string
	format string
}

func parseCopy(arg string) (copySpec, error) {
	bad := usage("\\copy: want TABLE from 'FILE' [csv|json|ndjson], or TABLE or (QUERY) to 'FILE' [csv|json|ndjson]")
	var c copySpec
	if strings.HasPrefix(arg, "(") {
		end := strings.LastIndex(arg, ")")
		if end < 0 {
			return c, bad
		}
		c.what, arg = arg[:end+1], strings.TrimSpace(arg[end+1:])
	} else {
		c.what, arg, _ = strings.Cut(arg, " ")
	}
	direction, rest, _ := strings.Cut(strings.TrimSpace(arg), " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(direction) {
	case "from":
		c.from = true
	case "to":
	default:
		return c, bad
	}
	if c.from && strings.HasPrefix(c.what, "(") || rest == "" || c.what == "" {
		return c, bad
	}
	if rest[0] == '\'' {
		end := strings.LastIndexByte(rest, '\'')
		if end == 0 {
			return c, bad
		}
		c.file, c.format = unquote(rest[:end+1]), strings.TrimSpace(rest[end+1:])
	} else {
		c.file, c.format, _ = strings.Cut(rest, " ")
	}
	c.format = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(c.format), "with ")))
	return c, nil
}

func (s *shell) copy(ctx context.Context, arg string) error {
	c, err := parseCopy(arg)
	if err != nil {
		return err
	}
	if !c.from {
		return s.copyTo(ctx, c)
	}
	format, err := bulk.ParseFormat(c.format)
	if err != nil {
		return err
	}
	in, err := openInput(ctx, c.file, s.in)
	if err != nil {
		return err
	}
	defer in.remove()
	err = importInto(ctx, s.conn, importJob{spec: bulk.Spec{Table: c.what, Input: bulk.Options{Format: format, Name: c.file}}, in: in, out: s.out, errs: s.errs})
	if errors.Is(err, errRejected) {
		return nil // the number and the file have been shown
	}
	return err
}

// copyTo writes a result to a file, which appears only once it is complete.
func (s *shell) copyTo(ctx context.Context, c copySpec) (err error) {
	format := c.format
	switch format {
	case "":
		format = "csv"
		if strings.HasSuffix(c.file, ".json") || strings.HasSuffix(c.file, ".ndjson") {
			format = c.file[strings.LastIndexByte(c.file, '.')+1:]
		}
	case "csv", "json", "ndjson":
	default:
		return usage("\\copy … to: the format is %q: want csv, json or ndjson", format)
	}
	sql := "SELECT * FROM " + bulk.QuoteTable(c.what)
	if strings.HasPrefix(c.what, "(") {
		sql = c.what[1 : len(c.what)-1]
	}
	f, err := os.Create(c.file + ".part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	inner, err := newRenderer(format, f)
	if err != nil {
		return err
	}
	counted := &counter{renderer: inner}
	if err := s.conn.run(ctx, sql, nil, counted); err != nil {
		return err
	}
	if err := counted.close(); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), c.file); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "COPY %d\n", counted.rows)
	return err
}

// counter counts rows on their way to another renderer.
type counter struct {
	renderer
	rows int64
}

func (c *counter) row(cells []cell) error {
	c.rows++
	return c.renderer.row(cells)
}
