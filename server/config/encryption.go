package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/crypt/vault"
)

// Encryption holds the keys of the section storage.encryption: where the key of an
// encrypted store comes from. None of them means that the store is not encrypted.
type Encryption struct {
	KeyFile        string
	KeyEnv         string // name of the variable
	VaultAddress   string
	VaultTokenFile string // default: the variable VAULT_TOKEN
	VaultNamespace string
	VaultMount     string
	VaultKey       string
}

// provider returns what guards the keys, or nil.
func (e *Encryption) provider(environ []string) (crypt.Provider, error) {
	var from []string
	for _, k := range []struct{ name, value string }{{"key_file", e.KeyFile}, {"key_env", e.KeyEnv}, {"vault_key", e.VaultKey}} {
		if k.value != "" {
			from = append(from, "storage.encryption."+k.name)
		}
	}
	switch {
	case len(from) > 1:
		return nil, fmt.Errorf("%s are set: want one of them, the store has one key", strings.Join(from, " and "))
	case e.KeyFile != "":
		return crypt.KeyFromFile(e.KeyFile)
	case e.KeyEnv != "":
		v, ok := lookupEnv(environ, e.KeyEnv)
		if !ok {
			return nil, fmt.Errorf("storage.encryption.key_env is %q, but there is no such environment variable", e.KeyEnv)
		}
		return crypt.KeyFromText(v, "the environment variable "+e.KeyEnv)
	case e.VaultKey != "":
		return e.vault(environ)
	case e.VaultAddress != "":
		return nil, errors.New("storage.encryption.vault_address is set without storage.encryption.vault_key")
	}
	return nil, nil
}

func (e *Encryption) vault(environ []string) (crypt.Provider, error) {
	token, _ := lookupEnv(environ, "VAULT_TOKEN")
	if e.VaultTokenFile != "" {
		b, err := os.ReadFile(e.VaultTokenFile)
		if err != nil {
			return nil, fmt.Errorf("storage.encryption.vault_token_file: %w", err)
		}
		token = strings.TrimSpace(string(b))
	}
	return vault.New(vault.Options{Address: e.VaultAddress, Token: token, Namespace: e.VaultNamespace, Mount: e.VaultMount, Key: e.VaultKey})
}

func lookupEnv(environ []string, name string) (string, bool) {
	for _, entry := range environ {
		if n, v, ok := strings.Cut(entry, "="); ok && n == name {
			return v, true
		}
	}
	return "", false
}

// LoadEncryption reads only the keys of storage.encryption, for tools that open a
// data directory by themselves, and returns what guards the key of the store, or nil.
func LoadEncryption(src Sources) (crypt.Provider, error) {
	c, err := Load(src)
	if err != nil {
		return nil, err
	}
	return c.Storage.Encryption, nil
}
