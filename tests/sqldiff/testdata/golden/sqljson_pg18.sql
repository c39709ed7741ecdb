= CREATE TABLE j (id int, t text, jb jsonb, n numeric)
= INSERT INTO j VALUES (1, '{"a":1,"b":[1,2,"x"]}', '{"a":1,"b":[1,2,"x"]}', 1.5), (2, 'bad', '[1,{"a":2}]', NULL), (3, '"s"', '"s"', 3), (4, NULL, NULL, 4), (5, '{"a":1,"a":2}', '{"a":null}', 5)
SELECT id, t IS JSON, t IS NOT JSON, t IS JSON VALUE, t IS JSON OBJECT, t IS JSON ARRAY, t IS JSON SCALAR, t IS JSON WITH UNIQUE KEYS, t IS JSON OBJECT WITH UNIQUE KEYS, t IS JSON WITHOUT UNIQUE, jb IS JSON ARRAY FROM j ORDER BY id
  integer, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "1", "t", "f", "t", "t", "f", "f", "t", "t", "t", "f" | "2", "f", "t", "f", "f", "f", "f", "f", "f", "f", "t" | "3", "t", "f", "t", "f", "f", "t", "t", "f", "t", "f" | "4", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL | "5", "t", "f", "t", "t", "f", "f", "f", "f", "t", "f"
'[1,{"a":{"b":1,"b":2}}]' IS JSON WITH UNIQUE KEYS, '' IS JSON, ' 1 ' IS JSON SCALAR, 'null' IS JSON SCALAR, NULL IS JSON, '\x7b7d'::bytea IS JSON OBJECT
  boolean, boolean, boolean, boolean, boolean, boolean: "f", "f", "t", "t", NULL, "t"
1 IS JSON
  !42804
JSON_OBJECT('a': 1, 'b' VALUE 'x', 'c': NULL), JSON_OBJECT('a': NULL ABSENT ON NULL), JSON_OBJECT('a': NULL NULL ON NULL), JSON_OBJECT(), JSON_OBJECT('a': 1 RETURNING jsonb), JSON_OBJECT('a': '[1]' FORMAT JSON), JSON_OBJECT('a': '[1]'::json, 1: true, 'd': date '2024-01-02')
  json, json, json, json, jsonb, json, json: "{\"a\" : 1, \"b\" : \"x\", \"c\" : null}", "{}", "{\"a\" : null}", "{}", "{\"a\": 1}", "{\"a\" : [1]}", "{\"a\" : [1], \"1\" : true, \"d\" : \"2024-01-02\"}"
JSON_OBJECT('a': 1, 'a': 2 WITH UNIQUE KEYS)
  !22030
JSON_OBJECT('a': 1, 'a': 2), JSON_OBJECT('a': 1, 'a': 2 RETURNING jsonb)
  json, jsonb: "{\"a\" : 1, \"a\" : 2}", "{\"a\": 2}"
JSON_OBJECT(NULL: 1)
  !22004
JSON_OBJECT('a': 1 RETURNING text), JSON_OBJECT('a': 1 RETURNING bytea), JSON_OBJECT('a': 1 RETURNING varchar(20))
  text, bytea, character varying: "{\"a\" : 1}", "\\x7b226122203a20317d", "{\"a\" : 1}"
JSON_OBJECT('a': 'bad' FORMAT JSON)
  !22P02
JSON_ARRAY(1, 'a', NULL, true), JSON_ARRAY(1, NULL NULL ON NULL), JSON_ARRAY(1, NULL ABSENT ON NULL), JSON_ARRAY(), JSON_ARRAY('[1]' FORMAT JSON, '{"a":  1}'::json RETURNING jsonb), JSON_ARRAY(1.50, ARRAY[1,2], ROW(1,'x'))
  json, json, json, json, jsonb, json: "[1, \"a\", true]", "[1, null]", "[1]", "[]", "[[1], {\"a\": 1}]", "[1.50, [1,2], {\"f1\":1,\"f2\":\"x\"}]"
JSON_ARRAY(SELECT id FROM j ORDER BY id), JSON_ARRAY(SELECT n FROM j ORDER BY id RETURNING jsonb), JSON_ARRAY(SELECT 1 WHERE false)
  json, jsonb, json: "[1, 2, 3, 4, 5]", "[1.5, 3, 4, 5]", NULL
