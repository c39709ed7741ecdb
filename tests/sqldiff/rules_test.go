package sqldiff

// The grammar of expressions: for each type, what makes a value of it. {type} is an
// expression of that type, {any} one of any type, {type=x} one that {=x} repeats, and
// {name} with a name of choices one of those. A rule that begins with ! may fail
// for some values, so queries with it may differ in whether they meet the error.
var rules = map[string][]string{
	"int2": {
		"({int4} % 100)::smallint", "({int2} / 2::smallint)", "({int2} % 7::smallint)", "({int2} & {int2})", "({int2} | {int2})", "(~ {int2})",
		"!({int2} + {int2})", "!({int2} * {int2})", "!(- {int2})", "!{int4}::smallint", "!abs({int2})",
	},
	"int4": {
		"array_length({ia}, 1)", "cardinality({ta})", "array_ndims({ia})", "array_upper({ia}, 1)", "({ia})[{n1}]", "regexp_count({text}, {regex2})", "regexp_instr({text}, {regex2})", "masklen({inet})", "family({inet})", "length({bits})", "bit_count({bits}::bit(8))::int", "array_lower({ia}, 1)",
		"({int2}::int + {int2})", "({int2} - {int2}::int)", "({int2} * {int2}::int)", "({int4} / 3)", "({int4} % 10)", "mod({int4}, 7)",
		"length({text})", "char_length({vc})", "length({bpchar})", "octet_length({text})", "bit_length({vc})", "position({text} in {text})", "strpos({text}, {text})", "ascii({text})",
		"({int4} & {int4})", "({int4} | {int4})", "({int4} # {int4})", "(~ {int4})", "({int4} >> 2)", "{int2}::int", "{bool}::int",
		"width_bucket({num}, 0.0, 10.0, 5)", "scale({num})", "jsonb_array_length(jsonb_build_array({any}, {any}))",
		"cardinality(ARRAY[{int4}, {int4}])", "(ARRAY[{int4}, {int4}, {int4}])[{k}]", "array_position(ARRAY[{int4}, {int4}], {int4})", "array_length(string_to_array({text}, 'b'), 1)",
		"num_nulls({any}, {any}, {any})", "num_nonnulls({any}, {any})", "extract(isodow from date '2024-01-01' + ({int2} % 400)::int)::int",
		"!({int4} + {int4})", "!({int4} - {int4})", "!({int4} * {int4})", "!({int4} / {int4})", "!({int4} % {int4})", "!(- {int4})", "!abs({int4})", "!{num}::int", "!{f8}::int", "!{text}::int", "!{int8}::int",
		"!({date} - {date})", "!({jsonb} -> 'a')::int", "!({jsonb} ->> 'a')::int", "!gcd({int4}, {int4})", "!lcm({int4}, {int4})", "!factorial({int4})::int",
	},
	"int8": {
		"({int4}::bigint + {int4})", "({int4}::bigint * {int4})", "({int4} - {int4}::bigint)", "({int8} / 5)", "({int8} % 11)", "abs({int4}::bigint)", "({int8} & {int8})", "({int8} | {int2})", "{int4}::bigint", "(~ {int8})", "({int8} >> 3)",
		"!({int8} + {int8})", "!({int8} * {int4})", "!({int8} / {int4})", "!({int8} - {int8})", "!{num}::bigint", "!{f8}::bigint", "!{text}::bigint", "!({int8} % {int8})", "!(- {int8})",
	},
	"num": {
		"({num} + {num})", "({num} - {num})", "({num} * {num})", "round({num}, {k})", "round({num})", "trunc({num}, 1)", "trunc({num})", "ceil({num})", "floor({num})", "abs({num})", "sign({num})", "(- {num})",
		"({num} / nullif({num}, 0))", "({num} / 7)", "mod({num}, 7.5)", "({num} % nullif({num}, 0))", "{int8}::numeric", "({int4} * {num})", "({num} + {int8})", "div({num}, 3)", "trim_scale({num})",
		"extract({tsfield} from {ts})", "extract({dfield} from {date})", "extract({ivfield} from {iv})", "extract(epoch from {iv})", "extract({tsfield} from {tstz})", "sqrt(abs(round({num}, 3)))", "{num}::numeric(60,2)",
		"!({num} / {num})", "!{num}::numeric(5,2)", "!{text}::numeric", "!{f8}::numeric", "!ln({num})", "!power({num}, {k})", "!sqrt({num})", "!exp({num} / 100)", "!log({num})", "!({jsonb} -> 'a')::numeric", "!to_number({text}, '999')",
	},
	"f8": {
		"({f8} + {f8})", "({f8} - {f8})", "({f8} * 0.5::float8)", "({f8} / nullif({f8}, 0))", "abs({f8})", "(- {f8})", "{int4}::float8", "{num}::float8", "round({f8})", "floor({f8})", "ceil({f8})", "trunc({f8})", "sign({f8})", "sqrt(abs({f8}))", "({f8} + {int4})", "date_part({tspart}, {ts})", "{f8}::real::float8", "({f8} * {num})", "degrees({f8} / 100)", "atan({f8})", "tanh({f8})",
		"!({f8} / {f8})", "!sqrt({f8})", "!ln({f8})", "!power({f8}, {k})", "!exp({f8})", "!{text}::float8", "!sin({f8})", "!acos({f8})", "!({f8} * {f8})",
	},
	"text": {
		"({text} || {text})", "({text} || {int4})", "({vc} || {bpchar})", "upper({asc})", "lower({asc})", "initcap({asc})", "trim({text})", "ltrim({text}, 'ax')", "rtrim({bpchar})", "btrim({text}, {text})", "substr({text}, {k})", "substring({text} from {k} for {n})", "left({text}, {k})", "right({text}, {k})", "reverse({text})", "repeat({text}, {n})", "replace({text}, {text}, 'x')", "translate({text}, 'abc', 'xy')", "lpad({text}, 6)", "lpad({text}, 5, {text})", "rpad({text}, 6, 'xy')", "split_part({text}, 'b', {n1})", "md5({text})", "concat({text}, {int4}, {bool})", "concat_ws(',', {text}, {text}, {date})",
		"{int4}::text", "{int8}::text", "{num}::text", "{date}::text", "{ts}::text", "{tstz}::text", "{iv}::text", "{bool}::text", "{jsonb}::text", "{uuid}::text", "{bpchar}::text", "{vc}::text", "{int2}::text", "to_char({int4}, {numfmt})", "to_char({ts}, {tsfmt})", "to_char({tstz}, {tsfmt})", "to_char(round({num} % 10000, 2), {numfmt})", "to_hex({int4})", "chr(97 + abs({int2} % 10)::int)", "quote_literal({text})", "quote_ident({text})", "quote_nullable({text})", "format('%s|%I|%L', {text}, coalesce({text}, 'q'), {int4})", "overlay({text} placing {text} from 2 for 1)", "regexp_replace({text}, {regex}, 'X', 'g')", "substring({text} from {regex})", "({jsonb} ->> 'a')", "({jsonb} #>> {path})", "({jsonb} ->> 0)", "jsonb_typeof({jsonb})", "encode(convert_to({text}, 'UTF8'), 'hex')", "array_to_string(ARRAY[{text}, {text}], ',', '*')", "(string_to_array({text}, 'b'))[{n1}]", "{text}::varchar(3)::text", "ARRAY[{int4}, {int4}]::text", "ARRAY[{text}, {text}]::text", "(ARRAY[{int4}] || {int4})::text", "pg_typeof({any})::text", "to_json({any})::text", "ROW({any}, {any})::text", "{real}::text", "{f8}::text", "{time}::text",
		"!chr({int4})", "!repeat({text}, {int4} % 50)", "!substr({text}, {int4}, {int4})", "!left({text}, {int4})", "!split_part({text}, {text}, {int4})", "!lpad({text}, {int4} % 40, {text})", "!encode(decode({text}, 'hex'), 'base64')",
	},
	"vc":     {"{text}::varchar", "{vc}::varchar(3)", "{bpchar}::varchar", "{int4}::varchar"},
	"bpchar": {"{text}::char(4)", "{vc}::char(4)", "{int4}::text::char(4)"},
	"bool": {
		"({any=x} {cmp} {=x})", "({int4} {cmp} {int4})", "({int4} {cmp} {int8})", "({int2} {cmp} {int4})", "({num} {cmp} {int4})", "({num} {cmp} {num})", "({f8} {cmp} {num})", "({f8} {cmp} {f8})", "({text} {cmp} {text})", "({vc} {cmp} {text})", "({bpchar} {cmp} {bpchar})", "({bpchar} {cmp} {vc})", "({bpchar} {cmp} 'a')", "({date} {cmp} {date})", "({date} {cmp} {ts})", "({ts} {cmp} {ts})", "({tstz} {cmp} {tstz})", "({tstz} {cmp} {ts})", "({iv} {cmp} {iv})", "({uuid} {cmp} {uuid})", "({bool} {cmp} {bool})", "({jsonb} {cmp} {jsonb})",
		"({bool} AND {bool})", "({bool} OR {bool})", "(NOT {bool})", "({bool} AND {bool} AND {bool})", "({bool} OR {bool} OR {bool})", "({bool} {is})", "({any} IS NULL)", "({any} IS NOT NULL)",
		"({text} {like} {pat})", "({text} {like} {text} ESCAPE '!')", "({vc} {like} {pat})", "({bpchar} {like} {pat})", "({text} ~ {regex})", "({text} !~* {regex})", "({text} SIMILAR TO '(a|b)%')", "starts_with({text}, {text})", "({text} ^@ {text})",
		"(({int4}, {text}) {cmp} ({int4}, {text}))", "(({int4}, {int4}) IN (({int4}, {int4}), (1, NULL)))", "(ROW({int4}, {date}) IS DISTINCT FROM ROW({int4}, {date}))", "(({any}, {any}) IS NULL)", "(ROW({any}, {any}) IS NOT NULL)",
		"({jsonb} @? {jpath})", "({jsonb} @@ {jpred})", "jsonb_path_exists({jsonb}, {jpath})", "({text} ~ {regex2})", "regexp_like({text}, {regex2}, 'i')", "({text} SIMILAR TO {similar})", "({ia} && {ia})", "({ia} <@ {ia})", "({int4} = ANY ({ia}))", "({text} = ALL ({ta}))", "({inet} << {inet})", "({inet} && {inet})", "({bits} < {bits})", "({ia} IS NULL)",
		"({jsonb} @> {jsonb})", "({jsonb} ? 'a')", "({jsonb} <@ {jsonb})", "({jsonb} ?| ARRAY['a','b'])", "({int4} = ANY (ARRAY[{int4}, {int4}, NULL]))", "({text} <> ALL (ARRAY[{text}, {text}]))", "({num} > ANY (ARRAY[{num}, {num}]))", "(ARRAY[{int4}, 1] @> ARRAY[{int4}])", "(ARRAY[{int4}, 1] && ARRAY[{int4}, 2])", "(ARRAY[{int4}, {int4}] {cmp} ARRAY[{int4}, {int4}])", "isfinite({ts})", "isfinite({date})", "({int4} BETWEEN SYMMETRIC {int4} AND {int4})", "{int4}::boolean", "(({date}, {iv}) OVERLAPS ({date}, {iv}))",
		"!{text}::boolean", "!({text} ~ {text})", "!({text} LIKE {text})",
	},
	"date": {"({date} + {k})", "({date} - {k})", "{ts}::date", "{tstz}::date", "make_date(2020 + abs({int2} % 5)::int, 1 + abs({int2} % 12)::int, 1 + abs({int2} % 28)::int)", "date_trunc({unit}, {date})::date", "to_date('2024-01-1' || abs({int2} % 9), 'YYYY-MM-DD')",
		"!{text}::date", "!({date} + {int4})", "!to_date({text}, 'YYYY-MM-DD')", "!make_date({int4}, {int4}, {int4})"},
	"ts":    {"{date}::timestamp", "({ts} + {iv})", "({ts} - {iv})", "date_trunc({unit}, {ts})", "{tstz}::timestamp", "({tstz} at time zone {zone})", "({date} + {iv})", "({date} + {time})", "{ts}::timestamp(0)", "make_timestamp(2024, 1 + abs({int2} % 12)::int, 3, 4, 5, 6.5)", "!{text}::timestamp", "date_bin('15 minutes', {ts}, timestamp '2000-01-01')"},
	"tstz":  {"({tstz} + {iv})", "({ts} at time zone {zone})", "{ts}::timestamptz", "date_trunc({unit}, {tstz})", "to_timestamp({int4})", "{date}::timestamptz", "({tstz} - {iv})", "{tstz}::timestamptz(1)", "date_trunc('day', {tstz}, {zone})", "!{text}::timestamptz", "!to_timestamp({f8})"},
	"iv":    {"({iv} + {iv})", "({iv} - {iv})", "(- {iv})", "({iv} * 2)", "({iv} / 3)", "({iv} * 1.5)", "make_interval(days => {int2}::int)", "make_interval(months => {int2}::int, hours => {k})", "justify_hours({iv})", "justify_days({iv})", "justify_interval({iv})", "date_trunc({unit}, {iv})", "({time} - {time})", "!({ts} - {ts})", "!({tstz} - {tstz})", "!age({ts}, {ts})", "!{text}::interval", "!({iv} * {f8})", "!({iv} / {int4})"},
	"uuid":  {"md5({text})::uuid", "!{text}::uuid"},
	"jsonb": {"jsonb_path_query_array({jsonb}, {jpath})", "jsonb_path_query_first({jsonb}, {jpath})", "to_jsonb({ia})", "!({jsonb} - ARRAY['a','b'])", "jsonb_insert('[1,2]'::jsonb, ARRAY['0'], {jsonb})", "jsonb_set_lax({jsonb}, ARRAY['a'], NULL, true, 'return_target')", "({jsonb} #> ARRAY['b','1'])", "!jsonb_path_query_array({jsonb}, 'strict $.a')", "!jsonb_path_query_array({jsonb}, '$.keyvalue()')", "to_jsonb({any})", "jsonb_build_object('k', {int4}, 'v', {text})", "jsonb_build_array({any}, {any})", "({jsonb} -> 'a')", "({jsonb} -> 0)", "({jsonb} -> -1)", "({jsonb} #> {path})", "({jsonb} || {jsonb})", "jsonb_strip_nulls({jsonb})", "to_jsonb(ARRAY[{int4}, {int4}])", "!({jsonb} - 'a')", "!({jsonb} - 0)", "!jsonb_set({jsonb}, {path}, {jsonb})", "!{text}::jsonb", "!({jsonb} #- {path})"},
}

