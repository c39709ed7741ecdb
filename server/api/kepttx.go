package api

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/server/answers"
	"github.com/weftdb/weft/storage/txn"
)

// keptTx is a transaction of the registry. With its writes it commits a record that it
// did, so that a client that never got the answer can be told after a crash.
type keptTx struct {
	Transaction
	id   atomic.Pointer[string] // set before any step
	keep time.Duration
}

// Commit implements transactions.Tx.
func (k *keptTx) Commit(ctx context.Context) (txn.Timestamp, error) {
	tx := k.Tx()
	if id := k.id.Load(); id != nil && !k.Failed() && tx.Wrote() {
		if err := answers.Put(tx, commitScope, *id, answers.Answer{Status: 200}, k.keep); err != nil {
			k.Rollback()
			return 0, err
		}
	}
	return k.Transaction.Commit(ctx)
}
