# How the catalogs show expressions: defaults, checks, index keys and predicates, generated columns. Expected results are PostgreSQL's.

statement
CREATE SCHEMA other

statement
CREATE TYPE mood AS ENUM ('sad','ok','very happy')

statement
CREATE TYPE other.size AS ENUM ('s','l')

statement
CREATE DOMAIN posint AS int DEFAULT 5 CHECK (VALUE > 0)

statement
CREATE DOMAIN code AS varchar(10) NOT NULL CHECK (VALUE ~ '^[A-Z]+$' AND length(VALUE) > 1) CHECK (VALUE IN ('AA','BB'))

statement
CREATE DOMAIN amount AS numeric(10,2) DEFAULT 0

statement
CREATE TABLE d (
 a int DEFAULT -1, b bigint DEFAULT 0, c bigint DEFAULT 3000000000, d smallint DEFAULT 1, e numeric DEFAULT 1.50, f numeric(10,2) DEFAULT -2.5, g real DEFAULT 0, h double precision DEFAULT 0.5, i double precision DEFAULT -1,
 j text DEFAULT 'it''s', k varchar DEFAULT 'x', l varchar(5) DEFAULT 'abc'::varchar(5), m char(3) DEFAULT 'ab', n boolean DEFAULT 'f', o boolean DEFAULT NOT true, p date DEFAULT '2024-01-02', q date DEFAULT now(), r timestamp DEFAULT now(), s timestamptz DEFAULT '2024-01-02 03:04+00', t time DEFAULT '10:00', u interval DEFAULT '1 day', v interval DEFAULT '01:30:00'::interval, w uuid DEFAULT '00000000-0000-0000-0000-000000000000', x json DEFAULT '[]', y jsonb DEFAULT '{"a": 1}', z bytea DEFAULT '\x00ff',
 aa int[] DEFAULT '{1,2}', ab text[] DEFAULT ARRAY[]::text[], ac text[] DEFAULT ARRAY['a','b'], ad mood DEFAULT 'ok', ae mood[] DEFAULT ARRAY['ok'::mood], af other.size DEFAULT 's', ag posint, ah code DEFAULT 'AA', ai amount, aj inet DEFAULT '127.0.0.1', ak timestamptz DEFAULT CURRENT_TIMESTAMP, al timestamptz(3) DEFAULT CURRENT_TIMESTAMP(3), am date DEFAULT CURRENT_DATE, an text DEFAULT CURRENT_USER, ao timestamp DEFAULT (now() AT TIME ZONE 'utc'), ap timestamp DEFAULT timezone('utc', now()), aq int DEFAULT 1 + 2 * 3, ar text DEFAULT 'a' || 'b', at text DEFAULT lower('ABC'), au text DEFAULT NULL, av varchar DEFAULT NULL::character varying, aw int DEFAULT (random() * 100)::int, ax uuid DEFAULT gen_random_uuid(), ay date DEFAULT CURRENT_DATE + 30, az timestamptz DEFAULT now() + interval '1 hour', ba date DEFAULT 'now'::text::date, bb timestamptz DEFAULT 'infinity', bc numeric DEFAULT 'NaN', bd text DEFAULT (1)::text, be int DEFAULT '7', bf numeric(5,1) DEFAULT '7.25', bg bit(3) DEFAULT B'101', bh int4range DEFAULT '[1,5)', bi tstzrange DEFAULT tstzrange(now(), NULL), bj text DEFAULT to_char(now(), 'YYYY'), bk double precision DEFAULT 1e10, bl text DEFAULT E'a\nb\\c', bm timestamp DEFAULT LOCALTIMESTAMP, bn text DEFAULT coalesce(NULL, 'z'), bo int DEFAULT abs(-5), bp text DEFAULT md5(random()::text), bq timestamptz DEFAULT clock_timestamp(), br int DEFAULT date_part('year', now()), bs numeric DEFAULT extract(epoch from now()), bt bigint DEFAULT (extract(epoch from now()) * 1000)::bigint
)
----
ERROR 42601: syntax error at or near "NOT"

query
SELECT attname, pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum ORDER BY attnum

query
SELECT attname, pg_get_expr(adbin, adrelid, true) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum ORDER BY attnum

query
SELECT column_name, column_default FROM information_schema.columns WHERE table_name = 'd' ORDER BY ordinal_position

query
SELECT typname, typdefault FROM pg_type WHERE typtype = 'd' AND typname IN ('posint','code','amount') ORDER BY 1
----
amount|0
code|NULL
posint|5

query
SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE contypid <> 0 AND connamespace = 'public'::regnamespace ORDER BY 1
----
code_check|CHECK ((((VALUE)::text ~ '^[A-Z]+$'::text) AND (length((VALUE)::text) > 1)))|CHECK (VALUE::text ~ '^[A-Z]+$'::text AND length(VALUE::text) > 1)
code_check1|CHECK (((VALUE)::text = ANY ((ARRAY['AA'::character varying, 'BB'::character varying])::text[])))|CHECK (VALUE::text = ANY (ARRAY['AA'::character varying, 'BB'::character varying]::text[]))
posint_check|CHECK ((VALUE > 0))|CHECK (VALUE > 0)

