# Advisory locks in one session.

statement
SET client_min_messages = error

query
SELECT pg_advisory_lock(1), pg_try_advisory_lock(1), pg_try_advisory_lock_shared(1), pg_try_advisory_xact_lock(1), pg_advisory_unlock(1)
----
|t|t|t|t

query
SELECT pg_advisory_unlock(1), pg_advisory_unlock_shared(1), pg_advisory_unlock_shared(1)
----
t|t|f

query
SELECT pg_advisory_unlock(1)
----
f

query
SELECT pg_try_advisory_lock(1, 2), pg_try_advisory_lock_shared(-1, -2), pg_advisory_lock_shared(4294967298), pg_try_advisory_lock(-5000000000)
----
t|t||t

query
SELECT locktype, classid, objid, objsubid, mode, granted, database = (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_locks WHERE locktype = 'advisory' ORDER BY classid, objid, objsubid, mode
----
advisory|1|2|1|ShareLock|t|t
advisory|1|2|2|ExclusiveLock|t|t
advisory|4294967294|3589934592|1|ExclusiveLock|t|t
advisory|4294967295|4294967294|2|ShareLock|t|t

query
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
----
4

query
SELECT pg_advisory_unlock(1, 2), pg_advisory_unlock(1), pg_advisory_unlock_shared(-1, -2), pg_advisory_unlock(4294967298)
----
t|f|t|f

query
SELECT pg_advisory_unlock_all()
----
(empty)

query
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
----
0

query
SELECT pg_advisory_lock(NULL), pg_try_advisory_lock(NULL, 1)
----
NULL|NULL

query
SELECT pg_advisory_lock('x')
----
ERROR 22P02: invalid input syntax for type bigint: "x"

query
SELECT pg_advisory_lock(1.5)
----
ERROR 42883: function pg_advisory_lock(numeric) does not exist

query
SELECT pg_advisory_lock(1::bigint, 2::bigint)
----
ERROR 42883: function pg_advisory_lock(bigint, bigint) does not exist

statement
BEGIN

query
SELECT pg_advisory_xact_lock(7), pg_advisory_xact_lock_shared(1, 2), pg_try_advisory_xact_lock_shared(7), pg_advisory_lock(8)
----
||t|

query
SELECT pg_advisory_unlock(7)
----
f

statement
SAVEPOINT s

query
SELECT pg_advisory_xact_lock(9), pg_advisory_lock(10)
----
|

statement
ROLLBACK TO s

query
SELECT classid, objid, objsubid, mode FROM pg_locks WHERE locktype = 'advisory' ORDER BY 1, 2, 3, 4
----
0|7|1|ExclusiveLock
0|7|1|ShareLock
0|8|1|ExclusiveLock
0|10|1|ExclusiveLock
1|2|2|ShareLock

statement
SELECT 1 / 0
----
ERROR 22012: division by zero

statement
ROLLBACK

query
SELECT classid, objid, objsubid, mode FROM pg_locks WHERE locktype = 'advisory' ORDER BY 1, 2, 3, 4
----
0|8|1|ExclusiveLock
0|10|1|ExclusiveLock

query
SELECT pg_advisory_unlock(8), pg_advisory_unlock(10), pg_advisory_unlock(7)
----
t|t|f

query
SELECT id, pg_try_advisory_xact_lock(id) FROM generate_series(1, 3) id ORDER BY id
----
1|t
2|t
3|t

statement
CREATE TABLE t (id int)

query
SELECT pg_advisory_lock(id) FROM t

query
SELECT proname, pronargs, prorettype::regtype, provolatile FROM pg_proc WHERE proname LIKE 'pg%advisory%' ORDER BY 1, 2
----
pg_advisory_lock|1|void|v
pg_advisory_lock|2|void|v
pg_advisory_lock_shared|1|void|v
pg_advisory_lock_shared|2|void|v
pg_advisory_unlock|1|boolean|v
pg_advisory_unlock|2|boolean|v
pg_advisory_unlock_all|0|void|v
pg_advisory_unlock_shared|1|boolean|v
pg_advisory_unlock_shared|2|boolean|v
pg_advisory_xact_lock|1|void|v
pg_advisory_xact_lock|2|void|v
pg_advisory_xact_lock_shared|1|void|v
pg_advisory_xact_lock_shared|2|void|v
pg_try_advisory_lock|1|boolean|v
pg_try_advisory_lock|2|boolean|v
pg_try_advisory_lock_shared|1|boolean|v
pg_try_advisory_lock_shared|2|boolean|v
pg_try_advisory_xact_lock|1|boolean|v
pg_try_advisory_xact_lock|2|boolean|v
pg_try_advisory_xact_lock_shared|1|boolean|v
pg_try_advisory_xact_lock_shared|2|boolean|v

