/** Ends of HTTP/2 connections (RFC 9113 §6.8): draining without loss on the client's side. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { okAnswer } from "../support/raw-origin.ts";
import {
  ack,
  code,
  connectFrames,
  data,
  endStream,
  frame,
  get,
  number,
  octets,
  post,
  reset,
  type,
} from "../support/frame-client.ts";
import { startRig } from "../support/rig.ts";

const goAway = frame(type.goAway, 0, 0, octets(0, 4) + octets(code.none, 4));

test("a client that goes away has its requests answered, and then the connection ends", async () => {
  await using rig = await startRig();
  const client = await connectFrames(rig.proxy.port);
  client.send(post(1), goAway, data(1, "body", endStream));
  assert.equal(await client.status(1), 200);
  const warning = await client.frame("a PING", (each) => each.type === type.ping);
  client.send(frame(type.ping, ack, 0, warning.payload));
  assert.equal(await client.raw.ended(), "fin");
  const ids = client.frames
    .filter((each) => each.type === type.goAway)
    .map(({ payload }) => number(payload.slice(0, 4)));
  assert.equal(ids.at(-1), 1);
});

test("an idle client that goes away is let go", async () => {
  await using rig = await startRig();
  const client = await connectFrames(rig.proxy.port);
  client.send(get(1));
  await client.body(1);
  client.send(goAway);
  assert.equal(await client.raw.ended(), "fin");
  client.raw.destroy();
  await rig.proxy.quiet();
  assert.equal(rig.proxy.listener.connections, 0);
});

test("draining: requests under way when the warning comes are served, later ones ignored, and the last number stays true", async () => {
  const answers: (() => void)[] = [];
  await using rig = await startRig({
    listener: { keepAliveRequests: 2 },
    behaviours: [
      {
        respond: (_request, connection) => {
          answers.push(() => connection.write(okAnswer));
          return undefined;
        },
      },
    ],
  });
  const client = await connectFrames(rig.proxy.port);
  client.send(get(1), get(3));
  const warning = await client.frame("the warning", (each) => each.type === type.goAway);
  assert.equal(number(warning.payload.slice(0, 4)), 2 ** 31 - 1);
  // Sent before the client could know.
  client.send(get(5));
  const ping = await client.frame("a PING", (each) => each.type === type.ping);
  client.send(frame(type.ping, ack, 0, ping.payload));
  const isFinal = (each: { type: number; payload: string }): boolean =>
    each.type === type.goAway && number(each.payload.slice(0, 4)) === 5;
  await client.frame("the last number", isFinal);
  client.send(get(7), post(9), data(9, "ignored"), reset(9));
  await rig.origin.changed.until("three requests", () => answers.length === 3);
  for (const answer of answers) answer();
  for (const streamId of [1, 3, 5]) assert.equal(await client.body(streamId), "ok");
  assert.equal(await client.raw.ended(), "fin");
  const ids = client.frames
    .filter((each) => each.type === type.goAway)
    .map(({ payload }) => number(payload.slice(0, 4)));
  assert.deepEqual(ids, [2 ** 31 - 1, 5, 5]);
  assert.equal(answers.length, 3);
});

test("a drained connection does not wait for a client that does not answer the PING", async () => {
  await using rig = await startRig({ listener: { keepAliveRequests: 1 } });
  const client = await connectFrames(rig.proxy.port);
  client.send(get(1));
  assert.equal(await client.status(1), 200);
  assert.equal(await client.raw.ended(), "fin");
});
