package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/weftdb/weft/server/config"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/vfs"
)

type rotateFlags struct {
	dataDir    string
	file       string
	set        []string
	newKeyFile string
	newKeyEnv  string
}

func newRotateKeyCommand() *cobra.Command {
	var f rotateFlags
	cmd := &cobra.Command{
		Use:   "rotate-key",
		Short: "give an encrypted data directory a new key",
		Long: "Gives an encrypted data directory that no server uses a new store key and locks the key of every file with it; contents\n" +
			"are not encrypted anew, so it takes about as long as there are files. The present key is found as by weft serve: in\n" +
			"weft.toml, the environment or --set storage.encryption. The new one is that of --new-key-file or --new-key-env;\n" +
			"without them the store key is new and what guards it stays, as after a rotation in Vault. It may be stopped and run\n" +
			"again at any time.",
		Example: "  openssl rand -hex 32 > new.key\n" +
			"  weft rotate-key --data-dir ./weft-data --set storage.encryption.key_file=old.key --new-key-file new.key",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.dataDir, "data-dir", "./weft-data", "data directory")
	fl.StringVar(&f.file, "config", "", "configuration file (default: weft.toml where it exists)")
	fl.StringArrayVar(&f.set, "set", nil, "set a key: --set storage.encryption.key_file=old.key; repeatable")
	fl.StringVar(&f.newKeyFile, "new-key-file", "", "file with the new key, 64 hexadecimal digits")
	fl.StringVar(&f.newKeyEnv, "new-key-env", "", "environment variable with the new key")
	cmd.MarkFlagsMutuallyExclusive("new-key-file", "new-key-env")
	return cmd
}

func (f *rotateFlags) run(cmd *cobra.Command) error {
	old, err := config.LoadEncryption(config.Sources{File: f.file, Environ: os.Environ(), Set: f.set})
	if err != nil {
		return usageError{err}
	}
	if old == nil {
		return usage("the present key is not configured: --set storage.encryption.key_file=FILE")
	}
	next, err := f.next(old)
	if err != nil {
		return err
	}
	files, err := storage.RotateKey(cmd.Context(), vfs.OS(), f.dataDir, old, next)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d files of %s have a new key; from now on the store opens with %s\n", files, f.dataDir, next)
	return err
}

func (f *rotateFlags) next(old crypt.Provider) (crypt.Provider, error) {
	switch {
	case f.newKeyFile != "":
		return crypt.KeyFromFile(f.newKeyFile)
	case f.newKeyEnv != "":
		return crypt.KeyFromText(os.Getenv(f.newKeyEnv), "the environment variable "+f.newKeyEnv)
	}
	return old, nil
}

// storageKey is what guards the key of a data directory that this process opens.
func storageKey() (crypt.Provider, error) {
	return config.LoadEncryption(config.Sources{Environ: os.Environ()})
}
