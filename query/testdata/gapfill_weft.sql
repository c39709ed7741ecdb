# time_bucket_gapfill, locf and interpolate, which PostgreSQL does not have. Expectations are by hand.

statement
CREATE TABLE m (at timestamp, dev int, v float8, n int)

statement
INSERT INTO m VALUES
 ('2024-01-01 01:10', 1, 10, 1), ('2024-01-01 01:50', 1, 20, 3), ('2024-01-01 04:00', 1, 45, 9),
 ('2024-01-01 02:30', 2, 7, 5), (NULL, 2, 99, 99)

query
SELECT time_bucket_gapfill('1 hour', at) AS hour, avg(v), locf(avg(v)), interpolate(avg(v)), interpolate(max(n)), count(*)
FROM m WHERE dev = 1 AND at >= '2024-01-01' AND at < '2024-01-01 06:00' GROUP BY hour ORDER BY hour
----
2024-01-01 00:00:00|NULL|NULL|NULL|NULL|NULL
2024-01-01 01:00:00|15|15|15|3|2
2024-01-01 02:00:00|NULL|15|25|5|NULL
2024-01-01 03:00:00|NULL|15|35|7|NULL
2024-01-01 04:00:00|45|45|45|9|1
2024-01-01 05:00:00|NULL|45|NULL|NULL|NULL

# each group has all buckets
query
SELECT dev, time_bucket_gapfill('1 hour', at), locf(max(n)) FROM m WHERE at BETWEEN '2024-01-01 01:00' AND '2024-01-01 04:00' GROUP BY 1, 2 ORDER BY 1, 2
----
1|2024-01-01 01:00:00|3
1|2024-01-01 02:00:00|3
1|2024-01-01 03:00:00|3
1|2024-01-01 04:00:00|9
2|2024-01-01 01:00:00|NULL
2|2024-01-01 02:00:00|5
2|2024-01-01 03:00:00|5
2|2024-01-01 04:00:00|5

# the bounds: > and <= of a bucket's start, and the narrowest of several; on either side
query
SELECT time_bucket_gapfill('1 hour', at) b FROM m WHERE at > '2024-01-01 00:59:59.999999' AND '2024-01-01 03:00' >= at AND at <= '2024-01-02' AND at > '2023-01-01' GROUP BY b ORDER BY b
----
2024-01-01 01:00:00
2024-01-01 02:00:00
2024-01-01 03:00:00

query
SELECT time_bucket_gapfill('1 hour', at) b FROM m WHERE at >= '2024-01-01 01:30' AND at < '2024-01-01 03:00' GROUP BY b ORDER BY b
----
2024-01-01 01:00:00
2024-01-01 02:00:00

# start and finish do not filter: what is outside stays, NULL too
query
SELECT time_bucket_gapfill('1 hour', at, '2024-01-01 02:00', finish => '2024-01-01 04:00') b, count(*) FROM m GROUP BY b ORDER BY b
----
2024-01-01 01:00:00|2
2024-01-01 02:00:00|1
2024-01-01 03:00:00|NULL
2024-01-01 04:00:00|1
NULL|1

# of no rows at all, and of groups that HAVING takes away
query
SELECT time_bucket_gapfill('1 day', at, '2024-01-01', '2024-01-03') b, count(*), locf(count(*)) FROM m WHERE false GROUP BY b ORDER BY b
----
2024-01-01 00:00:00|NULL|NULL
2024-01-02 00:00:00|NULL|NULL

query
SELECT dev, time_bucket_gapfill('1 day', at, '2024-01-01', '2024-01-03') b FROM m WHERE false GROUP BY 1, 2
----

query
SELECT time_bucket_gapfill('1 hour', at, '2024-01-01 01:00', '2024-01-01 05:00') b, sum(n), locf(sum(n)) FROM m WHERE dev = 1 GROUP BY b HAVING sum(n) > 5 AND time_bucket_gapfill('1 hour', at, '2024-01-01 01:00', '2024-01-01 05:00') > '2024-01-01' ORDER BY b
----
2024-01-01 01:00:00|NULL|NULL
2024-01-01 02:00:00|NULL|NULL
2024-01-01 03:00:00|NULL|NULL
2024-01-01 04:00:00|9|9

# NULL of a group is a value, unless it is said to be missing
query
SELECT time_bucket_gapfill(2, t, 0, 10) b, locf(max(v)), locf(max(v), treat_null_as_missing => true), interpolate(max(v))
FROM (VALUES (0, 4), (4, NULL), (8, 12)) s(t, v) GROUP BY b ORDER BY b
----
0|4|4|4
2|4|4|NULL
4|NULL|4|NULL
6|NULL|4|NULL
8|12|12|12

