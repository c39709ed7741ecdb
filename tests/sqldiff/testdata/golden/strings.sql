# chapter 9.4: strings
'Post' || 'greSQL'
  text: "PostgreSQL"
'Value: ' || 42
  text: "Value: 42"
42 || ' is'
  text: "42 is"
'a' || NULL
  text: NULL
U&'d\0061t\+000061' IS NORMALIZED
  boolean: "t"
'a' || true
  text: "atrue"
bit_length('jose')
  integer: "32"
char_length('josé')
  integer: "4"
character_length('josé')
  integer: "4"
lower('TOM'), upper('tom'), lower('ÀÉ'), upper('straße'), initcap('hi THOMAS o''neil-x_y 3abc')
  text, text, text, text, text: "tom", "TOM", "àé", "STRAßE", "Hi Thomas O'Neil-X_Y 3abc"
octet_length('josé'), octet_length('abc '::char(4)), octet_length('abc'::char(10))
  integer, integer, integer: "5", "4", "10"
overlay('Txxxxas' placing 'hom' from 2 for 4), overlay('abcdef' placing 'X' from 3), overlay('abc' placing 'XYZ' from 5)
  text, text, text: "Thomas", "abXdef", "abcXYZ"
overlay('abc' placing 'X' from 0)
  !22011
overlay('abc' placing 'X' from -1 for 2)
  !22011
position('om' in 'Thomas'), position('' in 'x'), position('z' in 'x'), position('ö' in 'höö')
  integer, integer, integer, integer: "3", "1", "0", "2"
substring('Thomas' from 2 for 3), substring('Thomas' from 3), substring('Thomas' for 2), substring('abc' from -1 for 3), substring('abc' from 0 for 2), substring('abc' from 5)
  text, text, text, text, text, text: "hom", "omas", "Th", "a", "a", ""
substring('abc' from 1 for -1)
  !22011
substring('abc' from 2147483647 for 2147483647)
  text: ""
trim(both 'xyz' from 'yxTomxx'), trim(leading 'x' from 'xxa'), trim(trailing from 'a  '), trim('  a '), trim(both from ' a '), trim('xyz' from 'yxTomxx')
  text, text, text, text, text, text: "Tom", "a", "a", "a", "a", "Tom"
btrim('xyxtrimyyx', 'xyz'), btrim('  a  '), ltrim('zzzytest', 'xyz'), rtrim('testxxzx', 'xyz'), ltrim('  a'), rtrim('a  ')
  text, text, text, text, text, text: "trim", "a", "test", "test", "a", "a"
btrim('abc', ''), btrim('', 'a'), rtrim('éé', 'é')
  text, text, text: "abc", "", ""
chr(65), chr(8364), ascii('A'), ascii('é'), ascii('')
  text, text, integer, integer, integer: "A", "€", "65", "233", "0"
chr(0)
  !54000
chr(-1)
  !22023
chr(1114112)
  !54000
concat('abcde', 2, NULL, 22), concat(NULL), concat(), concat(true, date '2020-01-01')
  !42883
concat_ws(',', 'abcde', 2, NULL, 22), concat_ws(NULL, 'a'), concat_ws(',')
  !42883
concat(VARIADIC ARRAY['a','b',NULL])
  text: "ab"
concat_ws(',', VARIADIC ARRAY['a','b',NULL,'c'])
  text: "a,b,c"
format('Hello %s', 'World'), format('Testing %s, %s, %s, %%', 'one', 'two', 'three')
  text, text: "Hello World", "Testing one, two, three, %"
format('INSERT INTO %I VALUES(%L)', 'Foo bar', E'O\'Reilly'), format('%I', 'abc'), format('%L', NULL), format('|%10s|%-10s|', 'foo', 'bar')
  text, text, text, text: "INSERT INTO \"Foo bar\" VALUES('O''Reilly')", "abc", "NULL", "|       foo|bar       |"
format('|%*s|', 10, 'foo'), format('|%-*s|', 10, 'foo'), format('|%*s|', -10, 'foo'), format('Testing %3$s, %2$s, %1$s', 'one', 'two', 'three'), format('|%*2$s|', 'foo', 10, 'bar'), format('|%1$*2$s|', 'foo', 10, 'bar')
  text, text, text, text, text, text: "|       foo|", "|foo       |", "|foo       |", "Testing three, two, one", "|       bar|", "|       foo|"