// choices are the constants that rules pick from.
var choices = map[string][]string{
	"cmp":     {"=", "=", "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"},
	"is":      {"IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE", "IS UNKNOWN", "IS NOT UNKNOWN", "IS NULL"},
	"like":    {"LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"},
	"pat":     {"'%'", "'a%'", "'%b'", "'_b%'", "'a\\_b'", "'%\\%'", "''", "'abc'", "'__'", "NULL", "'%é%'"},
	"jpath":   {"'$'", "'$.a'", "'$.*'", "'$[*]'", "'$.** ? (@ > 1)'", "'$.b[*] ? (@ != null)'", "'$[last]'", "'$.a.type()'", "'$[0 to 1]'", "'$.**{1 to 2}'", "'strict $ ? (exists(@.a))'", "'$.size()'"},
	"jpred":   {"'$.a == 1'", "'exists($.b[*] ? (@ == 2))'", "'$.a starts with \"x\"'", "'$[*] > 0'", "'$.a like_regex \"^x\"'", "'(($.a > 0) is unknown)'"},
	"regex2":  {"'(a)\\1'", "'a(?=b)'", "'(?<!a)b'", "'\\ma'", "'b\\M'", "'a*?b'", "'(a|ab)(c|bcd)?'", "'[[:alpha:]]+'", "'^.{2,3}$'", "'(?i)B'"},
	"similar": {"'%a%'", "'(a|b)+'", "'_b%'", "'[a-c]*'", "'a{1,2}b?'"},
	"small":   {"0", "1", "2", "3", "abs({int2} % 3)"},
	"ia1":     {"ARRAY[1,2]", "ARRAY[{int4}]", "ARRAY[]::int[]", "ARRAY[{int4}, {int4}]", "NULL::int[]"},
	"ta1":     {"ARRAY['a','b']::text[]", "ARRAY[{text}]", "ARRAY[]::text[]"},
	"regex":   {"'[ab]+'", "'^a'", "'b$'", "'a.?b'", "'(a)|(b)'", "'\\d'", "'.'", "'^$'"},
	"k":       {"0", "1", "2", "3", "(-1)", "(-2)"},
	"n":       {"0", "1", "2", "3"},
	"n1":      {"1", "2", "(-1)"},
	"unit":    {"'day'", "'month'", "'year'", "'hour'", "'minute'", "'quarter'", "'second'"},
	"tsfield": {"year", "month", "day", "hour", "minute", "second", "dow", "doy", "week", "isoyear", "quarter", "epoch", "century", "milliseconds"},
	"tspart":  {"'year'", "'month'", "'epoch'", "'hour'", "'dow'"},
	"dfield":  {"year", "month", "day", "dow", "isodow", "doy", "week", "epoch", "quarter", "decade"},
	"ivfield": {"year", "month", "day", "hour", "minute", "second"},
	"tsfmt":   {"'YYYY-MM-DD HH24:MI:SS'", "'Mon DD, YYYY'", "'HH12:MI AM'", "'Day D DDD'", "'IYYY-IW'", "'FMMonth FMDD'", "'Q J'"},
	"numfmt":  {"'999'", "'FM9990.00'", "'S9999'", "'000'", "'9,999.9'", "'FM999MI'", "'999PR'"},
	"zone":    {"'UTC'", "'America/New_York'", "'Europe/Berlin'", "'+03'"},
	"path":    {"'{a}'", "'{b,0}'", "'{b,a}'", "'{0}'", "'{2,b}'"},
	"asc":     {"'aBc'", "'B c'", "'zz top'", "replace({text}, 'é', 'e')"},
	"time":    {"time '00:00'", "time '12:34:56.789'", "time '23:59:59'", "{ts}::time", "{iv}::time"},
	"real":    {"1.5::real", "{int2}::real", "'NaN'::real"},
}

