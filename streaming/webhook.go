package streaming

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
)

// Webhook says where the messages of a channel are sent. The model keeps what it says and
// a group that holds how far it is; who sends is a member of that group.
type Webhook struct {
	Channel, Name string
	URL           string
	Secret        []byte // signs what is sent
	Timeout       time.Duration
	// Backoff is the wait before the second attempt; it doubles up to MaxBackoff.
	Backoff, MaxBackoff time.Duration
}

// WebhookOptions are what its group is made with.
type WebhookOptions struct {
	From        Start
	Filter      Filter
	MaxAttempts int    // 20 where it is 0; NoLimit is without end
	DeadLetter  string // channel of what was sent so often in vain
	Ordered     bool   // messages with the same key one after the other
}

// The bounds of webhooks.
const (
	MaxURLBytes       = 2048
	MaxSecretBytes    = 1024
	MaxWebhookTimeout = time.Minute
	// WebhookParallel is how many messages of a webhook are under way at once.
	WebhookParallel = 8

	webhookVersion = 1
	webhookPrefix  = "webhook:"
)

// GroupName is the name of the webhook's group.
func (w *Webhook) GroupName() string { return webhookPrefix + w.Name }

func (w *Webhook) append(dst []byte) []byte {
	dst = append(dst, webhookVersion)
	for _, v := range []uint64{uint64(w.Timeout), uint64(w.Backoff), uint64(w.MaxBackoff), uint64(len(w.URL))} {
		dst = binary.AppendUvarint(dst, v)
	}
	return append(append(dst, w.URL...), w.Secret...)
}

func (w *Webhook) decode(v []byte) error {
	if len(v) > 0 && v[0] != webhookVersion {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a webhook has version %d, and this program knows %d", v[0], webhookVersion)
	}
	r := enc.NewReader(v)
	r.Byte() // the version
	w.Timeout, w.Backoff, w.MaxBackoff = time.Duration(r.Uvarint()), time.Duration(r.Uvarint()), time.Duration(r.Uvarint())
	w.URL = someText(&r)
	w.Secret = append([]byte(nil), r.Rest()...)
	if r.Bad() || w.Timeout <= 0 || w.Backoff <= 0 || w.MaxBackoff <= 0 {
		return fmt.Errorf("%w: the record of webhook %q is malformed", dberr.ErrCorrupt, w.Name)
	}
	return nil
}

// settle fills in defaults and holds the webhook against the rules.
func (w *Webhook) settle() error {
	if w.Timeout == 0 {
		w.Timeout = 10 * time.Second
	}
	if w.Backoff == 0 {
		w.Backoff = time.Second
	}
	if w.MaxBackoff == 0 {
		w.MaxBackoff = max(time.Hour, w.Backoff)
	}
	switch {
	case w.Name == "":
		return invalid("MISSING_FIELD", "name", "a webhook needs a name")
	case len(w.Name) > MaxNameBytes-len(webhookPrefix):
		return tooLarge("FIELD_TOO_LARGE", "name", "name of %d bytes is over the maximum of %d", len(w.Name), MaxNameBytes-len(webhookPrefix))
	case len(w.Secret) > MaxSecretBytes:
		return tooLarge("FIELD_TOO_LARGE", "secret", "secret of %d bytes is over the maximum of %d", len(w.Secret), MaxSecretBytes)
	case len(w.Secret) < 16:
		return invalid("INVALID_FIELD", "secret", "a secret of %d bytes can be guessed, want at least 16", len(w.Secret))
	case w.Timeout < time.Millisecond || w.Timeout > MaxWebhookTimeout:
		return invalid("INVALID_FIELD", "timeout_ms", "the timeout of %v is not within 1ms and %v", w.Timeout, MaxWebhookTimeout)
	case w.Backoff < time.Millisecond || w.Backoff > w.MaxBackoff:
		return invalid("INVALID_FIELD", "backoff_ms", "the wait of %v is not within 1ms and the longest, %v", w.Backoff, w.MaxBackoff)
	case w.MaxBackoff > MaxAckWait:
		return invalid("INVALID_FIELD", "max_backoff_ms", "the longest wait of %v is over %v", w.MaxBackoff, MaxAckWait)
	}
	if strings.IndexFunc(w.Name, func(c rune) bool { return c == '/' || !unicode.IsPrint(c) }) >= 0 {
		return invalid("INVALID_FIELD", "name", "the name %q of a webhook holds a sign that names do not have", shorten(w.Name))
	}
	return checkURL(w.URL)
}

func checkURL(text string) error {
	if len(text) > MaxURLBytes {
		return tooLarge("FIELD_TOO_LARGE", "url", "url of %d bytes is over the maximum of %d", len(text), MaxURLBytes)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		return invalid("INVALID_URL", "url", "%q is no URL such as https://example.com/hook", shorten(text))
	case u.User != nil:
		return invalid("INVALID_URL", "url", "the URL holds a user, and the URLs of webhooks are shown to everybody: take what is sent for genuine by its signature instead")
	case u.Fragment != "":
		return invalid("INVALID_URL", "url", "the URL has a fragment, which is not sent")
	}
	return nil
}

