# Changes through views.

statement
CREATE TABLE base (a int PRIMARY KEY, b text DEFAULT 'unspecified', c int, CHECK (c > -100))

statement
INSERT INTO base SELECT i, 'row ' || i, i * 10 FROM generate_series(-2, 3) g(i)

statement
CREATE VIEW ro1 AS SELECT DISTINCT a, b FROM base

statement
DELETE FROM ro1
----
ERROR 55000: cannot delete from view "ro1"

statement
UPDATE ro1 SET a = a + 1
----
ERROR 55000: cannot update view "ro1"

statement
INSERT INTO ro1 VALUES (1)
----
ERROR 55000: cannot insert into view "ro1"

statement
CREATE VIEW ro2 AS SELECT a, b FROM base GROUP BY a, b

statement
DELETE FROM ro2
----
ERROR 55000: cannot delete from view "ro2"

statement
UPDATE ro2 SET a = a + 1
----
ERROR 55000: cannot update view "ro2"

statement
INSERT INTO ro2 VALUES (1)
----
ERROR 55000: cannot insert into view "ro2"

statement
CREATE VIEW ro3 AS SELECT 1 FROM base HAVING max(a) > 0

statement
DELETE FROM ro3
----
ERROR 55000: cannot delete from view "ro3"

statement
INSERT INTO ro3 VALUES (1)
----
ERROR 55000: cannot insert into view "ro3"

statement
CREATE VIEW ro4 AS SELECT count(*) FROM base

statement
DELETE FROM ro4
----
ERROR 55000: cannot delete from view "ro4"

statement
UPDATE ro4 SET count = 1
----
ERROR 55000: cannot update view "ro4"

statement
INSERT INTO ro4 VALUES (1)
----
ERROR 55000: cannot insert into view "ro4"

statement
CREATE VIEW ro5 AS SELECT a, rank() OVER () FROM base

statement
DELETE FROM ro5
----
ERROR 55000: cannot delete from view "ro5"

statement
UPDATE ro5 SET a = a + 1
----
ERROR 55000: cannot update view "ro5"

statement
INSERT INTO ro5 VALUES (1)
----
ERROR 55000: cannot insert into view "ro5"

statement
CREATE VIEW ro6 AS SELECT a, b FROM base UNION SELECT -a, b FROM base

statement
DELETE FROM ro6
----
ERROR 55000: cannot delete from view "ro6"

statement
UPDATE ro6 SET a = a + 1
----
ERROR 55000: cannot update view "ro6"

statement
INSERT INTO ro6 VALUES (1)
----
ERROR 55000: cannot insert into view "ro6"

statement
CREATE VIEW ro7 AS WITH t AS (SELECT a, b FROM base) SELECT * FROM t

statement
DELETE FROM ro7
----
ERROR 55000: cannot delete from view "ro7"

statement
UPDATE ro7 SET a = a + 1
----
ERROR 55000: cannot update view "ro7"

statement
INSERT INTO ro7 VALUES (1)
----
ERROR 55000: cannot insert into view "ro7"

statement
CREATE VIEW ro8 AS SELECT a, b FROM base ORDER BY a OFFSET 1

statement
DELETE FROM ro8
----
ERROR 55000: cannot delete from view "ro8"

statement
UPDATE ro8 SET a = a + 1
----
ERROR 55000: cannot update view "ro8"

statement
INSERT INTO ro8 VALUES (1)
----
ERROR 55000: cannot insert into view "ro8"

statement
CREATE VIEW ro9 AS SELECT a, b FROM base ORDER BY a LIMIT 1

statement
DELETE FROM ro9
----
ERROR 55000: cannot delete from view "ro9"

statement
UPDATE ro9 SET a = a + 1
----
ERROR 55000: cannot update view "ro9"

statement
INSERT INTO ro9 VALUES (1)
----
ERROR 55000: cannot insert into view "ro9"

statement
CREATE VIEW ro10 AS SELECT 1 AS a

