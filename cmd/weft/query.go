package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
)

func newQueryCommand() *cobra.Command {
	var t target
	var format, file string
	var params []string
	cmd := &cobra.Command{
		Use:   "query [flags] SQL",
		Short: "run SQL and print the results",
		Long: "Runs one or more statements as one transaction and prints their results.\n" +
			"SQL is read from standard input where it is - or absent.",
		Example: "  weft query \"SELECT name, composer FROM track LIMIT 5\"\n" +
			"  weft query --format csv \"SELECT * FROM track\" > track.csv\n" +
			"  weft query \"SELECT * FROM track WHERE trackid = \\$1\" --param 7",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			sql, err := statementText(cmd.InOrStdin(), args, file)
			if err != nil {
				return err
			}
			out, err := newRenderer(format, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			c, err := t.open(ctx)
			if err != nil {
				return err
			}
			runErr := c.run(ctx, sql, params, out)
			if runErr != nil && ctx.Err() != nil {
				runErr = fmt.Errorf("%w (%w)", errInterrupted, runErr)
			}
			if err := out.close(); runErr == nil {
				runErr = err
			}
			if err := c.close(); runErr == nil {
				runErr = err
			}
			return runErr
		},
	}
	t.flags(cmd)
	cmd.Flags().StringVarP(&format, "format", "f", "table", "table, json, ndjson, csv or markdown")
	cmd.Flags().StringVar(&file, "file", "", "read the SQL from this file")
	cmd.Flags().StringArrayVarP(&params, "param", "p", nil, "value of the next parameter ($1, $2 …), as text; repeatable")
	return cmd
}

// statementText takes the SQL from the argument, a file or standard input.
func statementText(stdin io.Reader, args []string, file string) (string, error) {
	switch {
	case file != "" && len(args) > 0:
		return "", usage("give the SQL as an argument or in --file, not both")
	case file != "":
		b, err := os.ReadFile(file)
		return strings.TrimPrefix(string(b), byteOrderMark), err
	case len(args) == 1 && args[0] != "-":
		return args[0], nil
	}
	b, err := io.ReadAll(stdin)
	if err == nil && strings.TrimSpace(string(b)) == "" {
		return "", usage("there is no SQL: give it as an argument, in --file or on standard input")
	}
	return strings.TrimPrefix(string(b), byteOrderMark), err
}

// byteOrderMark begins the files of some editors and is no part of their SQL.
const byteOrderMark = "\ufeff"

// discard shows nothing.
type discard struct{}

func (discard) json() bool           { return false }
func (discard) begin([]column) error { return nil }
func (discard) row([]cell) error     { return nil }
func (discard) end(outcome) error    { return nil }
func (discard) close() error         { return nil }
