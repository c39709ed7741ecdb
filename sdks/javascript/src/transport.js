/**
 * Requests: one place that sends them, waits, and decides what is sent again.
 *
 * @module
 */

import { ConnectionError, TimeoutError, WeftError, failureOf } from "./errors.js";
import { encode } from "./values.js";

/**
 * What can be sent as it is.
 *
 * @typedef {string | Uint8Array | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>} Content
 */

/**
 * A request of the API.
 *
 * @typedef {object} Ask
 * @property {string} method
 * @property {string} path behind `/api/v1`
 * @property {unknown} [body] sent as JSON
 * @property {Content} [content] sent as it is
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal] cancels it
 * @property {boolean} [reads] it changes nothing, so it can be sent again whatever happened
 * @property {string | true} [idempotencyKey] done once under this key; true makes one up
 * @property {boolean} [step] a numbered step of a transaction
 * @property {(headers: Headers) => void} [onHeaders] is told of the headers of each answer
 * @property {number | null} [deadlineMs] in place of the client's `timeoutMs`; null is none
 */

/**
 * How often and when a request is sent again.
 *
 * @typedef {object} Retry
 * @property {number} attempts in all, 1 is never again
 * @property {number} delayMs before the second; the bound doubles and the wait is random below it
 * @property {number} maxDelayMs
 */

/**
 * @typedef {object} TransportOptions
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {number} timeoutMs
 * @property {Retry} retry
 * @property {typeof fetch} fetch
 */

/** Sends requests to one server. */
export class Transport {
  /** @param {TransportOptions} options */
  constructor(options) {
    this.options = options;
  }

  /**
   * The answer of a request, of which only the head has arrived. It is sent again where
   * the server says that nothing was done, or where doing it twice is doing it once.
   *
   * @template T
   * @param {Ask} ask
   * @param {(response: Response, signal: AbortSignal) => Promise<T>} read reads the body
   * @returns {Promise<T>}
   */
  async send(ask, read) {
    const headers = { ...this.options.headers, ...ask.headers };
    const key = ask.idempotencyKey === true ? newKey() : ask.idempotencyKey;
    if (key) headers["Idempotency-Key"] = key;
    /** @type {Content | undefined} */
    let body = ask.content;
    if (ask.body !== undefined) {
      body = encode(ask.body);
      headers["Content-Type"] ??= "application/json";
    }
    const once = ask.reads || key !== undefined || ask.step;
    const whole = body === undefined || typeof body === "string" || body instanceof Uint8Array || body instanceof Blob;
    const attempts = whole ? Math.max(1, this.options.retry.attempts) : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(ask, headers, body, read);
      } catch (e) {
        if (attempt >= attempts || !(e instanceof WeftError) || !again(e, Boolean(once), Boolean(ask.step))) throw e;
        await pause(this.#delay(attempt), ask.signal);
      }
    }
  }

  /**
   * The JSON of an answer.
   *
   * @param {Ask} ask
   * @returns {Promise<any>}
   */
  json(ask) {
    return this.send(ask, async (response) => {
      const text = await response.text();
      return text ? JSON.parse(text) : null;
    });
  }

  /** @param {number} attempt */
  #delay(attempt) {
    const { delayMs, maxDelayMs } = this.options.retry;
    return Math.random() * Math.min(delayMs * 2 ** (attempt - 1), maxDelayMs);
  }

  /**
   * @template T
   * @param {Ask} ask
   * @param {Record<string, string>} headers
   * @param {any} body
   * @param {(response: Response, signal: AbortSignal) => Promise<T>} read
   * @returns {Promise<T>}
   */
  async #attempt(ask, headers, body, read) {
    ask.signal?.throwIfAborted();
    const ms = ask.deadlineMs === undefined ? this.options.timeoutMs : ask.deadlineMs;
    const control = new AbortController();
    let late = false;
    const timer = ms === null ? undefined : setTimeout(() => ((late = true), control.abort()), ms);
    const cancel = () => control.abort(ask.signal?.reason);
    ask.signal?.addEventListener("abort", cancel, { once: true });
    try {
      /** @type {RequestInit & {duplex?: string}} */
      const init = { method: ask.method, headers, body, signal: control.signal };
      if (body && typeof body === "object" && !(body instanceof Uint8Array) && !(body instanceof Blob)) init.duplex = "half";
      const response = await this.options.fetch(this.options.url + "/api/v1" + ask.path, init);
      ask.onHeaders?.(response.headers);
      if (!response.ok && response.status !== 304) throw await failureOf(response);
      return await read(response, control.signal);
    } catch (e) {
      if (ask.signal?.aborted) throw ask.signal.reason;
      if (late) throw new TimeoutError({ status: 0, code: "CLIENT_TIMEOUT", detail: `no answer within ${ms} ms, the client's timeoutMs` }, e);
      if (e instanceof WeftError || !connectionFailed(e)) throw e;
      throw new ConnectionError({ status: 0, code: "CONNECTION_FAILED", detail: `no whole answer from ${this.options.url}: ${reason(e)}` }, e);
    } finally {
      clearTimeout(timer);
      ask.signal?.removeEventListener("abort", cancel);
    }
  }
}

/**
 * Whether a failed request is sent again.
 *
 * @param {WeftError} e
 * @param {boolean} once doing it twice is doing it once
 * @param {boolean} step it is a step of a transaction, whose conflicts concern all of it
 */
function again(e, once, step) {
  if (e instanceof ConnectionError) return once;
  return e.retryable && (!step || e.status === 503 || e.status === 429);
}

/**
 * fetch and the bodies of its answers fail with a TypeError, or in the case of a broken
 * JSON text with a SyntaxError: an answer that was cut short.
 *
 * @param {unknown} e
 */
function connectionFailed(e) {
  return e instanceof TypeError || e instanceof SyntaxError || (e instanceof Error && e.name === "AbortError");
}

/** @param {unknown} e */
function reason(e) {
  const cause = /** @type {any} */ (e)?.cause;
  return cause?.code || cause?.message || /** @type {any} */ (e)?.message || String(e);
}

/**
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * A fresh Idempotency-Key.
 *
 * @returns {string}
 *
 * @example
 * import { newKey } from "@weftdb/client";
 * newKey() === newKey() // => false
 */
export function newKey() {
  return globalThis.crypto?.randomUUID?.() ?? Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join("-");
}
