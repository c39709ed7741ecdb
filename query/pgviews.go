package query

import (
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// none are the rows of a table of pg_catalog about what Weft does not have.
func none(string, *catalog.Snapshot, func(...any)) {}

func init() {
	for name, v := range pgViews {
		systemViews["pg_catalog."+name] = v
	}
}

// pgViews are the tables and views of pg_catalog that tools read.
var pgViews = map[string]systemView{
	"pg_namespace": {columns: viewColumns("oid oid, nspname name, nspowner oid, nspacl text[]"), rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
		for _, n := range append(s.Schemas(), catalog.InformationSchema, catalog.SystemSchema) {
			add(schemaOID(n), n, ownerOID, nil)
		}
	}},
	"pg_class": {columns: viewColumns("oid oid, relname name, relnamespace oid, reltype oid, reloftype oid, relowner oid, relam oid, relfilenode oid, " +
		"reltablespace oid, relpages int4, reltuples float4, relallvisible int4, reltoastrelid oid, relhasindex bool, relisshared bool, relpersistence text, " +
		"relkind text, relnatts int2, relchecks int2, relhasrules bool, relhastriggers bool, relhassubclass bool, relrowsecurity bool, relforcerowsecurity bool, " +
		"relispopulated bool, relreplident text, relispartition bool, relrewrite oid, relacl text[], reloptions text[], relpartbound text, relfrozenxid int8, relminmxid int8"), rows: classRows},
	"pg_attribute": {columns: viewColumns("attrelid oid, attname name, atttypid oid, attstattarget int4, attlen int2, attnum int2, attndims int4, attcacheoff int4, " +
		"atttypmod int4, attbyval bool, attalign text, attstorage text, attcompression text, attnotnull bool, atthasdef bool, atthasmissing bool, attidentity text, " +
		"attgenerated text, attisdropped bool, attislocal bool, attinhcount int4, attcollation oid, attacl text[], attoptions text[], attfdwoptions text[]"), rows: attributeRows},
	"pg_attrdef": {columns: viewColumns("oid oid, adrelid oid, adnum int2, adbin text"), rows: attrdefRows},
	"pg_index": {columns: viewColumns("indexrelid oid, indrelid oid, indnatts int2, indnkeyatts int2, indisunique bool, indnullsnotdistinct bool, indisprimary bool, " +
		"indisexclusion bool, indimmediate bool, indisclustered bool, indisvalid bool, indcheckxmin bool, indisready bool, indislive bool, indisreplident bool, " +
		"indkey int2[], indcollation oid[], indclass oid[], indoption int2[], indexprs text, indpred text"), rows: pgIndexRows},
	"pg_constraint": {columns: viewColumns("oid oid, conname name, connamespace oid, contype text, condeferrable bool, condeferred bool, convalidated bool, conrelid oid, " +
		"contypid oid, conindid oid, conparentid oid, confrelid oid, confupdtype text, confdeltype text, confmatchtype text, conislocal bool, coninhcount int4, " +
		"connoinherit bool, conkey int2[], confkey int2[], conpfeqop oid[], conppeqop oid[], conffeqop oid[], confdelsetcols int2[], conexclop oid[], conbin text"), rows: constraintRows},
	"pg_type": {columns: viewColumns("oid oid, typname name, typnamespace oid, typowner oid, typlen int2, typbyval bool, typtype text, typcategory text, typispreferred bool, " +
		"typisdefined bool, typdelim text, typrelid oid, typsubscript oid, typelem oid, typarray oid, typinput oid, typoutput oid, typreceive oid, typsend oid, " +
		"typmodin oid, typmodout oid, typanalyze oid, typalign text, typstorage text, typnotnull bool, typbasetype oid, typtypmod int4, typndims int4, typcollation oid, " +
		"typdefaultbin text, typdefault text, typacl text[]"), rows: typeRows},
	"pg_enum": {columns: viewColumns("oid oid, enumtypid oid, enumsortorder float4, enumlabel name"), rows: enumRows},
	"pg_description": {columns: viewColumns("objoid oid, classoid oid, objsubid int4, description text"), rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
		for _, d := range descriptions(s) {
			add(d.oid, d.class, d.sub, d.text)
		}
	}},
	"pg_am": {columns: viewColumns("oid oid, amname name, amhandler oid, amtype text"), rows: func(_ string, _ *catalog.Snapshot, add func(...any)) {
		add(2, "heap", 3, "t")
		add(403, "btree", 330, "i")
		add(405, "hash", 331, "i")
	}},
	"pg_collation": {columns: viewColumns("oid oid, collname name, collnamespace oid, collowner oid, collprovider text, collisdeterministic bool, collencoding int4, collcollate text, collctype text"),
		rows: func(_ string, _ *catalog.Snapshot, add func(...any)) {
			add(100, "default", 11, ownerOID, "d", true, -1, nil, nil)
			add(950, "C", 11, ownerOID, "c", true, -1, "C", "C")
			add(951, "POSIX", 11, ownerOID, "c", true, -1, "POSIX", "POSIX")
		}},
	"pg_sequence": {columns: viewColumns("seqrelid oid, seqtypid oid, seqstart int8, seqincrement int8, seqmax int8, seqmin int8, seqcache int8, seqcycle bool"),
		rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
			for _, q := range s.Sequences() {
				add(objectOID(q.ID), int(q.Type.OID()), q.Start, q.Increment, q.Max, q.Min, q.Cache, q.Cycle)
			}
		}},
	"pg_sequences": {columns: viewColumns("schemaname name, sequencename name, sequenceowner name, data_type text, start_value int8, min_value int8, max_value int8, increment_by int8, cycle bool, cache_size int8"),
		rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
			for _, q := range s.Sequences() {
				add(q.Schema, q.Name, "weft", q.Type.Name(), q.Start, q.Min, q.Max, q.Increment, q.Cycle, q.Cache)
			}
		}},
	"pg_views": {columns: viewColumns("schemaname name, viewname name, viewowner name, definition text"), rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
		for _, v := range s.Views() {
			add(v.Schema, v.Name, "weft", v.Query+";")
		}
	}},
	"pg_matviews": {columns: viewColumns("schemaname name, matviewname name, matviewowner name, tablespace name, hasindexes bool, ispopulated bool, definition text"),
		rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
			for _, t := range s.Tables() {
				if t.Kind == catalog.Materialized {
					add(t.Schema, t.Name, "weft", nil, len(t.Indexes) > 1, t.Populated, t.Query+";")
				}
			}
		}},
	"pg_depend": {columns: viewColumns("classid oid, objid oid, objsubid int4, refclassid oid, refobjid oid, refobjsubid int4, deptype text"),
		rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
			for _, q := range s.Sequences() {
				if t := s.Table(q.OwnerTable); t != nil {
					kind := "a"
					if o := t.Ordinal(q.OwnerColumn); o >= 0 && t.Columns[o].Identity != 0 {
						kind = "i"
					}
					add(classOID, objectOID(q.ID), 0, classOID, objectOID(t.ID), int(q.OwnerColumn), kind)
				}
			}
		}},
	"pg_roles": {columns: viewColumns("oid oid, rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, rolcanlogin bool, rolreplication bool, rolconnlimit int4, rolvaliduntil text, rolbypassrls bool"),
		rows: func(_ string, _ *catalog.Snapshot, add func(...any)) {
			add(ownerOID, "weft", true, true, true, true, true, false, -1, nil, true)
		}},
	"pg_user": {columns: viewColumns("usename name, usesysid oid, usecreatedb bool, usesuper bool"), rows: func(_ string, _ *catalog.Snapshot, add func(...any)) {
		add("weft", ownerOID, true, true)
	}},
	"pg_stat_user_tables": {columns: viewColumns("relid oid, schemaname name, relname name"), rows: func(_ string, s *catalog.Snapshot, add func(...any)) {
		for _, t := range s.Tables() {
			add(objectOID(t.ID), t.Schema, t.Name)
		}
	}},
	"pg_proc":                  {columns: viewColumns("oid oid, proname name, pronamespace oid, proowner oid, prolang oid, prokind text, prorettype oid, proargtypes oid[], proargnames text[], provolatile text, prosrc text, proisstrict bool, proretset bool, pronargs int2"), rows: none},
	"pg_inherits":              {columns: viewColumns("inhrelid oid, inhparent oid, inhseqno int4, inhdetachpending bool"), rows: none},
	"pg_policy":                {columns: viewColumns("oid oid, polname name, polrelid oid, polcmd text, polpermissive bool, polroles oid[], polqual text, polwithcheck text"), rows: none},
	"pg_trigger":               {columns: viewColumns("oid oid, tgrelid oid, tgparentid oid, tgname name, tgfoid oid, tgtype int2, tgenabled text, tgisinternal bool, tgconstraint oid, tgdeferrable bool, tginitdeferred bool"), rows: none},
	"pg_rewrite":               {columns: viewColumns("oid oid, rulename name, ev_class oid, ev_type text, ev_enabled text, is_instead bool"), rows: none},
	"pg_statistic_ext":         {columns: viewColumns("oid oid, stxrelid oid, stxname name, stxnamespace oid, stxowner oid, stxstattarget int4, stxkeys int2[], stxkind text[]"), rows: none},
	"pg_publication":           {columns: viewColumns("oid oid, pubname name, pubowner oid, puballtables bool"), rows: none},
	"pg_publication_rel":       {columns: viewColumns("oid oid, prpubid oid, prrelid oid, prqual text, prattrs int2[]"), rows: none},
	"pg_publication_namespace": {columns: viewColumns("oid oid, pnpubid oid, pnnspid oid"), rows: none},
	"pg_partitioned_table":     {columns: viewColumns("partrelid oid, partstrat text, partnatts int2"), rows: none},
	"pg_foreign_table":         {columns: viewColumns("ftrelid oid, ftserver oid, ftoptions text[]"), rows: none},
	"pg_foreign_server":        {columns: viewColumns("oid oid, srvname name"), rows: none},
	"pg_extension":             {columns: viewColumns("oid oid, extname name, extowner oid, extnamespace oid, extversion text"), rows: none},
	"pg_range":                 {columns: viewColumns("rngtypid oid, rngsubtype oid"), rows: none},
	"pg_tablespace":            {columns: viewColumns("oid oid, spcname name, spcowner oid"), rows: none},
	"pg_shdescription":         {columns: viewColumns("objoid oid, classoid oid, description text"), rows: none},
	"pg_event_trigger":         {columns: viewColumns("oid oid, evtname name"), rows: none},
}

// viewTypes are the types of columns of system views by name.
var viewTypes = map[string]sqltype.Type{"name": sqltype.TName, "text": sqltype.TText, "int2": sqltype.TInt2, "int4": sqltype.TInt4, "int8": sqltype.TInt8,
	"bool": sqltype.TBool, "oid": sqltype.TOID, "float4": sqltype.TFloat4, "text[]": sqltype.ArrayOf(sqltype.TText),
	"int2[]": sqltype.ArrayOf(sqltype.TInt2), "oid[]": sqltype.ArrayOf(sqltype.TOID)}
