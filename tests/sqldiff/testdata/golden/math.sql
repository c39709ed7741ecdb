2 + 3, 2 - 3, 4 * 5, 5 / 2, -5 / 2, 5.0 / 2, 5 % 4, -5 % 4, 2 ^ 3, 2.0 ^ 3, |/ 25.0, ||/ 64.0, @ -5.0, 91 & 15, 32 | 3, 17 # 5, ~1, 1 << 4, 8 >> 2
  integer, integer, integer, integer, integer, numeric, integer, integer, double precision, numeric, double precision, double precision, numeric, integer, integer, integer, integer, integer, integer: "5", "-1", "20", "2", "-2", "2.5000000000000000", "1", "-1", 8.0000000000e+00, "8.0000000000000000", 5.0000000000e+00, 4.0000000000e+00, "5.0", "11", "35", "20", "-2", "16", "2"
2 ^ 3 ^ 3, -2 ^ 2, 2 ^ -1, 5 ! = 6
  !42601
10 / 0
  !22012
10 % 0
  !22012
10.0 / 0
  !22012
1e0::float8 / 0
  !22012
2147483647 + 1
  !22003
-2147483648 / -1
  !22003
9223372036854775807 + 1
  !22003
32767::int2 + 1::int2
  !22003
(-32768)::int2 / (-1)::int2
  !22003
(-9223372036854775808) / (-1)
  !22003
(-9223372036854775808) % (-1), (-2147483648)::int % (-1)
  bigint, integer: "0", "0"
abs(-17.4), abs(-2147483647), abs(-1.5::float8), abs((-32768)::int2)
  !22003
abs((-2147483648)::int)
  !22003
cbrt(27.0), cbrt(-8.0), ceil(42.2), ceil(-42.8), ceiling(95.3), degrees(0.5), div(9, 4), div(-9, 4), div(9.5, 2), erf(1.0::float8) IS NULL
  !42883
~ double precision, double precision, numeric, numeric, numeric, double precision, numeric, numeric, numeric, boolean: 3.0000000000e+00, -2.0000000000e+00, "43", "-42", "96", 2.8647889757e+01, "2", "-2", "4", "f"
exp(1.0), exp(1.0::float8), exp(0), exp(-5000::numeric), factorial(5), factorial(0), factorial(20), factorial(30)
  numeric, double precision, double precision, numeric, numeric, numeric, numeric, numeric: "2.7182818284590452", 2.7182818285e+00, 1.0000000000e+00, "0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "120", "1", "2432902008176640000", "265252859812191058636308480000000"
factorial(-1)
  !22003
factorial(40000)
  !22003
exp(10000::float8)
  !22003
floor(42.8), floor(-42.8), gcd(1071, 462), gcd(0, 0), gcd(-12, 8), gcd(2.4, 1.6), lcm(1071, 462), lcm(0, 5), lcm(-4, 6), ln(2.0), ln(2::float8), log(100), log(100.0), log10(1000), log(2.0, 64.0), log(2, 0.5)
  numeric, numeric, integer, integer, integer, numeric, integer, integer, integer, numeric, double precision, double precision, numeric, double precision, numeric, numeric: "42", "-43", "21", "0", "4", "0.8", "23562", "0", "12", "0.6931471805599453", 6.9314718056e-01, 2.0000000000e+00, "2.0000000000000000", 3.0000000000e+00, "6.0000000000000000", "-1.0000000000000000"
ln(0)
  !2201E
ln(-1)
  !2201E
log(0::float8)
  !2201E
log(1, 5)
  !22012
gcd((-2147483648)::int, 0)
  !22003
lcm(2147483647, 2147483646)
  !22003
min_scale(8.4100), min_scale(8), mod(9, 4), mod(-9, 4), mod(9.5, 2), mod(5::int8, 3), pi(), power(9, 3), power(9.0, 3), power(2, -2), power(0, 0), power(-8, 1.0/3)
  !2201F
power(0, -1)
  !2201F
power(-8::numeric, 0.5)
  !2201F
power('NaN'::float8, 0), power(1, 'NaN'::float8), power('Infinity'::float8, -1), power(-1, 'infinity'::float8)
  double precision, double precision, double precision, double precision: 1.0000000000e+00, 1.0000000000e+00, 0, 1.0000000000e+00
