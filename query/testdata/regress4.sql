# Dates, intervals, to_char, to_number, JSON: small things. Expected results are PostgreSQL's.

query
SELECT interval '1 2:03' minute to second, interval '1 -2:03' minute to second, interval '0.0000015'
----
1 day 00:02:03|1 day -00:02:03|00:00:00.000001

query
SELECT interval 'P00021015T103020', interval 'P0002T1S', interval 'P0002-10T1S', interval 'PT10', interval 'PT10:30', interval 'P10.5e4Y'
----
2 years 10 mons 15 days 10:30:20|2 years 00:00:01|2 years 10 mons 00:00:01|10:00:00|10:30:00|105000 years

query
SELECT interval 'P.Y0M3DT4H5M6S'
----
ERROR 22007: invalid input syntax for type interval: "P.Y0M3DT4H5M6S"

query
SELECT interval 'P1Y2'
----
ERROR 22007: invalid input syntax for type interval: "P1Y2"

query
SELECT interval '-9223372036854775808 microseconds', interval '-2147483648 months -2147483648 days -9223372036854775808 us'
----
-2562047788:00:54.775808|-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808

query
SELECT interval 'PT2562047788.0152155019444'
----
2562047788:00:54.775429

query
SELECT interval 'P-2147483649'
----
ERROR 22015: interval field value out of range: "P-2147483649"

query
SELECT interval 'P0002-10-15-16'
----
ERROR 22007: invalid input syntax for type interval: "P0002-10-15-16"

query
SELECT interval 'P3W2DT-1H'
----
23 days -01:00:00

query
SELECT '4714-11-23 16:00:00-08 BC'::timestamptz, '4714-11-23 23:59:59+00 BC'::timestamptz
----
ERROR 22008: timestamp out of range: "4714-11-23 23:59:59+00 BC"

query
SELECT '4714-11-23 16:00:00-08 BC'::timestamptz
----
4714-11-24 00:00:00+00 BC

query
SELECT '294277-12-31 16:00:00-08'::timestamptz
----
ERROR 22008: timestamp out of range: "294277-12-31 16:00:00-08"

query
SELECT '294277-01-01 01:00:00+02'::timestamptz
----
294276-12-31 23:00:00+00

query
SELECT timestamptz 'J2452271-08', timestamptz '2001-12-27 04:05:06.789 MET DST'
----
2001-12-27 08:00:00+00|2001-12-27 02:05:06.789+00

query
SELECT 'Wed Jul 11 10:51:14 America/New_York 2001'::timestamptz, 'Wed Jul 11 10:51:14 GMT-4 2001'::timestamptz, 'Wed Jul 11 10:51:14 PST+03:00 2001'::timestamptz
----
2001-07-11 14:51:14+00|2001-07-11 06:51:14+00|2001-07-11 13:51:14+00

query
SELECT timestamp '1995-08-06 epoch', date 'today infinity', timestamp 'infinity 01:01:01'
----
1970-01-01 00:00:00|infinity|infinity

query
SELECT timestamp 'epoch infinity'
----
ERROR 22007: invalid input syntax for type timestamp: "epoch infinity"

query
SELECT timestamp 'Jan 1, 4713 BC' + interval '109203489 days', timestamp 'Jan 1, 4713 BC' + interval '107000000 days'
----
294276-12-31 00:00:00|288244-01-20 00:00:00

query
SELECT timestamp 'Jan 1, 4713 BC' + interval '119203489 days'
----
ERROR 22008: timestamp out of range

query
SELECT timestamptz(date '1994-01-01', time with time zone '11:00-5')
----
1994-01-01 16:00:00+00

query
SELECT make_timestamptz(1973, 07, 15, 08, 15, 55.33, '+2'), make_timestamptz(1973, 07, 15, 08, 15, 55.33, '-2:'), make_timestamptz(1973, 07, 15, 08, 15, 55.33, 'UTC')
----
1973-07-15 06:15:55.33+00|1973-07-15 10:15:55.33+00|1973-07-15 08:15:55.33+00

query
SELECT make_timestamptz(1973, 07, 15, 08, 15, 55.33, '2')
----
ERROR 22023: invalid input syntax for type numeric time zone: "2"

query
SELECT make_timestamptz(2014, 12, 10, 10, 10, 10, '+16')
----
ERROR 22023: numeric time zone "+16" out of range

