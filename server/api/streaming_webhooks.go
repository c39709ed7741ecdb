package api

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/server/webhooks"
	"github.com/weftdb/weft/streaming"
)

func (s *Server) bindWebhooks(g *echo.Group) {
	get(g, "/streaming/channels/:channel/webhooks", s.listWebhooks)
	g.POST("/streaming/channels/:channel/webhooks", s.createWebhook)
	get(g, "/streaming/channels/:channel/webhooks/:webhook", s.getWebhook)
	g.DELETE("/streaming/channels/:channel/webhooks/:webhook", s.dropWebhook)
}

// EncodeMessage renders a message as answers have it.
func EncodeMessage(m *streaming.Message) []byte { return appendMessage(nil, m) }

// webhookAnswer describes a webhook. The secret is told once, when it is made.
type webhookAnswer struct {
	Name         string      `json:"name"`
	Channel      string      `json:"channel"`
	URL          string      `json:"url"`
	Secret       string      `json:"secret,omitempty"`
	TimeoutMS    int64       `json:"timeout_ms"`
	BackoffMS    int64       `json:"backoff_ms"`
	MaxBackoffMS int64       `json:"max_backoff_ms"`
	Group        groupAnswer `json:"group"`
	// Of this life of the server:
	Sending   bool       `json:"sending"`
	Delivered int64      `json:"delivered"`
	Failed    int64      `json:"failed"`
	LastTime  *time.Time `json:"last_time"`
	LastError *string    `json:"last_error"`
}

func (s *Server) describeWebhook(c echo.Context, store *streaming.Store, database string, w *streaming.Webhook) (a webhookAnswer, err error) {
	i, err := store.Group(c.Request().Context(), w.Channel, w.GroupName())
	if err != nil {
		return a, err
	}
	a = webhookAnswer{Name: w.Name, Channel: w.Channel, URL: w.URL, TimeoutMS: w.Timeout.Milliseconds(), BackoffMS: w.Backoff.Milliseconds(),
		MaxBackoffMS: w.MaxBackoff.Milliseconds(), Group: describeGroup(w.Channel, &i, store.Now())}
	if s.opts.Webhooks == nil {
		return a, nil
	}
	var st webhooks.Status
	if st, a.Sending = s.opts.Webhooks.Status(orDefaultDatabase(database), w.Channel, w.Name); !st.LastTime.IsZero() {
		t := st.LastTime.UTC()
		a.LastTime, a.Delivered, a.Failed = &t, st.Delivered, st.Failed
		if st.LastError != "" {
			a.LastError = &st.LastError
		}
	}
	return a, nil
}

func (s *Server) listWebhooks(c echo.Context) error {
	channel, store, err := s.namedChannel(c)
	if err != nil {
		return err
	}
	hooks, err := store.Webhooks(c.Request().Context(), channel)
	if err != nil {
		return err
	}
	list := []webhookAnswer{}
	for i := range hooks {
		a, err := s.describeWebhook(c, store, c.QueryParam("database"), &hooks[i])
		if err != nil {
			return err
		}
		list = append(list, a)
	}
	return c.JSON(http.StatusOK, map[string]any{"webhooks": list})
}

// webhookInput is the body of a creation.
type webhookInput struct {
	w streaming.Webhook
	o streaming.WebhookOptions
}

var webhookFields = append([]string{"name", "url", "secret", "start", "timeout_ms", "backoff_ms", "max_backoff_ms", "max_attempts", "dead_letter", "order"}, filterFields...)

