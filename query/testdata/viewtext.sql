# How the catalogs show the queries of views. Expected results are PostgreSQL's.

statement
CREATE TYPE st AS ENUM ('new','paid')

statement
CREATE TABLE cu (id int PRIMARY KEY, name varchar(80), active boolean, city text, born date)

statement
CREATE TABLE od (id int PRIMARY KEY, cu_id int REFERENCES cu, status st, placed timestamptz, freight numeric(8,2), qty int, note text, j jsonb)

statement
CREATE SCHEMA oth

statement
CREATE TABLE oth.t (a int, b int)

statement
CREATE VIEW v01 AS SELECT id, name FROM cu

statement
CREATE VIEW v02 AS SELECT c.id, c.name AS customer, o.status FROM cu c JOIN od o ON o.cu_id = c.id WHERE o.status <> 'paid' AND c.active

statement
CREATE VIEW v03 AS SELECT c.name, count(*) AS n, sum(o.freight) AS total, avg(o.qty), max(o.placed) last FROM cu c LEFT JOIN od o ON o.cu_id = c.id GROUP BY c.id, c.name HAVING count(*) > 1 ORDER BY total DESC NULLS LAST, c.name

statement
CREATE VIEW v04 AS SELECT date_trunc('month', placed) AS m, count(*) FROM od GROUP BY 1 ORDER BY 1 DESC LIMIT 10 OFFSET 2

statement
CREATE VIEW v05 AS SELECT id, CASE WHEN qty > 5 THEN 'big' ELSE 'small' END AS kind, coalesce(note, 'none') AS note FROM od

statement
CREATE VIEW v06 AS SELECT DISTINCT status FROM od

statement
CREATE VIEW v07 AS SELECT DISTINCT ON (cu_id) cu_id, id, placed FROM od ORDER BY cu_id, placed DESC

statement
CREATE VIEW v08 AS SELECT id FROM cu UNION ALL SELECT id FROM od

statement
CREATE VIEW v09 (x, y) AS SELECT id, name FROM cu UNION SELECT qty, note FROM od ORDER BY 1

statement
CREATE VIEW v10 AS WITH big AS (SELECT cu_id, sum(freight) s FROM od GROUP BY cu_id), top AS (SELECT * FROM big WHERE s > 10) SELECT t.cu_id, t.s FROM top t

statement
CREATE VIEW v11 AS SELECT id FROM cu c WHERE EXISTS (SELECT 1 FROM od o WHERE o.cu_id = c.id AND o.qty > 1) AND NOT EXISTS (SELECT 1 FROM od WHERE od.cu_id = c.id AND od.note IS NULL)

statement
CREATE VIEW v12 AS SELECT id FROM cu WHERE id IN (SELECT cu_id FROM od) AND name NOT IN (SELECT note FROM od WHERE note IS NOT NULL)

statement
CREATE VIEW v13 AS SELECT c.id, (SELECT count(*) FROM od o WHERE o.cu_id = c.id) AS n, ARRAY(SELECT o.id FROM od o WHERE o.cu_id = c.id ORDER BY o.id) AS ids FROM cu c

