/**
 * `npm run bench:profile`: runs Headgate under V8's sampling profiler while a load drives it, and prints the
 * functions in which the data plane spends its time. With `--keep FOLDER` the raw profiles stay, for
 * Chrome's developer tools.
 *
 *   npm run bench:profile -- --load browser --seconds 8 --top 30
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { allLoads, selectNamed } from "./catalogue.ts";
import { drive, frontOf, loadCore, proxyCore, readinessOf } from "./measure.ts";
import { headgate } from "./peers/headgate.ts";
import { selfTimes, type CpuProfile } from "./support/cpu-profile.ts";
import { startOrigin } from "./support/origin.ts";
import { freePort, startPinned, waitUntilReady, withCleanUp } from "./support/processes.ts";
import { describeErrors } from "./support/wrk.ts";

const { values: options } = parseArgs({
  options: {
    load: { type: "string", default: "browser" },
    seconds: { type: "string", default: "8" },
    top: { type: "string", default: "30" },
    keep: { type: "string" },
  },
});

function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

const [load] = selectNamed(allLoads, options.load);
if (load === undefined) throw new Error("name a load");

await withCleanUp(async (workFolder) => {
  const origin = await startOrigin(workFolder, loadCore);
  const port = await freePort();
  const profiles = resolve(options.keep ?? join(workFolder, "profiles"));
  mkdirSync(profiles, { recursive: true });
  const known = new Set(readdirSync(profiles));
  const front = frontOf(load, workFolder);
  const [node = "", ...command] = headgate.prepare({
    port,
    originPort: origin.port,
    workFolder,
    ...(front === null ? {} : { front }),
  });
  const program = startPinned("headgate", proxyCore, [
    node,
    "--cpu-prof",
    "--cpu-prof-dir",
    profiles,
    ...command,
  ]);
  await waitUntilReady(program, port, readinessOf(load));
  // The first second compiles and optimises; what follows is the steady state.
  await drive(load, port, 1, workFolder);
  const fromMicros = monotonicMicros();
  const result = await drive(load, port, Number(options.seconds), workFolder);
  const toMicros = monotonicMicros();
  await program.stop();
  console.log(`${load.title}: ${(result.requests / result.seconds).toFixed(0)} req/s under the profiler`);
  console.log(describeErrors(result) ?? "no errors");
  const fresh = readdirSync(profiles).filter((name) => name.endsWith(".cpuprofile") && !known.has(name));
  if (fresh.length === 0) throw new Error("no profile was written; did Headgate end in time?");
  const threads = fresh.map((name) => {
    const profile = JSON.parse(readFileSync(join(profiles, name), "utf8")) as CpuProfile;
    return selfTimes(profile, fromMicros, toMicros);
  });
  // One profile per thread: the busiest is the data plane.
  const busiest = threads.reduce((best, thread) => (thread.busyMs > best.busyMs ? thread : best));
  console.log(`${fresh.length} threads; the busiest worked ${busiest.busyMs.toFixed(0)} ms, of which:`);
  for (const entry of busiest.functions.slice(0, Number(options.top))) {
    const share = ((100 * entry.selfMs) / busiest.busyMs).toFixed(1).padStart(5);
    console.log(`${share} %  ${entry.name}  ${entry.place}`);
  }
});
