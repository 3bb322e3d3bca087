/**
 * A rate limit per key, counted exactly over all worker threads: the generic cell rate algorithm
 * (ITU-T I.371, virtual scheduling). Per key it keeps one number, the theoretical arrival time (TAT):
 * when the key would be back to owing nothing. A request conforms while TAT − now ≤ burst × interval,
 * and then moves TAT on by one interval. A refused request costs nothing.
 *
 * TAT is a 32-bit count of units on a circle, changed by compare-and-exchange (a lone worker just stores):
 *
 *        … long ago │ now │ burst × interval │ delay, if allowed │ never …
 *        owes nothing ────┼── passes ────────┼── held back ──────┼ refused
 *
 * A whole number of units makes one interval, so rates are exact; a unit is 1 µs, or the horizon/2^26
 * if that is more. So that no old TAT comes round the circle and looks like debt, whoever checks first
 * after half an hour (less at rates above a million per second) sets all settled ones to now.
 *
 * Memory is fixed at creation. When a flood of keys fills a bucket, the key that owes least is
 * forgotten: single requests by the thousand forget each other, heavy users are remembered longest.
 * A forgotten key starts with its whole burst again. Nobody is refused for lack of memory.
 */
import type { Random } from "../core/random.ts";
import { KeyTable, type ValueRules } from "./key-table.ts";
import { type LimitMode, Verdict, VerdictCounts, type VerdictTotals } from "./verdict.ts";

export interface RateLimitSettings {
  /** `requests` per `periodMs`, evenly spread. */
  readonly requests: number;
  readonly periodMs: number;
  /** Requests that may come at once beyond the even pace. */
  readonly burst: number;
  /** Longest time a request too early is held back before it is refused instead; 0 refuses at once. */
  readonly delayMaxMs: number;
  /** Keys remembered. */
  readonly keysMax: number;
  readonly mode: LimitMode;
}

/** What other workers need to join; plain data for a message. */
export interface RateLimiterShare {
  readonly table: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
}

const unitMinMs = 0.001;
const horizonUnitsMax = 2 ** 26;
/** Further ahead than any debt and the threads' clocks can differ; anything beyond is the distant past. */
const aheadMax = 2 ** 30;
/** No single request reaches the distant past, however much it costs. */
const chargeMax = 2 ** 29;
const sweepMaxMs = 30 * 60_000;
/** For rounding to seconds and for clocks that differ a little between threads. */
const sweepSlackMs = 2000;

export class RateLimiter implements ValueRules {
  readonly settings: RateLimitSettings;
  readonly #table: KeyTable;
  readonly #counts: VerdictCounts;
  readonly #verdict: Verdict;
  readonly #unitMs: number;
  readonly #interval: number;
  readonly #burst: number;
  readonly #tolerance: number;
  readonly #horizonMs: number;
  readonly #sweepEveryMs: number;
  /** One worker only: a plain store does, which makes a check a quarter cheaper (`bench/limits.ts`). */
  readonly #isAlone: boolean;
  #nextSweepMs = Number.NEGATIVE_INFINITY;
  #now = 0;