statement
CREATE VIEW v14 AS SELECT id, row_number() OVER (PARTITION BY cu_id ORDER BY placed DESC) AS rn, sum(freight) OVER (ORDER BY placed ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run, lag(freight, 1) OVER w FROM od WINDOW w AS (ORDER BY id)

statement
CREATE VIEW v15 AS SELECT s.cu_id, s.n FROM (SELECT cu_id, count(*) AS n FROM od GROUP BY cu_id) s WHERE s.n > 3

statement
CREATE VIEW v16 AS SELECT c.id, l.placed FROM cu c CROSS JOIN LATERAL (SELECT o.placed FROM od o WHERE o.cu_id = c.id ORDER BY o.placed DESC LIMIT 1) l

statement
CREATE VIEW v17 AS SELECT g.d, count(o.id) AS n FROM generate_series('2024-01-01'::timestamptz, '2024-02-01'::timestamptz, '1 day'::interval) AS g(d) LEFT JOIN od o ON o.placed >= g.d GROUP BY g.d

statement
CREATE VIEW v18 AS SELECT count(*) FILTER (WHERE qty > 3) AS f, string_agg(note, ', ' ORDER BY id DESC) AS notes, array_agg(DISTINCT qty) AS q, percentile_cont(0.5) WITHIN GROUP (ORDER BY freight) AS med FROM od

statement
CREATE VIEW v19 AS SELECT a, b FROM oth.t, cu WHERE t.a = cu.id

statement
CREATE VIEW v20 AS SELECT id, j->>'k' AS k, (j->>'n')::int AS n, placed::date AS day, freight * 1.2 AS gross, qty + 1 AS next, -qty AS neg, upper(name2.n) FROM od, (VALUES ('a'), ('b')) name2(n)

statement
CREATE VIEW v21 AS SELECT * FROM cu JOIN od USING (id)

statement
CREATE VIEW v22 AS SELECT c1.id, c2.id AS other FROM cu c1 JOIN cu c2 ON c1.city = c2.city LEFT JOIN od ON od.cu_id = c2.id AND od.qty BETWEEN 1 AND 3 WHERE c1.id < c2.id OR c1.name ILIKE 'x%'

statement
CREATE VIEW v23 AS SELECT status, cu_id, sum(qty) AS s FROM od GROUP BY ROLLUP (status, cu_id)

statement
CREATE VIEW v24 AS SELECT status, sum(qty) AS s, grouping(status) AS g FROM od GROUP BY GROUPING SETS ((status), ())

statement
CREATE VIEW v25 AS SELECT id, extract(year FROM placed) AS y, to_char(placed, 'YYYY') AS t, placed AT TIME ZONE 'UTC' AS u, now() AS n, CURRENT_DATE AS d, 'const' AS c, 1 AS one, NULL AS nil, 1.5 AS f, true AS b FROM od

statement
CREATE VIEW v26 AS SELECT v01.id, v02.customer FROM v01 JOIN v02 ON v01.id = v02.id

statement
CREATE VIEW v28 AS SELECT id FROM cu INTERSECT (SELECT id FROM od EXCEPT SELECT 3) UNION SELECT 4

statement
CREATE VIEW v29 AS SELECT date_part('year', age(born)) AS years, name || ' <' || city || '>' AS label, length(name) AS len, born + 30 AS soon, placed - interval '1 day' AS before FROM cu JOIN od ON od.cu_id = cu.id

statement
CREATE VIEW v30 AS SELECT cu.name AS name, cu.active IS TRUE AS act, cu.city IS NULL AS nocity, name IN ('a','b') AS isin, cu.id = ANY (ARRAY[1,2]) AS anyof FROM cu WHERE (cu.id, cu.city) = (1, 'x') OR NOT cu.active

statement
CREATE VIEW v31 AS SELECT p.id, t.tag FROM od p, unnest(ARRAY['a','b']) AS t(tag) FULL JOIN cu ON true

statement
CREATE VIEW v32 AS VALUES (1, 'a'), (2, 'b')

statement
CREATE VIEW v33 AS SELECT id FROM ONLY cu FETCH FIRST 3 ROWS ONLY

statement
CREATE VIEW v34 AS SELECT sum(o.qty * o.freight) AS a, sum(CASE WHEN o.status = 'paid' THEN 1 ELSE 0 END) AS b, round(avg(o.freight), 2) AS c, min(lower(o.note)) AS d FROM od o

statement
CREATE VIEW v35 AS SELECT id FROM cu WHERE active ORDER BY lower(name), born DESC, id + 1

statement
CREATE MATERIALIZED VIEW m01 AS SELECT city, count(*) AS n FROM cu GROUP BY city

query
SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1
----
v01| SELECT cu.id,
    cu.name
   FROM cu;
v02| SELECT c.id,
    c.name AS customer,
    o.status
   FROM (cu c
     JOIN od o ON ((o.cu_id = c.id)))
  WHERE ((o.status <> 'paid'::st) AND c.active);
v03| SELECT c.name,
    count(*) AS n,
    sum(o.freight) AS total,
    avg(o.qty) AS avg,
    max(o.placed) AS last
   FROM (cu c
     LEFT JOIN od o ON ((o.cu_id = c.id)))
  GROUP BY c.id, c.name
 HAVING (count(*) > 1)
  ORDER BY (sum(o.freight)) DESC NULLS LAST, c.name;
v04| SELECT date_trunc('month'::text, od.placed) AS m,
    count(*) AS count
   FROM od
  GROUP BY (date_trunc('month'::text, od.placed))
  ORDER BY (date_trunc('month'::text, od.placed)) DESC
 OFFSET 2
 LIMIT 10;
v05| SELECT od.id,
        CASE
            WHEN (od.qty > 5) THEN 'big'::text
            ELSE 'small'::text
        END AS kind,
    COALESCE(od.note, 'none'::text) AS note
   FROM od;
v06| SELECT DISTINCT od.status
   FROM od;
v07| SELECT DISTINCT ON (od.cu_id) od.cu_id,
    od.id,
    od.placed
   FROM od
  ORDER BY od.cu_id, od.placed DESC;
v08| SELECT cu.id
   FROM cu
UNION ALL
 SELECT od.id
   FROM od;
v09| SELECT cu.id AS x,
    cu.name AS y
   FROM cu
UNION
 SELECT od.qty AS x,
    od.note AS y
   FROM od
  ORDER BY 1;
v10| WITH big AS (
         SELECT od.cu_id,
            sum(od.freight) AS s
           FROM od
          GROUP BY od.cu_id
        ), top AS (
         SELECT big.cu_id,
            big.s
           FROM big
          WHERE (big.s > (10)::numeric)
        )
 SELECT t.cu_id,
    t.s
   FROM top t;
v11| SELECT c.id
   FROM cu c
  WHERE ((EXISTS ( SELECT 1
           FROM od o
          WHERE ((o.cu_id = c.id) AND (o.qty > 1)))) AND (NOT (EXISTS ( SELECT 1
           FROM od
          WHERE ((od.cu_id = c.id) AND (od.note IS NULL))))));
v12| SELECT cu.id
   FROM cu
  WHERE ((cu.id IN ( SELECT od.cu_id
           FROM od)) AND (NOT ((cu.name)::text IN ( SELECT od.note
           FROM od
          WHERE (od.note IS NOT NULL)))));
v13| SELECT c.id,
    ( SELECT count(*) AS count
           FROM od o
          WHERE (o.cu_id = c.id)) AS n,
    ARRAY( SELECT o.id
           FROM od o
          WHERE (o.cu_id = c.id)
          ORDER BY o.id) AS ids
   FROM cu c;
v14| SELECT od.id,
    row_number() OVER (PARTITION BY od.cu_id ORDER BY od.placed DESC) AS rn,
    sum(od.freight) OVER (ORDER BY od.placed ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run,
    lag(od.freight, 1) OVER w AS lag
   FROM od
  WINDOW w AS (ORDER BY od.id);
v15| SELECT s.cu_id,
    s.n
   FROM ( SELECT od.cu_id,
            count(*) AS n
           FROM od
          GROUP BY od.cu_id) s
  WHERE (s.n > 3);
v16| SELECT c.id,
    l.placed
   FROM (cu c
     CROSS JOIN LATERAL ( SELECT o.placed
           FROM od o
          WHERE (o.cu_id = c.id)
          ORDER BY o.placed DESC
         LIMIT 1) l);
v17| SELECT g.d,
    count(o.id) AS n
   FROM (generate_series('2024-01-01 00:00:00+00'::timestamp with time zone, '2024-02-01 00:00:00+00'::timestamp with time zone, '1 day'::interval) g(d)
     LEFT JOIN od o ON ((o.placed >= g.d)))
  GROUP BY g.d;
v18| SELECT count(*) FILTER (WHERE (od.qty > 3)) AS f,
    string_agg(od.note, ', '::text ORDER BY od.id DESC) AS notes,
    array_agg(DISTINCT od.qty) AS q,
    percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY ((od.freight)::double precision)) AS med
   FROM od;
v19| SELECT t.a,
    t.b
   FROM oth.t,
    cu
  WHERE (t.a = cu.id);
v20| SELECT od.id,
    (od.j ->> 'k'::text) AS k,
    ((od.j ->> 'n'::text))::integer AS n,
    (od.placed)::date AS day,
    (od.freight * 1.2) AS gross,
    (od.qty + 1) AS next,
    (- od.qty) AS neg,
    upper(name2.n) AS upper
   FROM od,
    ( VALUES ('a'::text), ('b'::text)) name2(n);
v21| SELECT cu.id,
    cu.name,
    cu.active,
    cu.city,
    cu.born,
    od.cu_id,
    od.status,
    od.placed,
    od.freight,
    od.qty,
    od.note,
    od.j
   FROM (cu
     JOIN od USING (id));
v22| SELECT c1.id,
    c2.id AS other
   FROM ((cu c1
     JOIN cu c2 ON ((c1.city = c2.city)))
     LEFT JOIN od ON (((od.cu_id = c2.id) AND ((od.qty >= 1) AND (od.qty <= 3)))))
  WHERE ((c1.id < c2.id) OR ((c1.name)::text ~~* 'x%'::text));
v23| SELECT od.status,
    od.cu_id,
    sum(od.qty) AS s
   FROM od
  GROUP BY ROLLUP(od.status, od.cu_id);
v24| SELECT od.status,
    sum(od.qty) AS s,
    GROUPING(od.status) AS g
   FROM od
  GROUP BY GROUPING SETS ((od.status), ());
v25| SELECT od.id,
    EXTRACT(year FROM od.placed) AS y,
    to_char(od.placed, 'YYYY'::text) AS t,
    (od.placed AT TIME ZONE 'UTC'::text) AS u,
    now() AS n,
    CURRENT_DATE AS d,
    'const'::text AS c,
    1 AS one,
    NULL::text AS nil,
    1.5 AS f,
    true AS b
   FROM od;
v26| SELECT v01.id,
    v02.customer
   FROM (v01
     JOIN v02 ON ((v01.id = v02.id)));
v28|(
         SELECT cu.id
           FROM cu
        INTERSECT (
                 SELECT od.id
                   FROM od
                EXCEPT
                 SELECT 3 AS id
        )
) UNION
 SELECT 4 AS id;
v29| SELECT date_part('year'::text, age((cu.born)::timestamp with time zone)) AS years,
    ((((cu.name)::text || ' <'::text) || cu.city) || '>'::text) AS label,
    length((cu.name)::text) AS len,
    (cu.born + 30) AS soon,
    (od.placed - '1 day'::interval) AS before
   FROM (cu
     JOIN od ON ((od.cu_id = cu.id)));
v30| SELECT cu.name,
    (cu.active IS TRUE) AS act,
    (cu.city IS NULL) AS nocity,
    ((cu.name)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])) AS isin,
    (cu.id = ANY (ARRAY[1, 2])) AS anyof
   FROM cu
  WHERE (((cu.id = 1) AND (cu.city = 'x'::text)) OR (NOT cu.active));
