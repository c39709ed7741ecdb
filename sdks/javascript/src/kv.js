/**
 * Keys and values.
 *
 * @module
 */

import { NotFoundError, failure, ConnectionError } from "./errors.js";
import { events } from "./stream.js";
import { fromBase64, given, queryString, toBase64 } from "./values.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").CallOptions} CallOptions */

/**
 * What is stored under a key. `version` rises with every write; it and the times are null
 * where the transaction that reads has written the key and not committed yet.
 *
 * @typedef {object} Entry
 * @property {string} key
 * @property {any} value
 * @property {"text" | "base64"} [encoding] of bytes: what value is written in
 * @property {string} [content_type] of bytes
 * @property {number | null} ttl seconds left, rounded up; null is forever
 * @property {string | null} expires_at RFC 3339
 * @property {string | null} created_at
 * @property {string | null} updated_at
 * @property {string | null} version
 * @property {number} size bytes of the value
 */

/**
 * Conditions and expiry of a write.
 *
 * @typedef {object} SetOptions
 * @property {number | null} [ttl] seconds until the key expires; 0 is never; without it the bucket's default
 * @property {boolean} [keepTtl] leave the expiry of a key that is there
 * @property {string} [ifVersion] only if the key has this version
 * @property {boolean} [ifAbsent] only if there is no such key
 * @property {boolean} [ifPresent] only if there is such a key
 */

/**
 * Bounds of a list.
 *
 * @typedef {object} ListOptions
 * @property {string} [prefix] keys that begin with it
 * @property {string} [start] keys from it on
 * @property {string} [end] keys before it
 * @property {boolean} [reverse] the last first
 * @property {boolean} [keysOnly] without values
 * @property {number} [pageSize] entries of one request
 * @property {AbortSignal} [signal]
 */

/**
 * A change that a watch tells of: of `put` the entry, of `delete` the key.
 *
 * @typedef {object} KVEvent
 * @property {"put" | "delete" | "drop"} event
 * @property {string} id go on behind it with `since`
 * @property {any} data
 */

/** The keys of a bucket. Values are anything that JSON holds, or bytes. */
export class KV {
  #on;

  /**
   * @param {Session} on
   * @param {string} bucket
   */
  constructor(on, bucket) {
    this.#on = on;
    /** The name of the bucket. */
    this.bucket = bucket;
  }

  /** @param {Record<string, unknown>} [more] */
  #query(more) {
    return queryString({ bucket: this.bucket, database: this.#on.database, ...more });
  }

  /**
   * @param {string} path
   * @param {Record<string, unknown>} body
   * @param {CallOptions & {reads?: boolean}} [options]
   */
  #post(path, body, options = {}) {
    const { signal, idempotencyKey, reads } = options;
    return this.#on.call({ method: "POST", path: path + this.#query(), body: given(body), signal, idempotencyKey, reads });
  }

  /**
   * The value of a key, or undefined. Bytes come as a Uint8Array.
   *
   * @template [T=any]
   * @param {string} key
   * @returns {Promise<T | undefined>}
   *
   * @example
   * const kv = db.kv("people");
   * await kv.set("ada", { born: 1815 });
   * await kv.get("ada") // => { born: 1815 }
   * await kv.get("bob") // => undefined
   */
  async get(key) {
    const e = await this.entry(key);
    if (e?.encoding === "base64") return /** @type {any} */ (fromBase64(e.value));
    if (e?.encoding === "text") return /** @type {any} */ (new TextEncoder().encode(e.value));
    return e?.value;
  }

  /**
   * A key with its version and times, or undefined.
   *
   * @param {string} key
   * @returns {Promise<Entry | undefined>}
   *
   * @example
   * const kv = db.kv("people");
   * await kv.set("eve", 1, { ttl: 60 });
   * (await kv.entry("eve")).ttl // => 60
   */
  async entry(key) {
    try {
      return await this.#on.call({ method: "GET", path: keyPath(key) + this.#query({ raw: false }), reads: true });
    } catch (e) {
      if (isMissing(e)) return undefined;
      throw e;
    }
  }

