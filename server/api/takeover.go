package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// A subscription that waits costs what it holds on to. What net/http holds for a request
// that runs (two buffers of 4 KiB, the request and its contexts, a stack that has grown to
// 16 KiB) is more than the rest together, so a stream without an end takes its connection
// over and goes on in a goroutine with nothing but that. It writes chunks as net/http does,
// under the same deadline, and ends with the connection.

// takenOver is a connection that was taken over from net/http behind the header of an answer.
type takenOver struct {
	conn   net.Conn
	head   [24]byte    // of a chunk
	hurry  atomic.Bool // the server is about to end, so nobody is waited for as long
	failed bool
}

// keptBuffer is the largest buffer that a stream keeps while it waits.
const keptBuffer = 2 << 10

// canTakeOver says whether the answer of a request can go on without net/http.
func canTakeOver(r *http.Request) bool {
	return r.Method == http.MethodGet && r.ProtoAtLeast(1, 1) && r.ProtoMajor == 1 && r.ContentLength == 0
}

// takeOver sends the header of the answer and takes its connection. The error is
// http.ErrNotSupported where nothing was done.
func takeOver(x *exchange) (*takenOver, error) {
	res := x.Response()
	if w, ok := res.Writer.(*compressWriter); ok {
		w.plain = true
		res.Writer = w.ResponseWriter
	}
	x.ownHeaders()
	conn, _, err := http.NewResponseController(res.Writer).Hijack()
	if err != nil {
		if errors.Is(err, http.ErrNotSupported) {
			return nil, http.ErrNotSupported
		}
		return nil, fmt.Errorf("take the connection over: %w", err)
	}
	res.Status, res.Committed = http.StatusOK, true
	h := res.Header()
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Transfer-Encoding", "chunked")
	h.Set("Connection", "close")
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\n")
	h.Write(&b) //nolint:errcheck // a buffer takes everything
	b.WriteString("\r\n")
	t := &takenOver{conn: conn}
	if err := t.send(net.Buffers{b.Bytes()}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return t, nil
}

// send sends bytes, unless an earlier time has failed.
func (t *takenOver) send(b net.Buffers) error {
	if t.failed {
		return net.ErrClosed
	}
	stall := streamStall
	if t.hurry.Load() {
		stall = hurryStall
	}
	err := t.conn.SetWriteDeadline(time.Now().Add(stall))
	if err == nil {
		_, err = b.WriteTo(t.conn)
	}
	t.failed = err != nil
	return err
}

// hurryStall is streamStall where the subscription is over.
const hurryStall = time.Second

// hasten has a client that takes nothing hold up the end for no longer than that.
func (t *takenOver) hasten() {
	t.hurry.Store(true)
	t.conn.SetWriteDeadline(time.Now().Add(hurryStall)) //nolint:errcheck // the connection is closed then
}

var lineEnd = []byte("\r\n")

// write sends a chunk.
func (t *takenOver) write(b []byte) error {
	head := append(strconv.AppendInt(t.head[:0], int64(len(b)), 16), lineEnd...)
	return t.send(net.Buffers{head, b, lineEnd})
}

// watch ends the subscription when the client goes. What it sends has no meaning.
func (t *takenOver) watch(cancel context.CancelCauseFunc) {
	var b [64]byte
	for {
		if _, err := t.conn.Read(b[:]); err != nil {
			cancel(nil)
			return
		}
	}
}

// close ends the answer and the connection.
func (t *takenOver) close() {
	t.send(net.Buffers{[]byte("0\r\n\r\n")}) //nolint:errcheck // it is over in any case
	t.conn.Close()                           //nolint:errcheck // as above
}
