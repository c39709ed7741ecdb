/**
 * Channels of messages, and groups of consumers.
 *
 * @module
 */

import { ConnectionError, failure } from "./errors.js";
import { lines } from "./stream.js";
import { pause } from "./transport.js";
import { exact, fromBase64, given, queryString, toBase64 } from "./values.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").CallOptions} CallOptions */

/**
 * Where reading begins: an offset, a time, with the first message or the next one. The
 * changes of an object, `cdc.…`, may begin with `"snapshot"`: what is there now.
 *
 * @typedef {"earliest" | "latest" | "snapshot" | number | bigint | Date} Start
 */

/**
 * A message of a channel.
 *
 * @typedef {object} Message
 * @property {number | bigint} offset from 1, without a gap; a bigint where a number would not be exact, as of `cdc.…`
 * @property {string} event_type
 * @property {string} source
 * @property {number} timestamp of its commit, in milliseconds since 1970
 * @property {string} commit_timestamp
 * @property {string | null} key
 * @property {number} partition
 * @property {Record<string, string>} headers
 * @property {any} data what JSON holds, or a Uint8Array
 * @property {string} [content_type] of bytes and text
 */

/**
 * A message that was handed out to a member of a group.
 *
 * @typedef {Message & {ack_id: string | null, delivery: number}} Handed
 */

/**
 * What a publisher says beside the data. A `producer` that numbers its messages 1, 2, 3 …
 * publishes each once, and so a request is sent again where the connection fails.
 *
 * @typedef {object} PublishOptions
 * @property {string} [key]
 * @property {string} [event_type]
 * @property {string} [source]
 * @property {Record<string, string>} [headers]
 * @property {string} [producer]
 * @property {number} [sequence]
 */

/**
 * What became of a message. In a transaction offset and times come with the commit.
 *
 * @typedef {object} Receipt
 * @property {number | null} offset
 * @property {number | null} timestamp
 * @property {string | null} commit_timestamp
 * @property {boolean} duplicate the producer had published this sequence before
 */

/**
 * Which messages are wanted; the server leaves the others out.
 *
 * @typedef {object} MessageFilter
 * @property {string | string[]} [eventType]
 * @property {string | string[]} [source]
 * @property {string | string[]} [key]
 * @property {number} [partition]
 * @property {Record<string, string>} [headers]
 * @property {Record<string, unknown>} [filter] of documents, over the data
 * @property {string} [where] a predicate of SQL over the columns of stream.<channel>
 */

/**
 * What a channel keeps.
 *
 * @typedef {object} ChannelBounds
 * @property {number | string | null} [max_age] seconds, or such as "7d"
 * @property {number | null} [max_bytes]
 * @property {number | null} [max_count]
 */

/** A durable log of messages, which the first publication makes. */
export class Channel {
  #on;

  /**
   * @param {Session} on
   * @param {string} name
   */
  constructor(on, name) {
    this.#on = on;
    /** @readonly */
    this.name = name;
  }

  /**
   * @param {string} path
   * @param {Record<string, unknown>} [query]
   * @returns {string}
   * @ignore
   */
  _path(path, query = {}) {
    return `/streaming/channels/${encodeURIComponent(this.name)}${path}${queryString({ database: this.#on.database, ...query })}`;
  }

  /** @ignore */
  get _on() {
    return this.#on;
  }

  /**
   * Makes the channel.
   *
   * @param {ChannelBounds & {compact?: boolean, partitions?: number, if_not_exists?: boolean}} [options]
   * @returns {Promise<any>}
   *
   * @example
   * (await db.channel("short").create({ max_count: 1000, partitions: 4 })).partitions // => 4
   */
  create(options = {}) {
    return this.#on.call({ method: "POST", path: "/streaming/channels" + queryString({ database: this.#on.database }), body: { name: this.name, ...options } });
  }

  /**
   * Changes what it keeps; null lifts a bound.
   *
   * @param {ChannelBounds} bounds
   * @returns {Promise<any>}
   */
  alter(bounds) {
    return this.#on.call({ method: "PATCH", path: this._path(""), body: bounds });
  }

  /**
   * What it keeps, and its offsets.
   *
   * @returns {Promise<any>}
   */
  info() {
    return this.#on.call({ method: "GET", path: this._path(""), reads: true });
  }

  /** Removes it with all its messages. */
  async drop() {
    await this.#on.call({ method: "DELETE", path: this._path("") });
  }

