package document

import (
	"context"
	"errors"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// ImportOptions say how documents are imported.
type ImportOptions struct {
	// Atomic takes all documents or, where one is at fault, none.
	Atomic bool
	// Replace takes the place of documents that are there; else they are faults.
	Replace bool
	// MaxErrors ends an import that is not atomic after so many faults. Default 10.
	MaxErrors int
	// Unread says of places in the list why what was to be there could not be read as a
	// document: a fault like others.
	Unread map[int]error
}

// Imported is what an import did.
type Imported struct {
	Documents int
	Errors    []*ItemError // of documents that were not taken
	Stopped   bool         // after too many errors, the rest was not looked at
	Warnings  []Warning
}

// importBatch is how many documents one transaction of a partial import takes.
const importBatch = 500

// Import adds documents. Without Atomic those at fault are left out, and each batch
// of the others is a transaction.
func (s *Store) Import(ctx context.Context, collection string, docs []doc.Value, o ImportOptions) (out Imported, err error) {
	if o.MaxErrors <= 0 {
		o.MaxErrors = 10
	}
	if o.Atomic {
		o.MaxErrors = 1
	}
	step := importBatch
	if o.Atomic {
		step = max(len(docs), 1)
	}
	for from := 0; from < len(docs) && !out.Stopped; from += step {
		batch := docs[from:min(from+step, len(docs))]
		var part Imported
		_, err := s.update(ctx, func(tx *txn.Tx) error {
			part = Imported{}
			return s.importBatch(tx, collection, batch, from, o.MaxErrors-len(out.Errors), o, &part)
		})
		if err != nil {
			return out, err
		}
		out.Documents += part.Documents
		out.Errors = append(out.Errors, part.Errors...)
		out.Warnings = append(out.Warnings, part.Warnings...)
		out.Stopped = part.Stopped
	}
	return out, nil
}

func (s *Store) importBatch(tx *txn.Tx, collection string, docs []doc.Value, from, maxErrors int, o ImportOptions, out *Imported) error {
	c, err := s.ensure(tx, collection)
	if err != nil {
		return err
	}
	for i, v := range docs {
		mark := tx.Savepoint()
		var warnings []Warning
		err := o.Unread[from+i]
		if err == nil {
			warnings, err = s.importOne(tx, c, v, o.Replace)
		}
		if err == nil {
			out.Documents++
			out.Warnings = append(out.Warnings, warnings...)
			continue
		}
		if !atFault(err) {
			return err
		}
		fault := &ItemError{Index: from + i, Err: err}
		if o.Atomic {
			return fault
		}
		if err := tx.RollbackTo(mark); err != nil {
			return err
		}
		out.Errors = append(out.Errors, fault)
		if len(out.Errors) >= maxErrors {
			out.Stopped = i < len(docs)-1
			return nil
		}
	}
	return nil
}

func (s *Store) importOne(tx *txn.Tx, c *compiled, v doc.Value, replace bool) ([]Warning, error) {
	if !replace {
		_, warnings, err := s.insert(tx, c, "", v)
		return warnings, err
	}
	id, err := idOf(v, "")
	if err != nil {
		return nil, err
	}
	w, err := s.slot(tx, c, id)
	if err != nil {
		return nil, err
	}
	if v, err = withID(v, id); err != nil {
		return nil, err
	}
	_, warnings, err := w.put(v)
	return warnings, err
}

// atFault says whether the document is the reason of an error, and not the store.
func atFault(err error) bool {
	if e := dberr.As(err); e != nil && e.Code == "TRANSACTION_TOO_LARGE" {
		return false
	}
	for _, class := range []error{dberr.ErrInvalid, dberr.ErrExists, dberr.ErrConstraint, dberr.ErrTooLarge} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}
