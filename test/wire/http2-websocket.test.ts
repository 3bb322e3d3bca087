/** WebSocket over HTTP/2 (RFC 8441) bridged to an HTTP/1.1 origin of the `ws` package. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocketServer } from "ws";
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
