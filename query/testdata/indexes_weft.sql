# Definitions of indexes that PostgreSQL takes, with what the session makes of them.

statement
CREATE TABLE ev (id int, at timestamptz)

statement
CREATE INDEX ON ev (id) WHERE at > '2024-01-01'
----
ERROR 42P17: a constant in index predicate depends on the time or the time zone of the session at 34

statement
CREATE INDEX ON ev ((at > '2024-01-01'))
----
ERROR 42P17: a constant in index expression depends on the time or the time zone of the session at 25

statement
CREATE INDEX ON ev (id) WHERE at > '2024-01-01 00:00+00'

statement
CREATE INDEX ON ev (id) WHERE at > 'today'
----
ERROR 42P17: functions in index predicate must be marked IMMUTABLE at 34