// polymorphic makes values of any type T, written {T}; {U} is another type, the
// same throughout one rule.
var polymorphic = []string{
	"CASE WHEN {bool} THEN {T} ELSE {T} END", "CASE WHEN {bool} THEN {T} WHEN {bool} THEN {T} END", "CASE {U} WHEN {U} THEN {T} WHEN {U} THEN {T} ELSE {T} END",
	"coalesce({T}, {T})", "coalesce({T}, {T}, {T})", "nullif({T}, {T})", "greatest({T}, {T})", "least({T}, {T}, {T})", "(ARRAY[{T}, {T}])[{n1}]",
}

// comparisons are conditions on any type, with a set where the rule has one.
var comparisons = []string{
	"({T} {cmp} {T})", "({T} {cmp} {T})", "({T} BETWEEN {T} AND {T})", "({T} NOT BETWEEN {T} AND {T})", "({T} IN ({T}, {T}, {T}))", "({T} NOT IN ({T}, {T}))", "({T} IN ({T}, NULL))", "({T} IS NOT DISTINCT FROM NULL)",
}

// aggregates make a value of a type from a group. Those with a $ in front may not be
// used as window functions.
var aggregates = map[string][]string{
	"int8":   {"count(*)", "count({any})", "$count(DISTINCT {any})", "sum({int4})", "sum({int2})", "$sum(DISTINCT {int4})", "bit_or({int8})", "max({int8})", "$array_length(array_agg({int4}), 1)::bigint", "$count(DISTINCT ({int4}, {bool}))", "$rank(2) WITHIN GROUP (ORDER BY {int4})", "$dense_rank('ab', 1) WITHIN GROUP (ORDER BY {text} DESC, {int2} NULLS FIRST)"},
	"int4":   {"max({int4})", "min({int4})", "bit_and({int4})", "bit_or({int4})", "$percentile_disc(0.5) WITHIN GROUP (ORDER BY {int4})", "$percentile_disc(0.25) WITHIN GROUP (ORDER BY {int4} DESC)"},
	"int2":   {"max({int2})", "min({int2})"},
	"num":    {"sum({num})", "avg({num})", "sum({int8})", "avg({int4})", "var_pop({int4})", "stddev({int2})", "variance({num})", "min({num})", "max({num})", "$sum(DISTINCT {num})", "$avg(DISTINCT {int4})"},
	"f8":     {"sum({fcol})", "avg({fcol})", "min({f8})", "max({f8})", "$percentile_cont(0.5) WITHIN GROUP (ORDER BY {f8})", "$regr_count({f8}, {f8})::float8", "$percent_rank(NULL) WITHIN GROUP (ORDER BY {int4} NULLS FIRST)", "$cume_dist(1, date '2024-01-01') WITHIN GROUP (ORDER BY {int4}, {date})", "covar_pop({int2}::float8, {int2}::float8)"},
	"text":   {"max({text})", "min({text})", "$string_agg({text=x}, ',' ORDER BY {=x})", "$string_agg(DISTINCT {text=x}::text, '-' ORDER BY {=x}::text DESC)", "$array_agg({int4=x} ORDER BY {=x} NULLS FIRST)::text", "$array_agg(DISTINCT {bool=x} ORDER BY {=x})::text", "max({vc})", "$percentile_disc(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY {int4})::text"},
	"bpchar": {"max({bpchar})", "min({bpchar})"},
	"bool":   {"bool_and({bool})", "bool_or({bool})", "every({bool})"},
	"date":   {"max({date})", "min({date})"},
	"ts":     {"max({ts})", "min({ts})"},
	"tstz":   {"max({tstz})", "min({tstz})"},
	"iv":     {"max({iv})", "sum({iv})", "avg({iv})", "min({iv})"},
	"jsonb":  {"$jsonb_agg({int4=x} ORDER BY {=x})", "$jsonb_agg({text=x} ORDER BY {=x} DESC NULLS LAST)", "$jsonb_object_agg(coalesce({text=x}, 'k'), 1)"},
}

