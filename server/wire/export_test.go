package wire

// Reading says whether a read runs.
func (c *Conn) Reading() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reading > 0
}

// Watched is how many connections the listener of c looks after, and whether it does.
func (c *Conn) Watched() (int, bool) {
	l := c.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns), l.sweeping
}

// Look is one look of the sweep.
func (c *Conn) Look() { c.listener.look() }

// Patience is how long a request that is waited on runs before its connection is watched.
const Patience = patience

// FirstRead is how much is read at once.
const FirstRead = firstRead
