// Package archtest keeps the import rule: packages import downwards, never
// sideways, and every package has a line in the table.
//
// The rule is data (see layers): a package may import packages of lower layers,
// and those of its own layer that its line names. Run with -count=1, since the
// test cache does not see what `go list` reads.
package archtest

import (
	"fmt"
	"sort"
	"strings"
)

// Module is the module's import path.
const Module = "github.com/weftdb/weft"

// Rule is one line of the table: a package, or with a trailing "/..." a package
// and all below it.
type Rule struct {
	Path  string
	Layer int
	// Also lists packages of the same layer that it may import.
	Also []string
	// Not lists packages of lower layers that it must not import, with the reason.
	Not map[string]string
}

// The layers, from the ground up.
const (
	layerLeaf = iota
	layerStorageBase
	layerStoragePart
	layerTxn
	layerStorage
	layerModel
	layerQuery
	layerLoad
	layerRoot
	layerServe
	layerServer
	layerCommand
)

// Rules is the import table of docs/design/layout.md.
var Rules = []Rule{
	{Path: "internal/dberr", Layer: layerLeaf},
	{Path: "internal/enc", Layer: layerLeaf},
	{Path: "internal/clock", Layer: layerLeaf},
	{Path: "internal/deadline", Layer: layerLeaf},
	{Path: "internal/gcpace", Layer: layerLeaf},
	{Path: "internal/archtest", Layer: layerLeaf},
	{Path: "internal/testkit/...", Layer: layerLeaf},

	{Path: "storage/vfs", Layer: layerStorageBase},
	{Path: "storage/crypt", Layer: layerStorageBase, Also: []string{"storage/vfs"}},
	{Path: "storage/crypt/vault", Layer: layerStorageBase, Also: []string{"storage/crypt"}},
	{Path: "storage/keyspace", Layer: layerStorageBase},
	{Path: "storage/compress", Layer: layerStorageBase},

	{Path: "storage/wal", Layer: layerStoragePart},
	{Path: "storage/buffer", Layer: layerStoragePart},
	{Path: "storage/sorted", Layer: layerStoragePart},
	{Path: "storage/records", Layer: layerStoragePart, Also: []string{"storage/buffer", "storage/sorted"}},

	{Path: "storage/txn", Layer: layerTxn},
	{Path: "storage", Layer: layerStorage},
	{Path: "storage/backup", Layer: layerStorage, Also: []string{"storage"}},

	{Path: "kv", Layer: layerModel},
	{Path: "streaming", Layer: layerModel},
	{Path: "document/doc", Layer: layerModel},
	{Path: "document/expr", Layer: layerModel, Also: []string{"document/doc"}},
	{Path: "document/match", Layer: layerModel, Also: []string{"document/doc", "document/expr"}},
	{Path: "document/update", Layer: layerModel, Also: []string{"document/doc", "document/match"}},
	{Path: "document/fulltext", Layer: layerModel, Also: []string{"document/doc"}},
	{Path: "document/pipeline", Layer: layerModel, Also: []string{"document/doc", "document/expr", "document/match"}},
	{Path: "document", Layer: layerModel, Also: []string{"document/doc", "document/match", "document/update", "document/pipeline", "document/fulltext"}},

	{Path: "timeseries/block", Layer: layerModel},
	{Path: "timeseries", Layer: layerModel, Also: []string{"timeseries/block"}},
	{Path: "timeseries/line", Layer: layerModel, Also: []string{"timeseries", "timeseries/block"}},
	{Path: "timeseries/otlp", Layer: layerModel, Also: []string{"timeseries", "timeseries/prom"}},
	{Path: "timeseries/prom", Layer: layerModel, Also: []string{"timeseries", "timeseries/block"}},

	// Inside query, in import order.
	{Path: "query/sqltype", Layer: layerModel, Also: []string{"query/are"}},
	{Path: "query/vec", Layer: layerModel, Also: []string{"query/sqltype"}},
	{Path: "query/are", Layer: layerModel},
	{Path: "query/fn", Layer: layerModel, Also: []string{"query/are", "query/sqltype", "query/vec"}},
	{Path: "query/ast", Layer: layerModel, Also: []string{"query/sqltype"}},
	{Path: "query/parse", Layer: layerModel, Also: []string{"query/sqltype", "query/ast"}},
	{Path: "query/catalog", Layer: layerModel, Also: []string{"query/sqltype", "query/vec", "query/ast", "query/parse"}},
	{Path: "query/source", Layer: layerModel, Also: []string{"query/sqltype", "query/vec", "query/fn", "query/catalog"}},
	{Path: "query/source/jsonb", Layer: layerQuery},
	{Path: "query/source/kvtable", Layer: layerQuery, Also: []string{"query/source/jsonb"}},
	{Path: "query/source/tstable", Layer: layerQuery},
	{Path: "query/source/doctable", Layer: layerQuery, Also: []string{"query/source/jsonb"}},
	{Path: "query/source/streamtable", Layer: layerQuery, Also: []string{"query/source/jsonb"}},
	{Path: "query/stats", Layer: layerModel, Also: []string{"query/sqltype", "query/vec", "query/catalog"}},
	{Path: "query/plan", Layer: layerModel, Also: []string{"query/sqltype", "query/vec", "query/fn", "query/ast", "query/parse", "query/catalog", "query/source", "query/stats"}},
	{Path: "query/opt", Layer: layerModel, Also: []string{"query/sqltype", "query/vec", "query/fn", "query/ast", "query/parse", "query/catalog", "query/source", "query/stats", "query/plan"}},
	{Path: "query/rowstore", Layer: layerModel, Also: []string{"query/sqltype", "query/vec", "query/catalog"}},
	{Path: "query/colstore", Layer: layerModel, Also: []string{"query/sqltype", "query/vec", "query/catalog"}},
	{Path: "query/exec", Layer: layerModel, Also: []string{"query/sqltype", "query/vec", "query/fn", "query/catalog", "query/plan", "query/rowstore", "query/colstore", "query/source"}},
	{Path: "query", Layer: layerQuery},

	{Path: "kv", Layer: layerModel},

	{Path: "bulk", Layer: layerLoad},
	{Path: "bulk/points", Layer: layerLoad, Also: []string{"bulk"}},
	{Path: "live", Layer: layerLoad},
	{Path: "continuous/window", Layer: layerLoad},
	{Path: "continuous", Layer: layerLoad, Also: []string{"continuous/window"}},
	{Path: "cdc", Layer: layerLoad, Not: map[string]string{"query": "changes are of rows, not of statements"}},

	{Path: ".", Layer: layerRoot},
	{Path: "internal/slt/...", Layer: layerServe, Also: []string{"internal/slt/..."}},
	{Path: "monitoring/...", Layer: layerServe, Also: []string{"monitoring/..."}},
	{Path: "web", Layer: layerServe},
	{Path: "server/...", Layer: layerServer, Also: []string{"server/..."}},
	{Path: "cmd/...", Layer: layerCommand, Also: []string{"cmd/..."}},
	{Path: "bench/...", Layer: layerCommand, Also: []string{"bench/..."}},
	{Path: "tests/...", Layer: layerCommand, Also: []string{"tests/..."}},
}

