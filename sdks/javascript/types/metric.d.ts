/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").CallOptions} CallOptions */
/**
 * A time: a number since 1970, whose magnitude tells the unit, RFC 3339, or a Date.
 *
 * @typedef {number | bigint | string | Date} Time
 */
/**
 * A condition on a tag: its value, a list of values, null for its absence, or operators.
 *
 * @typedef {string | null | string[] | {eq?: string, ne?: string, in?: string[], not_in?: string[], regex?: string, not_regex?: string}} TagCondition
 */
/**
 * A point to write: a value, or fields by their names.
 *
 * @typedef {object} PointInput
 * @property {unknown} [value]
 * @property {Record<string, unknown>} [fields]
 * @property {Record<string, string>} [tags]
 * @property {Time} [timestamp] without it is now
 */
/**
 * A series of an answer.
 *
 * @typedef {object} SeriesResult
 * @property {string} field
 * @property {Record<string, string>} tags
 * @property {{timestamp: string | number, value: any}[]} points
 */
/**
 * What a query reads.
 *
 * @typedef {object} PointsOptions
 * @property {Time} [start] the first time that is included
 * @property {Time} [end] the first that is not
 * @property {string[]} [fields] without it all
 * @property {number} [limit] points of each series
 * @property {"oldest" | "newest"} [order] which ones
 * @property {"s" | "ms" | "us" | "ns" | "rfc3339"} [precision] of the times of the answer
 * @property {AbortSignal} [signal]
 */
/**
 * What an aggregation has besides.
 *
 * @typedef {object} AggregateOptions
 * @property {"downsample" | "rolling" | "instant"} [type] a window for each interval where there is one, else the whole range
 * @property {string[]} [groupBy] one series of all that agree in these tags
 * @property {"none" | "null" | "previous" | "linear" | number} [fill] windows without points
 * @property {string} [timezone] where days begin
 * @property {string} [offset] moves the windows
 */
/**
 * The points of a metric, told apart by tags into series. The first write makes it.
 *
 * @example
 * const cpu = db.metric("cpu");
 * await cpu.write(42.5, { host: "a" }, { time: 1700000000 });
 * await cpu.writeMany([{ value: 10, timestamp: 1700000010 }, { value: 30, timestamp: 1700000050 }], { tags: { host: "b" } }) // => 2
 * await cpu.points({ host: "b" }, { precision: "s", limit: 1 }) // => [{ field: "value", tags: { host: "b" }, points: [{ timestamp: 1700000010, value: 10 }] }]
 * (await cpu.aggregate("max", "1m", {}, { groupBy: [] }))[0].points.map((p) => p.value) // => [42.5, 30]
 */
