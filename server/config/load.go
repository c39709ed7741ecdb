package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// DefaultFile is read where no other file is named and it is there.
const DefaultFile = "weft.toml"

// Sources are what a configuration is made of besides the defaults.
type Sources struct {
	// File is the configuration file; "" means DefaultFile where it exists.
	File string
	// Environ is the environment as os.Environ gives it.
	Environ []string
	// Flags are the values of flags that were given, by the key that each sets.
	Flags map[string]string
	// Set are the arguments of --set: key=value.
	Set []string
}

// Load reads the configuration and names every fault at once.
func Load(src Sources) (*Config, error) {
	l := loader{c: &Config{origin: make(map[string]string)}}
	for _, k := range keys {
		if err := k.set(l.c, k.def); err != nil {
			return nil, fmt.Errorf("default of %s: %w", k.name, err)
		}
	}
	l.file(src.File)
	l.environ(src.Environ)
	l.flags(src)
	if len(l.errs) == 0 && l.c.Server.Dev && l.c.Origin("log.level") == "default" {
		l.apply("log.level", "debug", "server.dev")
	}
	if err := joined(l.errs); err != nil {
		return nil, err
	}
	guard, err := l.c.Encryption.provider(src.Environ)
	if err != nil {
		return nil, joined([]error{err})
	}
	l.c.Storage.Encryption = guard
	return l.c, l.c.Validate()
}

// loader lays one source over the other and gathers faults.
type loader struct {
	c    *Config
	errs []error
}

func (l *loader) fault(format string, args ...any) {
	l.errs = append(l.errs, fmt.Errorf(format, args...))
}

// layer applies a source that koanf has read.
func (l *loader) layer(k *koanf.Koanf, origin func(key string) string) {
	for _, name := range k.Keys() {
		v, err := asText(k.Get(name))
		if err != nil {
			l.fault("%s (%s): %v", name, origin(name), err)
			continue
		}
		l.apply(name, v, origin(name))
	}
}

func (l *loader) apply(name, value, origin string) {
	k := lookup(name)
	if k == nil {
		l.fault("%s (%s): there is no such key%s", name, origin, suggestion(name))
		return
	}
	if err := k.set(l.c, value); err != nil {
		l.fault("%s (%s): %v", name, origin, err)
		return
	}
	l.c.origin[name] = origin
}

// asText gives the text of a value that a file holds.
func asText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case int:
		return strconv.Itoa(v), nil
	case []any:
		var parts []string
		for _, item := range v {
			s, ok := item.(string)
			if !ok || strings.Contains(s, ",") {
				return "", fmt.Errorf("%v: want a list of strings without commas", v)
			}
			parts = append(parts, s)
		}
		return strings.Join(parts, ","), nil
	}
	return "", fmt.Errorf("%v: want a string, a number, true or false, or a list of strings", v)
}

func (l *loader) file(path string) {
	named := path != ""
	if !named {
		path = DefaultFile
	}
	k := koanf.New(".")
	err := k.Load(file.Provider(path), toml.Parser())
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
	case err != nil:
		l.fault("%s: %v", path, err)
	default:
		l.layer(k, func(string) string { return path })
	}
}

// sections are the first parts of keys.
func sections() (list []string) {
	for _, k := range keys {
		s, _, _ := strings.Cut(k.name, ".")
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// envName is the variable that sets a key.
func envName(key string) string {
	return "WEFT_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// environ takes the variables that name keys. Other variables that begin with
// WEFT_ and a section are faults; the rest belong to somebody else.
func (l *loader) environ(list []string) {
	found := make(map[string]any)
	for _, entry := range list {
		name, value, _ := strings.Cut(entry, "=")
		key := ""
		for _, k := range keys {
			if envName(k.name) == name {
				key = k.name
			}
		}
		if key != "" {
			found[key] = value
			continue
		}
		for _, s := range sections() {
			if rest, ok := strings.CutPrefix(name, "WEFT_"+strings.ToUpper(s)+"_"); ok {
				l.fault("environment variable %s: there is no key %s.%s%s", name, s, strings.ToLower(rest), suggestion(s+"."+strings.ToLower(rest)))
			}
		}
	}
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(found, "."), nil); err != nil {
		l.fault("environment: %v", err)
	}
	l.layer(k, func(key string) string { return "environment " + envName(key) })
}

// flags takes the flags, --set last.
func (l *loader) flags(src Sources) {
	for _, k := range keys {
		if v, ok := src.Flags[k.name]; ok {
			l.apply(k.name, v, "flag")
		}
	}
	for _, arg := range src.Set {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			l.fault("--set %s: want key=value", arg)
			continue
		}
		l.apply(strings.TrimSpace(name), value, "--set")
	}
}

func lookup(name string) *key {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	return nil
}

// suggestion names the nearest key, or nothing where none is near.
func suggestion(name string) string {
	best, bestDistance := "", len(name)/2+1
	for _, k := range keys {
		d := distance(name, k.name)
		if _, last, _ := strings.Cut(k.name, "."); last == name {
			d = 0
		}
		if d < bestDistance {
			best, bestDistance = k.name, d
		}
	}
	if best == "" {
		return "; weft serve --print-config lists them"
	}
	return "; did you mean " + best + "?"
}

// distance is the number of edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
