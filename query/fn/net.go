package fn

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

type inet = sqltype.InetValue

func sameFamily(a, b inet) bool { return a.Addr.Is4() == b.Addr.Is4() }

// subnet reports whether a lies within b, or is it where orEqual.
func subnet(a, b string, orEqual bool) bool {
	x, y := sqltype.InetOf(a), sqltype.InetOf(b)
	if !sameFamily(x, y) || x.Bits < y.Bits || x.Bits == y.Bits && !orEqual {
		return false
	}
	x.Bits = y.Bits
	return x.Network() == y.Network()
}

func netsOverlap(a, b string) bool {
	x, y := sqltype.InetOf(a), sqltype.InetOf(b)
	if !sameFamily(x, y) {
		return false
	}
	x.Bits = min(x.Bits, y.Bits)
	y.Bits = x.Bits
	return x.Network() == y.Network()
}

// mapInet makes a function of parts of addresses.
func mapInet(f func(v inet) inet) func(string) string {
	return func(s string) string { return sqltype.NewInet(f(sqltype.InetOf(s))) }
}

// hostBits changes each bit after the mask.
func withHostBits(v inet, ones bool) netip.Addr {
	b := v.Addr.AsSlice()
	for i := v.Bits; i < v.Max(); i++ {
		if b[i/8] |= 0x80 >> (i % 8); !ones {
			b[i/8] &^= 0x80 >> (i % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func maskOf(v inet, host bool) inet {
	b := make([]byte, v.Max()/8)
	for i := range v.Max() {
		if (i < v.Bits) != host {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return inet{Addr: a, Bits: v.Max()}
}

func setMask(s string, bits int64, cidr bool) (string, error) {
	v := sqltype.InetOf(s)
	if bits == -1 {
		bits = int64(v.Max())
	}
	if bits < 0 || bits > int64(v.Max()) {
		return "", errParam("invalid mask length: %d", bits)
	}
	v.Bits = int(bits)
	if cidr {
		v.Addr = v.Network()
	}
	return sqltype.NewInet(v), nil
}

func bitwiseInet(op string, f func(a, b byte) byte) func(a, b string) (string, error) {
	return func(a, b string) (string, error) {
		x, y := sqltype.InetOf(a), sqltype.InetOf(b)
		if !sameFamily(x, y) {
			return "", errParam("cannot %s inet values of different sizes", op)
		}
		p, q := x.Addr.AsSlice(), y.Addr.AsSlice()
		for i := range p {
			p[i] = f(p[i], q[i])
		}
		addr, _ := netip.AddrFromSlice(p)
		return sqltype.NewInet(inet{Addr: addr, Bits: max(x.Bits, y.Bits)}), nil
	}
}

func addInet(s string, n int64) (string, error) {
	v := sqltype.InetOf(s)
	sum := new(big.Int).SetBytes(v.Addr.AsSlice())
	sum.Add(sum, big.NewInt(n))
	b := make([]byte, v.Max()/8)
	if sum.Sign() < 0 || sum.BitLen() > v.Max() {
		return "", errNumRange("result is out of range")
	}
	v.Addr, _ = netip.AddrFromSlice(sum.FillBytes(b))
	return sqltype.NewInet(v), nil
}

func subInet(a, b string) (int64, error) {
	x, y := sqltype.InetOf(a), sqltype.InetOf(b)
	if !sameFamily(x, y) {
		return 0, errParam("cannot subtract inet values of different sizes")
	}
	d := new(big.Int).SetBytes(x.Addr.AsSlice())
	d.Sub(d, new(big.Int).SetBytes(y.Addr.AsSlice()))
	if !d.IsInt64() {
		return 0, errNumRange("result is out of range")
	}
	return d.Int64(), nil
}

// merge is the smallest network that holds both.
func merge(a, b string) (string, error) {
	x, y := sqltype.InetOf(a), sqltype.InetOf(b)
	if !sameFamily(x, y) {
		return "", errParam("cannot merge addresses from different families")
	}
	x.Bits = min(x.Bits, y.Bits)
	for y.Bits = x.Bits; x.Network() != y.Network(); y.Bits = x.Bits {
		x.Bits--
	}
	x.Addr = x.Network()
	return sqltype.NewInet(x), nil
}

// abbrev leaves out octets of zeros after the mask of a cidr.
func abbrevCidr(s string) string {
	v := sqltype.InetOf(s)
	if !v.Addr.Is4() {
		return strings.TrimSuffix(v.Host(), "/") + "/" + strconv.Itoa(v.Bits)
	}
	octets := strings.Split(v.Host(), ".")[:max((v.Bits+7)/8, 1)]
	return strings.Join(octets, ".") + "/" + strconv.Itoa(v.Bits)
}

func registerNet(t *tables) {
	yes := func(f func(a, b string) bool) Eval {
		return p2(func(a, b string) int64 { return b2i(f(a, b)) })
	}
	t.op("<<(inet,inet) bool", yes(func(a, b string) bool { return subnet(a, b, false) }))
	t.op("<<=(inet,inet) bool", yes(func(a, b string) bool { return subnet(a, b, true) }))
	t.op(">>(inet,inet) bool", yes(func(a, b string) bool { return subnet(b, a, false) }))
	t.op(">>=(inet,inet) bool", yes(func(a, b string) bool { return subnet(b, a, true) }))
	t.op("&&(inet,inet) bool", yes(netsOverlap))
	t.op("&(inet,inet) inet", e2(bitwiseInet("AND", func(a, b byte) byte { return a & b })))
	t.op("|(inet,inet) inet", e2(bitwiseInet("OR", func(a, b byte) byte { return a | b })))
	t.op("~(inet) inet", p1(mapInet(func(v inet) inet {
		b := v.Addr.AsSlice()
		for i := range b {
			b[i] = ^b[i]
		}
		v.Addr, _ = netip.AddrFromSlice(b)
		return v
	})))
	t.op("+(inet,int8) inet", e2(addInet))
	t.op("+(int8,inet) inet", flip(e2(addInet)))
	t.op("-(inet,int8) inet", e2(func(s string, n int64) (string, error) {
		if n == -n && n != 0 {
			return "", errNumRange("result is out of range")
		}
		return addInet(s, -n)
	}))
	t.op("-(inet,inet) int8", e2(subInet))
	t.def("abbrev(inet) text", p1(func(s string) string { return sqltype.InetOf(s).String() }))
	t.def("abbrev(cidr) text", p1(abbrevCidr))
	t.def("host(inet) text", p1(func(s string) string { return sqltype.InetOf(s).Host() }))
	t.def("text(inet) text", p1(func(s string) string {
		v := sqltype.InetOf(s)
		return v.Host() + "/" + strconv.Itoa(v.Bits)
	}))
	t.def("family(inet) int4", p1(func(s string) int64 { return int64(s[0]) }))
	t.def("masklen(inet) int4", p1(func(s string) int64 { return int64(sqltype.InetOf(s).Bits) }))
	t.def("broadcast(inet) inet", p1(mapInet(func(v inet) inet { v.Addr = withHostBits(v, true); return v })))
	t.def("network(inet) cidr", p1(mapInet(func(v inet) inet { v.Addr = v.Network(); return v })))
	t.def("netmask(inet) inet", p1(mapInet(func(v inet) inet { return maskOf(v, false) })))
	t.def("hostmask(inet) inet", p1(mapInet(func(v inet) inet { return maskOf(v, true) })))
	t.def("set_masklen(inet,int4) inet", e2(func(s string, n int64) (string, error) { return setMask(s, n, false) }))
	t.def("set_masklen(cidr,int4) cidr", e2(func(s string, n int64) (string, error) { return setMask(s, n, true) }))
	t.def("inet_same_family(inet,inet) bool", yes(func(a, b string) bool { return sameFamily(sqltype.InetOf(a), sqltype.InetOf(b)) }))
	t.def("inet_merge(inet,inet) cidr", e2(merge))
	for name, sign := range map[string]int{"min": -1, "max": 1} {
		t.agg(name+"(inet) inet", func(*Env) Aggregator {
			return &foldedText{f: func(a, b string) (string, error) {
				if strings.Compare(b, a)*sign > 0 {
					return b, nil
				}
				return a, nil
			}}
		})
	}
	registerMAC(t)
}

func registerMAC(t *tables) {
	each := func(f func(a, b byte) byte) Eval {
		return e2(func(a, b string) (string, error) {
			if len(a) != len(b) {
				return "", dberr.SQL(dberr.StateInvalidParameterValue, "MAC addresses of different sizes")
			}
			out := []byte(a)
			for i := range out {
				out[i] = f(a[i], b[i])
			}
			return string(out), nil
		})
	}
	for _, typ := range []string{"macaddr", "macaddr8"} {
		t.op("&("+typ+","+typ+") "+typ, each(func(a, b byte) byte { return a & b }))
		t.op("|("+typ+","+typ+") "+typ, each(func(a, b byte) byte { return a | b }))
		t.op("~("+typ+") "+typ, p1(func(s string) string {
			out := []byte(s)
			for i := range out {
				out[i] = ^out[i]
			}
			return string(out)
		}))
		t.def("trunc("+typ+") "+typ, p1(func(s string) string { return s[:min(3, len(s))] + strings.Repeat("\x00", max(len(s)-3, 0)) }))
	}
	t.def("macaddr8_set7bit(macaddr8) macaddr8", p1(func(s string) string {
		if s == "" {
			return s
		}
		return string([]byte{s[0] | 2}) + s[1:]
	}))
}