statement
DELETE FROM ro10
----
ERROR 55000: cannot delete from view "ro10"

statement
UPDATE ro10 SET a = a + 1
----
ERROR 55000: cannot update view "ro10"

statement
INSERT INTO ro10 VALUES (1)
----
ERROR 55000: cannot insert into view "ro10"

statement
CREATE VIEW ro11 AS SELECT b1.a, b2.b FROM base b1, base b2

statement
DELETE FROM ro11
----
ERROR 55000: cannot delete from view "ro11"

statement
UPDATE ro11 SET a = a + 1
----
ERROR 55000: cannot update view "ro11"

statement
INSERT INTO ro11 VALUES (1)
----
ERROR 55000: cannot insert into view "ro11"

statement
CREATE VIEW ro12 AS SELECT * FROM generate_series(1, 10) AS g(a)

statement
DELETE FROM ro12
----
ERROR 55000: cannot delete from view "ro12"

statement
UPDATE ro12 SET a = a + 1
----
ERROR 55000: cannot update view "ro12"

statement
INSERT INTO ro12 VALUES (1)
----
ERROR 55000: cannot insert into view "ro12"

statement
CREATE VIEW ro13 AS SELECT a FROM (SELECT * FROM base) AS t

statement
DELETE FROM ro13
----
ERROR 55000: cannot delete from view "ro13"

statement
UPDATE ro13 SET a = a + 1
----
ERROR 55000: cannot update view "ro13"

statement
INSERT INTO ro13 VALUES (1)
----
ERROR 55000: cannot insert into view "ro13"

statement
CREATE VIEW ro14 AS SELECT * FROM (VALUES (1)) AS tmp(a)

statement
DELETE FROM ro14
----
ERROR 55000: cannot delete from view "ro14"

statement
UPDATE ro14 SET a = a + 1
----
ERROR 55000: cannot update view "ro14"

statement
INSERT INTO ro14 VALUES (1)
----
ERROR 55000: cannot insert into view "ro14"

statement
CREATE VIEW ro15 AS SELECT a, generate_series(1, a) FROM base

statement
DELETE FROM ro15
----
ERROR 55000: cannot delete from view "ro15"

statement
UPDATE ro15 SET a = a + 1
----
ERROR 55000: cannot update view "ro15"

statement
INSERT INTO ro15 VALUES (1)
----
ERROR 55000: cannot insert into view "ro15"

statement
CREATE VIEW ro16 AS SELECT a + 1 AS x, 7 AS y FROM base

statement
UPDATE ro16 SET x = 1
----
ERROR 55000: cannot update view "ro16"

statement
INSERT INTO ro16 VALUES (1)
----
ERROR 55000: cannot insert into view "ro16"

statement
CREATE VIEW ro17 AS SELECT a FROM base TABLESAMPLE BERNOULLI (100)

statement
DELETE FROM ro17
----
ERROR 55000: cannot delete from view "ro17"

statement
UPDATE ro17 SET a = a + 1
----
ERROR 55000: cannot update view "ro17"

statement
INSERT INTO ro17 VALUES (1)
----
ERROR 55000: cannot insert into view "ro17"

query
SELECT table_name, is_insertable_into FROM information_schema.tables WHERE table_name LIKE 'ro%' AND table_schema = 'public' ORDER BY table_name
----
ro1|NO
ro10|NO
ro11|NO
ro12|NO
ro13|NO
ro14|NO
ro15|NO
ro16|NO
ro17|NO
ro2|NO
ro3|NO
ro4|NO
ro5|NO
ro6|NO
ro7|NO
ro8|NO
ro9|NO

