/**
 * Everything about one endpoint that all worker threads share, in one SharedArrayBuffer: what the
 * control plane decides (status, weight, limits), what is in flight, latency averages, counters and
 * the latency histogram. Decides nothing itself and reads no clock.
 *
 *   Int32   × 16  status · weight/1000 · max requests · max connections   written by the control plane
 *   Int32   × 24  active requests · connections · consecutive failures ·
 *                 max_fails · idle time                                   written by all, atomically
 *   Float64 ×  8  LatencyAverage · end of its rest                        written by all, last one wins
 *   rows          one per worker: counters, its active, its connections   one writer each
 *   Uint32  × 833 histogram of total time                                 written by all, atomically
 *
 * About 4 KB with two workers. One shared histogram instead of one per worker keeps it that small; an
 * atomic add costs 30 ns where a plain one costs 8 (bench/limits.ts), so a lone worker uses plain ones.
 * The buffer is the endpoint's identity: reloads keep it, workers get it
 * by reference, and it is freed with its last user.
 */
import { assert } from "../core/assert.ts";
import { Histogram, histogramBuckets } from "../core/histogram.ts";
import {
  counter,
  type CounterName,
  counterNames,
  notEligible,
  notReachable,
  takenOut,
  restOffset,
  rowActiveWord,
  rowConnectionsWord,
  rowOffset,
  rowSlots,
  type StatusBit,
  statusBits,
  word,
  wordsBytes,
} from "./endpoint-layout.ts";
import { LatencyAverage, latencyAverageSlots } from "./latency-average.ts";

/** Sums over all workers since the endpoint was made. Bytes in come from the endpoint, bytes out go to it. */
export type EndpointTotals = { readonly [Name in CounterName]: number } & {
  readonly activeRequests: number;
  readonly connections: number;
};

export class EndpointState {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #rest: Float64Array;
  readonly #row: Float64Array;
  readonly #rowWords: Int32Array;
  readonly #average: LatencyAverage;
  readonly #latency: Histogram;
  /** One worker only: nobody else writes, so plain additions do. */
  readonly #isAlone: boolean;