query
SELECT domain_name, domain_default FROM information_schema.domains WHERE domain_schema = 'public' ORDER BY 1
----
amount|0
code|NULL
posint|5

statement
CREATE TABLE c (a int, b int, n numeric(8,2), r real, f double precision, t text, v varchar(20), ch char(2), d date, ts timestamp, tz timestamptz, bo boolean, j jsonb, arr text[], ia int[], e mood, s other.size, u uuid, iv interval,
 CONSTRAINT c01 CHECK (a > 0), CONSTRAINT c02 CHECK (n >= 0 AND n < 100.5), CONSTRAINT c03 CHECK (v IN ('a','b','c')), CONSTRAINT c04 CHECK (v = 'x'), CONSTRAINT c05 CHECK (t IN ('a','b')), CONSTRAINT c06 CHECK (a IN (1,2,3)), CONSTRAINT c07 CHECK (n IN (1,2)), CONSTRAINT c08 CHECK (e IN ('sad','ok')), CONSTRAINT c09 CHECK (e <> 'sad'), CONSTRAINT c10 CHECK (a BETWEEN 1 AND 10), CONSTRAINT c11 CHECK (a NOT BETWEEN 1 AND b), CONSTRAINT c12 CHECK (NOT bo), CONSTRAINT c13 CHECK (bo), CONSTRAINT c14 CHECK (bo IS TRUE OR a IS NULL), CONSTRAINT c15 CHECK (a IS NOT NULL OR b IS NOT NULL), CONSTRAINT c16 CHECK (a + b * 2 - 1 > 3), CONSTRAINT c17 CHECK ((a + b) * 2 > a - (b - 1)), CONSTRAINT c18 CHECK (length(v) > 2), CONSTRAINT c19 CHECK (char_length(trim(t)) > 0), CONSTRAINT c20 CHECK (lower(v) = v), CONSTRAINT c21 CHECK (t ~ '^a' AND t !~* 'b'), CONSTRAINT c22 CHECK (t LIKE 'a%' OR v NOT LIKE 'b_' OR t ILIKE 'x'), CONSTRAINT c23 CHECK (d > '2024-01-01' AND ts < '2024-01-01 10:00'), CONSTRAINT c24 CHECK (ts::date = d), CONSTRAINT c25 CHECK (a::text = t), CONSTRAINT c26 CHECK (CASE WHEN a > 0 THEN b > 0 ELSE true END), CONSTRAINT c27 CHECK (CASE a WHEN 1 THEN 'x' WHEN 2 THEN t END = 'x'), CONSTRAINT c28 CHECK (coalesce(a, b, 0) > 0), CONSTRAINT c29 CHECK (greatest(a, b) < 10 AND least(a, 5) > 1), CONSTRAINT c30 CHECK (nullif(a, 0) IS NOT NULL), CONSTRAINT c31 CHECK (j ? 'a' AND j->>'b' = 'c'), CONSTRAINT c32 CHECK (j @> '{"a": 1}'), CONSTRAINT c33 CHECK (jsonb_typeof(j) = 'object'), CONSTRAINT c34 CHECK (arr @> ARRAY['a']), CONSTRAINT c35 CHECK ('x' = ANY(arr)), CONSTRAINT c36 CHECK (array_length(arr, 1) < 5), CONSTRAINT c37 CHECK (ia[1] > 0), CONSTRAINT c38 CHECK (a = ANY (ARRAY[1,2])), CONSTRAINT c39 CHECK (v = ANY (ARRAY['a','b'])), CONSTRAINT c40 CHECK (v::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])), CONSTRAINT c41 CHECK (a <> ALL (ARRAY[1,2])), CONSTRAINT c42 CHECK (a NOT IN (1,2)), CONSTRAINT c43 CHECK (a IS DISTINCT FROM b), CONSTRAINT c44 CHECK (a IS NOT DISTINCT FROM 1), CONSTRAINT c45 CHECK (f > 0 AND r > 0), CONSTRAINT c46 CHECK (f > 1.5 AND a < 2.5), CONSTRAINT c47 CHECK (extract(year from d) > 2000), CONSTRAINT c48 CHECK (date_trunc('month', ts) = ts), CONSTRAINT c49 CHECK (tz AT TIME ZONE 'UTC' > ts), CONSTRAINT c50 CHECK (iv > '1 day' AND iv < interval '2 days'), CONSTRAINT c51 CHECK (ch = 'ab'), CONSTRAINT c52 CHECK (a > -5), CONSTRAINT c53 CHECK (-a < 5), CONSTRAINT c54 CHECK (a % 2 = 0), CONSTRAINT c55 CHECK ((a > 0) = (b > 0)), CONSTRAINT c56 CHECK ((a IS NULL) <> (b IS NULL)), CONSTRAINT c57 CHECK (s = 'l'), CONSTRAINT c58 CHECK (num_nonnulls(a, b) = 1), CONSTRAINT c59 CHECK ((a IS NOT NULL)::int + (b IS NOT NULL)::int = 1), CONSTRAINT c60 CHECK (t = upper(substr(t, 1, 1)) || substring(t, 2)), CONSTRAINT c61 CHECK (v || 'x' <> t), CONSTRAINT c62 CHECK (NOT (a > 0 AND (b > 0 OR bo))), CONSTRAINT c63 CHECK (t COLLATE "C" > 'a'), CONSTRAINT c64 CHECK (round(n, 1) = n), CONSTRAINT c65 CHECK (a::numeric / b > 0.5), CONSTRAINT c66 CHECK (u <> '00000000-0000-0000-0000-000000000000'), CONSTRAINT c67 CHECK (d + 1 > d AND ts + interval '1 day' > ts), CONSTRAINT c68 CHECK (position('@' in t) > 1), CONSTRAINT c69 CHECK (left(t, 1) = 'a'), CONSTRAINT c70 CHECK (a & 4 = 4), CONSTRAINT c71 CHECK ((a, b) = (1, 2)), CONSTRAINT c72 CHECK (v <> '' AND v IS NOT NULL), CONSTRAINT c73 CHECK (e::text = v), CONSTRAINT c74 CHECK (a > 0 AND b > 0 AND n > 0), CONSTRAINT c75 CHECK ((a > 0 OR b > 0) AND n > 0), CONSTRAINT c76 CHECK (t IS NULL OR (t = 'a' AND a = 1) OR (t = 'b' AND a = 2)), CONSTRAINT c77 CHECK (char_length(v::text) <= 20), CONSTRAINT c78 CHECK (v::text ~* '^[A-Za-z0-9._%-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$'::text), CONSTRAINT c79 CHECK (true), CONSTRAINT c80 CHECK (t SIMILAR TO '(a|b)%'), CONSTRAINT c81 CHECK (d >= date '2000-01-01'), CONSTRAINT c82 CHECK (overlay(t placing 'x' from 1) = t), CONSTRAINT c83 CHECK (isfinite(ts)), CONSTRAINT c84 CHECK (a = 1 OR a = 2 AND b = 3))