radians(45.0), round(42.4), round(42.5), round(43.5::float8), round(-42.5), round(42.4382, 2), round(1234.56, -1), round(1234.56, -5), round(0.5::float8), round(2.5::float8), round(NULL::numeric)
  double precision, numeric, numeric, double precision, numeric, numeric, numeric, numeric, double precision, double precision, numeric: 7.8539816340e-01, "42", "43", 4.4000000000e+01, "-43", "42.44", "1230", "0", 0, 2.0000000000e+00, NULL
scale(8.4100), scale(8), scale('NaN'), sign(-8.4), sign(0), sign(5::float8), sqrt(2), sqrt(2.0), sqrt(0), trim_scale(8.4100), trim_scale(100), trunc(42.8), trunc(-42.8), trunc(42.4382, 2), trunc(1234.5, -2), trunc(1e20::float8)
  integer, integer, integer, numeric, double precision, double precision, double precision, numeric, double precision, numeric, numeric, numeric, numeric, numeric, numeric, double precision: "4", "0", NULL, "-1", 0, 1.0000000000e+00, 1.4142135624e+00, "1.414213562373095", 0, "8.41", "100", "42", "-42", "42.43", "1200", 1.0000000000e+20
sqrt(-1)
  !2201F
sqrt(-1::numeric)
  !2201F
width_bucket(5.35, 0.024, 10.06, 5), width_bucket(-1, 0, 10, 5), width_bucket(10, 0, 10, 5), width_bucket(5, 10, 0, 5), width_bucket(5.35::float8, 0.024, 10.06, 5), width_bucket(now(), array['yesterday', 'today', 'tomorrow']::timestamptz[]), width_bucket(3, ARRAY[1,3,5]), width_bucket(0, ARRAY[1,3,5]), width_bucket(2.5, ARRAY[1.0,3,5])
  integer, integer, integer, integer, integer, integer, integer, integer, integer: "3", "0", "6", "3", "3", "2", "2", "0", "1"
width_bucket(5, 0, 10, 0)
  !2201G
width_bucket(5, 5, 5, 3)
  !2201G
width_bucket(1, ARRAY[]::int[])
  integer: "0"
acos(1), acosd(0.5), asin(1), asind(0.5), atan(1), atand(1), atan2(1, 0), atan2d(1, 0), cos(0), cosd(60), cot(0.5), cotd(45), sin(1), sind(30), tan(1), tand(45)
  double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision: 0, 6.0000000000e+01, 1.5707963268e+00, 3.0000000000e+01, 7.8539816340e-01, 4.5000000000e+01, 1.5707963268e+00, 9.0000000000e+01, 1.0000000000e+00, 5.0000000000e-01, 1.8304877217e+00, 1.0000000000e+00, 8.4147098481e-01, 5.0000000000e-01, 1.5574077247e+00, 1.0000000000e+00
sinh(1), cosh(0), tanh(1), asinh(1), acosh(1), atanh(0.5)
  double precision, double precision, double precision, double precision, double precision, double precision: 1.1752011936e+00, 1.0000000000e+00, 7.6159415596e-01, 8.8137358702e-01, 0, 5.4930614433e-01
acos(2)
  !22003
atanh(1), atanh(-1)
  double precision, double precision: Infinity, -Infinity
acosh(0.5)
  !22003
sind(30), cosd(60), tand(45), sind(180), cosd(90), tand(180), cotd(90), sind(-30), sind(750)
  double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision, double precision: 5.0000000000e-01, 5.0000000000e-01, 1.0000000000e+00, 0, 0, 0, 0, -5.0000000000e-01, 5.0000000000e-01
tand(90), cotd(0)
  double precision, double precision: Infinity, Infinity
random() BETWEEN 0 AND 1, setseed(0.5) IS NOT NULL
  boolean, boolean: "t", "t"
setseed(2)
  !22023
1.5::int, 2.5::int, -1.5::int, 0.5::float8::int, 1.5::float8::int, 2.5::float8::int, '12'::int, ' 12 '::int, '-0'::int
  integer, integer, integer, integer, integer, integer, integer, integer, integer: "2", "3", "-2", "0", "2", "2", "12", "12", "0"
'1.5'::int
  !22P02
'abc'::int
  !22P02
''::int
  !22P02
'99999999999'::int
  !22003
