'$'::jsonpath
  jsonpath: "$"
'strict $'::jsonpath
  jsonpath: "strict $"
'lax $'::jsonpath
  jsonpath: "$"
''::jsonpath
  !22P02
'$a'::jsonpath
  jsonpath: "$\"a\""
'$.a'::jsonpath
  jsonpath: "$.\"a\""
'$.a.v'::jsonpath
  jsonpath: "$.\"a\".\"v\""
'$.a.*'::jsonpath
  jsonpath: "$.\"a\".*"
'$.*[*]'::jsonpath
  jsonpath: "$.*[*]"
'$.a[*]'::jsonpath
  jsonpath: "$.\"a\"[*]"
'$.a[*][*]'::jsonpath
  jsonpath: "$.\"a\"[*][*]"
'$[*]'::jsonpath
  jsonpath: "$[*]"
'$[0]'::jsonpath
  jsonpath: "$[0]"
'$[*][0]'::jsonpath
  jsonpath: "$[*][0]"
'$[*].a[0, 1 to 2].b'::jsonpath
  jsonpath: "$[*].\"a\"[0,1 to 2].\"b\""
'$[$[0] ? (@ > 1) to last]'::jsonpath
  jsonpath: "$[$[0]?(@ > 1) to last]"
'$.**'::jsonpath
  jsonpath: "$.**"
'$.**{2}.b'::jsonpath
  jsonpath: "$.**{2}.\"b\""
'$.**{2 to 5}.b'::jsonpath
  jsonpath: "$.**{2 to 5}.\"b\""
'$.**{last}.b'::jsonpath
  jsonpath: "$.**{last}.\"b\""
'$.**{last to 5}.b'::jsonpath
  jsonpath: "$.**{last to 5}.\"b\""
'$.**{2 to last}.b'::jsonpath
  jsonpath: "$.**{2 to last}.\"b\""
'$+1'::jsonpath
  jsonpath: "($ + 1)"
'$-1'::jsonpath
  jsonpath: "($ - 1)"
'$--+1'::jsonpath
  jsonpath: "($ - -1)"
'$.a/+-1'::jsonpath
  jsonpath: "($.\"a\" / -1)"
'1 * 2 + 4 % -3 != false'::jsonpath
  jsonpath: "(1 * 2 + 4 % -3 != false)"
'"\b\f\r\n\t\v\"\''\\"'::jsonpath
  jsonpath: "\"\\b\\f\\r\\n\\t\\u000b\\\"'\\\\\""
'"\x50\u0067\u{53}\u{051}\u{00004C}"'::jsonpath
  jsonpath: "\"PgSQL\""
'$.foo\x50\u0067\u{53}\u{051}\u{00004C}\t\"bar'::jsonpath
  jsonpath: "$.\"fooPgSQL\\t\\\"bar\""
'"\z"'::jsonpath
  jsonpath: "\"z\""
'$.g ? ($.a == 1)'::jsonpath
  jsonpath: "$.\"g\"?($.\"a\" == 1)"
'$.g ? (@ == 1)'::jsonpath
  jsonpath: "$.\"g\"?(@ == 1)"
'$.g ? (@.a == 1)'::jsonpath
  jsonpath: "$.\"g\"?(@.\"a\" == 1)"
'$.g ? (@.a == 1 || @.a == 4 && @.b == 7)'::jsonpath
  jsonpath: "$.\"g\"?(@.\"a\" == 1 || @.\"a\" == 4 && @.\"b\" == 7)"
'$.g ? (@.a == 1 || !(@.a == 4))'::jsonpath
  jsonpath: "$.\"g\"?(@.\"a\" == 1 || !(@.\"a\" == 4))"
'$.g ? (@.a == 1 || !(@.x >= 123 || @.a == 4) && @.b == 7)'::jsonpath
  jsonpath: "$.\"g\"?(@.\"a\" == 1 || !(@.\"x\" >= 123 || @.\"a\" == 4) && @.\"b\" == 7)"
'$.g ? (.a == 1)'::jsonpath
  !42601
'$.g ? (@.x >= @[*]?(@.a > "abc"))'::jsonpath
  jsonpath: "$.\"g\"?(@.\"x\" >= @[*]?(@.\"a\" > \"abc\"))"
'$.g ? ((@.x >= 123 || @.a == 4) is unknown)'::jsonpath
  jsonpath: "$.\"g\"?((@.\"x\" >= 123 || @.\"a\" == 4) is unknown)"
'$.g ? (exists (@.x))'::jsonpath
  jsonpath: "$.\"g\"?(exists (@.\"x\"))"
'$.g ? (exists (@.x ? (@ == 14)))'::jsonpath
  jsonpath: "$.\"g\"?(exists (@.\"x\"?(@ == 14)))"
'$.g ? ((@.x >= 123 || @.a == 4) && exists (@.x ? (@ == 14)))'::jsonpath
  jsonpath: "$.\"g\"?((@.\"x\" >= 123 || @.\"a\" == 4) && exists (@.\"x\"?(@ == 14)))"
'$.g ? (+@.x >= +-(+@.a + 2))'::jsonpath
  jsonpath: "$.\"g\"?(+@.\"x\" >= +(-(+@.\"a\" + 2)))"
'$a[*]'::jsonpath
  jsonpath: "$\"a\"[*]"
'$.g ? (@.zip == $zip)'::jsonpath
  jsonpath: "$.\"g\"?(@.\"zip\" == $\"zip\")"
'$.a[1,2, 3 to 16]'::jsonpath
  jsonpath: "$.\"a\"[1,2,3 to 16]"
'$.a[$a + 1, ($b[*]) to -($[0] * 2)]'::jsonpath
  jsonpath: "$.\"a\"[$\"a\" + 1,$\"b\"[*] to -($[0] * 2)]"
'$.a[$.a.size() - 3]'::jsonpath
  jsonpath: "$.\"a\"[$.\"a\".size() - 3]"
'last'::jsonpath
  !42601
'"last"'::jsonpath
  jsonpath: "\"last\""
'$.last'::jsonpath
  jsonpath: "$.\"last\""
'$ ? (last > 0)'::jsonpath
  !42601
'$[last]'::jsonpath
  jsonpath: "$[last]"
'$[$[0] ? (last > 0)]'::jsonpath
  jsonpath: "$[$[0]?(last > 0)]"
'null.type()'::jsonpath
  jsonpath: "null.type()"
'1.type()'::jsonpath
  !42601
