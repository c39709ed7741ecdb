# Data definition: ALTER and its kin. Results are PostgreSQL's.

statement
CREATE TABLE t (a int, b text DEFAULT 'x', c numeric(6,2));

statement
INSERT INTO t VALUES (1, '10', 1.5), (2, '20', 2.5), (3, NULL, NULL)

statement
ALTER TABLE t ALTER COLUMN a TYPE bigint

statement
ALTER TABLE t ALTER COLUMN b TYPE int
----
ERROR 42804: column "b" cannot be cast automatically to type integer

statement
ALTER TABLE t ALTER COLUMN b DROP DEFAULT, ALTER COLUMN b TYPE int USING b::int

query
SELECT a, b, b + 1, c FROM t ORDER BY a
----
1|10|11|1.50
2|20|21|2.50
3|NULL|NULL|NULL

statement
ALTER TABLE t ALTER b TYPE int USING now()
----
ERROR 42804: result of USING clause for column "b" cannot be cast automatically to type integer

statement
ALTER TABLE t ALTER c TYPE int

query
SELECT a, b, c FROM t ORDER BY a
----
1|10|2
2|20|3
3|NULL|NULL

statement
ALTER TABLE t ADD PRIMARY KEY (b)
----
ERROR 23502: column "b" of relation "t" contains null values

statement
UPDATE t SET b = 30 WHERE b IS NULL

statement
ALTER TABLE t ADD CONSTRAINT tpk PRIMARY KEY (b)

statement
INSERT INTO t VALUES (9, 10, 1)
----
ERROR 23505: duplicate key value violates unique constraint "tpk"

statement
INSERT INTO t VALUES (9, NULL, 1)
----
ERROR 23502: null value in column "b" of relation "t" violates not-null constraint

statement
ALTER TABLE t ADD PRIMARY KEY (a)
----
ERROR 42P16: multiple primary keys for table "t" are not allowed

statement
ALTER TABLE t ALTER b DROP NOT NULL
----
ERROR 42P16: column "b" is in a primary key

statement
CREATE TABLE ref (x int REFERENCES t)

statement
INSERT INTO ref VALUES (10), (20)

statement
INSERT INTO ref VALUES (11)
----
ERROR 23503: insert or update on table "ref" violates foreign key constraint "ref_x_fkey"

statement
ALTER TABLE t DROP CONSTRAINT tpk
----
ERROR 2BP01: cannot drop constraint tpk on table t because other objects depend on it

statement
ALTER TABLE t DROP CONSTRAINT tpk CASCADE

statement
INSERT INTO ref VALUES (11)

statement
INSERT INTO t VALUES (9, 10, 1)

statement
ALTER TABLE t ADD PRIMARY KEY (b)
----
ERROR 23505: could not create unique index "t_pkey"

statement
DELETE FROM t WHERE a = 9

statement
CREATE UNIQUE INDEX t_b ON t (b)

statement
ALTER TABLE t ADD CONSTRAINT t_key PRIMARY KEY USING INDEX t_b

query
SELECT * FROM t WHERE b = 20
----
2|20|3

statement
ALTER TABLE ref ADD CONSTRAINT fk FOREIGN KEY (x) REFERENCES t (b)
----
ERROR 23503: insert or update on table "ref" violates foreign key constraint "fk"

statement
ALTER TABLE ref ADD CONSTRAINT fk FOREIGN KEY (x) REFERENCES t (b) NOT VALID

statement
INSERT INTO ref VALUES (12)
----
ERROR 23503: insert or update on table "ref" violates foreign key constraint "fk"

statement
ALTER TABLE ref VALIDATE CONSTRAINT fk
----
ERROR 23503: insert or update on table "ref" violates foreign key constraint "fk"

statement
DELETE FROM ref WHERE x = 11

statement
ALTER TABLE ref VALIDATE CONSTRAINT fk

statement
ALTER TABLE ref VALIDATE CONSTRAINT nope
----
ERROR 42704: constraint "nope" of relation "ref" does not exist

statement
ALTER TABLE t ALTER b TYPE text
----
ERROR 42804: foreign key constraint "fk" cannot be implemented

statement
ALTER TABLE t ADD CONSTRAINT small CHECK (a < 2)
----
ERROR 23514: check constraint "small" of relation "t" is violated by some row

statement
ALTER TABLE t ADD CONSTRAINT small CHECK (a < 2) NOT VALID

