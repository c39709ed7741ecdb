# Unique keys that change are checked row after row. Expected results are PostgreSQL's.

statement
CREATE TABLE k (id int PRIMARY KEY, u int UNIQUE, d int, CONSTRAINT later UNIQUE (d) DEFERRABLE)

statement
INSERT INTO k SELECT i, i * 10, i FROM generate_series(1, 5) i

statement
UPDATE k SET id = id + 1
----
ERROR 23505: duplicate key value violates unique constraint "k_pkey"

statement
UPDATE k SET u = u + 10
----
ERROR 23505: duplicate key value violates unique constraint "k_u_key"

query
UPDATE k SET id = id - 1, u = u - 10, d = d + 1 RETURNING *
----
0|0|2
1|10|3
2|20|4
3|30|5
4|40|6

statement
UPDATE k SET u = CASE u WHEN 0 THEN 40 ELSE 0 END WHERE u IN (0, 40)
----
ERROR 23505: duplicate key value violates unique constraint "k_u_key"

query
UPDATE k SET d = CASE d WHEN 2 THEN 6 ELSE 2 END WHERE d IN (2, 6) RETURNING id, d
----
0|6
4|2

statement
CREATE TABLE part (k int REFERENCES k ON UPDATE CASCADE, p int UNIQUE)

statement
INSERT INTO part VALUES (0, 1), (1, 2)

statement
UPDATE k SET id = id + 100

query
SELECT * FROM part ORDER BY p
----
100|1
101|2

statement
UPDATE k SET id = id - 100

statement
INSERT INTO k VALUES (1, 21, 100), (9, 91, 101) ON CONFLICT (id) DO UPDATE SET u = 91
----
ERROR 23505: duplicate key value violates unique constraint "k_u_key"

query
SELECT count(*), sum(u) FROM k
----
5|100
