package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/gcpace"
	"github.com/weftdb/weft/server/app"
	"github.com/weftdb/weft/server/config"
)

type serveFlags struct {
	file        string
	set         []string
	printConfig bool
}

func newServeCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "run the server",
		Long: "Runs the server. Configuration comes from weft.toml, the environment (WEFT_STORAGE_HISTORY=1h) and flags, each over\n" +
			"the one before; --print-config shows every key, its value and where it came from. The first SIGTERM or SIGINT stops\n" +
			"the server in order, a second one at once.",
		Example: "  weft serve\n" +
			"  weft serve --data-dir /var/lib/weft --listen 127.0.0.1:7600\n" +
			"  weft serve --memory --set query.timeout=5s",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(f.sources(cmd.Flags()))
			if err != nil {
				return usageError{err}
			}
			if f.printConfig {
				return cfg.Print(cmd.OutOrStdout())
			}
			return runServe(cmd.Context(), cfg, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	fl := cmd.Flags()
	fl.String("data-dir", "./weft-data", "data directory (key storage.dir)")
	fl.String("listen", "127.0.0.1:7600", "address to serve on (key server.listen)")
	fl.Bool("insecure-listen", false, "let other machines reach the server though there are no users (key server.insecure_listen)")
	fl.Bool("dev", false, "running without users is meant; log more (key server.dev)")
	fl.Bool("memory", false, "keep everything in memory and nothing after the end (key storage.backend=memory)")
	fl.StringVar(&f.file, "config", "", "configuration file (default: weft.toml where it exists)")
	fl.StringArrayVar(&f.set, "set", nil, "set a key: --set query.timeout=5s; repeatable")
	fl.BoolVar(&f.printConfig, "print-config", false, "show every key, its value, unit and origin, and exit")
	return cmd
}

// flagKeys are the keys that flags of their own set.
var flagKeys = map[string]string{
	"data-dir": "storage.dir", "listen": "server.listen", "insecure-listen": "server.insecure_listen", "dev": "server.dev",
}

func (f *serveFlags) sources(flags *pflag.FlagSet) config.Sources {
	src := config.Sources{File: f.file, Environ: os.Environ(), Set: f.set, Flags: make(map[string]string)}
	flags.Visit(func(fl *pflag.Flag) {
		if key := flagKeys[fl.Name]; key != "" {
			src.Flags[key] = fl.Value.String()
		}
		if memory, err := strconv.ParseBool(fl.Value.String()); fl.Name == "memory" && err == nil && memory {
			src.Flags["storage.backend"] = "memory"
		}
	})
	return src
}

// runServe runs until a signal or a failure.
func runServe(ctx context.Context, cfg *config.Config, out, errs io.Writer) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	log := newLog(cfg, errs)
	gcpace.Set(cfg.Storage.Memory())
	a, err := app.Start(cfg, app.Options{Version: version, Commit: commit(), Log: log, Out: out})
	if err != nil {
		return err
	}
	var failure error
	select {
	case s := <-signals:
		log.Info("signal", "signal", s.String())
	case failure = <-a.Failed():
	}
	go func() {
		<-signals
		log.Warn("second signal: ending at once")
		os.Exit(exitInterrupted)
	}()
	if err := a.Stop(ctx); failure == nil {
		failure = err
	}
	return lockedHint(failure, cfg)
}

// lockedHint says what to do about a directory that another process has open.
func lockedHint(err error, cfg *config.Config) error {
	if !errors.Is(err, dberr.ErrLocked) {
		return err
	}
	return dberr.New(dberr.ErrLocked, "LOCKED", "another process is using the data directory %s", cfg.DataDir).
		WithHint("stop it, or serve another directory: weft serve --data-dir OTHER").Wrap(err)
}

func newLog(cfg *config.Config, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.Log.Level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
