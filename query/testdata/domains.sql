# Domains as fields of composite types and as elements of arrays.

statement
CREATE DOMAIN pos AS int CHECK (VALUE > 0)

statement
CREATE DOMAIN word AS text NOT NULL CHECK (VALUE <> '')

statement
CREATE TYPE pair AS (n pos, w word)

statement
CREATE TABLE p (id int PRIMARY KEY, c pair)

statement
INSERT INTO p VALUES (1, ROW(1, 'a'))

statement
INSERT INTO p VALUES (2, ROW(0, 'a'))
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
INSERT INTO p VALUES (2, ROW(1, NULL))
----
ERROR 23502: domain word does not allow null values

statement
INSERT INTO p VALUES (2, '(0,a)')
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
INSERT INTO p VALUES (2, '(1,)')
----
ERROR 23502: domain word does not allow null values

statement
INSERT INTO p VALUES (2, NULL), (3, ROW(NULL, 'b'))

statement
INSERT INTO p (id, c.n) VALUES (4, -1)
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
INSERT INTO p (id, c.n) VALUES (4, 5)

statement
UPDATE p SET c.n = -7 WHERE id = 1
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
UPDATE p SET c.w = NULL WHERE id = 1
----
ERROR 23502: domain word does not allow null values

statement
UPDATE p SET c.w = 'zz' WHERE id = 1

query
SELECT id, c, (c).n + 1, (c).w || '!' FROM p ORDER BY id
----
1|(1,zz)|2|zz!
2|NULL|NULL|NULL
3|(,b)|NULL|b!
4|(5,)|6|NULL

query
SELECT ROW(3, 'x')::pair, NULL::pair
----
(3,x)|NULL

query
SELECT (ROW(3, 'x')::pair).n
----
3

query
SELECT ROW(-3, 'x')::pair
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT ROW(id - 2, 'x')::pair FROM p ORDER BY id
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT '(-3,x)'::pair
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT ARRAY[ROW(1, 'x'), ROW(0, 'y')]::pair[]
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT '{"(1,x)","(2,)"}'::pair[]
----
ERROR 23502: domain word does not allow null values

query
SELECT ARRAY[ROW(1, 'x'), NULL, ROW(NULL, 'y')]::pair[]
----
{"(1,x)",NULL,"(,y)"}

query
SELECT * FROM json_populate_record(NULL::pair, '{"n": 4, "w": "q"}')
----
4|q

query
SELECT * FROM json_populate_record(NULL::pair, '{"n": -4, "w": "q"}')
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT * FROM json_populate_recordset(NULL::pair, '[{"n": 4, "w": "q"}, {"n": 5}]')
----
ERROR 23502: domain word does not allow null values

query
SELECT json_populate_record(NULL::pair, '{"n": -4, "w": "q"}')
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT json_populate_recordset(NULL::pair, '[{"n": 4, "w": "q"}, {"n": 5, "w": ""}]')
----
ERROR 23514: value for domain word violates check constraint "word_check"

query
SELECT * FROM json_to_record('{"a": 3, "b": [1, 2]}') AS x(a pos, b pos[])
----
3|{1,2}

query
SELECT * FROM json_to_record('{"a": -3}') AS x(a pos)
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT a.n, b.x FROM (VALUES (1), (2)) a(n) LEFT JOIN LATERAL json_to_recordset('[{"x": "q"}]') AS b(x word) ON a.n = 2 ORDER BY 1
----
1|NULL
2|q

statement
CREATE TABLE a (id int PRIMARY KEY, v pos[], w word[] DEFAULT '{x}')

statement
INSERT INTO a VALUES (1, '{1,2,3}', '{a,b}'), (2, ARRAY[4, NULL], DEFAULT), (3, NULL, '{}')

statement
INSERT INTO a VALUES (4, '{1,0}')
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
INSERT INTO a VALUES (4, ARRAY[1, -1], '{a}')
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
INSERT INTO a VALUES (4, '{1}', '{a,NULL}')
----
ERROR 23502: domain word does not allow null values

statement
INSERT INTO a VALUES (4, '{{1,2},{3,-4}}')
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
UPDATE a SET v[2] = 0 WHERE id = 1
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
UPDATE a SET v[2] = 9 WHERE id = 1

statement
UPDATE a SET v[2:3] = '{7,-1}' WHERE id = 1
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
UPDATE a SET w[1] = NULL WHERE id = 1
----
ERROR 23502: domain word does not allow null values

statement
UPDATE a SET v = v || 5 WHERE id = 1

