= CREATE TABLE tree (id int, parent int, name text)
= INSERT INTO tree VALUES (1,NULL,'r'),(2,1,'b'),(3,1,'a'),(4,2,'d'),(5,3,'c'),(6,2,'e')
= CREATE TABLE edge (f int, t int, label text)
= INSERT INTO edge VALUES (1,2,'a'),(1,3,'b'),(2,3,'c'),(1,4,'d'),(4,5,'e'),(5,1,'f')
WITH RECURSIVE q(id, name) AS (SELECT id, name FROM tree WHERE parent IS NULL UNION ALL SELECT t.id, t.name FROM tree t JOIN q ON t.parent = q.id) SEARCH DEPTH FIRST BY id SET ord SELECT * FROM q ORDER BY ord
  integer, text, record[]: "1", "r", "{(1)}" | "2", "b", "{(1),(2)}" | "4", "d", "{(1),(2),(4)}" | "6", "e", "{(1),(2),(6)}" | "3", "a", "{(1),(3)}" | "5", "c", "{(1),(3),(5)}"
WITH RECURSIVE q(id, name) AS (SELECT id, name FROM tree WHERE parent IS NULL UNION ALL SELECT t.id, t.name FROM tree t JOIN q ON t.parent = q.id) SEARCH DEPTH FIRST BY name, id SET ord SELECT id, ord FROM q ORDER BY ord
  integer, record[]: "1", "{\"(r,1)\"}" | "3", "{\"(r,1)\",\"(a,3)\"}" | "5", "{\"(r,1)\",\"(a,3)\",\"(c,5)\"}" | "2", "{\"(r,1)\",\"(b,2)\"}" | "4", "{\"(r,1)\",\"(b,2)\",\"(d,4)\"}" | "6", "{\"(r,1)\",\"(b,2)\",\"(e,6)\"}"
WITH RECURSIVE q(id, name) AS (SELECT id, name FROM tree WHERE parent IS NULL UNION ALL SELECT t.id, t.name FROM tree t, q AS p WHERE t.parent = p.id) SEARCH BREADTH FIRST BY id SET ord SELECT * FROM q ORDER BY ord
  integer, text, record: "1", "r", "(0,1)" | "2", "b", "(1,2)" | "3", "a", "(1,3)" | "4", "d", "(2,4)" | "5", "c", "(2,5)" | "6", "e", "(2,6)"
WITH RECURSIVE g(f, t, label) AS (SELECT * FROM edge e WHERE f = 1 UNION ALL SELECT e.* FROM edge e, g WHERE e.f = g.t) CYCLE f, t SET is_cycle USING path SELECT * FROM g ORDER BY path
  integer, integer, text, boolean, record[]: "1", "2", "a", "f", "{\"(1,2)\"}" | "2", "3", "c", "f", "{\"(1,2)\",\"(2,3)\"}" | "1", "3", "b", "f", "{\"(1,3)\"}" | "1", "4", "d", "f", "{\"(1,4)\"}" | "4", "5", "e", "f", "{\"(1,4)\",\"(4,5)\"}" | "5", "1", "f", "f", "{\"(1,4)\",\"(4,5)\",\"(5,1)\"}" | "1", "2", "a", "f", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\"}" | "2", "3", "c", "f", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\",\"(2,3)\"}" | "1", "3", "b", "f", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,3)\"}" | "1", "4", "d", "t", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,4)\"}"
