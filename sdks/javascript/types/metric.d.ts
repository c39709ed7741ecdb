/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").CallOptions} CallOptions */
/** @typedef {import("./transport.js").Content} Content */
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
 * How points are imported.
 *
 * @typedef {object} PointImportOptions
 * @property {"csv" | "json" | "ndjson"} [format] csv by default
 * @property {string} [time] the column with the time; `time` or `timestamp` without it
 * @property {string} [timeFormat] in the letters of strftime
 * @property {"s" | "ms" | "us" | "ns"} [precision] of times that are numbers
 * @property {string} [timezone] of times that name none
 * @property {string[]} [tags] the columns that are tags
 * @property {string[]} [fields] the columns that are fields; all others without it
 * @property {Record<string, "float" | "int" | "bool" | "string">} [types] of new fields
 * @property {"partial" | "atomic"} [mode] atomic: all or none
 * @property {boolean} [header] false: the first record is data
 * @property {string} [columns] names with commas between
 * @property {string} [delimiter]
 * @property {string} [encoding]
 * @property {string} [null] what stands for no value
 * @property {string} [ragged]
 * @property {string} [path]
 * @property {number} [max_rejects] rejected records that the answer lists
 */
/**
 * What an import of points did. Records that do not fit are left out and listed.
 *
 * @typedef {object} PointImportResult
 * @property {string} metric
 * @property {number} points_imported
 * @property {number} points_rejected
 * @property {{line: number, record: number, reason: string, text: string}[]} rejected the first of them
 * @property {string[]} warnings
 * @property {number} duration_ms
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
    /**
     * Imports points from CSV, JSON or NDJSON. Data may be compressed, and may be a stream, which
     * is sent as it comes and never again.
     *
     * @param {Content} data
     * @param {PointImportOptions & CallOptions} [options]
     * @returns {Promise<PointImportResult>}
     *
     * @example
     * const rides = "pickup,zone,riders\n2026-07-01 00:00,JFK,10844\n2026-07-01 00:30,JFK,8127\n";
     * (await db.metric("taxi").importData(rides, { time: "pickup", tags: ["zone"] })).points_imported // => 2
     */
    importData(data: Content, options?: PointImportOptions & CallOptions): Promise<PointImportResult>;
    #private;
}
/**
 * What a continuous query is, and what it has done.
 *
 * @typedef {object} MetricQueryInfo
 * @property {string} name
 * @property {string} query
 * @property {string} target the metric that it fills
 * @property {string} every
 * @property {string} delay
 * @property {string} late
 * @property {string} start
 * @property {"running" | "paused" | "failing"} state
 * @property {string} created_at
 * @property {string} next_window
 * @property {string | null} next_run
 * @property {number} runs
 * @property {number} reruns
 * @property {number} failures
 * @property {number} too_late
 * @property {number} points
 * @property {{from: string, to: string, at: string, duration_ms: number, points: number, rerun: boolean, error: string | null}[]} last_runs
 */
/**
 * A continuous query: a statement that fills a metric from others, window by window, as time
 * passes. `$1` and `$2` are where a window begins and where it ends.
 *
 * @example
 * await db.metric("disk").write(0.5, { host: "a" });
 * const q = db.metricQuery("disk by host");
 * const text = "INSERT INTO ts.disk_5m SELECT $1 AS time, host, avg(value) AS mean FROM ts.disk WHERE time >= $1 AND time < $2 GROUP BY host";
 * (await q.create(text, { every: "5m", late: "1h" })).target // => "disk_5m"
 * [(await q.pause()).state, (await q.resume()).state] // => ["paused", "running"]
 * (await db.metricQueries()).map((x) => x.name) // => ["disk by host"]
 * await q.drop();
 */
