/**
 * A limit on requests in flight that finds itself (Envoy's adaptive concurrency), for one pool over all
 * worker threads. Every interval the median latency is compared with the baseline, the latency of an
 * unloaded pool; every baseline interval the limit drops to its least for some requests, to measure the
 * baseline anew.
 *
 *   adapting ──baseline due──▶ measuring (limit = min) ──enough samples, or too long──▶ adapting
 *
 * Beyond Envoy: it starts from an initial limit and not with a measurement; a median below the baseline
 * becomes the baseline at once; a limit of which less than half was used does not grow, so that it means
 * something when load comes; a measurement ends after a twelfth of its interval, however slow the pool.
 *
 * Whichever worker finishes a request when a step is due makes it, under a lock that nobody waits for.
 */
import { assert } from "../core/assert.ts";
import { Histogram, histogramBuckets } from "../core/histogram.ts";
import type { Random } from "../core/random.ts";
import { type GradientSettings, nextLimit } from "./gradient.ts";
import { type LimitMode, Verdict, VerdictCounts, type VerdictTotals } from "./verdict.ts";

export interface ConcurrencySettings extends GradientSettings {
  readonly initial: number;
  /** How often the limit is computed. */
  readonly intervalMs: number;
  /** How often the baseline is measured; up to 15 % later at random. */
  readonly baselineIntervalMs: number;
  /** Requests in such a measurement. */
  readonly baselineRequests: number;
  /** `observe` refuses nobody; its baselines are then measured under full load and come out high. */
  readonly mode: LimitMode;
}

export interface ConcurrencyShare {
  readonly state: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
}

const word = { limit: 0, inFlight: 1, isMeasuring: 2, samples: 3, peak: 4, lock: 5 } as const;
const double = { limit: 0, baselineMs: 1, stepDueMs: 2, baselineDueMs: 3, phaseStartMs: 4 } as const;
const wordsBytes = 64;
const doublesBytes = 64;
const jitterMax = 0.15;
/** Steps before the first measurement. */
const stepsBeforeFirst = 10;

export class ConcurrencyLimit {
  readonly settings: ConcurrencySettings;
  readonly #random: Random;
  readonly #buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #latency: Histogram;
  /** In flight per worker. */
  readonly #rows: Int32Array;
  readonly #workerIndex: number;
  readonly #counts: VerdictCounts;
  readonly #verdict: Verdict;

