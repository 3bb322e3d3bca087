/**
 * `node bench/reload.ts`: the long form of the reload proof. 200 reloads in a minute while wrk, clients of
 * our own and 200 WebSockets run: no failed request, no dropped socket, memory flat. Ends with status 1
 * otherwise.
 *
 *   node bench/reload.ts --reloads 200 --seconds 60 --sockets 200 --workers auto
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { changingConfig } from "../test/support/changing-config.ts";
import { RunningCommand } from "../test/support/command.ts";
import { startEchoBackend } from "../test/support/echo-backend.ts";
import { SteadyLoad, WebSocketHerd } from "../test/support/steady-load.ts";

const { values: options } = parseArgs({
  options: {
    reloads: { type: "string", default: "200" },
    seconds: { type: "string", default: "60" },
    sockets: { type: "string", default: "200" },
    workers: { type: "string", default: "2" },
    connections: { type: "string", default: "32" },
  },
});
const reloads = Number(options.reloads);
const everyMs = (Number(options.seconds) * 1000) / reloads;
const sockets = Number(options.sockets);
/** After the first third, which warms up, memory may grow by this much. */
const growthMax = 1.15;

const folder = mkdtempSync(join(tmpdir(), "headgate-reload-"));
const file = join(folder, "headgate.yaml");
const backends = await Promise.all(["one", "two", "visitor"].map(startEchoBackend));
const [one, two, visitor] = backends.map(({ url }) => url) as [string, string, string];
const parts = { endpoints: [one, two], visitor, workers: Number(options.workers), address: "127.0.0.1:0" };
writeFileSync(file, changingConfig(parts, 0));
const headgate = new RunningCommand(["run", file]);
const complaints: string[] = [];

try {
  const [, port = ""] = await headgate.until(/"address":"[^"]*:(\d+)"[^\n]*"message":"listening"/);
  const [, admin = ""] = await headgate.until(/"address":"([^"]*)"[^\n]*"message":"admin API listening"/);
  const herd = await WebSocketHerd.open(`ws://127.0.0.1:${port}/ws`, sockets, 500);
  const load = new SteadyLoad(Number(port)).keepAlive(4).fresh(2);
  const wrk = startWrk(Number(port));
  const memory: number[] = [];
  const startedMs = performance.now();
  for (let index = 1; index <= reloads; index++) {
    writeFileSync(file, changingConfig(parts, index));
    const response = await fetch(`http://${admin}/v1/reload`, { method: "POST" });
    const outcome = (await response.json()) as { readonly outcome?: string };
    if (outcome.outcome !== "applied") complaints.push(`reload ${index}: ${JSON.stringify(outcome)}`);
    memory.push(residentMiB(headgate.process.pid ?? 0));
    const waitMs = startedMs + index * everyMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const report = await load.stop();
  const wrkText = await wrk;
  complaints.push(...report.failures, ...herd.failures, ...wrkFailures(wrkText));
  if (herd.openCount !== sockets) complaints.push(`${herd.openCount} of ${sockets} WebSockets are open`);
  judgeMemory(memory);
  console.log(`${reloads} reloads in ${tookSeconds.toFixed(1)} s`);
  console.log(`own clients: ${report.requests} requests over ${report.connections} connections`);
  console.log(wrkText.trim());
  console.log(`WebSockets: ${herd.openCount} open, each with at least ${herd.fewestWords} words back`);
  console.log(`memory: ${memory[0]} MiB after the first reload, ${memory.at(-1)} MiB after the last`);
  await herd.close();
} finally {
  await headgate.dispose();
  for (const backend of backends) backend.close();
  rmSync(folder, { recursive: true });
}
for (const complaint of complaints.slice(0, 20)) console.error(`FAILED: ${complaint}`);
console.log(complaints.length === 0 ? "nothing was lost" : `${complaints.length} complaints`);
process.exit(complaints.length === 0 ? 0 : 1);

function startWrk(port: number): Promise<string> {
  const seconds = Math.ceil(Number(options.seconds));
  const args = ["-t1", `-c${options.connections}`, `-d${seconds}s`, `http://127.0.0.1:${port}/wrk`];
  const wrk = spawn("wrk", args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  wrk.stdout.setEncoding("utf8").on("data", (chunk: string) => void (text += chunk));
  return new Promise((resolve) => {
    wrk.on("error", (error) => resolve(`wrk did not run: ${error.message}`));
    wrk.on("close", () => resolve(text));
  });
}

function wrkFailures(text: string): string[] {
  const lines = text.split("\n").filter((line) => /Socket errors|Non-2xx|did not run/.test(line));
  return lines.map((line) => `wrk: ${line.trim()}`);
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}

function judgeMemory(memory: readonly number[]): void {
  const third = Math.floor(memory.length / 3);
  const early = Math.max(...memory.slice(third, third * 2));
  const late = Math.max(...memory.slice(third * 2));
  if (late > early * growthMax)
    complaints.push(`memory grew: at most ${early} MiB in the middle, ${late} MiB at the end`);
}
