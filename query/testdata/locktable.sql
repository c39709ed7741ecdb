# LOCK TABLE in one session: where it is allowed, and of what.

statement
CREATE TABLE t (id int PRIMARY KEY, v int); CREATE VIEW v AS SELECT * FROM t; CREATE VIEW vv AS SELECT v.id FROM v JOIN t ON v.id = t.id; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE SEQUENCE sq; CREATE INDEX ti ON t (v)

statement
LOCK TABLE t
----
ERROR 25P01: LOCK TABLE can only be used in transaction blocks

statement
BEGIN READ ONLY; LOCK TABLE t; LOCK TABLE ONLY t IN ROW EXCLUSIVE MODE NOWAIT; LOCK t, v, vv * IN SHARE MODE; COMMIT

statement
BEGIN; LOCK TABLE m
----
ERROR 42809: cannot lock relation "m"

statement
ROLLBACK; BEGIN; LOCK TABLE t, sq
----
ERROR 42809: cannot lock relation "sq"

statement
ROLLBACK; BEGIN; LOCK TABLE ti IN SHARE MODE
----
ERROR 42809: cannot lock relation "ti"

statement
ROLLBACK; BEGIN; LOCK TABLE public.nix
----
ERROR 42P01: relation "public.nix" does not exist

statement
ROLLBACK; BEGIN; LOCK TABLE t IN SOME MODE
----
ERROR 42601: syntax error at or near "SOME"

statement
ROLLBACK; BEGIN; LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; INSERT INTO t VALUES (1, 1); LOCK TABLE t IN ACCESS EXCLUSIVE MODE; ALTER TABLE t ADD COLUMN w int DEFAULT 5; COMMIT

query
SELECT * FROM t
----
1|1|5

query
BEGIN; LOCK TABLE vv; SELECT count(*) FROM t
----
1

statement
SAVEPOINT a; LOCK TABLE nix
----
ERROR 42P01: relation "nix" does not exist

query
ROLLBACK TO a; LOCK TABLE v IN EXCLUSIVE MODE; DELETE FROM t RETURNING id
----
1

statement
COMMIT
