date '2001-09-28' + 7, date '2001-09-28' + interval '1 hour', date '2001-09-28' + time '03:00', interval '1 day' + interval '1 hour', timestamp '2001-09-28 01:00' + interval '23 hours', time '01:00' + interval '3 hours', - interval '23 hours', date '2001-10-01' - date '2001-09-28', date '2001-10-01' - 7, date '2001-09-28' - interval '1 hour', time '05:00' - time '03:00', time '05:00' - interval '2 hours', timestamp '2001-09-28 23:00' - interval '23 hours', interval '1 day' - interval '1 hour', timestamp '2001-09-29 03:00' - timestamp '2001-07-27 12:00', interval '1 second' * 900, interval '1 day' * 21, double precision '3.5' * interval '1 hour', interval '1 hour' / double precision '1.5'
  date, timestamp without time zone, timestamp without time zone, interval, timestamp without time zone, time without time zone, interval, integer, date, timestamp without time zone, interval, time without time zone, timestamp without time zone, interval, interval, interval, interval, interval, interval: "2001-10-05", "2001-09-28 01:00:00", "2001-09-28 03:00:00", "1 day 01:00:00", "2001-09-29 00:00:00", "04:00:00", "-23:00:00", "3", "2001-09-24", "2001-09-27 23:00:00", "02:00:00", "03:00:00", "2001-09-28 00:00:00", "1 day -01:00:00", "63 days 15:00:00", "00:15:00", "21 days", "03:30:00", "00:40:00"
7 + date '2001-09-28', time '03:00' + date '2001-09-28', interval '1 hour' + date '2001-09-28', timetz '05:00+02' + interval '1 hour', date '2001-09-28' + timetz '03:00+02'
  date, timestamp without time zone, timestamp without time zone, time with time zone, timestamp with time zone: "2001-10-05", "2001-09-28 03:00:00", "2001-09-28 01:00:00", "06:00:00+02", "2001-09-28 01:00:00+00"
age(timestamp '2001-04-10', timestamp '1957-06-13'), age(timestamp '2024-02-29', timestamp '2023-02-28'), age(timestamp '2023-03-31', timestamp '2023-02-28'), age(timestamptz '2024-01-01', timestamptz '2023-12-31')
  interval, interval, interval, interval: "43 years 9 mons 27 days", "1 year 1 day", "1 mon 3 days", "1 day"
age(timestamp 'infinity', timestamp '2020-01-01') IS NULL
  boolean: "f"
~ !22008
date_part('hour', timestamp '2001-02-16 20:38:40'), date_part('month', interval '2 years 3 months'), date_part('year', date '2020-05-06'), date_part('epoch', time '01:00')
  double precision, double precision, double precision, double precision: 2.0000000000e+01, 3.0000000000e+00, 2.0200000000e+03, 3.6000000000e+03
date_part('foo', timestamp '2001-02-16')
  !22023
date_part('hour', date '2020-01-01')
  double precision: 0
extract(century from timestamp '2000-12-16 12:21:13'), extract(day from timestamp '2001-02-16 20:38:40'), extract(decade from timestamp '2001-02-16'), extract(dow from timestamp '2001-02-18'), extract(doy from timestamp '2001-02-16'), extract(epoch from timestamptz '2001-02-16 20:38:40.12-08'), extract(epoch from interval '5 days 3 hours'), extract(hour from timestamp '2001-02-16 20:38:40'), extract(isodow from timestamp '2001-02-18'), extract(isoyear from date '2006-01-01'), extract(julian from date '2006-01-01'), extract(julian from timestamp '2006-01-01 12:00'), extract(microseconds from time '17:12:28.5'), extract(millennium from timestamp '2001-02-16'), extract(milliseconds from time '17:12:28.5'), extract(minute from timestamp '2001-02-16 20:38:40'), extract(month from timestamp '2001-02-16'), extract(month from interval '2 years 13 months'), extract(quarter from timestamp '2001-02-16'), extract(second from time '17:12:28.5'), extract(timezone from timestamptz '2001-02-16 20:38:40-08'), extract(timezone_hour from timetz '01:00+05:30'), extract(timezone_minute from timetz '01:00+05:30'), extract(week from timestamp '2001-02-16'), extract(year from timestamp '2001-02-16'), extract(year from date '0044-03-15 BC')
  numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric: "20", "16", "200", "0", "47", "982384720.120000", "442800.000000", "20", "7", "2005", "2453737", "2453737.50000000000000000000", "28500000", "3", "28500.000", "38", "2", "1", "1", "28.500000", "0", "5", "30", "7", "2001", "-44"
