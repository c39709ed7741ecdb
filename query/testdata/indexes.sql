# Partial and expression indexes: which queries they serve, and that the answers are the same without.

statement
CREATE TABLE job (id int PRIMARY KEY, owner text, state text NOT NULL, prio int, due date, gone bool, a int, b int);
INSERT INTO job SELECT i, CASE WHEN i % 11 = 0 THEN NULL ELSE 'User' || i % 50 END,
  CASE WHEN i % 100 = 0 THEN 'open' WHEN i % 100 = 1 THEN 'held' ELSE 'done' END,
  CASE WHEN i % 7 = 0 THEN NULL ELSE i % 1000 END, date '2024-01-01' + i % 300, CASE WHEN i % 50 = 0 THEN true WHEN i % 3 = 0 THEN NULL ELSE false END, i % 10, i % 13
  FROM generate_series(1, 5000) AS s(i);
CREATE INDEX job_open ON job (prio) WHERE state = 'open';
CREATE INDEX job_live ON job (due) WHERE state IN ('open', 'held');
CREATE INDEX job_high ON job (owner) WHERE prio > 900;
CREATE UNIQUE INDEX job_gone ON job (id) WHERE gone;
CREATE INDEX job_owned ON job (due, id) WHERE owner IS NOT NULL AND prio > 980;
CREATE INDEX job_lower ON job (lower(owner));
CREATE INDEX job_sum ON job ((a + b), id);
CREATE INDEX job_big ON job (length(owner)) WHERE prio >= 990 OR prio IS NULL;
ANALYZE job

plan
SELECT id, prio FROM job WHERE state = 'open' AND prio < 200 ORDER BY prio
----
Project
  ->  Index Scan using job_open on job
        Index Cond: (prio < 200)

query
SELECT id, prio FROM job WHERE state = 'open' AND prio < 200 ORDER BY prio, id LIMIT 5
----
1000|0
2000|0
3000|0
4000|0
5000|0

plan
SELECT id FROM job WHERE state = 'open'
----
Project
  ->  Index Scan using job_open on job

query
SELECT count(*), sum(id) FROM job WHERE state = 'open'
----
50|127500

plan
SELECT id FROM job WHERE state = 'open' AND due > '2024-10-01'
----
Project
  ->  Index Scan using job_live on job
        Index Cond: (due > '2024-10-01'::date)
        Filter: (state = 'open'::text)

plan
SELECT id FROM job WHERE state = 'done' AND prio = 3
----
Project
  ->  Seq Scan on job
        Filter: ((prio = 3) AND (state = 'done'::text))

plan
SELECT id FROM job WHERE state <> 'done' AND due = '2024-02-10'
----
Project
  ->  Seq Scan on job
        Filter: ((due = '2024-02-10'::date) AND (state <> 'done'::text))

query
SELECT id, state FROM job WHERE state IN ('held') AND due < '2024-02-20' ORDER BY id LIMIT 3
----
1|held
301|held
601|held

plan
SELECT id FROM job WHERE state IN ('held', 'open') AND due < '2024-01-20'
----
Project
  ->  Index Scan using job_live on job
        Index Cond: (due < '2024-01-20'::date)
        Filter: (state IN ('held'::text, 'open'::text))

query rowsort
SELECT id FROM job WHERE (state = 'held' OR state = 'open') AND due < '2024-01-04'
----
1
1200
1201
1500
1501
1800
1801
2100
2101
2400
2401
2700
2701
300
3000
3001
301
3300
3301
3600
3601
3900
3901
4200
4201
4500
4501
4800
4801
600
601
900
901

plan
SELECT id FROM job WHERE prio = 950 AND owner = 'User7'
----
Project
  ->  Index Scan using job_high on job
        Index Cond: (owner = 'User7'::text)
        Filter: (prio = 950)

plan
SELECT id FROM job WHERE prio BETWEEN 960 AND 970 AND owner LIKE 'User1%'
----
Project
  ->  Index Scan using job_high on job
        Index Cond: (owner >= 'User1'::text AND owner < 'User2'::text)
        Filter: ((prio >= 960) AND (prio <= 970) AND (owner ~~ 'User1%'::text))

query rowsort
SELECT id FROM job WHERE prio BETWEEN 960 AND 970 AND owner LIKE 'User1%'
----
1961
1962
1963
1964
1965
1966
1968
2960
2962
2963
2964
2965
2966
2967
2969
3961
3963
3964
3965
3966
3967
3968
4960
4962
4964
4965
4966
4967
4968
4969
960
961
962
963
964
965
967
969

plan
SELECT id FROM job WHERE prio > 899 AND owner = 'User7'
----
Project
  ->  Seq Scan on job
        Filter: ((prio > 899) AND (owner = 'User7'::text))

query
SELECT count(*) FROM job WHERE prio > 899 AND owner = 'User7'
----
8

plan
SELECT id, gone FROM job WHERE id = 100 AND gone
----
Primary Key Lookup on job
  Index Cond: (id = 100)
  Filter: gone

