/** TLS handshakes one after the other, several rows of them, by `openssl s_time`, which counts them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Load } from "../load.ts";
import type { LoadResult } from "./wrk.ts";

/** Latencies are not told: 0. */
export async function runHandshakes(
  load: Load,
  port: number,
  seconds: number,
  core: number,
): Promise<LoadResult> {
  // With TLS 1.3 it leaves before the tickets come, so only TLS 1.2 has anything to resume.
  const kind = load.handshakes === "resumed" ? ["-reuse", "-tls1_2"] : ["-new", "-tls1_3"];
  const command = ["-c", String(core), "openssl", "s_time", "-connect", `127.0.0.1:${port}`];
  const rows = await Promise.all(
    Array.from({ length: load.connections }, () =>
      promisify(execFile)("taskset", [...command, ...kind, "-time", String(seconds)]),
    ),
  );
  const counts = rows.map(({ stdout }) => /(\d+) connections in \d+ real seconds/.exec(stdout)?.[1]);
  if (counts.includes(undefined)) throw new Error(`openssl printed no result:\n${rows[0]?.stdout ?? ""}`);
  return {
    seconds,
    requests: counts.reduce((sum, count) => sum + Number(count), 0),
    bytes: 0,
    p50Ms: 0,
    p99Ms: 0,
    errors: { connect: 0, read: 0, write: 0, status: 0, timeout: 0 },
  };
}
