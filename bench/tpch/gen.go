// Package tpch is the schema, a data generator and the 22 queries of the TPC-H
// decision support benchmark, and loads them into Weft.
//
// The generator follows the rules of the specification for keys, dates, prices and
// vocabularies, so that the queries select what they are meant to; its random numbers
// and texts are its own, and the same for ever for one scale. Figures taken with it are
// not TPC-H results.
package tpch

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Table names a table and its columns, in the order in which rows give them.
type Table struct {
	Name    string
	Columns []string
}

// Tables are in an order in which they can be loaded.
var Tables = []Table{
	{"region", []string{"r_regionkey", "r_name", "r_comment"}},
	{"nation", []string{"n_nationkey", "n_name", "n_regionkey", "n_comment"}},
	{"supplier", []string{"s_suppkey", "s_name", "s_address", "s_nationkey", "s_phone", "s_acctbal", "s_comment"}},
	{"customer", []string{"c_custkey", "c_name", "c_address", "c_nationkey", "c_phone", "c_acctbal", "c_mktsegment", "c_comment"}},
	{"part", []string{"p_partkey", "p_name", "p_mfgr", "p_brand", "p_type", "p_size", "p_container", "p_retailprice", "p_comment"}},
	{"partsupp", []string{"ps_partkey", "ps_suppkey", "ps_availqty", "ps_supplycost", "ps_comment"}},
	{"orders", []string{"o_orderkey", "o_custkey", "o_orderstatus", "o_totalprice", "o_orderdate", "o_orderpriority", "o_clerk", "o_shippriority", "o_comment"}},
	{"lineitem", []string{"l_orderkey", "l_partkey", "l_suppkey", "l_linenumber", "l_quantity", "l_extendedprice", "l_discount", "l_tax",
		"l_returnflag", "l_linestatus", "l_shipdate", "l_commitdate", "l_receiptdate", "l_shipinstruct", "l_shipmode", "l_comment"}},
}

// Generate gives the rows of all tables at a scale factor, as texts of their values.
// The slice is good only during the call. It stops at the first error.
func Generate(scale float64, row func(table string, values []string) error) error {
	g := &generator{rng: rand.New(rand.NewPCG(42, uint64(scale*1e6))), emit: row, scale: scale}
	g.suppliers = g.count(10_000)
	g.customers = g.count(150_000)
	g.parts = g.count(200_000)
	g.orders = g.count(1_500_000)
	for _, step := range []func(){g.regions, g.suppliersAll, g.customersAll, g.partsAll, g.ordersAll} {
		if step(); g.err != nil {
			return g.err
		}
	}
	return nil
}

type generator struct {
	rng   *rand.Rand
	scale float64
	emit  func(string, []string) error
	err   error

	suppliers, customers, parts, orders int
	words                               strings.Builder
}

func (g *generator) count(n int) int { return max(10, int(float64(n)*g.scale)) }

func (g *generator) row(table string, values ...string) {
	if g.err == nil {
		g.err = g.emit(table, values)
	}
}

func num(n int) string { return strconv.Itoa(n) }

// cents writes an amount of hundredths.
func cents(n int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

func (g *generator) between(lo, hi int) int { return lo + g.rng.IntN(hi-lo+1) }

func pick[T any](g *generator, list []T) T { return list[g.rng.IntN(len(list))] }

// comment is a text of words between two lengths.
func (g *generator) comment(lo, hi int) string {
	want := g.between(lo, hi)
	g.words.Reset()
	for g.words.Len() < want {
		if g.words.Len() > 0 {
			g.words.WriteByte(' ')
		}
		g.words.WriteString(pick(g, vocabulary))
	}
	s := g.words.String()
	return strings.TrimRight(s[:want], " ")
}

func (g *generator) address() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "
	b := make([]byte, g.between(10, 40))
	for i := range b {
		b[i] = letters[g.rng.IntN(len(letters))]
	}
	return strings.TrimSpace(string(b)) + "."
}

func (g *generator) phone(nation int) string {
	return fmt.Sprintf("%d-%03d-%03d-%04d", nation+10, g.between(100, 999), g.between(100, 999), g.between(1000, 9999))
}

func (g *generator) regions() {
	for i, n := range regionNames {
		g.row("region", num(i), n, g.comment(31, 115))
	}
	for i, n := range nations {
		g.row("nation", num(i), n.name, num(n.region), g.comment(31, 114))
	}
}

