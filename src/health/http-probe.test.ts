import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { testAuthorityPem, testCertificatePem, testKeyPem } from "../../test/support/certificates.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { UpstreamTls } from "../core/transport.ts";
import { systemClock } from "../platform/clock.ts";
import { createHttpProbe, type HttpProbeSettings } from "./http-probe.ts";
import type { ProbeResult, ProbeTarget } from "./probe.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-probe-"));
const open: (Server | TcpServer)[] = [];
after(() => {
  for (const server of open) {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  }
  rmSync(folder, { recursive: true });
});

const plain: HttpProbeSettings = {
  method: "GET",
  path: "/health",
  host: null,
  headers: {},
  expectedStatus: [{ from: 200, to: 399 }],
  expectedBody: null,
};
const trusting: UpstreamTls = {
  serverName: "localhost",
  isVerified: true,
  caPem: testAuthorityPem,
  certificatePem: null,
  keyPem: null,
};

async function listen<S extends Server | TcpServer>(
  server: S,
  where: { host?: string; path?: string } = {},
): Promise<S> {
  open.push(server);
  await new Promise<void>((bound) =>
    server.listen(
      where.path === undefined ? { port: 0, host: "127.0.0.1", ...where } : { path: where.path },
      bound,
    ),
  );
  return server;
}

function targetOf(server: Server | TcpServer, tls: UpstreamTls | null = null): ProbeTarget {
  const bound = server.address();
  if (typeof bound === "string")
    return { addresses: [{ kind: "unix", path: bound }], tls, authority: "localhost" };
  const { address, port } = bound as AddressInfo;
  return { addresses: [{ kind: "tcp", address, port }], tls, authority: `localhost:${port}` };
}

function ask(
  target: ProbeTarget,
  settings: Partial<HttpProbeSettings> = {},
  timeoutMs = 5000,
): Promise<ProbeResult> {
  const probe = createHttpProbe({ ...plain, ...settings }, systemClock);
  return new Promise((done) => probe.probe(target, timeoutMs, done));
}

/** Without its latency, which no test can know. */
function verdict(result: ProbeResult): Omit<ProbeResult, "latencyMs"> {
  const { latencyMs, ...rest } = result;
  assert.ok(latencyMs >= 0);
  return rest;
}

const statuses = [
  { status: 200, isOk: true },
  { status: 204, isOk: true },
  { status: 302, isOk: true },
  { status: 404, isOk: false },
  { status: 500, isOk: false },
  { status: 503, isOk: false },
];
for (const { status, isOk } of statuses) {
  test(`status ${status} ${isOk ? "passes" : "fails"} by default, and is named`, async () => {
    let requests = 0;
    const server = await listen(
      createServer((_request, response) => {
        requests++;
        response.writeHead(status, { location: "/elsewhere" }).end();
      }),
    );
    const expected = isOk
      ? { isOk, detail: `status ${status}` }
      : { isOk, cause: "status", detail: `status ${status}` };
    assert.deepEqual(verdict(await ask(targetOf(server))), expected);
    assert.equal(requests, 1, "no redirect is followed");
  });
}

test("expected statuses are what the settings say", async () => {
  const server = await listen(createServer((_request, response) => void response.writeHead(418).end()));
  assert.equal((await ask(targetOf(server), { expectedStatus: [{ from: 418, to: 418 }] })).isOk, true);
  assert.equal((await ask(targetOf(server), { expectedStatus: [{ from: 200, to: 299 }] })).isOk, false);
});

test("the endpoint sees the path, its own name as host, and that the connection is for once", async () => {
  const seen: IncomingMessage[] = [];
  const server = await listen(createServer((request, response) => (seen.push(request), response.end("ok"))));
  const target = targetOf(server);
  await ask(target, { path: "/health?deep=1" });
  assert.equal(seen[0]?.method, "GET");
  assert.equal(seen[0]?.url, "/health?deep=1");
  assert.equal(seen[0]?.headers.host, target.authority);
  assert.equal(seen[0]?.headers.connection, "close");
  assert.match(seen[0]?.headers["user-agent"] ?? "", /^headgate/);
});