extract(hour from date '2020-01-01')
  !0A000
extract(foo from now())
  !22023
extract(timezone from timestamp '2020-01-01')
  !0A000
extract(year from time '01:00')
  !0A000
extract(epoch from date 'infinity'), extract(year from timestamp '-infinity'), extract(day from timestamp 'infinity')
  numeric, numeric, numeric: "Infinity", "-Infinity", NULL
date_bin('15 minutes', timestamp '2020-02-11 15:44:17', timestamp '2001-01-01'), date_bin('15 minutes', timestamp '2020-02-11 15:44:17', timestamp '2001-01-01 00:02:30'), date_bin('1 day', timestamptz '2020-02-11 15:44:17+02', timestamptz '2001-01-01'), date_bin('5 min', timestamp '2000-01-01', timestamp '2020-01-01 00:01')
  timestamp without time zone, timestamp without time zone, timestamp with time zone, timestamp without time zone: "2020-02-11 15:30:00", "2020-02-11 15:32:30", "2020-02-11 00:00:00+00", "1999-12-31 23:56:00"
date_bin('1 month', timestamp '2020-02-11', timestamp '2001-01-01')
  !0A000
date_bin('0 min', timestamp '2020-02-11', timestamp '2001-01-01')
  !22008
date_bin('-1 min', timestamp '2020-02-11', timestamp '2001-01-01')
  !22008
date_trunc('hour', timestamp '2001-02-16 20:38:40'), date_trunc('year', timestamp '2001-02-16 20:38:40'), date_trunc('day', timestamptz '2001-02-16 20:38:40+00'), date_trunc('day', timestamptz '2001-02-16 20:38:40+00', 'Australia/Sydney'), date_trunc('hour', interval '3 days 02:47:33'), date_trunc('week', date '2024-05-16'), date_trunc('quarter', timestamp '2001-05-16'), date_trunc('century', timestamp '2001-05-16'), date_trunc('decade', timestamp '2001-05-16'), date_trunc('millennium', timestamp '2001-05-16'), date_trunc('milliseconds', timestamp '2001-05-16 01:02:03.456789'), date_trunc('microseconds', timestamp '2001-05-16 01:02:03.456789'), date_trunc('minute', time '01:02:03')
  timestamp without time zone, timestamp without time zone, timestamp with time zone, timestamp with time zone, interval, timestamp with time zone, timestamp without time zone, timestamp without time zone, timestamp without time zone, timestamp without time zone, timestamp without time zone, timestamp without time zone, interval: "2001-02-16 20:00:00", "2001-01-01 00:00:00", "2001-02-16 00:00:00+00", "2001-02-16 13:00:00+00", "3 days 02:00:00", "2024-05-13 00:00:00+00", "2001-04-01 00:00:00", "2001-01-01 00:00:00", "2000-01-01 00:00:00", "2001-01-01 00:00:00", "2001-05-16 01:02:03.456", "2001-05-16 01:02:03.456789", "01:02:00"
date_trunc('foo', timestamp '2001-02-16')
  !22023
date_trunc('foo', timestamp 'infinity')
  timestamp without time zone: "infinity"
date_trunc('week', interval '1 day')
  !0A000
date_trunc('day', timestamptz '2001-02-16', 'nowhere')
  !22023
isfinite(date '2001-02-16'), isfinite(timestamp 'infinity'), isfinite(interval '21 days'), isfinite(date '-infinity')
  boolean, boolean, boolean, boolean: "t", "f", "t", "f"
justify_days(interval '35 days'), justify_hours(interval '27 hours'), justify_interval(interval '1 mon -1 hour'), justify_interval(interval '-1 mon 60 days 50 hours')
  interval, interval, interval, interval: "1 mon 5 days", "1 day 03:00:00", "29 days 23:00:00", "1 mon 2 days 02:00:00"
make_date(2013, 7, 15), make_date(-44, 3, 15), make_time(8, 15, 23.5), make_timestamp(2013, 7, 15, 8, 15, 23.5), make_timestamptz(2013, 7, 15, 8, 15, 23.5), make_timestamptz(2013, 7, 15, 8, 15, 23.5, 'America/New_York'), make_interval(days => 10), make_interval(1, 2, 3, 4, 5, 6, 7.5), make_interval(secs => 1.5), make_interval()
  date, date, time without time zone, timestamp without time zone, timestamp with time zone, timestamp with time zone, interval, interval, interval, interval: "2013-07-15", "0044-03-15 BC", "08:15:23.5", "2013-07-15 08:15:23.5", "2013-07-15 08:15:23.5+00", "2013-07-15 12:15:23.5+00", "10 days", "1 year 2 mons 25 days 05:06:07.5", "00:00:01.5", "00:00:00"
