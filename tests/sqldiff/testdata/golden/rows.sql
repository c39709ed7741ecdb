= CREATE TABLE item (id int PRIMARY KEY, name text, tags text[])
= INSERT INTO item VALUES (1, 'a', '{x,y}'), (2, 'b "q", z', NULL), (3, NULL, NULL)
= CREATE TABLE sale (item int, n int)
= INSERT INTO sale VALUES (1, 5), (1, 6), (7, 1), (NULL, NULL)
SELECT row_to_json(item) FROM item ORDER BY id
  json: "{\"id\":1,\"name\":\"a\",\"tags\":[\"x\",\"y\"]}" | "{\"id\":2,\"name\":\"b \\\"q\\\", z\",\"tags\":null}" | "{\"id\":3,\"name\":null,\"tags\":null}"
SELECT to_jsonb(i) FROM item i ORDER BY id
  jsonb: "{\"id\": 1, \"name\": \"a\", \"tags\": [\"x\", \"y\"]}" | "{\"id\": 2, \"name\": \"b \\\"q\\\", z\", \"tags\": null}" | "{\"id\": 3, \"name\": null, \"tags\": null}"
SELECT json_agg(i ORDER BY id) FROM item i
  json: "[{\"id\":1,\"name\":\"a\",\"tags\":[\"x\",\"y\"]}, \n {\"id\":2,\"name\":\"b \\\"q\\\", z\",\"tags\":null}, \n {\"id\":3,\"name\":null,\"tags\":null}]"
SELECT json_agg(x) FROM (SELECT id, name AS label FROM item WHERE id < 3 ORDER BY id) x
  json: "[{\"id\":1,\"label\":\"a\"}, \n {\"id\":2,\"label\":\"b \\\"q\\\", z\"}]"
SELECT row_to_json(x) FROM (SELECT 1 AS a, 'b' AS "B c") x
  json: "{\"a\":1,\"B c\":\"b\"}"
SELECT i::text, i.id FROM item i ORDER BY i
  text, integer: "(1,a,\"{x,y}\")", "1" | "(2,\"b \"\"q\"\", z\",)", "2" | "(3,,)", "3"
SELECT (i).name, (i).id FROM item i ORDER BY 2
  text, integer: "a", "1" | "b \"q\", z", "2" | NULL, "3"
SELECT (i).* FROM item i ORDER BY id
  integer, text, text[]: "1", "a", "{x,y}" | "2", "b \"q\", z", NULL | "3", NULL, NULL
SELECT (i).nothing FROM item i
  !42703
SELECT (id).x FROM item
  !42809
SELECT (ROW(1, 'x')).f3
  !42703
SELECT count(i), count(i.*), count(DISTINCT s) FROM item i LEFT JOIN sale s ON s.item = i.id
  bigint, bigint, bigint: "4", "4", "2"
SELECT i.id, row_to_json(s) FROM item i LEFT JOIN sale s ON s.item = i.id ORDER BY 1, s.n
  integer, json: "1", "{\"item\":1,\"n\":5}" | "1", "{\"item\":1,\"n\":6}" | "2", NULL | "3", NULL
SELECT row_to_json(i) IS NULL, s.n FROM item i RIGHT JOIN sale s ON s.item = i.id ORDER BY s.n
  boolean, integer: "t", "1" | "f", "5" | "f", "6" | "t", NULL
SELECT json_agg(s) FROM item i LEFT JOIN sale s ON s.item = i.id WHERE i.id = 2
  json: "[null]"
SELECT i::text FROM item i WHERE i = ROW(1, 'a'::text, ARRAY['x','y'])
  text: "(1,a,\"{x,y}\")"
SELECT i.id FROM item i WHERE i IS NOT NULL ORDER BY 1
  integer: "1"
SELECT i.id FROM item i WHERE ROW(i.id, i.name) < ROW(2, 'c') ORDER BY 1
  integer: "1" | "2"
