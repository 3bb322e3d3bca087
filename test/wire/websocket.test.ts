/** WebSocket end to end with the `ws` package on both sides. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { testOverTransports } from "../support/rig.ts";
import { startProxy, type TestProxy } from "../support/start-proxy.ts";
import type { Transport } from "../support/transports.ts";

interface Stage {
  readonly proxy: TestProxy;
  readonly sockets: WebSocketServer;
  readonly url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

async function startStage(transport: Transport, isRefusing = false): Promise<Stage> {
  const server: Server = createServer((_request, response) => response.writeHead(404).end("no page here"));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (isRefusing)
      socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 4\r\n\r\nauth");
    else
      sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit("connection", opened, request));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy = await startProxy({ transport, origins: [port] });
  return {
    proxy,
    sockets,
    url: `ws://127.0.0.1:${proxy.port}/socket?a=b`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      await proxy.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

testOverTransports("WebSocket: messages of every size are echoed", async (transport) => {
  await using stage = await startStage(transport);
  stage.sockets.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const client = new WebSocket(stage.url, { perMessageDeflate: false });
  await once(client, "open");
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 3_000_000]) {
    client.send(Buffer.alloc(size, size % 251));
    const [echo] = (await once(client, "message")) as [Buffer];
    assert.equal(echo.length, size);
    assert.ok(echo.every((byte) => byte === size % 251));
  }
  client.close(1000, "done");
  const [code, reason] = (await once(client, "close")) as [number, Buffer];
  assert.equal(code, 1000);
  assert.equal(reason.toString(), "done");
  const record = await stage.proxy.record();
  assert.equal(record.status, 101);
  assert.equal(record.cause, null);
});

testOverTransports("WebSocket: a close from the server arrives with its code", async (transport) => {
  await using stage = await startStage(transport);
  stage.sockets.on("connection", (socket) => socket.close(4001, "go away"));
  const client = new WebSocket(stage.url);
  const [code, reason] = (await once(client, "close")) as [number, Buffer];
  assert.equal(code, 4001);
  assert.equal(reason.toString(), "go away");
});

testOverTransports("WebSocket: a client that vanishes is noticed by the server", async (transport) => {
  await using stage = await startStage(transport);
  const gone = new Promise<number>((resolve) => {
    stage.sockets.on("connection", (socket) => socket.on("close", resolve));
  });
  const client = new WebSocket(stage.url);
  await once(client, "open");
  client.terminate();
  assert.equal(await gone, 1006);
});

testOverTransports("WebSocket: a refusal is relayed as the response it is", async (transport) => {
  await using stage = await startStage(transport, true);
  const client = new WebSocket(stage.url);
  const [, response] = (await once(client, "unexpected-response")) as [
    unknown,
    { statusCode: number; destroy(): void },
  ];
  assert.equal(response.statusCode, 401);
  response.destroy();
});

testOverTransports("WebSocket: many at once keep apart", async (transport) => {
  await using stage = await startStage(transport);
  stage.sockets.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const clients = Array.from({ length: 20 }, () => new WebSocket(stage.url));
  await Promise.all(
    clients.map(async (client, i) => {
      await once(client, "open");
      for (let round = 0; round < 5; round++) {
        client.send(`${i}:${round}`);
        const [echo] = (await once(client, "message")) as [Buffer];
        assert.equal(echo.toString(), `${i}:${round}`);
      }
      client.close();
      await once(client, "close");
    }),
  );
});
