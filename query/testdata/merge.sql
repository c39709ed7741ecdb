# MERGE, assignment of several columns, and the past. Results are PostgreSQL 15's.

statement
CREATE TABLE t (id int PRIMARY KEY, v int, n text DEFAULT 'd')

statement
CREATE TABLE s (id int, d int)

statement
INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c'), (4, 40, 'd')

statement
INSERT INTO s VALUES (1, 5), (2, -20), (5, 50), (6, NULL)

statement
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND t.v + s.d = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET v = t.v + s.d, n = 'm' WHEN NOT MATCHED AND s.d IS NULL THEN DO NOTHING WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.d)

query
SELECT * FROM t ORDER BY id
----
1|15|m
3|30|c
4|40|d
5|50|d

statement
MERGE INTO t AS x USING (SELECT id, sum(d) AS d FROM s GROUP BY id) AS y ON x.id = y.id WHEN MATCHED THEN UPDATE SET (v, n) = (y.d, 'again') WHEN NOT MATCHED THEN INSERT VALUES (y.id, y.d, DEFAULT)

query
SELECT * FROM t ORDER BY id
----
1|5|again
2|-20|d
3|30|c
4|40|d
5|50|again
6|NULL|d

statement
INSERT INTO s VALUES (1, 7)

statement
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = s.d
----
ERROR 21000: MERGE command cannot affect row a second time

statement
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE
----
ERROR 21000: MERGE command cannot affect row a second time

query
SELECT * FROM t ORDER BY id
----
1|5|again
2|-20|d
3|30|c
4|40|d
5|50|again
6|NULL|d

statement
DELETE FROM s WHERE d = 7

statement
MERGE INTO t USING s ON true WHEN NOT MATCHED THEN INSERT DEFAULT VALUES

statement
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DO NOTHING WHEN MATCHED THEN DELETE
----
ERROR 42601: unreachable WHEN clause specified after unconditional WHEN clause

statement
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (t.id, 1)
----
ERROR 42P01: invalid reference to FROM-clause entry for table "t"

statement
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id, id) VALUES (1, 1)
----
ERROR 42701: column "id" specified more than once

statement
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, 1, 'a', 2)
----
ERROR 42601: INSERT has more expressions than target columns

statement
MERGE INTO t USING (VALUES (1), (9)) AS w (id) ON t.id = w.id WHEN MATCHED THEN UPDATE SET v = v + 1 WHEN NOT MATCHED THEN INSERT VALUES (w.id, -1, 'n')

query
SELECT * FROM t ORDER BY id
----
1|6|again
2|-20|d
3|30|c
4|40|d
5|50|again
6|NULL|d
9|-1|n

statement
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND sum(s.d) > 1 THEN DELETE
----
ERROR 42803: aggregate functions are not allowed in MERGE WHEN conditions

statement
WITH w AS (SELECT 3 AS id) MERGE INTO t USING w ON t.id = w.id WHEN MATCHED THEN DELETE

query
SELECT id FROM t ORDER BY id
----
1
2
4
5
6
9

statement
MERGE INTO t USING t AS o ON t.id = o.id + 1 WHEN MATCHED THEN UPDATE SET v = o.v

query
SELECT id, v FROM t ORDER BY id
----
1|6
2|6
4|40
5|40
6|50
9|-1

statement
UPDATE t SET (v, n) = (SELECT s.d, 'sub' FROM s WHERE s.id = t.id) WHERE id < 3

query
SELECT * FROM t ORDER BY id
----
1|5|sub
2|-20|sub
4|40|d
5|40|again
6|50|d
9|-1|n

statement
UPDATE t SET (v, n) = (SELECT 1)
----
ERROR 42601: number of columns does not match number of values

statement
UPDATE t SET (v, n) = (SELECT 1, 'x' FROM s)
----
ERROR 21000: more than one row returned by a subquery used as an expression

statement
UPDATE t SET (n, v) = (SELECT n || '!', v + 1), id = id + 100 WHERE id = 9

query
SELECT * FROM t ORDER BY id
----
1|5|sub
2|-20|sub
4|40|d
5|40|again
6|50|d
109|0|n!

statement
BEGIN

statement
DECLARE c SCROLL CURSOR FOR SELECT i FROM generate_series(1, 5) i

query
FETCH c
----
1

query
FETCH 2 FROM c
----
2
3

query
FETCH BACKWARD 2 FROM c
----
2
1

query
FETCH LAST FROM c
----
5

query
FETCH NEXT FROM c

query
FETCH PRIOR FROM c
----
5

query
FETCH ABSOLUTE 2 FROM c
----
2

query
FETCH RELATIVE 2 FROM c
----
4

query
FETCH ABSOLUTE -2 FROM c
----
4

query
FETCH FIRST FROM c
----
1

query
FETCH ALL FROM c
----
2
3
4
5

query
FETCH BACKWARD ALL FROM c
----
5
4
3
2
1

statement
MOVE 3 FROM c

query
FETCH RELATIVE 0 FROM c
----
3

statement
DECLARE c CURSOR FOR SELECT 1
----
ERROR 42P03: cursor "c" already exists

statement
ROLLBACK

statement
DECLARE c CURSOR FOR SELECT 1
----
ERROR 25P01: DECLARE CURSOR can only be used in transaction blocks

statement
BEGIN

statement
DECLARE c NO SCROLL CURSOR FOR SELECT i FROM generate_series(1, 5) i

query
FETCH 3 FROM c
----
1
2
3

statement
FETCH PRIOR FROM c
----
ERROR 55000: cursor can only scan forward

statement
ROLLBACK

statement
DECLARE h CURSOR WITH HOLD FOR SELECT 7

query
FETCH h
----
7

statement
CLOSE h

statement
CLOSE h
----
ERROR 34000: cursor "h" does not exist

statement
FETCH h
----
ERROR 34000: cursor "h" does not exist

statement
SELECT count(*) FROM t TABLESAMPLE bernoulli (200)
----
ERROR 2202H: sample percentage must be between 0 and 100

statement
SELECT count(*) FROM t TABLESAMPLE nope (20)
----
ERROR 42704: tablesample method nope does not exist

query
SELECT count(*) = (SELECT count(*) FROM t) FROM t TABLESAMPLE system (100)
----
t

query
SELECT count(*) FROM t TABLESAMPLE bernoulli (0) REPEATABLE (3)
----
0

query
SELECT (SELECT array_agg(id) FROM t TABLESAMPLE bernoulli (50) REPEATABLE (3)) IS NOT DISTINCT FROM (SELECT array_agg(id) FROM t TABLESAMPLE bernoulli (50) REPEATABLE (3))
----
t

statement
VACUUM t

statement
VACUUM ANALYZE t

