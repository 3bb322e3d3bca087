/**
 * Bytes on a pooled connection that answer no request of ours: the next client must never get them. An
 * origin connection that brought more than its response, or anything while idle, is closed.
 */
import assert from "node:assert/strict";
import { okAnswer } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";

const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";

const cases: readonly {
  readonly name: string;
  readonly first: string;
  readonly answer: string;
  readonly method?: string;
}[] = [
  {
    name: "a body longer than its length",
    first: get,
    answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
  },
  { name: "a second response behind a length", first: get, answer: okAnswer + poison },
  {
    name: "a second response behind chunks",
    first: get,
    answer: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${poison}`,
  },
  {
    name: "a second response behind an empty body",
    first: get,
    answer: `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n${poison}`,
  },
  { name: "a second response behind 204", first: get, answer: `HTTP/1.1 204 No Content\r\n\r\n${poison}` },
  { name: "a second response behind 304", first: get, answer: `HTTP/1.1 304 Not Modified\r\n\r\n${poison}` },
  {
    name: "a body behind the response to HEAD",
    first: head,
    method: "HEAD",
    answer: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
  },
  { name: "a stray line end", first: get, answer: `${okAnswer}\r\n` },
];

for (const { name, first, answer, method } of cases) {
  testOverTransports(`An origin connection is not used again after ${name}`, async (transport) => {
    await using rig = await startRig({ transport, behaviours: [{ respond: () => answer }] });
    const victim = await rig.connect();
    const client = await rig.connect();
    client.send(first);
    assert.ok([200, 204, 304].includes((await client.readResponse(method ?? "GET")).status));
    rig.origin.respond = () => okAnswer;
    victim.send(get);
    assert.equal((await victim.readResponse()).raw, okAnswer);
    assert.equal(victim.unread, "");
    assert.equal(client.unread, "");
    assert.equal(rig.origin.connections.length, 2);
    assert.ok((await rig.origin.awaitDeparture(1)) !== null);
  });

  testOverTransports(`A pipelined request does not get what stands behind ${name}`, async (transport) => {
    const answers = [answer];
    await using rig = await startRig({
      transport,
      behaviours: [{ respond: () => answers.shift() ?? okAnswer }],
    });
    const client = await rig.connect();
    client.send(first + get);
    await client.readResponse(method ?? "GET");
    assert.equal((await client.readResponse()).raw, okAnswer);
    assert.equal(client.unread, "");
  });
}

testOverTransports("Bytes that arrive on an idle origin connection close it", async (transport) => {
  await using rig = await startRig({ transport });
  const client = await rig.connect();
  client.send(get);
  await client.readResponse();
  rig.origin.connections[0]?.write(poison);
  assert.ok((await rig.origin.awaitDeparture(1)) !== null);
  client.send(get);
  assert.equal((await client.readResponse()).raw, okAnswer);
  assert.equal(rig.origin.connections.length, 2);
});

testOverTransports(
  "A response that was there before the request is used for that request at most",
  async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [{ onConnection: (connection) => connection.write(poison), respond: () => okAnswer }],
      pool: { retry: { attempts: 1 } },
    });
    const client = await rig.connect();
    for (let i = 0; i < 3; i++) {
      client.send(get);
      // The connection was made for this request, so what comes on it may be taken for its answer: but once.
      const { raw } = await client.readResponse();
      assert.ok(raw === poison || raw.startsWith("HTTP/1.1 502 "), raw);
    }
    assert.equal(rig.origin.connections.length, 3);
  },
);
