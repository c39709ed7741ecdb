# ALTER TYPE … ATTRIBUTE of composite types.

statement
create type ty as (a int)

statement
alter type ty add attribute b text

query
select (row(1,'x')::ty).b
----
x

statement
alter type ty add attribute b text
----
ERROR 42701: column "b" of relation "ty" already exists

statement
alter type ty drop attribute zz
----
ERROR 42703: column "zz" of relation "ty" does not exist

statement
alter type ty drop attribute if exists zz

statement
alter type ty alter attribute b set data type numeric(5,2)

query
select row(1,2.345)::ty
----
(1,2.35)

statement
alter type ty alter attribute a type text, add attribute c date, drop attribute b

query
select '(q,2020-01-01)'::ty, (row('x','2020-01-02')::ty).c
----
(q,2020-01-01)|2020-01-02

statement
alter type ty rename attribute c to d

statement
alter type ty rename attribute zz to d
----
ERROR 42703: column "zz" does not exist

statement
alter type ty rename attribute a to d
----
ERROR 42701: column "d" of relation "ty" already exists

query
select (row('x',null)::ty).*
----
x|NULL

statement
create table tt (x ty)

statement
insert into tt(x) values (row('a','2020-02-02'))

statement
alter type ty alter attribute d type timestamp
----
ERROR 0A000: cannot alter type "ty" because column "tt.x" uses it

statement
alter type ty rename attribute d to e

query
select (x).e, x from tt
----
2020-02-02|(a,2020-02-02)

query
select row_to_json(x) from tt
----
{"a":"a","e":"2020-02-02"}

statement
drop table tt

statement
alter type ty add attribute z int

query
select row('a',null,5)::ty
----
(a,,5)

statement
begin

statement
alter type ty add attribute zz int

query
select row('a',null,5,6)::ty
----
(a,,5,6)

statement
rollback

query
select row('a',null,5)::ty
----
(a,,5)

statement
alter type nope add attribute a int
----
ERROR 42P01: relation "nope" does not exist

statement
create table tab(a int)

statement
alter type tab add attribute b int
----
ERROR 42809: "tab" is not a composite type

statement
create type en as enum ('a')

statement
alter type en add attribute b int
----
ERROR 42P01: relation "en" does not exist

statement
create view vt as select row('a',null,5)::ty as r

statement
alter type ty rename to ty2

query
select * from vt
----
(a,,5)

statement
drop view vt

statement
drop type ty2