SELECT JSON_ARRAYAGG(n ORDER BY id), JSON_ARRAYAGG(n ORDER BY id NULL ON NULL), JSON_ARRAYAGG(n ORDER BY n DESC), JSON_ARRAYAGG(id ORDER BY id RETURNING jsonb), JSON_ARRAYAGG(t ORDER BY id) FILTER (WHERE id > 2), JSON_ARRAYAGG(n) FILTER (WHERE n IS NULL), JSON_ARRAYAGG(n) FILTER (WHERE false) FROM j
  json, json, json, jsonb, json, json, json: "[1.5, 3, 4, 5]", "[1.5, null, 3, 4, 5]", "[5, 4, 3, 1.5]", "[1, 2, 3, 4, 5]", "[\"\\\"s\\\"\", \"{\\\"a\\\":1,\\\"a\\\":2}\"]", "[]", NULL
SELECT JSON_OBJECTAGG(id: n), JSON_OBJECTAGG(id: n ABSENT ON NULL), JSON_OBJECTAGG(id VALUE n RETURNING jsonb), JSON_OBJECTAGG(id: n WITH UNIQUE KEYS), JSON_OBJECTAGG(id: n ABSENT ON NULL) FILTER (WHERE n IS NULL), JSON_OBJECTAGG(id: n ABSENT ON NULL RETURNING jsonb) FILTER (WHERE n IS NULL) FROM j
  json, json, jsonb, json, json, jsonb: "{ \"1\" : 1.5, \"2\" : null, \"3\" : 3, \"4\" : 4, \"5\" : 5 }", "{ \"1\" : 1.5, \"3\" : 3, \"4\" : 4, \"5\" : 5 }", "{\"1\": 1.5, \"2\": null, \"3\": 3, \"4\": 4, \"5\": 5}", "{ \"1\" : 1.5, \"2\" : null, \"3\" : 3, \"4\" : 4, \"5\" : 5 }", "{  }", "{}"
SELECT JSON_OBJECTAGG(1: n WITH UNIQUE KEYS) FROM j
  !22030
SELECT JSON_OBJECTAGG(1: n ABSENT ON NULL WITH UNIQUE KEYS RETURNING jsonb) FROM j
  !22030
SELECT JSON_OBJECTAGG(NULL::text: n) FROM j
  !22004
SELECT json_agg_strict(n), jsonb_agg_strict(n), json_object_agg_strict(id, n), jsonb_object_agg_unique(id, n), jsonb_object_agg_unique_strict(id, n) FROM j
  json, jsonb, json, jsonb, jsonb: "[1.5, 3, 4, 5]", "[1.5, 3, 4, 5]", "{ \"1\" : 1.5, \"3\" : 3, \"4\" : 4, \"5\" : 5 }", "{\"1\": 1.5, \"2\": null, \"3\": 3, \"4\": 4, \"5\": 5}", "{\"1\": 1.5, \"3\": 3, \"4\": 4, \"5\": 5}"
SELECT JSON_ARRAYAGG(id) OVER (ORDER BY id) FROM j ORDER BY id
  json: "[1]" | "[1, 2]" | "[1, 2, 3]" | "[1, 2, 3, 4]" | "[1, 2, 3, 4, 5]"
SELECT JSON_ARRAYAGG(id RETURNING text), JSON_OBJECTAGG(id: t RETURNING varchar) FROM j WHERE id < 3
  text, character varying: "[1, 2]", "{ \"1\" : \"{\\\"a\\\":1,\\\"b\\\":[1,2,\\\"x\\\"]}\", \"2\" : \"bad\" }"
JSON('{"a": 1}'), JSON('[1, 2]' WITH UNIQUE KEYS), JSON(NULL), JSON('{"a":1,"a":2}')
  json, json, json, json: "{\"a\": 1}", "[1, 2]", NULL, "{\"a\":1,\"a\":2}"
JSON('{"a":1,"a":2}' WITH UNIQUE KEYS)
  !22030
JSON('bad')
  !22P02
