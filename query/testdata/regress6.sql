# Catalogs, sizes, MAC addresses, back references to nothing, variables of jsonpath. Expected results are PostgreSQL's.

query
SELECT 'xxx' ~ '(.){0}(\1)', 'xxx' ~ '((.)){0}(\2){0}', regexp_replace('aXbX', '(.){0}(\1)*X', '-', 'g')
----
f|t|a-b-

statement
CREATE TABLE x (a int, CONSTRAINT c CHECK (a > 0), CONSTRAINT d CHECK (a > 1) NO INHERIT, PRIMARY KEY (a))

query
SELECT conname, connoinherit FROM pg_constraint WHERE conrelid = 'x'::regclass ORDER BY 1
----
c|f
d|t
x_pkey|t

query
SELECT pg_size_pretty(10.5), pg_size_pretty(10485248::numeric), pg_size_pretty(-1e20), pg_size_pretty(5)
----
ERROR 42725: function pg_size_pretty(integer) is not unique

query
SELECT macaddr '8-0-2b-1-2-3', macaddr '08002b:010203', macaddr '0800.2b01.0203', macaddr '0800-2b01-0203', macaddr '08002b010203'
----
08:00:2b:01:02:03|08:00:2b:01:02:03|08:00:2b:01:02:03|08:00:2b:01:02:03|08:00:2b:01:02:03

query
SELECT macaddr '0800:2b01:0203'
----
ERROR 22P02: invalid input syntax for type macaddr: "0800:2b01:0203"

query
SELECT macaddr '800:00:2b:01:02:03'
----
ERROR 22003: invalid octet value in "macaddr" value: "800:00:2b:01:02:03"

query
SELECT position(B'' IN B''), position(B'' IN B'1')
----
0|1

query
SELECT jsonb_path_exists('[{"a": 1}]', '$undefined_var')
----
ERROR 42704: could not find jsonpath variable "undefined_var"

query
SELECT '[1]'::jsonb @? '$ ? (@ == $y)', '[null]'::jsonb @? '$[*] ? (@ == $y)', '[1]'::jsonb @? '$y'
----
f|t|t

