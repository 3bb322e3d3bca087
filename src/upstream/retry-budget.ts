/**
 * Bounds what retries and hedges add to a pool's load, over all workers, so that a dying pool is not
 * buried under its own retries. Decides whether one more may start; not what is worth retrying.
 *
 * Finagle's rule for the share: each request deposits `share` of a retry, each retry takes a whole one,
 * deposits are forgotten after ten seconds; so over any ten seconds retries stay below `share` of the
 * requests, whatever their latency (Envoy's rule of retries in flight lets through share/(1 − share)).
 * Envoy's rule for the floor: below `floor` retries in flight one more is allowed, so that quiet pools
 * retry at all; it takes its deposit too and may put the account into debt. Unlike Envoy's, the debt is
 * bounded to `floor` retries for each second of the ten: retries that fail at once are never many in
 * flight, and would all pass otherwise.
 *
 *   retries in flight │ second │ 11 seconds' accounts (Int32, thousandths of a retry) │ in flight per worker
 *                                 ten count, the eleventh stands cleared for the next second
 */
import { assert } from "../core/assert.ts";

export interface RetryBudgetSettings {
  /** Retries per request, 0 to 1. */
  readonly share: number;
  /** Retries in flight, and a second, that are always allowed. */
  readonly floor: number;
}

const seconds = 11;
const secondsCounted = seconds - 1;
const word = { inFlight: 0, second: 1, accounts: 2, rows: 2 + seconds } as const;
const one = 1000;

export class RetryBudget {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #ownWord: number;
  readonly #deposit: number;
  readonly #floor: number;

  private constructor(buffer: SharedArrayBuffer, workerIndex: number, settings: RetryBudgetSettings) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#ownWord = word.rows + workerIndex;
    assert(workerIndex >= 0 && this.#ownWord < this.#words.length, "the worker has a row in the budget");
    this.#deposit = Math.round(settings.share * one);
    this.#floor = settings.floor;
  }

  static create(workerCount: number, settings: RetryBudgetSettings): RetryBudget {
    return new RetryBudget(new SharedArrayBuffer((word.rows + workerCount) * 4), 0, settings);
  }

  /** The same budget seen from a worker; settings may be newer ones, the account goes on. */
  static attach(buffer: SharedArrayBuffer, workerIndex: number, settings: RetryBudgetSettings): RetryBudget {
    return new RetryBudget(buffer, workerIndex, settings);
  }

  /** A request came in (its first attempt). `nowMs` must come from one clock shared by all workers. */
  requestStarted(nowMs: number): void {
    Atomics.add(this.#words, this.#accountAt(nowMs), this.#deposit);
  }

  /**
   * Takes leave for one more retry or hedge; `finished` must follow if it is given. Workers that ask in
   * the same instant may overdraw by one retry each, which the account then owes.
   */
  tryStart(nowMs: number): boolean {
    const account = this.#accountAt(nowMs);
    const balance = this.#balance();
    if (balance < one) {
      const isBeyondFloor = Atomics.load(this.#words, word.inFlight) >= this.#floor;
      if (isBeyondFloor || balance < one - this.#floor * secondsCounted * one) return false;
    }
    this.#take(account);
    return true;
  }

  /** Counts a retry that was started whatever the budget says; `finished` must follow. */
  start(nowMs: number): void {
    this.#take(this.#accountAt(nowMs));
  }

  #take(account: number): void {
    Atomics.sub(this.#words, account, one);
    Atomics.add(this.#words, word.inFlight, 1);
    this.#words[this.#ownWord] = this.#words[this.#ownWord]! + 1;
  }

  /** A retry that was given leave has ended. */
  finished(): void {
    this.#words[this.#ownWord] = this.#words[this.#ownWord]! - 1;
    Atomics.sub(this.#words, word.inFlight, 1);
  }

  /** Retries in flight now, over all workers. */
  get inFlight(): number {
    return Atomics.load(this.#words, word.inFlight);
  }

  /** Retries that the share alone would allow now; negative while in debt. */
  balance(nowMs: number): number {
    this.#accountAt(nowMs);
    return this.#balance() / one;
  }

  /** After a worker died: gives back what it had in flight. */
  releaseWorker(workerIndex: number): void {
    Atomics.sub(this.#words, word.inFlight, Atomics.exchange(this.#words, word.rows + workerIndex, 0));
  }

  #balance(): number {
    let sum = 0;
    for (let index = 0; index < seconds; index++) sum += this.#words[word.accounts + index]!;
    return sum;
  }

  /** Word of the current second's account, after clearing those that are too old. */
  #accountAt(nowMs: number): number {
    const second = Math.floor(nowMs / 1000) | 0;
    const seen = this.#words[word.second]!;
    if (second !== seen) this.#turn(seen, second);
    return word.accounts + (second % seconds);
  }

  /** Whoever moves the second on clears the account after it; ten others still count. */
  #turn(seen: number, second: number): void {
    const elapsed = second - seen;
    // A clock of another worker may be a little behind: it writes into its own second.
    if (elapsed < 0 && elapsed > -seconds + 1) return;
    if (Atomics.compareExchange(this.#words, word.second, seen, second) !== seen) return;
    const stale = elapsed < 0 || elapsed >= seconds ? seconds : elapsed;
    for (let back = 0; back < stale; back++) {
      Atomics.store(this.#words, word.accounts + ((second + 1 - back + seconds) % seconds), 0);
    }
  }
}
