/** @typedef {import("./transport.js").Ask} Ask */
/** @typedef {import("./transport.js").Content} Content */
/** @typedef {import("./values.js").Param} Param */
/** @typedef {import("./values.js").Int64} Int64 */
/**
 * Of one call.
 *
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal] ends the wait, and what runs at the server
 * @property {string | true} [idempotencyKey] the request is done once under this key, however
 *   often it is sent, and so it is sent again where the connection fails; true makes a key up
 */
/**
 * Of a statement.
 *
 * @typedef {object} QueryOptions
 * @property {"objects" | "arrays"} [rows] `objects` by default, which need distinct column names
 * @property {string} [database] another one than the client's
 * @property {"postgresql" | "mysql"} [dialect]
 * @property {number} [timeoutMs] how long it may run at the server
 * @property {number} [maxRows] more rows are an error
 */
/**
 * Of an import; what they mean is told in docs/import.md.
 *
 * @typedef {object} ImportOptions
 * @property {"csv" | "json" | "ndjson"} [format] csv by default
 * @property {boolean} [header] false: the first record is data
 * @property {string} [columns] names with commas between
 * @property {string} [delimiter]
 * @property {string} [encoding]
 * @property {string} [null] what stands for NULL
 * @property {string} [ragged]
 * @property {string} [path]
 * @property {string} [primary_key]
 * @property {boolean} [atomic] all records or none
 * @property {boolean} [create] false: the table must be there
 * @property {number} [batch_rows]
 * @property {number} [max_rejects] rejected records that the answer lists
 */
/**
 * What an import did. Records that do not fit are left out and listed: look at `rows_rejected`.
 *
 * @typedef {object} ImportResult
 * @property {string} table
 * @property {number} rows_imported
 * @property {number} rows_rejected
 * @property {boolean} created whether the table was made
 * @property {{line: number, record: number, reason: string, text: string}[]} rejected the first of them
 * @property {string[]} warnings
 * @property {{name: string, data_type: string}[]} columns
 * @property {number} duration_ms
 */
/**
 * An operation of a batch: a request of the HTTP interface.
 *
 * @typedef {object} Operation
 * @property {string} [id] names it for `$ref`
 * @property {"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} method
 * @property {string} path behind `/api/v1`
 * @property {unknown} [body] where `{"$ref": "id.path"}` stands for a part of an earlier answer
 * @property {Record<string, string>} [headers]
 */