'(1).type()'::jsonpath
  jsonpath: "(1).type()"
'1.2.type()'::jsonpath
  jsonpath: "(1.2).type()"
'"aaa".type()'::jsonpath
  jsonpath: "\"aaa\".type()"
'true.type()'::jsonpath
  jsonpath: "true.type()"
'$.double().floor().ceiling().abs()'::jsonpath
  jsonpath: "$.double().floor().ceiling().abs()"
'$.keyvalue().key'::jsonpath
  jsonpath: "$.keyvalue().\"key\""
'$.datetime()'::jsonpath
  jsonpath: "$.datetime()"
'$.datetime("datetime template")'::jsonpath
  jsonpath: "$.datetime(\"datetime template\")"
'$ ? (@ starts with "abc")'::jsonpath
  jsonpath: "$?(@ starts with \"abc\")"
'$ ? (@ starts with $var)'::jsonpath
  jsonpath: "$?(@ starts with $\"var\")"
'$ ? (@ like_regex "(invalid pattern")'::jsonpath
  !2201B
'$ ? (@ like_regex "pattern")'::jsonpath
  jsonpath: "$?(@ like_regex \"pattern\")"
'$ ? (@ like_regex "pattern" flag "")'::jsonpath
  jsonpath: "$?(@ like_regex \"pattern\")"
'$ ? (@ like_regex "pattern" flag "i")'::jsonpath
  jsonpath: "$?(@ like_regex \"pattern\" flag \"i\")"
'$ ? (@ like_regex "pattern" flag "is")'::jsonpath
  jsonpath: "$?(@ like_regex \"pattern\" flag \"is\")"
'$ ? (@ like_regex "pattern" flag "isim")'::jsonpath
  jsonpath: "$?(@ like_regex \"pattern\" flag \"ism\")"
'$ ? (@ like_regex "pattern" flag "xsms")'::jsonpath
  !0A000
'$ ? (@ like_regex "pattern" flag "q")'::jsonpath
  jsonpath: "$?(@ like_regex \"pattern\" flag \"q\")"
'$ ? (@ like_regex "pattern" flag "iq")'::jsonpath
  jsonpath: "$?(@ like_regex \"pattern\" flag \"iq\")"
'$ ? (@ like_regex "pattern" flag "smixq")'::jsonpath
  jsonpath: "$?(@ like_regex \"pattern\" flag \"ismxq\")"
'$ ? (@ like_regex "pattern" flag "a")'::jsonpath
  !42601
'$ < 1'::jsonpath
  jsonpath: "($ < 1)"
'($ < 1) || $.a.b <= $x'::jsonpath
  jsonpath: "($ < 1 || $.\"a\".\"b\" <= $\"x\")"
'@ + 1'::jsonpath
  !42601
'($).a.b'::jsonpath
  jsonpath: "$.\"a\".\"b\""
'($.a.b).c.d'::jsonpath
  jsonpath: "$.\"a\".\"b\".\"c\".\"d\""
'($.a.b + -$.x.y).c.d'::jsonpath
  jsonpath: "($.\"a\".\"b\" + -$.\"x\".\"y\").\"c\".\"d\""
'(-+$.a.b).c.d'::jsonpath
  jsonpath: "(-(+$.\"a\".\"b\")).\"c\".\"d\""
'1 + ($.a.b + 2).c.d'::jsonpath
  jsonpath: "(1 + ($.\"a\".\"b\" + 2).\"c\".\"d\")"
'1 + ($.a.b > 2).c.d'::jsonpath
  jsonpath: "(1 + ($.\"a\".\"b\" > 2).\"c\".\"d\")"
'($)'::jsonpath
  jsonpath: "$"
'(($))'::jsonpath
  jsonpath: "$"
'((($ + 1)).a + ((2)).b ? ((((@ > 1)) || (exists(@.c)))))'::jsonpath
  jsonpath: "(($ + 1).\"a\" + (2).\"b\"?(@ > 1 || exists (@.\"c\")))"
'$ ? (@.a < 1)'::jsonpath
  jsonpath: "$?(@.\"a\" < 1)"
'$ ? (@.a < -1)'::jsonpath
  jsonpath: "$?(@.\"a\" < -1)"
'$ ? (@.a < +1)'::jsonpath
  jsonpath: "$?(@.\"a\" < 1)"
'$ ? (@.a < .1)'::jsonpath
  jsonpath: "$?(@.\"a\" < 0.1)"
'$ ? (@.a < -.1)'::jsonpath
  jsonpath: "$?(@.\"a\" < -0.1)"
'$ ? (@.a < 0.1)'::jsonpath
  jsonpath: "$?(@.\"a\" < 0.1)"
'$ ? (@.a < -10.1)'::jsonpath
  jsonpath: "$?(@.\"a\" < -10.1)"
'$ ? (@.a < 1e1)'::jsonpath
  jsonpath: "$?(@.\"a\" < 10)"
'$ ? (@.a < .1e1)'::jsonpath
  jsonpath: "$?(@.\"a\" < 1)"
'$ ? (@.a < 0.1e-1)'::jsonpath
  jsonpath: "$?(@.\"a\" < 0.01)"
'$ ? (@.a < 10.1e+1)'::jsonpath
  jsonpath: "$?(@.\"a\" < 101)"
'0'::jsonpath
  jsonpath: "0"
'00'::jsonpath
  !42601
'0755'::jsonpath
  !42601
'0.0'::jsonpath
  jsonpath: "0.0"
'0.000'::jsonpath
  jsonpath: "0.000"
'0.0010e2'::jsonpath
  jsonpath: "0.10"
'1e'::jsonpath
  !42601
'1.e'::jsonpath
  !42601
'1.2e3a'::jsonpath
  !42601
'1.2e3'::jsonpath
  jsonpath: "1200"
'1a'::jsonpath
  !42601
'1.a'::jsonpath
  !42601
'(1.2).e'::jsonpath
  jsonpath: "(1.2).\"e\""
'1..e'::jsonpath
  jsonpath: "(1).\"e\""
'(1.).e3'::jsonpath
  jsonpath: "(1).\"e3\""
'1?(2>3)'::jsonpath
  jsonpath: "(1)?(2 > 3)"
'$.a /* comment */ .b'::jsonpath
  jsonpath: "$.\"a\".\"b\""
'$ /* unfinished'::jsonpath
  !42601
'$."a b".c'::jsonpath
  jsonpath: "$.\"a b\".\"c\""
