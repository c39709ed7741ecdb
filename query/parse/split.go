package parse

// Splitter finds where statements end, for a shell that reads line by line. It does
// not parse: what it cuts may still be wrong SQL. The zero value is ready.
type Splitter struct {
	text string
	// done is how much of text has been scanned into complete tokens of the statement at
	// hand, and cut the state after them.
	done int
	cut  cutter
	some bool // the statement has a token
}

// Add appends text, usually a line with its line break, and returns the statements that are
// complete, without their semicolons.
func (s *Splitter) Add(text string) []string {
	s.text += text
	var out []string
	for {
		s.cut.sql = s.text
		sc := scanner{sql: s.text, pos: s.done}
		t := sc.next()
		// A token at the very end may go on in the next text: only a semicolon cannot.
		if t.kind == kEOF || t.kind == kOpen || t.end == len(s.text) && !t.punct(s.text, ';') {
			return out
		}
		s.done = t.end
		if !s.cut.ends(t) {
			s.some = true
			continue
		}
		if s.some {
			out = append(out, trimmed(s.text[:t.start]))
		}
		s.text = s.text[t.end:]
		s.done, s.cut, s.some = 0, cutter{}, false
	}
}

// Rest returns what has been added after the last complete statement, and whether it has
// anything but white space and comments: whether a shell should prompt for more.
func (s *Splitter) Rest() (text string, pending bool) {
	sc := scanner{sql: s.text}
	return s.text, sc.next().kind != kEOF
}

// Open says what the rest is within: a quote character, '$' for a dollar quote, '*' for
// a comment, '(' for a parenthesis, or 0. A shell shows it in its prompt.
func (s *Splitter) Open() byte {
	sc := scanner{sql: s.text}
	depth := 0
	for {
		t := sc.next()
		switch {
		case t.kind == kEOF:
			if depth > 0 {
				return '('
			}
			return 0
		case t.kind == kOpen:
			return openQuote(s.text[t.start:])
		case t.punct(s.text, '('):
			depth++
		case t.punct(s.text, ')'):
			depth--
		}
	}
}

func openQuote(rest string) byte {
	switch c := rest[0]; c {
	case '\'', '"', '$':
		return c
	case '/':
		return '*'
	}
	for i := 1; i < len(rest); i++ {
		if rest[i] == '\'' || rest[i] == '"' {
			return rest[i]
		}
	}
	return '\''
}

// Reset forgets what has been added.
func (s *Splitter) Reset() { *s = Splitter{} }

// Split cuts a whole text into its statements, without semicolons. The last one need not
// have one.
func Split(sql string) []string {
	var s Splitter
	out := s.Add(sql)
	if rest, pending := s.Rest(); pending {
		out = append(out, trimmed(rest))
	}
	return out
}

// trimmed is the text from its first token to its last.
func trimmed(sql string) string {
	sc := scanner{sql: sql}
	first := sc.next()
	end := first.end
	for {
		t := sc.next()
		if t.kind == kEOF {
			return sql[first.start:end]
		}
		end = t.end
	}
}
