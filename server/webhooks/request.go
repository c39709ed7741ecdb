package webhooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/weftdb/weft/streaming"
)

// newRequest makes the request for a message, with its signature.
func newRequest(ctx context.Context, w *streaming.Webhook, m streaming.Handed, body []byte, now time.Time) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("Weft-Webhook", headerText(w.Name))
	h.Set("Weft-Channel", headerText(w.Channel))
	h.Set("Weft-Offset", strconv.FormatUint(m.Offset, 10))
	h.Set("Weft-Attempt", strconv.Itoa(m.Delivery))
	h.Set("Weft-Signature", Signature(w.Secret, now, body))
	return req, nil
}

// headerText makes a name fit for a header: what is not ASCII is escaped as in Go.
func headerText(s string) string {
	q := strconv.QuoteToASCII(s)
	return q[1 : len(q)-1]
}

// Signature is the value of the header Weft-Signature: the time in seconds since 1970, and
// the HMAC-SHA-256 of the time, a point and the body.
func Signature(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + ".")) //nolint:errcheck // it has none
	mac.Write(body)            //nolint:errcheck // as above
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
