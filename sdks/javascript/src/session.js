/**
 * What a client and a transaction have in common: everything that can be asked in both.
 *
 * @module
 */

import { Channel } from "./channels.js";
import { Collection } from "./collection.js";
import { KV } from "./kv.js";
import { Metric, MetricQuery } from "./metric.js";
import { Prepared } from "./prepared.js";
import { resultOf } from "./result.js";
import { RowStream } from "./stream.js";
import { encodeParams, given, queryString } from "./values.js";

/** @typedef {import("./transport.js").Ask} Ask */
/** @typedef {import("./transport.js").Content} Content */
/** @typedef {import("./values.js").Param} Param */
/** @typedef {import("./values.js").Int64} Int64 */

/**
 * Of one call.
 *
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal] ends the wait, and what runs at the server
 * @property {string | true} [idempotencyKey] the request is done once under this key, however
 *   often it is sent, and so it is sent again where the connection fails; true makes a key up
 */

/**
 * Of a statement.
 *
 * @typedef {object} QueryOptions
 * @property {"objects" | "arrays"} [rows] `objects` by default, which need distinct column names
 * @property {string} [database] another one than the client's
 * @property {"postgresql" | "mysql"} [dialect]
 * @property {number} [timeoutMs] how long it may run at the server
 * @property {number} [maxRows] more rows are an error
 */

/**
 * Of an import; what they mean is told in docs/import.md.
 *
 * @typedef {object} ImportOptions
 * @property {"csv" | "json" | "ndjson"} [format] csv by default
 * @property {boolean} [header] false: the first record is data
 * @property {string} [columns] names with commas between
 * @property {string} [delimiter]
 * @property {string} [encoding]
 * @property {string} [null] what stands for NULL
 * @property {string} [ragged]
 * @property {string} [path]
 * @property {string} [primary_key]
 * @property {boolean} [atomic] all records or none
 * @property {boolean} [create] false: the table must be there
 * @property {number} [batch_rows]
 * @property {number} [max_rejects] rejected records that the answer lists
 */

/**
 * What an import did. Records that do not fit are left out and listed: look at `rows_rejected`.
 *
 * @typedef {object} ImportResult
 * @property {string} table
 * @property {number} rows_imported
 * @property {number} rows_rejected
 * @property {boolean} created whether the table was made
 * @property {{line: number, record: number, reason: string, text: string}[]} rejected the first of them
 * @property {string[]} warnings
 * @property {{name: string, data_type: string}[]} columns
 * @property {number} duration_ms
 */

/**
 * An operation of a batch: a request of the HTTP interface.
 *
 * @typedef {object} Operation
 * @property {string} [id] names it for `$ref`
 * @property {"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} method
 * @property {string} path behind `/api/v1`
 * @property {unknown} [body] where `{"$ref": "id.path"}` stands for a part of an earlier answer
 * @property {Record<string, string>} [headers]
 */

/** Queries, keys, documents and imports, in a transaction or each for itself. */
export class Session {
  /**
   * Sends a request of this API. For what this client has no method of.
   *
   * @param {Ask} ask
   * @returns {Promise<any>} the JSON of the answer
   *
   * @example
   * (await db.call({ method: "GET", path: "/version", reads: true })).name // => "weft"
   */
  call(ask) {
    return this._send(ask, async (response) => {
      const text = await response.text();
      return text ? JSON.parse(text) : null;
    });
  }

  /**
   * @template T
   * @param {Ask} ask
   * @param {(response: Response) => Promise<T>} read
   * @returns {Promise<T>}
   * @ignore
   */
  _send(ask, read) {
    void ask, read;
    throw new Error("a session is a client or a transaction");
  }

  /**
   * The database of requests that name none.
   *
   * @returns {string | undefined}
   */
  get database() {
    return undefined;
  }

  /**
   * @returns {Int64}
   */
  get int64() {
    return "auto";
  }

