# Key words, units of settings, labels of enums, and rows that are told apart column by column.

statement
CREATE TYPE mood4 AS ENUM ('sad', 'ok')

statement
CREATE TABLE enum4 (id int PRIMARY KEY, t text)

statement
CREATE INDEX ON enum4 ((t::mood4))
----
ERROR 42P17: functions in index expression must be marked IMMUTABLE

statement
CREATE TABLE made4 (t text, m mood4 GENERATED ALWAYS AS (t::mood4) STORED)
----
ERROR 42P17: generation expression is not immutable

statement
CREATE TABLE part4 (id int PRIMARY KEY, m mood4 DEFAULT 'ok', CHECK (m <> 'sad'))

statement
CREATE INDEX ON part4 (id) WHERE m = 'ok'

query
SELECT count(*), count(*) FILTER (WHERE barelabel), min(word), max(word) FROM pg_get_keywords()
----
460|421|abort|zone

query
SELECT * FROM pg_get_keywords() WHERE word IN ('select', 'between', 'left', 'abort', 'as', 'char') ORDER BY word
----
abort|U|t|unreserved|can be bare label
as|R|f|reserved|requires AS
between|C|t|unreserved (cannot be function or type name)|can be bare label
char|C|f|unreserved (cannot be function or type name)|requires AS
left|T|t|reserved (can be function or type name)|can be bare label
select|R|t|reserved|can be bare label

query
SELECT name, unit, vartype FROM pg_settings WHERE name IN ('statement_timeout', 'work_mem', 'temp_buffers', 'jit', 'geqo_effort', 'random_page_cost', 'search_path', 'bytea_output') ORDER BY name
----
bytea_output|NULL|enum
geqo_effort|NULL|integer
jit|NULL|bool
random_page_cost|NULL|real
search_path|NULL|string
statement_timeout|ms|integer
temp_buffers|8kB|integer
work_mem|kB|integer

statement
SET statement_timeout = '90s'

statement
SET work_mem = '8MB'

statement
SET temp_buffers = '16MB'

query
SELECT name, setting, unit FROM pg_settings WHERE name IN ('statement_timeout', 'work_mem', 'temp_buffers') ORDER BY name
----
statement_timeout|90000|ms
temp_buffers|2048|8kB
work_mem|8192|kB

query
SHOW statement_timeout
----
90s

statement
RESET ALL

query
SELECT proname, pronargs FROM pg_proc WHERE proname IN ('lower_inc', 'isempty') ORDER BY proname, proargtypes::text
----
isempty|1
isempty|1
lower_inc|1
lower_inc|1

query
SELECT count(*) FROM (SELECT 1 FROM pg_proc GROUP BY proname, pronamespace, proargtypes HAVING count(*) > 1) x
----
0

query
SELECT ROW(1, 'x'::int) IS DISTINCT FROM ROW(id, 2) FROM (VALUES (3)) v(id)
----
ERROR 22P02: invalid input syntax for type integer: "x"

query
SELECT ROW(1, t::int) IS DISTINCT FROM ROW(id, 2), ROW(1, t::int) IS NOT DISTINCT FROM ROW(id, 2) FROM (VALUES (3, 'x'), (4, NULL)) v(id, t)
----
t|f
t|f

query
SELECT ROW(id, t) IS DISTINCT FROM ROW(NULL, NULL), (id, t) IS NOT DISTINCT FROM (NULL::int, 'x') FROM (VALUES (NULL::int, 'x'), (NULL, NULL), (1, NULL)) v(id, t)
----
t|t
f|f
t|f

query
SELECT ROW(1, 2) IS DISTINCT FROM ROW(1, 2.0), ROW(1, NULL) IS DISTINCT FROM ROW(1, NULL), ROW() IS DISTINCT FROM ROW()
----
f|f|f

query
SELECT ROW(1, 2) IS DISTINCT FROM ROW(1)
----
ERROR 42601: unequal number of entries in row expressions

query
SELECT pg_typeof('a')::text, pg_typeof(NULL)::text, pg_typeof('a'::text)::text, pg_typeof('a' || 'b')::text
----
unknown|unknown|text|text

# EXPLAIN writes names as SQL does.
statement
CREATE TABLE "Odd T" ("Col X" int, "order" int)

query
EXPLAIN (COSTS OFF) SELECT * FROM "Odd T" "A B" WHERE "order" = 1
----
Seq Scan on "Odd T" "A B"
  Filter: ("order" = 1)
