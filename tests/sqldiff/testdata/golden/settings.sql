set_config('app.tenant', '42', false), current_setting('app.tenant')
  text, text: "42", "42"
SELECT current_setting('app.tenant')
  text: "42"
SELECT current_setting('app.nothing')
  !42704
SELECT current_setting('app.nothing', true)
  text: NULL
SELECT current_setting('nothing', true)
  text: NULL
SELECT current_setting('nothing')
  !42704
SELECT set_config('nothing', 'x', false)
  !42704
SELECT set_config(NULL, 'x', false)
  !22004
SELECT set_config('app.tenant', NULL, NULL)
  text: ""
SELECT set_config('app.2x', 'x', false)
  !42602
= SET app.user_id = 'u7'
SELECT current_setting('APP.user_id')
  text: "u7"
= RESET app.user_id
SELECT current_setting('app.user_id')
  text: ""
SELECT set_config('timezone', 'Europe/Warsaw', false)
  text: "Europe/Warsaw"
SELECT '2024-07-01 00:00+00'::timestamptz
  timestamp with time zone: "2024-07-01 02:00:00+02"
SELECT set_config('timezone', NULL, false)
  text: "UTC"
SELECT set_config('statement_timeout', '5s', false), current_setting('statement_timeout')
  text, text: "5s", "5s"
SELECT set_config('statement_timeout', 'x', false)
  !22023
SELECT set_config('search_path', 'public, pg_catalog', false) IS NOT NULL
  boolean: "t"
to_regnamespace('pg_catalog')::text, to_regnamespace('public')::text, to_regnamespace('nothing')::text, to_regrole('nobody')::text
  text, text, text, text: "pg_catalog", "public", NULL, NULL
to_regtype('int')::text, to_regtype('varchar(5)')::text, to_regtype('int[]')::text, to_regtype('nothing')::text, to_regtype('timestamp with time zone')::text
  text, text, text, text, text: "integer", "character varying", "integer[]", NULL, "timestamp with time zone"
to_regproc('gen_random_uuid')::text, to_regproc('nothing')::text, to_regproc('length')::text, to_regprocedure('length(text)')::text, to_regprocedure('length(date)')::text
  text, text, text, text, text: "gen_random_uuid", NULL, NULL, "length(text)", NULL
inet_client_addr(), inet_client_port()
  inet, integer: NULL, NULL
row_to_json(ROW(1,'x',NULL), true), row_to_json(ROW(1,2), false), timezone('2 hours'::interval, '10:00+00'::timetz)
  json, json, time with time zone: "{\"f1\":1,\n \"f2\":\"x\",\n \"f3\":null}", "{\"f1\":1,\"f2\":2}", "12:00:00+02"
