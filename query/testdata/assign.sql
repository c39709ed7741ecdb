# Assignments to fields of rows, elements and slices of arrays, and keys of jsonb.

statement
CREATE TYPE complex AS (r float8, i float8)

statement
CREATE TYPE addr AS (street text, zip int)

statement
CREATE TYPE person AS (name text, home addr)

statement
CREATE TABLE t (id int primary key, c complex, p person)

statement
INSERT INTO t VALUES (1, (1,2), ('a', ('s', 5)))

query
UPDATE t SET c.r = 5 RETURNING c
----
(5,2)

query
UPDATE t SET p.home.zip = 7, p.home.street = 'new' WHERE id = 1 RETURNING p
----
(a,"(new,7)")

query
INSERT INTO t (id, c.r) VALUES (2, 9) RETURNING *
----
2|(9,)|NULL

statement
INSERT INTO t (id, c.r, c.i) VALUES (3, 9, 8)

query
INSERT INTO t (id, p.home.zip, p.name) VALUES (4, 1, 'x') RETURNING p
----
(x,"(,1)")

statement
UPDATE t SET c.r = (c).r + 1, c.i = (c).i * 2

query
SELECT * FROM t ORDER BY id
----
1|(6,4)|(a,"(new,7)")
2|(10,)|NULL
3|(10,16)|NULL
4|(,)|(x,"(,1)")

statement
UPDATE t SET c.i = DEFAULT
----
ERROR 0A000: cannot set a subfield to DEFAULT

statement
UPDATE t SET c.nope = 1
----
ERROR 42703: cannot assign to field "nope" of column "c" because there is no such column in data type complex

statement
UPDATE t SET id.x = 1
----
ERROR 42804: cannot assign to field "x" of column "id" because its type integer is not a composite type

statement
INSERT INTO t (id, c.nope) VALUES (5, 1)
----
ERROR 42703: cannot assign to field "nope" of column "c" because there is no such column in data type complex

statement
INSERT INTO t (id, c.r, c.r) VALUES (5, 1, 2)

statement
DELETE FROM t WHERE id = 5

query
UPDATE t SET (c.r, c.i) = (1, 2) WHERE id = 3 RETURNING c
----
(1,2)

query
UPDATE t SET (c.r, c.i) = (SELECT 4, 5) WHERE id = 3 RETURNING c
----
(4,5)

statement
UPDATE t SET c.r = 1, c = (2,3)
----
ERROR 42601: multiple assignments to same column "c"

statement
UPDATE t SET c = (2,3), c.r = 1
----
ERROR 42601: multiple assignments to same column "c"

statement
UPDATE t SET c.r = 'x'
----
ERROR 22P02: invalid input syntax for type double precision: "x"

statement
UPDATE t SET c.r = 'x'::text
----
ERROR 42804: subfield "r" is of type double precision but expression is of type text

query
INSERT INTO t (id, c.r) VALUES (1, 3) ON CONFLICT (id) DO UPDATE SET c.i = 77 RETURNING *
----
1|(6,77)|(a,"(new,7)")

query
INSERT INTO t (id, c.r, p.name) SELECT 10, '1.5', 'q' RETURNING *
----
10|(1.5,)|(q,)

statement
MERGE INTO t USING (VALUES (10), (11)) v (k) ON id = k WHEN MATCHED THEN UPDATE SET c.i = k WHEN NOT MATCHED THEN INSERT (id, c.i) VALUES (k, 3)

query
SELECT id, c FROM t WHERE id >= 10 ORDER BY id
----
10|(1.5,10)
11|(,3)

statement
CREATE TABLE arr (id int, a int[], c addr[], m int[][], t text[])

statement
INSERT INTO arr VALUES (1, '{1,2,3}', ARRAY[('x',1)::addr], '{{1,2},{3,4}}')

query
UPDATE arr SET a[2] = 20, a[5] = 50 RETURNING a
----
{1,20,3,NULL,50}

query
UPDATE arr SET a[1:2] = '{7,8}' RETURNING a
----
{7,8,3,NULL,50}

query
UPDATE arr SET c[1].zip = 5, c[3].street = 'far' RETURNING c
----
{"(x,5)",NULL,"(far,)"}

query
UPDATE arr SET m[1][2] = 9 RETURNING m
----
{{1,9},{3,4}}

query
UPDATE arr SET m[1:2][2:2] = '{{70},{80}}' RETURNING m
----
{{1,70},{3,80}}

query
UPDATE arr SET m[2:] = '{5,6}' RETURNING m
----
{{1,70},{5,6}}

statement
UPDATE arr SET m[1] = 9
----
ERROR 2202E: wrong number of array subscripts

statement
UPDATE arr SET m[3][1] = 9
----
ERROR 2202E: array subscript out of range

