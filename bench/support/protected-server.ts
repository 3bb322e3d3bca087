/**
 * One data plane whose protections change every few moments, for `bench/protections.ts`:
 * `protected-server.ts PORT ORIGIN_PORT SLICE_MS`. Each slice has one level; after a round of them it
 * prints a line of JSON with the CPU µs per request of each. The retry budget is on at every level.
 */
import { parseConfig } from "../../src/config/parse.ts";
import type { Config, ConfigInput } from "../../src/config/schema.ts";
import { silentLog } from "../../src/core/log.ts";
import { certificateFiles } from "../../src/platform/certificate-files.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { readTextFile } from "../../src/platform/files.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { createResolver } from "../../src/platform/resolve.ts";
import { createTransport } from "../../src/platform/transport.ts";
import { ControlPlane } from "../../src/runtime/control-plane.ts";
import { DataPlane } from "../../src/runtime/data-plane.ts";
import { SharedState } from "../../src/runtime/shared-state.ts";

const [port = "0", originPort = "0", sliceMs = "150"] = process.argv.slice(2);

type PoolInput = Omit<NonNullable<ConfigInput["pools"]>[string], "endpoints">;

function configWith(pool: PoolInput, isLimited: boolean): Config {
  const url = `http://127.0.0.1:${Number(originPort)}`;
  const result = parseConfig({
    workers: 0,
    listeners: [{ name: "main", address: `127.0.0.1:${Number(port)}` }],
    pools: { app: { ...pool, endpoints: ["a", "b", "c", "d"].map((name) => ({ name, url })) } },
    rateLimits: { "per-client": { rate: "900000/s", burst: 100_000 } },
    routes: [
      { name: "all", pool: "app", rateLimits: isLimited ? ["per-client"] : [] },
      // So that the table stays when nobody asks it.
      { name: "never", match: { path: "/never" }, pool: "app", rateLimits: ["per-client"] },
    ],
  });
  if ("issues" in result) throw new Error(result.issues.map(({ message }) => message).join("\n"));
  return result.config;
}

const judged: PoolInput = {
  policy: "peak-ewma",
  outlier: { successRate: {}, failureShare: {}, latency: {} },
};
const levels = [
  configWith({ policy: "round-robin" }, false),
  configWith({ policy: "peak-ewma" }, false),
  configWith(judged, false),
  configWith(judged, true),
];

const parts = { clock: systemClock, random: systemRandom, log: silentLog, ...createTransport() };
const shared = new SharedState(1, systemRandom, systemClock);
let finished = 0;
const dataPlane = new DataPlane({
  ...parts,
  workerIndex: 0,
  isPortShared: false,
  onSuspect() {},
  onNameWanted() {},
  onExchangeFinished: () => finished++,
});
const controlPlane = new ControlPlane({
  ...parts,
  resolver: createResolver(),
  shared,
  dataPlanes: [dataPlane],
  readTextFile,
  certificateFiles,
});

/** CPU µs per request during a slice; what changing the level costs is left out. */
async function costOf(level: Config): Promise<number> {
  await controlPlane.apply(level);
  await new Promise((resolve) => setTimeout(resolve, 10));
  finished = 0;
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, Number(sliceMs)));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / finished;
}

for (let round = 0; ; round++) {
  const costs = levels.map(() => 0);
  // Each round begins with another, so that none is always the first.
  for (let turn = 0; turn < levels.length; turn++) {
    const index = (turn + round) % levels.length;
    costs[index] = await costOf(levels[index]!);
  }
  // A moment without load tells nothing.
  if (costs.every((cost) => Number.isFinite(cost))) console.log(JSON.stringify(costs));
}
