package sqltype

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// An address of type inet or cidr is held as bytes whose order is PostgreSQL's: the
// family (4 or 6), the address with the bits of the host cleared, the length of the
// mask, the address.

// InetValue is an address with a mask, taken apart.
type InetValue struct {
	Addr netip.Addr
	Bits int
}

// NewInet puts an address together.
func NewInet(v InetValue) string {
	a := v.Addr.AsSlice()
	b := make([]byte, 0, 2+2*len(a))
	family := byte(4)
	if v.Addr.Is6() {
		family = 6
	}
	b = append(b, family)
	b = append(b, v.Network().AsSlice()...)
	b = append(b, byte(v.Bits))
	return string(append(b, a...))
}

// InetOf takes an address apart.
func InetOf(s string) InetValue {
	if len(s) < 10 {
		return InetValue{Addr: netip.IPv4Unspecified()}
	}
	n := 4
	if s[0] == 6 {
		n = 16
	}
	if len(s) != 2+2*n {
		return InetValue{Addr: netip.IPv4Unspecified()}
	}
	a, _ := netip.AddrFromSlice([]byte(s[2+n:]))
	return InetValue{Addr: a, Bits: int(s[1+n])}
}

// Network is the address with the bits of the host cleared.
func (v InetValue) Network() netip.Addr {
	p, err := v.Addr.Prefix(v.Bits)
	if err != nil {
		return v.Addr
	}
	return p.Addr()
}

// Max is the length of the longest mask.
func (v InetValue) Max() int { return v.Addr.BitLen() }

// String is the address, with its mask where that is not the longest.
func (v InetValue) String() string {
	if v.Bits == v.Max() {
		return v.Host()
	}
	return v.Host() + "/" + strconv.Itoa(v.Bits)
}

// Host is the address without its mask.
func (v InetValue) Host() string {
	a := v.Addr
	if a.Is6() {
		b := a.As16()
		if bytes.Equal(b[:12], make([]byte, 12)) && (b[12] != 0 || b[13] != 0) { // as the C library shows addresses of IPv4
			return "::" + netip.AddrFrom4([4]byte(b[12:])).String()
		}
	}
	return a.String()
}

// ParseInet reads an inet, or a cidr, in which no bit of the host may be set.
func ParseInet(s string, cidr bool) (string, error) {
	name := "inet"
	if cidr {
		name = "cidr"
	}
	invalid := func() (string, error) {
		return "", dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type %s: \"%s\"", name, s)
	}
	text, mask, masked := strings.Cut(s, "/")
	var v InetValue
	if strings.Contains(text, ":") {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return invalid()
		}
		v.Addr, v.Bits = netip.AddrFrom16(a.As16()), 128
	} else {
		octets := strings.Split(text, ".")
		if len(octets) > 4 || len(octets) < 4 && !cidr && !masked {
			return invalid()
		}
		var b [4]byte
		for i, o := range octets {
			n, err := strconv.ParseUint(o, 10, 8)
			if err != nil {
				return invalid()
			}
			b[i] = byte(n)
		}
		v.Addr, v.Bits = netip.AddrFrom4(b), 32
		if len(octets) < 4 || cidr && !masked {
			v.Bits = classfulBits(b, len(octets))
		}
	}
	if masked {
		n, err := strconv.ParseUint(mask, 10, 8)
		if err != nil || int(n) > v.Max() || len(mask) > 1 && mask[0] == '0' {
			return invalid()
		}
		v.Bits = int(n)
	}
	if cidr && v.Network() != v.Addr {
		return "", dberr.SQL(dberr.StateInvalidTextRepr, "invalid cidr value: \"%s\"", s).WithDetail("Value has bits set to right of mask.")
	}
	return NewInet(v), nil
}

// classfulBits is the mask of an address of which only n octets, or all, were given.
func classfulBits(b [4]byte, n int) int {
	bits := 8
	switch {
	case b[0] >= 240:
		bits = 32
	case b[0] >= 224:
		bits = 8
	case b[0] >= 192:
		bits = 24
	case b[0] >= 128:
		bits = 16
	}
	return min(max(bits, 8*n), 32)
}