v31| SELECT p.id,
    t.tag
   FROM od p,
    (unnest(ARRAY['a'::text, 'b'::text]) t(tag)
     FULL JOIN cu ON (true));
v32| VALUES (1,'a'::text), (2,'b'::text);
v33| SELECT cu.id
   FROM ONLY cu
 LIMIT 3;
v34| SELECT sum(((o.qty)::numeric * o.freight)) AS a,
    sum(
        CASE
            WHEN (o.status = 'paid'::st) THEN 1
            ELSE 0
        END) AS b,
    round(avg(o.freight), 2) AS c,
    min(lower(o.note)) AS d
   FROM od o;
v35| SELECT cu.id
   FROM cu
  WHERE cu.active
  ORDER BY (lower((cu.name)::text)), cu.born DESC, (cu.id + 1);

query
SELECT relname, pg_get_viewdef(oid, true) FROM pg_class WHERE relkind IN ('v') AND relnamespace = 'public'::regnamespace ORDER BY 1
----
v01| SELECT cu.id,
    cu.name
   FROM cu;
v02| SELECT c.id,
    c.name AS customer,
    o.status
   FROM cu c
     JOIN od o ON o.cu_id = c.id
  WHERE o.status <> 'paid'::st AND c.active;
v03| SELECT c.name,
    count(*) AS n,
    sum(o.freight) AS total,
    avg(o.qty) AS avg,
    max(o.placed) AS last
   FROM cu c
     LEFT JOIN od o ON o.cu_id = c.id
  GROUP BY c.id, c.name
 HAVING count(*) > 1
  ORDER BY (sum(o.freight)) DESC NULLS LAST, c.name;