plan
SELECT count(*) FROM job WHERE gone IS TRUE
----
Aggregate
  ->  Seq Scan on job
        Filter: (gone IS TRUE)

query
SELECT count(*) FROM job WHERE gone IS TRUE
----
100

query
SELECT count(*) FROM job WHERE NOT gone
----
3267

plan
SELECT id FROM job WHERE owner > 'User4' AND prio >= 981 ORDER BY due, id
----
Project
  ->  Project
        ->  Index Scan using job_owned on job
              Filter: ((prio >= 981) AND (owner > 'User4'::text))

query
SELECT id FROM job WHERE owner > 'User4' AND prio >= 981 ORDER BY due, id LIMIT 4
----
991
3991
992
3992

plan
SELECT id FROM job WHERE lower(owner) = 'user12'
----
Project
  ->  Index Scan using job_lower on job
        Index Cond: ((lower(owner)) = 'user12'::text)

query
SELECT count(*), min(id) FROM job WHERE lower(owner) = 'user12'
----
91|12

plan
SELECT id FROM job WHERE lower(owner) IN ('user12', 'user3') AND state = 'held'
----
Project
  ->  Index Scan using job_live on job
        Filter: ((state = 'held'::text) AND (lower(owner) IN ('user12'::text, 'user3'::text)))

plan
SELECT id FROM job WHERE lower(owner) LIKE 'user4%' AND a = 3
----
Project
  ->  Seq Scan on job
        Filter: ((a = 3) AND (lower(owner) ~~ 'user4%'::text))

query
SELECT count(*) FROM job WHERE lower(owner) LIKE 'user4%'
----
1000

plan
SELECT id FROM job WHERE lower(owner) IS NULL
----
Project
  ->  Seq Scan on job
        Filter: (lower(owner) IS NULL)

plan
SELECT lower(owner), id FROM job ORDER BY lower(owner) LIMIT 3
----
Limit
  ->  Project
        ->  Index Scan using job_lower on job
              Rows Wanted: 3

query
SELECT lower(owner) FROM job ORDER BY lower(owner) DESC NULLS LAST LIMIT 1
----
user9

plan
SELECT a + b AS s, id FROM job WHERE a + b > 19 ORDER BY s, id LIMIT 3
----
Limit
  ->  Project
        ->  Index Scan using job_sum on job
              Index Cond: ((a + b) > 19)
              Rows Wanted: 3

query
SELECT a + b AS s, id FROM job WHERE a + b > 19 ORDER BY s, id LIMIT 3
----
20|38
20|89
20|168

query
SELECT a + b AS s, id FROM job ORDER BY a + b DESC, id DESC LIMIT 3
----
21|4939
21|4809
21|4679

plan
SELECT id FROM job WHERE prio = 995 AND length(owner) = 5
----
Project
  ->  Index Scan using job_big on job
        Index Cond: ((length(owner)) = 5)
        Filter: (prio = 995)

plan
SELECT id FROM job WHERE prio IS NULL AND length(owner) < 5
----
Project
  ->  Seq Scan on job
        Filter: ((prio IS NULL) AND (length(owner) < 5))

query rowsort
SELECT count(*) FROM job WHERE prio IS NULL AND length(owner) < 6
----
129

plan
SELECT k.n, j.id FROM (VALUES ('user1'), ('user2')) AS k(n) JOIN job j ON lower(j.owner) = k.n AND j.a = 1
----
Project
  ->  Index Nested Loop
        ->  Values Scan
        ->  Index Scan using job_lower on job j
              Index Cond: ((lower(owner)) = outer.n)
              Filter: (a = 1)

query
SELECT k.n, count(*) FROM (VALUES ('user1'), ('user2')) AS k(n) JOIN job j ON lower(j.owner) = k.n GROUP BY k.n ORDER BY 1
----
user1|91
user2|91

plan
UPDATE job SET state = 'done' WHERE state = 'open' AND prio > 800
----
Update on job
  ->  Index Scan using job_open on job
        Index Cond: (prio > 800)

statement
UPDATE job SET state = 'done', prio = prio + 1 WHERE state = 'open' AND prio > 800

query
SELECT count(*), sum(prio) FROM job WHERE state = 'open'
----
46|15300

statement
UPDATE job SET owner = upper(owner) || '!' WHERE lower(owner) = 'user12'

query
SELECT count(*) FROM job WHERE lower(owner) = 'user12!'
----
91

statement
DELETE FROM job WHERE state = 'open' AND prio < 100

query
SELECT count(*) FROM job WHERE state = 'open' AND prio < 100
----
0

statement
PREPARE one(text) AS SELECT count(*) FROM job WHERE state = $1 AND prio > 300

query
EXECUTE one('open')
----
21

query
EXECUTE one('held')
----
30

statement
CREATE INDEX ON job (id) WHERE due < now()
----
ERROR 42P17: functions in index predicate must be marked IMMUTABLE at 36

