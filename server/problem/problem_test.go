package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
)

func TestStatuses(t *testing.T) {
	secret := errors.New("secret /var/lib/path")
	for _, c := range []struct {
		err    error
		status int
		code   string
		retry  bool
	}{
		{dberr.SQL(dberr.StateSyntax, "syntax error"), 400, "SYNTAX_ERROR", false},
		{dberr.SQL(dberr.StateUndefinedColumn, "no"), 400, "UNDEFINED_COLUMN", false},
		{dberr.SQL(dberr.StateUndefinedTable, "no"), 404, "UNDEFINED_TABLE", false},
		{dberr.SQL(dberr.StateInvalidCatalogName, "no"), 404, "UNDEFINED_DATABASE", false},
		{dberr.SQL(dberr.StateDuplicateTable, "no"), 409, "DUPLICATE_TABLE", false},
		{dberr.SQL(dberr.StateSerializationFailure, "no"), 409, "SERIALIZATION_FAILURE", true},
		{dberr.SQL(dberr.StateUniqueViolation, "no"), 409, "UNIQUE_VIOLATION", false},
		{dberr.SQL(dberr.StateForeignKeyViolation, "no"), 409, "FOREIGN_KEY_VIOLATION", false},
		{dberr.SQL(dberr.StateDependentObjects, "no"), 409, "DEPENDENT_OBJECTS", false},
		{dberr.SQL(dberr.StateCheckViolation, "no"), 422, "CHECK_VIOLATION", false},
		{dberr.SQL(dberr.StateNotNullViolation, "no"), 422, "NOT_NULL_VIOLATION", false},
		{dberr.SQL(dberr.StateDivisionByZero, "no"), 422, "DIVISION_BY_ZERO", false},
		{dberr.SQL(dberr.StateFeatureNotSupported, "no"), 400, "FEATURE_NOT_SUPPORTED", false},
		{dberr.SQL(dberr.StateProgramLimit, "no"), 413, "LIMIT_EXCEEDED", false},
		{dberr.SQL(dberr.StateQueryCanceled, "no"), 499, "QUERY_CANCELED", false},
		{dberr.SQL(dberr.StateCannotConnectNow, "no"), 503, "RECOVERING", true},
		{dberr.SQL(dberr.StateStatementUnknown, "no"), 500, "COMMIT_UNDETERMINED", false},
		{dberr.SQL(dberr.StateDiskFull, "no"), 507, "DISK_FULL", false},
		{dberr.New(dberr.ErrTimeout, "QUERY_TIMEOUT", "no"), 504, "QUERY_TIMEOUT", false},
		{fmt.Errorf("write: %w", dberr.ErrReadOnly), 503, "READ_ONLY", false},
		{fmt.Errorf("x: %w", context.Canceled), 499, "CANCELED", false},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), 504, "TIMEOUT", false},
		{secret, 500, "INTERNAL", false},
		{dberr.SQL(dberr.StateInternal, "secret"), 500, "INTERNAL", false},
		{dberr.SQL(dberr.StateIOError, "secret"), 500, "INTERNAL", false},
		{&dberr.CorruptError{File: "secret", Reason: "x"}, 500, "DATA_CORRUPTED", false},
		{dberr.New(dberr.ErrUnavailable, "", "busy").Wrap(secret), 503, "UNAVAILABLE", true},
	} {
		p := From(c.err)
		if p.Status != c.status || p.Code != c.code || p.Retryable != c.retry {
			t.Errorf("%v: got %d %s retryable=%v, want %d %s %v", c.err, p.Status, p.Code, p.Retryable, c.status, c.code, c.retry)
		}
		if p.Status >= 500 && strings.Contains(string(p.AppendJSON(nil)), "secret") {
			t.Errorf("%v: the answer tells the cause: %s", c.err, p.AppendJSON(nil))
		}
		if (p.Status == http.StatusServiceUnavailable) != (p.RetryAfter > 0) {
			t.Errorf("%v: Retry-After %d with status %d", c.err, p.RetryAfter, p.Status)
		}
	}
}

func TestEveryClassHasAStatus(t *testing.T) {
	for _, err := range []error{dberr.ErrNotFound, dberr.ErrExists, dberr.ErrInvalid, dberr.ErrUnsupported, dberr.ErrConstraint,
		dberr.ErrConflict, dberr.ErrUndetermined, dberr.ErrUnavailable, dberr.ErrTooLarge, dberr.ErrCanceled, dberr.ErrTimeout,
		dberr.ErrFull, dberr.ErrReadOnly, dberr.ErrCorrupt, dberr.ErrLocked} {
		if p := From(err); p.Code == "INTERNAL" || p.Detail == "" {
			t.Errorf("%v has no line in the table", err)
		}
	}
}

func TestLocateCountsCharacters(t *testing.T) {
	sql := "SELECT 'ä€'\n, 'é' FROM\nthere"
	for _, c := range []struct {
		at   string
		want Position
	}{
		{"SELECT", Position{1, 1, 0}},
		{", 'é'", Position{2, 1, 12}},
		{"FROM", Position{2, 7, 18}},
		{"there", Position{3, 1, 23}},
	} {
		var p Problem
		p.Locate(sql, strings.Index(sql, c.at)+1)
		if p.Position == nil || *p.Position != c.want {
			t.Errorf("%s: got %v, want %v", c.at, p.Position, c.want)
		}
	}
	var p Problem
	p.Locate("ab", 99) // past the end: the end of input
	if *p.Position != (Position{1, 3, 2}) {
		t.Errorf("past the end: got %v", p.Position)
	}
	p = Problem{}
	if p.Locate(sql, 0); p.Position != nil {
		t.Errorf("unknown: got %v", p.Position)
	}
}

func TestJSON(t *testing.T) {
	p := From(dberr.SQL(dberr.StateUniqueViolation, "duplicate key \"k\"").WithDetail("Key (id)=(\x01\xff)").WithHint("choose another"))
	p.Instance, p.RequestID = "/api/v1/query", "r1"
	p.Locate("SELECT x", 8)
	var got map[string]any
	if err := json.Unmarshal(p.AppendJSON(nil), &got); err != nil {
		t.Fatalf("%v: %s", err, p.AppendJSON(nil))
	}
	want := map[string]any{
		"type": "urn:weft:problem:UNIQUE_VIOLATION", "title": "Unique violation", "status": 409.0,
		"detail":   "duplicate key \"k\": Key (id)=(\x01\ufffd)",
		"instance": "/api/v1/query", "code": "UNIQUE_VIOLATION", "sqlstate": "23505", "request_id": "r1",
		"position": map[string]any{"line": 1.0, "column": 8.0, "offset": 7.0},
		"hint":     "choose another", "retryable": false, "success": false,
		"error": "duplicate key \"k\": Key (id)=(\x01\ufffd)",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
