package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEncryption(t *testing.T) {
	t.Chdir(t.TempDir())
	key := strings.Repeat("0f", 32)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  []string
		env  []string
		want string // of the provider, or of the error
		ok   bool
	}{
		{nil, nil, "", true},
		{[]string{"key_file=" + file}, nil, "the key file " + file, true},
		{[]string{"key_env=THE_KEY"}, []string{"THE_KEY=" + key}, "the environment variable THE_KEY", true},
		{[]string{"vault_key=weft", "vault_address=https://v:8200"}, []string{"VAULT_TOKEN=t"}, "Vault at https://v:8200, key transit/weft", true},
		{[]string{"vault_key=weft", "vault_address=https://v:8200", "vault_token_file=" + short}, nil, "Vault at", true},
		{[]string{"vault_key=weft", "vault_address=https://v:8200"}, nil, "no token", false},
		{[]string{"vault_address=https://v:8200"}, nil, "without storage.encryption.vault_key", false},
		{[]string{"key_file=" + file, "key_env=THE_KEY"}, nil, "want one of them", false},
		{[]string{"key_file=" + short}, nil, "want 64 hexadecimal digits", false},
		{[]string{"key_file=" + file + ".none"}, nil, "cannot be read", false},
		{[]string{"key_env=THE_KEY"}, nil, "no such environment variable", false},
		{[]string{"key_env=THE_KEY"}, []string{"THE_KEY=xyz"}, "want 64 hexadecimal digits", false},
	} {
		src := Sources{Environ: c.env}
		for _, s := range c.set {
			src.Set = append(src.Set, "storage.encryption."+s)
		}
		p, err := LoadEncryption(src)
		switch {
		case !c.ok && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v: got %v, want %q", c.set, err, c.want)
		case c.ok && err != nil:
			t.Errorf("%v: %v", c.set, err)
		case c.ok && c.want == "" && p != nil, c.ok && c.want != "" && !strings.HasPrefix(p.String(), c.want):
			t.Errorf("%v: got %v, want %q", c.set, p, c.want)
		}
		if err != nil && strings.Contains(err.Error(), key) {
			t.Errorf("%v: the key is in the error", c.set)
		}
	}
}