'$.true.false.null.is.to.exists'::jsonpath
  jsonpath: "$.\"true\".\"false\".\"null\".\"is\".\"to\".\"exists\""
'$.type'::jsonpath
  jsonpath: "$.\"type\""
'$ . a [ * ]'::jsonpath
  jsonpath: "$.\"a\"[*]"
'TRUE'::jsonpath
  !42601
'$ ? (EXISTS(@.a))'::jsonpath
  jsonpath: "$?(exists (@.\"a\"))"
'STRICT $'::jsonpath
  jsonpath: "strict $"
'$ ? (@ == true && @ != null)'::jsonpath
  jsonpath: "$?(@ == true && @ != null)"
'$ ? (@ = 1 && @ <> 2)'::jsonpath
  !42601
'$ ? (!@.a)'::jsonpath
  !42601
'!(1 == 1)'::jsonpath
  jsonpath: "!(1 == 1)"
'!!(1 == 1)'::jsonpath
  !42601
'$ ? (@.a)'::jsonpath
  !42601
'(1 == 1) + 2'::jsonpath
  !42601
'1 == 1 == 1'::jsonpath
  !42601
'$[1 == 1]'::jsonpath
  !42601
'$.abs(1)'::jsonpath
  !42601
'$.nosuch()'::jsonpath
  !42601
'$.**{-1}'::jsonpath
  !42601
'$.**{9999999999}'::jsonpath
  !22003
'$[]'::jsonpath
  !42601
'$.'::jsonpath
  !42601
'$..a'::jsonpath
  !42601
'$"a b"'::jsonpath
  jsonpath: "$\"a b\""
'$ab$c'::jsonpath
  !42601
'abc'::jsonpath
  !42601
'"unfinished'::jsonpath
  !42601
jsonb '{"a": 12}' @? '$'
  boolean: "t"
jsonb '{"a": 12}' @? '1'
  boolean: "t"
jsonb '{"a": 12}' @? '$.a.b'
  boolean: "f"
jsonb '{"a": 12}' @? '$.b'
  boolean: "f"
jsonb '{"a": 12}' @? '$.a + 2'
  boolean: "t"
jsonb '{"a": 12}' @? '$.b + 2'
  boolean: NULL
jsonb '{"a": {"a": 12}}' @? '$.a.a'
  boolean: "t"
jsonb '{"a": {"a": 12}}' @? '$.*.a'
  boolean: "t"
jsonb '{"b": {"a": 12}}' @? '$.*.b'
  boolean: "f"
jsonb '{"b": {"a": 12}}' @? 'strict $.*.b'
  boolean: NULL
jsonb '{}' @? '$.*'
  boolean: "f"
jsonb '{"a": 1}' @? '$.*'
  boolean: "t"
jsonb '{"a": {"b": 1}}' @? 'lax $.**{1}'
  boolean: "t"
jsonb '{"a": {"b": 1}}' @? 'lax $.**{2}'
  boolean: "t"
jsonb '{"a": {"b": 1}}' @? 'lax $.**{3}'
  boolean: "f"
jsonb '[]' @? '$[*]'
  boolean: "f"
jsonb '[1]' @? '$[*]'
  boolean: "t"
jsonb '[1]' @? '$[1]'
  boolean: "f"
jsonb '[1]' @? 'strict $[1]'
  boolean: NULL
jsonb_path_query('[1]', 'strict $[1]')
  !22033
jsonb_path_query('[1]', 'strict $[1]', silent => true)
  jsonb
jsonb '[1]' @? 'lax $[10000000000000000]'
  boolean: NULL
jsonb '[1]' @? 'strict $[10000000000000000]'
  boolean: NULL
jsonb_path_query('[1]', 'lax $[10000000000000000]')
  !22033
jsonb '[1]' @? '$[0]'
  boolean: "t"
jsonb '[1]' @? '$[0.3]'
  boolean: "t"
jsonb '[1]' @? '$[0.9]'
  boolean: "t"
jsonb '[1]' @? '$[1.2]'
  boolean: "f"
jsonb '{"a": [1,2,3], "b": [3,4,5]}' @? '$ ? (@.a[*] >  @.b[*])'
  boolean: "f"
jsonb '{"a": [1,2,3], "b": [3,4,5]}' @? '$ ? (@.a[*] >= @.b[*])'
  boolean: "t"
jsonb '{"a": [1,2,3], "b": [3,4,"5"]}' @? '$ ? (@.a[*] >= @.b[*])'
  boolean: "t"
jsonb '{"a": [1,2,3], "b": [3,4,"5"]}' @? 'strict $ ? (@.a[*] >= @.b[*])'
  boolean: "f"
jsonb '{"a": [1,2,3], "b": [3,4,null]}' @? '$ ? (@.a[*] >= @.b[*])'
  boolean: "t"
jsonb '1' @? '$ ? ((@ == "1") is unknown)'
  boolean: "t"
jsonb '1' @? '$ ? ((@ == 1) is unknown)'
  boolean: "f"
jsonb '[{"a": 1}, {"a": 2}]' @? '$[0 to 1] ? (@.a > 1)'
  boolean: "t"
jsonb_path_exists('[{"a": 1}, {"a": 2}, 3]', 'lax $[*].a', silent => false)
  boolean: "t"
jsonb_path_exists('[{"a": 1}, {"a": 2}, 3]', 'strict $[*].a', silent => false)
  !2203A
jsonb_path_exists('[{"a": 1}, {"a": 2}, 3]', 'strict $[*].a', silent => true)
  boolean: NULL
SELECT * FROM jsonb_path_query('1', 'lax $.a')
  jsonb
SELECT * FROM jsonb_path_query('1', 'strict $.a')
  !2203A
SELECT * FROM jsonb_path_query('1', 'strict $.*')
  !2203C
SELECT * FROM jsonb_path_query('[]', 'lax $.a')
  jsonb
SELECT * FROM jsonb_path_query('[]', 'strict $.a')
  !2203A
SELECT * FROM jsonb_path_query('{}', 'lax $.a')
  jsonb
SELECT * FROM jsonb_path_query('{}', 'strict $.a')
  !2203A
SELECT * FROM jsonb_path_query('1', 'strict $[1]')
  !22039
SELECT * FROM jsonb_path_query('1', 'strict $[*]')
  !22039
SELECT * FROM jsonb_path_query('[]', 'strict $[1]')
  !22033
SELECT * FROM jsonb_path_query('[]', 'strict $["a"]')
  !22033
