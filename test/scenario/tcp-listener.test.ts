import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { encodeProxyHeader } from "../../src/listener/proxy-protocol-writer.ts";
import { readProxyHeader } from "../../src/listener/proxy-protocol.ts";
import { testAuthorityPem, testCertificatePem, testKeyPem } from "../support/certificates.ts";
import { captureLog } from "../support/capture-log.ts";
import { connectRaw } from "../support/raw-client.ts";
import { turns } from "../support/signal.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { freePorts } from "../support/free-ports.ts";
import { startProxy } from "../support/start-proxy.ts";
import { echo, rig } from "../support/tcp-rig.ts";
import { transports } from "../support/transports.ts";

for (const transport of transports) {
  test(`bytes go both ways and a half-close is kept [${transport.name}]`, async () => {
    await using it = await rig(
      [
        (socket) => {
          const chunks: Buffer[] = [];
          socket.on("data", (chunk: Buffer) => chunks.push(chunk));
          // Answers only after the client has said its last word.
          socket.on("end", () => socket.end(`got ${Buffer.concat(chunks).toString()}`));
        },
      ],
      { transport },
    );
    const client = await connectRaw(it.proxy.port);
    await client.sendPieces(["one ", "two"]);
    client.end();
    assert.equal(await client.ended(), "fin");
    assert.equal(client.received, "got one two");
    const record = await it.proxy.record();
    assert.equal(record.status, 200);
    assert.equal(record.cause, null);
    assert.equal(record.requestBodyBytes, 7);
    assert.equal(record.responseBodyBytes, 11);
    const totals = it.proxy.endpoints[0]!.state.readTotals();
    assert.deepEqual([totals.bytesOut, totals.bytesIn, totals.successes], [7, 11, 1]);
  });

  test(`a server that speaks first is heard [${transport.name}]`, async () => {
    await using it = await rig([(socket) => void socket.end("220 hello\r\n")], { transport });
    const client = await connectRaw(it.proxy.port);
    assert.equal(await client.ended(), "fin");
    assert.equal(client.received, "220 hello\r\n");
    client.end();
  });

  test(`twenty megabytes each way arrive whole through a client that reads late [${transport.name}]`, async () => {
    await using it = await rig([echo], { transport });
    const bytes = randomBytes(20 * 1024 * 1024);
    const client = await connectRaw(it.proxy.port);
    client.socket.removeAllListeners("data");
    client.socket.pause();
    client.socket.end(bytes);
    // Nobody reads yet: what the proxy holds for the client must not grow with what the endpoint sends.
    await turns(500);
    const hash = createHash("sha256");
    let count = 0;
    client.socket.on("data", (chunk: Buffer) => {
      hash.update(chunk);
      count += chunk.length;
    });
    const [accepted] = it.proxy.streams.accepted;
    assert.ok(accepted !== undefined && accepted.writeBacklog < 1024 * 1024);
    client.socket.resume();
    await once(client.socket, "end");
    assert.equal(count, bytes.length);
    assert.equal(hash.digest("hex"), createHash("sha256").update(bytes).digest("hex"));
  });
}

test("an endpoint that refuses is passed over, counted, and the client notices nothing", async () => {
  const closed = await freePorts(1);
  await using it = await rig([echo]);
  const [, good] = [0, (it.servers[0]!.address() as AddressInfo).port];
  await it.proxy.apply({
    origins: [`tcp://127.0.0.1:${closed}`, `tcp://127.0.0.1:${good}`],
    listener: { protocol: "tcp", pool: "app" },
  });
  const client = await connectRaw(it.proxy.port);
  client.send("hello");
  await client.readUntil("hello");
  client.end();
  await client.ended();
  const record = await it.proxy.record();
  assert.equal(record.attemptCount, 2);
  assert.equal(record.failedAttempts[0]?.cause, "connect-refused");
  assert.equal(it.proxy.endpoints[0]!.state.readTotals().failures, 1);
});

