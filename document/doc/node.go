package doc

import "slices"

// Node is a value that can be changed. What is not changed stays in binary form, so
// a change in a large document costs as much as the path to it is wide. A Node is
// of one goroutine.
type Node struct {
	raw    Value // of a node that was not opened
	kind   Kind  // Object or Array of one that was
	fields []NodeField
	elems  []*Node
}

// NodeField is a field of an object that can be changed.
type NodeField struct {
	Name string
	Node *Node
}

// NewNode is a node with the value v, which is not copied.
func NewNode(v Value) *Node { return &Node{raw: v} }

// Kind is what the node is.
func (n *Node) Kind() Kind {
	if n.kind != Missing {
		return n.kind
	}
	return n.raw.Kind()
}

// open makes the parts of an array or object nodes.
func (n *Node) open() {
	if n.kind != Missing {
		return
	}
	switch n.raw.Kind() {
	case Object:
		n.kind = Object
		n.fields = make([]NodeField, 0, n.raw.Len()+1)
		n.raw.Fields(func(name []byte, f Value) bool {
			n.fields = append(n.fields, NodeField{string(name), NewNode(f)})
			return true
		})
	case Array:
		n.kind = Array
		n.elems = make([]*Node, 0, n.raw.Len()+1)
		n.raw.Elements(func(_ int, e Value) bool {
			n.elems = append(n.elems, NewNode(e))
			return true
		})
	}
}

// Set makes the node's value v.
func (n *Node) Set(v Value) { *n = Node{raw: v} }

// SetObject makes the node an object without fields.
func (n *Node) SetObject() { *n = Node{kind: Object} }

// Len is the number of fields or elements.
func (n *Node) Len() int {
	if n.kind == Missing {
		return n.raw.Len()
	}
	return len(n.fields) + len(n.elems)
}

// Field is a field of an object, nil where there is none.
func (n *Node) Field(name string) *Node {
	if n.kind == Missing {
		if n.raw.Kind() != Object || !n.raw.Field(name).Exists() {
			return nil
		}
	}
	n.open()
	for i := range n.fields {
		if n.fields[i].Name == name {
			return n.fields[i].Node
		}
	}
	return nil
}

// AddField adds a field, which must not be there, to the end of an object.
func (n *Node) AddField(name string, f *Node) {
	n.open()
	n.fields = append(n.fields, NodeField{name, f})
}

// RemoveField removes a field of an object and returns it, nil where there is none.
func (n *Node) RemoveField(name string) *Node {
	f := n.Field(name)
	if f != nil {
		n.fields = slices.DeleteFunc(n.fields, func(o NodeField) bool { return o.Node == f })
	}
	return f
}

// Elem is element i of an array, nil where there is none.
func (n *Node) Elem(i int) *Node {
	if n.Kind() != Array || i < 0 || i >= n.Len() {
		return nil
	}
	n.open()
	return n.elems[i]
}

// Elems are the elements of an array. The slice may be changed and given back to
// SetElems.
func (n *Node) Elems() []*Node {
	if n.Kind() != Array {
		return nil
	}
	n.open()
	return n.elems
}

// SetElems makes the node an array of elements.
func (n *Node) SetElems(elems []*Node) { *n = Node{kind: Array, elems: elems} }

// Fields are the fields of an object, not to be changed.
func (n *Node) Fields() []NodeField {
	if n.Kind() != Object {
		return nil
	}
	n.open()
	return n.fields
}

// Value is the node in binary form.
func (n *Node) Value() Value {
	if n.kind == Missing {
		return n.raw
	}
	return Value{n.append(nil)}
}

func (n *Node) append(dst []byte) []byte {
	if n.kind == Array {
		elems := make([]Value, len(n.elems))
		for i, e := range n.elems {
			elems[i] = e.Value()
		}
		return AppendArray(dst, elems)
	}
	fields := make([]Field, len(n.fields))
	for i, f := range n.fields {
		fields[i] = Field{f.Name, f.Node.Value()}
	}
	return AppendObject(dst, fields)
}

// Depth is how deep arrays and objects nest in v: 0 in a scalar.
func (v Value) Depth() int {
	deepest := 0
	switch v.Kind() {
	case Object:
		v.Fields(func(_ []byte, f Value) bool {
			deepest = max(deepest, f.Depth())
			return true
		})
	case Array:
		v.Elements(func(_ int, e Value) bool {
			deepest = max(deepest, e.Depth())
			return true
		})
	default:
		return 0
	}
	return deepest + 1
}