  private constructor(settings: RateLimitSettings, table: KeyTable, counts: VerdictCounts) {
    this.settings = settings;
    this.#table = table;
    this.#counts = counts;
    this.#verdict = new Verdict(settings.mode);
    this.#isAlone = counts.isAlone;
    const intervalMs = settings.periodMs / settings.requests;
    this.#horizonMs = (settings.burst + 1) * intervalMs + settings.delayMaxMs;
    const unitMs = Math.max(unitMinMs, this.#horizonMs / horizonUnitsMax);
    this.#interval = Math.max(1, Math.floor(intervalMs / unitMs));
    this.#unitMs = intervalMs / this.#interval;
    this.#burst = settings.burst * this.#interval;
    this.#tolerance = this.#burst + Math.floor(settings.delayMaxMs / this.#unitMs);
    this.#sweepEveryMs = Math.min(sweepMaxMs, aheadMax * this.#unitMs);
  }

  /** `nowMs`, here and below, must come from one clock shared by all workers. */
  static create(
    settings: RateLimitSettings,
    workerCount: number,
    random: Random,
    nowMs: number,
  ): RateLimiter {
    const table = KeyTable.create(settings.keysMax, random);
    const limiter = new RateLimiter(settings, table, VerdictCounts.create(workerCount));
    limiter.#setNow(nowMs);
    table.sweep(limiter, true);
    table.endSweep(secondOf(nowMs));
    return limiter;
  }

  /** The same limit seen from a worker. `settings` must be those it was created with: other rates want a new limiter. */
  static attach(share: RateLimiterShare, workerIndex: number, settings: RateLimitSettings): RateLimiter {
    return new RateLimiter(
      settings,
      KeyTable.attach(share.table),
      VerdictCounts.attach(share.counts, workerIndex),
    );
  }

  get share(): RateLimiterShare {
    return { table: this.#table.buffer, counts: this.#counts.buffer };
  }

  /**
   * Judges one request of `key`, or one of `cost` requests (bytes, tokens), and charges it if it passes.
   * The verdict is reused by the next check.
   */
  check(key: string, nowMs: number, cost = 1): Verdict {
    const verdict = this.#verdict;
    this.#setNow(nowMs);
    if (!(nowMs < this.#nextSweepMs)) this.#sweepIfDue(nowMs);
    const owed = this.#charge(key, Math.min(chargeMax, Math.round(cost * this.#interval)));
    verdict.isTracked = owed >= 0;
    this.#fill(verdict, Math.max(0, owed), cost);
    this.#counts.count(verdict);
    return verdict;
  }

  read(): VerdictTotals & { readonly forgotten: number } {
    return { ...this.#counts.read(), forgotten: this.#table.forgottenCount };
  }

  // ValueRules

  readonly mayForget = true;

  get emptyValue(): number {
    return this.#now;
  }

  owedOf(tat: number): number {
    const ahead = (tat - this.#now) | 0;
    return ahead > 0 && ahead <= aheadMax ? ahead : 0;
  }

  isOld(tat: number): boolean {
    const ahead = (tat - this.#now) | 0;
    return ahead < -aheadMax / 2 || ahead > aheadMax;
  }

  /** What the key owed before this request, in units; charged unless that is over the tolerance. −1: not tracked. */
  #charge(key: string, charge: number): number {
    const { words } = this.#table;
    let index = this.#table.find(key, this);
    while (index !== -1) {
      const tat = words[index]!;
      const owed = this.owedOf(tat);
      if (owed > this.#tolerance) {
        if (this.#table.holds(index)) return owed;
        index = this.#table.find(key, this);
        continue;
      }
      const charged = (this.#now + owed + charge) | 0;
      if (this.#isAlone) {
        words[index] = charged;
        return owed;
      }
      if (Atomics.compareExchange(words, index, tat, charged) !== tat) {
        // Somebody else was faster; or the slot changed hands, then the key has another one by now.
        if (!this.#table.holds(index)) index = this.#table.find(key, this);
        continue;
      }
      if (this.#table.holds(index)) return owed;
      Atomics.sub(words, index, charge);
      index = this.#table.find(key, this);
    }
    return -1;
  }

  #fill(verdict: Verdict, owed: number, cost: number): void {
    const isRejected = owed > this.#tolerance;
    const after = isRejected ? owed : owed + cost * this.#interval;
    verdict.judgement = isRejected ? "reject" : owed > this.#burst ? "delay" : "admit";
    verdict.delayMs = verdict.judgement === "delay" ? (owed - this.#burst) * this.#unitMs : 0;
    verdict.retryAfterMs = isRejected ? (owed - this.#tolerance) * this.#unitMs : 0;
    verdict.remaining = after > this.#burst ? 0 : Math.floor((this.#burst - after) / this.#interval) + 1;
    verdict.resetMs = after * this.#unitMs;
  }

  #setNow(nowMs: number): void {
    this.#now = Math.floor(nowMs / this.#unitMs) | 0;
  }

  /**
   * Every check made later than the interval after a sweep comes here first. So if the last sweep is
   * clearly older than that, nobody was charged since, and whatever still seems owed is an illusion.
   */
  #sweepIfDue(nowMs: number): void {
    const seen = this.#table.awaitSweep();
    const elapsedMs = ((secondOf(nowMs) - seen) | 0) * 1000;
    const isDue = elapsedMs < -sweepSlackMs || elapsedMs >= this.#sweepEveryMs;
    this.#nextSweepMs = nowMs + this.#sweepEveryMs - (isDue ? 0 : Math.max(0, elapsedMs));
    if (!isDue) return;
    if (!this.#table.beginSweep(seen)) {
      this.#table.awaitSweep();
      return;
    }
    this.#table.sweep(this, elapsedMs < 0 || elapsedMs > this.#sweepEveryMs + this.#horizonMs + sweepSlackMs);
    this.#table.endSweep(secondOf(nowMs));
  }
}

function secondOf(nowMs: number): number {
  return Math.floor(nowMs / 1000) | 0;
}
