package streaming

import (
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Objects of keyspace.SpaceStream. Part of the format: docs/format/streaming.md.
const (
	objChannels  keyspace.ObjectID = 0  // name → channel
	objNextID    keyspace.ObjectID = 1  // one record: the next channel's id
	objDropped   keyspace.ObjectID = 2  // channel id → nothing: what it has is to be removed
	objState     keyspace.ObjectID = 3  // channel id → how far retention is
	objProducers keyspace.ObjectID = 4  // channel id, producer → its last number
	objLatest    keyspace.ObjectID = 5  // channel id, key → offset of its last message, of compacted channels
	objGroups    keyspace.ObjectID = 6  // channel id, group → group
	objCursors   keyspace.ObjectID = 7  // channel id, group → offset of the first message that it never handed out
	objPending   keyspace.ObjectID = 8  // channel id, group, offset → delivery that is not acknowledged
	objSecret    keyspace.ObjectID = 9  // one record, of the default database: 32 random bytes
	objBuried    keyspace.ObjectID = 10 // channel id, group → how many messages became dead letters, and were given up
	objMembers   keyspace.ObjectID = 11 // channel id, group, member → how far it is, of groups in order of keys
	objShares    keyspace.ObjectID = 12 // channel id, group → which partitions its members have
	objWebhooks  keyspace.ObjectID = 13 // channel id, name → webhook
	firstID      keyspace.ObjectID = 16 // of channels: offset (8 bytes) → message
)

func appendObject(dst []byte, db keyspace.DatabaseID, obj keyspace.ObjectID) []byte {
	return keyspace.AppendPrefix(dst, db, keyspace.SpaceStream, obj)
}

func appendChannelKey(dst []byte, db keyspace.DatabaseID, name string) []byte {
	return enc.AppendString(appendObject(dst, db, objChannels), name)
}

// appendOf appends the key, or the prefix of the keys, that an object has for a channel.
func appendOf(dst []byte, db keyspace.DatabaseID, obj, channel keyspace.ObjectID) []byte {
	return enc.AppendUint(appendObject(dst, db, obj), uint64(channel))
}

func appendProducerKey(dst []byte, db keyspace.DatabaseID, channel keyspace.ObjectID, producer string) []byte {
	return enc.AppendString(appendOf(dst, db, objProducers, channel), producer)
}

func appendLatestKey(dst []byte, db keyspace.DatabaseID, channel keyspace.ObjectID, key string) []byte {
	return enc.AppendString(appendOf(dst, db, objLatest, channel), key)
}

func appendMessageKey(dst []byte, db keyspace.DatabaseID, channel keyspace.ObjectID, offset uint64) []byte {
	return txn.AppendLogKey(dst, appendObject(nil, db, channel), offset)
}

// within is the iteration over all keys that start with prefix.
func within(prefix []byte) txn.IterOptions {
	return txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)}
}
