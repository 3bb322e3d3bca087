/** Endpoints that speak something else than their pool says: 502, and the detail names what it looks like. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { connectRaw } from "../support/raw-client.ts";
import { startProxy } from "../support/start-proxy.ts";

const settingsFrame = "\0\0\0\x04\0\0\0\0\0";

for (const [name, protocol, greeting, detail] of [
  ["HTTP/2, where HTTP/1.1 was expected", "http/1.1", settingsFrame, "HTTP/2, not HTTP/1"],
  ["TLS, where none was expected", "http/1.1", "\x15\x03\x01\0\x02\x02\x46", "TLS, not HTTP/1"],
  ["something else", "http/1.1", "SSH-2.0-OpenSSH_9.2\r\n", "not HTTP/1"],
  ["HTTP/1.1, where HTTP/2 was expected", "h2", "HTTP/1.1 400 Bad Request\r\n\r\n", "not HTTP/2"],
] as const) {
  test(`an endpoint speaks ${name}`, async (t) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.write(greeting, "latin1"));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const origins = [(server.address() as AddressInfo).port];
    const proxy = await startProxy({ origins, pool: { protocol, retry: { attempts: 1 } } });
    t.after(() => proxy.close());
    const client = await connectRaw(proxy.port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.equal((await client.readResponse()).status, 502);
    const record = await proxy.record();
    assert.deepEqual([record.cause, record.detail], ["bad-response", detail]);
    client.destroy();
  });
}
