# The types "char", int2vector, oidvector, xid and regproc, and the columns of system catalogs that are of them.

query
SELECT '\001'::"char" = 1::"char", 'abc'::"char", ''::"char", 'é'::"char", '\303'::"char", '\000'::"char" = ''
----
t|a||\303|\303|t

query
SELECT 200::"char"
----
ERROR 22003: "char" out of range

query
SELECT 'a'::"char"::int, 97::"char", '-56'::int::"char", '\310'::"char"::int, 'abc'::text::"char", 'abc'::varchar::"char", 'ab'::char(2)::"char"
----
97|a|\310|-56|a|a|a

query
SELECT 65::bigint::"char"
----
ERROR 42846: cannot cast type bigint to "char"

query
SELECT 'a'::"char" < 'b', 'a'::"char" = 'a'::text, 'a'::"char" = 'abc', 'a'::"char" = 'a'::char(3), 'a'::"char" < '\303', 'a'::"char" <> 'b'
----
t|t|t|t|t|t

query
SELECT length('a'::"char"), upper('a'::"char"), ascii('a'::"char"), concat('a'::"char", 'b'), 'a'::"char" LIKE 'a%', 'a'::"char" || 1
----
1|A|97|ab|t|a1

query
SELECT 'a'::"char" IN ('a', 'b'), 'a'::"char" = ANY (ARRAY['a', 'b']), 'a'::"char" = ANY ('{a,b}'), 'a'::"char" = ANY (ARRAY['a', 'b']::"char"[])
----
t|t|t|t

query
SELECT COALESCE('a'::"char", 'b'::text)
----
ERROR 42804: COALESCE types "char" and text cannot be matched

query
SELECT CASE WHEN true THEN 'a'::"char" ELSE 'bcd' END, COALESCE(NULL::"char", 'xyz')
----
a|x

query
SELECT min(x), max(x), count(DISTINCT x) FROM (VALUES ('b'::"char"), ('a'), ('a')) v(x)
----
a|b|2

query
SELECT ARRAY['a', 'b']::"char"[], "char"(65), "char"('abc'::text), to_json('a'::"char"), to_json('"'::"char"), pg_typeof('a'::"char"), pg_typeof(ARRAY['a'::"char"])
----
{a,b}|A|a|"a"|"\""|"char"|"char"[]

query
SELECT 'char'::regtype, '"char"'::regtype, 'char'::regtype::oid = '"char"'::regtype::oid, '"char"[]'::regtype, format_type(18, NULL), format_type(1002, -1)
----
character|"char"|f|"char"[]|"char"|"char"[]

statement
CREATE TABLE c (k "char" PRIMARY KEY, v "char"[], d "char" DEFAULT 'x')

statement
INSERT INTO c (k, v, d) VALUES ('b', '{a,"\""}', DEFAULT), ('a', NULL, 'yes'), ('', NULL, 'x'), ('\377', NULL, '')

query
SELECT k, v, d FROM c ORDER BY k
----
|NULL|x
a|NULL|y
b|{a,"\""}|x
\377|NULL|

query
SELECT k FROM c WHERE k > 'a' ORDER BY k DESC
----
\377
b

query
SELECT column_name, data_type, udt_name, character_maximum_length FROM information_schema.columns WHERE table_name = 'c' ORDER BY ordinal_position
----
k|"char"|char|NULL
v|ARRAY|_char|NULL
d|"char"|char|NULL

query
SELECT d, count(*) FROM c GROUP BY d ORDER BY d
----
|1
x|2
y|1

statement
ALTER TABLE c ALTER COLUMN d TYPE text

query
SELECT d || '!' FROM c WHERE k = 'a'
----
y!

query
SELECT '1 2 3'::int2vector, '1 2'::oidvector, ''::int2vector, ('1 2 3'::int2vector)[0], ('1 2 3'::int2vector)[1], '1 2'::int2vector::text
----
1 2 3|1 2||1|2|1 2

query
SELECT '1 2 3'::int2vector::int2[], '1 2 3'::int2vector::int[], '1 2'::oidvector::oid[], ''::int2vector::int2[]
----
[0:2]={1,2,3}|[0:2]={1,2,3}|[0:1]={1,2}|{}

query
SELECT '{1,2}'::int2[]::int2vector
----
ERROR 42846: cannot cast type smallint[] to int2vector

query
SELECT 'x'::int2vector
----
ERROR 22P02: invalid input syntax for type smallint: "x"

query
SELECT x, n FROM unnest('4 5'::int2vector) WITH ORDINALITY u(x, n)
----
4|1
5|2

query
SELECT array_lower('4 5'::int2vector, 1), array_upper('4 5'::int2vector, 1), 4 = ANY ('4 5'::int2vector), '4 5'::int2vector::text, array_to_string('4 5'::int2vector, ','), string_to_array('4 5'::int2vector::text, ' ')
----
0|1|t|4 5|4,5|{4,5}

query
SELECT '1 2'::oidvector = '1 2', '1 2'::oidvector < '1 3', pg_typeof('1'::int2vector), pg_typeof('1'::oidvector), 'int2vector'::regtype, 'oidvector'::regtype::oid
----
t|t|int2vector|oidvector|int2vector|30

statement
CREATE TABLE i (a int, b int, c text, PRIMARY KEY (b, a))

statement
CREATE INDEX ii ON i (c, lower(c))

query
SELECT indexrelid::regclass, indkey, indkey[0], indkey::int2[], indkey::int[], indkey::text, array_length(indkey, 1), indclass::oid[] IS NOT NULL, indoption FROM pg_index WHERE indrelid = 'i'::regclass ORDER BY 1::text
----
i_pkey|2 1|2|[0:1]={2,1}|[0:1]={2,1}|2 1|2|t|0 0
ii|3 0|3|[0:1]={3,0}|[0:1]={3,0}|3 0|2|t|0 0

