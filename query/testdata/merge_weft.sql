# What PostgreSQL has since 17 and 18.

statement
CREATE TABLE t (id int PRIMARY KEY, v int)

statement
CREATE TABLE s (id int, d int)

statement
INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)

statement
INSERT INTO s VALUES (1, 5), (4, 40), (2, 0)

query rowsort
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND d = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET v = v + d WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.d) WHEN NOT MATCHED BY SOURCE THEN UPDATE SET v = 0 RETURNING merge_action(), t.id, t.v, s.d, old.v, new.v
----
DELETE|2|20|0|20|NULL
INSERT|4|40|40|NULL|40
UPDATE|1|15|5|10|15
UPDATE|3|0|NULL|30|0

query
SELECT * FROM t ORDER BY id
----
1|15
3|0
4|40

query rowsort
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED BY SOURCE AND v = 0 THEN DELETE RETURNING *
----
NULL|NULL|3|0

query
SELECT * FROM t ORDER BY id
----
1|15
4|40

query
UPDATE t SET v = v + 1 WHERE id = 4 RETURNING old.v, new.v, t.v, old.id = new.id
----
40|41|41|t

query
DELETE FROM t WHERE id = 4 RETURNING old.v, new.v
----
41|NULL

query
INSERT INTO t VALUES (7, 70) RETURNING old.v, new.v
----
NULL|70

query
WITH m AS (MERGE INTO t USING (VALUES (7, 1), (8, 2)) w (id, x) ON t.id = w.id WHEN MATCHED THEN UPDATE SET v = x WHEN NOT MATCHED THEN INSERT VALUES (id, x) RETURNING merge_action() AS a, t.*) SELECT a, id, v FROM m ORDER BY id
----
UPDATE|7|1
INSERT|8|2

statement
SELECT merge_action()
----
ERROR 42601: MERGE_ACTION() can only be used in the RETURNING list of a MERGE command at 8

statement
SELECT * FROM t AS OF SYSTEM TIME '2999-01-01'
----
ERROR 22023: AS OF SYSTEM TIME: the time is before 1970 or out of range at 35

statement
SELECT * FROM t AS OF SYSTEM TIME 'nonsense'
----
ERROR 22023: AS OF SYSTEM TIME: invalid input syntax for type timestamp with time zone: "nonsense" at 35

statement
UPDATE t AS OF SYSTEM TIME '-1s' SET v = 1
----
ERROR 0A000: the past cannot be changed: AS OF SYSTEM TIME on the table of a write at 28

