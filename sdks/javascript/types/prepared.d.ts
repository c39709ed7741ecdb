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
    /**
     * @param {Session} on
     * @param {any} told
     */
    constructor(on: Session, told: any);
    /** Names it at the server. @type {string} */
    id: string;
    /** The types of its parameters; a value must fit. @type {string[]} */
    parameters: string[];
    /** Names of its columns. @type {string[]} */
    columns: string[];
    /** Types of its columns. @type {string[]} */
    types: string[];
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
    execute<T = Record<string, any>>(params?: readonly Param[], options?: RunOptions & CallOptions): Promise<import("./result.js").Result<T>>;
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
    stream<T = Record<string, any>>(params?: readonly Param[], options?: RunOptions & {
        signal?: AbortSignal;
    }): import("./stream.js").RowStream<T>;
    /** Lets the server forget it. */
    close(): Promise<void>;
    #private;
}
export type Session = import("./session.js").Session;
export type CallOptions = import("./session.js").CallOptions;
export type Param = import("./values.js").Param;
/**
 * Of one run.
 */
export type RunOptions = {
    rows?: "objects" | "arrays" | undefined;
    timeoutMs?: number | undefined;
    maxRows?: number | undefined;
};
