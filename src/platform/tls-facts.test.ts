import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect, createServer, type TLSSocket } from "node:tls";
import { testCertificatePem, testKeyPem } from "../../test/support/certificates.ts";
import { PeerFacts, SocketPeer } from "./tls-facts.ts";

test("what was agreed on is still told when the connection is long gone", async (t) => {
  const identity = { cert: testCertificatePem, key: testKeyPem };
  const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: false });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const client = connect({ ...identity, host: "127.0.0.1", port, rejectUnauthorized: false });
  client.on("error", () => {});
  const [socket] = (await once(server, "secureConnection")) as [TLSSocket];
  const facts = new PeerFacts(new SocketPeer(socket, true));
  const tell = () => [facts.version, facts.cipher, facts.client?.subject, facts.clientVerify];
  const told = tell();
  assert.equal(told[0], "TLSv1.3");
  assert.ok(told[2] !== undefined && told[2] !== "");
  socket.destroy();
  await once(socket, "close");
  assert.deepEqual(tell(), told);
  client.destroy();
});
