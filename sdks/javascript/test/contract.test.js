// Tests against a real server: WEFT_URL=http://127.0.0.1:7600 npm test

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import {
  ConflictError,
  ConnectionError,
  ConstraintError,
  GoneError,
  NotFoundError,
  PreconditionFailedError,
  TimeoutError,
  UnavailableError,
  WeftError,
  connect,
} from "../src/index.js";
import { lines } from "../src/stream.js";
import { pause } from "../src/transport.js";

const url = process.env.WEFT_URL;
const database = `js_${process.pid}`;
const db = connect(url, { database });

before(() => db.createDatabase(database));
after(() => db.dropDatabase(database));

const rejects = async (promise, kind, members = {}) => {
  const e = await promise.then(
    (v) => assert.fail(`no failure but ${JSON.stringify(v)}`),
    (e) => e,
  );
  assert.ok(e instanceof kind, `${e?.stack}`);
  for (const [k, v] of Object.entries(members)) assert.deepEqual(e[k], v, `${k} of ${e.stack}`);
  return e;
};

test("values come out exactly, and go in exactly", async () => {
  const sql = "SELECT $1::bigint AS i, $2::numeric AS n, $3::bytea AS b, $4::timestamptz AS t, $5::jsonb AS j, $6::float8 AS f, $7::bool AS o, $8::text AS x, ARRAY[$1::bigint, 1, NULL] AS a";
  const params = [9223372036854775807n, "1.50", new Uint8Array([0, 255, 1]), new Date("2026-01-31T12:00:00.250Z"), { a: [1, 1.5] }, NaN, true, null];
  const want = { n: "1.50", b: "AP8B", t: "2026-01-31T12:00:00.25Z", j: { a: [1, 1.5] }, f: "NaN", o: true, x: null };
  const r = await db.query(sql, params);
  assert.deepEqual(r.rows[0], { ...want, i: 9223372036854775807n, a: [9223372036854775807n, 1, null] });
  assert.deepEqual(r.types.slice(0, 4), ["bigint", "numeric", "bytea", "timestamp with time zone"]);
  const big = await connect(url, { int64: "bigint" }).query("SELECT 1::bigint AS i, NULL::bigint AS z");
  assert.deepEqual(big.rows, [{ i: 1n, z: null }]);
  assert.deepEqual((await connect(url, { int64: "string" }).query("SELECT 1::bigint", [], { rows: "arrays" })).rows, [["1"]]);
  assert.deepEqual(await db.stream(sql, params, { rows: "arrays" }).all(), [Object.values(r.rows[0])]);
  assert.deepEqual((await db.query("SELECT $1::jsonb::text AS j", [{ big: 12345678901234567890n, at: new Date(0), skip: undefined }])).scalar(), '{"at": "1970-01-01T00:00:00.000Z", "big": 12345678901234567890}');
  await rejects(db.query("SELECT $1", [undefined]), TypeError);
  await rejects(db.query("SELECT $1", [{ n: NaN }]), TypeError);
});

test("failures are classes", async () => {
  await db.query("CREATE TABLE f (id int PRIMARY KEY, n int NOT NULL)");
  await db.query("INSERT INTO f VALUES (1, 1)");
  await rejects(db.query("INSERT INTO f VALUES (1, 2)"), ConstraintError, { status: 409, code: "UNIQUE_VIOLATION", sqlstate: "23505", retryable: false });
  await rejects(db.query("INSERT INTO f VALUES (2, NULL)"), ConstraintError, { status: 422, sqlstate: "23502", field: "n" });
  await rejects(db.query("SELECT * FROM nowhere"), NotFoundError, { code: "UNDEFINED_TABLE", sqlstate: "42P01" });
  await rejects(db.query("SELECT 1;\nSELEC 2"), WeftError, { status: 400, code: "SYNTAX_ERROR", position: { line: 2, column: 1, offset: 10 } });
  await rejects(db.query("SELECT 1 AS a, 2 AS a"), WeftError, { code: "DUPLICATE_COLUMN_NAME" });
  await rejects(db.stream("SELECT 1 AS a, 2 AS a").all(), WeftError, { code: "DUPLICATE_COLUMN_NAME" });
  await rejects(db.query("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b", [], { timeoutMs: 20 }), TimeoutError, { status: 504 });
  await rejects(connect(url, { timeoutMs: 30 }).query("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"), TimeoutError, { status: 0, code: "CLIENT_TIMEOUT" });
  const control = new AbortController();
  const late = db.query("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b", [], { signal: control.signal });
  setTimeout(() => control.abort(new RangeError("enough")), 20);
  await rejects(late, RangeError);
  await rejects(connect("http://127.0.0.1:1", { retry: { attempts: 1 } }).query("SELECT 1"), ConnectionError, { status: 0 });
  assert.throws(() => connect("ftp://x"), TypeError);
});

