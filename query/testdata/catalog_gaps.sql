# Sequences as relations, GROUPING of an outer query, and views of the system.

statement
CREATE SEQUENCE sq START 5 INCREMENT 2

query
SELECT last_value, is_called FROM sq
----
5|f

query
SELECT nextval('sq')
----
5

query
SELECT s.last_value, is_called FROM public.sq AS s
----
5|t

query
SELECT setval('sq', 40, false)
----
40

query
SELECT last_value, is_called, last_value + 1 FROM sq WHERE NOT is_called
----
40|f|41

statement
INSERT INTO sq VALUES (1)
----
ERROR 42809: cannot change sequence "sq"

statement
UPDATE sq SET last_value = 3
----
ERROR 42809: cannot change sequence "sq"

query
SELECT (SELECT max(last_value) FROM sq), nextval('sq')
----
40|40

query
SELECT last_value FROM sq
----
40

statement
CREATE TABLE g (a int, b int, c int)

statement
INSERT INTO g VALUES (1, 1, 10), (1, 2, 20), (2, 1, 30), (NULL, 3, 5)

query rowsort
SELECT a, b, (SELECT grouping(a, b)), sum(c) FROM g GROUP BY ROLLUP (a, b)
----
1|1|0|10
1|2|0|20
1|NULL|1|30
2|1|0|30
2|NULL|1|30
NULL|3|0|5
NULL|NULL|1|5
NULL|NULL|3|65

query rowsort
SELECT a, (SELECT CASE WHEN grouping(a) = 1 THEN 'all' ELSE 'a ' || x END FROM (VALUES ('x')) v(x)) FROM g GROUP BY GROUPING SETS ((a), ())
----
1|a x
2|a x
NULL|a x
NULL|all

query rowsort
SELECT a, b, sum(c) FROM g GROUP BY CUBE (a, b) HAVING EXISTS (SELECT 1 FROM (VALUES (0), (3)) v(n) WHERE n = grouping(a, b))
----
1|1|10
1|2|20
2|1|30
NULL|3|5
NULL|NULL|65

query rowsort
SELECT a, grouping(a), (SELECT string_agg(y::text || grouping(a), ',') FROM (VALUES (1), (2)) v(y)) FROM g GROUP BY ROLLUP (a)
----
1|0|10,20
2|0|10,20
NULL|0|10,20
NULL|1|11,21

statement
SELECT a, (SELECT grouping(b)) FROM g GROUP BY a
----
ERROR 42803: arguments to GROUPING must be grouping expressions of the associated query level

statement
SELECT a FROM g WHERE (SELECT grouping(a)) = 0 GROUP BY a
----
ERROR 42803: grouping operations are not allowed in WHERE

query
SELECT a, (SELECT sum(q.c) + grouping(q.a) FROM g q WHERE q.a = g.a GROUP BY q.a) FROM g GROUP BY a ORDER BY a
----
1|30
2|30
NULL|NULL

query
SELECT count(*), min(usename) = current_user, bool_and(state = 'active') FROM pg_stat_activity WHERE pid = pg_backend_pid() AND datname = current_database()
----
1|t|t

query
SELECT locktype, mode, granted FROM pg_locks WHERE locktype = 'virtualxid' AND pid = pg_backend_pid()
----
virtualxid|ExclusiveLock|t

query
SELECT count(*) FROM pg_stat_database WHERE datname = current_database()
----
1

query
SELECT relname FROM pg_statio_user_tables ORDER BY 1
----
g

query
SELECT relname FROM pg_statio_user_sequences ORDER BY 1
----
sq

query
SELECT name, utc_offset FROM pg_timezone_names WHERE name IN ('Asia/Tokyo', 'Etc/UTC', 'Africa/Lagos') ORDER BY 1
----
Africa/Lagos|01:00:00
Asia/Tokyo|09:00:00
Etc/UTC|00:00:00

query
SELECT count(*) > 500, bool_or(is_dst) IS NOT NULL FROM pg_timezone_names
----
t|t

query
SELECT * FROM pg_timezone_abbrevs ORDER BY abbrev LIMIT 8
----
ACDT|10:30:00|t
ACSST|10:30:00|t
ACST|09:30:00|f
ACT|-05:00:00|f
ACWST|08:45:00|f
ADT|-03:00:00|t
AEDT|11:00:00|t
AESST|11:00:00|t

query
SELECT count(*), count(*) FILTER (WHERE is_dst) FROM pg_timezone_abbrevs
----
195|52

query
SELECT DISTINCT aggkind, aggnumdirectargs, p.proname FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE aggkind = 'o' ORDER BY 3
----
o|0|mode
o|1|percentile_cont
o|1|percentile_disc

query
SELECT relname, xmin IS NOT NULL, tableoid FROM pg_class WHERE relname = 'g'
----
g|t|1259

query
SELECT count(*) FROM pg_proc p LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid WHERE (p.prokind = 'a') <> (a.aggfnoid IS NOT NULL)
----
0

query
SELECT has_any_column_privilege('g', 'select'), has_any_column_privilege(current_user, 'public.g', 'UPDATE')
----
t|t

query
SELECT 'now'::regproc::text, 'array_in'::regproc::oid, 'pg_catalog.now'::regproc::text, 'sqrt(float8)'::regprocedure::text, '-'::regproc::oid, 0::oid::regproc::text
----
now|750|now|sqrt(double precision)|0|-

query
SELECT typname FROM pg_type WHERE typinput = 'pg_catalog.array_in'::regproc AND typname IN ('_int4', 'int4')
----
_int4

query
SELECT typinput::regproc::text, typoutput::regproc::text FROM pg_type WHERE typname = 'int4'
----
int4in|int4out

query
SELECT oid::regprocedure::text, oid::regproc::text FROM pg_proc WHERE proname = 'factorial' OR proname = 'btrim' ORDER BY 1
----
btrim(bytea,bytea)|pg_catalog.btrim
btrim(text)|pg_catalog.btrim
btrim(text,text)|pg_catalog.btrim
factorial(bigint)|factorial

query
SELECT 'sum(integer)'::regprocedure = p.oid FROM pg_proc p WHERE proname = 'sum' AND proargtypes[0] = 23
----
t

statement
SELECT 'nope'::regproc
----
ERROR 42883: function "nope" does not exist

statement
SELECT 'sum'::regproc
----
ERROR 42725: more than one function named "sum"

statement
SELECT 'sum(text)'::regprocedure
----
ERROR 42883: function "sum(text)" does not exist

statement
SELECT 'sum'::regprocedure
----
ERROR 22P02: expected a left parenthesis

query
SELECT relowner::regrole::text = current_user FROM pg_class WHERE relname = 'g'
----
t

statement
SELECT 'nobody'::regrole
----
ERROR 42704: role "nobody" does not exist

