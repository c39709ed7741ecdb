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
    /**
     * @param {Client} client
     * @param {any} told
     */
    constructor(client: Client, told: any);
    /** Names it at the server. @type {string} */
    id: string;
    /** Whether it has neither been committed nor rolled back by this client. */
    get open(): boolean;
    /**
     * Commits. It is sent again where its answer is lost, and tells the same outcome.
     *
     * @returns {Promise<string | null>} the commit timestamp, or null where nothing was written
     * @throws {import("./errors.js").ConflictError} where another transaction was first: nothing was written
     */
    commit(): Promise<string | null>;
    /** Undoes everything. */
    rollback(): Promise<void>;
    /** Ends what is open, and what runs in it; nothing happens where it is over. */
    end(): Promise<void>;
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
    savepoint<T>(fn: () => Promise<T>): Promise<T>;
    #private;
}
export type Client = import("./client.js").Client;
export type Ask = import("./transport.js").Ask;
/**
 * How a transaction begins.
 */
export type BeginOptions = {
    /**
     * serializable by default
     */
    isolation?: "serializable" | "snapshot" | undefined;
    /**
     * refuses writes, never conflicts
     */
    readOnly?: boolean | undefined;
    /**
     * how long it waits for its next request, 30000 by default
     */
    idleTimeoutMs?: number | undefined;
    /**
     * what its commit has survived when it returns
     */
    durability?: "interval" | "async" | "sync" | undefined;
    /**
     * an RFC 3339 time or commit timestamp: read the state of then
     */
    asOf?: string | undefined;
};
import { Session } from "./session.js";
