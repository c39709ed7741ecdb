# Plans. Only the default planner is held to them.

statement
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric(10,2) NOT NULL DEFAULT 0, UNIQUE (a))

statement
CREATE TABLE u (uid serial PRIMARY KEY, tid int NOT NULL, note varchar(20))

statement
CREATE INDEX u_tid ON u (tid)

plan
SELECT * FROM t WHERE id = 5

plan
SELECT b FROM t WHERE a = 5

plan
SELECT id, a FROM t WHERE a IN (1, 2, 3)

plan
SELECT * FROM t WHERE id > 5 AND id <= 10 ORDER BY id DESC LIMIT 3

plan
SELECT count(*) FROM t

plan
SELECT max(id), 1 FROM t

plan
SELECT t.b, u.note FROM t JOIN u ON u.tid = t.id WHERE t.id = 3

plan
SELECT t.b, u.note FROM t LEFT JOIN u ON u.tid = t.id WHERE u.note = 'x'

plan
SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.tid = t.id AND note IS NULL)

plan
SELECT * FROM t WHERE id NOT IN (SELECT tid FROM u)

plan
SELECT id, (SELECT count(*) FROM u WHERE u.tid = t.id) FROM t

plan
SELECT b, sum(c) FROM t GROUP BY b HAVING sum(c) > 1 AND b LIKE 'a%' ORDER BY 2 DESC, b

plan
WITH x AS (SELECT * FROM t WHERE a > 1) SELECT * FROM x JOIN x y ON x.id = y.a

plan
SELECT id, row_number() OVER (PARTITION BY b ORDER BY c) FROM t

plan
UPDATE t SET b = 'x' WHERE a = 3 RETURNING id

plan
DELETE FROM u USING t WHERE u.tid = t.id AND t.b = 'q'

plan
INSERT INTO u (tid) SELECT id FROM t WHERE c > 5

plan
SELECT * FROM t ORDER BY c LIMIT 5

plan
SELECT DISTINCT b FROM t UNION ALL SELECT note FROM u

plan
SELECT * FROM t, u, t t2 WHERE t.id = u.tid AND u.uid = t2.id AND t2.a = 7

