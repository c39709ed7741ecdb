package fn

import (
	"math"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// maxSleep keeps seconds within what a Duration holds.
const maxSleep = 100 * 365 * 24 * time.Hour

// sleeping makes an Eval that waits as long as f says, once for each row.
func sleeping(f func(env *Env, v *vec.Vector, i int) time.Duration) Eval {
	return func(env *Env, n int, sel []int32, args []*vec.Vector, _ *vec.Vector) error {
		for _, i := range vec.Live(n, sel) {
			d := f(env, args[0], args[0].At(int(i)))
			switch {
			case d <= 0:
			case env.Host == nil:
				return dberr.SQL(dberr.StateFeatureNotSupported, "waiting is not supported here")
			default:
				if err := env.Host.Sleep(d); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func seconds(s float64) time.Duration {
	switch {
	case math.IsNaN(s) || s <= 0:
		return 0
	case s >= maxSleep.Seconds():
		return maxSleep
	}
	return time.Duration(s * float64(time.Second))
}

func registerSleep(t *tables) {
	t.def("pg_sleep(float8) void volatile", sleeping(func(_ *Env, v *vec.Vector, i int) time.Duration { return seconds(v.F[i]) }))
	t.def("pg_sleep_for(interval) void volatile", sleeping(func(env *Env, v *vec.Vector, i int) time.Duration {
		now := micros(time.Now())
		to, err := sqltype.TimestampTZAdd(env.types(), now, v.V[i])
		if err != nil {
			return maxSleep
		}
		return seconds(float64(to-now) / 1e6)
	}))
	t.def("pg_sleep_until(timestamptz) void volatile", sleeping(func(_ *Env, v *vec.Vector, i int) time.Duration {
		return seconds((float64(v.I[i]) - float64(micros(time.Now()))) / 1e6)
	}))
}