query
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'c'::regclass ORDER BY 1
----
c01|CHECK ((a > 0))
c02|CHECK (((n >= (0)::numeric) AND (n < 100.5)))
c03|CHECK (((v)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying, 'c'::character varying])::text[])))
c04|CHECK (((v)::text = 'x'::text))
c05|CHECK ((t = ANY (ARRAY['a'::text, 'b'::text])))
c06|CHECK ((a = ANY (ARRAY[1, 2, 3])))
c07|CHECK ((n = ANY (ARRAY[(1)::numeric, (2)::numeric])))
c08|CHECK ((e = ANY (ARRAY['sad'::mood, 'ok'::mood])))
c09|CHECK ((e <> 'sad'::mood))
c10|CHECK (((a >= 1) AND (a <= 10)))
c11|CHECK (((a < 1) OR (a > b)))
c12|CHECK ((NOT bo))
c13|CHECK (bo)
c14|CHECK (((bo IS TRUE) OR (a IS NULL)))
c15|CHECK (((a IS NOT NULL) OR (b IS NOT NULL)))
c16|CHECK ((((a + (b * 2)) - 1) > 3))
c17|CHECK ((((a + b) * 2) > (a - (b - 1))))
c18|CHECK ((length((v)::text) > 2))
c19|CHECK ((char_length(TRIM(BOTH FROM t)) > 0))
c20|CHECK ((lower((v)::text) = (v)::text))
c21|CHECK (((t ~ '^a'::text) AND (t !~* 'b'::text)))
c22|CHECK (((t ~~ 'a%'::text) OR ((v)::text !~~ 'b_'::text) OR (t ~~* 'x'::text)))
c23|CHECK (((d > '2024-01-01'::date) AND (ts < '2024-01-01 10:00:00'::timestamp without time zone)))
c24|CHECK (((ts)::date = d))
c25|CHECK (((a)::text = t))
c26|CHECK (
CASE
    WHEN (a > 0) THEN (b > 0)
    ELSE true
END)
c27|CHECK ((
CASE a
    WHEN 1 THEN 'x'::text
    WHEN 2 THEN t
    ELSE NULL::text
END = 'x'::text))
c28|CHECK ((COALESCE(a, b, 0) > 0))
c29|CHECK (((GREATEST(a, b) < 10) AND (LEAST(a, 5) > 1)))
c30|CHECK ((NULLIF(a, 0) IS NOT NULL))
c31|CHECK (((j ? 'a'::text) AND ((j ->> 'b'::text) = 'c'::text)))
c32|CHECK ((j @> '{"a": 1}'::jsonb))
c33|CHECK ((jsonb_typeof(j) = 'object'::text))
c34|CHECK ((arr @> ARRAY['a'::text]))
c35|CHECK (('x'::text = ANY (arr)))
c36|CHECK ((array_length(arr, 1) < 5))
c37|CHECK ((ia[1] > 0))
c38|CHECK ((a = ANY (ARRAY[1, 2])))
c39|CHECK (((v)::text = ANY (ARRAY['a'::text, 'b'::text])))
c40|CHECK (((v)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))
c41|CHECK ((a <> ALL (ARRAY[1, 2])))
c42|CHECK ((a <> ALL (ARRAY[1, 2])))
c43|CHECK ((a IS DISTINCT FROM b))
c44|CHECK ((NOT (a IS DISTINCT FROM 1)))
c45|CHECK (((f > (0)::double precision) AND (r > (0)::double precision)))
c46|CHECK (((f > (1.5)::double precision) AND ((a)::numeric < 2.5)))
c47|CHECK ((EXTRACT(year FROM d) > (2000)::numeric))
c48|CHECK ((date_trunc('month'::text, ts) = ts))
c49|CHECK (((tz AT TIME ZONE 'UTC'::text) > ts))
c50|CHECK (((iv > '1 day'::interval) AND (iv < '2 days'::interval)))
c51|CHECK ((ch = 'ab'::bpchar))
c52|CHECK ((a > '-5'::integer))
c53|CHECK (((- a) < 5))
c54|CHECK (((a % 2) = 0))
c55|CHECK (((a > 0) = (b > 0)))
c56|CHECK (((a IS NULL) <> (b IS NULL)))
c57|CHECK ((s = 'l'::other.size))
c58|CHECK ((num_nonnulls(a, b) = 1))
c59|CHECK (((((a IS NOT NULL))::integer + ((b IS NOT NULL))::integer) = 1))
c60|CHECK ((t = (upper(substr(t, 1, 1)) || "substring"(t, 2))))
c61|CHECK ((((v)::text || 'x'::text) <> t))
c62|CHECK ((NOT ((a > 0) AND ((b > 0) OR bo))))
c63|CHECK (((t COLLATE "C") > 'a'::text))
c64|CHECK ((round(n, 1) = n))
c65|CHECK ((((a)::numeric / (b)::numeric) > 0.5))
c66|CHECK ((u <> '00000000-0000-0000-0000-000000000000'::uuid))
c67|CHECK ((((d + 1) > d) AND ((ts + '1 day'::interval) > ts)))
c68|CHECK ((POSITION(('@'::text) IN (t)) > 1))
c69|CHECK (("left"(t, 1) = 'a'::text))
c70|CHECK (((a & 4) = 4))
c71|CHECK (((a = 1) AND (b = 2)))
c72|CHECK ((((v)::text <> ''::text) AND (v IS NOT NULL)))
c73|CHECK (((e)::text = (v)::text))
c74|CHECK (((a > 0) AND (b > 0) AND (n > (0)::numeric)))
c75|CHECK ((((a > 0) OR (b > 0)) AND (n > (0)::numeric)))
c76|CHECK (((t IS NULL) OR ((t = 'a'::text) AND (a = 1)) OR ((t = 'b'::text) AND (a = 2))))
c77|CHECK ((char_length((v)::text) <= 20))
c78|CHECK (((v)::text ~* '^[A-Za-z0-9._%-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$'::text))
c79|CHECK (true)
c80|CHECK ((t ~ similar_to_escape('(a|b)%'::text)))
c81|CHECK ((d >= '2000-01-01'::date))
c82|CHECK ((OVERLAY(t PLACING 'x'::text FROM 1) = t))
c83|CHECK (isfinite(ts))
c84|CHECK (((a = 1) OR ((a = 2) AND (b = 3))))

