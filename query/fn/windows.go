package fn

func (t *tables) window(sig string, framed bool) {
	f := signature(sig)
	t.windows[f.Name] = append(t.windows[f.Name], &WindowFunc{Name: f.Name, Args: f.Args, Ret: f.Ret, Framed: framed})
}

func registerWindows(t *tables) {
	for _, s := range []string{
		"row_number() int8", "rank() int8", "dense_rank() int8",
		"percent_rank() float8", "cume_dist() float8", "ntile(int4) int4",
		"lag(anyelement) anyelement", "lag(anyelement,int4) anyelement",
		"lag(anycompatible,int4,anycompatible) anycompatible",
		"lead(anyelement) anyelement", "lead(anyelement,int4) anyelement",
		"lead(anycompatible,int4,anycompatible) anycompatible",
	} {
		t.window(s, false)
	}
	for _, s := range []string{
		"first_value(anyelement) anyelement", "last_value(anyelement) anyelement", "nth_value(anyelement,int4) anyelement",
	} {
		t.window(s, true)
	}
}