make_date(2013, 13, 1)
  !22008
make_date(0, 1, 1)
  !22008
make_time(24, 0, 0), make_time(23, 59, 60)
  time without time zone, time without time zone: "24:00:00", "24:00:00"
make_time(25, 0, 0)
  !22008
make_timestamp(2013, 2, 30, 0, 0, 0)
  !22008
(date '2001-02-16', date '2001-12-21') OVERLAPS (date '2001-10-30', date '2002-10-30'), (date '2001-02-16', interval '100 days') OVERLAPS (date '2001-10-30', date '2002-10-30'), (date '2001-10-29', interval '1 day') OVERLAPS (date '2001-10-30', interval '1 day'), (time '01:00', time '02:00') OVERLAPS (time '02:00', time '03:00'), (date '2001-10-30', date '2001-10-30') OVERLAPS (date '2001-10-30', date '2001-10-31'), (NULL::date, date '2001-01-01') OVERLAPS (date '2000-01-01', date '2002-01-01')
  boolean, boolean, boolean, boolean, boolean, boolean: "t", "f", "f", "f", "t", "t"
timestamp '2001-02-16 20:38:40' AT TIME ZONE 'America/Denver', timestamptz '2001-02-16 20:38:40-05' AT TIME ZONE 'America/Denver', timestamptz '2001-02-16 20:38:40-05' AT TIME ZONE 'Asia/Tokyo' AT TIME ZONE 'America/Chicago', timetz '05:00-02' AT TIME ZONE 'UTC', time '05:00' AT TIME ZONE 'UTC', timestamp '2001-02-16 20:38:40' AT TIME ZONE interval '-08:00', timestamp '2024-01-01' AT TIME ZONE 'EST', timestamp '2024-07-01' AT TIME ZONE 'EST5EDT', timestamp '2024-01-01' AT TIME ZONE '+03', timestamp '2024-01-01' AT TIME ZONE 'UTC+3', timestamp '2024-01-01' AT TIME ZONE '<ABC>-2:30'
  timestamp with time zone, timestamp without time zone, timestamp with time zone, time with time zone, time with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone: "2001-02-17 03:38:40+00", "2001-02-16 18:38:40", "2001-02-17 16:38:40+00", "07:00:00+00", "05:00:00+00", "2001-02-17 04:38:40+00", "2024-01-01 05:00:00+00", "2024-07-01 04:00:00+00", "2024-01-01 03:00:00+00", "2024-01-01 03:00:00+00", "2023-12-31 21:30:00+00"
timestamp '2024-01-01' AT TIME ZONE 'nowhere'
  !22023
timestamp 'infinity' AT TIME ZONE 'nowhere'
  timestamp with time zone: "infinity"
timestamp '2024-03-10 02:30' AT TIME ZONE 'America/New_York', timestamp '2024-11-03 01:30' AT TIME ZONE 'America/New_York'
  timestamp with time zone, timestamp with time zone: "2024-03-10 07:30:00+00", "2024-11-03 06:30:00+00"
now() = current_timestamp, now() = transaction_timestamp(), statement_timestamp() <= clock_timestamp(), current_date = now()::date, localtimestamp = now()::timestamp, current_time IS NOT NULL, localtime IS NOT NULL, timeofday() IS NOT NULL, current_timestamp(0) IS NOT NULL
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "t", "t", "t", "t", "t", "t", "t", "t"
to_timestamp(1284352323), to_timestamp(1284352323.5), to_timestamp(0), to_timestamp('Infinity'), to_timestamp(-1.5)
  timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone: "2010-09-13 04:32:03+00", "2010-09-13 04:32:03.5+00", "1970-01-01 00:00:00+00", "infinity", "1969-12-31 23:59:58.5+00"
to_timestamp('NaN')
  !22008
