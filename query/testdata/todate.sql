# to_timestamp and to_date: separators, widths, zones, conflicts. Expected results are PostgreSQL's.

query
SELECT to_timestamp('0097/Feb/16 --> 08:14:30', 'YYYY/Mon/DD --> HH:MI:SS')
----
0097-02-16 08:14:30+00

query
SELECT to_timestamp('97/2/16 8:14:30', 'FMYYYY/FMMM/FMDD FMHH:FMMI:FMSS')
----
0097-02-16 08:14:30+00

query
SELECT to_timestamp('2011$03!18 23_38_15', 'YYYY-MM-DD HH24:MI:SS')
----
2011-03-18 23:38:15+00

query
SELECT to_timestamp('1985 January 12', 'YYYY FMMonth DD')
----
1985-01-12 00:00:00+00

query
SELECT to_timestamp('1985 FMMonth 12', 'YYYY "FMMonth" DD')
----
1985-01-12 00:00:00+00

query
SELECT to_timestamp('1985 \ 12', 'YYYY \\ DD')
----
1985-01-12 00:00:00+00

query
SELECT to_timestamp('My birthday-> Year: 1976, Month: May, Day: 16', '"My birthday-> Year:" YYYY, "Month:" FMMonth, "Day:" DD')
----
1976-05-16 00:00:00+00

query
SELECT to_timestamp('1,582nd VIII 21', 'Y,YYYth FMRM DD')
----
1582-08-21 00:00:00+00

query
SELECT to_timestamp('15 "text between quote marks" 98 54 45', E'HH24 "\\"text between quote marks\\"" YY MI SS')
----
1998-01-01 15:54:45+00

query
SELECT to_timestamp('05121445482000', 'MMDDHH24MISSYYYY')
----
2000-05-12 14:45:48+00

query
SELECT to_timestamp('2000January09Sunday', 'YYYYFMMonthDDFMDay')
----
2000-01-09 00:00:00+00

query
SELECT to_timestamp('97/Feb/16', 'YY:Mon:DD')
----
1997-02-16 00:00:00+00

query
SELECT to_timestamp('97/Feb/16', 'FXYY:Mon:DD')
----
1997-02-16 00:00:00+00

query
SELECT to_timestamp('97/Feb/16', 'FXYY/Mon/DD')
----
1997-02-16 00:00:00+00

query
SELECT to_timestamp('19971116', 'YYYYMMDD')
----
1997-11-16 00:00:00+00

query
SELECT to_timestamp('20000-1116', 'YYYY-MMDD')
----
20000-11-16 00:00:00+00

query
SELECT to_timestamp('1997 AD 11 16', 'YYYY BC MM DD')
----
1997-11-16 00:00:00+00

query
SELECT to_timestamp('1997 BC 11 16', 'YYYY BC MM DD')
----
1997-11-16 00:00:00+00 BC

query
SELECT to_timestamp('1997 A.D. 11 16', 'YYYY B.C. MM DD')
----
1997-11-16 00:00:00+00

query
SELECT to_timestamp('9-1116', 'Y-MMDD')
----
2009-11-16 00:00:00+00

query
SELECT to_timestamp('95-1116', 'YY-MMDD')
----
1995-11-16 00:00:00+00

query
SELECT to_timestamp('995-1116', 'YYY-MMDD')
----
1995-11-16 00:00:00+00

query
SELECT to_timestamp('2005426', 'YYYYWWD')
----
2005-10-15 00:00:00+00

query
SELECT to_timestamp('2005300', 'YYYYDDD')
----
2005-10-27 00:00:00+00

query
SELECT to_timestamp('2005527', 'IYYYIWID')
----
2006-01-01 00:00:00+00

query
SELECT to_timestamp('005527', 'IYYIWID')
----
2006-01-01 00:00:00+00

query
SELECT to_timestamp('05527', 'IYIWID')
----
2006-01-01 00:00:00+00

query
SELECT to_timestamp('5527', 'IIWID')
----
2006-01-01 00:00:00+00

query
SELECT to_timestamp('2005364', 'IYYYIDDD')
----
2006-01-01 00:00:00+00

query
SELECT to_timestamp('20050302', 'YYYYMMDD')
----
2005-03-02 00:00:00+00

query
SELECT to_timestamp('2005 03 02', 'YYYYMMDD')
----
2005-03-02 00:00:00+00

query
SELECT to_timestamp(' 2005 03 02', 'YYYYMMDD')
----
2005-03-02 00:00:00+00

query
SELECT to_timestamp('  20050302', 'YYYYMMDD')
----
2005-03-02 00:00:00+00