query
SELECT table_name, is_updatable, is_insertable_into, check_option FROM information_schema.views WHERE table_name LIKE 'ro%' AND table_schema = 'public' ORDER BY table_name
----
ro1|NO|NO|NONE
ro10|NO|NO|NONE
ro11|NO|NO|NONE
ro12|NO|NO|NONE
ro13|NO|NO|NONE
ro14|NO|NO|NONE
ro15|NO|NO|NONE
ro16|NO|NO|NONE
ro17|NO|NO|NONE
ro2|NO|NO|NONE
ro3|NO|NO|NONE
ro4|NO|NO|NONE
ro5|NO|NO|NONE
ro6|NO|NO|NONE
ro7|NO|NO|NONE
ro8|NO|NO|NONE
ro9|NO|NO|NONE

query
SELECT table_name, column_name, is_updatable FROM information_schema.columns WHERE table_name LIKE 'ro%' AND table_schema = 'public' ORDER BY table_name, ordinal_position
----
ro1|a|NO
ro1|b|NO
ro10|a|NO
ro11|a|NO
ro11|b|NO
ro12|a|NO
ro13|a|NO
ro14|a|NO
ro15|a|NO
ro15|generate_series|NO
ro16|x|NO
ro16|y|NO
ro17|a|NO
ro2|a|NO
ro2|b|NO
ro3|?column?|NO
ro4|count|NO
ro5|a|NO
ro5|rank|NO
ro6|a|NO
ro6|b|NO
ro7|a|NO
ro7|b|NO
ro8|a|NO
ro8|b|NO
ro9|a|NO
ro9|b|NO

statement
DROP VIEW ro1, ro2, ro3, ro4, ro5, ro6, ro7, ro8, ro9, ro10, ro11, ro12, ro13, ro14, ro15, ro16, ro17

statement
CREATE VIEW v1 AS SELECT a, b, upper(b) AS u, c + 1 AS d, c FROM base WHERE a > 0

query
SELECT table_name, is_updatable, is_insertable_into FROM information_schema.views WHERE table_name = 'v1'
----
v1|YES|YES

query
SELECT column_name, is_updatable, column_default FROM information_schema.columns WHERE table_name = 'v1' ORDER BY ordinal_position
----
a|YES|NULL
b|YES|NULL
u|NO|NULL
d|NO|NULL
c|YES|NULL

query
SELECT pg_relation_is_updatable('v1'::regclass, false), pg_relation_is_updatable('base'::regclass, true), pg_column_is_updatable('v1'::regclass, 3::smallint, false), pg_column_is_updatable('v1'::regclass, 1::smallint, false)
----
28|28|f|t

statement
INSERT INTO v1 VALUES (4, 'x', 'y', 1)
----
ERROR 0A000: cannot insert into column "u" of view "v1"

statement
INSERT INTO v1 (a, u) VALUES (4, 'x')
----
ERROR 0A000: cannot insert into column "u" of view "v1"

statement
INSERT INTO v1 (a, nope) VALUES (4, 'x')
----
ERROR 42703: column "nope" of relation "v1" does not exist

statement
INSERT INTO v1 (a, a) VALUES (4, 4)
----
ERROR 42701: column "a" specified more than once

query
INSERT INTO v1 (a, b) VALUES (4, 'four'), (5, DEFAULT) RETURNING *
----
4|four|FOUR|NULL|NULL
5|unspecified|UNSPECIFIED|NULL|NULL

query
INSERT INTO v1 VALUES (6, 'six', DEFAULT, DEFAULT, 60) RETURNING a, u, d
----
ERROR 0A000: cannot insert into column "u" of view "v1"

statement
INSERT INTO v1 VALUES (7, 'six', DEFAULT, DEFAULT, 60), (8, 'six', DEFAULT, DEFAULT, 60)
----
ERROR 0A000: cannot insert into column "u" of view "v1"

query
INSERT INTO v1 VALUES (7) RETURNING v1.*
----
7|unspecified|UNSPECIFIED|NULL|NULL

query
INSERT INTO v1 SELECT 8, 'eight' RETURNING a, b, c
----
8|eight|NULL

statement
INSERT INTO v1 SELECT 9, 'eight', 'x'
----
ERROR 0A000: cannot insert into column "u" of view "v1"

statement
INSERT INTO v1 (a) VALUES (NULL)
----
ERROR 23502: null value in column "a" of relation "base" violates not-null constraint

