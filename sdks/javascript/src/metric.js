/**
 * Metrics, and their points over time.
 *
 * @module
 */

import { given, queryString } from "./values.js";

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
  #on;

  /**
   * @param {Session} on
   * @param {string} name
   */
  constructor(on, name) {
    this.#on = on;
    /** The name of the metric. */
    this.name = name;
  }

  #query() {
    return queryString({ database: this.#on.database });
  }

  /** @param {string} [path] */
  #here(path = "") {
    return `/timeseries/metrics/${encodeURIComponent(this.name)}${path}${this.#query()}`;
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
   * Makes the metric ahead of its points. Fields are float, int, bool or string.
   *
   * @param {{type?: "gauge" | "counter" | "histogram" | "summary", unit?: string, description?: string, duplicates?: "last" | "first" | "min" | "max", fields?: Record<string, "float" | "int" | "bool" | "string">, ifNotExists?: boolean} & CallOptions} [options]
   * @returns {Promise<Record<string, any>>}
   *
   * @example
   * (await db.metric("requests").register({ type: "counter", fields: { value: "int" } })).metric_type // => "counter"
   */
  async register(options = {}) {
    const { type, unit, description, duplicates, fields, ifNotExists } = options;
    return (await this.#post("/timeseries/metrics", { name: this.name, metric_type: type, unit, description, duplicates, fields, if_not_exists: ifNotExists }, options)).metric;
  }

  /**
   * What it is, and how many series and values of tags it has.
   *
   * @param {CallOptions} [options]
   * @returns {Promise<Record<string, any>>}
   */
  info(options = {}) {
    return this.#on.call({ method: "GET", path: this.#here(), signal: options.signal, reads: true });
  }

  /**
   * The values of a tag.
   *
   * @param {string} tag
   * @param {CallOptions} [options]
   * @returns {Promise<string[]>}
   */
  async tagValues(tag, options = {}) {
    return (await this.#on.call({ method: "GET", path: this.#here(`/tags/${encodeURIComponent(tag)}`), signal: options.signal, reads: true })).values;
  }

  /**
   * Removes the metric with all its points.
   *
   * @returns {Promise<void>}
   */
  async drop() {
    await this.#on.call({ method: "DELETE", path: this.#here() });
  }

  /**
   * Writes a point: a value, or an object of fields by their names. Without a time it is now.
   *
   * @param {unknown} value
   * @param {Record<string, string>} [tags]
   * @param {{time?: Time} & CallOptions} [options]
   * @returns {Promise<void>}
   */
  async write(value, tags, options = {}) {
    const several = typeof value === "object" && value !== null;
    await this.#post("/timeseries/write", { metric: this.name, [several ? "fields" : "value"]: value, tags, timestamp: timeOf(options.time) }, options);
  }

  /**
   * Writes points, all or none; the number of points. Tags given beside them are added to each.
   *
   * @param {Iterable<PointInput>} points
   * @param {{tags?: Record<string, string>, precision?: "s" | "ms" | "us" | "ns"} & CallOptions} [options]
   * @returns {Promise<number>}
   */
  async writeMany(points, options = {}) {
    const list = Array.from(points, (p) => given({ ...p, timestamp: timeOf(p.timestamp) }));
    return (await this.#post("/timeseries/write", { metric: this.name, tags: options.tags, precision: options.precision, points: list }, options)).written;
  }

  /**
   * The series that match, with their points.
   *
   * @param {Record<string, TagCondition>} [tags]
   * @param {PointsOptions} [options]
   * @returns {Promise<SeriesResult[]>}
   */
  points(tags, options = {}) {
    return this.#read(tags, options, {});
  }

  /**
   * What the points come to, by windows of an interval or over the whole range.
   *
   * @param {string} fn avg, sum, p95, rate …
   * @param {string} [interval] such as "5m", "1h" or "1d"; without it the whole range
   * @param {Record<string, TagCondition>} [tags]
   * @param {PointsOptions & AggregateOptions} [options]
   * @returns {Promise<SeriesResult[]>}
   */
  aggregate(fn, interval, tags, options = {}) {
    const { type, groupBy, fill, timezone, offset } = options;
    return this.#read(tags, options, { aggregation: given({ function: fn, interval, type, offset }), group_by: groupBy, fill, timezone });
  }

  /**
   * @param {Record<string, TagCondition> | undefined} tags
   * @param {PointsOptions} options
   * @param {Record<string, unknown>} more
   * @returns {Promise<SeriesResult[]>}
   */
  async #read(tags, options, more) {
    const { start, end, fields, limit, order, precision, signal } = options;
    const body = { metric: this.name, tags, start: timeOf(start), end: timeOf(end), fields, limit, order, precision, ...more };
    return (await this.#post("/timeseries/query", body, { signal, reads: true })).series;
  }

  /**
   * Removes the points of a range, or without one the series that match; how many series
   * that are.
   *
   * @param {Record<string, TagCondition>} [tags]
   * @param {{start?: Time, end?: Time} & CallOptions} [options]
   * @returns {Promise<number>}
   */
  async delete(tags, options = {}) {
    return (await this.#post("/timeseries/delete", { metric: this.name, tags, start: timeOf(options.start), end: timeOf(options.end) }, options)).series;
  }

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
  importData(data, options = {}) {
    const { signal, idempotencyKey, format = "csv", timeFormat, tags, fields, types, ...rest } = options;
    const typeList = types && Object.entries(types).map(([k, v]) => `${k}=${v}`).join(";");
    const query = { metric: this.name, format, database: this.#on.database, time_format: timeFormat, tags: tags?.join(","), fields: fields?.join(","), types: typeList, ...rest };
    const headers = { "Content-Type": "application/octet-stream" };
    return this.#on.call({ method: "POST", path: "/import/timeseries" + queryString(query), content: data, headers, signal, idempotencyKey, deadlineMs: null });
  }
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
  #on;

  /**
   * @param {Session} on
   * @param {string} name
   */
  constructor(on, name) {
    this.#on = on;
    /** The name of the query. */
    this.name = name;
  }

  /**
   * @param {"GET" | "POST" | "PATCH" | "DELETE"} method
   * @param {string} path
   * @param {Record<string, unknown> | undefined} body
   * @param {CallOptions} options
   */
  #ask(method, path, body, options) {
    const at = "/timeseries/continuous-queries" + path + queryString({ database: this.#on.database });
    return this.#on.call({ method, path: at, body: body && given(body), signal: options.signal, reads: method === "GET" });
  }

  #path() {
    return "/" + encodeURIComponent(this.name);
  }

  /**
   * Makes it.
   *
   * @param {string} query
   * @param {{every: string, delay?: string, late?: string, start?: Time, paused?: boolean} & CallOptions} options
   * @returns {Promise<MetricQueryInfo>}
   */
  async create(query, options) {
    const { every, delay, late, start, paused } = options;
    return (await this.#ask("POST", "", { name: this.name, query, every, delay, late, start: timeOf(start), paused }, options)).continuous_query;
  }

  /**
   * What it is, and what it has done.
   *
   * @param {CallOptions} [options]
   * @returns {Promise<MetricQueryInfo>}
   */
  info(options = {}) {
    return this.#ask("GET", this.#path(), undefined, options);
  }

  /**
   * Has it run no more until it is resumed.
   *
   * @param {CallOptions} [options]
   * @returns {Promise<MetricQueryInfo>}
   */
  async pause(options = {}) {
    return (await this.#ask("POST", this.#path() + "/pause", {}, options)).continuous_query;
  }

  /**
   * Has it go on where it is, or from a time: windows are run once more, or left out.
   *
   * @param {{start?: Time} & CallOptions} [options]
   * @returns {Promise<MetricQueryInfo>}
   */
  async resume(options = {}) {
    return (await this.#ask("POST", this.#path() + "/resume", { start: timeOf(options.start) }, options)).continuous_query;
  }

  /**
   * Changes how long it waits for what is late, or pauses it; `"0s"` is none. What is left out
   * stays as it is.
   *
   * @param {{delay?: string, late?: string, paused?: boolean} & CallOptions} options
   * @returns {Promise<MetricQueryInfo>}
   */
  async alter(options) {
    const { delay, late, paused } = options;
    return (await this.#ask("PATCH", this.#path(), { delay, late, paused }, options)).continuous_query;
  }

  /**
   * Removes it. What it has written stays.
   *
   * @param {CallOptions} [options]
   * @returns {Promise<void>}
   */
  async drop(options = {}) {
    await this.#ask("DELETE", this.#path(), undefined, options);
  }
}

/**
 * @param {Time | undefined} t
 * @returns {number | bigint | string | undefined}
 */
function timeOf(t) {
  return t instanceof Date ? t.toISOString() : t;
}