  /**
   * Sets a key, on a condition or without one.
   *
   * @param {string} key 1 to 4096 bytes
   * @param {unknown} value JSON, or a Uint8Array
   * @param {SetOptions & CallOptions} [options]
   * @returns {Promise<Entry>}
   * @throws {import("./errors.js").PreconditionFailedError} where the condition does not hold; nothing is written
   *
   * @example
   * const kv = db.kv("locks");
   * const first = await kv.set("job", "me", { ifAbsent: true, ttl: 30 });
   * (await kv.set("job", "you", { ifAbsent: true }).catch((e) => e)).code // => "PRECONDITION_FAILED"
   * (await kv.set("job", "me again", { ifVersion: first.version })).value // => "me again"
   */
  set(key, value, options = {}) {
    return this.#post("/kv/keys", { key, ...valueOf(value), ...conditions(options) }, options);
  }

  /**
   * Removes a key; whether it was there.
   *
   * @param {string} key
   * @param {{ifVersion?: string} & CallOptions} [options]
   * @returns {Promise<boolean>}
   *
   * @example
   * await db.kv().set("x", 1);
   * [await db.kv().delete("x"), await db.kv().delete("x")] // => [true, false]
   */
  async delete(key, options = {}) {
    const { signal, idempotencyKey, ifVersion } = options;
    /** @type {Record<string, string>} */
    const headers = ifVersion === undefined ? {} : { "If-Match": `"${ifVersion}"` };
    try {
      await this.#on.call({ method: "DELETE", path: keyPath(key) + this.#query(), headers, signal, idempotencyKey });
      return true;
    } catch (e) {
      if (isMissing(e)) return false;
      throw e;
    }
  }