SELECT array_agg(s)::text FROM sale s WHERE n > 1
  text: "{\"(1,5)\",\"(1,6)\"}"
SELECT json_build_object('item', i, 'sales', (SELECT json_agg(s ORDER BY n) FROM sale s WHERE s.item = i.id)) FROM item i ORDER BY i.id
  json: "{\"item\" : {\"id\":1,\"name\":\"a\",\"tags\":[\"x\",\"y\"]}, \"sales\" : [{\"item\":1,\"n\":5}, \n {\"item\":1,\"n\":6}]}" | "{\"item\" : {\"id\":2,\"name\":\"b \\\"q\\\", z\",\"tags\":null}, \"sales\" : null}" | "{\"item\" : {\"id\":3,\"name\":null,\"tags\":null}, \"sales\" : null}"
SELECT jsonb_pretty(to_jsonb(x)) FROM (VALUES (1, 'a')) x(n, t)
  text: "{\n    \"n\": 1,\n    \"t\": \"a\"\n}"
SELECT s::text, count(*) FROM sale s GROUP BY s ORDER BY s
  text, bigint: "(,)", "1" | "(1,5)", "1" | "(1,6)", "1" | "(7,1)", "1"
SELECT (SELECT i FROM item i WHERE i.id = 2)::text
  text: "(2,\"b \"\"q\"\", z\",)"
SELECT row_to_json(x.*) FROM (SELECT i.id, s.n FROM item i JOIN sale s ON s.item = i.id) x ORDER BY x.n
  json: "{\"id\":1,\"n\":5}" | "{\"id\":1,\"n\":6}"
SELECT json_object_agg(i.id, i) FROM item i
  json: "{ \"1\" : {\"id\":1,\"name\":\"a\",\"tags\":[\"x\",\"y\"]}, \"2\" : {\"id\":2,\"name\":\"b \\\"q\\\", z\",\"tags\":null}, \"3\" : {\"id\":3,\"name\":null,\"tags\":null} }"
SELECT g, row_to_json(g) FROM generate_series(1, 2) g(n)
  !42883
SELECT (x).key, (x).value FROM (SELECT jsonb_each('{"a":1}') AS x) y
  text, jsonb: "a", "1"
WITH t AS (SELECT 1 AS a, 2 AS b) SELECT row_to_json(t), to_json(t.*) FROM t
  json, json: "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}"
INSERT INTO sale VALUES (8, 8) RETURNING row_to_json(sale)
  json: "{\"item\":8,\"n\":8}"
UPDATE sale SET n = 9 WHERE item = 8 RETURNING sale::text, to_json(sale)
  text, json: "(8,9)", "{\"item\":8,\"n\":9}"
DELETE FROM sale WHERE item = 8 RETURNING (sale).n
  integer: "9"
SELECT (CASE WHEN n > 5 THEN s END)::text FROM sale s ORDER BY n
  text: NULL | NULL | "(1,6)" | NULL
SELECT nothing FROM item
  !42703
SELECT id, (jsonb_populate_record(i, '{"name":"new"}')).* FROM item i WHERE id = 1
  integer, integer, text, text[]: "1", "1", "new", "{x,y}"
SELECT * FROM jsonb_populate_record(NULL::item, '{"id":7,"name":"n","tags":["a","b"]}')
  integer, text, text[]: "7", "n", "{a,b}"
SELECT * FROM jsonb_populate_recordset(NULL::item, '[{"id":7},{"name":"n"},{"tags":["x"]}]')
  integer, text, text[]: "7", NULL, NULL | NULL, "n", NULL | NULL, NULL, "{x}"
SELECT row_to_json(jsonb_populate_record(NULL::item, '{"id":7,"other":1}'))
  json: "{\"id\":7,\"name\":null,\"tags\":null}"
SELECT * FROM json_populate_record(NULL::item, NULL)
  integer, text, text[]: NULL, NULL, NULL
SELECT * FROM json_populate_recordset(NULL::item, '{"id":1}')
  !22023
