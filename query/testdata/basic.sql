# The language of everyday statements. Expected results are PostgreSQL's.

statement
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric(10,2) NOT NULL DEFAULT 1.5, UNIQUE (a))

statement
INSERT INTO t VALUES (1, 10, 'one', 1), (2, 20, 'two', 2.255), (3, NULL, NULL, 3)

query
INSERT INTO t (id, b) VALUES (4, 'four'), (5, DEFAULT) RETURNING id, c, b || '!' AS loud
----
4|1.50|four!
5|1.50|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one|1.00
2|20|two|2.26
3|NULL|NULL|3.00
4|NULL|four|1.50
5|NULL|NULL|1.50

query
SELECT id, a + 1, b FROM t WHERE a > 5 AND b LIKE 't%'
----
2|21|two

query
SELECT count(*), count(a), sum(a), avg(a), min(b), max(c) FROM t
----
5|2|30|15.0000000000000000|four|3.00

query rowsort
SELECT a IS NULL, count(*) FROM t GROUP BY 1
----
f|2
t|3

query
SELECT id FROM t WHERE id IN (1, 3, 7) OR id BETWEEN 4 AND 4 ORDER BY 1 DESC
----
4
3
1

query
SELECT CASE WHEN a IS NULL THEN 'none' WHEN a > 15 THEN 'big' ELSE 'small' END FROM t ORDER BY id
----
small
big
none
none
none

query
SELECT coalesce(b, 'x'), nullif(id, 2), greatest(id, 3), least(a, 15) FROM t ORDER BY id
----
one|1|3|10
two|NULL|3|15
x|3|3|15
four|4|4|15
x|5|5|15

query
SELECT CAST('12' AS int) + 1, 7 / 2, 7 % 3, -7 / 2, 7.0 / 2, 2 ^ 10, '5'::numeric(4,1)
----
13|3|1|-3|3.5000000000000000|1024|5.0

query
UPDATE t SET a = a + 1, b = upper(b) WHERE id <= 2 RETURNING id, a, b
----
1|11|ONE
2|21|TWO

query
DELETE FROM t WHERE id = 5 RETURNING *
----
5|NULL|NULL|1.50

statement
INSERT INTO t VALUES (1, 1, 'dup')
----
ERROR 23505: duplicate key value violates unique constraint "t_pkey"

statement
INSERT INTO t VALUES (9, 11, 'dup')
----
ERROR 23505: duplicate key value violates unique constraint "t_a_key"

statement
INSERT INTO t (id, c) VALUES (9, NULL)
----
ERROR 23502: null value in column "c" of relation "t" violates not-null constraint

statement
INSERT INTO t VALUES (9, 'x', 'y')
----
ERROR 22P02: invalid input syntax for type integer: "x"

statement
SELECT nope FROM t
----
ERROR 42703: column "nope" does not exist

statement
SELECT ida FROM t
----
ERROR 42703: column "ida" does not exist

statement
SELECT t.nope FROM t
----
ERROR 42703: column t.nope does not exist

statement
SELECT * FROM missing
----
ERROR 42P01: relation "missing" does not exist

statement
SELECT x.id FROM t
----
ERROR 42P01: missing FROM-clause entry for table "x"

statement
SELECT id FROM t GROUP BY a
----
ERROR 42803: column "t.id" must appear in the GROUP BY clause or be used in an aggregate function

statement
SELECT count(*) FROM t WHERE count(*) > 1
----
ERROR 42803: aggregate functions are not allowed in WHERE

statement
SELECT sum(count(*)) FROM t
----
ERROR 42803: aggregate function calls cannot be nested

statement
SELECT id FROM t HAVING count(*) > 1
----
ERROR 42803: column "t.id" must appear in the GROUP BY clause or be used in an aggregate function

statement
SELECT 1 + 'x'
----
ERROR 22P02: invalid input syntax for type integer: "x"

statement
SELECT 1 + true
----
ERROR 42883: operator does not exist: integer + boolean

statement
SELECT lower(1, 2)
----
ERROR 42883: function lower(integer, integer) does not exist

statement
SELECT * FROM t LIMIT -1
----
ERROR 2201W: LIMIT must not be negative

statement
SELECT 1 / 0
----
ERROR 22012: division by zero

statement
SELECT id FROM t ORDER BY 2
----
ERROR 42P10: ORDER BY position 2 is not in select list

statement
SELECT DISTINCT a FROM t ORDER BY b
----
ERROR 42P10: for SELECT DISTINCT, ORDER BY expressions must appear in select list

statement
INSERT INTO t (id, nope) VALUES (1, 2)
----
ERROR 42703: column "nope" of relation "t" does not exist

statement
INSERT INTO t (id, id) VALUES (1, 2)
----
ERROR 42701: column "id" specified more than once

statement
INSERT INTO t (id) VALUES (1, 2)
----
ERROR 42601: INSERT has more expressions than target columns