format('Testing %3$s, %2$s, %s', 'one', 'two', 'three'), format('%s', NULL), format('%1$s %1$s', 'a')
  text, text, text: "Testing three, two, three", "", "a a"
format('%s')
  !22023
format('%')
  !22023
format('%x', 1)
  !22023
format('%I', NULL)
  !22004
format('%0$s', 'a')
  !22023
format('%2$s', 'a')
  !22023
format('%s %s', VARIADIC ARRAY['a', 'b'])
  text: "a b"
left('abcde', 2), left('abcde', -2), left('abc', 10), left('abc', -10), right('abcde', 2), right('abcde', -2), left('höö', 2)
  text, text, text, text, text, text, text: "ab", "abc", "abc", "", "de", "cde", "hö"
length('jose'), length('abc  '::char(8)), length('')
  integer, integer, integer: "4", "3", "0"
lpad('hi', 5, 'xy'), lpad('hi', 5), lpad('hello', 2), lpad('hi', 5, ''), lpad('hi', -1), rpad('hi', 5, 'xy'), rpad('hello', 2, 'x'), lpad('é', 3, 'ñ')
  text, text, text, text, text, text, text, text: "xyxhi", "   hi", "he", "hi", "", "hixyx", "he", "ññé"
lpad('x', 2147483647, 'y')
  !54000
md5('abc'), md5(''), md5('abc'::bytea)
  text, text, text: "900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"
parse_ident('"SomeSchema".someTable'), parse_ident('a.b.c'), parse_ident('a.b x', false)
  text[], text[], text[]: "{SomeSchema,sometable}", "{a,b,c}", "{a,b}"
parse_ident('1a')
  !22023
parse_ident('a.')
  !22023
parse_ident('"a')
  !22023
pg_client_encoding()
  name: "UTF8"
quote_ident('Foo bar'), quote_ident('foo'), quote_ident('select'), quote_ident('a"b'), quote_ident('1a'), quote_ident('')
  text, text, text, text, text, text: "\"Foo bar\"", "foo", "\"select\"", "\"a\"\"b\"", "\"1a\"", "\"\""
quote_literal(E'O\'Reilly'), quote_literal(42.5), quote_literal(E'a\\b'), quote_literal(NULL), quote_nullable(NULL), quote_nullable(42.5)
  text, text, text, text, text, text: "'O''Reilly'", "'42.5'", "E'a\\\\b'", NULL, "NULL", "'42.5'"
repeat('Pg', 4), repeat('x', 0), repeat('x', -1), repeat('', 1000000000)
  text, text, text, text: "PgPgPgPg", "", "", ""
repeat('x', 2000000000)
  !54000
replace('abcdefabcdef', 'cd', 'XX'), replace('abc', '', 'x'), replace('', 'a', 'x'), replace('aaa', 'aa', 'b')
  text, text, text, text: "abXXefabXXef", "abc", "", "ba"
reverse('abcde'), reverse('héé')
  text, text: "edcba", "ééh"
split_part('abc~@~def~@~ghi', '~@~', 2), split_part('abc,def,ghi,jkl', ',', -2), split_part('abc', ',', 1), split_part('abc', ',', 2), split_part('abc', ',', -1), split_part('abc', '', 1), split_part('', ',', 1)
  text, text, text, text, text, text, text: "def", "ghi", "abc", "", "abc", "abc", ""
split_part('abc', ',', 0)
  !22023
starts_with('alphabet', 'alph'), 'alphabet' ^@ 'alph', starts_with('a', '')
  boolean, boolean, boolean: "t", "t", "t"
string_to_array('xx~~yy~~zz', '~~', 'yy'), string_to_array('abc', NULL), string_to_array('a,b', ''), string_to_array('', ','), string_to_array(NULL, ','), string_to_array('a,,b', ',', '')
  text[], text[], text[], text[], text[], text[]: "{xx,NULL,zz}", "{a,b,c}", "{\"a,b\"}", "{}", NULL, "{a,NULL,b}"
