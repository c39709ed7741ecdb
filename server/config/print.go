package config

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// Print writes every key with its value, its unit, where the value came from and
// what it is for.
func (c *Config) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KEY\tVALUE\tUNIT\tORIGIN\tMEANING")
	for _, k := range keys {
		v := k.get(c)
		switch {
		case v == "":
			v = strconv.Quote(v)
		case k.secret:
			v = "(hidden)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", k.name, v, k.unit, c.Origin(k.name), k.help)
	}
	return t.Flush()
}

// Keys lists the names of all keys.
func Keys() []string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.name
	}
	return list
}
