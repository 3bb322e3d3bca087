/** TLS that ends in front of plain TCP: which protocol is agreed on (ALPN) is between the client and the endpoint. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { createServer, type AddressInfo } from "node:net";
import { testAuthorityPem, testCertificatePem, testKeyPem } from "../support/certificates.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { startProxy, type TestProxy } from "../support/start-proxy.ts";

async function startEcho(t: TestContext, alpn?: string[]): Promise<TestProxy> {
  const folder = new CertificateFolder();
  const server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const material = { certificatePem: testCertificatePem, keyPem: testKeyPem, serialNumber: "" };
  const certificates = [folder.pair("localhost", material)];
  const proxy = await startProxy({
    origins: [`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`],
    listener: {
      protocol: "tcp",
      pool: "app",
      tls: alpn === undefined ? { certificates } : { certificates, alpn },
    },
  });
  t.after(async () => {
    await proxy.close();
    server.close();
    folder[Symbol.dispose]();
  });
  return proxy;
}

/** What was agreed on, once a word has gone to and fro. */
async function agreedOn({ port }: TestProxy, ALPNProtocols: string[]): Promise<TLSSocket["alpnProtocol"]> {
  const socket = connect({ port, servername: "localhost", ca: testAuthorityPem, ALPNProtocols });
  await once(socket, "secureConnect");
  socket.write("word");
  const [answer] = (await once(socket, "data")) as [Buffer];
  assert.equal(answer.toString(), "word");
  socket.destroy();
  return socket.alpnProtocol;
}

test("nothing is agreed on unless told, and nobody is refused for what it offers", async (t) => {
  const proxy = await startEcho(t);
  for (const offered of [["h2", "http/1.1"], ["redis"], []])
    assert.equal(await agreedOn(proxy, offered), false, offered.join(" "));
});

test("with `alpn` the first of its protocols that the client offers is agreed on, and one must be", async (t) => {
  const proxy = await startEcho(t, ["postgresql", "mqtt"]);
  assert.equal(await agreedOn(proxy, ["mqtt", "postgresql"]), "postgresql");
  await assert.rejects(agreedOn(proxy, ["h2"]), { code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL" });
});
