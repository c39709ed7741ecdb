# What functions in LANGUAGE sql cannot be here, and how that is said.

statement
CREATE TABLE t (a int, b text)

statement
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'

statement
CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT CASE WHEN $1 > 0 THEN f($1 - 1) ELSE 0 END'
----
ERROR 54001: function f calls itself

statement
CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS 'SELECT f($1)'

statement
CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT g($1)'

query
SELECT f(1)
----
ERROR 54001: function f calls itself

statement
CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1'

query
SELECT g(1)
----
2

statement
CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2'
----
ERROR 0A000: a function whose body is not one SELECT (several statements, INSERT, UPDATE and DELETE) is not supported

statement
CREATE FUNCTION ins() RETURNS void LANGUAGE sql AS 'INSERT INTO t VALUES (1)'
----
ERROR 0A000: a function whose body is not one SELECT (several statements, INSERT, UPDATE and DELETE) is not supported

statement
CREATE FUNCTION poly(anyelement) RETURNS int LANGUAGE sql AS 'SELECT 1'
----
ERROR 0A000: a function of the polymorphic type anyelement is not supported

statement
CREATE FUNCTION trg() RETURNS trigger LANGUAGE sql AS 'SELECT 1'
----
ERROR 0A000: a function for triggers is not supported

statement
CREATE FUNCTION of_row(t) RETURNS int LANGUAGE sql AS 'SELECT 1'
----
ERROR 0A000: a parameter of the row type of table is not supported

statement
CREATE FUNCTION rec() RETURNS record LANGUAGE sql AS 'SELECT 1, 2'
----
ERROR 0A000: a function that returns record without OUT parameters or TABLE (…) is not supported

statement
CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'
----
ERROR 0A000: a function in a temporary schema is not supported

statement
CREATE FUNCTION rows_t() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t'

statement
CREATE TABLE c (a int CHECK (a > rows_t()))
----
ERROR 0A000: cannot use subquery in check constraint

statement
CREATE FUNCTION s() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1 UNION ALL SELECT 2'

query
SELECT * FROM s() WITH ORDINALITY
----
ERROR 0A000: WITH ORDINALITY of a function in language SQL is not supported

query
SELECT * FROM ROWS FROM (s(), generate_series(1, 3))
----
ERROR 0A000: a function in language SQL within ROWS FROM is not supported

# Positions of errors are not those of a body.

query
SELECT f(2147483647)
----
ERROR 22003: integer out of range

# Each body counts: those that double are bounded.

statement
CREATE FUNCTION d1(int) RETURNS int LANGUAGE sql AS 'SELECT f($1) + f($1)'

statement
CREATE FUNCTION d2(int) RETURNS int LANGUAGE sql AS 'SELECT d1($1) + d1($1) + d1($1) + d1($1) + d1($1) + d1($1) + d1($1) + d1($1)'

statement
CREATE FUNCTION d3(int) RETURNS int LANGUAGE sql AS 'SELECT d2($1) + d2($1) + d2($1) + d2($1) + d2($1) + d2($1) + d2($1) + d2($1)'

statement
CREATE FUNCTION d4(int) RETURNS int LANGUAGE sql AS 'SELECT d3($1) + d3($1) + d3($1) + d3($1) + d3($1) + d3($1) + d3($1) + d3($1)'

statement
CREATE FUNCTION d5(int) RETURNS int LANGUAGE sql AS 'SELECT d4($1) + d4($1) + d4($1) + d4($1) + d4($1) + d4($1) + d4($1) + d4($1)'

query
SELECT d3(1)
----
256

query
SELECT d5(1)
----
ERROR 54001: the statement calls more than 2000 functions in language SQL, those within others included

# An index is found through a function.

statement
CREATE TABLE big (id int PRIMARY KEY, v int)

statement
INSERT INTO big SELECT i, i FROM generate_series(1, 1000) i

statement
CREATE FUNCTION v_of(k int) RETURNS int LANGUAGE sql STABLE AS 'SELECT v FROM big WHERE id = k'

query
SELECT v_of(5), v_of(1000), v_of(1001)
----
5|1000|NULL

statement
CREATE FUNCTION plus(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'

statement
CREATE INDEX big_plus ON big (plus(v))

query
SELECT id FROM big WHERE plus(v) = 10
----
9

# Texts that call functions are shown as they are stored.

statement
CREATE VIEW shows AS SELECT plus(v) AS p, d1(d1(v)) FROM big

query
SELECT pg_get_viewdef('shows'::regclass)
----
 SELECT public.plus(big.v) AS p, public.d1(public.d1(big.v)) FROM public.big;

query
SELECT pg_get_indexdef('big_plus'::regclass)
----
CREATE INDEX big_plus ON public.big USING btree ((public.plus(v)))
