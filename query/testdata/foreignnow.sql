# Foreign keys hold for the rows that a statement leaves, not for those that it began with.

statement
CREATE TABLE emp (id int PRIMARY KEY, mgr int REFERENCES emp); INSERT INTO emp VALUES (1, NULL), (2, 1), (3, 2)

query
UPDATE emp SET id = id + 10, mgr = mgr + 10 RETURNING id, mgr
----
11|NULL
12|11
13|12

query
DELETE FROM emp RETURNING id
----
11
12
13

statement
CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE); INSERT INTO p SELECT generate_series(1, 5); INSERT INTO c VALUES (1, 1), (2, 2), (3, 3)

query
WITH u AS (UPDATE c SET p = NULL WHERE p = 1) DELETE FROM p WHERE id = 1 RETURNING id
----
1

query
WITH u AS (UPDATE c SET p = 3 WHERE p = 2) DELETE FROM p WHERE id = 2 RETURNING id
----
2

query
WITH i AS (INSERT INTO c VALUES (4, 4)) DELETE FROM p WHERE id = 4 RETURNING id
----
4

query
WITH i AS (INSERT INTO c VALUES (5, 5)) UPDATE p SET id = 50 WHERE id = 5 RETURNING id
----
50

query
SELECT * FROM c ORDER BY id
----
1|NULL
2|3
3|3
5|50

statement
CREATE TABLE r (id int PRIMARY KEY, p int REFERENCES p); INSERT INTO p VALUES (6), (7), (8); INSERT INTO r VALUES (6, 6), (7, 7)

query
WITH d AS (DELETE FROM r WHERE p = 6) DELETE FROM p WHERE id = 6 RETURNING id
----
6

query
WITH u AS (UPDATE r SET p = NULL WHERE p = 7) DELETE FROM p WHERE id = 7 RETURNING id
----
7

query
WITH i AS (INSERT INTO r VALUES (8, 8)) DELETE FROM p WHERE id = 8
----
ERROR 23503: update or delete on table "p" violates foreign key constraint "r_p_fkey" on table "r"

query
SELECT c.p FROM (SELECT p FROM c UNION ALL SELECT p FROM r) c LEFT JOIN p ON p.id = c.p WHERE c.p IS NOT NULL AND p.id IS NULL
----
