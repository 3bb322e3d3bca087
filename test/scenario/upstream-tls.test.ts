/** TLS towards endpoints beyond trust: names, own certificates, protocols, pinned keys, resumed sessions. */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { CertificateFolder, makeTestAuthority } from "../support/made-certificates.ts";
import { connectRaw } from "../support/raw-client.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "../support/start-proxy.ts";
import { testOverTransports } from "../support/rig.ts";
import { authority, ca, localhost } from "../support/tls-rig.ts";

/** What the endpoint saw of each connection's handshake. */
interface Seen {
  readonly serverName: string | false;
  readonly alpn: string | false | null;
  readonly isResumed: boolean;
  readonly client: string;
}

interface Endpoint extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly Seen[];
}

async function startEndpoint(options: tls.TlsOptions = {}): Promise<Endpoint> {
  const seen: Seen[] = [];
  const sockets = new Set<tls.TLSSocket>();
  const server = tls.createServer(
    { cert: localhost.certificatePem, key: localhost.keyPem, ALPNProtocols: ["http/1.1"], ...options },
    (socket) => {
      sockets.add(socket);
      seen.push({
        serverName: (socket as unknown as { servername: string | false }).servername,
        alpn: socket.alpnProtocol,
        isResumed: socket.isSessionReused(),
        client: String((socket.getPeerCertificate() as Partial<tls.PeerCertificate>).subject?.CN ?? ""),
      });
      socket.on("error", () => {});
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    },
  );
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

interface Outcome {
  readonly status: number;
  readonly cause: string | null;
  readonly detail: string;
}

async function ask(proxy: TestProxy): Promise<Outcome> {
  const before = proxy.records.length;
  const client = await connectRaw(proxy.port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const { status } = await client.readResponse();
  client.destroy();
  const record = await proxy.record(before + 1);
  return { status, cause: record.cause, detail: record.failedAttempts.at(-1)?.detail ?? record.detail };
}

async function asking(
  endpoint: Endpoint,
  tlsOptions: NonNullable<ProxyOptions["pool"]>["tls"],
  times = 1,
  more: Partial<ProxyOptions> = {},
): Promise<Outcome[]> {
  const pool = {
    retry: { attempts: 1 },
    ...more.pool,
    ...(tlsOptions === undefined ? {} : { tls: tlsOptions }),
  };
  const proxy = await startProxy({ ...more, origins: [endpoint.url], pool });
  try {
    const outcomes: Outcome[] = [];
    for (let i = 0; i < times; i++) outcomes.push(await ask(proxy));
    return outcomes;
  } finally {
    await proxy.close();
  }
}

const folder = new CertificateFolder();
test.after(() => folder[Symbol.dispose]());
const caFile = folder.write("ca.pem", ca);
const pinOf = (pem: string): string =>
  createHash("sha256")
    .update(new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
const ownPin = pinOf(localhost.certificatePem);
const otherPin = pinOf((await authority.leaf({ names: ["other"] })).certificatePem);

testOverTransports(
  "The name is asked for, and verified, as it is set; an address is not sent",
  async (transport) => {
    await using endpoint = await startEndpoint();
    assert.equal(
      (await asking(endpoint, { ca: caFile, serverName: "localhost" }, 1, { transport }))[0]?.status,
      200,
    );
    assert.equal((await asking(endpoint, { ca: caFile }, 1, { transport }))[0]?.status, 200);
    const [wrong] = await asking(endpoint, { ca: caFile, serverName: "other.test" }, 1, { transport });
    assert.deepEqual(wrong, { status: 502, cause: "tls-failed", detail: "ERR_TLS_CERT_ALTNAME_INVALID" });
    assert.deepEqual(endpoint.seen.map(({ serverName }) => serverName).slice(0, 2), ["localhost", false]);
  },
);

test("An authority that nobody named is not trusted, an expired certificate neither, and both pass with insecure", async () => {
  await using endpoint = await startEndpoint();
  const [foreign] = await asking(endpoint, { serverName: "localhost" });
  assert.deepEqual([foreign?.status, foreign?.cause], [502, "tls-failed"]);
  assert.equal((await asking(endpoint, { insecure: true }))[0]?.status, 200);
  const old = await authority.leaf({ names: ["localhost"], notBeforeDays: -9, notAfterDays: -1 });
  await using expired = await startEndpoint({ cert: old.certificatePem, key: old.keyPem });
  const [late] = await asking(expired, { ca: caFile, serverName: "localhost" });
  assert.deepEqual(late, { status: 502, cause: "tls-failed", detail: "CERT_HAS_EXPIRED" });
  assert.equal((await asking(expired, { insecure: true }))[0]?.status, 200);
});

testOverTransports("A certificate of its own is shown to endpoints that want one", async (transport) => {
  const clients = await makeTestAuthority("CN=Authority of proxies");
  const own = await clients.leaf({ names: ["proxy"], subject: "CN=the proxy" });
  const pair = folder.pair("proxy", own);
  const options = { requestCert: true, rejectUnauthorized: true, ca: clients.certificatePem };
  await using endpoint = await startEndpoint(options);
  const trusted = { ca: caFile, serverName: "localhost" };
  assert.equal((await asking(endpoint, { ...trusted, ...pair }, 1, { transport }))[0]?.status, 200);
  assert.equal(endpoint.seen.at(-1)?.client, "the proxy");
  const [without] = await asking(endpoint, trusted, 1, { transport });
  assert.equal(without?.status, 502);
});

test("The protocol is agreed on by ALPN, and one that is required and not agreed on is a failure", async () => {
  await using endpoint = await startEndpoint();
  assert.equal((await asking(endpoint, { insecure: true }))[0]?.status, 200);
  assert.equal(endpoint.seen[0]?.alpn, "http/1.1");
  const [refused] = await asking(endpoint, { insecure: true }, 1, { pool: { protocol: "h2" } });
  assert.deepEqual([refused?.status, refused?.cause], [502, "tls-failed"]);
  // A server that knows nothing of ALPN speaks HTTP/1.1.
  const { certificatePem: cert, keyPem: key } = localhost;
  await using plain = await startEndpoint({ cert, key, ALPNProtocols: [] });
  assert.equal((await asking(plain, { insecure: true }))[0]?.status, 200);
});

const pinCases = [
  ["the endpoint's key is among the pins", { pins: [otherPin, `sha256/${ownPin}`] }, 200, ""],
  ["the endpoint's key is not among the pins", { pins: [otherPin] }, 502, "PIN_MISMATCH"],
  ["with insecure nothing but the key counts", { insecure: true, pins: [ownPin] }, 200, ""],
  [
    "with insecure another key is refused all the same",
    { insecure: true, pins: [otherPin] },
    502,
    "PIN_MISMATCH",
  ],
  ["a pin does not replace trust", { ca: null, pins: [ownPin] }, 502, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
] as const;

for (const [name, settings, status, detail] of pinCases) {
  test(`Pinned keys: ${name}`, async () => {
    await using endpoint = await startEndpoint();
    const trusted = { ca: caFile, serverName: "localhost", ...settings, pins: [...settings.pins] };
    const [outcome] = await asking(endpoint, trusted);
    assert.deepEqual([outcome?.status, outcome?.detail], [status, detail]);
  });
}

for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
  testOverTransports(
    `New connections resume the session of earlier ones, ${maxVersion}`,
    async (transport) => {
      await using endpoint = await startEndpoint({ maxVersion });
      const more = { transport, pool: { connections: { idleMax: 0 } } };
      const outcomes = await asking(endpoint, { ca: caFile, serverName: "localhost" }, 4, more);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        [200, 200, 200, 200],
      );
      assert.deepEqual(
        endpoint.seen.map(({ isResumed }) => isResumed),
        [false, true, true, true],
      );
    },
  );
}