query
SELECT to_timestamp('2011-12-18 11:38 AM', 'YYYY-MM-DD HH12:MI PM')
----
2011-12-18 11:38:00+00

query
SELECT to_timestamp('2011-12-18 11:38 PM', 'YYYY-MM-DD HH12:MI PM')
----
2011-12-18 23:38:00+00

query
SELECT to_timestamp('2011-12-18 11:38 A.M.', 'YYYY-MM-DD HH12:MI P.M.')
----
2011-12-18 11:38:00+00

query
SELECT to_timestamp('2011-12-18 11:38 +05', 'YYYY-MM-DD HH12:MI TZH')
----
2011-12-18 06:38:00+00

query
SELECT to_timestamp('2011-12-18 11:38 -05:20', 'YYYY-MM-DD HH12:MI TZH:TZM')
----
2011-12-18 16:58:00+00

query
SELECT to_timestamp('2011-12-18 11:38 20', 'YYYY-MM-DD HH12:MI TZM')
----
2011-12-18 11:18:00+00

query
SELECT to_timestamp('2011-12-18 11:38 PST', 'YYYY-MM-DD HH12:MI TZ')
----
ERROR 0A000: formatting field "TZ" is only supported in to_char

query
SELECT to_timestamp('2018-11-02 12:34:56.025', 'YYYY-MM-DD HH24:MI:SS.MS')
----
2018-11-02 12:34:56.025+00

query rowsort
SELECT i, to_timestamp('2018-11-02 12:34:56', 'YYYY-MM-DD HH24:MI:SS.FF' || i) FROM generate_series(1, 6) i
----
1|2018-11-02 12:34:56+00
2|2018-11-02 12:34:56+00
3|2018-11-02 12:34:56+00
4|2018-11-02 12:34:56+00
5|2018-11-02 12:34:56+00
6|2018-11-02 12:34:56+00

query rowsort
SELECT i, to_timestamp('2018-11-02 12:34:56.1234', 'YYYY-MM-DD HH24:MI:SS.FF' || i) FROM generate_series(1, 6) i
----
1|2018-11-02 12:34:56.1+00
2|2018-11-02 12:34:56.12+00
3|2018-11-02 12:34:56.123+00
4|2018-11-02 12:34:56.1234+00
5|2018-11-02 12:34:56.1234+00
6|2018-11-02 12:34:56.1234+00

query
SELECT to_timestamp('44-02-01 11:12:13 BC','YYYY-MM-DD HH24:MI:SS BC')
----
0044-02-01 11:12:13+00 BC

query
SELECT to_timestamp('-44-02-01 11:12:13','YYYY-MM-DD HH24:MI:SS')
----
0044-02-01 11:12:13+00 BC

query
SELECT to_timestamp('-44-02-01 11:12:13 BC','YYYY-MM-DD HH24:MI:SS BC')
----
0044-02-01 11:12:13+00

query
SELECT to_timestamp('2011-12-18 23:38:15', 'YYYY-MM-DD  HH24:MI:SS')
----
2011-12-18 23:38:15+00

query
SELECT to_timestamp('2011-12-18  23:38:15', 'YYYY-MM-DD  HH24:MI:SS')
----
2011-12-18 23:38:15+00

query
SELECT to_timestamp('2011-12-18   23:38:15', 'YYYY-MM-DD  HH24:MI:SS')
----
2011-12-18 23:38:15+00

query
SELECT to_timestamp('2011-12-18  23:38:15', 'YYYY-MM-DD HH24:MI:SS')
----
2011-12-18 23:38:15+00

query
SELECT to_timestamp('2000+   JUN', 'YYYY/MON')
----
2000-06-01 00:00:00+00

query
SELECT to_timestamp('  2000 +JUN', 'YYYY/MON')
----
2000-06-01 00:00:00+00

query
SELECT to_timestamp(' 2000 +JUN', 'YYYY//MON')
----
2000-06-01 00:00:00+00

query
SELECT to_timestamp('2000  +JUN', 'YYYY//MON')
----
2000-06-01 00:00:00+00

query
SELECT to_timestamp('2000 + JUN', 'YYYY MON')
----
2000-06-01 00:00:00+00

query
SELECT to_timestamp('2000 ++ JUN', 'YYYY  MON')
----
2000-06-01 00:00:00+00

query
SELECT to_timestamp('2000 + + JUN', 'YYYY   MON')
----
2000-06-01 00:00:00+00

query
SELECT to_timestamp('2000 -10', 'YYYY TZH')
----
2000-01-01 10:00:00+00

