/** HTTP/2 connections to endpoints: shared by clients, left when the endpoint says so, and nothing lost meanwhile. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { test } from "node:test";
import { PeerClient, type PeerCall, type PeerResponse } from "../support/protocol-peers.ts";
import { type Handler, type ProtocolRig, startBetween } from "../support/protocol-rig.ts";
import { Signal } from "../support/signal.ts";

/** Answers when it is told to. */
class Held {
  readonly responses: PeerResponse[] = [];
  readonly changed = new Signal();
  readonly handle: Handler = (_request, response) => {
    this.responses.push(response);
    this.changed.notify();
  };

  async until(count: number): Promise<void> {
    await this.changed.until(`${count} requests at the endpoint`, () => this.responses.length >= count);
  }

  answerAll(): void {
    for (const response of this.responses.splice(0)) response.end("answered");
  }
}

/** So many clients with a request each, every one on a connection of its own. */
function callFromMany(rig: ProtocolRig, count: number): { calls: PeerCall[]; close(): void } {
  const clients = Array.from({ length: count }, () => new PeerClient("http/1.1", rig.proxy.port));
  const calls = clients.map((client) => client.call({ path: "/" }));
  for (const { body } of calls) body.end();
  return { calls, close: () => clients.forEach((client) => client.close()) };
}

async function textsOf(calls: readonly PeerCall[]): Promise<string[]> {
  const answers = await Promise.all(calls.map(({ answer }) => answer));
  return answers.map(({ text }) => text);
}

test("one connection carries the requests of many clients at once", async () => {
  const held = new Held();
  await using rig = await startBetween("http/1.1", "h2c", [held.handle]);
  const { calls, close } = callFromMany(rig, 50);
  await held.until(50);
  assert.equal(rig.origins[0]?.connectionCount, 1);
  held.answerAll();
  assert.deepEqual(
    await textsOf(calls),
    Array.from({ length: 50 }, () => "answered"),
  );
  close();
});

test("no connection carries more at once than `http2.streams` and than the endpoint allows", async () => {
  const held = new Held();
  await using rig = await startBetween("http/1.1", "h2c", [held.handle], { pool: { http2: { streams: 4 } } });
  const { calls, close } = callFromMany(rig, 10);
  await held.until(10);
  assert.equal(rig.origins[0]?.connectionCount, 3);
  held.answerAll();
  assert.equal((await textsOf(calls)).length, 10);
  close();
});

test("an endpoint that takes two at once gets two on each connection, what it refused a second time", async () => {
  const held = new Held();
  await using rig = await startBetween("http/1.1", "h2c", [held.handle]);
  const server = rig.origins[0]?.server as http2.Http2Server;
  server.updateSettings({ maxConcurrentStreams: 2 });
  const { calls, close } = callFromMany(rig, 6);
  await held.until(6);
  held.answerAll();
  assert.deepEqual(
    await textsOf(calls),
    Array.from({ length: 6 }, () => "answered"),
  );
  close();
});

test("a connection is not used for longer than it may be, and none of its requests is lost", async () => {
  await using rig = await startBetween(
    "h2c",
    "h2c",
    [(_request, response) => void response.end("answered")],
    {
      pool: { connections: { requestsMax: 10 } },
    },
  );
  const answers = await Promise.all(Array.from({ length: 40 }, async () => rig.client.ask({ path: "/" })));
  assert.ok(answers.every(({ text }) => text === "answered"));
  assert.ok((rig.origins[0]?.connectionCount ?? 0) >= 4);
});

test("GOAWAY: what the endpoint has not looked at is sent again, a POST too, and what it has is awaited", async () => {
  const seen: string[] = [];
  const changed = new Signal();
  const first: PeerResponse[] = [];
  await using rig = await startBetween("h2c", "h2c", [
    (request, response) => {
      seen.push(request.url ?? "");
      changed.notify();
      if (seen.length === 1) first.push(response);
      // The second request finds the endpoint leaving: it vouches for the first stream only.
      else if (seen.length === 2) {
        request.stream?.session?.goaway(0, 1);
        request.stream?.destroy();
      } else response.end(request.url);
    },
  ]);
  const kept = rig.client.ask({ method: "POST", path: "/kept" }, Buffer.from("a"));
  await changed.until("the first request", () => seen.length === 1);
  const moved = await rig.client.ask({ method: "POST", path: "/moved" }, Buffer.from("b"));
  assert.equal(moved.text, "/moved");
  assert.equal(rig.origins[0]?.connectionCount, 2);
  first[0]?.end("/kept");
  assert.equal((await kept).text, "/kept");
  // The endpoint would leave its end open.
  for (const origin of rig.origins) origin.kill();
  assert.deepEqual(seen, ["/kept", "/moved", "/moved"]);
});

