/**
 * `node bench/report-log.ts`: reads a log of a gigabyte with `headgate report`, prints how long that took and
 * the most memory it had, and compares every figure with awk's and sort's (test/support/log-reference.ts).
 *
 *   node bench/report-log.ts --gigabytes 1 --folder /var/tmp
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import type { ReportFigures } from "../src/observability/report/figures.ts";
import { logReference } from "../test/support/log-reference.ts";
import { disagreements } from "../test/support/report-agreement.ts";
import { sampleLogLines } from "../test/support/sample-log.ts";

const { values: options } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "1" },
    folder: { type: "string", default: "/var/tmp" },
  },
});
const memoryTargetBytes = 200 * 1024 * 1024;

/** Lines of the sample until there are so many octets. */
function writeLog(file: string, bytes: number): void {
  const fd = openSync(file, "w");
  let written = 0;
  let chunk = "";
  for (const line of sampleLogLines(Number.MAX_SAFE_INTEGER, 300)) {
    chunk += line;
    if (chunk.length < 1024 * 1024) continue;
    written += writeSync(fd, chunk);
    chunk = "";
    if (written >= bytes) break;
  }
  closeSync(fd);
}

/** Linux keeps the most memory a process ever had. */
function peakBytes(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function report(file: string, page: string) {
  const bin = fileURLToPath(new URL("../bin/headgate.js", import.meta.url));
  const started = performance.now();
  const child = spawn(process.execPath, [bin, "report", file, "--html", page, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, peakBytes(child.pid ?? 0))), 50);
  await once(child, "close");
  clearInterval(timer);
  return { figures: JSON.parse(text) as ReportFigures, seconds: (performance.now() - started) / 1000, peak };
}

const folder = mkdtempSync(join(options.folder, "headgate-report-"));
try {
  const file = join(folder, "access.log");
  writeLog(file, Number(options.gigabytes) * 1024 ** 3);
  const { size } = statSync(file);
  const { figures, seconds, peak } = await report(file, join(folder, "out.html"));
  const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  console.log(`${mebibytes(size)}, ${figures.requests} lines, in ${seconds.toFixed(1)} s`);
  console.log(`most memory: ${mebibytes(peak)} (target: under ${mebibytes(memoryTargetBytes)})`);
  console.log(`page: ${mebibytes(statSync(join(folder, "out.html")).size)}`);
  const wrong = disagreements(figures, logReference(file, folder));
  console.log(wrong.length === 0 ? "every figure agrees with awk's and sort's" : wrong.join("\n"));
  if (wrong.length > 0 || peak > memoryTargetBytes) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