statement
INSERT INTO t VALUES (5, 50, 5)
----
ERROR 23514: new row for relation "t" violates check constraint "small"

statement
ALTER TABLE t VALIDATE CONSTRAINT small
----
ERROR 23514: check constraint "small" of relation "t" is violated by some row

statement
ALTER TABLE t RENAME CONSTRAINT small TO tiny

statement
INSERT INTO t VALUES (5, 50, 5)
----
ERROR 23514: new row for relation "t" violates check constraint "tiny"

statement
ALTER TABLE t RENAME COLUMN a TO aa

statement
INSERT INTO t VALUES (5, 50, 5)
----
ERROR 23514: new row for relation "t" violates check constraint "tiny"

statement
ALTER TABLE t DROP CONSTRAINT tiny, ADD COLUMN d int NOT NULL DEFAULT 7, ADD COLUMN e text

query
SELECT * FROM t ORDER BY aa
----
1|10|2|7|NULL
2|20|3|7|NULL
3|30|NULL|7|NULL

statement
ALTER TABLE t ADD COLUMN f int NOT NULL
----
ERROR 23502: column "f" of relation "t" contains null values

statement
ALTER TABLE t ADD COLUMN f int UNIQUE DEFAULT 1
----
ERROR 23505: could not create unique index "t_f_key"

statement
ALTER TABLE t ADD COLUMN f serial, ADD COLUMN g int GENERATED ALWAYS AS (aa * 2) STORED

query
SELECT aa, f, g FROM t ORDER BY aa
----
1|1|2
2|2|4
3|3|6

statement
ALTER TABLE t ALTER aa TYPE int
----
ERROR 0A000: cannot alter type of a column used by a generated column

statement
ALTER TABLE t DROP COLUMN aa
----
ERROR 2BP01: cannot drop column aa of table t because other objects depend on it

statement
ALTER TABLE t ALTER g DROP EXPRESSION

statement
ALTER TABLE t ALTER aa TYPE int

statement
UPDATE t SET g = 100 WHERE aa = 1

query
SELECT aa, f, g FROM t ORDER BY aa
----
1|1|100
2|2|4
3|3|6

statement
CREATE VIEW v AS SELECT t.*, aa + 1 AS next FROM t WHERE aa > 0

statement
ALTER TABLE t RENAME COLUMN aa TO a

statement
ALTER TABLE t ADD COLUMN late int

query
SELECT * FROM v ORDER BY 1
----
1|10|2|7|NULL|1|100|2
2|20|3|7|NULL|2|4|3
3|30|NULL|7|NULL|3|6|4

statement
ALTER TABLE t ALTER a TYPE bigint
----
ERROR 0A000: cannot alter type of a column used by a view or rule

statement
ALTER TABLE t DROP COLUMN a
----
ERROR 2BP01: cannot drop column a of table t because other objects depend on it

statement
ALTER TABLE t DROP COLUMN late

statement
ALTER TABLE t RENAME TO tt

query
SELECT next FROM v ORDER BY 1
----
2
3
4

statement
CREATE SCHEMA s2

statement
ALTER TABLE tt SET SCHEMA s2

query
SELECT next FROM v ORDER BY 1
----
2
3
4

query
SELECT f FROM s2.tt ORDER BY 1
----
1
2
3

statement
INSERT INTO s2.tt (a, b, c) VALUES (4, 40, 4)

query
SELECT f FROM s2.tt ORDER BY 1
----
1
2
3
4

statement
ALTER SCHEMA s2 RENAME TO s3

query
SELECT next FROM v ORDER BY 1
----
2
3
4
5

statement
INSERT INTO s3.tt (a, b, c) VALUES (6, 60, 4)

statement
ALTER VIEW v RENAME TO w

statement
ALTER VIEW w RENAME COLUMN next TO following

query
SELECT following FROM w ORDER BY 1
----
2
3
4
5
7

statement
DROP TABLE s3.tt
----
ERROR 2BP01: cannot drop table s3.tt because other objects depend on it

statement
DROP TABLE s3.tt CASCADE

statement
SELECT * FROM w
----
ERROR 42P01: relation "w" does not exist

statement
CREATE TABLE i (id int GENERATED ALWAYS AS IDENTITY, v int)

statement
INSERT INTO i (v) VALUES (1), (2)

statement
INSERT INTO i VALUES (7, 7)
----
ERROR 428C9: cannot insert a non-DEFAULT value into column "id"

statement
ALTER TABLE i ALTER id SET GENERATED BY DEFAULT SET START 10 RESTART

