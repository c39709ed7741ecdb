package vault

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/vfs"
)

// transit is Vault's transit engine as its API describes it.
func transit(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail := func(status int, text string) {
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(map[string]any{"errors": []string{text}})
		}
		if r.Header.Get("X-Vault-Token") != "good" {
			fail(http.StatusForbidden, "permission denied")
			return
		}
		var in map[string]string
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Method != http.MethodPut && r.Method != http.MethodPost {
			fail(http.StatusBadRequest, "bad request")
			return
		}
		parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
		if len(parts) != 3 || parts[0] != "transit" {
			fail(http.StatusNotFound, "no handler for route")
			return
		}
		flip := func(b []byte) []byte {
			for i := range b {
				b[i] ^= parts[2][i%len(parts[2])]
			}
			return b
		}
		data := map[string]any{}
		switch parts[1] {
		case "encrypt":
			plain, _ := base64.StdEncoding.DecodeString(in["plaintext"])
			data["ciphertext"] = "vault:v1:" + parts[2] + base64.StdEncoding.EncodeToString(flip(plain))
		case "decrypt":
			c, ok := strings.CutPrefix(in["ciphertext"], "vault:v1:"+parts[2])
			b, err := base64.StdEncoding.DecodeString(c)
			if !ok || err != nil {
				fail(http.StatusBadRequest, "cipher: message authentication failed")
				return
			}
			data["plaintext"] = base64.StdEncoding.EncodeToString(flip(b))
		}
		json.NewEncoder(w).Encode(map[string]any{"data": data})
	}))
	t.Cleanup(s.Close)
	return s
}

func TestVault(t *testing.T) {
	s := transit(t)
	open := func(o Options) error {
		o.Address = s.URL
		p, err := New(o)
		if err != nil {
			return err
		}
		_, err = crypt.Open(t.Context(), disk, "", p, o.Key == "weft")
		return err
	}
	good := Options{Token: "good", Key: "weft"}
	for range 2 { // made, then opened
		if err := open(good); err != nil {
			t.Fatal(err)
		}
	}
	for code, o := range map[string]Options{
		"VAULT_DENIED":         {Token: "bad", Key: "weft"},
		"ENCRYPTION_KEY_WRONG": {Token: "good", Key: "other"},
	} {
		if err := open(o); dberr.As(err) == nil || dberr.As(err).Code != code {
			t.Errorf("got %v, want code %s", err, code)
		}
	}
	p, err := crypt.KeyFromBytes(make([]byte, 32), "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crypt.Open(t.Context(), disk, "", p, false); dberr.As(err) == nil || dberr.As(err).Code != "ENCRYPTION_KEY_WRONG" {
		t.Errorf("a local key for a store of Vault: got %v", err)
	}
	s.Close()
	if err := open(good); !errors.Is(err, dberr.ErrUnavailable) {
		t.Errorf("without Vault: got %v", err)
	}
}

var disk vfs.FS = vfs.NewMem()

func TestOptions(t *testing.T) {
	_, err := New(Options{Address: "vault", Key: "a/b"})
	for _, want := range []string{"address", "token", "name of the key"} {
		if err == nil || !errors.Is(err, dberr.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
}
