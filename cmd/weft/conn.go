package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/internal/dberr"
)

// Exit codes of every command.
const (
	exitOK          = 0
	exitFailed      = 1   // the request failed: bad SQL, a constraint, a file that cannot be read
	exitUsage       = 2   // the command line is wrong
	exitUnavailable = 3   // no server there, or it cannot serve now
	exitRejected    = 5   // an import left records out
	exitDamaged     = 6   // damage was found in a store or a backup
	exitInterrupted = 130 // Ctrl-C, or a second signal to a server
)

// usageError is a fault of the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return usageError{dberr.New(dberr.ErrInvalid, "USAGE", format, args...)}
}

// errRejected ends an import that left records out; what is to be said has been said.
var errRejected = errors.New("records were rejected")

// errInterrupted ends a command that Ctrl-C stopped.
var errInterrupted = errors.New("interrupted")

// exitCode maps an error to the process's exit code.
func exitCode(err error) int {
	var u usageError
	var d errDamaged
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errRejected):
		return exitRejected
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.As(err, &d):
		return exitDamaged
	case errors.As(err, &u):
		return exitUsage
	case errors.Is(err, dberr.ErrUnavailable), errors.Is(err, dberr.ErrLocked):
		return exitUnavailable
	}
	return exitFailed
}

// tableInfo describes a table.
type tableInfo struct {
	Schema   string        `json:"schema"`
	Name     string        `json:"name"`
	RowCount int64         `json:"row_count"`
	Columns  []tableColumn `json:"columns"`
	Indexes  []tableIndex  `json:"indexes"`
}

type tableColumn struct {
	Name       string  `json:"name"`
	Type       string  `json:"data_type"`
	Nullable   bool    `json:"nullable"`
	PrimaryKey bool    `json:"primary_key"`
	Default    *string `json:"default"`
}

type tableIndex struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Unique  bool     `json:"unique"`
	Primary bool     `json:"primary"`
	Kind    string   `json:"kind"`
}

// databaseInfo describes a database.
type databaseInfo struct {
	Name   string `json:"name"`
	Tables int64  `json:"table_count"`
}

// conn reaches a database: over HTTP, or directly in an unlocked data directory.
type conn interface {
	bulk.Target
	channelConn
	// run executes SQL and shows the results as they come.
	run(ctx context.Context, sql string, params []string, r renderer) error
	tables(ctx context.Context) ([]tableInfo, error)
	table(ctx context.Context, name string) (tableInfo, error)
	databases(ctx context.Context) ([]databaseInfo, error)
	// where says what is reached, for people.
	where() string
	close() error
}

// target holds the flags that say which database is meant.
type target struct {
	server   string
	dataDir  string
	database string
}

const defaultServer = "http://127.0.0.1:7600"

func (t *target) flags(cmd *cobra.Command) {
	server := os.Getenv("WEFT_SERVER")
	if server == "" {
		server = defaultServer
	}
	cmd.Flags().StringVarP(&t.server, "server", "s", server, "URL of the server (environment: WEFT_SERVER)")
	cmd.Flags().StringVar(&t.dataDir, "data-dir", "", "open this data directory instead of a server; no server may be using it")
	cmd.Flags().StringVarP(&t.database, "database", "d", "default", "database")
	cmd.MarkFlagsMutuallyExclusive("server", "data-dir")
}

func (t *target) open(ctx context.Context) (conn, error) {
	if t.dataDir != "" {
		return openLocal(t.dataDir, t.database)
	}
	return openRemote(ctx, t.server, t.database)
}
