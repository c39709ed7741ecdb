package sqltype

import "strconv"

// Raw sets out[i] to the bytes of column i in a row, as they are stored: a part of row, nil
// for NULL.
func (d *RowDecoder) Raw(row []byte, out [][]byte) error {
	h := len(d.head)
	if h == 0 || len(row) < h || string(row[:h]) != string(d.head) {
		d.head = d.head[:0]
		if err := d.header(row); err != nil {
			return errBadRow(err)
		}
	}
	for i := range d.cols {
		switch r := int(d.rank[i]); {
		case r >= 0:
			b, err := d.slot(row, r)
			if err != nil {
				return errBadRow(err)
			}
			out[i] = b[:len(b):len(b)]
		case r == rankDefault && d.cols[i].Default != nil && !d.cols[i].Default.Null:
			out[i] = AppendValue([]byte{}, d.cols[i].Type, *d.cols[i].Default)
		default:
			out[i] = nil
		}
	}
	return nil
}

// AppendStoredJSON is AppendJSON of a value as a row stores it, nil for NULL.
func AppendStoredJSON(dst []byte, t Type, stored []byte) ([]byte, error) {
	if stored == nil {
		return append(dst, "null"...), nil
	}
	switch t.ID { // those that need no Datum
	case Int2, Int4, Int8:
		if len(stored) <= 8 {
			return strconv.AppendInt(dst, intValue(stored, len(stored)), 10), nil
		}
	case Text, Varchar:
		return AppendJSONString(dst, stored), nil
	}
	v, err := DecodeValue(t, stored)
	if err != nil {
		return dst, errBadRow(err)
	}
	return AppendJSON(dst, t, v, JSONOptions{}), nil
}

// AppendStoredText is AppendText of a value as a row stores it, nil for NULL.
func AppendStoredText(dst []byte, t Type, stored []byte) ([]byte, error) {
	if stored == nil {
		return dst, nil
	}
	v, err := DecodeValue(t, stored)
	if err != nil {
		return dst, errBadRow(err)
	}
	return AppendText(dst, t, v), nil
}
