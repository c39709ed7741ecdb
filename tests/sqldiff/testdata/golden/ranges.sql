'[1,5]'::int4range, '(1,5)'::int4range, '[,5]'::int4range, '(,)'::int8range, 'empty'::numrange, ' EmpTy '::daterange, '[1,1)'::int4range, '(1,2)'::int4range, '[1.50,2.0]'::numrange
  int4range, int4range, int4range, int8range, numrange, daterange, int4range, int4range, numrange: "[1,6)", "[2,5)", "(,6)", "(,)", "empty", "empty", "empty", "empty", "[1.50,2.0]"
'[2024-01-01,2024-02-01]'::daterange, '[2024-01-01 10:00,)'::tsrange, '[2024-01-01 10:00+02,2024-01-02]'::tstzrange, '[2024-01-01,infinity]'::daterange, '(-infinity,2024-01-01)'::daterange, '["2024-01-01 10:00:00","2024-01-02 00:00:00")'::tsrange::text
  daterange, tsrange, tstzrange, daterange, daterange, text: "[2024-01-01,2024-02-02)", "[\"2024-01-01 10:00:00\",)", "[\"2024-01-01 08:00:00+00\",\"2024-01-02 00:00:00+00\"]", "[2024-01-01,infinity]", "(-infinity,2024-01-01)", "[\"2024-01-01 10:00:00\",\"2024-01-02 00:00:00\")"
'[ 1 , 2 ]'::int4range, '["1","2"]'::int4range, E'[\\1,2]'::int4range
  int4range, int4range, int4range: "[1,3)", "[1,3)", "[1,3)"
'1,5'::int4range
  !22P02
'[5,1]'::int4range
  !22000
'[1,5'::int4range
  !22P02
'[1]'::int4range
  !22P02
'[1,2,3]'::int4range
  !22P02
'[1,5) x'::int4range
  !22P02
'empty x'::int4range
  !22P02
'[1,x)'::int4range
  !22P02
'[1,2147483647]'::int4range
  !22003
'(2147483647,2147483647]'::int4range
  int4range: "empty"
'[1,9223372036854775807]'::int8range
  !22003
'{[1,3),[5,7),[2,4]}'::int4multirange, '{}'::int4multirange, '{empty,[1,2)}'::int4multirange, ' { [1,2) , [2,3) } '::int4multirange, '{[2024-01-01,2024-01-05],(2024-01-05,2024-01-07]}'::datemultirange, '{[1.0,2),(2,3]}'::nummultirange
  int4multirange, int4multirange, int4multirange, int4multirange, datemultirange, nummultirange: "{[1,7)}", "{}", "{[1,2)}", "{[1,3)}", "{[2024-01-01,2024-01-08)}", "{[1.0,2),(2,3]}"
'{[1,2)'::int4multirange
  !22P02
'[1,2)'::int4multirange
  !22P02
'{1}'::int4multirange
  !22P02
'{[1,2) [3,4)}'::int4multirange
  !22P02
'{[1,2)} x'::int4multirange
  !22P02
'{[1,2),}'::int4multirange
  !22P02
int4range(1,5), int4range(1,5,'[]'), int4range(NULL,5), int4range(1,NULL,'(]'), numrange(1.5,2.5), tsrange('2024-01-01','2024-01-02'), daterange('2024-01-01',NULL), tstzrange(NULL,NULL), int8range(5,5), int4range(1,1,'[]')
  int4range, int4range, int4range, int4range, numrange, tsrange, daterange, tstzrange, int8range, int4range: "[1,5)", "[1,6)", "(,5)", "[2,)", "[1.5,2.5)", "[\"2024-01-01 00:00:00\",\"2024-01-02 00:00:00\")", "[2024-01-01,)", "(,)", "empty", "[1,2)"
int4range(1,5,'x')
  !42601
int4range(1,5,NULL)
  !22000
int4range(5,1)
  !22000