statement
INSERT INTO v1 (a) VALUES (1)
----
ERROR 23505: duplicate key value violates unique constraint "base_pkey"

statement
INSERT INTO v1 (a, c) VALUES (100, -200)
----
ERROR 23514: new row for relation "base" violates check constraint "base_c_check"

statement
INSERT INTO v1 DEFAULT VALUES
----
ERROR 23502: null value in column "a" of relation "base" violates not-null constraint

statement
INSERT INTO v1 (a, b) VALUES (-10, 'not seen')

query
SELECT * FROM v1 ORDER BY a
----
1|row 1|ROW 1|11|10
2|row 2|ROW 2|21|20
3|row 3|ROW 3|31|30
4|four|FOUR|NULL|NULL
5|unspecified|UNSPECIFIED|NULL|NULL
7|unspecified|UNSPECIFIED|NULL|NULL
8|eight|EIGHT|NULL|NULL

query rowsort
UPDATE v1 SET b = b || '!' WHERE a < 3 RETURNING *
----
1|row 1!|ROW 1!|11|10
2|row 2!|ROW 2!|21|20

query
UPDATE v1 SET c = d + 1 WHERE u = 'FOUR' RETURNING a, c, d
----
4|NULL|NULL

query
UPDATE v1 SET c = d WHERE d = 11 RETURNING a, c, d
----
1|11|12

statement
UPDATE v1 SET u = 'x'
----
ERROR 0A000: cannot update column "u" of view "v1"

statement
UPDATE v1 SET d = DEFAULT WHERE a = 1
----
ERROR 0A000: cannot update column "d" of view "v1"

statement
UPDATE v1 SET a = a + 100 WHERE a = -10

statement
UPDATE v1 SET b = 'x', b = 'y'
----
ERROR 42601: multiple assignments to same column "b"

query
UPDATE v1 SET b = DEFAULT WHERE a = 1 RETURNING b
----
NULL

query
UPDATE v1 AS t SET b = s.b FROM (VALUES (2, 'from')) s(a, b) WHERE t.a = s.a RETURNING t.*, s.*
----
2|from|FROM|21|20|2|from

query
UPDATE v1 SET (b, c) = (SELECT 'sub', 5) WHERE a = 3 RETURNING *
----
3|sub|SUB|6|5

query
UPDATE v1 SET a = -3 WHERE a = 3 RETURNING a, u
----
-3|SUB

query
DELETE FROM v1 WHERE u LIKE 'E%' RETURNING *
----
8|eight|EIGHT|NULL|NULL

query
DELETE FROM v1 USING base x WHERE v1.a = x.a AND x.a = 7 RETURNING v1.a, x.b
----
7|unspecified

statement
DELETE FROM v1 WHERE a = -10

query
SELECT * FROM base ORDER BY a
----
-10|not seen|NULL
-3|sub|5
-2|row -2|-20
-1|row -1|-10
0|row 0|0
1|NULL|11
2|from|20
4|four|NULL
5|unspecified|NULL

query
WITH gone AS (DELETE FROM v1 WHERE a = 6 RETURNING *) SELECT a, d FROM gone

query
WITH new AS (INSERT INTO v1 (a, b) VALUES (20, 'cte') RETURNING *) SELECT * FROM new
----
20|cte|CTE|NULL|NULL

statement
CREATE VIEW v2 (bb, aa, lit) AS SELECT x.q, x.p, 7 FROM v1 AS x(p, q) WHERE p < 50

query
SELECT table_name, is_updatable, is_insertable_into FROM information_schema.views WHERE table_name = 'v2'
----
v2|YES|YES

query
INSERT INTO v2 VALUES ('nested', 30) RETURNING *
----
nested|30|7

query
UPDATE v2 SET bb = 'changed', aa = aa + 1 WHERE aa = 30 RETURNING aa, bb, lit
----
31|changed|7