SELECT * FROM jsonb_path_query('{"a": 12, "b": {"a": 13}}', '$.a')
  jsonb: "12"
SELECT * FROM jsonb_path_query('{"a": 12, "b": {"a": 13}}', '$.*')
  jsonb: "12" | "{\"a\": 13}"
SELECT * FROM jsonb_path_query('{"a": 12, "b": {"a": 13}}', 'lax $.*.a')
  jsonb: "13"
SELECT * FROM jsonb_path_query('[12, {"a": 13}, {"b": 14}]', 'lax $[*].a')
  jsonb: "13"
SELECT * FROM jsonb_path_query('[12, {"a": 13}, {"b": 14}]', 'lax $[0 to 10].a')
  jsonb: "13"
SELECT * FROM jsonb_path_query('[12, {"a": 13}, {"b": 14}]', 'lax $[0 to 10 / 0].a')
  !22012
SELECT * FROM jsonb_path_query('[12, {"a": 13}, {"b": 14}, "ccc", true]', '$[2.5 - 1 to $.size() - 2]')
  jsonb: "{\"a\": 13}" | "{\"b\": 14}" | "\"ccc\""
SELECT * FROM jsonb_path_query('1', 'lax $[0]')
  jsonb: "1"
SELECT * FROM jsonb_path_query('1', 'lax $[*]')
  jsonb: "1"
SELECT * FROM jsonb_path_query('[1]', 'lax $[0]')
  jsonb: "1"
SELECT * FROM jsonb_path_query('[1,2,3]', 'lax $[*]')
  jsonb: "1" | "2" | "3"
SELECT * FROM jsonb_path_query('[1,2,3]', 'strict $[*].a')
  !2203A
SELECT * FROM jsonb_path_query('[]', '$[last]')
  jsonb
SELECT * FROM jsonb_path_query('[]', '$[last ? (exists(last))]')
  jsonb
SELECT * FROM jsonb_path_query('[]', 'strict $[last]')
  !22033
SELECT * FROM jsonb_path_query('[1]', '$[last]')
  jsonb: "1"
SELECT * FROM jsonb_path_query('[1,2,3]', '$[last - 1]')
  jsonb: "2"
SELECT * FROM jsonb_path_query('[1,2,3]', '$[last ? (@.type() == "number")]')
  jsonb: "3"
SELECT * FROM jsonb_path_query('[1,2,3]', '$[last ? (@.type() == "string")]')
  !22033
SELECT * FROM jsonb_path_query('{"a": 10}', '$')
  jsonb: "{\"a\": 10}"
SELECT * FROM jsonb_path_query('{"a": 10}', '$ ? (@.a < $value)')
  !42704
SELECT * FROM jsonb_path_query('{"a": 10}', '$ ? (@.a < $value)', '1')
  !22023
SELECT * FROM jsonb_path_query('{"a": 10}', '$ ? (@.a < $value)', '[{"value" : 13}]')
  !22023
SELECT * FROM jsonb_path_query('{"a": 10}', '$ ? (@.a < $value)', '{"value" : 13}')
  jsonb: "{\"a\": 10}"
SELECT * FROM jsonb_path_query('{"a": 10}', '$ ? (@.a < $value)', '{"value" : 8}')
  jsonb
SELECT * FROM jsonb_path_query('{"a": 10}', '$.a ? (@ < $value)', '{"value" : 13}')
  jsonb: "10"
SELECT * FROM jsonb_path_query('[10,11,12,13,14,15]', '$[*] ? (@ < $value)', '{"value" : 13}')
  jsonb: "10" | "11" | "12"
SELECT * FROM jsonb_path_query('[10,11,12,13,14,15]', '$[0,1] ? (@ < $x.value)', '{"x": {"value" : 13}}')
  jsonb: "10" | "11"
SELECT * FROM jsonb_path_query('[10,11,12,13,14,15]', '$[0 to 2] ? (@ < $value)', '{"value" : 15}')
  jsonb: "10" | "11" | "12"
SELECT * FROM jsonb_path_query('[1,"1",2,"2",null]', '$[*] ? (@ == "1")')
  jsonb: "\"1\""
SELECT * FROM jsonb_path_query('[1,"1",2,"2",null]', '$[*] ? (@ == $value)', '{"value" : "1"}')
  jsonb: "\"1\""
SELECT * FROM jsonb_path_query('[1,"1",2,"2",null]', '$[*] ? (@ == $value)', '{"value" : null}')
  jsonb: "null"
SELECT * FROM jsonb_path_query('[1, "2", null]', '$[*] ? (@ != null)')
  jsonb: "1" | "\"2\""
SELECT * FROM jsonb_path_query('[1, "2", null]', '$[*] ? (@ == null)')
  jsonb: "null"
SELECT * FROM jsonb_path_query('{}', '$ ? (@ == @)')
  jsonb
SELECT * FROM jsonb_path_query('[]', 'strict $ ? (@ == @)')
  jsonb
SELECT * FROM jsonb_path_query('{"a": {"b": 1}}', 'lax $.**')
  jsonb: "{\"a\": {\"b\": 1}}" | "{\"b\": 1}" | "1"
SELECT * FROM jsonb_path_query('{"a": {"b": 1}}', 'lax $.**{0}')
  jsonb: "{\"a\": {\"b\": 1}}"
SELECT * FROM jsonb_path_query('{"a": {"b": 1}}', 'lax $.**{0 to last}')
  jsonb: "{\"a\": {\"b\": 1}}" | "{\"b\": 1}" | "1"
SELECT * FROM jsonb_path_query('{"a": {"b": 1}}', 'lax $.**{1}')
  jsonb: "{\"b\": 1}"
SELECT * FROM jsonb_path_query('{"a": {"b": 1}}', 'lax $.**{1 to last}')
  jsonb: "{\"b\": 1}" | "1"
SELECT * FROM jsonb_path_query('{"a": {"b": 1}}', 'lax $.**{2}')
  jsonb: "1"
SELECT * FROM jsonb_path_query('{"a": {"b": 1}}', 'lax $.**{last}')
  jsonb: "1"
SELECT * FROM jsonb_path_query('{"a": {"b": 1}}', 'lax $.**.b ? (@ > 0)')
  jsonb: "1"
SELECT * FROM jsonb_path_query('{"a": {"b": 1}}', 'lax $.**{0}.b ? (@ > 0)')
  jsonb
