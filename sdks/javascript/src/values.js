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
export function encode(value) {
  let big = false;
  const text = JSON.stringify(value, (_, v) => {
    if (typeof v === "bigint") big = true;
    else if (typeof v === "number" && !Number.isFinite(v)) throw new TypeError(`${v} has no place in JSON`);
    return typeof v === "bigint" ? 0 : v;
  });
  return big ? encodeBig(value) : text;
}

/**
 * @param {any} v
 * @returns {string}
 */
function encodeBig(v) {
  if (typeof v === "bigint") return v.toString();
  if (v === null || typeof v !== "object") return JSON.stringify(v);
  if (typeof v.toJSON === "function") return encodeBig(v.toJSON());
  if (Array.isArray(v)) return `[${v.map((e) => (e === undefined ? "null" : encodeBig(e))).join(",")}]`;
  const members = Object.entries(v).filter(([, e]) => e !== undefined && typeof e !== "function");
  return `{${members.map(([k, e]) => `${JSON.stringify(k)}:${encodeBig(e)}`).join(",")}}`;
}

/**
 * Parameters as the server reads them.
 *
 * @param {readonly Param[]} params
 * @returns {unknown[]}
 */
export function encodeParams(params) {
  return params.map((p, i) => {
    if (p === undefined) throw new TypeError(`parameter ${i + 1} is undefined; NULL is null`);
    if (p instanceof Uint8Array) return "\\x" + Array.from(p, (b) => b.toString(16).padStart(2, "0")).join("");
    if (typeof p === "number" && !Number.isFinite(p)) return String(p);
    return p;
  });
}

/**
 * What turns the digits of bigint columns into what the client was asked for, or null
 * where no column needs it.
 *
 * @param {readonly string[]} types
 * @param {Int64} mode
 * @returns {null | (null | ((v: unknown) => unknown))[]}
 */
export function decoders(types, mode) {
  if (mode === "string" || !types.some(isInt64)) return null;
  const one = mode === "bigint" ? BigInt : exact;
  /** @type {(v: unknown) => unknown} */
  const decode = (v) => (typeof v === "string" ? one(v) : Array.isArray(v) ? v.map(decode) : v);
  return types.map((t) => (isInt64(t) ? decode : null));
}

/** @param {string} type */
function isInt64(type) {
  return type === "bigint" || type === "bigint[]";
}

/**
 * @param {string} digits
 * @returns {number | bigint}
 */
export function exact(digits) {
  const n = Number(digits);
  return Number.isSafeInteger(n) ? n : BigInt(digits);
}

/**
 * Members that are given, without those that are undefined.
 *
 * @template {Record<string, unknown>} T
 * @param {T} members
 * @returns {Partial<T>}
 */
export function given(members) {
  return /** @type {Partial<T>} */ (Object.fromEntries(Object.entries(members).filter(([, v]) => v !== undefined)));
}

/**
 * A query string with its question mark, or nothing.
 *
 * @param {Record<string, unknown>} members
 * @returns {string}
 */
export function queryString(members) {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(members)) if (v !== undefined && v !== null) q.set(k, String(v));
  const text = q.toString();
  return text && "?" + text;
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toBase64(bytes) {
  let s = "";
  for (const b of bytes) s += String.fromCharCode(b);
  return btoa(s);
}

/**
 * @param {string} text
 * @returns {Uint8Array}
 */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
