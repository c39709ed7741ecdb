package fn

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// castOther converts between types of which one is not a number.
func castOther(from, to sqltype.Type, class castClass) (Eval, Volatility) {
	isText := from.ID == sqltype.Unknown || isString(from.ID)
	switch {
	case isText && to.ID == sqltype.Numeric:
		mod := to.Mod
		return e1(func(s string) (sqltype.Num, error) {
			n, err := sqltype.ParseNum(s)
			if err != nil {
				return n, err
			}
			return n.ApplyMod(mod)
		}), Immutable
	case isText && intSize(to.ID) > 0:
		size := intSize(to.ID)
		return e1(func(s string) (int64, error) {
			v, err := strconv.ParseInt(strings.TrimSpace(s), 10, int(size))
			if err != nil {
				return 0, dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type %s: \"%s\"", intName(size), s)
			}
			return v, nil
		}), Immutable
	case intSize(from.ID) > 0 && isString(to.ID):
		return p1(func(v int64) string { return strconv.FormatInt(v, 10) }), Immutable
	case from.ID == sqltype.Numeric && isString(to.ID):
		return p1(sqltype.Num.String), Immutable
	}
	return nil, Immutable
}