statement
UPDATE v2 SET lit = 8
----
ERROR 0A000: cannot update column "lit" of view "v2"

query rowsort
DELETE FROM v2 WHERE aa IN (31, 20) RETURNING bb, aa
----
changed|31
cte|20

statement
CREATE VIEW v3 AS SELECT a, u AS w FROM v1

statement
UPDATE v3 SET w = 'x'
----
ERROR 0A000: cannot update column "u" of view "v1"

statement
INSERT INTO v3 VALUES (40, 'x')
----
ERROR 0A000: cannot insert into column "u" of view "v1"

query
INSERT INTO v3 (a) VALUES (40) RETURNING *
----
40|UNSPECIFIED

query
SELECT column_name, is_updatable FROM information_schema.columns WHERE table_name = 'v3' ORDER BY ordinal_position
----
a|YES
w|NO

statement
CREATE VIEW v4 AS SELECT DISTINCT a FROM base

statement
CREATE VIEW v5 AS SELECT a FROM v4

statement
DELETE FROM v5
----
ERROR 55000: cannot delete from view "v4"

query
SELECT table_name, is_updatable, is_insertable_into FROM information_schema.views WHERE table_name = 'v5'
----
v5|NO|NO

statement
CREATE VIEW v6 AS SELECT u FROM v1

statement
INSERT INTO v6 VALUES ('x')
----
ERROR 0A000: cannot insert into column "u" of view "v1"

query
SELECT table_name, is_updatable, is_insertable_into FROM information_schema.views WHERE table_name = 'v6'
----
v6|NO|NO

statement
DELETE FROM v6 WHERE u = 'NOBODY'

statement
CREATE VIEW tw AS SELECT a AS a1, a AS a2, b FROM base

statement
UPDATE tw SET a1 = 1, a2 = 2 WHERE a1 = 40
----
ERROR 42601: multiple assignments to same column "a"

statement
INSERT INTO tw (a1, a2) VALUES (1, 2)
----
ERROR 42601: multiple assignments to same column "a"

query
UPDATE tw SET a2 = 41 WHERE a1 = 40 RETURNING *
----
41|41|unspecified

statement
CREATE VIEW oc AS SELECT a AS k, b AS txt, c, b || '?' AS q FROM base WHERE a > 0

query
INSERT INTO oc (k, txt) VALUES (1, 'again') ON CONFLICT (k) DO NOTHING RETURNING *

query
INSERT INTO oc (k, txt) VALUES (1, 'again') ON CONFLICT (k) DO UPDATE SET txt = excluded.txt || '/' || oc.txt RETURNING *
----
1|NULL|11|NULL

query
INSERT INTO oc AS o (k, txt) VALUES (1, 'third') ON CONFLICT (k) DO UPDATE SET txt = excluded.q || o.q WHERE o.q LIKE 'again%' RETURNING k, txt, q

statement
INSERT INTO oc (k, txt) VALUES (1, 'third') ON CONFLICT (k) DO UPDATE SET q = 'x'
----
ERROR 0A000: cannot insert into column "q" of view "oc"

statement
INSERT INTO oc (k, txt) VALUES (1, 'third') ON CONFLICT (txt) DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification

query
INSERT INTO oc (k, txt) VALUES (-2, 'unseen') ON CONFLICT (k) DO UPDATE SET txt = 'seen' RETURNING *
----
-2|seen|-20|seen?

query
INSERT INTO oc (k, txt) VALUES (1, 'x') ON CONFLICT ON CONSTRAINT base_pkey DO UPDATE SET c = 77 RETURNING k, c
----
ERROR 42704: constraint "base_pkey" for table "oc" does not exist

statement
CREATE VIEW loc AS SELECT * FROM base WHERE a > 0 WITH LOCAL CHECK OPTION

statement
CREATE VIEW cas AS SELECT * FROM v1 WHERE a < 1000 WITH CHECK OPTION

statement
CREATE VIEW locn AS SELECT a, b FROM v1 WHERE a < 1000 WITH LOCAL CHECK OPTION

