package exec

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
)

func newWindow(c *Context, n *plan.Window) (Operator, error) {
	return nil, dberr.SQL(dberr.StateInternal, "no window")
}
