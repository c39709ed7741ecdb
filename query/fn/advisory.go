package fn

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// AdvisoryKey is what an advisory lock is of: one number of 64 bits, or two of 32, which are
// never the same. The fields are those of pg_locks.
type AdvisoryKey struct {
	Class, Object uint32
	Two           bool
}

// AdvisoryCall asks for an advisory lock.
type AdvisoryCall struct {
	Key         AdvisoryKey
	Shared      bool
	Transaction bool // until the end of the transaction, else of the session
	Try         bool // not where it has to be waited for
}

func registerAdvisory(t *tables) {
	key := func(c *call) AdvisoryKey {
		if len(c.arg) == 2 {
			return AdvisoryKey{Class: uint32(c.arg[0].Int), Object: uint32(c.arg[1].Int), Two: true}
		}
		return AdvisoryKey{Class: uint32(c.arg[0].Int >> 32), Object: uint32(c.arg[0].Int)}
	}
	for _, args := range []string{"(int8)", "(int4,int4)"} {
		for _, shared := range []bool{false, true} {
			suffix := map[bool]string{true: "_shared"}[shared]
			for _, tx := range []bool{false, true} {
				what := map[bool]string{false: "advisory_lock", true: "advisory_xact_lock"}[tx] + suffix + args
				lock := func(try bool) Eval {
					return rowwise(func(c *call) (sqltype.Datum, error) {
						if c.env.Host == nil {
							return sqltype.NullDatum, dberr.SQL(dberr.StateFeatureNotSupported, "advisory locks are not supported here")
						}
						ok, err := c.env.Host.Advisory(AdvisoryCall{key(c), shared, tx, try})
						return sqltype.Datum{Int: b2i(ok && try)}, err
					})
				}
				t.def("pg_"+what+" void volatile", lock(false))
				t.def("pg_try_"+what+" bool volatile", lock(true))
			}
			t.def("pg_advisory_unlock"+suffix+args+" bool volatile", rowwise(func(c *call) (sqltype.Datum, error) {
				return sqltype.Datum{Int: b2i(c.env.Host != nil && c.env.Host.UnlockAdvisory(key(c), shared))}, nil
			}))
		}
	}
	t.def("pg_advisory_unlock_all() void volatile", rowwise(func(c *call) (sqltype.Datum, error) {
		if c.env.Host != nil {
			c.env.Host.UnlockAllAdvisory()
		}
		return sqltype.Datum{}, nil
	}))
}