statement
CREATE VIEW over AS SELECT a, b FROM loc WHERE a < 500

statement
CREATE VIEW overc AS SELECT a, b FROM over WHERE b <> 'no' WITH CASCADED CHECK OPTION

query
SELECT table_name, check_option, is_updatable FROM information_schema.views WHERE table_schema = 'public' AND table_name IN ('loc','cas','locn','over','overc') ORDER BY 1
----
cas|CASCADED|YES
loc|LOCAL|YES
locn|LOCAL|YES
over|NONE|YES
overc|CASCADED|YES

query
SELECT relname, reloptions FROM pg_class WHERE relname IN ('loc','cas','over') ORDER BY 1
----
cas|{check_option=cascaded}
loc|{check_option=local}
over|NULL

statement
INSERT INTO loc VALUES (-50, 'bad', 1)
----
ERROR 44000: new row violates check option for view "loc"

statement
INSERT INTO loc VALUES (50, 'good', 1)

statement
UPDATE loc SET a = -a WHERE a = 50
----
ERROR 44000: new row violates check option for view "loc"

statement
INSERT INTO cas (a, b) VALUES (-51, 'bad')
----
ERROR 44000: new row violates check option for view "v1"

statement
INSERT INTO cas (a, b) VALUES (5100, 'bad')
----
ERROR 44000: new row violates check option for view "cas"

statement
INSERT INTO locn (a, b) VALUES (-51, 'allowed')

statement
INSERT INTO locn (a, b) VALUES (5100, 'bad')
----
ERROR 44000: new row violates check option for view "locn"

statement
INSERT INTO over VALUES (-52, 'bad')
----
ERROR 44000: new row violates check option for view "loc"

statement
INSERT INTO over VALUES (600, 'allowed')

statement
INSERT INTO overc VALUES (-53, 'bad')
----
ERROR 44000: new row violates check option for view "loc"

statement
INSERT INTO overc VALUES (601, 'bad')
----
ERROR 44000: new row violates check option for view "over"

statement
INSERT INTO overc VALUES (53, 'no')
----
ERROR 44000: new row violates check option for view "overc"

statement
INSERT INTO overc VALUES (53, NULL)
----
ERROR 44000: new row violates check option for view "overc"

statement
INSERT INTO overc VALUES (53, 'yes')

statement
INSERT INTO overc VALUES (54, 'yes'), (55, 'no'), (56, 'yes')
----
ERROR 44000: new row violates check option for view "overc"

statement
UPDATE overc SET b = 'no' WHERE a = 53
----
ERROR 44000: new row violates check option for view "overc"

statement
INSERT INTO overc VALUES (53, 'x') ON CONFLICT (a) DO UPDATE SET b = 'no'
----
ERROR 44000: new row violates check option for view "overc"

query
INSERT INTO overc VALUES (53, 'x') ON CONFLICT (a) DO UPDATE SET b = 'fine' RETURNING *
----
53|fine

query
SELECT a, b FROM base WHERE a > 40 OR a < -40 ORDER BY a
----
-51|allowed
41|unspecified
50|good
53|fine
600|allowed

statement
CREATE VIEW bad AS SELECT DISTINCT a FROM base WITH CHECK OPTION
----
ERROR 0A000: WITH CHECK OPTION is supported only on automatically updatable views

statement
CREATE VIEW bad AS SELECT a + 1 AS x FROM base WITH CHECK OPTION
----
ERROR 0A000: WITH CHECK OPTION is supported only on automatically updatable views

statement
CREATE VIEW bad WITH (check_option = sometimes) AS SELECT a FROM base
----
ERROR 22023: invalid value for enum option "check_option": sometimes

statement
CREATE VIEW bad WITH (nonsense = 1) AS SELECT a FROM base
----
ERROR 22023: unrecognized parameter "nonsense"

statement
CREATE VIEW wo WITH (check_option = local, security_barrier) AS SELECT a, b FROM base WHERE b IS NOT NULL

