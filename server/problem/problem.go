// Package problem turns every failure into one RFC 9457 answer
// (application/problem+json). It is the only place that maps the classes of
// internal/dberr to HTTP statuses.
//
// It promises that an answer of status 500 and above tells nothing of the
// private cause, that a failure of no class is a 500 with code INTERNAL, and
// that a code never changes once it has been served.
package problem

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// ContentType is the media type of every failure.
const ContentType = "application/problem+json"

// StatusClientClosed says that the client or an operator gave the request up
// (nginx's number; HTTP has none).
const StatusClientClosed = 499

// Position is where in the SQL text a failure was noticed, counted in characters.
type Position struct {
	Line   int // from 1
	Column int // from 1
	Offset int // characters before it, from 0
}

// Problem is what the client is told.
type Problem struct {
	Status    int
	Code      string
	SQLState  string
	Detail    string
	Hint      string
	Field     string // request field or column at fault
	Instance  string // path of the request
	RequestID string
	Position  *Position
	Retryable bool
	// Operation is the index of the operation of a batch that failed; nil elsewhere.
	Operation   *int
	OperationID string // as the client named it
	// RetryAfter is the number of seconds for the header of that name; 0 means none.
	RetryAfter int
	// Allow is the value of the header of that name where the method was wrong.
	Allow string
}

// class says how a class of dberr is answered.
type class struct {
	err    error
	status int
	code   string
}

// classes is the table of docs/http.md, "Errors".
var classes = []class{
	{dberr.ErrNotFound, http.StatusNotFound, "NOT_FOUND"},
	{dberr.ErrExists, http.StatusConflict, "ALREADY_EXISTS"},
	{dberr.ErrInvalid, http.StatusBadRequest, "INVALID_REQUEST"},
	{dberr.ErrUnsupported, http.StatusBadRequest, "FEATURE_NOT_SUPPORTED"},
	{dberr.ErrConstraint, http.StatusUnprocessableEntity, "CONSTRAINT_VIOLATION"},
	{dberr.ErrConflict, http.StatusConflict, "WRITE_CONFLICT"},
	{dberr.ErrUndetermined, http.StatusInternalServerError, "COMMIT_UNDETERMINED"},
	{dberr.ErrUnavailable, http.StatusServiceUnavailable, "UNAVAILABLE"},
	{dberr.ErrTooLarge, http.StatusRequestEntityTooLarge, "TOO_LARGE"},
	{dberr.ErrCanceled, StatusClientClosed, "CANCELED"},
	{dberr.ErrTimeout, http.StatusGatewayTimeout, "TIMEOUT"},
	{dberr.ErrFull, http.StatusInsufficientStorage, "DISK_FULL"},
	{dberr.ErrReadOnly, http.StatusServiceUnavailable, "READ_ONLY"},
	{dberr.ErrCorrupt, http.StatusInternalServerError, "DATA_CORRUPTED"},
	{dberr.ErrLocked, http.StatusServiceUnavailable, "LOCKED"},
}

// conflictStates are the SQLSTATEs of constraints that other rows, not the
// values themselves, stand against: 409 instead of 422.
var conflictStates = map[string]bool{
	dberr.StateUniqueViolation:     true,
	dberr.StateForeignKeyViolation: true,
	dberr.StateDependentObjects:    true,
	"23P01":                        true, // exclusion
}

// codeStatus are the codes of faults in the HTTP of a request, which say more
// than their class.
var codeStatus = map[string]int{
	"PRECONDITION_FAILED":    http.StatusPreconditionFailed,
	"HISTORY_GONE":           http.StatusGone,
	"TRANSACTION_ENDED":      http.StatusGone,
	"CURSOR_ENDED":           http.StatusGone,
	"TRANSACTION_ABORTED":    http.StatusConflict,
	"READ_ONLY_TRANSACTION":  http.StatusBadRequest, // of the store; of SQL it is invalid anyway
	"ACK_STALE":              http.StatusConflict,
	"NOT_ACCEPTABLE":         http.StatusNotAcceptable,
	"UNSUPPORTED_MEDIA_TYPE": http.StatusUnsupportedMediaType,
	"HOST_NOT_ALLOWED":       http.StatusMisdirectedRequest,
	"ORIGIN_NOT_ALLOWED":     http.StatusForbidden,
	"UPGRADE_REQUIRED":       http.StatusUpgradeRequired,
	"TICKET_INVALID":         http.StatusUnauthorized,
	"TICKET_EXPIRED":         http.StatusUnauthorized,
	"TICKET_FORBIDS":         http.StatusForbidden,
}

// Hidden details, where the message may hold internals.
const (
	internalDetail     = "the server met an error of its own; its log has the cause under this request id"
	corruptDetail      = "stored data is damaged; the server's log names file and offset under this request id"
	undeterminedDetail = "the commit may or may not have happened: look before running it again"
)

