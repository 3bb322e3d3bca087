/**
 * Why requests failed during the last hour, grouped: cause × route × endpoint, how often, when, one
 * example, what it means and what to do. Fed by the workers' batches; bounded in groups and in time.
 */
import type { Clock } from "../core/clock.ts";
import { type Cause, errorRow, type ErrorSource, type ErrorStage } from "../core/errors.ts";
import { type FailureBatch, type FailureExample, type FailureTally, groupKey } from "./failure-collector.ts";

export interface DiagnosisRow {
  readonly cause: Cause;
  readonly source: ErrorSource;
  readonly stage: ErrorStage;
  /** What happened, one sentence. */
  readonly sentence: string;
  /** What to look at, one sentence. */
  readonly fix: string;
  readonly listener: string;
  /** "" when none matched. */
  readonly route: string;
  readonly pool: string;
  /** "" when none was involved. */
  readonly endpoint: string;
  /** Exchanges of the last hour that failed. */
  readonly failed: number;
  /** Attempts of the last hour that failed and that another attempt made good. */
  readonly recovered: number;
  readonly firstSeenWallMs: number;
  readonly lastSeenWallMs: number;
  /** The latest. */
  readonly example: FailureExample;
}

export interface DiagnosisReport {
  /** The most frequent first. */
  readonly rows: readonly DiagnosisRow[];
  /** Failures that found no group, since the start. */
  readonly ungrouped: number;
}

const minuteMs = 60_000;
const minutes = 60;

/** One group's counts per minute, in rings over the last hour. */
interface Group {
  readonly kind: Pick<FailureTally, "cause" | "listener" | "route" | "pool" | "endpoint">;
  readonly failed: Uint32Array;
  readonly recovered: Uint32Array;
  /** The minute since 1970 that was written last. */
  minute: number;
  readonly firstSeenWallMs: number;
  lastSeenWallMs: number;
  example: FailureExample;
}

export class Diagnosis {
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #groupsMax: number;
  readonly #groups = new Map<string, Group>();
  #ungrouped = 0;

  /** `groupsMax`: when there are more, the one seen longest ago is forgotten. */
  constructor(clock: Pick<Clock, "wallMs">, groupsMax = 1000) {
    this.#clock = clock;
    this.#groupsMax = groupsMax;
  }

  addBatch(batch: FailureBatch): void {
    this.#ungrouped += batch.ungrouped;
    const minute = Math.floor(this.#clock.wallMs() / minuteMs);
    for (const tally of batch.tallies) this.#add(tally, minute);
  }

  /** The last hour. */
  report(): DiagnosisReport {
    const minute = Math.floor(this.#clock.wallMs() / minuteMs);
    const rows: DiagnosisRow[] = [];
    for (const [key, group] of this.#groups) {
      turnTo(group, minute);
      const row = rowOf(group);
      if (row.failed + row.recovered > 0) rows.push(row);
      else this.#groups.delete(key);
    }
    rows.sort(
      (a, b) => b.failed - a.failed || b.recovered - a.recovered || b.lastSeenWallMs - a.lastSeenWallMs,
    );
    return { rows, ungrouped: this.#ungrouped };
  }

  /** Forgets everything, as an operator wants after a repair. */
  clear(): void {
    this.#groups.clear();
    this.#ungrouped = 0;
  }

  #add(tally: FailureTally, minute: number): void {
    const key = groupKey(tally);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = newGroup(tally, minute);
      if (this.#groups.size >= this.#groupsMax) this.#forgetOldest();
    } else {
      // The map's order is that of the last sighting, the oldest first.
      this.#groups.delete(key);
    }
    this.#groups.set(key, group);
    turnTo(group, minute);
    const place = minute % minutes;
    group.failed[place] = group.failed[place]! + tally.failed;
    group.recovered[place] = group.recovered[place]! + tally.recovered;
    group.lastSeenWallMs = Math.max(group.lastSeenWallMs, tally.lastWallMs);
    group.example = tally.example;
  }

  #forgetOldest(): void {
    const oldest = this.#groups.keys().next();
    if (oldest.done !== true) this.#groups.delete(oldest.value);
  }
}

function newGroup(tally: FailureTally, minute: number): Group {
  const { cause, listener, route, pool, endpoint, firstWallMs, lastWallMs, example } = tally;
  return {
    kind: { cause, listener, route, pool, endpoint },
    failed: new Uint32Array(minutes),
    recovered: new Uint32Array(minutes),
    minute,
    firstSeenWallMs: firstWallMs,
    lastSeenWallMs: lastWallMs,
    example,
  };
}

/** Empties the minutes that have passed since the group was written; a clock set back empties nothing. */
function turnTo(group: Group, minute: number): void {
  const passed = Math.min(minute - group.minute, minutes);
  for (let back = 0; back < passed; back++) {
    const place = (minute - back) % minutes;
    group.failed[place] = 0;
    group.recovered[place] = 0;
  }
  group.minute = Math.max(group.minute, minute);
}

function rowOf(group: Group): DiagnosisRow {
  const { source, stage, sentence, fix } = errorRow(group.kind.cause);
  const { firstSeenWallMs, lastSeenWallMs, example } = group;
  const failed = sum(group.failed);
  const recovered = sum(group.recovered);
  return {
    ...group.kind,
    source,
    stage,
    sentence,
    fix,
    failed,
    recovered,
    firstSeenWallMs,
    lastSeenWallMs,
    example,
  };
}

function sum(counts: Uint32Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
