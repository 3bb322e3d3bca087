/** Runs wrk on one core and reads its result, which a Lua `done` function prints as JSON. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Load } from "../load.ts";

/** What a load came to, whichever program made it. */
export interface LoadResult {
  readonly seconds: number;
  readonly requests: number;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By kind; wrk's `status` is answers with a status above 399, and anything not 2xx or 3xx. */
  readonly errors: Readonly<Record<string, number>>;
}

const report = `
  function done(summary, latency, requests)
    io.write(string.format(
      '{"seconds":%f,"requests":%d,"bytes":%d,"p50Ms":%f,"p99Ms":%f,"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\\n',
      summary.duration / 1e6, summary.requests, summary.bytes,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      summary.errors.connect, summary.errors.read, summary.errors.write, summary.errors.status, summary.errors.timeout))
  end
`;

export async function runWrk(
  load: Load,
  port: number,
  seconds: number,
  core: number,
  workFolder: string,
): Promise<LoadResult> {
  const script = join(workFolder, `${load.name}.lua`);
  writeFileSync(script, load.script + report);
  const flags = `--latency --timeout 10s -t 1 -c ${load.connections} -d ${seconds}s -s`.split(" ");
  const scheme = load.protocol === "https" ? "https" : "http";
  const target = `${scheme}://127.0.0.1:${port}${load.path}`;
  const command = ["-c", String(core), "wrk", ...flags, script, target];
  const { stdout } = await promisify(execFile)("taskset", command);
  const line = stdout.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`wrk printed no result:\n${stdout}`);
  return JSON.parse(line) as LoadResult;
}

/** Null when nothing went wrong; a run without a single answer counts as wrong. */
export function describeErrors({ errors, requests }: LoadResult): string | null {
  const parts = Object.entries(errors).flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : []));
  if (requests === 0) parts.push("no answer at all");
  return parts.length === 0 ? null : `errors: ${parts.join(", ")}`;
}