statement
INSERT INTO wo VALUES (70, NULL)
----
ERROR 44000: new row violates check option for view "wo"

statement
ALTER VIEW wo RESET (check_option)

statement
INSERT INTO wo VALUES (70, NULL)

query
SELECT reloptions FROM pg_class WHERE relname = 'wo'
----
{security_barrier=true}

statement
ALTER VIEW wo SET (check_option = 'cascaded', security_barrier = false)

query
SELECT reloptions FROM pg_class WHERE relname = 'wo'
----
{check_option=cascaded,security_barrier=false}

statement
INSERT INTO wo VALUES (71, NULL)
----
ERROR 44000: new row violates check option for view "wo"

statement
CREATE OR REPLACE VIEW wo AS SELECT a, b FROM base WHERE b IS NOT NULL

statement
INSERT INTO wo VALUES (71, NULL)

statement
CREATE TABLE allowed (n int)

statement
INSERT INTO allowed VALUES (80), (81)

statement
CREATE VIEW sq AS SELECT a, (SELECT max(n) FROM allowed) AS top FROM base WHERE a IN (SELECT n FROM allowed) WITH CHECK OPTION

query
INSERT INTO sq (a) VALUES (80) RETURNING *
----
80|81

statement
INSERT INTO sq (a) VALUES (82)
----
ERROR 44000: new row violates check option for view "sq"

query
UPDATE sq SET a = 81 WHERE top = 81 RETURNING *
----
81|81

statement
UPDATE sq SET a = 82
----
ERROR 44000: new row violates check option for view "sq"

query
DELETE FROM sq WHERE a = top RETURNING a, top
----
81|81

statement
CREATE TABLE d (id int, x text DEFAULT 'table', y text DEFAULT 'table', z text DEFAULT 'table')

statement
CREATE VIEW d1 AS SELECT * FROM d

statement
CREATE VIEW d2 AS SELECT id, x, y FROM d1

statement
ALTER VIEW d1 ALTER COLUMN x SET DEFAULT 'view 1'

statement
ALTER TABLE d1 ALTER y SET DEFAULT 'view 1'

statement
ALTER VIEW d2 ALTER COLUMN x SET DEFAULT 'view 2'

statement
ALTER VIEW d2 ALTER COLUMN nope SET DEFAULT 'x'
----
ERROR 42703: column "nope" of relation "d2" does not exist

statement
ALTER VIEW d2 ALTER COLUMN id SET DEFAULT 'x'
----
ERROR 22P02: invalid input syntax for type integer: "x"

query
INSERT INTO d1 (id) VALUES (1) RETURNING *
----
1|view 1|view 1|table

query
INSERT INTO d2 (id) VALUES (2) RETURNING *
----
2|view 2|view 1

query
INSERT INTO d2 VALUES (3, DEFAULT, DEFAULT), (4, 'given', DEFAULT) RETURNING *
----
3|view 2|view 1
4|given|view 1

query
INSERT INTO d2 DEFAULT VALUES RETURNING *
----
NULL|view 2|view 1

query
UPDATE d2 SET x = DEFAULT, y = DEFAULT WHERE id = 4 RETURNING *
----
4|view 2|NULL

query
SELECT column_name, column_default IS NOT NULL FROM information_schema.columns WHERE table_name = 'd2' ORDER BY ordinal_position
----
id|f
x|t
y|f

statement
ALTER VIEW d2 ALTER COLUMN x DROP DEFAULT

query
INSERT INTO d2 (id) VALUES (5) RETURNING *
----
5|view 1|view 1

query
SELECT * FROM d ORDER BY id
----
1|view 1|view 1|table
2|view 2|view 1|table
3|view 2|view 1|table
4|view 2|NULL|table
5|view 1|view 1|table
NULL|view 2|view 1|table

statement
ALTER VIEW d1 ALTER COLUMN x SET NOT NULL
----
ERROR 42809: ALTER action ALTER COLUMN ... SET NOT NULL cannot be performed on relation "d1"

