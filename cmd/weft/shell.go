package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/peterh/liner"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/weftdb/weft/query/parse"
)

func newShellCommand() *cobra.Command {
	var t target
	var format string
	var keepGoing bool
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "an interactive SQL shell",
		Long: "Reads SQL and commands that begin with a backslash (\\? lists them). On a terminal lines can be edited, a statement may\n" +
			"go over several lines, and Ctrl-C cancels the running query. Otherwise standard input is run as a script, which ends at\n" +
			"the first error unless --keep-going is given.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.open(cmd.Context())
			if err != nil {
				return err
			}
			s := &shell{conn: c, format: format, in: cmd.InOrStdin(), out: cmd.OutOrStdout(), errs: cmd.ErrOrStderr(), reopen: t, keepGoing: keepGoing}
			err = s.loop(cmd.Context())
			if cerr := s.conn.close(); err == nil {
				err = cerr
			}
			return err
		},
	}
	t.flags(cmd)
	cmd.Flags().StringVarP(&format, "format", "f", "table", "table, json, ndjson, csv or markdown")
	cmd.Flags().BoolVar(&keepGoing, "keep-going", false, "in a script, go on after an error")
	return cmd
}

// shell is one session.
type shell struct {
	conn      conn
	reopen    target
	format    string
	timing    bool
	keepGoing bool
	in        io.Reader
	out, errs io.Writer
	typed     parse.Splitter // the statement being typed
	depth     int            // of \i within \i
}

// errQuit ends the shell.
var errQuit = errors.New("quit")

func (s *shell) loop(ctx context.Context) error {
	f, ok := s.in.(*os.File)
	if ok && term.IsTerminal(int(f.Fd())) {
		return s.interactive(ctx)
	}
	err := s.script(ctx, s.in)
	if errors.Is(err, errQuit) {
		return nil
	}
	return err
}

func (s *shell) interactive(ctx context.Context) error {
	// A Ctrl-C is for the query that runs; one that comes a moment too late is for nobody.
	stray := make(chan os.Signal, 1)
	signal.Notify(stray, os.Interrupt)
	defer signal.Stop(stray)
	line := liner.NewLiner()
	defer line.Close()
	line.SetCtrlCAborts(true)
	line.SetMultiLineMode(true)
	line.SetWordCompleter(s.complete(ctx))
	history := historyFile()
	if f, err := os.Open(history); err == nil {
		line.ReadHistory(f) //nolint:errcheck // an unreadable history is no history
		f.Close()
	}
	defer s.saveHistory(line, history)
	fmt.Fprintf(s.out, "Connected to %s. \\? lists commands, \\q quits.\n", s.conn.where())
	for {
		text, err := line.Prompt(s.prompt())
		switch {
		case errors.Is(err, liner.ErrPromptAborted):
			s.typed = parse.Splitter{}
			continue
		case errors.Is(err, io.EOF):
			fmt.Fprintln(s.out)
			return nil
		case err != nil:
			return err
		}
		if strings.TrimSpace(text) != "" {
			line.AppendHistory(text)
		}
		if err := s.feed(ctx, text); errors.Is(err, errQuit) {
			return nil
		} else if err != nil {
			s.report(err)
		}
	}
}

// prompt shows the database, and in the middle of a statement what is still open.
func (s *shell) prompt() string {
	if _, pending := s.typed.Rest(); !pending {
		return s.reopen.database + "=> "
	}
	open := "-"
	if c := s.typed.Open(); c != 0 {
		open = string(rune(c))
	}
	return s.reopen.database + open + "> "
}

func historyFile() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, ".weft_history")
}

// saveHistory writes the history by way of a new file, readable by its owner only.
func (s *shell) saveHistory(line *liner.State, path string) {
	if path == "" {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".weft_history*")
	if err != nil {
		fmt.Fprintf(s.errs, "the history is not kept: %v\n", err)
		return
	}
	_, err = line.WriteHistory(f)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		fmt.Fprintf(s.errs, "the history is not kept: %v\n", err)
	}
}

// script runs a whole input.
func (s *shell) script(ctx context.Context, in io.Reader) error {
	sc := bufio.NewScanner(in)
	sc.Buffer(make([]byte, 64<<10), 64<<20)
	var failed error
	for sc.Scan() {
		if err := s.feed(ctx, sc.Text()); err != nil {
			if errors.Is(err, errQuit) || !s.keepGoing {
				return err
			}
			s.report(err)
			failed = err
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	if rest, pending := s.typed.Rest(); pending { // a last statement needs no semicolon
		s.typed = parse.Splitter{}
		if err := s.execute(ctx, rest); err != nil {
			return err
		}
	}
	return failed
}

// feed takes one line: a command, or a piece of SQL.
func (s *shell) feed(ctx context.Context, line string) error {
	if _, pending := s.typed.Rest(); !pending {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "":
			return nil
		case trimmed[0] == '\\':
			return s.command(ctx, trimmed)
		case trimmed == "quit" || trimmed == "exit":
			return errQuit
		case trimmed == "help":
			return s.command(ctx, `\?`)
		}
	}
	for _, sql := range s.typed.Add(line + "\n") {
		if err := s.execute(ctx, sql); err != nil {
			s.typed = parse.Splitter{}
			return err
		}
	}
	return nil
}

// execute runs SQL; Ctrl-C cancels it and not the shell.
func (s *shell) execute(ctx context.Context, sql string) error {
	out, err := newRenderer(s.format, s.out)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	start := time.Now()
	err = s.conn.run(ctx, sql, nil, out)
	if cerr := out.close(); err == nil {
		err = cerr
	}
	if s.timing {
		fmt.Fprintf(s.out, "Time: %.3f ms\n", float64(time.Since(start).Microseconds())/1000)
	}
	return err
}

func (s *shell) report(err error) {
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(s.errs, "canceled")
		return
	}
	fmt.Fprintf(s.errs, "ERROR: %s\n", explain(err))
}

// complete offers keywords, tables and columns for the word at the cursor.
func (s *shell) complete(ctx context.Context) liner.WordCompleter {
	return func(line string, pos int) (string, []string, string) {
		head := line[:pos]
		start := strings.LastIndexAny(head, " \t(),;=<>+-*/.\n") + 1
		word := head[start:]
		if word == "" {
			return head, nil, line[pos:]
		}
		var out []string
		for _, k := range completionWords {
			if strings.HasPrefix(k, strings.ToUpper(word)) {
				out = append(out, k)
			}
		}
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if infos, err := s.conn.tables(ctx); err == nil {
			seen := map[string]bool{}
			add := func(name string) {
				if strings.HasPrefix(name, strings.ToLower(word)) && !seen[name] {
					seen[name] = true
					out = append(out, name)
				}
			}
			for _, t := range infos {
				add(t.Name)
				for _, c := range t.Columns {
					add(c.Name)
				}
			}
		}
		return head[:start], out, line[pos:]
	}
}

var completionWords = []string{"SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "OFFSET", "INSERT INTO", "VALUES", "UPDATE", "SET",
	"DELETE FROM", "CREATE TABLE", "DROP TABLE", "PRIMARY KEY", "NOT NULL", "DEFAULT", "UNIQUE", "JOIN", "LEFT JOIN", "ON", "USING", "AND", "OR", "NOT",
	"IN", "EXISTS", "BETWEEN", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "DISTINCT", "RETURNING",
	"BEGIN", "COMMIT", "ROLLBACK", "EXPLAIN", "COUNT", "SUM", "AVG", "MIN", "MAX"}