test("where nobody takes the connection the client is reset and the record says why", async () => {
  const closed = await freePorts(1);
  const proxy = await startProxy({
    origins: [`tcp://127.0.0.1:${closed}`],
    listener: { protocol: "tcp", pool: "app" },
  });
  const client = await connectRaw(proxy.port);
  assert.equal(await client.ended(), "reset");
  const record = await proxy.record();
  assert.deepEqual([record.status, record.cause], [502, "connect-refused"]);
  await proxy.close();
});

test("silence in both directions ends both sides", async () => {
  await using it = await rig([echo], { listener: { timeouts: { tunnelIdle: "200ms" } } });
  const client = await connectRaw(it.proxy.port);
  client.send("a");
  await client.readUntil("a");
  assert.equal(await client.ended(), "reset");
  assert.equal((await it.proxy.record()).cause, "tunnel-idle");
});

test("a connection beyond the listener's limit is cut", async () => {
  await using it = await rig([echo], { listener: { limits: { connections: 1 } } });
  const first = await connectRaw(it.proxy.port);
  first.send("a");
  await first.readUntil("a");
  const second = connect(it.proxy.port, "127.0.0.1");
  await new Promise((resolve) => second.once("error", resolve));
  assert.equal(it.sockets.length, 1);
  assert.equal(it.proxy.listener.refusedConnections, 1);
  first.end();
  await first.ended();
});

// PROXY protocol.

const fromElsewhere = {
  source: { address: "203.0.113.9", port: 40_000 },
  destination: { address: "198.51.100.1", port: 443 },
};

for (const version of ["v1", "v2"] as const) {
  test(`an endpoint is told the client by ${version}, TLVs included where they can be`, async () => {
    const heard: Buffer[] = [];
    await using it = await rig(
      [(socket) => socket.on("data", (chunk: Buffer) => heard.push(chunk)).on("end", () => socket.end())],
      {
        pool: { proxyProtocol: version },
        listener: { proxyProtocol: "required", trustedProxies: ["127.0.0.1"] },
      },
    );
    const client = await connectRaw(it.proxy.port);
    const tlv = { type: 0xe0, value: Buffer.from("kept") };
    const header = encodeProxyHeader("v2", fromElsewhere, [tlv]).toString("latin1");
    // Split in the middle of the header, and the first bytes behind it in the same piece.
    await client.sendPieces([header.slice(0, 13), `${header.slice(13)}payload`]);
    client.end();
    await client.ended();
    const all = Buffer.concat(heard);
    const reading = readProxyHeader(all, all.length);
    assert.equal(reading.kind, "complete");
    assert.deepEqual(reading.header.ends, fromElsewhere);
    assert.equal(reading.header.tlvs.length, version === "v2" ? 1 : 0);
    assert.equal(all.subarray(reading.byteCount).toString(), "payload");
    assert.equal((await it.proxy.record()).clientAddress, "203.0.113.9");
  });
}

test("a header that is missing, wrong or from a stranger ends the connection before anything is sent on", async () => {
  await using it = await rig([echo], {
    listener: { proxyProtocol: "required", trustedProxies: ["127.0.0.1"] },
  });
  for (const text of ["GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"]) {
    const client = await connectRaw(it.proxy.port);
    client.send(text);
    await client.ended();
    client.destroy();
  }
  assert.equal(it.sockets.length, 0);
  assert.equal(it.proxy.listener.refusedHeads, 2);
  await it.proxy.apply({
    origins: [`tcp://127.0.0.1:${(it.servers[0]!.address() as AddressInfo).port}`],
    listener: { protocol: "tcp", pool: "app", proxyProtocol: "required", trustedProxies: ["192.0.2.1"] },
  });
  const stranger = await connectRaw(it.proxy.port);
  stranger.send("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n");
  await stranger.ended();
  assert.equal(it.sockets.length, 0);
  stranger.destroy();
});

