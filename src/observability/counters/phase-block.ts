/**
 * How long the exchanges of one pool took, phase by phase: a log-linear histogram and a sum for each, in
 * one SharedArrayBuffer with a row per worker (13 KB each). Written by each worker alone, which costs a
 * quarter of an atomic addition (bench/exchange-counters.ts).
 */
import { assert } from "../../core/assert.ts";
import { Histogram, bucketOf, histogramBuckets } from "../../core/histogram.ts";

/**
 * `queue`: waiting for a free endpoint, only when there was a wait. `connect`: making a connection, only
 * when one was made. `firstByte`: from the request's head to the upstream's. `total`: from the request's
 * head to the end.
 */
export const phaseNames = ["queue", "connect", "firstByte", "total"] as const;
export type PhaseName = (typeof phaseNames)[number];

const phases = phaseNames.length;
const rowBytes = Math.ceil((phases * 8 + phases * histogramBuckets * 4) / 64) * 64;

export interface PhaseReading {
  readonly latency: Histogram;
  /** Sum of the durations. */
  readonly sumMs: number;
}

export type PhaseReadings = Readonly<Record<PhaseName, PhaseReading>>;

export class PhaseBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #sums: Float64Array;
  readonly #counts: Uint32Array;

  /** The block as worker `workerIndex` writes it. */
  constructor(buffer: SharedArrayBuffer, workerIndex: number) {
    assert(
      workerIndex >= 0 && workerIndex < buffer.byteLength / rowBytes,
      "the worker has a row in the phase times",
    );
    this.buffer = buffer;
    this.#sums = sumsOf(buffer, workerIndex);
    this.#counts = countsOf(buffer, workerIndex);
  }

  static create(workerCount: number): PhaseBlock {
    return new PhaseBlock(new SharedArrayBuffer(workerCount * rowBytes), 0);
  }

  /** `phase` is an index into `phaseNames`. */
  record(phase: 0 | 1 | 2 | 3, durationMs: number): void {
    const index = phase * histogramBuckets + bucketOf(durationMs);
    this.#counts[index] = this.#counts[index]! + 1;
    this.#sums[phase] = this.#sums[phase]! + durationMs;
  }

  /** Merged over all workers. Subtract an older reading for the time between. */
  read(): PhaseReadings {
    const readings: { [Name in PhaseName]?: PhaseReading } = {};
    const workers = this.buffer.byteLength / rowBytes;
    phaseNames.forEach((name, phase) => {
      const latency = new Histogram();
      let sumMs = 0;
      for (let worker = 0; worker < workers; worker++) {
        const from = phase * histogramBuckets;
        latency.merge(new Histogram(countsOf(this.buffer, worker).subarray(from, from + histogramBuckets)));
        sumMs += sumsOf(this.buffer, worker)[phase]!;
      }
      readings[name] = { latency, sumMs };
    });
    return readings as PhaseReadings;
  }
}

function sumsOf(buffer: SharedArrayBuffer, workerIndex: number): Float64Array {
  return new Float64Array(buffer, workerIndex * rowBytes, phases);
}

function countsOf(buffer: SharedArrayBuffer, workerIndex: number): Uint32Array {
  return new Uint32Array(buffer, workerIndex * rowBytes + phases * 8, phases * histogramBuckets);
}