func (in *webhookInput) field(sc *jsonin.Scanner, field string) (err error) {
	ms := func(to *time.Duration) error {
		n, err := sc.IntField(field, 1, streaming.MaxAckWait.Milliseconds())
		*to = time.Duration(n) * time.Millisecond
		return err
	}
	var v string
	switch field {
	case "name":
		in.w.Name, err = sc.StrField(field)
	case "url":
		in.w.URL, err = sc.StrField(field)
	case "secret":
		v, err = sc.StrField(field)
		in.w.Secret = []byte(v)
	case "start":
		in.o.From, err = startField(sc)
	case "timeout_ms":
		err = ms(&in.w.Timeout)
	case "backoff_ms":
		err = ms(&in.w.Backoff)
	case "max_backoff_ms":
		err = ms(&in.w.MaxBackoff)
	case "max_attempts":
		var n int64
		if n, err = sc.IntField(field, -1, 1<<31-1); n == 0 && err == nil {
			err = invalid("INVALID_FIELD", `field "max_attempts" must be a number from 1, or -1 for no limit`).WithField(field)
		}
		in.o.MaxAttempts = int(n)
	case "dead_letter":
		in.o.DeadLetter, err = optionalString(sc, field)
	case "order":
		if v, err = sc.StrField(field); err == nil && v != "key" {
			err = invalid("INVALID_FIELD", `field "order" must be "key", not %q`, shorten(v, 40)).WithField(field)
		}
		in.o.Ordered = true
	default:
		err = filterField(sc, field, &in.o.Filter)
	}
	return err
}

// createWebhook takes {"name","url"…}.
func (s *Server) createWebhook(c echo.Context) error {
	if s.opts.Webhooks == nil {
		return dberr.New(dberr.ErrUnsupported, "NO_WEBHOOKS", "this server sends no webhooks")
	}
	channel, store, err := s.namedChannel(c)
	if err != nil {
		return err
	}
	var in webhookInput
	if err := s.object(of(c), webhookFields, in.field); err != nil {
		return err
	}
	if in.w.URL == "" {
		return invalid("MISSING_FIELD", `the body needs the field "url"`).WithField("url")
	}
	if err := s.checkTarget(in.w.URL); err != nil {
		return err
	}
	in.w.Channel = channel
	if in.w.Secret == nil {
		in.w.Secret = make([]byte, 0, 43)
		b := make([]byte, 32)
		rand.Read(b) //nolint:errcheck // it has none
		in.w.Secret = base64.RawURLEncoding.AppendEncode(in.w.Secret, b)
	}
	w, err := store.CreateWebhook(c.Request().Context(), in.w, in.o)
	if err != nil {
		return err
	}
	database := orDefaultDatabase(c.QueryParam("database"))
	s.opts.Webhooks.Add(database, store, w)
	a, err := s.describeWebhook(c, store, database, &w)
	if err != nil {
		return err
	}
	a.Secret = string(w.Secret)
	c.Response().Header().Set("Location", "/api/v1/streaming/channels/"+url.PathEscape(channel)+"/webhooks/"+url.PathEscape(w.Name))
	return c.JSON(http.StatusCreated, a)
}

// checkTarget refuses at once what would be refused when it is dialed: an address in the
// URL that may not be sent to.
func (s *Server) checkTarget(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return nil // the model says what is wrong
	}
	a, err := netip.ParseAddr(u.Hostname())
	if err == nil && !s.opts.Webhooks.Allows(a) {
		return dberr.New(dberr.ErrInvalid, "ADDRESS_NOT_ALLOWED", "the address %s is not public", a).WithField("url").
			WithHint("allow its network with --set server.webhook_networks=%s", netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
	}
	return nil
}

// namedWebhook is the webhook of the path.
func (s *Server) namedWebhook(c echo.Context) (channel, name string, store *streaming.Store, err error) {
	if name, err = pathParam(c, "webhook"); err != nil {
		return "", "", nil, err
	}
	channel, store, err = s.namedChannel(c)
	return channel, name, store, err
}

func (s *Server) getWebhook(c echo.Context) error {
	channel, name, store, err := s.namedWebhook(c)
	if err != nil {
		return err
	}
	w, err := store.Webhook(c.Request().Context(), channel, name)
	if err != nil {
		return err
	}
	a, err := s.describeWebhook(c, store, c.QueryParam("database"), &w)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

func (s *Server) dropWebhook(c echo.Context) error {
	channel, name, store, err := s.namedWebhook(c)
	if err != nil {
		return err
	}
	if err := store.DropWebhook(c.Request().Context(), channel, name); err != nil {
		return err
	}
	if s.opts.Webhooks != nil {
		s.opts.Webhooks.Remove(orDefaultDatabase(c.QueryParam("database")), channel, name)
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "name": name})
}
