# All parts of a statement see the rows that were there before it; what one of them
# changes reaches the others through RETURNING alone. Wherever a read can sit.

statement
CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE INDEX t_a ON t (a); CREATE UNIQUE INDEX t_b ON t (b)

statement
CREATE TABLE u (id int PRIMARY KEY, v int)

statement
INSERT INTO t VALUES (1, 10, 'one'), (2, 20, 'two'), (3, 30, 'three'); INSERT INTO u VALUES (1, 1), (2, 2), (4, 4)

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT (SELECT count(*) FROM t), (SELECT sum(a) FROM t)
----
3|60

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT count(*), sum(a), string_agg(b, ',' ORDER BY id) FROM t
----
3|60|one,two,three

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT EXISTS (SELECT 1 FROM t WHERE id = 4), EXISTS (SELECT 1 FROM t WHERE id = 3), EXISTS (SELECT FROM t WHERE b = 'two!')
----
f|t|f

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT x.n, (SELECT a FROM t WHERE id = x.n), (SELECT id FROM t WHERE a = x.n * 10), (SELECT id FROM t WHERE b = CASE x.n WHEN 2 THEN 'two!' WHEN 3 THEN 'three' ELSE 'seven' END) FROM generate_series(1, 9) x(n) WHERE x.n IN (1, 2, 3, 4, 7, 9) ORDER BY 1
----
1|10|1|NULL
2|20|2|NULL
3|30|3|3
4|NULL|NULL|NULL
7|NULL|NULL|NULL
9|NULL|NULL|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT u.id, t.a FROM u LEFT JOIN t ON t.id = u.id ORDER BY 1
----
1|10
2|20
4|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT u.id, l.a FROM u CROSS JOIN LATERAL (SELECT a FROM t WHERE t.id <= u.id ORDER BY id DESC LIMIT 1) l ORDER BY 1
----
1|10
2|20
4|30

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT u.id FROM u WHERE u.id IN (SELECT id FROM t) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT u.id FROM u WHERE u.id * 10 = ANY (ARRAY(SELECT a FROM t)) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT u.id FROM u WHERE NOT EXISTS (SELECT FROM t WHERE t.id = u.id) ORDER BY 1
----
4

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT a FROM t WHERE a >= 20 ORDER BY a DESC
----
30
20

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT id FROM t WHERE id BETWEEN 2 AND 9 ORDER BY id DESC
----
3
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT w.id, t.a FROM w LEFT JOIN t USING (id) ORDER BY 1
----
4|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT id, a, (SELECT count(*) FROM w) FROM t UNION ALL SELECT id, v, -1 FROM u ORDER BY 1, 3
----
1|1|-1
1|10|1
2|2|-1
2|20|1
3|30|1
4|4|-1

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (4, 40, 'four') RETURNING id) SELECT id, a FROM t ORDER BY id FOR UPDATE
----
1|10
2|20
3|30

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
4|40|four

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT (SELECT count(*) FROM t), (SELECT sum(a) FROM t)
----
3|60

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT count(*), sum(a), string_agg(b, ',' ORDER BY id) FROM t
----
3|60|one,two,three

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT EXISTS (SELECT 1 FROM t WHERE id = 4), EXISTS (SELECT 1 FROM t WHERE id = 3), EXISTS (SELECT FROM t WHERE b = 'two!')
----
f|t|f

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT x.n, (SELECT a FROM t WHERE id = x.n), (SELECT id FROM t WHERE a = x.n * 10), (SELECT id FROM t WHERE b = CASE x.n WHEN 2 THEN 'two!' WHEN 3 THEN 'three' ELSE 'seven' END) FROM generate_series(1, 9) x(n) WHERE x.n IN (1, 2, 3, 4, 7, 9) ORDER BY 1
----
1|10|1|NULL
2|20|2|NULL
3|30|3|3
4|NULL|NULL|NULL
7|NULL|NULL|NULL
9|NULL|NULL|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT u.id, t.a FROM u LEFT JOIN t ON t.id = u.id ORDER BY 1
----
1|10
2|20
4|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT u.id, l.a FROM u CROSS JOIN LATERAL (SELECT a FROM t WHERE t.id <= u.id ORDER BY id DESC LIMIT 1) l ORDER BY 1
----
1|10
2|20
4|30

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT u.id FROM u WHERE u.id IN (SELECT id FROM t) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT u.id FROM u WHERE u.id * 10 = ANY (ARRAY(SELECT a FROM t)) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT u.id FROM u WHERE NOT EXISTS (SELECT FROM t WHERE t.id = u.id) ORDER BY 1
----
4

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT a FROM t WHERE a >= 20 ORDER BY a DESC
----
30
20

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT id FROM t WHERE id BETWEEN 2 AND 9 ORDER BY id DESC
----
3
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT w.id, t.a FROM w LEFT JOIN t USING (id) ORDER BY 1
----
2|20

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET a = a + 5, b = b || '!' WHERE id = 2 RETURNING id) SELECT id, a, (SELECT count(*) FROM w) FROM t UNION ALL SELECT id, v, -1 FROM u ORDER BY 1, 3
----
1|1|-1
1|10|1
2|2|-1
2|20|1
3|30|1
4|4|-1

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|25|two!
3|30|three

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT (SELECT count(*) FROM t), (SELECT sum(a) FROM t)
----
3|60

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT count(*), sum(a), string_agg(b, ',' ORDER BY id) FROM t
----
3|60|one,two,three

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT EXISTS (SELECT 1 FROM t WHERE id = 4), EXISTS (SELECT 1 FROM t WHERE id = 3), EXISTS (SELECT FROM t WHERE b = 'two!')
----
f|t|f

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT x.n, (SELECT a FROM t WHERE id = x.n), (SELECT id FROM t WHERE a = x.n * 10), (SELECT id FROM t WHERE b = CASE x.n WHEN 2 THEN 'two!' WHEN 3 THEN 'three' ELSE 'seven' END) FROM generate_series(1, 9) x(n) WHERE x.n IN (1, 2, 3, 4, 7, 9) ORDER BY 1
----
1|10|1|NULL
2|20|2|NULL
3|30|3|3
4|NULL|NULL|NULL
7|NULL|NULL|NULL
9|NULL|NULL|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT u.id, t.a FROM u LEFT JOIN t ON t.id = u.id ORDER BY 1
----
1|10
2|20
4|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT u.id, l.a FROM u CROSS JOIN LATERAL (SELECT a FROM t WHERE t.id <= u.id ORDER BY id DESC LIMIT 1) l ORDER BY 1
----
1|10
2|20
4|30

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT u.id FROM u WHERE u.id IN (SELECT id FROM t) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT u.id FROM u WHERE u.id * 10 = ANY (ARRAY(SELECT a FROM t)) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT u.id FROM u WHERE NOT EXISTS (SELECT FROM t WHERE t.id = u.id) ORDER BY 1
----
4

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT a FROM t WHERE a >= 20 ORDER BY a DESC
----
30
20

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT id FROM t WHERE id BETWEEN 2 AND 9 ORDER BY id DESC
----
3
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT w.id, t.a FROM w LEFT JOIN t USING (id) ORDER BY 1
----
3|30

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (DELETE FROM t WHERE id = 3 RETURNING id) SELECT id, a, (SELECT count(*) FROM w) FROM t UNION ALL SELECT id, v, -1 FROM u ORDER BY 1, 3
----
1|1|-1
1|10|1
2|2|-1
2|20|1
3|30|1
4|4|-1

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT (SELECT count(*) FROM t), (SELECT sum(a) FROM t)
----
3|60

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT count(*), sum(a), string_agg(b, ',' ORDER BY id) FROM t
----
3|60|one,two,three

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT EXISTS (SELECT 1 FROM t WHERE id = 4), EXISTS (SELECT 1 FROM t WHERE id = 3), EXISTS (SELECT FROM t WHERE b = 'two!')
----
f|t|f

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT x.n, (SELECT a FROM t WHERE id = x.n), (SELECT id FROM t WHERE a = x.n * 10), (SELECT id FROM t WHERE b = CASE x.n WHEN 2 THEN 'two!' WHEN 3 THEN 'three' ELSE 'seven' END) FROM generate_series(1, 9) x(n) WHERE x.n IN (1, 2, 3, 4, 7, 9) ORDER BY 1
----
1|10|1|NULL
2|20|2|NULL
3|30|3|3
4|NULL|NULL|NULL
7|NULL|NULL|NULL
9|NULL|NULL|NULL

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT u.id, t.a FROM u LEFT JOIN t ON t.id = u.id ORDER BY 1
----
1|10
2|20
4|NULL

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT u.id, l.a FROM u CROSS JOIN LATERAL (SELECT a FROM t WHERE t.id <= u.id ORDER BY id DESC LIMIT 1) l ORDER BY 1
----
1|10
2|20
4|30

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT u.id FROM u WHERE u.id IN (SELECT id FROM t) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT u.id FROM u WHERE u.id * 10 = ANY (ARRAY(SELECT a FROM t)) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT u.id FROM u WHERE NOT EXISTS (SELECT FROM t WHERE t.id = u.id) ORDER BY 1
----
4

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT a FROM t WHERE a >= 20 ORDER BY a DESC
----
30
20

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT id FROM t WHERE id BETWEEN 2 AND 9 ORDER BY id DESC
----
3
2

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT w.id, t.a FROM w LEFT JOIN t USING (id) ORDER BY 1
----
9|NULL

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (UPDATE t SET id = 9 WHERE id = 1 RETURNING id) SELECT id, a, (SELECT count(*) FROM w) FROM t UNION ALL SELECT id, v, -1 FROM u ORDER BY 1, 3
----
1|1|-1
1|10|1
2|2|-1
2|20|1
3|30|1
4|4|-1