JSON_SCALAR(1), JSON_SCALAR('a"b'), JSON_SCALAR(NULL), JSON_SCALAR(true), JSON_SCALAR(date '2024-01-02'), JSON_SCALAR(1.50)
  json, json, json, json, json, json: "1", "\"a\\\"b\"", NULL, "true", "\"2024-01-02\"", "1.50"
JSON_SERIALIZE('{"a" : 1 }'), JSON_SERIALIZE('{"a":1}' RETURNING bytea), JSON_SERIALIZE('{"a":1}' RETURNING varchar), JSON_SERIALIZE(NULL)
  text, bytea, character varying, text: "{\"a\" : 1 }", "\\x7b2261223a317d", "{\"a\":1}", NULL
JSON_SERIALIZE('{}' RETURNING int)
  !42804
SELECT id, JSON_EXISTS(jb, '$.a'), JSON_EXISTS(jb, 'strict $.a'), JSON_EXISTS(jb, 'strict $.a' UNKNOWN ON ERROR), JSON_EXISTS(jb, 'strict $.a' TRUE ON ERROR), JSON_EXISTS(jb, '$.b[*] ? (@ > $x)' PASSING 1 AS x) FROM j WHERE id <> 4 ORDER BY id
  integer, boolean, boolean, boolean, boolean, boolean: "1", "t", "t", "t", "t", "t" | "2", "t", "f", NULL, "t", "f" | "3", "f", "f", NULL, "t", "f" | "5", "t", "t", "t", "t", "f"
JSON_EXISTS(jsonb '[]', 'strict $.a' ERROR ON ERROR)
  !2203A
JSON_EXISTS(NULL, '$'), JSON_EXISTS('{"a":1}', '$.a'), JSON_EXISTS(jsonb '1', NULL)
  boolean, boolean, boolean: NULL, "t", NULL
JSON_EXISTS(jsonb '1', '$' EMPTY ON ERROR)
  !42601
SELECT id, JSON_VALUE(jb, '$.a'), JSON_VALUE(jb, '$.a' RETURNING int), JSON_VALUE(jb, '$.b[*]'), JSON_VALUE(jb, '$.b'), JSON_VALUE(jb, '$.zz' DEFAULT 'none' ON EMPTY), JSON_VALUE(jb, '$.b' DEFAULT 'err' ON ERROR), JSON_VALUE(jb, '$') FROM j WHERE id <> 4 ORDER BY id
  integer, text, integer, text, text, text, text, text: "1", "1", "1", NULL, NULL, "none", "err", NULL | "2", "2", "2", NULL, NULL, "none", NULL, NULL | "3", NULL, NULL, NULL, NULL, "none", NULL, "s" | "5", NULL, NULL, NULL, NULL, "none", NULL, NULL
JSON_VALUE(jsonb '"abc"', '$' RETURNING int), JSON_VALUE(jsonb '"abc"', '$' RETURNING int DEFAULT 7 ON ERROR), JSON_VALUE(jsonb '"12"', '$' RETURNING int), JSON_VALUE(jsonb '1.5', '$' RETURNING int), JSON_VALUE(jsonb 'true', '$' RETURNING bool), JSON_VALUE(jsonb '1', '$' RETURNING bool), JSON_VALUE(jsonb '"2024-01-02"', '$' RETURNING date), JSON_VALUE(jsonb '1.50', '$' RETURNING numeric), JSON_VALUE(jsonb '1.567', '$' RETURNING numeric(5,1)), JSON_VALUE(jsonb 'null', '$'), JSON_VALUE(jsonb 'true', '$')
  integer, integer, integer, integer, boolean, boolean, date, numeric, numeric, text, text: NULL, "7", "12", NULL, "t", "t", "2024-01-02", "1.50", "1.6", NULL, "t"
JSON_VALUE(jsonb '"abc"', '$' RETURNING int ERROR ON ERROR)
  !22P02
JSON_VALUE(jsonb '[1,2]', '$[*]' ERROR ON ERROR)
  !22034
JSON_VALUE(jsonb '[1,2]', '$' ERROR ON ERROR)
  !2203F
JSON_VALUE(jsonb '[1,2]', '$.x' ERROR ON EMPTY)
  !22035
JSON_VALUE(jsonb '[1,2]', '$.x' ERROR ON ERROR)
  text: NULL