test("GOAWAY again and again: as long as each connection takes some, all get their turn", async () => {
  await using rig = await startBetween("h2c", "h2c", [
    (request, response) => {
      const { stream } = request;
      // Those behind the third are not looked at.
      if (stream === undefined || Number(stream.id) > 5) return;
      if (stream.id === 5) stream.session?.goaway(http2.constants.NGHTTP2_NO_ERROR, 5);
      response.end("answered");
    },
  ]);
  const asked = Array.from({ length: 60 }, () => rig.client.ask({ method: "POST", path: "/" }));
  const answers = await Promise.all(asked);
  // The endpoint would leave its ends open.
  rig.origins[0]?.kill();
  assert.deepEqual(
    answers.map(({ text }) => text),
    Array.from({ length: 60 }, () => "answered"),
  );
  assert.equal(rig.origins[0]?.connectionCount, 20);
});

test("REFUSED_STREAM is no failure: the request is sent again, a POST too", async () => {
  let refusals = 0;
  await using rig = await startBetween("h2c", "h2c", [
    (request, response) => {
      if (refusals++ < 2) request.stream?.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      else response.end("taken");
    },
  ]);
  const answer = await rig.client.ask({ method: "POST", path: "/" }, Buffer.from("x"));
  assert.deepEqual([answer.status, answer.text, refusals], [200, "taken", 3]);
});

test("an endpoint that restarts again and again under load loses nothing", async () => {
  const sessions = new Set<http2.ServerHttp2Session>();
  await using rig = await startBetween("h2c", "h2c", [(_request, response) => void response.end("answered")]);
  const server = rig.origins[0]?.server as http2.Http2Server;
  server.on("session", (session) => sessions.add(session));
  let count = 0;
  const worker = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      const answer = await rig.client.ask({ method: "POST", path: "/" }, Buffer.from("x"));
      assert.equal(answer.text, "answered");
      if (++count % 40 === 0) {
        // What Node's servers do when they close: GOAWAY, the streams under way, and then the end.
        for (const session of sessions) session.close();
        sessions.clear();
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  assert.equal(count, 400);
});

test("clients that read slowly hold up nobody else on the connection they share, and little memory", async () => {
  const chunk = Buffer.alloc(16_384, "x");
  let written = 0;
  await using rig = await startBetween(
    "http/1.1",
    "h2c",
    [
      (request, response) => {
        if (request.url === "/small")
          return void response.writeHead(200, { "content-length": "5" }).end("small");
        const fill = (): void => {
          while (!response.destroyed) {
            written += chunk.length;
            if (!response.write(chunk)) return void response.once("drain", fill);
          }
        };
        fill();
      },
    ],
    { pool: { http2: { streamWindow: "128KiB", connectionWindow: "256KiB" } } },
  );
  const slow = Array.from({ length: 20 }, () => net.connect(rig.proxy.port, "127.0.0.1").pause());
  for (const socket of slow) socket.write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  await rig.origins[0]?.changed.until("all of them", () => rig.origins[0]?.paths.length === 20);
  for (let i = 0; i < 30; i++) assert.equal((await rig.client.ask({ path: "/small" })).text, "small");
  assert.equal(rig.origins[0]?.connectionCount, 1);
  // Each may have its windows' worth under way and its sockets' buffers full; nothing near endless.
  assert.ok(written < 20 * 8_000_000, `${written} bytes were taken from the endpoint`);
  for (const socket of slow) socket.destroy();
});

test("an idle connection is closed after its time, and the next request makes another", async () => {
  await using rig = await startBetween(
    "http/1.1",
    "h2c",
    [(_request, response) => void response.end("answered")],
    {
      pool: { connections: { idleTimeout: "50ms" } },
    },
  );
  const server = rig.origins[0]?.server as http2.Http2Server;
  const sessionStarted = once(server, "session") as Promise<[http2.ServerHttp2Session]>;
  await rig.client.ask({ path: "/" });
  const [session] = await sessionStarted;
  if (!session.closed) await once(session, "close");
  await rig.client.ask({ path: "/" });
  assert.equal(rig.origins[0]?.connectionCount, 2);
});
