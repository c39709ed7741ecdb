package streaming

import "unsafe"

// press makes messages that have their memory in common, as many of them as come one after
// the other: one that comes alone has its own. Not safe for concurrent use.
type press struct {
	messages []Message
	data     []byte
	texts    []byte
	made     int // since rest
}

// Memory in common is of so many messages and bytes at most, since it is there as long as
// one of its messages is.
const pressMessages, pressBytes, pressTexts = 32, 8 << 10, 512

// rest says that the next message may come alone.
func (p *press) rest() { *p = press{} }

// message returns a message with room for so many bytes of data, for the caller to append to.
func (p *press) message(bytes int) *Message {
	if len(p.messages) == 0 {
		p.messages = make([]Message, max(min(p.made, pressMessages), 1))
	}
	if cap(p.data)-len(p.data) < bytes {
		p.data = make([]byte, 0, max(min(p.made*bytes, pressBytes), bytes))
	}
	m := &p.messages[0]
	from := len(p.data)
	p.messages, p.data = p.messages[1:], p.data[:from+bytes]
	m.Data = p.data[from : from : from+bytes]
	p.made++
	return m
}

// text returns a copy of b.
func (p *press) text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if cap(p.texts)-len(p.texts) < len(b) {
		p.texts = make([]byte, 0, max(min(p.made*len(b), pressTexts), len(b)))
	}
	from := len(p.texts)
	p.texts = append(p.texts, b...)
	return unsafe.String(&p.texts[from], len(b)) // these bytes are never written again
}
