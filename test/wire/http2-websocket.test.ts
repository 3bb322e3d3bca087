/** WebSocket over HTTP/2 (RFC 8441) bridged to an HTTP/1.1 origin of the `ws` package. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { startProxy } from "../support/start-proxy.ts";

test("an extended CONNECT becomes an upgrade; messages pass both ways and the close is heard", async () => {
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(sockets, "listening");
  const closed = new Promise<number>((resolve) => {
    sockets.on("connection", (socket) => {
      socket.on("message", (data) =>
        socket.send(Buffer.concat([Buffer.from("echo "), data as Buffer]), { binary: false }),
      );
      socket.on("close", (code) => resolve(code));
    });
  });
  const proxy = await startProxy({ origins: [(sockets.address() as AddressInfo).port] });
  const session = http2.connect(`http://127.0.0.1:${proxy.port}`);
  await once(session, "remoteSettings");
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":path": "/chat",
    "sec-websocket-version": "13",
  });
  const [head] = (await once(stream, "response")) as [http2.IncomingHttpHeaders & { ":status": number }];
  assert.equal(head[":status"], 200);
  assert.equal(head["sec-websocket-accept"], undefined);
  // Text frames with an empty mask.
  stream.write(Buffer.from("\x81\x82\0\0\0\0hi", "latin1"));
  // The frame's head and its text may come apart.
  let answer = "";
  while (answer.length < 9) answer += ((await once(stream, "data")) as [Buffer])[0].toString("latin1");
  assert.equal(answer, "\x81\x07echo hi");
  stream.end(Buffer.from("\x88\x82\0\0\0\0\x03\xe8", "latin1"));
  assert.equal(await closed, 1000);
  stream.destroy();
  session.destroy();
  await proxy.close();
  sockets.close();
});

// HAProxy 2.6 leaves in both what RFC 8441 §5 takes out.

test("a key in an extended CONNECT is dropped: the origin gets one, and the answer to it stays here", async () => {
  const asked: string[][] = [];
  const origin = createServer().on("upgrade", (request, socket) => {
    asked.push(
      request.rawHeaders.filter((_, index, all) => /^sec-websocket-key$/i.test(all[index - 1] ?? "")),
    );
    socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  const proxy = await startProxy({ origins: [(origin.address() as AddressInfo).port] });
  const session = http2.connect(`http://127.0.0.1:${proxy.port}`);
  await once(session, "remoteSettings");
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":path": "/chat",
    "sec-websocket-key": "the client's own",
    "sec-websocket-version": "13",
  });
  await once(stream.resume(), "end");
  assert.equal(asked[0]?.length, 1);
  assert.notEqual(asked[0]?.[0], "the client's own");
  session.destroy();
  await proxy.close();
  origin.close();
});

test("an answer to some key in the response to an extended CONNECT is dropped: the client gets the one to its own", async () => {
  const origin = http2.createServer({ settings: { enableConnectProtocol: true } });
  origin.on("stream", (stream: http2.ServerHttp2Stream) => {
    stream.on("error", () => {});
    stream.respond({
      ":status": 200,
      "sec-websocket-accept": "to another key",
      "sec-websocket-protocol": "chat",
    });
  });
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  const proxy = await startProxy({
    origins: [(origin.address() as AddressInfo).port],
    pool: { protocol: "h2" },
  });
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/chat`, ["chat"]);
  client.on("error", () => {});
  const [outcome] = await Promise.race([once(client, "open").then(() => ["open"]), once(client, "error")]);
  assert.equal(String(outcome), "open");
  assert.equal(client.protocol, "chat");
  client.terminate();
  await proxy.close();
  origin.close();
});
