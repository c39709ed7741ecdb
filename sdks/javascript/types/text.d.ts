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
    /**
     * @param {Session} on
     * @param {string} name
     */
    constructor(on: Session, name: string);
    /** The name of the index. */
    name: string;
    /**
     * Makes the index.
     *
     * @param {{analyzer?: string, suggest?: boolean}} [options] a language such as `en`, or standard, simple, keyword; suggest
     *   keeps the words as they are written, too, for `suggest`
     */
    create(options?: {
        analyzer?: string;
        suggest?: boolean;
    }): Promise<void>;
    /** Removes the index with its texts. */
    drop(): Promise<void>;
    /** @returns {Promise<{document_count: number, indexed_documents: number, applied_timestamp: string}>} what is in it */
    stats(): Promise<{
        document_count: number;
        indexed_documents: number;
        applied_timestamp: string;
    }>;
    /** Builds it anew. */
    rebuild(): Promise<void>;
    /**
     * Writes a text, in place of one of the same id.
     *
     * @param {Text} text
     */
    put(text: Text): Promise<void>;
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
    putMany(texts: readonly Text[]): Promise<number>;
    /**
     * A text, or undefined.
     *
     * @param {string} id
     * @returns {Promise<Text | undefined>}
     */
    get(id: string): Promise<Text | undefined>;
    /**
     * Removes a text; whether it was there.
     *
     * @param {string} id
     * @returns {Promise<boolean>}
     */
    delete(id: string): Promise<boolean>;
    /**
     * Finds texts, the best first.
     *
     * @param {string | Record<string, any>} query words, or one clause
     * @param {{k?: number, offset?: number, filter?: Record<string, any>, highlight?: boolean, consistency?: "strong" | "eventual", signal?: AbortSignal}} [options]
     * @returns {Promise<TextHits>}
     */
    search(query: string | Record<string, any>, options?: {
        k?: number;
        offset?: number;
        filter?: Record<string, any>;
        highlight?: boolean;
        consistency?: "strong" | "eventual";
        signal?: AbortSignal;
    }): Promise<TextHits>;
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
    suggest(text: string, options?: {
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
/**
 * A text with what belongs to it.
 */
export type Text = {
    id: string;
    text: string;
    metadata?: Record<string, any> | null | undefined;
};
/**
 * What was found, the best first.
 */
export type TextHits = {
    hits: {
        id: string;
        score: number;
        metadata: Record<string, any> | null;
        highlights?: Record<string, string[]>;
    }[];
    /**
     * hits of this answer
     */
    count: number;
    total: number;
};