SELECT * FROM jsonb_path_query('{"a": {"c": {"b": 1}}}', 'lax $.**{1 to 2}.b ? (@ > 0)')
  jsonb: "1"
SELECT * FROM jsonb_path_query('{"g": {"x": 2}}', '$.g ? (exists (@.x))')
  jsonb: "{\"x\": 2}"
SELECT * FROM jsonb_path_query('{"g": {"x": 2}}', '$.g ? (exists (@.y))')
  jsonb
SELECT * FROM jsonb_path_query('{"g": [{"x": 2}, {"y": 3}]}', 'lax $.g ? (exists (@.x + "3"))')
  jsonb
SELECT * FROM jsonb_path_query('{"g": [{"x": 2}, {"y": 3}]}', 'lax $.g ? ((exists (@.x + "3")) is unknown)')
  jsonb: "{\"x\": 2}" | "{\"y\": 3}"
SELECT * FROM jsonb_path_query('{"g": [{"x": 2}, {"y": 3}]}', 'strict $.g[*] ? ((exists (@.x)) is unknown)')
  jsonb: "{\"y\": 3}"
SELECT * FROM jsonb_path_query('{"g": [{"x": 2}, {"y": 3}]}', 'strict $.g ? ((exists (@[*].x)) is unknown)')
  jsonb: "[{\"x\": 2}, {\"y\": 3}]"
SELECT * FROM jsonb_path_query('[]', '1 + 2 * 3')
  jsonb: "7"
SELECT * FROM jsonb_path_query('{"a": [2]}', 'lax $.a * 3')
  jsonb: "6"
SELECT * FROM jsonb_path_query('{"a": [2]}', 'lax $.a + 3')
  jsonb: "5"
SELECT * FROM jsonb_path_query('{"a": [2, 3, 4]}', 'lax -$.a')
  jsonb: "-2" | "-3" | "-4"
SELECT * FROM jsonb_path_query('{"a": [1, 2]}', 'lax $.a * 3')
  !22038
SELECT * FROM jsonb_path_query('{"a": [1, "2"]}', 'lax -$.a')
  !2203B
SELECT * FROM jsonb_path_query('2', '$ <= 1')
  jsonb: "false"
SELECT * FROM jsonb_path_query('2', '$ == "2"')
  jsonb: "null"
SELECT * FROM jsonb_path_query('{"a": [1, 2, 3], "b": "x"}', '$.a + $.b')
  !22038
SELECT * FROM jsonb_path_query('5', '$ / 2')
  jsonb: "2.5000000000000000"
SELECT * FROM jsonb_path_query('5', '$ % 2')
  jsonb: "1"
SELECT * FROM jsonb_path_query('5.5', '$ % 2')
  jsonb: "1.5"
SELECT * FROM jsonb_path_query('5', '$ / 0')
  !22012
SELECT * FROM jsonb_path_query('5', '$ / 0', silent => true)
  jsonb
jsonb '2' @? '$ == "2"'
  boolean: "t"
jsonb '2' @@ '$ > 1'
  boolean: "t"
jsonb '2' @@ '$ <= 1'
  boolean: "f"
jsonb '2' @@ '$ == "2"'
  boolean: NULL
jsonb '2' @@ '1'
  boolean: NULL
jsonb '{}' @@ '$'
  boolean: NULL
jsonb '[]' @@ '$'
  boolean: NULL
jsonb '[1,2,3]' @@ '$[*]'
  boolean: NULL
jsonb '[]' @@ '$[*]'
  boolean: NULL
jsonb_path_match('[[1, true], [2, false]]', 'strict $[*] ? (@[0] > $x) [1]', '{"x": 1}')
  boolean: "f"
jsonb_path_match('[[1, true], [2, false]]', 'strict $[*] ? (@[0] < $x) [1]', '{"x": 2}')
  boolean: "t"
jsonb_path_match('[{"a": 1}, {"a": 2}, 3]', 'lax exists($[*].a)', silent => false)
  boolean: "t"
jsonb_path_match('[{"a": 1}, {"a": 2}, 3]', 'strict exists($[*].a)', silent => false)
  boolean: NULL
jsonb_path_match('[{"a": 1}, {"a": 2}, 3]', 'strict exists($[*].a)', silent => true)
  boolean: NULL
jsonb_path_match('1', '$')
  !22038
jsonb_path_match('1', '$', silent => true)
  boolean: NULL
jsonb_path_match('[1]', '$[*] == 1')
  boolean: "t"
SELECT * FROM jsonb_path_query('[null,1,true,"a",[],{}]', '$.type()')
  jsonb: "\"array\""
SELECT * FROM jsonb_path_query('[null,1,true,"a",[],{}]', 'lax $.type()')
  jsonb: "\"array\""
SELECT * FROM jsonb_path_query('[null,1,true,"a",[],{}]', '$[*].type()')
  jsonb: "\"null\"" | "\"number\"" | "\"boolean\"" | "\"string\"" | "\"array\"" | "\"object\""
SELECT * FROM jsonb_path_query('null', 'null.type()')
  jsonb: "\"null\""
SELECT * FROM jsonb_path_query('null', '(123).type()')
  jsonb: "\"number\""
SELECT * FROM jsonb_path_query('null', '"123".type()')
  jsonb: "\"string\""
SELECT * FROM jsonb_path_query('{"a": 2}', '($.a - 5).abs() + 10')
  jsonb: "13"
SELECT * FROM jsonb_path_query('{"a": 2.5}', '-($.a * $.a).floor() % 4.3')
  jsonb: "-1.7"
SELECT * FROM jsonb_path_query('[1, 2, 3]', '($[*] > 2) ? (@ == true)')
  jsonb: "true"
SELECT * FROM jsonb_path_query('[1, 2, 3]', '($[*] > 3).type()')
  jsonb: "\"boolean\""
SELECT * FROM jsonb_path_query('[1, 2, 3]', '($[*].a > 3).type()')
  jsonb: "\"boolean\""
SELECT * FROM jsonb_path_query('[1, 2, 3]', 'strict ($[*].a > 3).type()')
  jsonb: "\"null\""
SELECT * FROM jsonb_path_query('[1,null,true,"11",[],[1],[1,2,3],{},{"a":1,"b":2}]', 'strict $[*].size()')
  !22039
SELECT * FROM jsonb_path_query('[1,null,true,"11",[],[1],[1,2,3],{},{"a":1,"b":2}]', 'lax $[*].size()')
  jsonb: "1" | "1" | "1" | "1" | "0" | "1" | "3" | "1" | "1"