func (g *generator) suppliersAll() {
	for k := 1; k <= g.suppliers; k++ {
		nation := g.between(0, 24)
		comment := g.comment(25, 100)
		// Five in ten thousand suppliers have complaints, as many recommendations; at least
		// one each, so that small scales have them too.
		switch every := max(1, min(2000, g.suppliers)); {
		case k%every == every/2:
			comment = "wake " + "Customer " + g.comment(3, 10) + " Complaints " + comment[:10]
		case k%every == every/3:
			comment = "wake " + "Customer " + g.comment(3, 10) + " Recommends " + comment[:10]
		}
		g.row("supplier", num(k), fmt.Sprintf("Supplier#%09d", k), g.address(), num(nation), g.phone(nation),
			cents(g.between(-99999, 999999)), comment)
	}
}

func (g *generator) customersAll() {
	for k := 1; k <= g.customers; k++ {
		nation := g.between(0, 24)
		g.row("customer", num(k), fmt.Sprintf("Customer#%09d", k), g.address(), num(nation), g.phone(nation),
			cents(g.between(-99999, 999999)), pick(g, segments), g.comment(29, 116))
	}
}

// retail is the price of a part in cents.
func retail(part int) int { return 90000 + part/10%20001 + 100*(part%1000) }

// supplierOf is the i-th of the four suppliers of a part.
func (g *generator) supplierOf(part, i int) int {
	s := g.suppliers
	return (part+i*(s/4+(part-1)/s))%s + 1
}

func (g *generator) partsAll() {
	for k := 1; k <= g.parts; k++ {
		m := g.between(1, 5)
		names := g.rng.Perm(len(colors))[:5]
		name := make([]string, 5)
		for i, n := range names {
			name[i] = colors[n]
		}
		g.row("part", num(k), strings.Join(name, " "), fmt.Sprintf("Manufacturer#%d", m), fmt.Sprintf("Brand#%d%d", m, g.between(1, 5)),
			pick(g, typeA)+" "+pick(g, typeB)+" "+pick(g, typeC), num(g.between(1, 50)), pick(g, containerA)+" "+pick(g, containerB),
			cents(retail(k)), g.comment(5, 22))
	}
	for k := 1; k <= g.parts; k++ {
		seen := map[int]bool{}
		for i := range 4 {
			s := g.supplierOf(k, i)
			if seen[s] { // only where there are hardly any suppliers
				continue
			}
			seen[s] = true
			g.row("partsupp", num(k), num(s), num(g.between(1, 9999)), cents(g.between(100, 100000)), g.comment(49, 198))
		}
	}
}

var (
	firstDay = time.Date(1992, 1, 1, 0, 0, 0, 0, time.UTC)
	today    = time.Date(1995, 6, 17, 0, 0, 0, 0, time.UTC)
)

func date(day int) string { return firstDay.AddDate(0, 0, day).Format(time.DateOnly) }

type line struct{ values []string }

// ordersAll makes orders with their lines; a third of the customers never order.
func (g *generator) ordersAll() {
	lastDay := int(time.Date(1998, 8, 2, 0, 0, 0, 0, time.UTC).Sub(firstDay).Hours() / 24)
	now := int(today.Sub(firstDay).Hours() / 24)
	for i := range g.orders {
		key := i/8*32 + i%8 + 1 // keys are sparse
		cust := g.between(1, g.customers)
		for cust%3 == 0 {
			cust = g.between(1, g.customers)
		}
		day := g.between(0, lastDay-121)
		n := g.between(1, 7)
		lines := make([]line, n)
		total, open := 0, 0
		for l := range n {
			part := g.between(1, g.parts)
			quantity := g.between(1, 50)
			price := quantity * retail(part)
			discount, tax := g.between(0, 10), g.between(0, 8)
			ship := day + g.between(1, 121)
			commit := day + g.between(30, 90)
			receipt := ship + g.between(1, 30)
			flag, status := "N", "O"
			if receipt <= now {
				flag = pick(g, []string{"R", "A"})
			}
			if ship <= now {
				status = "F"
			} else {
				open++
			}
			total += price * (100 - discount) / 100 * (100 + tax) / 100
			lines[l].values = []string{num(key), num(part), num(g.supplierOf(part, g.between(0, 3))), num(l + 1), num(quantity), cents(price),
				cents(discount), cents(tax), flag, status, date(ship), date(commit), date(receipt), pick(g, instructions), pick(g, modes), g.comment(10, 43)}
		}
		status := "P"
		switch open {
		case 0:
			status = "F"
		case n:
			status = "O"
		}
		comment := g.comment(19, 78)
		if g.rng.IntN(100) == 0 {
			comment = comment[:5] + " special " + comment[5:10] + " requests " + comment[10:min(len(comment), 72)]
		}
		g.row("orders", num(key), num(cust), status, cents(total), date(day), pick(g, priorities),
			fmt.Sprintf("Clerk#%09d", g.between(1, max(1, g.count(1000)))), "0", comment)
		for _, l := range lines {
			g.row("lineitem", l.values...)
		}
	}
}
