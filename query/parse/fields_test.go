package parse

import (
	"fmt"
	"strings"
	"testing"

	pg "github.com/sqlc-dev/oliphant/ast"
	"github.com/sqlc-dev/oliphant/parser"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/weftdb/weft/query/ast"
)

// unset holds the fields that the grammar never sets, because they are filled in by later
// stages of PostgreSQL, and those that only repeat what another field says.
var unset = map[string]string{
	"xpr": "base type", "casetype": "analysis", "casecollid": "analysis", "coalescetype": "analysis",
	"coalescecollid": "analysis", "minmaxtype": "analysis", "minmaxcollid": "analysis", "inputcollid": "analysis",
	"row_typeid": "analysis", "argisrow": "analysis", "SQLValueFunction.type": "analysis",
	"type_id": "analysis", "SetToDefault.type_mod": "analysis", "SetToDefault.collation": "analysis",
	"GroupingFunc.refs": "analysis", "agglevelsup": "analysis", "msftype": "analysis", "msfcollid": "analysis",
	"cterecursive": "analysis", "cterefcount": "analysis", "ctecolnames": "analysis", "ctecoltypes": "analysis",
	"ctecoltypmods": "analysis", "ctecolcollations": "analysis", "inhcount": "analysis", "is_from_type": "analysis",
	"cooked_default": "analysis", "ColumnDef.identity": "analysis", "identity_sequence": "analysis",
	"ColumnDef.generated": "analysis", "coll_oid": "analysis", "ColumnDef.is_not_null": "analysis",
	"cooked_expr": "analysis", "old_conpfeqop": "analysis", "old_pktable_oid": "analysis", "reset_default_tblspc": "analysis",
	"initially_valid": "the opposite of skip_validation", "is_local": "true for every column definition",
	"idxcomment": "analysis", "index_oid": "analysis", "old_number": "analysis", "old_create_subid": "analysis",
	"old_first_relfilelocator_subid": "analysis", "transformed": "analysis", "AlterTableCmd.recurse": "analysis",
	"RenameStmt.relation_type": "only of columns", "jumble_args": "about fingerprints", "TypeName.typemod": "always -1",
	"SQLValueFunction.typmod": "only of the forms with a precision", "funcformat": "how a call was written",
	"row_format": "how a row was written", "ResTarget.val": "absent in column lists", "IndexStmt.isconstraint": "analysis",
	"JsonOutput.returning": "absent is the default", "JsonReturning.format": "absent is the default", "JsonIsPredicate.format": "absent is the default",
	"JsonArrayQueryConstructor.format": "absent is the default", "JsonTableColumn.format": "absent is the default, and the kind of the column says it",
	"cycle_mark_type": "analysis", "cycle_mark_typmod": "analysis", "cycle_mark_collation": "analysis", "cycle_mark_neop": "analysis",
	"argnumber": "analysis", "JsonValueExpr.format": "absent is the default",
	"TRANS_STMT_START": "is BEGIN", "JS_FORMAT_DEFAULT": "the kind of the column says it", "TRANS_STMT_BEGIN": "is START",
	"SORTBY_ASC": "the default", "LIMIT_OPTION_COUNT": "what is not WITH TIES", "LIMIT_OPTION_DEFAULT": "what is not WITH TIES",
}

func skipField(fd protoreflect.FieldDescriptor) bool {
	name := string(fd.Name())
	if strings.HasSuffix(name, "location") || strings.Contains(name, "list_start") || strings.Contains(name, "list_end") {
		return true
	}
	if fd.Parent().Name() == "Integer" {
		return true // a size of an array's bounds, which means nothing, or an option, which has tests
	}
	return unset[name] != "" || unset[string(fd.Parent().Name())+"."+name] != ""
}

// TestEveryFieldIsReadOrRefused changes each field of each node that the accepted
// statements consist of, one at a time, and wants either a refusal or another tree.
func TestEveryFieldIsReadOrRefused(t *testing.T) {
	done := map[string]bool{}
	failed := map[string]string{}
	for _, sql := range readLines(t, "accepted.sql") {
		tree, err := parser.ParseToTree(sql)
		if err != nil || len(tree.Stmts) != 1 {
			continue // what only the scanner before the grammar accepts
		}
		stmt := tree.Stmts[0].Stmt
		before, err := mapTree(sql, stmt)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		visitMessages("", stmt.ProtoReflect(), func(parent string, msg protoreflect.Message) {
			mutate(msg, func(field string) {
				field = parent + " > " + field
				if done[field] {
					return
				}
				after, err := mapTree(sql, stmt)
				if err != nil || diff(before, after) != "" {
					done[field] = true
					delete(failed, field)
				} else {
					failed[field] = sql
				}
			})
		})
		if again, err := mapTree(sql, stmt); err != nil || diff(before, again) != "" {
			t.Fatalf("%s: the tree was not put back: %v", sql, err)
		}
	}
	for field, sql := range failed {
		t.Errorf("%s is neither read nor refused: %.100s", field, sql)
	}
	if len(done) < 2400 {
		t.Errorf("only %d fields were tried", len(done))
	}
	t.Logf("%d fields are read or refused", len(done))
}

