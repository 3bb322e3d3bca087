/**
 * `npm run bench`: Headgate and its peers side by side. Prints a table per load and, after a full run,
 * writes `bench/RESULTS.md`. Ends with status 1 when any answer was wrong or missing.
 *
 *   npm run bench -- --peers nginx,headgate --loads tiny,browser --rounds 5 --seconds 4 --out FILE
 */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { allLoads, allPeers, selectNamed, yardstick } from "./catalogue.ts";
import { measureLoad } from "./measure.ts";
import type { Peer } from "./peer.ts";
import { rowsOf, tableOf } from "./report.ts";
import { describeMachine } from "./support/machine.ts";
import { startOrigin } from "./support/origin.ts";
import { firstLineOf, withCleanUp } from "./support/processes.ts";

const { values: options } = parseArgs({
  options: {
    peers: { type: "string", default: allPeers.map(({ name }) => name).join(",") },
    loads: { type: "string", default: allLoads.map(({ name }) => name).join(",") },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    "warm-up": { type: "string", default: "2" },
    out: { type: "string" },
  },
});

const isFull = process.argv.length === 2;
const resultsFile = options.out ?? (isFull ? fileURLToPath(new URL("RESULTS.md", import.meta.url)) : null);

function say(line: string): void {
  console.log(line);
}

/** The peers that are here; names the others and how to get them. */
function presentPeers(wanted: readonly Peer[]): Peer[] {
  return wanted.filter((peer) => {
    const version = peer.findVersion();
    say(
      version === null ? `${peer.name} is missing; get it with: ${peer.install}` : `${peer.name} ${version}`,
    );
    return version !== null;
  });
}

function installNodePeers(): void {
  const folder = fileURLToPath(new URL("peers", import.meta.url));
  if (existsSync(`${folder}/node_modules`)) return;
  say("installing the Node peers (npm ci --prefix bench/peers)");
  spawnSync("npm", ["ci", "--prefix", folder], { stdio: "inherit" });
}

async function main(): Promise<boolean> {
  if (firstLineOf("taskset", "-V") === null || !canRun("wrk"))
    throw new Error("needs taskset (util-linux) and wrk");
  if (!canRun("nginx")) throw new Error("needs nginx, which is the origin: apt-get install nginx");
  if (availableParallelism() < 2) throw new Error("needs two processor cores");
  installNodePeers();
  const peers = presentPeers(selectNamed(allPeers, options.peers));
  const loads = selectNamed(allLoads, options.loads);
  if (loads.some(({ http2 }) => http2 !== undefined) && !canRun("h2load"))
    throw new Error("needs h2load for HTTP/2: apt-get install nghttp2-client");
  const rounds = Number(options.rounds);
  const seconds = Number(options.seconds);

  const sections: string[] = [];
  const complaints: string[] = [];
  await withCleanUp(async (workFolder) => {
    const origin = await startOrigin(workFolder, 1);
    const shared = { rounds, seconds, warmUpSeconds: Number(options["warm-up"]), workFolder, say };
    for (const load of loads) {
      const results = await measureLoad(load, peers, { ...shared, originPort: origin.port });
      const measure = load.yardstick ?? yardstick;
      const table = tableOf(rowsOf(results, measure), measure);
      const errors = results.flatMap(({ peer, errors: texts }) =>
        texts.map((text) => `${load.name}, ${peer}, ${text}`),
      );
      complaints.push(...errors);
      sections.push([`## ${load.title}`, table, ...errors.map((text) => `- ${text}`)].join("\n\n"));
      say(`\n${load.title}\n${table}\n`);
    }
  });
  for (const complaint of complaints) say(`FAILED: ${complaint}`);
  if (resultsFile !== null) {
    const versions = peers.map((peer) => `- ${peer.name} ${peer.findVersion() ?? ""}`).join("\n");
    writeFileSync(resultsFile, resultsDocument(versions, sections, rounds, seconds));
    say(`written to ${resultsFile}`);
  }
  return complaints.length === 0;
}

function canRun(command: string): boolean {
  return spawnSync(command, ["-v"]).error === undefined;
}

function resultsDocument(
  versions: string,
  sections: readonly string[],
  rounds: number,
  seconds: number,
): string {
  return `# Benchmark results

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}; do not edit.

Machine: ${describeMachine()}. Each proxy is pinned to core 0, with one worker; the origin (nginx) and the load
generator (wrk, or h2load for HTTP/2; one thread) share core 1. ${rounds} rounds of ${seconds} s per proxy and load, taking turns in rotating order, after a
warm-up; over HTTP/2 a round is a fixed number of requests instead. Figures are medians of the rounds.

**Read the ratios, not the absolute numbers.** The headline is requests per CPU-second of the proxy (user and system time of
all its processes and threads) against nginx in the same round; in parentheses the lowest and the highest round, which
show the noise: on a shared or virtual machine a few per cent either way mean nothing. "Others" is the share of the
proxy's core that unrelated programs took; above a few per cent the row is worth little. Requests per second are bounded by
whichever core is full first. Latency is the load generator's, under saturation, so it mirrors throughput rather than a quiet day.

Versions:

${versions}

${sections.join("\n\n")}
`;
}

process.exitCode = (await main()) ? 0 : 1;
