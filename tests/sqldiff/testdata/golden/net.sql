'192.168.100.128/25'::cidr, '192.168/24'::cidr, '192.168/25'::cidr, '192.168.1'::cidr, '192.168'::cidr, '128.1'::cidr, '128'::cidr, '128.1.2'::cidr, '10.1.2'::cidr, '10.1'::cidr, '10'::cidr, '10.1.2.3/32'::cidr, '2001:4f8:3:ba::/64'::cidr, '2001:4f8:3:ba:2e0:81ff:fe22:d1f1/128'::cidr, '::ffff:1.2.3.0/120'::cidr
  cidr, cidr, cidr, cidr, cidr, cidr, cidr, cidr, cidr, cidr, cidr, cidr, cidr, cidr, cidr: "192.168.100.128/25", "192.168.0.0/24", "192.168.0.0/25", "192.168.1.0/24", "192.168.0.0/24", "128.1.0.0/16", "128.0.0.0/16", "128.1.2.0/24", "10.1.2.0/24", "10.1.0.0/16", "10.0.0.0/8", "10.1.2.3/32", "2001:4f8:3:ba::/64", "2001:4f8:3:ba:2e0:81ff:fe22:d1f1/128", "::ffff:1.2.3.0/120"
'192.168.1.5'::inet, '192.168.1.5/24'::inet, '10.0.0.1/8'::inet, '::1'::inet, '2001:db8::1/64'::inet, '::ffff:1.2.3.4'::inet, '::1.2.3.4'::inet, '0.0.0.0/0'::inet, '::/0'::inet
  inet, inet, inet, inet, inet, inet, inet, inet, inet: "192.168.1.5", "192.168.1.5/24", "10.0.0.1/8", "::1", "2001:db8::1/64", "::ffff:1.2.3.4", "::1.2.3.4", "0.0.0.0/0", "::/0"
'192.168.1'::inet
  !22P02
'192.168.1.256'::inet
  !22P02
'192.168.1.1/33'::inet
  !22P02
'192.168.1.5/24'::cidr
  !22P02
''::inet
  !22P02
'foo'::inet
  !22P02
'fe80::1%eth0'::inet
  !22P02
abbrev(inet '10.1.0.0/32'), abbrev(cidr '10.1.0.0/16'), abbrev(cidr '10/8'), broadcast(inet '192.168.1.5/24'), family(inet '::1'), host(inet '192.168.1.0/24'), hostmask(inet '192.168.23.20/30'), inet_merge(inet '192.168.1.5/24', inet '192.168.2.5/24'), inet_same_family(inet '192.168.1.5/24', inet '::1'), masklen(inet '192.168.1.5/24'), netmask(inet '192.168.1.5/24'), network(inet '192.168.1.5/24'), set_masklen(inet '192.168.1.5/24', 16), set_masklen(cidr '192.168.1.0/24', 16), text(inet '192.168.1.5')
  text, text, text, inet, integer, text, inet, cidr, boolean, integer, inet, cidr, inet, cidr, text: "10.1.0.0", "10.1/16", "10/8", "192.168.1.255/24", "6", "192.168.1.0", "0.0.0.3", "192.168.0.0/22", "f", "24", "255.255.255.0", "192.168.1.0/24", "192.168.1.5/16", "192.168.0.0/16", "192.168.1.5/32"
set_masklen(inet '192.168.1.5/24', 33)
  !22023