v04| SELECT date_trunc('month'::text, od.placed) AS m,
    count(*) AS count
   FROM od
  GROUP BY (date_trunc('month'::text, od.placed))
  ORDER BY (date_trunc('month'::text, od.placed)) DESC
 OFFSET 2
 LIMIT 10;
v05| SELECT od.id,
        CASE
            WHEN od.qty > 5 THEN 'big'::text
            ELSE 'small'::text
        END AS kind,
    COALESCE(od.note, 'none'::text) AS note
   FROM od;
v06| SELECT DISTINCT od.status
   FROM od;
v07| SELECT DISTINCT ON (od.cu_id) od.cu_id,
    od.id,
    od.placed
   FROM od
  ORDER BY od.cu_id, od.placed DESC;
v08| SELECT cu.id
   FROM cu
UNION ALL
 SELECT od.id
   FROM od;
v09| SELECT cu.id AS x,
    cu.name AS y
   FROM cu
UNION
 SELECT od.qty AS x,
    od.note AS y
   FROM od
  ORDER BY 1;
v10| WITH big AS (
         SELECT od.cu_id,
            sum(od.freight) AS s
           FROM od
          GROUP BY od.cu_id
        ), top AS (
         SELECT big.cu_id,
            big.s
           FROM big
          WHERE big.s > 10::numeric
        )
 SELECT t.cu_id,
    t.s
   FROM top t;
