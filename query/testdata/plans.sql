# Plans. Only the default planner is held to them.

statement
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric(10,2) NOT NULL DEFAULT 0, UNIQUE (a))

statement
CREATE TABLE u (uid serial PRIMARY KEY, tid int NOT NULL, note varchar(20))

statement
CREATE INDEX u_tid ON u (tid)

plan
SELECT * FROM t WHERE id = 5
----
Primary Key Lookup on t
  Index Cond: (id = 5)

plan
SELECT b FROM t WHERE a = 5
----
Project
  ->  Index Scan using t_a_key on t
        Index Cond: (a = 5)

plan
SELECT id, a FROM t WHERE a IN (1, 2, 3)
----
Index Only Scan using t_a_key on t
  Index Cond: (a = 1) OR (a = 2) OR (a = 3)

plan
SELECT * FROM t WHERE id > 5 AND id <= 10 ORDER BY id DESC LIMIT 3
----
Limit
  ->  Primary Key Scan Backward on t
        Index Cond: (id > 5 AND id <= 10)
        Rows Wanted: 3

plan
SELECT count(*) FROM t
----
Aggregate
  ->  Seq Scan on t

plan
SELECT max(id), 1 FROM t
----
Project
  ->  Aggregate
        ->  Primary Key Scan Backward on t
              Rows Wanted: 1

plan
SELECT t.b, u.note FROM t JOIN u ON u.tid = t.id WHERE t.id = 3
----
Project
  ->  Nested Loop
        Join Filter: (tid = id)
        ->  Primary Key Lookup on t
              Index Cond: (id = 3)
        ->  Index Scan using u_tid on u
              Index Cond: (tid = 3)

plan
SELECT t.b, u.note FROM t LEFT JOIN u ON u.tid = t.id WHERE u.note = 'x'
----
Project
  ->  Index Nested Loop
        ->  Seq Scan on u
              Filter: (note = 'x'::text)
        ->  Primary Key Lookup on t
              Index Cond: (id = outer.tid)

plan
SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.tid = t.id AND note IS NULL)
----
Project
  ->  Index Nested Loop
        ->  HashDistinct
              ->  Project
                    ->  Seq Scan on u
                          Filter: (note IS NULL)
        ->  Primary Key Lookup on t
              Index Cond: (id = outer.tid)

plan
SELECT * FROM t WHERE id NOT IN (SELECT tid FROM u)
----
Hash Anti Join
  Hash Cond: (id = tid)
  ->  Seq Scan on t
  ->  Seq Scan on u

plan
SELECT id, (SELECT count(*) FROM u WHERE u.tid = t.id) FROM t
----
Project
  ->  Hash Left Join
        Hash Cond: (id = key)
        ->  Seq Scan on t
        ->  HashAggregate
              Group Key: tid
              ->  Seq Scan on u

plan
SELECT b, sum(c) FROM t GROUP BY b HAVING sum(c) > 1 AND b LIKE 'a%' ORDER BY 2 DESC, b
----
Sort
  Sort Key: sum DESC, b
  ->  Filter
        Filter: (sum > 1)
        ->  HashAggregate
              Group Key: b
              ->  Seq Scan on t
                    Filter: (b ~~ 'a%'::text)

plan
WITH x AS (SELECT * FROM t WHERE a > 1) SELECT * FROM x JOIN x y ON x.id = y.a
----
With
  CTE
    ->  Seq Scan on t
          Filter: (a > 1)
  ->  Hash Join
        Hash Cond: (id = a)
        ->  CTE Scan on x
        ->  CTE Scan on x

plan
SELECT id, row_number() OVER (PARTITION BY b ORDER BY c) FROM t
----
Project
  ->  WindowAgg
        Partition By: b
        Order By: c
        ->  Sort
              Sort Key: b, c
              ->  Seq Scan on t

plan
UPDATE t SET b = 'x' WHERE a = 3 RETURNING id
----
Update on t
  ->  Index Scan using t_a_key on t
        Index Cond: (a = 3)

plan
DELETE FROM u USING t WHERE u.tid = t.id AND t.b = 'q'
----
Delete on u
  ->  Project
        ->  Index Nested Loop
              ->  Seq Scan on t
                    Filter: (b = 'q'::text)
              ->  Index Scan using u_tid on u
                    Index Cond: (tid = outer.id)

plan
INSERT INTO u (tid) SELECT id FROM t WHERE c > 5
----
Insert on u
  ->  Project
        ->  Seq Scan on t
              Filter: (c > 5)

plan
SELECT * FROM t ORDER BY c LIMIT 5
----
Limit
  ->  Top-N Sort
        Sort Key: c
        Rows Wanted: 5
        ->  Seq Scan on t

plan
SELECT DISTINCT b FROM t UNION ALL SELECT note FROM u
----
Append
  ->  HashDistinct
        ->  Seq Scan on t
  ->  Project
        ->  Seq Scan on u

plan
SELECT * FROM t, u, t t2 WHERE t.id = u.tid AND u.uid = t2.id AND t2.a = 7
----
Project
  ->  Index Nested Loop
        ->  Index Nested Loop
              ->  Index Scan using t_a_key on t t2
                    Index Cond: (a = 7)
              ->  Primary Key Lookup on u
                    Index Cond: (uid = outer.id)
        ->  Primary Key Lookup on t
              Index Cond: (id = outer.tid)

plan
SELECT * FROM t, u
----
Nested Loop
  ->  Seq Scan on t
  ->  Seq Scan on u

plan
SELECT * FROM t, u, t v
----
Nested Loop
  ->  Nested Loop
        ->  Seq Scan on t
        ->  Seq Scan on u
  ->  Seq Scan on t v

