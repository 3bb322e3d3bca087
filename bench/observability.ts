/**
 * `node bench/observability.ts`: what metrics with their histograms, and the access log on top, cost the
 * request path. Three of the same data plane run at once and take short turns under the same load; what
 * counts is CPU time per request (user and system, all threads), each turn against the one beside it.
 *
 *   node bench/observability.ts --rounds 25 --seconds 1.5 --loads tiny,browser --formats json
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { allLoads, selectNamed } from "./catalogue.ts";
import { loadCore, measureLoad, type PeerResult } from "./measure.ts";
import type { Peer } from "./peer.ts";
import { describeMachine } from "./support/machine.ts";
import { startOrigin } from "./support/origin.ts";
import { withCleanUp } from "./support/processes.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "25" },
    seconds: { type: "string", default: "2" },
    loads: { type: "string", default: "tiny,browser" },
    /** Of the access log; one contestant each. */
    formats: { type: "string", default: "json" },
  },
});

const server = fileURLToPath(new URL("support/observed-server.ts", import.meta.url));
/** Percent of the request path. */
const targets: Readonly<Record<string, number>> = { metrics: 3, json: 12 };

function peerOf(level: string): Peer {
  return {
    name: level,
    install: "",
    findVersion: () => "",
    prepare: ({ port, originPort, workFolder }) => [
      ...[process.execPath, server, String(port), String(originPort)],
      ...[level, `${workFolder}/access.log`],
    ],
  };
}

function costs({ samples }: PeerResult): number[] {
  return samples.flatMap((sample) => (sample === null ? [] : [sample.cpuMicroseconds]));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** More CPU time per request than `base` in the same round, in percent, as the median of all rounds. */
function pairedPercent(result: PeerResult, base: PeerResult): number {
  const ratios = result.samples.flatMap((sample, round) => {
    const beside = base.samples[round];
    return sample === null || beside === null || beside === undefined
      ? []
      : [sample.cpuMicroseconds / beside.cpuMicroseconds];
  });
  return (median(ratios) - 1) * 100;
}

function report(title: string, results: readonly PeerResult[]): void {
  const [off] = results;
  if (off === undefined) return;
  console.log(`\n${title}: CPU µs per request`);
  console.log("                   least   median    on top of `off`: median pair   least   target");
  for (const result of results) {
    const [least, middle] = [Math.min(...costs(result)), median(costs(result))];
    const more =
      result === off
        ? ""
        : `${pairedPercent(result, off).toFixed(1).padStart(27)} % ${((least / Math.min(...costs(off)) - 1) * 100).toFixed(1).padStart(7)} % ${String(targets[result.peer] ?? "").padStart(6)}`;
    console.log(
      `  ${result.peer.padEnd(14)} ${least.toFixed(2).padStart(7)} ${middle.toFixed(2).padStart(8)}  ${more}`,
    );
    for (const error of result.errors) console.log(`    ${error}`);
  }
}

const peers = ["off", "metrics", ...options.formats.split(",")].map(peerOf);
console.log(describeMachine());
await withCleanUp(async (workFolder) => {
  const origin = await startOrigin(workFolder, loadCore);
  for (const load of selectNamed(allLoads, options.loads)) {
    const results = await measureLoad(load, peers, {
      rounds: Number(options.rounds),
      seconds: Number(options.seconds),
      warmUpSeconds: 2,
      originPort: origin.port,
      workFolder,
      say: () => {},
    });
    report(load.title, results);
  }
  return true;
});
