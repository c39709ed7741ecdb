package wal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// TestGolden pins the bytes of format 1. It may only gain lines.
func TestGolden(t *testing.T) {
	h := header{Version: 1, StoreID: storeID, Seq: 3, First: 0x1122334455667788, Prev: 7, Salt: 0xa1a2a3a4a5a6a7a8}
	wantHex(t, "header", h.append(nil), ""+
		"5745465457414c0a"+ // magic
		"01000000"+ // version
		"0102030405060708090a0b0c0d0e0f10"+ // store id
		"0300000000000000"+ // sequence
		"8877665544332211"+ // first timestamp
		"0700000000000000"+ // previous timestamp
		"a8a7a6a5a4a3a2a1"+ // salt
		"01e5178b") // crc32c
	lf := h.life()
	b := make([]byte, frameLen)
	lf.put(b, frame{payloadCRC: 0xdeadbeef, length: 5, synced: 4096, kind: kindRecord, typ: 9, ts: 8}, 4128)
	wantHex(t, "frame", b, ""+
		"f90d8422"+ // crc32c of store id, sequence, salt, offset and what follows
		"efbeadde"+ // crc32c of the payload
		"05000000"+ // payload length
		"00100000"+ // synced up to
		"01"+"09"+"00"+"00"+ // kind, type, stored, reserved
		"0800000000000000"+ // timestamp
		"03000000") // sequence, low half
}

func wantHex(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if g := hex.EncodeToString(got); g != want {
		t.Errorf("%s:\n got %s\nwant %s", what, g, want)
	}
}

func fixedSalt() uint64 { return 0x0102030405060708 }

// sample makes a log of two segments and returns its files and records. With
// crash it is not closed but cut off after its last sync.
func sample(t testing.TB, crash bool) (map[string][]byte, []entry) {
	t.Helper()
	disk := vfs.NewCrashableMem()
	opts := small
	opts.SegmentBytes = 8 << 10
	l, _, err := open(disk, "log", storeID, opts, 0, nil, fixedSalt)
	if err != nil {
		t.Fatal(err)
	}
	var es []entry
	for i, size := range []int{10, 0, 2000, 300, 1500, 700, 20, 30, 40} {
		e := entry{uint64(i + 1), byte(i), string(bytes.Repeat([]byte{byte(i), 0, 1, 0, 0, 0}, size)[:size])}
		put(t, l, e)
		es = append(es, e)
	}
	if n := len(l.Segments()); n != 2 {
		t.Fatalf("the sample has %d segments, should have 2", n)
	}
	if !crash {
		closed(t, l)
		return contents(t, disk), es
	}
	defer l.Close()
	return contents(t, disk.CrashClone(vfs.CrashConfig{})), es
}