'2024-01-15'::date, 'January 8, 1999'::date, '1/8/1999'::date, '1999-Jan-08'::date, '08-Jan-99'::date, '19990108'::date, '990108'::date, '1999.008'::date, 'J2451187'::date, 'January 8, 99 BC'::date, 'epoch'::date, 'infinity'::date
  date, date, date, date, date, date, date, date, date, date, date, date: "2024-01-15", "1999-01-08", "1999-01-08", "1999-01-08", "1999-01-08", "1999-01-08", "1999-01-08", "1999-01-08", "1999-01-08", "0099-01-08 BC", "1970-01-01", "infinity"
'2024-02-30'::date
  !22008
'2024-13-01'::date
  !22008
'foo'::date
  !22007
'04:05:06.789'::time, '04:05:06'::time, '04:05'::time, '040506'::time, '04:05 AM'::time, '04:05 PM'::time, '04:05:06.789-8'::timetz, '04:05:06 PST'::timetz, '040506-08'::timetz, '2003-04-12 04:05:06 America/New_York'::timetz, '24:00:00'::time, 'allballs'::time
  time without time zone, time without time zone, time without time zone, time without time zone, time without time zone, time without time zone, time with time zone, time with time zone, time with time zone, time with time zone, time without time zone, time without time zone: "04:05:06.789", "04:05:06", "04:05:00", "04:05:06", "04:05:00", "16:05:00", "04:05:06.789-08", "04:05:06-08", "04:05:06-08", "04:05:06-04", "24:00:00", "00:00:00"
'11:'::time
  time without time zone: "11:00:00"
'25:00'::time
  !22008
'1999-01-08 04:05:06'::timestamp, '1999-01-08 04:05:06 -8:00'::timestamptz, 'January 8 04:05:06 1999 PST'::timestamptz, '2024-01-01T00:00:00Z'::timestamptz, '2024-01-01 00:00:00.123456789'::timestamp, 'now'::timestamp IS NOT NULL, 'yesterday'::date < 'tomorrow'::date, 'today'::date = current_date
  timestamp without time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp without time zone, boolean, boolean, boolean: "1999-01-08 04:05:06", "1999-01-08 12:05:06+00", "1999-01-08 12:05:06+00", "2024-01-01 00:00:00+00", "2024-01-01 00:00:00.123457", "t", "t", "t"
'1 year 2 months 3 days 4 hours 5 minutes 6 seconds'::interval, 'P1Y2M3DT4H5M6S'::interval, 'P0001-02-03T04:05:06'::interval, '1-2'::interval, '3 4:05:06'::interval, '1 day ago'::interval, '-1 day +2:03:04'::interval, '1.5 months'::interval, '0.5 year'::interval, '1 week'::interval, '1 century'::interval, '1 mil 2 dec'::interval, '@ 1 minute'::interval, '1.123456789 sec'::interval, '12:34:56.7'::interval, '-00:00:01'::interval
  interval, interval, interval, interval, interval, interval, interval, interval, interval, interval, interval, interval, interval, interval, interval, interval: "1 year 2 mons 3 days 04:05:06", "1 year 2 mons 3 days 04:05:06", "1 year 2 mons 3 days 04:05:06", "1 year 2 mons", "3 days 04:05:06", "-1 days", "-1 days +02:03:04", "1 mon 15 days", "6 mons", "7 days", "100 years", "1020 years", "00:01:00", "00:00:01.123457", "12:34:56.7", "-00:00:01"
'1 fortnight'::interval
  !22007
'1 day 1 day'::interval
  !22007
interval '1' year, interval '1-2' year to month, interval '1 2:03' day to minute, interval '1 2:03:04' day to second, interval '2:03' minute to second, interval '5' day, interval '1 day 2:03:04' hour, interval '1 year 2 months' year, interval '1.5' second, interval '1.234567' second(2), interval(2) '1.23456', interval '10:20' hour to minute
  interval, interval, interval, interval, interval, interval, interval, interval, interval, interval, interval, interval: "1 year", "1 year 2 mons", "1 day 02:03:00", "1 day 02:03:04", "00:02:03", "5 days", "1 day 02:00:00", "1 year", "00:00:01.5", "00:00:01.23", "00:00:01.23", "10:20:00"
interval '1 2:03:04.5678' day to second(2), interval '1 month' day, interval '3 days 4 hours' month, '1 year 5 days'::interval month
  interval, interval, interval, interval: "1 day 02:03:04.57", "1 mon", "00:00:00", "1 year"
cast('1 year 2 mons 3 days' as interval year to month), '100 hours'::interval hour, '1:2:3.9'::interval minute
  interval, interval, interval: "1 year 2 mons", "100:00:00", "01:02:00"
