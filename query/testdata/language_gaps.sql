# What was missing of the language. Expected results are PostgreSQL's.

statement
CREATE SEQUENCE gap_seq

query
SELECT nextval('gap' || '_seq'), setval('gap_' || 'seq', 7)
----
1|7

query
SELECT nextval(n) FROM (VALUES ('gap_seq'), ('public.gap_seq'), (NULL)) v (n)
----
8
9
NULL

query
SELECT nextval(NULL), currval('gap' || '_seq')
----
NULL|9

query
SELECT nextval('no' || '_seq')
----
ERROR 42P01: relation "no_seq" does not exist at 21

statement
CREATE TABLE gap_t (a int, b int)

statement
INSERT INTO gap_t VALUES (1, 2), (3, 4)

query
UPDATE gap_t SET b = x FROM LATERAL (SELECT gap_t.a AS x) s
----
ERROR 42P10: invalid reference to FROM-clause entry for table "gap_t" at 45

query
DELETE FROM gap_t USING LATERAL (SELECT 1 WHERE a = 1) s
----
ERROR 42P10: invalid reference to FROM-clause entry for table "gap_t" at 49

query
UPDATE gap_t SET b = s.x FROM gap_t o, LATERAL (SELECT o.b + 1 AS x) s WHERE o.a = gap_t.a RETURNING gap_t.b
----
3
5

query
UPDATE gap_t SET b = v FROM (SELECT 9 AS v) s JOIN LATERAL (SELECT s.v AS w) r ON r.w = gap_t.a + 8 RETURNING gap_t.a
----
ERROR 42P01: invalid reference to FROM-clause entry for table "gap_t" at 89

query
SELECT a, (SELECT b FROM LATERAL (SELECT gap_t.b) z) FROM gap_t ORDER BY 1
----
1|3
3|5

statement
CREATE VIEW gap_v AS SELECT a, b FROM gap_t

statement
COMMENT ON COLUMN gap_v.b IS 'the second'

query
SELECT col_description('gap_v'::regclass, 1), col_description('gap_v'::regclass, 2)
----
NULL|the second

statement
CREATE OR REPLACE VIEW gap_v AS SELECT a, b, a + b AS c FROM gap_t

query
SELECT objsubid, description FROM pg_description WHERE objoid = 'gap_v'::regclass
----
2|the second

query
COMMENT ON COLUMN gap_v.nope IS 'x'
----
ERROR 42703: column "nope" of relation "gap_v" does not exist at 1

statement
COMMENT ON COLUMN gap_v.b IS NULL

query
SELECT count(*) FROM pg_description WHERE objoid = 'gap_v'::regclass
----
0

query
SELECT int8send(2147483647), int4send(-2), int2send(258::int2), float8send(1.5), float4send(-0.5), boolsend(true), textsend('aé'), byteasend('\x01ff')
----
\x000000007fffffff|\xfffffffe|\x0102|\x3ff8000000000000|\xbf000000|\x01|\x61c3a9|\x01ff

query
SELECT date_send('2000-01-03'), timestamp_send('2000-01-01 00:00:01'), timestamptz_send('1999-12-31 23:59:59+00'), time_send('00:00:01'), interval_send('1 mon 2 days 3 us')
----
\x00000002|\x00000000000f4240|\xfffffffffff0bdc0|\x00000000000f4240|\x00000000000000030000000200000001

query
SELECT uuid_send('00112233-4455-6677-8899-aabbccddeeff'), jsonb_send('{"a": 1}'), json_send('[1]'), int8send(NULL)
----
\x00112233445566778899aabbccddeeff|\x017b2261223a20317d|\x5b315d|NULL

query
SELECT pg_postmaster_start_time() <= now(), pg_typeof(pg_postmaster_start_time()), pg_conf_load_time() IS NULL
----
t|timestamp with time zone|f

query
SELECT set_config('client_min_messages', 'warning', false), current_setting('client_min_messages')
----
warning|warning

statement
SET client_min_messages TO debug

query
SHOW client_min_messages
----
debug2

query
SET client_min_messages TO loud
----
ERROR 22023: invalid value for parameter "client_min_messages": "loud" at 1

query
SELECT '{today}'::date[] = ARRAY[current_date], '{NULL,"tomorrow"}'::date[] = ARRAY[NULL, current_date + 1]
----
t|t

statement
CREATE TABLE gap_u (id int PRIMARY KEY, mail text, n int DEFAULT 0)

statement
CREATE UNIQUE INDEX ON gap_u (lower(mail), n)

statement
INSERT INTO gap_u VALUES (1, 'A@x')

query
INSERT INTO gap_u VALUES (2, 'a@X') ON CONFLICT (n, lower(mail)) DO UPDATE SET mail = excluded.mail RETURNING id, mail
----
1|a@X

query
INSERT INTO gap_u VALUES (2, 'a@X') ON CONFLICT (lower(mail)) DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification at 37

query
INSERT INTO gap_u VALUES (2, 'a@X') ON CONFLICT (upper(mail), n) DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification at 37

query
SELECT castsource::regtype, casttarget::regtype, castcontext, castmethod FROM pg_cast WHERE castsource = 'integer'::regtype AND casttarget IN ('bigint'::regtype, 'text'::regtype, 'boolean'::regtype) ORDER BY pg_cast.casttarget
----
integer|boolean|e|f
integer|bigint|i|f

query
SELECT o.oid, o.oprleft::regtype, o.oprresult::regtype, o.oprcanhash, c.oprname, n.oprname FROM pg_operator o JOIN pg_operator c ON c.oid = o.oprcom JOIN pg_operator n ON n.oid = o.oprnegate WHERE o.oprname = '<' AND o.oprleft = o.oprright AND o.oprleft IN (20, 25, 1700) ORDER BY o.oid
----
412|bigint|boolean|f|>|>=
664|text|boolean|f|>|>=
1754|numeric|boolean|f|>|>=

query
SELECT count(*) FROM pg_operator WHERE oprname IN ('+', '=', '||', '->>') AND oprleft IN (16, 20, 21, 23, 25, 114, 700, 701, 1082, 1114, 1700, 2950, 3802) AND oprright IN (16, 20, 21, 23, 25, 114, 700, 701, 1082, 1114, 1700, 2950, 3802)
----
44

