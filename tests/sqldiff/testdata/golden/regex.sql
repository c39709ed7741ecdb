# back references, look-around, escapes, options
'abcabc' ~ '(abc)\1'
  boolean: "t"
'abcabd' ~ '(abc)\1'
  boolean: "f"
regexp_replace('hello world', '(\w)\1', '<\1>', 'g')
  text: "he<l>o world"
regexp_match('foobarbaz', 'foo(?=bar)')
  text[]: "{foo}"
regexp_match('foobaz', 'foo(?!bar)')
  text[]: "{foo}"
regexp_match('foobar', '(?<=foo)bar')
  text[]: "{bar}"
regexp_match('xbar', '(?<!foo)bar')
  text[]: "{bar}"
regexp_match('foobar', '(?<!foo)bar')
  text[]: NULL
'a word' ~ '\mword\M'
  boolean: "t"
'awordb' ~ '\mword'
  boolean: "f"
'aword' ~ 'word\M'
  boolean: "t"
'aword' ~ '\Mword'
  boolean: "f"
'a word' ~ '\Mword'
  boolean: "f"
'aword' ~ '\yword\y'
  boolean: "f"
'aword' ~ '\Yword'
  boolean: "t"
'a word' ~ '[[:<:]]word[[:>:]]'
  boolean: "t"
regexp_replace('the cat sat', '\m', '<', 'g')
  text: "<the <cat <sat"
regexp_replace('the cat sat', '\M', '>', 'g')
  text: "the> cat> sat>"
regexp_match('abc', 'a|ab|abc')
  text[]: "{abc}"
regexp_match('XY1234Z', 'Y*([0-9]{1,3})')
  text[]: "{123}"
regexp_match('XY1234Z', 'Y*?([0-9]{1,3})')
  text[]: "{1}"
regexp_match('abc01234xyz', '(.*)(\d+)(.*)')
  text[]: "{abc0123,4,xyz}"
regexp_match('abc01234xyz', '(.*?)(\d+)(.*)')
  text[]: "{abc,0,\"\"}"
regexp_match('abc01234xyz', '(?:(.*?)(\d+)(.*)){1,1}')
  text[]: "{abc,01234,xyz}"
regexp_match('abcd', '(a|ab)(c|bcd)')
  text[]: "{a,bcd}"
regexp_match('abcd', '(a|ab)(c|bcd)?')
  text[]: "{a,bcd}"
regexp_match('xyz', '(x)?(y)?(q)?z')
  text[]: "{x,y,NULL}"
regexp_match('aaa', '(a*)(a*)')
  text[]: "{aaa,\"\"}"
regexp_match('aaa', '(a*?)(a*)')
  text[]: "{\"\",\"\"}"
regexp_match('aaa', 'a{2}')
  text[]: "{aa}"
regexp_match('aaa', 'a{2,}')
  text[]: "{aaa}"
regexp_match('aaaa', 'a{2,3}?')
  text[]: "{aa}"
regexp_match('aaaa', 'a{,3}')
  text[]: NULL
regexp_match('a{,3}', 'a{,3}')
  text[]: "{\"a{,3}\"}"
regexp_match(E'line1\nline2', '^line2$')
  text[]: NULL
regexp_match(E'line1\nline2', '^line2$', 'n')
  text[]: "{line2}"
regexp_match(E'line1\nline2', '^line2$', 'w')
  text[]: "{line2}"
regexp_match(E'line1\nline2', 'line1.line2', 'n')
  text[]: NULL
regexp_match(E'line1\nline2', 'line1.line2', 's')
  text[]: "{\"line1\nline2\"}"
regexp_match(E'line1\nline2', 'line1.line2', 'p')
  text[]: NULL
regexp_match(E'line1\nline2', 'line1[^x]line2', 'p')
  text[]: NULL
regexp_match(E'line1\nline2', '1$', 'w')
  text[]: "{1}"
regexp_match('aBc', 'b', 'i')
  text[]: "{B}"
regexp_match('aBc', '(?i)b')
  text[]: "{B}"
regexp_match('aBc', '(?ic)b')
  text[]: NULL
regexp_match('a b', 'a b', 'x')
  text[]: NULL
regexp_match('ab', 'a b # comment', 'x')
  text[]: "{ab}"
regexp_match('a.b', 'a.b', 'q')
  text[]: "{a.b}"
regexp_match('axb', 'a.b', 'q')
  text[]: NULL
regexp_match('axb', '***=a.b')
  text[]: NULL