v11| SELECT c.id
   FROM cu c
  WHERE (EXISTS ( SELECT 1
           FROM od o
          WHERE o.cu_id = c.id AND o.qty > 1)) AND NOT (EXISTS ( SELECT 1
           FROM od
          WHERE od.cu_id = c.id AND od.note IS NULL));
v12| SELECT cu.id
   FROM cu
  WHERE (cu.id IN ( SELECT od.cu_id
           FROM od)) AND NOT (cu.name::text IN ( SELECT od.note
           FROM od
          WHERE od.note IS NOT NULL));
v13| SELECT c.id,
    ( SELECT count(*) AS count
           FROM od o
          WHERE o.cu_id = c.id) AS n,
    ARRAY( SELECT o.id
           FROM od o
          WHERE o.cu_id = c.id
          ORDER BY o.id) AS ids
   FROM cu c;
v14| SELECT od.id,
    row_number() OVER (PARTITION BY od.cu_id ORDER BY od.placed DESC) AS rn,
    sum(od.freight) OVER (ORDER BY od.placed ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run,
    lag(od.freight, 1) OVER w AS lag
   FROM od
  WINDOW w AS (ORDER BY od.id);
v15| SELECT s.cu_id,
    s.n
   FROM ( SELECT od.cu_id,
            count(*) AS n
           FROM od
          GROUP BY od.cu_id) s
  WHERE s.n > 3;
v16| SELECT c.id,
    l.placed
   FROM cu c
     CROSS JOIN LATERAL ( SELECT o.placed
           FROM od o
          WHERE o.cu_id = c.id
          ORDER BY o.placed DESC
         LIMIT 1) l;
v17| SELECT g.d,
    count(o.id) AS n
   FROM generate_series('2024-01-01 00:00:00+00'::timestamp with time zone, '2024-02-01 00:00:00+00'::timestamp with time zone, '1 day'::interval) g(d)
     LEFT JOIN od o ON o.placed >= g.d
  GROUP BY g.d;
v18| SELECT count(*) FILTER (WHERE od.qty > 3) AS f,
    string_agg(od.note, ', '::text ORDER BY od.id DESC) AS notes,
    array_agg(DISTINCT od.qty) AS q,
    percentile_cont(0.5::double precision) WITHIN GROUP (ORDER BY (od.freight::double precision)) AS med
   FROM od;
v19| SELECT t.a,
    t.b
   FROM oth.t,
    cu
  WHERE t.a = cu.id;
v20| SELECT od.id,
    od.j ->> 'k'::text AS k,
    (od.j ->> 'n'::text)::integer AS n,
    od.placed::date AS day,
    od.freight * 1.2 AS gross,
    od.qty + 1 AS next,
    - od.qty AS neg,
    upper(name2.n) AS upper
   FROM od,
    ( VALUES ('a'::text), ('b'::text)) name2(n);
v21| SELECT cu.id,
    cu.name,
    cu.active,
    cu.city,
    cu.born,
    od.cu_id,
    od.status,
    od.placed,
    od.freight,
    od.qty,
    od.note,
    od.j
   FROM cu
     JOIN od USING (id);
v22| SELECT c1.id,
    c2.id AS other
   FROM cu c1
     JOIN cu c2 ON c1.city = c2.city
     LEFT JOIN od ON od.cu_id = c2.id AND od.qty >= 1 AND od.qty <= 3
  WHERE c1.id < c2.id OR c1.name::text ~~* 'x%'::text;
v23| SELECT od.status,
    od.cu_id,
    sum(od.qty) AS s
   FROM od
  GROUP BY ROLLUP(od.status, od.cu_id);
v24| SELECT od.status,
    sum(od.qty) AS s,
    GROUPING(od.status) AS g
   FROM od
  GROUP BY GROUPING SETS ((od.status), ());
v25| SELECT od.id,
    EXTRACT(year FROM od.placed) AS y,
    to_char(od.placed, 'YYYY'::text) AS t,
    (od.placed AT TIME ZONE 'UTC'::text) AS u,
    now() AS n,
    CURRENT_DATE AS d,
    'const'::text AS c,
    1 AS one,
    NULL::text AS nil,
    1.5 AS f,
    true AS b
   FROM od;
v26| SELECT v01.id,
    v02.customer
   FROM v01
     JOIN v02 ON v01.id = v02.id;
v28|(
         SELECT cu.id
           FROM cu
        INTERSECT (
                 SELECT od.id
                   FROM od
                EXCEPT
                 SELECT 3 AS id
        )
) UNION
 SELECT 4 AS id;
v29| SELECT date_part('year'::text, age(cu.born::timestamp with time zone)) AS years,
    ((cu.name::text || ' <'::text) || cu.city) || '>'::text AS label,
    length(cu.name::text) AS len,
    cu.born + 30 AS soon,
    od.placed - '1 day'::interval AS before
   FROM cu
     JOIN od ON od.cu_id = cu.id;
v30| SELECT cu.name,
    cu.active IS TRUE AS act,
    cu.city IS NULL AS nocity,
    cu.name::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[]) AS isin,
    cu.id = ANY (ARRAY[1, 2]) AS anyof
   FROM cu
  WHERE cu.id = 1 AND cu.city = 'x'::text OR NOT cu.active;
