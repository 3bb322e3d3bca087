/** What endpoints learn of a client's TLS by PROXY headers of version 2, from every kind of listener. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { connect, type ConnectionOptions } from "node:tls";
import { type ProxyTlv, readProxyHeader, signatureV2 } from "../../src/listener/proxy-protocol.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { freePorts } from "../support/free-ports.ts";
import { missing, startHaproxy } from "../support/peer-program.ts";
import { okAnswer } from "../support/raw-origin.ts";
import { Signal } from "../support/signal.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "../support/start-proxy.ts";
import { askTls } from "../support/tls-client.ts";
import { authority, ca, localhost } from "../support/tls-rig.ts";

const ann = await authority.leaf({ names: ["ann"], subject: "CN=Ann, O=Example" });

interface Stage extends AsyncDisposable {
  readonly proxy: TestProxy;
  /** What the first connection to the endpoint began with, by type. */
  heard(): Promise<Map<number, string>>;
}

/** An endpoint that keeps what it hears first, and answers any request over HTTP/1.1. */
async function stage(listener: ProxyOptions["listener"], pool: ProxyOptions["pool"] = {}): Promise<Stage> {
  const folder = new CertificateFolder();
  const chunks: Buffer[] = [];
  const changed = new Signal();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      changed.notify();
      if (Buffer.concat(chunks).includes("\r\n\r\n", signatureV2.length)) socket.write(okAnswer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await startProxy({
    origins: [`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`],
    listener: {
      ...listener,
      ...(listener?.routes === undefined
        ? {
            tls: {
              certificates: [folder.pair("localhost", localhost)],
              clientCertificates: { mode: "request", ca: folder.write("ca.pem", ca) },
              ...(listener?.protocol === "tcp" ? { alpn: ["one", "two"] } : {}),
            },
          }
        : {}),
    },
    pool: { proxyProtocol: "v2", ...pool },
  });
  return {
    proxy,
    heard: () =>
      changed.until("a PROXY header", () => {
        const bytes = Buffer.concat(chunks);
        const reading = readProxyHeader(bytes, bytes.length);
        return reading.kind === "complete" && byType(reading.header.tlvs);
      }),
    async [Symbol.asyncDispose]() {
      await proxy.close();
      server.close();
      folder[Symbol.dispose]();
    },
  };
}

function byType(tlvs: readonly ProxyTlv[]): Map<number, string> {
  const found = new Map(tlvs.map(({ type, value }) => [type, Buffer.from(value).toString("latin1")]));
  assert.equal(found.size, tlvs.length, "no type comes twice");
  return found;
}

const asAnn: ConnectionOptions = { ca, servername: "localhost", cert: ann.certificatePem, key: ann.keyPem };

test("a tcp listener that ends TLS tells protocol, name, version, cipher and the client's common name", async () => {
  await using it = await stage({ protocol: "tcp", pool: "app" });
  const client = connect({ port: it.proxy.port, ...asAnn, ALPNProtocols: ["two"] });
  await once(client, "secureConnect");
  const heard = await it.heard();
  const cipher = client.getCipher().standardName;
  assert.deepEqual([...heard.keys()], [0x01, 0x02, 0x20]);
  assert.deepEqual([heard.get(0x01), heard.get(0x02)], ["two", "localhost"]);
  const length = String.fromCharCode(cipher.length);
  assert.equal(heard.get(0x20), `\x07\0\0\0\0\x21\0\x07TLSv1.3\x22\0\x03Ann\x23\0${length}${cipher}`);
  client.destroy();
});

for (const version of ["HTTP/1.1", "HTTP/2"] as const)
  test(`a pool tells the same of a client over ${version}`, async () => {
    await using it = await stage({});
    if (version === "HTTP/1.1") {
      await askTls(it.proxy.port, { ...asAnn, ALPNProtocols: ["http/1.1"] });
    } else {
      const session = connectHttp2(`https://localhost:${it.proxy.port}`, asAnn);
      const request = session.request({ ":path": "/" });
      request.resume();
      await once(request, "end");
      session.close();
    }
    const heard = await it.heard();
    assert.deepEqual([...heard.keys()], [0x01, 0x02, 0x20]);
    assert.deepEqual(
      [heard.get(0x01), heard.get(0x02)],
      [version === "HTTP/1.1" ? "http/1.1" : "h2", "localhost"],
    );
    assert.match(heard.get(0x20) ?? "", /^\x07\0\0\0\0\x21\0\x07TLSv1\.3\x22\0\x03Ann\x23\0.TLS_/);
  });

const offers = [
  { offered: ["h2"], told: "h2" },
  { offered: ["h2", "http/1.1"], told: undefined },
];
for (const { offered, told } of offers)
  test(`TLS that is passed on tells its name, and its protocol if it is the only one: ${offered.join()}`, async () => {
    await using it = await stage({
      protocol: "tcp",
      routes: [{ match: { serverName: "passed.test" }, pool: "app" }],
    });
    const client = connect({ port: it.proxy.port, servername: "passed.test", ALPNProtocols: offered });
    client.on("error", () => {});
    const heard = await it.heard();
    assert.deepEqual([heard.get(0x01), heard.get(0x02), heard.has(0x20)], [told, "passed.test", false]);
    client.destroy();
  });

test("only the TLVs that a pool names are sent, and a checksum where it is one of them", async () => {
  await using it = await stage({ protocol: "tcp", pool: "app" }, { proxyTlvs: ["authority", "crc32c"] });
  const client = connect({ port: it.proxy.port, ...asAnn, ALPNProtocols: ["one"] });
  client.on("error", () => {});
  assert.deepEqual([...(await it.heard()).keys()], [0x02, 0x03]);
  client.destroy();
});

test("HAProxy reads the name, and checks the sum", { skip: missing("haproxy") }, async () => {
  const port = await freePorts(1);
  await using haproxy = await startHaproxy(
    port,
    `frontend in\n  mode http\n  bind 127.0.0.1:${port} accept-proxy\n  http-request return status 200 content-type text/plain lf-string "%[fc_pp_authority] %[src_port]"`,
  );
  using folder = new CertificateFolder();
  const proxy = await startProxy({
    origins: [port],
    listener: { tls: { certificates: [folder.pair("localhost", localhost)] } },
    pool: { proxyProtocol: "v2", proxyTlvs: ["tls", "alpn", "authority", "crc32c"] },
  });
  let text = "";
  try {
    ({ text } = await askTls(proxy.port, { ...asAnn, ALPNProtocols: ["http/1.1"] }));
  } finally {
    await proxy.close();
  }
  assert.match(text, /\r\n\r\nlocalhost [0-9]+$/, haproxy.output);
});