export class MetricQuery {
    /**
     * @param {Session} on
     * @param {string} name
     */
    constructor(on: Session, name: string);
    /** The name of the query. */
    name: string;
    /**
     * Makes it.
     *
     * @param {string} query
     * @param {{every: string, delay?: string, late?: string, start?: Time, paused?: boolean} & CallOptions} options
     * @returns {Promise<MetricQueryInfo>}
     */
    create(query: string, options: {
        every: string;
        delay?: string;
        late?: string;
        start?: Time;
        paused?: boolean;
    } & CallOptions): Promise<MetricQueryInfo>;
    /**
     * What it is, and what it has done.
     *
     * @param {CallOptions} [options]
     * @returns {Promise<MetricQueryInfo>}
     */
    info(options?: CallOptions): Promise<MetricQueryInfo>;
    /**
     * Has it run no more until it is resumed.
     *
     * @param {CallOptions} [options]
     * @returns {Promise<MetricQueryInfo>}
     */
    pause(options?: CallOptions): Promise<MetricQueryInfo>;
    /**
     * Has it go on where it is, or from a time: windows are run once more, or left out.
     *
     * @param {{start?: Time} & CallOptions} [options]
     * @returns {Promise<MetricQueryInfo>}
     */
    resume(options?: {
        start?: Time;
    } & CallOptions): Promise<MetricQueryInfo>;
    /**
     * Changes how long it waits for what is late, or pauses it; `"0s"` is none. What is left out
     * stays as it is.
     *
     * @param {{delay?: string, late?: string, paused?: boolean} & CallOptions} options
     * @returns {Promise<MetricQueryInfo>}
     */
    alter(options: {
        delay?: string;
        late?: string;
        paused?: boolean;
    } & CallOptions): Promise<MetricQueryInfo>;
    /**
     * Removes it. What it has written stays.
     *
     * @param {CallOptions} [options]
     * @returns {Promise<void>}
     */
    drop(options?: CallOptions): Promise<void>;
    #private;
}
export type Session = import("./session.js").Session;
export type CallOptions = import("./session.js").CallOptions;
export type Content = import("./transport.js").Content;
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
/**
 * How points are imported.
 */
export type PointImportOptions = {
    /**
     * csv by default
     */
    format?: "json" | "csv" | "ndjson" | undefined;
    /**
     * the column with the time; `time` or `timestamp` without it
     */
    time?: string | undefined;
    /**
     * in the letters of strftime
     */
    timeFormat?: string | undefined;
    /**
     * of times that are numbers
     */
    precision?: "s" | "ms" | "us" | "ns" | undefined;
    /**
     * of times that name none
     */
    timezone?: string | undefined;
    /**
     * the columns that are tags
     */
    tags?: string[] | undefined;
    /**
     * the columns that are fields; all others without it
     */
    fields?: string[] | undefined;
    /**
     * of new fields
     */
    types?: Record<string, "string" | "float" | "int" | "bool"> | undefined;
    /**
     * atomic: all or none
     */
    mode?: "partial" | "atomic" | undefined;
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
     * what stands for no value
     */
    null?: string | undefined;
    ragged?: string | undefined;
    path?: string | undefined;
    /**
     * rejected records that the answer lists
     */
    max_rejects?: number | undefined;
};
/**
 * What an import of points did. Records that do not fit are left out and listed.
 */
export type PointImportResult = {
    metric: string;
    points_imported: number;
    points_rejected: number;
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
    duration_ms: number;
};
/**
 * What a continuous query is, and what it has done.
 */
export type MetricQueryInfo = {
    name: string;
    query: string;
    /**
     * the metric that it fills
     */
    target: string;
    every: string;
    delay: string;
    late: string;
    start: string;
    state: "running" | "paused" | "failing";
    created_at: string;
    next_window: string;
    next_run: string | null;
    runs: number;
    reruns: number;
    failures: number;
    too_late: number;
    points: number;
    last_runs: {
        from: string;
        to: string;
        at: string;
        duration_ms: number;
        points: number;
        rerun: boolean;
        error: string | null;
    }[];
};