SELECT * FROM string_to_table('xx~^~yy~^~zz', '~^~', 'yy')
  text: "xx" | NULL | "zz"
SELECT * FROM string_to_table('abc', NULL)
  text: "a" | "b" | "c"
strpos('high', 'ig'), strpos('abc', ''), substr('alphabet', 3), substr('alphabet', 3, 2), substr('abc', 0), substr('abc', -5, 7)
  integer, integer, text, text, text, text: "2", "1", "phabet", "ph", "abc", "a"
substr('abc', 1, -1)
  !22011
to_ascii('Karél', 'LATIN1')
  text: "KarACl"
~ !42883
to_hex(2147483647), to_hex(-1), to_hex(-1::bigint), to_hex(0)
  text, text, text, text: "7fffffff", "ffffffff", "ffffffffffffffff", "0"
translate('12345', '143', 'ax'), translate('abc', '', 'x'), translate('abc', 'abc', ''), translate('aaé', 'éa', 'xy')
  text, text, text, text: "a2x5", "abc", "", "yyx"
unistr('d\0061t\+000061'), unistr('\\'), unistr('\u0061')
  text, text, text: "data", "\\", "a"
unistr('\zzz')
  !42601
unistr('\d800')
  !42601
normalize(U&'\0061\0308bc', NFC), normalize('ä', NFD) = U&'a\0308', 'a' IS NFC NORMALIZED, U&'a\0308' IS NFC NORMALIZED
  text, boolean, boolean, boolean: "äbc", "t", "t", "f"
'abc' < 'abd', 'abc' <= 'ABC', 'a' < 'B', '' < 'a', 'a' > NULL
  boolean, boolean, boolean, boolean, boolean: "t", "f", "f", "t", NULL
'abc' LIKE 'a%', 'abc' LIKE '_b_', 'abc' LIKE 'c', 'a%c' LIKE 'a\%c', 'abc' ILIKE 'A%', 'abc' NOT LIKE 'b', 'ab' LIKE 'a!b' ESCAPE '!', 'a_b' LIKE 'a!_b' ESCAPE '!', 'a\b' LIKE 'a\b' ESCAPE ''
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "t", "f", "t", "t", "t", "t", "t", "t"
'abc' LIKE 'ab\'
  !22025
'abc' LIKE 'a' ESCAPE 'xx'
  !22025
'abc' LIKE NULL, NULL LIKE 'a', 'É' ILIKE 'é'
  boolean, boolean, boolean: NULL, NULL, "t"
'abc' ~~ 'a%', 'abc' !~~ 'a%', 'abc' ~~* 'A%', 'abc' !~~* 'A%'
  boolean, boolean, boolean, boolean: "t", "f", "t", "f"
'a' COLLATE "C" < 'B', 'a' COLLATE "POSIX" = 'a'
  boolean, boolean: "f", "t"
'a' COLLATE "nosuch"
  !42704
'abc'::varchar(2), 'abc'::char(2), 'a'::char(3) || 'b', 'a '::char(3) = 'a', 'a '::varchar = 'a', ('a '::char(3))::text || 'b'
  character varying, character, text, boolean, boolean, text: "ab", "ab", "ab", "t", "f", "ab"
'abc'::"char", 'é'::text::char
  "char", character: "a", "é"
'abc'::name, repeat('x', 70)::name
  name, name: "abc", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
to_number('12,454.8-', '99G999D9S'), to_number('$1,234.56', 'L9,999.99')
  numeric, numeric: "-12454.8", "1234.56"
string_agg(x, ',') FROM (VALUES ('a'), (NULL), ('b')) v(x)
  text: "a,b"
string_agg(x, ',' ORDER BY x DESC) FROM (VALUES ('a'), ('c'), ('b')) v(x)
  text: "c,b,a"
string_agg(DISTINCT x, ',' ORDER BY x) FROM (VALUES ('a'), ('a'), ('b')) v(x)
  text: "a,b"
string_agg(x::bytea, '\x2c') FROM (VALUES ('a'), ('b')) v(x)
  bytea: "\\x612c62"
text 'abc', varchar 'abc', char 'abc', bpchar 'abc  '
  text, character varying, character, character: "abc", "abc", "abc", "abc  "