int4multirange(), int4multirange(int4range(1,5)), int4multirange(int4range(1,5),int4range(3,9),int4range(20,21)), multirange(numrange(1,2)), int4range(1,3)::int4multirange
  int4multirange, int4multirange, int4multirange, nummultirange, int4multirange: "{}", "{[1,5)}", "{[1,9),[20,21)}", "{[1,2)}", "{[1,3)}"
int4range(1,10) @> 5, int4range(1,10) @> 10, int4range(1,10) @> int4range(2,3), int4range(1,10) @> 'empty'::int4range, 'empty'::int4range @> int4range(1,2), 5 <@ int4range(1,10), int4range(2,3) <@ int4range(1,10), numrange(1,5) @> 2.5, daterange('2024-01-01','2024-02-01') @> '2024-01-31'::date
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "f", "t", "t", "f", "t", "t", "t", "t"
int4range(1,10) @> '[2,3)', '[2,3)' <@ int4range(1,10)
  boolean, boolean: "t", "t"
int4range(1,10) @> '5'
  !22P02
numrange(1,5) @> 2
  !42883
int4range(1,5) && int4range(4,9), int4range(1,5) && int4range(5,9), int4range(1,5) << int4range(5,9), int4range(1,5) << int4range(4,9), int4range(5,9) >> int4range(1,5), int4range(1,5) -|- int4range(5,9), int4range(1,5) -|- int4range(6,9), numrange(1,2,'[]') -|- numrange(2,3,'()'), numrange(1,2,'[]') -|- numrange(2,3)
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "f", "t", "f", "t", "t", "f", "t", "f"
int4range(1,5) &< int4range(3,6), int4range(1,9) &< int4range(3,6), int4range(4,9) &> int4range(3,6), int4range(1,5) &> int4range(3,6), 'empty'::int4range && int4range(1,5), 'empty'::int4range << int4range(1,5), 'empty'::int4range -|- int4range(1,5), 'empty'::int4range &< int4range(1,5)
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "f", "t", "f", "f", "f", "f", "f"
int4range(1,5) + int4range(5,9), int4range(1,5) + int4range(3,9), int4range(1,5) * int4range(3,9), int4range(1,5) * int4range(6,9), int4range(1,5) - int4range(3,9), int4range(3,9) - int4range(1,5), int4range(1,5) - int4range(1,9), int4range(1,5) - int4range(7,9), numrange(1,5) - numrange(3,9), numrange(3,9) - numrange(1,5), 'empty'::int4range + int4range(1,2)
  int4range, int4range, int4range, int4range, int4range, int4range, int4range, int4range, numrange, numrange, int4range: "[1,9)", "[1,9)", "[3,5)", "empty", "[1,3)", "[5,9)", "empty", "[1,5)", "[1,3)", "[5,9)", "[1,2)"
int4range(1,5) + int4range(6,9)
  !22000
int4range(1,9) - int4range(3,5)
  !22000
'{[1,3),[5,9)}'::int4multirange @> 2, '{[1,3),[5,9)}'::int4multirange @> 3, '{[1,3),[5,9)}'::int4multirange @> int4range(6,8), '{[1,3),[5,9)}'::int4multirange @> int4range(2,6), '{[1,3),[5,9)}'::int4multirange @> '{[1,2),[6,7)}'::int4multirange, int4range(1,9) @> '{[1,3),[5,9)}'::int4multirange, 7 <@ '{[1,3),[5,9)}'::int4multirange, int4range(1,2) <@ '{[1,3)}'::int4multirange, '{}'::int4multirange <@ '{}'::int4multirange
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "f", "t", "f", "t", "t", "t", "t", "t"
'{[1,3),[5,9)}'::int4multirange && int4range(3,5), '{[1,3),[5,9)}'::int4multirange && int4range(3,6), int4range(3,5) && '{[1,3),[5,9)}'::int4multirange, '{[1,3)}'::int4multirange << int4range(3,5), int4range(1,2) << '{[3,5)}'::int4multirange, '{[3,5)}'::int4multirange >> '{[1,2)}'::int4multirange, '{[1,3),[5,9)}'::int4multirange -|- int4range(9,10), '{[1,3),[5,9)}'::int4multirange -|- int4range(3,5), '{[1,3)}'::int4multirange &< '{[2,5)}'::int4multirange, '{[1,3)}'::int4multirange &> '{[2,5)}'::int4multirange
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "f", "t", "f", "t", "t", "t", "t", "f", "t", "f"
'{[1,3),[5,9)}'::int4multirange + '{[3,5)}'::int4multirange, '{[1,9)}'::int4multirange - '{[3,5),[7,8)}'::int4multirange, '{[1,3),[5,9)}'::int4multirange * '{[2,6)}'::int4multirange, '{}'::int4multirange + '{[1,2)}'::int4multirange, '{[1.5,2.5]}'::nummultirange - '{[2,2]}'::nummultirange
  int4multirange, int4multirange, int4multirange, int4multirange, nummultirange: "{[1,9)}", "{[1,3),[5,7),[8,9)}", "{[2,3),[5,6)}", "{[1,2)}", "{[1.5,2),(2,2.5]}"
