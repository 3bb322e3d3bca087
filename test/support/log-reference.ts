/**
 * The figures of a log in Headgate's `json` format worked out another way: by awk over the text and by
 * sorting every duration, with no histogram, no parser of JSON and no code of the report.
 */
import { spawnSync } from "node:child_process";

export interface LogReference {
  readonly requests: number;
  readonly bytesOut: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byEndpoint: Readonly<Record<string, number>>;
  readonly byRoute: Readonly<Record<string, number>>;
  readonly byCause: Readonly<Record<string, number>>;
  /** Exact, by nearest rank. */
  readonly percentiles: Readonly<Record<"p50Ms" | "p90Ms" | "p99Ms" | "p999Ms", number>>;
}

/** The value after a key, in awk: the first occurrence, up to a quote, comma or brace. */
const program = `
function value(key,   at, rest) {
  at = index($0, "\\"" key "\\":")
  if (at == 0) return ""
  rest = substr($0, at + length(key) + 3)
  sub(/^"/, "", rest)
  sub(/[",}].*/, "", rest)
  return rest
}
{
  requests++
  bytes += value("bytesOut")
  print "status", value("status") > counts
  print "endpoint", value("endpoint") > counts
  print "route", value("route") > counts
  if (index($0, "\\"cause\\"") > 0 && index($0, "\\"cause\\"") < index($0 "\\"failedAttempts\\"", "\\"failedAttempts\\"")) print "cause", value("cause") > counts
  print value("durationMs") > durations
}
END { printf "%d %.0f\\n", requests, bytes }
`;

export function logReference(file: string, folder: string): LogReference {
  const [counts, durations] = [`${folder}/counts`, `${folder}/durations`];
  const first = run("awk", ["-v", `counts=${counts}`, "-v", `durations=${durations}`, program, file]);
  const [requests = 0, bytesOut = 0] = first.trim().split(" ").map(Number);
  const tallied = run("sh", ["-c", `sort "${counts}" | uniq -c`])
    .trim()
    .split("\n")
    .map((line) => line.trim().split(" "));
  const of = (kind: string): Record<string, number> =>
    Object.fromEntries(
      tallied.filter(([, each]) => each === kind).map(([count, , name = ""]) => [name, Number(count)]),
    );
  const ranks = { p50Ms: 0.5, p90Ms: 0.9, p99Ms: 0.99, p999Ms: 0.999 };
  const wanted = Object.values(ranks).map((share) => Math.ceil(requests * share - 1e-9));
  const picked = run("sh", [
    "-c",
    `sort -n "${durations}" | sed -n '${wanted.map((rank) => `${rank}p`).join(";")}'`,
  ])
    .trim()
    .split("\n")
    .map(Number);
  return {
    requests,
    bytesOut,
    byStatus: of("status"),
    byEndpoint: of("endpoint"),
    byRoute: of("route"),
    byCause: of("cause"),
    percentiles: {
      p50Ms: picked[0] ?? Number.NaN,
      p90Ms: picked[1] ?? Number.NaN,
      p99Ms: picked[2] ?? Number.NaN,
      p999Ms: picked[3] ?? Number.NaN,
    },
  };
}

function run(command: string, args: readonly string[]): string {
  // Bytewise, as the numbers are spelled; a locale would only make it slow.
  const env = { ...process.env, LC_ALL: "C" };
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26, env });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout;
}
