package weft_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/fulltext"
	"github.com/weftdb/weft/storage"
)

// TestMemoryLeavesNothing: a database in memory writes nothing where its directory would
// be, nor its full-text indexes, which are files of their own.
func TestMemoryLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db, err := weft.Open(dir, weft.Options{Storage: storage.Options{Backend: storage.BackendMemory}})
	if err != nil {
		t.Fatal(err)
	}
	docs := db.Documents()
	word, err := doc.Parse([]byte(`{"t":"some words"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := docs.Insert(t.Context(), "c", "a", word); err != nil {
		t.Fatal(err)
	}
	if err := docs.SetText(t.Context(), "c", &fulltext.Config{Fields: []fulltext.Field{{Path: "t"}}}); err != nil {
		t.Fatal(err)
	}
	page, err := docs.Search(t.Context(), "c", document.Search{Request: fulltext.Request{Query: word.Field("t"), Limit: 10}, Strong: true})
	if err != nil || page.Total != 1 {
		t.Errorf("found %d, %v", page.Total, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(dir); !os.IsNotExist(err) {
		t.Errorf("%s holds %v (%v)", dir, files, err)
	}
}