test("streams are whole or throw", async () => {
  const rows = db.stream("SELECT n, 'x' AS x FROM generate_series(1, $1) n", [20000]);
  let sum = 0;
  for await (const r of rows) sum += r.n;
  assert.deepEqual([sum, rows.complete, rows.command], [200010000, true, "SELECT"]);
  const bad = db.stream("SELECT 1 / (3 - n) AS q FROM generate_series(1, 5) n");
  await rejects(bad.all(), WeftError, { code: "DIVISION_BY_ZERO" });
  assert.equal(bad.complete, false);
  const several = db.stream("SELECT 1 AS a; SELECT 2 AS b; DELETE FROM f WHERE false");
  assert.deepEqual(await several.all(), [{ a: 1 }, { b: 2 }]);
  const control = new AbortController();
  await rejects(
    (async () => {
      for await (const _ of db.stream("SELECT n FROM generate_series(1, 100000000) n", [], { signal: control.signal })) control.abort(new RangeError("enough"));
    })(),
    RangeError,
  );
});

test("transactions", async () => {
  await db.query("CREATE TABLE t (id int PRIMARY KEY, v int)");
  await db.transaction(async (tx) => {
    await Promise.all([tx.query("INSERT INTO t VALUES (1, 1)"), tx.kv().set("t", { n: 1 }), tx.collection("t").insert({ n: 1 }, "t")]); // one after the other
    await rejects(tx.collection("t").createIndex("n"), WeftError, { code: "NOT_IN_TRANSACTION" }); // uses no number up
    assert.equal(await db.kv().get("t"), undefined);
    assert.deepEqual(await tx.stream("SELECT v FROM t").all(), [{ v: 1 }]);
    const read = await tx.prepare("SELECT v FROM t WHERE id = $1");
    assert.equal((await read.execute([1])).scalar(), 1);
    for await (const _ of tx.stream("SELECT * FROM t")) await rejects(tx.query("SELECT 1"), Error, { message: "a stream of this transaction is being read; a transaction does one thing at a time" });
  });
  assert.deepEqual([await db.kv().get("t"), (await db.collection("t").get("t")).n], [{ n: 1 }, 1]);
  await rejects(
    db.transaction(async (tx) => {
      await tx.query("DELETE FROM t");
      throw new RangeError("no");
    }),
    RangeError,
  );

  const tries = [];
  await db.transaction(async (tx) => {
    const v = (await tx.query("SELECT v FROM t")).scalar();
    if (tries.length === 0) await db.query("UPDATE t SET v = 10"); // somebody is faster the first time
    tries.push(v);
    await tx.query("UPDATE t SET v = $1", [v + 1]);
  });
  assert.deepEqual([tries, (await db.query("SELECT v FROM t")).scalar()], [[1, 10], 11]);

  const tx = await db.begin();
  await tx.query("UPDATE t SET v = 0");
  await tx.rollback();
  await rejects(tx.query("SELECT 1"), GoneError, { code: "TRANSACTION_ENDED" });
  const loser = await db.begin();
  await loser.query("UPDATE t SET v = v + 1");
  await db.query("UPDATE t SET v = v + 1");
  await rejects(loser.commit(), ConflictError, { code: "SERIALIZATION_FAILURE", retryable: true });
});