# months, days, dates and negative numbers
query
SELECT time_bucket_gapfill('1 month', d) b, count(*) FROM (VALUES (date '2024-01-31'), ('2024-03-01')) s(d) WHERE d >= '2023-12-15' AND d <= '2024-04-01' GROUP BY b ORDER BY b
----
2023-12-01|NULL
2024-01-01|1
2024-02-01|NULL
2024-03-01|1
2024-04-01|NULL

query
SELECT time_bucket_gapfill('12 hours', d, '1969-12-30', '1970-01-02') b FROM (VALUES (date '1969-12-31')) s(d) GROUP BY b ORDER BY b
----
1969-12-30
1969-12-31
1970-01-01

query
SELECT time_bucket_gapfill(5::bigint, t) b, interpolate(sum(v)::int) FROM (VALUES (-9::bigint, 1), (6, -6)) s(t, v) WHERE t > -10 AND t < 11 GROUP BY b ORDER BY b
----
-10|1
-5|-1
0|-3
5|-6
10|NULL

query
SELECT time_bucket_gapfill('1 day', t AT TIME ZONE 'UTC', '2024-01-01', '2024-01-02') b FROM (VALUES (timestamptz '2024-01-01 05:00+00')) s(t) GROUP BY b
----
2024-01-01 00:00:00

# times of less precision, small integers, and times that are stored as something wider
statement
CREATE TABLE p (at timestamptz(0), small smallint, d date)

statement
INSERT INTO p VALUES ('2024-01-01 10:00:00+00', 3, '2024-01-01')

query
SELECT time_bucket_gapfill('1 s', at) b, count(*) FROM p WHERE at > '2024-01-01 09:59:58.6+00' AND at < '2024-01-01 10:00:01.4+00'::timestamptz GROUP BY b ORDER BY b
----
2024-01-01 09:59:58+00|NULL
2024-01-01 09:59:59+00|NULL
2024-01-01 10:00:00+00|1
2024-01-01 10:00:01+00|NULL

query
SELECT time_bucket_gapfill(2::smallint, small) b, count(*) FROM p WHERE small >= 0::smallint AND small < 6::smallint GROUP BY b ORDER BY b
----
0|NULL
2|1
4|NULL

query
SELECT time_bucket_gapfill(2, small) b, count(*) FROM p WHERE small >= 0 AND small < 6 GROUP BY b ORDER BY b
----
0|NULL
2|1
4|NULL

query
SELECT time_bucket_gapfill('1 day', d) b FROM p WHERE d >= '2024-01-01' AND d < timestamp '2024-01-03 12:00' GROUP BY b
----
ERROR 22023: the finish of time_bucket_gapfill is not known at 8

# expressions of them, windows above, other tables' columns that a key determines
query
SELECT extract(hour FROM time_bucket_gapfill('1 hour', at)), round(locf(sum(v)) + 1), sum(coalesce(sum(n), 0)) OVER (ORDER BY time_bucket_gapfill('1 hour', at)), row_number() OVER (ORDER BY locf(sum(v)) DESC)
FROM m WHERE dev = 1 AND at >= '2024-01-01 01:00' AND at < '2024-01-01 05:00' GROUP BY time_bucket_gapfill('1 hour', at) ORDER BY 1
----
1|31|4|2
2|31|4|3
3|31|4|4
4|46|13|1

query
SELECT b FROM (SELECT time_bucket_gapfill('1 hour', at) b, dev FROM m WHERE at >= '2024-01-01 01:00' AND at < '2024-01-01 05:00' GROUP BY 1, 2) g WHERE dev = 2 AND b > '2024-01-01 02:00' ORDER BY b DESC LIMIT 1
----
2024-01-01 04:00:00

# prepared, in a view, correlated, and with a condition that may be NULL
statement
PREPARE g AS SELECT time_bucket_gapfill($1, at) b, locf(sum(n)) FROM m WHERE at >= $2 AND at < $2 + $3::interval GROUP BY b ORDER BY b

query
EXECUTE g('1 hour', '2024-01-01 02:00', '3 hours')
----
2024-01-01 02:00:00|5
2024-01-01 03:00:00|5
2024-01-01 04:00:00|9

query
EXECUTE g('2 hours', '2024-01-01 02:00', '4 hours')
----
2024-01-01 02:00:00|5
2024-01-01 04:00:00|9

query
EXECUTE g('1 hour', NULL, '3 hours')
----
ERROR 22023: start of time_bucket_gapfill cannot be NULL

statement
CREATE VIEW filled AS SELECT dev, time_bucket_gapfill('1 hour', at) b, locf(max(v)) v FROM m WHERE at >= '2024-01-01 02:00' AND at < '2024-01-01 04:00' GROUP BY 1, 2

