/**
 * Transactions over several requests.
 *
 * @module
 */

import { ConnectionError, WeftError } from "./errors.js";
import { Session } from "./session.js";
import { RowStream } from "./stream.js";

/** @typedef {import("./client.js").Client} Client */
/** @typedef {import("./transport.js").Ask} Ask */

/**
 * How a transaction begins.
 *
 * @typedef {object} BeginOptions
 * @property {"serializable" | "snapshot"} [isolation] serializable by default
 * @property {boolean} [readOnly] refuses writes, never conflicts
 * @property {number} [idleTimeoutMs] how long it waits for its next request, 30000 by default
 * @property {"sync" | "interval" | "async"} [durability] what its commit has survived when it returns
 * @property {string} [asOf] an RFC 3339 time or commit timestamp: read the state of then
 */

/**
 * A transaction. Whatever the model, its requests read the state of its begin and its own
 * writes, and nobody sees those before the commit. Requests run one after the other, also
 * where they are not awaited, and each is numbered: one whose answer was lost is sent again
 * without being done twice.
 *
 * @example
 * await db.query("CREATE TABLE purse (id int PRIMARY KEY, coins int)");
 * const tx = await db.begin({ isolation: "snapshot" });
 * await tx.query("INSERT INTO purse VALUES (1, 10)");
 * await tx.kv().set("purses", 1);
 * (await db.query("SELECT count(*) FROM purse")).scalar() // => 0
 * await tx.commit();
 * (await db.query("SELECT count(*) FROM purse")).scalar() // => 1
 */
export class Transaction extends Session {
  #client;
  #seq = 0;
  #open = true;
  #reading = false;
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {Client} client
   * @param {any} told
   */
  constructor(client, told) {
    super();
    this.#client = client;
    /** Names it at the server. @type {string} */
    this.id = told.transaction_id;
  }

  /** Whether it has neither been committed nor rolled back by this client. */
  get open() {
    return this.#open;
  }

  get database() {
    return this.#client.database;
  }

  get int64() {
    return this.#client.int64;
  }

  /** @returns {Session} */
  _outside() {
    return this.#client;
  }

  /**
   * @template T
   * @param {Ask} ask
   * @param {(response: Response) => Promise<T>} read
   * @returns {Promise<T>}
   */
  _send(ask, read) {
    return this.#queue(() => {
      const seq = String(this.#seq + 1);
      const headers = { ...ask.headers, "Weft-Transaction": this.id, "Weft-Transaction-Seq": seq };
      const used = (/** @type {Headers} */ h) => {
        if (h.get("Weft-Transaction-Seq") === seq) this.#seq = Number(seq);
      };
      return this.#client._send({ ...ask, reads: false, idempotencyKey: undefined, step: true, headers, onHeaders: used }, read);
    });
  }

  /**
   * Runs what has to wait for what runs now.
   *
   * @template T
   * @param {() => Promise<T>} run
   * @returns {Promise<T>}
   */
  #queue(run) {
    if (this.#reading) return Promise.reject(new Error("a stream of this transaction is being read; a transaction does one thing at a time"));
    const result = this.#last.then(run);
    this.#last = result.catch(() => {});
    return result;
  }

  /**
   * A stream is no numbered step, since its answer is not kept: it is not sent again.
   *
   * @param {Ask} ask
   * @param {boolean} objects
   * @returns {RowStream<any>}
   */
  _rows(ask, objects) {
    const headers = { ...ask.headers, "Weft-Transaction": this.id };
    const open = () =>
      this.#queue(async () => {
        const response = await this.#client._send({ ...ask, headers }, async (r) => r);
        this.#reading = true;
        return response;
      });
    return new RowStream({ open, objects, int64: this.int64, signal: ask.signal, over: () => (this.#reading = false) });
  }

  /**
   * Commits. It is sent again where its answer is lost, and tells the same outcome.
   *
   * @returns {Promise<string | null>} the commit timestamp, or null where nothing was written
   * @throws {import("./errors.js").ConflictError} where another transaction was first: nothing was written
   */
  async commit() {
    const a = await this.#queue(() => this.#client.call({ method: "POST", path: `/transactions/${this.id}/commit`, step: true, reads: true }));
    this.#open = false;
    return a.commit_timestamp ?? null;
  }

  /** Undoes everything. */
  async rollback() {
    await this.#queue(() => this.#client.call({ method: "POST", path: `/transactions/${this.id}/rollback`, reads: true }));
    this.#open = false;
  }

  /** Ends what is open, and what runs in it; nothing happens where it is over. */
  async end() {
    if (!this.#open) return;
    this.#open = false;
    try {
      await this.#client.call({ method: "DELETE", path: `/transactions/${this.id}`, reads: true });
    } catch (e) {
      if (!(e instanceof WeftError)) throw e; // it ends by itself
    }
  }

  /**
   * Runs fn between a savepoint and its release; where fn throws, what it did in SQL is
   * undone and the transaction goes on.
   *
   * @template T
   * @param {() => Promise<T>} fn
   * @returns {Promise<T>}
   *
   * @example
   * const tx = await db.begin();
   * const e = await tx.savepoint(() => tx.query("SELECT 1 / 0")).catch((e) => e);
   * e.code // => "DIVISION_BY_ZERO"
   * (await tx.query("SELECT 1 AS n")).scalar() // => 1
   * await tx.rollback();
   */
  async savepoint(fn) {
    const name = `s${this.#seq + 1}`;
    await this.query("SAVEPOINT " + name);
    try {
      const result = await fn();
      await this.query("RELEASE SAVEPOINT " + name);
      return result;
    } catch (e) {
      if (!(e instanceof ConnectionError)) await this.query("ROLLBACK TO SAVEPOINT " + name);
      throw e;
    }
  }
}