statement
UPDATE arr SET m[1:3] = '{1,2,3,4,5,6}'
----
ERROR 2202E: array subscript out of range

query
UPDATE arr SET a[0] = 1 RETURNING a
----
[0:5]={1,7,8,3,NULL,50}

statement
UPDATE arr SET a[6:7] = '{1}'
----
ERROR 2202E: source array too small

statement
UPDATE arr SET a[3:2] = '{1}'
----
ERROR 2202E: upper bound cannot be less than lower bound

query
UPDATE arr SET a[1:2] = NULL RETURNING a
----
[0:5]={1,7,8,3,NULL,50}

statement
UPDATE arr SET a = NULL

statement
UPDATE arr SET a[:2] = '{1,2}'
----
ERROR 2202E: array slice subscript must provide both boundaries

query
UPDATE arr SET a[3] = 1 RETURNING a
----
[3:3]={1}

query
UPDATE arr SET a[7:8] = '{70,80,90}' RETURNING a
----
[3:8]={1,NULL,NULL,NULL,70,80}

statement
UPDATE arr SET a = NULL

query
UPDATE arr SET a[2:3][1:2] = '{1,2,3,4}' RETURNING a
----
[2:3][1:2]={{1,2},{3,4}}

query
INSERT INTO arr (id, a[1], a[2]) VALUES (2, 5, 6) RETURNING a
----
{5,6}

query
INSERT INTO arr (id, a[1:2]) VALUES (3, '{1,2,3}') RETURNING a
----
{1,2}

query
INSERT INTO arr (id, t[2], t[1]) SELECT 4, 'b', 'a' RETURNING t
----
{a,b}

statement
INSERT INTO arr (id, a[1], a) VALUES (2, 5, '{}')
----
ERROR 42701: column "a" specified more than once

statement
UPDATE arr SET a[NULL] = 1
----
ERROR 22004: array subscript in assignment must not be null

statement
UPDATE arr SET a['x'] = 1
----
ERROR 22P02: invalid input syntax for type integer: "x"

statement
UPDATE arr SET id[1] = 1
----
ERROR 42804: cannot subscript type integer because it does not support subscripting

statement
UPDATE arr SET a[1] = 'x'
----
ERROR 22P02: invalid input syntax for type integer: "x"

statement
UPDATE arr SET a[1] = now()
----
ERROR 42804: subscripted assignment to "a" requires type integer but expression is of type timestamp with time zone

statement
UPDATE arr SET a[1] = DEFAULT
----
ERROR 0A000: cannot set an array element to DEFAULT

statement
CREATE TABLE js (id int, j jsonb)

statement
INSERT INTO js VALUES (1, '{"a":1}')

query
UPDATE js SET j['b'] = '2', j['c']['d'] = '"x"' RETURNING j
----
{"a": 1, "b": 2, "c": {"d": "x"}}

query
UPDATE js SET j['arr'][2] = '5' RETURNING j
----
{"a": 1, "b": 2, "c": {"d": "x"}, "arr": [null, null, 5]}

query
UPDATE js SET j['arr'][-1] = '6', j['arr'][0] = to_jsonb('z'::text) RETURNING j
----
{"a": 1, "b": 2, "c": {"d": "x"}, "arr": ["z", null, 6]}

statement
UPDATE js SET j['arr'][-9] = '6'
----
ERROR 22023: path element at position 2 is out of range: -9

statement
UPDATE js SET j['arr']['k'] = '6'
----
ERROR 22P02: path element at position 2 is not an integer: "k"

query
UPDATE js SET j['a'] = NULL RETURNING j
----
{"a": null, "b": 2, "c": {"d": "x"}, "arr": ["z", null, 6]}

statement
UPDATE js SET j['a']['b'] = '1'
----
ERROR 22023: cannot replace existing key

statement
UPDATE js SET j[NULL] = '1'
----
ERROR 22004: jsonb subscript in assignment must not be null

statement
UPDATE js SET j[1:2] = '1'
----
ERROR 42804: jsonb subscript does not support slices

statement
UPDATE js SET j['x'] = 'bad'
----
ERROR 22P02: invalid input syntax for type json

statement
UPDATE js SET j = NULL

query
UPDATE js SET j['x'][1]['y'] = 'true' RETURNING j
----
{"x": [null, {"y": true}]}

statement
UPDATE js SET j = NULL

query
UPDATE js SET j[1] = 'true' RETURNING j
----
[null, true]

statement
UPDATE js SET j = '7'

statement
UPDATE js SET j[1] = 'true'
----
ERROR 22023: cannot replace existing key

query
INSERT INTO js (id, j['k']) VALUES (2, '1'), (3, NULL) RETURNING j
----
{"k": 1}
{"k": null}

