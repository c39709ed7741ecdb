package query

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/opt"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
)

// settings are what SET changes.
type settings struct {
	zone             *time.Location
	zoneName         string
	style            sqltype.Style
	statementTimeout time.Duration
	lockTimeout      time.Duration
	idleTimeout      time.Duration
	isolation        txn.Isolation // of the current transaction
	readOnly         bool
	defaultIsolation txn.Isolation
	defaultReadOnly  bool
	path             []string
	pathText         string
	application      string
	notices          string // the least severity of notices
	sequences        sequenceValues
	planner          opt.Settings
	custom           map[string]string // settings of applications, replaced as a whole
	hints            map[string]string // replaced as a whole
	workMem          int64             // 0: as the server is configured
	durability       txn.Durability    // default: that of the request, or of the store
	synchronous      string            // the word for it, where it was set
}

func (e *Engine) defaultSettings() settings {
	return settings{zone: time.UTC, zoneName: "UTC", path: publicPath, pathText: defaultPath, planner: e.opts.Planner, notices: "notice"}
}

// setting is one name that SET and SHOW know.
type setting struct {
	about string
	show  func(s *Session) string
	set   func(s *Session, v []string) error // nil: it cannot be changed
	reset func(s *Session)
}

// fixed is a setting that has one value only; setting it to that value is fine.
func fixed(name, about string, values ...string) setting {
	return setting{about: about, show: func(*Session) string { return values[0] }, reset: func(*Session) {},
		set: func(_ *Session, v []string) error {
			for _, ok := range values {
				if strings.EqualFold(strings.Join(v, ", "), ok) {
					return nil
				}
			}
			return dberr.SQL(dberr.StateFeatureNotSupported, "parameter %q cannot be set to %q", name, strings.Join(v, ", ")).
				WithHint("The only value is %q.", values[0])
		}}
}

var knownSettings map[string]setting

