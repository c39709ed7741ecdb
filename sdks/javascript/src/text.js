/**
 * Full-text indexes that stand alone, for texts that are in no collection.
 *
 * @module
 */

import { NotFoundError } from "./errors.js";
import { given, queryString } from "./values.js";

/** @typedef {import("./session.js").Session} Session */

/**
 * A text with what belongs to it.
 *
 * @typedef {object} Text
 * @property {string} id
 * @property {string} text
 * @property {Record<string, any> | null} [metadata]
 */

/**
 * What was found, the best first.
 *
 * @typedef {object} TextHits
 * @property {{id: string, score: number, metadata: Record<string, any> | null, highlights?: Record<string, string[]>}[]} hits
 * @property {number} count hits of this answer
 * @property {number} total
 */

/**
 * A full-text index of its own.
 *
 * @example
 * const notes = db.text("notes");
 * await notes.create();
 * await notes.put({ id: "n1", text: "Call the plumber", metadata: { by: "ann" } });
 * const { hits } = await notes.search("calling", { filter: { by: "ann" }, consistency: "strong" });
 * hits.map((h) => [h.id, h.metadata]) // => [["n1", { by: "ann" }]]
 */
export class TextIndex {
  #on;

  /**
   * @param {Session} on
   * @param {string} name
   */
  constructor(on, name) {
    this.#on = on;
    /** The name of the index. */
    this.name = name;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Record<string, unknown>} [body]
   * @param {boolean} [reads]
   * @param {AbortSignal} [signal]
   */
  #call(method, path, body, reads, signal) {
    const where = `/fts/indexes/${encodeURIComponent(this.name)}${path}${queryString({ database: this.#on.database })}`;
    return this.#on.call({ method, path: where, body: body && given(body), reads, signal });
  }

  /**
   * Makes the index.
   *
   * @param {{analyzer?: string, suggest?: boolean}} [options] a language such as `en`, or standard, simple, keyword; suggest
   *   keeps the words as they are written, too, for `suggest`
   */
  async create(options = {}) {
    const path = "/fts/indexes" + queryString({ database: this.#on.database });
    await this.#on.call({ method: "POST", path, body: given({ name: this.name, analyzer: options.analyzer, suggest: options.suggest }) });
  }

  /** Removes the index with its texts. */
  async drop() {
    await this.#call("DELETE", "");
  }

  /** @returns {Promise<{document_count: number, indexed_documents: number, applied_timestamp: string}>} what is in it */
  stats() {
    return this.#call("GET", "", undefined, true);
  }

  /** Builds it anew. */
  async rebuild() {
    await this.#call("POST", "/rebuild");
  }

  /**
   * Writes a text, in place of one of the same id.
   *
   * @param {Text} text
   */
  async put(text) {
    await this.#call("POST", "/documents", { ...text });
  }

  /**
   * Writes texts, all of them or none.
   *
   * @param {readonly Text[]} texts
   * @returns {Promise<number>} how many
   *
   * @example
   * await db.text("many").create();
   * await db.text("many").putMany([{ id: "a", text: "one" }, { id: "b", text: "two" }]) // => 2
   */
  async putMany(texts) {
    return (await this.#call("POST", "/batch", { documents: texts })).count;
  }

  /**
   * A text, or undefined.
   *
   * @param {string} id
   * @returns {Promise<Text | undefined>}
   */
  async get(id) {
    try {
      return await this.#call("GET", "/documents/" + encodeURIComponent(id), undefined, true);
    } catch (e) {
      if (e instanceof NotFoundError && e.code === "DOCUMENT_NOT_FOUND") return undefined;
      throw e;
    }
  }

  /**
   * Removes a text; whether it was there.
   *
   * @param {string} id
   * @returns {Promise<boolean>}
   */
  async delete(id) {
    try {
      await this.#call("DELETE", "/documents/" + encodeURIComponent(id));
      return true;
    } catch (e) {
      if (e instanceof NotFoundError && e.code === "DOCUMENT_NOT_FOUND") return false;
      throw e;
    }
  }

  /**
   * Finds texts, the best first.
   *
   * @param {string | Record<string, any>} query words, or one clause
   * @param {{k?: number, offset?: number, filter?: Record<string, any>, highlight?: boolean, consistency?: "strong" | "eventual", signal?: AbortSignal}} [options]
   * @returns {Promise<TextHits>}
   */
  search(query, options = {}) {
    const { signal, ...rest } = options;
    return this.#call("POST", "/search", { query, ...rest }, true, signal);
  }

  /**
   * Completes the last word of a text, or in mode "correct" gives known words for unknown ones.
   *
   * @param {string} text
   * @param {{mode?: "complete" | "correct", limit?: number, signal?: AbortSignal}} [options]
   * @returns {Promise<{suggestions?: {text: string, documents: number}[], text?: string, changed?: boolean, words?: any[]}>}
   *
   * @example
   * const hints = db.text("hints");
   * await hints.create({ suggest: true });
   * await hints.put({ id: "h1", text: "Call the plumber" });
   * await hints.rebuild();
   * (await hints.suggest("my plum")).suggestions?.map((s) => s.text) // => ["my plumber"]
   */
  suggest(text, options = {}) {
    const { signal, ...rest } = options;
    return this.#call("POST", "/suggest", { text, ...rest }, true, signal);
  }
}