query
SELECT a.attname, array_position(x.indkey, a.attnum) FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey) WHERE x.indrelid = 'i'::regclass AND x.indisprimary ORDER BY 2
----
b|0
a|1

query
SELECT a.attname FROM pg_index x CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY k(n, o) JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.n WHERE x.indisprimary AND x.indrelid = 'i'::regclass ORDER BY o
----
b
a

query
SELECT generate_subscripts(indkey, 1), indkey[generate_subscripts(indkey, 1)] FROM pg_index WHERE indexrelid = 'i_pkey'::regclass
----
0|2
1|1

query
SELECT conname, contype, contype = 'p'::"char", contype::text, conkey, pg_typeof(conkey), confupdtype FROM pg_constraint WHERE conrelid = 'i'::regclass
----
i_pkey|p|t|p|{2,1}|smallint[]| 

query
SELECT count(*) FROM pg_constraint WHERE contype IN ('p', 'u') AND conrelid = 'i'::regclass AND contype = ANY (ARRAY['p', 'u']::"char"[])
----
1

query
SELECT typname, typinput, typoutput, typreceive, typmodin, typtype, typcategory, typelem::regtype FROM pg_type WHERE typname IN ('int4', '_int4', 'varchar', 'char', 'int2vector', 'xid', 'regclass', 'tid', 'void', 'oidvector', 'regproc') ORDER BY 1
----
_int4|array_in|array_out|array_recv|-|b|A|integer
char|charin|charout|charrecv|-|b|Z|-
int2vector|int2vectorin|int2vectorout|int2vectorrecv|-|b|A|smallint
int4|int4in|int4out|int4recv|-|b|N|-
oidvector|oidvectorin|oidvectorout|oidvectorrecv|-|b|A|oid
regclass|regclassin|regclassout|regclassrecv|-|b|N|-
regproc|regprocin|regprocout|regprocrecv|-|b|N|-
tid|tidin|tidout|tidrecv|-|b|U|-
varchar|varcharin|varcharout|varcharrecv|varchartypmodin|b|S|-
void|void_in|void_out|void_recv|-|p|P|-
xid|xidin|xidout|xidrecv|-|b|U|-

query
SELECT count(*) > 10 FROM pg_type WHERE typinput = 'array_in'::regproc
----
t

query
SELECT t.typname, p.proname FROM pg_type t JOIN pg_proc p ON p.oid = t.typinput WHERE t.typname IN ('int4', '_text') ORDER BY 1
----
_text|array_in
int4|int4in

query
SELECT typname FROM pg_type WHERE typinput::text = 'array_in' AND typname LIKE '\_int_' ORDER BY 1
----
_int2
_int4
_int8

query
SELECT amname, amhandler, amtype FROM pg_am WHERE amname IN ('btree', 'hash') ORDER BY 1
----
btree|bthandler|i
hash|hashhandler|i

query
SELECT oprname, oprkind, oprcode, oprrest, oprjoin FROM pg_operator WHERE oid = 96
----
=|b|int4eq|eqsel|eqjoinsel

query
SELECT proname, prokind, proargtypes, proargtypes::oid[], provolatile, proargtypes[0]::regtype FROM pg_proc WHERE proname = 'lower' AND proargtypes[0] = 'text'::regtype
----
lower|f|25|[0:0]={25}|i|text

query
SELECT oidvectortypes(proargtypes) FROM pg_proc WHERE proname = 'repeat'
----
text, integer

query
SELECT aggfnoid, aggkind, pg_typeof(aggfnoid) FROM pg_aggregate WHERE aggfnoid::oid = 'count("any")'::regprocedure OR aggfnoid = 'json_agg'::regproc ORDER BY 1::text
----
pg_catalog.count|n|regproc
json_agg|n|regproc

query
SELECT relname, relkind, relkind::text, relpersistence, relreplident, pg_typeof(relkind), pg_typeof(relfrozenxid) FROM pg_class WHERE relname IN ('i', 'ii') ORDER BY 1
----
i|r|r|p|d|"char"|xid
ii|i|i|p|n|"char"|xid

query
SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'i' THEN 'index' END, relkind IN ('r', 'i'), relkind = 'r'::"char" FROM pg_class WHERE relname IN ('i', 'ii') ORDER BY relname
----
table|t|t
index|t|f

query
SELECT attname, attidentity = '', attgenerated = '', attalign, attstorage, attidentity IS NULL FROM pg_attribute WHERE attrelid = 'i'::regclass AND attnum > 0 ORDER BY attnum
----
a|t|t|i|p|f
b|t|t|i|p|f
c|t|t|i|x|f

query
SELECT castsource::regtype, casttarget::regtype, castcontext, castmethod FROM pg_cast WHERE 18 IN (castsource, casttarget) ORDER BY castsource, casttarget
----
"char"|integer|e|f
"char"|text|i|f
"char"|character|a|f
"char"|character varying|a|f
integer|"char"|e|f
text|"char"|a|f
character|"char"|a|f
character varying|"char"|a|f

query
SELECT pg_typeof(castcontext), pg_typeof(indkey), pg_typeof(indclass), pg_typeof(proargtypes), pg_typeof(typinput), pg_typeof(backend_xmin) FROM (SELECT castcontext FROM pg_cast LIMIT 1) a, (SELECT indkey, indclass FROM pg_index LIMIT 1) b, (SELECT proargtypes FROM pg_proc LIMIT 1) c, (SELECT typinput FROM pg_type LIMIT 1) d, (SELECT backend_xmin FROM pg_stat_activity LIMIT 1) e
----
"char"|int2vector|oidvector|oidvector|regproc|xid

