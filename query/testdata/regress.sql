# Statements that once gave other answers than PostgreSQL. Expected results are PostgreSQL's.

statement
CREATE TABLE a (id int PRIMARY KEY, i int, t text, v varchar(5), j jsonb)

statement
INSERT INTO a VALUES (1, 1, 'x', 'x', '1'), (2, NULL, NULL, 'y', '[]'), (3, 3, 'z', NULL, '{}')

statement
CREATE TABLE b (id int PRIMARY KEY, i int, t text)

statement
CREATE INDEX b_i ON b (i)

statement
INSERT INTO b VALUES (1, 1, 'x'), (2, 1, NULL), (3, 3, 'q')

query
SELECT id FROM a WHERE 'a' NOT IN (SELECT t FROM b)
----

query
SELECT id, (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY b.id) FROM b WHERE b.i = a.i) FROM a ORDER BY 1
----
1|1
2|NULL
3|3

query
SELECT a.id FROM a WHERE 1 = SOME (SELECT 1 FROM b WHERE b.id IN (a.i, NULL)) ORDER BY 1
----
1
3

query
SELECT i > ALL (ARRAY[1, 2]), count(*) FROM a GROUP BY i > ALL (ARRAY[1, 2]) ORDER BY 1
----
f|1
t|1
NULL|1

query
SELECT array_agg(DISTINCT i <> ALL (ARRAY[1, 2]) ORDER BY i <> ALL (ARRAY[1, 2])) FROM a
----
{f,t,NULL}

query
SELECT pg_typeof(nullif(v, 'q')), pg_typeof(nullif(1, 2.5)), pg_typeof(nullif(t, v)) FROM a WHERE id = 1
----
text|numeric|text

query
SELECT (ARRAY[10, 20, 30])[2], (ARRAY[10, 20, 30])[2:], (ARRAY[10, 20, 30])[:2], (ARRAY[[1, 2], [3, 4]])[2][1], (ARRAY[1])[5]
----
20|{20,30}|{10,20}|3|NULL

query
SELECT ROW('a b', 1, NULL)::text, make_interval(days => 3, hours => 2), jsonb_set('{}', create_if_missing => true, path => '{a}', replacement => '1')
----
("a b",1,)|3 days 02:00:00|{"a": 1}

query
SELECT (date '2024-01-01', interval '1 day') OVERLAPS (date '2024-01-01', NULL::interval), (timestamp '2024-01-01', timestamp '2024-02-01') OVERLAPS (timestamp '2024-01-15', NULL)
----
NULL|t

query
SELECT INTERVAL '1' YEAR, INTERVAL '5' MONTH, INTERVAL '1 2' DAY TO HOUR, INTERVAL '1:02' MINUTE TO SECOND, INTERVAL '1.23456789' SECOND(3), INTERVAL '4 days 5:06:07' HOUR, INTERVAL(0) '-1.5'
----
1 year|5 mons|1 day 02:00:00|00:01:02|00:00:01.235|4 days 05:00:00|-00:00:02

query
SELECT id, EXISTS (SELECT 1 FROM b WHERE i > min(a.i)), (SELECT sum(b.i) + sum(a.i) FROM b) FROM a GROUP BY id ORDER BY id
----
1|t|6
2|f|NULL
3|f|8

query
SELECT (SELECT max(a.i) FROM b WHERE b.id = 1) FROM a
----
3

statement
SELECT 1 FROM a WHERE EXISTS (SELECT sum(a.i) FROM b)
----
ERROR 42803: aggregate functions are not allowed in WHERE at 38

query
SELECT id FROM a WHERE NOT EXISTS (SELECT a.t || 'x' FROM b ORDER BY 1) ORDER BY 1
----

statement
DROP TABLE a, b

statement
SET TIME ZONE 'us/pacific'

query
SELECT current_setting('TimeZone'), (timestamptz '2024-01-01 00:00:00+00')::text
----
US/Pacific|2023-12-31 16:00:00-08

statement
RESET TIME ZONE

# A constant that is a key of grouping sets is NULL where a set leaves it out, where it is an
# item of the select list as a whole.
query rowsort
SELECT 'q'::text, 'q'::text || 'z', b || 'q'::text, 'q'::text FROM (SELECT 'w') a(b) GROUP BY ROLLUP (b, 'q'::text)
----
NULL|qz|NULL|q
NULL|qz|wq|q
q|qz|wq|q

query rowsort
SELECT 5 AS x, b + 5, 5 FROM (SELECT 1) a(b) GROUP BY CUBE (b, x)
----
5|6|5
5|NULL|5
NULL|6|5
NULL|NULL|5

query
SELECT '1.2.3.4'::inet FROM (SELECT 1) a(b) GROUP BY '1.2.3.4'::inet, b
----
1.2.3.4

