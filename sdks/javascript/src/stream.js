/**
 * Streams of lines: rows as they are made, documents of an export, events of a watch.
 *
 * @module
 */

import { ConnectionError, WeftError, failure } from "./errors.js";
import { decoders } from "./values.js";

/**
 * The lines of a body. Leaving the loop, or the signal, ends the request.
 *
 * @param {Response} response
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<string, void, undefined>}
 */
export async function* lines(response, signal) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const stop = () => void reader.cancel(signal?.reason).catch(() => {});
  if (signal?.aborted) stop(); // between the answer and the first look at it
  signal?.addEventListener("abort", stop, { once: true });
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((e) => {
        throw new ConnectionError({ status: 0, code: "CONNECTION_FAILED", detail: "the stream broke off before its end" }, e);
      });
      signal?.throwIfAborted();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const parts = rest.split("\n");
      rest = /** @type {string} */ (parts.pop());
      yield* parts;
      if (done) break;
    }
    if (rest) yield rest;
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}

/**
 * What a stream of rows is made of.
 *
 * @typedef {object} RowSource
 * @property {() => Promise<Response>} open
 * @property {boolean} objects
 * @property {import("./values.js").Int64} int64
 * @property {AbortSignal} [signal]
 * @property {() => void} [over] called once when the stream has ended in whatever way
 */

/**
 * The rows of a query as the server makes them; iterate it once. The members tell of the
 * statement whose rows come now, and of the last one at the end. A stream that breaks off
 * throws: rows are never missing silently.
 *
 * @template T
 * @implements {AsyncIterable<T>}
 *
 * @example
 * let sum = 0;
 * const rows = db.stream("SELECT n FROM generate_series(1, $1) AS n", [1000]);
 * for await (const { n } of rows) sum += n;
 * sum // => 500500
 * [rows.columns, rows.types, rows.command] // => [["n"], ["integer"], "SELECT"]
 */
export class RowStream {
  #source;

  /** @param {RowSource} source */
  constructor(source) {
    this.#source = source;
    /** Names of the columns, once the first row is there. @type {string[]} */
    this.columns = [];
    /** PostgreSQL's names of their types. @type {string[]} */
    this.types = [];
    /** Rows that the last statement changed; known at the end. */
    this.rowsAffected = 0;
    /** What the last statement was; known at the end. */
    this.command = "";
    /** Whether all rows have come. */
    this.complete = false;
  }

  /** @returns {AsyncGenerator<T, void, undefined>} */
  async *[Symbol.asyncIterator]() {
    const source = this.#source;
    try {
      const response = await source.open();
      /** @type {ReturnType<typeof decoders>} */
      let decode = null;
      for await (const line of lines(response, source.signal)) {
        const item = JSON.parse(line);
        if (Array.isArray(item)) {
          if (decode) decode.forEach((f, i) => f && (item[i] = f(item[i])));
          yield /** @type {T} */ (source.objects ? Object.fromEntries(this.columns.map((c, i) => [c, item[i]])) : item);
        } else if (item.columns) {
          this.#begin(item, source.objects);
          decode = decoders(this.types, source.int64);
        } else if (item.error) {
          throw failure(item.error);
        } else if (item.end) {
          this.rowsAffected = item.end.rows_affected;
          this.command = item.end.command;
          this.complete = true;
          return;
        }
      }
      throw new ConnectionError({ status: 0, code: "CONNECTION_FAILED", detail: "the stream broke off before its end" });
    } finally {
      source.over?.();
    }
  }

  /**
   * All rows that are left, in an array.
   *
   * @returns {Promise<T[]>}
   *
   * @example
   * await db.stream("VALUES (1), (2)", [], { rows: "arrays" }).all() // => [[1], [2]]
   */
  async all() {
    const rows = [];
    for await (const row of this) rows.push(row);
    return rows;
  }

  /**
   * @param {{columns: string[], types: string[]}} head
   * @param {boolean} objects
   */
  #begin(head, objects) {
    const twice = objects && head.columns.find((c, i) => head.columns.indexOf(c) < i);
    if (twice)
      throw new WeftError({
        status: 400,
        code: "DUPLICATE_COLUMN_NAME",
        detail: `rows as objects need distinct column names, but "${twice}" comes twice`,
        hint: 'name the columns apart with AS, or ask for rows: "arrays"',
      });
    this.columns = head.columns;
    this.types = head.types;
  }
}

/**
 * The events of a text/event-stream, of which comments are left out.
 *
 * @param {Response} response
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<{id: string, event: string, data: any}, void, undefined>}
 */
export async function* events(response, signal) {
  let id = "";
  let event = "message";
  let data = "";
  for await (const line of lines(response, signal)) {
    const text = line.replace(/\r$/, "");
    if (text === "") {
      if (data) yield { id, event, data: JSON.parse(data) };
      event = "message";
      data = "";
      continue;
    }
    const colon = text.indexOf(":");
    const value = text.slice(colon + 1).replace(/^ /, "");
    if (text.startsWith("id:")) id = value;
    else if (text.startsWith("event:")) event = value;
    else if (text.startsWith("data:")) data += (data && "\n") + value;
  }
}
