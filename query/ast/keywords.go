package ast

import "strings"

// mustQuote holds the key words that cannot be a name of anything unquoted;
// funcWords those that can name functions and types only.
var (
	mustQuote = wordSet(`all analyse analyze and any array as asc asymmetric both case cast check collate column
		constraint create current_catalog current_date current_role current_time current_timestamp current_user
		default deferrable desc distinct do else end except false fetch for foreign from grant group having in
		initially intersect into lateral leading limit localtime localtimestamp not null offset on only or order
		placing primary references returning select session_user some symmetric system_user table then to trailing
		true union unique user using variadic when where window with
		between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout
		int integer interval json json_array json_arrayagg json_exists json_object json_objectagg json_query
		json_scalar json_serialize json_table json_value least merge_action national nchar none normalize nullif
		numeric out overlay position precision real row setof smallint substring time timestamp treat trim values
		varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
		xmlserialize xmltable`)
	funcWords = wordSet(`authorization binary collation concurrently cross current_schema freeze full ilike inner is
		isnull join left like natural notnull outer overlaps right similar tablesample verbose`)
	// callWords are functions of funcWords that can be called unquoted.
	callWords = wordSet("left right")
	// typeWords are key words that, unquoted, are the built-in types of their names.
	typeWords = wordSet("time timestamp interval numeric varchar bit json")
)

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// QuoteIdent writes a name as it must stand in SQL: quoted where it has other than
// lower-case letters, digits and underscores, or is a key word.
func QuoteIdent(name string) string {
	if plainIdent(name) && !mustQuote[name] && !funcWords[name] {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func plainIdent(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'a' && c <= 'z' || c == '_' || i > 0 && c >= '0' && c <= '9' {
			continue
		}
		return false
	}
	return name != ""
}

// QuoteLiteral writes a string as a literal.
func QuoteLiteral(s string) string {
	if strings.IndexByte(s, '\\') >= 0 {
		return "E'" + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "'", "''") + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
