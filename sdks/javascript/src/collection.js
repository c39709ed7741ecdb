/**
 * Documents.
 *
 * @module
 */

import { NotFoundError } from "./errors.js";
import { lines } from "./stream.js";
import { given, queryString } from "./values.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").CallOptions} CallOptions */
/** @typedef {import("./documents.js").Filter} Filter */
/** @typedef {import("./documents.js").FindOptions} FindOptions */
/** @typedef {import("./documents.js").Update} Update */
/** @typedef {import("./documents.js").UpdateOptions} UpdateOptions */
/** @typedef {import("./documents.js").IndexInput} IndexInput */
/** @typedef {import("./documents.js").SearchOptions} SearchOptions */
/**
 * @template [T=Record<string, any>]
 * @typedef {import("./documents.js").Found<T>} Found
 */
/**
 * @template [T=Record<string, any>]
 * @typedef {import("./documents.js").SearchResult<T>} SearchResult
 */

/**
 * A collection of documents.
 *
 * @template {object} [T=Record<string, any>]
 */
export class Collection {
  #on;

  /**
   * @param {Session} on
   * @param {string} name
   */
  constructor(on, name) {
    this.#on = on;
    /** The name of the collection. */
    this.name = name;
  }

  /**
   * @param {string} method
   * @param {string} path behind the collection
   * @param {Record<string, unknown> | undefined} body
   * @param {CallOptions & {reads?: boolean, query?: Record<string, unknown>, headers?: Record<string, string>}} [options]
   */
  #call(method, path, body, options = {}) {
    const { signal, idempotencyKey, reads, headers, query } = options;
    const where = `/documents/collections/${encodeURIComponent(this.name)}${path}${queryString({ database: this.#on.database, ...query })}`;
    return this.#on.call({ method, path: where, body: body && given(body), headers, signal, idempotencyKey, reads });
  }

  /**
   * Makes the collection, with a schema and indexes where they are given.
   *
   * @param {{schema?: object | boolean, fields?: object, additional_properties?: boolean, validation_action?: "error" | "warn", indexes?: IndexInput[], if_not_exists?: boolean}} [options]
   * @returns {Promise<void>}
   * @throws {import("./errors.js").WeftError} with code `COLLECTION_EXISTS`, unless `if_not_exists`
   *
   * @example
   * const people = db.collection("people");
   * await people.create({ schema: { required: ["name"] }, if_not_exists: true });
   * (await people.insert({ age: 1 }).catch((e) => e)).code // => "SCHEMA_VIOLATION"
   */
  async create(options = {}) {
    const path = "/documents/collections" + queryString({ database: this.#on.database });
    await this.#on.call({ method: "POST", path, body: { name: this.name, ...options } });
  }

  /**
   * Changes the schema or how it is held. What is there is not held against a new one.
   *
   * @param {{schema?: object | boolean | null, fields?: object, additional_properties?: boolean, validation_action?: "error" | "warn", validate_formats?: boolean}} options
   * @returns {Promise<any>} the collection
   *
   * @example
   * await db.collection("loose").insert({ n: "x" });
   * (await db.collection("loose").alter({ schema: { required: ["n"] }, validation_action: "warn" })).validation_action // => "warn"
   */
  alter(options) {
    return this.#call("PATCH", "", { ...options });
  }

  /** Removes the collection with all its documents. */
  async drop() {
    await this.#call("DELETE", "", undefined);
  }

  /**
   * Describes the collection: document_count, indexes, schema and so on.
   *
   * @returns {Promise<{name: string, document_count: number, index_count: number, created_at: string, validation_action: string, schema: any, indexes: any[]}>}
   *
   * @example
   * await db.collection("described").insert({ a: 1 });
   * (await db.collection("described").stats()).document_count // => 1
   */
  stats() {
    return this.#call("GET", "/stats", undefined, { reads: true });
  }

  /**
   * Adds a document. Its id is the one given, or its `_id`, or its `id` if that is text, or a new UUID.
   *
   * @param {T} document
   * @param {string} [id]
   * @param {CallOptions} [options]
   * @returns {Promise<string>} the id
   * @throws {import("./errors.js").WeftError} with code `DOCUMENT_EXISTS` or `UNIQUE_VIOLATION`
   *
   * @example
   * await db.collection("notes").insert({ text: "milk" }, "n1") // => "n1"
   */
  async insert(document, id, options) {
    return (await this.#call("POST", "/documents", { id, document }, options)).id;
  }

  /**
   * Adds documents, all of them or none.
   *
   * @param {readonly T[]} documents
   * @param {CallOptions} [options]
   * @returns {Promise<string[]>} the ids
   *
   * @example
   * await db.collection("notes").insertMany([{ _id: "n2" }, { _id: "n3" }]) // => ["n2", "n3"]
   */
  async insertMany(documents, options) {
    return (await this.#call("POST", "/batch-insert", { documents }, options)).ids;
  }

  /**
   * A document with its `_id`, or undefined.
   *
   * @param {string} id
   * @returns {Promise<(T & {_id: string}) | undefined>}
   *
   * @example
   * await db.collection("pets").insert({ name: "Rex" }, "rex");
   * await db.collection("pets").get("rex") // => { _id: "rex", name: "Rex" }
   * await db.collection("pets").get("tom") // => undefined
   */
  async get(id) {
    return (await this.entry(id))?.data;
  }

  /**
   * A document with its version, or undefined.
   *
   * @param {string} id
   * @returns {Promise<Found<T> | undefined>}
   */
  entry(id) {
    return this.#optional(this.#call("GET", documentPath(id), undefined, { reads: true }));
  }

  /**
   * A part of a document by a path in gjson's syntax, or undefined.
   *
   * @param {string} id
   * @param {string} path
   * @returns {Promise<any>}
   *
   * @example
   * await db.collection("pets").insert({ tags: ["big", "old"] }, "max");
   * await db.collection("pets").path("max", "tags.1") // => "old"
   */
  async path(id, path) {
    return (await this.#optional(this.#call("GET", documentPath(id), undefined, { reads: true, query: { path } })))?.value;
  }

  /**
   * @param {Promise<any>} answer
   */
  async #optional(answer) {
    try {
      return await answer;
    } catch (e) {
      if (e instanceof NotFoundError && e.code !== "UNDEFINED_DATABASE") return undefined;
      throw e;
    }
  }

  /**
   * Replaces a document, or with `upsert` also makes it.
   *
   * @param {string} id
   * @param {T} document
   * @param {{upsert?: boolean, ifVersion?: string} & CallOptions} [options]
   * @returns {Promise<Found<T>>}
   * @throws {import("./errors.js").PreconditionFailedError} where it has another version
   *
   * @example
   * const pets = db.collection("pets");
   * (await pets.replace("kit", { name: "Kit" }, { upsert: true })).data // => { _id: "kit", name: "Kit" }
   * (await pets.replace("kit", { name: "Tom" }, { ifVersion: "1" }).catch((e) => e)).status // => 412
   */
  async replace(id, document, options = {}) {
    const { upsert, ifVersion, ...rest } = options;
    return (await this.#call("PUT", documentPath(id), { document }, { ...rest, query: { upsert }, headers: ifMatch(ifVersion) })).document;
  }

  /**
   * Replaces fields of the first level.
   *
   * @param {string} id
   * @param {Partial<T>} fields
   * @param {{ifVersion?: string} & CallOptions} [options]
   * @returns {Promise<Found<T>>}
   *
   * @example
   * await db.collection("pets").insert({ name: "Bo", age: 3 }, "bo");
   * (await db.collection("pets").patch("bo", { age: 4 })).data // => { _id: "bo", name: "Bo", age: 4 }
   */
  async patch(id, fields, options = {}) {
    const { ifVersion, ...rest } = options;
    return (await this.#call("PATCH", documentPath(id), { document: fields }, { ...rest, headers: ifMatch(ifVersion) })).document;
  }

  /**
   * Changes a document by update operators.
   *
   * @param {string} id
   * @param {Update} update
   * @param {{ifVersion?: string, arrayFilters?: object[]} & CallOptions} [options]
   * @returns {Promise<Found<T>>}
   *
   * @example
   * await db.collection("stock").insert({ count: 2 }, "pen");
   * (await db.collection("stock").update("pen", { $inc: { count: 5 } })).data.count // => 7
   */
  async update(id, update, options = {}) {
    const { ifVersion, arrayFilters, ...rest } = options;
    const body = { update, array_filters: arrayFilters };
    return (await this.#call("PATCH", documentPath(id), body, { ...rest, headers: ifMatch(ifVersion) })).document;
  }

  /**
   * Changes a document by a JSON Merge Patch (RFC 7386): objects are merged, null removes.
   *
   * @param {string} id
   * @param {Record<string, any>} patch
   * @param {{ifVersion?: string} & CallOptions} [options]
   * @returns {Promise<Found<T>>}
   *
   * @example
   * const boxes = db.collection("boxes");
   * await boxes.insert({ size: { w: 1, h: 2 } }, "box");
   * (await boxes.mergePatch("box", { size: { h: null, d: 3 } })).data // => { _id: "box", size: { w: 1, d: 3 } }
   */
  mergePatch(id, patch, options = {}) {
    return this.#patch(id, patch, "application/merge-patch+json", options);
  }

  /**
   * Changes a document by a JSON Patch (RFC 6902), all of its operations or none.
   *
   * @param {string} id
   * @param {readonly {op: string, path: string, from?: string, value?: any}[]} operations
   * @param {{ifVersion?: string} & CallOptions} [options]
   * @returns {Promise<Found<T>>}
   *
   * @example
   * const tagged = db.collection("tagged");
   * await tagged.insert({ tags: ["a"] }, "doc");
   * (await tagged.jsonPatch("doc", [{ op: "add", path: "/tags/-", value: "b" }])).data // => { _id: "doc", tags: ["a", "b"] }
   */
  jsonPatch(id, operations, options = {}) {
    return this.#patch(id, operations, "application/json-patch+json", options);
  }

  /**
   * @param {string} id
   * @param {unknown} body
   * @param {string} type
   * @param {{ifVersion?: string} & CallOptions} options
   */
  async #patch(id, body, type, options) {
    const { ifVersion, signal, idempotencyKey } = options;
    const path = `/documents/collections/${encodeURIComponent(this.name)}${documentPath(id)}${queryString({ database: this.#on.database })}`;
    const headers = { "Content-Type": type, ...ifMatch(ifVersion) };
    return (await this.#on.call({ method: "PATCH", path, body, headers, signal, idempotencyKey })).document;
  }

  /**
   * Removes a document; whether it was there.
   *
   * @param {string} id
   * @param {{ifVersion?: string} & CallOptions} [options]
   * @returns {Promise<boolean>}
   *
   * @example
   * await db.collection("stock").insert({}, "gone");
   * [await db.collection("stock").delete("gone"), await db.collection("stock").delete("gone")] // => [true, false]
   */
  async delete(id, options = {}) {
    const { ifVersion, ...rest } = options;
    return (await this.#optional(this.#call("DELETE", documentPath(id), undefined, { ...rest, headers: ifMatch(ifVersion) }))) !== undefined;
  }

  /**
   * The documents that a filter holds for, page by page.
   *
   * @param {Filter} [filter]
   * @param {FindOptions} [options]
   * @returns {AsyncGenerator<T & {_id: string}, void, undefined>}
   *
   * @example
   * const fruit = db.collection("fruit");
   * await fruit.insertMany([{ _id: "fig", price: 3 }, { _id: "kiwi", price: 1 }, { _id: "lime", price: 2 }]);
   * const cheap = [];
   * for await (const d of fruit.find({ price: { $lt: 3 } }, { sort: { price: -1 } })) cheap.push(d._id);
   * cheap // => ["lime", "kiwi"]
   */
  async *find(filter = {}, options = {}) {
    const { sort, projection, skip, signal, pageSize = 1000 } = options;
    let left = options.limit ?? Infinity;
    /** @type {string | undefined} */
    let cursor;
    while (left > 0) {
      const body = { filter, sort, projection, limit: Math.min(left, pageSize), skip: cursor ? undefined : skip, cursor };
      const page = await this.#call("POST", "/query", body, { reads: true, signal });
      for (const d of page.documents) yield d.data;
      left -= page.documents.length;
      cursor = page.next_cursor ?? undefined;
      if (!cursor) return;
    }
  }

  /**
   * The first document that a filter holds for, or undefined.
   *
   * @param {Filter} [filter]
   * @param {FindOptions} [options]
   * @returns {Promise<(T & {_id: string}) | undefined>}
   *
   * @example
   * await db.collection("nuts").insert({ salted: true }, "cashew");
   * (await db.collection("nuts").findOne({ salted: true }))._id // => "cashew"
   */
  async findOne(filter = {}, options = {}) {
    for await (const d of this.find(filter, { ...options, limit: 1 })) return d;
    return undefined;
  }

  /**
   * How many documents a filter holds for.
   *
   * @param {Filter} [filter]
   * @returns {Promise<number>}
   *
   * @example
   * await db.collection("seeds").insertMany([{ n: 1 }, { n: 2 }]);
   * await db.collection("seeds").count({ n: { $gt: 1 } }) // => 1
   */
  async count(filter = {}) {
    return (await this.#call("POST", "/count", { filter }, { reads: true })).count;
  }

  /**
   * Changes the documents that a filter holds for.
   *
   * @param {Filter} filter
   * @param {Update} update
   * @param {UpdateOptions & CallOptions} [options]
   * @returns {Promise<{matched: number, modified: number, upserted_id: string | null}>}
   *
   * @example
   * await db.collection("tools").insertMany([{ kind: "saw" }, { kind: "saw" }]);
   * (await db.collection("tools").updateMany({ kind: "saw" }, { $set: { sharp: true } })).modified // => 2
   */
  async updateMany(filter, update, options = {}) {
    const { upsert, arrayFilters, multi, ...rest } = options;
    const body = { filter, update, upsert, array_filters: arrayFilters, multi };
    const { matched, modified, upserted_id } = await this.#call("POST", "/update", body, rest);
    return { matched, modified, upserted_id };
  }

  /**
   * Removes the documents that a filter holds for; how many.
   *
   * @param {Filter} filter
   * @param {CallOptions} [options]
   * @returns {Promise<number>}
   *
   * @example
   * await db.collection("weeds").insertMany([{ old: true }, { old: false }]);
   * await db.collection("weeds").deleteMany({ old: true }) // => 1
   */
  async deleteMany(filter, options) {
    return (await this.#call("POST", "/delete", { filter }, options)).deleted;
  }

  /**
   * Removes documents by their ids, all or none; how many were there.
   *
   * @param {readonly string[]} ids
   * @param {CallOptions} [options]
   * @returns {Promise<number>}
   *
   * @example
   * await db.collection("bin").insertMany([{ _id: "a" }, { _id: "b" }]);
   * await db.collection("bin").deleteIds(["a", "nothing"]) // => 1
   */
  async deleteIds(ids, options) {
    return (await this.#call("POST", "/batch-delete", { ids }, options)).deleted;
  }

  /**
   * Adds many documents and leaves out those at fault.
   *
   * @param {readonly T[]} documents
   * @param {{mode?: "partial" | "atomic", on_conflict?: "error" | "replace", max_errors?: number} & CallOptions} [options]
   * @returns {Promise<{success: boolean, rows_imported: number, stopped: boolean, errors: {row: number, code: string, message: string}[]}>}
   *
   * @example
   * const done = await db.collection("loaded").importDocuments([{ _id: "a" }, { _id: 5 }]);
   * done.rows_imported // => 1
   * done.errors.map((e) => [e.row, e.code]) // => [[2, "INVALID_ID"]]
   */
  importDocuments(documents, options = {}) {
    const { signal, idempotencyKey, ...rest } = options;
    const path = "/import/documents" + queryString({ database: this.#on.database });
    return this.#on.call({ method: "POST", path, body: { collection: this.name, documents, ...rest }, signal, idempotencyKey });
  }

  /**
   * Changes or removes the first document that a filter holds for, in one step with finding it.
   *
   * @param {Filter} filter
   * @param {{update?: Update, replacement?: T, remove?: boolean, upsert?: boolean, return?: "before" | "after", sort?: Record<string, 1 | -1>, projection?: string[] | Record<string, 0 | 1>, arrayFilters?: object[]} & CallOptions} change
   * @returns {Promise<Found<T> | null>} as it was before, unless `return` says after
   *
   * @example
   * const jobs = db.collection("jobs");
   * await jobs.insertMany([{ _id: "b", at: 2 }, { _id: "a", at: 1 }]);
   * (await jobs.findAndModify({ by: null }, { sort: { at: 1 }, update: { $set: { by: "me" } }, return: "after" })).data // => { _id: "a", at: 1, by: "me" }
   */
  async findAndModify(filter, change) {
    const { arrayFilters, signal, idempotencyKey, ...rest } = change;
    return (await this.#call("POST", "/find-and-modify", { filter, ...rest, array_filters: arrayFilters }, { signal, idempotencyKey })).document;
  }

  /**
   * Runs an aggregation pipeline.
   *
   * @param {readonly Record<string, any>[]} pipeline
   * @param {{maxDocuments?: number} & CallOptions} [options] more are an error
   * @returns {Promise<any[]>}
   *
   * @example
   * await db.collection("sales").insertMany([{ at: "x", n: 2 }, { at: "x", n: 3 }]);
   * await db.collection("sales").aggregate([{ $group: { _id: "$at", n: { $sum: "$n" } } }]) // => [{ _id: "x", n: 5 }]
   */
  async aggregate(pipeline, options = {}) {
    const { maxDocuments, ...rest } = options;
    return (await this.#call("POST", "/aggregate", { pipeline, max_documents: maxDocuments }, rest)).documents;
  }

  /**
   * All documents in the order of their ids, as one stream. Outside of transactions.
   *
   * @param {{signal?: AbortSignal}} [options]
   * @returns {AsyncGenerator<T & {_id: string}, void, undefined>}
   *
   * @example
   * await db.collection("out").insertMany([{ _id: "a" }, { _id: "b" }]);
   * const ids = [];
   * for await (const d of db.collection("out").export()) ids.push(d._id);
   * ids // => ["a", "b"]
   */
  async *export({ signal } = {}) {
    const path = `/documents/collections/${encodeURIComponent(this.name)}/export${queryString({ database: this.#on.database })}`;
    const response = await this.#on._outside()._send({ method: "GET", path, reads: true, signal, deadlineMs: null }, async (r) => r);
    for await (const line of lines(response, signal)) if (line) yield JSON.parse(line);
  }

  /**
   * Makes an index, and answers when it is complete. Outside of transactions, as everything on indexes.
   *
   * @param {IndexInput | string} index a name is that of one field
   * @returns {Promise<{name: string, kind: string, unique: boolean, multikey: boolean}>}
   *
   * @example
   * (await db.collection("indexed").createIndex({ fields: ["tags", { path: "price", order: "desc" }] })).name // => "tags_1_price_-1"
   */
  async createIndex(index) {
    return (await this.#call("POST", "/indexes", typeof index === "string" ? { fields: [index] } : { ...index })).index;
  }

  /** @returns {Promise<any[]>} the indexes */
  async indexes() {
    return (await this.#call("GET", "/indexes", undefined, { reads: true })).indexes;
  }

  /** @param {string} name */
  async dropIndex(name) {
    await this.#call("DELETE", "/indexes/" + encodeURIComponent(name), undefined);
  }

  /**
   * Gives the collection a full-text index, and answers when it is built.
   *
   * @param {(string | {path: string, type?: "text" | "keyword" | "number" | "date", analyzer?: string, boost?: number, suggest?: boolean})[]} fields
   * @param {{analyzer?: string}} [options] a language such as `en`, or standard, simple, keyword
   * @returns {Promise<{indexed_documents: number}>}
   */
  createTextIndex(fields, options = {}) {
    return this.#call("PUT", "/text", { fields, analyzer: options.analyzer });
  }

  /**
   * Describes the full-text index; undefined where there is none.
   *
   * @returns {Promise<{fields: any[], analyzer: string, indexed_documents: number, applied_timestamp: string, building: boolean, error: string | null} | undefined>}
   */
  async textIndex() {
    try {
      return await this.#call("GET", "/text", undefined, { reads: true });
    } catch (e) {
      if (e instanceof NotFoundError && e.code === "NO_TEXT_INDEX") return undefined;
      throw e;
    }
  }

  /** Builds the full-text index anew, and answers when it is built. */
  async rebuildTextIndex() {
    await this.#call("POST", "/text/rebuild", undefined);
  }

  /** Removes the full-text index. */
  async dropTextIndex() {
    await this.#call("DELETE", "/text", undefined);
  }

  /**
   * Finds documents by their words, the best first.
   *
   * @param {string | Record<string, any>} query words, or one clause: match, phrase, prefix, fuzzy, term, range, bool
   * @param {SearchOptions} [options]
   * @returns {Promise<SearchResult<T>>}
   *
   * @example
   * const texts = db.collection("texts");
   * await texts.insert({ body: "Walking in the old town" }, "w");
   * await texts.createTextIndex(["body"]);
   * (await texts.search("walks", { consistency: "strong" })).hits.map((h) => h.id) // => ["w"]
   */
  search(query, options = {}) {
    const { signal, ...rest } = options;
    return this.#call("POST", "/search", { query, ...rest }, { reads: true, signal });
  }

  /**
   * Completes the last word of a text, or in mode "correct" gives known words for unknown ones.
   *
   * @param {string} text
   * @param {{field?: string, mode?: "complete" | "correct", limit?: number, signal?: AbortSignal}} [options]
   * @returns {Promise<{suggestions?: {text: string, documents: number}[], text?: string, changed?: boolean, words?: any[]}>}
   *
   * @example
   * const wares = db.collection("wares");
   * await wares.insert({ name: "Lantern" });
   * await wares.createTextIndex([{ path: "name", suggest: true }]);
   * (await wares.suggest("old lan")).suggestions?.map((s) => s.text) // => ["old lantern"]
   * (await wares.suggest("lanturn", { mode: "correct" })).text // => "lantern"
   * await wares.rebuildTextIndex();
   * (await wares.textIndex())?.indexed_documents // => 1
   * await db.collection("plain").insert({ name: "fig" });
   * await db.collection("plain").textIndex() // => undefined
   */
  suggest(text, options = {}) {
    const { signal, ...rest } = options;
    return this.#call("POST", "/suggest", { text, ...rest }, { reads: true, signal });
  }
}

/** @param {string} id */
function documentPath(id) {
  return "/documents/" + encodeURIComponent(id);
}

/**
 * @param {string | undefined} version
 * @returns {Record<string, string>}
 */
function ifMatch(version) {
  return version === undefined ? {} : { "If-Match": `"${version}"` };
}
