# Edges of window frames, recursion, generated columns and to_char. Expected results are PostgreSQL's.

statement
CREATE TABLE empsalary (depname varchar, empno bigint, salary int, enroll_date date)

statement
INSERT INTO empsalary VALUES ('develop', 10, 5200, '2007-08-01'),('sales', 1, 5000, '2006-10-01'),('personnel', 5, 3500, '2007-12-10'),('sales', 4, 4800, '2007-08-08'),('personnel', 2, 3900, '2006-12-23'),('develop', 7, 4200, '2008-01-01'),('develop', 9, 4500, '2008-01-01'),('sales', 3, 4800, '2007-08-01'),('develop', 8, 6000, '2006-10-01'),('develop', 11, 5200, '2007-08-15')

query
select x, last_value(x) over (order by x::smallint range between current row and 2147450884 following) from generate_series(32764, 32766) x
----
32764|32766
32765|32766
32766|32766

query
select x, last_value(x) over (order by x desc range between current row and 9223372036854775807 following) from generate_series(-2147483646, -2147483644) x
----
-2147483644|-2147483646
-2147483645|-2147483646
-2147483646|-2147483646

statement
create temp table numerics(id int, f_float4 float4, f_float8 float8, f_numeric numeric)

statement
insert into numerics values(0, '-infinity', '-infinity', '-infinity'),(1, -3, -3, -3),(2, -1, -1, -1),(3, 0, 0, 0),(4, 1.1, 1.1, 1.1),(5, 1.12, 1.12, 1.12),(6, 2, 2, 2),(7, 100, 100, 100),(8, 'infinity', 'infinity', 'infinity'),(9, 'NaN', 'NaN', 'NaN')

query
select id, f_float4, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_float4 range between 1 preceding and 1 following)
----
0|-Infinity|0|0
1|-3|1|1
2|-1|2|3
3|0|2|3
4|1.1|4|6
5|1.12|4|6
6|2|4|6
7|100|7|7
8|Infinity|8|8
9|NaN|9|9

query
select id, f_float4, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_float4 range between 1 preceding and 1.1::float4 following)
----
0|-Infinity|0|0
1|-3|1|1
2|-1|2|3
3|0|2|4
4|1.1|4|6
5|1.12|4|6
6|2|4|6
7|100|7|7
8|Infinity|8|8
9|NaN|9|9

query
select id, f_float4, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_float4 range between 'inf' preceding and 'inf' following)
----
0|-Infinity|0|8
1|-3|0|8
2|-1|0|8
3|0|0|8
4|1.1|0|8
5|1.12|0|8
6|2|0|8
7|100|0|8
8|Infinity|0|8
9|NaN|9|9

query
select id, f_float4, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_float4 range between 'inf' preceding and 'inf' preceding)
----
0|-Infinity|0|0
1|-3|0|0
2|-1|0|0
3|0|0|0
4|1.1|0|0
5|1.12|0|0
6|2|0|0
7|100|0|0
8|Infinity|0|8
9|NaN|9|9

query
select id, f_float4, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_float4 range between 'inf' following and 'inf' following)
----
0|-Infinity|0|8
1|-3|8|8
2|-1|8|8
3|0|8|8
4|1.1|8|8
5|1.12|8|8
6|2|8|8
7|100|8|8
8|Infinity|8|8
9|NaN|9|9

query
select id, f_float4, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_float4 range between 1.1 preceding and 'NaN' following)
----
ERROR 22013: invalid preceding or following size in window function

query
select id, f_numeric, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_numeric range between 1 preceding and 1.1::numeric following)
----
0|-Infinity|0|0
1|-3|1|1
2|-1|2|3
3|0|2|4
4|1.1|4|6
5|1.12|4|6
6|2|4|6
7|100|7|7
8|Infinity|8|8
9|NaN|9|9

query
select id, f_numeric, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_numeric range between 'inf' preceding and 'inf' following)
----
0|-Infinity|0|8
1|-3|0|8
2|-1|0|8
3|0|0|8
4|1.1|0|8
5|1.12|0|8
6|2|0|8
7|100|0|8
8|Infinity|0|8
9|NaN|9|9

