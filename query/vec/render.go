package vec

import "github.com/weftdb/weft/query/sqltype"

// AppendText appends row i in PostgreSQL's text form; nothing where it is NULL.
func (v *Vector) AppendText(dst []byte, env *sqltype.Env, i int) []byte {
	return sqltype.AppendTextEnv(dst, env, v.Type, v.Get(i))
}

// AppendJSON appends row i as JSON.
func (v *Vector) AppendJSON(dst []byte, i int, o sqltype.JSONOptions) []byte {
	return sqltype.AppendJSON(dst, v.Type, v.Get(i), o)
}
