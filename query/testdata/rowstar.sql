# Stars within rows and as values, and what else PostgreSQL's own suite asks of the language.

statement
CREATE TABLE rs_a (name text, n int)

statement
CREATE TABLE rs_b (name text, n int)

statement
CREATE TABLE rs_none ()

statement
INSERT INTO rs_none DEFAULT VALUES

statement
INSERT INTO rs_a VALUES ('bb', 11), ('x', 1)

statement
INSERT INTO rs_b VALUES ('bb', 11), ('cc', 22)

query
SELECT (rs_a.*) = (rs_b.*), rs_a.* < rs_b FROM rs_a, rs_b ORDER BY rs_a.n, rs_b.n
----
f|f
f|f
t|f
f|t

query
SELECT rs_a.* IS NOT NULL, (rs_a.*)::text FROM rs_a ORDER BY n
----
t|(x,1)
t|(bb,11)

query
SELECT ROW(rs_a.*, 42), ROW(1, rs_a.*) FROM rs_a ORDER BY n
----
(x,1,42)|(1,x,1)
(bb,11,42)|(1,bb,11)

query
SELECT ROW(rs_a.*) = ROW(rs_b.*), ROW(rs_a.*) IS DISTINCT FROM ROW(rs_b.*) FROM rs_a, rs_b ORDER BY rs_a.n, rs_b.n
----
f|t
f|t
t|f
f|t

query
SELECT ROW(rs_a.*) = ROW(rs_b.*, 1) FROM rs_a, rs_b
----
ERROR 42601: unequal number of entries in row expressions

query
SELECT * FROM rs_a WHERE ROW(rs_a.*) IN (SELECT * FROM rs_b)
----
bb|11

query
SELECT * FROM rs_a WHERE ROW(rs_a.*) IN (('bb', 11))
----
bb|11

query
SELECT * FROM rs_a WHERE ROW(rs_a.*) = (SELECT b.* FROM rs_b b WHERE n = 11)
----
bb|11

query
SELECT v.* FROM rs_a, LATERAL (VALUES (rs_a.*, 1), ('q', 2, 3)) v ORDER BY 1, 2, 3
----
bb|11|1
q|2|3
q|2|3
x|1|1

query
VALUES ((ROW(1, 2)).*)
----
1|2

query
SELECT n.* FROM rs_none, LATERAL (VALUES (rs_none.*)) n

query
SELECT ROW(*) FROM rs_a
----
ERROR 42601: syntax error at or near "*"

query
SELECT ROW(nope.*) FROM rs_a
----
ERROR 42P01: missing FROM-clause entry for table "nope"

query
UPDATE rs_a SET (name, n) = ROW(b.*) FROM rs_b b WHERE b.n = 22 AND rs_a.n = 1 RETURNING rs_a.*
----
cc|22

query
UPDATE rs_a SET (name, n) = (b.*) FROM rs_b b WHERE b.n = rs_a.n
----
ERROR 0A000: source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression

statement
CREATE VIEW rs_v AS SELECT ROW(rs_a.*) r FROM rs_a
----
ERROR 42P16: column "r" has pseudo-type record

statement
CREATE VIEW rs_v AS SELECT v.*, 1 AS same FROM rs_a a, rs_b b, LATERAL (VALUES (a.*)) v WHERE ROW(a.*) = ROW(b.*)

statement
ALTER TABLE rs_a ADD COLUMN z int

statement
ALTER TABLE rs_b RENAME COLUMN n TO m

query
SELECT * FROM rs_v ORDER BY 2
----
bb|11|1
cc|22|1

query
SELECT 1 = ANY (ARRAY[[1, 2], [3, 4]]), 5 = ANY (ARRAY[[1, 2], [3, 4]])
----
t|f

query
SELECT U&'wrong: \061'
----
ERROR 42601: invalid Unicode escape

query
SELECT E'wrong: \u061'
----
ERROR 22025: invalid Unicode escape

query
SELECT U&'wrong: \db99'
----
ERROR 42601: invalid Unicode surrogate pair

query
SELECT regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, -1, 'i')
----
ERROR 22023: invalid value for parameter "n": -1

statement
COMMIT AND CHAIN
----
ERROR 25P01: COMMIT AND CHAIN can only be used in transaction blocks

statement
ROLLBACK AND CHAIN
----
ERROR 25P01: ROLLBACK AND CHAIN can only be used in transaction blocks

statement
CREATE TABLE rs_bad (a int CHECK (sum(a) > 1))
----
ERROR 42803: aggregate functions are not allowed in check constraints

statement
CREATE TABLE rs_bad (a int DEFAULT row_number() OVER ())
----
ERROR 42P20: window functions are not allowed in DEFAULT expressions

statement
CREATE INDEX ON rs_a (sum(n))
----
ERROR 42803: aggregate functions are not allowed in index expressions

query
SELECT * FROM rs_a a JOIN rs_a b USING (n) AS a
----
ERROR 42712: table name "a" specified more than once

query
SELECT interval '4 millenniums 5 centuries', to_char(date '2020-01-01', 'YYYY FX')
----
4500 years|2020 

query
SELECT array_to_json(ARRAY[[1, 2], [3, 4]], true), row_to_json(ROW(1, ARRAY[[1]]), true)
----
[[1,2],
 [3,4]]|{"f1":1,
 "f2":[[1]]}

statement
CREATE TABLE rs_oc (a int, b text, c varchar(5))

statement
CREATE UNIQUE INDEX rs_oc1 ON rs_oc (c varchar_pattern_ops, a int4_ops)

statement
CREATE INDEX ON rs_oc (lower(b) text_pattern_ops DESC)

statement
CREATE INDEX ON rs_oc (a text_ops)
----
ERROR 42804: operator class "text_ops" does not accept data type integer

statement
CREATE INDEX ON rs_oc (a nope_ops)
----
ERROR 42704: operator class "nope_ops" does not exist for access method "btree"

statement
CREATE INDEX rs_oc3 ON rs_oc (lower(b))

query
SELECT indexdef FROM pg_indexes WHERE indexname = 'rs_oc3'
----
CREATE INDEX rs_oc3 ON public.rs_oc USING btree (lower(b))

query
SELECT to_date('0000-00-00', 'YYYY-MM-DD'), to_date('2020-00-05', 'YYYY-MM-DD'), to_date('2020-05-00', 'YYYY-MM-DD'), to_date('2020 000', 'YYYY DDD'), to_date('00', 'MM')
----
0001-01-01 BC|2020-01-05|2020-05-01|2020-01-01|0001-01-01 BC

query
SELECT a.n FROM rs_a a RIGHT JOIN rs_b b ON true WHERE false AND 1 / (a.n - a.n) = 1

query
SELECT count(*) > 0 FROM rs_a a LEFT JOIN rs_b b ON false AND 1 / (b.m - b.m) = 1
----
t

query
SELECT count(*) FROM (SELECT n, count(*) c FROM rs_a GROUP BY n) s WHERE 1 / (n - n) = 1 AND null
----
0

statement
CREATE TYPE rs_mood AS ENUM ('sad', 'happy')

statement
CREATE TABLE rs_moods (m rs_mood)

statement
CREATE INDEX ON rs_moods ((m::text))
----
ERROR 42P17: functions in index expression must be marked IMMUTABLE

statement
CREATE TABLE rs_moods2 (m rs_mood, t text GENERATED ALWAYS AS (m::text) STORED)
----
ERROR 42P17: generation expression is not immutable

