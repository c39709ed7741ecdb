package streaming

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

const secretBytes = 32

// Secret is a secret of the store, made when it is first asked for. What is signed by it
// is known for the store's own after a restart, too.
func (s *Store) Secret(ctx context.Context) ([]byte, error) {
	if kept := s.secret.Load(); kept != nil {
		return *kept, nil
	}
	key := appendObject(nil, defaultDatabase, objSecret)
	var secret []byte
	err := s.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		v, ok, err := tx.Get(key)
		switch {
		case err != nil:
			return err
		case ok && len(v) != secretBytes:
			return fmt.Errorf("%w: the record of the secret has %d bytes", dberr.ErrCorrupt, len(v))
		case ok:
			secret = bytes.Clone(v)
			return nil
		}
		secret = make([]byte, secretBytes)
		rand.Read(secret) //nolint:errcheck // it has none
		return tx.Put(key, secret)
	})
	if err != nil {
		return nil, err
	}
	s.secret.Store(&secret)
	return secret, nil
}
