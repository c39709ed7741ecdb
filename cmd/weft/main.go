// Command weft is the database: the server and its tools in one binary.
//
// main is a table of commands; each is in a file of its own.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// commands makes every command, in the order of the help.
var commands = []func() *cobra.Command{
	newServeCommand,
	newShellCommand,
	newQueryCommand,
	newImportCommand,
	newBackupCommand,
	newRestoreCommand,
	newCheckCommand,
	newCompactCommand,
	newDumpCommand,
	newRotateKeyCommand,
	newVersionCommand,
}

func main() { os.Exit(run(os.Args[1:])) }

// run executes a command line and returns the exit code.
func run(args []string) int {
	root := newRootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err != nil && !silent(err) {
		fmt.Fprintf(os.Stderr, "weft: %s\n", explain(err))
	}
	return exitCode(err)
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "weft",
		Short:         "A database: SQL over HTTP on one transactional store",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v; %s --help lists the flags", err, cmd.CommandPath())
	})
	for _, make := range commands {
		root.AddCommand(make())
	}
	all := append(root.Commands(), root)
	for _, cmd := range root.Commands() {
		all = append(all, cmd.Commands()...)
	}
	for _, cmd := range all {
		check := cmd.Args
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usage("%v; %s --help tells how", err, cmd.CommandPath())
			}
			return nil
		}
	}
	return root
}
