gamma(5), gamma(0.5) BETWEEN 1.77 AND 1.78, lgamma(1), gamma('Infinity'), gamma('NaN'), lgamma('-Infinity'), lgamma(1000)
  double precision, boolean, double precision, double precision, double precision, double precision, double precision: 2.4000000000e+01, "t", 0, Infinity, NaN, Infinity, 5.9052204232e+03
gamma(0)
  !22003
gamma(-1)
  !22003
gamma('-Infinity')
  !22003
gamma(1000)
  !22003
lgamma(-1)
  !22003
random(1, 1), random(5::bigint, 5), random(1.5, 1.50), random(1, 6) BETWEEN 1 AND 6, random(0.00, 0.01) IN (0.00, 0.01)
  integer, bigint, numeric, boolean, boolean: "1", "5", "1.50", "t", "t"
random(2, 1)
  !22023
random('NaN'::numeric, 1)
  !22023
SELECT min(r) < 3 AND max(r) > 7 AND count(DISTINCT r) = 10 FROM (SELECT random(1, 10) AS r FROM generate_series(1, 1000)) x
  boolean: "t"
random_normal(3, 0), random_normal(mean => 2, stddev => 0), random_normal(stddev => 0)
  double precision, double precision, double precision: 3.0000000000e+00, 2.0000000000e+00, 0
SELECT abs(avg(random_normal(10, 2)) - 10) < 0.5 FROM generate_series(1, 5000)
  boolean: "t"
casefold('ABC Ünicode'), unicode_assigned('abc'), unicode_assigned(U&'\0378'), reverse('\x010203'::bytea)
  text, boolean, boolean, bytea: "abc ünicode", "t", "f", "\\x030201"
SELECT array_sort(array_shuffle(ARRAY[3,1,2])), array_dims(array_shuffle('[5:6]={1,2}'::int[])), array_length(array_sample(ARRAY[1,2,3,4], 2), 1), array_sample(ARRAY[1,2], 0), array_dims(array_sample('[5:6]={1,2}'::int[], 1))
  integer[], text, integer, integer[], text: "{1,2,3}", "[5:6]", "2", "{}", "[1:1]"
array_sample(ARRAY[1,2], 3)
  !22023
json_strip_nulls('{"a":null,"b":[1,null,{"c":null}]}', true), jsonb_strip_nulls('{"a":null,"b":[1,null]}', false), jsonb_strip_nulls('[null,{"x":null}]', true)
  json, jsonb, jsonb: "{\"b\":[1,{}]}", "{\"b\": [1, null]}", "[{}]"
SELECT * FROM pg_input_error_info('x', 'integer')
  text, text, text, text: "invalid input syntax for type integer: \"x\"", NULL, NULL, "22P02"
SELECT * FROM pg_input_error_info('7', 'integer')
  text, text, text, text: NULL, NULL, NULL, NULL