func contents(t testing.TB, fs vfs.FS) map[string][]byte {
	t.Helper()
	names, err := fs.List("log")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		f, err := fs.Open("log/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if files[name], err = io.ReadAll(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return files
}

func diskOf(t testing.TB, files map[string][]byte) *vfs.Mem {
	t.Helper()
	fs := vfs.NewMem()
	if err := fs.MkdirAll("log", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		f, err := fs.Create("log/"+name, vfs.CategoryLog)
		if err == nil {
			_, err = f.Write(slices.Clone(data))
		}
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return fs
}

// reopen reads a log from files and closes it.
func reopen(t testing.TB, files map[string][]byte) ([]entry, Recovered, error) {
	t.Helper()
	opts := small
	opts.SegmentBytes = 8 << 10
	l, got, rec, err := tryOpen(diskOf(t, files), "log", opts, 0)
	if err == nil {
		closed(t, l)
	}
	return got, rec, err
}

func TestGoldenSegment(t *testing.T) {
	files, _ := sample(t, false)
	got := files["wal-0000000000000002.log"][:firstFrame+3*frameLen+50]
	path := "testdata/segment-v1.hex"
	if os.Getenv("WEFT_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(hex.Dump(got)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if hex.Dump(got) != string(want) {
		t.Fatalf("segment bytes changed; got\n%s", hex.Dump(got))
	}
}

// TestFlipEveryBit flips each bit of a log. It is reported with file and offset,
// or it hit bytes that mean nothing, or, where the log was not closed, it hit
// what no later frame proves to have been synced, and the log ends before it.
func TestFlipEveryBit(t *testing.T) {
	for _, crash := range []bool{false, true} {
		files, want := sample(t, crash)
		unproven := lastSynced(t, files["wal-0000000000000002.log"])
		for name, data := range files {
			for i := range data {
				for bit := range 8 {
					if os.Getenv("WEFT_LONG") == "" && bit != i%8 && i > headerLen && i < firstFrame {
						continue
					}
					data[i] ^= 1 << bit
					got, _, err := reopen(t, files)
					data[i] ^= 1 << bit
					at := fmt.Sprintf("closed=%t %s byte %d bit %d", !crash, name, i, bit)
					var c *dberr.CorruptError
					switch {
					case errors.As(err, &c):
						if c.Offset > int64(i) || (c.Offset < int64(i)-4096 && c.Offset != 0) {
							t.Fatalf("%s: reported as %v", at, err)
						}
					case err != nil:
						t.Fatalf("%s: %v", at, err)
					case len(got) < len(want):
						if !crash || name != "wal-0000000000000002.log" || int64(i) < unproven {
							t.Fatalf("%s: %d of %d records read back without a word", at, len(got), len(want))
						}
						same(t, got, want[:len(got)])
					default:
						same(t, got, want)
					}
				}
			}
		}
	}
}

// lastSynced is up to where the frames of a segment prove it to have been synced.
func lastSynced(t *testing.T, data []byte) (synced int64) {
	t.Helper()
	h, reason := parseHeader(data)
	if reason != "" {
		t.Fatal(reason)
	}
	for off := int64(firstFrame); ; {
		f, reason := h.life().parse(data[off:], off)
		if reason != "" {
			if synced == 0 {
				t.Fatal("no frame says what was synced")
			}
			return synced
		}
		synced = int64(f.synced)
		off += f.size()
	}
}

// TestCutAtEveryByte shortens each file to every length. The records read back
// are the first ones, and a file that another follows is not missed.
func TestCutAtEveryByte(t *testing.T) {
	files, want := sample(t, false)
	for name, data := range files {
		for n := range data {
			files[name] = data[:n]
			got, _, err := reopen(t, files)
			if name == "wal-0000000000000001.log" && !errors.Is(err, dberr.ErrCorrupt) {
				t.Fatalf("%s cut to %d bytes: got %v, want damage", name, n, err)
			}
			if err == nil {
				same(t, got, want[:len(got)])
			}
		}
		files[name] = data
	}
}

// TestMissingSegment takes away each file in turn.
func TestMissingSegment(t *testing.T) {
	files, want := sample(t, false)
	for name, data := range files {
		if name == lockName {
			continue
		}
		delete(files, name)
		got, _, err := reopen(t, files)
		if name == "wal-0000000000000003.log" { // made ready, never begun: no loss
			if err != nil {
				t.Errorf("without %s: %v", name, err)
			}
			same(t, got, want)
			continue
		}
		var c *dberr.CorruptError
		if !errors.As(err, &c) || c.File != "log/"+name {
			t.Errorf("without %s: got %v, want it to be named", name, err)
		}
		files[name] = data
	}
}

func TestOtherStoreAndVersion(t *testing.T) {
	files, _ := sample(t, false)
	if _, _, err := Open(diskOf(t, files), "log", [16]byte{9}, small, 0, nil); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("another store's log: got %v, want class invalid", err)
	}
	data := files["wal-0000000000000001.log"]
	h, _ := parseHeader(data)
	h.Version = 2
	copy(data, h.append(nil))
	if _, _, err := reopen(t, files); !errors.Is(err, dberr.ErrUnsupported) {
		t.Errorf("a log of format 2: got %v, want class unsupported", err)
	}
}

func FuzzParseFrame(f *testing.F) {
	lf := header{StoreID: storeID, Seq: 3, Salt: 9}.life()
	for _, fr := range []frame{{kind: kindRecord, length: 5, ts: 8}, {kind: kindMark, synced: 50}, {kind: kindSeal, ts: 1 << 63}} {
		b := make([]byte, frameLen)
		lf.put(b, fr, 4096)
		f.Add(b, int64(4096), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, off int64, repair bool) {
		if repair && len(b) >= frameLen { // past the checksum, or fuzzing never gets there
			copy(b[28:], []byte{3, 0, 0, 0})
			c := lf.checksum(off, b)
			b[0], b[1], b[2], b[3] = byte(c), byte(c>>8), byte(c>>16), byte(c>>24)
		}
		fr, reason := lf.parse(b, off)
		if reason != "" {
			return
		}
		again := make([]byte, frameLen)
		lf.put(again, fr, off)
		if !bytes.Equal(again, b[:frameLen]) {
			t.Fatalf("accepted frame %x encodes back to %x", b[:frameLen], again)
		}
	})
}

// FuzzOpen puts bytes into a log at an offset: whatever they are, Open neither
// panics nor returns a record that was not written.
func FuzzOpen(f *testing.F) {
	files, want := sample(f, true)
	h, _ := parseHeader(files["wal-0000000000000002.log"])
	inFirst := int(h.Prev) // timestamps count the records
	f.Add(uint16(firstFrame), []byte{1, 2, 3}, true)
	f.Add(uint16(0), []byte(magic), false)
	f.Fuzz(func(t *testing.T, off uint16, b []byte, second bool) {
		damaged := map[string][]byte{}
		for name, data := range files {
			damaged[name] = slices.Clone(data)
		}
		name := "wal-0000000000000001.log"
		if second {
			name = "wal-0000000000000002.log"
		}
		data := damaged[name]
		if grow := int(off) + len(b) - len(data); grow > 0 {
			data = append(data, make([]byte, grow)...)
		}
		copy(data[off:], b)
		damaged[name] = data
		got, _, err := reopen(t, damaged)
		if len(got) > len(want) || (err == nil && len(got) < inFirst) || (err == nil && !second && len(got) < len(want)) {
			t.Fatalf("read back %d of %d records: %v", len(got), len(want), err)
		}
		same(t, got, want[:len(got)])
	})
}