WITH RECURSIVE g(f, t) AS (SELECT f, t FROM edge e UNION SELECT e.f, e.t FROM edge e, g WHERE e.f = g.t) CYCLE f, t SET is_cycle TO 'Y' DEFAULT 'N' USING path SELECT f, t, is_cycle, path FROM g ORDER BY path, f, t
  integer, integer, text, record[]: "1", "2", "N", "{\"(1,2)\"}" | "2", "3", "N", "{\"(1,2)\",\"(2,3)\"}" | "1", "3", "N", "{\"(1,3)\"}" | "1", "4", "N", "{\"(1,4)\"}" | "4", "5", "N", "{\"(1,4)\",\"(4,5)\"}" | "5", "1", "N", "{\"(1,4)\",\"(4,5)\",\"(5,1)\"}" | "1", "2", "N", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\"}" | "2", "3", "N", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\",\"(2,3)\"}" | "1", "3", "N", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,3)\"}" | "1", "4", "Y", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,4)\"}" | "2", "3", "N", "{\"(2,3)\"}" | "4", "5", "N", "{\"(4,5)\"}" | "5", "1", "N", "{\"(4,5)\",\"(5,1)\"}" | "1", "2", "N", "{\"(4,5)\",\"(5,1)\",\"(1,2)\"}" | "2", "3", "N", "{\"(4,5)\",\"(5,1)\",\"(1,2)\",\"(2,3)\"}" | "1", "3", "N", "{\"(4,5)\",\"(5,1)\",\"(1,3)\"}" | "1", "4", "N", "{\"(4,5)\",\"(5,1)\",\"(1,4)\"}" | "4", "5", "Y", "{\"(4,5)\",\"(5,1)\",\"(1,4)\",\"(4,5)\"}" | "5", "1", "N", "{\"(5,1)\"}" | "1", "2", "N", "{\"(5,1)\",\"(1,2)\"}" | "2", "3", "N", "{\"(5,1)\",\"(1,2)\",\"(2,3)\"}" | "1", "3", "N", "{\"(5,1)\",\"(1,3)\"}" | "1", "4", "N", "{\"(5,1)\",\"(1,4)\"}" | "4", "5", "N", "{\"(5,1)\",\"(1,4)\",\"(4,5)\"}" | "5", "1", "Y", "{\"(5,1)\",\"(1,4)\",\"(4,5)\",\"(5,1)\"}"
WITH RECURSIVE g(f, t) AS (SELECT f, t FROM edge e WHERE f = 1 UNION ALL SELECT e.f, e.t FROM edge e, g WHERE e.f = g.t) SEARCH DEPTH FIRST BY f, t SET seq CYCLE f, t SET c TO 1 DEFAULT 0 USING path SELECT * FROM g ORDER BY seq
  integer, integer, record[], integer, record[]: "1", "2", "{\"(1,2)\"}", "0", "{\"(1,2)\"}" | "2", "3", "{\"(1,2)\",\"(2,3)\"}", "0", "{\"(1,2)\",\"(2,3)\"}" | "1", "3", "{\"(1,3)\"}", "0", "{\"(1,3)\"}" | "1", "4", "{\"(1,4)\"}", "0", "{\"(1,4)\"}" | "4", "5", "{\"(1,4)\",\"(4,5)\"}", "0", "{\"(1,4)\",\"(4,5)\"}" | "5", "1", "{\"(1,4)\",\"(4,5)\",\"(5,1)\"}", "0", "{\"(1,4)\",\"(4,5)\",\"(5,1)\"}" | "1", "2", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\"}", "0", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\"}" | "2", "3", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\",\"(2,3)\"}", "0", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\",\"(2,3)\"}" | "1", "3", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,3)\"}", "0", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,3)\"}" | "1", "4", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,4)\"}", "1", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,4)\"}"