SELECT * FROM json_populate_record(1, '{"id":1}')
  !42804
INSERT INTO item SELECT * FROM json_populate_recordset(NULL::item, '[{"id":10,"name":"ten"},{"id":11}]') RETURNING id, name
  integer, text: "10", "ten" | "11", NULL
SELECT * FROM json_populate_record(ROW(1, 'x', NULL)::item, '{"name":"y"}')
  integer, text, text[]: "1", "y", NULL
= CREATE TYPE address AS (street text, city varchar(10), zip int)
= CREATE TYPE person AS (name text, home address, places address[])
= CREATE TABLE customer (id int PRIMARY KEY, addr address NOT NULL, who person, old address[] DEFAULT '{}', UNIQUE (addr))
= INSERT INTO customer VALUES (1, ROW('Main St', 'Ulm', 12345), ROW('Ann', ROW('x', 'y', 1), NULL), ARRAY[ROW('a', 'b', 1)::address]), (2, '("Side, St",,)', NULL, NULL), (3, '(" q""u\\o ","",7)', ROW('Bob', NULL, '{"(a,b,1)"}'), '{}')
SELECT * FROM customer ORDER BY id
  integer, made, made, made: "1", "(\"Main St\",Ulm,12345)", "(Ann,\"(x,y,1)\",)", "{\"(a,b,1)\"}" | "2", "(\"Side, St\",,)", NULL, NULL | "3", "(\" q\"\"u\\\\o \",\"\",7)", "(Bob,,\"{\"\"(a,b,1)\"\"}\")", "{}"
SELECT id, (addr).city, (addr).zip + 1, ((who).home).street, (old[1]).street FROM customer ORDER BY id
  integer, character varying, integer, text, text: "1", "Ulm", "12346", "x", "a" | "2", NULL, NULL, NULL, NULL | "3", "", "8", NULL, NULL
SELECT id, (addr).* FROM customer c ORDER BY id
  integer, text, character varying, integer: "1", "Main St", "Ulm", "12345" | "2", "Side, St", NULL, NULL | "3", " q\"u\\o ", "", "7"
SELECT id FROM customer WHERE (addr).city = 'Ulm'
  integer: "1"
SELECT id FROM customer WHERE addr = ROW('Main St', 'Ulm', 12345)::address
  integer: "1"
SELECT id FROM customer WHERE addr = '("Main St",Ulm,12345)'::address
  integer: "1"
SELECT id FROM customer WHERE addr > '(N,,)'::address ORDER BY addr
  integer: "2"
INSERT INTO customer VALUES (4, '("Main St",Ulm,12345)')
  !23505
INSERT INTO customer VALUES (4, '(a,b)')
  !22P02
INSERT INTO customer VALUES (4, '(a,b,c,d)')
  !22P02
INSERT INTO customer VALUES (4, '(a,b,x)')
  !22P02
INSERT INTO customer VALUES (4, 'a,b,1')
  !22P02
INSERT INTO customer VALUES (4, '(a,b,1) x')
  !22P02
INSERT INTO customer VALUES (4, '(a,toolongforten,1)')
  !22001
INSERT INTO customer VALUES (4, ROW('a', 'b'))
  !42846
INSERT INTO customer VALUES (4, ROW(1, 2, 3)) RETURNING addr
  made: "(1,2,3)"
UPDATE customer SET addr = ROW((addr).street, 'Bonn', (addr).zip) WHERE id = 4 RETURNING addr
  made: "(1,Bonn,3)"
