package buffer

// Bulk installs many writes of one timestamp whose keys ascend. Neighbours share
// a descent of the tree, which also says whether a key is there, and the hash
// index gets all new keys at the end, in a loop that does not wait for memory.
type Bulk struct {
	p     *Pool
	ts    uint64
	page  view // holds the key written last
	added []addr
}

// Bulk begins to install writes at ts. It is the writer's, as Put is, and nobody
// else writes before End.
func (p *Pool) Bulk(ts uint64) Bulk { return Bulk{p: p, ts: ts, added: p.added[:0]} }

// Put makes value the version of key, which is over the last one. Both are copied.
func (b *Bulk) Put(key, value []byte) { b.install(key, value, 0) }

// Delete makes key absent.
func (b *Bulk) Delete(key []byte) { b.install(key, nil, deletedFlag) }

func (b *Bulk) install(key, value []byte, flags uint32) {
	p := b.p
	if b.page.page == nil || p.s.ends(b.page.page, key) {
		b.page = p.tree.pageFor(key, false).view()
	}
	i, ok := p.s.search(&b.page, key)
	if ok {
		p.supersede(b.page.node(i), value, flags, b.ts)
		return
	}
	node, v := p.fresh(key, value, flags, b.ts)
	if b.page.whole {
		p.s.mark(node, markBottom)
	}
	leaf := b.page.leaf
	p.tree.insertAt(&b.page, i, node)
	b.page = p.s.page(leaf).view()
	p.begun(node, v, flags, b.ts)
	b.added = append(b.added, node)
}

// End completes the bulk.
func (b *Bulk) End() {
	b.p.Settle()
	b.p.fill(b.added)
	b.p.added = b.added[:0]
}

// EndBehind completes the bulk on a goroutine of its own; until Settle returned,
// the writer does nothing but other bulks, and nobody reads.
func (b *Bulk) EndBehind() {
	p := b.p
	p.Settle()
	nodes, done := b.added, make(chan struct{})
	p.added, p.spare, p.filled = p.spare[:0], nodes, done
	go func() {
		defer close(done)
		p.fill(nodes)
	}()
}

// Settle waits for what EndBehind began.
func (p *Pool) Settle() {
	if p.filled != nil {
		<-p.filled
		p.filled = nil
	}
}

// fill enters nodes into the hash index.
func (p *Pool) fill(nodes []addr) {
	for _, node := range nodes {
		p.hash.add(p.hash.hash(p.s.key(node)), node)
	}
	p.keys.add(int64(len(nodes)))
}