  /**
   * Publishes a message of JSON or bytes.
   *
   * @param {unknown} data
   * @param {PublishOptions & CallOptions} [options]
   * @returns {Promise<Receipt>}
   *
   * @example
   * const orders = db.channel("orders");
   * const { offset } = await orders.publish({ id: 1, total: 20 }, { key: "c7", event_type: "created" });
   * offset // => 1
   * (await orders.publish("again", { producer: "me", sequence: 1 })).duplicate // => false
   * (await orders.publish("again", { producer: "me", sequence: 1 })).duplicate // => true
   */
  publish(data, options = {}) {
    const { signal, idempotencyKey, ...m } = options;
    const reads = m.producer !== undefined;
    return this.#on.call({ method: "POST", path: this._path("/publish"), body: { ...written(data), ...m }, signal, idempotencyKey, reads });
  }

  /**
   * Publishes messages, all or none.
   *
   * @param {readonly (PublishOptions & {data?: unknown})[]} messages
   * @param {CallOptions} [options]
   * @returns {Promise<Receipt[]>}
   *
   * @example
   * const receipts = await db.channel("many").publishMany([{ data: 1, key: "a" }, { data: new Uint8Array([1, 2]) }]);
   * receipts.map((r) => r.offset) // => [1, 2]
   */
  async publishMany(messages, options = {}) {
    const body = { messages: messages.map(({ data, ...m }) => ({ ...written(data), ...m })) };
    const reads = messages.length > 0 && messages.every((m) => m.producer !== undefined);
    return (await this.#on.call({ method: "POST", path: this._path("/publish"), body, reads, ...options })).results;
  }

  /**
   * The last messages, or those from `start` on.
   *
   * @param {MessageFilter & {start?: Start, count?: number, signal?: AbortSignal}} [options] 100 without `count`
   * @returns {Promise<Message[]>}
   *
   * @example
   * const h = db.channel("h");
   * await h.publishMany([0, 1, 2, 3, 4].map((n) => ({ data: { n } })));
   * const found = await h.history({ start: 2, filter: { n: { $gt: 1 } } });
   * found.map((m) => m.data.n) // => [2, 3, 4]
   */
  async history(options = {}) {
    const { start, count = 100, signal, ...filter } = options;
    const path = this._path("/history", { count, from: from(start), ...filterQuery(filter) });
    return (await this.#on.call({ method: "GET", path, reads: true, signal })).events.map(read);
  }

  /**
   * The messages that are there, from `start` on, without holding all of them.
   *
   * @param {MessageFilter & {start?: Start, signal?: AbortSignal}} [options] from the first without `start`
   * @returns {AsyncGenerator<Message, void, undefined>}
   */
  async *read(options = {}) {
    for await (const m of this.#messages(false, { start: "earliest", ...options })) if ("offset" in m) yield m;
  }

  /**
   * The messages as they come, from `start` on or the next ones. It goes on by itself where
   * the connection fails or the server is started anew, and misses none, unless retention
   * was faster: then `{ gap: { from, to } }` comes. Outside of transactions.
   *
   * @param {MessageFilter & {start?: Start, signal?: AbortSignal}} [options]
   * @returns {AsyncGenerator<Message | {gap: {from: number | bigint, to: number | bigint}}, void, undefined>}
   *
   * @example
   * const live = db.channel("live");
   * await live.publish("one");
   * const seen = [];
   * for await (const m of live.subscribe({ start: "earliest" })) {
   *   seen.push(m.data);
   *   if (seen.length === 2) break;
   *   await live.publish("two");
   * }
   * seen // => ["one", "two"]
   */
  subscribe(options = {}) {
    return this.#messages(true, options);
  }

  /**
   * @param {boolean} follow
   * @param {MessageFilter & {start?: Start, signal?: AbortSignal}} options
   * @returns {AsyncGenerator<Message | {gap: {from: number | bigint, to: number | bigint}}, void, undefined>}
   */
  async *#messages(follow, options) {
    const { start, signal, ...filter } = options;
    const query = filterQuery(filter);
    let place = from(start);
    let snapshot = start === "snapshot"; // which begins anew, so it is not resumed
    for (let failures = 0; ; failures++) {
      if (failures) await pause(Math.random() * Math.min(25 * 2 ** Math.min(failures, 10), 2000), signal);
      try {
        const path = this._path("/ndjson", { follow, from: place, ...query });
        const response = await this.#on._outside()._send({ method: "GET", path, reads: true, signal, deadlineMs: null }, async (r) => r);
        for await (const line of lines(response, signal)) {
          if (!line) continue;
          const m = JSON.parse(line);
          if (m.offset !== undefined) {
            failures = 0;
            if (m.offset !== 0) {
              place = after(m.id);
              snapshot = false;
            }
            yield read(m);
          } else if (m.subscribed) {
            failures = 0;
            if (!snapshot) place = digits(line, "next_offset");
          } else if (m.gap) {
            place = after(digits(line, "to"));
            m.gap = { from: exact(digits(line, "from")), to: exact(digits(line, "to")) };
            yield m;
          } else if (m.error) {
            throw failure(m.error);
          } else if (m.end) {
            return;
          }
        }
      } catch (e) {
        const passes = e instanceof ConnectionError || /** @type {any} */ (e)?.status === 503;
        if (!passes || snapshot || !/^\d+$/.test(place ?? "")) throw e;
      }
    }
  }

  /**
   * A group of consumers.
   *
   * @param {string} name
   * @returns {Group}
   */
  group(name) {
    return new Group(this, name);
  }

  /**
   * Its groups, and where they are.
   *
   * @returns {Promise<any[]>}
   */
  async groups() {
    return (await this.#on.call({ method: "GET", path: this._path("/groups"), reads: true })).groups;
  }

  /**
   * A ticket for `?ticket=` in the URL of an EventSource or a WebSocket of this channel.
   *
   * @param {{operations?: ("subscribe" | "publish" | "consume")[], ttlSeconds?: number}} [options] to subscribe, for 60 s
   * @returns {Promise<string>}
   *
   * @example
   * (await db.channel("h").ticket()).split(".").length // => 2
   */
  async ticket(options = {}) {
    const body = given({ channels: [this.name], operations: options.operations, ttl_seconds: options.ttlSeconds });
    const path = "/streaming/tickets" + queryString({ database: this.#on.database });
    return (await this.#on._outside().call({ method: "POST", path, body })).ticket;
  }
}

/**
 * How a group hands messages out.
 *
 * @typedef {object} GroupOptions
 * @property {Start} [start]
 * @property {number} [ack_wait_ms]
 * @property {number} [max_deliver] -1 is without end
 * @property {number} [max_in_flight]
 * @property {string} [dead_letter] channel of what was handed out too often
 * @property {"explicit" | "none"} [ack]
 * @property {"key"} [order] messages with the same key come in their order
 * @property {number} [member_timeout_ms]
 * @property {string | string[]} [event_type]
 * @property {string | string[]} [source]
 * @property {string | string[]} [key]
 * @property {Record<string, string>} [header]
 * @property {Record<string, unknown>} [filter]
 * @property {string} [where]
 * @property {boolean} [if_not_exists]
 */

/**
 * Consumers that share the messages of a channel: each message goes to one of them, and to
 * another where it is not acknowledged in time.
 */
export class Group {
  #channel;

  /**
   * @param {Channel} channel
   * @param {string} name
   */
  constructor(channel, name) {
    this.#channel = channel;
    /** @readonly */
    this.name = name;
  }

  /** @param {string} path */
  #path(path) {
    return this.#channel._path(`/groups/${encodeURIComponent(this.name)}${path}`);
  }

  /**
   * Makes the group, on a channel that is there.
   *
   * @param {GroupOptions} [options]
   * @returns {Promise<any>}
   *
   * @example
   * const jobs = db.channel("jobs");
   * await jobs.publishMany([{ data: 0 }, { data: 1 }, { data: 2 }]);
   * const workers = jobs.group("workers");
   * await workers.create({ start: "earliest", ack_wait_ms: 60_000 });
   * const [a, b, c] = await workers.pull({ member: "one" });
   * await workers.ack([a, b]) // => []
   * await workers.nack([c]) // => []
   * (await workers.pull({ member: "two" })).map((m) => [m.data, m.delivery]) // => [[2, 2]]
   */
  create(options = {}) {
    const { start, ...rest } = options;
    const at = start instanceof Date ? { time: start.toISOString() } : typeof start === "number" || typeof start === "bigint" ? { offset: start } : start;
    return this.#channel._on.call({ method: "POST", path: this.#channel._path("/groups"), body: given({ name: this.name, start: at, ...rest }) });
  }

  /**
   * Where it is: `next_offset`, `lag`, `in_flight`, `dead_letters` …
   *
   * @returns {Promise<any>}
   */
  info() {
    return this.#channel._on.call({ method: "GET", path: this.#path(""), reads: true });
  }

  /** Removes it. What was handed out cannot be acknowledged any more. */
  async drop() {
    await this.#channel._on.call({ method: "DELETE", path: this.#path("") });
  }

  /**
   * Messages for a member: first those whose time is over, then new ones.
   *
   * @param {{max?: number, waitMs?: number, member?: string} & CallOptions} [options]
   * @returns {Promise<Handed[]>}
   */
  async pull(options = {}) {
    const { max, waitMs, member, signal, idempotencyKey } = options;
    const body = given({ max, wait_ms: waitMs, member });
    const deadlineMs = waitMs ? waitMs + 60_000 : undefined;
    return (await this.#channel._on.call({ method: "POST", path: this.#path("/pull"), body, signal, idempotencyKey, deadlineMs })).messages.map(read);
  }

  /**
   * Messages without end. Each is acknowledged when the next is asked for; where the loop
   * is left in the middle, or fails, it is not, and comes again.
   *
   * @param {{max?: number, waitMs?: number, member?: string, signal?: AbortSignal}} [options]
   * @returns {AsyncGenerator<Handed, void, undefined>}
   *
   * @example
   * const tasks = db.channel("tasks");
   * await tasks.publish("sweep");
   * await tasks.group("g").create({ start: "earliest" });
   * for await (const m of tasks.group("g").messages({ member: "me" })) {
   *   m.data // => "sweep"
   *   break;
   * }
   */
  async *messages(options = {}) {
    for (;;) {
      for (const m of await this.pull({ waitMs: 20_000, ...options })) {
        yield m;
        if (m.ack_id) await this.ack([m]);
      }
    }
  }

  /**
   * Acknowledges messages, or ids of deliveries; the ids that are stale. In a transaction
   * a stale one fails with the code ACK_STALE.
   *
   * @param {readonly (Handed | string)[]} messages
   * @returns {Promise<string[]>}
   */
  ack(messages) {
    return this.#settle("ack", messages, {});
  }

  /**
   * Has messages handed out again, after a delay; the ids that are stale.
   *
   * @param {readonly (Handed | string)[]} messages
   * @param {{delayMs?: number}} [options]
   * @returns {Promise<string[]>}
   */
  nack(messages, options = {}) {
    return this.#settle("nack", messages, given({ delay_ms: options.delayMs }));
  }

  /**
   * Takes more time for messages; the ids that are stale.
   *
   * @param {readonly (Handed | string)[]} messages
   * @param {{ms?: number}} [options] as long as at first without `ms`
   * @returns {Promise<string[]>}
   */
  extend(messages, options = {}) {
    return this.#settle("extend", messages, given({ delay_ms: options.ms }));
  }

  /**
   * Takes a member out of a group in the order of keys.
   *
   * @param {string} member
   */
  async leave(member) {
    await this.#channel._on.call({ method: "POST", path: this.#path("/leave"), body: { member } });
  }

  /**
   * @param {string} how
   * @param {readonly (Handed | string)[]} messages
   * @param {Record<string, unknown>} more
   */
  async #settle(how, messages, more) {
    const ack_ids = messages.map((m) => (typeof m === "string" ? m : m.ack_id));
    return (await this.#channel._on.call({ method: "POST", path: this.#path("/" + how), body: { ack_ids, ...more }, reads: true })).stale; // done twice it is done once
  }
}

/** @param {Start | undefined} start */
function from(start) {
  return start instanceof Date ? start.toISOString() : start === undefined ? undefined : String(start);
}

/**
 * @param {string} offset
 * @returns {string} the next one
 */
function after(offset) {
  return String(BigInt(offset) + 1n);
}

/**
 * A field of a line of JSON, as it is written there.
 *
 * @param {string} line
 * @param {string} field
 */
function digits(line, field) {
  return new RegExp(`"${field}":(\\d+)`).exec(line)?.[1] ?? "";
}

/** @param {MessageFilter} f */
function filterQuery(f) {
  const known = ["eventType", "source", "key", "partition", "headers", "filter", "where"];
  for (const name of Object.keys(f)) if (!known.includes(name)) throw new TypeError(`there is no filter ${name}, but ${known.join(", ")}`);
  const names = (/** @type {string | string[] | undefined} */ v) => (Array.isArray(v) ? v.join(",") : v);
  const header = f.headers && Object.entries(f.headers).map(([k, v]) => `${k}:${v}`).join(",");
  return { event_type: names(f.eventType), source: names(f.source), key: names(f.key), partition: f.partition, header, filter: f.filter && JSON.stringify(f.filter), where: f.where };
}

/** @param {unknown} data */
function written(data) {
  return data instanceof Uint8Array ? { data: toBase64(data), encoding: "base64" } : { data: data ?? null };
}

/** @param {any} m */
function read(m) {
  if (m.encoding === "base64") m.data = fromBase64(m.data);
  if (m.id !== undefined) m.offset = exact(m.id);
  return m;
}
