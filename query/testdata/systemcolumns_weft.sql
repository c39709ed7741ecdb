# What differs from PostgreSQL of system columns.

statement
CREATE TABLE t (a text PRIMARY KEY, b int)

statement
CREATE TABLE n (a int)

statement
CREATE TABLE k (id int PRIMARY KEY)

statement
INSERT INTO k VALUES (-1), (1), (65537)

query
SELECT ctid FROM t
----
ERROR 0A000: system column "ctid" of table "t" is not supported at 8

query
SELECT xmin, * FROM n
----
ERROR 0A000: system column "xmin" is not supported at 8

query
SELECT t.cmax FROM t
----
ERROR 0A000: system column "cmax" is not supported at 8

query
INSERT INTO n VALUES (1) RETURNING ctid
----
ERROR 0A000: system column "ctid" of the rows that INSERT or UPDATE returns is not supported at 36

query
SELECT tableoid::regclass, ctid, id FROM k ORDER BY id
----
k|(281474976710655,65535)|-1
k|(0,1)|1
k|(1,1)|65537

query
SELECT id FROM k WHERE ctid = '(1,1)'
----
65537

