# A type that only expressions name is one that others depend on.

statement
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')

statement
CREATE TABLE t (a text DEFAULT 'ok'::mood::text, b int)

statement
DROP TYPE mood
----
ERROR 2BP01: cannot drop type mood because other objects depend on it

statement
DROP TYPE mood CASCADE

query
INSERT INTO t (b) VALUES (1) RETURNING *
----
NULL|1

statement
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')

statement
CREATE TABLE c (a text, b int, CHECK (a::mood > 'sad'::mood), CHECK (b > 0))

statement
INSERT INTO c VALUES ('sad', 1)
----
ERROR 23514: new row for relation "c" violates check constraint "c_a_check"

statement
DROP TYPE mood
----
ERROR 2BP01: cannot drop type mood because other objects depend on it

statement
DROP TYPE mood CASCADE

statement
INSERT INTO c VALUES ('sad', 1)

statement
INSERT INTO c VALUES ('sad', 0)
----
ERROR 23514: new row for relation "c" violates check constraint "c_b_check"

statement
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')

statement
CREATE VIEW v AS SELECT a, b FROM t

statement
ALTER VIEW v ALTER COLUMN a SET DEFAULT 'happy'::mood::text

statement
DROP TYPE mood
----
ERROR 2BP01: cannot drop type mood because other objects depend on it

statement
DROP TYPE mood CASCADE

query
INSERT INTO v (b) VALUES (2) RETURNING *
----
NULL|2

statement
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')

statement
CREATE INDEX ti ON t (b) WHERE 'ok'::mood > 'sad'::mood

statement
CREATE DOMAIN word AS text CHECK (VALUE::mood > 'sad'::mood)

statement
CREATE TABLE w (x word)

statement
DROP TYPE mood
----
ERROR 2BP01: cannot drop type mood because other objects depend on it

statement
DROP TYPE mood CASCADE

statement
INSERT INTO w VALUES ('sad')

query
SELECT count(*) FROM pg_class WHERE relname = 'ti'
----
0

# A name that is only like the type's is none.
statement
CREATE TYPE mood AS ENUM ('sad')

statement
CREATE TABLE m (mood text DEFAULT 'mood')

statement
DROP TYPE mood