// mapTree maps a tree; a panic on a tree that the grammar cannot make counts as a refusal.
func mapTree(sql string, n *pg.Node) (s ast.Stmt, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	m := &mapper{text: rewrite(sql, "", 0, len(sql), nil), maxDepth: 1000}
	s = m.statement(n)
	return s, m.err
}

// visitMessages calls f for every message that is not a Node, which is only a wrapper, with
// the field that holds it, since one kind of node is mapped in several places.
func visitMessages(parent string, msg protoreflect.Message, f func(parent string, msg protoreflect.Message)) {
	name := string(msg.Descriptor().Name())
	if name != "Node" {
		f(parent, msg)
	}
	msg.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := parent
		if name != "Node" {
			at = name + "." + string(fd.Name())
		}
		switch {
		case fd.Message() == nil:
		case fd.IsList():
			for i := range v.List().Len() {
				visitMessages(at, v.List().Get(i).Message(), f)
			}
		default:
			visitMessages(at, v.Message(), f)
		}
		return true
	})
}

// mutate changes one field after the other, calls try, and puts the field back.
func mutate(msg protoreflect.Message, try func(field string)) {
	fields := msg.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if skipField(fd) {
			continue
		}
		restore := saved(msg, fd)
		name := string(msg.Descriptor().Name()) + "." + string(fd.Name())
		for _, v := range otherValues(msg, fd) {
			if v.IsValid() {
				msg.Set(fd, v)
			} else {
				msg.Clear(fd)
			}
			if !fd.IsList() && fd.Kind() == protoreflect.EnumKind && v.IsValid() {
				try(name + "=" + string(fd.Enum().Values().ByNumber(v.Enum()).Name()))
			} else {
				try(name)
			}
			restore()
		}
	}
}

// saved gives a function that puts a field back. A list is copied, because what Get
// returns of it changes with the field.
func saved(msg protoreflect.Message, fd protoreflect.FieldDescriptor) func() {
	if !msg.Has(fd) {
		return func() { msg.Clear(fd) }
	}
	old := msg.Get(fd)
	if !fd.IsList() {
		return func() { msg.Set(fd, old) }
	}
	var elems []protoreflect.Value
	for i := range old.List().Len() {
		elems = append(elems, old.List().Get(i))
	}
	return func() {
		msg.Clear(fd)
		l := msg.Mutable(fd).List()
		for _, e := range elems {
			l.Append(e)
		}
	}
}

// otherValues gives values that differ from the field's: a marker, and nothing where it has something.
func otherValues(msg protoreflect.Message, fd protoreflect.FieldDescriptor) []protoreflect.Value {
	if fd.ContainingOneof() != nil {
		return nil // the value of a constant; its kinds are statements of their own
	}
	if msg.Has(fd) {
		if fd.Kind() == protoreflect.EnumKind && !fd.IsList() {
			var out []protoreflect.Value
			values := fd.Enum().Values()
			for i := range values.Len() {
				if n := values.Get(i).Number(); n != msg.Get(fd).Enum() && n != 0 && unset[string(values.Get(i).Name())] == "" {
					out = append(out, protoreflect.ValueOfEnum(n))
				}
			}
			return out
		}
		return []protoreflect.Value{{}}
	}
	marker := &pg.Node{Node: &pg.Node_String_{String_: &pg.String{Sval: "marker"}}}
	switch {
	case fd.IsList():
		l := msg.NewField(fd)
		if fd.Message() != nil && fd.Message().Name() == "Node" {
			l.List().Append(protoreflect.ValueOfMessage(marker.ProtoReflect()))
		} else {
			l.List().Append(l.List().NewElement())
		}
		return []protoreflect.Value{l}
	case fd.Kind() == protoreflect.BoolKind:
		return []protoreflect.Value{protoreflect.ValueOfBool(true)}
	case fd.Kind() == protoreflect.StringKind:
		return []protoreflect.Value{protoreflect.ValueOfString("marker")}
	case fd.Kind() == protoreflect.Int32Kind:
		return []protoreflect.Value{protoreflect.ValueOfInt32(1)}
	case fd.Kind() == protoreflect.Uint32Kind:
		return []protoreflect.Value{protoreflect.ValueOfUint32(1)}
	case fd.Message() != nil && fd.Message().Name() == "Node":
		return []protoreflect.Value{protoreflect.ValueOfMessage(marker.ProtoReflect())}
	case fd.Message() != nil:
		v := msg.NewField(fd)
		if inner := v.Message().Descriptor().Fields(); inner.Len() > 0 {
			for _, w := range otherValues(v.Message(), inner.Get(0)) {
				v.Message().Set(inner.Get(0), w)
			}
		}
		return []protoreflect.Value{v}
	}
	return nil
}
