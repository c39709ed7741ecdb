package continuous

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// objFormer is the object of keyspace.SpaceDerived where queries that fill metrics were
// kept before they had a life with those over channels: one record for definition and
// state. They are read where they are, and moved by whatever writes them.
const objFormer keyspace.ObjectID = 1

func fillKey(db keyspace.DatabaseID, name string) []byte {
	return enc.AppendString(appendObject(nil, db, objFills), name)
}

func formerPrefix(db keyspace.DatabaseID) []byte {
	return keyspace.AppendPrefix(nil, db, keyspace.SpaceDerived, objFormer)
}

func formerKey(db keyspace.DatabaseID, name string) []byte {
	return enc.AppendString(formerPrefix(db), name)
}

const formerVersion = 1

// decodeFormer reads a record as it was:
//
//	version (1) = 1 · name · query · every · delay · late · start · flags (1): 1 paused ·
//	target · created · next · seen · runs · again · points · failed · too late ·
//	number of runs · for each: from · to · at · took · points · flags (1): 1 again · error
func (r *fillRecord) decodeFormer(v []byte) error {
	if len(v) > 0 && v[0] != formerVersion {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a continuous query has version %d, and this program knows %d", v[0], formerVersion)
	}
	rd := reader{enc.NewReader(v)}
	rd.Byte() // the version
	r.Name, r.Query = rd.Text(), rd.Text()
	r.Every, r.Delay, r.Late = rd.span(), rd.span(), rd.span()
	r.Start, r.Paused, r.target = rd.time(), rd.Byte()&1 != 0, rd.Text()
	r.created, r.next, r.seen = rd.time(), rd.time(), txn.Timestamp(rd.Uvarint())
	rd.counts(&r.fillState)
	if !rd.Done() || r.Name == "" || r.Every < MinEvery {
		return fmt.Errorf("%w: the record of a continuous query is malformed", dberr.ErrCorrupt)
	}
	return nil
}

// save writes definition and state, and gives an id where there is none.
func (r *fillRecord) save(tx *txn.Tx, db keyspace.DatabaseID) (err error) {
	if r.id == 0 {
		if err := tx.Delete(formerKey(db, r.Name)); err != nil {
			return err
		}
		if r.id, err = nextID(tx, db); err != nil {
			return err
		}
	}
	rec, err := r.record()
	if err != nil {
		return err
	}
	return errors.Join(tx.Put(fillKey(db, r.Name), rec), r.saveState(tx, db))
}

// saveState writes the state alone.
func (r *fillRecord) saveState(tx *txn.Tx, db keyspace.DatabaseID) error {
	return tx.Put(appendOf(db, objStates, r.id), r.fillState.record())
}

// remove removes definition and state.
func (r *fillRecord) remove(tx *txn.Tx, db keyspace.DatabaseID) error {
	if r.id == 0 {
		return tx.Delete(formerKey(db, r.Name))
	}
	return errors.Join(tx.Delete(fillKey(db, r.Name)), tx.Delete(appendOf(db, objStates, r.id)))
}

// loadFill reads a query; nil where there is none.
func loadFill(tx *txn.Tx, db keyspace.DatabaseID, name string) (*fillRecord, error) {
	if name == "" || len(name) > MaxNameBytes {
		return nil, nil
	}
	r := &fillRecord{}
	v, ok, err := tx.Get(fillKey(db, name))
	if err != nil {
		return nil, err
	}
	if ok {
		if err := r.decode(name, v); err != nil {
			return nil, err
		}
		return r, r.loadState(tx, db)
	}
	if v, ok, err = tx.Get(formerKey(db, name)); err != nil || !ok {
		return nil, err
	}
	if err := r.decodeFormer(v); err != nil {
		return nil, fmt.Errorf("continuous query %q: %w", name, err)
	}
	return r, nil
}

func (r *fillRecord) loadState(tx *txn.Tx, db keyspace.DatabaseID) error {
	v, ok, err := tx.Get(appendOf(db, objStates, r.id))
	if err == nil && !ok {
		err = fmt.Errorf("%w: continuous query %q has no state", dberr.ErrCorrupt, r.Name)
	}
	if err != nil {
		return err
	}
	return r.fillState.decode(v)
}

// fillRecords reads the queries of a database, by name.
func fillRecords(tx *txn.Tx, db keyspace.DatabaseID) (list []*fillRecord, err error) {
	prefix := appendObject(nil, db, objFills)
	it := tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		name, rest, err := enc.DecodeString(it.Key()[len(prefix):])
		if err != nil || len(rest) != 0 {
			return nil, fmt.Errorf("%w: the key %x of a continuous query is malformed", dberr.ErrCorrupt, it.Key())
		}
		r := &fillRecord{version: it.Timestamp()}
		if err := r.decode(name, it.Value()); err != nil {
			return nil, err
		}
		if err := r.loadState(tx, db); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	former := tx.Iter(within(formerPrefix(db)))
	defer former.Close()
	for former.Next() {
		r := &fillRecord{}
		if err := r.decodeFormer(former.Value()); err != nil {
			return nil, fmt.Errorf("continuous query at %x: %w", former.Key(), err)
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *fillRecord) int { return strings.Compare(a.Name, b.Name) })
	return list, former.Err()
}

// adopt moves the records of former versions.
func (s *Service) adopt(ctx context.Context, db keyspace.DatabaseID) error {
	return s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Serializable}, func(tx *txn.Tx) error {
		list, err := fillRecords(tx, db)
		for _, r := range list {
			if err == nil && r.id == 0 {
				err = r.save(tx, db)
			}
		}
		return err
	})
}
