package webhooks

import (
	"fmt"
	"net/netip"
	"syscall"
)

// special are networks that are not of the public internet, beyond those that netip
// tells: RFC 6890 and what leads into IPv4 from IPv6.
var special = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// Public says whether an address is one of the public internet.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Zone() != "" {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Allowed says whether an address may be sent to.
func Allowed(a netip.Addr, allow []netip.Prefix) bool {
	if Public(a) {
		return true
	}
	for _, p := range allow {
		if p.Contains(a.Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

// guard refuses addresses that may not be sent to. It is asked for each address that is
// dialed, once names are resolved.
func guard(allow []netip.Prefix) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dial %s: %w", address, err)
		}
		if !Allowed(ap.Addr(), allow) {
			return fmt.Errorf("the address %s is not public, and server.webhook_networks does not allow it", ap.Addr())
		}
		return nil
	}
}
