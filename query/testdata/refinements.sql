# Rows of other types, fields of rows without a type, what is not for transaction blocks, and temporary
# tables in transactions that only read.

query
SELECT ROW(1, 2)::record = ROW(1, 'x'::text)::record
----
ERROR 42804: cannot compare dissimilar column types integer and text at record column 2

query
SELECT r = q FROM (SELECT ROW(1, 2) r) a, (SELECT ROW('a'::text, 2) q) b
----
ERROR 42804: cannot compare dissimilar column types integer and text at record column 1

query
SELECT r < q FROM (SELECT ROW(1, 2) r) a, (SELECT ROW('a'::text, 2) q) b
----
ERROR 42804: cannot compare dissimilar column types integer and text at record column 1

query
SELECT r = q, r < q, r <> q FROM (SELECT ROW(1, 2) r) a, (SELECT ROW(3, 'x'::text) q) b
----
f|t|t

query
SELECT r = q FROM (SELECT ROW(1, 2) r) a, (SELECT ROW(1, 2, 3) q) b
----
ERROR 42804: cannot compare record types with different numbers of columns

query
SELECT r = q, r < q FROM (SELECT ROW(1, 2) r) a, (SELECT ROW(2, 2, 3) q) b
----
f|t

query
SELECT r = q, r >= q FROM (SELECT ROW(1, 'a'::text, NULL::int) r) a, (SELECT ROW(1, 'a'::text, NULL::int) q) b
----
t|t

query
SELECT r = q FROM (SELECT ROW(1, NULL::int) r) a, (SELECT ROW(1, NULL::text) q) b
----
ERROR 42804: cannot compare dissimilar column types integer and text at record column 2

query
SELECT r = q FROM (SELECT ROW(1, ROW(2, 3)) r) a, (SELECT ROW(1, ROW(2, 'x'::text)) q) b
----
ERROR 42804: cannot compare dissimilar column types integer and text at record column 2

query
SELECT num_nonnulls(VARIADIC '{}'::int[]), num_nulls(VARIADIC ARRAY[1, NULL]), num_nonnulls(VARIADIC NULL::int[])
----
0|1|NULL

query
SELECT num_nonnulls(VARIADIC '{}')
----
ERROR 42804: VARIADIC argument must be an array

query
SELECT (r).f1, (r).f2 || '!', (r).f3 FROM (SELECT ROW(1, 'x'::text, NULL::date) r) t
----
1|x!|NULL

query
SELECT (r).* FROM (SELECT ROW(1, 2) r) t
----
1|2

query
SELECT (r).f2, (r).f1 + 1 FROM (SELECT r FROM (SELECT ROW(a, a * 2) r FROM generate_series(1, 3) a) x WHERE (r).f1 > 1) t ORDER BY (r).f2 DESC
----
6|4
4|3

query
WITH c AS (SELECT ROW(1, 'y'::text) r) SELECT (r).f2 FROM c
----
y

query
WITH c AS MATERIALIZED (SELECT ROW(a, -a) r FROM generate_series(1, 2) a) SELECT (x.r).f2, (y.r).f1 FROM c x JOIN c y ON (x.r).f1 = (y.r).f1 ORDER BY 1
----
-2|2
-1|1

query
SELECT (r).f3 FROM (SELECT ROW(1, 2) r) t
----
ERROR 42703: could not identify column "f3" in record data type

query
SELECT (r).f1 FROM (SELECT ROW(1, 2) r UNION ALL SELECT ROW(3, 4)) t
----
1
3

query
SELECT DISTINCT ON (a) a, generate_series(1, 2) g FROM (VALUES (1), (1), (2)) v(a) ORDER BY a, g DESC
----
1|2
2|2

statement
CREATE TABLE t (a int PRIMARY KEY)

statement
BEGIN

statement
REINDEX INDEX CONCURRENTLY t_pkey
----
ERROR 25001: REINDEX CONCURRENTLY cannot run inside a transaction block

statement
ROLLBACK

statement
BEGIN

statement
REINDEX TABLE CONCURRENTLY nothing
----
ERROR 25001: REINDEX CONCURRENTLY cannot run inside a transaction block

statement
ROLLBACK

statement
BEGIN

statement
DROP INDEX CONCURRENTLY nothing
----
ERROR 25001: DROP INDEX CONCURRENTLY cannot run inside a transaction block

statement
ROLLBACK

statement
BEGIN

statement
REINDEX SCHEMA public
----
ERROR 25001: REINDEX SCHEMA cannot run inside a transaction block

statement
ROLLBACK

statement
BEGIN

statement
VACUUM
----
ERROR 25001: VACUUM cannot run inside a transaction block

statement
ROLLBACK

statement
BEGIN

statement
REINDEX TABLE t

statement
COMMIT

statement
CREATE INDEX ti ON t (a)

statement
DROP INDEX CONCURRENTLY ti

statement
CREATE TEMP TABLE tt (a int, b serial)

statement
BEGIN READ ONLY

query
INSERT INTO tt (a) VALUES (1), (2) RETURNING *
----
1|1
2|2

query
UPDATE tt SET a = a + 1 WHERE b = 1 RETURNING a
----
2

query
DELETE FROM tt WHERE b = 2 RETURNING a
----
2

query
WITH x AS (INSERT INTO tt SELECT a, 9 FROM t RETURNING a) SELECT count(*) FROM x
----
0

statement
INSERT INTO t VALUES (1)
----
ERROR 25006: cannot execute INSERT in a read-only transaction

statement
ROLLBACK

statement
BEGIN READ ONLY

statement
WITH x AS (INSERT INTO t VALUES (1) RETURNING a) INSERT INTO tt SELECT a FROM x
----
ERROR 25006: cannot execute INSERT in a read-only transaction

statement
ROLLBACK

statement
BEGIN READ ONLY

statement
CREATE TEMP TABLE t2 (a int)
----
ERROR 25006: cannot execute CREATE TABLE in a read-only transaction

statement
ROLLBACK

statement
BEGIN READ ONLY

statement
TRUNCATE tt
----
ERROR 25006: cannot execute TRUNCATE TABLE in a read-only transaction

statement
ROLLBACK

statement
BEGIN TRANSACTION READ ONLY

statement
INSERT INTO tt (a) VALUES (7)

statement
COMMIT

query
SELECT a FROM tt
----
7

statement
SET default_transaction_read_only = on

statement
UPDATE tt SET a = 8

statement
INSERT INTO t VALUES (1)
----
ERROR 25006: cannot execute INSERT in a read-only transaction

query
SELECT a, (SELECT count(*) FROM t) FROM tt
----
8|0