SELECT * FROM jsonb_path_query('[0, 1, -2, -3.4, 5.6]', '$[*].abs()')
  jsonb: "0" | "1" | "2" | "3.4" | "5.6"
SELECT * FROM jsonb_path_query('[0, 1, -2, -3.4, 5.6]', '$[*].floor()')
  jsonb: "0" | "1" | "-2" | "-4" | "5"
SELECT * FROM jsonb_path_query('[0, 1, -2, -3.4, 5.6]', '$[*].ceiling()')
  jsonb: "0" | "1" | "-2" | "-3" | "6"
SELECT * FROM jsonb_path_query('[0, 1, -2, -3.4, 5.6]', '$[*].ceiling().abs()')
  jsonb: "0" | "1" | "2" | "3" | "6"
SELECT * FROM jsonb_path_query('[{},1]', '$[*].keyvalue()')
  !2203C
SELECT * FROM jsonb_path_query('{}', '$.keyvalue()')
  jsonb
SELECT * FROM jsonb_path_query('{"a": 1, "b": [1, 2], "c": {"a": "bbb"}}', '$.keyvalue()')
  jsonb: "{\"id\": 0, \"key\": \"a\", \"value\": 1}" | "{\"id\": 0, \"key\": \"b\", \"value\": [1, 2]}" | "{\"id\": 0, \"key\": \"c\", \"value\": {\"a\": \"bbb\"}}"
SELECT * FROM jsonb_path_query('[{"a": 1, "b": [1, 2]}, {"c": {"a": "bbb"}}]', '$[*].keyvalue()')
  jsonb: "{\"id\": 12, \"key\": \"a\", \"value\": 1}" | "{\"id\": 12, \"key\": \"b\", \"value\": [1, 2]}" | "{\"id\": 72, \"key\": \"c\", \"value\": {\"a\": \"bbb\"}}"
SELECT * FROM jsonb_path_query('[{"a": 1, "b": [1, 2]}, {"c": {"a": "bbb"}}]', 'strict $.keyvalue()')
  !2203C
SELECT * FROM jsonb_path_query('[{"a": 1, "b": [1, 2]}, {"c": {"a": "bbb"}}]', 'lax $.keyvalue()')
  jsonb: "{\"id\": 12, \"key\": \"a\", \"value\": 1}" | "{\"id\": 12, \"key\": \"b\", \"value\": [1, 2]}" | "{\"id\": 72, \"key\": \"c\", \"value\": {\"a\": \"bbb\"}}"
SELECT * FROM jsonb_path_query('[{"a": 1, "b": [1, 2]}, {"c": {"a": "bbb"}}]', 'lax $.keyvalue().key')
  jsonb: "\"a\"" | "\"b\"" | "\"c\""
SELECT * FROM jsonb_path_query('{"a": {"x": {"y": 1}}, "b": 12345.678}', '$.a.x.keyvalue()')
  jsonb: "{\"id\": 40, \"key\": \"y\", \"value\": 1}"
SELECT * FROM jsonb_path_query('{"bb": [1, -0.00012, {"k": 1}], "a": {"x": {"y": 1}}}', '$.**.keyvalue()')
  !2203C
SELECT * FROM jsonb_path_query('{"a": 1}', '$v.keyvalue()', '{"v": {"z": 1}}')
  jsonb: "{\"id\": 10000000016, \"key\": \"z\", \"value\": 1}"
SELECT * FROM jsonb_path_query('{"a": {"b": 2}}', '$.keyvalue().value.keyvalue()')
  jsonb: "{\"id\": 20000000048, \"key\": \"b\", \"value\": 2}"
SELECT * FROM jsonb_path_query('{"a": {"b": 2}}', '$.keyvalue().keyvalue()')
  jsonb: "{\"id\": 20000000000, \"key\": \"id\", \"value\": 0}" | "{\"id\": 20000000000, \"key\": \"key\", \"value\": \"a\"}" | "{\"id\": 20000000000, \"key\": \"value\", \"value\": {\"b\": 2}}"
SELECT * FROM jsonb_path_query('null', '$.double()')
  !22036
SELECT * FROM jsonb_path_query('true', '$.double()')
  !22036
SELECT * FROM jsonb_path_query('[]', '$.double()')
  jsonb
SELECT * FROM jsonb_path_query('[]', 'strict $.double()')
  !22036
SELECT * FROM jsonb_path_query('{}', '$.double()')
  !22036
SELECT * FROM jsonb_path_query('1.23', '$.double()')
  jsonb: "1.23"
SELECT * FROM jsonb_path_query('"1.23"', '$.double()')
  jsonb: "1.23"
SELECT * FROM jsonb_path_query('"1.23aaa"', '$.double()')
  !22036
SELECT * FROM jsonb_path_query('1e1000', '$.double()')
  !22036
SELECT * FROM jsonb_path_query('"nan"', '$.double()')
  !22036
SELECT * FROM jsonb_path_query('"inf"', '$.double()')
  !22036
SELECT * FROM jsonb_path_query('"inf"', '$.double()', silent => true)
  jsonb
SELECT * FROM jsonb_path_query('{}', '$.abs()')
  !22036
SELECT * FROM jsonb_path_query('true', '$.floor()')
  !22036
SELECT * FROM jsonb_path_query('["", "a", "abc", "abcabc"]', '$[*] ? (@ starts with "abc")')
  jsonb: "\"abc\"" | "\"abcabc\""
SELECT * FROM jsonb_path_query('["", "a", "abc", "abcabc"]', 'strict $ ? (@[*] starts with "abc")')
  jsonb: "[\"\", \"a\", \"abc\", \"abcabc\"]"
SELECT * FROM jsonb_path_query('["", "a", "abd", "abdabc"]', 'strict $ ? (@[*] starts with "abc")')
  jsonb
SELECT * FROM jsonb_path_query('["abc", "abcabc", null, 1]', 'strict $ ? (@[*] starts with "abc")')
  jsonb
SELECT * FROM jsonb_path_query('["abc", "abcabc", null, 1]', 'strict $ ? ((@[*] starts with "abc") is unknown)')
  jsonb: "[\"abc\", \"abcabc\", null, 1]"
SELECT * FROM jsonb_path_query('[[null, 1, "abc", "abcabc"]]', 'lax $ ? (@[*] starts with "abc")')
  jsonb: "[null, 1, \"abc\", \"abcabc\"]"