E'\x41\101\u0041\U00000041\t|'
  text: "AAAA\t|"
$$dollar$$, $a$x'y$a$
  text, text: "dollar", "x'y"
'a'
  text: "a"
U&'\0441\043B'
  text: "сл"
U&'d!0061t!+000061' UESCAPE '!'
  text: "data"
text(5), text(true), varchar('x'), name('abc')
  !42601
length(repeat('é', 1000)), reverse(NULL), lower(NULL)
  integer, text, text: "1000", NULL, NULL
# chapter 9.5: binary strings
'\x123456'::bytea || '\x789a'::bytea, bit_length('\x1234'::bytea), octet_length('\x1234'::bytea), btrim('\x1234567890'::bytea, '\x9012'::bytea), ltrim('\x1234567890'::bytea, '\x9012'::bytea), rtrim('\x1234567890'::bytea, '\x9012'::bytea)
  bytea, integer, integer, bytea, bytea, bytea: "\\x123456789a", "16", "2", "\\x345678", "\\x34567890", "\\x12345678"
overlay('\x1234567890'::bytea placing '\x9999'::bytea from 2 for 3), position('\x5678'::bytea in '\x1234567890'::bytea), substring('\x1234567890'::bytea from 3 for 2), substring('\x1234567890'::bytea from 3), substr('\x1234567890'::bytea, 3, 2), substring('\x1234'::bytea for 1)
  bytea, integer, bytea, bytea, bytea, bytea: "\\x12999990", "3", "\\x5678", "\\x567890", "\\x5678", "\\x12"
trim('\x9012'::bytea from '\x1234567890'::bytea), trim(leading '\x12'::bytea from '\x1234'::bytea)
  bytea, bytea: "\\x345678", "\\x34"
get_bit('\x1234567890'::bytea, 30), get_byte('\x1234567890'::bytea, 4), set_bit('\x1234567890'::bytea, 30, 0), set_byte('\x1234567890'::bytea, 4, 64)
  integer, integer, bytea, bytea: "1", "144", "\\x1234563890", "\\x1234567840"
get_byte('\x12'::bytea, 1)
  !2202E
get_bit('\x12'::bytea, 8)
  !2202E
set_bit('\x12'::bytea, 1, 2)
  !22023
bit_count('\x1234567890'::bytea), length('\x1234567890'::bytea), length('jose'::bytea, 'UTF8'), md5('Th\000omas'::bytea)
  bigint, integer, integer, text: "15", "5", "4", "8ab2d3c9689aaf18b4958c334c82d8b1"
sha224('abc'::bytea), sha256('abc'::bytea), sha384('abc'::bytea), sha512('abc'::bytea)
  bytea, bytea, bytea, bytea: "\\x23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7", "\\xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "\\xcb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7", "\\xddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
encode('123\000\001', 'base64'), encode('\xdeadbeef', 'hex'), encode('\xff00415c', 'escape'), decode('3q2+7w==', 'base64'), decode('deadBEEF', 'hex'), decode('\377A\\', 'escape')
  text, text, text, bytea, bytea, bytea: "MTIzAAE=", "deadbeef", "\\377\\000A\\\\", "\\xdeadbeef", "\\xdeadbeef", "\\xff415c"
encode(decode(repeat('QUJD', 30), 'base64'), 'base64')
  text: "QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\nQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD"
decode('x', 'hex')
  !22023
decode('xx', 'hex')
  !22023
decode('a', 'base64')
  !22023
decode('a=', 'base64')
  !22023
encode('a', 'foo')
  !22023
convert_from('text_in_utf8', 'UTF8'), convert_to('some_text', 'UTF8'), convert_to('é', 'LATIN1'), convert_from('\xe9', 'LATIN1'), convert('text_in_utf8', 'UTF8', 'LATIN1')
  text, bytea, bytea, text, bytea: "text_in_utf8", "\\x736f6d655f74657874", "\\xe9", "é", "\\x746578745f696e5f75746638"
convert_from('\xff', 'UTF8')
  !22021
convert_to('日', 'LATIN1')
  !22P05
convert_from('a', 'nosuch')
  !22023
'\x41'::bytea::text, 'abc'::bytea, '\\x'::bytea, E'\\001'::bytea
  text, bytea, bytea, bytea: "\\x41", "\\x616263", "\\x5c78", "\\x01"