/** Queries, keys, documents and imports, in a transaction or each for itself. */
export class Session {
    /**
     * Sends a request of this API. For what this client has no method of.
     *
     * @param {Ask} ask
     * @returns {Promise<any>} the JSON of the answer
     *
     * @example
     * (await db.call({ method: "GET", path: "/version", reads: true })).name // => "weft"
     */
    call(ask: Ask): Promise<any>;
    /**
     * @template T
     * @param {Ask} ask
     * @param {(response: Response) => Promise<T>} read
     * @returns {Promise<T>}
     * @ignore
     */
    _send<T>(ask: Ask, read: (response: Response) => Promise<T>): Promise<T>;
    /**
     * The database of requests that name none.
     *
     * @returns {string | undefined}
     */
    get database(): string | undefined;
    /**
     * @returns {Int64}
     */
    get int64(): Int64;
    /**
     * Runs one or several statements, as one transaction. Parameters are `$1`, `$2` … or `?`.
     *
     * Values are what JSON holds: numeric, times, dates and bytea come as text, bigint as
     * the client's `int64` says, json and arrays as they are. A row is an object of its
     * columns, or with `rows: "arrays"` an array.
     *
     * @template [T=Record<string, any>]
     * @param {string} sql
     * @param {readonly Param[]} [params] a BigInt keeps its digits; a Date is a timestamp, a
     *   Uint8Array a bytea, any other object or array jsonb
     * @param {QueryOptions & CallOptions} [options]
     * @returns {Promise<import("./result.js").Result<T>>}
     * @throws {import("./errors.js").WeftError} with `code` and `sqlstate` of what is wrong
     *
     * @example
     * await db.query("CREATE TABLE city (id int PRIMARY KEY, name text, people bigint)");
     * const made = await db.query("INSERT INTO city VALUES ($1, $2, $3) RETURNING id", [7, "Oslo", 717710]);
     * made.rows // => [{ id: 7 }]
     * made.rowsAffected // => 1
     * (await db.query("SELECT name FROM city WHERE id = $1", [7])).scalar() // => "Oslo"
     * (await db.query("SELECT people / 2.0 AS half FROM city")).rows // => [{ half: "358855.000000000000" }]
     */
    query<T = Record<string, any>>(sql: string, params?: readonly Param[], options?: QueryOptions & CallOptions): Promise<import("./result.js").Result<T>>;
    /**
     * The rows of a query as they are made, without holding all of them. Nothing is asked
     * before the first row is; leaving the loop ends the query.
     *
     * @template [T=Record<string, any>]
     * @param {string} sql
     * @param {readonly Param[]} [params]
     * @param {QueryOptions & {signal?: AbortSignal}} [options]
     * @returns {RowStream<T>}
     *
     * @example
     * const seen = [];
     * for await (const { n } of db.stream("SELECT n FROM generate_series(1, 1000000) AS n")) {
     *   seen.push(n);
     *   if (seen.length === 3) break;
     * }
     * seen // => [1, 2, 3]
     */
    stream<T = Record<string, any>>(sql: string, params?: readonly Param[], options?: QueryOptions & {
        signal?: AbortSignal;
    }): RowStream<T>;
    /**
     * @param {Ask} ask
     * @param {boolean} objects
     * @returns {RowStream<any>}
     */
    _rows(ask: Ask, objects: boolean): RowStream<any>;
    /**
     * Prepares a statement at the server, to run it many times.
     *
     * @param {string} sql
     * @param {{database?: string, dialect?: "postgresql" | "mysql"}} [options]
     * @returns {Promise<Prepared>}
     * @throws {import("./errors.js").WeftError} where the statement cannot run
     *
     * @example
     * const add = await db.prepare("SELECT $1::int + $2::int AS sum");
     * add.parameters // => ["integer", "integer"]
     * (await add.execute([1, 2])).rows // => [{ sum: 3 }]
     * await add.close();
     */
    prepare(sql: string, options?: {
        database?: string;
        dialect?: "postgresql" | "mysql";
    }): Promise<Prepared>;
    /**
     * The client itself, for what is done outside of transactions.
     *
     * @returns {Session}
     */
    _outside(): Session;
    /**
     * Runs requests of the HTTP interface as one transaction in one round trip: all of them
     * take effect or none. `{"$ref": "order.data.rows.0.id"}` in a body stands for a part of
     * the answer of an earlier operation. The client's database is added to paths that have
     * no parameters of their own.
     *
     * @param {readonly Operation[]} operations
     * @param {CallOptions & {isolation?: "serializable" | "snapshot", readOnly?: boolean, timeoutMs?: number}} [options]
     * @returns {Promise<any[]>} the bodies of the answers
     * @throws {import("./errors.js").WeftError} of the first that failed, with its index in `operation`
     *
     * @example
     * const [sum, kept] = await db.batch([
     *   { id: "q", method: "POST", path: "/query", body: { sql: "SELECT 40 + 2 AS n" } },
     *   { method: "PUT", path: "/kv/keys/answer", body: { value: { $ref: "q.data.rows.0.0" } } },
     * ]);
     * sum.data.rows // => [[42]]
     * kept.value // => 42
     */
    batch(operations: readonly Operation[], options?: CallOptions & {
        isolation?: "serializable" | "snapshot";
        readOnly?: boolean;
        timeoutMs?: number;
    }): Promise<any[]>;
    /**
     * The keys of a bucket.
     *
     * @param {string} [bucket]
     * @returns {KV}
     *
     * @example
     * const kv = db.kv("settings");
     * await kv.set("theme", "dark");
     * await kv.get("theme") // => "dark"
     */
    kv(bucket?: string): KV;
    /**
     * A channel of messages, which the first publication makes.
     *
     * @param {string} name
     * @returns {Channel}
     */
    channel(name: string): Channel;
    /**
     * The points of a metric over time.
     *
     * @param {string} name
     * @returns {Metric}
     *
     * @example
     * await db.metric("load").write(0.5, { host: "a" });
     * await db.metric("load").tagValues("host") // => ["a"]
     */
    metric(name: string): Metric;
    /**
     * A continuous query, which fills a metric from others.
     *
     * @param {string} name
     * @returns {MetricQuery}
     */
    metricQuery(name: string): MetricQuery;
    /**
     * A collection of documents, which the first insert makes.
     *
     * @template {object} [T=Record<string, any>]
     * @param {string} name
     * @returns {Collection<T>}
     *
     * @example
     * const shop = db.collection("shop");
     * await shop.insert({ name: "Lamp", price: 12.5 }, "lamp");
     * (await shop.get("lamp")).name // => "Lamp"
     */
    collection<T extends object = Record<string, any>>(name: string): Collection<T>;
    /**
     * Imports CSV, JSON or NDJSON into a table, which is made where it is missing. Data may
     * be compressed, and may be a stream, which is sent as it comes and never again.
     *
     * @param {string} table
     * @param {Content} data
     * @param {ImportOptions & CallOptions} [options]
     * @returns {Promise<ImportResult>}
     *
     * @example
     * const done = await db.importData("town", "id,name\n1,Bergen\n2,Moss\n", { primary_key: "id" });
     * [done.rows_imported, done.rows_rejected] // => [2, 0]
     */
    importData(table: string, data: Content, options?: ImportOptions & CallOptions): Promise<ImportResult>;
    #private;
}
export type Ask = import("./transport.js").Ask;
export type Content = import("./transport.js").Content;
export type Param = import("./values.js").Param;
export type Int64 = import("./values.js").Int64;
/**
 * Of one call.
 */