inet '192.168.1.5' << inet '192.168.1/24', inet '192.168.0.5' << inet '192.168.1/24', inet '192.168.1/24' << inet '192.168.1/24', inet '192.168.1/24' <<= inet '192.168.1/24', inet '192.168.1/24' >> inet '192.168.1.5', inet '192.168.1/24' >>= inet '192.168.1/24', inet '192.168.1/24' && inet '192.168.1.80/28', inet '192.168.1/24' && inet '192.168.2.0/28', ~ inet '192.168.1.6', inet '192.168.1.6' & inet '0.0.0.255', inet '192.168.1.6' | inet '0.0.0.255', inet '192.168.1.6' + 25, 200 + inet '::ffff:fff0:1', inet '192.168.1.43' - 36, inet '192.168.1.43' - inet '192.168.1.19', inet '::1' - inet '::ffff:1'
  boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean, inet, inet, inet, inet, inet, inet, bigint, bigint: "t", "f", "f", "t", "t", "t", "t", "f", "63.87.254.249", "0.0.0.6", "192.168.1.255", "192.168.1.31", "::ffff:255.240.0.201", "192.168.1.7", "24", "-4294901760"
inet '192.168.1.6' & inet '::1'
  !22023
inet '255.255.255.255' + 1
  !22003
inet '192.168.1.5' < inet '192.168.1.6', inet '192.168.1.5' = inet '192.168.1.5', cidr '10.0.0.0/8' < cidr '10.0.0.0/16', inet '10.0.0.1/8' > inet '10.0.0.0/16', inet '::1' > inet '255.255.255.255', inet '10.0.0.0/8' <> cidr '10.0.0.0/8', cidr '10/8' = '10.0.0.0/8'
  boolean, boolean, boolean, boolean, boolean, boolean, boolean: "t", "t", "t", "f", "t", "f", "t"
SELECT x FROM (VALUES (inet '10.0.0.1/8'), ('10.0.0.0/16'), ('10.1.0.0/8'), ('9.255.0.0/24'), ('::1'), ('10.0.0.0/8'), ('10.0.0.1')) v(x) ORDER BY x
  inet: "9.255.0.0/24" | "10.0.0.0/8" | "10.0.0.1/8" | "10.1.0.0/8" | "10.0.0.0/16" | "10.0.0.1" | "::1"
SELECT x, count(*) FROM (VALUES (inet '10.0.0.1/8'), ('10.0.0.1/8'), ('10.0.0.1')) v(x) GROUP BY x ORDER BY x DESC
  inet, bigint: "10.0.0.1", "1" | "10.0.0.1/8", "2"
max(x), min(x), count(DISTINCT x) FROM (VALUES (inet '10.0.0.1'), ('10.0.0.2'), (NULL)) v(x)
  inet, inet, bigint: "10.0.0.2", "10.0.0.1", "2"
'10.0.0.5/8'::inet::cidr, '10/8'::cidr::inet, '10.0.0.1'::inet::text, '10.0.0.1/24'::inet::text, '10/8'::cidr::text, '10.0.0.1'::text::inet, '10.0.0.1'::cidr
  cidr, inet, text, text, text, inet, cidr: "10.0.0.0/8", "10.0.0.0/8", "10.0.0.1/32", "10.0.0.1/24", "10.0.0.0/8", "10.0.0.1", "10.0.0.1/32"
pg_typeof('10.0.0.1'::inet)::text, pg_typeof(network('10.0.0.1'))::text, pg_typeof(ARRAY['10.0.0.1'::inet])::text, ARRAY['10.0.0.1'::inet, '::1'], '{10.0.0.1,::1}'::inet[]
  text, text, text, inet[], inet[]: "inet", "cidr", "inet[]", "{10.0.0.1,::1}", "{10.0.0.1,::1}"
'08:00:2b:01:02:03'::macaddr, '08-00-2b-01-02-03'::macaddr, '08002b:010203'::macaddr, '08002b-010203'::macaddr, '0800.2b01.0203'::macaddr, '0800-2b01-0203'::macaddr, '08002b010203'::macaddr, '08:00:2b:01:02:03:04:05'::macaddr8, '08002b0102030405'::macaddr8, '08:00:2b:01:02:03'::macaddr8, '0800.2b01.0203.0405'::macaddr8
  macaddr, macaddr, macaddr, macaddr, macaddr, macaddr, macaddr, macaddr8, macaddr8, macaddr8, macaddr8: "08:00:2b:01:02:03", "08:00:2b:01:02:03", "08:00:2b:01:02:03", "08:00:2b:01:02:03", "08:00:2b:01:02:03", "08:00:2b:01:02:03", "08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05", "08:00:2b:01:02:03:04:05", "08:00:2b:ff:fe:01:02:03", "08:00:2b:01:02:03:04:05"