date '2024-01-31' + interval '1 month', date '2024-02-29' + interval '1 year', timestamp '2024-03-31' - interval '1 month', timestamptz '2024-03-09 12:00-05' + interval '1 day'
  timestamp without time zone, timestamp without time zone, timestamp without time zone, timestamp with time zone: "2024-02-29 00:00:00", "2025-02-28 00:00:00", "2024-02-29 00:00:00", "2024-03-10 17:00:00+00"
interval '1 mon' = interval '30 days', interval '1 day' = interval '24 hours', interval '1 mon' < interval '31 days', interval '1 year' > interval '364 days'
  boolean, boolean, boolean, boolean: "t", "t", "t", "f"
interval '1 month 15 days' * 1.5, interval '1 month' / 2, interval '1 day' / 3, interval '1 year' * 0.1, interval '1 month' * 'NaN'
  !22008
interval '178000000 years'
  interval: "178000000 years"
interval '100000000 years' * 10
  !22008
to_char(timestamp '2002-04-20 17:31:12.66', 'HH12:MI:SS'), to_char(interval '15h 2m 12s', 'HH24:MI:SS'), to_char(125, '999'), to_char(125.8::real, '999D9'), to_char(-125.8, '999D99S'), to_char(timestamp '2024-05-06 07:08:09.123456', 'YYYY-MM-DD HH24:MI:SS.MS US FF1 FF2 FF3 FF4 FF5 FF6 SSSS SSSSS'), to_char(timestamp '2024-05-06', 'Y,YYY YYYY YYY YY Y IYYY IYY IY I BC AD B.C. a.d. bc'), to_char(timestamp '2024-05-06', 'MONTH Month month MON Mon mon MM DAY Day day DY Dy dy DDD IDDD DD D ID W WW IW CC J Q RM rm'), to_char(timestamptz '2024-05-06 07:08+00', 'TZ tz TZH TZM OF'), to_char(timestamp '2024-05-06 00:30', 'HH HH12 AM a.m. P.M. pm')
  text, text, text, text, text, text, text, text, text, text: "05:31:12", "15:02:12", " 125", " 125.8", "125.80-", "2024-05-06 07:08:09.123 123456 1 12 123 1234 12345 123456 25689 25689", "2,024 2024 024 24 4 2024 024 24 4 AD AD A.D. a.d. ad", "MAY       May       may       MAY May may 05 MONDAY    Monday    monday    MON Mon mon 127 127 06 2 1 1 19 19 21 2460437 2 V    v   ", "UTC utc +00 00 +00", "12 12 AM a.m. A.M. am"
to_char(timestamp '2024-05-06', 'FMMonth FMDD, YYYY'), to_char(timestamp '2024-05-06', 'DDth DDTH FMDDth'), to_char(timestamp '2024-05-06', '"Year" YYYY \"x\" "a\"b"'), to_char(timestamp '2024-05-06', 'YYYYTH'), to_char(timestamp '0044-03-15 BC', 'YYYY BC'), to_char(timestamp 'infinity', 'YYYY'), to_char(timestamp '2024-05-06', ''), to_char(timestamp '2024-05-06', 'TMMonth TMDay'), to_char(date '2024-05-06', 'YYYYMMDD'), to_char(timestamp '2024-01-01', 'FXYYYY SP')
  text, text, text, text, text, text, text, text, text, text: "May 6, 2024", "06th 06TH 6th", "Year 2024 \"x\" a\"b", "2024TH", "0044 BC", NULL, NULL, "May Monday", "20240506", "2024 SP"
to_char(interval '1 year 2 months 3 days 100 hours', 'YYYY MM DD HH24 MI SS'), to_char(interval '-1 day', 'DD'), to_char(interval '36 hours', 'HH12 HH24 AM'), to_char(time '15:04:05', 'HH12:MI AM')
  text, text, text, text: "0001 02 03 100 00 00", "-1", "12 36 PM", "03:04 PM"
