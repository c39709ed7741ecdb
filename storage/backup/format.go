package backup

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// The stream of a backup, which is one file, or the files of a directory one
// after the other:
//
//	+-------------+-------+-----+-------+----------------+-------------+
//	| header (96) | block | ... | block | manifest block | footer (64) |
//	+-------------+-------+-----+-------+----------------+-------------+
//
// Integers are little-endian, checksums CRC-32C. Everything here is part of the
// format (docs/format/backup.md) and never changes.
const (
	formatVersion = 1
	headerLen     = 96
	blockLen      = 16 // of a block's header
	footerLen     = 64

	headerMagic = "WEFTBAK\n"
	footerMagic = "WEFTEND\n"

	flagEncrypted = 1

	contentState = 1
	contentLog   = 2

	blockData     = 1
	blockManifest = 2

	// maxStored is the longest block that a reader takes: the longest log record, or
	// entry, with what is put around it.
	maxStored   = 1<<30 + 1<<20
	maxManifest = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header begins a stream.
type header struct {
	encrypted bool
	content   byte
	stream    [16]byte // random; ties the blocks to this stream
	store     [16]byte
	key       keyID // zero where nothing is encrypted
	from, to  uint64
}

func (h *header) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, headerMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, formatVersion)
	flags := uint32(0)
	if h.encrypted {
		flags |= flagEncrypted
	}
	dst = binary.LittleEndian.AppendUint32(dst, flags)
	dst = append(dst, h.stream[:]...)
	dst = append(dst, h.store[:]...)
	dst = append(dst, h.key[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, h.from)
	dst = binary.LittleEndian.AppendUint64(dst, h.to)
	dst = append(dst, h.content)
	dst = append(dst, make([]byte, 11)...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// parse reads a header of headerLen bytes. A newer format is told from damage by
// the checksum, which keeps its place; reason is empty where b is a header.
func (h *header) parse(b []byte) (reason string, err error) {
	if string(b[:8]) != headerMagic {
		return "this is no backup: it does not begin with WEFTBAK", nil
	}
	if crc32.Checksum(b[:headerLen-4], castagnoli) != binary.LittleEndian.Uint32(b[headerLen-4:]) {
		return "header checksum mismatch", nil
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != formatVersion {
		return "", dberr.New(dberr.ErrUnsupported, "BACKUP_VERSION", "the backup has format %d; this version of weft reads format %d", v, formatVersion).
			WithHint("use a newer version of weft")
	}
	flags := binary.LittleEndian.Uint32(b[12:])
	h.encrypted = flags&flagEncrypted != 0
	h.stream, h.store, h.key = [16]byte(b[16:]), [16]byte(b[32:]), keyID(b[48:])
	h.from, h.to = binary.LittleEndian.Uint64(b[64:]), binary.LittleEndian.Uint64(b[72:])
	h.content = b[80]
	var again [headerLen]byte
	if !bytes.Equal(h.append(again[:0]), b[:headerLen]) || h.content != contentState && h.content != contentLog {
		return "header has flags or content that this version does not know", nil
	}
	return "", nil
}

// block is the header of a block.
type block struct {
	kind   byte
	number uint32
	length int // of what is stored
}

// append appends the header for stored bytes at an offset of the stream.
func (b *block) append(dst []byte, stream *[16]byte, offset int64, stored []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(stored)))
	dst = append(dst, b.kind, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, b.number)
	binary.LittleEndian.PutUint32(dst[start:], blockChecksum(stream, offset, dst[start:], stored))
	return dst
}

// blockChecksum covers where the block is and of what stream, too, so that one
// that was moved is none.
func blockChecksum(stream *[16]byte, offset int64, head, stored []byte) uint32 {
	var at [8]byte
	binary.LittleEndian.PutUint64(at[:], uint64(offset))
	crc := crc32.Update(0, castagnoli, stream[:])
	crc = crc32.Update(crc, castagnoli, at[:])
	crc = crc32.Update(crc, castagnoli, head[4:blockLen])
	return crc32.Update(crc, castagnoli, stored)
}

func parseBlock(b []byte) (h block, reason string) {
	n := binary.LittleEndian.Uint32(b[4:])
	h = block{kind: b[8], number: binary.LittleEndian.Uint32(b[12:]), length: int(n)}
	switch {
	case n > maxStored:
		return h, fmt.Sprintf("block of %d bytes", n)
	case h.kind != blockData && h.kind != blockManifest:
		return h, fmt.Sprintf("block of unknown kind %d", h.kind)
	case b[9]|b[10]|b[11] != 0:
		return h, "block header is not zero where it must be"
	}
	return h, ""
}

// footer ends a stream.
type footer struct {
	manifest int64 // offset of the manifest's block
	sum      [32]byte
	length   int64 // of the stream, footer included
}

func (f *footer) append(dst []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(f.manifest))
	dst = append(dst, f.sum[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(f.length))
	dst = append(dst, footerMagic...)
	dst = append(dst, 0, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func (f *footer) parse(b []byte) (reason string) {
	if string(b[48:56]) != footerMagic {
		return "it does not end in a footer: it was cut short, or never finished"
	}
	if crc32.Checksum(b[:footerLen-4], castagnoli) != binary.LittleEndian.Uint32(b[footerLen-4:]) || b[56]|b[57]|b[58]|b[59] != 0 {
		return "footer checksum mismatch"
	}
	f.manifest, f.length = int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[40:]))
	f.sum = [32]byte(b[8:])
	return ""
}

// manifest is what a stream says about itself, as JSON with these fields in this
// order. Fields may be added; a reader refuses those that it does not know.
type manifest struct {
	Format      int       `json:"format"`
	ID          string    `json:"id"`
	Kind        Kind      `json:"kind"`
	Store       string    `json:"store"`
	Parent      string    `json:"parent"`
	From        uint64    `json:"from"`
	To          uint64    `json:"to"`
	Created     time.Time `json:"created"`
	Version     string    `json:"version"`
	Description string    `json:"description"`
	CreatedBy   string    `json:"created_by"`
	Compression string    `json:"compression"`
	Items       int64     `json:"items"`
	RawBytes    int64     `json:"raw_bytes"`
	Blocks      int64     `json:"blocks"`
}

const manifestFormat = 1

func encodeManifest(i *Info) []byte {
	b, err := json.Marshal(manifest{
		Format: manifestFormat, ID: i.ID, Kind: i.Kind, Store: i.StoreID(), Parent: i.Parent, From: uint64(i.From), To: uint64(i.To),
		Created: i.Created.UTC(), Version: i.Version, Description: i.Description, CreatedBy: i.CreatedBy, Compression: i.Compression,
		Items: i.Items, RawBytes: i.RawBytes, Blocks: i.Blocks,
	})
	if err != nil {
		panic(err) // texts, numbers and a time in UTC: cannot happen
	}
	return b
}

// decodeManifest reads a manifest and holds it against the header.
func decodeManifest(b []byte, h *header) (i Info, err error) {
	var m manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return i, fmt.Errorf("manifest: %w", err)
	}
	if m.Format != manifestFormat {
		return i, fmt.Errorf("manifest has format %d, want %d", m.Format, manifestFormat)
	}
	i = Info{
		ID: m.ID, Kind: m.Kind, Store: h.store, Parent: m.Parent, From: txn.Timestamp(m.From), To: txn.Timestamp(m.To), Created: m.Created,
		Version: m.Version, Description: m.Description, CreatedBy: m.CreatedBy, Compression: m.Compression,
		Items: m.Items, RawBytes: m.RawBytes, Blocks: m.Blocks, Encrypted: h.encrypted,
	}
	if h.encrypted {
		i.KeyID = hex.EncodeToString(h.key[:])
	}
	known := m.Kind == Full || m.Kind.holdsLog()
	if !known || m.Kind.holdsLog() != (h.content == contentLog) || m.From != h.from || m.To != h.to || m.Store != i.StoreID() || m.Items < 0 || m.Blocks < 0 {
		return i, fmt.Errorf("manifest says what the header does not")
	}
	return i, nil
}