  /**
   * Adds to a number and gives the sum. A key that is not there counts as 0.
   *
   * @param {string} key
   * @param {number | bigint} [by]
   * @param {SetOptions & CallOptions} [options]
   * @returns {Promise<number>}
   *
   * @example
   * await db.kv("hits").increment("home", 5) // => 5
   * await db.kv("hits").increment("home") // => 6
   */
  async increment(key, by = 1, options = {}) {
    return (await this.#post("/kv/increment", { key, by, ...conditions(options) }, options)).value;
  }

  /**
   * Appends an element to an array, a string to a string, or bytes to bytes.
   *
   * @param {string} key
   * @param {unknown} value
   * @param {SetOptions & CallOptions} [options]
   * @returns {Promise<Entry>}
   *
   * @example
   * const kv = db.kv("log");
   * await kv.set("all", ["a"]);
   * (await kv.append("all", "b")).value // => ["a", "b"]
   */
  append(key, value, options = {}) {
    return this.#post("/kv/append", { key, ...valueOf(value), ...conditions(options) }, options);
  }

  /**
   * Sets a key to `value` if it has `expected`. `undefined` stands for no such key: as
   * `expected` the key must be missing, as `value` it is removed.
   *
   * @param {string} key
   * @param {unknown} expected JSON, compared by meaning
   * @param {unknown} value
   * @param {CallOptions} [options]
   * @returns {Promise<{swapped: boolean, entry: Entry | null}>} and what is there now
   *
   * @example
   * const kv = db.kv("state");
   * (await kv.compareAndSet("door", undefined, "open")).swapped // => true
   * (await kv.compareAndSet("door", "shut", "open")).swapped // => false
   */
  async compareAndSet(key, expected, value, options = {}) {
    const { swapped, entry } = await this.#post("/kv/cas", { key, expected, value }, options);
    return { swapped, entry };
  }

  /**
   * Sets a key and gives what it had, or null.
   *
   * @param {string} key
   * @param {unknown} value
   * @param {SetOptions & CallOptions} [options]
   * @returns {Promise<Entry | null>}
   *
   * @example
   * await db.kv().set("turn", 1);
   * (await db.kv().getAndSet("turn", 2)).value // => 1
   */
  async getAndSet(key, value, options = {}) {
    return (await this.#post("/kv/getset", { key, ...valueOf(value), ...conditions(options) }, options)).previous;
  }

  /**
   * Changes when a key expires.
   *
   * @param {string} key
   * @param {number} ttl seconds; 0 is never
   * @param {CallOptions} [options]
   * @returns {Promise<Entry>}
   *
   * @example
   * await db.kv().set("session", 1);
   * (await db.kv().touch("session", 30)).ttl // => 30
   */
  touch(key, ttl, options = {}) {
    return this.#post("/kv/touch", { key, ttl }, options);
  }

  /**
   * The entries of several keys at one instant, by key; those that are missing are left out.
   *
   * @param {readonly string[]} keys
   * @returns {Promise<Map<string, Entry>>}
   *
   * @example
   * const kv = db.kv("cities");
   * await kv.setMany({ a: "Oslo", b: "Rome" });
   * [...(await kv.getMany(["b", "c", "a"])).values()].map((e) => e.value) // => ["Rome", "Oslo"]
   */
  async getMany(keys) {
    const { entries } = await this.#post("/kv/batch/get", { keys }, { reads: true });
    return new Map(entries.map((/** @type {Entry} */ e) => [e.key, e]));
  }

  /**
   * Sets several keys, all or none.
   *
   * @param {Record<string, unknown> | Iterable<readonly [string, unknown]>} values
   * @param {SetOptions & CallOptions} [options] for each of them
   * @returns {Promise<number>} how many
   *
   * @example
   * await db.kv("colors").setMany([["sky", "blue"], ["sun", "yellow"]]) // => 2
   */
  async setMany(values, options = {}) {
    const pairs = Symbol.iterator in values ? [.../** @type {Iterable<readonly [string, unknown]>} */ (values)] : Object.entries(values);
    const shared = conditions(options);
    return (await this.#post("/kv/batch/set", { entries: pairs.map(([key, v]) => given({ key, ...valueOf(v), ...shared })) }, options)).count;
  }

  /**
   * Removes several keys, all or none; how many were there.
   *
   * @param {readonly string[]} keys
   * @param {CallOptions} [options]
   * @returns {Promise<number>}
   *
   * @example
   * await db.kv("colors").set("grass", "green");
   * await db.kv("colors").deleteMany(["grass", "nothing"]) // => 1
   */
  async deleteMany(keys, options = {}) {
    return (await this.#post("/kv/batch/delete", { keys }, options)).deleted;
  }

  /**
   * Several operations in one step, all or none: each with an `op` (get, set, delete, increment,
   * append, touch, getset, cas, check), a `key` and what the operation takes.
   *
   * @param {readonly ({op: string, key: string} & Record<string, any>)[]} operations
   * @param {CallOptions} [options]
   * @returns {Promise<{done: boolean, entry: any}[]>} what each did, and what is there afterwards
   *
   * @example
   * const done = await db.kv("mixed").batch([{ op: "set", key: "a", value: 1 }, { op: "increment", key: "n", by: 2 }]);
   * done.map((r) => r.entry.value) // => [1, 2]
   */
  async batch(operations, options = {}) {
    return (await this.#post("/kv/batch", { operations }, options)).results;
  }

  /**
   * Makes the bucket, which the first write would do, too.
   *
   * @param {{defaultTTL?: number, compression?: string}} [options] a TTL in seconds for keys that have none of their own; none, snappy, lz4, zstd
   * @returns {Promise<{name: string, default_ttl: number | null, compression: string, created_at: string}>}
   *
   * @example
   * const visits = db.kv("visits");
   * (await visits.create({ defaultTTL: 60 })).default_ttl // => 60
   * (await visits.alter({ defaultTTL: null })).default_ttl // => null
   * (await visits.info()).compression // => "none"
   * await visits.drop();
   */
  create(options = {}) {
    const path = "/kv/buckets" + queryString({ database: this.#on.database });
    return this.#on.call({ method: "POST", path, body: { name: this.bucket, ...bucketOptions(options) } });
  }

  #bucket() {
    return `/kv/buckets/${encodeURIComponent(this.bucket)}${queryString({ database: this.#on.database })}`;
  }

  /**
   * The options of the bucket.
   *
   * @returns {Promise<{name: string, default_ttl: number | null, compression: string, created_at: string}>}
   */
  info() {
    return this.#on.call({ method: "GET", path: this.#bucket(), reads: true });
  }

  /**
   * Changes the options of the bucket, for later writes.
   *
   * @param {{defaultTTL?: number | null, compression?: string}} options
   * @returns {Promise<{name: string, default_ttl: number | null, compression: string, created_at: string}>}
   */
  alter(options) {
    return this.#on.call({ method: "PATCH", path: this.#bucket(), body: bucketOptions(options) });
  }

  /** Removes the bucket with all its keys. */
  async drop() {
    await this.#on.call({ method: "DELETE", path: this.#bucket() });
  }

  /**
   * The entries in the order of their keys, page by page. No key that stays is skipped,
   * and none comes twice, whatever is written meanwhile.
   *
   * @param {ListOptions} [options]
   * @returns {AsyncGenerator<Entry, void, undefined>}
   *
   * @example
   * const kv = db.kv("list");
   * await kv.setMany({ "a:1": 1, "a:2": 2, b: 3 });
   * const keys = [];
   * for await (const e of kv.list({ prefix: "a:" })) keys.push(e.key);
   * keys // => ["a:1", "a:2"]
   */
  async *list(options = {}) {
    const { prefix, start, end, reverse, keysOnly, pageSize = 1000, signal } = options;
    /** @type {string | null | undefined} */
    let cursor;
    do {
      const query = this.#query({ prefix, start, end, reverse, keys_only: keysOnly, limit: pageSize, count: "none", cursor });
      const page = await this.#on.call({ method: "GET", path: "/kv/keys" + query, reads: true, signal });
      yield* page.keys;
      cursor = page.next_cursor;
    } while (cursor);
  }

  /**
   * How many keys there are.
   *
   * @param {{prefix?: string, start?: string, end?: string, exact?: boolean}} [options] exact reads all of them
   * @returns {Promise<{count: number, exact: boolean}>}
   *
   * @example
   * await db.kv("counted").set("a", 1);
   * await db.kv("counted").count({ exact: true }) // => { count: 1, exact: true }
   */
  count(options = {}) {
    return this.#on.call({ method: "GET", path: "/kv/count" + this.#query(options), reads: true });
  }

  /**
   * The changes from now on, or from behind `since`, which is the id of an event or a
   * version. It goes on by itself where the connection fails, and ends when the bucket
   * is dropped. Outside of transactions.
   *
   * @param {{prefix?: string, since?: string, keysOnly?: boolean, signal?: AbortSignal}} [options]
   * @returns {AsyncGenerator<KVEvent, void, undefined>}
   * @throws {import("./errors.js").GoneError} where the history behind `since` is gone
   *
   * @example
   * const kv = db.kv("watched");
   * const { version } = await kv.set("a", 1);
   * await kv.set("a", 2);
   * for await (const { event, data } of kv.watch({ since: version })) {
   *   [event, data.key, data.value] // => ["put", "a", 2]
   *   break;
   * }
   */
  async *watch(options = {}) {
    const { prefix, keysOnly, signal } = options;
    let since = options.since;
    for (;;) {
      const path = "/kv/watch" + this.#query({ prefix, keys_only: keysOnly, since });
      const response = await this.#on._outside()._send({ method: "GET", path, reads: true, signal, deadlineMs: null }, async (r) => r);
      try {
        for await (const { id, event, data } of events(response, signal)) {
          if (event === "end" && data.code !== "WATCH_TOO_SLOW" && data.status !== 503) throw failure(data);
          if (event === "put" || event === "delete" || event === "drop") yield { event, id, data };
          if (event === "drop") return;
          if (id) since = id;
        }
      } catch (e) {
        if (!(e instanceof ConnectionError)) throw e;
      }
    }
  }
}

/** @param {string} key */
function keyPath(key) {
  return "/kv/keys/" + encodeURIComponent(key);
}

/** @param {unknown} value */
function valueOf(value) {
  return value instanceof Uint8Array ? { value: toBase64(value), encoding: "base64" } : { value };
}

/** @param {SetOptions} o */
function conditions(o) {
  return { ttl: o.ttl ?? undefined, keep_ttl: o.keepTtl, if_version: o.ifVersion, if_absent: o.ifAbsent, if_present: o.ifPresent };
}

/** @param {unknown} e */
function isMissing(e) {
  return e instanceof NotFoundError && e.code === "KEY_NOT_FOUND";
}

/** @param {{defaultTTL?: number | null, compression?: string}} options */
function bucketOptions({ defaultTTL, compression }) {
  return given({ default_ttl: defaultTTL, compression });
}
