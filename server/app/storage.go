package app

import (
	"context"
	"math"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/server/api"
)

// StorageUsage implements api.Storage.
func (b backend) StorageUsage(ctx context.Context) (api.StorageUsage, error) {
	u, err := b.db.Usage(ctx)
	if err != nil {
		return api.StorageUsage{}, err
	}
	out := api.StorageUsage{
		Data: max(u.SSTableBytes-u.IndexBytes, 0), Index: u.IndexBytes, WAL: u.LogBytes, Temp: u.TempBytes,
		Memory: u.MemoryBytes, Cache: u.CacheBytes, MemoryKeys: u.MemoryKeys, Databases: []api.DatabaseStorage{},
	}
	if d := u.Device; d != nil {
		out.Total, out.Used, out.Available = bytesOf(d.TotalBytes), bytesOf(d.UsedBytes), bytesOf(d.AvailBytes)
	}
	for _, d := range u.Databases {
		out.Databases = append(out.Databases, describeUsage(d))
	}
	return out, nil
}

func bytesOf(n uint64) *int64 {
	v := int64(min(n, math.MaxInt64))
	return &v
}

func describeUsage(d weft.DatabaseUsage) api.DatabaseStorage {
	out := api.DatabaseStorage{Name: d.Name, Bytes: d.Bytes, Models: []api.ModelStorage{}}
	for _, m := range d.Models {
		x := api.ModelStorage{Model: m.Model, Bytes: m.Bytes, Objects: []api.ObjectStorage{}}
		for _, o := range m.Objects {
			x.Objects = append(x.Objects, api.ObjectStorage{Name: o.Name, Bytes: o.Bytes, Index: o.IndexBytes})
		}
		out.Models = append(out.Models, x)
	}
	return out
}

// Checkpoint implements api.Storage.
func (b backend) Checkpoint(ctx context.Context) (api.Checkpointed, error) {
	at, err := b.db.Store().Checkpoint(ctx)
	if err != nil {
		return api.Checkpointed{}, err
	}
	out := api.Checkpointed{}
	if log := b.db.Store().Log(); log != nil {
		out.Applied, out.WAL = moment(at), log.DiskBytes()
	}
	return out, nil
}

// Compact implements api.Storage.
func (b backend) Compact(ctx context.Context) (api.Compacted, error) {
	done, err := b.db.Store().Compact(ctx)
	return api.Compacted{Versions: done.Versions, Before: done.Before, After: done.After}, err
}
