# Search paths, DISCARD, dependent columns under grouping sets, seeds of random(), hashes. Expected results are PostgreSQL's.

query
SHOW search_path
----
"$user", public

query
SELECT current_schema, current_schemas(false), current_setting('search_path')
----
public|{public}|"$user", public

statement
SET search_path = nowhere, public, "Nowhere"

query
SELECT current_schema, current_schemas(false), current_schemas(true), current_setting('search_path')
----
public|{public}|{pg_catalog,public}|nowhere, public, "Nowhere"

statement
CREATE TABLE placed (a int PRIMARY KEY, b int, c int, d int)

query
SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'placed'
----
public

statement
SET search_path = nowhere

query
SELECT current_schema, current_schemas(false)
----
NULL|{}

query
CREATE TABLE unplaced (a int)
----
ERROR 3F000: no schema has been selected to create in

query
CREATE TYPE unplaced AS ENUM ('a')
----
ERROR 3F000: no schema has been selected to create in

query
SELECT set_config('search_path', ' "Nowhere",Public ', false), current_schema
----
 "Nowhere",Public |public

query
SELECT set_config('search_path', 'a,,b', false)
----
ERROR 22023: invalid value for parameter "search_path": "a,,b"

statement
RESET search_path

query
SHOW search_path
----
"$user", public

statement
INSERT INTO placed VALUES (1, 2, 3, 4), (2, 2, 3, 5), (3, 3, 3, 6)

query
SELECT a, d, grouping(a, b, c) FROM placed GROUP BY GROUPING SETS ((a, b), (a, c)) ORDER BY 1, 3
----
1|4|1
1|4|2
2|5|1
2|5|2
3|6|1
3|6|2

query
SELECT a, d + 1, count(*) FROM placed GROUP BY ROLLUP (b), a ORDER BY 1, 2
----
1|5|1
1|5|1
2|6|1
2|6|1
3|7|1
3|7|1

query
SELECT a, d FROM placed GROUP BY GROUPING SETS ((a, b), (b))
----
ERROR 42803: column "placed.d" must appear in the GROUP BY clause or be used in an aggregate function

statement
CREATE TEMP TABLE short (a int)

statement
DISCARD TEMP

query
SELECT * FROM short
----
ERROR 42P01: relation "short" does not exist

statement
CREATE TEMP TABLE short (a int)

statement
PREPARE one AS SELECT 1

statement
DISCARD ALL

query
SELECT * FROM short
----
ERROR 42P01: relation "short" does not exist

query
EXECUTE one
----
ERROR 26000: prepared statement "one" does not exist

query
SELECT setseed(0.5)
----
(empty)

query
SELECT random(), random(), random()
----
0.9851677175347999|0.825301858027981|0.12974610012450416

query
SELECT setseed(-0.25)
----
(empty)

query
SELECT random(), random() * 10
----
0.5553213340039351|2.5148985326005135

query
SELECT hashtext('abc'), hashtext(''), hashtext('a longer text of more than twelve'), hashtextextended('abc', 0), hashtextextended('abcdefghijklmnop', 77)
----
-785388649|-1477818771|625929664|-6747756470228489321|-2855780940959502214

query
SELECT hashint4(5), hashint4(-5), hashint8(7), hashint8(-7::int8), hashint2(3::int2), hashint8extended(7, 9), hashoid(17)
----
-1330264708|1412886042|-978793473|-82204417|-28094569|-997973577676408138|-917053276

query
SELECT hashfloat8(1.5), hashfloat8('-0'), hashfloat4(1.5), hashfloat8extended(0, 5), hashfloat8('NaN'), time_hash('10:00'), timestamp_hash('2024-01-01')
----
630860146|0|630860146|5|-1275764840|1380652790|645451447

query
SELECT uuid_hash('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), uuid_hash_extended('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 3), hashbpchar('ab  '), hashname('ab')
----
1154666245|-6826625711743895634|1718550461|1718550461

query
SELECT num_nulls(VARIADIC '{}'::int[]), num_nonnulls(VARIADIC '{}'::int[]), concat(VARIADIC '{}'::text[]), concat_ws('-', VARIADIC '{}'::text[])
----
0|0||

statement
VACUUM (PARALLEL 0, INDEX_CLEANUP off, TRUNCATE off) placed

statement
ANALYZE (SKIP_LOCKED) placed

query
VACUUM (NONSENSE) placed
----
ERROR 42601: unrecognized VACUUM option "nonsense"

query
SHOW max_identifier_length
----
63

query
SHOW is_superuser
----
on

query
SET is_superuser = off
----
ERROR 55P02: parameter "is_superuser" cannot be changed

statement
SET lc_monetary = 'C'

statement
SET idle_session_timeout = 0

query
SELECT to_json('0044-03-15 12:00:00.5+05:30 BC'::timestamptz), to_json('12:00+02'::timetz), to_json('0044-03-15 12:00:00 BC'::timestamp), to_jsonb('0044-03-15 BC'::date)
----
"0044-03-15T06:30:00.5+00:00 BC"|"12:00:00+02"|"0044-03-15T12:00:00 BC"|"0044-03-15 BC"
