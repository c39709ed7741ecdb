package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/streaming"
)

// A ticket stands in the URL for what a browser cannot put into the headers of an
// EventSource or a WebSocket. It says what it is good for and until when, and is signed
// by a secret of the store, so it is good on another life of the server, too. A URL with
// a ticket is good for that and nothing else.

// ticket is what a request may do. nil: whatever it may without one.
type ticket struct {
	Expires    int64    `json:"e"` // seconds since 1970
	Database   string   `json:"d,omitempty"`
	Channels   []string `json:"c,omitempty"` // none: all
	Operations []string `json:"o"`
}

const (
	ticketTTL    = time.Minute
	maxTicketTTL = time.Hour
)

var ticketOperations = []string{"subscribe", "publish", "consume"}

// createTicket takes {"channels"?,"operations"?=["subscribe"],"ttl_seconds"?=60}.
func (s *Server) createTicket(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	t := ticket{Database: database, Operations: []string{"subscribe"}}
	ttl := ticketTTL
	err = s.object(of(c), []string{"channels", "operations", "ttl_seconds"}, func(sc *jsonin.Scanner, field string) (err error) {
		switch field {
		case "channels":
			t.Channels, err = textsField(sc, field)
		case "operations":
			t.Operations, err = textsField(sc, field)
		default:
			var n int64
			n, err = sc.IntField(field, 1, int64(maxTicketTTL/time.Second))
			ttl = time.Duration(n) * time.Second
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(t.Operations) == 0 {
		return invalid("INVALID_FIELD", `field "operations" is empty, want some of %v`, ticketOperations).WithField("operations")
	}
	for _, op := range t.Operations {
		if !slices.Contains(ticketOperations, op) {
			return invalid("INVALID_FIELD", `field "operations" has %q, want some of %v`, shorten(op, 40), ticketOperations).WithField("operations")
		}
	}
	store, err := s.streaming(c, database, false)
	if err != nil {
		return err
	}
	expires := store.Now().Add(ttl + time.Second - 1).Truncate(time.Second).UTC()
	t.Expires = expires.Unix()
	secret, err := store.Secret(c.Request().Context())
	if err != nil {
		return err
	}
	payload, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]any{"ticket": encodeTicket(secret, payload), "expires_at": expires})
}

func encodeTicket(secret, payload []byte) string {
	enc := base64.RawURLEncoding
	return enc.EncodeToString(payload) + "." + enc.EncodeToString(signTicket(secret, payload))
}

func signTicket(secret, payload []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("ticket\x00")) //nolint:errcheck // it has none
	h.Write(payload)              //nolint:errcheck // it has none
	return h.Sum(nil)
}

// admitTicket checks the ticket of a request; nil where it has none.
func (s *Server) admitTicket(x *exchange, token, database string) (*ticket, error) {
	if token == "" {
		return nil, nil
	}
	store, err := s.streaming(x, database, false)
	if err != nil {
		return nil, err
	}
	secret, err := store.Secret(x.Request().Context())
	if err != nil {
		return nil, err
	}
	return checkTicket(store, secret, token, database)
}

func checkTicket(store *streaming.Store, secret []byte, token, database string) (*ticket, error) {
	wrong := dberr.New(dberr.ErrInvalid, "TICKET_INVALID", "the ticket is none of this server's").WithField("ticket").
		WithHint("POST /api/v1/streaming/tickets gives a new one")
	first, second, _ := strings.Cut(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return nil, wrong
	}
	sum, err := base64.RawURLEncoding.DecodeString(second)
	if err != nil || !hmac.Equal(sum, signTicket(secret, payload)) {
		return nil, wrong
	}
	var t ticket
	if json.Unmarshal(payload, &t) != nil {
		return nil, wrong
	}
	if store.Now().Unix() >= t.Expires {
		return nil, dberr.New(dberr.ErrInvalid, "TICKET_EXPIRED", "the ticket was good until %s", time.Unix(t.Expires, 0).UTC().Format(time.RFC3339)).WithField("ticket").
			WithHint("POST /api/v1/streaming/tickets gives a new one")
	}
	if orDefaultDatabase(t.Database) != orDefaultDatabase(database) {
		return nil, dberr.New(dberr.ErrInvalid, "TICKET_FORBIDS", "the ticket is for database %q", orDefaultDatabase(t.Database)).WithField("ticket")
	}
	return &t, nil
}

func orDefaultDatabase(name string) string {
	if name == "" {
		return "default"
	}
	return name
}

// allows says whether a ticket is good for an operation on a channel.
func (t *ticket) allows(operation, channel string) error {
	switch {
	case t == nil:
		return nil
	case !slices.Contains(t.Operations, operation):
		return dberr.New(dberr.ErrInvalid, "TICKET_FORBIDS", "the ticket is for %s, not to %s", strings.Join(t.Operations, " and "), operation).WithField("ticket")
	case len(t.Channels) > 0 && !slices.Contains(t.Channels, channel):
		return dberr.New(dberr.ErrInvalid, "TICKET_FORBIDS", "the ticket is not for channel %q", shorten(channel, 40)).WithField("channel")
	}
	return nil
}
