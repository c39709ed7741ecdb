package query

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// The rows of the views of pg_catalog about what runs and what is counted. A session sees
// itself alone, as it does in pg_cursors, but for locks of tables; what is not counted at all is NULL.

// ownTransaction is the number of the transaction of the session in pg_locks.
const ownTransaction = "1/1"

// pgStatActivity is the session that asks.
func (v *viewCall) pgStatActivity() error {
	r := row{"datid": objectOID(0) + int(v.s.db.ID), "datname": v.db, "pid": v.s.number, "usesysid": ownerOID, "usename": sqlOwner,
		"application_name": v.s.set.application, "state": "active", "backend_type": "client backend"}
	if v.s.call != nil {
		r["query"] = v.s.call.SQL
	}
	if !v.s.begun.IsZero() {
		r["query_start"], r["state_change"] = v.s.begun, v.s.begun
	}
	if !v.s.work.start.IsZero() {
		r["xact_start"] = v.s.work.start
	}
	v.set(r)
	return nil
}

// pgLocks is the lock of the session on its own transaction, as PostgreSQL shows it, and the
// locks of tables of all sessions. Locks of rows are not shown there either.
func (v *viewCall) pgLocks() error {
	v.set(row{"locktype": "virtualxid", "virtualxid": ownTransaction, "virtualtransaction": ownTransaction, "pid": v.s.number, "mode": "ExclusiveLock",
		"granted": true, "fastpath": true})
	for _, l := range v.e.store.ObjectLocks() {
		if l.Object >= advisoryFirst {
			v.advisoryLock(l)
			continue
		}
		db, table := keyspace.DatabaseID(l.Object>>32), keyspace.ObjectID(uint32(l.Object))
		v.set(row{"locktype": "relation", "database": objectOID(0) + int(db), "relation": objectOID(table), "virtualtransaction": fmt.Sprintf("%d/1", l.Session),
			"pid": int64(l.Session), "mode": l.Mode.String(), "granted": l.Granted})
	}
	return nil
}

// advisoryLock is an advisory lock in pg_locks.
func (v *viewCall) advisoryLock(l txn.ObjectLock) {
	k, ok := v.e.advisory.key(l.Object)
	if !ok {
		return // it was given back meanwhile
	}
	sub := 1
	if k.Two {
		sub = 2
	}
	v.set(row{"locktype": "advisory", "database": objectOID(0) + int(k.db), "classid": int64(k.Class), "objid": int64(k.Object), "objsubid": sub,
		"virtualtransaction": fmt.Sprintf("%d/1", l.Session), "pid": int64(l.Session), "mode": l.Mode.String(), "granted": l.Granted})
}

func (v *viewCall) pgStatDatabase() error {
	list, err := v.e.cat.Databases(v.tx)
	if err != nil {
		return err
	}
	for _, d := range list {
		v.set(row{"datid": objectOID(0) + int(d.ID), "datname": d.Name})
	}
	return nil
}

func (v *viewCall) pgStatioTables() error {
	for _, t := range v.snap.Tables() {
		v.set(row{"relid": objectOID(t.ID), "schemaname": t.Schema, "relname": t.Name})
	}
	return nil
}

func (v *viewCall) pgStatioSequences() error {
	for _, q := range v.snap.Sequences() {
		v.set(row{"relid": objectOID(q.ID), "schemaname": q.Schema, "relname": q.Name})
	}
	return nil
}

//go:embed systemzones.txt
var zoneNameText string

// pgZoneNames lists the time zones that are there, with what holds in them now.
func (v *viewCall) pgZoneNames() error {
	now := time.Now()
	for _, name := range strings.Fields(zoneNameText) {
		loc, err := time.LoadLocation(name)
		if err != nil { // the zone data base is another one
			continue
		}
		at := now.In(loc)
		abbrev, offset := at.Zone()
		v.add(name, abbrev, time.Duration(offset)*time.Second, at.IsDST())
	}
	return nil
}

func (v *viewCall) pgZoneAbbrevs() error {
	for _, z := range sqltype.ZoneAbbrevs() {
		v.add(z.Name, time.Duration(z.Minutes)*time.Minute, z.Summer)
	}
	return nil
}

// pgAggregate lists the aggregates and their kinds. They have no functions of their parts.
func (v *viewCall) pgAggregate() error {
	list := fn.Functions()
	for i := range list {
		f := &list[i]
		if f.Kind != 'a' {
			continue
		}
		kind, direct := "n", 0
		switch f.Name {
		case "mode":
			kind = "o"
		case "percentile_cont", "percentile_disc":
			kind, direct = "o", 1
		case "rank", "dense_rank", "percent_rank", "cume_dist":
			kind, direct = "h", 1
		}
		v.set(row{"aggfnoid": functionOID(f), "aggkind": kind, "aggnumdirectargs": direct, "aggfinalmodify": "r", "aggmfinalmodify": "r"})
	}
	return nil
}
