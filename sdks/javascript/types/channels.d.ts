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
    /**
     * @param {Session} on
     * @param {string} name
     */
    constructor(on: Session, name: string);
    /** @readonly */
    readonly name: string;
    /**
     * @param {string} path
     * @param {Record<string, unknown>} [query]
     * @returns {string}
     * @ignore
     */
    _path(path: string, query?: Record<string, unknown>): string;
    /** @ignore */
    get _on(): import("./session.js").Session;
    /**
     * Makes the channel.
     *
     * @param {ChannelBounds & {compact?: boolean, partitions?: number, if_not_exists?: boolean}} [options]
     * @returns {Promise<any>}
     *
     * @example
     * (await db.channel("short").create({ max_count: 1000, partitions: 4 })).partitions // => 4
     */
    create(options?: ChannelBounds & {
        compact?: boolean;
        partitions?: number;
        if_not_exists?: boolean;
    }): Promise<any>;
    /**
     * Changes what it keeps; null lifts a bound.
     *
     * @param {ChannelBounds} bounds
     * @returns {Promise<any>}
     */
    alter(bounds: ChannelBounds): Promise<any>;
    /**
     * What it keeps, and its offsets.
     *
     * @returns {Promise<any>}
     */
    info(): Promise<any>;
    /** Removes it with all its messages. */
    drop(): Promise<void>;
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
    publish(data: unknown, options?: PublishOptions & CallOptions): Promise<Receipt>;
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
    publishMany(messages: readonly (PublishOptions & {
        data?: unknown;
    })[], options?: CallOptions): Promise<Receipt[]>;
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
    history(options?: MessageFilter & {
        start?: Start;
        count?: number;
        signal?: AbortSignal;
    }): Promise<Message[]>;
    /**
     * The messages that are there, from `start` on, without holding all of them.
     *
     * @param {MessageFilter & {start?: Start, signal?: AbortSignal}} [options] from the first without `start`
     * @returns {AsyncGenerator<Message, void, undefined>}
     */
    read(options?: MessageFilter & {
        start?: Start;
        signal?: AbortSignal;
    }): AsyncGenerator<Message, void, undefined>;
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
    subscribe(options?: MessageFilter & {
        start?: Start;
        signal?: AbortSignal;
    }): AsyncGenerator<Message | {
        gap: {
            from: number | bigint;
            to: number | bigint;
        };
    }, void, undefined>;
    /**
     * A group of consumers.
     *
     * @param {string} name
     * @returns {Group}
     */
    group(name: string): Group;
    /**
     * Its groups, and where they are.
     *
     * @returns {Promise<any[]>}
     */
    groups(): Promise<any[]>;
    /**
     * A ticket for `?ticket=` in the URL of an EventSource or a WebSocket of this channel.
     *
     * @param {{operations?: ("subscribe" | "publish" | "consume")[], ttlSeconds?: number}} [options] to subscribe, for 60 s
     * @returns {Promise<string>}
     *
     * @example
     * (await db.channel("h").ticket()).split(".").length // => 2
     */
    ticket(options?: {
        operations?: ("subscribe" | "publish" | "consume")[];
        ttlSeconds?: number;
    }): Promise<string>;
    #private;
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
    /**
     * @param {Channel} channel
     * @param {string} name
     */
    constructor(channel: Channel, name: string);
    /** @readonly */
    readonly name: string;
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
    create(options?: GroupOptions): Promise<any>;
    /**
     * Where it is: `next_offset`, `lag`, `in_flight`, `dead_letters` …
     *
     * @returns {Promise<any>}
     */
    info(): Promise<any>;
    /** Removes it. What was handed out cannot be acknowledged any more. */
    drop(): Promise<void>;
    /**
     * Messages for a member: first those whose time is over, then new ones.
     *
     * @param {{max?: number, waitMs?: number, member?: string} & CallOptions} [options]
     * @returns {Promise<Handed[]>}
     */
    pull(options?: {
        max?: number;
        waitMs?: number;
        member?: string;
    } & CallOptions): Promise<Handed[]>;
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
    messages(options?: {
        max?: number;
        waitMs?: number;
        member?: string;
        signal?: AbortSignal;
    }): AsyncGenerator<Handed, void, undefined>;
    /**
     * Acknowledges messages, or ids of deliveries; the ids that are stale. In a transaction
     * a stale one fails with the code ACK_STALE.
     *
     * @param {readonly (Handed | string)[]} messages
     * @returns {Promise<string[]>}
     */
    ack(messages: readonly (Handed | string)[]): Promise<string[]>;
    /**
     * Has messages handed out again, after a delay; the ids that are stale.
     *
     * @param {readonly (Handed | string)[]} messages
     * @param {{delayMs?: number}} [options]
     * @returns {Promise<string[]>}
     */
    nack(messages: readonly (Handed | string)[], options?: {
        delayMs?: number;
    }): Promise<string[]>;
    /**
     * Takes more time for messages; the ids that are stale.
     *
     * @param {readonly (Handed | string)[]} messages
     * @param {{ms?: number}} [options] as long as at first without `ms`
     * @returns {Promise<string[]>}
     */
    extend(messages: readonly (Handed | string)[], options?: {
        ms?: number;
    }): Promise<string[]>;
    /**
     * Takes a member out of a group in the order of keys.
     *
     * @param {string} member
     */
    leave(member: string): Promise<void>;
    #private;
}
export type Session = import("./session.js").Session;
export type CallOptions = import("./session.js").CallOptions;
/**
 * Where reading begins: an offset, a time, with the first message or the next one. The
 * changes of an object, `cdc.…`, may begin with `"snapshot"`: what is there now.
 */