query
SELECT * FROM t ORDER BY id
----
2|20|two
3|30|three
9|10|one

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT (SELECT count(*) FROM t), (SELECT sum(a) FROM t)
----
3|60

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT count(*), sum(a), string_agg(b, ',' ORDER BY id) FROM t
----
3|60|one,two,three

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT EXISTS (SELECT 1 FROM t WHERE id = 4), EXISTS (SELECT 1 FROM t WHERE id = 3), EXISTS (SELECT FROM t WHERE b = 'two!')
----
f|t|f

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT x.n, (SELECT a FROM t WHERE id = x.n), (SELECT id FROM t WHERE a = x.n * 10), (SELECT id FROM t WHERE b = CASE x.n WHEN 2 THEN 'two!' WHEN 3 THEN 'three' ELSE 'seven' END) FROM generate_series(1, 9) x(n) WHERE x.n IN (1, 2, 3, 4, 7, 9) ORDER BY 1
----
1|10|1|NULL
2|20|2|NULL
3|30|3|3
4|NULL|NULL|NULL
7|NULL|NULL|NULL
9|NULL|NULL|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT u.id, t.a FROM u LEFT JOIN t ON t.id = u.id ORDER BY 1
----
1|10
2|20
4|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT u.id, l.a FROM u CROSS JOIN LATERAL (SELECT a FROM t WHERE t.id <= u.id ORDER BY id DESC LIMIT 1) l ORDER BY 1
----
1|10
2|20
4|30

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT u.id FROM u WHERE u.id IN (SELECT id FROM t) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT u.id FROM u WHERE u.id * 10 = ANY (ARRAY(SELECT a FROM t)) ORDER BY 1
----
1
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT u.id FROM u WHERE NOT EXISTS (SELECT FROM t WHERE t.id = u.id) ORDER BY 1
----
4

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT a FROM t WHERE a >= 20 ORDER BY a DESC
----
30
20

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT id FROM t WHERE id BETWEEN 2 AND 9 ORDER BY id DESC
----
3
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT w.id, t.a FROM w LEFT JOIN t USING (id) ORDER BY 1
----
2|20
7|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query
WITH w AS (INSERT INTO t VALUES (2, 0, 'x'), (7, 70, 'seven') ON CONFLICT (id) DO UPDATE SET a = -1 RETURNING id) SELECT id, a, (SELECT count(*) FROM w) FROM t UNION ALL SELECT id, v, -1 FROM u ORDER BY 1, 3
----
1|1|-1
1|10|2
2|2|-1
2|20|2
3|30|2
4|4|-1

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|-1|two
3|30|three
7|70|seven

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH w AS (INSERT INTO t VALUES (5, 50, 'five') RETURNING id), r AS (SELECT count(*) AS n FROM t) SELECT n, (SELECT count(*) FROM w) FROM r
----
3|1

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
5|50|five

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH r AS (SELECT count(*) AS n FROM t), w AS (INSERT INTO t VALUES (5, 50, 'five') RETURNING id) SELECT n, (SELECT count(*) FROM w) FROM r
----
3|1

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
5|50|five

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < (SELECT max(id) FROM t)), w AS (INSERT INTO t VALUES (5, 50, 'five')) SELECT max(n) FROM r
----
3

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
5|50|five

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (INSERT INTO t VALUES (5, 50, 'five') RETURNING id), b AS (INSERT INTO u SELECT id + 10, a FROM t RETURNING id) SELECT id FROM b ORDER BY 1
----
11
12
13

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
5|50|five

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4
11|10
12|20
13|30

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (INSERT INTO t VALUES (5, 50, 'five') RETURNING id), b AS (UPDATE t SET a = 0 RETURNING id) SELECT id FROM b ORDER BY 1
----
1
2
3

