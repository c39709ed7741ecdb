# A null of JSON that becomes a value of SQL is NULL. Expected results are PostgreSQL's.

statement
CREATE TYPE jp AS (a json, b jsonb, c json[], d int)

query
SELECT a IS NULL, b IS NULL, c, d FROM json_populate_record(NULL::jp, '{"a": null, "b": null, "c": [null, 1, "x"], "d": null}')
----
t|t|{NULL,1,"\"x\""}|NULL

query
SELECT x IS NULL, y IS NULL, z[1] IS NULL FROM json_to_record('{"x": null, "y": null, "z": [null]}') AS t(x json, y jsonb, z jsonb[])
----
t|t|t

query
SELECT * FROM jsonb_to_recordset('[{"x": null, "y": [1, null]}]') AS t(x jsonb, y jsonb)
----
NULL|[1, null]
