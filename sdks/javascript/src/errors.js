/**
 * Failures as classes. All are {@link WeftError}; those with a name of their own are
 * the ones that a program handles in its own way.
 *
 * @module
 */

/**
 * What the server says of a failure (RFC 9457). Every member but `status` may be missing
 * where something between client and server answered.
 *
 * @typedef {object} Problem
 * @property {number} status the HTTP status; 0 where there was no answer
 * @property {string} [code] stable, such as `UNIQUE_VIOLATION`; decide by it
 * @property {string} [detail] a sentence for people
 * @property {string} [sqlstate] PostgreSQL's code, such as `23505`
 * @property {string} [hint] what to do
 * @property {string} [field] the field or column at fault
 * @property {{line: number, column: number, offset: number}} [position] where in the SQL text
 * @property {string} [request_id] names the request in the server's log
 * @property {number} [operation] the index of the operation of a batch
 * @property {boolean} [retryable] whether the same may succeed when it is run again
 */

/**
 * A failure. Decide by `code` or `sqlstate`, which do not change; `message` is for people.
 *
 * @example
 * import { WeftError } from "@weftdb/client";
 * const e = await db.query("SELECT nope").catch((e) => e);
 * e instanceof WeftError // => true
 * [e.status, e.code, e.sqlstate, e.position.column] // => [400, "UNDEFINED_COLUMN", "42703", 8]
 */
export class WeftError extends Error {
  /**
   * @param {Problem} problem
   * @param {unknown} [cause]
   */
  constructor(problem, cause) {
    super(problem.detail || problem.code || `the request failed with status ${problem.status}`, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    /** The HTTP status; 0 where there was no answer. */
    this.status = problem.status;
    /** Stable, such as `UNIQUE_VIOLATION`. */
    this.code = problem.code ?? "";
    /** PostgreSQL's code, where SQL failed. */
    this.sqlstate = problem.sqlstate;
    /** What to do, where the server knows. */
    this.hint = problem.hint;
    /** The field or column at fault. */
    this.field = problem.field;
    /** Where in the SQL text, in characters: line and column from 1, offset from 0. */
    this.position = problem.position;
    /** Names the request in the server's log. */
    this.requestId = problem.request_id;
    /** The index of the operation of a batch that failed. */
    this.operation = problem.operation;
    /** Whether the same may succeed when it is run again. */
    this.retryable = Boolean(problem.retryable);
  }
}

/** What was named is not there (404). */
export class NotFoundError extends WeftError {}

/** Another transaction was first: run the whole transaction again (409, retryable). */
export class ConflictError extends WeftError {}

/** A condition on a version did not hold (412). */
export class PreconditionFailedError extends WeftError {}

/** A UNIQUE, FOREIGN KEY, CHECK, NOT NULL or exclusion constraint stands against it (SQLSTATE 23…). */
export class ConstraintError extends WeftError {}

/** It is over: a transaction that has ended, a cursor or history that is gone (410). */
export class GoneError extends WeftError {}

/** Out of time: at the server (504), or this client's `timeoutMs`. */
export class TimeoutError extends WeftError {}

/** The server is recovering, stopping or busy (503), or asks for patience (429). */
export class UnavailableError extends WeftError {}

/**
 * The connection failed and there is no whole answer (status 0). What was asked for may
 * have been done, unless it only reads; with an Idempotency-Key it can be sent again.
 */
export class ConnectionError extends WeftError {}

/**
 * The class for a problem.
 *
 * @param {Problem} problem
 * @returns {WeftError}
 */
export function failure(problem) {
  return new (kind(problem))(problem);
}

/** @param {Problem} p */
function kind(p) {
  if (p.sqlstate?.startsWith("23")) return ConstraintError;
  switch (p.status) {
    case 404:
      return NotFoundError;
    case 409:
      return p.retryable ? ConflictError : WeftError;
    case 410:
      return GoneError;
    case 412:
      return PreconditionFailedError;
    case 429:
    case 503:
      return UnavailableError;
    case 504:
      return TimeoutError;
    default:
      return WeftError;
  }
}

/**
 * The failure that an answer tells of.
 *
 * @param {Response} response
 * @returns {Promise<WeftError>}
 */
export async function failureOf(response) {
  const text = await response.text().catch(() => "");
  try {
    return failure({ ...JSON.parse(text), status: response.status });
  } catch {
    return failure({ status: response.status, detail: text.slice(0, 200) || response.statusText });
  }
}