statement
CREATE TABLE t (x int)
----
ERROR 42P07: relation "t" already exists

statement
DROP TABLE nope
----
ERROR 42P01: table "nope" does not exist

statement
SELECT a FROM t WHERE a
----
ERROR 42804: argument of WHERE must be type boolean, not type integer

statement
SELECT (SELECT id FROM t)
----
ERROR 21000: more than one row returned by a subquery used as an expression

query
SELECT id, b FROM t GROUP BY id ORDER BY id
----
1|ONE
2|TWO
3|NULL
4|four

statement
CREATE TABLE u (uid serial PRIMARY KEY, tid int NOT NULL, note varchar(5))

statement
INSERT INTO u (tid, note) VALUES (1, 'p'), (1, 'q'), (2, 'r'), (9, NULL)

query
SELECT * FROM u ORDER BY uid
----
1|1|p
2|1|q
3|2|r
4|9|NULL

statement
INSERT INTO u (tid, note) VALUES (1, 'toolong')
----
ERROR 22001: value too long for type character varying(5)

query
SELECT t.id, u.note FROM t JOIN u ON u.tid = t.id ORDER BY 1, 2
----
1|p
1|q
2|r

query
SELECT t.id, u.note FROM t LEFT JOIN u ON u.tid = t.id ORDER BY 1, 2
----
1|p
1|q
2|r
3|NULL
4|NULL

query
SELECT t.id, u.uid FROM t RIGHT JOIN u ON u.tid = t.id ORDER BY 2
----
1|1
1|2
2|3
NULL|4

query
SELECT t.id, u.uid FROM t FULL JOIN u ON u.tid = t.id ORDER BY 1, 2
----
1|1
1|2
2|3
3|NULL
4|NULL
NULL|4

query
SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.tid = t.id) ORDER BY 1
----
1
2

query
SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.tid = t.id) ORDER BY 1
----
3
4

query
SELECT id FROM t WHERE id IN (SELECT tid FROM u) ORDER BY 1
----
1
2

query
SELECT id FROM t WHERE id NOT IN (SELECT tid FROM u) ORDER BY 1
----
3
4

query
SELECT id FROM t WHERE a NOT IN (SELECT a FROM t t2 WHERE t2.id > 2) ORDER BY 1

query
SELECT id, (SELECT count(*) FROM u WHERE u.tid = t.id), (SELECT max(note) FROM u WHERE u.tid = t.id) FROM t ORDER BY id
----
1|2|q
2|1|r
3|0|NULL
4|0|NULL

query
SELECT id, (SELECT note FROM u WHERE u.tid = t.id ORDER BY uid LIMIT 1) FROM t ORDER BY id
----
1|p
2|r
3|NULL
4|NULL

query
SELECT x.tid, x.n FROM (SELECT tid, count(*) AS n FROM u GROUP BY tid) x WHERE x.n > 1
----
1|2

query
SELECT DISTINCT tid FROM u ORDER BY tid DESC
----
9
2
1

query
SELECT DISTINCT ON (tid) tid, note FROM u ORDER BY tid, note DESC
----
1|q
2|r
9|NULL

query
SELECT id FROM t UNION SELECT tid FROM u ORDER BY 1
----
1
2
3
4
9

query
SELECT id FROM t INTERSECT SELECT tid FROM u ORDER BY 1
----
1
2

query
SELECT id FROM t EXCEPT ALL SELECT tid FROM u ORDER BY 1
----
3
4

query
SELECT 1 AS x UNION ALL SELECT 2.5 UNION ALL SELECT NULL
----
1
2.5
NULL

query
VALUES (1, 'a'), (2, 'b')
----
1|a
2|b

query
SELECT * FROM (VALUES (1, 'a'), (2, NULL)) v(n, s) ORDER BY n DESC
----
2|NULL
1|a

query
WITH x AS (SELECT id, a FROM t WHERE a IS NOT NULL) SELECT x.id, y.a FROM x JOIN x y ON x.id = y.id ORDER BY 1
----
1|11
2|21

query
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n), count(*) FROM r
----
15|5

query
SELECT id, row_number() OVER (ORDER BY id DESC), sum(id) OVER (ORDER BY id), rank() OVER (PARTITION BY a IS NULL ORDER BY id) FROM t ORDER BY id
----
1|4|1|1
2|3|3|2
3|2|6|1
4|1|10|2

query
SELECT tid, grouping(tid), count(*) FROM u GROUP BY ROLLUP (tid) ORDER BY 2, 1
----
1|0|2
2|0|1
9|0|1
NULL|1|4

query
SELECT * FROM generate_series(1, 3) g ORDER BY g DESC
----
3
2
1

query
SELECT t.id, g FROM t, generate_series(1, t.id) g WHERE t.id < 3 ORDER BY 1, 2
----
1|1
2|1
2|2

