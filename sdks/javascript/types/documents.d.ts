/**
 * A MongoDB-style filter, such as `{ price: { $lt: 10 }, tags: "home" }`.
 */
export type Filter = Record<string, any>;
/**
 * A document with what is known of it. `data` holds the document with its `_id`.
 */
export type Found<T = Record<string, any>> = {
    id: string;
    collection: string;
    version?: string | undefined;
    data: T & {
        _id: string;
    };
};
/**
 * Which documents, in which order, and what of them.
 */
export type FindOptions = {
    sort?: Record<string, 1 | -1> | undefined;
    /**
     * how many in all
     */
    limit?: number | undefined;
    skip?: number | undefined;
    projection?: string[] | Record<string, 0 | 1> | undefined;
    /**
     * documents of one request, at most 10,000
     */
    pageSize?: number | undefined;
    signal?: AbortSignal | undefined;
};
/**
 * Update operators, such as `{ $inc: { "stock.count": -1 }, $set: { sold: true } }`.
 */
export type Update = Record<string, any>;
/**
 * How a filter's documents are changed.
 */
export type UpdateOptions = {
    /**
     * make a document where none is found
     */
    upsert?: boolean | undefined;
    /**
     * what `$[name]` in paths stands for
     */
    arrayFilters?: object[] | undefined;
    /**
     * false: only the first
     */
    multi?: boolean | undefined;
};
/**
 * An index to make.
 */
export type IndexInput = {
    name?: string | undefined;
    fields: (string | {
        path: string;
        order?: "asc" | "desc";
    })[];
    kind?: "ordered" | "hash" | undefined;
    unique?: boolean | undefined;
    /**
     * only documents for which it holds
     */
    partial?: Filter | undefined;
    /**
     * removes documents so long after the time in the field
     */
    ttl_seconds?: number | undefined;
};
/**
 * A search by words.
 */
export type SearchOptions = {
    /**
     * on the documents that were found
     */
    filter?: Filter | undefined;
    /**
     * 10 by default
     */
    limit?: number | undefined;
    offset?: number | undefined;
    projection?: string[] | Record<string, 0 | 1> | undefined;
    /**
     * mark what was found
     */
    highlight?: boolean | undefined;
    /**
     * counts of keywords
     */
    facets?: Record<string, string | {
        field: string;
        size?: number;
    }> | undefined;
    /**
     * strong waits for all that was committed before
     */
    consistency?: "strong" | "eventual" | undefined;
    signal?: AbortSignal | undefined;
};
/**
 * What a search found, the best first.
 */
export type SearchResult<T = Record<string, any>> = {
    total: number;
    hits: {
        id: string;
        score: number;
        data: T & {
            _id: string;
        };
        highlights?: Record<string, string[]>;
    }[];
    facets?: Record<string, {
        value: string;
        count: number;
    }[]> | undefined;
    /**
     * the commit up to which everything was searched
     */
    applied_timestamp: string;
};
