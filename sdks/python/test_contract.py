"""Tests against a real server: WEFT_URL=http://127.0.0.1:7600 python3 test_contract.py"""

import contextlib
import datetime
import doctest
import io
import os
import tempfile
import unittest

import weft

URL = os.environ["WEFT_URL"]


class Contract(unittest.TestCase):
    def setUp(self):
        self.db = weft.connect(URL)
        self.addCleanup(self.db.close)
        self.db.query("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v numeric, doc jsonb)")

    def test_query(self):
        r = self.db.query("INSERT INTO t VALUES ($1, 1.50, $2) RETURNING id, v, doc", [1, {"a": [1]}])
        self.assertEqual((r.columns, r.types, r.rows, r.rows_affected), (["id", "v", "doc"], ["integer", "numeric", "jsonb"], [[1, "1.50", {"a": [1]}]], 1))
        self.assertEqual(self.db.query("SELECT id FROM t").dicts(), [{"id": 1}])
        with self.assertRaises(weft.Error) as c:
            self.db.query("SELECT nope")
        self.assertEqual((c.exception.status, c.exception.code, c.exception.sqlstate, c.exception.position["column"]), (400, "UNDEFINED_COLUMN", "42703", 8))
        self.assertEqual(self.db.query("SELECT 7 / 2", dialect="mysql").scalar(), "3.5000")

    def test_stream(self):
        self.assertEqual(sum(r[0] for r in self.db.stream("SELECT * FROM generate_series(1, $1)", [10000])), 50005000)
        with self.assertRaises(weft.Error) as c:
            list(self.db.stream("SELECT 1 / (3 - n) FROM generate_series(1, 5) n"))
        self.assertEqual(c.exception.code, "DIVISION_BY_ZERO")

    def test_metrics(self):
        m = self.db.metric("contract")
        with contextlib.suppress(weft.NotFound):
            m.drop()
        m.register(unit="B", fields={"value": "int"})
        at = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
        m.write(7, {"host": "a"}, time=at)
        m.write({"value": 8, "state": "ok"}, {"host": "b"}, time=at.timestamp() + 60)
        self.assertEqual([(s["field"], s["tags"], [p["value"] for p in s["points"]]) for s in m.points({"host": {"regex": ".*"}})],
                         [("value", {"host": "a"}, [7]), ("value", {"host": "b"}, [8]), ("state", {"host": "b"}, ["ok"])])
        self.assertEqual(m.points(fields=["value"], start=at, end="2026-01-02T03:05:05Z", precision="s")[0]["points"], [{"timestamp": int(at.timestamp()), "value": 7}])
        self.assertEqual(m.aggregate("sum", "1h", fields=["value"], group_by=[])[0]["points"][0]["value"], 15)
        self.assertEqual((m.tag_values("host"), m.info()["series"], m.delete({"host": "a"}), m.tag_values("host")), (["a", "b"], 2, 1, ["b"]))
        with self.db.begin() as tx:
            tx.metric("contract").write(1, {"host": "c"}, time=at)
            self.assertEqual((m.tag_values("host"), tx.metric("contract").tag_values("host")), (["b"], ["b", "c"]))
        self.assertIn("contract", [x["name"] for x in self.db.metrics()])
        with self.assertRaises(weft.NotFound):
            self.db.metric("none").points()
        with self.assertRaises(ValueError):
            m.write(1, time=datetime.datetime(2026, 1, 2))

    def test_metric_import(self):
        m = self.db.metric("contract_import")
        with contextlib.suppress(weft.NotFound):
            m.drop()
        data = "at;host;load;note\n1767322800;a;1,5;x\n1767322860;a;2;\nlater;a;1;y\n"
        done = m.import_data(data.replace(",", "."), delimiter=";", time="at", tags=["host"], fields=["load"], types={"load": "float"}, precision="s")
        self.assertEqual((done["points_imported"], done["points_rejected"], done["rejected"][0]["line"]), (2, 1, 4))
        self.assertEqual(m.points(precision="s"), [{"field": "load", "tags": {"host": "a"}, "points": [{"timestamp": 1767322800, "value": 1.5}, {"timestamp": 1767322860, "value": 2}]}])
        self.assertEqual(m.import_data('{"time":1767322920,"host":"b","load":3}\n', "ndjson", tags=["host"])["points_imported"], 1)
        with self.assertRaises(weft.Error) as c:
            m.import_data("time,v\n1,2\n", tags=["none"])
        self.assertEqual(c.exception.code, "COLUMN_NOT_FOUND")

    def test_metric_queries(self):
        self.db.metric("contract_cq").write(1, {"host": "a"})
        q = self.db.metric_query("contract by host")
        with contextlib.suppress(weft.NotFound):
            q.drop()
        text = "INSERT INTO ts.contract_cq_out SELECT $1 AS time, host, max(value) AS most FROM ts.contract_cq WHERE time >= $1 AND time < $2 GROUP BY host"
        made = q.create(text, every="1m", delay="5s", start=datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), paused=True)
        self.assertEqual((made["query"], made["every"], made["delay"], made["late"], made["start"], made["state"]), (text, "1m", "5s", "0s", "2026-01-02T00:00:00Z", "paused"))
        self.assertIn("contract by host", [x["name"] for x in self.db.metric_queries()])
        self.assertEqual(q.resume("2030-01-01T00:00:00Z")["next_window"], "2030-01-01T00:00:00Z")
        self.assertEqual((q.info()["state"], q.pause()["state"], q.info()["state"]), ("running", "paused", "paused"))
        altered = q.alter(late="1h", delay="0s", paused=False)
        self.assertEqual((altered["late"], altered["delay"], altered["state"], q.info()["late"]), ("1h", "0s", "running", "1h"))
        with self.assertRaises(weft.Error) as c:
            q.alter()
        self.assertEqual(c.exception.code, "MISSING_FIELD")
        with self.assertRaises(weft.Error):
            q.create(text, every="1m")
        q.drop()
        with self.assertRaises(weft.NotFound):
            q.info()

    def test_channels(self):
        c = self.db.channel("contract")
        with contextlib.suppress(weft.NotFound):
            c.drop()
        self.assertEqual(c.create(max_count=100)["max_count"], 100)
        self.assertEqual(c.alter(max_count=None)["max_count"], None)
        began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
        self.assertEqual(c.publish_many([{"data": n, "key": f"k{n % 2}", "headers": {"n": str(n)}, "event_type": "e"} for n in range(4)]), [1, 2, 3, 4])
        self.assertEqual([m["data"] for m in c.history(headers={"n": "2"})], [2])
        self.assertEqual([m["data"] for m in c.history(key=["k1", "k7"], start=began)], [1, 3])
        self.assertEqual([m["data"] for m in c.read(3)], [2, 3])
        with self.assertRaises(TypeError):
            list(c.read(typ="e"))
        with self.assertRaises(weft.Error) as e:
            c.history(filter={"$no": 1})
        self.assertEqual(e.exception.status, 400)
        with self.db.begin() as tx:
            self.assertIsNone(tx.channel("contract").publish("in tx")["offset"])
            self.assertEqual(c.info()["next_offset"], 5)
        sub = c.subscribe(5)
        self.assertEqual(next(sub)["data"], "in tx")
        c.publish("live")
        self.assertEqual(next(sub)["data"], "live")
        sub.close()
        with self.assertRaises(weft.NotFound):
            self.db.channel("nowhere").history()

    def test_groups(self):
        c = self.db.channel("contract groups")
        with contextlib.suppress(weft.NotFound):
            c.drop()
        c.create(partitions=2)
        c.publish_many([{"data": n, "key": f"k{n % 3}"} for n in range(6)])
        g = c.group("g")
        g.create(start=2, ack_wait_ms=50000, dead_letter="contract dead", order="key", member_timeout_ms=60000)
        first = g.pull(member="a")
        self.assertEqual([m["data"] for m in first], [1, 2, 3, 4, 5])
        g.ack(*first[:3])
        self.assertEqual(g.extend(first[3]["ack_id"], ms=1000), [])
        self.assertEqual(g.nack(first[3]), [])
        self.assertEqual(g.ack(first[0]), [first[0]["ack_id"]])
        g.leave("a")
        again = g.pull(member="b")
        self.assertEqual([m["data"] for m in again], [4, 5])
        with self.assertRaises(weft.Error) as e:
            with self.db.begin() as tx:
                tx.query("INSERT INTO t VALUES (9, 9)")
                tx.channel("contract groups").group("g").ack(first[4])
        self.assertEqual((e.exception.status, e.exception.code), (409, "ACK_STALE"))
        with self.db.begin() as tx:  # what a message brings about, and its acknowledgement
            tx.query("INSERT INTO t VALUES (9, 9)")
            tx.channel("contract groups").group("g").ack(*again)
        i = g.info()
        self.assertEqual((i["in_flight"], i["lag"], list(i["partitions"]), c.groups()[0]["name"]), (0, 0, ["b"], "g"))
        g.drop()

    def test_transactions(self):
        with self.assertRaises(weft.Error) as e:
            self.db.begin(durability="nearly")
        self.assertEqual((e.exception.status, e.exception.code), (400, "INVALID_HEADER"))
        with self.db.begin(isolation="snapshot", durability="async") as tx:
            tx.query("INSERT INTO t VALUES (1, 1)")
            tx.kv().set("k", {"n": 1})
            self.assertEqual(self.db.query("SELECT count(*) FROM t").scalar(), 0)
        self.assertEqual(self.db.query("SELECT count(*) FROM t").scalar(), 1)
        self.assertEqual(self.db.kv().get("k"), {"n": 1})
        with self.assertRaises(ValueError):
            with self.db.begin() as tx:
                tx.query("DELETE FROM t")
                raise ValueError
        self.assertEqual(self.db.query("SELECT count(*) FROM t").scalar(), 1)

        tries = []

        def add(tx):
            v = int(tx.query("SELECT v FROM t").scalar().split(".")[0])
            if not tries:  # somebody is faster the first time
                self.db.query("UPDATE t SET v = 10")
            tries.append(v)
            tx.query("UPDATE t SET v = $1", [v + 1])

        self.db.transaction(add)
        self.assertEqual((tries, self.db.query("SELECT v FROM t").scalar()), ([1, 10], "11"))

    def test_once_and_batch(self):
        key = weft.new_key()
        for _ in range(2):
            self.db.query("INSERT INTO t (id) VALUES (5)", idempotency_key=key)
        bodies = self.db.batch([
            {"id": "q", "method": "POST", "path": "/query", "body": {"sql": "SELECT id FROM t"}},
            {"method": "POST", "path": "/kv/keys", "body": {"key": "b", "value": {"$ref": "q.data.rows.0.0"}}},
        ])
        self.assertEqual(bodies[1]["value"], 5)

    def test_prepared(self):
        p = self.db.prepare("INSERT INTO t (id, v) VALUES ($1, $2)")
        self.assertEqual(p.parameters, ["integer", "numeric"])
        for i in range(3):
            p.execute(i, "0.5")
        self.assertEqual(self.db.query("SELECT sum(v) FROM t").scalar(), "1.5")
        p.close()
        with self.assertRaises(weft.NotFound):
            p.execute(9, 9)

    def test_keys(self):
        kv = self.db.kv("py")
        self.assertIsNone(kv.get("none"))
        e = kv.set("a/b ä", [1, "x"], ttl=60)
        self.assertEqual(kv.get("a/b ä"), [1, "x"])
        with self.assertRaises(weft.PreconditionFailed):
            kv.set("a/b ä", 2, if_absent=True)
        kv.set("a/b ä", 2, if_version=e["version"])
        self.assertEqual(kv.increment("n", 5), 5)
        self.assertEqual([x["key"] for x in kv.list("", limit=1)], ["a/b ä", "n"])
        self.assertEqual((kv.delete("n"), kv.delete("n"), kv.delete("a/b ä")), (True, False, True))

    def test_import(self):
        a = self.db.import_data("t", "id,v\n1,2\nx,3\n")
        self.assertEqual((a["rows_imported"], a["rows_rejected"]), (1, 1))

    def test_documents(self):
        c = self.db.collection("py")
        c.insert_many([{"_id": f"d{i}", "n": i, "tags": ["odd" if i % 2 else "even"]} for i in range(25)])
        found = [d["n"] for d in c.find({"tags": "odd"}, sort={"n": -1}, page_size=5, skip=1, limit=9, projection=["n"])]
        self.assertEqual(found, [21, 19, 17, 15, 13, 11, 9, 7, 5])
        with self.assertRaises(weft.Error) as e:
            c.insert({}, "d1")
        self.assertEqual((e.exception.status, e.exception.code), (409, "DOCUMENT_EXISTS"))
        v = c.entry("d1")["version"]
        self.assertEqual(c.update("d1", {"$inc": {"n": 100}}, if_version=v)["data"]["n"], 101)
        with self.assertRaises(weft.PreconditionFailed):
            c.update("d1", {"$inc": {"n": 100}}, if_version=v)
        with self.assertRaises(weft.NotFound):
            c.update("none", {"$set": {"n": 1}})
        self.assertEqual((c.count({"n": {"$lt": 3}}), c.path("d2", "tags.0"), c.find_one({"n": 4})["_id"]), (2, "even", "d4"))
        self.assertEqual(c.create_index("n", unique=True)["name"], "n_1")
        self.assertEqual(c.find_and_modify({"n": 0}, update={"$set": {"z": 1}}, **{"return": "after"})["data"]["z"], 1)
        self.assertEqual(len(list(c.export())), 25)
        with self.db.begin() as tx:
            tx.collection("py").delete("d3")
            self.assertIsNotNone(c.get("d3"))
            with self.assertRaises(weft.Error) as e:
                tx.collection("py").create_index("tags")  # not in a transaction, and uses no step up
            self.assertEqual(e.exception.code, "NOT_IN_TRANSACTION")
            tx.collection("py").delete("d5")
        self.assertEqual((c.get("d3"), c.get("d5"), c.delete_many({"tags": "even"})), (None, None, 13))
        c.drop()

    def test_failures(self):
        self.db.query("INSERT INTO t VALUES (1, 1)")
        with self.assertRaises(weft.ConstraintViolation) as e:
            self.db.query("INSERT INTO t VALUES (1, 1)")
        self.assertEqual((e.exception.code, e.exception.sqlstate), ("UNIQUE_VIOLATION", "23505"))
        tx = self.db.begin()
        tx.rollback()
        with self.assertRaises(weft.Gone):
            tx.query("SELECT 1")
        with self.assertRaises(weft.Timeout):
            self.db.query("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b", timeout_ms=20)
        with self.assertRaises(weft.ConnectionFailed):
            weft.connect("http://127.0.0.1:1", attempts=1).query("SELECT 1")

    def test_what_was_lost_is_done_once(self):
        send, lose = self.db._send, [0]

        def shaky(*args):
            answer = send(*args)
            if lose[0] > 0:  # the server has done it, and nobody hears
                lose[0] -= 1
                raise weft.ConnectionFailed({})
            return answer

        self.db._send = shaky
        lose[0] = 2
        self.db.query("INSERT INTO t VALUES (1)", idempotency_key=weft.new_key())
        lose[0] = 1
        with self.assertRaises(weft.ConnectionFailed):  # nobody knows, so it is not sent again
            self.db.query("INSERT INTO t VALUES (2)")
        lose[0] = 1
        self.assertIsNone(self.db.kv("py").get("nothing"))
        with self.db.begin() as tx:
            lose[0] = 1
            tx.query("INSERT INTO t VALUES (3)")
            tx.query("INSERT INTO t VALUES (4)")
            lose[0] = 1  # the commit
        self.assertEqual(self.db.query("SELECT id FROM t ORDER BY id").rows, [[1], [2], [3], [4]])

    def test_readme(self):
        with open("README.md", encoding="utf-8") as f:
            code = f.read().split("```python\n")[1].split("```")[0]
        self.db.create_database("py_readme")
        try:
            with tempfile.TemporaryDirectory() as dir:
                with open(dir + "/city.csv", "w", encoding="utf-8") as f:
                    f.write("id,name\n1,Bern\n")
                code = code.replace("http://127.0.0.1:7600\"", URL + "\", \"py_readme\"").replace("order-17", weft.new_key()).replace("city.csv", dir + "/city.csv")
                with contextlib.redirect_stdout(io.StringIO()) as out:
                    exec(code, {})
            self.assertIn("['integer']", out.getvalue())
        finally:
            self.db.drop_database("py_readme")

    def test_docs(self):
        name = "py_docs"
        self.db.create_database(name)
        try:
            self.db.database = name
            here = dict(weft.__dict__, connect=lambda _: self.db, db=self.db)
            for part in (weft, weft.channels, weft.client, weft.session, weft.kv, weft.documents, weft.text, weft.timeseries):
                result = doctest.testmod(part, extraglobs=here)
                self.assertEqual(result.failed, 0)
                self.assertGreater(result.attempted, 0, part)
        finally:
            self.db.database = None
            self.db.drop_database(name)


if __name__ == "__main__":
    unittest.main()