JSON_VALUE(jsonb '[1,2]', '$.x' ERROR ON EMPTY DEFAULT 'e' ON ERROR)
  !22035
JSON_VALUE(jsonb '[1,2]', '$.x' NULL ON EMPTY ERROR ON ERROR)
  text: NULL
JSON_VALUE(jsonb '[1,2]', 'strict $.x' DEFAULT 'empty' ON EMPTY DEFAULT 'error' ON ERROR), JSON_VALUE(jsonb '[1,2]', '$[0]' RETURNING text), JSON_VALUE(jsonb '{"a":"x"}', '$.a' RETURNING jsonb), JSON_VALUE(jsonb '{"a":"x"}', '$.a' RETURNING json)
  text, text, jsonb, json: "error", "1", "\"x\"", "\"x\""
JSON_VALUE(jsonb '"abcdef"', '$' RETURNING varchar(3)), JSON_VALUE(jsonb '"abcdef"', '$' RETURNING char(8)), JSON_VALUE(jsonb '"\\x4142"', '$' RETURNING bytea)
  character varying, character, bytea: NULL, "abcdef  ", "\\x4142"
JSON_VALUE(jsonb '[1,2]', '$' EMPTY ON ERROR)
  !42601
JSON_VALUE('{"a": 5}', '$.a' RETURNING int), JSON_VALUE('{"a": 5}'::json, '$.a' RETURNING bigint), JSON_VALUE(jsonb '[1,2,3]', '$[$i]' PASSING 2 AS i), JSON_VALUE(jsonb '{"a":{"b":"q"}}', '$.a.b')
  integer, bigint, text, text: "5", "5", "3", "q"
JSON_VALUE('bad', '$')
  !22P02
JSON_VALUE(jsonb '1', 'bad path (')
  !42601
JSON_VALUE(1, '$')
  !42846
JSON_VALUE(jsonb '1', '$.a' RETURNING int DEFAULT 'x' ON EMPTY)
  !22P02
JSON_QUERY(jsonb '{"a":[1,2]}', '$.a'), JSON_QUERY(jsonb '{"a":[1,2]}', '$.a[*]'), JSON_QUERY(jsonb '{"a":[1,2]}', '$.a[*]' WITH WRAPPER), JSON_QUERY(jsonb '{"a":[1,2]}', '$.a[0]' WITH UNCONDITIONAL WRAPPER), JSON_QUERY(jsonb '{"a":[1,2]}', '$.a[0]' WITH CONDITIONAL WRAPPER), JSON_QUERY(jsonb '{"a":[1,2]}', '$.a' WITH CONDITIONAL WRAPPER), JSON_QUERY(jsonb '{"a":[1,2]}', '$.a[*]' WITH CONDITIONAL WRAPPER), JSON_QUERY(jsonb '{"a":[1,2]}', '$.a[*]' WITHOUT WRAPPER)
  jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb: "[1, 2]", NULL, "[1, 2]", "[1]", "1", "[1, 2]", "[1, 2]", NULL
JSON_QUERY(jsonb '{"a":"x"}', '$.a'), JSON_QUERY(jsonb '{"a":"x"}', '$.a' RETURNING text), JSON_QUERY(jsonb '{"a":"x"}', '$.a' RETURNING text OMIT QUOTES), JSON_QUERY(jsonb '{"a":"x"}', '$.a' RETURNING text KEEP QUOTES), JSON_QUERY(jsonb '{"a":"[1]"}', '$.a' OMIT QUOTES), JSON_QUERY(jsonb '{"a":"x"}', '$.a' OMIT QUOTES), JSON_QUERY(jsonb '{"a":"x"}', '$.a' RETURNING json)
  jsonb, text, text, text, jsonb, jsonb, json: "\"x\"", "\"x\"", "x", "\"x\"", "[1]", NULL, "\"x\""
JSON_QUERY(jsonb '[1]', '$.x' EMPTY ARRAY ON EMPTY), JSON_QUERY(jsonb '[1]', '$.x' EMPTY OBJECT ON EMPTY), JSON_QUERY(jsonb '[1]', '$.x' EMPTY ON EMPTY), JSON_QUERY(jsonb '[1]', '$.x'), JSON_QUERY(jsonb '[1]', 'strict $.x' EMPTY ARRAY ON ERROR), JSON_QUERY(jsonb '[1]', '$.x' DEFAULT '{"d":1}' ON EMPTY), JSON_QUERY(jsonb 'null', '$'), JSON_QUERY(jsonb 'null', '$' RETURNING text)
  jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, text: "[]", "{}", "[]", NULL, "[]", "{\"d\": 1}", "null", "null"