func init() {
	knownSettings = map[string]setting{
		"timezone": {about: "time zone in which times are read and shown", show: func(s *Session) string { return s.set.zoneName },
			set: setZone, reset: func(s *Session) { s.set.zone, s.set.zoneName = time.UTC, "UTC" }},
		"statement_timeout": {about: "longest time that a statement may take, 0 for no limit of its own",
			show: func(s *Session) string { return showDuration(s.set.statementTimeout) },
			set: func(s *Session, v []string) (err error) {
				s.set.statementTimeout, err = parseDuration("statement_timeout", v)
				return err
			}, reset: func(s *Session) { s.set.statementTimeout = 0 }},
		"lock_timeout": {about: "longest wait for a row lock, 0 for no limit of its own",
			show: func(s *Session) string { return showDuration(s.set.lockTimeout) },
			set: func(s *Session, v []string) (err error) {
				s.set.lockTimeout, err = parseDuration("lock_timeout", v)
				return err
			}, reset: func(s *Session) { s.set.lockTimeout = 0 }},
		"idle_in_transaction_session_timeout": {about: "longest wait of an open transaction for its next statement, 0 for the one that it was begun with",
			show: func(s *Session) string { return showDuration(s.set.idleTimeout) },
			set: func(s *Session, v []string) (err error) {
				s.set.idleTimeout, err = parseDuration("idle_in_transaction_session_timeout", v)
				return err
			}, reset: func(s *Session) { s.set.idleTimeout = 0 }},
		"default_transaction_read_only": {about: "whether new transactions only read",
			show: func(s *Session) string { return onOff(s.set.defaultReadOnly) },
			set: func(s *Session, v []string) (err error) {
				s.set.defaultReadOnly, err = parseBool("default_transaction_read_only", v)
				return err
			}, reset: func(s *Session) { s.set.defaultReadOnly = false }},
		"transaction_isolation": {about: "isolation of the current transaction",
			show: func(s *Session) string { return isolationName(s.set.isolation) }, set: setIsolation, reset: func(*Session) {}},
		"transaction_read_only": {about: "whether the current transaction only reads",
			show: func(s *Session) string { return onOff(s.set.readOnly) }, set: setReadOnly, reset: func(*Session) {}},
		"default_transaction_isolation": {about: "isolation of new transactions",
			show: func(s *Session) string { return isolationName(s.set.defaultIsolation) },
			set: func(s *Session, v []string) (err error) {
				s.set.defaultIsolation, err = parseIsolation(v)
				return err
			}, reset: func(s *Session) { s.set.defaultIsolation = txn.Serializable }},
		"search_path": {about: "schemas in which names are looked up",
			show: func(s *Session) string { return s.set.pathText }, set: setPath, reset: (*Session).resetPath},
		"application_name": {about: "name of the client", show: func(s *Session) string { return s.set.application },
			set:   func(s *Session, v []string) error { s.set.application = strings.Join(v, ", "); return nil },
			reset: func(s *Session) { s.set.application = "" }},
		"server_version":     {about: "version of the server", show: func(s *Session) string { return s.e.opts.Version }},
		"server_version_num": {about: "PostgreSQL version whose dialect is spoken", show: func(*Session) string { return "150000" }},
		"client_encoding":    fixed("client_encoding", "encoding of text sent and received", "UTF8", "utf-8", "unicode"),
		"datestyle": {about: "form of dates as text, and the order of their numbers", show: showDateStyle, set: setDateStyle,
			reset: func(s *Session) { s.set.style.Dates, s.set.style.Order = sqltype.DatesISO, sqltype.OrderMDY }},
		"intervalstyle": {about: "form of intervals as text", show: func(s *Session) string { return intervalStyles[s.set.style.Intervals] },
			set: setIntervalStyle, reset: func(s *Session) { s.set.style.Intervals = sqltype.IntervalsPostgres }},
		"default_with_oids":           fixed("default_with_oids", "rows have no numbers of their own", "off", "false", "0", "no"),
		"standard_conforming_strings": fixed("standard_conforming_strings", "whether '\\' in strings is just a character", "on", "true", "1"),
		"extra_float_digits":          fixed("extra_float_digits", "floats are always shown exactly", "1", "2", "3"),
		"client_min_messages": {about: "least severity of notices that are sent; there are none", show: func(s *Session) string { return s.set.notices },
			set: setNotices, reset: func(s *Session) { s.set.notices = "notice" }},
		"integer_datetimes": fixed("integer_datetimes", "times are exact", "on"),
		"synchronous_commit": {about: "whether a commit waits for the disk: off is durability async, anything else sync",
			show: showSynchronous, set: setSynchronous, reset: func(s *Session) { s.set.durability, s.set.synchronous = txn.DurabilityDefault, "" }},
		"role": {about: "role whose rights hold; there is the user's own", show: func(*Session) string { return "none" },
			set: func(s *Session, v []string) error { return s.ownRole(v, "none") }, reset: func(*Session) {}},
		"session_authorization": {about: "user of the session", show: func(s *Session) string { return sqlUser },
			set: func(s *Session, v []string) error { return s.ownRole(v, "default") }, reset: func(*Session) {}},
		"bytea_output": {about: "form of binary strings as text", show: func(s *Session) string { return byteForms[s.set.style.EscapeBytes] },
			set: setByteaOutput, reset: func(s *Session) { s.set.style.EscapeBytes = false }},
	}
	addPlannerSettings()
	addHints()
}

// ownRole checks that a role is the user's, the only one that a session can take.
func (s *Session) ownRole(v []string, own string) error {
	if name := strings.Join(v, ", "); name != sqlUser && !strings.EqualFold(name, own) {
		return dberr.SQL(dberr.StateInvalidParameterValue, "role \"%s\" does not exist", name)
	}
	return nil
}

var noticeLevels = []string{"debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"}

