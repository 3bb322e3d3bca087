/** HTTP/2 between Headgate and real servers, HAProxy and nginx: requests, WebSockets, and servers that are replaced. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { WebSocket } from "ws";
import { freePorts } from "../support/free-ports.ts";
import { certificateFor, missing, startHaproxy, startNginx } from "../support/peer-program.ts";
import { PeerClient } from "../support/protocol-peers.ts";
import { startProxy } from "../support/start-proxy.ts";
import { openWebSocket, startWebSocketOrigin } from "../support/websocket-peers.ts";

function echo(socket: WebSocket): void {
  socket.on("message", (message: Buffer) => socket.send(message));
}

/** Opens one there, and sends a message to and fro. */
async function assertEchoes(port: number): Promise<void> {
  const { socket } = await openWebSocket("http/1.1", port);
  const heard = once(socket, "message") as Promise<[Buffer]>;
  socket.send("x".repeat(100_000));
  const [message] = await heard;
  assert.equal(message.length, 100_000);
  const closed = once(socket, "close") as Promise<[number]>;
  socket.close(1000);
  assert.equal((await closed)[0], 1000);
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

test(
  "WebSockets over HTTP/2 through a HAProxy behind and a HAProxy in front",
  { skip: missing("haproxy") },
  async (t) => {
    const origin = await startWebSocketOrigin("http/1.1", echo);
    t.after(() => origin.close());
    const port = await freePorts(2);
    await using _behind = await startHaproxy(
      port,
      `listen behind\n  mode http\n  bind 127.0.0.1:${port} proto h2\n  server ws 127.0.0.1:${portOf(origin.url)}`,
    );
    const proxy = await startProxy({ origins: [port], pool: { protocol: "h2" } });
    t.after(() => proxy.close());
    await assertEchoes(proxy.port);
    await using _front = await startHaproxy(
      port + 1,
      `listen front\n  mode http\n  bind 127.0.0.1:${port + 1}\n  server headgate 127.0.0.1:${proxy.port} proto h2`,
    );
    await assertEchoes(port + 1);
    assert.equal((await proxy.record(2)).protocol, "HTTP/2");
  },
);

test(
  "nginx chooses HTTP/2 and takes WebSockets over HTTP/1.1 only: both are had",
  { skip: missing("nginx", "openssl") },
  async (t) => {
    const origin = await startWebSocketOrigin("http/1.1", echo);
    t.after(() => origin.close());
    const port = await freePorts(1);
    const { certificate, key } = certificateFor("one.test");
    const server = `server { listen 127.0.0.1:${port} ssl http2; ssl_certificate site.pem; ssl_certificate_key site.key;
      location / { return 200 "$server_protocol"; }
      location /chat { proxy_pass ${origin.url}; proxy_http_version 1.1;
                       proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }`;
    await using _nginx = await startNginx(port, server, { "site.pem": certificate, "site.key": key });
    const proxy = await startProxy({
      origins: [`https://127.0.0.1:${port}`],
      pool: { protocol: "auto", tls: { insecure: true } },
    });
    t.after(() => proxy.close());
    const client = new PeerClient("http/1.1", proxy.port);
    for (let i = 0; i < 2; i++) {
      assert.equal((await client.ask({ path: "/" })).text, "HTTP/2.0");
      await assertEchoes(proxy.port);
    }
    client.close();
  },
);

test(
  "nginx that says GOAWAY after every ten requests loses none of many",
  { skip: missing("nginx") },
  async (t) => {
    const port = await freePorts(1);
    await using _nginx = await startNginx(
      port,
      `keepalive_requests 10; server { listen 127.0.0.1:${port} http2; location / { return 200 "$connection_requests"; } }`,
    );
    const proxy = await startProxy({ origins: [port], pool: { protocol: "h2" } });
    t.after(() => proxy.close());
    const client = new PeerClient("h2c", proxy.port);
    const asked = Array.from({ length: 300 }, () => client.ask({ method: "POST", path: "/" }));
    const answers = await Promise.all(asked);
    client.close();
    console.log(
      JSON.stringify(answers.map(({ status, text }) => [status, text]).slice(0, 40)),
      proxy.records
        .map((r) => [r.cause, r.detail, r.failedAttempts.map((f) => f.cause + f.detail).join()])
        .filter((r) => r[0])
        .slice(0, 4),
      proxy.endpoints[0]!.state.readTotals(),
    );
    assert.ok(answers.every(({ status, text }) => status === 200 && Number(text) <= 10));
    assert.ok(proxy.endpoints[0]!.state.readTotals().connectionsOpened >= 30);
  },
);
