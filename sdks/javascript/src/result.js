/**
 * Results of statements.
 *
 * @module
 */

import { decoders } from "./values.js";

/** @typedef {import("./values.js").Int64} Int64 */

/**
 * What a statement gave.
 *
 * @template [T=Record<string, any>]
 */
export class Result {
  /**
   * @param {any} data
   * @param {Int64} int64
   */
  constructor(data, int64) {
    /** Names of the columns. @type {string[]} */
    this.columns = data.columns;
    /** PostgreSQL's names of their types, such as `integer` and `timestamp with time zone`. @type {string[]} */
    this.types = data.types;
    /** The rows, as objects or arrays. @type {T[]} */
    this.rows = data.rows;
    /** Rows that INSERT, UPDATE or DELETE changed; 0 otherwise. @type {number} */
    this.rowsAffected = data.rows_affected;
    /** `SELECT`, `INSERT`, `CREATE TABLE` … @type {string} */
    this.command = data.command;
    /** The results of all statements, where there were several. @type {Result<any>[]} */
    this.results = [];
    /** How long the server took, in milliseconds. */
    this.executionTimeMs = 0;
    decode(this, int64);
  }

  /**
   * The first row, or undefined.
   *
   * @returns {T | undefined}
   *
   * @example
   * (await db.query("SELECT 1 AS a, true AS b")).first() // => { a: 1, b: true }
   */
  first() {
    return this.rows[0];
  }

  /**
   * The first value of the first row, or undefined.
   *
   * @returns {any}
   *
   * @example
   * (await db.query("SELECT count(*) FROM generate_series(1, 3)")).scalar() // => 3
   */
  scalar() {
    const row = /** @type {any} */ (this.rows[0]);
    if (row === undefined) return undefined;
    return Array.isArray(row) ? row[0] : row[/** @type {string} */ (this.columns[0])];
  }
}

/**
 * @param {any} answer
 * @param {Int64} int64
 * @returns {Result<any>}
 */
export function resultOf(answer, int64) {
  const result = new Result(answer.data, int64);
  result.executionTimeMs = answer.execution_time_ms;
  result.results = (answer.results ?? []).map((/** @type {any} */ r) => new Result(r, int64));
  return result;
}

/**
 * @param {Result<any>} result
 * @param {Int64} int64
 */
function decode(result, int64) {
  const by = decoders(result.types, int64);
  if (!by) return;
  for (const row of result.rows) {
    by.forEach((f, i) => {
      const at = Array.isArray(row) ? i : /** @type {string} */ (result.columns[i]);
      if (f) row[at] = f(row[at]);
    });
  }
}