query
select id, f_numeric, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_numeric range between 'inf' following and 'inf' following)
----
0|-Infinity|0|8
1|-3|8|8
2|-1|8|8
3|0|8|8
4|1.1|8|8
5|1.12|8|8
6|2|8|8
7|100|8|8
8|Infinity|8|8
9|NaN|9|9

query
select id, f_numeric, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_numeric range between 1 preceding and 1.1::float8 following)
----
ERROR 0A000: RANGE with offset PRECEDING/FOLLOWING is not supported for column type numeric and offset type double precision

query
select id, f_numeric, first_value(id) over w, last_value(id) over w from numerics window w as (order by f_numeric range between 1.1 preceding and 'NaN' following)
----
ERROR 22013: invalid preceding or following size in window function

query
select max(enroll_date) over (order by enroll_date range between 1 preceding and 2 following exclude ties), salary, enroll_date from empsalary
----
ERROR 0A000: RANGE with offset PRECEDING/FOLLOWING is not supported for column type date and offset type integer

query
select max(enroll_date) over (order by salary range between -1 preceding and 2 following exclude ties), salary, enroll_date from empsalary
----
ERROR 22013: invalid preceding or following size in window function

query
select max(enroll_date) over (order by salary range between 1 preceding and -2 following exclude ties), salary, enroll_date from empsalary
----
ERROR 22013: invalid preceding or following size in window function

query
select max(enroll_date) over (order by salary range between '1 year'::interval preceding and '2 years'::interval following exclude ties), salary, enroll_date from empsalary
----
ERROR 0A000: RANGE with offset PRECEDING/FOLLOWING is not supported for column type integer and offset type interval

query
select max(enroll_date) over (order by enroll_date range between '1 year'::interval preceding and '-2 years'::interval following exclude ties), salary, enroll_date from empsalary
----
ERROR 22013: invalid preceding or following size in window function

query rowsort
SELECT count() OVER () FROM tenk1
----
ERROR 42P01: relation "tenk1" does not exist

query rowsort
SELECT sum(salary) OVER (ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW) FROM empsalary
----
ERROR 42P20: frame start cannot be UNBOUNDED FOLLOWING

query rowsort
SELECT sum(salary) OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED PRECEDING) FROM empsalary
----
ERROR 42P20: frame end cannot be UNBOUNDED PRECEDING

query rowsort
SELECT sum(salary) OVER (ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM empsalary
----
ERROR 42P20: frame starting from following row cannot have preceding rows

query
SELECT t, count(*) OVER (ORDER BY t RANGE BETWEEN '2 hours' PRECEDING AND '2 hours' FOLLOWING) FROM (VALUES (time '01:00'), ('12:00'), ('23:00'), ('23:30')) v (t) ORDER BY 1
----
01:00:00|1
12:00:00|1
23:00:00|2
23:30:00|2

query
SELECT t, count(*) OVER (ORDER BY t DESC RANGE BETWEEN '2 hours' PRECEDING AND '2 hours' FOLLOWING) FROM (VALUES (timetz '01:00+00'), ('12:00+01'), ('23:00+00'), ('23:30+00')) v (t) ORDER BY 1
----
01:00:00+00|1
12:00:00+01|1
23:00:00+00|2
23:30:00+00|2

query
SELECT count()
----
ERROR 42809: count(*) must be used to call a parameterless aggregate function

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT sum(n) FROM t) SELECT 1
----
ERROR 42P19: aggregate functions are not allowed in a recursive query's recursive term

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT a.n FROM t a, t b) SELECT 1
----
ERROR 42P19: recursive reference to query "t" must not appear more than once

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM empsalary LEFT JOIN t ON true) SELECT 1
----
ERROR 42P19: recursive reference to query "t" must not appear within an outer join

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t RIGHT JOIN empsalary ON true) SELECT 1
----
ERROR 42P19: recursive reference to query "t" must not appear within an outer join

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT 1 WHERE 1 IN (SELECT n FROM t)) SELECT 1
----
ERROR 42P19: recursive reference to query "t" must not appear within a subquery

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT 1 WHERE EXISTS (SELECT n FROM t)) SELECT 1
----
ERROR 42P19: recursive reference to query "t" must not appear within a subquery

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + (SELECT max(n) FROM t) FROM t) SELECT 1
----
ERROR 42P19: recursive reference to query "t" must not appear within a subquery

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL (SELECT n + 1 FROM t EXCEPT SELECT 9) ) SELECT * FROM t LIMIT 3
----
1
2
3

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL (SELECT 9 EXCEPT SELECT n FROM t)) SELECT 1
----
ERROR 42P19: recursive reference to query "t" must not appear within EXCEPT

