# Functions in LANGUAGE sql, which take the place of their calls.

statement
CREATE TABLE t (id int PRIMARY KEY, a int, b text)

statement
INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y'), (3, NULL, 'z')

statement
CREATE FUNCTION add(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b'

query
SELECT add(1, 2), add(a => 3, b => 4), add(b := 1, a := 2), add(NULL, 1)
----
3|7|3|NULL

query
SELECT id, add(id, a) FROM t WHERE add(id, 1) > 2 ORDER BY id
----
2|22
3|NULL

statement
CREATE FUNCTION dbl(int) RETURNS int LANGUAGE sql RETURN $1 * 2

statement
CREATE FUNCTION quad(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT dbl(dbl(x)); END

query
SELECT quad(5), quad(dbl(1)), dbl(a) FROM t ORDER BY id
----
20|8|20
20|8|40
20|8|NULL

statement
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql STABLE AS $$SELECT sum(a) FROM t$$

query
SELECT total(), total() + 1
----
30|31

statement
CREATE FUNCTION name_of(k int) RETURNS text LANGUAGE sql STABLE AS $$SELECT b FROM t WHERE t.id = name_of.k$$

query
SELECT id, name_of(id), name_of(id + 1) FROM t ORDER BY id
----
1|x|y
2|y|z
3|z|NULL

query
SELECT name_of(99) IS NULL
----
t

statement
CREATE FUNCTION hidden(a int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t WHERE a = a'

query
SELECT hidden(1), hidden(100)
----
2|2

statement
CREATE FUNCTION of_arg(a int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t WHERE t.a = of_arg.a'

query
SELECT of_arg(10), of_arg(11)
----
1|0

statement
CREATE FUNCTION first_id() RETURNS int LANGUAGE sql AS 'SELECT id FROM t ORDER BY id DESC'

query
SELECT first_id()
----
3

statement
CREATE FUNCTION or_zero(x int) RETURNS int LANGUAGE sql STRICT AS 'SELECT coalesce(x, 0)'

query
SELECT or_zero(NULL) IS NULL, or_zero(5)
----
t|5

query
SELECT id, or_zero(a) FROM t ORDER BY id
----
1|10
2|20
3|NULL

statement
CREATE FUNCTION or_zero2(x int) RETURNS int LANGUAGE sql CALLED ON NULL INPUT AS 'SELECT coalesce(x, 0)'

query
SELECT or_zero2(NULL)
----
0

statement
CREATE FUNCTION d(a int, b int DEFAULT 10, c text DEFAULT 'c' || 'd') RETURNS text LANGUAGE sql AS $$SELECT a::text || b || c$$

query
SELECT d(1), d(1, 2), d(1, c => 'z'), d(c => 'q', a => 3)
----
110cd|12cd|110z|310q

statement
CREATE FUNCTION v(VARIADIC list int[]) RETURNS int LANGUAGE sql AS 'SELECT list[1] + cardinality(list)'

query
SELECT v(1), v(5, 6, 7), v(VARIADIC ARRAY[9, 9])
----
2|8|11

statement
SELECT v()
----
ERROR 42883: function v() does not exist

statement
CREATE FUNCTION o(int) RETURNS text LANGUAGE sql AS $$SELECT 'int'$$

statement
CREATE FUNCTION o(text) RETURNS text LANGUAGE sql AS $$SELECT 'text'$$

statement
CREATE FUNCTION o(numeric) RETURNS text LANGUAGE sql AS $$SELECT 'numeric'$$

query
SELECT o(1), o('a'), o(1.5), o('a'::varchar), o(1::smallint), o(1::bigint)
----
ERROR 42725: function o(smallint) is not unique

statement
SELECT o(true)
----
ERROR 42883: function o(boolean) does not exist

statement
CREATE FUNCTION amb(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1'

statement
CREATE FUNCTION amb(text, int) RETURNS int LANGUAGE sql AS 'SELECT 2'

statement
SELECT amb(1)
----
ERROR 42883: function amb(integer) does not exist

statement
CREATE FUNCTION ids(least int) RETURNS SETOF int LANGUAGE sql AS 'SELECT id FROM t WHERE id >= least ORDER BY id'
----
ERROR 42601: syntax error at or near "least"

query
SELECT * FROM ids(2)
----
ERROR 42883: function ids(integer) does not exist

query
SELECT x, x + 1 FROM ids(2) AS x ORDER BY x
----
ERROR 42883: function ids(integer) does not exist

query
SELECT ids(2)
----
ERROR 42883: function ids(integer) does not exist

query
SELECT id, ids(id) FROM t ORDER BY 1, 2
----
ERROR 42883: function ids(integer) does not exist

query
SELECT t.id, i FROM t, ids(t.id) i ORDER BY 1, 2
----
ERROR 42883: function ids(integer) does not exist

query
SELECT t.id, i.n FROM t LEFT JOIN LATERAL ids(t.id + 2) i(n) ON true ORDER BY 1, 2
----
ERROR 42883: function ids(integer) does not exist

statement
CREATE FUNCTION tab(n int) RETURNS TABLE (k int, name text) LANGUAGE sql AS 'SELECT id, b FROM t WHERE id <= n ORDER BY id'

query
SELECT * FROM tab(2)
----
1|x
2|y

query
SELECT name, k FROM tab(3) WHERE k > 1
----
y|2
z|3

query
SELECT tab(2)
----
(1,x)
(2,y)

query
SELECT (tab(2)).*
----
1|x
2|y

query
SELECT (tab(2)).name
----
x
y

statement
CREATE FUNCTION rows_of() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t ORDER BY id'

query
SELECT * FROM rows_of()
----
1|10|x
2|20|y
3|NULL|z

query
SELECT id, b FROM rows_of() r WHERE r.a > 10
----
2|y

statement
CREATE FUNCTION row_of(k int) RETURNS t LANGUAGE sql AS 'SELECT * FROM t WHERE id = k'

query
SELECT * FROM row_of(2)
----
2|20|y

query
SELECT * FROM row_of(9)
----
NULL|NULL|NULL

query
SELECT row_of(2)
----
(2,20,y)

query
SELECT (row_of(2)).b, row_of(9) IS NULL
----
y|t

query
SELECT t.id, r.b FROM t, row_of(t.id + 1) r ORDER BY 1
----
1|y
2|z
3|NULL

statement
CREATE FUNCTION outs(a int, OUT s int, OUT p int) LANGUAGE sql AS 'SELECT a + a, a * a'

query
SELECT * FROM outs(3)
----
6|9

query
SELECT outs(3), (outs(4)).p
----
(6,9)|16

query
SELECT id, (outs(id)).* FROM t ORDER BY 1
----
1|2|1
2|4|4
3|6|9

statement
CREATE FUNCTION one_out(OUT r text) LANGUAGE sql AS $$SELECT 'r'$$

query
SELECT one_out(), o.r FROM one_out() o
----
r|r

statement
CREATE FUNCTION both(INOUT x int, INOUT y int DEFAULT 7) LANGUAGE sql AS 'SELECT y, x'
----
ERROR 42601: syntax error at or near "both"

query
SELECT * FROM both(1)
----
ERROR 42601: syntax error at or near "both"

statement
CREATE FUNCTION set_outs(OUT k int, OUT n text) RETURNS SETOF record LANGUAGE sql AS 'SELECT id, b FROM t ORDER BY id'

query
SELECT n, k FROM set_outs()
----
x|1
y|2
z|3

statement
CREATE TYPE pair AS (l int, r text)

statement
CREATE TYPE mood AS ENUM ('sad', 'ok')

statement
CREATE DOMAIN pos AS int CHECK (VALUE > 0)

statement
CREATE FUNCTION mk(int, text) RETURNS pair LANGUAGE sql AS 'SELECT $1, $2'

statement
CREATE FUNCTION mk2(int) RETURNS pair LANGUAGE sql AS $$SELECT ROW($1, 'q')::pair$$

statement
CREATE FUNCTION left_of(p pair) RETURNS int LANGUAGE sql AS 'SELECT p.l'

statement
CREATE FUNCTION right_of(pair) RETURNS text LANGUAGE sql AS 'SELECT ($1).r'

query
SELECT mk(1, 'a'), mk2(3), left_of(mk(5, 'x')), right_of(ROW(1, 'w')::pair), right_of('(2,z)')
----
(1,a)|(3,q)|5|w|z

query
SELECT * FROM mk(1, 'a')
----
1|a

query
SELECT (mk(1, 'a')).r
----
a

statement
CREATE FUNCTION next_mood(m mood) RETURNS mood LANGUAGE sql AS $$SELECT CASE m WHEN 'sad' THEN 'ok'::mood ELSE 'sad' END$$

query
SELECT next_mood('sad'), next_mood('ok'::mood)
----
ok|sad

statement
CREATE FUNCTION need_pos(p pos) RETURNS int LANGUAGE sql AS 'SELECT p + 1'

query
SELECT need_pos(3)
----
4

statement
SELECT need_pos(-3)
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
CREATE FUNCTION give_pos(int) RETURNS pos LANGUAGE sql AS 'SELECT $1'

query
SELECT give_pos(3)
----
3

statement
SELECT give_pos(-3)
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
CREATE FUNCTION conv() RETURNS numeric LANGUAGE sql AS 'SELECT 1'

statement
CREATE FUNCTION conv2() RETURNS text LANGUAGE sql AS $$SELECT 'x'$$

statement
CREATE FUNCTION conv3() RETURNS int LANGUAGE sql AS $$SELECT '42'$$
----
ERROR 42P13: return type mismatch in function declared to return integer

query
SELECT conv(), conv2(), conv3() + 1, pg_typeof(conv()), pg_typeof(outs(1))
----
ERROR 42883: function conv3() does not exist

statement
CREATE SEQUENCE sq

statement
CREATE FUNCTION bump() RETURNS void LANGUAGE sql AS $$SELECT nextval('sq')$$

query
SELECT bump() IS NULL, bump() IS NULL
----
t|t

query
SELECT nextval('sq')
----
3

statement
CREATE FUNCTION nv() RETURNS bigint LANGUAGE sql VOLATILE AS $$SELECT nextval('sq') FROM t LIMIT 1$$

query
SELECT count(DISTINCT nv()) FROM t
----
3

query
SELECT count(DISTINCT x) FROM (SELECT nv() + 0 AS x FROM generate_series(1, 5)) q
----
5

statement
CREATE FUNCTION twice(x bigint) RETURNS boolean LANGUAGE sql AS 'SELECT x = x'

query
SELECT twice(nextval('sq')), twice((random() * 1000000000)::bigint)
----
t|t

query
SELECT nextval('sq') < 20
----
t

statement
CREATE FUNCTION sums(x int) RETURNS bigint LANGUAGE sql AS 'SELECT sum(x) FROM t'

query
SELECT sums(2), sum(dbl(a)), max(sums(id)) FROM t
----
6|60|9

query
SELECT dbl(a), count(*) FROM t GROUP BY dbl(a) ORDER BY 1
----
20|1
40|1
NULL|1

query
SELECT a, add(a, 1) FROM t GROUP BY a HAVING add(a, 1) > 11 ORDER BY a
----
20|21

query
SELECT id, sum(dbl(id)) OVER (ORDER BY id) FROM t ORDER BY id
----
1|2
2|6
3|12

query
SELECT total() FROM t WHERE id = (SELECT min(k) FROM tab(2)) GROUP BY total()
----
30

statement
SELECT add(1, 2) OVER () FROM t
----
ERROR 42809: OVER specified, but add is not a window function nor an aggregate function

statement
SELECT add(DISTINCT 1, 2)
----
ERROR 42809: DISTINCT specified, but add is not an aggregate function

statement
SELECT add(*)
----
ERROR 42883: function add() does not exist

statement
CREATE TABLE w (a int DEFAULT dbl(4), c int CHECK (dbl(c) < 100), g int GENERATED ALWAYS AS (c + 1) STORED)

query
INSERT INTO w (c) VALUES (add(1, 2)), (dbl(4)) RETURNING a, c, g
----
8|3|4
8|8|9

statement
INSERT INTO w (c) VALUES (50)
----
ERROR 23514: new row for relation "w" violates check constraint "w_c_check"

query
UPDATE w SET c = dbl(c) WHERE add(c, 0) = 3 RETURNING c
----
6

query
DELETE FROM w WHERE c = dbl(3) RETURNING c
----
6

statement
CREATE INDEX w_x ON w (add(c, 1))

statement
CREATE TABLE gen (c int, g int GENERATED ALWAYS AS (add(c, c)) STORED)

query
INSERT INTO gen VALUES (4) RETURNING g
----
8

statement
CREATE VIEW vw AS SELECT id, quad(id) AS q, name_of(id) AS n FROM t

query
SELECT * FROM vw ORDER BY id
----
1|4|x
2|8|y
3|12|z

statement
PREPARE p(int) AS SELECT dbl($1)

query
EXECUTE p(4)
----
8

statement
CREATE OR REPLACE FUNCTION dbl(int) RETURNS int LANGUAGE sql RETURN $1 * 200

query
EXECUTE p(4)
----
800

query
SELECT quad(1)
----
40000

statement
BEGIN

statement
CREATE OR REPLACE FUNCTION dbl(int) RETURNS int LANGUAGE sql RETURN $1 * 3

query
SELECT dbl(2)
----
6

statement
ROLLBACK

query
SELECT dbl(2)
----
400

statement
CREATE OR REPLACE FUNCTION dbl(int) RETURNS int LANGUAGE sql RETURN $1 * 2

statement
CREATE SCHEMA s

statement
CREATE FUNCTION s.add(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a - b'

query
SELECT s.add(5, 3), public.add(5, 3), add(5, 3)
----
2|8|8

statement
SET search_path = s, public

query
SELECT add(5, 3)
----
2

statement
RESET search_path

statement
SELECT s.nothing(1)
----
ERROR 42883: function s.nothing(integer) does not exist

statement
SELECT nowhere.f(1)
----
ERROR 3F000: schema "nowhere" does not exist

statement
CREATE FUNCTION upper(int) RETURNS text LANGUAGE sql AS $$SELECT 'mine'$$

statement
CREATE FUNCTION lower(text) RETURNS text LANGUAGE sql AS $$SELECT 'mine'$$

query
SELECT upper('a'), upper(1), lower('A'), public.lower('A')
----
A|mine|a|mine

statement
CREATE FUNCTION add(x int, y int) RETURNS int LANGUAGE sql AS 'SELECT 1'
----
ERROR 42723: function "add" already exists with same argument types

statement
CREATE OR REPLACE FUNCTION add(a int, b int) RETURNS text LANGUAGE sql AS $$SELECT 'x'$$
----
ERROR 42P13: cannot change return type of existing function

statement
CREATE OR REPLACE FUNCTION add(x int, y int) RETURNS int LANGUAGE sql AS 'SELECT 1'
----
ERROR 42P13: cannot change name of input parameter "a"

statement
CREATE OR REPLACE FUNCTION d(a int, b int, c text) RETURNS text LANGUAGE sql AS $$SELECT 'x'$$
----
ERROR 42P13: cannot remove parameter defaults from existing function

statement
CREATE FUNCTION e1() RETURNS int LANGUAGE sql AS $$SELECT 'a'::text$$
----
ERROR 42P13: return type mismatch in function declared to return integer

statement
CREATE FUNCTION e1() RETURNS int LANGUAGE sql AS $$SELECT 1, 2$$
----
ERROR 42P13: return type mismatch in function declared to return integer

statement
CREATE FUNCTION e1() RETURNS pair LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42P13: return type mismatch in function declared to return pair

statement
CREATE FUNCTION e1() RETURNS pair LANGUAGE sql AS $$SELECT 1, 'a', 3$$
----
ERROR 42P13: return type mismatch in function declared to return pair

statement
CREATE FUNCTION e1() RETURNS int LANGUAGE sql AS $$SELECT nothing FROM t$$
----
ERROR 42703: column "nothing" does not exist

statement
CREATE FUNCTION e1() RETURNS int LANGUAGE sql AS $$SELECT 1 FROM nowhere$$
----
ERROR 42P01: relation "nowhere" does not exist

statement
CREATE FUNCTION e1() RETURNS int LANGUAGE sql AS $$SELECT $1$$
----
ERROR 42P02: there is no parameter $1

statement
CREATE FUNCTION e1() RETURNS int LANGUAGE sql AS $$SELEC 1$$
----
ERROR 42601: syntax error at or near "SELEC"

statement
CREATE FUNCTION e1() RETURNS int LANGUAGE sql AS $$$$
----
ERROR 42P13: return type mismatch in function declared to return integer

statement
CREATE FUNCTION e1() RETURNS nothing LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42704: type "nothing" does not exist

statement
CREATE FUNCTION e1(nothing) RETURNS int LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42704: type nothing does not exist

statement
CREATE FUNCTION e1() LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42P13: function result type must be specified

statement
CREATE FUNCTION e1() RETURNS int LANGUAGE sql
----
ERROR 42P13: no function body specified

statement
CREATE FUNCTION e1(a int, a int) RETURNS int LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42P13: parameter name "a" used more than once

statement
CREATE FUNCTION e1(a int DEFAULT 1, b int) RETURNS int LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42P13: input parameters after one with a default value must also have defaults

statement
CREATE FUNCTION e1(VARIADIC a int[], b int) RETURNS int LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42P13: VARIADIC parameter must be the last input parameter

statement
CREATE FUNCTION e1(VARIADIC a int) RETURNS int LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42P13: VARIADIC parameter must be an array

statement
CREATE FUNCTION e1(OUT a int DEFAULT 1) LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42P13: only input parameters can have default values

statement
CREATE FUNCTION e1(OUT a int) RETURNS text LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42P13: function result type must be integer because of OUT parameters

statement
CREATE FUNCTION e1(a int DEFAULT b) RETURNS int LANGUAGE sql AS $$SELECT 1$$
----
ERROR 42703: column "b" does not exist

statement
CREATE FUNCTION nowhere.e1() RETURNS int LANGUAGE sql AS $$SELECT 1$$
----
ERROR 3F000: schema "nowhere" does not exist

statement
CREATE FUNCTION e1() RETURNS int LANGUAGE sql ROWS 5 AS $$SELECT 1$$
----
ERROR 22023: ROWS is not applicable when function does not return a set

statement
SET check_function_bodies = off

statement
CREATE FUNCTION later() RETURNS int LANGUAGE sql AS $$SELECT x FROM made_later$$

statement
RESET check_function_bodies

statement
CREATE TABLE made_later AS SELECT 5 AS x

query
SELECT later()
----
5

statement
DROP FUNCTION dbl(int)
----
ERROR 2BP01: cannot drop function dbl(integer) because other objects depend on it

statement
DROP FUNCTION name_of
----
ERROR 2BP01: cannot drop function name_of(integer) because other objects depend on it

statement
DROP FUNCTION o
----
ERROR 42725: function name "o" is not unique

statement
DROP FUNCTION o(boolean)
----
ERROR 42883: function o(boolean) does not exist

statement
DROP FUNCTION nothing
----
ERROR 42883: could not find a function named "nothing"

statement
DROP FUNCTION IF EXISTS nothing, nothing(int)

statement
DROP FUNCTION o(int), o(text), o(numeric)

statement
DROP FUNCTION add(int, int)
----
ERROR 2BP01: cannot drop function add(integer,integer) because other objects depend on it

statement
DROP TYPE pair
----
ERROR 2BP01: cannot drop type pair because other objects depend on it

statement
DROP TYPE mood
----
ERROR 2BP01: cannot drop type mood because other objects depend on it

statement
DROP TYPE mood CASCADE

statement
SELECT next_mood('sad')
----
ERROR 42883: function next_mood(unknown) does not exist

statement
DROP SCHEMA s
----
ERROR 2BP01: cannot drop schema s because other objects depend on it

statement
DROP SCHEMA s CASCADE

statement
CREATE FUNCTION atom() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT b FROM t ORDER BY id; END

statement
ALTER TABLE t RENAME COLUMN b TO bb

query
SELECT * FROM atom()
----
x
y
z

statement
ALTER TABLE t RENAME TO tt

query
SELECT * FROM atom()
----
x
y
z

statement
ALTER TABLE tt DROP COLUMN bb
----
ERROR 2BP01: cannot drop column bb of table tt because other objects depend on it

statement
DROP TABLE tt
----
ERROR 2BP01: cannot drop table tt because other objects depend on it

statement
ALTER TABLE tt RENAME TO t

statement
ALTER TABLE t RENAME COLUMN bb TO b

statement
ALTER FUNCTION dbl(int) RENAME TO doubled

query
SELECT quad(2), doubled(1)
----
8|2

query
INSERT INTO w (c) VALUES (1) RETURNING a
----
8

statement
CREATE SCHEMA s2

statement
ALTER FUNCTION doubled SET SCHEMA s2

query
SELECT quad(2), s2.doubled(1)
----
8|2

statement
ALTER FUNCTION quad(int) IMMUTABLE STRICT COST 5

query
SELECT provolatile, proisstrict, procost, prosrc FROM pg_proc WHERE proname = 'quad'
----
i|t|5|

statement
ALTER FUNCTION conv2 RENAME TO conv
----
ERROR 42723: function conv() already exists in schema "public"

query rowsort
SELECT p.oid::regprocedure, pg_get_function_arguments(p.oid), pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public' AND proname NOT IN ('lower', 'd', 'need_pos')
----
add(integer,integer)|a integer, b integer|a integer, b integer|integer
amb(integer,text)|integer, text|integer, text|integer
amb(text,integer)|text, integer|text, integer|integer
atom()|||SETOF text
bump()|||void
conv()|||numeric
conv2()|||text
first_id()|||integer
give_pos(integer)|integer|integer|pos
hidden(integer)|a integer|a integer|bigint
later()|||integer
left_of(pair)|p pair|p pair|integer
mk(integer,text)|integer, text|integer, text|pair
mk2(integer)|integer|integer|pair
name_of(integer)|k integer|k integer|text
nv()|||bigint
of_arg(integer)|a integer|a integer|bigint
one_out()|OUT r text|OUT r text|text
or_zero(integer)|x integer|x integer|integer
or_zero2(integer)|x integer|x integer|integer
outs(integer)|a integer, OUT s integer, OUT p integer|a integer, OUT s integer, OUT p integer|record
quad(integer)|x integer|x integer|integer
right_of(pair)|pair|pair|text
row_of(integer)|k integer|k integer|t
rows_of()|||SETOF t
set_outs()|OUT k integer, OUT n text|OUT k integer, OUT n text|SETOF record
sums(integer)|x integer|x integer|bigint
tab(integer)|n integer|n integer|TABLE(k integer, name text)
total()|||bigint
twice(bigint)|x bigint|x bigint|boolean
upper(integer)|integer|integer|text
v(integer[])|VARIADIC list integer[]|VARIADIC list integer[]|integer

query rowsort
SELECT proname, prorows, provariadic, prokind, proleakproof, proisstrict, proretset, provolatile, proparallel, pronargs, pronargdefaults, proargmodes, proargnames FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace JOIN pg_language l ON l.oid = prolang WHERE nspname = 'public' AND lanname = 'sql'
----
add|0|0|f|f|f|f|i|u|2|0|NULL|{a,b}
amb|0|0|f|f|f|f|v|u|2|0|NULL|NULL
amb|0|0|f|f|f|f|v|u|2|0|NULL|NULL
atom|1000|0|f|f|f|t|v|u|0|0|NULL|NULL
bump|0|0|f|f|f|f|v|u|0|0|NULL|NULL
conv2|0|0|f|f|f|f|v|u|0|0|NULL|NULL
conv|0|0|f|f|f|f|v|u|0|0|NULL|NULL
d|0|0|f|f|f|f|v|u|3|2|NULL|{a,b,c}
first_id|0|0|f|f|f|f|v|u|0|0|NULL|NULL
give_pos|0|0|f|f|f|f|v|u|1|0|NULL|NULL
hidden|0|0|f|f|f|f|v|u|1|0|NULL|{a}
later|0|0|f|f|f|f|v|u|0|0|NULL|NULL
left_of|0|0|f|f|f|f|v|u|1|0|NULL|{p}
lower|0|0|f|f|f|f|v|u|1|0|NULL|NULL
mk2|0|0|f|f|f|f|v|u|1|0|NULL|NULL
mk|0|0|f|f|f|f|v|u|2|0|NULL|NULL
name_of|0|0|f|f|f|f|s|u|1|0|NULL|{k}
need_pos|0|0|f|f|f|f|v|u|1|0|NULL|{p}
nv|0|0|f|f|f|f|v|u|0|0|NULL|NULL
of_arg|0|0|f|f|f|f|v|u|1|0|NULL|{a}
one_out|0|0|f|f|f|f|v|u|0|0|{o}|{r}
or_zero2|0|0|f|f|f|f|v|u|1|0|NULL|{x}
or_zero|0|0|f|f|t|f|v|u|1|0|NULL|{x}
outs|0|0|f|f|f|f|v|u|1|0|{i,o,o}|{a,s,p}
quad|0|0|f|f|t|f|i|u|1|0|NULL|{x}
right_of|0|0|f|f|f|f|v|u|1|0|NULL|NULL
row_of|0|0|f|f|f|f|v|u|1|0|NULL|{k}
rows_of|1000|0|f|f|f|t|v|u|0|0|NULL|NULL
set_outs|1000|0|f|f|f|t|v|u|0|0|{o,o}|{k,n}
sums|0|0|f|f|f|f|v|u|1|0|NULL|{x}
tab|1000|0|f|f|f|t|v|u|1|0|{i,t,t}|{n,k,name}
total|0|0|f|f|f|f|s|u|0|0|NULL|NULL
twice|0|0|f|f|f|f|v|u|1|0|NULL|{x}
upper|0|0|f|f|f|f|v|u|1|0|NULL|NULL
v|0|23|f|f|f|f|v|u|1|0|{v}|{list}

query rowsort
SELECT routine_name, routine_type, data_type, type_udt_schema, type_udt_name, routine_body, external_language, is_deterministic, is_null_call, security_type FROM information_schema.routines WHERE routine_schema = 'public'
----
add|FUNCTION|integer|pg_catalog|int4|SQL|SQL|YES|NO|INVOKER
amb|FUNCTION|integer|pg_catalog|int4|SQL|SQL|NO|NO|INVOKER
amb|FUNCTION|integer|pg_catalog|int4|SQL|SQL|NO|NO|INVOKER
atom|FUNCTION|text|pg_catalog|text|SQL|SQL|NO|NO|INVOKER
bump|FUNCTION|void|pg_catalog|void|SQL|SQL|NO|NO|INVOKER
conv2|FUNCTION|text|pg_catalog|text|SQL|SQL|NO|NO|INVOKER
conv|FUNCTION|numeric|pg_catalog|numeric|SQL|SQL|NO|NO|INVOKER
d|FUNCTION|text|pg_catalog|text|SQL|SQL|NO|NO|INVOKER
first_id|FUNCTION|integer|pg_catalog|int4|SQL|SQL|NO|NO|INVOKER
give_pos|FUNCTION|USER-DEFINED|public|pos|SQL|SQL|NO|NO|INVOKER
hidden|FUNCTION|bigint|pg_catalog|int8|SQL|SQL|NO|NO|INVOKER
later|FUNCTION|integer|pg_catalog|int4|SQL|SQL|NO|NO|INVOKER
left_of|FUNCTION|integer|pg_catalog|int4|SQL|SQL|NO|NO|INVOKER
lower|FUNCTION|text|pg_catalog|text|SQL|SQL|NO|NO|INVOKER
mk2|FUNCTION|USER-DEFINED|public|pair|SQL|SQL|NO|NO|INVOKER
mk|FUNCTION|USER-DEFINED|public|pair|SQL|SQL|NO|NO|INVOKER
name_of|FUNCTION|text|pg_catalog|text|SQL|SQL|NO|NO|INVOKER
need_pos|FUNCTION|integer|pg_catalog|int4|SQL|SQL|NO|NO|INVOKER
nv|FUNCTION|bigint|pg_catalog|int8|SQL|SQL|NO|NO|INVOKER
of_arg|FUNCTION|bigint|pg_catalog|int8|SQL|SQL|NO|NO|INVOKER
one_out|FUNCTION|text|pg_catalog|text|SQL|SQL|NO|NO|INVOKER
or_zero2|FUNCTION|integer|pg_catalog|int4|SQL|SQL|NO|NO|INVOKER
or_zero|FUNCTION|integer|pg_catalog|int4|SQL|SQL|NO|YES|INVOKER
outs|FUNCTION|record|pg_catalog|record|SQL|SQL|NO|NO|INVOKER
quad|FUNCTION|integer|pg_catalog|int4|SQL|SQL|YES|YES|INVOKER
right_of|FUNCTION|text|pg_catalog|text|SQL|SQL|NO|NO|INVOKER
row_of|FUNCTION|USER-DEFINED|public|t|SQL|SQL|NO|NO|INVOKER
rows_of|FUNCTION|USER-DEFINED|public|t|SQL|SQL|NO|NO|INVOKER
set_outs|FUNCTION|record|pg_catalog|record|SQL|SQL|NO|NO|INVOKER
sums|FUNCTION|bigint|pg_catalog|int8|SQL|SQL|NO|NO|INVOKER
tab|FUNCTION|record|pg_catalog|record|SQL|SQL|NO|NO|INVOKER
total|FUNCTION|bigint|pg_catalog|int8|SQL|SQL|NO|NO|INVOKER
twice|FUNCTION|boolean|pg_catalog|bool|SQL|SQL|NO|NO|INVOKER
upper|FUNCTION|text|pg_catalog|text|SQL|SQL|NO|NO|INVOKER
v|FUNCTION|integer|pg_catalog|int4|SQL|SQL|NO|NO|INVOKER

query rowsort
SELECT ordinal_position, parameter_mode, parameter_name, data_type, udt_schema, udt_name FROM information_schema.parameters WHERE specific_schema = 'public'
----
1|IN|NULL|USER-DEFINED|public|pair
1|IN|NULL|integer|pg_catalog|int4
1|IN|NULL|integer|pg_catalog|int4
1|IN|NULL|integer|pg_catalog|int4
1|IN|NULL|integer|pg_catalog|int4
1|IN|NULL|integer|pg_catalog|int4
1|IN|NULL|text|pg_catalog|text
1|IN|NULL|text|pg_catalog|text
1|IN|a|integer|pg_catalog|int4
1|IN|a|integer|pg_catalog|int4
1|IN|a|integer|pg_catalog|int4
1|IN|a|integer|pg_catalog|int4
1|IN|a|integer|pg_catalog|int4
1|IN|k|integer|pg_catalog|int4
1|IN|k|integer|pg_catalog|int4
1|IN|list|ARRAY|pg_catalog|_int4
1|IN|n|integer|pg_catalog|int4
1|IN|p|USER-DEFINED|public|pair
1|IN|p|USER-DEFINED|public|pos
1|IN|x|bigint|pg_catalog|int8
1|IN|x|integer|pg_catalog|int4
1|IN|x|integer|pg_catalog|int4
1|IN|x|integer|pg_catalog|int4
1|IN|x|integer|pg_catalog|int4
1|OUT|k|integer|pg_catalog|int4
1|OUT|r|text|pg_catalog|text
2|IN|NULL|integer|pg_catalog|int4
2|IN|NULL|text|pg_catalog|text
2|IN|NULL|text|pg_catalog|text
2|IN|b|integer|pg_catalog|int4
2|IN|b|integer|pg_catalog|int4
2|OUT|k|integer|pg_catalog|int4
2|OUT|n|text|pg_catalog|text
2|OUT|s|integer|pg_catalog|int4
3|IN|c|text|pg_catalog|text
3|OUT|name|text|pg_catalog|text
3|OUT|p|integer|pg_catalog|int4

query
SELECT replace(pg_get_functiondef('total'::regproc), chr(10), '/')
----
CREATE OR REPLACE FUNCTION public.total()/ RETURNS bigint/ LANGUAGE sql/ STABLE/AS $function$SELECT sum(a) FROM t$function$/

query
SELECT replace(pg_get_functiondef('or_zero(int)'::regprocedure), chr(10), '/')
----
CREATE OR REPLACE FUNCTION public.or_zero(x integer)/ RETURNS integer/ LANGUAGE sql/ STRICT/AS $function$SELECT coalesce(x, 0)$function$/

query
SELECT 'total'::regproc, 'mk(int,text)'::regprocedure, 'left_of(pair)'::regprocedure::text, 's2.doubled'::regproc, 'add(int, integer)'::regprocedure
----
total|mk(integer,text)|left_of(pair)|s2.doubled|add(integer,integer)

statement
SELECT 'upper(text, text)'::regprocedure
----
ERROR 42883: function "upper(text, text)" does not exist

statement
SELECT 'nothing'::regproc
----
ERROR 42883: function "nothing" does not exist

statement
COMMENT ON FUNCTION total() IS 'the sum'

query
SELECT obj_description('total'::regproc, 'pg_proc')
----
the sum

statement
DROP FUNCTION s2.doubled CASCADE

statement
SELECT quad(1)
----
ERROR 42883: function quad(integer) does not exist

statement
SELECT * FROM vw
----
ERROR 42P01: relation "vw" does not exist

query
INSERT INTO w (c) VALUES (99) RETURNING a, c
----
NULL|99

statement
DROP TABLE t CASCADE

statement
SELECT * FROM atom()
----
ERROR 42883: function atom() does not exist

statement
SELECT row_of(1)
----
ERROR 42883: function row_of(integer) does not exist