export type CallOptions = {
    /**
     * ends the wait, and what runs at the server
     */
    signal?: AbortSignal | undefined;
    /**
     * the request is done once under this key, however
     * often it is sent, and so it is sent again where the connection fails; true makes a key up
     */
    idempotencyKey?: string | true | undefined;
};
/**
 * Of a statement.
 */
export type QueryOptions = {
    /**
     * `objects` by default, which need distinct column names
     */
    rows?: "objects" | "arrays" | undefined;
    /**
     * another one than the client's
     */
    database?: string | undefined;
    dialect?: "postgresql" | "mysql" | undefined;
    /**
     * how long it may run at the server
     */
    timeoutMs?: number | undefined;
    /**
     * more rows are an error
     */
    maxRows?: number | undefined;
};
/**
 * Of an import; what they mean is told in docs/import.md.
 */
export type ImportOptions = {
    /**
     * csv by default
     */
    format?: "json" | "csv" | "ndjson" | undefined;
    /**
     * false: the first record is data
     */
    header?: boolean | undefined;
    /**
     * names with commas between
     */
    columns?: string | undefined;
    delimiter?: string | undefined;
    encoding?: string | undefined;
    /**
     * what stands for NULL
     */
    null?: string | undefined;
    ragged?: string | undefined;
    path?: string | undefined;
    primary_key?: string | undefined;
    /**
     * all records or none
     */
    atomic?: boolean | undefined;
    /**
     * false: the table must be there
     */
    create?: boolean | undefined;
    batch_rows?: number | undefined;
    /**
     * rejected records that the answer lists
     */
    max_rejects?: number | undefined;
};
/**
 * What an import did. Records that do not fit are left out and listed: look at `rows_rejected`.
 */
export type ImportResult = {
    table: string;
    rows_imported: number;
    rows_rejected: number;
    /**
     * whether the table was made
     */
    created: boolean;
    /**
     * the first of them
     */
    rejected: {
        line: number;
        record: number;
        reason: string;
        text: string;
    }[];
    warnings: string[];
    columns: {
        name: string;
        data_type: string;
    }[];
    duration_ms: number;
};
/**
 * An operation of a batch: a request of the HTTP interface.
 */
export type Operation = {
    /**
     * names it for `$ref`
     */
    id?: string | undefined;
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
    /**
     * behind `/api/v1`
     */
    path: string;
    /**
     * where `{"$ref": "id.path"}` stands for a part of an earlier answer
     */
    body?: unknown;
    headers?: Record<string, string> | undefined;
};
import { RowStream } from "./stream.js";
import { Prepared } from "./prepared.js";
import { KV } from "./kv.js";
import { Channel } from "./channels.js";
import { Metric } from "./metric.js";
import { MetricQuery } from "./metric.js";
import { Collection } from "./collection.js";
