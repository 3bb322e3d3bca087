/** Which clients `tcp` and `udp` listeners let in by their address. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { encodeProxyHeader } from "../../src/listener/proxy-protocol-writer.ts";
import { captureLog } from "../support/capture-log.ts";
import { connectRaw } from "../support/raw-client.ts";
import { turns } from "../support/signal.ts";
import { startProxy } from "../support/start-proxy.ts";
import { echo, rig } from "../support/tcp-rig.ts";
import { transports } from "../support/transports.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const cases = [
  { access: { allow: ["10.0.0.0/8"] }, isLetIn: false },
  { access: { allow: ["127.0.0.0/8"] }, isLetIn: true },
  { access: { deny: ["127.0.0.1"] }, isLetIn: false },
  { access: { deny: ["10.0.0.0/8"] }, isLetIn: true },
  { access: { allow: ["127.0.0.0/8"], deny: ["127.0.0.1"] }, isLetIn: false },
  { access: { deny: ["127.0.0.1"], mode: "observe" as const }, isLetIn: true },
];

/** The reset may come before the client even knows that it is connected. */
async function isCut(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await new Promise<void>((resolve) => socket.once("error", () => resolve()));
}

for (const transport of transports)
  for (const { access, isLetIn } of cases)
    test(`${JSON.stringify(access)} ${isLetIn ? "lets in" : "keeps out"} 127.0.0.1 [${transport.name}]`, async () => {
      await using it = await rig([echo], { transport, listener: { access } });
      if (isLetIn) {
        const client = await connectRaw(it.proxy.port);
        client.send("hello");
        await client.readUntil("hello");
        client.destroy();
      } else await isCut(it.proxy.port);
      assert.equal(it.sockets.length, isLetIn ? 1 : 0);
      assert.equal(it.proxy.listener.refusedHeads, isLetIn ? 0 : 1);
    });

test("the address is the one that a PROXY header tells", async () => {
  await using it = await rig([echo], {
    listener: {
      access: { deny: ["203.0.113.0/24"] },
      proxyProtocol: "required",
      trustedProxies: ["127.0.0.1"],
    },
  });
  for (const address of ["203.0.113.9", "198.51.100.9"]) {
    const ends = { source: { address, port: 1 }, destination: { address: "192.0.2.1", port: 2 } };
    const client = await connectRaw(it.proxy.port);
    client.send(`${encodeProxyHeader("v1", ends).toString("latin1")}hello`);
    if (address.startsWith("198")) await client.readUntil("hello");
    else assert.equal(await client.ended(), "reset");
    client.destroy();
  }
  assert.equal(it.sockets.length, 1);
});

test("those kept out are in the log, and a flood of them is not as many lines", async () => {
  const log = captureLog(false);
  await using it = await rig([echo], {
    log,
    clock: new VirtualClock(),
    listener: { name: "front", access: { allow: ["10.0.0.0/8"] } },
  });
  for (let i = 0; i < 15; i++) await isCut(it.proxy.port);
  const warnings = log.entries.filter(({ level }) => level === "warn");
  assert.equal(warnings.length, 10);
  assert.deepEqual(warnings[0], {
    level: "warn",
    message: "client refused",
    fields: { listener: "front", client: "127.0.0.1", cause: "access-denied" },
  });
  assert.equal(it.proxy.listener.refusedHeads, 15);
});

test("datagrams of a client that is not let in are dropped", async () => {
  const server = createSocket("udp4");
  let heard = 0;
  server.on("message", (bytes, { port, address }) => {
    heard++;
    server.send(bytes, port, address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const origins = [`udp://127.0.0.1:${server.address().port}`];
  const listener = { protocol: "udp", pool: "app" } as const;
  const proxy = await startProxy({ origins, listener: { ...listener, access: { deny: ["127.0.0.1"] } } });
  const client = createSocket("udp4");
  client.send("dropped", proxy.port, "127.0.0.1");
  while (proxy.listener.refusedHeads === 0) await turns();
  assert.equal(heard, 0);
  await proxy.apply({ origins, listener });
  client.send("let in", proxy.port, "127.0.0.1");
  const [answer] = (await once(client, "message")) as [Buffer];
  assert.deepEqual([String(answer), heard], ["let in", 1]);
  client.close();
  await proxy.close();
  server.close();
});