  private constructor(buffer: SharedArrayBuffer, workerIndex: number) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, wordsBytes / 4);
    const workers = this.#words[word.workers]!;
    assert(workerIndex >= 0 && workerIndex < workers, "the worker has a row in the endpoint's state");
    this.#isAlone = workers === 1;
    this.#average = new LatencyAverage(new Float64Array(buffer, wordsBytes, latencyAverageSlots));
    this.#rest = new Float64Array(buffer, restOffset, 1);
    this.#row = new Float64Array(buffer, rowOffset(workerIndex), rowSlots);
    this.#rowWords = new Int32Array(buffer, rowOffset(workerIndex), rowSlots * 2);
    this.#latency = new Histogram(new Uint32Array(buffer, rowOffset(workers), histogramBuckets));
  }

  /** A new endpoint in service, weight 1, without limits. The caller writes as worker 0 if it writes at all. */
  static create(workerCount: number): EndpointState {
    assert(Number.isInteger(workerCount) && workerCount >= 1, "an endpoint serves at least one worker");
    const buffer = new SharedArrayBuffer(rowOffset(workerCount) + histogramBuckets * 4);
    const words = new Int32Array(buffer);
    words[word.workers] = workerCount;
    words[word.weight] = 1000;
    return new EndpointState(buffer, 0);
  }

  /** The same endpoint seen from worker `workerIndex` (0 to workerCount − 1), which alone writes that row. */
  static attach(buffer: SharedArrayBuffer, workerIndex: number): EndpointState {
    return new EndpointState(buffer, workerIndex);
  }

  // What the control plane decides.

  setStatus(bit: StatusBit, isSet: boolean): void {
    if (isSet) Atomics.or(this.#words, word.status, statusBits[bit]);
    else Atomics.and(this.#words, word.status, ~statusBits[bit]);
  }

  hasStatus(bit: StatusBit): boolean {
    return (Atomics.load(this.#words, word.status) & statusBits[bit]) !== 0;
  }

  /** The raw word, see `statusBits`; changes are worth comparing, e.g. to bump a pool's version. */
  get status(): number {
    return Atomics.load(this.#words, word.status);
  }

  /** May receive ordinary traffic. */
  get isEligible(): boolean {
    return (this.#words[word.status]! & notEligible) === 0;
  }

  /** May receive requests bound to it: eligible, or draining. */
  get isReachable(): boolean {
    return (this.#words[word.status]! & notReachable) === 0;
  }

  /** Not taken out by hand. */
  get isInService(): boolean {
    return (this.#words[word.status]! & takenOut) === 0;
  }

  /** Effective weight after slow start; steps of a thousandth. */
  get weight(): number {
    return this.#words[word.weight]! / 1000;
  }

  setWeight(weight: number): void {
    assert(weight >= 0 && weight <= 1_000_000, "a weight is between 0 and 1,000,000");
    const thousandths = Math.round(weight * 1000);
    Atomics.store(this.#words, word.weight, weight > 0 ? Math.max(1, thousandths) : 0);
  }

  /** Limits over all workers; 0 means none. */
  setLimits(requestsMax: number, connectionsMax: number): void {
    Atomics.store(this.#words, word.requestsMax, requestsMax);
    Atomics.store(this.#words, word.connectionsMax, connectionsMax);
  }

  get requestsMax(): number {
    return this.#words[word.requestsMax]!;
  }

  get connectionsMax(): number {
    return this.#words[word.connectionsMax]!;
  }

  // What is in flight.

  /** Requests in flight over all workers. */
  get activeRequests(): number {
    const active = this.#words[word.active]!;
    return active > 0 ? active : 0;
  }

  /** Open connections over all workers, idle ones included. */
  get connections(): number {
    const open = this.#words[word.connections]!;
    return open > 0 ? open : 0;
  }

  /**
   * At its limit of requests; or at its limit of connections while this worker has no idle one to use
   * (one request per connection, as in HTTP/1).
   */
  get isFull(): boolean {
    const words = this.#words;
    const requestsMax = words[word.requestsMax]!;
    if (requestsMax > 0 && words[word.active]! >= requestsMax) return true;
    const connectionsMax = words[word.connectionsMax]!;
    if (connectionsMax === 0 || words[word.connections]! < connectionsMax) return false;
    return this.#rowWords[rowConnectionsWord]! <= this.#rowWords[rowActiveWord]!;
  }

  /** It asked to be left alone until then (Retry-After); 0 when it never did. */
  get restUntilMs(): number {
    return this.#rest[0]!;
  }
  set restUntilMs(untilMs: number) {
    this.#rest[0] = untilMs;
  }

  /** Counts a request in flight without looking at the limit (see `tryStartRequest`). */
  requestStarted(): void {
    this.#rowWords[rowActiveWord] = this.#rowWords[rowActiveWord]! + 1;
    this.#add(word.active, 1);
    this.#row[counter.requests] = this.#row[counter.requests]! + 1;
  }

  /** Counts a request in flight unless the limit is reached; exact when workers race for the last place. */
  tryStartRequest(): boolean {
    if (!takePlace(this.#words, word.active, this.#words[word.requestsMax]!)) return false;
    this.#rowWords[rowActiveWord] = this.#rowWords[rowActiveWord]! + 1;
    this.#row[counter.requests] = this.#row[counter.requests]! + 1;
    return true;
  }

  /**
   * A request ended with a verdict. `status` is the endpoint's, or 0 when no response head came;
   * `latencyMs` is its whole time; `isFailure` means the endpoint is to blame; `nowMs` comes from a
   * clock that all workers share.
   */
  requestFinished(
    status: number,
    latencyMs: number,
    isFailure: boolean,
    bytesIn: number,
    bytesOut: number,
    nowMs: number,
  ): void {
    this.#release(bytesIn, bytesOut);
    const row = this.#row;
    const statusClass = Math.floor(status / 100);
    if (statusClass >= 1 && statusClass <= 5) row[statusClass] = row[statusClass]! + 1;
    row[counter.latencyMsSum] = row[counter.latencyMsSum]! + latencyMs;
    if (isFailure) {
      row[counter.failures] = row[counter.failures]! + 1;
      this.#countFailureInRow(status);
    } else {
      row[counter.successes] = row[counter.successes]! + 1;
      row[counter.successLatencyMsSum] = row[counter.successLatencyMsSum]! + latencyMs;
      if (this.#words[word.streak]! !== 0) this.forgetRows();
    }
    this.#average.observe(latencyMs, isFailure, nowMs);
    if (this.#isAlone) this.#latency.record(latencyMs);
    else this.#latency.recordShared(latencyMs);
  }

  /** A request ended that says nothing about the endpoint: the client left, a hedge lost, a tunnel closed. */
  requestAbandoned(bytesIn: number, bytesOut: number): void {
    this.#release(bytesIn, bytesOut);
    this.#row[counter.abandoned] = this.#row[counter.abandoned]! + 1;
  }

  #release(bytesIn: number, bytesOut: number): void {
    this.#rowWords[rowActiveWord] = this.#rowWords[rowActiveWord]! - 1;
    this.#add(word.active, -1);
    const row = this.#row;
    row[counter.bytesIn] = row[counter.bytesIn]! + bytesIn;
    row[counter.bytesOut] = row[counter.bytesOut]! + bytesOut;
  }

  /** Takes a place for a connection about to be made; false when the limit is reached (exact over workers). */
  tryOpenConnection(): boolean {
    if (!takePlace(this.#words, word.connections, this.#words[word.connectionsMax]!)) return false;
    this.#rowWords[rowConnectionsWord] = this.#rowWords[rowConnectionsWord]! + 1;
    return true;
  }

  /** Gives the place back: the connection closed or never came to be. */
  connectionClosed(): void {
    this.#rowWords[rowConnectionsWord] = this.#rowWords[rowConnectionsWord]! - 1;
    this.#add(word.connections, -1);
  }

  #add(index: number, change: number): void {
    if (this.#isAlone) this.#words[index] = this.#words[index]! + change;
    else Atomics.add(this.#words, index, change);
  }

  /** Adds one to a counter that no other method here keeps. */
  count(
    name:
      | "retries"
      | "hedges"
      | "connectionsOpened"
      | "connectionReuses"
      | "connectFailures"
      | "timeouts"
      | "resets"
      | "staleConnections"
      | "tunnels"
      | "tunnelsEnded",
  ): void {
    const index = counter[name];
    this.#row[index] = this.#row[index]! + 1;
  }

  /** Memory for the record of `max_fails`, where that mode is on. */
  get maxFailsWords(): Int32Array {
    return this.#words.subarray(word.maxFails, word.maxFails + 4);
  }

  /** Memory for what is known of the endpoint's idle connections. */
  get idleTimeWords(): Int32Array {
    return this.#words.subarray(word.idleTime, word.idleTime + 8);
  }

  // What was learned.

  /** Failures of any kind since the last success. */
  get failuresInRow(): number {
    return this.#words[word.streak]!;
  }

  /** Answers 502, 503 or 504 since the last other answer. */
  get gatewayFailuresInRow(): number {
    return this.#words[word.gatewayStreak]!;
  }

  /** Attempts without an answer since the last answer. */
  get localFailuresInRow(): number {
    return this.#words[word.localStreak]!;
  }

  get successes(): number {
    return this.#sumOf(counter.successes);
  }

  get failures(): number {
    return this.#sumOf(counter.failures);
  }

  /** Over successes only: a fast failure is no merit. */
  get successLatencyMsSum(): number {
    return this.#sumOf(counter.successLatencyMsSum);
  }

  forgetRows(): void {
    Atomics.store(this.#words, word.streak, 0);
    Atomics.store(this.#words, word.gatewayStreak, 0);
    Atomics.store(this.#words, word.localStreak, 0);
  }

  #countFailureInRow(status: number): void {
    const words = this.#words;
    Atomics.add(words, word.streak, 1);
    if (status === 0) {
      Atomics.add(words, word.localStreak, 1);
      return;
    }
    Atomics.store(words, word.localStreak, 0);
    if (status >= 502 && status <= 504) Atomics.add(words, word.gatewayStreak, 1);
    else Atomics.store(words, word.gatewayStreak, 0);
  }

  /** Peak-sensitive, failure-aware average in ms, decayed to now; null before the first request. */
  peakLatencyMs(nowMs: number): number | null {
    return this.#average.peakMs(nowMs);
  }

  /** Plain, failure-aware average in ms; null before the first request. */
  meanLatencyMs(nowMs: number): number | null {
    return this.#average.meanMs(nowMs);
  }

  /** Recent share of failed requests, 0 to 1, forgotten within tens of seconds. */
  failureShare(nowMs: number): number {
    return this.#average.failureShare(nowMs);
  }

  /** Forgets the averages and the run of failures; counters stay. */
  resetAverages(): void {
    this.#average.reset();
    this.forgetRows();
  }

  // For readers; these allocate.

  /** A copy of the histogram of total time. Subtract an older copy for the time between (`setDifference`). */
  readLatency(): Histogram {
    return this.#latency.copy();
  }

  /** The sums over all workers. Not one instant: a running worker may be half a request ahead. */
  readTotals(): EndpointTotals {
    const totals: { -readonly [Name in keyof EndpointTotals]?: number } = {};
    for (const name of counterNames) totals[name] = this.#sumOf(counter[name]);
    totals.activeRequests = this.activeRequests;
    totals.connections = this.connections;
    return totals as EndpointTotals;
  }

  /** A counter over all workers. */
  #sumOf(index: number): number {
    const rows = new Float64Array(this.buffer, rowOffset(0), rowSlots * this.#words[word.workers]!);
    let sum = 0;
    for (let at = index; at < rows.length; at += rowSlots) sum += rows[at]!;
    return sum;
  }

  /** After worker `workerIndex` died: gives back the requests and connections it held. Counters stay. */
  releaseWorker(workerIndex: number): void {
    assert(
      workerIndex >= 0 && workerIndex < this.#words[word.workers]!,
      "the worker has a row in the endpoint's state",
    );
    const row = new Int32Array(this.buffer, rowOffset(workerIndex), rowSlots * 2);
    Atomics.sub(this.#words, word.active, Atomics.exchange(row, rowActiveWord, 0));
    Atomics.sub(this.#words, word.connections, Atomics.exchange(row, rowConnectionsWord, 0));
    const counts = new Float64Array(this.buffer, rowOffset(workerIndex), rowSlots);
    counts[counter.tunnelsEnded] = counts[counter.tunnels]!;
  }
}

/** Adds one to a word unless it is at `max` (0: no limit); the word never shows more than that, not even briefly. */
function takePlace(words: Int32Array, index: number, max: number): boolean {
  if (max === 0) {
    Atomics.add(words, index, 1);
    return true;
  }
  for (;;) {
    const before = Atomics.load(words, index);
    if (before >= max) return false;
    if (Atomics.compareExchange(words, index, before, before + 1) === before) return true;
  }
}
