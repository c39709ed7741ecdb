package sqltype

import "github.com/cockroachdb/apd/v3"

// Num is an exact decimal: PostgreSQL's numeric. Where Big is nil the value is
// Coef × 10^-Scale, which serves nearly all data without allocation; otherwise
// Big holds it (or NaN or an infinity). Scale is the display scale, 0 to 16383.
// A Num is immutable.
type Num struct {
	Coef  int64
	Scale int16
	Big   *apd.Decimal
}
