// A WebSocket of the server by the library "ws", as programs in Node.js use it.
// WEFT_URL=http://127.0.0.1:7600 node --test test/socket.test.js

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { connect } from "../src/index.js";

const url = process.env.WEFT_URL;
const database = `socket_${process.pid}`;
const db = connect(url, { database });

before(() => db.createDatabase(database));
after(() => db.dropDatabase(database));

const sockets = [];
after(() => sockets.forEach((s) => s.terminate())); // one that is left open would keep the process

// open gives a socket whose frames of each type are read one after the other: answers and
// messages come as they may.
async function open(path) {
  const socket = new WebSocket(url.replace("http", "ws") + "/api/v1/streaming" + path);
  sockets.push(socket);
  const frames = [];
  let wake = () => {};
  const put = (f) => (frames.push(f), wake());
  socket.on("message", (data) => put(JSON.parse(data)));
  socket.on("close", (code, reason) => put({ type: "closed", code, reason: `${reason}` }));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const next = async (type) => {
    for (;;) {
      const i = frames.findIndex((f) => f.type === type);
      if (i >= 0) return frames.splice(i, 1)[0];
      if (frames.some((f) => f.type === "closed")) throw new Error(`no ${type}, but ${JSON.stringify(frames)}`);
      await new Promise((resolve) => (wake = resolve));
    }
  };
  return { socket, next, send: (f) => socket.send(JSON.stringify(f)) };
}

test("publish and subscribe on one socket", async () => {
  const { socket, next, send } = await open(`/channels/c/ws?database=${database}`);
  assert.deepEqual(await next("subscribed"), { type: "subscribed", id: "c", next_offset: 1 });
  send({ op: "publish", id: "p", messages: [{ data: { n: 1 } }, { data: "å" }] });
  assert.deepEqual((await next("messages")).messages.map((m) => m.data), [{ n: 1 }, "å"]);
  assert.deepEqual((await next("published")).results.map((r) => r.offset), [1, 2]);
  send({ op: "subscribe", id: "again", from: 2, filter: { no: { $exists: true } } });
  assert.equal((await next("subscribed")).id, "again");
  send({ op: "fly" });
  assert.equal((await next("error")).error.field, "op");
  socket.close();
  assert.equal((await next("closed")).code, 1005);
});

test("a member of a group with a ticket", async () => {
  await db.channel("jobs").publishMany([{ data: 1 }, { data: 2 }, { data: 3 }]);
  await db.channel("jobs").group("g").create({ start: "earliest" });
  const ticket = await db.channel("jobs").ticket({ operations: ["consume"] });
  const { next, send } = await open(`/ws?database=${database}&ticket=${ticket}`);
  send({ op: "publish", channel: "jobs", data: 4 });
  assert.equal((await next("error")).error.code, "TICKET_FORBIDS");
  send({ op: "consume", id: "w", channel: "jobs", group: "g", max_in_flight: 1 });
  assert.equal((await next("consuming")).id, "w");
  for (let n = 1; n <= 3; n++) {
    const { messages } = await next("messages");
    assert.deepEqual(messages.map((m) => m.data), [n]);
    send({ op: "ack", id: "w", ack_ids: messages.map((m) => m.ack_id) });
    assert.equal((await next("acked")).done, 1);
  }
});
