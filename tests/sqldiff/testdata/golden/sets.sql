SELECT generate_series(1,3), generate_series(10,11)
  integer, integer: "1", "10" | "2", "11" | "3", NULL
SELECT generate_series(1,3)+1, generate_series(10,11)*2
  integer, integer: "2", "20" | "3", "22" | "4", NULL
SELECT generate_series(1, generate_series(1,3)), generate_series(5,7)
  integer, integer: "1", "5" | "1", "6" | "2", "6" | "1", "7" | "2", "7" | "3", "7"
SELECT abs(generate_series(-2,0)) AS a, 'x' || generate_series(1,2)
  integer, text: "2", "x1" | "1", "x2" | "0", NULL
SELECT generate_series(1,3) g, count(*) FROM (VALUES (1),(2)) v(x) GROUP BY g ORDER BY g
  integer, bigint: "1", "2" | "2", "2" | "3", "2"
SELECT generate_series(1,2), count(*) FROM (VALUES (1),(2)) v(x) GROUP BY 1 ORDER BY 1
  integer, bigint: "1", "2" | "2", "2"
SELECT x, generate_series(1, count(*)) FROM (VALUES (1),(1),(2)) v(x) GROUP BY x ORDER BY 1,2
  integer, bigint: "1", "1" | "1", "2" | "2", "1"
SELECT CASE WHEN true THEN generate_series(1,3) END
  !0A000
SELECT coalesce(generate_series(1,3), 2)
  !0A000
SELECT sum(generate_series(1,3))
  !0A000
SELECT rank() OVER (ORDER BY x), generate_series(1,2) FROM (VALUES (1),(2)) v(x) ORDER BY 1,2
  bigint, integer: "1", "1" | "1", "2" | "2", "1" | "2", "2"
SELECT lag(generate_series(1,3)) OVER ()
  !0A000
SELECT 1 WHERE generate_series(1,3) = 1
  !0A000
SELECT * FROM abs(generate_series(1,3))
  !0A000
SELECT * FROM generate_series(1, generate_series(1,3))
  !0A000
SELECT (json_each('{"a":1,"b":2}')).*
  text, json: "a", "1" | "b", "2"
SELECT (json_each('{"a":1,"b":2}')).key
  text: "a" | "b"
SELECT (json_each('{"a":1,"b":2}')).key, generate_series(1,3)
  text, integer: "a", "1" | "b", "2" | NULL, "3"
SELECT json_each('{"a":1,"b":2}'), generate_series(1,3)
  record, integer: "(a,1)", "1" | "(b,2)", "2" | NULL, "3"
SELECT * FROM ROWS FROM (generate_series(1,3), json_each('{"a":1,"b":2}'), unnest(ARRAY['x'])) WITH ORDINALITY
  integer, text, json, text, bigint: "1", "a", "1", "x", "1" | "2", "b", "2", NULL, "2" | "3", NULL, NULL, NULL, "3"
SELECT * FROM ROWS FROM (generate_series(1,3), json_each('{"a":1,"b":2}'), unnest(ARRAY['x'])) WITH ORDINALITY AS f(a,b,c,d)
  integer, text, json, text, bigint: "1", "a", "1", "x", "1" | "2", "b", "2", NULL, "2" | "3", NULL, NULL, NULL, "3"
SELECT * FROM unnest(ARRAY[1,2,3], ARRAY['a','b']) AS u(n, t)
  integer, text: "1", "a" | "2", "b" | "3", NULL
SELECT * FROM unnest(ARRAY[1,2,3], ARRAY['a','b']) WITH ORDINALITY
  integer, text, bigint: "1", "a", "1" | "2", "b", "2" | "3", NULL, "3"
SELECT * FROM json_array_elements('[1,2]') x
  json: "1" | "2"
SELECT x FROM json_array_elements('[1,2]') x
  json: "1" | "2"
SELECT * FROM generate_series(1,2) x
  integer: "1" | "2"
SELECT DISTINCT generate_series(1,3) % 2 AS m ORDER BY m
  integer: "0" | "1"
SELECT x FROM (VALUES (1),(2)) v(x) ORDER BY x, generate_series(1,2)
  integer: "1" | "1" | "2" | "2"
SELECT generate_series(1,3) ORDER BY 1 DESC LIMIT 2
  integer: "3" | "2"
SELECT generate_series(1,0), 1
  integer, integer
SELECT generate_series(1,2) IN (SELECT 2)
  !42804
SELECT ARRAY(SELECT generate_series(1,3) * 2)
  integer[]: "{2,4,6}"
SELECT (SELECT generate_series(1,1) + x) FROM (VALUES (1),(2)) v(x) ORDER BY 1
  integer: "2" | "3"
SELECT x FROM (VALUES (1),(2)) v(x) WHERE EXISTS (SELECT generate_series(2, x)) ORDER BY 1
  integer: "2"
SELECT unnest(ARRAY[1,2]) || '-' || unnest(ARRAY['a','b','c'])
  text: "1-a" | "2-b" | NULL
SELECT generate_series(1,2) LIMIT generate_series(1,2)
  !0A000
