/**
 * What slow clients cost the others: wrk's load with and without a crowd that sends one byte of a request head
 * every second, in turns. The crowd needs processor time of its own for every byte; more than that, or any
 * error of the others, would be a defect.
 *
 *   node bench/slow-clients.ts --clients 1000 --rounds 3 --seconds 4
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { loadCore, proxyCore } from "./measure.ts";
import { tiny } from "./loads/tiny.ts";
import { headgate } from "./peers/headgate.ts";
import { usageOf } from "./support/machine.ts";
import { startOrigin } from "./support/origin.ts";
import { freePort, startPinned, waitUntilReady, withCleanUp } from "./support/processes.ts";
import { describeErrors, runWrk } from "./support/wrk.ts";

const { values: options } = parseArgs({
  options: {
    clients: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
  },
});

const head =
  "GET / HTTP/1.1\r\nHost: slow.example\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

async function openOne(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  // Headgate may show it out when the time for a head is over.
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

async function openCrowd(port: number, size: number): Promise<{ leave(): void; held(): number }> {
  const sockets: Socket[] = [];
  for (let index = 0; index < size; index++) sockets.push(await openOne(port));
  let sent = 0;
  const timer = setInterval(() => {
    const byte = head.charAt(sent++ % head.length);
    for (const socket of sockets) if (socket.writable) socket.write(byte);
  }, 1000);
  return {
    leave() {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
    held: () => sockets.filter((socket) => socket.writable).length,
  };
}

await withCleanUp(async (workFolder) => {
  const origin = await startOrigin(workFolder, loadCore);
  const port = await freePort();
  const program = startPinned(
    "headgate",
    proxyCore,
    headgate.prepare({ port, originPort: origin.port, workFolder }),
  );
  await waitUntilReady(program, port);
  await runWrk(tiny, port, 2, loadCore, workFolder);
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const isCrowded of [false, true]) {
      const crowd = isCrowded ? await openCrowd(port, Number(options.clients)) : null;
      const before = usageOf(program.pid);
      const result = await runWrk(tiny, port, Number(options.seconds), loadCore, workFolder);
      const after = usageOf(program.pid);
      const micros = ((after.cpuSeconds - before.cpuSeconds) * 1e6) / result.requests;
      console.log(
        `${(crowd === null ? "alone" : `with ${crowd.held()} slow clients`).padEnd(24)} ` +
          `${(result.requests / result.seconds).toFixed(0)} req/s  ${micros.toFixed(1)} µs/req  ` +
          `p99 ${result.p99Ms.toFixed(2)} ms  ${(after.residentBytes / 2 ** 20).toFixed(0)} MB  ${describeErrors(result) ?? "no errors"}`,
      );
      if (describeErrors(result) !== null) process.exitCode = 1;
      crowd?.leave();
    }
  }
  await program.stop();
});