lower(int4range(1,5)), upper(int4range(1,5)), lower('empty'::int4range), lower('(,5)'::int4range), upper(daterange('2024-01-01','2024-01-31','[]')), lower('{[1,3),[5,9)}'::int4multirange), upper('{[1,3),[5,9)}'::int4multirange), lower('{}'::nummultirange), lower('ABC'), upper('abc')
  integer, integer, integer, integer, date, integer, integer, numeric, text, text: "1", "5", NULL, NULL, "2024-02-01", "1", "9", NULL, "abc", "ABC"
isempty(int4range(1,1)), isempty(int4range(1,2)), lower_inc(int4range(1,2)), upper_inc(numrange(1,2,'[]')), lower_inf('(,1)'::int4range), upper_inf('[1,)'::int4range), upper_inf('[1,infinity]'::daterange), lower_inc('empty'::int4range), isempty('{}'::int4multirange), upper_inf('{[1,2),[3,)}'::int4multirange), lower_inc('{}'::int4multirange)
  !22007
range_merge(int4range(1,2), int4range(8,9)), range_merge('{[1,2),[8,9)}'::int4multirange), range_merge('{}'::int4multirange), range_merge('empty'::int4range, int4range(8,9))
  int4range, int4range, int4range, int4range: "[1,9)", "[1,9)", "empty", "[8,9)"
int4range(1,5) = int4range(1,4,'[]'), numrange(1,2) = numrange(1.0,2.00), int4range(1,5) < int4range(1,6), 'empty'::int4range < int4range(1,2), '(,1)'::int4range < int4range(1,2), '[1,)'::int4range > '[1,5)'::int4range, numrange(1,2,'()') > numrange(1,2,'[)'), numrange(1,2,'[]') > numrange(1,2,'[)'), '{[1,2)}'::int4multirange < '{[1,2),[5,6)}'::int4multirange, '{[1,3)}'::int4multirange > '{[1,2),[5,6)}'::int4multirange
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "t", "t", "t", "t", "t", "t", "t", "t", "t"
int4range(1,5) = int8range(1,5)
  !42883
int4range(1,5) + 1
  !42883
ARRAY[int4range(1,5), NULL, 'empty'], '{"[1,5)","(,)"}'::int4range[], ARRAY['{[1,2)}'::int4multirange], int4range(1,2) = ANY (ARRAY[int4range(1,2)])
  int4range[], int4range[], int4multirange[], boolean: "{\"[1,5)\",NULL,empty}", "{\"[1,5)\",\"(,)\"}", "{\"{[1,2)}\"}", "t"
pg_typeof(int4range(1,2))::text, pg_typeof(lower(tstzrange(now(), NULL)))::text, pg_typeof(multirange(tsrange(NULL,NULL)))::text, pg_typeof(ARRAY[int4range(1,2)])::text
  text, text, text, text: "int4range", "timestamp with time zone", "tsmultirange", "int4range[]"