query rowsort
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL (SELECT 9 INTERSECT ALL SELECT n FROM t)) SELECT 1
----
ERROR 42P19: recursive reference to query "t" must not appear within INTERSECT

query
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT s.n + 1 FROM (SELECT n FROM t WHERE n < 3) s) SELECT * FROM t ORDER BY 1
----
1
2
3

query rowsort
SELECT * FROM (WITH d AS (DELETE FROM empsalary RETURNING *) SELECT * FROM d) s
----
ERROR 0A000: WITH clause containing a data-modifying statement must be at the top level

query rowsort
SELECT count(*) FROM empsalary
----
10

statement
CREATE TABLE gap_g (a int, b float GENERATED ALWAYS AS (random()) STORED)
----
ERROR 42P17: generation expression is not immutable

statement
CREATE TABLE gap_g (a int, b timestamptz GENERATED ALWAYS AS (now()) STORED)
----
ERROR 42P17: generation expression is not immutable

statement
CREATE TABLE gap_g (a date, b text GENERATED ALWAYS AS (a::text) STORED)
----
ERROR 42P17: generation expression is not immutable

statement
CREATE TABLE gap_g (a int, b text GENERATED ALWAYS AS (a::text) STORED)

query
SELECT 1::float(54)
----
ERROR 22023: precision for type float must be less than 54 bits

query
SELECT 1::float(0)
----
ERROR 22023: precision for type float must be at least 1 bit

query
SELECT to_char(100,'999.')||'|', to_char(100,'FM999.')||'|', to_char(100.5,'FM999.')||'|', to_char(100::float8,'999.')||'|', to_char(1e20::float8,'999999999999999999999D9')||'|',to_char(1e15::float8,'9999999999999999.999')||'|', to_char(0.5,'FM.')||'|', to_char(100,'FM999D')||'|', to_char(1e15::float8,'FM9999999999999999.990')||'|',to_char(1234567::float4,'9999999.99')||'|',to_char(0.1234567::float4,'9.9999999x')||'|', to_char(100,'999."a"')||'|', to_char(100,'999.MI')||'|'
----
 100||100||101|| 100|| 100000000000000000000|| 1000000000000000||.||100||1000000000000000|| 1234567||  .12346|| 100||100|

query
SELECT to_char(100::float8,'FM999.')||'|', to_char(12345678901234::float8,'99999999999999D999')||'|', to_char(123456789012345::float8,'999999999999999D999x')||'|', to_char(123456789012345::float8,'999999999999999D999PR')||'|'
----
100|| 12345678901234.0|| 123456789012345|| 123456789012345|

query
SELECT to_char('nan'::float4,'9.9')||'|',to_char(1e300::float8,'9')||'|', to_char(12::float8,'99V99')||'|', to_char(-0.1::float8,'9')||'|', to_char(-1.5::float8,'S9.99')||'|', to_char(0.1::float8,'.99')||'|', to_char(1.005::float8,'9.99')||'|', to_char(2.5::float8,'9')||'|', to_char(0::float8,'9.99')||'|', to_char('inf'::float8,'9.99')||'|',to_char('-inf'::float4,'FM999')||'|', to_char('nan'::float8,'RN')
----
 #.#|| #|| 1200||-0||-1.50|| .##|| 1.00|| 2||  .00|| #.##||-###||###############

