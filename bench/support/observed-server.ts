/**
 * One data plane with as much observability as its arguments say, for `bench/observability.ts`:
 * `observed-server.ts PORT ORIGIN_PORT off|metrics|LOG_FORMAT LOG_FILE`. What balancing itself needs (the
 * endpoints' counters and averages) is always on.
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
import { ControlPlane } from "../../src/runtime/control-plane.ts";
import { DataPlane } from "../../src/runtime/data-plane.ts";
import { HistoryKeeper } from "../../src/runtime/observability-history.ts";
import { ObservabilityRecorder } from "../../src/runtime/observability-recorder.ts";
import { SharedState } from "../../src/runtime/shared-state.ts";

const [port = "0", originPort = "0", level = "off", logFile = ""] = process.argv.slice(2);
const input: ConfigInput = {
  workers: 0,
  listeners: [{ name: "main", address: `127.0.0.1:${Number(port)}` }],
  pools: { app: { policy: "least-request", endpoints: [`http://127.0.0.1:${Number(originPort)}`] } },
  routes: [{ name: "all", pool: "app" }],
  ...(level === "off" || level === "metrics" ? {} : { accessLog: { path: logFile, format: level } }),
};
const result = parseConfig(input);
if ("issues" in result) throw new Error(result.issues.map(({ message }) => message).join("\n"));

const parts = { clock: systemClock, random: systemRandom, log: silentLog, ...createTransport() };
const shared = new SharedState(1, systemRandom, systemClock);
const recorder = new ObservabilityRecorder({ ...parts, workerIndex: 0, meter: new LoopMeter(), send() {} });
const dataPlane = new DataPlane({
  ...parts,
  workerIndex: 0,
  isPortShared: false,
  onSuspect() {},
  ...(level === "off" ? {} : { recorder }),
});
const controlPlane = new ControlPlane({
  ...parts,
  resolver: createResolver(),
  shared,
  dataPlanes: [dataPlane],
  readTextFile,
  certificateFiles,
});
await controlPlane.apply(result.config);
if (level !== "off") new HistoryKeeper(systemClock, shared).start();
