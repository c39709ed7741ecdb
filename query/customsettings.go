package query

import (
	"maps"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
)

// A setting whose name has a dot belongs to the application: any text, kept with the
// session's other settings, and read back with SHOW or current_setting.

func isCustom(name string) bool { return strings.Contains(name, ".") }

func (s *Session) hasCustom(name string) bool {
	_, ok := s.set.custom[name]
	return ok
}

// setting finds a setting, those of applications too.
func (s *Session) setting(name string) (setting, bool) {
	if known, ok := knownSettings[name]; ok {
		return known, true
	}
	if !customName(name) {
		return setting{}, false
	}
	put := func(s *Session, v string) {
		m := maps.Clone(s.set.custom)
		if m == nil {
			m = map[string]string{}
		}
		m[name] = v
		s.set.custom = m
	}
	return setting{
		show:  func(s *Session) string { return s.set.custom[name] },
		set:   func(s *Session, v []string) error { put(s, strings.Join(v, ", ")); return nil },
		reset: func(s *Session) { put(s, "") },
	}, true
}

// customName reports whether a name is of two or more identifiers.
func customName(name string) bool {
	parts := strings.Split(name, ".")
	for _, p := range parts {
		for i, c := range []byte(p) {
			letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
			if !letter && (i == 0 || c != '$' && (c < '0' || c > '9')) {
				return false
			}
		}
		if p == "" {
			return false
		}
	}
	return len(parts) > 1
}

// currentSetting is current_setting: what SHOW would say; ok is false for a name that is not known.
func (s *Session) currentSetting(name string) (value string, ok bool) {
	name = settingName(name)
	known, ok := s.setting(name)
	if !ok || isCustom(name) && !s.hasCustom(name) {
		return "", false
	}
	return known.show(s), true
}

// setConfig is set_config: SET as a function; nil is the value that the setting has by default.
func (s *Session) setConfig(name string, value *string, local bool) (string, error) {
	key := settingName(name)
	known, ok := s.setting(key)
	switch {
	case !ok && isCustom(name):
		return "", dberr.SQL("42602", "invalid configuration parameter name %q", name).
			WithDetail("Custom parameter names must be two or more simple identifiers separated by dots.")
	case !ok:
		return "", unknownSetting(name, 0)
	case known.set == nil:
		return "", dberr.SQL("55P02", "parameter %q cannot be changed", name)
	}
	s.setLocal(key, local)
	if value == nil {
		known.reset(s)
		return known.show(s), nil
	}
	var err error
	if key == "search_path" {
		err = s.setPathText(*value)
	} else {
		err = known.set(s, []string{*value})
	}
	if err != nil {
		return "", err
	}
	return known.show(s), nil
}
