# What PostgreSQL does not have.

statement
CREATE TABLE m (g int, at timestamp, v float8, t text)

statement
INSERT INTO m VALUES (1, '2024-01-01', 1.5, 'a'), (1, '2024-01-03', 3.5, NULL), (1, '2024-01-02', 2.5, 'b'), (1, NULL, 9, 'n'), (2, NULL, 4, 'z'), (1, '2024-01-03', 7, 'late')

query
SELECT g, first(v, at), last(v, at), last(t, at), first(t, v), last(g::numeric, t) FROM m GROUP BY g ORDER BY g
----
1|1.5|3.5|NULL|a|1
2|NULL|NULL|NULL|z|2

query
SELECT first(v, at) FROM m WHERE false
----
NULL

query
SELECT first(DISTINCT v, at), last(DISTINCT v, at) FROM m
----
1.5|3.5

query
SELECT first(v, '{}'::json) FROM m
----
ERROR 42883: function first(double precision, json) does not exist

query
SELECT last(v, at) FILTER (WHERE v < 3), first(ARRAY[v], at DESC) FROM m
----
ERROR 42601: syntax error at or near "DESC" at 61

query
SELECT last(v, at) FILTER (WHERE v < 3), first(ARRAY[v], -extract(epoch FROM at)) FROM m
----
2.5|{3.5}

query
SELECT at, last(v, at) OVER (ORDER BY at NULLS LAST, v) FROM m WHERE g = 1 ORDER BY at, v
----
2024-01-01 00:00:00|1.5
2024-01-02 00:00:00|2.5
2024-01-03 00:00:00|3.5
2024-01-03 00:00:00|3.5
NULL|3.5

statement
SET statement_timeout = '30ms'

query
SELECT pg_sleep(3600)
----
ERROR 57014: canceling statement due to statement timeout

query
SELECT count(pg_sleep(3600)) FROM generate_series(1, 3)
----
ERROR 57014: canceling statement due to statement timeout

# what follows has its time
statement
SET statement_timeout = 0

statement
CREATE VIEW walk AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT * FROM n WHERE x < 1) SEARCH DEPTH FIRST BY x SET s CYCLE x SET c TO 'y' DEFAULT 'n' USING p SELECT * FROM n

query
SELECT * FROM walk
----
1|{(1)}|n|{(1)}

statement
CREATE VIEW spread AS SELECT generate_series(1, 2) * 10 AS g, (json_each('{"a":1}')).key, r.* FROM ROWS FROM (generate_series(7, 8), unnest(ARRAY['q'])) WITH ORDINALITY AS r(a, b, o)

query
SELECT * FROM spread ORDER BY a, g
----
10|a|7|q|1
20|NULL|7|q|1
10|a|8|NULL|2
20|NULL|8|NULL|2

statement
CREATE VIEW js AS SELECT JSON_VALUE(j, '$.a' RETURNING int DEFAULT 3 ON EMPTY) AS v, JSON_OBJECT('k': j IS JSON ABSENT ON NULL) AS o, t.* FROM (VALUES (jsonb '{"a":1,"b":[7,8]}'), ('{}')) AS d(j) LEFT JOIN LATERAL JSON_TABLE(j, '$' AS p PASSING 7 AS x COLUMNS (n FOR ORDINALITY, e bool EXISTS PATH '$.a', NESTED PATH '$.b[*] ? (@ > $x)' COLUMNS (b int PATH '$'))) AS t ON true

query
SELECT * FROM js ORDER BY v
----
1|{"k" : true}|1|t|8
3|{"k" : true}|1|f|NULL

query
SELECT JSON_ARRAYAGG(v ORDER BY v), JSON_OBJECTAGG(v: e WITH UNIQUE KEYS RETURNING jsonb) FROM js
----
[1, 3]|{"1": true, "3": false}

statement
CREATE TABLE weft_arr (a int[])

statement
INSERT INTO weft_arr VALUES ('{1}')

statement
UPDATE weft_arr SET a[2000000000] = 1
----
ERROR 54000: array size exceeds the maximum allowed (524288)
