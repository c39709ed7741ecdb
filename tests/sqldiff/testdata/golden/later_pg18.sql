to_bin(10), to_bin(-1), to_bin(5::bigint), to_oct(8), to_oct(-1::bigint), to_bin(0), to_hex(-1)
  text, text, text, text, text, text, text: "1010", "11111111111111111111111111111111", "101", "10", "1777777777777777777777", "0", "ffffffff"
crc32('hello'::bytea), crc32c('hello'::bytea), crc32(''::bytea), crc32c(NULL)
  bigint, bigint, bigint, bigint: "907060870", "2591144780", "0", NULL
array_reverse(ARRAY[1,2,NULL]), array_reverse('{}'::int[]), array_reverse(ARRAY[[1,2],[3,4]]), array_reverse('[5:6]={a,b}'::text[])
  integer[], integer[], integer[], text[]: "{NULL,2,1}", "{}", "{{3,4},{1,2}}", "[5:6]={b,a}"
array_sort(ARRAY[3,1,NULL,2]), array_sort(ARRAY['b','a'], true), array_sort(ARRAY[3,NULL,1], true), array_sort(ARRAY[3,NULL,1], true, false), array_sort(ARRAY[3,NULL,1], false, true), array_sort(ARRAY[[3,1],[2,9]]), array_sort('{}'::text[])
  integer[], text[], integer[], integer[], integer[], integer[], text[]: "{1,2,3,NULL}", "{b,a}", "{NULL,3,1}", "{3,1,NULL}", "{NULL,1,3}", "{{2,9},{3,1}}", "{}"
array_sort(ARRAY['{}'::json])
  json[]: "{\"{}\"}"
date_add('2021-10-31 00:00:00+02'::timestamptz, '1 day'::interval, 'Europe/Warsaw'), date_subtract('2021-11-01 00:00:00+01'::timestamptz, '1 day'::interval, 'Europe/Warsaw'), date_add('2024-01-31'::timestamptz, '1 month'), date_subtract('2024-03-31'::timestamptz, '1 month')
  timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone: "2021-10-31 23:00:00+00", "2021-10-30 22:00:00+00", "2024-02-29 00:00:00+00", "2024-02-29 00:00:00+00"
pg_input_is_valid('42', 'integer'), pg_input_is_valid('x', 'integer'), pg_input_is_valid('2024-13-01', 'date'), pg_input_is_valid('{1,2}', 'int[]')
  boolean, boolean, boolean, boolean: "t", "f", "f", "t"
SELECT * FROM json_to_record('{"a":1,"b":"x","c":[1,2],"d":{"e":1}}') AS r(a int, b text, c int[], d jsonb, e date)
  integer, text, integer[], jsonb, date: "1", "x", "{1,2}", "{\"e\": 1}", NULL
SELECT * FROM jsonb_to_recordset('[{"a":1,"b":"2024-01-02"},{"a":null},{"b":null,"c":true}]') AS r(a int, b date, c bool) WHERE a IS NULL OR a > 0
  integer, date, boolean: "1", "2024-01-02", NULL | NULL, NULL, NULL | NULL, NULL, "t"
SELECT * FROM jsonb_to_recordset('[{"a":"x"}]') AS r(a int)
  !22P02
SELECT * FROM jsonb_to_recordset('{"a":"x"}') AS r(a int)
  !22023
SELECT * FROM jsonb_to_recordset('[1]') AS r(a int)
  !22023
SELECT * FROM json_to_record('[1]') AS r(a int)
  !22023
SELECT * FROM json_to_record('1') AS r(a int)
  !22023
SELECT * FROM json_to_record(NULL) AS r(a int)
  integer: NULL
SELECT * FROM json_to_record('{}')
  !42601
SELECT * FROM generate_series(1,2) AS g(a int)
  !42601
SELECT * FROM ROWS FROM (json_to_recordset('[{"a":1},{"a":2}]') AS (a int, b text), generate_series(1,3)) WITH ORDINALITY AS z(p,q,r,o)
  integer, text, integer, bigint: "1", NULL, "1", "1" | "2", NULL, "2", "2" | NULL, NULL, "3", "3"
SELECT v.id, r.* FROM (VALUES (1, jsonb '[{"k":"a"},{"k":"b"}]')) v(id, j), jsonb_to_recordset(v.j) AS r(k varchar(5)) ORDER BY 1, 2
  integer, character varying: "1", "a" | "1", "b"
SELECT x.a, x.b FROM json_to_recordset('[{"a":1.5,"b":{"q":"w"}},{"a":"7","b":"s"}]') AS x(a numeric(5,1), b text)
  numeric, text: "1.5", "{\"q\":\"w\"}" | "7.0", "s"
SELECT * FROM json_to_recordset(NULL) AS r(a int)
  integer
