package slt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/weftdb/weft/query/parse"
)

// Psql is a PostgreSQL server reached through its psql command, to check scripts and this
// runner against the real thing. It works in a schema of its own, which Close drops.
type Psql struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	schema string
	n      int
}

// psql's separators of fields and records, its NULL, and the word that ends an answer:
// characters that no script has.
const (
	fieldSep  = "\x1f"
	recordSep = "\x1e"
	nullMark  = "\x1dnull\x1d"
	doneMark  = "\x1ddone\x1d"
)

// OpenPsql starts psql with a connection string.
func OpenPsql(ctx context.Context, psql, dsn, schema string) (*Psql, error) {
	cmd := exec.CommandContext(ctx, psql, "-X", "-q", "-A", "-t", "-d", dsn)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start psql: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start psql: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start psql: %w", err)
	}
	p := &Psql{cmd: cmd, in: in, out: bufio.NewReader(out), schema: schema}
	setup := "\\pset fieldsep '\x1f'\n\\pset recordsep '\x1e'\n\\pset null '" + nullMark + "'\n\\encoding UTF8\n"
	if _, err := io.WriteString(in, setup); err != nil {
		return nil, fmt.Errorf("start psql: %w", err)
	}
	s := `"` + schema + `"`
	for _, sql := range []string{"SET client_min_messages TO error", "DROP SCHEMA IF EXISTS " + s + " CASCADE", "CREATE SCHEMA " + s, "SET search_path TO " + s + ", public"} {
		if err := p.Exec(ctx, sql); err != nil {
			return nil, errors.Join(fmt.Errorf("prepare schema: %w", err), p.Close())
		}
	}
	return p, nil
}

// Close drops the schema and ends psql.
func (p *Psql) Close() error {
	_, _ = io.WriteString(p.in, "ROLLBACK;\nDROP SCHEMA IF EXISTS \""+p.schema+"\" CASCADE;\n\\q\n")
	_ = p.in.Close()
	_, _ = io.Copy(io.Discard, p.out)
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("end psql: %w", err)
	}
	return nil
}

// Exec runs statements.
func (p *Psql) Exec(ctx context.Context, sql string) error {
	_, _, err := p.Query(ctx, sql)
	return err
}

// Query runs statements and returns their rows, without names of columns.
func (p *Psql) Query(_ context.Context, sql string) ([]Column, [][]*string, error) {
	var s parse.Splitter
	s.Add(sql)
	if s.Open() != 0 {
		return nil, nil, errors.New("the statement does not end")
	}
	p.n++
	sql = strings.TrimRight(sql, " \t\r\n;")
	mark := fmt.Sprintf("%s%d", doneMark, p.n)
	_, err := fmt.Fprintf(p.in, "%s\n;\n\\echo '%s' :ERROR :'LAST_ERROR_MESSAGE' '%s'\n", sql, mark, recordSep+recordSep)
	if err != nil {
		return nil, nil, fmt.Errorf("write to psql: %w", err)
	}
	text, err := p.readTo(recordSep + recordSep + "\n")
	if err != nil {
		return nil, nil, err
	}
	body, status, ok := strings.Cut(text, mark)
	if !ok {
		return nil, nil, fmt.Errorf("psql answered out of step: %q", text)
	}
	if strings.HasPrefix(strings.TrimSpace(status), "true") {
		return nil, nil, errors.New(strings.Trim(strings.TrimPrefix(strings.TrimSpace(status), "true"), " '"))
	}
	return nil, parseRows(body), nil
}

func (p *Psql) readTo(end string) (string, error) {
	var b strings.Builder
	for {
		line, err := p.out.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			return "", fmt.Errorf("read from psql: %w", err)
		}
		if strings.HasSuffix(line, end) {
			return b.String(), nil
		}
	}
}

// parseRows cuts what psql printed without alignment: records with separators between
// them and a line break after the last.
func parseRows(body string) [][]*string {
	if body == "" {
		return nil
	}
	body = strings.TrimSuffix(body, "\n")
	var rows [][]*string
	for _, rec := range strings.Split(body, recordSep) {
		fields := strings.Split(rec, fieldSep)
		row := make([]*string, len(fields))
		for i := range fields {
			if fields[i] != nullMark {
				row[i] = &fields[i]
			}
		}
		rows = append(rows, row)
	}
	return rows
}