query
SELECT t.id, l.note FROM t LEFT JOIN LATERAL (SELECT note FROM u WHERE u.tid = t.id ORDER BY note DESC LIMIT 1) l ON true ORDER BY 1
----
1|q
2|r
3|NULL
4|NULL

query
SELECT * FROM t NATURAL JOIN (SELECT 1 AS id, 'z' AS z) n
----
1|11|ONE|1.00|z

query
SELECT id, note FROM t JOIN (SELECT tid AS id, note FROM u) v USING (id) ORDER BY 1, 2
----
1|p
1|q
2|r

query
SELECT array_agg(note ORDER BY note DESC), string_agg(note, ',' ORDER BY uid), count(DISTINCT tid), count(*) FILTER (WHERE tid = 1) FROM u
----
{NULL,r,q,p}|p,q,r|3|2

query
INSERT INTO t (id, b) VALUES (1, 'x'), (50, 'y') ON CONFLICT (id) DO UPDATE SET b = excluded.b || t.b RETURNING id, b
----
1|xONE
50|y

query
INSERT INTO t (id, b) VALUES (1, 'x'), (51, 'y') ON CONFLICT DO NOTHING RETURNING id
----
51

query
UPDATE u SET note = t.b FROM t WHERE t.id = u.tid AND t.id = 2 RETURNING u.uid, u.note, t.id
----
3|TWO|2

query
DELETE FROM u USING t WHERE t.id = u.tid AND t.id = 1 RETURNING u.uid
----
1
2

query
SELECT id FROM t WHERE (id, a) = (2, 21) OR (id, a) > (4, 0) ORDER BY id
----
2
50
51

query
SELECT id = ANY (ARRAY[1, 2]), id = ALL (SELECT 1) FROM t ORDER BY id LIMIT 2
----
t|t
t|f

query
SELECT id FROM t ORDER BY a NULLS FIRST, id DESC LIMIT 3 OFFSET 1
----
50
4
3

query
SELECT b FROM t ORDER BY b DESC
----
NULL
y
y
xONE
four
TWO

query
SELECT 'a' AS x, NULL AS y, date '2024-02-29' + 1, timestamp '2024-01-01 10:00' + interval '1 day 2 hours'
----
a|NULL|2024-03-01|2024-01-02 12:00:00

query
SELECT id AS x FROM t WHERE id < 3 ORDER BY x + 0 DESC
----
ERROR 42703: column "x" does not exist

query
SELECT max(id) FROM t
----
51

query
SELECT min(id) FROM t WHERE id > 2
----
3

query
SELECT sum(id) FROM t WHERE false
----
NULL

query
SELECT id FROM t WHERE id > 100

statement
BEGIN; INSERT INTO t (id) VALUES (70); SAVEPOINT s; INSERT INTO t (id) VALUES (71); ROLLBACK TO s; COMMIT

query
SELECT id FROM t WHERE id >= 70
----
70

statement
BEGIN

statement
INSERT INTO t (id) VALUES (80)

statement
INSERT INTO t (id) VALUES (80)
----
ERROR 23505: duplicate key value violates unique constraint "t_pkey"

statement
SELECT 1
----
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block

statement
ROLLBACK

query
SELECT count(*) FROM t WHERE id = 80
----
0

statement
CREATE VIEW v AS SELECT id, b FROM t WHERE id < 4

query
SELECT * FROM v ORDER BY id DESC
----
3|NULL
2|TWO
1|xONE

statement
DROP TABLE t
----
ERROR 2BP01: cannot drop table t because other objects depend on it

statement
DROP TABLE t CASCADE

statement
SELECT * FROM v
----
ERROR 42P01: relation "v" does not exist

statement
CREATE TABLE gen (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int GENERATED ALWAYS AS IDENTITY, CHECK (a < 100))

query
INSERT INTO gen (a) VALUES (1), (2) RETURNING *
----
1|2|1
2|4|2

query
UPDATE gen SET a = 7 WHERE c = 2 RETURNING a, b
----
7|14

statement
INSERT INTO gen (a) VALUES (100)
----
ERROR 23514: new row for relation "gen" violates check constraint "gen_a_check"

statement
INSERT INTO gen (c) VALUES (1)
----
ERROR 428C9: cannot insert a non-DEFAULT value into column "c"

statement
ALTER TABLE gen ADD COLUMN d text DEFAULT 'dd' NOT NULL

query
SELECT * FROM gen ORDER BY c
----
1|2|1|dd
7|14|2|dd

statement
CREATE INDEX gen_a ON gen (a DESC)

query
SELECT a FROM gen WHERE a < 10 ORDER BY a DESC
----
7
1

statement
CREATE UNIQUE INDEX gen_d ON gen (d)
----
ERROR 23505: could not create unique index "gen_d"

statement
ALTER TABLE gen DROP COLUMN b

query
SELECT * FROM gen ORDER BY c
----
1|1|dd
7|2|dd

statement
TRUNCATE gen

query
SELECT count(*) FROM gen
----
0