// A proxy that breaks the connection, after the server has answered, for the requests of which broken says so.
async function proxy(broken) {
  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const c of req) chunks.push(c);
    const headers = { ...req.headers, host: new URL(url).host };
    delete headers["content-length"];
    const answer = await fetch(url + req.url, { method: req.method, headers, body: chunks.length ? Buffer.concat(chunks) : undefined });
    const body = Buffer.from(await answer.arrayBuffer());
    if (broken(req, answer)) return req.socket.destroy();
    const back = Object.fromEntries(answer.headers);
    delete back["content-encoding"];
    delete back["content-length"];
    delete back["transfer-encoding"];
    res.writeHead(answer.status, back).end(body);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => (server.closeAllConnections(), server.close()) };
}

test("what is aborted before anybody waits ends at once", async () => {
  const aborted = AbortSignal.abort(new Error("enough"));
  await assert.rejects(pause(2 ** 30, aborted), /enough/);
  const silent = new Response(new ReadableStream());
  await assert.rejects(lines(silent, aborted).next(), /enough/);
});

test("what was lost is sent again, and done once", async () => {
  await db.query("CREATE TABLE once (n int)");
  let left = 0;
  let seen = 0;
  const p = await proxy(() => (seen++, left-- > 0));
  const shaky = connect(p.url, { database, retry: { delayMs: 1 } });
  try {
    left = 2;
    await shaky.query("INSERT INTO once VALUES (1)", [], { idempotencyKey: true });
    left = 1;
    await rejects(shaky.query("INSERT INTO once VALUES (2)"), ConnectionError); // nobody knows, so it is not sent again
    left = 1;
    assert.equal(await shaky.kv().get("none"), undefined); // reading is
    left = 3;
    const incremented = shaky.kv("once").increment("n", 1, { idempotencyKey: `js-${process.pid}` });
    assert.equal(await incremented, 1);
    await shaky.transaction(async (tx) => {
      left = 1;
      await tx.query("INSERT INTO once VALUES (3)");
      await tx.query("INSERT INTO once VALUES (4)");
      left = 1; // the commit
    });
    left = 9;
    await rejects(shaky.kv().get("none"), ConnectionError);
  } finally {
    p.close();
  }
  assert.deepEqual((await db.query("SELECT n FROM once ORDER BY n", [], { rows: "arrays" })).rows, [[1], [2], [3], [4]]);
  assert.ok(seen > 12);
});

test("a busy server is asked again, as long as attempts last", async () => {
  let asked = 0;
  const busy = async () => (asked++, new Response(JSON.stringify({ code: "OVERLOADED", retryable: true, status: 503 }), { status: 503 }));
  const c = connect(url, { fetch: busy, retry: { attempts: 3, delayMs: 1 } });
  await rejects(c.query("DELETE FROM t"), UnavailableError, { code: "OVERLOADED" });
  assert.equal(asked, 3);
});

test("keys", async () => {
  const kv = db.kv("js");
  const e = await kv.set("a/b ä", [1, "x"], { ttl: 60 });
  assert.deepEqual(await kv.get("a/b ä"), [1, "x"]);
  await rejects(kv.set("a/b ä", 2, { ifAbsent: true }), PreconditionFailedError, { status: 412 });
  await kv.set("a/b ä", 2, { ifVersion: e.version });
  await rejects(kv.delete("a/b ä", { ifVersion: e.version }), PreconditionFailedError);
  await kv.set("raw", new Uint8Array([1, 0, 255]));
  assert.deepEqual(await kv.get("raw"), new Uint8Array([1, 0, 255]));
  await kv.setMany(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`k${String(i).padStart(3, "0")}`, i])));
  const values = [];
  for await (const x of kv.list({ prefix: "k", pageSize: 100 })) values.push(x.value);
  assert.deepEqual(values, Array.from({ length: 250 }, (_, i) => i));
  const last = [];
  for await (const x of kv.list({ start: "k248", end: "l", reverse: true, keysOnly: true })) last.push([x.key, x.value]);
  assert.deepEqual(last, [["k249", undefined], ["k248", undefined]]);
  assert.deepEqual(await kv.count({ prefix: "k", exact: true }), { count: 250, exact: true });
  assert.equal((await db.buckets()).some((b) => b.name === "js"), true);

  const { version } = await kv.set("w", 1);
  await kv.set("w", 2);
  await kv.delete("w");
  const seen = [];
  for await (const c of kv.watch({ prefix: "w", since: version })) {
    seen.push([c.event, c.data.value]);
    if (c.event === "delete") break;
  }
  assert.deepEqual(seen, [["put", 2], ["delete", undefined]]);
});

