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
export function connect(url?: string, options?: ClientOptions): Client;
/** A server, and a database of it. Any number of requests may run at once. */
export class Client extends Session {
    /**
     * @param {string} url
     * @param {ClientOptions} [options]
     */
    constructor(url: string, options?: ClientOptions);
    /**
     * Begins a transaction that spans requests. End it: with `commit`, `rollback` or `end`.
     *
     * @param {BeginOptions} [options]
     * @returns {Promise<Transaction>}
     */
    begin(options?: BeginOptions): Promise<Transaction>;
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
    transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: BeginOptions & {
        attempts?: number;
    }): Promise<T>;
    /**
     * A full-text index that stands alone.
     *
     * @param {string} name
     * @returns {TextIndex}
     */
    text(name: string): TextIndex;
    /**
     * Names of the full-text indexes that stand alone.
     *
     * @returns {Promise<string[]>}
     */
    texts(): Promise<string[]>;
    /**
     * The collections of the database.
     *
     * @returns {Promise<{name: string, document_count: number, index_count: number}[]>}
     */
    collections(): Promise<{
        name: string;
        document_count: number;
        index_count: number;
    }[]>;
    /**
     * The metrics of the database, with their fields.
     *
     * @returns {Promise<Record<string, any>[]>}
     */
    metrics(): Promise<Record<string, any>[]>;
    /**
     * The continuous queries that fill metrics, and what they have done.
     *
     * @returns {Promise<import("./metric.js").MetricQueryInfo[]>}
     */
    metricQueries(): Promise<import("./metric.js").MetricQueryInfo[]>;
    /**
     * The channels of the database, with their offsets and bounds.
     *
     * @returns {Promise<any[]>}
     */
    channels(): Promise<any[]>;
    /**
     * The buckets of the database.
     *
     * @returns {Promise<{name: string, default_ttl: number | null, compression: string, created_at: string}[]>}
     */
    buckets(): Promise<{
        name: string;
        default_ttl: number | null;
        compression: string;
        created_at: string;
    }[]>;
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
    createBucket(name: string, options?: {
        default_ttl?: number;
        compression?: string;
        if_not_exists?: boolean;
    }): Promise<void>;
    /**
     * Removes a bucket with all its keys.
     *
     * @param {string} name
     */
    dropBucket(name: string): Promise<void>;
    /**
     * The tables of the database, with columns, indexes and constraints.
     *
     * @returns {Promise<any[]>}
     *
     * @example
     * await db.query("CREATE TABLE listed (id int PRIMARY KEY)");
     * (await db.tables()).some((t) => t.name === "listed" && t.columns[0].data_type === "integer") // => true
     */
    tables(): Promise<any[]>;
    /**
     * One table; also `schema.name`.
     *
     * @param {string} name
     * @returns {Promise<any>}
     * @throws {import("./errors.js").NotFoundError}
     */
    table(name: string): Promise<any>;
    /**
     * The databases of the server.
     *
     * @returns {Promise<{name: string, table_count: number, created_at: string | null}[]>}
     */
    databases(): Promise<{
        name: string;
        table_count: number;
        created_at: string | null;
    }[]>;
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
    createDatabase(name: string, options?: {
        if_not_exists?: boolean;
    }): Promise<boolean>;
    /**
     * Drops a database with all that is in it.
     *
     * @param {string} name
     */
    dropDatabase(name: string): Promise<void>;
    /**
     * Cancels a query that runs, by the `X-Request-Id` that it was sent with.
     *
     * @param {string} id
     */
    cancel(id: string): Promise<void>;
    /**
     * The build of the server and what it can do.
     *
     * @returns {Promise<{name: string, version: string, api_versions: string[], capabilities: string[]}>}
     */
    version(): Promise<{
        name: string;
        version: string;
        api_versions: string[];
        capabilities: string[];
    }>;
    #private;
}
export type Ask = import("./transport.js").Ask;
export type Retry = import("./transport.js").Retry;
export type BeginOptions = import("./transaction.js").BeginOptions;
/**
 * How a client is made.
 */
export type ClientOptions = {
    /**
     * of requests that name none; `default` without it
     */
    database?: string | undefined;
    /**
     * how long a request waits for its whole answer, 60000 by
     * default; streams, watches and imports have no bound but their signal
     */
    timeoutMs?: number | undefined;
    /**
     * `{ attempts: 4, delayMs: 50, maxDelayMs: 2000 }` by default.
     * A request is sent again where the server says that nothing was done (409 and 503 that are
     * `retryable`), and where the connection fails if it only reads or has an Idempotency-Key.
     */
    retry?: Partial<import("./transport.js").Retry> | undefined;
    /**
     * how bigint comes out, `"auto"` by default
     */
    int64?: import("./values.js").Int64 | undefined;
    /**
     * sent with every request, such as Authorization
     */
    headers?: Record<string, string> | undefined;
    /**
     * in place of the global one
     */
    fetch?: typeof fetch | undefined;
};
import { Session } from "./session.js";
import { Transaction } from "./transaction.js";
import { TextIndex } from "./text.js";
