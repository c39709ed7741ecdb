package slt

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// recordKind is the kind of a record.
type recordKind uint8

const (
	statement recordKind = iota
	query
	control // a command of the script itself: words[0] says which
	block   // loop and foreach
)

// record is one record of a script.
type record struct {
	file  string
	line  int
	kind  recordKind
	conds [][2]string // skipif and onlyif with their names

	sql string
	// expect is what a statement should do: ok, error, maybe, or count.
	expect  string
	count   int
	pattern string // of the expected error: a regular expression, or a part of the text

	types    string
	sortMode string
	label    string
	want     []string
	hasWant  bool

	words []string // of a control record

	variable string
	values   []string
	body     []record
}

// maxDepth bounds loops within loops and files within files.
const maxDepth = 16

// load reads a script and the files that it includes.
func load(path string, depth int) ([]record, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: files include each other more than %d deep", path, maxDepth)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	s := scriptReader{path: path, lines: lines, depth: depth}
	recs, err := s.records(0)
	if err != nil {
		return nil, err
	}
	return recs, nil
}

type scriptReader struct {
	path  string
	lines []string
	at    int
	depth int
}

func (s *scriptReader) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", s.path, line, fmt.Sprintf(format, args...))
}

// records reads until the end of the file, or of the loop where nested is positive.
func (s *scriptReader) records(nested int) ([]record, error) {
	var out []record
	var conds [][2]string
	start := s.at
	for s.at < len(s.lines) {
		line := s.lines[s.at]
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			s.at++
			continue
		}
		rec := record{file: s.path, line: s.at + 1, conds: conds}
		s.at++
		var err error
		switch words[0] {
		case "skipif", "onlyif":
			if len(words) < 2 {
				return nil, s.errorf(rec.line, "%s needs a name", words[0])
			}
			conds = append(conds[:len(conds):len(conds)], [2]string{words[0], strings.ToLower(words[1])})
			continue
		case "statement":
			err = s.statement(&rec, words, line)
		case "query":
			err = s.query(&rec, words, line)
		case "loop", "foreach":
			err = s.loop(&rec, words, nested)
		case "endloop":
			if nested == 0 {
				return nil, s.errorf(rec.line, "endloop without a loop")
			}
			return out, nil
		case "include":
			var inner []record
			if inner, err = s.include(words, rec.line); err == nil {
				out = append(out, inner...)
				conds = nil
				continue
			}
		default:
			rec.kind, rec.words = control, words
		}
		if err != nil {
			return nil, err
		}
		out, conds = append(out, rec), nil
	}
	if nested > 0 {
		return nil, s.errorf(start, "a loop does not end")
	}
	return out, nil
}

func (s *scriptReader) include(words []string, line int) ([]record, error) {
	if len(words) < 2 {
		return nil, s.errorf(line, "include needs a file")
	}
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(s.path), words[1]))
	if err != nil || len(paths) == 0 {
		return nil, s.errorf(line, "no file %s to include", words[1])
	}
	var out []record
	for _, p := range paths {
		recs, err := load(p, s.depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, recs...)
	}
	return out, nil
}

func (s *scriptReader) loop(rec *record, words []string, nested int) error {
	rec.kind = block
	if nested >= maxDepth {
		return s.errorf(rec.line, "loops more than %d deep", maxDepth)
	}
	if len(words) < 3 {
		return s.errorf(rec.line, "%s needs a variable and values", words[0])
	}
	rec.variable = words[1]
	if words[0] == "foreach" {
		rec.values = words[2:]
	} else {
		if len(words) != 4 {
			return s.errorf(rec.line, "loop needs a first value and an end")
		}
		from, err1 := strconv.Atoi(words[2])
		to, err2 := strconv.Atoi(words[3])
		if err1 != nil || err2 != nil || to-from > 1e6 {
			return s.errorf(rec.line, "loop from %s to %s: want two numbers at most a million apart", words[2], words[3])
		}
		for i := from; i < to; i++ {
			rec.values = append(rec.values, strconv.Itoa(i))
		}
	}
	var err error
	rec.body, err = s.records(nested + 1)
	return err
}

