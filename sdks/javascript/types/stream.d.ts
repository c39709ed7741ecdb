/**
 * The lines of a body. Leaving the loop, or the signal, ends the request.
 *
 * @param {Response} response
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<string, void, undefined>}
 */
export function lines(response: Response, signal?: AbortSignal): AsyncGenerator<string, void, undefined>;
/**
 * The events of a text/event-stream, of which comments are left out.
 *
 * @param {Response} response
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<{id: string, event: string, data: any}, void, undefined>}
 */
export function events(response: Response, signal?: AbortSignal): AsyncGenerator<{
    id: string;
    event: string;
    data: any;
}, void, undefined>;
/**
 * What a stream of rows is made of.
 *
 * @typedef {object} RowSource
 * @property {() => Promise<Response>} open
 * @property {boolean} objects
 * @property {import("./values.js").Int64} int64
 * @property {AbortSignal} [signal]
 * @property {() => void} [over] called once when the stream has ended in whatever way
 */
/**
 * The rows of a query as the server makes them; iterate it once. The members tell of the
 * statement whose rows come now, and of the last one at the end. A stream that breaks off
 * throws: rows are never missing silently.
 *
 * @template T
 * @implements {AsyncIterable<T>}
 *
 * @example
 * let sum = 0;
 * const rows = db.stream("SELECT n FROM generate_series(1, $1) AS n", [1000]);
 * for await (const { n } of rows) sum += n;
 * sum // => 500500
 * [rows.columns, rows.types, rows.command] // => [["n"], ["integer"], "SELECT"]
 */
export class RowStream<T> implements AsyncIterable<T> {
    /** @param {RowSource} source */
    constructor(source: RowSource);
    /** Names of the columns, once the first row is there. @type {string[]} */
    columns: string[];
    /** PostgreSQL's names of their types. @type {string[]} */
    types: string[];
    /** Rows that the last statement changed; known at the end. */
    rowsAffected: number;
    /** What the last statement was; known at the end. */
    command: string;
    /** Whether all rows have come. */
    complete: boolean;
    /**
     * All rows that are left, in an array.
     *
     * @returns {Promise<T[]>}
     *
     * @example
     * await db.stream("VALUES (1), (2)", [], { rows: "arrays" }).all() // => [[1], [2]]
     */
    all(): Promise<T[]>;
    /** @returns {AsyncGenerator<T, void, undefined>} */
    [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
    #private;
}
/**
 * What a stream of rows is made of.
 */
export type RowSource = {
    open: () => Promise<Response>;
    objects: boolean;
    int64: import("./values.js").Int64;
    signal?: AbortSignal | undefined;
    /**
     * called once when the stream has ended in whatever way
     */
    over?: (() => void) | undefined;
};
