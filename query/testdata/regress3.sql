# Functions behind operators, columns of USING, aggregates of outer queries, what is computed after the order. Expected results are PostgreSQL's.

query
SELECT int4mul(2, 3), booleq(true, false), jsonb_contains('{"a": "b", "b": 1}', '{"a": "b"}'), range_contains(numrange(1, 5), numrange(2, 3)), textcat('a', 'b')
----
6|f|t|t|ab

query
SELECT jsonb_delete('{"a": 1, "b": 2}'::jsonb, 'a'), jsonb_concat('{"a": 1}', '{"b": 2}'), date_mi('2020-01-03', '2020-01-01'), texticlike('ABC', 'a%'), int4um(5), array_eq(ARRAY[1, 2], ARRAY[1, 2])
----
{"b": 2}|{"a": 1, "b": 2}|2|t|-5|t

query
SELECT int4mul('a', 3)
----
ERROR 22P02: invalid input syntax for type integer: "a"

statement
CREATE TABLE t1 (f1 int4, f2 varchar(3))

statement
CREATE TABLE t2 (f1 int8, f2 text)

statement
INSERT INTO t1 VALUES (1, 'a'), (2, 'b')

statement
INSERT INTO t2 VALUES (1, 'a'), (3, 'c')

query
SELECT f1, pg_typeof(f1) FROM t1 JOIN t2 USING (f1)
----
1|bigint

query
SELECT f1, pg_typeof(f1) FROM t1 LEFT JOIN t2 USING (f1) ORDER BY 1
----
1|bigint
2|bigint

query
SELECT f1, pg_typeof(f1) FROM t1 RIGHT JOIN t2 USING (f1) ORDER BY 1
----
1|bigint
3|bigint

query
SELECT f1, pg_typeof(f1) FROM t1 FULL JOIN t2 USING (f1) ORDER BY 1
----
1|bigint
2|bigint
3|bigint

query
SELECT f2, pg_typeof(f2) FROM t1 NATURAL JOIN t2
----
a|character varying

query
SELECT t1.f1 FROM t1 LEFT JOIN t2 USING (f1) GROUP BY f1
----
ERROR 42803: column "t1.f1" must appear in the GROUP BY clause or be used in an aggregate function

query
SELECT max(a) FILTER (WHERE sum(b) > 0) FROM (VALUES (1, 2)) v(a, b)
----
ERROR 42803: aggregate functions are not allowed in FILTER

query
SELECT (SELECT max(min(a)) FROM (VALUES (1)) w(x)) FROM (VALUES (1, 2)) v(a, b)
----
ERROR 42803: aggregate function calls cannot be nested

query
SELECT (SELECT max(a) FILTER (WHERE sum(b) > 0) FROM (VALUES (1)) w(x)) FROM (VALUES (1, 2)) v(a, b)
----
ERROR 42803: aggregate function calls cannot be nested

query
SELECT (SELECT max(x + sum(b)) FROM (VALUES (1)) w(x)) FROM (VALUES (1, 2)) v(a, b)
----
3

query
SELECT rank(3) WITHIN GROUP (ORDER BY x) FROM (VALUES ('fred'), ('jim')) v(x)
----
ERROR 42804: WITHIN GROUP types text and integer cannot be matched

query
SELECT nosuch(DISTINCT a) FROM (VALUES (1)) v(a)
----
ERROR 42883: function nosuch(integer) does not exist

query
SELECT nosuch(3) WITHIN GROUP (ORDER BY x) FROM (VALUES (1)) v(x)
----
ERROR 42883: function nosuch(integer, integer) does not exist

query
SELECT * FROM json_populate_record(NULL::record, '{"x": 776}') AS (x int, y int)
----
776|NULL

query
SELECT * FROM json_populate_recordset(row(0::int), '[{"a": "1", "b": "2"}]') q (a text, b text)
----
ERROR 42804: function return row and query-specified return row do not match

query
SELECT * FROM json_populate_recordset(row(0, 5), '[{"f1": "1"}, {"f2": "3"}]') q (a int, b int)
----
1|5
0|3

query
SELECT * FROM jsonb_populate_record(row(1, 2), '{"f1": 0, "f2": 1}')
----
ERROR 42601: a column definition list is required for functions returning "record"

statement
CREATE SEQUENCE s1

statement
CREATE TABLE t (a int, b text)

statement
INSERT INTO t VALUES (3, 'c'), (1, 'a'), (2, 'b')

query
SELECT nextval('s1') FROM generate_series(1, 100) LIMIT 3
----
1
2
3

query
SELECT nextval('s1'), a FROM t ORDER BY b
----
4|1
5|2
6|3

query
SELECT nextval('s1') + a AS n, b FROM t ORDER BY b DESC LIMIT 2
----
10|c
10|b

query
SELECT nextval('s1') + a AS n, b FROM t ORDER BY n
----
11|a
12|c
13|b

query
SELECT DISTINCT ON (a / 2) a, nextval('s1') FROM t ORDER BY a / 2, a DESC
----
1|12
3|13

query
SELECT nextval('s1'), sum(a), b FROM t GROUP BY b ORDER BY b DESC LIMIT 2
----
14|3|c
15|2|b

query
SELECT n, a FROM (SELECT nextval('s1') n, a FROM t ORDER BY b DESC LIMIT 2) x ORDER BY a
----
17|2
16|3

query
SELECT currval('s1')
----
17

statement
CREATE TABLE articles (id int CONSTRAINT articles_pkey PRIMARY KEY, title text)

statement
CREATE VIEW grouped AS SELECT id, title FROM articles GROUP BY id

statement
ALTER TABLE articles DROP CONSTRAINT articles_pkey
----
ERROR 2BP01: cannot drop constraint articles_pkey on table articles because other objects depend on it

statement
ALTER TABLE articles DROP CONSTRAINT articles_pkey CASCADE

query
SELECT * FROM grouped
----
ERROR 42P01: relation "grouped" does not exist