query
SELECT * FROM t ORDER BY id
----
1|0|one
2|0|two
3|0|three
5|50|five

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (UPDATE t SET a = 100 WHERE id = 1 RETURNING id), b AS (DELETE FROM u WHERE v < (SELECT min(a) FROM t) RETURNING id) SELECT id FROM b ORDER BY 1
----
1
2
4

query
SELECT * FROM t ORDER BY id
----
1|100|one
2|20|two
3|30|three

query
SELECT * FROM u ORDER BY id

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (INSERT INTO t VALUES (5, 50, 'five')) UPDATE u SET v = (SELECT max(a) FROM t) RETURNING *
----
1|30
2|30
4|30

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
5|50|five

query
SELECT * FROM u ORDER BY id
----
1|30
2|30
4|30

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (INSERT INTO t VALUES (5, 50, 'five')) INSERT INTO u SELECT id + 100, a FROM t RETURNING *
----
101|10
102|20
103|30

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
5|50|five

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4
101|10
102|20
103|30

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (DELETE FROM t WHERE id = 2) DELETE FROM u USING t WHERE t.id = u.id RETURNING u.id
----
1
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
3|30|three

query
SELECT * FROM u ORDER BY id
----
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (DELETE FROM t RETURNING id) INSERT INTO u SELECT 100 + id, (SELECT count(*) FROM t) FROM a RETURNING *
----
101|3
102|3
103|3