func (s *Store) webhookKey(c *Channel, name string) []byte {
	return enc.AppendString(appendOf(nil, s.db, objWebhooks, c.id), name)
}

// CreateWebhook makes a webhook and its group; one that is there is an error of class
// ErrExists.
func (s *Store) CreateWebhook(ctx context.Context, w Webhook, o WebhookOptions) (Webhook, error) {
	if err := w.settle(); err != nil {
		return w, err
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = 20
	}
	g := GroupOptions{
		// A message of a batch may have to wait for all others of it.
		AckWait:    w.Timeout*(WebhookParallel+1) + 5*time.Second,
		MaxDeliver: o.MaxAttempts, MaxInFlight: 100, DeadLetter: o.DeadLetter, Filter: o.Filter, Ordered: o.Ordered,
	}
	_, err := s.commit(ctx, txn.Snapshot, func(tx *txn.Tx) error {
		c, err := s.ChannelTx(tx, w.Channel)
		if err != nil {
			return err
		}
		key := s.webhookKey(&c, w.Name)
		if _, ok, err := tx.Get(key); err != nil || ok {
			if ok {
				err = dberr.New(dberr.ErrExists, "WEBHOOK_EXISTS", "channel %q has a webhook %q already", shorten(w.Channel), shorten(w.Name)).WithField("name")
			}
			return err
		}
		if _, err := s.CreateGroupTx(tx, w.Channel, w.GroupName(), o.From, g); err != nil {
			return err
		}
		return tx.Put(key, w.append(nil))
	})
	return w, err
}

// Webhook returns a webhook.
func (s *Store) Webhook(ctx context.Context, channel, name string) (w Webhook, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		c, err := s.ChannelTx(tx, channel)
		if err != nil {
			return err
		}
		w = Webhook{Channel: channel, Name: name}
		v, ok, err := tx.Get(s.webhookKey(&c, name))
		if err != nil {
			return err
		}
		if !ok {
			return errNoWebhook(channel, name)
		}
		return w.decode(v)
	})
	return w, err
}

func errNoWebhook(channel, name string) error {
	return dberr.New(dberr.ErrNotFound, "WEBHOOK_NOT_FOUND", "channel %q has no webhook %q", shorten(channel), shorten(name))
}

// Webhooks returns the webhooks of a channel in the order of their names, or with an
// empty name those of all channels.
func (s *Store) Webhooks(ctx context.Context, channel string) (list []Webhook, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		list = nil
		var channels []Channel
		var err error
		if channel == "" {
			channels, err = s.withWebhooks(tx)
		} else {
			var c Channel
			c, err = s.ChannelTx(tx, channel)
			channels = []Channel{c}
		}
		for i := range channels {
			if err == nil {
				err = s.eachWebhook(tx, &channels[i], func(w Webhook) { list = append(list, w) })
			}
		}
		return err
	})
	return list, err
}

// withWebhooks returns all channels, and the feeds that have webhooks.
func (s *Store) withWebhooks(tx *txn.Tx) ([]Channel, error) {
	channels, err := s.ChannelsTx(tx)
	if err != nil {
		return nil, err
	}
	ids, err := s.recordedFeeds(tx, objWebhooks)
	if err != nil {
		return nil, err
	}
	feeds, err := s.feedsOf(tx, ids)
	return append(channels, feeds...), err
}

func (s *Store) eachWebhook(tx *txn.Tx, c *Channel, fn func(w Webhook)) error {
	prefix := appendOf(nil, s.db, objWebhooks, c.id)
	it := tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		w := Webhook{Channel: c.Name}
		var err error
		if w.Name, _, err = enc.DecodeString(it.Key()[len(prefix):]); err == nil {
			err = w.decode(it.Value())
		}
		if err != nil {
			return fmt.Errorf("webhooks of channel %q: %w", c.Name, err)
		}
		fn(w)
	}
	return it.Err()
}

// DropWebhook removes a webhook and its group.
func (s *Store) DropWebhook(ctx context.Context, channel, name string) error {
	_, err := s.commit(ctx, txn.Snapshot, func(tx *txn.Tx) error {
		c, err := s.ChannelTx(tx, channel)
		if err != nil {
			return err
		}
		key := s.webhookKey(&c, name)
		if _, ok, err := tx.Get(key); err != nil || !ok {
			if !ok && err == nil {
				err = errNoWebhook(channel, name)
			}
			return err
		}
		if err := s.dropGroup(tx, channel, webhookPrefix+name); err != nil {
			return err
		}
		return tx.Delete(key)
	})
	return err
}
