/**
 * HEAD, 204 and 304 (RFC 9110 §8.6, §9.3.2; RFC 9112 §6.3 rule 1): no body whatever the fields say. The
 * length a HEAD or 304 announces is passed on; on 204 it has no business.
 */
import assert from "node:assert/strict";
import { okAnswer } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";

const cases: readonly {
  readonly name: string;
  readonly method: string;
  readonly answer: string;
  readonly got: string;
}[] = [
  {
    name: "HEAD keeps the length",
    method: "HEAD",
    answer: "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n",
    got: "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n",
  },
  {
    name: "HEAD of a chunked resource",
    method: "HEAD",
    answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n",
    got: "HTTP/1.1 200 OK\r\nX: y\r\n\r\n",
  },
  {
    name: "HEAD without any length",
    method: "HEAD",
    answer: "HTTP/1.1 404 Not Found\r\nX: y\r\n\r\n",
    got: "HTTP/1.1 404 Not Found\r\nX: y\r\n\r\n",
  },
  {
    name: "304 keeps the length",
    method: "GET",
    answer: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: "x"\r\n\r\n',
    got: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 99\r\n\r\n',
  },
  {
    name: "204 loses the length",
    method: "GET",
    answer: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    got: "HTTP/1.1 204 No Content\r\n\r\n",
  },
  {
    name: "204 loses the coding",
    method: "GET",
    answer: "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
    got: "HTTP/1.1 204 No Content\r\n\r\n",
  },
  {
    name: "an empty body of known length",
    method: "GET",
    answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    got: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  },
];

for (const { name, method, answer, got } of cases) {
  testOverTransports(`A response without a body: ${name}, and both connections go on`, async (transport) => {
    await using rig = await startRig({ transport, behaviours: [{ respond: () => answer }] });
    const client = await rig.connect();
    client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await client.readResponse("HEAD")).raw, got);
    rig.origin.respond = () => okAnswer;
    client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.equal((await client.readResponse()).raw, okAnswer);
    assert.equal(client.unread, "");
    assert.equal(rig.origin.connections.length, 1);
  });
}

testOverTransports("A refusal of a HEAD has no body either", async (transport) => {
  await using rig = await startRig({
    transport,
    config: { routes: [{ match: { path: "/known" }, pool: "app" }] },
  });
  const client = await rig.connect();
  client.send("HEAD /unknown HTTP/1.1\r\nHost: a\r\n\r\nGET /known HTTP/1.1\r\nHost: a\r\n\r\n");
  const refusal = await client.readResponse("HEAD");
  assert.equal(refusal.status, 404);
  assert.ok(Number(refusal.header("content-length")) > 0);
  assert.equal((await client.readResponse()).raw, okAnswer);
});
