"""Tests against a real server: WEFT_URL=http://127.0.0.1:7600 python3 test_contract.py"""

import doctest
import os
import unittest

import weft

URL = os.environ["WEFT_URL"]


class Contract(unittest.TestCase):
    def setUp(self):
        self.db = weft.connect(URL)
        self.db.query("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v numeric, doc jsonb)")

    def tearDown(self):
        self.db.close()

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

    def test_transactions(self):
        with self.db.begin(isolation="snapshot") as tx:
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
        for _ in range(2):
            self.db.query("INSERT INTO t (id) VALUES (5)", idempotency_key="py-insert-5")
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

    def test_docs(self):
        self.db.query("DROP TABLE IF EXISTS city")
        here = dict(weft.__dict__, connect=lambda _: self.db)
        self.assertEqual(doctest.testmod(weft, extraglobs=here).failed, 0)


if __name__ == "__main__":
    unittest.main()