query
SELECT conname, pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'c'::regclass ORDER BY 1
----
c01|CHECK (a > 0)
c02|CHECK (n >= 0::numeric AND n < 100.5)
c03|CHECK (v::text = ANY (ARRAY['a'::character varying, 'b'::character varying, 'c'::character varying]::text[]))
c04|CHECK (v::text = 'x'::text)
c05|CHECK (t = ANY (ARRAY['a'::text, 'b'::text]))
c06|CHECK (a = ANY (ARRAY[1, 2, 3]))
c07|CHECK (n = ANY (ARRAY[1::numeric, 2::numeric]))
c08|CHECK (e = ANY (ARRAY['sad'::mood, 'ok'::mood]))
c09|CHECK (e <> 'sad'::mood)
c10|CHECK (a >= 1 AND a <= 10)
c11|CHECK (a < 1 OR a > b)
c12|CHECK (NOT bo)
c13|CHECK (bo)
c14|CHECK (bo IS TRUE OR a IS NULL)
c15|CHECK (a IS NOT NULL OR b IS NOT NULL)
c16|CHECK ((a + b * 2 - 1) > 3)
c17|CHECK (((a + b) * 2) > (a - (b - 1)))
c18|CHECK (length(v::text) > 2)
c19|CHECK (char_length(TRIM(BOTH FROM t)) > 0)
c20|CHECK (lower(v::text) = v::text)
c21|CHECK (t ~ '^a'::text AND t !~* 'b'::text)
c22|CHECK (t ~~ 'a%'::text OR v::text !~~ 'b_'::text OR t ~~* 'x'::text)
c23|CHECK (d > '2024-01-01'::date AND ts < '2024-01-01 10:00:00'::timestamp without time zone)
c24|CHECK (ts::date = d)
c25|CHECK (a::text = t)
c26|CHECK (
CASE
    WHEN a > 0 THEN b > 0
    ELSE true
END)
c27|CHECK (
CASE a
    WHEN 1 THEN 'x'::text
    WHEN 2 THEN t
    ELSE NULL::text
END = 'x'::text)
c28|CHECK (COALESCE(a, b, 0) > 0)
c29|CHECK (GREATEST(a, b) < 10 AND LEAST(a, 5) > 1)
c30|CHECK (NULLIF(a, 0) IS NOT NULL)
c31|CHECK (j ? 'a'::text AND (j ->> 'b'::text) = 'c'::text)
c32|CHECK (j @> '{"a": 1}'::jsonb)
c33|CHECK (jsonb_typeof(j) = 'object'::text)
c34|CHECK (arr @> ARRAY['a'::text])
c35|CHECK ('x'::text = ANY (arr))
c36|CHECK (array_length(arr, 1) < 5)
c37|CHECK (ia[1] > 0)
c38|CHECK (a = ANY (ARRAY[1, 2]))
c39|CHECK (v::text = ANY (ARRAY['a'::text, 'b'::text]))
c40|CHECK (v::text = ANY (ARRAY['a'::character varying::text, 'b'::character varying::text]))
c41|CHECK (a <> ALL (ARRAY[1, 2]))
c42|CHECK (a <> ALL (ARRAY[1, 2]))
c43|CHECK (a IS DISTINCT FROM b)
c44|CHECK (NOT a IS DISTINCT FROM 1)
c45|CHECK (f > 0::double precision AND r > 0::double precision)
c46|CHECK (f > 1.5::double precision AND a::numeric < 2.5)
c47|CHECK (EXTRACT(year FROM d) > 2000::numeric)
c48|CHECK (date_trunc('month'::text, ts) = ts)
c49|CHECK ((tz AT TIME ZONE 'UTC'::text) > ts)
c50|CHECK (iv > '1 day'::interval AND iv < '2 days'::interval)
c51|CHECK (ch = 'ab'::bpchar)
c52|CHECK (a > '-5'::integer)
c53|CHECK ((- a) < 5)
c54|CHECK ((a % 2) = 0)
c55|CHECK ((a > 0) = (b > 0))
c56|CHECK ((a IS NULL) <> (b IS NULL))
c57|CHECK (s = 'l'::other.size)
c58|CHECK (num_nonnulls(a, b) = 1)
c59|CHECK (((a IS NOT NULL)::integer + (b IS NOT NULL)::integer) = 1)
c60|CHECK (t = (upper(substr(t, 1, 1)) || "substring"(t, 2)))
c61|CHECK ((v::text || 'x'::text) <> t)
c62|CHECK (NOT (a > 0 AND (b > 0 OR bo)))
c63|CHECK ((t COLLATE "C") > 'a'::text)
c64|CHECK (round(n, 1) = n)
c65|CHECK ((a::numeric / b::numeric) > 0.5)
c66|CHECK (u <> '00000000-0000-0000-0000-000000000000'::uuid)
c67|CHECK ((d + 1) > d AND (ts + '1 day'::interval) > ts)
c68|CHECK (POSITION(('@'::text) IN (t)) > 1)
c69|CHECK ("left"(t, 1) = 'a'::text)
c70|CHECK ((a & 4) = 4)
c71|CHECK (a = 1 AND b = 2)
c72|CHECK (v::text <> ''::text AND v IS NOT NULL)
c73|CHECK (e::text = v::text)
c74|CHECK (a > 0 AND b > 0 AND n > 0::numeric)
c75|CHECK ((a > 0 OR b > 0) AND n > 0::numeric)
c76|CHECK (t IS NULL OR t = 'a'::text AND a = 1 OR t = 'b'::text AND a = 2)
c77|CHECK (char_length(v::text) <= 20)
c78|CHECK (v::text ~* '^[A-Za-z0-9._%-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$'::text)
c79|CHECK (true)
c80|CHECK (t ~ similar_to_escape('(a|b)%'::text))
c81|CHECK (d >= '2000-01-01'::date)
c82|CHECK (OVERLAY(t PLACING 'x'::text FROM 1) = t)
c83|CHECK (isfinite(ts))
c84|CHECK (a = 1 OR a = 2 AND b = 3)