// windows are functions that only exist over a window. Those with a $ in front need
// a total order of the rows.
var windows = map[string][]string{
	"int8": {"rank()", "dense_rank()", "$row_number()", "$lag({int8}) ", "$first_value({int8})"},
	"f8":   {"percent_rank()", "cume_dist()", "$last_value({f8})"},
	"int4": {"$ntile({nt})", "$lag({int4})", "$lead({int4}, 2)", "$lag({int4}, 1, {int4})", "$first_value({int4})", "$last_value({int4})", "$nth_value({int4}, 2)"},
	"text": {"$lag({text})", "$first_value({text})", "$nth_value({text}, 3)", "$lead({text}, 1, 'none')"},
	"date": {"$lag({date})", "$last_value({date})"},
	"num":  {"$first_value({num})", "$lead({num})"},
}

// frames of windows in which peers do not matter, and those that need a total order.
var (
	peerFrames  = []string{"", "", "", " RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", " RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING", " GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING", " GROUPS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP", " RANGE UNBOUNDED PRECEDING EXCLUDE TIES"}
	totalFrames = []string{"", " ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING", " ROWS UNBOUNDED PRECEDING", " ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING", " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING EXCLUDE CURRENT ROW", " ROWS BETWEEN CURRENT ROW AND CURRENT ROW"}
)
