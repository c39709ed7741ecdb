-- name: rock_tracks_by_length
SELECT t.name, t.milliseconds FROM track t JOIN genre g ON g.genreid = t.genreid WHERE g.name = 'Rock' ORDER BY t.milliseconds DESC, t.name LIMIT 10;

-- name: sales_by_country
SELECT billingcountry, count(*) AS invoices, sum(total) AS total FROM invoice GROUP BY billingcountry ORDER BY total DESC, billingcountry;

-- name: best_customers
SELECT c.firstname || ' ' || c.lastname AS customer, sum(i.total) AS spent
FROM customer c JOIN invoice i ON i.customerid = c.customerid
GROUP BY c.customerid, c.firstname, c.lastname ORDER BY spent DESC, customer LIMIT 10;

-- name: artists_with_most_albums
SELECT ar.name, count(*) AS albums FROM artist ar JOIN album al ON al.artistid = ar.artistid
GROUP BY ar.artistid, ar.name HAVING count(*) > 5 ORDER BY albums DESC, ar.name;

-- name: artists_without_albums
SELECT ar.name FROM artist ar LEFT JOIN album al ON al.artistid = ar.artistid WHERE al.albumid IS NULL ORDER BY ar.name LIMIT 15;

-- name: artists_without_albums_not_exists
SELECT count(*) FROM artist ar WHERE NOT EXISTS (SELECT 1 FROM album al WHERE al.artistid = ar.artistid);

-- name: artists_without_albums_not_in
SELECT count(*) FROM artist WHERE artistid NOT IN (SELECT artistid FROM album);

-- name: revenue_by_genre
SELECT g.name AS genre, sum(il.unitprice * il.quantity) AS revenue, sum(il.quantity) AS units
FROM invoiceline il JOIN track t ON t.trackid = il.trackid JOIN genre g ON g.genreid = t.genreid
GROUP BY g.name ORDER BY revenue DESC, genre;

-- name: revenue_by_artist_four_tables
SELECT ar.name AS artist, sum(il.unitprice * il.quantity) AS revenue
FROM invoiceline il JOIN track t ON t.trackid = il.trackid JOIN album al ON al.albumid = t.albumid JOIN artist ar ON ar.artistid = al.artistid
GROUP BY ar.name ORDER BY revenue DESC, artist LIMIT 12;

-- name: support_reps
SELECT e.lastname, count(DISTINCT c.customerid) AS customers, sum(i.total) AS total
FROM employee e JOIN customer c ON c.supportrepid = e.employeeid JOIN invoice i ON i.customerid = c.customerid
GROUP BY e.employeeid, e.lastname ORDER BY total DESC;

-- name: managers
SELECT e.firstname AS employee, m.firstname AS manager FROM employee e LEFT JOIN employee m ON m.employeeid = e.reportsto ORDER BY e.employeeid;

-- name: playlist_sizes
SELECT p.name, count(pt.trackid) AS tracks FROM playlist p LEFT JOIN playlisttrack pt ON pt.playlistid = p.playlistid
GROUP BY p.playlistid, p.name ORDER BY tracks DESC, p.name, p.playlistid;

-- name: tracks_longer_than_average
SELECT count(*) FROM track WHERE milliseconds > (SELECT avg(milliseconds) FROM track);

-- name: average_length_by_media_type
SELECT mt.name, avg(t.milliseconds) AS ms, min(t.milliseconds) AS shortest, max(t.milliseconds) AS longest
FROM track t JOIN mediatype mt USING (mediatypeid) GROUP BY mt.name ORDER BY mt.name;

-- name: longest_track_of_each_genre
SELECT g.name, t.name, t.milliseconds FROM track t JOIN genre g ON g.genreid = t.genreid
WHERE t.milliseconds = (SELECT max(t2.milliseconds) FROM track t2 WHERE t2.genreid = t.genreid) ORDER BY g.name, t.name;

-- name: invoices_of_2022_by_month
SELECT EXTRACT(month FROM invoicedate) AS month, count(*) AS n, sum(total) AS total
FROM invoice WHERE invoicedate >= '2022-01-01' AND invoicedate < '2023-01-01' GROUP BY EXTRACT(month FROM invoicedate) ORDER BY month;

