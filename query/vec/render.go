package vec

import (
	"strconv"

	"github.com/weftdb/weft/query/sqltype"
)

// AppendText appends row i in PostgreSQL's text form; nothing where it is NULL.
func (v *Vector) AppendText(dst []byte, env *sqltype.Env, i int) []byte {
	if !v.IsNull(i) {
		switch v.Type.ID { // those that need no Datum
		case sqltype.Int2, sqltype.Int4, sqltype.Int8:
			return strconv.AppendInt(dst, v.I[v.At(i)], 10)
		}
	}
	return sqltype.AppendTextEnv(dst, env, v.Type, v.Get(i))
}

// AppendJSON appends row i as JSON.
func (v *Vector) AppendJSON(dst []byte, i int, o sqltype.JSONOptions) []byte {
	if !v.IsNull(i) {
		switch v.Type.ID { // those that need no Datum
		case sqltype.Int2, sqltype.Int4:
			return strconv.AppendInt(dst, v.I[v.At(i)], 10)
		case sqltype.Text, sqltype.Varchar:
			return sqltype.AppendJSONString(dst, v.S[v.At(i)])
		case sqltype.Int8:
			if !o.Int64AsString {
				return strconv.AppendInt(dst, v.I[v.At(i)], 10)
			}
		}
	}
	return sqltype.AppendJSON(dst, v.Type, v.Get(i), o)
}
