package sqldiff

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// answer is what an engine gave for one statement: rows in text form, or an error.
type answer struct {
	columns []column
	rows    [][]*string // nil is NULL
	state   string      // SQLSTATE; "" means success
	message string
}

type column struct {
	name string
	oid  uint32
}

// postgres is a connection to a server in its own protocol: simple queries over a
// Unix socket without a password, which is all a test cluster needs. One round trip
// per statement makes it some fifty times faster than starting psql.
type postgres struct {
	conn net.Conn
	in   *bufio.Reader
}

// dialPostgres connects to the server of a socket directory.
func dialPostgres(dir string) (*postgres, error) {
	conn, err := net.Dial("unix", dir+"/.s.PGSQL.5432")
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	p := &postgres{conn: conn, in: bufio.NewReaderSize(conn, 1<<16)}
	body := binary.BigEndian.AppendUint32(nil, 3<<16)
	body = append(body, "user\x00postgres\x00database\x00postgres\x00\x00"...)
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	a, err := p.receive()
	if err != nil {
		return nil, err
	}
	if a.state != "" {
		return nil, fmt.Errorf("connect to PostgreSQL: %s %s", a.state, a.message)
	}
	return p, nil
}

func (p *postgres) close() error { return p.conn.Close() }

// query runs one text and returns the answer of its last statement. The error is
// one of the connection, never one of the statement.
func (p *postgres) query(sql string) (answer, error) {
	b := append([]byte{'Q'}, binary.BigEndian.AppendUint32(nil, uint32(len(sql)+5))...)
	b = append(append(b, sql...), 0)
	if _, err := p.conn.Write(b); err != nil {
		return answer{}, fmt.Errorf("send to PostgreSQL: %w", err)
	}
	return p.receive()
}

// receive reads messages until the server waits for the next statement.
func (p *postgres) receive() (answer, error) {
	var a answer
	for {
		var head [5]byte
		if _, err := io.ReadFull(p.in, head[:]); err != nil {
			return a, fmt.Errorf("receive from PostgreSQL: %w", err)
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(p.in, body); err != nil {
			return a, fmt.Errorf("receive from PostgreSQL: %w", err)
		}
		switch head[0] {
		case 'Z':
			return a, nil
		case 'T':
			a.columns, a.rows = rowDescription(body), nil
		case 'D':
			a.rows = append(a.rows, dataRow(body))
		case 'E':
			a.rows, a.columns = nil, nil
			for _, f := range strings.Split(strings.TrimRight(string(body), "\x00"), "\x00") {
				switch {
				case strings.HasPrefix(f, "C"):
					a.state = f[1:]
				case strings.HasPrefix(f, "M"):
					a.message = f[1:]
				}
			}
		case 'R':
			if binary.BigEndian.Uint32(body) != 0 {
				return a, errors.New("connect to PostgreSQL: it asks for a password")
			}
		}
	}
}

func rowDescription(b []byte) []column {
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	cols := make([]column, 0, n)
	for range n {
		name, rest, _ := strings.Cut(string(b), "\x00")
		b = b[len(b)-len(rest):]
		cols = append(cols, column{name: name, oid: binary.BigEndian.Uint32(b[6:])})
		b = b[18:]
	}
	return cols
}

func dataRow(b []byte) []*string {
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	row := make([]*string, n)
	for i := range row {
		l := int32(binary.BigEndian.Uint32(b))
		b = b[4:]
		if l >= 0 {
			s := string(b[:l])
			row[i], b = &s, b[l:]
		}
	}
	return row
}
