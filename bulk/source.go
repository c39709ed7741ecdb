package bulk

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"github.com/weftdb/weft/internal/dberr"
)

// sniffBytes is how much of an input is looked at to guess its syntax.
const sniffBytes = 64 << 10

// Source is an opened input: a Reader and what was found out about it.
type Source struct {
	Reader
	Format      Format
	Compression string // "", "gzip" or "zstd"
	Encoding    string // of the text as found: "utf-8", "utf-16le", …
	Delimiter   byte   // for CSV
	close       func()
}

// Close frees what the source holds; it does not close the reader given to Open.
func (s *Source) Close() {
	if s.close != nil {
		s.close()
	}
}

// Open starts reading an input: it undoes compression, decodes the text, guesses
// what opts leaves open, and reads the header where there is one.
func Open(r io.Reader, opts Options) (*Source, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	s := &Source{Format: opts.Format}
	plain, err := s.decompress(r)
	if err != nil {
		return nil, err
	}
	br, err := s.decode(plain, opts.Encoding)
	if err != nil {
		s.Close()
		return nil, err
	}
	head, err := br.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		s.Close()
		return nil, fmt.Errorf("read input: %w", err)
	}
	if s.Format == FormatAuto {
		s.Format = guessFormat(head, opts.Name)
	}
	switch s.Format {
	case FormatCSV:
		if s.Delimiter = opts.Delimiter; s.Delimiter == 0 {
			s.Delimiter = guessDelimiter(head)
		}
		s.Reader, err = newCSVReader(br, s.Delimiter, opts)
	case FormatNDJSON:
		s.Reader, err = newNDJSONReader(br, opts), nil
	default:
		s.Reader, err = newJSONReader(br, opts)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// decompress recognises gzip and zstd by their first bytes.
func (s *Source) decompress(r io.Reader) (io.Reader, error) {
	br := bufio.NewReaderSize(r, 256<<10)
	magic, err := br.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read input: %w", err)
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, compressionError("gzip", err)
		}
		s.Compression = "gzip"
		return errReader{zr, "gzip"}, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		zr, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(128<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, compressionError("zstd", err)
		}
		s.Compression, s.close = "zstd", zr.Close
		return errReader{zr, "zstd"}, nil
	}
	return br, nil
}

// errReader names the codec in the errors of a damaged stream.
type errReader struct {
	r     io.Reader
	codec string
}

func (e errReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = compressionError(e.codec, err)
	}
	return n, err
}

func compressionError(codec string, err error) error {
	return dberr.New(dberr.ErrInvalid, "INVALID_COMPRESSION", "the input is not a valid %s stream (%v)", codec, err).
		WithHint("is the file complete?")
}

// decode turns the text into UTF-8 without byte order mark.
func (s *Source) decode(r io.Reader, name string) (*bufio.Reader, error) {
	br := bufio.NewReaderSize(r, sniffBytes)
	head, err := br.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read input: %w", err)
	}
	s.Encoding = "utf-8"
	var enc encoding.Encoding
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		if _, err := br.Discard(3); err != nil {
			return nil, fmt.Errorf("read input: %w", err)
		}
		return br, nil
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		s.Encoding, enc = "utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		s.Encoding, enc = "utf-16be", unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	case name != "" && !strings.EqualFold(name, "utf-8") && !strings.EqualFold(name, "utf8"):
		var err error
		if enc, err = htmlindex.Get(name); err != nil {
			return nil, dberr.New(dberr.ErrInvalid, "INVALID_ENCODING", "encoding %q is not known", name).
				WithField("encoding").WithHint("use an IANA name such as utf-8, windows-1252, iso-8859-15, utf-16le or shift_jis")
		}
		s.Encoding = strings.ToLower(name)
	default:
		return br, nil
	}
	return bufio.NewReaderSize(enc.NewDecoder().Reader(br), sniffBytes), nil
}

// guessFormat goes by the first character that is not white space, then by the name.
func guessFormat(head []byte, name string) Format {
	name = strings.ToLower(name)
	name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst"), ".zstd")
	switch path.Ext(name) {
	case ".csv", ".tsv", ".tab", ".psv":
		return FormatCSV
	case ".ndjson", ".jsonl", ".jsonlines":
		return FormatNDJSON
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 {
		return FormatCSV
	}
	switch text[0] {
	case '[':
		if path.Ext(name) != ".json" && path.Ext(name) != ".geojson" && firstValueEndsLine(text) {
			return FormatNDJSON
		}
		return FormatJSON
	case '{':
		if firstValueEndsLine(text) {
			return FormatNDJSON
		}
		return FormatJSON
	}
	return FormatCSV
}

// firstValueEndsLine says whether a complete JSON value is followed, on a later
// line, by another: then it is NDJSON and not one document.
func firstValueEndsLine(text []byte) bool {
	var sc jsonScanner
	end := sc.scan(text)
	if end < 0 {
		return false
	}
	rest := bytes.TrimLeft(text[end:], " \t\r")
	if len(rest) == 0 || rest[0] != '\n' {
		return false
	}
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == '[')
}

// guessDelimiter takes the candidate that splits the first lines into the same
// number of fields, more than one; the most fields win, then the comma.
func guessDelimiter(head []byte) byte {
	const candidates = ",\t;|"
	best, bestScore := byte(','), 0
	for i := 0; i < len(candidates); i++ {
		if score := delimiterScore(head, candidates[i]); score > bestScore {
			best, bestScore = candidates[i], score
		}
	}
	return best
}

// delimiterScore counts the fields of the header where most of the first lines
// agree with it.
func delimiterScore(head []byte, delim byte) int {
	want, same, lines, fields, quoted := 0, 0, 0, 1, false
	endLine := func() {
		if lines++; lines == 1 {
			want = fields
		} else if fields == want {
			same++
		}
		fields = 1
	}
	for _, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == delim:
			fields++
		case c == '\n':
			endLine()
		}
		if lines == 50 {
			break
		}
	}
	if lines == 0 {
		endLine()
	}
	if want < 2 || same*10 < (lines-1)*7 {
		return 0
	}
	return want
}