test("method, host and further headers can be set", async () => {
  const seen: IncomingMessage[] = [];
  const server = await listen(createServer((request, response) => (seen.push(request), response.end())));
  await ask(targetOf(server), {
    method: "HEAD",
    host: "app.example",
    headers: { Authorization: "Bearer x", "user-agent": "check/1" },
  });
  assert.equal(seen[0]?.method, "HEAD");
  assert.equal(seen[0]?.headers.host, "app.example");
  assert.equal(seen[0]?.headers.authorization, "Bearer x");
  assert.equal(seen[0]?.headers["user-agent"], "check/1");
});

test("every probe makes a connection of its own", async () => {
  const ports = new Set<number | undefined>();
  const server = await listen(
    createServer((request, response) => (ports.add(request.socket.remotePort), response.end())),
  );
  await ask(targetOf(server));
  await ask(targetOf(server));
  assert.equal(ports.size, 2);
});

const bodies = [
  { name: "a body that has the text passes", body: "status: ok", wanted: "ok", cause: null },
  { name: "a body that lacks the text fails", body: "status: degraded", wanted: "ok", cause: "body" },
  { name: "an empty body lacks any text", body: "", wanted: "ok", cause: "body" },
  {
    name: "a text beyond 64 KiB is not looked for",
    body: `${" ".repeat(70_000)}ok`,
    wanted: "ok",
    cause: "body",
  },
  { name: "a text is found across chunks", body: `${" ".repeat(60_000)}ok`, wanted: "ok", cause: null },
];
for (const { name, body, wanted, cause } of bodies) {
  test(`an expected body: ${name}`, async () => {
    const server = await listen(createServer((_request, response) => void response.end(body)));
    const result = await ask(targetOf(server), { expectedBody: wanted });
    assert.equal(result.isOk ? null : result.cause, cause);
  });
}

test("an endless body does not keep the probe: it is cut off", async () => {
  const closed = Promise.withResolvers<void>();
  const server = await listen(
    createServer((_request, response) => {
      const flood = (): void => {
        while (response.write(Buffer.alloc(16_384)));
      };
      response.on("drain", flood).on("close", closed.resolve);
      flood();
    }),
  );
  assert.equal((await ask(targetOf(server))).isOk, true);
  await closed.promise;
});

const silences: { name: string; listener: RequestListener; expectedBody: string | null; detail: string }[] = [
  { name: "never answers", listener: () => {}, expectedBody: null, detail: "no answer within 300 ms" },
  {
    name: "stops in the middle of the body",
    listener: (_request, response) => void response.write("par"),
    expectedBody: "partial",
    detail: "no complete body within 300 ms",
  },
];
for (const { name, listener, expectedBody, detail } of silences) {
  test(`an endpoint that ${name} times out`, async () => {
    const server = await listen(createServer(listener));
    const result = await ask(targetOf(server), { expectedBody }, 300);
    assert.deepEqual(verdict(result), { isOk: false, cause: "timeout", detail });
  });
}

test("the timeout is the clock's, and nothing remains set after it", async () => {
  const clock = new VirtualClock();
  const arrived = Promise.withResolvers<void>();
  const server = await listen(createServer(() => arrived.resolve()));
  const results: ProbeResult[] = [];
  createHttpProbe(plain, clock).probe(targetOf(server), 2000, (result) => void results.push(result));
  await arrived.promise;
  clock.advance(1999);
  assert.equal(results.length, 0);
  clock.advance(1);
  assert.equal(results[0]?.isOk, false);
  assert.equal(results[0]?.latencyMs, 2000);
  assert.equal(clock.pendingCount, 0);
});

test("a probe given up says nothing and closes its connection", async () => {
  const closed = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const server = await listen(
    createServer((request) => {
      request.socket.on("close", closed.resolve);
      arrived.resolve();
    }),
  );
  const giveUp = createHttpProbe(plain, systemClock).probe(targetOf(server), 5000, () =>
    assert.fail("answered"),
  );
  await arrived.promise;
  giveUp();
  await closed.promise;
});