JSON_QUERY(jsonb '[1,2]', '$' RETURNING int[]), JSON_QUERY(jsonb '["a",null]', '$' RETURNING text[]), JSON_QUERY(jsonb '[[1,2],[3,4]]', '$' RETURNING int[]), JSON_QUERY(jsonb '1', '$' RETURNING int), JSON_QUERY(jsonb '"1"', '$' RETURNING int), JSON_QUERY(jsonb '"1"', '$' RETURNING int OMIT QUOTES), JSON_QUERY(jsonb '[1]', '$' RETURNING bytea)
  integer[], text[], integer[], integer, integer, integer, bytea: "{1,2}", "{a,NULL}", "{{1,2},{3,4}}", "1", NULL, "1", "\\x5b315d"
JSON_QUERY(jsonb '[1,"x"]', '$' RETURNING int[])
  integer[]: NULL
JSON_QUERY(jsonb '[1,"x"]', '$' RETURNING int[] ERROR ON ERROR)
  !22P02
JSON_QUERY(jsonb '[1,2]', '$[*]' ERROR ON ERROR)
  !22034
JSON_QUERY(jsonb '[1,2]', '$' WITH WRAPPER OMIT QUOTES)
  !42601
JSON_QUERY(jsonb '"abcdef"', '$' RETURNING varchar(3)), JSON_QUERY(jsonb '[1,2]', '$' RETURNING char(10))
  character varying, character: NULL, "[1, 2]    "
SELECT JSON_VALUE(jb, '$.a') AS x, JSON_QUERY(jb, '$.b') FROM j WHERE JSON_EXISTS(jb, '$.b') GROUP BY JSON_VALUE(jb, '$.a'), jb
  text, jsonb: "1", "[1, 2, \"x\"]"
SELECT * FROM JSON_TABLE(jsonb '[{"a":1,"b":"x"},{"a":2},{"b":[3]}]', '$[*]' COLUMNS (n FOR ORDINALITY, a int, b text, c jsonb PATH '$', e bool EXISTS PATH '$.b', d text PATH '$.zz' DEFAULT 'none' ON EMPTY)) AS jt
  integer, integer, text, jsonb, boolean, text: "1", "1", "x", "{\"a\": 1, \"b\": \"x\"}", "t", "none" | "2", "2", NULL, "{\"a\": 2}", "f", "none" | "3", NULL, NULL, "{\"b\": [3]}", "t", "none"
SELECT * FROM JSON_TABLE(jsonb '{"k":[{"id":1,"t":["a","b"]},{"id":2,"t":[]},{"id":3}]}', '$.k[*]' COLUMNS (id int, NESTED PATH '$.t[*]' COLUMNS (o FOR ORDINALITY, tag text PATH '$'))) jt
  integer, integer, text: "1", "1", "a" | "1", "2", "b" | "2", NULL, NULL | "3", NULL, NULL
SELECT * FROM JSON_TABLE(jsonb '[{"p":[1,2],"q":[{"r":[7,8]},{"r":[9]}]}]', '$[*]' COLUMNS (NESTED '$.p[*]' COLUMNS (p int PATH '$'), NESTED PATH '$.q[*]' AS qq COLUMNS (qn FOR ORDINALITY, NESTED PATH '$.r[*]' COLUMNS (r int PATH '$')))) jt
  integer, integer, integer: "1", NULL, NULL | "2", NULL, NULL | NULL, "1", "7" | NULL, "1", "8" | NULL, "2", "9"
SELECT j.id, jt.* FROM j, JSON_TABLE(j.jb, '$.b[*]' COLUMNS (v text PATH '$', i int PATH '$' DEFAULT -1 ON ERROR)) jt ORDER BY 1, 2
  integer, text, integer: "1", "1", "1" | "1", "2", "2" | "1", "x", "-1"
