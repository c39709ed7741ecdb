package api

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/weftdb/weft/document"
)

// databaseTotals are the keys and documents of a database, and what was done with the
// documents since the server began. There is one server, so local changes nothing.
func (s *Server) databaseTotals(c echo.Context) error {
	p, err := queryParams(c, []string{"database", "local"})
	if err != nil {
		return err
	}
	if _, err := boolParam(p, "local"); err != nil {
		return err
	}
	keys, err := s.totalKeys(c, p.Get("database"))
	if err != nil {
		return err
	}
	store, err := s.documents(c, p.Get("database"), false)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	list, err := store.Collections(ctx)
	if err != nil {
		return err
	}
	var documents int64
	var sum document.Counts
	for i := range list {
		_, n, done, err := store.Stats(ctx, list[i].Name)
		if err != nil {
			return err
		}
		documents += n
		sum = document.Counts{Inserted: sum.Inserted + done.Inserted, Updated: sum.Updated + done.Updated, Deleted: sum.Deleted + done.Deleted, Queries: sum.Queries + done.Queries}
	}
	return respond(c, http.StatusOK, func(b []byte) []byte {
		return fmt.Appendf(b, `{"total_keys":%d,"total_documents":%d,"collection_count":%d,"documents_inserted":%d,"documents_updated":%d,"documents_deleted":%d,"queries_executed":%d}`,
			keys, documents, len(list), sum.Inserted, sum.Updated, sum.Deleted, sum.Queries)
	})
}

// totalKeys is about how many keys all buckets have.
func (s *Server) totalKeys(c echo.Context, database string) (sum int64, err error) {
	store, err := s.keyValue(c, database, false)
	if err != nil {
		return 0, err
	}
	ctx := c.Request().Context()
	list, err := store.Buckets(ctx)
	for i := range list {
		n, err := store.Estimate(ctx, list[i].Name)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, err
}
