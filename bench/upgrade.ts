/**
 * `node bench/upgrade.ts`: the long form of the upgrade proof. Clients connect all the while, over fresh
 * and kept connections, as one program follows the other on the same sockets: none refused, none reset,
 * none without an answer. Ends with status 1 otherwise.
 *
 *   node bench/upgrade.ts --upgrades 20 --workers 2 --clients 16
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RunningCommand } from "../test/support/command.ts";
import { startEchoBackend } from "../test/support/echo-backend.ts";
import { SteadyLoad } from "../test/support/steady-load.ts";

const { values: options } = parseArgs({
  options: {
    upgrades: { type: "string", default: "20" },
    workers: { type: "string", default: "2" },
    clients: { type: "string", default: "16" },
  },
});

const folder = mkdtempSync(join(tmpdir(), "headgate-upgrade-"));
const file = join(folder, "headgate.yaml");
const pidFile = join(folder, "pid");
const backend = await startEchoBackend("one");
writeFileSync(
  file,
  `listeners: ["127.0.0.1:0"]
workers: ${options.workers}
pools: { app: { endpoints: ["${backend.url}"] } }
`,
);
const headgate = new RunningCommand(["run", file, "--pid-file", pidFile]);
const complaints: string[] = [];
const pids = new Set<string>();

try {
  const [, port = ""] = await headgate.until(/"address":"[^"]*:(\d+)"[^\n]*"message":"listening"/);
  const clients = Number(options.clients);
  const load = new SteadyLoad(Number(port)).fresh(clients).keepAlive(Math.ceil(clients / 4));
  for (let index = 1; index <= Number(options.upgrades); index++) {
    await load.progress(500);
    const pid = readFileSync(pidFile, "utf8").trim();
    pids.add(pid);
    headgate.stdout = "";
    headgate.stderr = "";
    process.kill(Number(pid), "SIGUSR2");
    await headgate.until(/"message":"stopped"/);
    console.log(
      `upgrade ${index}: ${pid} → ${readFileSync(pidFile, "utf8").trim()}, ${load.requests} requests so far`,
    );
  }
  await load.progress(500);
  const report = await load.stop();
  complaints.push(...report.failures);
  if (pids.size < Number(options.upgrades)) complaints.push("some upgrades did not change the process");
  console.log(
    `${options.upgrades} upgrades, ${report.requests} requests over ${report.connections} connections`,
  );
} finally {
  process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
  await headgate.dispose();
  backend.close();
  rmSync(folder, { recursive: true });
}
for (const complaint of complaints.slice(0, 20)) console.error(`FAILED: ${complaint}`);
console.log(
  complaints.length === 0 ? "nobody was refused, reset or left alone" : `${complaints.length} complaints`,
);
process.exit(complaints.length === 0 ? 0 : 1);
