/**
 * The client of a server.
 *
 * @module
 */

import { ConflictError } from "./errors.js";
import { Session } from "./session.js";
import { TextIndex } from "./text.js";
import { Transaction } from "./transaction.js";
import { Transport, pause } from "./transport.js";
import { given, queryString } from "./values.js";

/** @typedef {import("./transport.js").Ask} Ask */
/** @typedef {import("./transport.js").Retry} Retry */
/** @typedef {import("./transaction.js").BeginOptions} BeginOptions */

/**
 * How a client is made.
 *
 * @typedef {object} ClientOptions
 * @property {string} [database] of requests that name none; `default` without it
 * @property {number} [timeoutMs] how long a request waits for its whole answer, 60000 by
 *   default; streams, watches and imports have no bound but their signal
 * @property {Partial<Retry>} [retry] `{ attempts: 4, delayMs: 50, maxDelayMs: 2000 }` by default.
 *   A request is sent again where the server says that nothing was done (409 and 503 that are
 *   `retryable`), and where the connection fails if it only reads or has an Idempotency-Key.
 * @property {import("./values.js").Int64} [int64] how bigint comes out, `"auto"` by default
 * @property {Record<string, string>} [headers] sent with every request, such as Authorization
 * @property {typeof fetch} [fetch] in place of the global one
 */

/**
 * A client of a server. No request is made yet, and there is nothing to close.
 *
 * @param {string} [url]
 * @param {ClientOptions} [options]
 * @returns {Client}
 *
 * @example
 * import { connect } from "@weftdb/client";
 * const db = connect(url, { timeoutMs: 10_000, int64: "bigint" });
 * (await db.query("SELECT 9007199254740993 AS n")).rows // => [{ n: 9007199254740993n }]
 */
export function connect(url = "http://127.0.0.1:7600", options = {}) {
  return new Client(url, options);
}

/** A server, and a database of it. Any number of requests may run at once. */
export class Client extends Session {
  #transport;
  #options;

