# Settings that dumps, drivers and tools send. Expected results are PostgreSQL's.

statement
SET statement_timeout = 0

statement
SET lock_timeout = 0

statement
SET idle_in_transaction_session_timeout = 0

statement
SET client_encoding = 'UTF8'

statement
SET standard_conforming_strings = on

query
SELECT pg_catalog.set_config('search_path', '', false)
----
(empty)

statement
SET check_function_bodies = false

statement
SET xmloption = content

statement
SET client_min_messages = warning

statement
SET row_security = off

statement
SET default_tablespace = ''

statement
SET default_table_access_method = heap

query
SHOW row_security
----
off

statement
SET search_path = public

statement
SET work_mem = '64MB'

query
SHOW work_mem
----
64MB

statement
SET work_mem TO 2048

query
SHOW work_mem
----
2MB

statement
SET work_mem = 'x'
----
ERROR 22023: invalid value for parameter "work_mem": "x"

statement
SET random_page_cost = 1.1

query
SHOW random_page_cost
----
1.1

statement
SET jit = off

statement
SET jit = maybe
----
ERROR 22023: parameter "jit" requires a Boolean value

statement
SET max_parallel_workers_per_gather = 0

statement
SET plan_cache_mode = force_generic_plan

statement
SET plan_cache_mode = nope
----
ERROR 22023: invalid value for parameter "plan_cache_mode": "nope"

statement
SET enable_memoize TO off

statement
BEGIN

statement
SET LOCAL work_mem = '1GB'

statement
COMMIT

query
SHOW work_mem
----
2MB

statement
RESET random_page_cost

query
SHOW random_page_cost
----
4

statement
SET extra_float_digits = 3

statement
SET application_name = 'x'

statement
SET default_transaction_isolation = 'read committed'

statement
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED

query
SELECT current_setting('work_mem'), current_setting('nope', true)
----
2MB|NULL

query
SELECT current_setting('nope')
----
ERROR 42704: unrecognized configuration parameter "nope"

query
SHOW synchronous_commit
----
on

statement
SET synchronous_commit = off

query
SHOW synchronous_commit
----
off

statement
SET synchronous_commit = remote_write

query
SHOW synchronous_commit
----
remote_write

query
SET synchronous_commit = sometimes
----
ERROR 22023: invalid value for parameter "synchronous_commit": "sometimes"

statement
BEGIN

statement
SET LOCAL synchronous_commit = off

query
SHOW synchronous_commit
----
off

statement
COMMIT

query
SHOW synchronous_commit
----
remote_write

statement
RESET synchronous_commit

query
SHOW synchronous_commit
----
on
