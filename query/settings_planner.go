package query

import "github.com/weftdb/weft/query/opt"

// plannerSetting is one enable_ setting: off makes the planner avoid a method
// wherever there is another one.
type plannerSetting struct {
	name, about string
	off         func(p *opt.Settings) *bool
}

var plannerSettings = []plannerSetting{
	{"enable_seqscan", "whether the planner may read whole tables", func(p *opt.Settings) *bool { return &p.NoSeqScan }},
	{"enable_indexscan", "whether the planner may search indexes", func(p *opt.Settings) *bool { return &p.NoIndexScan }},
	{"enable_indexonlyscan", "whether the planner may read indexes instead of tables", func(p *opt.Settings) *bool { return &p.NoIndexOnlyScan }},
	{"enable_bitmapscan", "whether the planner may search several indexes for an OR", func(p *opt.Settings) *bool { return &p.NoIndexUnion }},
	{"enable_hashjoin", "whether the planner may use hash joins", func(p *opt.Settings) *bool { return &p.NoHashJoin }},
	{"enable_mergejoin", "whether the planner may use merge joins", func(p *opt.Settings) *bool { return &p.NoMergeJoin }},
	{"enable_nestloop", "whether the planner may use nested loops", func(p *opt.Settings) *bool { return &p.NoNestLoop }},
	{"enable_hashagg", "whether the planner may group by hashing", func(p *opt.Settings) *bool { return &p.NoHashAgg }},
	{"enable_sort", "whether the planner may sort", func(p *opt.Settings) *bool { return &p.NoSort }},
	{"enable_material", "whether nested loops may keep their inner side", func(p *opt.Settings) *bool { return &p.NoMaterial }},
}

func addPlannerSettings() {
	for _, p := range plannerSettings {
		knownSettings[p.name] = setting{
			about: p.about,
			show:  func(s *Session) string { return onOff(!*p.off(&s.set.planner)) },
			set: func(s *Session, v []string) error {
				on, err := parseBool(p.name, v)
				if err == nil {
					*p.off(&s.set.planner) = !on
				}
				return err
			},
			reset: func(s *Session) { *p.off(&s.set.planner) = *p.off(&s.e.opts.Planner) },
		}
	}
}