int4range(1,5)::text, '[1,5)'::text::int4range, to_json(int4range(1,5)), to_jsonb(daterange('2024-01-01',NULL)), coalesce(NULL, int4range(1,2)), greatest(int4range(1,2), int4range(1,3)), nullif(int4range(1,2), int4range(1,2)), int4range(1,2)::varchar(3)
  text, int4range, json, jsonb, int4range, int4range, int4range, character varying: "[1,5)", "[1,5)", "\"[1,5)\"", "\"[2024-01-01,)\"", "[1,2)", "[1,3)", NULL, "[1,"
int4range(1,5)::int8range
  !42846
int4range(1,5)::int
  !42846
SELECT range_agg(r), range_intersect_agg(r), count(DISTINCT r), array_agg(r ORDER BY r DESC) FROM (VALUES (int4range(1,5)), (int4range(3,9)), (NULL), (int4range(3,9)), (int4range(20,21))) v(r)
  int4multirange, int4range, bigint, int4range[]: "{[1,9),[20,21)}", "empty", "3", "{NULL,\"[20,21)\",\"[3,9)\",\"[3,9)\",\"[1,5)\"}"
SELECT range_agg(r), range_intersect_agg(r) FROM (VALUES (int4range(1,5)), (int4range(3,9)), ('[4,4]')) v(r)
  int4multirange, int4range: "{[1,9)}", "[4,5)"
SELECT range_agg(r), range_intersect_agg(r) FROM (SELECT int4range(1,2) r WHERE false) x
  int4multirange, int4range: NULL, NULL
SELECT range_agg(r), range_intersect_agg(r) FROM (VALUES ('{[1,5),[8,10)}'::int4multirange), ('{[3,9)}')) v(r)
  int4multirange, int4multirange: "{[1,10)}", "{[3,5),[8,9)}"
SELECT * FROM unnest('{[1,2),[5,9)}'::int4multirange) AS u
  int4range: "[1,2)" | "[5,9)"
SELECT unnest('{[1.5,2),[5,9)}'::nummultirange), 1
  numrange, integer: "[1.5,2)", "1" | "[5,9)", "1"
SELECT r FROM (VALUES (int4range(1,5)), ('empty'), (int4range(1,2)), ('(,3)'), ('[2,)'), (NULL), ('[0,9]')) v(r) ORDER BY r
  int4range: "empty" | "(,3)" | "[0,10)" | "[1,2)" | "[1,5)" | "[2,)" | NULL
SELECT r, count(*) FROM (VALUES (numrange(1,2)), (numrange(1.0,2)), ('empty'), ('empty'), (NULL)) v(r) GROUP BY r ORDER BY r
  numrange, bigint: "empty", "2" | "[1,2)", "2" | NULL, "1"
= CREATE TABLE booking (id int PRIMARY KEY, room int, during tstzrange NOT NULL, days daterange, slots int4multirange, price numrange DEFAULT '[0,10)', UNIQUE (room, during))
= INSERT INTO booking (id, room, during, days, slots) VALUES (1, 1, '[2024-01-01 10:00+00,2024-01-01 12:00+00)', '[2024-01-01,2024-01-03]', '{[1,3),[5,6)}'), (2, 1, '[2024-01-01 12:00+00,2024-01-01 13:00+00)', NULL, '{}'), (3, 2, '(,)', 'empty', NULL)
INSERT INTO booking (id, room, during) VALUES (4, 1, '[2024-01-01 10:00+00,2024-01-01 12:00+00)')
  !23505
INSERT INTO booking (id, room, during) VALUES (5, 1, 'x')
  !22P02
SELECT * FROM booking ORDER BY id
  integer, integer, tstzrange, daterange, int4multirange, numrange: "1", "1", "[\"2024-01-01 10:00:00+00\",\"2024-01-01 12:00:00+00\")", "[2024-01-01,2024-01-04)", "{[1,3),[5,6)}", "[0,10)" | "2", "1", "[\"2024-01-01 12:00:00+00\",\"2024-01-01 13:00:00+00\")", NULL, "{}", "[0,10)" | "3", "2", "(,)", "empty", NULL, "[0,10)"
SELECT id FROM booking WHERE during @> '2024-01-01 10:30+00'::timestamptz ORDER BY id
  integer: "1" | "3"