-- name: composers_like
SELECT DISTINCT composer FROM track WHERE composer LIKE '%Page%' ORDER BY composer;

-- name: ilike
SELECT name FROM track WHERE name ILIKE '%love%' ORDER BY name, trackid LIMIT 10;

-- name: null_composers
SELECT count(*) AS all_tracks, count(composer) AS with_composer, count(*) - count(composer) AS without FROM track;

-- name: price_classes
SELECT CASE WHEN unitprice < 1 THEN 'cheap' ELSE 'dear' END AS class, count(*) FROM track GROUP BY CASE WHEN unitprice < 1 THEN 'cheap' ELSE 'dear' END ORDER BY class;

-- name: coalesce_state
SELECT coalesce(state, '(none)') AS state, count(*) FROM customer GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 8;

-- name: nulls_first
SELECT company, lastname FROM customer ORDER BY company NULLS FIRST, lastname LIMIT 5;

-- name: nulls_last_desc
SELECT company, lastname FROM customer ORDER BY company DESC NULLS LAST, lastname LIMIT 12;

-- name: between_and_in
SELECT trackid, name FROM track WHERE trackid BETWEEN 10 AND 20 AND genreid IN (1, 3) ORDER BY trackid;

-- name: primary_key_lookup
SELECT trackid, name, composer, unitprice FROM track WHERE trackid = 2819;

-- name: from_subquery
SELECT bucket, count(*) AS customers FROM (
  SELECT c.customerid, CASE WHEN sum(i.total) >= 45 THEN 'gold' WHEN sum(i.total) >= 40 THEN 'silver' ELSE 'bronze' END AS bucket
  FROM customer c JOIN invoice i USING (customerid) GROUP BY c.customerid) s
GROUP BY bucket ORDER BY bucket;

-- name: in_subquery
SELECT count(*) FROM track WHERE albumid IN (SELECT albumid FROM album WHERE artistid IN (SELECT artistid FROM artist WHERE name LIKE 'A%'));

-- name: exists_correlated
SELECT c.lastname FROM customer c WHERE EXISTS (SELECT 1 FROM invoice i WHERE i.customerid = c.customerid AND i.total > 20) ORDER BY c.lastname;

-- name: scalar_in_select_list
SELECT al.title, (SELECT count(*) FROM track t WHERE t.albumid = al.albumid) AS tracks FROM album al ORDER BY tracks DESC, al.title LIMIT 5;

-- name: distinct_pairs
SELECT DISTINCT country, state FROM customer WHERE country IN ('USA', 'Canada', 'Brazil') ORDER BY country, state;

-- name: string_functions
SELECT upper(lastname), lower(email), length(address), substring(phone FROM 1 FOR 4), replace(city, ' ', '_'), left(firstname, 3), position('@' IN email)
FROM customer WHERE country = 'Germany' ORDER BY customerid;

-- name: numeric_arithmetic
SELECT sum(total), avg(total), round(avg(total), 2), min(total), max(total), sum(total) / 7, sum(total) * 1.19 FROM invoice;

-- name: integer_division
SELECT trackid, milliseconds / 1000 AS s, milliseconds % 1000 AS ms, round(bytes / 1048576.0, 2) AS mb FROM track WHERE trackid <= 5 ORDER BY trackid;

-- name: date_functions
SELECT lastname, date_trunc('year', birthdate) AS y, EXTRACT(year FROM hiredate) AS hired, CAST(hiredate AS date) AS d FROM employee ORDER BY employeeid;

-- name: limit_offset
SELECT invoiceid, total FROM invoice ORDER BY total DESC, invoiceid LIMIT 5 OFFSET 20;

-- name: tracks_never_sold
SELECT g.name, count(*) AS unsold FROM track t LEFT JOIN invoiceline il ON il.trackid = t.trackid JOIN genre g ON g.genreid = t.genreid
WHERE il.invoicelineid IS NULL GROUP BY g.name ORDER BY unsold DESC, g.name LIMIT 6;

-- name: having_on_average
SELECT billingcity, avg(total) AS a FROM invoice GROUP BY billingcity HAVING avg(total) > 6 ORDER BY a DESC, billingcity;

-- name: unicode_text
SELECT lastname, city FROM customer WHERE city LIKE 'S_o%' OR lastname = 'Gonçalves' ORDER BY lastname;
