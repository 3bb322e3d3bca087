/**
 * `node bench/hooks.ts`: what each hook costs the request path. One balancer under steady load has none, then
 * each kind in turns of a tenth of a second; what counts is CPU time per request (user and system, all
 * threads). `docs/hooks.md` quotes the figures.
 *
 *   node bench/hooks.ts --seconds 30 --slice 100 --loads tiny,browser
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
    seconds: { type: "string", default: "30" },
    slice: { type: "string", default: "100" },
    loads: { type: "string", default: "browser" },
  },
});

const server = fileURLToPath(new URL("support/hooked-server.ts", import.meta.url));
const warmUpSeconds = 5;

/** CPU µs per request of every turn, by what was hooked. */
type Turns = ReadonlyMap<string, readonly number[]>;

async function measure(load: Load, originPort: number, workFolder: string): Promise<Turns> {
  const port = await freePort();
  const args = [port, originPort, options.slice].map(String);
  const child = spawn("taskset", ["-c", String(proxyCore), process.execPath, server, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const program = new RunningProcess("headgate", child);
  const turns = new Map<string, number[]>();
  let isWarm = false;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [name, cost] = JSON.parse(line) as [string, number];
    if (isWarm) turns.set(name, [...(turns.get(name) ?? []), cost]);
  });
  await waitUntilReady(program, port);
  await runWrk(load, port, warmUpSeconds, loadCore, workFolder);
  isWarm = true;
  const complaint = describeErrors(await runWrk(load, port, Number(options.seconds), loadCore, workFolder));
  if (complaint !== null) console.log(complaint);
  await program.stop();
  return turns;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

function report(title: string, turns: Turns): void {
  const none = median(turns.get("none") ?? []);
  console.log(`\n${title}: CPU µs per request, medians of ${turns.get("none")?.length ?? 0} turns`);
  for (const [name, costs] of turns) {
    const cost = median(costs);
    const more = name === "none" ? "" : `  ${(cost - none >= 0 ? "+" : "") + (cost - none).toFixed(2)} µs`;
    console.log(`  ${name.padEnd(26)} ${cost.toFixed(2).padStart(8)}${more}`);
  }
}

console.log(describeMachine());
await withCleanUp(async (workFolder) => {
  const origin = await startOrigin(workFolder, loadCore);
  for (const load of selectNamed(allLoads, options.loads)) {
    report(load.title, await measure(load, origin.port, workFolder));
  }
  return true;
});
