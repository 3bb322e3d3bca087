/**
 * What balancing and protections cost the request path: round-robin, then peak-ewma, then outlier detection
 * as well, then a rate limit per client on top. One data plane under steady load has them in turns of a
 * fraction of a second; what counts is CPU time per request (user and system, all threads) against the
 * plain turn of the same round, so that a busy machine slows all alike. The last row should be below 5 %.
 *
 *   node bench/protections.ts --seconds 45 --slice 150 --loads tiny,browser
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { allLoads, selectNamed } from "./catalogue.ts";
import type { Load } from "./load.ts";
import { loadCore, proxyCore } from "./measure.ts";
import { describeMachine } from "./support/machine.ts";
import { startOrigin } from "./support/origin.ts";
import { freePort, RunningProcess, waitUntilReady, withCleanUp } from "./support/processes.ts";
import { describeErrors, runWrk } from "./support/wrk.ts";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "45" },
    slice: { type: "string", default: "150" },
    loads: { type: "string", default: "tiny,browser" },
  },
});

const server = fileURLToPath(new URL("support/protected-server.ts", import.meta.url));
const levels = ["round-robin", "peak-ewma", "and outlier detection", "and a rate limit"] as const;
const warmUpSeconds = 4;

/** CPU µs per request by level, round by round. */
async function measure(load: Load, originPort: number, workFolder: string): Promise<number[][]> {
  const port = await freePort();
  const args = [port, originPort, options.slice].map(String);
  const child = spawn("taskset", ["-c", String(proxyCore), process.execPath, server, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const program = new RunningProcess("headgate", child);
  const rounds: number[][] = [];
  createInterface({ input: child.stdout }).on("line", (line) => rounds.push(JSON.parse(line) as number[]));
  await waitUntilReady(program, port);
  await runWrk(load, port, warmUpSeconds, loadCore, workFolder);
  rounds.length = 0;
  const complaint = describeErrors(await runWrk(load, port, Number(options.seconds), loadCore, workFolder));
  if (complaint !== null) console.log(complaint);
  await program.stop();
  return rounds;
}

function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? Number.NaN;
}

function report(title: string, rounds: readonly (readonly number[])[]): void {
  console.log(`\n${title}: CPU µs per request, ${rounds.length} rounds`);
  console.log("                          least   median   more than round-robin: median (middle half)");
  levels.forEach((name, level) => {
    const costs = rounds.map((round) => round[level] ?? Number.NaN);
    const more = rounds.map((round) => ((round[level] ?? Number.NaN) / (round[0] ?? Number.NaN) - 1) * 100);
    const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(more, part).toFixed(1));
    const against = level === 0 ? "" : `${middle} % (${low} to ${high})`.padStart(30);
    const [least, median] = [0.02, 0.5].map((part) => quantile(costs, part).toFixed(2).padStart(8));
    console.log(`  ${name.padEnd(22)} ${least} ${median} ${against}`);
  });
}

console.log(describeMachine());
await withCleanUp(async (workFolder) => {
  const origin = await startOrigin(workFolder, loadCore);
  for (const load of selectNamed(allLoads, options.loads)) {
    report(load.title, await measure(load, origin.port, workFolder));
  }
});
