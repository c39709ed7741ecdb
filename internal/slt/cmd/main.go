// Command cmd runs sqllogictest scripts against a fresh in-memory database each, or with
// -postgres against a PostgreSQL server, and prints the counts of each file. Its exit code is 1
// if a record failed.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/weftdb/weft/internal/slt"
	"github.com/weftdb/weft/internal/slt/embedded"
)

type settings struct {
	dsn, psql string
	failures  int
	quiet     bool
	paths     []string
}

func main() {
	var s settings
	flag.StringVar(&s.dsn, "postgres", "", "connection string of a PostgreSQL server to run against instead")
	flag.StringVar(&s.psql, "psql", "psql", "the psql command")
	flag.IntVar(&s.failures, "failures", 3, "how many failures of a file to describe")
	flag.BoolVar(&s.quiet, "q", false, "print only files with failures, and the total")
	flag.Parse()
	s.paths = flag.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, os.Stdout, s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "slt:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, s settings) (bool, error) {
	files, err := expand(s.paths)
	if err != nil {
		return false, err
	}
	var passed, failed, skipped, clean int
	for _, f := range files {
		rep, err := one(ctx, f, s)
		if err != nil {
			return false, err
		}
		passed, failed, skipped = passed+rep.Passed, failed+rep.Failed, skipped+rep.Skipped
		if rep.OK() {
			clean++
		}
		if rep.OK() && s.quiet {
			continue
		}
		fmt.Fprintln(out, rep)
		for _, fail := range rep.Failures {
			fmt.Fprintln(out, fail)
		}
	}
	fmt.Fprintf(out, "total: %d files, %d without failures; %d records passed, %d failed, %d skipped\n",
		len(files), clean, passed, failed, skipped)
	return failed == 0, nil
}

func one(ctx context.Context, file string, s settings) (rep *slt.Report, err error) {
	opts := slt.Options{MaxFailures: s.failures}
	type closer interface {
		slt.DB
		Close() error
	}
	var db closer
	if s.dsn != "" {
		opts.Names = []string{"postgresql"}
		db, err = slt.OpenPsql(ctx, s.psql, s.dsn, "slt")
	} else {
		db, err = embedded.Open(ctx)
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := db.Close(); err == nil {
			err = cerr
		}
	}()
	return slt.RunFile(ctx, db, file, opts)
}

// expand turns directories into the scripts within.
func expand(paths []string) ([]string, error) {
	var files []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		err = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".test") || strings.HasSuffix(path, ".slt")) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no scripts: give .test or .slt files, or directories of them")
	}
	return files, nil
}
