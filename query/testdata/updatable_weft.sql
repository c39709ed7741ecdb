# Changes through views that PostgreSQL 15 has no MERGE for, or that concern other models.

statement
CREATE TABLE base (a int PRIMARY KEY, b text, c int DEFAULT 7)

statement
INSERT INTO base VALUES (1, 'one', 10), (2, 'two', 20), (-1, 'unseen', 0)

statement
CREATE VIEW v AS SELECT a AS k, b AS txt, upper(b) AS big, c FROM base WHERE a > 0 WITH CHECK OPTION

query
MERGE INTO v USING (VALUES (1, 'uno'), (2, NULL), (3, 'tres')) s(k, txt) ON v.k = s.k WHEN MATCHED AND s.txt IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET txt = v.big || s.txt WHEN NOT MATCHED THEN INSERT (k, txt) VALUES (s.k, s.txt) RETURNING merge_action(), v.*, s.k
----
DELETE|2|two|TWO|20|2
UPDATE|1|ONEuno|ONEUNO|10|1
INSERT|3|tres|TRES|7|3

query
MERGE INTO v AS t USING (VALUES (-1, 'x')) s(k, txt) ON t.k = s.k WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING RETURNING t.k

statement
MERGE INTO v USING (VALUES (-5, 'x')) s(k, txt) ON v.k = s.k WHEN NOT MATCHED THEN INSERT (k, txt) VALUES (s.k, s.txt)
----
ERROR 44000: new row violates check option for view "v"

statement
MERGE INTO v USING (VALUES (1, 'x')) s(k, txt) ON v.k = s.k WHEN MATCHED THEN UPDATE SET k = -9
----
ERROR 44000: new row violates check option for view "v"

statement
MERGE INTO v USING (VALUES (1, 'x')) s(k, txt) ON v.k = s.k WHEN MATCHED THEN UPDATE SET big = 'x'
----
ERROR 0A000: cannot merge into column "big" of view "v" at 90

statement
MERGE INTO v USING (VALUES (9, 'x')) s(k, txt) ON v.k = s.k WHEN NOT MATCHED THEN INSERT (k, big) VALUES (9, 'x')
----
ERROR 0A000: cannot merge into column "big" of view "v" at 94

query
MERGE INTO v USING (VALUES (1)) s(k) ON v.k = s.k WHEN NOT MATCHED BY SOURCE THEN UPDATE SET c = c + 1 RETURNING old.c, new.c, new.big
----
7|8|TRES

query
UPDATE v SET txt = 'new' WHERE k = 1 RETURNING old.txt, new.txt, old.big, new.big
----
ONEuno|new|ONEUNO|NEW

query
SELECT * FROM base ORDER BY a
----
-1|unseen|0
1|new|10
3|tres|8

statement
CREATE VIEW d AS SELECT DISTINCT a FROM base

statement
MERGE INTO d USING base s ON d.a = s.a WHEN MATCHED THEN DELETE
----
ERROR 55000: cannot delete from view "d" at 12

statement
MERGE INTO d USING base s ON d.a = s.a WHEN NOT MATCHED THEN INSERT VALUES (1)
----
ERROR 55000: cannot insert into view "d" at 12

statement
MERGE INTO d USING base s ON d.a = s.a WHEN MATCHED THEN DO NOTHING
----
ERROR 55000: cannot merge into view "d" at 12

statement
WITH gone AS (DELETE FROM base WHERE a = 1) INSERT INTO v (k) VALUES (40), (-40)
----
ERROR 44000: new row violates check option for view "v"

query
SELECT a FROM base ORDER BY a
----
-1
1
3

query
WITH x AS (INSERT INTO v (k, txt) SELECT i, 'n' || i FROM generate_series(1000, 6000) i RETURNING big) SELECT count(*), max(big) FROM x
----
5001|N6000

statement
UPDATE v SET k = k - 5500 WHERE k > 900
----
ERROR 23505: duplicate key value violates unique constraint "base_pkey"

query
WITH x AS (DELETE FROM v WHERE k > 900 RETURNING k) SELECT count(*) FROM x
----
5001

query
SELECT count(*) FROM base
----
3