test("documents", async () => {
  const c = db.collection("js");
  await c.insertMany(Array.from({ length: 25 }, (_, i) => ({ _id: `d${i}`, n: i, tags: [i % 2 ? "odd" : "even"] })));
  const found = [];
  for await (const d of c.find({ tags: "odd" }, { sort: { n: -1 }, pageSize: 5, skip: 1, limit: 9, projection: ["n"] })) found.push(d.n);
  assert.deepEqual(found, [21, 19, 17, 15, 13, 11, 9, 7, 5]);
  await rejects(c.insert({}, "d1"), WeftError, { status: 409, code: "DOCUMENT_EXISTS" });
  await rejects(c.update("none", { $set: { a: 1 } }), NotFoundError);
  await rejects(c.findOne({ n: { $near: 1 } }), WeftError, { code: "UNKNOWN_OPERATOR" });
  const e = await c.entry("d1");
  assert.equal((await c.update("d1", { $inc: { n: 100 } }, { ifVersion: e.version })).data.n, 101);
  await rejects(c.update("d1", { $inc: { n: 10 } }, { ifVersion: e.version }), PreconditionFailedError);
  assert.equal((await c.createIndex({ fields: ["n"], unique: true })).unique, true);
  assert.deepEqual((await c.indexes()).map((i) => i.name), ["n_1"]);
  await c.createTextIndex([{ path: "tags", type: "keyword" }]);
  const hits = await c.search({ term: "odd", field: "tags" }, { facets: { tags: "tags" }, limit: 2, consistency: "strong" });
  assert.deepEqual([hits.total, hits.hits.length, hits.facets.tags], [12, 2, [{ value: "odd", count: 12 }]]);
  await c.dropTextIndex();
  await c.dropIndex("n_1");
  assert.equal((await db.collections()).find((x) => x.name === "js").document_count, 25);
  await c.drop();
});

test("imports", async () => {
  const a = await db.importData("imported", "id,v\n1,2\n3,x\n", { max_rejects: 5 });
  assert.deepEqual([a.rows_imported, a.rows_rejected], [2, 0]); // v is text
  async function* lines() {
    for (let i = 0; i < 1000; i++) yield new TextEncoder().encode(`{"id":${i}}\n`);
  }
  assert.equal((await db.importData("streamed", lines(), { format: "ndjson" })).rows_imported, 1000);
});

