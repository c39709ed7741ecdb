package weft_test

import (
	"context"
	"fmt"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
)

func ExampleDB_Documents() {
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	ctx := context.Background()
	for _, text := range []string{`{"_id":"lamp","price":12.50}`, `{"_id":"desk","price":240}`} {
		v, err := doc.Parse([]byte(text))
		if err != nil {
			panic(err)
		}
		if _, _, err := db.Documents().Insert(ctx, "shop", "", v); err != nil {
			panic(err)
		}
	}
	f, err := match.Parse([]byte(`{"price":{"$lt":100}}`))
	if err != nil {
		panic(err)
	}
	page, err := db.Documents().Find(ctx, "shop", document.Query{Filter: f})
	if err != nil {
		panic(err)
	}
	for _, d := range page.Documents {
		fmt.Println(d.Value.JSON())
	}
	// Output: {"_id":"lamp","price":12.50}
}