  /**
   * Runs one or several statements, as one transaction. Parameters are `$1`, `$2` … or `?`.
   *
   * Values are what JSON holds: numeric, times, dates and bytea come as text, bigint as
   * the client's `int64` says, json and arrays as they are. A row is an object of its
   * columns, or with `rows: "arrays"` an array.
   *
   * @template [T=Record<string, any>]
   * @param {string} sql
   * @param {readonly Param[]} [params] a BigInt keeps its digits; a Date is a timestamp, a
   *   Uint8Array a bytea, any other object or array jsonb
   * @param {QueryOptions & CallOptions} [options]
   * @returns {Promise<import("./result.js").Result<T>>}
   * @throws {import("./errors.js").WeftError} with `code` and `sqlstate` of what is wrong
   *
   * @example
   * await db.query("CREATE TABLE city (id int PRIMARY KEY, name text, people bigint)");
   * const made = await db.query("INSERT INTO city VALUES ($1, $2, $3) RETURNING id", [7, "Oslo", 717710]);
   * made.rows // => [{ id: 7 }]
   * made.rowsAffected // => 1
   * (await db.query("SELECT name FROM city WHERE id = $1", [7])).scalar() // => "Oslo"
   * (await db.query("SELECT people / 2.0 AS half FROM city")).rows // => [{ half: "358855.000000000000" }]
   */
  async query(sql, params = [], options = {}) {
    const body = { sql, ...this.#statement(options), params: encodeParams(params) };
    const answer = await this.call({ method: "POST", path: "/query", body, signal: options.signal, idempotencyKey: options.idempotencyKey });
    return resultOf(answer, this.int64);
  }

  /**
   * The rows of a query as they are made, without holding all of them. Nothing is asked
   * before the first row is; leaving the loop ends the query.
   *
   * @template [T=Record<string, any>]
   * @param {string} sql
   * @param {readonly Param[]} [params]
   * @param {QueryOptions & {signal?: AbortSignal}} [options]
   * @returns {RowStream<T>}
   *
   * @example
   * const seen = [];
   * for await (const { n } of db.stream("SELECT n FROM generate_series(1, 1000000) AS n")) {
   *   seen.push(n);
   *   if (seen.length === 3) break;
   * }
   * seen // => [1, 2, 3]
   */
  stream(sql, params = [], options = {}) {
    const body = { sql, ...this.#statement({ ...options, rows: "arrays" }), params: encodeParams(params) };
    return this._rows({ method: "POST", path: "/query?format=ndjson", body, signal: options.signal, deadlineMs: null }, options.rows !== "arrays");
  }

  /**
   * @param {Ask} ask
   * @param {boolean} objects
   * @returns {RowStream<any>}
   */
  _rows(ask, objects) {
    return new RowStream({ open: () => this._send(ask, async (response) => response), objects, int64: this.int64, signal: ask.signal });
  }

  /** @param {QueryOptions} o */
  #statement(o) {
    return given({
      database: o.database ?? this.database,
      dialect: o.dialect,
      timeout_ms: o.timeoutMs,
      max_rows: o.maxRows,
      rows: o.rows ?? "objects",
      int64: "string",
    });
  }

  /**
   * Prepares a statement at the server, to run it many times.
   *
   * @param {string} sql
   * @param {{database?: string, dialect?: "postgresql" | "mysql"}} [options]
   * @returns {Promise<Prepared>}
   * @throws {import("./errors.js").WeftError} where the statement cannot run
   *
   * @example
   * const add = await db.prepare("SELECT $1::int + $2::int AS sum");
   * add.parameters // => ["integer", "integer"]
   * (await add.execute([1, 2])).rows // => [{ sum: 3 }]
   * await add.close();
   */
  async prepare(sql, options = {}) {
    const body = given({ sql, database: options.database ?? this.database, dialect: options.dialect });
    const a = await this._outside().call({ method: "POST", path: "/prepare", body, reads: true });
    return new Prepared(this, a);
  }

  /**
   * The client itself, for what is done outside of transactions.
   *
   * @returns {Session}
   */
  _outside() {
    return this;
  }

  /**
   * Runs requests of the HTTP interface as one transaction in one round trip: all of them
   * take effect or none. `{"$ref": "order.data.rows.0.id"}` in a body stands for a part of
   * the answer of an earlier operation. The client's database is added to paths that have
   * no parameters of their own.
   *
   * @param {readonly Operation[]} operations
   * @param {CallOptions & {isolation?: "serializable" | "snapshot", readOnly?: boolean, timeoutMs?: number}} [options]
   * @returns {Promise<any[]>} the bodies of the answers
   * @throws {import("./errors.js").WeftError} of the first that failed, with its index in `operation`
   *
   * @example
   * const [sum, kept] = await db.batch([
   *   { id: "q", method: "POST", path: "/query", body: { sql: "SELECT 40 + 2 AS n" } },
   *   { method: "PUT", path: "/kv/keys/answer", body: { value: { $ref: "q.data.rows.0.0" } } },
   * ]);
   * sum.data.rows // => [[42]]
   * kept.value // => 42
   */
  async batch(operations, options = {}) {
    const here = queryString({ database: this.database });
    const body = given({
      operations: here ? operations.map((op) => (op.path.includes("?") ? op : { ...op, path: op.path + here })) : operations,
      isolation: options.isolation,
      read_only: options.readOnly,
      timeout_ms: options.timeoutMs,
    });
    const a = await this.call({ method: "POST", path: "/batch", body, signal: options.signal, idempotencyKey: options.idempotencyKey });
    return a.results.map((/** @type {any} */ r) => r.body);
  }

  /**
   * The keys of a bucket.
   *
   * @param {string} [bucket]
   * @returns {KV}
   *
   * @example
   * const kv = db.kv("settings");
   * await kv.set("theme", "dark");
   * await kv.get("theme") // => "dark"
   */
  kv(bucket = "default") {
    return new KV(this, bucket);
  }

  /**
   * A channel of messages, which the first publication makes.
   *
   * @param {string} name
   * @returns {Channel}
   */
  channel(name) {
    return new Channel(this, name);
  }

  /**
   * The points of a metric over time.
   *
   * @param {string} name
   * @returns {Metric}
   *
   * @example
   * await db.metric("load").write(0.5, { host: "a" });
   * await db.metric("load").tagValues("host") // => ["a"]
   */
  metric(name) {
    return new Metric(this, name);
  }

  /**
   * A continuous query, which fills a metric from others.
   *
   * @param {string} name
   * @returns {MetricQuery}
   */
  metricQuery(name) {
    return new MetricQuery(this, name);
  }

  /**
   * A collection of documents, which the first insert makes.
   *
   * @template {object} [T=Record<string, any>]
   * @param {string} name
   * @returns {Collection<T>}
   *
   * @example
   * const shop = db.collection("shop");
   * await shop.insert({ name: "Lamp", price: 12.5 }, "lamp");
   * (await shop.get("lamp")).name // => "Lamp"
   */
  collection(name) {
    return new Collection(this, name);
  }

  /**
   * Imports CSV, JSON or NDJSON into a table, which is made where it is missing. Data may
   * be compressed, and may be a stream, which is sent as it comes and never again.
   *
   * @param {string} table
   * @param {Content} data
   * @param {ImportOptions & CallOptions} [options]
   * @returns {Promise<ImportResult>}
   *
   * @example
   * const done = await db.importData("town", "id,name\n1,Bergen\n2,Moss\n", { primary_key: "id" });
   * [done.rows_imported, done.rows_rejected] // => [2, 0]
   */
  importData(table, data, options = {}) {
    const { signal, idempotencyKey, format = "csv", ...rest } = options;
    const path = "/import/sql" + queryString({ table, format, database: this.database, ...rest });
    const headers = { "Content-Type": "application/octet-stream" };
    return this.call({ method: "POST", path, content: data, headers, signal, idempotencyKey, deadlineMs: null });
  }
}