99999999999::int
  !22003
1e10::int
  !22003
'NaN'::float8::int
  !22003
'NaN'::numeric::int
  !0A000
'Infinity'::numeric::int
  !0A000
32768::int2
  !22003
1e400::numeric::float8
  !22003
1e40::float4
  !22003
1e-50::float4
  !22003
'1e-400'::float8
  !22003
1::bool, 0::bool, true::int, 'yes'::bool, 'off'::bool, 't'::bool
  boolean, boolean, integer, boolean, boolean, boolean: "t", "f", "1", "t", "f", "t"
2::float8::bool
  !42846
1.0::bool
  !42846
'maybe'::bool
  !22P02
1.10::numeric, 1.1::numeric(5,3), 123.456::numeric(5,2), 123.456::numeric(4,0), 0.00001::numeric(3,5), 12345::numeric(3,-2)
  numeric, numeric, numeric, numeric, numeric, numeric: "1.10", "1.100", "123.46", "123", "0.00001", "12300"
1234.5::numeric(5,2)
  !22003
99.999::numeric(4,2)
  !22003
1::numeric(0)
  !22023
1::numeric(1001)
  !22023
1::numeric(2,-1001)
  !22023
'NaN'::numeric = 'NaN', 'NaN'::numeric > 1e300, 'Infinity'::numeric > 1, 'inf'::numeric - 'inf', 'NaN'::float8 = 'NaN', 'NaN'::float8 > 'Infinity'
  boolean, boolean, boolean, numeric, boolean, boolean: "t", "t", "t", "NaN", "t", "t"
'inf'::numeric * 0, 1 / 'inf'::numeric, 'inf'::numeric / 2, -'inf'::numeric
  numeric, numeric, numeric, numeric: "NaN", "0", "Infinity", "-Infinity"
0.1 + 0.2, 0.1::float8 + 0.2::float8, 1.0 / 3, 1 / 3.0, 2.0 / 3 * 3, 1::float4 / 3, 1::float8 / 3, 1.23456789::float4, 1e15::float8, 1e16::float8, 1e-5::float8, 100000::float4, 1e6::float4, 123456789::float4
  numeric, double precision, numeric, numeric, numeric, double precision, double precision, real, double precision, double precision, double precision, real, real, real: "0.3", 3.0000000000e-01, "0.33333333333333333333", "0.33333333333333333333", "2.00000000000000000001", 3.3333333333e-01, 3.3333333333e-01, 1.2345679000e+00, 1.0000000000e+15, 1.0000000000e+16, 1.0000000000e-05, 1.0000000000e+05, 1.0000000000e+06, 1.2345679000e+08
12345678901234567890 * 98765432109876543210, 1e100::numeric, 1.5e-10, 1e-20 * 1e-20, 123456789012345678901234567890 / 7, 1e30 % 7
  numeric, numeric, numeric, numeric, numeric, numeric: "1219326311370217952237463801111263526900", "10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "0.00000000015", "0.0000000000000000000000000000000000000001", "17636684144620811271604938270", "1"
1 / 3.0::numeric(10,5), 10.00 / 3, 10 / 3.00, 0.001 / 1000, 1e10 / 3, 1 / 1e10
  numeric, numeric, numeric, numeric, numeric, numeric: "0.33333333333333333333", "3.3333333333333333", "3.3333333333333333", "0.000001000000000000000000", "3333333333.33333333", "0.0000000001000000000000000000"
+5, - -5, 1 + +1, 1 - -1, -(-9223372036854775807)
  integer, integer, integer, integer, bigint: "5", "5", "2", "2", "9223372036854775807"
1 < 2, 1 <= 1, 1 <> 2, 1 != 2, 1.0 = 1, 1::float8 = 1::numeric, 1::int2 < 2::int8, NULL = NULL, 1 = NULL
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "t", "t", "t", "t", "t", "t", NULL, NULL
1 BETWEEN 0 AND 2, 1 NOT BETWEEN 2 AND 3, 3 BETWEEN SYMMETRIC 5 AND 1, NULL BETWEEN 1 AND 2
  boolean, boolean, boolean, boolean: "t", "t", "t", NULL
1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL, 1 IS NULL, NULL ISNULL, 1 NOTNULL, true IS UNKNOWN, NULL::bool IS NOT TRUE
  boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "t", "f", "t", "t", "f", "t"