SELECT max(x) + generate_series(1,2) FROM (VALUES (1),(2)) v(x)
  integer: "3" | "4"
SELECT generate_series(1,2) FROM (VALUES (1),(2)) v(x) HAVING generate_series(1,2) > 1
  !0A000
VALUES (generate_series(1,3))
  !0A000
SELECT upper(string_to_table('a,b', ','))
  text: "A" | "B"
SELECT regexp_matches('foobarbequebaz', 'ba.', 'g'), 1
  text[], integer: "{bar}", "1" | "{baz}", "1"
SELECT generate_series(1,3) FOR UPDATE
  !0A000
SELECT greatest(generate_series(1,3), 2)
  integer: "2" | "2" | "3"
SELECT nullif(generate_series(1,3), 2)
  integer: "1" | NULL | "3"
SELECT ROW(generate_series(1,2), 5)
  record: "(1,5)" | "(2,5)"
SELECT ARRAY[generate_series(1,2), 5]
  integer[]: "{1,5}" | "{2,5}"
SELECT (generate_series(1,2)).*
  !42809
SELECT (generate_series(1,2)).x
  !42809
SELECT (json_each('{"a":1}')).nope
  !42703
SELECT id, generate_series(1,2) g FROM generate_series(1,2) id GROUP BY id, g ORDER BY 1,2
  integer, integer: "1", "1" | "1", "2" | "2", "1" | "2", "2"
SELECT generate_series(1,2) + 1 AS h FROM (VALUES (1)) v(x) GROUP BY generate_series(1,2)
  integer: "2" | "3"
SELECT count(*) FROM (SELECT generate_series(1,3), generate_series(1,5)) s
  bigint: "5"
SELECT generate_series(1,3) BETWEEN 2 AND 3
  !42804
SELECT (generate_series(1,3) > 1)::text, generate_series(1,3) IS NULL
  text, boolean: "false", "f" | "true", "f" | "true", "f"
SELECT * FROM (VALUES (2),(3)) v(x), ROWS FROM (generate_series(1,x), generate_series(1,2)) WITH ORDINALITY AS r(a,b,o) ORDER BY 1,4
  integer, integer, integer, bigint: "2", "1", "1", "1" | "2", "2", "2", "2" | "3", "1", "1", "1" | "3", "2", "2", "2" | "3", "3", NULL, "3"
SELECT x, y FROM (VALUES (1),(2)) v(x) CROSS JOIN LATERAL unnest(ARRAY[x, x*10], ARRAY['q']) AS u(y, z) ORDER BY 1, 2
  integer, integer: "1", "1" | "1", "10" | "2", "2" | "2", "20"
SELECT * FROM ROWS FROM (abs(-1), generate_series(1,2)) AS r
  integer, integer: "1", "1" | NULL, "2"
SELECT DISTINCT ON (g % 2) g FROM (SELECT generate_series(1,4) g) s ORDER BY g % 2, g
  integer: "2" | "1"
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT generate_series(n+1, n+2) FROM t WHERE n < 3) SELECT n, count(*) FROM t GROUP BY n ORDER BY n
  integer, bigint: "1", "1" | "2", "1" | "3", "2" | "4", "1"
SELECT generate_series(1,2) UNION SELECT generate_series(2,3) ORDER BY 1
  integer: "1" | "2" | "3"
SELECT jsonb_array_elements(jsonb_array_elements('[[1,2],[3]]'))
  jsonb: "1" | "2" | "3"
SELECT jsonb_array_elements_text('["a","b"]'::jsonb) || '!'
  text: "a!" | "b!"
SELECT j ->> 'a' FROM json_array_elements('[{"a":1},{"a":2}]') AS j
  text: "1" | "2"
SELECT n + 1, o FROM generate_series(1,2) WITH ORDINALITY AS n(n, o)
  integer, bigint: "2", "1" | "3", "2"
SELECT generate_series(1,2) = ANY (ARRAY[2,3])
  boolean: "f" | "t"
SELECT generate_series(1,2) IN (2, 3)
  boolean: "f" | "t"
SELECT (generate_series(1,2) > 1) AND true
  !42804
SELECT NOT (generate_series(1,2) > 1)
  !42804
SELECT count(*) OVER (), generate_series(1, x) FROM (VALUES (1),(2)) v(x)
  bigint, integer: "2", "1" | "2", "1" | "2", "2"
SELECT sum(x) OVER (ORDER BY generate_series(1, 2)) FROM (VALUES (1),(2)) v(x)
  bigint: "3" | "3" | "6" | "6"
~ !0A000
SELECT x, generate_series(1,3) FROM (VALUES (1),(2)) v(x) ORDER BY 1 DESC, 2 LIMIT 4 OFFSET 1
  integer, integer: "2", "2" | "2", "3" | "1", "1" | "1", "2"
SELECT string_to_table('a,b,c', ','), generate_subscripts(ARRAY[7,8], 1), now() IS NOT NULL
  text, integer, boolean: "a", "1", "t" | "b", "2", "t" | "c", NULL, "t"
SELECT generate_series(1,2) INTERSECT SELECT generate_series(2,5)
  integer: "2"