query
SELECT * FROM filled ORDER BY 1, 2
----
2|2024-01-01 02:00:00|7
2|2024-01-01 03:00:00|7

query
SELECT x, (SELECT count(*) FROM (SELECT time_bucket_gapfill('1 hour', at) b, locf(max(v)) v FROM m WHERE dev = x AND at >= '2024-01-01' AND at < '2024-01-01 06:00' GROUP BY b) q),
 (SELECT sum(l) FROM (SELECT locf(max(v)) l FROM m WHERE dev = x AND at >= '2024-01-01' AND at < '2024-01-01 06:00' GROUP BY time_bucket_gapfill('1 hour', at)) q)
FROM (VALUES (1), (2), (9)) s(x)
----
1|6|150
2|6|28
9|6|NULL

query
SELECT dev, at, n FROM (SELECT m.dev, time_bucket_gapfill('1 hour', m.at) b, p.at, sum(m.n) n FROM m JOIN (VALUES (1, 'left'), (2, 'right')) p(id, at) ON id = dev WHERE m.at >= '2024-01-01 02:00' AND m.at < '2024-01-01 04:00' GROUP BY 1, 2, 3) q ORDER BY b
----
2|right|5
2|right|NULL

# refusals
query
SELECT time_bucket_gapfill('1 hour', at) b FROM m WHERE at >= '2024-01-01' GROUP BY b
----
ERROR 22023: the finish of time_bucket_gapfill is not known at 8

query
SELECT time_bucket_gapfill('1 hour', at) b FROM m WHERE at < '2024-01-01' OR at >= '2024-01-01' GROUP BY b
----
ERROR 22023: the start of time_bucket_gapfill is not known at 8

query
SELECT time_bucket_gapfill('1 hour', at) FROM m
----
ERROR 42803: time_bucket_gapfill must be an expression of GROUP BY, as a whole at 8

query
SELECT locf(sum(v)) FROM m GROUP BY dev
----
ERROR 42803: locf and interpolate need time_bucket_gapfill in GROUP BY at 8

query
SELECT dev FROM m WHERE time_bucket_gapfill('1 hour', at) > '2024-01-01'
----
ERROR 42803: time_bucket_gapfill is only allowed as an expression of GROUP BY at 25

query
SELECT sum(locf(v)) FROM m
----
ERROR 42803: locf is only allowed in the select list and ORDER BY of a query with time_bucket_gapfill in GROUP BY at 12

query
SELECT time_bucket_gapfill('1 hour', at, '2024-01-01', '2024-01-02') FROM m GROUP BY ROLLUP(1)
----
ERROR 0A000: time_bucket_gapfill with GROUPING SETS, ROLLUP or CUBE is not supported at 8

query
SELECT time_bucket_gapfill(dev * interval '1 hour', at, '2024-01-01', '2024-01-02') FROM m GROUP BY 1
----
ERROR 0A000: bucket_width of time_bucket_gapfill must be the same for all rows at 32

query
SELECT time_bucket_gapfill('1 hour', at, '2024-01-01', '2024-01-02'), locf(locf(sum(v))) FROM m GROUP BY 1
----
ERROR 42803: locf and interpolate are not allowed in locf at 71

query
SELECT time_bucket_gapfill('1 hour', at, '2024-01-01', '2024-01-02'), interpolate(max(at::text)) FROM m GROUP BY 1
----
ERROR 42883: function interpolate(text) does not exist at 71

query
SELECT time_bucket_gapfill('1 hour', at, '2024-01-01', '2024-01-02'), locf(sum(v), 3) FROM m GROUP BY 1
----
ERROR 0A000: a value from before the range (prev) in locf is not supported at 84

query
SELECT time_bucket_gapfill('1 hour', at, '2024-01-01', 'infinity') FROM m GROUP BY 1
----
ERROR 22023: start and finish of time_bucket_gapfill cannot be infinite

query
SELECT time_bucket_gapfill('-1 hour', at, '2024-01-01', '2024-01-02') FROM m WHERE false GROUP BY 1
----
ERROR 22008: stride must be greater than zero

# the buckets are made as they are asked for, and a long range ends with its statement
query
SELECT time_bucket_gapfill('1 us', at, '2024-01-01', '2025-01-01') b FROM m GROUP BY b HAVING false LIMIT 2
----
2024-01-01 00:00:00
2024-01-01 00:00:00.000001

statement
SET statement_timeout = '30ms'

query
SELECT count(*) FROM (SELECT time_bucket_gapfill('1 us', at, '2024-01-01', '2025-01-01') b FROM m GROUP BY b) q
----
ERROR 57014: canceling statement due to statement timeout
