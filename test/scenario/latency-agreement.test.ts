/**
 * Percentiles that Headgate tells against those a load generator measures of the same requests, and against
 * service times that are known: three steps, each well wider than a percentile's neighbourhood.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { ReportFigures } from "../../src/observability/report/figures.ts";
import { runCommand } from "../support/command.ts";
import { startBackend, startHeadgateProcess } from "../support/headgate-process.ts";

const hasWrk = spawnSync("wrk", ["--version"]).error === undefined;
const skip = hasWrk ? false : "wrk is not installed (Debian's package wrk has it)";

/**
 * Of twenty requests, eight take 60 ms, eight 100 ms, four 130 ms. None takes twice the mean of 90 ms: wrk
 * believes of such that others were not sent because of it, and counts those, too (coordinated omission).
 */
const stepsMs = Array.from({ length: 20 }, (_, index) => (index % 5 === 4 ? 130 : index % 5 < 2 ? 60 : 100));
const known = { "50": 100, "90": 130, "99": 130 } as const;
type Percentile = keyof typeof known;

/** The load generator has its own process and clock: a share, and some turns of a busy machine. */
function toleranceMs(ms: number): number {
  return 0.08 * ms + 10;
}

/** wrk's percentiles in ms, told by its script as exactly as it knows them. */
async function load(
  t: TestContext,
  url: string,
): Promise<{ requests: number; percentiles: Record<Percentile, number> }> {
  const folder = mkdtempSync(join(tmpdir(), "headgate-wrk-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = join(folder, "tell.lua");
  writeFileSync(
    script,
    `done = function(summary, latency)
  io.write(string.format("TOLD %d %d %d %d\\n", summary.requests, latency:percentile(50),
    latency:percentile(90), latency:percentile(99)))
end`,
  );
  const wrk = spawn("wrk", ["-t1", "-c16", "-d3s", "-s", script, url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  wrk.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(wrk, "close");
  const [, told = ""] = /TOLD (.*)/.exec(text) ?? [];
  const [requests = 0, ...micros] = told.split(" ").map(Number);
  const [p50, p90, p99] = micros.map((each) => each / 1000) as [number, number, number];
  return { requests, percentiles: { "50": p50, "90": p90, "99": p99 } };
}

test(
  "the metrics' and the access log's percentiles are wrk's, and those of the known service times",
  { skip, timeout: 60_000 },
  async (t) => {
    let served = 0;
    const { url } = await startBackend(t, (_request, response) => {
      setTimeout(() => response.end("ok"), stepsMs[served++ % stepsMs.length]);
    });
    const headgate = await startHeadgateProcess(
      t,
      (folder) => `listeners: [{ name: main, address: "127.0.0.1:0" }]
workers: 1
pools: { app: { endpoints: ["${url}"] } }
accessLog: { path: "${folder}/access.log" }
admin: { address: "127.0.0.1:0" }
`,
    );
    const { requests, percentiles } = await load(t, headgate.url);
    assert.ok(requests > 100, `${requests}`);
    const metrics = await (await fetch(`${headgate.adminUrl}/metrics`)).text();
    const own = (percentile: string): number => {
      const name = `headgate_pool_recent_request_duration_seconds{pool="app",percentile="${percentile}"} `;
      const line = metrics.split("\n").find((each) => each.startsWith(name));
      return Number(line?.slice(name.length)) * 1000;
    };
    headgate.command.process.kill("SIGTERM");
    await headgate.command.exited;
    const { stdout } = await runCommand(["report", join(headgate.folder, "access.log"), "--json"]);
    const { latency, requests: logged } = JSON.parse(stdout) as ReportFigures;
    // Those under way when wrk stops count here and not there.
    assert.ok(logged >= requests && logged <= requests + 16, `${logged} logged, ${requests} asked`);
    const reported = { "50": latency.p50Ms, "90": latency.p90Ms, "99": latency.p99Ms };
    for (const percentile of Object.keys(known) as Percentile[]) {
      const [wrk, truth] = [percentiles[percentile], known[percentile]];
      const all = `${percentile}: metrics ${own(percentile)}, log ${reported[percentile]}, wrk ${wrk}, known ${truth}`;
      for (const ms of [own(percentile), reported[percentile] ?? Number.NaN]) {
        // Nothing is faster than its service time, and wrk waits for whatever Headgate waits for: on a quiet
        // machine wrk's percentile is the service time's, and this leaves nothing between them.
        assert.ok(ms >= truth * 0.98 - 1 && ms <= wrk + toleranceMs(wrk), all);
      }
      t.diagnostic(all);
    }
  },
);