regexp_match('a.b', '***=a.b')
  text[]: "{a.b}"
regexp_match('axb', '***:a.b')
  text[]: "{axb}"
regexp_match('a+b', 'a+b', 'b')
  text[]: "{a+b}"
regexp_match('aab', 'a+b', 'b')
  text[]: NULL
regexp_match('aab', '\(a\)\1', 'b')
  text[]: "{a}"
regexp_match('aab', 'a\{2\}', 'b')
  text[]: "{aa}"
regexp_match('a|b', 'a|b', 'b')
  text[]: "{a|b}"
regexp_match('*a', '*a', 'b')
  text[]: "{*a}"
regexp_match('a^b', 'a^b', 'b')
  text[]: "{a^b}"
regexp_match('(a)', '(a)', 'b')
  text[]: "{(a)}"
regexp_match('aab', 'a+b', 'e')
  text[]: NULL
regexp_match('a\b', 'a\\b', 'e')
  text[]: "{\"a\\\\b\"}"
regexp_match('a1', 'a\d', 'e')
  text[]: NULL
regexp_match('ad', 'a\d', 'e')
  text[]: "{ad}"
regexp_match('tab	x', '\t')
  text[]: "{\"\t\"}"
regexp_match('x', '\x78')
  text[]: "{x}"
regexp_match('é', '\u00e9')
  text[]: "{é}"
regexp_match('é', '\U000000e9')
  text[]: "{é}"
regexp_match(E'a\x01b', '\cA')
  text[]: "{\x01}"
regexp_match(E'a\\b', '\B')
  text[]: "{\"\\\\\"}"
regexp_match('abc123', '[[:alpha:]]+')
  text[]: "{abc}"
regexp_match('abc123', '[[:digit:]]+')
  text[]: "{123}"
regexp_match('abc_123 x', '\w+')
  text[]: "{abc_123}"
regexp_match('abc_123 x', '[\w]+')
  text[]: "{abc_123}"
regexp_match('abc_123 x', '[^\w]')
  text[]: "{\" \"}"
regexp_match('abc_123 x', '[\D]+')
  text[]: "{abc_}"
regexp_match('a]b', '[]]')
  text[]: "{]}"
regexp_match('a-b', '[a-]+')
  text[]: "{a-}"
regexp_match('a^b', '[b^]+')
  text[]: "{^b}"
regexp_match('abc', '[[.a.]]')
  text[]: "{a}"
regexp_match('abc', '[[=a=]]')
  text[]: "{a}"
regexp_match('a-c', '[[.-.]]')
  text[]: "{-}"
regexp_match('a-c', '[[.hyphen.]]')
  text[]: "{-}"
regexp_match('abc', '[c-a]')
  !2201B
regexp_match('abc', '[[:foo:]]')
  !2201B
regexp_match('abc', '[a')
  !2201B
regexp_match('abc', '(a')
  !2201B
regexp_match('abc', 'a)')
  !2201B
regexp_match('abc', 'a**')
  !2201B
regexp_match('abc', '*a')
  !2201B
regexp_match('abc', 'a{1')
  !2201B
regexp_match('abc', 'a{2,1}')
  !2201B
regexp_match('abc', 'a{256}')
  !2201B