statement
INSERT INTO i VALUES (7, 7)

statement
INSERT INTO i (v) VALUES (10)

query
SELECT * FROM i ORDER BY id
----
1|1
2|2
7|7
10|10

statement
ALTER TABLE i ALTER id DROP IDENTITY

statement
INSERT INTO i (v) VALUES (11)
----
ERROR 23502: null value in column "id" of relation "i" violates not-null constraint

statement
ALTER TABLE i ALTER id DROP IDENTITY
----
ERROR 55000: column "id" of relation "i" is not an identity column

statement
ALTER TABLE i ALTER id DROP IDENTITY IF EXISTS

statement
ALTER TABLE i ALTER v ADD GENERATED ALWAYS AS IDENTITY
----
ERROR 55000: column "v" of relation "i" must be declared NOT NULL before identity can be added

statement
ALTER TABLE i ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5)

statement
INSERT INTO i (v) VALUES (1), (2)

query
SELECT * FROM i ORDER BY id
----
1|1
2|2
7|7
10|10
100|1
105|2

statement
TRUNCATE i RESTART IDENTITY

statement
INSERT INTO i (v) VALUES (1), (2)

query
SELECT * FROM i ORDER BY id
----
100|1
105|2

statement
CREATE SEQUENCE sq

query
SELECT nextval('sq'), nextval('sq')
----
1|2

statement
ALTER SEQUENCE sq INCREMENT BY 10 MAXVALUE 30

query
SELECT nextval('sq'), nextval('sq')
----
12|22

statement
SELECT nextval('sq')
----
ERROR 2200H: nextval: reached maximum value of sequence "sq" (30)

statement
ALTER SEQUENCE sq MAXVALUE 10
----
ERROR 22023: RESTART value (22) cannot be greater than MAXVALUE (10)

statement
ALTER SEQUENCE sq RESTART WITH 5 CYCLE MINVALUE 2
----
ERROR 22023: START value (1) cannot be less than MINVALUE (2)

query
SELECT nextval('sq'), nextval('sq'), nextval('sq'), nextval('sq')
----
ERROR 2200H: nextval: reached maximum value of sequence "sq" (30)

statement
ALTER SEQUENCE sq RENAME TO sr

query
SELECT nextval('sr')
----
ERROR 2200H: nextval: reached maximum value of sequence "sr" (30)

statement
CREATE TABLE ds (a int DEFAULT nextval('sr'), b int)

statement
ALTER SEQUENCE sr RENAME TO st

statement
INSERT INTO ds (b) VALUES (1)
----
ERROR 2200H: nextval: reached maximum value of sequence "st" (30)

query
SELECT * FROM ds

statement
DROP SEQUENCE st
----
ERROR 2BP01: cannot drop sequence st because other objects depend on it

statement
ALTER SEQUENCE st OWNED BY ds.a

statement
DROP TABLE ds

statement
SELECT nextval('st')
----
ERROR 42P01: relation "st" does not exist

statement
ALTER TABLE nope ADD COLUMN a int
----
ERROR 42P01: relation "nope" does not exist

statement
ALTER TABLE IF EXISTS nope ADD COLUMN a int

statement
CREATE TABLE k (a int UNIQUE, b int)

statement
ALTER TABLE k ADD COLUMN a int
----
ERROR 42701: column "a" of relation "k" already exists

statement
ALTER TABLE k ADD COLUMN IF NOT EXISTS a int

statement
ALTER TABLE k RENAME a TO b
----
ERROR 42701: column "b" of relation "k" already exists

statement
ALTER TABLE k RENAME nope TO b
----
ERROR 42703: column "nope" does not exist

statement
ALTER TABLE k ALTER nope TYPE int
----
ERROR 42703: column "nope" of relation "k" does not exist

statement
ALTER TABLE k DROP COLUMN nope
----
ERROR 42703: column "nope" of relation "k" does not exist

statement
ALTER TABLE k DROP COLUMN IF EXISTS nope

statement
ALTER TABLE k DROP CONSTRAINT nope
----
ERROR 42704: constraint "nope" of relation "k" does not exist

statement
ALTER TABLE k DROP CONSTRAINT IF EXISTS nope

statement
ALTER TABLE k ADD CONSTRAINT k_a_key CHECK (a > 0)
----
ERROR 42710: constraint "k_a_key" for relation "k" already exists

statement
ALTER INDEX k_a_key RENAME TO k_a2

