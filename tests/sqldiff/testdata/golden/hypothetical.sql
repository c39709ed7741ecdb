= CREATE TABLE h (g int, x int, t text, f float8)
= INSERT INTO h VALUES (1,1,'a',1.5),(1,2,'b',NULL),(1,2,'b',2),(1,NULL,'c',3),(2,5,NULL,4),(2,7,'z',5)
SELECT rank(2) WITHIN GROUP (ORDER BY x), dense_rank(2) WITHIN GROUP (ORDER BY x), percent_rank(2) WITHIN GROUP (ORDER BY x), cume_dist(2) WITHIN GROUP (ORDER BY x) FROM h
  bigint, bigint, double precision, double precision: "2", "2", 1.6666666667e-01, 5.7142857143e-01
SELECT g, rank(2) WITHIN GROUP (ORDER BY x DESC), dense_rank(NULL) WITHIN GROUP (ORDER BY x), percent_rank(3) WITHIN GROUP (ORDER BY x DESC NULLS LAST), cume_dist(100) WITHIN GROUP (ORDER BY x NULLS FIRST) FROM h GROUP BY g ORDER BY g
  integer, bigint, bigint, double precision, double precision: "1", "2", "3", 0, 1.0000000000e+00 | "2", "3", "3", 1.0000000000e+00, 1.0000000000e+00
SELECT g, rank(2, 'b') WITHIN GROUP (ORDER BY x, t DESC), dense_rank(2, 'a') WITHIN GROUP (ORDER BY x DESC, t), cume_dist(2, 'b') WITHIN GROUP (ORDER BY x, t), percent_rank(5, NULL) WITHIN GROUP (ORDER BY x, t) FROM h GROUP BY g ORDER BY g
  integer, bigint, bigint, double precision, double precision: "1", "2", "2", 8.0000000000e-01, 7.5000000000e-01 | "2", "1", "3", 3.3333333333e-01, 0
SELECT rank(1) WITHIN GROUP (ORDER BY x), dense_rank(1) WITHIN GROUP (ORDER BY x), percent_rank(1) WITHIN GROUP (ORDER BY x), cume_dist(1) WITHIN GROUP (ORDER BY x) FROM h WHERE false
  bigint, bigint, double precision, double precision: "1", "1", 0, 1.0000000000e+00
SELECT rank(2) WITHIN GROUP (ORDER BY x) FILTER (WHERE g = 1), rank(2.5) WITHIN GROUP (ORDER BY x) FROM h
  bigint, bigint: "2", "4"
SELECT g, rank(g) WITHIN GROUP (ORDER BY x) FROM h GROUP BY g ORDER BY g
  integer, bigint: "1", "1" | "2", "1"
SELECT rank(x) WITHIN GROUP (ORDER BY x) FROM h
  !42803
SELECT rank(1, 2) WITHIN GROUP (ORDER BY x) FROM h
  !42883
SELECT rank('q') WITHIN GROUP (ORDER BY x) FROM h
  !22P02
SELECT rank(true) WITHIN GROUP (ORDER BY x) FROM h
  !42804
SELECT rank(1) WITHIN GROUP (ORDER BY x) OVER () FROM h
  !0A000
SELECT rank(2) FROM h
  !42809
SELECT rank(2) WITHIN GROUP (ORDER BY x) + 1, g FROM h GROUP BY g HAVING rank(2) WITHIN GROUP (ORDER BY x) > 1 ORDER BY g
  bigint, integer: "3", "1"
SELECT percentile_disc(x) WITHIN GROUP (ORDER BY f) FROM h
  !42803
SELECT g, percentile_disc(g / 2.0) WITHIN GROUP (ORDER BY f) FROM h GROUP BY g ORDER BY g
  integer, double precision: "1", 2.0000000000e+00 | "2", 5.0000000000e+00
SELECT dense_rank(NULL, 'b') WITHIN GROUP (ORDER BY x NULLS FIRST, t) FROM h
  bigint: "1"
SELECT (SELECT rank(o.x) WITHIN GROUP (ORDER BY i.x) FROM h i) FROM h o ORDER BY 1
  bigint: "1" | "2" | "2" | "4" | "5" | "6"
SELECT pg_sleep(0), pg_sleep_for('0 s'), pg_sleep_until(now() - interval '1 day')
  void, void, void: "", "", ""
SELECT pg_sleep(NULL) IS NULL
  boolean: "t"