export type Start = "earliest" | "latest" | "snapshot" | number | bigint | Date;
/**
 * A message of a channel.
 */
export type Message = {
    /**
     * from 1, without a gap; a bigint where a number would not be exact, as of `cdc.…`
     */
    offset: number | bigint;
    event_type: string;
    source: string;
    /**
     * of its commit, in milliseconds since 1970
     */
    timestamp: number;
    commit_timestamp: string;
    key: string | null;
    partition: number;
    headers: Record<string, string>;
    /**
     * what JSON holds, or a Uint8Array
     */
    data: any;
    /**
     * of bytes and text
     */
    content_type?: string | undefined;
};
/**
 * A message that was handed out to a member of a group.
 */
export type Handed = Message & {
    ack_id: string | null;
    delivery: number;
};
/**
 * What a publisher says beside the data. A `producer` that numbers its messages 1, 2, 3 …
 * publishes each once, and so a request is sent again where the connection fails.
 */
export type PublishOptions = {
    key?: string | undefined;
    event_type?: string | undefined;
    source?: string | undefined;
    headers?: Record<string, string> | undefined;
    producer?: string | undefined;
    sequence?: number | undefined;
};
/**
 * What became of a message. In a transaction offset and times come with the commit.
 */
export type Receipt = {
    offset: number | null;
    timestamp: number | null;
    commit_timestamp: string | null;
    /**
     * the producer had published this sequence before
     */
    duplicate: boolean;
};
/**
 * Which messages are wanted; the server leaves the others out.
 */
export type MessageFilter = {
    eventType?: string | string[] | undefined;
    source?: string | string[] | undefined;
    key?: string | string[] | undefined;
    partition?: number | undefined;
    headers?: Record<string, string> | undefined;
    /**
     * of documents, over the data
     */
    filter?: Record<string, unknown> | undefined;
    /**
     * a predicate of SQL over the columns of stream.<channel>
     */
    where?: string | undefined;
};
/**
 * What a channel keeps.
 */
export type ChannelBounds = {
    /**
     * seconds, or such as "7d"
     */
    max_age?: string | number | null | undefined;
    max_bytes?: number | null | undefined;
    max_count?: number | null | undefined;
};
/**
 * How a group hands messages out.
 */
export type GroupOptions = {
    start?: Start | undefined;
    ack_wait_ms?: number | undefined;
    /**
     * -1 is without end
     */
    max_deliver?: number | undefined;
    max_in_flight?: number | undefined;
    /**
     * channel of what was handed out too often
     */
    dead_letter?: string | undefined;
    ack?: "explicit" | "none" | undefined;
    /**
     * messages with the same key come in their order
     */
    order?: "key" | undefined;
    member_timeout_ms?: number | undefined;
    event_type?: string | string[] | undefined;
    source?: string | string[] | undefined;
    key?: string | string[] | undefined;
    header?: Record<string, string> | undefined;
    filter?: Record<string, unknown> | undefined;
    where?: string | undefined;
    if_not_exists?: boolean | undefined;
};
