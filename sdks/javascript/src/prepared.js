/**
 * Prepared statements.
 *
 * @module
 */

import { resultOf } from "./result.js";
import { encodeParams, given } from "./values.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").CallOptions} CallOptions */
/** @typedef {import("./values.js").Param} Param */

/**
 * Of one run.
 *
 * @typedef {object} RunOptions
 * @property {"objects" | "arrays"} [rows]
 * @property {number} [timeoutMs]
 * @property {number} [maxRows]
 */

/** A statement that the server keeps, until nobody has used it for an hour or it stops. */
export class Prepared {
  #on;

  /**
   * @param {Session} on
   * @param {any} told
   */
  constructor(on, told) {
    this.#on = on;
    /** Names it at the server. @type {string} */
    this.id = told.statement_id;
    /** The types of its parameters; a value must fit. @type {string[]} */
    this.parameters = told.parameters;
    /** Names of its columns. @type {string[]} */
    this.columns = told.columns;
    /** Types of its columns. @type {string[]} */
    this.types = told.types;
  }

  /**
   * Runs it with values of its parameters.
   *
   * @template [T=Record<string, any>]
   * @param {readonly Param[]} [params]
   * @param {RunOptions & CallOptions} [options]
   * @returns {Promise<import("./result.js").Result<T>>}
   * @throws {import("./errors.js").NotFoundError} where the server has forgotten it: prepare it again
   *
   * @example
   * const upper = await db.prepare("SELECT upper($1) AS u");
   * (await upper.execute(["oslo"])).scalar() // => "OSLO"
   */
  async execute(params = [], options = {}) {
    const body = this.#body(params, options.rows ?? "objects", options);
    const answer = await this.#on.call({ method: "POST", path: "/prepared/execute", body, signal: options.signal, idempotencyKey: options.idempotencyKey });
    return resultOf(answer, this.#on.int64);
  }

  /**
   * Runs it and gives its rows as they are made.
   *
   * @template [T=Record<string, any>]
   * @param {readonly Param[]} [params]
   * @param {RunOptions & {signal?: AbortSignal}} [options]
   * @returns {import("./stream.js").RowStream<T>}
   *
   * @example
   * const series = await db.prepare("SELECT generate_series(1, $1::int) AS n");
   * await series.stream([3]).all() // => [{ n: 1 }, { n: 2 }, { n: 3 }]
   */
  stream(params = [], options = {}) {
    const ask = { method: "POST", path: "/prepared/execute?format=ndjson", body: this.#body(params, "arrays", options), signal: options.signal, deadlineMs: null };
    return this.#on._rows(ask, options.rows !== "arrays");
  }

  /**
   * @param {readonly Param[]} params
   * @param {string} rows
   * @param {RunOptions} o
   */
  #body(params, rows, o) {
    return given({ statement_id: this.id, params: encodeParams(params), rows, int64: "string", timeout_ms: o.timeoutMs, max_rows: o.maxRows });
  }

  /** Lets the server forget it. */
  async close() {
    await this.#on._outside().call({ method: "DELETE", path: "/prepared/" + encodeURIComponent(this.id) });
  }
}