query
SELECT * FROM t ORDER BY id

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4
101|3
102|3
103|3

statement
ROLLBACK

statement
BEGIN

query rowsort
INSERT INTO t VALUES (5, 50, 'five') RETURNING id, (SELECT count(*) FROM t), (SELECT a FROM t x WHERE x.id = t.id)
----
5|3|NULL

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
5|50|five

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
UPDATE t SET a = 1 WHERE id < 3 RETURNING id, a, (SELECT sum(a) FROM t), (SELECT a FROM t x WHERE x.id = t.id)
----
1|1|60|10
2|1|60|20

query
SELECT * FROM t ORDER BY id
----
1|1|one
2|1|two
3|30|three

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
DELETE FROM t WHERE id < 3 RETURNING id, (SELECT sum(a) FROM t), EXISTS (SELECT FROM t x WHERE x.id = t.id)
----
1|60|t
2|60|t

query
SELECT * FROM t ORDER BY id
----
3|30|three

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
INSERT INTO t SELECT id + 10, (SELECT sum(a) FROM t), b || id FROM t RETURNING id, a, (SELECT count(*) FROM t)
----
11|60|3
12|60|3
13|60|3

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
11|60|one1
12|60|two2
13|60|three3

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
INSERT INTO t VALUES (20, 1, 'p'), (2, 2, 'q'), (21, 3, 'r'), (3, 3, 's') ON CONFLICT (id) DO UPDATE SET a = (SELECT sum(a) FROM t), b = t.b RETURNING id, a, (SELECT count(*) FROM t)
----
20|1|3
21|3|3
2|60|3
3|60|3

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|60|two
3|60|three
20|1|p
21|3|r

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
INSERT INTO t VALUES (20, 1, 'p'), (2, 2, 'q') ON CONFLICT (id) DO UPDATE SET a = 5 WHERE NOT EXISTS (SELECT FROM t WHERE id = 20) RETURNING id, a
----
20|1
2|5

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|5|two
3|30|three
20|1|p

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
UPDATE t SET a = (SELECT sum(a) FROM t x WHERE x.id <= t.id) RETURNING id, a
----
1|10
2|30
3|60

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|30|two
3|60|three

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query
MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = (SELECT count(*) FROM t) WHEN NOT MATCHED THEN INSERT VALUES (u.id, (SELECT count(*) FROM t), 'm')