query
SELECT to_timestamp('97/Feb/16', 'YYMonDD')
----
ERROR 22007: invalid value "/Feb/16" for "Mon"

query
SELECT to_timestamp('19971)24', 'YYYYMMDD')
----
ERROR 22007: invalid value "1)" for "MM"

query
SELECT to_timestamp('1997-11-Jan-16', 'YYYY-MM-Mon-DD')
----
ERROR 22007: conflicting values for "Mon" field in formatting string

query
SELECT to_timestamp('2018-11-02 12:34:56.123456789', 'YYYY-MM-DD HH24:MI:SS.FF6')
----
ERROR 22008: date/time field value out of range: "2018-11-02 12:34:56.123456789"

query
SELECT to_char(1.2345e131070::numeric, '9.999EEEE'), to_char(-1.2345e-789::numeric, '9.999EEEE'), to_char(9.9995, '9.999EEEE'), to_char(0, '9.9EEEE'), to_char(1.2345::float8, '9.999EEEE')
----
 1.235e+131070|-1.235e-789| 10.000e+00| 0.0e+00| 1.234e+00

query
SELECT to_char('inf'::numeric, 'MI9999999999.99'), to_char('-inf'::float8, 'MI99.99'), to_char('inf'::float4, 'MI99.99'), to_char('nan'::numeric, '0009.9'), to_char('12345678901'::float8, 'FM9999999999D9999900000000000000000')
----
   Infinity|-##.##| ##.| 0NaN|##########.####

query
SELECT to_char(74881, 'FM9999999999999999.999THPR'), to_char(12, '99th'), to_char(123, '99TH')
----
74881.| 12th| ##

query
SELECT to_number('5.01-', 'FM9.999999MI'), to_number('5-', '99MI'), to_number('5.01-', '9.999999')
----
-5.01|-5|5.01

query
SELECT ('123'::jsonb)[0], ('[1, "2", null]'::jsonb)['1'], ('[1, "2", null]'::jsonb)[1][0], ('{"a": {"b": [1, 2]}}'::jsonb)['a']['b'][1], ('{"0": 5}'::jsonb)[0], ('[1, 2]'::jsonb)[-1]
----
NULL|"2"|NULL|2|5|2

query
SELECT ('[1, "2", null]'::jsonb)[1.0]
----
ERROR 42804: subscript type numeric is not supported

query
SELECT ('{}'::int[])[1][2][3][4][5][6][7]
----
ERROR 54000: number of array dimensions (7) exceeds the maximum allowed (6)

query
SELECT json_object('{{a},{b}}')
----
ERROR 2202E: array must have two columns

query
SELECT json_object('{{a,b,c},{b,c,d}}')
----
ERROR 2202E: array must have two columns

query
SELECT jsonb_object('{{{a,b},{c,d}},{{b,c},{d,e}}}')
----
ERROR 2202E: wrong number of array subscripts

query
SELECT json_object('{{a,b}}', '{{a,b}}')
----
ERROR 2202E: wrong number of array subscripts

query
SELECT jsonb_build_object(NULL, 1)
----
ERROR 22023: argument 1: key must not be null

query
SELECT array_fill(1, ARRAY[[1, 2], [3, 4]])
----
ERROR 2202E: wrong number of array subscripts

query
SELECT width_bucket(5, ARRAY[ARRAY[1, 2], ARRAY[3, 4]])
----
ERROR 2202E: thresholds must be one-dimensional array

query
SELECT json '{ "a":  "\ud83d\ud83d" }' -> 'a'
----
ERROR 22P02: invalid input syntax for type json

query
SELECT json '{ "a":  "null \u0000 escape" , "b": 1}' ->> 'b'
----
ERROR 22P05: unsupported Unicode escape sequence

query
SELECT json '["\u00e4"]' ->> 0, json '["\u00e4"]' -> 0
----
ä|"\u00e4"

statement
CREATE VIEW vv AS SELECT 1 AS a

query
SELECT length(pg_get_viewdef('vv')) > 0, length(pg_get_viewdef('vv'::text, true)) > 0, length(pg_get_viewdef('vv'::regclass)) > 0, length(pg_get_viewdef('vv'::regclass::oid)) > 0
----
t|t|t|t

query
SELECT pg_get_viewdef('novv')
----
ERROR 42P01: relation "novv" does not exist

