/**
 * Refuses the least important requests first when a pool fills up, so that room is left for the
 * others. Knows only a load (in use over limit) and a class; what the load is of is the caller's.
 *
 *   load 0 ───── low 70 % ───── normal 90 % ───── 100 %
 *   high   passes      passes          passes      refused
 *   normal passes      passes          more and more refused
 *   low    passes      more and more refused ───── refused
 */
import type { Random } from "../core/random.ts";
import { type LimitMode, Verdict, type VerdictCounts, type VerdictTotals } from "./verdict.ts";

export interface SheddingSettings {
  /** Load, 0 to 1, from which requests of low priority are refused. */
  readonly lowFrom: number;
  /** The same for normal priority. High ones are refused at full load only. */
  readonly normalFrom: number;
  /** How steeply refusals grow from there to full load; 1 grows evenly, more grows faster at first. */
  readonly aggression: number;
  /** Told to those refused. */
  readonly retryAfterMs: number;
  readonly mode: LimitMode;
}

export type ShedClass = "high" | "normal" | "low";

/** Probability of refusal at `load`: 0 up to `from`, 1 at full load, between them (part of the way)^(1/aggression). */
export function refusalProbability(load: number, from: number, aggression: number): number {
  if (load <= from) return 0;
  return load >= 1 ? 1 : ((load - from) / (1 - from)) ** (1 / aggression);
}

export class LoadShedder {
  readonly settings: SheddingSettings;
  readonly #random: Random;
  readonly #counts: VerdictCounts;
  readonly #verdict: Verdict;

  constructor(settings: SheddingSettings, random: Random, counts: VerdictCounts) {
    this.settings = settings;
    this.#random = random;
    this.#counts = counts;
    this.#verdict = new Verdict(settings.mode);
    this.#verdict.retryAfterMs = settings.retryAfterMs;
  }

  /** Judges a request of `priority` with `inUse` of `limit` places taken. The verdict is reused. */
  judge(priority: ShedClass, inUse: number, limit: number): Verdict {
    const isFull = inUse >= limit;
    // Load as it would be with this request: so the last place is never taken by an unimportant one.
    const probability = isFull
      ? 1
      : refusalProbability((inUse + 1) / limit, this.#from(priority), this.settings.aggression);
    const isRefused = probability > 0 && (probability >= 1 || this.#random.next() < probability);
    this.#verdict.judgement = isRefused ? "reject" : "admit";
    this.#counts.count(this.#verdict);
    return this.#verdict;
  }

  read(): VerdictTotals {
    return this.#counts.read();
  }

  #from(priority: ShedClass): number {
    if (priority === "low") return this.settings.lowFrom;
    return priority === "normal" ? this.settings.normalFrom : Number.POSITIVE_INFINITY;
  }
}