func setNotices(s *Session, v []string) error {
	level := strings.ToLower(strings.Join(v, ", "))
	switch level {
	case "debug":
		level = "debug2"
	case "info":
		s.set.notices = level
		return nil
	}
	if !slices.Contains(noticeLevels, level) {
		return badValue("client_min_messages", v).WithHint("Available values: %s.", strings.Join(noticeLevels, ", "))
	}
	s.set.notices = level
	return nil
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func isolationName(i txn.Isolation) string {
	if i == txn.Snapshot {
		return "repeatable read"
	}
	return "serializable"
}

func showSynchronous(s *Session) string {
	if s.set.synchronous != "" {
		return s.set.synchronous
	}
	d := s.opts.Durability // of the request
	if d == txn.DurabilityDefault {
		d = s.e.store.Durability()
	}
	return onOff(d == txn.DurabilitySync)
}

// setSynchronous takes PostgreSQL's words. Those that differ in what copies of the
// database have to do are one here.
func setSynchronous(s *Session, v []string) error {
	switch word := strings.ToLower(strings.Join(v, " ")); word {
	case "local", "remote_write", "remote_apply":
		s.set.durability, s.set.synchronous = txn.DurabilitySync, word
	default:
		on, err := parseBool("synchronous_commit", v)
		if err != nil {
			return badValue("synchronous_commit", v).WithHint("Available values: local, remote_write, remote_apply, on, off.")
		}
		s.set.durability = txn.DurabilityAsync
		if on {
			s.set.durability = txn.DurabilitySync
		}
		s.set.synchronous = onOff(on)
	}
	return nil
}

func parseIsolation(v []string) (txn.Isolation, error) {
	switch strings.ToLower(strings.Join(v, " ")) {
	case "serializable":
		return txn.Serializable, nil
	case "repeatable read", "read committed", "read uncommitted", "snapshot":
		return txn.Snapshot, nil
	}
	return 0, badValue("transaction_isolation", v)
}

func badValue(name string, v []string) *dberr.Error {
	return dberr.SQL(dberr.StateInvalidParameterValue, "invalid value for parameter %q: %q", name, strings.Join(v, ", "))
}

func setIsolation(s *Session, v []string) error {
	i, err := parseIsolation(v)
	if err != nil {
		return err
	}
	return s.isolate(i)
}

// isolate changes the isolation of a transaction that has not done anything yet.
func (s *Session) isolate(i txn.Isolation) error {
	if s.tx == nil || i == s.set.isolation {
		s.set.isolation = i
		return nil
	}
	if s.work.queried || len(s.saves) > 0 {
		return dberr.SQL(dberr.StateActiveTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query")
	}
	opts := s.work.opts
	opts.Isolation = i
	if err := s.restart(s.e.ctx, opts); err != nil {
		return err
	}
	s.set.isolation = i
	return nil
}

// restore gives a setting the value that it had, as SHOW told it.
func (s *Session) restore(name, was string) error {
	if name == "search_path" {
		return s.setPathText(was)
	}
	known, _ := s.setting(name)
	return known.set(s, []string{was})
}

// setLocal notes what a setting was before SET LOCAL, or that SET has changed it for good.
func (s *Session) setLocal(name string, local bool) {
	if !local {
		delete(s.work.locals, name)
		return
	}
	if _, again := s.work.locals[name]; again {
		return
	}
	if s.work.locals == nil {
		s.work.locals = map[string]string{}
	}
	known, _ := s.setting(name)
	s.work.locals[name] = known.show(s)
}

func setReadOnly(s *Session, v []string) error {
	on, err := parseBool("transaction_read_only", v)
	if err != nil {
		return err
	}
	if !on && s.set.readOnly {
		return dberr.SQL(dberr.StateActiveTransaction, "cannot set transaction read-write mode inside a read-only transaction")
	}
	s.set.readOnly = on
	return nil
}

func parseBool(name string, v []string) (bool, error) {
	switch strings.ToLower(strings.Join(v, " ")) {
	case "on", "true", "yes", "1", "t":
		return true, nil
	case "off", "false", "no", "0", "f":
		return false, nil
	}
	return false, dberr.SQL(dberr.StateInvalidParameterValue, "parameter %q requires a Boolean value", name)
}

// setZone takes a zone's name, or an offset in hours.
func setZone(s *Session, v []string) error {
	name := strings.Join(v, " ")
	if h, err := strconv.ParseFloat(name, 64); err == nil && h > -24 && h < 24 {
		s.set.zone, s.set.zoneName = time.FixedZone(name, int(h*3600)), name
		return nil
	}
	switch strings.ToLower(name) {
	case "default", "local", "utc", "gmt", "z", "zulu":
		s.set.zone, s.set.zoneName = time.UTC, "UTC"
		return nil
	}
	z, err := sqltype.LoadLocation(name)
	if err != nil {
		return badValue("TimeZone", v)
	}
	if strings.EqualFold(z.String(), name) {
		name = z.String() // as it is spelled
	}
	s.set.zone, s.set.zoneName = z, name
	return nil
}

// parseDuration reads a number of milliseconds, or a number with a unit.
func parseDuration(name string, v []string) (time.Duration, error) {
	text := strings.TrimSpace(strings.Join(v, " "))
	i := len(text)
	for i > 0 && (text[i-1] >= 'a' && text[i-1] <= 'z' || text[i-1] == ' ') {
		i--
	}
	unit, ok := map[string]time.Duration{"": time.Millisecond, "us": time.Microsecond, "ms": time.Millisecond,
		"s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[strings.TrimSpace(text[i:])]
	n, err := strconv.ParseInt(text[:i], 10, 32)
	if err != nil || !ok || n < 0 {
		return 0, badValue(name, v)
	}
	return time.Duration(n) * unit, nil
}

func showDuration(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d%time.Minute == 0:
		return fmt.Sprintf("%dmin", d/time.Minute)
	case d%time.Second == 0:
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d/time.Millisecond)
}

func settingName(name string) string {
	name = strings.ToLower(name)
	switch name {
	case "time zone":
		return "timezone"
	case "transaction isolation level":
		return "transaction_isolation"
	}
	return name
}

func unknownSetting(name string, pos int) error {
	return dberr.SQL(dberr.StateUndefinedObject, "unrecognized configuration parameter %q", name).At(pos)
}

// setStatement runs SET name = value.
func (r *running) setStatement(st *ast.Set) error {
	known, ok := r.s.setting(settingName(st.Name))
	if !ok {
		return unknownSetting(st.Name, st.Pos())
	}
	if known.set == nil {
		return dberr.SQL("55P02", "parameter %q cannot be changed", st.Name).At(st.Pos())
	}
	r.s.setLocal(settingName(st.Name), st.Local)
	if st.Default {
		known.reset(r.s)
		return r.done("SET")
	}
	var values []string
	for _, v := range st.Values {
		if c, ok := v.(*ast.Cast); ok {
			v = c.Arg
		}
		lit, ok := v.(*ast.Literal)
		if !ok {
			return dberr.SQL(dberr.StateFeatureNotSupported, "a setting must be a constant").At(v.Pos())
		}
		values = append(values, lit.Text)
	}
	if err := known.set(r.s, values); err != nil {
		if e := dberr.As(err); e != nil {
			e.At(st.Pos())
		}
		return err
	}
	return r.done("SET")
}

func (r *running) resetStatement(st *ast.Reset) error {
	if st.Name != "" {
		known, ok := r.s.setting(settingName(st.Name))
		if !ok {
			return unknownSetting(st.Name, st.Pos())
		}
		if known.reset != nil {
			known.reset(r.s)
		}
		return r.done("RESET")
	}
	for _, known := range knownSettings {
		if known.reset != nil {
			known.reset(r.s)
		}
	}
	r.s.set.custom = nil
	return r.done("RESET")
}

func text(s string) sqltype.Datum { return sqltype.Datum{Str: s} }

func (r *running) showStatement(st *ast.Show) error {
	if strings.EqualFold(st.Name, "all") {
		names := make([]string, 0, len(knownSettings))
		for n := range knownSettings {
			names = append(names, n)
		}
		sort.Strings(names)
		var rows [][]sqltype.Datum
		for _, n := range names {
			rows = append(rows, []sqltype.Datum{text(n), text(knownSettings[n].show(r.s)), text(knownSettings[n].about)})
		}
		return r.table("SHOW", []Column{{"name", sqltype.TText}, {"setting", sqltype.TText}, {"description", sqltype.TText}}, rows)
	}
	known, ok := r.s.setting(settingName(st.Name))
	if !ok || isCustom(st.Name) && !r.s.hasCustom(settingName(st.Name)) {
		return unknownSetting(st.Name, st.Pos())
	}
	name := settingName(st.Name)
	if spelled, ok := map[string]string{"timezone": "TimeZone", "datestyle": "DateStyle", "intervalstyle": "IntervalStyle"}[name]; ok {
		name = spelled
	}
	return r.table("SHOW", []Column{{name, sqltype.TText}}, [][]sqltype.Datum{{text(known.show(r.s))}})
}

// preparedText is a statement of PREPARE.
type preparedText struct {
	stmt  ast.Stmt
	sql   string
	types []sqltype.Type
	text  *parsed
	made  time.Time
}

// utility runs the statements that neither query nor change data.
func (r *running) utility(st ast.Stmt) (done bool, err error) {
	s := r.s
	switch st := st.(type) {
	case *ast.Set:
		return true, r.setStatement(st)
	case *ast.Reset:
		return true, r.resetStatement(st)
	case *ast.Show:
		return true, r.showStatement(st)
	case *ast.ShowTables:
		return true, r.showTables()
	case *ast.Describe:
		return true, r.describe(st)
	case *ast.SetTransaction:
		return true, r.setTransaction(st)
	case *ast.Prepare:
		return true, r.prepare(st)
	case *ast.Deallocate:
		if st.Name == "" {
			clear(s.prepared)
			return true, r.done("DEALLOCATE ALL")
		}
		if s.prepared[st.Name] == nil {
			return true, dberr.SQL(dberr.StateInvalidStatementName, "prepared statement %q does not exist", st.Name).At(st.Pos())
		}
		delete(s.prepared, st.Name)
		return true, r.done("DEALLOCATE")
	case *ast.Discard:
		return true, r.discard(st)
	case *ast.CreateExtension:
		return true, r.createExtension(st)
	case *ast.Vacuum:
		return true, r.vacuum(r.ctx, st)
	case *ast.DeclareCursor:
		return true, r.declare(st)
	case *ast.Fetch:
		return true, r.fetch(st)
	case *ast.CloseCursor:
		return true, r.closeCursor(st)
	case *ast.LockTable:
		return true, r.lockTable(st)
	case *ast.Analyze:
		return true, r.analyze(st)
	case *ast.SetConstraints:
		return true, r.setConstraints(st)
	}
	return false, nil
}

func (r *running) setTransaction(st *ast.SetTransaction) error {
	opts := txn.TxOptions{Isolation: r.s.set.isolation, ReadOnly: r.s.set.readOnly}
	applyModes(&opts, st.Modes)
	if st.AsOf != nil {
		return r.setAsOf(st, opts)
	}
	if st.Session {
		r.s.set.defaultIsolation, r.s.set.defaultReadOnly = opts.Isolation, opts.ReadOnly
		return r.done("SET")
	}
	if err := r.s.isolate(opts.Isolation); err != nil {
		return err
	}
	if !opts.ReadOnly && r.s.set.readOnly {
		return dberr.SQL(dberr.StateActiveTransaction, "cannot set transaction read-write mode inside a read-only transaction").At(st.Pos())
	}
	r.s.set.readOnly = opts.ReadOnly
	return r.done("SET")
}

// setAsOf has the open transaction read as of a time.
func (r *running) setAsOf(st *ast.SetTransaction, opts txn.TxOptions) error {
	s := r.s
	switch {
	case st.Session:
		return dberr.SQL(dberr.StateFeatureNotSupported, "AS OF SYSTEM TIME for a session is not supported").At(st.AsOf.Pos())
	case s.work.queried || s.tx.Wrote():
		return dberr.SQL(dberr.StateActiveTransaction, "SET TRANSACTION AS OF SYSTEM TIME must be called before any query").At(st.Pos())
	case st.Modes.ReadOnly == ast.No:
		return dberr.SQL(dberr.StateSyntax, "AS OF SYSTEM TIME cannot be READ WRITE").At(st.Pos())
	}
	ts, err := s.asOf(r.ctx, st.AsOf)
	if err != nil {
		return err
	}
	opts.AsOf, opts.ReadOnly = ts, true
	if err := s.restart(r.ctx, opts); err != nil {
		return err
	}
	s.set.readOnly = true
	return r.done("SET")
}

func (r *running) prepare(st *ast.Prepare) error {
	if r.s.prepared[st.Name] != nil {
		return dberr.SQL("42P05", "prepared statement %q already exists", st.Name).At(st.Pos())
	}
	p := &preparedText{stmt: st.Query, sql: "PREPARE " + r.sql, text: r.text, made: time.Now()}
	snap, err := r.s.e.cat.At(r.s.tx, r.s.db.ID)
	if err != nil {
		return err
	}
	for _, t := range st.Types {
		typ, _, err := plan.ResolveType(r.s.scope(snap, nil), t)
		if err != nil {
			return err
		}
		p.types = append(p.types, typ)
	}
	if _, err := r.planPrepared(p, make([]Param, ast.MaxParam(st.Query))); err != nil {
		return err
	}
	if r.s.prepared == nil {
		r.s.prepared = map[string]*preparedText{}
	}
	r.s.prepared[st.Name] = p
	return r.done("PREPARE")
}

// planPrepared plans a prepared statement for values of its parameters.
func (r *running) planPrepared(p *preparedText, params []Param) (*compiled, error) {
	for i := range params {
		if i < len(p.types) {
			params[i].Type = p.types[i]
		}
	}
	r.params, r.sql = params, p.sql
	return r.general(p.stmt)
}

// execute runs EXECUTE name(values).
func (r *running) execute(st *ast.Execute) error {
	p, params, err := r.bindExecute(st)
	if err != nil {
		return err
	}
	r.params = params
	return r.query(p.stmt)
}

// bindExecute finds a prepared statement and computes the values of its parameters.
func (r *running) bindExecute(st *ast.Execute) (*preparedText, []Param, error) {
	p := r.s.prepared[st.Name]
	if p == nil {
		return nil, nil, dberr.SQL(dberr.StateInvalidStatementName, "prepared statement %q does not exist", st.Name).At(st.Pos())
	}
	want := max(ast.MaxParam(p.stmt), len(p.types))
	if len(st.Args) != want {
		return nil, nil, dberr.SQL(dberr.StateSyntax, "wrong number of parameters for prepared statement %q", st.Name).
			WithDetail("Expected %d parameters but got %d.", want, len(st.Args)).At(st.Pos())
	}
	c, err := r.planPrepared(p, make([]Param, want))
	if err != nil {
		return nil, nil, err
	}
	params := make([]Param, want)
	for i, a := range st.Args {
		d, err := r.constant(a, c.params, i)
		if err != nil {
			return nil, nil, err
		}
		params[i] = Param{Datum: d}
		if i < len(c.params) {
			params[i].Type = c.params[i]
		}
	}
	return p, params, nil
}

// constant computes an argument of EXECUTE.
func (r *running) constant(a ast.Expr, types []sqltype.Type, i int) (sqltype.Datum, error) {
	t := sqltype.TText
	if i < len(types) {
		t = types[i]
	}
	return r.s.evaluate(r.ctx, a, t, r.env())
}

// describe lists the columns of a table.
func (r *running) describe(st *ast.Describe) error {
	snap, err := r.s.allTables()
	if err != nil {
		return err
	}
	rel, err := r.s.lookup(snap, st.Name)
	if err != nil {
		return err
	}
	if rel.Table == nil || rel.Index != nil {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not a table", st.Name.Name).At(st.Name.Pos())
	}
	var rows [][]sqltype.Datum
	for _, c := range describeTable(rel.Table, snap).Columns {
		def := sqltype.NullDatum
		if c.Default != "" {
			def = text(c.Default)
		}
		rows = append(rows, []sqltype.Datum{text(c.Name), text(c.DataType), boolDatum(c.Nullable), boolDatum(c.PrimaryKey), def})
	}
	return r.table("DESCRIBE", []Column{{"column_name", sqltype.TText}, {"data_type", sqltype.TText}, {"nullable", sqltype.TBool},
		{"primary_key", sqltype.TBool}, {"default", sqltype.TText}}, rows)
}

func boolDatum(b bool) sqltype.Datum {
	if b {
		return sqltype.Datum{Int: 1}
	}
	return sqltype.Datum{}
}

func (r *running) showTables() error {
	snap, err := r.s.allTables()
	if err != nil {
		return err
	}
	var rows [][]sqltype.Datum
	for _, t := range snap.Tables() {
		rows = append(rows, []sqltype.Datum{text(t.Schema), text(t.Name)})
	}
	return r.table("SHOW", []Column{{"schema_name", sqltype.TText}, {"table_name", sqltype.TText}}, rows)
}
