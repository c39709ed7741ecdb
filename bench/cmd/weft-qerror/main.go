// Command weft-qerror prints how far the estimates of a plan were from what a run has
// met. It reads the result of EXPLAIN (ANALYZE, FORMAT JSON) from its standard input:
//
//	weft query -o raw "EXPLAIN (ANALYZE, FORMAT JSON) SELECT …" | weft-qerror
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/weftdb/weft/bench/qerror"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "weft-qerror:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	list, err := qerror.Read(text)
	if err != nil {
		return err
	}
	return qerror.Print(out, list)
}
