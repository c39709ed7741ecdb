# Object ids that are read and shown as names: regclass and its like.

statement
create table rg (a regclass, b regtype, c regproc, d regnamespace, e regclass[], f xid)

statement
insert into rg values ('rg','int4','now','public','{rg,pg_class}','5')

query
select * from rg
----
rg|integer|now|public|{rg,pg_class}|5

query
select a::text, b::oid, e[2], e, f, f::text from rg
----
rg|23|pg_class|{rg,pg_class}|5|5

query
select * from rg where a = 'rg'
----
ERROR 22P02: invalid input syntax for type oid: "rg"

query
select * from rg where a = 'rg'::regclass and b in ('int4','text')
----
rg|integer|now|public|{rg,pg_class}|5

query
select * from rg where a::oid = 5

statement
insert into rg values ('nope')
----
ERROR 42P01: relation "nope" does not exist

query
update rg set a = 'pg_type' returning a
----
pg_type

query
select a, count(*) from rg group by a
----
pg_type|1

query
select to_json(a), row_to_json(rg)->>'b', jsonb_build_object('x', a) from rg
----
"pg_type"|integer|{"x": "pg_type"}

query
select array_agg(a), string_agg(a::text, ','), max(a::text) from rg
----
{pg_type}|pg_type|pg_type

query
select format('%s %I', a, a), a || '!' , concat(a, b) from rg
----
pg_type pg_type|pg_type!|pg_typeinteger

statement
create view rv as select a, b from rg

query
select * from rv
----
pg_type|integer

statement
alter table rg rename to rg2

query
select 'rg2'::regclass
----
rg2

query
select a from rv
----
pg_type

statement
create type en as enum ('x')

query
select 'en'::regtype, pg_typeof('x'::en), pg_typeof(array['x'::en]), 'en[]'::regtype
----
en|en|en[]|en[]

statement
create domain dd as int

query
select 'dd'::regtype
----
dd

query
select pg_typeof(null), pg_typeof(1.5), pg_typeof('{}'::int[]), pg_typeof(row(1,2)), pg_typeof(now())
----
unknown|numeric|integer[]|record|timestamp with time zone

query
select pg_typeof(x) from (values (1),(2)) v(x)
----
integer
integer

query
select distinct pg_typeof(x) from (values (1),(2)) v(x)
----
integer

query
select pg_typeof(1)::text || 'q', pg_typeof(1) || 'q'
----
integerq|integerq

query
select case when pg_typeof(1) = 'int4'::regtype then 'y' end
----
y

query
select '+(int4,int4)'::regoperator, '-(none,int4)'::regoperator, 551::regoperator, '||'::regoper
----
ERROR 42725: more than one operator named ||

query
select 'rg2'::text::regclass, t::regclass from (values ('rg2')) v(t)
----
rg2|rg2

query
select 'public.rg2'::regclass, '"rg2"'::regclass
----
rg2|rg2

statement
set search_path = pg_catalog

query
select 'public.rg2'::regclass, 'public.en'::regtype
----
public.rg2|public.en

statement
reset search_path

query
select oid, oid::regclass from pg_class where oid = 'rg2'::regclass::oid limit 0

query
select c.oid::regclass from pg_class c where relname = 'rg2'
----
rg2

query
select relname from pg_class where oid::regclass::text = 'rg2'
----
rg2

query
select nextval('rg2_x'::regclass)
----
ERROR 42P01: relation "rg2_x" does not exist

statement
create sequence sq

query
select nextval('sq'::regclass), currval('sq'), 'sq'::regclass
----
1|1|sq

statement
create table sd (a int default nextval('sq'::regclass))

query
insert into sd default values returning *
----
2

statement
prepare pp(regclass) as select $1, $1::oid > 5

query
execute pp('rg2')
----
rg2|t

query
select $$rg2$$::regclass
----
rg2

query
select cast('rg2' as regclass)
----
rg2

query
select regclass 'rg2'
----
rg2

query
select coalesce(null, 'rg2'::regclass)
----
rg2

query
select greatest('rg2'::regclass, 'pg_class')
----
rg2

query
select 'rg2'::regclass = any (array['rg2'::regclass])
----
t

query
select array['rg2','pg_class']::regclass[]
----
{rg2,pg_class}

query
select unnest(array['rg2']::regclass[])
----
rg2

statement
create index on rg2(a)

query
select a from rg2 where a = 'pg_type'
----
ERROR 22P02: invalid input syntax for type oid: "pg_type"

query
select pg_relation_size('rg2') >= 0, pg_total_relation_size('rg2'::regclass) >= 0, pg_table_size('nope')
----
ERROR 42P01: relation "nope" does not exist

query
select 'integer'::regtype = 'int4'::regtype, 'varchar(10)'::regtype, 'timestamp with time zone'::regtype
----
t|character varying|timestamp with time zone

query
select 'rg2'::regtype
----
rg2

query
select null::regclass
----
NULL

statement
begin

statement
declare c cursor for select 'rg2'::regclass as r

query
fetch c
----
rg2

statement
commit

query
insert into rg2(a) select 'rg2' returning a
----
rg2

statement
create table ctas as select 'rg2'::regclass as z

query
select z, pg_typeof(z) from ctas
----
rg2|regclass

