package weft_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/weftdb/weft"
)

// A database in memory, its table, and a question.
func Example() {
	ctx := context.Background()
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	if _, err := db.Exec(ctx, "CREATE TABLE city (id int PRIMARY KEY, name text NOT NULL, people bigint)"); err != nil {
		log.Fatal(err)
	}
	n, err := db.Exec(ctx, "INSERT INTO city VALUES ($1, $2, $3), (2, 'Bergen', NULL)", 1, "Oslo", 717710)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "rows")

	rows, err := db.Query(ctx, "SELECT name, people FROM city ORDER BY id")
	if err != nil {
		log.Fatal(err)
	}
	for rows.Next() {
		var name string
		var people *int64
		if err := rows.Scan(&name, &people); err != nil {
			log.Fatal(err)
		}
		if people == nil {
			fmt.Println(name, "is not counted")
			continue
		}
		fmt.Println(name, *people)
	}
	// Output:
	// 2 rows
	// Oslo 717710
	// Bergen is not counted
}

// Errors say what to do next by their class, and everything else by their fields.
func ExampleError() {
	ctx := context.Background()
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	_, err = db.Exec(ctx, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (1)")
	var e *weft.Error
	if errors.Is(err, weft.ErrConstraint) && errors.As(err, &e) {
		fmt.Println(e.Code, e.SQLState)
	}
	_, err = db.Query(ctx, "SELECT 1 FROM t") // the call was one transaction: the table is not there
	fmt.Println(errors.Is(err, weft.ErrNotFound))
	// Output:
	// UNIQUE_VIOLATION 23505
	// true
}
