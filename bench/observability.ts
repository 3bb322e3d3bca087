/**
 * `node bench/observability.ts`: what metrics with their histograms, and the access log on top, cost the
 * request path. One data plane under steady load has them off, counting, and logging in turns of a tenth
 * of a second; what counts is CPU time per request (user and system, all threads) against the turns beside
 * it. A machine that is busy with other things slows all turns alike.
 *
 *   node bench/observability.ts --seconds 60 --slice 100 --loads tiny,browser --format json
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
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
    slice: { type: "string", default: "100" },
    loads: { type: "string", default: "tiny,browser" },
    format: { type: "string", default: "json" },
  },
});

const server = fileURLToPath(new URL("support/observed-server.ts", import.meta.url));
const warmUpSeconds = 5;
const levels = ["off", "metrics", "metrics and log"] as const;
/** Percent of what a request costs without. */
const targets = [0, 3, 12];

/** CPU µs per request, by level. */
type Turn = readonly number[];

async function measure(load: Load, originPort: number, workFolder: string): Promise<Turn[]> {
  const port = await freePort();
  const args = [port, originPort, options.format, `${workFolder}/access.log`, options.slice].map(String);
  const child = spawn("taskset", ["-c", String(proxyCore), process.execPath, server, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const program = new RunningProcess("headgate", child);
  const turns: Turn[] = [];
  let isWarm = false;
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (isWarm) turns.push(JSON.parse(line) as Turn);
  });
  await waitUntilReady(program, port);
  await runWrk(load, port, warmUpSeconds, loadCore, workFolder);
  isWarm = true;
  const complaint = describeErrors(await runWrk(load, port, Number(options.seconds), loadCore, workFolder));
  if (complaint !== null) console.log(complaint);
  await program.stop();
  return turns;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN;
}

function report(title: string, turns: readonly Turn[]): void {
  const costsOf = (level: number): number[] => turns.map((turn) => turn[level] ?? Number.NaN);
  const off = costsOf(0);
  console.log(`\n${title}: CPU µs per request, ${turns.length} turns of each`);
  console.log(
    "                      least    median   more than off: median (middle half)    least   target",
  );
  levels.forEach((name, level) => {
    const costs = costsOf(level);
    const [least, median] = [quantile(costs, 0.02), quantile(costs, 0.5)];
    const ratios = costs.map((cost, index) => (cost / (off[index] ?? Number.NaN) - 1) * 100);
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(1));
    const more = `${middle} % (${low} to ${high})`.padStart(37);
    const leastMore = `${((least / quantile(off, 0.02) - 1) * 100).toFixed(1)} %`.padStart(9);
    const against = level === 0 ? "" : `${more}${leastMore}${`${targets[level]} %`.padStart(9)}`;
    console.log(
      `  ${name.padEnd(16)} ${least.toFixed(2).padStart(8)} ${median.toFixed(2).padStart(9)}  ${against}`,
    );
  });
}

console.log(describeMachine());
await withCleanUp(async (workFolder) => {
  const origin = await startOrigin(workFolder, loadCore);
  for (const load of selectNamed(allLoads, options.loads)) {
    report(load.title, await measure(load, origin.port, workFolder));
  }
  return true;
});
