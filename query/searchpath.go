package query

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
)

// A search path names schemas that need not be there: what is not is passed over where
// names are looked up, and a new object goes into the first that is. "$user" is the schema
// of the user's name.

// defaultPath is what SHOW says of sessions that have not set a path.
const defaultPath = `"$user", public`

// publicPath are the schemas of defaultPath. Paths are replaced, not changed.
var publicPath = []string{sqlUser, catalog.PublicSchema}

// setPath takes the names of SET, which are not in quotes any more.
func setPath(s *Session, v []string) error {
	quoted := make([]string, len(v))
	for i, name := range v {
		quoted[i] = ast.QuoteIdent(name)
		if name == "" {
			quoted[i] = `""`
		}
	}
	s.takePath(strings.Join(quoted, ", "), v)
	return nil
}

// setPathText takes a path as it is written, as set_config does.
func (s *Session) setPathText(text string) error {
	list, ok := pathNames(text)
	if !ok {
		return badValue("search_path", []string{text}).WithDetail("List syntax is invalid.")
	}
	s.takePath(text, list)
	return nil
}

func (s *Session) takePath(text string, names []string) {
	var path []string
	for _, p := range names {
		if p == "$user" {
			p = sqlUser
		}
		if p != catalog.SystemSchema && p != "" {
			path = append(path, p)
		}
	}
	s.set.path, s.set.pathText = path, text
}

func (s *Session) resetPath() { s.set.path, s.set.pathText = publicPath, defaultPath }

// pathNames reads the names of a list: those in quotes as they are, others in small letters.
func pathNames(text string) (list []string, ok bool) {
	rest := strings.TrimSpace(text)
	if rest == "" {
		return nil, true
	}
	for {
		var name string
		if strings.HasPrefix(rest, `"`) {
			end := 1
			for {
				i := strings.IndexByte(rest[end:], '"')
				if i < 0 {
					return nil, false
				}
				end += i + 1
				if !strings.HasPrefix(rest[end:], `"`) {
					break
				}
				end++
			}
			name, rest = strings.ReplaceAll(rest[1:end-1], `""`, `"`), rest[end:]
		} else {
			end := strings.IndexAny(rest, ", \t\n")
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return nil, false
			}
			name, rest = strings.ToLower(rest[:end]), rest[end:]
		}
		list = append(list, name)
		rest = strings.TrimSpace(rest)
		if rest == "" {
			return list, true
		}
		if rest[0] != ',' {
			return nil, false
		}
		rest = strings.TrimSpace(rest[1:])
	}
}

// schemas are those of the path that are there; all asks for those that are searched
// without being named, too.
func (s *Session) schemas(all bool) []string {
	if s.tx == nil {
		return nil
	}
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return nil
	}
	var list []string
	named, _ := pathNames(s.set.pathText)
	for _, p := range named {
		if p == "$user" {
			p = sqlUser
		}
		there := p == catalog.SystemSchema || p == catalog.InformationSchema || snap.HasSchema(p)
		if p != "" && there && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	if !all {
		return list
	}
	if !slices.Contains(list, catalog.SystemSchema) {
		list = slices.Insert(list, 0, catalog.SystemSchema)
	}
	if s.temp != "" && snap.HasSchema(s.temp) {
		list = slices.Insert(list, 0, s.temp)
	}
	return list
}

// creationSchema is where an object without a schema goes.
func (d *definer) creationSchema(pos int) (string, error) {
	for _, p := range d.s.set.path {
		if d.e.HasSchema(p) {
			return p, nil
		}
	}
	return "", dberr.SQL(dberr.StateInvalidSchemaName, "no schema has been selected to create in").At(pos)
}