WITH RECURSIVE g(f, t) AS (SELECT f, t FROM edge e WHERE f = 1 UNION ALL SELECT e.f, e.t FROM edge e, g WHERE e.f = g.t) SEARCH BREADTH FIRST BY f, t SET seq CYCLE f, t SET c USING path SELECT * FROM g ORDER BY seq
  integer, integer, record, boolean, record[]: "1", "2", "(0,1,2)", "f", "{\"(1,2)\"}" | "1", "3", "(0,1,3)", "f", "{\"(1,3)\"}" | "1", "4", "(0,1,4)", "f", "{\"(1,4)\"}" | "2", "3", "(1,2,3)", "f", "{\"(1,2)\",\"(2,3)\"}" | "4", "5", "(1,4,5)", "f", "{\"(1,4)\",\"(4,5)\"}" | "5", "1", "(2,5,1)", "f", "{\"(1,4)\",\"(4,5)\",\"(5,1)\"}" | "1", "2", "(3,1,2)", "f", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\"}" | "1", "3", "(3,1,3)", "f", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,3)\"}" | "1", "4", "(3,1,4)", "t", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,4)\"}" | "2", "3", "(4,2,3)", "f", "{\"(1,4)\",\"(4,5)\",\"(5,1)\",\"(1,2)\",\"(2,3)\"}"
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x % 4 + 1 FROM n) CYCLE x SET c USING p SELECT x, c, array_length(p, 1) FROM n
  integer, boolean, integer: "1", "f", "1" | "2", "f", "2" | "3", "f", "3" | "4", "f", "4" | "1", "t", "5"
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT * FROM n WHERE x < 1) SEARCH DEPTH FIRST BY x SET s SELECT * FROM n
  integer, record[]: "1", "{(1)}"
WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 3) SEARCH DEPTH FIRST BY x SET s SELECT count(*), max(s) FROM n
  bigint, record[]: "3", "{(1),(2),(3)}"
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SEARCH DEPTH FIRST BY y SET s SELECT * FROM n
  !42601
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SEARCH DEPTH FIRST BY x SET x SELECT * FROM n
  !42702
~ !42601
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SEARCH DEPTH FIRST BY x, x SET s SELECT * FROM n
  !42701
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) CYCLE y SET c USING p SELECT * FROM n
  !42601
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) CYCLE x, x SET c USING p SELECT * FROM n
  !42701
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) CYCLE x SET c USING c SELECT * FROM n
  !42601
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) CYCLE x SET x USING p SELECT * FROM n
  !42702
~ !42601
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) CYCLE x SET c USING x SELECT * FROM n
  !42702
~ !42601
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) CYCLE x SET c TO true DEFAULT 55 USING p SELECT * FROM n
  !42804
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SEARCH DEPTH FIRST BY x SET foo CYCLE x SET foo USING p SELECT * FROM n
  !42601
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SEARCH DEPTH FIRST BY x SET foo CYCLE x SET c USING foo SELECT * FROM n
  !42601
WITH RECURSIVE n(x) AS (SELECT 1 UNION SELECT 2 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SEARCH DEPTH FIRST BY x SET s SELECT * FROM n
  !0A000
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL (SELECT x + 1 FROM n WHERE x < 3 UNION ALL SELECT 5)) SEARCH DEPTH FIRST BY x SET s SELECT * FROM n
  !42601
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT * FROM (SELECT x + 1 FROM n WHERE x < 3) s) SEARCH DEPTH FIRST BY x SET s SELECT * FROM n
  !0A000
WITH n(x) AS (SELECT 1) SEARCH DEPTH FIRST BY x SET s SELECT * FROM n
  !42601
WITH RECURSIVE n(x) AS (SELECT 1) CYCLE x SET c USING p SELECT * FROM n
  !42601
WITH RECURSIVE n(x) AS (VALUES (1),(2) UNION ALL SELECT x + 1 FROM n WHERE x < 3) SEARCH BREADTH FIRST BY x SET s SELECT * FROM n ORDER BY s
  integer, record: "1", "(0,1)" | "2", "(0,2)" | "2", "(1,2)" | "3", "(1,3)" | "3", "(2,3)"
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SEARCH DEPTH FIRST BY x SET s SELECT a.x, b.s FROM n a JOIN n b USING (x) ORDER BY a.s
  integer, record[]: "1", "{(1)}" | "2", "{(1),(2)}" | "3", "{(1),(2),(3)}"
SELECT ARRAY[ROW(1,'a'::text)] || ROW(2,'b'::text), array_append(ARRAY[ROW(1)], ROW(2)), ROW(1) = ANY (x) FROM (SELECT ARRAY[ROW(1),ROW(2)] AS x) s
  record[], record[], boolean: "{\"(1,a)\",\"(2,b)\"}", "{(1),(2)}", "t"