regexp_match('abc', '\')
  !2201B
regexp_match('abc', '\q')
  !2201B
regexp_match('abc', '(a)\2')
  !2201B
regexp_match('abc', '(?<x>a)')
  !2201B
regexp_match('abc', '(?z)a')
  !2201B
regexp_match('abc', 'a', 'z')
  !22023
regexp_match('abc', '')
  text[]: "{\"\"}"
regexp_match('', '')
  text[]: "{\"\"}"
regexp_match('abc', '()')
  text[]: "{\"\"}"
regexp_match('abc', 'a||b')
  text[]: "{a}"
regexp_match('abc', '|a')
  text[]: "{a}"
regexp_match('abc', '$')
  text[]: "{\"\"}"
regexp_match('abc', '^')
  text[]: "{\"\"}"
regexp_match('abc', '^^a')
  text[]: "{a}"
regexp_match('abc', 'c$$')
  text[]: "{c}"
regexp_match('abc', '\Aa')
  text[]: "{a}"
regexp_match('abc', 'c\Z')
  text[]: "{c}"
regexp_match(E'abc\n', 'c\Z', 'n')
  text[]: NULL
regexp_match('foo', '(?=o)')
  text[]: "{\"\"}"
regexp_replace('foo bar', '(?=[aeiou])', '^', 'g')
  text: "f^o^o b^ar"
regexp_replace('aaa', 'a*?', 'x', 'g')
  text: "xaxaxax"
regexp_replace('abab', '(?:(a)|b)*', '[\1]')
  text: "[]"
regexp_match('ab', '(?:(a)|b)*')
  text[]: "{NULL}"
regexp_match('abcabc', '((a)(b)(c))\1')
  text[]: "{abc,a,b,c}"
regexp_match('aXa', '(.)X\1')
  text[]: "{a}"
regexp_match('AXa', '(.)X\1', 'i')
  text[]: "{A}"
regexp_match('foofoo', '^(.+)\1$')
  text[]: "{foo}"
regexp_match('foofoofoo', '^(.+)\1+$')
  text[]: "{foo}"
regexp_match('xyxy', '(?:(x)(y))\1\2')
  text[]: "{x,y}"
regexp_match('abc', '(?:a(?=b))bc')
  text[]: "{abc}"
regexp_match('abc', '((?=a))abc')
  text[]: "{\"\"}"
regexp_match('abc', '(?!a)')
  text[]: "{\"\"}"
regexp_match('price: 100', '\d+(?=%)|\d+')
  text[]: "{100}"
regexp_matches('foobarbequebaz', '(bar)(beque)')
  text[]: "{bar,beque}"
SELECT * FROM regexp_matches('foobarbequebazilbarfbonk', '(b[^b]+)(b[^b]+)', 'g')
  text[]: "{bar,beque}" | "{bazil,barf}"
SELECT * FROM regexp_matches('abc', '', 'g')
  text[]: "{\"\"}" | "{\"\"}" | "{\"\"}" | "{\"\"}"
SELECT * FROM regexp_split_to_table('the quick brown', '\s+')
  text: "the" | "quick" | "brown"
SELECT * FROM regexp_split_to_table('the quick', '\s*')
  text: "t" | "h" | "e" | "q" | "u" | "i" | "c" | "k"
regexp_split_to_array('a1b2c', '\d')
  text[]: "{a,b,c}"
regexp_split_to_array('', 'x')
  text[]: "{\"\"}"
regexp_split_to_array('abc', '')
  text[]: "{a,b,c}"
regexp_split_to_array('axbxc', 'x', 'g')
  !22023
regexp_count('ABCABCAXYaxy', 'A.')
  integer: "3"
regexp_count('ABCABCAXYaxy', 'A.', 1, 'i')
  integer: "4"
regexp_count('aaaa', 'a*')
  integer: "2"
regexp_count('aaaa', 'aa')
  integer: "2"
regexp_count('abc', '')
  integer: "4"
regexp_instr('number of your street, town zip, FR', '[^,]+', 1, 2)
  integer: "23"
regexp_instr('ABCDEFGHI', '(c..)(...)', 1, 1, 0, 'i', 2)
  integer: "6"
regexp_instr('abcabc', '(?=c)', 1, 2)
  integer: "6"
regexp_like('Hello World', 'world$', 'i')
  boolean: "t"
regexp_substr('ABCDEFGHI', '(c..)(...)', 1, 1, 'i', 2)
  text: "FGH"
regexp_substr('abc', 'b', 3)
  text: NULL
regexp_substr('abc', 'b', 0)
  !22023
regexp_replace('foobarbaz', 'b..', 'X')
  text: "fooXbaz"
regexp_replace('foobarbaz', 'b..', 'X', 'g')
  text: "fooXX"
regexp_replace('foobarbaz', 'b(..)', 'X\1Y', 'g')
  text: "fooXarYXazY"
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 0, 'i')
  text: "X PXstgrXSQL fXnctXXn"
regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 3, 'i')
  text: "A PostgrXSQL function"
regexp_replace('abc', 'b', '\\')
  text: "a\\c"
regexp_replace('abc', 'b', '[\&]')
  text: "a[b]c"
regexp_replace('abc', 'b', '\9')
  text: "ac"
regexp_replace('abcabc', '^a', 'x', 2)
  text: "abcabc"
regexp_replace('abcabc', 'a', 'x', 2)
  text: "abcxbc"
regexp_replace('aaa', '^a', 'b', 'g')
  text: "baa"
regexp_replace('2024-01-31', '(\d+)-(\d+)-(\d+)', '\3/\2/\1')
  text: "31/01/2024"
'abc' SIMILAR TO 'abc'
  boolean: "t"
'abc' SIMILAR TO 'a'
  boolean: "f"