SELECT * FROM jsonb_path_query('[null, 1, "abd", "abdabc"]', 'lax $[*] ? ((@ starts with "abc") is unknown)')
  jsonb: "null" | "1"
SELECT * FROM jsonb_path_query('[null, 1, "abc", "abd", "aBdC", "abdacb", "babc", "adc\nabc", "ab\nadc"]', 'lax $[*] ? (@ like_regex "^ab.*c")')
  jsonb: "\"abc\"" | "\"abdacb\""
SELECT * FROM jsonb_path_query('[null, 1, "abc", "abd", "aBdC", "abdacb", "babc", "adc\nabc", "ab\nadc"]', 'lax $[*] ? (@ like_regex "^ab.*c" flag "i")')
  jsonb: "\"abc\"" | "\"aBdC\"" | "\"abdacb\""
SELECT * FROM jsonb_path_query('[null, 1, "abc", "abd", "aBdC", "abdacb", "babc", "adc\nabc", "ab\nadc"]', 'lax $[*] ? (@ like_regex "^ab.*c" flag "m")')
  jsonb: "\"abc\"" | "\"abdacb\"" | "\"adc\\nabc\""
SELECT * FROM jsonb_path_query('[null, 1, "abc", "abd", "aBdC", "abdacb", "babc", "adc\nabc", "ab\nadc"]', 'lax $[*] ? (@ like_regex "^ab.*c" flag "s")')
  jsonb: "\"abc\"" | "\"abdacb\"" | "\"ab\\nadc\""
SELECT * FROM jsonb_path_query('[null, 1, "a\b", "a\\b", "^a\\b$"]', 'lax $[*] ? (@ like_regex "a\\b" flag "q")')
  jsonb: "\"a\\\\b\"" | "\"^a\\\\b$\""
SELECT * FROM jsonb_path_query('[null, 1, "a\b", "a\\b", "^a\\b$"]', 'lax $[*] ? (@ like_regex "a\\b" flag "")')
  jsonb: "\"a\\b\""
SELECT * FROM jsonb_path_query('[null, 1, "a\b", "a\\b", "^a\\b$"]', 'lax $[*] ? (@ like_regex "^a\\b$" flag "q")')
  jsonb: "\"^a\\\\b$\""
SELECT * FROM jsonb_path_query('null', '$.datetime()')
  !22031
SELECT * FROM jsonb_path_query('true', '$.datetime()')
  !22031
SELECT * FROM jsonb_path_query('[]', '$.datetime()')
  jsonb
SELECT * FROM jsonb_path_query('[]', 'strict $.datetime()')
  !22031
SELECT * FROM jsonb_path_query('{}', '$.datetime()')
  !22031
SELECT * FROM jsonb_path_query('"bogus"', '$.datetime()')
  !22031
SELECT * FROM jsonb_path_query('"12:34"', '$.datetime("aaa")')
  !22007
SELECT * FROM jsonb_path_query('"aaaa"', '$.datetime("HH24")')
  !22007
SELECT jsonb_path_query('"10-03-2017"', '$.datetime("dd-mm-yyyy")')
  jsonb: "\"2017-03-10\""
SELECT jsonb_path_query('"10-03-2017"', '$.datetime("dd-mm-yyyy").type()')
  jsonb: "\"date\""
SELECT jsonb_path_query('"10-03-2017 12:34"', '$.datetime("dd-mm-yyyy")')
  !22007
SELECT jsonb_path_query('"10-03-2017 12:34"', '$.datetime("dd-mm-yyyy").type()')
  !22007
SELECT jsonb_path_query('"10-03-2017 12:34"', '       $.datetime("dd-mm-yyyy HH24:MI").type()')
  jsonb: "\"timestamp without time zone\""
SELECT jsonb_path_query('"10-03-2017 12:34 +05:20"', '$.datetime("dd-mm-yyyy HH24:MI TZH:TZM").type()')
  jsonb: "\"timestamp with time zone\""
SELECT jsonb_path_query('"12:34:56"', '$.datetime("HH24:MI:SS").type()')
  jsonb: "\"time without time zone\""
SELECT jsonb_path_query('"12:34:56 +05:20"', '$.datetime("HH24:MI:SS TZH:TZM").type()')
  jsonb: "\"time with time zone\""
SELECT jsonb_path_query('"10-03-2017T12:34:56"', '$.datetime("dd-mm-yyyy\"T\"HH24:MI:SS")')
  jsonb: "\"2017-03-10T12:34:56\""
SELECT jsonb_path_query('"10-03-2017t12:34:56"', '$.datetime("dd-mm-yyyy\"T\"HH24:MI:SS")')
  !22007
SELECT jsonb_path_query('"10-03-2017 12:34"', '$.datetime("dd-mm-yyyy HH24:MI")')
  jsonb: "\"2017-03-10T12:34:00\""
SELECT jsonb_path_query('"10-03-2017 12:34 +05"', '$.datetime("dd-mm-yyyy HH24:MI TZH")')
  jsonb: "\"2017-03-10T12:34:00+05:00\""
SELECT jsonb_path_query('"10-03-2017 12:34 -05:20"', '$.datetime("dd-mm-yyyy HH24:MI TZH:TZM")')
  jsonb: "\"2017-03-10T12:34:00-05:20\""
SELECT jsonb_path_query('"12:34"', '$.datetime("HH24:MI")')
  jsonb: "\"12:34:00\""
SELECT jsonb_path_query('"12:34 +05:20"', '$.datetime("HH24:MI TZH:TZM")')
  jsonb: "\"12:34:00+05:20\""
SELECT jsonb_path_query('"2017-03-10"', '$.datetime().type()')
  jsonb: "\"date\""
SELECT jsonb_path_query('"2017-03-10"', '$.datetime()')
  jsonb: "\"2017-03-10\""
SELECT jsonb_path_query('"2017-03-10 12:34:56"', '$.datetime().type()')
  jsonb: "\"timestamp without time zone\""
SELECT jsonb_path_query('"2017-03-10 12:34:56"', '$.datetime()')
  jsonb: "\"2017-03-10T12:34:56\""
SELECT jsonb_path_query('"2017-03-10 12:34:56+3"', '$.datetime().type()')
  jsonb: "\"timestamp with time zone\""
SELECT jsonb_path_query('"2017-03-10 12:34:56+3"', '$.datetime()')
  jsonb: "\"2017-03-10T12:34:56+03:00\""
SELECT jsonb_path_query('"2017-03-10 12:34:56+3:10"', '$.datetime()')
  jsonb: "\"2017-03-10T12:34:56+03:10\""