func appendInet(dst []byte, s string, cidr bool) []byte {
	v := InetOf(s)
	if cidr && v.Bits == v.Max() {
		return append(append(append(dst, v.Host()...), '/'), strconv.Itoa(v.Bits)...)
	}
	return append(dst, v.String()...)
}

// ParseMAC reads a MAC address of 6 bytes, or of 8, to which those of 6 are made.
func ParseMAC(s string, size int) (string, error) {
	name := "macaddr"
	if size == 8 {
		name = "macaddr8"
	}
	t := strings.Trim(s, " \t\n\r\v\f")
	if size == 6 {
		return parseMAC6(s, t)
	}
	var digits []byte
	group := 0
	sep := byte(0)
	for i := 0; i < len(t); i++ {
		c := t[i]
		if c == ':' || c == '-' || c == '.' {
			if sep != 0 && c != sep || group == 0 {
				return "", errSyntax(name, s)
			}
			sep, group = c, 0
			continue
		}
		digits = append(digits, c)
		group++
	}
	b, err := hex.DecodeString(string(digits))
	if err != nil || group == 0 || len(b) != 6 && (size == 6 || len(b) != 8) {
		return "", errSyntax(name, s)
	}
	if size == 8 && len(b) == 6 {
		b = []byte{b[0], b[1], b[2], 0xff, 0xfe, b[3], b[4], b[5]}
	}
	return string(b), nil
}

// parseMAC6 reads six bytes with colons or hyphens between them, or all digits in two groups, in three
// (with hyphens or points) or in one.
func parseMAC6(s, t string) (string, error) {
	sep := ""
	if i := strings.IndexAny(t, ":-."); i >= 0 {
		sep = t[i : i+1]
	}
	groups := []string{t}
	if sep != "" {
		groups = strings.Split(t, sep)
	}
	width := map[int]int{1: 12, 2: 6, 3: 4}[len(groups)]
	switch {
	case sep == "." && len(groups) != 3, sep == ":" && len(groups) == 3, width == 0 && len(groups) != 6:
		return "", errSyntax("macaddr", s)
	}
	out := make([]byte, 0, 6)
	for _, g := range groups {
		if width == 0 {
			v, err := strconv.ParseUint(g, 16, 32)
			if err != nil {
				return "", errSyntax("macaddr", s)
			}
			if v > 255 {
				return "", dberr.SQL(dberr.StateNumericOutOfRange, "invalid octet value in \"macaddr\" value: \"%s\"", s)
			}
			out = append(out, byte(v))
			continue
		}
		b, err := hex.DecodeString(g)
		if err != nil || len(g) != width {
			return "", errSyntax("macaddr", s)
		}
		out = append(out, b...)
	}
	return string(out), nil
}

func appendMAC(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = hex.AppendEncode(dst, []byte{s[i]})
	}
	return dst
}

// castAddress converts between types of addresses.
func castAddress(d Datum, from, to Type) (Datum, error) {
	switch (castPair{from.ID, to.ID}) {
	case castPair{Cidr, Inet}:
		return d, nil
	case castPair{Inet, Cidr}:
		v := InetOf(d.Str)
		v.Addr = v.Network()
		return Datum{Str: NewInet(v)}, nil
	case castPair{Macaddr, Macaddr8}:
		if s := d.Str; len(s) == 6 {
			return Datum{Str: s[:3] + "\xff\xfe" + s[3:]}, nil
		}
	case castPair{Macaddr8, Macaddr}:
		s := d.Str
		if len(s) != 8 || s[3:5] != "\xff\xfe" {
			return d, dberr.SQL(dberr.StateNumericOutOfRange, "macaddr8 data out of range to convert to macaddr").
				WithHint("Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.")
		}
		return Datum{Str: s[:3] + s[5:]}, nil
	}
	return d, errCannotCast(from, to)
}
