# System columns: tableoid and ctid.

statement
CREATE TABLE zz (a int, b text)

statement
INSERT INTO zz VALUES (1, 'x'), (2, 'y'), (1, 'x'), (1, 'x'), (2, 'y'), (3, 'z')

query
SELECT tableoid::regclass, pg_typeof(ctid), * FROM zz ORDER BY ctid LIMIT 2
----
zz|tid|1|x
zz|tid|2|y

query
SELECT DISTINCT tableoid = 'zz'::regclass, tableoid = 'zz'::regclass::oid, zz.tableoid::regclass, public.zz.tableoid::regclass FROM zz
----
t|t|zz|zz

query
SELECT min(ctid) < max(ctid), count(DISTINCT ctid), count(ctid) FROM zz
----
t|6|6

query
SELECT '(0,1)'::tid, '(4294967295,65535)'::tid, '(0,1)'::tid < '(1,0)', '(0,1)'::tid = '(0,1)', '(1,2)'::tid::text
----
(0,1)|(4294967295,65535)|t|t|(1,2)

query
SELECT '(1,65536)'::tid
----
ERROR 22P02: invalid input syntax for type tid: "(1,65536)"

query
SELECT '1,2'::tid
----
ERROR 22P02: invalid input syntax for type tid: "1,2"

query
SELECT ' ( 1 , 2 ) '::tid
----
ERROR 22P02: invalid input syntax for type tid: " ( 1 , 2 ) "

query
SELECT '(0,1)'::tid = 1
----
ERROR 42883: operator does not exist: tid = integer

query
SELECT ctid::int FROM zz
----
ERROR 42846: cannot cast type tid to integer

query
SELECT a, b, row_number() OVER (PARTITION BY a, b ORDER BY ctid) FROM zz ORDER BY 1, 2, 3
----
1|x|1
1|x|2
1|x|3
2|y|1
2|y|2
3|z|1

query
SELECT count(*) FROM zz WHERE ctid = (SELECT min(ctid) FROM zz)
----
1

query
SELECT count(*) FROM zz WHERE ctid = ANY (ARRAY(SELECT ctid FROM zz ORDER BY ctid LIMIT 2))
----
2

query
SELECT a FROM zz WHERE ctid::text::tid IN (SELECT ctid FROM zz WHERE a = 3)
----
3

statement
BEGIN

query rowsort
DELETE FROM zz x USING zz y WHERE x.ctid < y.ctid AND x.a = y.a AND x.b = y.b RETURNING x.a, x.b
----
1|x
1|x
2|y

query
SELECT * FROM zz ORDER BY 1
----
1|x
2|y
3|z

statement
ROLLBACK

statement
BEGIN

statement
DELETE FROM zz WHERE ctid NOT IN (SELECT min(ctid) FROM zz GROUP BY a, b)

query
SELECT * FROM zz ORDER BY 1
----
1|x
2|y
3|z

statement
ROLLBACK

statement
BEGIN

statement
DELETE FROM zz WHERE ctid IN (SELECT ctid FROM (SELECT ctid, row_number() OVER (PARTITION BY a, b) AS n FROM zz) d WHERE n > 1)

query
SELECT * FROM zz ORDER BY 1
----
1|x
2|y
3|z

statement
ROLLBACK

statement
WITH d AS (SELECT ctid FROM zz WHERE a = 2 ORDER BY ctid LIMIT 1 FOR UPDATE) UPDATE zz SET b = 'new' FROM d WHERE zz.ctid = d.ctid

query
SELECT a, b FROM zz ORDER BY a, b
----
1|x
1|x
1|x
2|new
2|y
3|z

query
DELETE FROM zz WHERE b = 'new' RETURNING tableoid::regclass, ctid IS NOT NULL, *
----
zz|t|2|new

statement
UPDATE zz SET b = 'w' WHERE ctid = (SELECT ctid FROM zz WHERE a = 3)

query
SELECT b FROM zz WHERE a = 3
----
w

query
SELECT x.a, y.ctid IS NULL, y.tableoid::regclass FROM zz x LEFT JOIN zz y ON x.a = y.a + 1 ORDER BY 1, 2
----
1|t|NULL
1|t|NULL
1|t|NULL
2|f|zz
2|f|zz
2|f|zz
3|f|zz