  private constructor(
    settings: ConcurrencySettings,
    buffer: SharedArrayBuffer,
    counts: VerdictCounts,
    workerIndex: number,
    random: Random,
  ) {
    this.settings = settings;
    this.#random = random;
    this.#buffer = buffer;
    this.#words = new Int32Array(buffer, 0, wordsBytes / 4);
    this.#doubles = new Float64Array(buffer, wordsBytes, doublesBytes / 8);
    this.#latency = new Histogram(new Uint32Array(buffer, wordsBytes + doublesBytes, histogramBuckets));
    this.#rows = new Int32Array(buffer, wordsBytes + doublesBytes + histogramBuckets * 4);
    assert(workerIndex >= 0 && workerIndex < this.#rows.length, "the worker has a row in the limit");
    this.#workerIndex = workerIndex;
    this.#counts = counts;
    this.#verdict = new Verdict(settings.mode);
  }

  /** `nowMs`, here and below, must come from one clock shared by all workers. */
  static create(
    settings: ConcurrencySettings,
    workerCount: number,
    random: Random,
    nowMs: number,
  ): ConcurrencyLimit {
    const buffer = new SharedArrayBuffer(wordsBytes + doublesBytes + histogramBuckets * 4 + workerCount * 4);
    const limit = new ConcurrencyLimit(settings, buffer, VerdictCounts.create(workerCount), 0, random);
    limit.#setLimit(Math.min(settings.max, Math.max(settings.min, settings.initial)));
    limit.#doubles[double.stepDueMs] = nowMs + settings.intervalMs;
    limit.#doubles[double.baselineDueMs] = nowMs + stepsBeforeFirst * settings.intervalMs;
    return limit;
  }

  /** The same limit seen from a worker; settings may be newer ones. */
  static attach(
    share: ConcurrencyShare,
    workerIndex: number,
    settings: ConcurrencySettings,
    random: Random,
  ): ConcurrencyLimit {
    const counts = VerdictCounts.attach(share.counts, workerIndex);
    return new ConcurrencyLimit(settings, share.state, counts, workerIndex, random);
  }

  get share(): ConcurrencyShare {
    return { state: this.#buffer, counts: this.#counts.buffer };
  }

  /** What it has come to; a measurement in progress does not show. */
  get limit(): number {
    return Math.floor(this.#doubles[double.limit]!);
  }

  /** What applies to ordinary requests now: the least during a measurement. */
  get effectiveLimit(): number {
    return this.#words[word.limit]!;
  }

  get inFlight(): number {
    return Math.max(0, this.#words[word.inFlight]!);
  }

  /** Latency of the unloaded pool in ms; null until the first step. */
  get baselineMs(): number | null {
    const baseline = this.#doubles[double.baselineMs]!;
    return baseline > 0 ? baseline : null;
  }

  get isMeasuring(): boolean {
    return this.#words[word.isMeasuring] === 1;
  }

  /**
   * Takes a place in flight, exactly over all workers; `finished` must follow if it is given. Important
   * requests do not pay for measurements: for them the limit stays what it was.
   */
  tryStart(isImportant = false): boolean {
    const words = this.#words;
    for (;;) {
      const before = Atomics.load(words, word.inFlight);
      const isOver = before >= (isImportant ? this.limit : words[word.limit]!);
      if (isOver && this.settings.mode === "enforce") {
        this.#count("reject");
        return false;
      }
      if (Atomics.compareExchange(words, word.inFlight, before, before + 1) !== before) continue;
      if (before + 1 > words[word.peak]!) words[word.peak] = before + 1;
      this.#rows[this.#workerIndex] = this.#rows[this.#workerIndex]! + 1;
      this.#count(isOver ? "reject" : "admit");
      return true;
    }
  }

  /** Gives the place back. `isSample` is false for failures and for requests whose client left: they say nothing about latency. */
  finished(startedMs: number, nowMs: number, isSample: boolean): void {
    this.#rows[this.#workerIndex] = this.#rows[this.#workerIndex]! - 1;
    Atomics.sub(this.#words, word.inFlight, 1);
    if (isSample && startedMs >= this.#doubles[double.phaseStartMs]!) {
      this.#latency.recordShared(nowMs - startedMs);
      Atomics.add(this.#words, word.samples, 1);
    }
    if (this.#isStepDue(nowMs)) this.#step(nowMs);
  }

  read(): VerdictTotals {
    return this.#counts.read();
  }

  /** After worker `workerIndex` died: gives back its places, and the lock if it held it. */
  static releaseWorker({ state }: ConcurrencyShare, workerIndex: number): void {
    const words = new Int32Array(state, 0, wordsBytes / 4);
    const rows = new Int32Array(state, wordsBytes + doublesBytes + histogramBuckets * 4);
    Atomics.sub(words, word.inFlight, Atomics.exchange(rows, workerIndex, 0));
    Atomics.compareExchange(words, word.lock, workerIndex + 1, 0);
  }

  #count(judgement: "admit" | "reject"): void {
    this.#verdict.judgement = judgement;
    this.#counts.count(this.#verdict);
  }

  #isStepDue(nowMs: number): boolean {
    if (this.isMeasuring && this.#words[word.samples]! >= this.settings.baselineRequests) return true;
    return nowMs >= this.#doubles[double.stepDueMs]!;
  }

  #step(nowMs: number): void {
    if (Atomics.compareExchange(this.#words, word.lock, 0, this.#workerIndex + 1) !== 0) return;
    // Asked again under the lock: another worker may just have made the step.
    if (this.#isStepDue(nowMs)) {
      const medianMs = this.#latency.percentile(0.5);
      if (this.isMeasuring) this.#endMeasuring(medianMs, nowMs);
      else if (nowMs >= this.#doubles[double.baselineDueMs]!) this.#beginMeasuring(nowMs);
      else this.#adapt(medianMs, nowMs);
      this.#latency.counts.fill(0);
      this.#words[word.samples] = 0;
      this.#words[word.peak] = this.inFlight;
    }
    Atomics.store(this.#words, word.lock, 0);
  }

  #adapt(medianMs: number | null, nowMs: number): void {
    this.#doubles[double.stepDueMs] = nowMs + this.settings.intervalMs;
    if (medianMs === null) return;
    const known = this.#doubles[double.baselineMs]!;
    const baselineMs = known > 0 ? Math.min(known, medianMs) : medianMs;
    this.#doubles[double.baselineMs] = baselineMs;
    const current = this.#doubles[double.limit]!;
    const next = nextLimit(current, baselineMs, medianMs, this.settings);
    if (next <= current || this.#words[word.peak]! * 2 >= current) this.#setLimit(next);
  }

  #beginMeasuring(nowMs: number): void {
    this.#words[word.isMeasuring] = 1;
    this.#doubles[double.phaseStartMs] = nowMs;
    this.#doubles[double.stepDueMs] = nowMs + this.settings.baselineIntervalMs / 12;
    Atomics.store(this.#words, word.limit, Math.ceil(this.settings.min));
  }

  #endMeasuring(medianMs: number | null, nowMs: number): void {
    if (medianMs !== null) this.#doubles[double.baselineMs] = medianMs;
    const { baselineIntervalMs, intervalMs } = this.settings;
    this.#words[word.isMeasuring] = 0;
    this.#doubles[double.baselineDueMs] = nowMs + baselineIntervalMs * (1 + jitterMax * this.#random.next());
    this.#doubles[double.stepDueMs] = nowMs + intervalMs;
    this.#setLimit(this.#doubles[double.limit]!);
  }

  #setLimit(limit: number): void {
    this.#doubles[double.limit] = limit;
    Atomics.store(this.#words, word.limit, Math.floor(limit));
  }
}
