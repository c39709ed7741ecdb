/**
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(ms: number, signal?: AbortSignal): Promise<void>;
/**
 * A fresh Idempotency-Key.
 *
 * @returns {string}
 *
 * @example
 * import { newKey } from "@weftdb/client";
 * newKey() === newKey() // => false
 */
export function newKey(): string;
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
    constructor(options: TransportOptions);
    options: TransportOptions;
    /**
     * The answer of a request, of which only the head has arrived. It is sent again where
     * the server says that nothing was done, or where doing it twice is doing it once.
     *
     * @template T
     * @param {Ask} ask
     * @param {(response: Response, signal: AbortSignal) => Promise<T>} read reads the body
     * @returns {Promise<T>}
     */
    send<T>(ask: Ask, read: (response: Response, signal: AbortSignal) => Promise<T>): Promise<T>;
    /**
     * The JSON of an answer.
     *
     * @param {Ask} ask
     * @returns {Promise<any>}
     */
    json(ask: Ask): Promise<any>;
    #private;
}
/**
 * What can be sent as it is.
 */
export type Content = string | Uint8Array | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
/**
 * A request of the API.
 */
export type Ask = {
    method: string;
    /**
     * behind `/api/v1`
     */
    path: string;
    /**
     * sent as JSON
     */
    body?: unknown;
    /**
     * sent as it is
     */
    content?: Content | undefined;
    headers?: Record<string, string> | undefined;
    /**
     * cancels it
     */
    signal?: AbortSignal | undefined;
    /**
     * it changes nothing, so it can be sent again whatever happened
     */
    reads?: boolean | undefined;
    /**
     * done once under this key; true makes one up
     */
    idempotencyKey?: string | true | undefined;
    /**
     * a numbered step of a transaction
     */
    step?: boolean | undefined;
    /**
     * is told of the headers of each answer
     */
    onHeaders?: ((headers: Headers) => void) | undefined;
    /**
     * in place of the client's `timeoutMs`; null is none
     */
    deadlineMs?: number | null | undefined;
};
/**
 * How often and when a request is sent again.
 */
export type Retry = {
    /**
     * in all, 1 is never again
     */
    attempts: number;
    /**
     * before the second; the bound doubles and the wait is random below it
     */
    delayMs: number;
    maxDelayMs: number;
};
export type TransportOptions = {
    url: string;
    headers: Record<string, string>;
    timeoutMs: number;
    retry: Retry;
    fetch: typeof fetch;
};