// From describes err. It does not know the request: see Locate, and the fields
// Instance and RequestID.
func From(err error) *Problem {
	e := dberr.As(err)
	if e == nil {
		return fromPlain(err)
	}
	p := &Problem{Code: e.Code, SQLState: e.SQLState, Hint: e.Hint, Field: e.Field}
	p.setClass(e.Class)
	if conflictStates[e.SQLState] {
		p.Status = http.StatusConflict
	}
	if status := codeStatus[e.Code]; status != 0 {
		p.Status = status
	}
	p.Detail = detail(e)
	if e.Text != "" {
		p.Locate(e.Text, e.Position)
	}
	if p.Status >= http.StatusInternalServerError {
		p.Detail = e.Message
		p.hide(e.Class)
	}
	return p
}

// fromPlain describes an error that carries no dberr.Error.
func fromPlain(err error) *Problem {
	p := &Problem{}
	switch cls := dberr.ClassOf(err); {
	case cls != nil:
		p.setClass(cls)
		p.Detail = cls.Error()
		if p.Status < http.StatusInternalServerError {
			p.Detail = err.Error()
		}
		p.hide(cls)
	case errors.Is(err, context.DeadlineExceeded):
		p.setClass(dberr.ErrTimeout)
		p.Detail = "the request ran into its deadline"
	case errors.Is(err, context.Canceled):
		p.setClass(dberr.ErrCanceled)
		p.Detail = "the request was given up"
	default:
		p.setClass(nil)
		p.hide(nil)
	}
	return p
}

// setClass fills status, retryability and, where none is set, the code.
func (p *Problem) setClass(cls error) {
	p.Status = http.StatusInternalServerError
	code := "INTERNAL"
	for _, c := range classes {
		if errors.Is(cls, c.err) {
			p.Status, code = c.status, c.code
		}
	}
	if p.Code == "" || cls == nil {
		p.Code = code
	}
	p.Retryable = dberr.Retryable(cls)
	if p.Status == http.StatusServiceUnavailable {
		p.RetryAfter = 1
	}
}

// hide replaces a detail that may hold internals.
func (p *Problem) hide(cls error) {
	switch {
	case cls == nil:
		p.Detail, p.Hint = internalDetail, ""
	case errors.Is(cls, dberr.ErrCorrupt):
		p.Detail = corruptDetail
	case errors.Is(cls, dberr.ErrUndetermined):
		p.Detail = undeterminedDetail
	}
}

// detail joins what the user may know of e.
func detail(e *dberr.Error) string {
	s := e.Error()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Locate sets the position from a 1-based byte offset into the SQL text; 0 means
// unknown.
func (p *Problem) Locate(sql string, bytePos int) {
	if bytePos <= 0 || sql == "" {
		return
	}
	before := sql[:min(bytePos-1, len(sql))]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	p.Position = &Position{Line: line, Column: column, Offset: utf8.RuneCountInString(before)}
}

// Type is the URI of the problem's kind: the same for the same code.
func (p *Problem) Type() string { return "urn:weft:problem:" + p.Code }

// Title is the code in words: the same for the same code.
func (p *Problem) Title() string {
	words := strings.ReplaceAll(strings.ToLower(p.Code), "_", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// AppendJSON appends the body. success and error are for clients that know
// nothing of problem documents.
func (p *Problem) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":`...)
	dst = appendString(dst, p.Type())
	dst = append(dst, `,"title":`...)
	dst = appendString(dst, p.Title())
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(p.Status), 10)
	dst = appendField(dst, "detail", p.Detail)
	dst = appendField(dst, "instance", p.Instance)
	dst = appendField(dst, "code", p.Code)
	dst = appendField(dst, "sqlstate", p.SQLState)
	dst = appendField(dst, "request_id", p.RequestID)
	dst = appendField(dst, "field", p.Field)
	if at := p.Position; at != nil {
		dst = append(dst, `,"position":{"line":`...)
		dst = strconv.AppendInt(dst, int64(at.Line), 10)
		dst = append(dst, `,"column":`...)
		dst = strconv.AppendInt(dst, int64(at.Column), 10)
		dst = append(dst, `,"offset":`...)
		dst = strconv.AppendInt(dst, int64(at.Offset), 10)
		dst = append(dst, '}')
	}
	dst = appendField(dst, "hint", p.Hint)
	if p.Operation != nil {
		dst = strconv.AppendInt(append(dst, `,"operation":`...), int64(*p.Operation), 10)
		dst = appendField(dst, "operation_id", p.OperationID)
	}
	dst = append(dst, `,"retryable":`...)
	dst = strconv.AppendBool(dst, p.Retryable)
	dst = append(dst, `,"success":false,"error":`...)
	dst = appendString(dst, p.Detail)
	return append(dst, '}')
}

// appendField appends a member unless it is empty.
func appendField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return appendString(dst, value)
}