to_char(12345.678, '99999.99'), to_char(12345.678, '9,999,999.999'), to_char(0.5, '0.99'), to_char(0.5, '9.99'), to_char(-5, 'S99'), to_char(5, 'SG99'), to_char(-5, '99MI'), to_char(-5, '99PR'), to_char(5, '99PR'), to_char(485, 'RN'), to_char(485, 'FMRN'), to_char(4000, 'RN'), to_char(1, '9th'), to_char(482, '999th'), to_char(12, '99V999'), to_char(0.0004859, '9.99EEEE'), to_char(1234567, '9.99EEEE'), to_char(12345, '999'), to_char(1.5, 'FM999.99'), to_char(1234, 'L9999'), to_char(1234, '9G999D99'), to_char(-1234, '9G999PL'), to_char(0, '9.9'), to_char(0, 'FM9.9'), to_char(148.5, 'FM999.990'), to_char(485.8, '"Good number:"999'), to_char(1e20::float8, '9'), to_char('NaN'::float8, '999'), to_char('Infinity'::float8, '999'), to_char(12::int8, '0000'), to_char(-12.5, '0000.00'), to_char(1234.5::float4, '9999.9')
  text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text, text: " 12345.68", "    12,345.678", " 0.50", "  .50", " -5", "+ 5", " 5-", " <5>", "  5 ", "        CDLXXXV", "CDLXXXV", "###############", " 1st", " 482nd", " 12000", " 4.86e-04", " 1.23e+06", " ###", "1.5", "  1234", " 1,234.00", "-1,234 ", "  .0", "0.", "148.500", "Good number: 486", " #", " NaN", " ###", " 0012", "-0012.50", " 1234.5"
to_char(1.5, '9.9EEEE9')
  !42601
to_char(5, '9PR9')
  !42601
to_date('05 Dec 2000', 'DD Mon YYYY'), to_date('20240131', 'YYYYMMDD'), to_date('2024-060', 'YYYY-DDD'), to_date('2024-W05-3', 'IYYY-"W"IW-ID'), to_date('3 4 21 01', 'W MM CC YY'), to_date('1 4 1902', 'Q MM YYYY'), to_date('12/31/99', 'MM/DD/YY'), to_date('J2451187', '"J"J'), to_date('2000 June', 'YYYY MON'), to_date('  2000 06', 'YYYY MM'), to_date('44-03-15 BC', 'YYYY-MM-DD BC'), to_date('-44-02-01', 'YYYY-MM-DD'), to_date('MCMXCIX', 'RN') IS NULL
  date, date, date, date, date, date, date, date, date, date, date, date, boolean: "2000-12-05", "2024-01-31", "2024-02-29", "2024-01-31", "2001-04-15", "1902-04-01", "1999-12-31", "1999-01-08", "2000-06-01", "2000-06-01", "0044-03-15 BC", "0044-02-01 BC", "f"
to_date('2024-13-01', 'YYYY-MM-DD')
  !22008
to_date('2024-02-30', 'YYYY-MM-DD')
  !22008
to_date('abc', 'YYYY')
  !22007
to_date('2016-06-13 15:50:55', 'YYYY-MM-DD HH24:MI:SS'), to_date('', 'YYYY-MM-DD')
  date, date: "2016-06-13", "0001-01-01 BC"
to_timestamp('05 Dec 2000', 'DD Mon YYYY'), to_timestamp('2000-12-05 13:14:15.678', 'YYYY-MM-DD HH24:MI:SS.MS'), to_timestamp('0097/Feb/16 --> 08:14:30', 'YYYY/Mon/DD --> HH:MI:SS'), to_timestamp('2011$03!18 23_38_15', 'YYYY-MM-DD HH24:MI:SS'), to_timestamp('15 "text between quote marks" 98 54 45', E'HH24 "\\"text between quote marks\\"" YY MI SS'), to_timestamp('2000JUN', 'YYYY///MON'), to_timestamp('2000 + JUN', 'YYYY   MON'), to_timestamp('2011-12-18 11:38 EST', 'YYYY-MM-DD HH12:MI') IS NULL, to_timestamp('2011-12-18 11:38 PM', 'YYYY-MM-DD HH12:MI PM'), to_timestamp('2011-12-18 23:38:15 -05:20', 'YYYY-MM-DD HH24:MI:SS TZH:TZM'), to_timestamp('2018-11-02 12:34:56.025', 'YYYY-MM-DD HH24:MI:SS.FF3'), to_timestamp('1985 January 12', 'YYYY FMMonth DD'), to_timestamp('44-02-01 11:12:13 BC', 'YYYY-MM-DD HH24:MI:SS BC')
  timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone: "2000-12-05 00:00:00+00", "2000-12-05 13:14:15.678+00", "0097-02-16 08:14:30+00", "2011-03-18 23:38:15+00", "1998-01-01 15:54:45+00", "2000-06-01 00:00:00+00", "2000-06-01 00:00:00+00", "f", "2011-12-18 23:38:00+00", "2011-12-19 04:58:15+00", "2018-11-02 12:34:56.025+00", "1985-01-12 00:00:00+00", "0044-02-01 11:12:13+00 BC"