query
SELECT * FROM t ORDER BY id
----
1|3|one
2|3|two
3|30|three
4|3|m

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (UPDATE t SET a = 0 WHERE id = 2 RETURNING id) UPDATE t SET a = 1 WHERE id = 1 AND a = 10 RETURNING id
----
1

query
SELECT * FROM t ORDER BY id
----
1|1|one
2|0|two
3|30|three

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (INSERT INTO t VALUES (5, 50, 'five') RETURNING id) DELETE FROM t WHERE id = 5 RETURNING id

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|20|two
3|30|three
5|50|five

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (INSERT INTO t VALUES (5, 50, 'five') RETURNING id) INSERT INTO t SELECT id, 51, 'six' FROM a ON CONFLICT (id) DO UPDATE SET a = 0 RETURNING id
----
ERROR 21000: ON CONFLICT DO UPDATE command cannot affect row a second time

query
SELECT * FROM t ORDER BY id
----
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block

query
SELECT * FROM u ORDER BY id
----
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (UPDATE t SET a = 50 WHERE id = 2 RETURNING id) INSERT INTO t SELECT id, 51, 'six' FROM a ON CONFLICT (id) DO UPDATE SET a = 0 RETURNING id
----
ERROR 21000: ON CONFLICT DO UPDATE command cannot affect row a second time

query
SELECT * FROM t ORDER BY id
----
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block

query
SELECT * FROM u ORDER BY id
----
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block

statement
ROLLBACK

statement
BEGIN

query rowsort
WITH a AS (DELETE FROM t WHERE id = 2 RETURNING id) INSERT INTO t SELECT id, 51, 'six' FROM a RETURNING id
----
2

query
SELECT * FROM t ORDER BY id
----
1|10|one
2|51|six
3|30|three

query
SELECT * FROM u ORDER BY id
----
1|1
2|2
4|4

statement
ROLLBACK

statement
BEGIN

statement
INSERT INTO t VALUES (6, 60, 'six')

query
WITH a AS (DELETE FROM t WHERE id IN (1, 6) RETURNING id) SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM a), (SELECT a FROM t WHERE id = 6)
----
4|2|60

query
SELECT id FROM t ORDER BY id
----
2
3

statement
ROLLBACK

query
SELECT id FROM t ORDER BY id
----
1
2
3


statement
CREATE TABLE self (id int PRIMARY KEY, p int REFERENCES self)

statement
INSERT INTO self VALUES (1, NULL), (2, 1), (3, 2)

statement
DELETE FROM self

query
SELECT count(*) FROM self
----
0

statement
CREATE TABLE par (id int PRIMARY KEY); CREATE TABLE chi (id int PRIMARY KEY, p int REFERENCES par); INSERT INTO par VALUES (1); INSERT INTO chi VALUES (1, 1)

statement
WITH d AS (DELETE FROM chi RETURNING 1) DELETE FROM par

statement
WITH i AS (INSERT INTO par VALUES (2) RETURNING id) INSERT INTO chi SELECT 2, id FROM i

statement
INSERT INTO par VALUES (1)

statement
WITH u AS (UPDATE chi SET p = 1 RETURNING 1) DELETE FROM par WHERE id = 2

statement
WITH i AS (INSERT INTO chi VALUES (9, 1) RETURNING 1), d AS (DELETE FROM chi WHERE id = 2 RETURNING 1) DELETE FROM par WHERE id = 1
----
ERROR 23503: update or delete on table "par" violates foreign key constraint "chi_p_fkey" on table "chi"

query
SELECT chi.id, chi.p, par.id FROM chi FULL JOIN par ON p = par.id ORDER BY 1
----
2|1|1

statement
CREATE TABLE casc (id int PRIMARY KEY, p int REFERENCES casc ON DELETE CASCADE ON UPDATE CASCADE); INSERT INTO casc VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, 5)

statement
UPDATE casc SET id = id + 10 WHERE id IN (1, 5)

query
SELECT id, p FROM casc ORDER BY id
----
2|11
3|2
4|3
11|NULL
15|15

statement
WITH d AS (DELETE FROM casc WHERE id = 2 RETURNING id) DELETE FROM casc WHERE id = 15

query
SELECT id, p FROM casc ORDER BY id
----
11|NULL
