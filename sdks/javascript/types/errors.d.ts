/**
 * The class for a problem.
 *
 * @param {Problem} problem
 * @returns {WeftError}
 */
export function failure(problem: Problem): WeftError;
/**
 * The failure that an answer tells of.
 *
 * @param {Response} response
 * @returns {Promise<WeftError>}
 */
export function failureOf(response: Response): Promise<WeftError>;
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
    constructor(problem: Problem, cause?: unknown);
    /** The HTTP status; 0 where there was no answer. */
    status: number;
    /** Stable, such as `UNIQUE_VIOLATION`. */
    code: string;
    /** PostgreSQL's code, where SQL failed. */
    sqlstate: string | undefined;
    /** What to do, where the server knows. */
    hint: string | undefined;
    /** The field or column at fault. */
    field: string | undefined;
    /** Where in the SQL text, in characters: line and column from 1, offset from 0. */
    position: {
        line: number;
        column: number;
        offset: number;
    } | undefined;
    /** Names the request in the server's log. */
    requestId: string | undefined;
    /** The index of the operation of a batch that failed. */
    operation: number | undefined;
    /** Whether the same may succeed when it is run again. */
    retryable: boolean;
}
/** What was named is not there (404). */
export class NotFoundError extends WeftError {
}
/** Another transaction was first: run the whole transaction again (409, retryable). */
export class ConflictError extends WeftError {
}
/** A condition on a version did not hold (412). */
export class PreconditionFailedError extends WeftError {
}
/** A UNIQUE, FOREIGN KEY, CHECK, NOT NULL or exclusion constraint stands against it (SQLSTATE 23…). */
export class ConstraintError extends WeftError {
}
/** It is over: a transaction that has ended, a cursor or history that is gone (410). */
export class GoneError extends WeftError {
}
/** Out of time: at the server (504), or this client's `timeoutMs`. */
export class TimeoutError extends WeftError {
}
/** The server is recovering, stopping or busy (503), or asks for patience (429). */
export class UnavailableError extends WeftError {
}
/**
 * The connection failed and there is no whole answer (status 0). What was asked for may
 * have been done, unless it only reads; with an Idempotency-Key it can be sent again.
 */
export class ConnectionError extends WeftError {
}
/**
 * What the server says of a failure (RFC 9457). Every member but `status` may be missing
 * where something between client and server answered.
 */
export type Problem = {
    /**
     * the HTTP status; 0 where there was no answer
     */
    status: number;
    /**
     * stable, such as `UNIQUE_VIOLATION`; decide by it
     */
    code?: string | undefined;
    /**
     * a sentence for people
     */
    detail?: string | undefined;
    /**
     * PostgreSQL's code, such as `23505`
     */
    sqlstate?: string | undefined;
    /**
     * what to do
     */
    hint?: string | undefined;
    /**
     * the field or column at fault
     */
    field?: string | undefined;
    /**
     * where in the SQL text
     */
    position?: {
        line: number;
        column: number;
        offset: number;
    } | undefined;
    /**
     * names the request in the server's log
     */
    request_id?: string | undefined;
    /**
     * the index of the operation of a batch
     */
    operation?: number | undefined;
    /**
     * whether the same may succeed when it is run again
     */
    retryable?: boolean | undefined;
};