SELECT row_to_json(c) FROM customer c ORDER BY id
  json: "{\"id\":1,\"addr\":{\"street\":\"Main St\",\"city\":\"Ulm\",\"zip\":12345},\"who\":{\"name\":\"Ann\",\"home\":{\"street\":\"x\",\"city\":\"y\",\"zip\":1},\"places\":null},\"old\":[{\"street\":\"a\",\"city\":\"b\",\"zip\":1}]}" | "{\"id\":2,\"addr\":{\"street\":\"Side, St\",\"city\":null,\"zip\":null},\"who\":null,\"old\":null}" | "{\"id\":3,\"addr\":{\"street\":\" q\\\"u\\\\o \",\"city\":\"\",\"zip\":7},\"who\":{\"name\":\"Bob\",\"home\":null,\"places\":[{\"street\":\"a\",\"city\":\"b\",\"zip\":1}]},\"old\":[]}" | "{\"id\":4,\"addr\":{\"street\":\"1\",\"city\":\"Bonn\",\"zip\":3},\"who\":null,\"old\":[]}"
SELECT to_jsonb(addr), addr::text FROM customer ORDER BY id
  jsonb, text: "{\"zip\": 12345, \"city\": \"Ulm\", \"street\": \"Main St\"}", "(\"Main St\",Ulm,12345)" | "{\"zip\": null, \"city\": null, \"street\": \"Side, St\"}", "(\"Side, St\",,)" | "{\"zip\": 7, \"city\": \"\", \"street\": \" q\\\"u\\\\o \"}", "(\" q\"\"u\\\\o \",\"\",7)" | "{\"zip\": 3, \"city\": \"Bonn\", \"street\": \"1\"}", "(1,Bonn,3)"
SELECT * FROM jsonb_populate_record(NULL::person, '{"name":"Z","home":{"city":"Rom"},"places":[{"zip":1},{"zip":"2"}]}')
  text, made, made: "Z", "(,Rom,)", "{\"(,,1)\",\"(,,2)\"}"
SELECT pg_typeof(addr)::text, pg_typeof(old)::text FROM customer WHERE id = 1
  text, text: "address", "address[]"
SELECT addr IS NULL, addr IS NOT NULL FROM customer ORDER BY id
  boolean, boolean: "f", "t" | "f", "f" | "f", "t" | "f", "t"
SELECT DISTINCT (addr).zip FROM customer ORDER BY 1
  integer: "3" | "7" | "12345" | NULL
SELECT array_agg(addr ORDER BY id)::text, count(DISTINCT addr) FROM customer
  text, bigint: "{\"(\\\"Main St\\\",Ulm,12345)\",\"(\\\"Side, St\\\",,)\",\"(\\\" q\\\"\\\"u\\\\\\\\o \\\",\\\"\\\",7)\",\"(1,Bonn,3)\"}", "4"
SELECT ROW('s', 'c', 5)::address, '(s,c,5)'::address, NULL::address, (ROW('s', 'c', 5)::address).zip, ('(,,)'::address).street
  made, made, made, integer, text: "(s,c,5)", "(s,c,5)", NULL, "5", NULL
SELECT ROW(1, 2)::address
  !42846
SELECT 5::address
  !42846
SELECT ('(s,c,5)'::address).nothing
  !42703
SELECT unnest(old) FROM customer WHERE id = 1
  made: "(a,b,1)"
SELECT (a).street FROM customer, unnest(old) a
  text: "a"
SELECT street, zip FROM customer, unnest(old) WHERE id = 1
  text, integer: "a", "1"
= CREATE INDEX ON customer ((( addr ).city))
= CREATE INDEX ON customer (addr DESC, id)
SELECT id FROM customer WHERE (addr).city = 'Bonn'
  integer: "4"
SELECT id FROM customer ORDER BY addr DESC, id
  integer: "2" | "1" | "4" | "3"
SELECT id FROM customer WHERE addr BETWEEN '(1,,)'::address AND '(S,,)'::address
  integer: "1"
= CREATE VIEW homes AS SELECT id, (addr).street AS street, addr FROM customer
SELECT * FROM homes ORDER BY id LIMIT 1
  integer, text, made: "1", "Main St", "(\"Main St\",Ulm,12345)"
= ANALYZE customer
SELECT max(id) FROM customer GROUP BY addr ORDER BY 1 LIMIT 2
  integer: "1" | "2"
