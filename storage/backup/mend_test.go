package backup

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"testing"
)

// mendable says whether b is long enough to have checksums.
func mendable(b []byte) bool { return len(b) >= headerLen+blockLen+footerLen }

// mend makes every checksum of a stream right, as far as its lengths lead.
func mend(t *testing.T, b []byte) {
	t.Helper()
	binary.LittleEndian.PutUint32(b[headerLen-4:], crc32.Checksum(b[:headerLen-4], castagnoli))
	stream := [16]byte(b[16:])
	end := len(b) - footerLen
	for at := headerLen; at+blockLen <= end; {
		n := int(binary.LittleEndian.Uint32(b[at+4:]))
		if n > end-at-blockLen {
			break
		}
		stored := b[at+blockLen : at+blockLen+n]
		if at+blockLen+n < end || n > 0 {
			mendFrame(stored, b[12]&1 != 0)
		}
		binary.LittleEndian.PutUint32(b[at:], blockChecksum(&stream, int64(at), b[at:at+blockLen], stored))
		at += blockLen + n
	}
	sum := sha256.Sum256(b[:end])
	copy(b[end+8:], sum[:])
	binary.LittleEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b[end:len(b)-4], castagnoli))
}

// mendFrame mends the checksum of a compression frame that is not encrypted.
func mendFrame(stored []byte, encrypted bool) {
	if encrypted || len(stored) < 9 || stored[0] > 3 {
		return
	}
	crc := crc32.Update(0, castagnoli, stored[:5])
	binary.LittleEndian.PutUint32(stored[5:], crc32.Update(crc, castagnoli, stored[9:]))
}