SELECT jsonb_path_query('"2017-03-10T12:34:56+3:10"', '$.datetime()')
  jsonb: "\"2017-03-10T12:34:56+03:10\""
SELECT jsonb_path_query('"2017-03-10t12:34:56+3:10"', '$.datetime()')
  !22031
SELECT jsonb_path_query('"2017-03-10 12:34:56.789+3:10"', '$.datetime()')
  jsonb: "\"2017-03-10T12:34:56.789+03:10\""
SELECT jsonb_path_query('"12:34:56"', '$.datetime().type()')
  jsonb: "\"time without time zone\""
SELECT jsonb_path_query('"12:34:56"', '$.datetime()')
  jsonb: "\"12:34:56\""
SELECT jsonb_path_query('"12:34:56+3"', '$.datetime()')
  jsonb: "\"12:34:56+03:00\""
SELECT jsonb_path_query('"12:34:56+3:10"', '$.datetime()')
  jsonb: "\"12:34:56+03:10\""
SELECT jsonb_path_query('"12:34:56.789"', '$.datetime()')
  jsonb: "\"12:34:56.789\""
SELECT jsonb_path_query('["2017-03-10", "2017-03-11", "2017-03-09", "12:34:56", "01:02:03+04", "2017-03-10 00:00:00", "2017-03-10 12:34:56", "2017-03-10 01:02:03+04", "2017-03-10 03:00:00+03"]', '$[*].datetime() ? (@ == "10.03.2017".datetime("dd.mm.yyyy"))')
  !0A000
SELECT jsonb_path_query_tz('["2017-03-10", "2017-03-11", "2017-03-09", "12:34:56", "01:02:03+04", "2017-03-10 00:00:00", "2017-03-10 12:34:56", "2017-03-10 01:02:03+04", "2017-03-10 03:00:00+03"]', '$[*].datetime() ? (@ == "10.03.2017".datetime("dd.mm.yyyy"))')
  jsonb: "\"2017-03-10\"" | "\"2017-03-10T00:00:00\"" | "\"2017-03-10T03:00:00+03:00\""
SELECT jsonb_path_query_tz('["2017-03-10", "2017-03-11", "2017-03-09", "12:34:56", "01:02:03+04", "2017-03-10 00:00:00", "2017-03-10 12:34:56", "2017-03-10 01:02:03+04", "2017-03-10 03:00:00+03"]', '$[*].datetime() ? (@ >= "10.03.2017".datetime("dd.mm.yyyy"))')
  jsonb: "\"2017-03-10\"" | "\"2017-03-11\"" | "\"2017-03-10T00:00:00\"" | "\"2017-03-10T12:34:56\"" | "\"2017-03-10T03:00:00+03:00\""
SELECT jsonb_path_query_tz('["12:34:00", "12:35:00", "12:36:00", "12:35:00+00", "12:35:00+01", "13:35:00+01", "2017-03-10", "2017-03-10 12:35:00", "2017-03-10 12:35:00+01"]', '$[*].datetime() ? (@ < "12:35".datetime("HH24:MI"))')
  jsonb: "\"12:34:00\"" | "\"12:35:00+01:00\"" | "\"13:35:00+01:00\""
SELECT jsonb_path_query_tz('["12:34:00+01", "12:35:00+01", "12:36:00+01", "12:35:00+02", "12:35:00-02", "10:35:00", "11:35:00", "12:35:00", "2017-03-10", "2017-03-10 12:35:00", "2017-03-10 12:35:00 +1"]', '$[*].datetime() ? (@ >= "12:35 +1".datetime("HH24:MI TZH"))')
  jsonb: "\"12:35:00+01:00\"" | "\"12:36:00+01:00\"" | "\"12:35:00-02:00\"" | "\"11:35:00\"" | "\"12:35:00\""
jsonb_path_exists_tz('["2015-08-01 12:00:00-05"]', '$[*] ? (@.datetime() < "2015-08-02".datetime())')
  boolean: "t"
jsonb_path_exists('["2015-08-01 12:00:00-05"]', '$[*] ? (@.datetime() < "2015-08-02".datetime())')
  !0A000
jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > 1)')
  jsonb: "[2, 3]"
jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > 5)')
  jsonb: "[]"
jsonb_path_query_array('[{"a": 1}, {"a": 2}, {}]', 'strict $[*].a')
  !2203A
jsonb_path_query_array('[{"a": 1}, {"a": 2}, {}]', 'strict $[*].a', silent => true)
  jsonb: "[1, 2]"
jsonb_path_query_array('[{"a": 1}, {"a": 2}]', '$[*].a ? (@ > $min && @ < $max)', vars => '{"min": 1, "max": 4}')
  jsonb: "[2]"
jsonb_path_query_first('[{"a": 1}, {"a": 2}, {}]', 'strict $[*].a')
  !2203A
jsonb_path_query_first('[{"a": 1}, {"a": 2}, {}]', 'strict $[*].a', silent => true)
  jsonb: "1"
jsonb_path_query_first('[{"a": 1}, {"a": 2}]', '$[*].a')
  jsonb: "1"
jsonb_path_query_first('[{"a": 1}, {"a": 2}]', '$[*].a ? (@ > 10)')
  jsonb: NULL
jsonb_path_query_first(NULL, '$')
  jsonb: NULL
jsonb_path_exists('{}', NULL)
  boolean: NULL
pg_typeof('$'::jsonpath)::text
  text: "jsonpath"
'$.a'::jsonpath::text
  text: "$.\"a\""
('$.'||'a')::jsonpath
  jsonpath: "$.\"a\""
jsonb '{"a": {"b": [1,2]}}' @? '$.a.b[*] ? (@ == 2)'
  boolean: "t"
jsonb '[{"a":1}]' @@ '$[*].a > 0'
  boolean: "t"
SELECT id, jsonb_path_query_first(j, '$.a') FROM (VALUES (1, '{"a": 1}'::jsonb), (2, '{"a": [2]}'), (3, NULL)) v(id, j) ORDER BY id
  integer, jsonb: "1", "1" | "2", "[2]" | "3", NULL
SELECT id, p.* FROM (VALUES (1, '{"a": [1,2]}'::jsonb), (2, '{"a": [2]}')) v(id, j), LATERAL jsonb_path_query(j, '$.a[*]') AS p ORDER BY id, p::text
  integer, jsonb: "1", "1" | "1", "2" | "2", "2"