query
SELECT id, v, w, v[1] + 1 FROM a ORDER BY id
----
1|{1,9,3,5}|{a,b}|2
2|{4,NULL}|{x}|5
3|NULL|{}|NULL

query
SELECT ARRAY[1, 2]::pos[], '{}'::pos[], ARRAY[]::pos[], NULL::pos[]
----
{1,2}|{}|{}|NULL

query
SELECT ARRAY[1, -2]::pos[]
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT '{1,-2}'::pos[]
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT CAST('{1,NULL}' AS word[])
----
ERROR 23502: domain word does not allow null values

query
SELECT ARRAY['1', '-2']::pos[]
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT (ARRAY[1, 2]::pos[])[2] + 1
----
3

query
SELECT ARRAY[id - 1]::pos[] FROM a
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT sum(x) FROM unnest(ARRAY[1, 2]::pos[]) x
----
3

query
SELECT (random() * 0 + 3)::int::pos
----
3

statement
CREATE DOMAIN few AS pos[] CHECK (cardinality(VALUE) < 3)

query
SELECT '{1,2}'::few
----
{1,2}

query
SELECT '{1,0}'::few
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT '{1,2,3}'::few
----
ERROR 23514: value for domain few violates check constraint "few_check"

statement
CREATE TYPE box2 AS (l pos[], p pair, ps pair[])

statement
CREATE TABLE b (x box2, y box2[])

statement
INSERT INTO b VALUES (ROW('{1}', ROW(1, 'a'), ARRAY[ROW(2, 'b')::pair]))

statement
INSERT INTO b VALUES (ROW('{0}', ROW(1, 'a'), ARRAY[ROW(2, 'b')::pair]))
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
INSERT INTO b VALUES ('("{1}","(1,a)","{""(2,)""}")')
----
ERROR 23502: domain word does not allow null values

statement
UPDATE b SET x.l[1] = 0
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
UPDATE b SET x.p.n = 0
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
UPDATE b SET x.ps[1].w = ''
----
ERROR 23514: value for domain word violates check constraint "word_check"

statement
UPDATE b SET x.ps[1].w = 'new', x.l[3] = 5, y[1].p.n = 6

statement
UPDATE b SET y[1].p.n = -6
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT * FROM b
----
("{1,NULL,5}","(1,a)","{""(2,new)""}")|{"(,\"(6,)\",)"}

statement
CREATE TABLE r (a pos, b word)

query
SELECT ROW(1, 'x')::r
----
(1,x)

query
SELECT ROW(0, 'x')::r
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT json_populate_record(NULL::r, '{"a": 0, "b": "x"}')
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
ALTER DOMAIN pos ADD CONSTRAINT small CHECK (VALUE < 100)
----
ERROR 0A000: cannot alter type "pos" because column "a.v" uses it

statement
ALTER DOMAIN pos ADD CONSTRAINT small CHECK (VALUE < 100) NOT VALID

statement
ALTER DOMAIN pos VALIDATE CONSTRAINT small
----
ERROR 0A000: cannot alter type "pos" because column "a.v" uses it

statement
INSERT INTO a VALUES (9, '{100}')
----
ERROR 23514: value for domain pos violates check constraint "small"

statement
UPDATE p SET c.n = 100
----
ERROR 23514: value for domain pos violates check constraint "small"

statement
ALTER DOMAIN pos DROP CONSTRAINT small

statement
ALTER DOMAIN pos SET NOT NULL
----
ERROR 0A000: cannot alter type "pos" because column "a.v" uses it

statement
DROP DOMAIN pos
----
ERROR 2BP01: cannot drop type pos because other objects depend on it

statement
DROP TYPE pair
----
ERROR 2BP01: cannot drop type pair because other objects depend on it

statement
DROP DOMAIN word
----
ERROR 2BP01: cannot drop type word because other objects depend on it

query
SELECT t.typname, e.typname, t.typtype, t.typcategory, t.typlen FROM pg_type t LEFT JOIN pg_type e ON t.typelem = e.oid WHERE t.typname IN ('pos', '_pos', '_word', '_few') ORDER BY 1
----
_few|few|b|A|-1
_pos|pos|b|A|-1
_word|word|b|A|-1
pos|NULL|d|N|4

query
SELECT a.typname, t.typname FROM pg_type t JOIN pg_type a ON t.typarray = a.oid WHERE t.typname IN ('pos', 'word', 'few', 'pair') ORDER BY 1
----
_few|few
_pair|pair
_pos|pos
_word|word

query
SELECT attname, format_type(atttypid, atttypmod), attndims FROM pg_attribute WHERE attrelid IN ('a'::regclass, 'p'::regclass, 'r'::regclass) AND attnum > 0 ORDER BY attrelid::regclass::text, attnum
----
id|integer|0
v|pos[]|1
w|word[]|1
id|integer|0
c|pair|0
a|pos|0
b|word|0

