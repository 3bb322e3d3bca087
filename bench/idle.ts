/**
 * `npm run bench:idle`: what an idle keep-alive connection costs in memory. Each connection makes one
 * request and then rests; the resident size with and without them gives the price.
 *
 *   npm run bench:idle -- --connections 10000 --peers headgate,nginx
 */
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { allPeers, selectNamed } from "./catalogue.ts";
import { loadCore, proxyCore } from "./measure.ts";
import type { Peer } from "./peer.ts";
import { openFilesMax, usageOf } from "./support/machine.ts";
import { startOrigin } from "./support/origin.ts";
import { freePort, startPinned, waitUntilReady, withCleanUp } from "./support/processes.ts";

const { values: options } = parseArgs({
  options: {
    connections: { type: "string", default: "10000" },
    peers: { type: "string", default: "headgate,nginx" },
    "settle-seconds": { type: "string", default: "3" },
  },
});

/** Few at a time, so that the origin's connections and the heap's garbage stay small. */
const batch = 50;
/** Opened and closed before the first look, so that code and pools are warm. */
const warmUpConnections = 1000;
const request = "GET / HTTP/1.1\r\nHost: idle.example\r\n\r\n";

async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const size = Math.min(batch, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: size }, () => openOne(port)))));
  }
  return sockets;
}

/** Resolves once the answer's body "ok" has come; the connection is idle from then on. */
async function openOne(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port }).setNoDelay(true);
  let received = "";
  socket.write(request);
  while (!received.endsWith("ok")) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    received += chunk.toString("latin1");
  }
  if (!received.startsWith("HTTP/1.1 200")) throw new Error(received);
  return socket;
}

async function measure(peer: Peer, originPort: number, workFolder: string, count: number): Promise<boolean> {
  const port = await freePort();
  mkdirSync(workFolder);
  const program = startPinned(peer.name, proxyCore, peer.prepare({ port, originPort, workFolder }));
  await waitUntilReady(program, port);
  for (const socket of await openIdle(port, warmUpConnections)) socket.destroy();
  await wait(Number(options["settle-seconds"]) * 1000);
  const before = usageOf(program.pid).residentBytes;
  const sockets = await openIdle(port, count);
  await wait(Number(options["settle-seconds"]) * 1000);
  const after = usageOf(program.pid).residentBytes;
  const held = sockets.filter((socket) => !socket.readableEnded && !socket.destroyed).length;
  console.log(
    `${peer.name.padEnd(12)} ${held} of ${count} idle connections held; ${(before / 2 ** 20).toFixed(0)} MB before, ` +
      `${(after / 2 ** 20).toFixed(0)} MB after: ${((after - before) / 1024 / count).toFixed(1)} KB each`,
  );
  for (const socket of sockets) socket.destroy();
  await program.stop();
  return held === count;
}

const peers = selectNamed(allPeers, options.peers);
const count = Math.min(Number(options.connections), openFilesMax() - 500);
if (count < Number(options.connections))
  console.log(`the limit of open files allows only ${count} (ulimit -n)`);
await withCleanUp(async (workFolder) => {
  const origin = await startOrigin(workFolder, loadCore);
  for (const peer of peers) {
    const isComplete = await measure(peer, origin.port, join(workFolder, peer.name), count);
    if (!isComplete) process.exitCode = 1;
  }
});