statement
CREATE TABLE parent (id int PRIMARY KEY)

statement
CREATE TABLE child (id int GENERATED ALWAYS AS IDENTITY, p int REFERENCES parent ON DELETE CASCADE, twice int GENERATED ALWAYS AS (p * 2) STORED)

statement
CREATE VIEW pv AS SELECT * FROM parent

statement
CREATE VIEW cv AS SELECT * FROM child

statement
INSERT INTO cv (p) VALUES (1)
----
ERROR 23503: insert or update on table "child" violates foreign key constraint "child_p_fkey"

statement
INSERT INTO pv VALUES (1), (2)

query
INSERT INTO cv (p) VALUES (1), (2) RETURNING p, twice
----
1|2
2|4

statement
INSERT INTO cv (id, p) VALUES (9, 1)
----
ERROR 428C9: cannot insert a non-DEFAULT value into column "id"

query
INSERT INTO cv (id, p) OVERRIDING SYSTEM VALUE VALUES (9, 1) RETURNING *
----
9|1|2

statement
INSERT INTO cv (p, twice) VALUES (1, 9)
----
ERROR 428C9: cannot insert a non-DEFAULT value into column "twice"

statement
UPDATE cv SET twice = 5
----
ERROR 428C9: column "twice" can only be updated to DEFAULT

query
UPDATE cv SET p = 2 WHERE id = 9 RETURNING id, p, twice
----
9|2|4

statement
DELETE FROM pv WHERE id = 1

query
SELECT p, twice FROM child ORDER BY p
----
2|4
2|4

statement
TRUNCATE pv
----
ERROR 42809: "pv" is not a table

statement
CREATE SEQUENCE vs

statement
CREATE VIEW sv AS SELECT id, y FROM d

statement
ALTER VIEW sv ALTER id SET DEFAULT nextval('vs')

query
INSERT INTO sv (y) VALUES ('from a sequence') RETURNING *
----
1|from a sequence

statement
ALTER SEQUENCE vs RENAME TO vs2

query
INSERT INTO sv (y) VALUES ('renamed') RETURNING *
----
2|renamed

statement
DROP SEQUENCE vs2
----
ERROR 2BP01: cannot drop sequence vs2 because other objects depend on it

statement
DROP SEQUENCE vs2 CASCADE

query
INSERT INTO sv (y) VALUES ('dropped') RETURNING *
----
NULL|dropped

query
SELECT a FROM v1 WHERE a = 1 FOR UPDATE
----
1

query
UPDATE v1 SET c = 3 WHERE a = 1 RETURNING (SELECT count(*) FROM v1 o WHERE o.a = v1.a)
----
1

statement
PREPARE pu (int, text) AS UPDATE v1 SET b = $2 WHERE a = $1

statement
EXECUTE pu (1, 'prepared')

query
SELECT b FROM v1 WHERE a = 1
----
prepared

statement
ALTER TABLE base RENAME COLUMN b TO renamed

statement
ALTER TABLE base RENAME TO base2

query
UPDATE v1 SET b = 'after' WHERE a = 1 RETURNING *
----
1|after|AFTER|4|3

query
UPDATE cas SET b = 'after all' WHERE a = 1 RETURNING a, b
----
1|after all


# A row that one condition refuses is not asked of the next one, which would fail, nor is a
# later row.
statement
CREATE TABLE parts (a int, b int)

statement
CREATE VIEW nonzero AS SELECT a, b FROM parts WHERE b <> 0

statement
CREATE VIEW small AS SELECT a, b FROM nonzero WHERE 10 / b > a WITH CASCADED CHECK OPTION

statement
INSERT INTO small VALUES (1, 0)
----
ERROR 44000: new row violates check option for view "nonzero"

statement
INSERT INTO small VALUES (1, 2), (9, 5), (1, 0)
----
ERROR 44000: new row violates check option for view "small"

statement
INSERT INTO small VALUES (1, 2), (0, 3)
