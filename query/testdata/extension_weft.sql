# Extensions whose functions are here from the beginning, and owners. In PostgreSQL they need CREATE EXTENSION first; values are pgcrypto's and uuid-ossp's.

statement
CREATE EXTENSION IF NOT EXISTS "uuid-ossp"

statement
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public CASCADE

statement
CREATE EXTENSION pgcrypto

query
CREATE EXTENSION IF NOT EXISTS citext
----
ERROR 0A000: extension "citext" is not available

query
CREATE EXTENSION IF NOT EXISTS pgcrypto VERSION '9.9'
----
ERROR 22023: extension "pgcrypto" has no installation script nor update path for version "9.9"

query
SELECT extname, extversion FROM pg_extension
----

query
SELECT name, default_version = installed_version FROM pg_available_extensions ORDER BY 1
----
pgcrypto|t
uuid-ossp|t

statement
CREATE TABLE keyed (id uuid DEFAULT public.uuid_generate_v4() PRIMARY KEY, other uuid DEFAULT uuid_generate_v1mc(), n int)

query
INSERT INTO keyed (n) VALUES (1), (2) RETURNING n, substr(id::text, 15, 1), substr(other::text, 15, 1)
----
1|4|1
2|4|1

query
SELECT uuid_generate_v5(uuid_ns_dns(), 'weft.example'), uuid_generate_v3(uuid_ns_url(), 'x'), uuid_nil(), uuid_ns_oid(), uuid_ns_x500()
----
712a801c-8bf7-5deb-8b19-99724b6aa0fe|60a7f89c-e446-309c-8b4f-460bfdfd0dee|00000000-0000-0000-0000-000000000000|6ba7b812-9dad-11d1-80b4-00c04fd430c8|6ba7b814-9dad-11d1-80b4-00c04fd430c8

query
SELECT digest('abc', 'sha256'), digest('\x616263'::bytea, 'MD5'), encode(digest('abc', 'sha1'), 'hex'), digest('', 'sha224')
----
\xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad|\x900150983cd24fb0d6963f7d28e17f72|a9993e364706816aba3e25717850c26c9cd0d89d|\xd14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f

query
SELECT encode(digest('abc', 'sha384'), 'base64'), encode(hmac('abc', 'key', 'sha512'), 'hex')
----
ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn|3926a207c8c42b0c41792cbd3e1a1aaaf5f7a25704f62dfc939c4987dd7ce060009c5bb1c2447355b3216f10b537e9afa7b64a4e5391b0d631172d07939e087a

query
SELECT hmac('abc', 'key', 'sha256'), hmac('\x616263'::bytea, 'key'::bytea, 'md5')
----
\x9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab|\xd2fe98063f876b03193afb49b4979591

query
SELECT digest('abc', 'sha3')
----
ERROR 22023: Cannot use "sha3": No such hash algorithm

query
SELECT crypt('secret', '$2a$06$RQiOJ.3ELirrXwxIZY8q0O'), crypt('', '$2a$04$RQiOJ.3ELirrXwxIZY8q0O')
----
$2a$06$RQiOJ.3ELirrXwxIZY8q0Oa7Bp/dRa4OhxIDomGReVLRnuT0a189S|$2a$04$RQiOJ.3ELirrXwxIZY8q0Ojwzn.XcGNTi5ebiniCAegaarvILd36K

query
SELECT crypt('secret', crypt('secret', gen_salt('bf', 4))) = crypt('secret', '$2a$04$RQiOJ.3ELirrXwxIZY8q0O'), length(gen_salt('bf')), substr(gen_salt('bf', 8), 1, 7), length(gen_random_bytes(9))
----
f|29|$2a$08$|9

query
SELECT h = crypt('secret', h), h = crypt('other', h) FROM (SELECT crypt('secret', gen_salt('bf', 4)) AS h OFFSET 0) s
----
t|f

query
SELECT crypt('x', 'nonsense')
----
ERROR 22023: invalid salt

query
SELECT gen_salt('bf', 3)
----
ERROR 22023: gen_salt: Incorrect number of rounds

query
SELECT public.no_function(1)
----
ERROR 42883: function public.no_function(integer) does not exist

statement
ALTER TABLE keyed OWNER TO CURRENT_USER

query
ALTER TABLE keyed OWNER TO nobody
----
ERROR 42704: role "nobody" does not exist