query
SELECT to_timestamp('2000 -10', 'YYYY  TZH')
----
1999-12-31 14:00:00+00

query
SELECT to_date('2011 12  18', 'YYYY MM DD')
----
2011-12-18

query
SELECT to_date('2011 12  18', 'YYYY MM  DD')
----
2011-12-18

query
SELECT to_date('2011 12  18', 'YYYY MM   DD')
----
2011-12-18

query
SELECT to_date('2011 12 18', 'YYYY  MM DD')
----
2011-12-18

query
SELECT to_date('2011  12 18', 'YYYY  MM DD')
----
2011-12-18

query
SELECT to_date('2011   12 18', 'YYYY  MM DD')
----
2011-12-18

query
SELECT to_date('2011 12 18', 'YYYYxMMxDD')
----
2011-12-18

query
SELECT to_date('2011x 12x 18', 'YYYYxMMxDD')
----
2011-12-18

query
SELECT to_date('2011 x12 x18', 'YYYYxMMxDD')
----
ERROR 22007: invalid value "x1" for "MM"

query
SELECT to_date('1 4 1902', 'Q MM YYYY')
----
1902-04-01

query
SELECT to_date('3 4 21 01', 'W MM CC YY')
----
2001-04-15

query
SELECT to_date('2458872', 'J')
----
2020-01-23

query
SELECT to_date('44-02-01 BC','YYYY-MM-DD BC')
----
0044-02-01 BC

query
SELECT to_date('-44-02-01','YYYY-MM-DD')
----
0044-02-01 BC

query
SELECT to_timestamp('2005527', 'YYYYIWID')
----
ERROR 22007: invalid combination of date conventions

query
SELECT to_timestamp('19971', 'YYYYMMDD')
----
ERROR 22007: source string too short for "MM" formatting field

query
SELECT to_timestamp('Friday 1-January-1999', 'DY DD MON YYYY')
----
ERROR 22007: invalid value "da" for "DD"

query
SELECT to_timestamp('Fri 1-January-1999', 'DY DD MON YYYY')
----
ERROR 22007: invalid value "uary" for "YYYY"

query
SELECT to_timestamp('Fri 1-Jan-1999', 'DY DD MON YYYY')
----
1999-01-01 00:00:00+00

query
SELECT to_timestamp('199711xy', 'YYYYMMDD')
----
ERROR 22007: invalid value "xy" for "DD"

query
SELECT to_timestamp('10000000000', 'FMYYYY')
----
ERROR 22008: value for "YYYY" in source string is out of range

query
SELECT to_timestamp('2016-06-13 25:00:00', 'YYYY-MM-DD HH24:MI:SS')
----
ERROR 22008: date/time field value out of range: "2016-06-13 25:00:00"

query
SELECT to_timestamp('2016-06-13 15:60:00', 'YYYY-MM-DD HH24:MI:SS')
----
ERROR 22008: date/time field value out of range: "2016-06-13 15:60:00"

query
SELECT to_timestamp('2016-06-13 15:50:00', 'YYYY-MM-DD HH:MI:SS')
----
ERROR 22007: hour "15" is invalid for the 12-hour clock

query
SELECT to_timestamp('2016-13-01 15:50:55', 'YYYY-MM-DD HH24:MI:SS')
----
ERROR 22008: date/time field value out of range: "2016-13-01 15:50:55"

query
SELECT to_timestamp('2016-02-30 15:50:55', 'YYYY-MM-DD HH24:MI:SS')
----
ERROR 22008: date/time field value out of range: "2016-02-30 15:50:55"

query
SELECT to_timestamp('2015-02-11 86000', 'YYYY-MM-DD SSSS')
----
2015-02-11 23:53:20+00

query
SELECT to_timestamp('2015-02-11 86400', 'YYYY-MM-DD SSSSS')
----
ERROR 22008: date/time field value out of range: "2015-02-11 86400"

query
SELECT to_date('2016 365', 'YYYY DDD')
----
2016-12-30

query
SELECT to_date('2015 366', 'YYYY DDD')
----
ERROR 22008: date/time field value out of range: "2015 366"

query
SELECT to_date('0000-02-01','YYYY-MM-DD')
----
0001-02-01 BC

query
SELECT to_char('2012-12-12 12:00'::timestamptz, 'YYYY-MM-DD HH:MI:SS TZ')
----
2012-12-12 12:00:00 UTC

query
SELECT to_char('2012-12-12 12:00 -02:00'::timestamptz, 'YYYY-MM-DD SSSSS tz')
----
2012-12-12 50400 utc

