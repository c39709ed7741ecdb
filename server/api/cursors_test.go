package api

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

var cursorScenarios = []scenario{
	{name: "cursors, none", url: "/api/v1/cursors", status: 200, has: []string{`{"cursors":[]}`}},
	{name: "cursor, unknown", url: "/api/v1/cursors/x", status: 404, has: []string{"CURSOR_NOT_FOUND"}},
	{name: "cursor, unknown field", url: "/api/v1/cursors", body: `{"sql":"SELECT 1","rows":"objects"}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
}

// TestCursorAnswersMatchSpec validates what cursors answer through their life.
func TestCursorAnswersMatchSpec(t *testing.T) {
	s := New(Options{})
	s.Attach(newFake(t))
	sp := loadSpec(t)
	do := func(method, url, body, status string) []byte {
		t.Helper()
		r := httptest.NewRequest(method, url, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		sp.validate(t, method+" "+url, sp.schemaPointer(method, specPath(sp, url), status, "application/json"), w.Body.Bytes())
		return w.Body.Bytes()
	}
	var opened struct {
		ID string `json:"cursor_id"`
	}
	if err := json.Unmarshal(do("POST", "/api/v1/cursors", `{"sql":"SELECT 1"}`, "201"), &opened); err != nil || opened.ID == "" {
		t.Fatal(err)
	}
	at := "/api/v1/cursors/" + opened.ID
	do("GET", at+"/pages/1", "", "200")
	do("GET", at, "", "200")
	do("GET", "/api/v1/cursors", "", "200")
	do("DELETE", at, "", "200")
}