to_timestamp('2011-12-18 23:38', 'YYYY-MM-DD HH12:MI')
  !22007
to_timestamp('97/Feb/16', 'FXYY:Mon:DD')
  timestamp with time zone: "1997-02-16 00:00:00+00"
to_timestamp('2005527', 'YYYYIWID')
  !22007
to_timestamp('20050527', 'YYYYMMDDYYYY')
  timestamp with time zone: "2005-05-27 00:00:00+00"
to_timestamp('10:10:10', 'HH24:MI:SS TZ')
  timestamp with time zone: "0001-01-01 10:10:10+00 BC"
to_number('-34,338,492', '99G999G999'), to_number('-34,338,492.654,878', '99G999G999D999G999'), to_number('<564646.654564>', '999999.999999PR'), to_number('0.00001-', '9.999999S'), to_number('5.01-', 'FM9.999999S'), to_number('5 4 4 4 4 8 . 7 8', '9 9 9 9 9 9 . 9 9'), to_number('.01', 'FM9.99'), to_number('.0', '99999999.99999999'), to_number('0', '99.99'), to_number('.-01', 'S99.99'), to_number('.01-', '99.99S'), to_number(' . 0 1-', ' 9 9 . 9 9 S'), to_number('34,50','999,99'), to_number('123,000','999G'), to_number('123456','999G999'), to_number('$1234.56','L9,999.99'), to_number('1234.56','L99,999.99'), to_number('42nd', '99th')
  numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric: "-34338492", "-34338492.654878", "-564646.654564", "-0.00001", "-5.01", "544448.78", "0.01", "0.0", "0", "-0.01", "-0.01", "-0.01", "3450", "123", "123456", "1234.56", "1234.56", "42"
to_number('abc', '999')
  !22P02
to_number('', '999')
  !22P02
date '2024-01-01' < timestamp '2024-01-01 00:00:01', date '2024-01-01' = timestamptz '2024-01-01 00:00+00', timestamp '2024-01-01' < timestamptz '2024-01-02', time '01:00' < time '02:00', timetz '01:00+00' = timetz '02:00+01', timetz '01:00+00' < timetz '02:00+01'
  boolean, boolean, boolean, boolean, boolean, boolean: "t", "t", "t", "t", "f", "f"
date '2024-01-01' IN ('2024-01-01', '2024-01-02'), '2024-01-01' = date '2024-01-01', date '2024-01-01' BETWEEN '2023-01-01' AND '2025-01-01'
  boolean, boolean, boolean: "t", "t", "t"
SELECT * FROM generate_series(timestamp '2008-03-01 00:00', '2008-03-02 12:00', '10 hours')
  timestamp without time zone: "2008-03-01 00:00:00" | "2008-03-01 10:00:00" | "2008-03-01 20:00:00" | "2008-03-02 06:00:00"
SELECT * FROM generate_series(timestamptz '2024-03-30 00:00+00', '2024-04-01', '1 day')
  timestamp with time zone: "2024-03-30 00:00:00+00" | "2024-03-31 00:00:00+00" | "2024-04-01 00:00:00+00"
SELECT * FROM generate_series(date '2024-01-01', date '2024-01-03', interval '1 day')
  timestamp with time zone: "2024-01-01 00:00:00+00" | "2024-01-02 00:00:00+00" | "2024-01-03 00:00:00+00"
SELECT * FROM generate_series(timestamp '2024-01-01', timestamp '2023-01-01', interval '-6 mons')
  timestamp without time zone: "2024-01-01 00:00:00" | "2023-07-01 00:00:00" | "2023-01-01 00:00:00"
SELECT * FROM generate_series(timestamp '2024-01-01', timestamp '2023-01-01', interval '0')
  !22023
timestamp(3) '2024-01-01 00:00:00.123456', timestamptz(0) '2024-01-01 00:00:00.5+00', time(1) '01:02:03.45', '2024-01-01 00:00:00.999999'::timestamp(2), current_timestamp(3)::timestamptz(3) = current_timestamp(3)
  timestamp without time zone, timestamp with time zone, time without time zone, timestamp without time zone, boolean: "2024-01-01 00:00:00.123", "2024-01-01 00:00:01+00", "01:02:03.5", "2024-01-01 00:00:01", "t"
