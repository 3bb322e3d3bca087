/** Certificates towards endpoints: judged before anybody depends on them, and replaced when their files change. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { formatPath } from "../../src/config/issue.ts";
import { ConfigError } from "../../src/runtime/config-error.ts";
import { CertificateFolder, makeTestAuthority } from "../support/made-certificates.ts";
import { connectRaw } from "../support/raw-client.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "../support/start-proxy.ts";
import { turns } from "../support/signal.ts";
import { authority, ca, localhost } from "../support/tls-rig.ts";

const clients = await makeTestAuthority("CN=Authority of proxies");
const own = await clients.leaf({ names: ["proxy"], subject: "CN=the first" });
const next = await clients.leaf({ names: ["proxy"], subject: "CN=the next" });

interface Endpoint extends AsyncDisposable {
  readonly url: string;
}

/** Says whose certificate it was shown. */
async function startEndpoint({ certificatePem: cert, keyPem: key } = localhost): Promise<Endpoint> {
  const sockets = new Set<tls.TLSSocket>();
  const asking = { requestCert: true, rejectUnauthorized: true, ca: clients.certificatePem };
  const server = tls.createServer({ cert, key, ...asking }, (socket) => {
    sockets.add(socket);
    const name = String(socket.getPeerCertificate().subject.CN);
    socket.on("error", () => {});
    socket.on("data", () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`));
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function ask(proxy: TestProxy): Promise<string> {
  const client = await connectRaw(proxy.port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const { status, body } = await client.readResponse();
  client.destroy();
  return status === 200 ? body : String(status);
}

const sealedKey = createPrivateKey(own.keyPem).export({
  type: "pkcs8",
  format: "pem",
  cipher: "aes-256-cbc",
  passphrase: "secret",
});

const refusals = [
  ["a key of another certificate", { key: next.keyPem }, "key", /does not belong to its key/],
  ["a key behind a passphrase", { key: sealedKey }, "key", /is encrypted/],
  ["nonsense in the place of a key", { key: "nonsense" }, "key", /has a key that cannot be read/],
  ["nonsense in the place of a certificate", { certificate: "nonsense" }, "certificate", /cannot be read/],
  ["a certificate that is not there", { certificate: null }, "certificate", /cannot be read \(ENOENT\)/],
  ["an authority that is not there", { ca: null }, "ca", /cannot be read \(ENOENT\)/],
  ["no certificate in the authority's file", { ca: own.keyPem }, "ca", /holds no certificate/],
] as const;

for (const [name, texts, place, message] of refusals) {
  test(`A configuration is refused for ${name}`, async () => {
    using folder = new CertificateFolder();
    const written = { ca, certificate: own.certificatePem, key: own.keyPem, ...texts };
    const files = Object.fromEntries(
      Object.entries(written).map(([file, text]) => [
        file,
        text === null ? `${folder.path}/absent.pem` : folder.write(file, text),
      ]),
    );
    const starting = startProxy({ origins: ["https://127.0.0.1:1"], pool: { tls: files } });
    await assert.rejects(
      starting.then((proxy) => proxy.close()),
      (error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.deepEqual(
          error.issues.map(({ path }) => formatPath(path)),
          [`pools.app.tls.${place}`],
        );
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test("A certificate that changes on disk is shown to the endpoint from the next connection on", async () => {
  using folder = new CertificateFolder();
  await using endpoint = await startEndpoint();
  const trusted = { ca: folder.write("ca.pem", ca), serverName: "localhost" };
  const proxy = await startProxy({
    origins: [endpoint.url],
    pool: { retry: { attempts: 1 }, tls: { ...trusted, ...folder.pair("own", own) } },
  });
  assert.equal(await ask(proxy), "the first");
  folder.pair("own", next);
  while ((await ask(proxy)) !== "the next") await turns(5);
  await proxy.close();
});

test("Endpoints whose authority is replaced are trusted by the new one", async () => {
  using folder = new CertificateFolder();
  const later = await makeTestAuthority("CN=Another authority");
  await using endpoint = await startEndpoint(await later.leaf({ names: ["localhost"] }));
  const tlsFiles = { ca: folder.write("ca.pem", ca), ...folder.pair("own", own) };
  const proxy = await startProxy({
    origins: [endpoint.url],
    pool: { retry: { attempts: 1 }, tls: { ...tlsFiles, serverName: "localhost" } },
  });
  assert.equal(await ask(proxy), "502");
  folder.write("ca.pem", later.certificatePem);
  await proxy.refreshCertificates();
  assert.equal(await ask(proxy), "the first");
  await proxy.close();
});

test("Files that turn to nonsense reach nobody: the old ones count, also for endpoints that come later", async () => {
  using folder = new CertificateFolder();
  await using endpoint = await startEndpoint();
  await using other = await startEndpoint(await authority.leaf({ names: ["localhost"] }));
  const tlsFiles = { ca: folder.write("ca.pem", ca), ...folder.pair("own", own) };
  const options = (origins: readonly string[]): ProxyOptions => ({
    origins,
    pool: { retry: { attempts: 1 }, tls: { ...tlsFiles, serverName: "localhost" } },
  });
  const proxy = await startProxy(options([endpoint.url]));
  folder.pair("own", { ...next, keyPem: "nonsense" });
  await assert.rejects(
    proxy.refreshCertificates(),
    /pools\.app\.tls\.key: the certificate in .* has a key that cannot be read/,
  );
  assert.equal(await ask(proxy), "the first");
  await proxy.apply(options([other.url]), "endpoints");
  assert.equal(await ask(proxy), "the first");
  await proxy.close();
});
