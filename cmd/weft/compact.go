package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"
)

// compacted is the server's answer.
type compacted struct {
	Versions int     `json:"versions_removed"`
	Before   int64   `json:"bytes_before"`
	After    int64   `json:"bytes_after"`
	Millis   float64 `json:"duration_ms"`
}

func newCompactCommand() *cobra.Command {
	var f adminTarget
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "delete what nobody can read any more and merge all SSTables",
		Long: "Has a server run a checkpoint, delete every version that is past storage.history and all readers, and merge all SSTables.\n" +
			"It does so by itself, little by little; this is for after a bulk load or a mass deletion. It takes as long as writing everything\n" +
			"once, and up to as much disk again meanwhile. Reads and writes go on. It may be interrupted: what was done stays.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd)
			defer stop()
			done, err := f.compact(ctx)
			if err != nil {
				return err
			}
			if f.json {
				return printJSON(cmd.OutOrStdout(), done)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d versions removed; SSTables took %d bytes and take %d; %.1f s\n",
				done.Versions, done.Before, done.After, done.Millis/1e3)
			return err
		},
	}
	server := os.Getenv("WEFT_SERVER")
	if server == "" {
		server = defaultServer
	}
	cmd.Flags().StringVarP(&f.server, "server", "s", server, "URL of the server (environment: WEFT_SERVER)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func (t *adminTarget) compact(ctx context.Context) (done compacted, err error) {
	r, err := t.remote(ctx)
	if err != nil {
		return done, err
	}
	defer r.close() //nolint:errcheck // it closes idle connections
	return done, r.call(ctx, http.MethodPost, "/api/v1/admin/compact", nil, nil, &done)
}
