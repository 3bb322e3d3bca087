/** Runs h2load on one core and reads what it prints, and the log it keeps of every request. */
import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Http2Load, Load } from "../load.ts";
import type { LoadResult } from "./wrk.ts";

/** The one suite that is offered, so that every proxy encrypts alike. */
const tlsSuite = "TLS_AES_128_GCM_SHA256";

/** As many requests as the load asks for in `seconds`, however long they take. */
export async function runH2load(
  load: Load,
  http2: Http2Load,
  port: number,
  seconds: number,
  core: number,
  workFolder: string,
): Promise<LoadResult> {
  const isSecure = load.protocol === "h2";
  const origin = `${isSecure ? "https" : "http"}://127.0.0.1:${port}`;
  const addresses = join(workFolder, `${load.name}.addresses`);
  const log = join(workFolder, `${load.name}.log`);
  writeFileSync(addresses, http2.paths.map((path) => `${origin}${path}\n`).join(""));
  rmSync(log, { force: true });
  const requests = Math.round(http2.requestsPerSecond * seconds);
  const { stdout } = await promisify(execFile)("taskset", [
    ...["-c", String(core), "h2load", "-t", "1", "-n", String(requests)],
    ...["-c", String(load.connections), "-m", String(http2.streams)],
    ...["--connection-inactivity-timeout=10s", `--tls13-ciphers=${tlsSuite}`],
    ...["-i", addresses, `--log-file=${log}`],
    ...http2.headers.flatMap((header) => ["-H", header]),
  ]);
  return readH2load(stdout, readFileSync(log, "utf8"), requests, isSecure);
}

/** Throws when another protocol or another suite was spoken than the one to be measured. */
export function readH2load(printed: string, log: string, requests: number, isSecure: boolean): LoadResult {
  const protocol = /^Application protocol: (.*)$/m.exec(printed)?.[1] ?? "none";
  const tls = `${/^TLS Protocol: (.*)$/m.exec(printed)?.[1] ?? "no TLS"}, ${/^Cipher: (.*)$/m.exec(printed)?.[1] ?? "none"}`;
  if (protocol !== (isSecure ? "h2" : "h2c")) throw new Error(`h2load spoke ${protocol}:\n${printed}`);
  if (isSecure && tls !== `TLSv1.3, ${tlsSuite}`) throw new Error(`h2load spoke ${tls}`);
  const seconds = /^finished in ([\d.]+)(us|ms|s|m)\b/m.exec(printed);
  const [failed, errored, timeout] = ["failed", "errored", "timeout"].map((what) =>
    Number(new RegExp(`^requests: .* (\\d+) ${what}\\b`, "m").exec(printed)?.[1]),
  );
  const well = Number(/^status codes: (\d+) 2xx/m.exec(printed)?.[1]);
  const bytes = Number(/^traffic: .*\((\d+)\) data$/m.exec(printed)?.[1]);
  if (seconds === null || failed === undefined || errored === undefined || timeout === undefined)
    throw new Error(`h2load printed no result:\n${printed}`);
  if (Number.isNaN(failed + errored + timeout + well + bytes))
    throw new Error(`h2load printed no result:\n${printed}`);
  const times = latencies(log);
  return {
    seconds: Number(seconds[1]) * (secondsOf[seconds[2] as keyof typeof secondsOf] ?? NaN),
    requests: well,
    bytes,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    errors: { failed, errored, timeout, "not 2xx": requests - well },
  };
}

const secondsOf = { us: 1e-6, ms: 1e-3, s: 1, m: 60 } as const;

/** Ascending milliseconds; a line of the log is: beginning, status, microseconds. */
function latencies(log: string): Float64Array {
  const lines = log.split("\n").filter((line) => line !== "");
  return Float64Array.from(lines, (line) => Number(line.split("\t")[2]) / 1000).toSorted();
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