test("channels and groups", async () => {
  const c = db.channel("contract");
  await c.create({ partitions: 2, max_count: 50 });
  assert.equal((await c.alter({ max_count: null })).max_count, null);
  const receipts = await c.publishMany([0, 1, 2, 3, 4, 5].map((n) => ({ data: n, key: `k${n % 3}`, event_type: n % 2 ? "odd" : "even", headers: { n: `${n}` } })));
  assert.deepEqual(receipts.map((r) => r.offset), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual((await c.history({ eventType: ["odd"], start: 2 })).map((m) => m.data), [1, 3, 5]);
  assert.deepEqual((await c.history({ headers: { n: "4" } })).map((m) => m.offset), [5]);
  await rejects(c.history({ filter: { $no: 1 } }), WeftError, { status: 400 });
  await rejects(c.history({ type: "odd" }), TypeError);
  await rejects(db.channel("nowhere").history(), NotFoundError, { code: "CHANNEL_NOT_FOUND" });
  const all = [];
  for await (const m of c.read({ start: 3 })) all.push(m.data);
  assert.deepEqual(all, [2, 3, 4, 5]);
  const stop = new AbortController();
  const sub = c.subscribe({ signal: stop.signal });
  const next = sub.next();
  for (let n = 0; (await c.info()).subscribers === 0; n++) assert.ok(n < 10_000);
  await db.transaction(async (tx) => assert.equal((await tx.channel("contract").publish(new Uint8Array([7]))).offset, null));
  assert.deepEqual((await next).value.data, new Uint8Array([7]));
  const more = sub.next();
  stop.abort();
  await more.catch(() => {});

  const g = c.group("g");
  await g.create({ start: 2, order: "key", ack_wait_ms: 60_000, member_timeout_ms: 60_000, event_type: ["odd", "even"] });
  const first = await g.pull({ member: "a" });
  assert.deepEqual(first.map((m) => m.data), [1, 2, 3, 4, 5]);
  assert.deepEqual(await g.ack(first.slice(0, 3)), []);
  assert.deepEqual(await g.extend([first[3]], { ms: 1000 }), []);
  assert.deepEqual(await g.nack([first[3]], { delayMs: 0 }), []);
  await g.leave("a");
  const again = await g.pull({ member: "b" });
  assert.deepEqual(again.map((m) => m.data), [4, 5]);
  await rejects(db.transaction((tx) => tx.channel("contract").group("g").ack([first[4]])), WeftError, { status: 409, code: "ACK_STALE" });
  await db.transaction(async (tx) => void (await tx.channel("contract").group("g").ack(again)));
  const info = await g.info();
  assert.deepEqual([info.in_flight, info.lag, Object.keys(info.partitions), (await c.groups())[0].name], [0, 0, ["b"], "g"]);
  await g.drop();
  assert.ok((await db.channels()).some((x) => x.name === "contract"));
  await c.drop();
});

test("changes of a table, from a snapshot on, and again from an offset", async () => {
  await db.query("CREATE TABLE feed (id int PRIMARY KEY); INSERT INTO feed VALUES (1)");
  const feed = db.channel(`cdc.${database}.feed`);
  const seen = [];
  for await (const m of feed.subscribe({ start: "snapshot" })) {
    seen.push([m.event_type, m.data.key?.id]);
    if (m.event_type === "snapshot_end") await db.query("INSERT INTO feed VALUES (2), (3)");
    if (seen.length === 4) break;
  }
  assert.deepEqual(seen, [["read", 1], ["snapshot_end", undefined], ["insert", 2], ["insert", 3]]);
  const list = await feed.history({ start: "earliest" });
  assert.deepEqual(list.map((m) => [typeof m.offset, m.data.key.id]), [["bigint", 1], ["bigint", 2], ["bigint", 3]]);
  const rest = [];
  for await (const m of feed.read({ start: list[1].offset })) rest.push(m.data.key.id);
  assert.deepEqual(rest, [2, 3]);
  const [from, next] = [list[1].offset, []];
  for await (const m of feed.read({ start: from + 1n })) next.push(m.data.key.id);
  assert.deepEqual(next, [3]);
  const g = feed.group("exact");
  await g.create({ start: list[2].offset });
  assert.deepEqual((await g.pull()).map((m) => [m.offset, m.data.key.id]), [[list[2].offset, 3]]);
  await db.query("DROP TABLE feed");
});

test("points from files", async () => {
  const m = db.metric("js_import");
  const done = await m.importData("at;host;load;note\n1767322800;a;1.5;x\n1767322860;a;2;\nlater;a;1;y\n", { delimiter: ";", time: "at", tags: ["host"], fields: ["load"], types: { load: "float" }, precision: "s" });
  assert.deepEqual([done.points_imported, done.points_rejected, done.rejected[0].line], [2, 1, 4]);
  assert.deepEqual(await m.points({}, { precision: "s" }), [{ field: "load", tags: { host: "a" }, points: [{ timestamp: 1767322800, value: 1.5 }, { timestamp: 1767322860, value: 2 }] }]);
  assert.equal((await m.importData('{"time":1767322920,"host":"b","load":3}\n', { format: "ndjson", tags: ["host"] })).points_imported, 1);
  await rejects(m.importData("time,v\n1,2\n", { tags: ["none"] }), WeftError, { code: "COLUMN_NOT_FOUND" });
  assert.ok((await db.metrics()).some((x) => x.name === "js_import"));
  await m.drop();
});

test("continuous queries over metrics", async () => {
  await db.metric("js_cq").write(1, { host: "a" });
  const q = db.metricQuery("js by host");
  const text = "INSERT INTO ts.js_cq_out SELECT $1 AS time, host, max(value) AS most FROM ts.js_cq WHERE time >= $1 AND time < $2 GROUP BY host";
  const made = await q.create(text, { every: "1m", delay: "5s", start: new Date("2026-01-02"), paused: true });
  assert.deepEqual([made.query, made.every, made.delay, made.late, made.start, made.state], [text, "1m", "5s", "0s", "2026-01-02T00:00:00Z", "paused"]);
  assert.ok((await db.metricQueries()).some((x) => x.name === "js by host"));
  assert.equal((await q.resume({ start: "2030-01-01T00:00:00Z" })).next_window, "2030-01-01T00:00:00Z");
  assert.deepEqual([(await q.info()).state, (await q.pause()).state, (await q.info()).state], ["running", "paused", "paused"]);
  const altered = await q.alter({ late: "1h", delay: "0s", paused: false });
  assert.deepEqual([altered.late, altered.delay, altered.state, (await q.info()).late], ["1h", "0s", "running", "1h"]);
  await rejects(q.alter({}), WeftError, { code: "MISSING_FIELD" });
  await rejects(q.create(text, { every: "1m" }), WeftError);
  await q.drop();
  await rejects(q.info(), NotFoundError);
  await db.metric("js_cq").drop();
});

test("metrics", async () => {
  const m = db.metric("js");
  const at = 1700000000;
  await m.write(1.5, { host: "a" }, { time: new Date(at * 1000) });
  await m.write({ value: 2, state: "up" }, { host: "a" }, { time: at + 60 });
  assert.equal(await m.writeMany([{ value: 4, timestamp: at }, { value: 8, timestamp: at + 120, tags: { host: "c" } }], { tags: { host: "b" }, precision: "s", idempotencyKey: `js-points-${process.pid}` }), 2);
  assert.deepEqual(await m.points({ host: "a" }, { fields: ["value"], precision: "s" }), [{ field: "value", tags: { host: "a" }, points: [{ timestamp: at, value: 1.5 }, { timestamp: at + 60, value: 2 }] }]);
  assert.deepEqual(await m.points({ host: { regex: "[bc]", ne: "b" } }, { precision: "s", start: at, end: new Date((at + 121) * 1000) }), [{ field: "value", tags: { host: "c" }, points: [{ timestamp: at + 120, value: 8 }] }]);
  const sums = await m.aggregate("sum", "1m", undefined, { groupBy: [], fields: ["value"], precision: "s", fill: 0, start: at - 20, end: at + 160 });
  assert.deepEqual(sums, [{ field: "value", tags: {}, points: [{ timestamp: at - 20, value: 5.5 }, { timestamp: at + 40, value: 2 }, { timestamp: at + 100, value: 8 }] }]);
  assert.deepEqual((await m.aggregate("max", undefined, undefined, { fields: ["value"], groupBy: [] }))[0].points[0].value, 8);
  assert.deepEqual((await m.info()).series, 3);
  assert.deepEqual(await m.tagValues("host"), ["a", "b", "c"]);
  await rejects(m.write("high", { host: "a" }), WeftError, { code: "FIELD_TYPE_CONFLICT" });
  await rejects(db.metric("js_none").points(), NotFoundError, { code: "METRIC_NOT_FOUND" });
  await db.transaction(async (tx) => {
    await tx.metric("js").write(1, { host: "d" });
    assert.deepEqual([await m.tagValues("host"), await tx.metric("js").tagValues("host")], [["a", "b", "c"], ["a", "b", "c", "d"]]);
  });
  assert.equal(await m.delete({ host: "b" }, { start: at, end: at + 1 }), 1);
  assert.deepEqual(await m.points({ host: "b" }), []);
  assert.equal(await m.delete({ host: ["c", "d"] }), 2);
  assert.equal((await db.metric("js_typed").register({ type: "counter", unit: "B", fields: { value: "int" } })).unit, "B");
  await m.drop();
  await rejects(m.info(), NotFoundError);
});