query
SELECT x.a, y.ctid IS NULL, y.tableoid::regclass FROM zz x JOIN zz y USING (a, b) WHERE a > 1 ORDER BY 1
----
2|f|zz
3|f|zz

query
SELECT count(*), max(y.ctid) IS NULL FROM zz x FULL JOIN zz y ON x.ctid = y.ctid
----
5|f

query
SELECT ctid FROM zz x, zz y
----
ERROR 42702: column reference "ctid" is ambiguous

query
SELECT (SELECT count(*) FROM zz y WHERE y.ctid <= x.ctid) FROM zz x ORDER BY 1
----
1
2
3
4
5

query
SELECT ctid IS NULL, count(*) FROM zz GROUP BY ctid ORDER BY 2 LIMIT 1
----
f|1

query
SELECT ctid, count(*) FROM zz GROUP BY a
----
ERROR 42803: column "zz.ctid" must appear in the GROUP BY clause or be used in an aggregate function

query
SELECT row_to_json(zz) FROM zz WHERE a = 3
----
{"a":3,"b":"w"}

query
SELECT ctid FROM (SELECT * FROM zz) q
----
ERROR 42703: column "ctid" does not exist

query
SELECT ctid FROM generate_series(1, 2)
----
ERROR 42703: column "ctid" does not exist

query
WITH q AS (SELECT * FROM zz) SELECT ctid FROM q
----
ERROR 42703: column "ctid" does not exist

query
INSERT INTO zz VALUES (4, 'r') RETURNING tableoid::regclass, a
----
zz|4

query
UPDATE zz SET b = b WHERE a = 4 RETURNING tableoid::regclass, zz.tableoid::regclass
----
zz|zz

statement
UPDATE zz SET ctid = '(0,1)'
----
ERROR 0A000: cannot assign to system column "ctid"

statement
INSERT INTO zz (ctid) VALUES ('(0,1)')
----
ERROR 42703: column "ctid" of relation "zz" does not exist

statement
CREATE TABLE t2 (ctid int)
----
ERROR 42701: column name "ctid" conflicts with a system column name

statement
CREATE TABLE t2 (xid int, tableoid int)
----
ERROR 42701: column name "tableoid" conflicts with a system column name

statement
CREATE TABLE t2 AS SELECT ctid FROM zz
----
ERROR 42701: column name "ctid" conflicts with a system column name

statement
ALTER TABLE zz ADD COLUMN xmin int
----
ERROR 42701: column name "xmin" conflicts with a system column name

statement
ALTER TABLE zz RENAME COLUMN b TO cmax
----
ERROR 42701: column name "cmax" conflicts with a system column name

statement
ALTER TABLE zz DROP COLUMN ctid
----
ERROR 0A000: cannot drop system column "ctid"

statement
ALTER TABLE zz ALTER COLUMN ctid TYPE int
----
ERROR 0A000: cannot alter system column "ctid"

statement
CREATE INDEX ON zz (ctid)
----
ERROR 0A000: index creation on system columns is not supported

statement
CREATE VIEW vv (ctid) AS SELECT 1

statement
CREATE TYPE ty AS (ctid int)

query
SELECT ctid FROM vv
----
1

statement
CREATE VIEW places AS SELECT ctid AS place, tableoid::regclass AS t, a FROM zz

query
SELECT place IS NULL, t, a FROM places WHERE a = 3
----
f|zz|3

statement
CREATE TABLE t2 AS SELECT ctid AS c FROM zz

query
SELECT count(*) FROM t2 JOIN zz ON c = zz.ctid
----
6

statement
CREATE INDEX ON t2 (c)

query
SELECT count(*) FROM t2 WHERE c = (SELECT max(c) FROM t2)
----
1

statement
CREATE TABLE k (id bigint PRIMARY KEY, v int)

statement
INSERT INTO k SELECT i, i % 3 FROM generate_series(1, 20) i

statement
DELETE FROM k a USING k b WHERE a.ctid < b.ctid AND a.v = b.v

query
SELECT id, tableoid::regclass FROM k ORDER BY 1
----
18|k
19|k
20|k

query
SELECT tableoid::regclass FROM pg_class LIMIT 1
----
pg_class

query
SELECT typname, typlen, typcategory FROM pg_type WHERE oid = 27
----
tid|6|U