test("a port where nobody listens refuses", async () => {
  const server = await listen(createServer());
  const target = targetOf(server);
  await new Promise((closed) => server.close(closed));
  assert.deepEqual(verdict(await ask(target)), {
    isOk: false,
    cause: "refused",
    detail: "connection refused",
  });
});

const rudeServers = [
  { name: "closes at once", answer: null, cause: "reset" },
  { name: "resets", answer: "reset", cause: "reset" },
  { name: "speaks no HTTP", answer: "SSH-2.0-OpenSSH_9\r\n", cause: "bad-response" },
  { name: "breaks off its head", answer: "HTTP/1.1 200 OK\r\nContent-", cause: "reset" },
  {
    name: "sends an endless head",
    answer: `HTTP/1.1 200 OK\r\nX: ${"a".repeat(40_000)}`,
    cause: "bad-response",
  },
];
for (const { name, answer, cause } of rudeServers) {
  test(`a server that ${name} fails with cause ${cause}`, async () => {
    const server = await listen(
      createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => {
          if (answer === "reset") socket.resetAndDestroy();
          else socket.end(answer ?? "");
        });
      }),
    );
    const result = await ask(targetOf(server));
    assert.equal(result.isOk ? "passed" : result.cause, cause, result.detail);
  });
}

test("IPv6 endpoints and unix sockets are reached", async () => {
  const v6 = await listen(
    createServer((_request, response) => void response.end()),
    { host: "::1" },
  );
  assert.equal((await ask(targetOf(v6))).isOk, true);
  const unix = await listen(
    createServer((_request, response) => void response.end()),
    { path: join(folder, "app.sock") },
  );
  assert.equal((await ask(targetOf(unix))).isOk, true);
  const missing: ProbeTarget = {
    addresses: [{ kind: "unix", path: join(folder, "no.sock") }],
    tls: null,
    authority: "localhost",
  };
  assert.deepEqual(verdict(await ask(missing)), {
    isOk: false,
    cause: "refused",
    detail: "no such unix socket",
  });
});

const tlsRows: { name: string; tls: UpstreamTls; detail: string }[] = [
  { name: "a certificate of a trusted authority passes", tls: trusting, detail: "status 200" },
  {
    name: "an address is verified as well as a name",
    tls: { ...trusting, serverName: "127.0.0.1" },
    detail: "status 200",
  },
  {
    name: "another of its names passes",
    tls: { ...trusting, serverName: "backend.test" },
    detail: "status 200",
  },
  {
    name: "a wrong name fails",
    tls: { ...trusting, serverName: "other.test" },
    detail: "certificate is for another name",
  },
  {
    name: "an unknown authority fails",
    tls: { ...trusting, caPem: null },
    detail: "certificate's authority is unknown",
  },
  {
    name: "insecure accepts anything",
    tls: { ...trusting, caPem: null, serverName: "x.test", isVerified: false },
    detail: "status 200",
  },
];
for (const { name, tls, detail } of tlsRows) {
  test(`https: ${name}`, async () => {
    const server = await listen(
      createTlsServer(
        { cert: testCertificatePem, key: testKeyPem },
        (_request, response) => void response.end(),
      ),
    );
    const result = await ask(targetOf(server, tls));
    assert.equal(result.detail, detail);
    assert.equal(result.isOk ? "ok" : result.cause, detail === "status 200" ? "ok" : "tls");
  });
}

test("https towards a plain port is a TLS failure", async () => {
  const server = await listen(createServer((_request, response) => void response.end()));
  const result = await ask(targetOf(server, trusting));
  assert.equal(result.isOk ? "passed" : result.cause, "tls", result.detail);
});

test("unusable settings fail the probe instead of throwing", async () => {
  const server = await listen(createServer((_request, response) => void response.end()));
  const result = await ask(targetOf(server), { path: "/no spaces allowed" });
  assert.equal(result.isOk, false);
});