v31| SELECT p.id,
    t.tag
   FROM od p,
    unnest(ARRAY['a'::text, 'b'::text]) t(tag)
     FULL JOIN cu ON true;
v32| VALUES (1,'a'::text), (2,'b'::text);
v33| SELECT cu.id
   FROM ONLY cu
 LIMIT 3;
v34| SELECT sum(o.qty::numeric * o.freight) AS a,
    sum(
        CASE
            WHEN o.status = 'paid'::st THEN 1
            ELSE 0
        END) AS b,
    round(avg(o.freight), 2) AS c,
    min(lower(o.note)) AS d
   FROM od o;
v35| SELECT cu.id
   FROM cu
  WHERE cu.active
  ORDER BY (lower(cu.name::text)), cu.born DESC, (cu.id + 1);

query
SELECT definition FROM pg_matviews
----
 SELECT cu.city,
    count(*) AS n
   FROM cu
  GROUP BY cu.city;

query
SELECT view_definition FROM information_schema.views WHERE table_name = 'v03'
----
 SELECT c.name,
    count(*) AS n,
    sum(o.freight) AS total,
    avg(o.qty) AS avg,
    max(o.placed) AS last
   FROM (cu c
     LEFT JOIN od o ON ((o.cu_id = c.id)))
  GROUP BY c.id, c.name
 HAVING (count(*) > 1)
  ORDER BY (sum(o.freight)) DESC NULLS LAST, c.name;

