# UPDATE and DELETE … WHERE CURRENT OF.

statement
CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE u (id int PRIMARY KEY, v int); CREATE TABLE n (v int, w text); CREATE TABLE two (a int, b text, c int, PRIMARY KEY (b, a)); CREATE VIEW tv AS SELECT id, v FROM t

statement
INSERT INTO t SELECT g, g FROM generate_series(1, 5) g; INSERT INTO u SELECT g, g FROM generate_series(1, 3) g; INSERT INTO n VALUES (1, 'a'), (1, 'a'), (2, 'b'); INSERT INTO two VALUES (1, 'x', 1), (2, 'x', 2), (1, 'y', 3)

statement
UPDATE t SET v = 0 WHERE CURRENT OF c
----
ERROR 34000: cursor "c" does not exist

query
BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; SAVEPOINT s

statement
UPDATE t SET v = 0 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not positioned on a row

query
ROLLBACK TO s; FETCH 2 FROM c
----
1|1
2|2

query
UPDATE t SET v = 20 WHERE CURRENT OF c RETURNING *
----
2|20

query
UPDATE t SET v = v + 1 WHERE CURRENT OF c RETURNING *
----
2|21

query
FETCH 1 FROM c
----
3|3

query
DELETE FROM t WHERE CURRENT OF c RETURNING *
----
3|3

query
DELETE FROM t WHERE CURRENT OF c RETURNING *

query
MOVE 1 FROM c; UPDATE t x SET v = u.v * 100 FROM u WHERE CURRENT OF c RETURNING x.id, x.v, u.id
----
4|100|1

query
WITH d AS (DELETE FROM t WHERE CURRENT OF c RETURNING *) SELECT * FROM d
----
4|100

statement
SAVEPOINT s; UPDATE u SET v = 1 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "u"

statement
ROLLBACK TO s; UPDATE t SET v = 1 WHERE CURRENT OF nix
----
ERROR 34000: cursor "nix" does not exist

statement
ROLLBACK TO s; MOVE 10 FROM c; UPDATE t SET v = 1 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not positioned on a row

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT v FROM t FOR UPDATE; FETCH 2 FROM c
----
1
2

query
UPDATE t SET v = 20 WHERE CURRENT OF c RETURNING *
----
2|20

statement
SAVEPOINT s; DELETE FROM u WHERE CURRENT OF c
----
ERROR 24000: cursor "c" does not have a FOR UPDATE/SHARE reference to table "u"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT v FROM t ORDER BY -id LIMIT 3 FOR UPDATE; FETCH 2 FROM c
----
5
4

query
UPDATE t SET v = 20 WHERE CURRENT OF c RETURNING *
----
4|20

query
ROLLBACK; BEGIN; DECLARE c SCROLL CURSOR FOR SELECT t.id, u.v FROM t JOIN u ON t.id = u.id; SAVEPOINT s; FETCH 1 FROM c
----
1|1

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "t"

statement
ROLLBACK TO s; DELETE FROM u WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "u"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT t.id, u.v FROM t JOIN u ON t.id = u.id ORDER BY t.id FOR UPDATE OF t; FETCH 1 FROM c
----
1|1

query
SAVEPOINT s; UPDATE t SET v = 20 WHERE CURRENT OF c RETURNING *
----
1|20

statement
UPDATE u SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" does not have a FOR UPDATE/SHARE reference to table "u"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT t.id, u.v FROM t JOIN u ON t.id = u.id + 1 ORDER BY t.id FOR UPDATE; FETCH 2 FROM c
----
2|1
3|2

query
UPDATE t SET v = 20 WHERE CURRENT OF c RETURNING *
----
3|20

query
DELETE FROM u WHERE CURRENT OF c RETURNING *
----
2|2

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT a.id FROM t a, t b ORDER BY a.id, b.id FOR UPDATE; FETCH 1 FROM c
----
1

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" has multiple FOR UPDATE/SHARE references to table "t"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT count(*) FROM t; FETCH 1 FROM c
----
5

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "t"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT DISTINCT v FROM t WHERE v = 1; FETCH 1 FROM c
----
1

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "t"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT v FROM t GROUP BY v HAVING v = 1; FETCH 1 FROM c
----
1

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "t"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT v, row_number() OVER () FROM t WHERE v = 1; FETCH 1 FROM c
----
1|1

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "t"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT v, generate_series(1, 2) FROM t WHERE v = 1; FETCH 1 FROM c
----
1|1

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "t"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT 1 AS v FROM t a, t b LIMIT 1; FETCH 1 FROM c
----
1

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "t"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH 1 FROM c
----
1

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "t"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT max(v) FROM t; FETCH 1 FROM c
----
5

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is not a simply updatable scan of table "t"

query
ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; SAVEPOINT s; FETCH 1 FROM c
----
1|1

statement
UPDATE tv SET v = 20 WHERE CURRENT OF c
----
ERROR 0A000: WHERE CURRENT OF on a view is not implemented

statement
ROLLBACK TO s; UPDATE t SET v = 20 WHERE CURRENT OF c AND true
----
ERROR 42601: syntax error at or near "AND"

query
ROLLBACK TO s; PREPARE p AS UPDATE t SET v = $1 WHERE CURRENT OF c RETURNING *; EXECUTE p(5)
----
1|5

query
FETCH 1 FROM c
----
2|2

query
EXECUTE p(6)
----
2|6

query
DEALLOCATE p; ROLLBACK; BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT v FROM t; FETCH 1 FROM c
----
1

query
UPDATE t SET v = 21 WHERE CURRENT OF c RETURNING *
----
1|21

statement
COMMIT

statement
UPDATE t SET v = 20 WHERE CURRENT OF c
----
ERROR 24000: cursor "c" is held from a previous transaction

query
CLOSE c; BEGIN; DECLARE c SCROLL CURSOR FOR SELECT * FROM t WHERE id > 2; FETCH 2 FROM c
----
3|3
4|4

query
FETCH BACKWARD 1 FROM c
----
3|3

query
UPDATE t SET v = 22 WHERE CURRENT OF c RETURNING *
----
3|22

query
CLOSE c; DECLARE c CURSOR FOR SELECT v FROM n; FETCH 2 FROM c
----
1
1

query
UPDATE n SET w = 'A' WHERE CURRENT OF c RETURNING *
----
1|A

query
FETCH 1 FROM c
----
2

query
DELETE FROM n WHERE CURRENT OF c RETURNING *
----
2|b

query
SELECT * FROM n ORDER BY w
----
1|A
1|a

query
CLOSE c; DECLARE c CURSOR FOR SELECT c FROM two WHERE c > 1; FETCH 1 FROM c
----
2

query
UPDATE two SET c = 22 WHERE CURRENT OF c RETURNING *
----
2|x|22

query
COMMIT; SELECT * FROM two ORDER BY 1, 2
----
1|x|1
1|y|3
2|x|22

query
BEGIN; DECLARE c CURSOR FOR SELECT t.id, t.v FROM t LEFT JOIN u ON u.id = t.id WHERE t.id > 3 ORDER BY t.id FOR UPDATE OF t; FETCH 1 FROM c
----
4|4

query
UPDATE t SET v = 0 WHERE CURRENT OF c RETURNING *
----
4|0

statement
ROLLBACK