// readSQL reads lines up to an empty one or the dashes; more says that dashes came.
func (s *scriptReader) readSQL() (sql string, more bool) {
	var b strings.Builder
	for s.at < len(s.lines) {
		line := s.lines[s.at]
		if strings.TrimSpace(line) == "" {
			break
		}
		s.at++
		if strings.TrimSpace(line) == "----" {
			return b.String(), true
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	return b.String(), false
}

// readWant reads lines up to an empty one.
func (s *scriptReader) readWant() []string {
	var out []string
	for s.at < len(s.lines) && s.lines[s.at] != "" {
		out = append(out, s.lines[s.at])
		s.at++
	}
	return out
}

func (s *scriptReader) statement(rec *record, words []string, line string) error {
	if len(words) < 2 {
		return s.errorf(rec.line, "statement needs ok or error")
	}
	rec.kind, rec.expect = statement, words[1]
	switch rec.expect {
	case "ok", "maybe":
	case "error":
		_, rest, _ := strings.Cut(line, "error")
		rec.pattern = strings.TrimSpace(rest)
	case "count":
		if len(words) < 3 {
			return s.errorf(rec.line, "statement count needs a number")
		}
		n, err := strconv.Atoi(words[2])
		if err != nil {
			return s.errorf(rec.line, "statement count %s: want a number", words[2])
		}
		rec.count = n
	default:
		return s.errorf(rec.line, "unknown expectation %q of a statement", rec.expect)
	}
	sql, more := s.readSQL()
	rec.sql = sql
	if more {
		rec.pattern = strings.TrimSpace(rec.pattern + " " + strings.Join(s.readWant(), "\n"))
	}
	return nil
}

func (s *scriptReader) query(rec *record, words []string, line string) error {
	rec.kind, rec.sortMode = query, "nosort"
	if len(words) > 1 && words[1] == "error" {
		return s.statement(rec, words, line)
	}
	if len(words) > 1 {
		rec.types = words[1]
	}
	for i := 2; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "nosort" || w == "rowsort" || w == "valuesort" || w == "sort":
			rec.sortMode = w
			if w == "sort" {
				rec.sortMode = "rowsort"
			}
		case w == "retry":
			i = len(words) // the number of attempts and the time between them are for streaming databases
		case strings.HasPrefix(w, "#"):
			i = len(words)
		default:
			rec.label = w
		}
	}
	sql, more := s.readSQL()
	rec.sql, rec.hasWant = sql, more
	if more {
		rec.want = s.readWant()
	}
	return nil
}

// substitute puts the values of loop variables in place of ${name}.
func (r record) substitute(vars map[string]string) record {
	if len(vars) == 0 {
		return r
	}
	sub := func(s string) string {
		for k, v := range vars {
			s = strings.ReplaceAll(s, "${"+k+"}", v)
		}
		return s
	}
	r.sql, r.pattern, r.label = sub(r.sql), sub(r.pattern), sub(r.label)
	want := make([]string, len(r.want))
	for i, w := range r.want {
		want[i] = sub(w)
	}
	r.want = want
	values := make([]string, len(r.values))
	for i, v := range r.values {
		values[i] = sub(v)
	}
	r.values = values
	words := make([]string, len(r.words))
	for i, w := range r.words {
		words[i] = sub(w)
	}
	r.words = words
	return r
}

// errorMatches says whether an error's text is what the record wants: any, a part of it,
// or a match of the regular expression.
func errorMatches(pattern, text string) bool {
	if pattern == "" || strings.Contains(text, pattern) {
		return true
	}
	pattern = strings.TrimPrefix(pattern, "<REGEX>:")
	re, err := regexp.Compile("(?is)" + pattern)
	return err == nil && re.MatchString(text)
}

func indent(s string) string {
	const most = 2000
	if len(s) > most {
		s = s[:most] + "…"
	}
	return "\t" + strings.ReplaceAll(s, "\n", "\n\t")
}
