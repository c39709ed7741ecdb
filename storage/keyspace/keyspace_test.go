package keyspace_test

import (
	"errors"
	"slices"
	"sort"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
)

// keys walks over a list of keys in order, and counts those that it is asked for.
type keys struct {
	list   []string
	at     int // of the next one
	looked int
}

func (k *keys) Next() bool {
	k.at++
	k.looked++
	return k.at <= len(k.list)
}

func (k *keys) Seek(key []byte) {
	k.at = sort.Search(len(k.list), func(i int) bool { return k.list[i] >= string(key) })
}

func (k *keys) Key() []byte { return []byte(k.list[k.at-1]) }
func (k *keys) Err() error  { return nil }

func TestDatabases(t *testing.T) {
	var list []string
	add := func(db keyspace.DatabaseID, space keyspace.Space) {
		for obj := range keyspace.ObjectID(100) {
			list = append(list, string(keyspace.AppendPrefix(nil, db, space, obj)))
		}
	}
	add(1, keyspace.SpaceKV)
	add(1, keyspace.SpaceStream)
	add(2, keyspace.SpaceKV)
	add(300, keyspace.SpaceStream)
	sort.Strings(list)
	for space, want := range map[keyspace.Space][]keyspace.DatabaseID{
		keyspace.SpaceKV: {1, 2}, keyspace.SpaceStream: {1, 300}, keyspace.SpaceSeries: nil,
	} {
		k := &keys{list: list}
		got, err := keyspace.Databases(k, space)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: %v %v, want %v", space, got, err, want)
		}
		if k.looked > 10 {
			t.Errorf("%v: %d of %d keys were looked at", space, k.looked, len(list))
		}
	}
	if _, err := keyspace.Databases(&keys{list: []string{"\x01"}}, keyspace.SpaceKV); !errors.Is(err, dberr.ErrCorrupt) {
		t.Errorf("a key without a database: %v", err)
	}
}
