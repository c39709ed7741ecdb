package query

import (
	_ "embed"
	"strconv"
	"strings"
)

// The rows of pg_cast and pg_operator are those of PostgreSQL for the types and operators that
// there are, with its object ids, since tools look for them.

//go:embed systemoperators.txt
var systemOperatorText string

// systemOperators are the words of its lines, without the first, by it.
var systemOperators = readSystemOperators(systemOperatorText)

func readSystemOperators(file string) map[string][][]string {
	list := map[string][][]string{}
	for _, line := range strings.Split(file, "\n") {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			list[words[0]] = append(list[words[0]], words[1:])
		}
	}
	return list
}

// wordOID reads a number of the file, which is part of the program; every statement on the views
// reads all of them, so no file with a fault passes the tests.
func wordOID(w string) int {
	n, err := strconv.Atoi(w)
	if err != nil {
		panic("query: systemoperators.txt: " + err.Error())
	}
	return n
}

func (v *viewCall) pgCast() error {
	for _, w := range systemOperators["cast"] {
		v.add(wordOID(w[0]), wordOID(w[1]), wordOID(w[2]), wordOID(w[3]), w[4], w[5])
	}
	return nil
}

func (v *viewCall) pgOperator() error {
	for _, w := range systemOperators["operator"] {
		row := []any{wordOID(w[0]), w[1], 11, ownerOID, w[2], w[3] == "1", w[4] == "1"}
		for _, id := range w[5:] {
			row = append(row, wordOID(id))
		}
		v.add(row...)
	}
	return nil
}