statement
INSERT INTO k VALUES (1), (1)
----
ERROR 23505: duplicate key value violates unique constraint "k_a2"

statement
ALTER TABLE k RENAME CONSTRAINT k_a2 TO k_a3

statement
INSERT INTO k VALUES (1), (1)
----
ERROR 23505: duplicate key value violates unique constraint "k_a3"

statement
DROP INDEX k_a3
----
ERROR 2BP01: cannot drop index k_a3 because constraint k_a3 on table k requires it

statement
DROP TABLE k, i, ref

statement
CREATE TABLE p (a int PRIMARY KEY)

statement
CREATE TABLE q (a int REFERENCES p)

statement
TRUNCATE p
----
ERROR 0A000: cannot truncate a table referenced in a foreign key constraint

statement
TRUNCATE p, q

statement
TRUNCATE p CASCADE

statement
DROP TABLE p
----
ERROR 2BP01: cannot drop table p because other objects depend on it

statement
DROP TABLE p, q

statement
CREATE TABLE src (a int PRIMARY KEY, b text DEFAULT 'd' NOT NULL CHECK (b <> ''), c int GENERATED ALWAYS AS (a + 1) STORED, UNIQUE (b))

statement
CREATE TABLE l1 (LIKE src)

statement
CREATE TABLE l2 (x int, LIKE src INCLUDING ALL, y int)

statement
INSERT INTO l1 VALUES (1, '', 3)

statement
INSERT INTO l1 (a) VALUES (1)
----
ERROR 23502: null value in column "b" of relation "l1" violates not-null constraint

statement
INSERT INTO l2 (x, a, y) VALUES (1, 2, 3)

query
SELECT * FROM l2
----
1|2|d|3|3

statement
INSERT INTO l2 (x, a, b, y) VALUES (1, 2, 'e', 3)
----
ERROR 23505: duplicate key value violates unique constraint "l2_pkey"

statement
INSERT INTO l2 (x, a, b, y) VALUES (1, 3, '', 3)
----
ERROR 23514: new row for relation "l2" violates check constraint "src_b_check"

statement
DROP TABLE src, l1, l2

statement
CREATE TABLE m (a int, b int)

statement
INSERT INTO m VALUES (1, 10), (2, 20)

statement
CREATE MATERIALIZED VIEW mv AS SELECT a, sum(b) AS total FROM m GROUP BY a

query
SELECT * FROM mv ORDER BY a
----
1|10
2|20

statement
INSERT INTO m VALUES (1, 5), (3, 30)

query
SELECT * FROM mv ORDER BY a
----
1|10
2|20

statement
REFRESH MATERIALIZED VIEW mv

query
SELECT * FROM mv ORDER BY a
----
1|15
2|20
3|30

statement
INSERT INTO mv VALUES (1, 1)
----
ERROR 42809: cannot change materialized view "mv"

statement
DELETE FROM mv
----
ERROR 42809: cannot change materialized view "mv"

statement
REFRESH MATERIALIZED VIEW CONCURRENTLY mv
----
ERROR 55000: cannot refresh materialized view "public.mv" concurrently

statement
CREATE UNIQUE INDEX mvi ON mv (a)

statement
REFRESH MATERIALIZED VIEW CONCURRENTLY mv

statement
REFRESH MATERIALIZED VIEW mv WITH NO DATA

statement
SELECT * FROM mv
----
ERROR 55000: materialized view "mv" has not been populated

statement
REFRESH MATERIALIZED VIEW m
----
ERROR 0A000: "m" is not a materialized view

statement
DROP TABLE m
----
ERROR 2BP01: cannot drop table m because other objects depend on it

statement
DROP TABLE mv
----
ERROR 42809: "mv" is not a table

statement
DROP VIEW mv
----
ERROR 42809: "mv" is not a view

statement
DROP MATERIALIZED VIEW mv

statement
DROP MATERIALIZED VIEW mv
----
ERROR 42P01: materialized view "mv" does not exist

statement
DROP MATERIALIZED VIEW IF EXISTS mv

statement
DROP TABLE m

statement
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')

statement
CREATE TYPE mood AS ENUM ('sad')
----
ERROR 42710: type "mood" already exists

statement
CREATE TYPE mood2 AS ENUM ('sad', 'sad')
----
ERROR 23505: duplicate key value violates unique constraint "pg_enum_typid_label_index"

query
SELECT 'ok'::mood, 'sad'::mood < 'happy'::mood, 'ok'::mood::text, pg_typeof('ok'::mood)
----
ok|t|ok|mood