SELECT * FROM JSON_TABLE(jsonb '[1,2,3]', '$[*] ? (@ > $x)' PASSING 1 AS x COLUMNS (a int PATH '$')) jt
  integer: "2" | "3"
SELECT * FROM JSON_TABLE(NULL::jsonb, '$' COLUMNS (a int)) jt
  integer
SELECT * FROM JSON_TABLE(jsonb '1', 'strict $.a' COLUMNS (a int PATH '$')) jt
  integer
SELECT * FROM JSON_TABLE(jsonb '1', 'strict $.a' COLUMNS (a int PATH '$') ERROR ON ERROR) jt
  !2203A
SELECT * FROM JSON_TABLE(jsonb '"x"', '$' COLUMNS (a int PATH '$' ERROR ON ERROR)) jt
  !22P02
SELECT * FROM JSON_TABLE(jsonb '"x"', '$' COLUMNS (a int PATH '$') ERROR ON ERROR) jt
  integer: NULL
SELECT * FROM JSON_TABLE(jsonb '[{"a":"s","b":[1,2]}]', '$[*]' COLUMNS (a text FORMAT JSON, b text FORMAT JSON, c text PATH '$.b' , d jsonb PATH '$.b[*]' WITH WRAPPER, e int[] PATH '$.b', f text PATH '$.a' OMIT QUOTES, g varchar(1) PATH '$.a')) jt
  text, text, text, jsonb, integer[], text, character varying: "\"s\"", "[1, 2]", NULL, "[1, 2]", "{1,2}", "s", "s"
SELECT * FROM JSON_TABLE(jsonb '1', '$' COLUMNS (a int PATH '$', a text PATH '$')) jt
  !42712
SELECT x, y FROM JSON_TABLE('[1,2]', '$[*]' COLUMNS (a int PATH '$', b int PATH '$')) AS jt(x, y) WHERE x > 1
  integer, integer: "2", "2"
SELECT count(*) FROM JSON_TABLE(jsonb '[1,2]', '$[*]' COLUMNS (a int PATH '$')) jt LEFT JOIN j ON j.id = jt.a
  bigint: "2"
JSON_QUERY(jsonb '[1]', '$.x' ERROR ON ERROR), JSON_QUERY(NULL::jsonb, '$' EMPTY ARRAY ON ERROR), JSON_VALUE(NULL::jsonb, '$' DEFAULT 'x' ON EMPTY), JSON_VALUE(jsonb 'false', '$' RETURNING varchar), JSON_VALUE(jsonb 'true', '$' RETURNING jsonb)
  jsonb, jsonb, text, character varying, jsonb: NULL, NULL, NULL, "f", "true"
JSON_QUERY(jsonb '"2024-01-02"', '$' RETURNING date), JSON_QUERY(jsonb '"2024-01-02"', '$' RETURNING date OMIT QUOTES), JSON_QUERY(jsonb 'true', '$' RETURNING bool), JSON_QUERY(jsonb '1.5', '$' RETURNING numeric)
  date, date, boolean, numeric: "2024-01-02", "2024-01-02", "t", "1.5"
JSON_EXISTS(jsonb '1', '$.a' RETURNING int)
  !42601
JSON_OBJECT('a': 1) || '{}'
  text: "{\"a\" : 1}{}"
JSON_ARRAYAGG(1) + 1
  !42883
SELECT * FROM JSON_TABLE(jsonb '[true, "t", null]', '$[*]' COLUMNS (a text PATH '$', b bool PATH '$', c text FORMAT JSON PATH '$')) jt
  text, boolean, text: "t", "t", "true" | "t", "t", "\"t\"" | NULL, NULL, "null"
SELECT * FROM JSON_TABLE(jsonb '[1]', '$[*]' COLUMNS (a int EXISTS PATH '$')) jt
  integer: "1"
~ !0A000
SELECT * FROM JSON_TABLE(jsonb '{"a b":1, "A":2}', '$' COLUMNS ("a b" int, "A" int, a int)) AS jt
  integer, integer, integer: "1", "2", NULL
SELECT jt.* FROM (VALUES ('[1,2]'), ('[3]')) v(t), JSON_TABLE(v.t, '$[*]' COLUMNS (a int PATH '$')) jt ORDER BY 1
  integer: "1" | "2" | "3"
