# ALTER TYPE … ADD and DROP ATTRIBUTE of types that columns and other types use.

statement
CREATE TYPE pair AS (a int, b int); CREATE TYPE outerp AS (p pair, n int); CREATE TABLE pu (id int PRIMARY KEY, x pair, y pair[], z outerp, zz outerp[]); CREATE TABLE pv (id int, x pair, CHECK (id > 0)); CREATE VIEW vv AS SELECT id, x FROM pv; CREATE VIEW vn AS SELECT id FROM pu

statement
INSERT INTO pu VALUES (1, ROW(1, 2), ARRAY[ROW(3, 4)::pair, NULL], ROW(ROW(5, 6), 7), ARRAY[ROW(ROW(8, 9), 10)::outerp]), (2, NULL, NULL, NULL, NULL), (3, ROW(NULL, NULL), '{}', ROW(NULL, 1), NULL); INSERT INTO pv VALUES (1, ROW(1, 1))

statement
ALTER TYPE pair ADD ATTRIBUTE c text

query
SELECT * FROM pu ORDER BY id
----
1|(1,2,)|{"(3,4,)",NULL}|("(5,6,)",7)|{"(\"(8,9,)\",10)"}
2|NULL|NULL|NULL|NULL
3|(,,)|{}|(,1)|NULL

query
SELECT (x).c, (z).p.c, y[1].b FROM pu ORDER BY id
----
NULL|NULL|4
NULL|NULL|NULL
NULL|NULL|NULL

query
SELECT id, x, (x).c FROM vv
----
1|(1,1,)|NULL

statement
UPDATE pu SET x.c = 'hey', z.p.c = 'w' WHERE id = 1

statement
BEGIN; ALTER TYPE pair DROP ATTRIBUTE a; INSERT INTO pu VALUES (7, ROW(1, 'x')); ROLLBACK

query
SELECT id, x FROM pu ORDER BY id
----
1|(1,2,hey)
2|NULL
3|(,,)

statement
ALTER TYPE pair DROP ATTRIBUTE a

query
SELECT * FROM pu ORDER BY id
----
1|(2,hey)|{"(4,)",NULL}|("(6,w)",7)|{"(\"(9,)\",10)"}
2|NULL|NULL|NULL|NULL
3|(,)|{}|(,1)|NULL

statement
ALTER TYPE pair ADD ATTRIBUTE a int, DROP ATTRIBUTE b

query
SELECT * FROM pu ORDER BY id
----
1|(hey,)|{"(,)",NULL}|("(w,)",7)|{"(\"(,)\",10)"}
2|NULL|NULL|NULL|NULL
3|(,)|{}|(,1)|NULL

query
SELECT * FROM vv
----
1|(,)

query
SELECT id, x IS NULL, x IS NOT DISTINCT FROM NULL FROM pu ORDER BY id
----
1|f|f
2|t|t
3|t|f

statement
CREATE TYPE single AS (a int); CREATE TABLE ps (x single); ALTER TYPE single ALTER ATTRIBUTE a TYPE text
----
ERROR 0A000: cannot alter type "single" because column "ps.x" uses it

statement
ALTER TYPE outerp DROP ATTRIBUTE n, ADD ATTRIBUTE m date

query
SELECT * FROM pu ORDER BY id
----
1|(hey,)|{"(,)",NULL}|("(w,)",)|{"(\"(,)\",)"}
2|NULL|NULL|NULL|NULL
3|(,)|{}|(,)|NULL

statement
ALTER TYPE outerp DROP ATTRIBUTE q
----
ERROR 42703: column "q" of relation "outerp" does not exist

statement
ALTER TYPE outerp ADD ATTRIBUTE p int
----
ERROR 42701: column "p" of relation "outerp" already exists

statement
ALTER TYPE pair ADD ATTRIBUTE k outerp
----
ERROR 42P16: composite type pair cannot be made a member of itself

statement
ALTER TYPE pair ADD ATTRIBUTE k pair[]
----
ERROR 42P16: composite type pair cannot be made a member of itself

statement
CREATE UNIQUE INDEX ON pu (x); INSERT INTO pu VALUES (9, ROW('z', 4)); ALTER TYPE pair ADD ATTRIBUTE d int

query
SELECT id, x FROM pu WHERE x = ROW('z', 4, NULL)::pair
----
9|(z,4,)

query
SELECT id, x FROM pu ORDER BY x
----
1|(hey,,)
9|(z,4,)
3|(,,)
2|NULL

statement
INSERT INTO pu VALUES (10, ROW('z', 4, NULL))
----
ERROR 23505: duplicate key value violates unique constraint "pu_x_idx"

query
INSERT INTO pu VALUES (11, ROW('z', 4, 1)) RETURNING (x).d
----
1

statement
ALTER TYPE pair DROP ATTRIBUTE a CASCADE

query
SELECT ROW(1, 2)::pair, x FROM pu WHERE id = 11
----
(1,2)|(z,1)

statement
DROP INDEX pu_x_idx; CREATE VIEW vc AS SELECT (x).c FROM pu

statement
ALTER TYPE pair DROP ATTRIBUTE c
----
ERROR 2BP01: cannot drop column c of composite type pair because other objects depend on it

query
SELECT count(*) FROM vc
----
5