timestamp '294276-12-31 23:59:59.999999', timestamp '4713-01-01 BC', date '5874897-12-31', date '4713-01-01 BC'
  timestamp without time zone, timestamp without time zone, date, date: "294276-12-31 23:59:59.999999", "4713-01-01 00:00:00 BC", "5874897-12-31", "4713-01-01 BC"
timestamp '294277-01-01'
  !22008
date '5874898-01-01'
  !22008
timestamp '294276-12-31' + interval '1 year'
  !22008
date '5874897-12-31' + 1
  !22008
'2024-01-01'::date::timestamp, '2024-01-01 10:11'::timestamp::date, '2024-01-01 10:11'::timestamp::time, '10:11'::time::interval, '25:11'::interval::time, '2024-01-01 10:11+02'::timestamptz::timestamp, '10:11+02'::timetz::time
  timestamp without time zone, date, time without time zone, interval, time without time zone, timestamp without time zone, time without time zone: "2024-01-01 00:00:00", "2024-01-01", "10:11:00", "10:11:00", "01:11:00", "2024-01-01 08:11:00", "10:11:00"
date 'infinity' - date '2020-01-01'
  !22008
timestamp 'infinity' - timestamp '2020-01-01'
  !22008
timestamp 'infinity' + interval '1 day', date 'infinity' + 1, greatest(date '2020-01-01', 'infinity')
  timestamp without time zone, date, date: "infinity", "infinity", "infinity"
pg_typeof(date '2020-01-01' + interval '1 day')::text, pg_typeof(now() - now())::text, pg_typeof(current_time)::text, pg_typeof(localtime)::text, pg_typeof(extract(year from now()))::text, pg_typeof(date_part('year', now()))::text
  text, text, text, text, text, text: "timestamp without time zone", "interval", "time with time zone", "time without time zone", "numeric", "double precision"
max(x), min(x), sum(x), avg(x) FROM (VALUES (interval '1 day'), ('2 hours'), ('1 mon')) v(x)
  interval, interval, interval, interval: "1 mon", "02:00:00", "1 mon 1 day 02:00:00", "10 days 08:40:00"
=SET timezone = 'America/New_York'
timestamptz '2024-07-01 12:00+00', timestamptz '2024-01-01 12:00+00', '2024-03-10 02:30'::timestamptz, '2024-11-03 01:30'::timestamptz, timestamp '2024-07-01'::timestamptz, date '2024-07-01'::timestamptz, date_trunc('day', timestamptz '2024-07-01 02:00+00'), extract(hour from timestamptz '2024-07-01 12:00+00'), timestamptz '2024-03-09 12:00' + interval '1 day', timestamptz '2024-03-09 12:00' + interval '24 hours', timestamptz '2024-03-11' - timestamptz '2024-03-10', to_char(timestamptz '2024-07-01 12:00+00', 'TZ OF TZH:TZM'), timetz '12:00', time '12:00'::timetz IS NOT NULL
  timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, numeric, timestamp with time zone, timestamp with time zone, interval, text, time with time zone, boolean: "2024-07-01 08:00:00-04", "2024-01-01 07:00:00-05", "2024-03-10 03:30:00-04", "2024-11-03 01:30:00-05", "2024-07-01 00:00:00-04", "2024-07-01 00:00:00-04", "2024-06-30 00:00:00-04", "8", "2024-03-10 12:00:00-04", "2024-03-10 13:00:00-04", "23:00:00", "EDT -04 -04:00", "12:00:00-05", "t"
SELECT * FROM generate_series(timestamptz '2024-03-09 12:00', '2024-03-12', '1 day')
  timestamp with time zone: "2024-03-09 12:00:00-05" | "2024-03-10 12:00:00-04" | "2024-03-11 12:00:00-04"
to_timestamp('2024-07-01 12:00', 'YYYY-MM-DD HH24:MI'), '2024-01-01 12:00 EST'::timestamptz, '2024-07-01 12:00 EDT'::timestamptz, '2024-07-01 12:00 MSK'::timestamptz, '2000-07-01 12:00 MSK'::timestamptz, '2024-07-01 12:00 Europe/Berlin'::timestamptz
  timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone: "2024-07-01 12:00:00-04", "2024-01-01 12:00:00-05", "2024-07-01 12:00:00-04", "2024-07-01 05:00:00-04", "2000-07-01 05:00:00-04", "2024-07-01 06:00:00-04"
=SET timezone = 'UTC'