query
SELECT to_char(1.5,'B9.9')||'|', to_char(0,'B9.9')||'|', to_char(0,'B9')||'|', to_char(12,'B99B')||'|'
----
 1.5||  .0|| 0|| 12|

query
SELECT to_char(-34338492, '99G999G999G999G999G999'), to_char(4.31, '9999999999999999.999999999999999'), to_char(-34338492.654878, 'S9999999999999999.999999999999999'), to_char(7799461.4119, 'FM9999999999999999.999999999999999'), to_char(-24926804.04504742, '9999999999999999.999999999999999PR'), to_char(0, 'SG9999999999999999.999999999999999'), to_char(4.31, 'FM0000000000000000.999999999999999'), to_char(4.31, 'S 9 9 9 9 9 . 9 9 9'), to_char(4.31, 'FMS 9 9 9 . 9 9 9'), to_char(16397.038491, '99999 "text" 9999 "9999" 999 "\"text between quote marks\"" 9999'), to_char(7461, '999999SG9999999999'), to_char(7461, '9.999EEEE'), to_char(-7.461, 'FM9.999EEEE'), to_char('12345678901'::float8, 'FM9999999999D9999900000000000000000')
----
ERROR 42601: "EEEE" is incompatible with other formats

query
SELECT to_char('100'::numeric, 'FM999.9'), to_char('100'::numeric, 'FM999.'), to_char('100'::numeric, 'FM999'), to_char('100'::numeric, 'foo999'), to_char('100'::numeric, 'f\oo999'), to_char('100'::numeric, 'f\\oo999'), to_char('100'::numeric, 'f\"oo999'), to_char('100'::numeric, 'f\\"oo999'), to_char('100'::numeric, 'f"ool"999'), to_char('100'::numeric, 'f"\ool"999'), to_char('100'::numeric, 'f"ool\"999'), to_char('100'::numeric, 'f"ool\\"999')
----
100.|100|100|foo 100|f\oo 100|f\\oo 100|f"oo 100|f\"oo 100|fool 100|fool 100|fool"999|fool\ 100

statement
CREATE TABLE up (id int, k text, live boolean NOT NULL, n int)

statement
CREATE UNIQUE INDEX up_live ON up (k) WHERE live

statement
CREATE UNIQUE INDEX up_big ON up (n) WHERE n > 10 AND k IS NOT NULL

statement
INSERT INTO up VALUES (1, 'a', true, 20), (2, 'a', false, 5)

statement
INSERT INTO up VALUES (3, 'a', true, 21) ON CONFLICT (k) DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification

statement
INSERT INTO up VALUES (3, 'a', true, 21) ON CONFLICT (k) WHERE n > 3 DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification

statement
INSERT INTO up VALUES (3, 'a', true, 21) ON CONFLICT (k) WHERE NOT live DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification

query
INSERT INTO up VALUES (3, 'a', true, 21) ON CONFLICT (k) WHERE live DO UPDATE SET id = excluded.id RETURNING *
----
3|a|t|20

query
INSERT INTO up VALUES (4, 'a', true, 21) ON CONFLICT (k) WHERE live AND n > 3 DO UPDATE SET id = excluded.id RETURNING *
----
4|a|t|20

query
INSERT INTO up VALUES (5, 'a', true, 21) ON CONFLICT (k) WHERE live = true DO UPDATE SET id = excluded.id RETURNING *
----
5|a|t|20

statement
INSERT INTO up VALUES (5, 'b', true, 20) ON CONFLICT (n) WHERE n > 10 DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification

query
INSERT INTO up VALUES (5, 'b', true, 20) ON CONFLICT (n) WHERE n > 15 AND k = 'b' DO UPDATE SET id = 50 RETURNING *
----
50|a|t|20

statement
INSERT INTO up VALUES (5, 'b', true, 20) ON CONFLICT (n) WHERE n > 9 AND k IS NOT NULL DO NOTHING
----
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification

statement
INSERT INTO up VALUES (5, 'b', true, 20) ON CONFLICT (n) WHERE nope > 9 DO NOTHING
----
ERROR 42703: column "nope" does not exist

