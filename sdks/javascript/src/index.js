/**
 * Client for Weft over HTTP, for Node.js 18 and later and for browsers. It needs nothing
 * but `fetch`.
 *
 * @module
 *
 * @example
 * import { connect } from "@weftdb/client";
 * const db = connect(url);
 * await db.query("CREATE TABLE country (code text PRIMARY KEY, name text)");
 * await db.query("INSERT INTO country VALUES ($1, $2)", ["no", "Norway"]);
 * (await db.query("SELECT name FROM country WHERE code = ?", ["no"])).rows // => [{ name: "Norway" }]
 */

export { Channel, Group } from "./channels.js";
export { Client, connect } from "./client.js";
export { Collection } from "./collection.js";
export {
  ConflictError,
  ConnectionError,
  ConstraintError,
  GoneError,
  NotFoundError,
  PreconditionFailedError,
  TimeoutError,
  UnavailableError,
  WeftError,
} from "./errors.js";
export { KV } from "./kv.js";
export { Metric, MetricQuery } from "./metric.js";
export { Prepared } from "./prepared.js";
export { Result } from "./result.js";
export { Session } from "./session.js";
export { RowStream } from "./stream.js";
export { TextIndex } from "./text.js";
export { Transaction } from "./transaction.js";
export { newKey } from "./transport.js";
