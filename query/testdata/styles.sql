# DateStyle and IntervalStyle. Expected results are PostgreSQL's.

statement
SET datestyle TO 'SQL, DMY'

query
SHOW datestyle
----
SQL, DMY

query
SELECT '03/04/2020'::date, '2020-03-04'::date, '4-3-2020 10:00'::timestamp, '0044-03-15 BC'::date, '0044-03-15 10:00 BC'::timestamp
----
03/04/2020|04/03/2020|04/03/2020 10:00:00|15/03/0044 BC|15/03/0044 10:00:00 BC

query
SELECT ('2020-03-04'::date)::text, to_json('2020-03-04'::date), to_jsonb('2020-03-04 10:00'::timestamp), ARRAY['2020-03-04'::date], ROW('2020-03-04'::date), daterange('2020-03-04','2020-03-06'), 'x' || '2020-03-04'::date
----
04/03/2020|"2020-03-04"|"2020-03-04T10:00:00"|{04/03/2020}|(04/03/2020)|[04/03/2020,06/03/2020)|x04/03/2020

statement
SET datestyle TO Postgres

query
SELECT '2020-03-04'::date, '2020-03-04 10:00:00.25'::timestamp, '2020-07-04 10:00:00+00'::timestamptz, '0044-03-15 10:00 BC'::timestamp, 'infinity'::timestamp
----
04-03-2020|Wed 04 Mar 10:00:00.25 2020|Sat 04 Jul 10:00:00 2020 UTC|Fri 15 Mar 10:00:00 0044 BC|infinity

statement
SET timezone TO 'America/New_York'

query
SELECT '2020-07-04 10:00:00+00'::timestamptz, '2020-01-04 10:00:00+00'::timestamptz
----
Sat 04 Jul 06:00:00 2020 EDT|Sat 04 Jan 05:00:00 2020 EST

statement
SET datestyle TO 'SQL'

query
SELECT '2020-07-04 10:00:00+00'::timestamptz, '2020-01-04 10:00:00+00'::timestamptz
----
04/07/2020 06:00:00 EDT|04/01/2020 05:00:00 EST

statement
SET datestyle TO 'GERMAN'

query
SHOW datestyle
----
German, DMY

query
SELECT '04.07.2020'::date, '2020-01-04 10:00:00+00'::timestamptz
----
04.07.2020|04.01.2020 05:00:00 EST

statement
SET datestyle TO 'ISO, YMD'

query
SELECT '99 Jan 08'::date, '08 Jan 99'::date
----
ERROR 22008: date/time field value out of range: "08 Jan 99"

query
SELECT '99-08-01'::date, 'Jan 08 99'::date, '1999 08 01'::date
----
ERROR 22008: date/time field value out of range: "Jan 08 99"

statement
SET datestyle TO 'dmy'

query
SELECT '01 08 99'::date, '08 Jan 99'::date, '08 01 1999'::date, '18/1/99'::date
----
1999-08-01|1999-01-08|1999-01-08|1999-01-18

query
SELECT '1/18/1999'::date
----
ERROR 22008: date/time field value out of range: "1/18/1999"

statement
SET datestyle TO mdy

query
SELECT '1/18/1999'::date, '18/1/1999'::date
----
ERROR 22008: date/time field value out of range: "18/1/1999"

statement
SET datestyle TO nope
----
ERROR 22023: invalid value for parameter "DateStyle": "nope"

statement
SET datestyle TO 'iso, sql'
----
ERROR 22023: invalid value for parameter "DateStyle": "iso, sql"

statement
SET intervalstyle TO nope
----
ERROR 22023: invalid value for parameter "intervalstyle": "nope"

statement
RESET datestyle

statement
SET timezone TO UTC

statement
SET intervalstyle TO postgres_verbose

query
SELECT interval '-1 days +02:03:04', interval '1 year -2 mons', interval '-1 sec', interval '0.5 sec', interval '-0.5 sec', interval '1 hour -2 sec', interval '-1 year 5 min', interval '61 min', (interval '1 day')::text
----
@ 1 day -2 hours -3 mins -4 secs ago|@ 10 mons|@ 1 sec ago|@ 0.5 secs|@ 0.5 secs ago|@ 59 mins 58 secs|@ 1 year -5 mins ago|@ 1 hour 1 min|@ 1 day

statement
SET intervalstyle TO iso_8601

query
SELECT interval '-1 days +02:03:04', interval '1 year -2 mons', interval '-1 sec', interval '0.5 sec', interval '-0.5 sec', interval '1 hour -2 sec', interval '-1 year 5 min', interval '25 hours'
----
P-1DT2H3M4S|P10M|PT-1S|PT0.5S|PT-0.5S|PT59M58S|P-1YT5M|PT25H

statement
SET intervalstyle TO sql_standard

query
SELECT interval '-1 days +02:03:04', interval '1 year -2 mons', interval '-1 sec', interval '0.5 sec', interval '-0.5 sec', interval '1 hour -2 sec', interval '-1 year 5 min', interval '-1-2', interval '-1 2:03:04', interval '-1 day 2:03', interval '-1 year 2 months', interval '1 year 2 months', interval '-1 +2:03', interval '+1 -2:03'
----
+0-0 -1 +2:03:04|0-10|-0:00:01|0:00:00.5|-0:00:00.5|0:59:58|-1-0 +0 -0:05:00|-1-2|-1 2:03:04|-1 2:03:00|-1-2|1-2|+0-0 -1 +2:03:00|+0-0 +1 -2:03:00

query
SELECT '-1 2:03:04'::interval, to_json('1 day'::interval)
----
-1 2:03:04|"1 0:00:00"

