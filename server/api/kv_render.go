package api

import (
	"encoding/base64"
	"hash/crc32"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/compress"
)

// appendEntry appends an entry; without its value where whole is not set.
func appendEntry(dst []byte, e *kv.Entry, now time.Time, whole bool) []byte {
	dst = appendKeyField(append(dst, '{'), e.Key)
	if whole && (e.Value.Data != nil || e.Size == 0) { // else the operation did not read it
		dst = appendValue(dst, &e.Value)
	} else if !e.Value.JSON {
		dst = sqltype.AppendJSONString(append(dst, `,"content_type":`...), e.Value.Type())
	}
	if left, ends := e.TTL(now); ends {
		dst = strconv.AppendInt(append(dst, `,"ttl":`...), seconds(left), 10)
		dst = appendTime(append(dst, `,"expires_at":`...), e.Expires)
	} else {
		dst = append(dst, `,"ttl":null,"expires_at":null`...)
	}
	dst = appendTime(append(dst, `,"created_at":`...), e.Created)
	dst = appendTime(append(dst, `,"updated_at":`...), e.Updated)
	if e.Version == 0 { // it comes with the commit
		dst = append(dst, `,"version":null`...)
	} else {
		dst = append(strconv.AppendUint(append(dst, `,"version":"`...), uint64(e.Version), 10), '"')
	}
	return append(appendStored(dst, e, whole), '}')
}

// appendStored appends what is known of the bytes of the value: how many there are, how
// they are stored, and, where they were read, their checksum.
func appendStored(dst []byte, e *kv.Entry, whole bool) []byte {
	dst = strconv.AppendInt(append(dst, `,"size":`...), int64(e.Size), 10)
	if e.Compression == compress.None {
		dst = append(dst, `,"compression":"none"`...)
	} else {
		dst = append(append(append(dst, `,"compression":"`...), compress.Codec{Algorithm: e.Compression}.String()...), '"')
		dst = strconv.AppendInt(append(dst, `,"stored_size":`...), int64(e.Stored), 10)
	}
	if !whole || e.Value.Data == nil && e.Size > 0 {
		return dst
	}
	return append(appendChecksum(append(dst, `,"checksum":"`...), e.Value.Data), '"')
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendChecksum appends the CRC-32C of a value, in hexadecimal digits behind its name.
func appendChecksum(dst, value []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, "crc32c:"...)
	sum := crc32.Checksum(value, castagnoli)
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, digits[sum>>shift&15])
	}
	return dst
}

// appendKeyField appends "key", and for one that is not text "key_base64" too.
func appendKeyField(dst, key []byte) []byte {
	dst = append(dst, `"key":`...)
	if utf8.Valid(key) {
		return sqltype.AppendJSONString(dst, string(key))
	}
	dst = sqltype.AppendJSONString(dst, string([]rune(string(key))))
	dst = append(dst, `,"key_base64":"`...)
	return append(base64.StdEncoding.AppendEncode(dst, key), '"')
}

// appendValue appends the value: JSON as it is, text as a string, bytes as base64.
func appendValue(dst []byte, v *kv.Value) []byte {
	if v.JSON {
		dst = append(append(dst, `,"value":`...), v.Data...)
		for i, c := range dst[len(dst)-len(v.Data):] { // a line break between two tokens would end a line of a stream
			if c == '\n' || c == '\r' {
				dst[len(dst)-len(v.Data)+i] = ' '
			}
		}
		return dst
	}
	if isText(v) {
		dst = sqltype.AppendJSONString(append(dst, `,"value":`...), string(v.Data))
		dst = append(dst, `,"encoding":"text"`...)
	} else {
		dst = append(dst, `,"value":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, v.Data)
		dst = append(dst, `","encoding":"base64"`...)
	}
	return sqltype.AppendJSONString(append(dst, `,"content_type":`...), v.Type())
}

func isText(v *kv.Value) bool {
	return len(v.ContentType) >= 5 && v.ContentType[:5] == "text/" && utf8.Valid(v.Data)
}

func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	return append(t.UTC().AppendFormat(dst, time.RFC3339Nano), '"')
}

// seconds is a duration in whole seconds, rounded up, so that it is 0 only at the end.
func seconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }

func writeEntry(x *exchange, store *kv.Store, e *kv.Entry) error {
	return writeEntryParts(x, store, e, true)
}

func writeEntryParts(x *exchange, store *kv.Store, e *kv.Entry, whole bool) error {
	buf := getBuffer()
	defer putBuffer(buf)
	buf.b = append(appendEntry(buf.b, e, store.Now(), whole), '\n')
	return writeJSON(x, buf.b)
}

// appendEntryOrNull appends an entry where there is one.
func appendEntryOrNull(dst []byte, e *kv.Entry, present bool, now time.Time) []byte {
	if !present {
		return append(dst, "null"...)
	}
	return appendEntry(dst, e, now, true)
}