export class Metric {
    /**
     * @param {Session} on
     * @param {string} name
     */
    constructor(on: Session, name: string);
    /** The name of the metric. */
    name: string;
    /**
     * Makes the metric ahead of its points. Fields are float, int, bool or string.
     *
     * @param {{type?: "gauge" | "counter" | "histogram" | "summary", unit?: string, description?: string, duplicates?: "last" | "first" | "min" | "max", fields?: Record<string, "float" | "int" | "bool" | "string">, ifNotExists?: boolean} & CallOptions} [options]
     * @returns {Promise<Record<string, any>>}
     *
     * @example
     * (await db.metric("requests").register({ type: "counter", fields: { value: "int" } })).metric_type // => "counter"
     */
    register(options?: {
        type?: "gauge" | "counter" | "histogram" | "summary";
        unit?: string;
        description?: string;
        duplicates?: "last" | "first" | "min" | "max";
        fields?: Record<string, "float" | "int" | "bool" | "string">;
        ifNotExists?: boolean;
    } & CallOptions): Promise<Record<string, any>>;
    /**
     * What it is, and how many series and values of tags it has.
     *
     * @param {CallOptions} [options]
     * @returns {Promise<Record<string, any>>}
     */
    info(options?: CallOptions): Promise<Record<string, any>>;
    /**
     * The values of a tag.
     *
     * @param {string} tag
     * @param {CallOptions} [options]
     * @returns {Promise<string[]>}
     */
    tagValues(tag: string, options?: CallOptions): Promise<string[]>;
    /**
     * Removes the metric with all its points.
     *
     * @returns {Promise<void>}
     */
    drop(): Promise<void>;
    /**
     * Writes a point: a value, or an object of fields by their names. Without a time it is now.
     *
     * @param {unknown} value
     * @param {Record<string, string>} [tags]
     * @param {{time?: Time} & CallOptions} [options]
     * @returns {Promise<void>}
     */
    write(value: unknown, tags?: Record<string, string>, options?: {
        time?: Time;
    } & CallOptions): Promise<void>;
    /**
     * Writes points, all or none; the number of points. Tags given beside them are added to each.
     *
     * @param {Iterable<PointInput>} points
     * @param {{tags?: Record<string, string>, precision?: "s" | "ms" | "us" | "ns"} & CallOptions} [options]
     * @returns {Promise<number>}
     */
    writeMany(points: Iterable<PointInput>, options?: {
        tags?: Record<string, string>;
        precision?: "s" | "ms" | "us" | "ns";
    } & CallOptions): Promise<number>;
    /**
     * The series that match, with their points.
     *
     * @param {Record<string, TagCondition>} [tags]
     * @param {PointsOptions} [options]
     * @returns {Promise<SeriesResult[]>}
     */
    points(tags?: Record<string, TagCondition>, options?: PointsOptions): Promise<SeriesResult[]>;
    /**
     * What the points come to, by windows of an interval or over the whole range.
     *
     * @param {string} fn avg, sum, p95, rate …
     * @param {string} [interval] such as "5m", "1h" or "1d"; without it the whole range
     * @param {Record<string, TagCondition>} [tags]
     * @param {PointsOptions & AggregateOptions} [options]
     * @returns {Promise<SeriesResult[]>}
     */
    aggregate(fn: string, interval?: string, tags?: Record<string, TagCondition>, options?: PointsOptions & AggregateOptions): Promise<SeriesResult[]>;
    /**
     * Removes the points of a range, or without one the series that match; how many series
     * that are.
     *
     * @param {Record<string, TagCondition>} [tags]
     * @param {{start?: Time, end?: Time} & CallOptions} [options]
     * @returns {Promise<number>}
     */
    delete(tags?: Record<string, TagCondition>, options?: {
        start?: Time;
        end?: Time;
    } & CallOptions): Promise<number>;
    #private;
}
export type Session = import("./session.js").Session;
export type CallOptions = import("./session.js").CallOptions;
/**
 * A time: a number since 1970, whose magnitude tells the unit, RFC 3339, or a Date.
 */
export type Time = number | bigint | string | Date;
/**
 * A condition on a tag: its value, a list of values, null for its absence, or operators.
 */
export type TagCondition = string | null | string[] | {
    eq?: string;
    ne?: string;
    in?: string[];
    not_in?: string[];
    regex?: string;
    not_regex?: string;
};
/**
 * A point to write: a value, or fields by their names.
 */
export type PointInput = {
    value?: unknown;
    fields?: Record<string, unknown> | undefined;
    tags?: Record<string, string> | undefined;
    /**
     * without it is now
     */
    timestamp?: Time | undefined;
};
/**
 * A series of an answer.
 */
export type SeriesResult = {
    field: string;
    tags: Record<string, string>;
    points: {
        timestamp: string | number;
        value: any;
    }[];
};
/**
 * What a query reads.
 */
export type PointsOptions = {
    /**
     * the first time that is included
     */
    start?: Time | undefined;
    /**
     * the first that is not
     */
    end?: Time | undefined;
    /**
     * without it all
     */
    fields?: string[] | undefined;
    /**
     * points of each series
     */
    limit?: number | undefined;
    /**
     * which ones
     */
    order?: "oldest" | "newest" | undefined;
    /**
     * of the times of the answer
     */
    precision?: "s" | "ms" | "us" | "ns" | "rfc3339" | undefined;
    signal?: AbortSignal | undefined;
};
/**
 * What an aggregation has besides.
 */
export type AggregateOptions = {
    /**
     * a window for each interval where there is one, else the whole range
     */
    type?: "instant" | "downsample" | "rolling" | undefined;
    /**
     * one series of all that agree in these tags
     */
    groupBy?: string[] | undefined;
    /**
     * windows without points
     */
    fill?: number | "none" | "linear" | "null" | "previous" | undefined;
    /**
     * where days begin
     */
    timezone?: string | undefined;
    /**
     * moves the windows
     */
    offset?: string | undefined;
};