test("a header that is refused is a warning that tells who, where and why; a flood of them is not as many lines", async () => {
  const log = captureLog(false);
  await using it = await rig([echo], {
    log,
    clock: new VirtualClock(),
    listener: { name: "front", proxyProtocol: "required", trustedProxies: ["127.0.0.1"] },
  });
  const refusals = [
    "GET / HTTP/1.1\r\n\r\n",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
    ...Array.from({ length: 20 }, () => "nonsense that goes on"),
  ];
  for (const text of refusals) {
    const client = await connectRaw(it.proxy.port);
    client.send(text);
    await client.ended();
    client.destroy();
  }
  // Who says nothing (a probe of the proxy in front) is nobody's concern.
  const silent = await connectRaw(it.proxy.port);
  silent.end();
  await silent.ended();
  const warnings = log.entries.filter(({ level }) => level === "warn");
  assert.equal(warnings.length, 10);
  const [first, second] = warnings;
  assert.deepEqual(first, {
    level: "warn",
    message: "PROXY header refused",
    fields: { listener: "front", peer: "127.0.0.1", reason: "it is not a PROXY header" },
  });
  assert.equal(second?.fields["reason"], "the line has not two addresses and two ports");
});

test("over HTTP the address from the header counts as the peer's, and each request has a connection of its own", async () => {
  const heard: string[] = [];
  await using it = await rig(
    [
      (socket) => {
        socket.on("data", (chunk: Buffer) => {
          heard.push(chunk.toString("latin1"));
          socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        socket.on("end", () => socket.end());
      },
    ],
    {
      listener: { protocol: "http", pool: null, proxyProtocol: "required", trustedProxies: ["127.0.0.1"] },
      pool: { proxyProtocol: "v1" },
      config: { forwarded: { xForwardedFor: true } },
    },
  );
  const client = await connectRaw(it.proxy.port);
  const request = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n";
  client.send(`${encodeProxyHeader("v1", fromElsewhere).toString("latin1")}${request}`);
  await client.readResponse();
  client.send(request);
  await client.readResponse();
  client.end();
  await client.ended();
  assert.equal(it.sockets.length, 2);
  for (const text of heard) {
    assert.match(text, /^PROXY TCP4 203\.0\.113\.9 198\.51\.100\.1 40000 443\r\nGET \/ HTTP\/1\.1\r\n/);
    assert.match(text, /\r\nX-Forwarded-For: 203\.0\.113\.9\r\n/);
  }
  assert.equal((await it.proxy.record()).clientAddress, "203.0.113.9");
});

// Together with TLS.

test("a PROXY header comes before TLS, which is ended in front of plain TCP", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-tls-"));
  writeFileSync(join(folder, "site.pem"), testCertificatePem);
  writeFileSync(join(folder, "site.key"), testKeyPem);
  await using it = await rig([echo], {
    listener: {
      tls: { certificates: [{ certificate: join(folder, "site.pem"), key: join(folder, "site.key") }] },
      proxyProtocol: "required",
      trustedProxies: ["127.0.0.1"],
    },
  });
  // Once with the ClientHello in a read of its own, once behind the header in the same.
  for (const isTogether of [false, true]) {
    const plain = await connectRaw(it.proxy.port);
    plain.socket.removeAllListeners("data");
    const header = encodeProxyHeader("v2", fromElsewhere);
    if (isTogether) plain.socket.cork();
    plain.socket.write(header);
    if (!isTogether) await turns(50);
    const secure = connectTls({ socket: plain.socket, servername: "localhost", ca: testAuthorityPem });
    if (isTogether) plain.socket.uncork();
    await once(secure, "secureConnect");
    secure.write("ping");
    const [answer] = (await once(secure, "data")) as [Buffer];
    assert.equal(answer.toString(), "ping");
    secure.destroy();
    plain.destroy();
  }
  assert.equal((await it.proxy.record()).clientAddress, "203.0.113.9");
  rmSync(folder, { recursive: true });
});
