package sorted

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// TestGolden holds the bytes of docs/format/sst.md. It may only gain lines.
func TestGolden(t *testing.T) {
	id := [16]byte{0xa0, 0xa1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	var buf []byte
	for what, c := range map[string]struct {
		got  []byte
		want string
	}{
		"STORE": {seal(appendHead(nil, nameMagic, id)), "" +
			"57454654535354" + "0a" + // WEFTSST\n
			"01000000" + // format version
			"a0a102030405060708090a0b0c0d0e0f" + // store id
			"f6e563ef"},
		"books": {encodeBooks(books{applied: 0x1122, horizon: 7}, id), "" +
			"57454654424b53" + "0a" + // WEFTBKS\n
			"01000000" +
			"a0a102030405060708090a0b0c0d0e0f" +
			"2211000000000000" + // applied
			"0700000000000000" + // horizon
			"1afb0de9"},
		"books with drops": {encodeBooks(books{applied: 0x1122, horizon: 7, drops: []Drop{{[]byte("a"), []byte("bc"), 5}, {[]byte{}, nil, 6}}}, id), "" +
			"57454654424b53" + "0a" +
			"02000000" + // version of books with drops
			"a0a102030405060708090a0b0c0d0e0f" +
			"2211000000000000" + // applied
			"0700000000000000" + // horizon
			"02000000" + // drops
			"0500000000000000" + "01000000" + "61" + "03000000" + "6263" + // [a, bc) at 5
			"0600000000000000" + "00000000" + "00000000" + // everything at 6
			"b4f92af4"},
		"books key":      {booksKey, "0000"},
		"version":        {appendVersion(nil, []byte("ab"), 0x0102030405060708), "6162" + "00" + "0102030405060708" + "09"},
		"prefix":         {appendPrefix(nil, []byte("ab")), "616200"},
		"value":          {storedValue(&buf, []byte("v")), "76"},
		"empty value":    {storedValue(&buf, nil), "00"},
		"value with a 0": {bytes.Clone(storedValue(&buf, []byte{0, 1})), "000001"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: got %s, want %s", what, got, c.want)
		}
	}
}

// TestRefusals opens what must not be opened, and finds it unchanged.
func TestRefusals(t *testing.T) {
	fs := vfs.NewMem()
	m := filled(t, fs, Options{})
	other := testID
	other[15] = 9
	if _, err := Open(fs, "d", other, Options{}); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("another store's id: %v", err)
	}
	name := readAll(t, fs, "d/STORE")
	newer := bytes.Clone(name[:len(name)-4])
	newer[8]++
	writeAll(t, fs, "d/STORE", seal(newer))
	if _, err := Open(fs, "d", testID, Options{}); !errors.Is(err, dberr.ErrUnsupported) {
		t.Errorf("a newer format: %v", err)
	}
	writeAll(t, fs, "d/STORE", name)
	s, err := Open(fs, "d", testID, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.check(s); err != nil {
		t.Error(err)
	}
	if _, err := Open(fs, "d", testID, Options{}); !errors.Is(err, dberr.ErrLocked) {
		t.Errorf("open already: %v", err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := Open(fs, "d", testID, Options{MaxSublevels: 1, CacheBytes: -1}); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("bad options: %v", err)
	}
}

// FuzzUnseal holds that whatever is accepted as books is what would be written.
func FuzzUnseal(f *testing.F) {
	f.Add(encodeBooks(books{applied: 5, horizon: 3}, testID))
	f.Add(encodeBooks(books{}, testID)[:30])
	f.Add(encodeBooks(books{applied: 5, drops: []Drop{{[]byte("a"), []byte("bc"), 5}, {nil, nil, 6}}}, testID))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, id, err := decodeBooks(b)
		if err == nil && !bytes.Equal(encodeBooks(got, id), b) {
			t.Fatalf("accepted books %x do not encode back", b)
		}
	})
}

// FuzzKey holds that keys and values come back, and that the order of versions is
// that of keys, then of timestamps downwards.
func FuzzKey(f *testing.F) {
	f.Add([]byte("a"), []byte("a\x00"), uint64(1), uint64(2), []byte{0})
	f.Add([]byte("a\x00\x09"), []byte("a"), uint64(9), uint64(9), []byte(nil))
	f.Fuzz(func(t *testing.T, a, b []byte, ta, tb uint64, value []byte) {
		if !validKey(a) || !validKey(b) || ta == 0 || tb == 0 {
			t.Skip()
		}
		va, vb := appendVersion(nil, a, ta), appendVersion(nil, b, tb)
		want := bytes.Compare(a, b)
		if want == 0 && ta != tb {
			want = map[bool]int{true: 1, false: -1}[ta < tb]
		}
		if got := compareStored(va, vb); got != want {
			t.Fatalf("%x@%d and %x@%d compare as %d, want %d", a, ta, b, tb, got, want)
		}
		if compareStored(appendPrefix(nil, a), va) >= 0 || compareStored(firstKey, va) > 0 || compareStored(booksKey, va) >= 0 {
			t.Fatalf("%x sorts before its prefix or the first key", a)
		}
		if k, ts, ok := cutVersion(va); !ok || !bytes.Equal(k, a) || ts != ta {
			t.Fatalf("%x comes back as %x %d %v", va, k, ts, ok)
		}
		var buf []byte
		stored := storedValue(&buf, value)
		if len(stored) == 0 || !bytes.Equal(userValue(stored), value) {
			t.Fatalf("value %x is stored as %x", value, stored)
		}
	})
}
