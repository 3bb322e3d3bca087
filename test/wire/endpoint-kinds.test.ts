/** Endpoints behind unix sockets, IPv6 and TLS, and what TLS refuses. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { testAuthorityPem, testCertificatePem, testKeyPem } from "../support/certificates.ts";
import { connectRaw, type RawResponse } from "../support/raw-client.ts";
import { okAnswer } from "../support/raw-origin.ts";
import { testOverTransports } from "../support/rig.ts";
import { type ProxyOptions, startProxy } from "../support/start-proxy.ts";
import { transports } from "../support/transports.ts";

interface Seen {
  text: string;
}

/** Answers every read with 200. */
function answerer(seen: Seen): (socket: net.Socket) => void {
  return (socket) => {
    socket.on("data", (bytes: Buffer) => {
      seen.text += bytes.toString("latin1");
      if (seen.text.endsWith("\r\n\r\n")) socket.write(okAnswer);
    });
    socket.on("error", () => {});
  };
}

async function listen(server: net.Server, where: net.ListenOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Two requests through a proxy with this one endpoint; the second reuses the connection. */
async function ask(options: ProxyOptions): Promise<RawResponse> {
  const proxy = await startProxy(options);
  try {
    const client = await connectRaw(proxy.port);
    client.send("GET /one HTTP/1.1\r\nHost: a\r\n\r\n");
    const response = await client.readResponse();
    if (response.status === 200) {
      client.send("GET /two HTTP/1.1\r\nHost: a\r\n\r\n");
      assert.equal((await client.readResponse()).raw, okAnswer);
      assert.equal(proxy.streams.dialled.length, 1);
    }
    client.destroy();
    return response;
  } finally {
    await proxy.close();
  }
}

testOverTransports("An endpoint on a unix socket answers", async (transport) => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-"));
  const seen = { text: "" };
  const server = net.createServer(answerer(seen));
  try {
    await listen(server, { path: join(folder, "app.sock") });
    const response = await ask({ transport, origins: [`unix:${join(folder, "app.sock")}`] });
    assert.equal(response.raw, okAnswer);
    assert.ok(seen.text.startsWith("GET /one HTTP/1.1\r\nHost: a\r\n"));
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});

for (const transport of transports) {
  test(`An endpoint at an IPv6 address answers (${transport.name} streams)`, async (context) => {
    const server = net.createServer(answerer({ text: "" }));
    let port: number;
    try {
      port = await listen(server, { host: "::1", port: 0 });
    } catch {
      context.skip("this machine has no IPv6 loopback");
      return;
    }
    const response = await ask({ transport, origins: [`http://[::1]:${port}`] });
    assert.equal(response.raw, okAnswer);
    server.close();
  });
}

interface TlsCase {
  readonly name: string;
  readonly pool: NonNullable<ProxyOptions["pool"]>;
  readonly cause: string | null;
}

const folder = mkdtempSync(join(tmpdir(), "headgate-"));
const authorityPath = join(folder, "ca.pem");
writeFileSync(authorityPath, testAuthorityPem);
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const tlsCases: readonly TlsCase[] = [
  {
    name: "verified against its own authority",
    pool: { tls: { ca: authorityPath, serverName: "backend.test" } },
    cause: null,
  },
  {
    name: "of an unknown authority is refused",
    pool: { tls: { serverName: "backend.test" } },
    cause: "tls-failed",
  },
  {
    name: "of another name is refused",
    pool: { tls: { ca: authorityPath, serverName: "other.test" } },
    cause: "tls-failed",
  },
  { name: "unverified on request", pool: { tls: { insecure: true } }, cause: null },
];

for (const { name, pool, cause } of tlsCases) {
  testOverTransports(`An endpoint with a certificate ${name}`, async (transport) => {
    const seen = { text: "" };
    const server = tls.createServer({ cert: testCertificatePem, key: testKeyPem }, answerer(seen));
    server.on("tlsClientError", () => {});
    const port = await listen(server, { host: "127.0.0.1", port: 0 });
    try {
      const response = await ask({ transport, origins: [`https://127.0.0.1:${port}`], pool });
      if (cause === null) {
        assert.equal(response.raw, okAnswer);
      } else {
        assert.equal(response.status, 502);
        assert.equal(response.header("headgate-cause"), cause);
        assert.equal(seen.text, "");
      }
    } finally {
      server.close();
    }
  });
}