  /**
   * @param {string} url
   * @param {ClientOptions} [options]
   */
  constructor(url, options = {}) {
    super();
    const base = new URL(url);
    if (base.protocol !== "http:" && base.protocol !== "https:") throw new TypeError(`${url} is no URL of a server, such as http://127.0.0.1:7600`);
    this.#options = options;
    this.#transport = new Transport({
      url: base.href.replace(/\/+$/, ""),
      headers: options.headers ?? {},
      timeoutMs: options.timeoutMs ?? 60_000,
      retry: { attempts: 4, delayMs: 50, maxDelayMs: 2000, ...options.retry },
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    });
  }

  get database() {
    return this.#options.database;
  }

  get int64() {
    return this.#options.int64 ?? "auto";
  }

  /**
   * @template T
   * @param {Ask} ask
   * @param {(response: Response) => Promise<T>} read
   * @returns {Promise<T>}
   */
  _send(ask, read) {
    return this.#transport.send(ask, read);
  }

  /**
   * Begins a transaction that spans requests. End it: with `commit`, `rollback` or `end`.
   *
   * @param {BeginOptions} [options]
   * @returns {Promise<Transaction>}
   */
  async begin(options = {}) {
    const body = given({
      isolation: options.isolation,
      read_only: options.readOnly,
      idle_timeout_ms: options.idleTimeoutMs,
      as_of: options.asOf,
      database: this.database,
    });
    const headers = options.durability ? { "Weft-Durability": options.durability } : undefined;
    return new Transaction(this, await this.call({ method: "POST", path: "/transactions", body, headers }));
  }

  /**
   * Runs fn in a transaction and commits it; where another transaction was first, all of
   * it again. So fn should do nothing that may not be done twice, but what it does in tx.
   *
   * @template T
   * @param {(tx: Transaction) => Promise<T>} fn
   * @param {BeginOptions & {attempts?: number}} [options] 10 attempts by default
   * @returns {Promise<T>}
   * @throws whatever fn throws, after everything was rolled back
   *
   * @example
   * await db.query("CREATE TABLE account (id int PRIMARY KEY, balance numeric); INSERT INTO account VALUES (1, 10), (2, 0)");
   * await db.transaction(async (tx) => {
   *   await tx.query("UPDATE account SET balance = balance - 5 WHERE id = 1");
   *   await tx.query("UPDATE account SET balance = balance + 5 WHERE id = 2");
   *   await tx.kv().increment("moves");
   * });
   * (await db.query("SELECT balance FROM account ORDER BY id")).rows // => [{ balance: "5" }, { balance: "5" }]
   */
  async transaction(fn, options = {}) {
    const { attempts = 10, ...begin } = options;
    for (let attempt = 1; ; attempt++) {
      const tx = await this.begin(begin);
      try {
        const result = await fn(tx);
        if (tx.open) await tx.commit();
        return result;
      } catch (e) {
        if (!(e instanceof ConflictError) || attempt >= attempts) throw e;
      } finally {
        await tx.end();
      }
      await pause(Math.random() * Math.min(2 ** attempt, 100));
    }
  }

  /**
   * A full-text index that stands alone.
   *
   * @param {string} name
   * @returns {TextIndex}
   */
  text(name) {
    return new TextIndex(this, name);
  }

  /**
   * Names of the full-text indexes that stand alone.
   *
   * @returns {Promise<string[]>}
   */
  async texts() {
    return (await this.#get("/fts/indexes")).indexes;
  }

  /**
   * The collections of the database.
   *
   * @returns {Promise<{name: string, document_count: number, index_count: number}[]>}
   */
  collections() {
    return this.#get("/documents/collections");
  }

  /**
   * The metrics of the database, with their fields.
   *
   * @returns {Promise<Record<string, any>[]>}
   */
  metrics() {
    return this.#get("/timeseries/metrics");
  }

  /**
   * The continuous queries that fill metrics, and what they have done.
   *
   * @returns {Promise<import("./metric.js").MetricQueryInfo[]>}
   */
  async metricQueries() {
    return (await this.#get("/timeseries/continuous-queries")).continuous_queries;
  }

  /**
   * The channels of the database, with their offsets and bounds.
   *
   * @returns {Promise<any[]>}
   */
  channels() {
    return this.call({ method: "GET", path: "/streaming/channels" + queryString({ database: this.database, details: true }), reads: true });
  }

  /**
   * The buckets of the database.
   *
   * @returns {Promise<{name: string, default_ttl: number | null, compression: string, created_at: string}[]>}
   */
  async buckets() {
    return (await this.#get("/kv/buckets")).buckets;
  }

  /**
   * Makes a bucket, which the first write would do too, with a TTL for keys that bring none.
   *
   * @param {string} name
   * @param {{default_ttl?: number, compression?: string, if_not_exists?: boolean}} [options]
   *
   * @example
   * await db.createBucket("sessions", { default_ttl: 1800 });
   * (await db.kv("sessions").set("s", 1)).ttl // => 1800
   */
  async createBucket(name, options = {}) {
    await this.call({ method: "POST", path: "/kv/buckets" + queryString({ database: this.database }), body: { name, ...options } });
  }

  /**
   * Removes a bucket with all its keys.
   *
   * @param {string} name
   */
  async dropBucket(name) {
    await this.call({ method: "DELETE", path: `/kv/buckets/${encodeURIComponent(name)}${queryString({ database: this.database })}` });
  }

  /**
   * The tables of the database, with columns, indexes and constraints.
   *
   * @returns {Promise<any[]>}
   *
   * @example
   * await db.query("CREATE TABLE listed (id int PRIMARY KEY)");
   * (await db.tables()).some((t) => t.name === "listed" && t.columns[0].data_type === "integer") // => true
   */
  async tables() {
    return (await this.#get("/tables")).tables;
  }

  /**
   * One table; also `schema.name`.
   *
   * @param {string} name
   * @returns {Promise<any>}
   * @throws {import("./errors.js").NotFoundError}
   */
  table(name) {
    return this.#get("/tables/" + encodeURIComponent(name));
  }

  /**
   * The databases of the server.
   *
   * @returns {Promise<{name: string, table_count: number, created_at: string | null}[]>}
   */
  async databases() {
    return (await this.#get("/databases")).databases;
  }

  /**
   * Makes a database; whether it was not there.
   *
   * @param {string} name
   * @param {{if_not_exists?: boolean}} [options]
   * @returns {Promise<boolean>}
   *
   * @example
   * await db.createDatabase("sales") // => true
   * await db.createDatabase("sales", { if_not_exists: true }) // => false
   * await db.dropDatabase("sales");
   */
  async createDatabase(name, options = {}) {
    return (await this.call({ method: "POST", path: "/databases", body: { name, ...options } })).created;
  }

  /**
   * Drops a database with all that is in it.
   *
   * @param {string} name
   */
  async dropDatabase(name) {
    await this.call({ method: "DELETE", path: "/databases/" + encodeURIComponent(name) });
  }

  /**
   * Cancels a query that runs, by the `X-Request-Id` that it was sent with.
   *
   * @param {string} id
   */
  async cancel(id) {
    await this.call({ method: "DELETE", path: "/queries/" + encodeURIComponent(id) });
  }

  /**
   * The build of the server and what it can do.
   *
   * @returns {Promise<{name: string, version: string, api_versions: string[], capabilities: string[]}>}
   */
  version() {
    return this.call({ method: "GET", path: "/version", reads: true });
  }

  /** @param {string} path */
  #get(path) {
    return this.call({ method: "GET", path: path + queryString({ database: this.database }), reads: true });
  }
}