num_nonnulls(1, NULL, 2), num_nulls(1, NULL, 2), num_nulls(VARIADIC ARRAY[1,NULL])
  integer, integer, integer: "2", "1", "1"
greatest(1, 2.5, NULL), least('a', 'b'), greatest(NULL, NULL), greatest(1, 'x')
  !22P02
greatest('1', 2), coalesce(NULL, 1, 2.5), nullif(1, 1.0), nullif(1, 2), nullif('a', 'b')
  integer, numeric, numeric, integer, text: "2", "1", NULL, "1", "a"
true AND NULL, false AND NULL, true OR NULL, NOT NULL::bool, true = 't', false < true
  boolean, boolean, boolean, boolean, boolean, boolean: NULL, "f", "t", NULL, "t", "t"
CASE WHEN 1 = 1 THEN 'a' END, CASE 3 WHEN 1 THEN 'x' WHEN 3 THEN 'y' ELSE 'z' END, CASE WHEN NULL THEN 1 END, CASE 1 WHEN 1.0 THEN 'n' END
  text, text, integer, text: "a", "y", NULL, "n"
CASE WHEN true THEN 1 ELSE 'x' END
  !22P02
CASE WHEN 1 THEN 2 END
  !42804
1 + '2', 1 + '2.5'
  !22P02
'1' + '2'
  !42725
1 || 2
  !42883
'a' + 1
  !22P02
1 + date '2020-01-01'
  date: "2020-01-02"
now() + 1
  !42883
1::money
  790: "$1.00"
~ !42704
int4 '5', float8 '1.5', numeric '1.50', int8(5.5), float4(1), int2('7')
  integer, double precision, numeric, bigint, real, smallint: "5", 1.5000000000e+00, "1.50", "6", 1.0000000000e+00, "7"
0x1F, 0o17, 0b101, 1_000
  !42601
~ integer, integer, integer, integer: "31", "15", "5", "1000"
1.5 % 0.4, 5::float8 % 2
  !42883
bit_and(x), bit_or(x), bit_xor(x), sum(x), avg(x), min(x), max(x), count(x), stddev(x), variance(x), stddev_pop(x), var_pop(x) FROM (VALUES (5), (3), (NULL)) v(x)
  integer, integer, integer, bigint, numeric, integer, integer, bigint, numeric, numeric, numeric, numeric: "1", "7", "6", "8", "4.0000000000000000", "3", "5", "2", "1.4142135623730950", "2.0000000000000000", "1.00000000000000000000", "1.00000000000000000000"
corr(y, x), covar_pop(y, x), covar_samp(y, x), regr_avgx(y, x), regr_avgy(y, x), regr_count(y, x), regr_intercept(y, x), regr_r2(y, x), regr_slope(y, x), regr_sxx(y, x), regr_sxy(y, x), regr_syy(y, x) FROM (VALUES (1.0, 2.0), (2, 4.5), (3, 5.5), (NULL, 1)) v(y, x)
  double precision, double precision, double precision, double precision, double precision, bigint, double precision, double precision, double precision, double precision, double precision, double precision: 9.7072534339e-01, 1.1666666667e+00, 1.7500000000e+00, 4.0000000000e+00, 2.0000000000e+00, "3", -1.5384615385e-01, 9.4230769231e-01, 5.3846153846e-01, 6.5000000000e+00, 3.5000000000e+00, 2.0000000000e+00
sum(x::int2), sum(x::int8), sum(x::numeric), sum(x::float4), sum(x::float8), avg(x::int8), avg(x::float4), sum(x * interval '1 day') FROM (VALUES (1), (2)) v(x)
  bigint, numeric, numeric, real, double precision, numeric, double precision, interval: "3", "3", "3", 3.0000000000e+00, 3.0000000000e+00, "1.5000000000000000", 1.5000000000e+00, "3 days"
sum(x) FROM (VALUES (9223372036854775807), (1)) v(x)
  numeric: "9223372036854775808"
sum(NULL::int), avg(NULL::int), count(NULL), max(NULL::text), string_agg(NULL, ','), array_agg(NULL::int), bool_and(NULL)
  bigint, numeric, bigint, text, text, integer[], boolean: NULL, NULL, "0", NULL, NULL, "{NULL}", NULL