query
SELECT column_name, data_type, udt_schema, udt_name, domain_name, dtd_identifier FROM information_schema.columns WHERE table_name IN ('a', 'b', 'r') ORDER BY table_name, ordinal_position
----
id|integer|pg_catalog|int4|NULL|1
v|ARRAY|public|_pos|NULL|2
w|ARRAY|public|_word|NULL|3
x|USER-DEFINED|public|box2|NULL|1
y|ARRAY|public|_box2|NULL|2
a|integer|pg_catalog|int4|pos|1
b|text|pg_catalog|text|word|2

query
SELECT object_name, object_type, collection_type_identifier, data_type, udt_schema, udt_name, dtd_identifier FROM information_schema.element_types WHERE object_schema = 'public' ORDER BY 1, 2, 3
----
a|TABLE|2|USER-DEFINED|public|pos|a2
a|TABLE|3|USER-DEFINED|public|word|a3
b|TABLE|2|USER-DEFINED|public|box2|a2
box2|USER-DEFINED TYPE|1|USER-DEFINED|public|pos|a1
box2|USER-DEFINED TYPE|3|USER-DEFINED|public|pair|a3
few|DOMAIN|1|USER-DEFINED|public|pos|a1

query
SELECT udt_name, attribute_name, data_type, attribute_udt_schema, attribute_udt_name FROM information_schema.attributes ORDER BY 1, ordinal_position
----
box2|l|ARRAY|public|_pos
box2|p|USER-DEFINED|public|pair
box2|ps|ARRAY|public|_pair
pair|n|USER-DEFINED|public|pos
pair|w|USER-DEFINED|public|word

query
SELECT domain_name, udt_name, data_type FROM information_schema.domains WHERE domain_schema = 'public' ORDER BY 1
----
few|_pos|USER-DEFINED
pos|int4|integer
word|text|text

query
SELECT table_name, column_name, domain_name FROM information_schema.column_domain_usage WHERE table_schema = 'public' ORDER BY 1, 2
----
r|a|pos
r|b|word

query
SELECT 'pos[]'::regtype, '_pos'::regtype, 'pair[]'::regtype, 'pos'::regtype::oid = 'pos'::regtype
----
pos[]|pos[]|pair[]|t

statement
ALTER TYPE pair ADD ATTRIBUTE m pos

statement
ALTER TYPE pair DROP ATTRIBUTE m

statement
ALTER TABLE a ALTER COLUMN v TYPE int[]

statement
INSERT INTO a VALUES (20, '{-1}')

statement
ALTER TABLE a ALTER COLUMN v TYPE pos[]
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

statement
DELETE FROM a WHERE id = 20

statement
ALTER TABLE a ALTER COLUMN v TYPE pos[]

statement
INSERT INTO a VALUES (20, '{-1}')
----
ERROR 23514: value for domain pos violates check constraint "pos_check"

query
SELECT relname, reltype::regtype FROM pg_class WHERE relkind = 'c' ORDER BY 1
----
box2|box2
pair|pair

query
SELECT user_defined_type_name, user_defined_type_category, is_instantiable FROM information_schema.user_defined_types ORDER BY 1
----
box2|STRUCTURED|YES
pair|STRUCTURED|YES

query
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnum FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.typrelid = c.oid WHERE t.typname IN ('pair', 'box2') AND NOT attisdropped ORDER BY 1, 4
----
box2|l|pos[]|1
box2|p|pair|2
box2|ps|pair[]|3
pair|n|pos|1
pair|w|word|2

statement
ALTER DOMAIN pos RENAME TO positive

statement
INSERT INTO a VALUES (20, '{-1}')
----
ERROR 23514: value for domain positive violates check constraint "pos_check"

query
SELECT '{2}'::positive[], ROW(2, 'b')::pair
----
{2}|(2,b)

statement
DROP DOMAIN positive CASCADE

query
SELECT column_name, udt_name FROM information_schema.columns WHERE table_name IN ('a', 'b', 'r') ORDER BY table_name, ordinal_position
----
id|int4
w|_word
x|box2
y|_box2
b|text

query
SELECT attname FROM pg_attribute WHERE attrelid = (SELECT typrelid FROM pg_type WHERE typname = 'pair') AND NOT attisdropped ORDER BY attnum
----
w

query
SELECT typname FROM pg_type WHERE typname IN ('positive', '_positive', 'few', '_few', 'pair', 'box2') ORDER BY 1
----
box2
pair

