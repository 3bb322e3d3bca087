/** What is tried again elsewhere, and what never is (the error table in `core/errors.ts`). */
import assert from "node:assert/strict";
import { startRig, testOverTransports } from "../support/rig.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";

for (const [name, request] of [
  ["GET", get],
  ["POST", post],
] as const) {
  testOverTransports(
    `A ${name} goes to the next endpoint when the first refuses the connection`,
    async (transport) => {
      await using rig = await startRig({ transport, refusing: 1 });
      const client = await rig.connect();
      client.send(request);
      assert.equal((await client.readResponse()).status, 200);
      const record = await rig.proxy.record();
      assert.deepEqual(
        record.failedAttempts.map(({ cause }) => cause),
        ["connect-refused"],
      );
      assert.equal(rig.origin.requests[0]?.body, request === post ? "abc" : "");
    },
  );
}

testOverTransports("When every endpoint refuses, the client gets 502 with the cause", async (transport) => {
  await using rig = await startRig({ transport, behaviours: [], refusing: 2 });
  const client = await rig.connect();
  client.send(post);
  const response = await client.readResponse();
  assert.equal(response.status, 502);
  assert.equal(response.header("headgate-cause"), "connect-refused");
  assert.equal((await rig.proxy.record()).failedAttempts.length, 2);
});

testOverTransports("A GET goes elsewhere when the endpoint dies before its answer", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: (_, connection) => connection.destroy() }, {}],
  });
  const client = await rig.connect();
  client.send(get);
  assert.equal((await client.readResponse()).status, 200);
  assert.deepEqual(
    rig.behindIt.map(({ requests }) => requests.length),
    [1, 1],
  );
});

testOverTransports("A POST goes nowhere else once it was sent", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: (_, connection) => connection.destroy() }, {}],
  });
  const client = await rig.connect();
  client.send(post);
  const response = await client.readResponse();
  assert.equal(response.status, 502);
  assert.equal(response.header("headgate-cause"), "reset-before-head");
  assert.deepEqual(
    rig.behindIt.map(({ requests }) => requests.length),
    [1, 0],
  );
});

testOverTransports("Nothing is tried again once the response has begun", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [
      { respond: (_, connection) => connection.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") },
      {},
    ],
  });
  const client = await rig.connect();
  client.send(get);
  assert.equal(await client.ended(), "reset");
  assert.equal(rig.behindIt[1]?.connections.length, 0);
});

testOverTransports("Attempts are bounded", async (transport) => {
  const dying = { respond: (_: unknown, connection: { destroy(): void }): void => connection.destroy() };
  await using rig = await startRig({
    transport,
    behaviours: [dying, dying, dying, dying, {}],
    pool: { retry: { attempts: 3, backoff: { base: "0ms" } } },
  });
  const client = await rig.connect();
  client.send(get);
  assert.equal((await client.readResponse()).status, 502);
  assert.deepEqual(
    rig.behindIt.map(({ requests }) => requests.length),
    [1, 1, 1, 0, 0],
  );
});

testOverTransports(
  "A PUT with a body within the limit is sent again in full, a larger one is not",
  async (transport) => {
    for (const [bytes, status] of [
      [1000, 200],
      [1001, 502],
    ] as const) {
      await using rig = await startRig({
        transport,
        behaviours: [{ respond: (_, connection) => connection.destroy() }, {}],
        pool: { retry: { bodyBytes: 1000 } },
      });
      const client = await rig.connect();
      const body = "x".repeat(bytes);
      client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${body}`);
      assert.equal((await client.readResponse()).status, status);
      assert.deepEqual(
        rig.behindIt[1]?.requests.map((request) => request.body) ?? [],
        status === 200 ? [body] : [],
      );
    }
  },
);

testOverTransports("A chunked PUT with trailers is sent again in full", async (transport) => {
  await using rig = await startRig({
    transport,
    behaviours: [{ respond: (_, connection) => connection.destroy() }, {}],
  });
  const client = await rig.connect();
  client.send(
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n",
  );
  assert.equal((await client.readResponse()).status, 200);
  const [again] = rig.behindIt[1]?.requests ?? [];
  assert.equal(again?.body, "abcde");
  assert.equal(again?.trailers, "X: y\r\n");
});

testOverTransports(
  "A request body that arrives while endpoints are tried one after another is whole",
  async (transport) => {
    await using rig = await startRig({
      transport,
      refusing: 2,
      pool: { retry: { backoff: { base: "0ms" } } },
    });
    const client = await rig.connect();
    // Far more than may be kept for another attempt.
    const body = Array.from({ length: 400 }, (_, i) => String(i).padStart(1000, "-")).join("");
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    assert.equal((await client.readResponse()).status, 200);
    assert.equal(rig.origin.requests[0]?.body, body);
  },
);

testOverTransports(
  "A listed status is thrown away for another attempt, and relayed when none is left",
  async (transport) => {
    const busy = { respond: (): string => "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy" };
    await using rig = await startRig({
      transport,
      behaviours: [busy, {}],
      pool: { retry: { statuses: [503] } },
    });
    const client = await rig.connect();
    client.send(get);
    assert.equal((await client.readResponse()).body, "ok");
    client.send(post);
    const response = await client.readResponse();
    assert.equal(response.status, 503);
    assert.equal(response.body, "busy");
    assert.equal(response.header("headgate-cause"), null);
  },
);
