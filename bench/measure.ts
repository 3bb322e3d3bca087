/**
 * Measures peers side by side: for each load every peer gets its turn in every round, in an order that
 * rotates, so that a slow minute of the machine hits all of them alike.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Load } from "./load.ts";
import type { Peer, PeerFront } from "./peer.ts";
import { busySecondsOf, usageOf } from "./support/machine.ts";
import {
  freePort,
  startPinned,
  type ReadyProtocol,
  waitUntilReady,
  type RunningProcess,
} from "./support/processes.ts";
import { runH2load } from "./support/h2load.ts";
import { runHandshakes } from "./support/handshakes.ts";
import { siteIn } from "./support/site.ts";
import { describeErrors, type LoadResult, runWrk } from "./support/wrk.ts";

export const proxyCore = 0;
export const loadCore = 1;

/** What one peer did in one round. */
export interface Sample {
  readonly requestsPerSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of the proxy's core that other programs took. */
  readonly foreignShare: number;
}

export interface PeerResult {
  readonly peer: string;
  /** One per round; null where the client got nothing. */
  readonly samples: readonly (Sample | null)[];
  readonly peakBytes: number;
  /** Every complaint. Not empty means failed. */
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
  readonly samples: (Sample | null)[];
  readonly errors: string[];
}

export async function measureLoad(
  load: Load,
  peers: readonly Peer[],
  options: MeasureOptions,
): Promise<PeerResult[]> {
  const contestants: Contestant[] = [];
  const { protocol = "http" } = load;
  for (const peer of peers.filter(({ protocols }) => protocols.includes(protocol)))
    contestants.push(await enter(peer, load, options));
  for (const contestant of contestants) await measure(contestant, load, "warm-up", options);
  for (const contestant of contestants) contestant.samples.length = 0;
  for (let round = 0; round < options.rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(turn + round) % contestants.length];
      if (contestant !== undefined) await measure(contestant, load, `round ${round + 1}`, options);
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

/** Starts a peer. One that does not start stays in the table, with its complaint. */
async function enter(peer: Peer, load: Load, options: MeasureOptions): Promise<Contestant> {
  const port = await freePort();
  const workFolder = join(options.workFolder, `${peer.name}-${load.name}`);
  mkdirSync(workFolder);
  const front = frontOf(load, options.workFolder);
  const command = peer.prepare({
    port,
    originPort: options.originPort,
    workFolder,
    ...(front === null ? {} : { front }),
  });
  const program = startPinned(peer.name, proxyCore, command);
  const errors = await waitUntilReady(program, port, readinessOf(load)).then(
    () => [],
    (error: unknown) => [String(error)],
  );
  return { peer, port, program, samples: [], errors };
}

export function frontOf({ protocol }: Load, workFolder: string): PeerFront | null {
  if (protocol === "https" || protocol === "h2") return { protocol, ...siteIn(workFolder) };
  return protocol === "tcp" || protocol === "h2c" ? { protocol } : null;
}

/** How the proxy is asked whether it is there. */
export function readinessOf({ protocol = "http" }: Load): ReadyProtocol {
  return protocol === "tcp" ? "http" : protocol;
}

/** One turn's load, by the program that makes its kind. */
export function drive(load: Load, port: number, seconds: number, workFolder: string): Promise<LoadResult> {
  if (load.http2 !== undefined) return runH2load(load, load.http2, port, seconds, loadCore, workFolder);
  if (load.handshakes !== undefined) return runHandshakes(load, port, seconds, loadCore);
  return runWrk(load, port, seconds, loadCore, workFolder);
}

/** One turn: adds a sample and, when anything was wrong, a complaint. */
async function measure(
  { peer, port, program, samples, errors }: Contestant,
  load: Load,
  turn: string,
  options: MeasureOptions,
): Promise<void> {
  if (program.hasEnded) {
    samples.push(null);
    if (errors.length === 0) errors.push(`${turn}: it had ended\n${program.output}`);
    return;
  }
  const cpuBefore = usageOf(program.pid).cpuSeconds;
  const busyBefore = busySecondsOf(proxyCore);
  const seconds = turn === "warm-up" ? options.warmUpSeconds : options.seconds;
  const result = await drive(load, port, seconds, options.workFolder).catch(String);
  if (typeof result === "string") {
    samples.push(null);
    errors.push(`${turn}: ${result}${program.hasEnded ? `\n${program.output}` : ""}`);
    return;
  }
  const cpuSeconds = usageOf(program.pid).cpuSeconds - cpuBefore;
  const sample: Sample = {
    requestsPerSecond: result.requests / result.seconds,
    cpuMicroseconds: (cpuSeconds * 1e6) / Math.max(1, result.requests),
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    foreignShare: Math.max(0, busySecondsOf(proxyCore) - busyBefore - cpuSeconds) / result.seconds,
  };
  samples.push(sample);
  const complaint = describeErrors(result);
  if (complaint !== null) errors.push(`${turn}: ${complaint}`);
  options.say(
    `  ${load.name} ${turn} ${peer.name.padEnd(12)} ${sample.requestsPerSecond.toFixed(0).padStart(7)} req/s ` +
      `${sample.cpuMicroseconds.toFixed(1).padStart(7)} µs/req  ${complaint ?? ""}`,
  );
}