statement
CREATE INDEX i1 ON c (lower(v))

statement
CREATE INDEX i2 ON c ((a + b))

statement
CREATE INDEX i3 ON c (a) WHERE v IS NOT NULL

statement
CREATE INDEX i4 ON c ((j->>'a'), (j->'b'))

statement
CREATE UNIQUE INDEX i5 ON c (lower(t), a DESC NULLS LAST) WHERE NOT bo AND e = 'ok'

statement
CREATE INDEX i6 ON c ((t || v))

statement
CREATE INDEX i7 ON c (date_trunc('day', ts))

statement
CREATE INDEX i8 ON c (((tz AT TIME ZONE 'UTC')::date))

statement
CREATE INDEX i9 ON c (coalesce(a, 0))

statement
CREATE INDEX i10 ON c ((a IS NULL))

statement
CREATE INDEX i11 ON c (upper(v) , left(t, 3))

statement
CREATE INDEX i12 ON c ((ts::date)) WHERE a IN (1,2,3)

statement
CREATE INDEX i13 ON c ((CASE WHEN a > 0 THEN 1 ELSE 0 END))

statement
CREATE INDEX i14 ON c (md5(t)) WHERE ts > '2024-01-01'::timestamp

statement
CREATE INDEX i15 ON c ((lower(v)::text)) INCLUDE (a, b)

