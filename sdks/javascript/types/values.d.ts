/**
 * Values on their way into JSON and out of it, without rounding.
 *
 * @module
 */
/**
 * How bigint comes out. `"auto"` is a number where a number is exact, else a BigInt;
 * `"bigint"` is always a BigInt; `"string"` is its digits.
 *
 * @typedef {"auto" | "bigint" | "string"} Int64
 */
/**
 * A parameter of a statement. A string is a literal whose type the statement decides, a
 * Date a timestamp, bytes a bytea, an object or array jsonb.
 *
 * @typedef {null | boolean | number | bigint | string | Date | Uint8Array | object} Param
 */
/**
 * JSON of a value. A BigInt is written with all its digits; NaN and the infinities, which
 * JSON does not have, are refused rather than turned into null.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function encode(value: unknown): string;
/**
 * Parameters as the server reads them.
 *
 * @param {readonly Param[]} params
 * @returns {unknown[]}
 */
export function encodeParams(params: readonly Param[]): unknown[];
/**
 * What turns the digits of bigint columns into what the client was asked for, or null
 * where no column needs it.
 *
 * @param {readonly string[]} types
 * @param {Int64} mode
 * @returns {null | (null | ((v: unknown) => unknown))[]}
 */
export function decoders(types: readonly string[], mode: Int64): null | (null | ((v: unknown) => unknown))[];
/**
 * @param {string} digits
 * @returns {number | bigint}
 */
export function exact(digits: string): number | bigint;
/**
 * Members that are given, without those that are undefined.
 *
 * @template {Record<string, unknown>} T
 * @param {T} members
 * @returns {Partial<T>}
 */
export function given<T extends Record<string, unknown>>(members: T): Partial<T>;
/**
 * A query string with its question mark, or nothing.
 *
 * @param {Record<string, unknown>} members
 * @returns {string}
 */
export function queryString(members: Record<string, unknown>): string;
/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toBase64(bytes: Uint8Array): string;
/**
 * @param {string} text
 * @returns {Uint8Array}
 */
export function fromBase64(text: string): Uint8Array;
/**
 * How bigint comes out. `"auto"` is a number where a number is exact, else a BigInt;
 * `"bigint"` is always a BigInt; `"string"` is its digits.
 */
export type Int64 = "auto" | "bigint" | "string";
/**
 * A parameter of a statement. A string is a literal whose type the statement decides, a
 * Date a timestamp, bytes a bytea, an object or array jsonb.
 */
export type Param = null | boolean | number | bigint | string | Date | Uint8Array | object;
