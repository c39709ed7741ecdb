// The exported functions by what they are for:
//
// Types: TypeByName, TypeByOID, Type.WithMods, Type.String (format_type), Name, ShortName,
// OID, TypMod, Category, Preferred, Base, ArrayOf, ElemType, Phys.
//
// Text: Parse, ParseEnv, AppendText, AppendTextEnv, FormatText; ParseFloat, AppendFloat,
// ParseNum, ParseBytea, ParseUUID, ParseInterval, LoadLocation (SET TIME ZONE), ZoneFor (AT
// TIME ZONE).
//
// JSON and Go: AppendJSON, AppendJSONString, ParamFromJSON, ParamFromJSONEnv, FromGo,
// ToGo; ValidateJSON, CanonicalJSON, ParseJSON, JSONValue, NewJSONObject.
//
// Order and equality: Compare, CompareString, CompareFloat, Equal, Hash, HashInt,
// HashFloat, HashString, HashStringOf, HashCombine, TrimBlanks, IntervalValue.Compare,
// TimeTZValue.Compare, JSONValue.Compare.
//
// Ranges: RangeValue and MultirangeValue with NewRange, NewMultirange, RangeOf, Spans and what
// works on them.
//
// Casts: CanCast, CastDatum, ApplyMod, FloatToInt, Float8To4, DateToTimestamp.
//
// Numeric: Num with Add, Sub, Mul, Div, DivTrunc, Mod, Neg, Abs, Sign, Cmp, Round,
// Trunc, Ceil, Floor, Sqrt, Exp, Ln, Log, Power, MinScale, TrimScale, DScale, ApplyMod,
// Int64, Float64, AppendText; NumInt, NumScaled, NumBig, NumFloat, NumNaN, NumInf,
// NumNegInf; NumSum for SUM and AVG.
//
// Calendar: DateAddDays, DateSub, TimestampAdd, TimestampTZAdd, TimestampSub, Age, AgeTZ,
// TimeAdd, TimeZoneShift, TimeZoneLocal, ToUTC, FromUTC; IntervalValue with Add, Sub,
// Mul, Div, Neg, JustifyHours, JustifyDays, JustifyInterval; ParseDateField, Extract,
// TruncTimestamp, TruncTimestampTZ, TruncInterval, DateBin; MakeDate, MakeTime,
// MakeTimestamp, MakeInterval, TimestampFromEpoch; DaysFromCivil, CivilFromDays,
// SplitTimestamp, Civil.Timestamp, ISOWeek, ISOWeekStart, Weekday, TimestampFromGo,
// TimestampToGo.
//
// Storage: AppendKey, AppendIntKey, DecodeKey, DecodeIntKey, KeyRestores; AppendValue,
// DecodeValue, AppendRow, RowColumn, RowDecoder with Decode (into Dest) and Datums.
package sqltype
