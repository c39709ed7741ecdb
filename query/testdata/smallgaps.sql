# Small things: to_number of junk, LIKE that ends with its escape, slices with NULL, format of no list.

query
SELECT to_number('12abc3','99999')
----
12

query
SELECT to_number('a1b2','9999')
----
12

query
SELECT to_number('abc','999')
----
ERROR 22P02: invalid input syntax for type numeric: " "

query
SELECT to_number('$12.34x','$99.99')
----
12.34

query
SELECT to_number('-1-2','99')
----
-1

query
SELECT to_number('1 2 3','999')
----
123

query
SELECT to_number('','99')
----
ERROR 22P02: invalid input syntax for type numeric: " "

query
SELECT to_number('1,2,3','9G9G9')
----
123

query
SELECT to_number('12x','99"y"')
----
12

query
SELECT to_number('x12','"x"99')
----
12

query
SELECT to_number('1.2.3','9.9.9')
----
ERROR 42601: multiple decimal points

query
SELECT to_number('1..2','9.99')
----
1.2

query
SELECT to_number('.','9.9')
----
ERROR 22P02: invalid input syntax for type numeric: " "

query
SELECT to_number('-','S9')
----
ERROR 22P02: invalid input syntax for type numeric: "-"

query
SELECT to_number('+5','S9')
----
5

query
SELECT to_number('5-','9S')
----
-5

query
SELECT to_number('<5>','9PR')
----
-5

query
SELECT to_number('12','9')
----
1

query
SELECT to_number('x','9')
----
ERROR 22P02: invalid input syntax for type numeric: " "

query
SELECT to_number(' 12 ','99')
----
12

query
SELECT to_number('1e3','999')
----
13

query
SELECT to_number('12','ab99')
----
2

query
SELECT to_number('ab12','ab99')
----
1

query
SELECT (array[1,2,3])[1:NULL]
----
NULL

query
SELECT (array[1,2,3])[NULL:2]
----
NULL

query
SELECT (array[1,2,3])[NULL:]
----
NULL

query
SELECT (array[1,2,3])[:NULL]
----
NULL

query
SELECT (array[1,2,3])[NULL]
----
NULL

query
SELECT (array[[1,2],[3,4]])[1:2][NULL:1]
----
NULL

query
SELECT (array[[1,2],[3,4]])[1][NULL]
----
NULL

statement
CREATE TABLE ar (id int, a int[]); INSERT INTO ar VALUES (1, ARRAY[1, 2, 3])

statement
UPDATE ar SET a[1:NULL] = ARRAY[7, 8]
----
ERROR 22004: array subscript in assignment must not be null

statement
UPDATE ar SET a[NULL] = 3
----
ERROR 22004: array subscript in assignment must not be null

query
SELECT 'a' LIKE 'a\'
----
f

query
SELECT 'ab' LIKE 'a%\'
----
ERROR 22025: LIKE pattern must not end with escape character

query
SELECT 'b' LIKE 'a\'
----
f

query
SELECT 'a\' LIKE 'a\'
----
ERROR 22025: LIKE pattern must not end with escape character

query
SELECT 'a\' LIKE 'a\\'
----
t

query
SELECT 'a' ILIKE 'A\'
----
f

query
SELECT '' LIKE '\'
----
f

query
SELECT 'abc' LIKE '%b\'
----
ERROR 22025: LIKE pattern must not end with escape character

query
SELECT 'abc' LIKE 'abc\'
----
f

query
SELECT 'abcd' LIKE 'abc\'
----
ERROR 22025: LIKE pattern must not end with escape character

query
SELECT 'abc' NOT LIKE 'ab\'
----
ERROR 22025: LIKE pattern must not end with escape character

query
SELECT 'abc' LIKE 'x%\'
----
f

query
SELECT 'abc' LIKE '%\'
----
ERROR 22025: LIKE pattern must not end with escape character

query
SELECT '' LIKE '%\'
----
f

query
SELECT 'abc' LIKE '_\'
----
ERROR 22025: LIKE pattern must not end with escape character

query
SELECT 'a' LIKE '_\'
----
f

query
SELECT 'ax' LIKE 'a!' ESCAPE '!'
----
ERROR 22025: LIKE pattern must not end with escape character

query
SELECT 'a' LIKE 'a!' ESCAPE '!'
----
f

query
SELECT 'ab' LIKE 'a_%\'
----
f

query
SELECT NULL LIKE 'a\'
----
NULL

statement
CREATE TABLE lk (id int PRIMARY KEY, s text); CREATE INDEX ON lk (s text_pattern_ops); INSERT INTO lk VALUES (1, 'abc'), (2, 'b'), (3, NULL)

statement
SELECT * FROM lk WHERE s LIKE 'b\'

query
SELECT * FROM lk WHERE s LIKE 'c\'

statement
SELECT * FROM lk WHERE s LIKE 'abc' || '\' AND id = 2

query
SELECT format('%s %s', VARIADIC NULL::text[])
----
ERROR 22023: too few arguments for format()

query
SELECT format('x', VARIADIC NULL::text[])
----
x

query
SELECT format(NULL, VARIADIC NULL::text[])
----
NULL

query
SELECT format('%s', VARIADIC ARRAY[]::text[])
----
ERROR 22023: too few arguments for format()

query
SELECT format('%s', VARIADIC ARRAY[NULL]::text[])
----
(empty)

query
SELECT concat(VARIADIC NULL::text[])
----
NULL

query
SELECT concat_ws(',', VARIADIC NULL::text[])
----
NULL

query
SELECT format('%2$s', VARIADIC NULL::int[])
----
ERROR 22023: too few arguments for format()

statement
CREATE TABLE oc (a text, b int, UNIQUE (a))

statement
INSERT INTO oc VALUES ('x', 1) ON CONFLICT (a text_ops) DO NOTHING

statement
INSERT INTO oc VALUES ('x', 1) ON CONFLICT (a nix_ops) DO NOTHING
----
ERROR 42704: operator class "nix_ops" does not exist for access method "btree"

statement
INSERT INTO oc VALUES ('x', 1) ON CONFLICT (a int4_ops) DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification

statement
INSERT INTO oc VALUES ('x', 1) ON CONFLICT (b int4_ops) DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification

statement
CREATE SEQUENCE s1; CREATE SEQUENCE s2 START 5 INCREMENT 3

query
SELECT sequencename, last_value FROM pg_sequences ORDER BY 1
----
s1|NULL
s2|NULL

query
SELECT nextval('s1'), nextval('s2'), nextval('s2')
----
1|5|8

query
SELECT sequencename, last_value FROM pg_sequences ORDER BY 1
----
s1|1
s2|8

query
SELECT setval('s2', 50, false), setval('s1', 9)
----
50|9

query
SELECT sequencename, last_value FROM pg_sequences ORDER BY 1
----
s1|9
s2|NULL

