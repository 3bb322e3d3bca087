/**
 * One data plane whose observability changes every few moments, for `bench/observability.ts`:
 * `observed-server.ts PORT ORIGIN_PORT LOG_FORMAT LOG_FILE SLICE_MS`. Each slice has one level; after three
 * it prints a line of JSON with the CPU µs per request of each. What balancing itself needs (the
 * endpoints' counters and averages) is always on.
 *
 *   off      nothing hears of a finished exchange
 *   metrics  counters, histograms and causes of listeners, routes and pools
 *   log      the same and a line of the access log
 */
import { parseConfig } from "../../src/config/parse.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { silentLog } from "../../src/core/log.ts";
import { certificateFiles } from "../../src/platform/certificate-files.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { readTextFile } from "../../src/platform/files.ts";
import { LoopMeter } from "../../src/platform/loop-meter.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { createResolver } from "../../src/platform/resolve.ts";
import { createTransport } from "../../src/platform/transport.ts";
import type { ExchangeRecord } from "../../src/proxy/exchange-record.ts";
import { ControlPlane } from "../../src/runtime/control-plane.ts";
import { DataPlane } from "../../src/runtime/data-plane.ts";
import { ObservabilityRecorder } from "../../src/runtime/observability-recorder.ts";
import { SharedState } from "../../src/runtime/shared-state.ts";

const [port = "0", originPort = "0", format = "json", logFile = "", sliceMs = "100"] = process.argv.slice(2);
const input: ConfigInput = {
  workers: 0,
  listeners: [{ name: "main", address: `127.0.0.1:${Number(port)}` }],
  pools: { app: { policy: "least-request", endpoints: [`http://127.0.0.1:${Number(originPort)}`] } },
  routes: [{ name: "all", pool: "app" }],
  accessLog: { path: logFile, format },
};
const result = parseConfig(input);
if ("issues" in result) throw new Error(result.issues.map(({ message }) => message).join("\n"));

const parts = { clock: systemClock, random: systemRandom, log: silentLog, ...createTransport() };
const shared = new SharedState(1, systemRandom, systemClock);
const newRecorder = (): ObservabilityRecorder =>
  new ObservabilityRecorder({ ...parts, workerIndex: 0, meter: new LoopMeter(), send() {} });
const metrics = newRecorder();
const log = newRecorder();

type Listener = (record: ExchangeRecord) => void;
const listeners: readonly Listener[] = [
  () => {},
  (record) => metrics.exchangeFinished(record),
  (record) => log.exchangeFinished(record),
];
let level = 0;
let finished = 0;

const dataPlane = new DataPlane({
  ...parts,
  workerIndex: 0,
  isPortShared: false,
  onSuspect() {},
  onNameWanted() {},
  onExchangeFinished(record) {
    finished++;
    listeners[level]?.(record);
  },
});
const apply = dataPlane.apply.bind(dataPlane);
dataPlane.apply = (snapshot) => {
  metrics.apply({ ...snapshot, config: { ...snapshot.config, accessLog: null } });
  log.apply(snapshot);
  return apply(snapshot);
};
const controlPlane = new ControlPlane({
  ...parts,
  resolver: createResolver(),
  shared,
  dataPlanes: [dataPlane],
  readTextFile,
  certificateFiles,
});
await controlPlane.apply(result.config);

/** In another order each time, so that none is always the first. */
const orders = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [2, 1, 0], [1, 0, 2]] as const; // oxfmt-ignore
let costs: number[] = [];
let slice = 0;
let before = process.cpuUsage();

function turn(): void {
  const { user, system } = process.cpuUsage(before);
  costs[level] = (user + system) / finished;
  slice++;
  if (slice % 3 === 0) {
    // A moment without load tells nothing.
    if (costs.every((cost) => Number.isFinite(cost))) console.log(JSON.stringify(costs));
    costs = [];
  }
  level = orders[Math.floor(slice / 3) % orders.length]?.[slice % 3] ?? 0;
  finished = 0;
  before = process.cpuUsage();
}
setInterval(turn, Number(sliceMs));
