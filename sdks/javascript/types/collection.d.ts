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
export class Collection<T extends object = Record<string, any>> {
    /**
     * @param {Session} on
     * @param {string} name
     */
    constructor(on: Session, name: string);
    /** The name of the collection. */
    name: string;
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
    create(options?: {
        schema?: object | boolean;
        fields?: object;
        additional_properties?: boolean;
        validation_action?: "error" | "warn";
        indexes?: IndexInput[];
        if_not_exists?: boolean;
    }): Promise<void>;
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
    alter(options: {
        schema?: object | boolean | null;
        fields?: object;
        additional_properties?: boolean;
        validation_action?: "error" | "warn";
        validate_formats?: boolean;
    }): Promise<any>;
    /** Removes the collection with all its documents. */
    drop(): Promise<void>;
    /**
     * Describes the collection: document_count, indexes, schema and so on.
     *
     * @returns {Promise<{name: string, document_count: number, index_count: number, created_at: string, validation_action: string, schema: any, indexes: any[]}>}
     *
     * @example
     * await db.collection("described").insert({ a: 1 });
     * (await db.collection("described").stats()).document_count // => 1
     */
    stats(): Promise<{
        name: string;
        document_count: number;
        index_count: number;
        created_at: string;
        validation_action: string;
        schema: any;
        indexes: any[];
    }>;
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
    insert(document: T, id?: string, options?: CallOptions): Promise<string>;
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
    insertMany(documents: readonly T[], options?: CallOptions): Promise<string[]>;
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
    get(id: string): Promise<(T & {
        _id: string;
    }) | undefined>;
    /**
     * A document with its version, or undefined.
     *
     * @param {string} id
     * @returns {Promise<Found<T> | undefined>}
     */
    entry(id: string): Promise<Found<T> | undefined>;
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
    path(id: string, path: string): Promise<any>;
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
    replace(id: string, document: T, options?: {
        upsert?: boolean;
        ifVersion?: string;
    } & CallOptions): Promise<Found<T>>;
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
    patch(id: string, fields: Partial<T>, options?: {
        ifVersion?: string;
    } & CallOptions): Promise<Found<T>>;
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
    update(id: string, update: Update, options?: {
        ifVersion?: string;
        arrayFilters?: object[];
    } & CallOptions): Promise<Found<T>>;
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
    mergePatch(id: string, patch: Record<string, any>, options?: {
        ifVersion?: string;
    } & CallOptions): Promise<Found<T>>;
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
    jsonPatch(id: string, operations: readonly {
        op: string;
        path: string;
        from?: string;
        value?: any;
    }[], options?: {
        ifVersion?: string;
    } & CallOptions): Promise<Found<T>>;
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
    delete(id: string, options?: {
        ifVersion?: string;
    } & CallOptions): Promise<boolean>;
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
    find(filter?: Filter, options?: FindOptions): AsyncGenerator<T & {
        _id: string;
    }, void, undefined>;
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
    findOne(filter?: Filter, options?: FindOptions): Promise<(T & {
        _id: string;
    }) | undefined>;
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
    count(filter?: Filter): Promise<number>;
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
    updateMany(filter: Filter, update: Update, options?: UpdateOptions & CallOptions): Promise<{
        matched: number;
        modified: number;
        upserted_id: string | null;
    }>;
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
    deleteMany(filter: Filter, options?: CallOptions): Promise<number>;
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
    deleteIds(ids: readonly string[], options?: CallOptions): Promise<number>;
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
    importDocuments(documents: readonly T[], options?: {
        mode?: "partial" | "atomic";
        on_conflict?: "error" | "replace";
        max_errors?: number;
    } & CallOptions): Promise<{
        success: boolean;
        rows_imported: number;
        stopped: boolean;
        errors: {
            row: number;
            code: string;
            message: string;
        }[];
    }>;
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
    findAndModify(filter: Filter, change: {
        update?: Update;
        replacement?: T;
        remove?: boolean;
        upsert?: boolean;
        return?: "before" | "after";
        sort?: Record<string, 1 | -1>;
        projection?: string[] | Record<string, 0 | 1>;
        arrayFilters?: object[];
    } & CallOptions): Promise<Found<T> | null>;
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
    aggregate(pipeline: readonly Record<string, any>[], options?: {
        maxDocuments?: number;
    } & CallOptions): Promise<any[]>;
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
    export({ signal }?: {
        signal?: AbortSignal;
    }): AsyncGenerator<T & {
        _id: string;
    }, void, undefined>;
    /**
     * Makes an index, and answers when it is complete. Outside of transactions, as everything on indexes.
     *
     * @param {IndexInput | string} index a name is that of one field
     * @returns {Promise<{name: string, kind: string, unique: boolean, multikey: boolean}>}
     *
     * @example
     * (await db.collection("indexed").createIndex({ fields: ["tags", { path: "price", order: "desc" }] })).name // => "tags_1_price_-1"
     */
    createIndex(index: IndexInput | string): Promise<{
        name: string;
        kind: string;
        unique: boolean;
        multikey: boolean;
    }>;
    /** @returns {Promise<any[]>} the indexes */
    indexes(): Promise<any[]>;
    /** @param {string} name */
    dropIndex(name: string): Promise<void>;
    /**
     * Gives the collection a full-text index, and answers when it is built.
     *
     * @param {(string | {path: string, type?: "text" | "keyword" | "number" | "date", analyzer?: string, boost?: number, suggest?: boolean})[]} fields
     * @param {{analyzer?: string}} [options] a language such as `en`, or standard, simple, keyword
     * @returns {Promise<{indexed_documents: number}>}
     */
    createTextIndex(fields: (string | {
        path: string;
        type?: "text" | "keyword" | "number" | "date";
        analyzer?: string;
        boost?: number;
        suggest?: boolean;
    })[], options?: {
        analyzer?: string;
    }): Promise<{
        indexed_documents: number;
    }>;
    /**
     * Describes the full-text index; undefined where there is none.
     *
     * @returns {Promise<{fields: any[], analyzer: string, indexed_documents: number, applied_timestamp: string, building: boolean, error: string | null} | undefined>}
     */
    textIndex(): Promise<{
        fields: any[];
        analyzer: string;
        indexed_documents: number;
        applied_timestamp: string;
        building: boolean;
        error: string | null;
    } | undefined>;
    /** Builds the full-text index anew, and answers when it is built. */
    rebuildTextIndex(): Promise<void>;
    /** Removes the full-text index. */
    dropTextIndex(): Promise<void>;
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
    search(query: string | Record<string, any>, options?: SearchOptions): Promise<SearchResult<T>>;
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
    suggest(text: string, options?: {
        field?: string;
        mode?: "complete" | "correct";
        limit?: number;
        signal?: AbortSignal;
    }): Promise<{
        suggestions?: {
            text: string;
            documents: number;
        }[];
        text?: string;
        changed?: boolean;
        words?: any[];
    }>;
    #private;
}
export type Session = import("./session.js").Session;
export type CallOptions = import("./session.js").CallOptions;
export type Filter = import("./documents.js").Filter;
export type FindOptions = import("./documents.js").FindOptions;
export type Update = import("./documents.js").Update;
export type UpdateOptions = import("./documents.js").UpdateOptions;
export type IndexInput = import("./documents.js").IndexInput;
export type SearchOptions = import("./documents.js").SearchOptions;
export type Found<T = Record<string, any>> = import("./documents.js").Found<T>;
export type SearchResult<T = Record<string, any>> = import("./documents.js").SearchResult<T>;
