/**
 * The shapes of what is asked of collections, and of what they answer.
 *
 * @module
 */

/**
 * A MongoDB-style filter, such as `{ price: { $lt: 10 }, tags: "home" }`.
 *
 * @typedef {Record<string, any>} Filter
 */

/**
 * A document with what is known of it. `data` holds the document with its `_id`.
 *
 * @template [T=Record<string, any>]
 * @typedef {object} Found
 * @property {string} id
 * @property {string} collection
 * @property {string} [version]
 * @property {T & {_id: string}} data
 */

/**
 * Which documents, in which order, and what of them.
 *
 * @typedef {object} FindOptions
 * @property {Record<string, 1 | -1>} [sort]
 * @property {number} [limit] how many in all
 * @property {number} [skip]
 * @property {string[] | Record<string, 0 | 1>} [projection]
 * @property {number} [pageSize] documents of one request, at most 10,000
 * @property {AbortSignal} [signal]
 */

/**
 * Update operators, such as `{ $inc: { "stock.count": -1 }, $set: { sold: true } }`.
 *
 * @typedef {Record<string, any>} Update
 */

/**
 * How a filter's documents are changed.
 *
 * @typedef {object} UpdateOptions
 * @property {boolean} [upsert] make a document where none is found
 * @property {object[]} [arrayFilters] what `$[name]` in paths stands for
 * @property {boolean} [multi] false: only the first
 */

/**
 * An index to make.
 *
 * @typedef {object} IndexInput
 * @property {string} [name]
 * @property {(string | {path: string, order?: "asc" | "desc"})[]} fields
 * @property {"ordered" | "hash"} [kind]
 * @property {boolean} [unique]
 * @property {Filter} [partial] only documents for which it holds
 * @property {number} [ttl_seconds] removes documents so long after the time in the field
 */

/**
 * A search by words.
 *
 * @typedef {object} SearchOptions
 * @property {Filter} [filter] on the documents that were found
 * @property {number} [limit] 10 by default
 * @property {number} [offset]
 * @property {string[] | Record<string, 0 | 1>} [projection]
 * @property {boolean} [highlight] mark what was found
 * @property {Record<string, string | {field: string, size?: number}>} [facets] counts of keywords
 * @property {"strong" | "eventual"} [consistency] strong waits for all that was committed before
 * @property {AbortSignal} [signal]
 */

/**
 * What a search found, the best first.
 *
 * @template [T=Record<string, any>]
 * @typedef {object} SearchResult
 * @property {number} total
 * @property {{id: string, score: number, data: T & {_id: string}, highlights?: Record<string, string[]>}[]} hits
 * @property {Record<string, {value: string, count: number}[]>} [facets]
 * @property {string} applied_timestamp the commit up to which everything was searched
 */

export {};
