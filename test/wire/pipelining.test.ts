/**
 * Pipelined requests (RFC 9112 §9.3.2) are answered in order, one at a time; what is read ahead is
 * bounded, and so is what a client lets pile up that never reads.
 */
import assert from "node:assert/strict";
import { okAnswer } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

testOverTransports("Pipelined requests are answered in order", async (transport) => {
  const respond = ({ head }: { head: string }): string => {
    const path = head.split(" ")[1] ?? "";
    return `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
  };
  await using rig = await startRig({ transport, behaviours: [{ respond }] });
  const client = await rig.connect();
  client.send(Array.from({ length: 50 }, (_, i) => get(`/${i}`)).join(""));
  for (let i = 0; i < 50; i++) assert.equal((await client.readResponse()).body, `/${i}`);
  assert.equal(rig.origin.connections.length, 1);
});

testOverTransports("A pipelined request is not sent before the one ahead is answered", async (transport) => {
  await using rig = await startRig({ transport, behaviours: [{ respond: () => undefined }] });
  const client = await rig.connect();
  client.send(get("/one") + get("/two"));
  await rig.origin.awaitRequest(1);
  await turns(20);
  assert.equal(rig.origin.requests.length, 1);
  rig.origin.connections[0]?.write(okAnswer);
  await rig.origin.awaitRequest(2);
  rig.origin.connections[0]?.write(okAnswer);
  await client.readResponse();
  await client.readResponse();
});

testOverTransports("Pipelined requests with bodies of every kind stay apart", async (transport) => {
  await using rig = await startRig({ transport });
  const client = await rig.connect();
  client.send(
    "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" +
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\nX: y\r\n\r\n" +
      "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" +
      get("/4"),
  );
  for (let i = 0; i < 4; i++) assert.equal((await client.readResponse()).status, 200);
  assert.deepEqual(
    rig.origin.requests.map(({ head, body, trailers }) => [head.split(" ")[1], body, trailers]),
    [
      ["/1", "hello", ""],
      ["/2", "world", "X: y\r\n"],
      ["/3", "", ""],
      ["/4", "", ""],
    ],
  );
});

testOverTransports("A bad request behind good ones is refused in its turn", async (transport) => {
  await using rig = await startRig({ transport });
  const client = await rig.connect();
  client.send(`${get("/1")}${get("/2")}nonsense\r\n\r\n${get("/3")}`);
  assert.equal((await client.readResponse()).status, 200);
  assert.equal((await client.readResponse()).status, 200);
  assert.equal((await client.readResponse()).status, 400);
  assert.equal(await client.ended(), "fin");
  assert.equal(rig.origin.requests.length, 2);
});

testOverTransports("Nothing behind a request that asked to close is served", async (transport) => {
  await using rig = await startRig({ transport });
  const client = await rig.connect();
  client.send(`GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${get("/2")}`);
  const response = await client.readResponse();
  assert.equal(response.header("connection"), "close");
  assert.equal(await client.ended(), "fin");
  assert.equal(client.unread, "");
  assert.equal(rig.origin.requests.length, 1);
});

testOverTransports("Answers of Headgate's own keep their place in the pipeline", async (transport) => {
  await using rig = await startRig({
    transport,
    config: { routes: [{ match: { path: "/app" }, pool: "app" }] },
  });
  const client = await rig.connect();
  client.send(get("/app") + get("/none") + get("/app") + get("/none"));
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await client.readResponse()).status);
  assert.deepEqual(statuses, [200, 404, 200, 404]);
});

testOverTransports(
  "Read-ahead is bounded: a flood of requests behind a slow one stays with the client",
  async (transport) => {
    await using rig = await startRig({
      transport,
      behaviours: [{ respond: () => undefined }],
      listener: { limits: { readAheadBytes: 4096 } },
    });
    const client = await rig.connect();
    // More than the kernel's buffers of both sides can hold.
    const flood = get("/flood").repeat(1_000_000);
    client.send(get("/slow") + flood);
    await rig.origin.awaitRequest(1);
    for (let last = -1; last !== client.socket.bytesWritten - client.socket.writableLength;) {
      last = client.socket.bytesWritten - client.socket.writableLength;
      await turns(50);
    }
    assert.ok(client.socket.writableLength > 1_000_000, "the client could not get rid of its flood");
  },
);

testOverTransports(
  "A client that pipelines and never reads does not fill the memory with answers",
  async (transport) => {
    const body = "x".repeat(100_000);
    const respond = (): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    await using rig = await startRig({ transport, behaviours: [{ respond }] });
    const client = await rig.connect();
    client.socket.pause();
    const wanted = 300;
    client.send(get("/").repeat(wanted));
    await rig.origin.awaitRequest(1);
    const [stream] = rig.proxy.streams.accepted;
    assert.ok(stream !== undefined);
    let backlogMax = 0;
    for (let last = -1; last !== rig.origin.requests.length;) {
      last = rig.origin.requests.length;
      for (let i = 0; i < 50; i++) {
        await turns(1);
        backlogMax = Math.max(backlogMax, stream.writeBacklog);
      }
    }
    assert.ok(rig.origin.requests.length < wanted, "every request was served to a client that does not read");
    assert.ok(backlogMax < 300_000, `${backlogMax} bytes of answers wait in memory`);
    client.socket.resume();
    for (let i = 0; i < wanted; i++) assert.equal((await client.readResponse()).status, 200);
  },
);
