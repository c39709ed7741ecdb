# Queries of WITH that change with the row, sequences row by row, order of checks, bytea_output, roles. Expected results are PostgreSQL's.

statement
CREATE TABLE f (f1 int)

statement
INSERT INTO f VALUES (5), (6), (7)

query
SELECT (WITH cte(foo) AS (VALUES (f1)) SELECT (SELECT foo FROM cte)) FROM f
----
5
6
7

query
SELECT (WITH cte(foo) AS (SELECT f1 + 1) SELECT (SELECT sum(foo) FROM cte) + (SELECT max(foo) FROM cte)) FROM f
----
12
14
16

query
SELECT f1, x.* FROM f, LATERAL (WITH c AS (SELECT g FROM generate_series(1, f1) g) SELECT count(*) n, (SELECT max(g) FROM c) FROM c a, c b) x ORDER BY 1
----
5|25|5
6|36|6
7|49|7

query
SELECT f1, (WITH RECURSIVE c(n) AS (SELECT f1 UNION ALL SELECT n + 1 FROM c WHERE n < f1 + 3) SELECT (SELECT count(*) FROM c) + (SELECT max(n) FROM c)) FROM f
----
5|12
6|13
7|14

query
SELECT f1, (WITH a AS (SELECT f1 x), b AS (SELECT x + 1 y FROM a) SELECT (SELECT sum(y) FROM b) + (SELECT max(y) FROM b) + (SELECT x FROM a)) FROM f
----
5|17
6|20
7|23

query
SELECT f1, (WITH a AS (SELECT f1 x UNION ALL SELECT 1) SELECT bool_or(EXISTS (SELECT 1 FROM a WHERE x = g.f1)) FROM f g) FROM f
----
5|t
6|t
7|t

query
WITH RECURSIVE x(id) AS (SELECT * FROM y UNION ALL SELECT id + 1 FROM x WHERE id < 5), y(id) AS (VALUES (1)) SELECT * FROM x
----
1
2
3
4
5

query
WITH RECURSIVE x(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM y WHERE id < 5), y(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM x WHERE id < 5) SELECT * FROM x
----
ERROR 0A000: mutual recursion between WITH items is not implemented

query
WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x FOR UPDATE) SELECT * FROM x
----
ERROR 0A000: FOR UPDATE/SHARE in a recursive query is not implemented

query
WITH RECURSIVE foo(i) AS (SELECT i::numeric(3,0) FROM (VALUES (1), (2)) t(i) UNION ALL SELECT (i + 1)::numeric(10,0) FROM foo WHERE i < 10) SELECT * FROM foo
----
ERROR 42804: recursive query "foo" column 1 has type numeric(3,0) in non-recursive term but type numeric overall

statement
CREATE SEQUENCE s

query
SELECT nextval('s'), currval('s') FROM generate_series(1, 3)
----
1|1
2|2
3|3

query
SELECT nextval('s') + nextval('s'), lastval() FROM generate_series(1, 3)
----
9|5
13|7
17|9

query
SELECT g, nextval('s'), currval('s') FROM generate_series(1, 3) g ORDER BY g DESC
----
3|10|10
2|11|11
1|12|12

statement
CREATE TABLE d (a int DEFAULT nextval('s'), b int DEFAULT -currval('s'), c text)

statement
INSERT INTO d (c) VALUES ('x'), ('y'), ('z')

statement
INSERT INTO d (c) SELECT c FROM d

query
SELECT * FROM d ORDER BY a
----
13|-13|x
14|-14|y
15|-15|z
16|-16|x
17|-17|y
18|-18|z

statement
CREATE TABLE chk (a int, CONSTRAINT zz CHECK (a > 0), CONSTRAINT aa CHECK (a > -5), CHECK (a > 1))

statement
INSERT INTO chk VALUES (-9)
----
ERROR 23514: new row for relation "chk" violates check constraint "aa"

statement
INSERT INTO chk VALUES (-3)
----
ERROR 23514: new row for relation "chk" violates check constraint "chk_a_check"

query
SELECT array_agg(NULL::int[]) FROM generate_series(1, 2)
----
ERROR 22004: cannot accumulate null arrays

statement
SET bytea_output = escape

query
SELECT '\x00410a5cff7e7f'::bytea, '\x00410a5cff7e7f'::bytea::text, ARRAY['\x00410a5cff'::bytea], to_json('\x00415c'::bytea)
----
\000A\012\\\377~\177|\000A\012\\\377~\177|{"\\000A\\012\\\\\\377"}|"\\000A\\\\"

statement
SET bytea_output = 'foo'
----
ERROR 22023: invalid value for parameter "bytea_output": "foo"

statement
RESET bytea_output

query
SELECT '\x00410a5cff7e7f'::bytea
----
\x00410a5cff7e7f

statement
SET ROLE NONE

statement
SET SESSION AUTHORIZATION DEFAULT

statement
RESET SESSION AUTHORIZATION

statement
SET ROLE nobody
----
ERROR 22023: role "nobody" does not exist

