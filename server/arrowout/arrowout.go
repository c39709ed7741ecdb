// Package arrowout writes results as Apache Arrow's IPC streaming format.
//
// It promises that every value comes out exactly as SQL has it, in the Arrow type that
// holds it, or that the stream fails: nothing is rounded, and infinity, which dates and
// times of Arrow do not have, is refused rather than replaced. What Arrow has no type for
// goes out as text: numeric without a precision (Arrow's decimals have a fixed scale),
// interval, uuid, enumerations and addresses in PostgreSQL's form, arrays and records as
// JSON. The metadata of each field name the type in SQL.
//
// A Writer holds the rows of one record batch, whose bytes are bounded, and never a result.
package arrowout

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/vec"
)

const (
	// MediaType is that of a stream.
	MediaType = "application/vnd.apache.arrow.stream"

	batchRows  = 16 << 10 // rows of a record batch
	batchBytes = 1 << 20  // or about so many bytes, whichever comes first
)

// typeKey is the key of the type in SQL in the metadata of a field.
const typeKey = "postgresql.type"

// Writer writes one result.
type Writer struct {
	out     *ipc.Writer
	build   *array.RecordBuilder
	columns []column
	rows    int
	bytes   int
	width   int // bytes of a row, by those so far
}

// New begins a stream of columns; each is text where asText is set.
func New(w io.Writer, cols []query.Column, asText bool) *Writer {
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Type, asText), Nullable: true,
			Metadata: arrow.NewMetadata([]string{typeKey}, []string{c.Type.Name()})}
	}
	schema := arrow.NewSchema(fields, nil)
	o := &Writer{out: ipc.NewWriter(w, ipc.WithSchema(schema)), build: array.NewRecordBuilder(memory.DefaultAllocator, schema)}
	o.width = batchBytes / 16 // the first rows show
	o.columns = make([]column, len(cols))
	for i, c := range cols {
		o.columns[i] = newColumn(c.Type, o.build.Field(i), asText)
	}
	return o
}

// Add appends the live rows of a batch, and writes record batches as they fill.
func (o *Writer) Add(b *vec.Batch) error {
	live := vec.Live(b.Len, b.Sel)
	for len(live) > 0 {
		n := min(len(live), batchRows-o.rows, 1+(batchBytes-o.bytes)/o.width)
		for i := range o.columns {
			grew, err := o.columns[i].add(b.Cols[i], live[:n])
			if err != nil {
				return err
			}
			o.bytes += grew
		}
		o.rows += n
		o.width = 1 + o.bytes/o.rows
		live = live[n:]
		if o.rows == batchRows || o.bytes >= batchBytes {
			if err := o.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flush writes the rows that are held as a record batch.
func (o *Writer) Flush() error {
	if o.rows == 0 {
		return nil
	}
	rec := o.build.NewRecordBatch()
	defer rec.Release()
	o.rows, o.bytes = 0, 0
	return o.out.Write(rec)
}

// Close writes what is held and the end of the stream, without which it is not complete.
func (o *Writer) Close() error {
	if err := o.Flush(); err != nil {
		return err
	}
	return o.out.Close()
}

// Free lets go of the memory, whether or not the stream was closed.
func (o *Writer) Free() { o.build.Release() }
