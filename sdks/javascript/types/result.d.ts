/**
 * @param {any} answer
 * @param {Int64} int64
 * @returns {Result<any>}
 */
export function resultOf(answer: any, int64: Int64): Result<any>;
/** @typedef {import("./values.js").Int64} Int64 */
/**
 * What a statement gave.
 *
 * @template [T=Record<string, any>]
 */
export class Result<T = Record<string, any>> {
    /**
     * @param {any} data
     * @param {Int64} int64
     */
    constructor(data: any, int64: Int64);
    /** Names of the columns. @type {string[]} */
    columns: string[];
    /** PostgreSQL's names of their types, such as `integer` and `timestamp with time zone`. @type {string[]} */
    types: string[];
    /** The rows, as objects or arrays. @type {T[]} */
    rows: T[];
    /** Rows that INSERT, UPDATE or DELETE changed; 0 otherwise. @type {number} */
    rowsAffected: number;
    /** `SELECT`, `INSERT`, `CREATE TABLE` … @type {string} */
    command: string;
    /** The results of all statements, where there were several. @type {Result<any>[]} */
    results: Result<any>[];
    /** How long the server took, in milliseconds. */
    executionTimeMs: number;
    /**
     * The first row, or undefined.
     *
     * @returns {T | undefined}
     *
     * @example
     * (await db.query("SELECT 1 AS a, true AS b")).first() // => { a: 1, b: true }
     */
    first(): T | undefined;
    /**
     * The first value of the first row, or undefined.
     *
     * @returns {any}
     *
     * @example
     * (await db.query("SELECT count(*) FROM generate_series(1, 3)")).scalar() // => 3
     */
    scalar(): any;
}
export type Int64 = import("./values.js").Int64;