'\xzz'::bytea
  !22023
'\x1'::bytea
  !22023
'\x41'::bytea < '\x42'::bytea, '\x'::bytea = '', '\x41'::bytea LIKE '\x41'::bytea, 'abc'::bytea LIKE 'a%'::bytea
  boolean, boolean, boolean, boolean: "t", "t", "t", "t"
reverse('\x1234'::bytea)
  !42883
~ bytea: "\\x3412"
min('\x12'::bytea)
  !42883
# chapter 9.6: bit strings
B'101', X'1F', b'', B'10001' || B'011', B'10001' & B'01101', B'10001' | B'01101', B'10001' # B'01101', ~ B'10001', B'10001' << 3, B'10001' >> 2
  bit, bit, bit, bit varying, bit, bit, bit, bit, bit, bit: "101", "00011111", "", "10001011", "00001", "11101", "11100", "01110", "01000", "00100"
B'101' & B'1'
  !22026
bit_count(B'10111'), bit_length(B'10111'), length(B'10111'), octet_length(B'1011111011'), overlay(B'01010101010101010' placing B'11111' from 2 for 3), position(B'010' in B'000001101011'), substring(B'110010111111' from 3 for 2), get_bit(B'101010101010101010', 6), set_bit(B'101010101010101010', 6, 0)
  bigint, integer, integer, integer, bit, integer, bit, integer, bit: "4", "5", "5", "2", "0111110101010101010", "8", "00", "1", "101010001010101010"
44::bit(10), 44::bit(3), cast(-44 as bit(12)), '1110'::bit(4)::integer, B'1111'::bit(8), B'1111'::bit(2), B'1111'::varbit(2), '101'::varbit, B'101'::int, B'1'::bigint, (-1)::bigint::bit(64)
  bit, bit, bit, integer, bit, bit, bit varying, bit varying, integer, bigint, bit: "0000101100", "100", "111111010100", "14", "11110000", "11", "11", "101", "5", "1", "1111111111111111111111111111111111111111111111111111111111111111"
'12'::bit(2)
  !22P02
'101'::bit(2)
  bit: "10"
B'101'::varbit(5), 'x1f'::bit(8), 'b101'::bit(3), B'101'::text, '101'::bit(3) = B'101'
  bit varying, bit, bit, text, boolean: "101", "00011111", "101", "101", "t"
B'1' < B'10', B'0' < B'1', B'10' = B'010', B'' < B'0'
  boolean, boolean, boolean, boolean: "t", "t", "f", "t"
pg_typeof(B'101')::text, pg_typeof(44::bit(3))::text, pg_typeof('1'::varbit)::text
  text, text, text: "bit", "bit", "bit varying"
bit '101', bit(3) '101', varbit '1011', bit varying '11', bit varying(2) '11'
  bit, bit, bit varying, bit varying, bit varying: "101", "101", "1011", "11", "11"
bit_and(x), bit_or(x), bit_xor(x) FROM (VALUES (B'110'), (B'011')) v(x)
  bit, bit, bit: "010", "111", "101"
=CREATE TABLE bits (a bit(3), b bit varying(5), c bit)
INSERT INTO bits VALUES (B'101', B'101', B'1') RETURNING *
  bit, bit varying, bit: "101", "101", "1"
INSERT INTO bits VALUES (B'10', B'101', B'1')
  !22026
INSERT INTO bits VALUES (B'101', B'101111', B'1')
  !22001
INSERT INTO bits VALUES ('111', '0', '0'), (NULL, NULL, NULL) RETURNING a, b, c
  bit, bit varying, bit: "111", "0", "0" | NULL, NULL, NULL
SELECT * FROM bits ORDER BY a, b
  bit, bit varying, bit: "101", "101", "1" | "111", "0", "0" | NULL, NULL, NULL
SELECT a, count(*) FROM bits GROUP BY a ORDER BY a NULLS FIRST
  bit, bigint: NULL, "1" | "101", "1" | "111", "1"
SELECT a || b, a = B'101' FROM bits ORDER BY b
  bit varying, boolean: "1110", "f" | "101101", "t" | NULL, NULL
