/** Handshakes that go wrong, take too long, are too many, or meet a drain: nobody else is brought down. */
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { CertificateFolder } from "../support/made-certificates.ts";
import { connectRaw } from "../support/raw-client.ts";
import { testOverTransports } from "../support/rig.ts";
import { handshakesByPublicSockets } from "../support/transports.ts";
import { turns } from "../support/signal.ts";
import { askTls } from "../support/tls-client.ts";
import { ca, startTls } from "../support/tls-rig.ts";

testOverTransports(
  "What is no handshake fails and is counted, and the next client is served",
  async (transport) => {
    using folder = new CertificateFolder();
    await using rig = await startTls(folder, { handshakeTimeout: "150ms" }, { transport });
    const noise = [
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01garbage".padEnd(600, "x"),
      "\0".repeat(50),
      "\x16\x03",
    ];
    for (const bytes of noise) {
      const client = await connectRaw(rig.proxy.port);
      client.send(bytes);
      await client.ended();
      client.destroy();
    }
    // One that says nothing, one that leaves at once, one that resets.
    const silent = await connectRaw(rig.proxy.port);
    await silent.ended();
    silent.destroy();
    (await connectRaw(rig.proxy.port)).destroy();
    (await connectRaw(rig.proxy.port)).reset();
    assert.equal((await askTls(rig.proxy.port, { ca })).status, 200);
    await rig.proxy.quiet();
    const { failedHandshakes, handshakes, connections } = rig.proxy.listener;
    assert.deepEqual([handshakes, connections], [1, 0]);
    assert.equal(failedHandshakes, noise.length + 3);
  },
);

test("Handshakes under way are bounded: one more is cut, and a place is free again afterwards", async () => {
  using folder = new CertificateFolder();
  await using rig = await startTls(folder, { handshakesMax: 3 });
  const waiting = await Promise.all([1, 2, 3].map(() => connectRaw(rig.proxy.port)));
  await turns(10);
  const oneMore = await connectRaw(rig.proxy.port);
  await oneMore.ended();
  oneMore.destroy();
  for (const client of waiting) client.destroy();
  while (rig.proxy.listener.connections > 0) await turns(1);
  assert.equal((await askTls(rig.proxy.port, { ca })).status, 200);
});

test("Draining lets a handshake under way become a request that is answered", async () => {
  using folder = new CertificateFolder();
  await using rig = await startTls(folder);
  const raw = net.connect({ port: rig.proxy.port, host: "127.0.0.1" });
  await new Promise((resolve) => raw.once("connect", resolve));
  while (rig.proxy.listener.connections === 0) await turns(1);
  const drained = rig.proxy.drain();
  const socket = tls.connect({ socket: raw, servername: "localhost", ca });
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  let text = "";
  for await (const bytes of socket) text += (bytes as Buffer).toString("latin1");
  assert.match(text, /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/s);
  await drained;
});

test("Where Node's way to a handle for TLS is not known, its sockets shake hands", async () => {
  using folder = new CertificateFolder();
  await using rig = await startTls(folder, {}, { transport: handshakesByPublicSockets });
  assert.equal((await askTls(rig.proxy.port, { ca })).status, 200);
  (await connectRaw(rig.proxy.port)).destroy();
  await rig.proxy.quiet();
  assert.deepEqual([rig.proxy.listener.handshakes, rig.proxy.listener.failedHandshakes], [1, 1]);
});

testOverTransports("A client cannot have the server shake hands again", async (transport) => {
  using folder = new CertificateFolder();
  await using rig = await startTls(folder, {}, { transport });
  const options = { port: rig.proxy.port, host: "127.0.0.1", servername: "localhost", ca };
  const socket = tls.connect({ ...options, maxVersion: "TLSv1.2" });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const answer = await new Promise<string>((resolve) => {
    socket.once("error", ({ message }) => resolve(message));
    socket.renegotiate({}, (error) => resolve(error?.message ?? "shaken"));
  });
  assert.match(answer, /no renegotiation/i);
  socket.destroy();
  assert.equal((await askTls(rig.proxy.port, { ca })).status, 200);
});