query
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'c' ORDER BY 1
----
i1|CREATE INDEX i1 ON public.c USING btree (lower((v)::text))
i10|CREATE INDEX i10 ON public.c USING btree (((a IS NULL)))
i11|CREATE INDEX i11 ON public.c USING btree (upper((v)::text), "left"(t, 3))
i12|CREATE INDEX i12 ON public.c USING btree (((ts)::date)) WHERE (a = ANY (ARRAY[1, 2, 3]))
i13|CREATE INDEX i13 ON public.c USING btree ((
CASE
    WHEN (a > 0) THEN 1
    ELSE 0
END))
i14|CREATE INDEX i14 ON public.c USING btree (md5(t)) WHERE (ts > '2024-01-01 00:00:00'::timestamp without time zone)
i15|CREATE INDEX i15 ON public.c USING btree (lower((v)::text)) INCLUDE (a, b)
i2|CREATE INDEX i2 ON public.c USING btree (((a + b)))
i3|CREATE INDEX i3 ON public.c USING btree (a) WHERE (v IS NOT NULL)
i4|CREATE INDEX i4 ON public.c USING btree (((j ->> 'a'::text)), ((j -> 'b'::text)))
i5|CREATE UNIQUE INDEX i5 ON public.c USING btree (lower(t), a DESC NULLS LAST) WHERE ((NOT bo) AND (e = 'ok'::mood))
i6|CREATE INDEX i6 ON public.c USING btree (((t || (v)::text)))
i7|CREATE INDEX i7 ON public.c USING btree (date_trunc('day'::text, ts))
i8|CREATE INDEX i8 ON public.c USING btree ((((tz AT TIME ZONE 'UTC'::text))::date))
i9|CREATE INDEX i9 ON public.c USING btree (COALESCE(a, 0))