'08:00:2b:01:02'::macaddr
  !22P02
'08:00:2b:01:02:zz'::macaddr
  !22P02
trunc(macaddr '12:34:56:78:90:ab'), trunc(macaddr8 '12:34:56:78:90:ab:cd:ef'), macaddr8_set7bit(macaddr8 '00:34:56:ab:cd:ef'), ~ macaddr '08:00:2b:01:02:03', macaddr '08:00:2b:01:02:03' & macaddr 'ff:ff:ff:00:00:00', macaddr '08:00:2b:01:02:03' | macaddr '00:00:00:ff:ff:ff', macaddr '08:00:2b:01:02:03' < macaddr '08:00:2b:01:02:04', '08:00:2b:01:02:03'::macaddr::macaddr8, '08:00:2b:ff:fe:01:02:03'::macaddr8::macaddr
  macaddr, macaddr8, macaddr8, macaddr, macaddr, macaddr, boolean, macaddr8, macaddr: "12:34:56:00:00:00", "12:34:56:00:00:00:00:00", "02:34:56:ff:fe:ab:cd:ef", "f7:ff:d4:fe:fd:fc", "08:00:2b:00:00:00", "08:00:2b:ff:ff:ff", "t", "08:00:2b:ff:fe:01:02:03", "08:00:2b:01:02:03"
'08:00:2b:01:02:03:04:05'::macaddr8::macaddr
  !22003
to_json('10.0.0.1/24'::inet), to_jsonb('08:00:2b:01:02:03'::macaddr), to_jsonb(B'101'), row_to_json(ROW('10.0.0.1'::inet))
  json, jsonb, jsonb, json: "\"10.0.0.1/24\"", "\"08:00:2b:01:02:03\"", "\"101\"", "{\"f1\":\"10.0.0.1\"}"
=CREATE TABLE hosts (addr inet PRIMARY KEY, net cidr, mac macaddr, m8 macaddr8, b bit(4), vb varbit)
INSERT INTO hosts VALUES ('10.0.0.2', '10.0.0.0/24', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', B'1010', B'1'), ('10.0.0.1', '10.0.1.0/24', NULL, NULL, NULL, NULL), ('::1', NULL, NULL, NULL, NULL, B'') RETURNING addr
  inet: "10.0.0.2" | "10.0.0.1" | "::1"
INSERT INTO hosts VALUES ('10.0.0.1')
  !23505
SELECT * FROM hosts ORDER BY addr
  inet, cidr, macaddr, macaddr8, bit, bit varying: "10.0.0.1", "10.0.1.0/24", NULL, NULL, NULL, NULL | "10.0.0.2", "10.0.0.0/24", "08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05", "1010", "1" | "::1", NULL, NULL, NULL, NULL, ""
SELECT addr FROM hosts WHERE addr = '10.0.0.2'
  inet: "10.0.0.2"
SELECT addr FROM hosts WHERE addr > '10.0.0.1' ORDER BY addr DESC
  inet: "::1" | "10.0.0.2"
SELECT addr FROM hosts WHERE addr << '10.0.0.0/24' ORDER BY addr
  inet: "10.0.0.1" | "10.0.0.2"
SELECT a.addr FROM hosts a JOIN hosts b ON a.addr = b.addr AND b.mac IS NOT NULL
  inet: "10.0.0.2"
UPDATE hosts SET net = addr WHERE addr = '10.0.0.1' RETURNING net
  cidr: "10.0.0.1/32"
