// Runs every @example of the sources, and every ```js block of the README, as a reader
// would: each with an empty database, and `expr // => value` is held against the value.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import * as weft from "../src/index.js";

const url = process.env.WEFT_URL;
const AsyncFunction = (async () => {}).constructor;
const root = new URL("..", import.meta.url);

function* examples() {
  for (const file of readdirSync(new URL("src", root)).sort()) {
    const text = readFileSync(new URL("src/" + file, root), "utf8");
    for (const [comment] of text.matchAll(/\/\*\*.*?\*\//gs)) {
      const plain = comment.slice(3, -2).replace(/^[ \t]*\* ?/gm, "");
      for (const example of plain.split("@example\n").slice(1)) yield [file, example.split(/^@/m)[0]];
    }
  }
  const readme = readFileSync(new URL("README.md", root), "utf8");
  for (const [, block] of readme.matchAll(/^```js\n(.*?)^```$/gms)) yield ["README.md", block];
}

// Imports become names that are there, connect gets the server, and values are compared.
function runnable(example) {
  return example
    .replace(/^import \{(.*)\} from "@weftdb\/client";$/gm, "const {$1} = weft;")
    .replace(/connect\("http:[^"]*"/g, "connect(url")
    .replace(/^( *)(.*\S)\s*\/\/ => (.*)$/gm, (_, indent, expr, want) => {
      const more = expr.trimStart().startsWith(";") ? "" : ";";
      return `${indent}${more}assert.deepEqual(weft.plain(${expr}), ${want});`;
    });
}

// Values of other prototypes than a literal has are equal to it where they say the same.
const plain = (v) => (v && typeof v === "object" ? JSON.parse(JSON.stringify(v, (_, x) => (typeof x === "bigint" ? `${x}n` : x)), (_, x) => (/^\d+n$/.test(x) ? BigInt(x.slice(0, -1)) : x)) : v);

let n = 0;
for (const [file, example] of examples()) {
  const name = `js_example_${process.pid}_${++n}`;
  test(`${file} ${n}: ${example.trim().split("\n")[0]}`, async () => {
    const server = weft.connect(url);
    await server.createDatabase(name);
    const db = weft.connect(url, { database: name });
    const here = { ...weft, plain, connect: (u, o) => weft.connect(u, { database: name, ...o }) };
    const code = runnable(example) + "\n";
    assert.ok(!/[^=]\/\/ =>/.test(code), code);
    try {
      await new AsyncFunction("weft", "db", "url", "assert", `{ ${code} }`)(here, db, url, assert);
    } catch (e) {
      e.message += `\n${code}`;
      throw e;
    } finally {
      await server.dropDatabase(name);
    }
  });
}
