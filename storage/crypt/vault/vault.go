// Package vault guards store keys with the transit engine of HashiCorp Vault.
//
// The key that wraps the store keys never leaves Vault: Weft sends a store key to be
// encrypted when a store is made or rotated, and the result to be decrypted when it
// is opened. Where Vault cannot be reached the store does not open; a store that is
// open does not need it. The package owns no state.
package vault

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/crypt"
)

// Options says where the key is.
type Options struct {
	// Address is the URL of Vault: https://vault.example:8200.
	Address string
	// Token may encrypt and decrypt with the key.
	Token string
	// Namespace is that of Vault's enterprise version. Default none.
	Namespace string
	// Mount is where the transit engine is mounted. Default transit.
	Mount string
	// Key is the name of the key in it.
	Key string
	// Timeout bounds each request. Default 10 seconds.
	Timeout time.Duration
}

type provider struct {
	client *api.Client
	opts   Options
}

var _ crypt.Provider = (*provider)(nil)

// New returns a provider. It does not connect.
func New(opts Options) (crypt.Provider, error) {
	if opts.Mount == "" {
		opts.Mount = "transit"
	}
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	var errs []error
	if u, err := url.Parse(opts.Address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, fmt.Errorf("the address of Vault is %q: want http(s)://host:port", opts.Address))
	}
	if opts.Token == "" {
		errs = append(errs, errors.New("there is no token for Vault"))
	}
	if opts.Key == "" || strings.ContainsAny(opts.Key, "/ ") {
		errs = append(errs, fmt.Errorf("the name of the key in Vault is %q: want a name without slashes", opts.Key))
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", dberr.ErrInvalid, errors.Join(errs...))
	}
	cfg := api.DefaultConfig()
	if cfg.Error != nil {
		return nil, fmt.Errorf("configure the client of Vault: %w", cfg.Error)
	}
	cfg.Address, cfg.Timeout, cfg.MaxRetries = opts.Address, opts.Timeout, 2
	client, err := api.NewClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("configure the client of Vault: %w", err)
	}
	client.SetToken(opts.Token)
	if opts.Namespace != "" {
		client.SetNamespace(opts.Namespace)
	}
	return &provider{client, opts}, nil
}

// String implements crypt.Provider.
func (p *provider) String() string {
	return fmt.Sprintf("Vault at %s, key %s/%s", p.opts.Address, p.opts.Mount, p.opts.Key)
}

// Wrap implements crypt.Provider.
func (p *provider) Wrap(ctx context.Context, key []byte) (string, error) {
	return p.call(ctx, "encrypt", "plaintext", base64.StdEncoding.EncodeToString(key), "ciphertext")
}

// Unwrap implements crypt.Provider.
func (p *provider) Unwrap(ctx context.Context, wrapped string) ([]byte, error) {
	if !strings.HasPrefix(wrapped, "vault:") {
		scheme, _, _ := strings.Cut(wrapped, ":")
		return nil, dberr.New(dberr.ErrInvalid, "ENCRYPTION_KEY_WRONG", "the key does not open the store: it was locked by another kind of key (%s)", scheme).
			WithHint("configure the key that the store was made with, or that it was last rotated to")
	}
	text, err := p.call(ctx, "decrypt", "ciphertext", wrapped, "plaintext")
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("what Vault decrypted is not base64: %w", err)
	}
	return key, nil
}

func (p *provider) call(ctx context.Context, action, in, value, out string) (string, error) {
	path := p.opts.Mount + "/" + action + "/" + p.opts.Key
	s, err := p.client.Logical().WriteWithContext(ctx, path, map[string]any{in: value})
	if err != nil {
		return "", p.explain(action, err)
	}
	if s != nil {
		if v, ok := s.Data[out].(string); ok && v != "" {
			return v, nil
		}
	}
	return "", fmt.Errorf("the answer of Vault to %s lacks %s", path, out)
}

// explain gives an error of Vault its class.
func (p *provider) explain(action string, err error) error {
	var r *api.ResponseError
	if !errors.As(err, &r) || r.StatusCode >= http.StatusInternalServerError {
		return dberr.New(dberr.ErrUnavailable, "VAULT_UNAVAILABLE", "Vault did not %s the store key", action).Wrap(err).
			WithHint("see that Vault at %s is reachable and unsealed", p.opts.Address)
	}
	if r.StatusCode == http.StatusForbidden {
		return dberr.New(dberr.ErrInvalid, "VAULT_DENIED", "the token may not %s with the key %s/%s of Vault", action, p.opts.Mount, p.opts.Key).Wrap(err).
			WithHint("give a token whose policy allows update on %s/%s/%s", p.opts.Mount, action, p.opts.Key)
	}
	return dberr.New(dberr.ErrInvalid, "ENCRYPTION_KEY_WRONG", "Vault refused to %s the store key with %s/%s: %s", action, p.opts.Mount, p.opts.Key, strings.Join(r.Errors, "; ")).Wrap(err).
		WithHint("configure the key of Vault that the store was made with")
}