query
SELECT c.relname, pg_get_indexdef(i.indexrelid, 0, true), pg_get_indexdef(i.indexrelid, 1, false), pg_get_indexdef(i.indexrelid, 2, true), pg_get_expr(i.indpred, i.indrelid), pg_get_expr(i.indpred, i.indrelid, true), pg_get_expr(i.indexprs, i.indrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'c'::regclass ORDER BY 1
----
i1|CREATE INDEX i1 ON c USING btree (lower(v::text))|lower((v)::text)||NULL|NULL|lower((v)::text)
i10|CREATE INDEX i10 ON c USING btree ((a IS NULL))|((a IS NULL))||NULL|NULL|(a IS NULL)
i11|CREATE INDEX i11 ON c USING btree (upper(v::text), "left"(t, 3))|upper((v)::text)|"left"(t, 3)|NULL|NULL|upper((v)::text), "left"(t, 3)
i12|CREATE INDEX i12 ON c USING btree ((ts::date)) WHERE a = ANY (ARRAY[1, 2, 3])|((ts)::date)||(a = ANY (ARRAY[1, 2, 3]))|a = ANY (ARRAY[1, 2, 3])|(ts)::date
i13|CREATE INDEX i13 ON c USING btree ((
CASE
    WHEN a > 0 THEN 1
    ELSE 0
END))|(
CASE
    WHEN (a > 0) THEN 1
    ELSE 0
END)||NULL|NULL|
CASE
    WHEN (a > 0) THEN 1
    ELSE 0
END
i14|CREATE INDEX i14 ON c USING btree (md5(t)) WHERE ts > '2024-01-01 00:00:00'::timestamp without time zone|md5(t)||(ts > '2024-01-01 00:00:00'::timestamp without time zone)|ts > '2024-01-01 00:00:00'::timestamp without time zone|md5(t)
i15|CREATE INDEX i15 ON c USING btree (lower(v::text)) INCLUDE (a, b)|lower((v)::text)|a|NULL|NULL|lower((v)::text)
i2|CREATE INDEX i2 ON c USING btree ((a + b))|((a + b))||NULL|NULL|(a + b)
i3|CREATE INDEX i3 ON c USING btree (a) WHERE v IS NOT NULL|a||(v IS NOT NULL)|v IS NOT NULL|NULL
i4|CREATE INDEX i4 ON c USING btree ((j ->> 'a'::text), (j -> 'b'::text))|((j ->> 'a'::text))|(j -> 'b'::text)|NULL|NULL|(j ->> 'a'::text), (j -> 'b'::text)
i5|CREATE UNIQUE INDEX i5 ON c USING btree (lower(t), a DESC NULLS LAST) WHERE NOT bo AND e = 'ok'::mood|lower(t)|a|((NOT bo) AND (e = 'ok'::mood))|NOT bo AND e = 'ok'::mood|lower(t)
i6|CREATE INDEX i6 ON c USING btree ((t || v::text))|((t || (v)::text))||NULL|NULL|(t || (v)::text)
i7|CREATE INDEX i7 ON c USING btree (date_trunc('day'::text, ts))|date_trunc('day'::text, ts)||NULL|NULL|date_trunc('day'::text, ts)
i8|CREATE INDEX i8 ON c USING btree (((tz AT TIME ZONE 'UTC'::text)::date))|(((tz AT TIME ZONE 'UTC'::text))::date)||NULL|NULL|((tz AT TIME ZONE 'UTC'::text))::date
i9|CREATE INDEX i9 ON c USING btree (COALESCE(a, 0))|COALESCE(a, 0)||NULL|NULL|COALESCE(a, 0)

statement
CREATE TABLE gen (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text GENERATED ALWAYS AS ('x' || a::text) STORED, d numeric(8,2) GENERATED ALWAYS AS (a / 3.0) STORED)

query
SELECT attname, pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum WHERE adrelid = 'gen'::regclass ORDER BY attnum
----
b|(a * 2)
c|('x'::text || (a)::text)
d|((a)::numeric / 3.0)

query
SELECT column_name, generation_expression FROM information_schema.columns WHERE table_name = 'gen' ORDER BY 1
----
a|NULL
b|(a * 2)
c|('x'::text || (a)::text)
d|((a)::numeric / 3.0)

statement
SET search_path = other

query
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'public.c'::regclass AND conname IN ('c08','c57') ORDER BY 1
----
c08|CHECK ((e = ANY (ARRAY['sad'::public.mood, 'ok'::public.mood])))
c57|CHECK ((s = 'l'::size))

query
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'public.d'::regclass AND adnum IN (30, 31, 32) ORDER BY adnum
----
ERROR 42P01: relation "public.d" does not exist

statement
RESET search_path

statement
CREATE TABLE c2 (a int, v varchar(9), n numeric, t text, arr text[], j jsonb, ts timestamptz, CONSTRAINT e1 CHECK (((v)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))), CONSTRAINT e2 CHECK ((n = ANY (ARRAY[(1)::numeric, (2)::numeric]))), CONSTRAINT e3 CHECK (a > ANY (ARRAY[1,2])), CONSTRAINT e4 CHECK (a < ALL ('{3,4}'::int[])), CONSTRAINT e5 CHECK (a = ANY ('{3,4}')), CONSTRAINT e6 CHECK (t ~~ ANY (ARRAY['a%','b%'])), CONSTRAINT e7 CHECK (t <> ALL (arr)), CONSTRAINT e8 CHECK (n = ANY (ARRAY[1,2])), CONSTRAINT e9 CHECK (v <> ALL (ARRAY['x'::text])), CONSTRAINT f1 CHECK ((j->>'n')::int > 3), CONSTRAINT f2 CHECK (jsonb_array_length(j->'l') > 0 AND (j #>> '{a,b}') = 'x'), CONSTRAINT f3 CHECK ((ts AT TIME ZONE 'UTC')::date > '2020-01-01'), CONSTRAINT f4 CHECK (COALESCE(n, 0::numeric) >= 0), CONSTRAINT f5 CHECK (ARRAY[a] <@ ARRAY[1,2]), CONSTRAINT f6 CHECK (a::bigint * 2 > 3000000000), CONSTRAINT f7 CHECK (n <= 1e3 AND n <> 0.10), CONSTRAINT f8 CHECK (array_position(arr, NULL) IS NULL), CONSTRAINT f9 CHECK (- a > 1 AND @ a > 2), CONSTRAINT g1 CHECK ((CASE WHEN a = 1 THEN 1 ELSE 0 END + CASE WHEN n = 1 THEN 1 END) > 0))

query
SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'c2'::regclass ORDER BY 1
----
e1|CHECK (((v)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))|CHECK (v::text = ANY (ARRAY['a'::character varying::text, 'b'::character varying::text]))
e2|CHECK ((n = ANY (ARRAY[(1)::numeric, (2)::numeric])))|CHECK (n = ANY (ARRAY[1::numeric, 2::numeric]))
e3|CHECK ((a > ANY (ARRAY[1, 2])))|CHECK (a > ANY (ARRAY[1, 2]))
e4|CHECK ((a < ALL ('{3,4}'::integer[])))|CHECK (a < ALL ('{3,4}'::integer[]))
e5|CHECK ((a = ANY ('{3,4}'::integer[])))|CHECK (a = ANY ('{3,4}'::integer[]))
e6|CHECK ((t ~~ ANY (ARRAY['a%'::text, 'b%'::text])))|CHECK (t ~~ ANY (ARRAY['a%'::text, 'b%'::text]))
e7|CHECK ((t <> ALL (arr)))|CHECK (t <> ALL (arr))
e8|CHECK ((n = ANY ((ARRAY[1, 2])::numeric[])))|CHECK (n = ANY (ARRAY[1, 2]::numeric[]))
e9|CHECK (((v)::text <> ALL (ARRAY['x'::text])))|CHECK (v::text <> ALL (ARRAY['x'::text]))
f1|CHECK ((((j ->> 'n'::text))::integer > 3))|CHECK (((j ->> 'n'::text)::integer) > 3)
f2|CHECK (((jsonb_array_length((j -> 'l'::text)) > 0) AND ((j #>> '{a,b}'::text[]) = 'x'::text)))|CHECK (jsonb_array_length(j -> 'l'::text) > 0 AND (j #>> '{a,b}'::text[]) = 'x'::text)
f3|CHECK ((((ts AT TIME ZONE 'UTC'::text))::date > '2020-01-01'::date))|CHECK ((ts AT TIME ZONE 'UTC'::text)::date > '2020-01-01'::date)
f4|CHECK ((COALESCE(n, (0)::numeric) >= (0)::numeric))|CHECK (COALESCE(n, 0::numeric) >= 0::numeric)
f5|CHECK ((ARRAY[a] <@ ARRAY[1, 2]))|CHECK (ARRAY[a] <@ ARRAY[1, 2])
f6|CHECK ((((a)::bigint * 2) > '3000000000'::bigint))|CHECK ((a::bigint * 2) > '3000000000'::bigint)
f7|CHECK (((n <= '1000'::numeric) AND (n <> 0.10)))|CHECK (n <= '1000'::numeric AND n <> 0.10)
f8|CHECK ((array_position(arr, NULL::text) IS NULL))|CHECK (array_position(arr, NULL::text) IS NULL)
f9|CHECK ((((- a) > 1) AND ((@ a) > 2)))|CHECK ((- a) > 1 AND (@ a) > 2)
g1|CHECK (((
CASE
    WHEN (a = 1) THEN 1
    ELSE 0
END +
CASE
    WHEN (n = (1)::numeric) THEN 1
    ELSE NULL::integer
END) > 0))|CHECK ((
CASE
    WHEN a = 1 THEN 1
    ELSE 0
END +
CASE
    WHEN n = 1::numeric THEN 1
    ELSE NULL::integer
END) > 0)

query
INSERT INTO c2 (a, v, n, t, arr) VALUES (2, 'a', 1, 'ax', '{q}')
----
ERROR 23514: new row for relation "c2" violates check constraint "e5"

query
INSERT INTO c2 (a, v, n, t, arr) VALUES (2, 'c', 1, 'ax', '{q}')
----
ERROR 23514: new row for relation "c2" violates check constraint "e1"

query
INSERT INTO c2 (a, v, n, t, arr) VALUES (5, 'a', 1, 'ax', '{q}')
----
ERROR 23514: new row for relation "c2" violates check constraint "e4"

query
INSERT INTO c2 (a, v, n, t, arr) VALUES (2, 'a', 1, 'ax', '{ax}')
----
ERROR 23514: new row for relation "c2" violates check constraint "e5"

query
INSERT INTO c2 (a, v, n, t, arr) VALUES (3, 'a', 1, 'cx', '{ax}')
----
ERROR 23514: new row for relation "c2" violates check constraint "e4"

query
INSERT INTO c2 (t, arr) VALUES ('a', '{}'), ('a', NULL), (NULL, '{a}'), ('a', '{NULL}')
----
ERROR 23514: new row for relation "c2" violates check constraint "f5"