'abc' SIMILAR TO '%(b|d)%'
  boolean: "t"
'abc' SIMILAR TO '(b|c)%'
  boolean: "f"
'-abc-' SIMILAR TO '%\mabc\M%'
  boolean: "t"
'xabcy' SIMILAR TO '%\mabc\M%'
  boolean: "f"
'a+b' SIMILAR TO 'a\+b'
  boolean: "t"
'a%b' SIMILAR TO 'a#%b' ESCAPE '#'
  boolean: "t"
'aab' SIMILAR TO 'a+b'
  boolean: "t"
'aab' SIMILAR TO 'a{2}b'
  boolean: "t"
'abc' SIMILAR TO '[a-c]*'
  boolean: "t"
'abc' SIMILAR TO '[^a]%'
  boolean: "f"
'abc' SIMILAR TO '_b_'
  boolean: "t"
'abc' NOT SIMILAR TO '_b_'
  boolean: "f"
'a.c' SIMILAR TO 'a.c'
  boolean: "t"
'axc' SIMILAR TO 'a.c'
  boolean: "f"
'abc' SIMILAR TO NULL
  boolean: NULL
'abc' SIMILAR TO 'abc' ESCAPE NULL
  boolean: NULL
'abc' SIMILAR TO 'a|abc'
  boolean: "t"
'' SIMILAR TO ''
  boolean: "t"
'abc$' SIMILAR TO 'abc$'
  boolean: "t"
substring('foobar' similar '%#"o_b#"%' escape '#')
  text: "oob"
substring('foobar' similar '#"o_b#"%' escape '#')
  text: NULL
substring('abcdefg' similar 'a#"%#"g' escape '#')
  text: "bcdef"
substring('abcdefg' similar 'a#"%#"x|g' escape '#')
  text: "bcdef"
substring('abcdefg' similar '#"%#"' escape '#')
  text: "abcdefg"
substring('abcdefg' similar 'a*#"%#"g*' escape '#')
  text: "abcdefg"
substring('foobar' from 'o.b')
  text: "oob"
substring('foobar' from 'o(.)b')
  text: "o"
substring('Thomas' from '...$')
  text: "mas"
substring('Thomas' from '%#"o_a#"_' for '#')
  text: "oma"
'ÀÉ' ~* 'àé'
  boolean: "t"
'straße' ~* 'STRASSE'
  boolean: "f"
'日本語' ~ '^...$'
  boolean: "t"
regexp_match('日本語', '本')
  text[]: "{本}"
regexp_instr('日本語', '語')
  integer: "3"
'ǅ' ~* 'ǆ'
  boolean: "f"
'a' ~ 'a{0}'
  boolean: "t"
regexp_match('xay', 'xa{0}')
  text[]: "{x}"
regexp_match('aXbX', '.*?X')
  text[]: "{aX}"
regexp_match('aXbX', '.*X')
  text[]: "{aXbX}"
regexp_match('aXbX', '(.*?)X')
  text[]: "{a}"
regexp_match('aXbXc', 'a.*?X.*')
  text[]: "{aX}"
regexp_match('aXbXc', 'a.*X.*?')
  text[]: "{aXbXc}"
regexp_match('abbbc', 'ab+?c?')
  text[]: "{ab}"
regexp_match('abbbc', '(ab+?)(b*)')
  text[]: "{ab,\"\"}"
regexp_match('xxabcabcyy', '(?:abc)+?')
  text[]: "{abc}"
regexp_match('xxabcabcyy', '(?:abc)+')
  text[]: "{abcabc}"
regexp_match('abc', '(?#comment)b')
  text[]: "{b}"
regexp_match('abab', '(ab)*')
  text[]: "{ab}"
regexp_match('ababab', '(ab){2}')
  text[]: "{ab}"
regexp_match('aab', '(a|aa)b?')
  text[]: "{aa}"
regexp_match('aaab', '(a|aa)+')
  text[]: "{a}"
regexp_match('1.5e10', '^[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?$')
  text[]: "{e10}"
regexp_match('user@example.com', '^[^@\s]+@([^@\s]+)$')
  text[]: "{example.com}"
regexp_replace('  trim  ', '^\s+|\s+$', '', 'g')
  text: "trim"
regexp_replace('CamelCaseString', '([A-Z])', '_\1', 'g')
  text: "_Camel_Case_String"
regexp_replace('abc', '(b)?(x)?', '[\1\2]', 'g')
  text: "[]a[b][]c[]"