statement
SELECT 'angry'::mood
----
ERROR 22P02: invalid input value for enum mood: "angry"

statement
CREATE TABLE person (name text, m mood DEFAULT 'ok', ms mood[])

statement
INSERT INTO person VALUES ('a', 'happy', '{sad,ok}'), ('b', 'sad', NULL), ('c', DEFAULT, ARRAY['happy'::mood])

query
SELECT name, m, ms FROM person ORDER BY m
----
b|sad|NULL
c|ok|{happy}
a|happy|{sad,ok}

query
SELECT min(m), max(m), count(*) FROM person WHERE m >= 'ok'
----
ok|happy|2

query
SELECT m, count(*) FROM person GROUP BY m ORDER BY m DESC
----
happy|1
ok|1
sad|1

query
SELECT enum_first(NULL::mood), enum_last(NULL::mood), enum_range(NULL::mood), enum_range('ok'::mood, NULL)
----
sad|happy|{sad,ok,happy}|{ok,happy}

statement
INSERT INTO person VALUES ('d', 'none')
----
ERROR 22P02: invalid input value for enum mood: "none"

statement
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok'

statement
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'meh'

statement
ALTER TYPE mood ADD VALUE 'meh'
----
ERROR 42710: enum label "meh" already exists

statement
ALTER TYPE mood ADD VALUE 'x' AFTER 'nope'
----
ERROR 22023: "nope" is not an existing enum label

statement
INSERT INTO person VALUES ('d', 'meh')

query
SELECT name, m FROM person ORDER BY m, name
----
b|sad
d|meh
c|ok
a|happy

statement
ALTER TYPE mood RENAME VALUE 'meh' TO 'soso'

query
SELECT name FROM person WHERE m = 'soso'
----
d

statement
CREATE INDEX person_m ON person (m)

query
SELECT name FROM person WHERE m > 'soso' ORDER BY m, name
----
c
a

query
SELECT CASE WHEN name = 'a' THEN m END FROM person ORDER BY name
----
happy
NULL
NULL
NULL

statement
SELECT m = 1 FROM person
----
ERROR 42883: operator does not exist: mood = integer

statement
SELECT m || 'x' FROM person WHERE name = 'a'

query
SELECT m::text || 'x' FROM person WHERE name = 'a'
----
happyx

statement
DROP TYPE mood
----
ERROR 2BP01: cannot drop type mood because other objects depend on it

statement
ALTER TYPE mood RENAME TO humour

query
SELECT pg_typeof(m) FROM person LIMIT 1
----
humour

statement
ALTER TABLE person ALTER m DROP DEFAULT, ALTER m TYPE text

statement
DROP TYPE humour CASCADE

query
SELECT * FROM person ORDER BY name
----
a|happy
b|sad
c|ok
d|soso

statement
DROP TYPE humour
----
ERROR 42704: type "humour" does not exist

statement
DROP TYPE IF EXISTS humour

statement
DROP TABLE person

statement
CREATE DOMAIN pos AS int CHECK (VALUE > 0) DEFAULT 3

statement
CREATE DOMAIN small AS pos CONSTRAINT lt CHECK (VALUE < 100) NOT NULL

statement
CREATE TABLE dom (a pos, b small)

statement
INSERT INTO dom VALUES (-1, 1)
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
INSERT INTO dom VALUES (1, 100)
----
ERROR 23514: value for domain small violates check constraint "lt"

statement
INSERT INTO dom VALUES (1, -5)
----
ERROR 23514: value for domain small violates check constraint "pos_check"

statement
INSERT INTO dom VALUES (NULL, NULL)
----
ERROR 23502: domain small does not allow null values

statement
INSERT INTO dom (b) VALUES (5)

query
SELECT * FROM dom
----
3|5

statement
UPDATE dom SET a = 0
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT 5::pos, '7'::small + 1
----
5|8

statement
SELECT 0::pos
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
SELECT NULL::small
----
ERROR 23502: domain small does not allow null values

statement
ALTER DOMAIN pos ADD CONSTRAINT five CHECK (VALUE > 4)
----
ERROR 23514: column "a" of table "dom" contains values that violate the new constraint

statement
ALTER DOMAIN pos ADD CONSTRAINT five CHECK (VALUE > 4) NOT VALID

statement
INSERT INTO dom VALUES (4, 6)
----
ERROR 23514: value for domain pos violates check constraint "five"

