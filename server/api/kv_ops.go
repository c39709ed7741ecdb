package api

import (
	"encoding/json"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/kv"
)

// incrementKey takes {"key","by"?=1}. An integer is added exactly, a number with a
// fraction or an exponent in double precision.
func (s *Server) incrementKey(c echo.Context) error {
	in, buf, err := s.input(c, addFields)
	defer putBuffer(buf)
	if err != nil {
		return err
	}
	n, f, whole, err := in.amount()
	if err != nil {
		return err
	}
	store, err := s.keyValue(c, in.database, true)
	if err != nil {
		return err
	}
	var e kv.Entry
	if whole {
		n, e, err = store.Increment(c.Request().Context(), in.bucket, in.key, n, in.opts)
	} else {
		f, e, err = store.IncrementFloat(c.Request().Context(), in.bucket, in.key, f, in.opts)
	}
	if err != nil {
		return err
	}
	out := getBuffer()
	defer putBuffer(out)
	out.b = appendKeyField(append(out.b, `{"success":true,`...), in.key)
	out.b = append(out.b, `,"value":`...)
	if whole {
		out.b = strconv.AppendInt(out.b, n, 10)
	} else {
		out.b = appendFloat(out.b, f)
	}
	out.b = append(out.b, `,"entry":`...)
	out.b = append(appendEntry(out.b, &e, store.Now(), true), "}\n"...)
	return writeJSON(of(c), out.b)
}

func appendFloat(dst []byte, f float64) []byte {
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // the model refuses what is no number
	}
	return append(dst, b...)
}

// swapKey takes {"key","expected"?,"value"?}: what is left out stands for absence.
func (s *Server) swapKey(c echo.Context) error {
	in, buf, err := s.input(c, swapFields)
	defer putBuffer(buf)
	if err != nil {
		return err
	}
	if !in.hasExpected && !in.hasValue {
		return invalid("MISSING_FIELD", `the body needs "expected", "value" or both; one that is left out stands for no such key`).WithField("value")
	}
	store, err := s.keyValue(c, in.database, true)
	if err != nil {
		return err
	}
	expected, next := in.swap()
	e, present, swapped, err := store.CompareAndSwap(c.Request().Context(), in.bucket, in.key, expected, next, in.opts)
	if err != nil {
		return err
	}
	out := getBuffer()
	defer putBuffer(out)
	out.b = strconv.AppendBool(append(out.b, `{"success":true,"swapped":`...), swapped)
	out.b = append(out.b, `,"entry":`...)
	out.b = append(appendEntryOrNull(out.b, &e, present, store.Now()), "}\n"...)
	return writeJSON(of(c), out.b)
}

// swap is the two values of a compare-and-set.
func (in *kvInput) swap() (expected, next *kv.Value) {
	if in.hasExpected {
		expected = &in.expected
	}
	if in.hasValue {
		next = &in.value
	}
	return expected, next
}

// appendKey takes {"key","value"}.
func (s *Server) appendKey(c echo.Context) error {
	in, buf, err := s.input(c, setFields)
	defer putBuffer(buf)
	if err != nil {
		return err
	}
	store, err := s.keyValue(c, in.database, true)
	if err != nil {
		return err
	}
	e, err := store.Append(c.Request().Context(), in.bucket, in.key, in.value, in.opts)
	if err != nil {
		return err
	}
	return writeEntry(of(c), store, &e)
}

// getSetKey takes {"key","value","ttl"?} and answers with what was there before.
func (s *Server) getSetKey(c echo.Context) error {
	in, buf, err := s.input(c, setFields)
	defer putBuffer(buf)
	if err != nil {
		return err
	}
	store, err := s.keyValue(c, in.database, true)
	if err != nil {
		return err
	}
	old, existed, e, err := store.GetSet(c.Request().Context(), in.bucket, in.key, in.value, in.opts)
	if err != nil {
		return err
	}
	out := getBuffer()
	defer putBuffer(out)
	now := store.Now()
	out.b = appendEntryOrNull(append(out.b, `{"success":true,"previous":`...), &old, existed, now)
	out.b = appendEntry(append(out.b, `,"entry":`...), &e, now, true)
	out.b = append(out.b, "}\n"...)
	return writeJSON(of(c), out.b)
}

// touchKey takes {"key","ttl"?}; without a TTL the bucket's default counts.
func (s *Server) touchKey(c echo.Context) error {
	in, buf, err := s.input(c, touchFields)
	defer putBuffer(buf)
	if err != nil {
		return err
	}
	store, err := s.keyValue(c, in.database, false)
	if err != nil {
		return err
	}
	e, err := store.Touch(c.Request().Context(), in.bucket, in.key, in.opts)
	if err != nil {
		return err
	}
	return writeEntryParts(of(c), store, &e, false)
}
