/**
 * Measures peers side by side: for each load every peer gets its turn in every round, in an order that
 * rotates, so that a slow minute of the machine hits all of them alike.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Load } from "./load.ts";
import type { Peer } from "./peer.ts";
import { usageOf } from "./support/machine.ts";
import { freePort, startPinned, waitUntilReady, type RunningProcess } from "./support/processes.ts";
import { describeErrors, runWrk } from "./support/wrk.ts";

export const proxyCore = 0;
export const loadCore = 1;

/** What one peer did in one round. */
export interface Sample {
  readonly requestsPerSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface PeerResult {
  readonly peer: string;
  readonly samples: readonly Sample[];
  readonly peakBytes: number;
  /** Every round's complaints. Not empty means failed. */
  readonly errors: readonly string[];
}

export interface MeasureOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly originPort: number;
  readonly workFolder: string;
  readonly say: (line: string) => void;
}

interface Contestant {
  readonly peer: Peer;
  readonly port: number;
  readonly program: RunningProcess;
  readonly samples: Sample[];
  readonly errors: string[];
}

export async function measureLoad(
  load: Load,
  peers: readonly Peer[],
  options: MeasureOptions,
): Promise<PeerResult[]> {
  const contestants: Contestant[] = [];
  for (const peer of peers) contestants.push(await enter(peer, load, options));
  for (const contestant of contestants) {
    await runWrk(load, contestant.port, options.warmUpSeconds, loadCore, options.workFolder);
  }
  for (let round = 0; round < options.rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(turn + round) % contestants.length];
      if (contestant !== undefined) await takeTurn(contestant, load, round, options);
    }
  }
  const results = contestants.map(({ peer, program, samples, errors }) => ({
    peer: peer.name,
    samples,
    peakBytes: usageOf(program.pid).peakBytes,
    errors,
  }));
  for (const { program } of contestants) await program.stop();
  return results;
}

async function enter(peer: Peer, load: Load, options: MeasureOptions): Promise<Contestant> {
  const port = await freePort();
  const workFolder = join(options.workFolder, `${peer.name}-${load.name}`);
  mkdirSync(workFolder);
  const command = peer.prepare({ port, originPort: options.originPort, workFolder });
  const program = startPinned(peer.name, proxyCore, command);
  await waitUntilReady(program, port);
  return { peer, port, program, samples: [], errors: [] };
}

async function takeTurn(
  { peer, port, program, samples, errors }: Contestant,
  load: Load,
  round: number,
  options: MeasureOptions,
): Promise<void> {
  const before = usageOf(program.pid).cpuSeconds;
  const result = await runWrk(load, port, options.seconds, loadCore, options.workFolder);
  const cpuSeconds = usageOf(program.pid).cpuSeconds - before;
  const sample: Sample = {
    requestsPerSecond: result.requests / result.seconds,
    cpuMicroseconds: (cpuSeconds * 1e6) / Math.max(1, result.requests),
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
  samples.push(sample);
  const complaint = describeErrors(result) ?? (program.hasEnded ? `${peer.name} has ended` : null);
  if (complaint !== null) errors.push(`round ${round + 1}: ${complaint}`);
  options.say(
    `  ${load.name} round ${round + 1} ${peer.name.padEnd(12)} ${sample.requestsPerSecond.toFixed(0).padStart(7)} req/s ` +
      `${sample.cpuMicroseconds.toFixed(1).padStart(6)} µs/req  ${complaint ?? ""}`,
  );
}