statement
ALTER DOMAIN pos VALIDATE CONSTRAINT five
----
ERROR 23514: column "a" of table "dom" contains values that violate the new constraint

statement
ALTER DOMAIN pos DROP CONSTRAINT five

statement
ALTER DOMAIN pos DROP CONSTRAINT five
----
ERROR 42704: constraint "five" of domain "pos" does not exist

statement
INSERT INTO dom VALUES (4, 6)

statement
ALTER DOMAIN pos SET NOT NULL

statement
INSERT INTO dom VALUES (NULL, 6)
----
ERROR 23502: domain pos does not allow null values

statement
ALTER DOMAIN pos DROP NOT NULL

statement
DROP DOMAIN pos
----
ERROR 2BP01: cannot drop type pos because other objects depend on it

statement
DROP DOMAIN pos CASCADE

query
SELECT count(*) FROM dom
----
2

statement
DROP TABLE dom

statement
CREATE TEMP TABLE tmp (a int)

statement
INSERT INTO tmp VALUES (1), (2)

query
SELECT * FROM pg_temp.tmp ORDER BY a
----
1
2

statement
CREATE TABLE tmp (a text)

query
SELECT a FROM public.tmp

query
SELECT a + 1 FROM tmp ORDER BY 1
----
2
3

statement
CREATE TEMP VIEW tv AS SELECT a * 2 AS d FROM tmp

query
SELECT * FROM tv ORDER BY d
----
2
4

statement
DROP TABLE tmp CASCADE

query
SELECT count(*) FROM tmp
----
0

statement
DROP TABLE tmp

statement
CREATE TEMP TABLE oc (a int) ON COMMIT DELETE ROWS

statement
INSERT INTO oc VALUES (1)

query
SELECT count(*) FROM oc
----
0

statement
CREATE TABLE oc2 (a int) ON COMMIT DROP
----
ERROR 42P16: ON COMMIT can only be used on temporary tables

statement
CREATE TEMP TABLE public.oc3 (a int)
----
ERROR 42P16: cannot create temporary relation in non-temporary schema

statement
CREATE TABLE dfk (id int PRIMARY KEY, parent int REFERENCES dfk DEFERRABLE INITIALLY DEFERRED)

statement
INSERT INTO dfk VALUES (1, 2)
----
ERROR 23503: insert or update on table "dfk" violates foreign key constraint "dfk_parent_fkey"

statement
BEGIN

statement
INSERT INTO dfk VALUES (1, 2)

statement
INSERT INTO dfk VALUES (2, NULL)

statement
COMMIT

query
SELECT * FROM dfk ORDER BY id
----
1|2
2|NULL

statement
BEGIN

statement
DELETE FROM dfk WHERE id = 2

statement
SET CONSTRAINTS ALL IMMEDIATE
----
ERROR 23503: update or delete on table "dfk" violates foreign key constraint "dfk_parent_fkey" on table "dfk"

statement
ROLLBACK

statement
BEGIN

statement
SET CONSTRAINTS dfk_parent_fkey IMMEDIATE

statement
INSERT INTO dfk VALUES (5, 6)
----
ERROR 23503: insert or update on table "dfk" violates foreign key constraint "dfk_parent_fkey"

statement
ROLLBACK

statement
CREATE TABLE du (a int, b int, UNIQUE (a) DEFERRABLE)

statement
INSERT INTO du VALUES (1, 1), (2, 2)

statement
UPDATE du SET a = a + 1

statement
BEGIN

statement
SET CONSTRAINTS du_a_key DEFERRED

statement
INSERT INTO du VALUES (3, 3)

statement
UPDATE du SET a = 1 WHERE b = 3

statement
COMMIT

query
SELECT * FROM du ORDER BY a
----
1|3
2|1
3|2

statement
BEGIN

statement
SET CONSTRAINTS ALL DEFERRED

statement
INSERT INTO du VALUES (3, 4)

statement
COMMIT
----
ERROR 23505: duplicate key value violates unique constraint "du_a_key"

statement
INSERT INTO du VALUES (1, 5)
----
ERROR 23505: duplicate key value violates unique constraint "du_a_key"

statement
INSERT INTO du VALUES (1, 5) ON CONFLICT ON CONSTRAINT du_a_key DO NOTHING
----
ERROR 55000: ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters

statement
SET CONSTRAINTS nope DEFERRED
----
ERROR 42704: constraint "nope" does not exist

statement
DROP TABLE du, dfk