SELECT id FROM booking WHERE during && '[2024-01-01 11:00+00,2024-01-01 12:30+00)' ORDER BY id
  integer: "1" | "2" | "3"
SELECT id FROM booking WHERE during = '[2024-01-01 12:00+00,2024-01-01 13:00+00)' AND room = 1
  integer: "2"
SELECT id FROM booking WHERE room = 1 AND during > '[2024-01-01 10:00+00,2024-01-01 12:00+00)' ORDER BY during
  integer: "2"
SELECT a.id, b.id FROM booking a JOIN booking b ON a.during = b.during AND a.id <= b.id ORDER BY 1, 2
  integer, integer: "1", "1" | "2", "2" | "3", "3"
UPDATE booking SET during = tstzrange(lower(during), upper(during) + '1 hour'), price = numrange(1, 2.50) WHERE id = 2 RETURNING during, price
  tstzrange, numrange: "[\"2024-01-01 12:00:00+00\",\"2024-01-01 14:00:00+00\")", "[1,2.50)"
= CREATE INDEX ON booking (price, slots)
SELECT id FROM booking WHERE price = '[1,2.5)'
  integer: "2"
SELECT id, price FROM booking ORDER BY price DESC, slots NULLS FIRST, id
  integer, numrange: "2", "[1,2.50)" | "3", "[0,10)" | "1", "[0,10)"
= CREATE TABLE span (r numrange PRIMARY KEY, m datemultirange)
= INSERT INTO span VALUES ('[1.50,2)', '{[2024-01-01,2024-01-02)}'), ('empty', NULL), ('(,1)', '{}')
INSERT INTO span VALUES ('[1.5,2.0)', NULL)
  !23505
SELECT * FROM span ORDER BY r
  numrange, datemultirange: "empty", NULL | "(,1)", "{}" | "[1.50,2)", "{[2024-01-01,2024-01-02)}"
DELETE FROM span WHERE r = '[1.5,2.00)' RETURNING r
  numrange: "[1.50,2)"
SELECT json_build_object('r', int4range(1,2)), row_to_json(ROW(int4range(1,2)))
  json, json: "{\"r\" : \"[1,2)\"}", "{\"f1\":\"[1,2)\"}"
= CREATE INDEX ON span (m DESC, r DESC)
= INSERT INTO span SELECT numrange(i, i + 1.50), datemultirange(daterange('2024-01-01', '2024-01-01'::date + i)) FROM generate_series(10, 60) i
SELECT r, m FROM span WHERE m = datemultirange(daterange('2024-01-01', '2024-01-21'))
  numrange, datemultirange: "[20,21.50)", "{[2024-01-01,2024-01-21)}"
SELECT count(*), min(lower(r)), max(upper(m)) FROM span WHERE r BETWEEN '[20,21)' AND '[30,40)'
  bigint, numeric, date: "11", "20", "2024-01-31"
SELECT r FROM span ORDER BY m DESC NULLS LAST, r LIMIT 2
  numrange: "[60,61.50)" | "[59,60.50)"
SELECT count(*) FROM span a JOIN span b USING (m) WHERE a.r && b.r
  bigint: "52"
= ANALYZE span
= ANALYZE booking
SELECT count(*) FROM span WHERE r > '[30,31)'
  bigint: "31"
SELECT a.r FROM span a JOIN span b ON a.r = b.r WHERE a.r < '[12,13)' ORDER BY 1
  numrange: "empty" | "(,1)" | "[10,11.50)" | "[11,12.50)"
SELECT r FROM span EXCEPT SELECT r FROM span WHERE lower(r) > 11 ORDER BY 1
  numrange: "empty" | "(,1)" | "[10,11.50)" | "[11,12.50)"
SELECT DISTINCT upper(m) - lower(m) AS d FROM span WHERE m <> '{}' ORDER BY d DESC LIMIT 3
  integer: "60" | "59" | "58"
SELECT row_number() OVER (PARTITION BY r && '[20,22)' ORDER BY r) n, r FROM span ORDER BY n, r LIMIT 4
  bigint, numrange: "1", "empty" | "1", "[19,20.50)" | "2", "(,1)" | "2", "[20,21.50)"
