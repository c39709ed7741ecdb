package fn

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/query/sqltype"
)

// RowPlace is the ctid of a row: the number that follows a prefix of so many bytes in its key.
func RowPlace(prefix int) *Func {
	return &Func{Name: "ctid", Args: []sqltype.Type{sqltype.TBytea}, Ret: sqltype.Type{ID: sqltype.TID}, Strict: true, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		key := c.arg[0].Str
		if len(key) < prefix {
			return sqltype.NullDatum, dberr.SQL(dberr.StateDataCorrupted, "the key of a row is too short")
		}
		v, _, err := enc.DecodeInt([]byte(key[prefix:]))
		if err != nil {
			return sqltype.NullDatum, dberr.SQL(dberr.StateDataCorrupted, "the key of a row is damaged").Wrap(err)
		}
		return sqltype.Datum{Int: v}, nil
	})}
}