// Package is what `go list` says of one package of the module.
type Package struct {
	Path    string // relative to the module, "." for the root
	Imports []string
}

// Check returns one sentence for each breach of the rules, sorted.
func Check(rules []Rule, packages []Package) []string {
	var faults []string
	for _, p := range packages {
		from := ruleFor(rules, p.Path)
		if from == nil {
			faults = append(faults, fmt.Sprintf("%s has no line in the import table: decide its layer", p.Path))
			continue
		}
		for _, imp := range p.Imports {
			to := ruleFor(rules, imp)
			if to == nil || imp == p.Path {
				continue // the missing line is reported for that package itself
			}
			if why := refuse(*from, *to, imp); why != "" {
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", p.Path, imp, why))
			}
		}
	}
	sort.Strings(faults)
	return faults
}

func refuse(from, to Rule, imp string) string {
	for pattern, why := range from.Not {
		if matches(pattern, imp) {
			return why
		}
	}
	if to.Layer < from.Layer {
		return ""
	}
	if to.Layer > from.Layer {
		return "that is a higher layer; imports point down"
	}
	for _, a := range from.Also {
		if matches(a, imp) {
			return ""
		}
	}
	return "that is the same layer and not named in its line; imports never go sideways"
}

// ruleFor returns the most exact line for a package.
func ruleFor(rules []Rule, path string) *Rule {
	var best *Rule
	for i := range rules {
		if matches(rules[i].Path, path) && (best == nil || len(rules[i].Path) > len(best.Path)) {
			best = &rules[i]
		}
	}
	return best
}

func matches(pattern, path string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == base || strings.HasPrefix(path, base+"/")
	}
	return pattern == path
}
