/**
 * Learns from traffic which endpoints of a pool stand out, and takes them out for a while. Rows of failures
 * and probation are judged at every `check`; rates and latencies once per interval, against the peers.
 * It reads counters and reports transitions; it never touches a request.
 *
 * How many at once: at most `shareMax` of the endpoints, but one may always be; never the last one that
 * probes and this detector leave in service.
 */
import type { PoolConfig } from "../config/schema-pool.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { Ejection, type EjectionState, type EjectionTimes, type OutlierCause } from "./ejection.ts";
import {
  failureShareOutliers,
  latencyOutliers,
  successRateOutliers,
  type Interval,
  type Outlier,
} from "./peer-comparison.ts";
import type { TrafficReadings } from "./traffic-record.ts";

export type OutlierConfig = NonNullable<PoolConfig["outlier"]>;

/** An endpoint as the detector sees it. */
export interface OutlierSubject {
  readonly name: string;
  readonly traffic: TrafficReadings & { forgetRows(): void };
  /** Probes and operator let it serve. Those that do not are no peers. */
  readonly isInService: boolean;
}

export interface OutlierChange<S> {
  readonly subject: S;
  readonly from: EjectionState["kind"];
  readonly to: EjectionState["kind"];
  /** Null when it is admitted or put on probation. */
  readonly cause: OutlierCause | null;
  /** For people. */
  readonly reason: string;
  /** How long an ejection will last; null for other changes. */
  readonly durationMs: number | null;
  /** Only observed: nothing is to be done, but counted. */
  readonly isObserved: boolean;
}

export interface OutlierParts<S> {
  readonly clock: Clock;
  readonly random: Random;
  readonly config: OutlierConfig;
  readonly onChange: (change: OutlierChange<S>) => void;
}

interface Member {
  readonly ejection: Ejection;
  successesBefore: number;
  failuresBefore: number;
  latencyMsSumBefore: number;
  /** The cap spared it in this interval, which is counted once. */
  isSpared: boolean;
}

/** How often rows of failures are looked at without being asked. */
const checkMs = 100;

export class OutlierDetection<S extends OutlierSubject> {
  /** Ejections that the cap prevented. */
  sparedCount = 0;
  readonly #parts: OutlierParts<S>;
  readonly #times: EjectionTimes;
  readonly #isObserving: boolean;
  #members = new Map<S, Member>();
  #ejectedCount = 0;
  #timer: Timer | null = null;
  #intervalEndsMs: number;

  constructor(parts: OutlierParts<S>) {
    this.#parts = parts;
    const { ejection, interval, mode } = parts.config;
    this.#times = { baseMs: ejection.base, maxMs: ejection.max, jitter: ejection.jitter };
    this.#isObserving = mode === "observe";
    this.#intervalEndsMs = parts.clock.nowMs() + interval;
  }

  /** The endpoints of the pool from now on. Those that stay keep their standing. */
  setSubjects(subjects: readonly S[]): void {
    this.#members = new Map(
      subjects.map((subject) => [subject, this.#members.get(subject) ?? newMember(subject)]),
    );
    const members = [...this.#members.values()];
    this.#ejectedCount = members.filter(({ ejection }) => ejection.state.kind === "ejected").length;
  }

  /** Looks by itself from now on: ten times a second, and at the end of each interval. */
  start(): void {
    this.#timer = this.#parts.clock.setTimer(checkMs, () => {
      this.start();
      this.checkAll();
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** What is to be done about the endpoint: while only observing, nothing. */
  stateOf(subject: S): EjectionState {
    const state = this.#members.get(subject)?.ejection.state;
    return state === undefined || this.#isObserving ? { kind: "admitting" } : state;
  }

  checkAll(): void {
    const isIntervalOver = this.#parts.clock.nowMs() >= this.#intervalEndsMs;
    if (isIntervalOver) this.#judgeInterval();
    for (const subject of this.#members.keys()) this.check(subject);
  }

  /** Judges one endpoint's row of failures, or its time out. For use after a failure; cheap. */
  check(subject: S): void {
    const member = this.#members.get(subject);
    if (member === undefined) return;
    const { state } = member.ejection;
    switch (state.kind) {
      case "admitting":
        this.#judgeRows(subject, member);
        break;
      case "ejected":
        if (this.#parts.clock.nowMs() >= state.untilMs)
          this.#endEjection(subject, member, "its time is over");
        break;
      case "probation":
        this.#judgeProbation(subject, member, state.successesBefore, state.failuresBefore);
        break;
    }
  }

  /** A probe passed. That disproves only what a probe can try: getting an answer at all. */
  probePassed(subject: S): void {
    const member = this.#members.get(subject);
    const state = member?.ejection.state;
    if (member === undefined || state?.kind !== "ejected" || state.cause !== "local-failures-in-row") return;
    this.#endEjection(subject, member, "a probe passed");
  }

  /** Probes found it down and now up again: what it did before belongs to another life. */
  probeRecovered(subject: S): void {
    const member = this.#members.get(subject);
    if (member === undefined) return;
    subject.traffic.forgetRows();
    if (member.ejection.state.kind === "ejected")
      this.#endEjection(subject, member, "probes brought it back");
  }

  #judgeRows(subject: S, member: Member): void {
    const { traffic } = subject;
    const { errors, gatewayErrors, localErrors } = this.#parts.config.consecutive;
    const rows: readonly (readonly [OutlierCause, number, number, string])[] = [
      [
        "local-failures-in-row",
        traffic.localFailuresInRow,
        localErrors,
        "attempts in a row without an answer",
      ],
      [
        "gateway-failures-in-row",
        traffic.gatewayFailuresInRow,
        gatewayErrors,
        "answers 502, 503 or 504 in a row",
      ],
      ["failures-in-row", traffic.failuresInRow, errors, "failures in a row"],
    ];
    const broken = rows.find(([, count, threshold]) => count >= threshold);
    if (broken === undefined) return;
    const [rule, count, , what] = broken;
    // A row without a single answer is news that a probe can disprove, whichever rule it broke.
    const isSilent = rule === "failures-in-row" && traffic.localFailuresInRow >= count;
    const cause = isSilent ? "local-failures-in-row" : rule;
    this.#eject(subject, member, cause, `${count} ${what}`);
  }

  #judgeProbation(subject: S, member: Member, successesBefore: number, failuresBefore: number): void {
    const { successes, failures } = subject.traffic;
    const wanted = this.#parts.config.probation.requests;
    if (failures > failuresBefore)
      this.#eject(subject, member, "probation-failed", "a request of its probation failed");
    else if (successes - successesBefore >= wanted)
      this.#admit(subject, member, `${wanted} requests succeeded`);
  }

  #judgeInterval(): void {
    this.#intervalEndsMs = this.#parts.clock.nowMs() + this.#parts.config.interval;
    const intervals: Interval<S>[] = [];
    for (const [subject, member] of this.#members) {
      const interval = takeInterval(subject, member);
      if (subject.isInService && member.ejection.state.kind === "admitting") intervals.push(interval);
    }
    const { successRate, failureShare, latency } = this.#parts.config;
    const found: readonly (readonly [OutlierCause, readonly Outlier<S>[]])[] = [
      ["success-rate", successRate === null ? [] : successRateOutliers(intervals, successRate)],
      ["failure-share", failureShare === null ? [] : failureShareOutliers(intervals, failureShare)],
      ["latency", latency === null ? [] : latencyOutliers(intervals, latency)],
    ];
    const outliers = new Set<S>();
    for (const [cause, list] of found) {
      for (const { subject, detail } of list) {
        const member = this.#members.get(subject);
        if (member === undefined || outliers.has(subject)) continue;
        outliers.add(subject);
        this.#eject(subject, member, cause, detail);
      }
    }
    for (const { subject } of intervals)
      if (!outliers.has(subject)) this.#members.get(subject)?.ejection.hadGoodInterval();
  }

  #eject(subject: S, member: Member, cause: OutlierCause, detail: string): void {
    const from = member.ejection.state.kind;
    if (!this.#mayEject(subject)) {
      if (!member.isSpared) this.sparedCount++;
      member.isSpared = true;
      // Still failing, but needed: a probation that cannot end in ejection is over.
      if (from === "probation") this.#admit(subject, member, "too many others are out");
      return;
    }
    const { clock, random } = this.#parts;
    const durationMs = member.ejection.eject(cause, detail, this.#times, clock, random);
    this.#tell(subject, from, "ejected", cause, detail, durationMs);
  }

  #mayEject(candidate: S): boolean {
    const outMax = Math.max(1, Math.floor(this.#members.size * this.#parts.config.ejection.shareMax));
    if (this.#ejectedCount >= outMax) return false;
    for (const [subject, { ejection }] of this.#members) {
      if (subject !== candidate && subject.isInService && ejection.state.kind !== "ejected") return true;
    }
    return false;
  }

  #endEjection(subject: S, member: Member, reason: string): void {
    subject.traffic.forgetRows();
    // Nothing was withheld while observing, so there is nothing to try.
    if (this.#isObserving || this.#parts.config.probation.requests === 0) {
      this.#admit(subject, member, reason);
      return;
    }
    member.ejection.beginProbation(subject.traffic);
    this.#tell(subject, "ejected", "probation", null, reason, null);
  }

  #admit(subject: S, member: Member, reason: string): void {
    const from = member.ejection.state.kind;
    subject.traffic.forgetRows();
    member.ejection.admit();
    this.#tell(subject, from, "admitting", null, reason, null);
  }

  #tell(
    subject: S,
    from: EjectionState["kind"],
    to: EjectionState["kind"],
    cause: OutlierCause | null,
    reason: string,
    durationMs: number | null,
  ): void {
    this.#ejectedCount += (to === "ejected" ? 1 : 0) - (from === "ejected" ? 1 : 0);
    this.#parts.onChange({ subject, from, to, cause, reason, durationMs, isObserved: this.#isObserving });
  }
}

function newMember({ traffic }: OutlierSubject): Member {
  return {
    ejection: new Ejection(),
    successesBefore: traffic.successes,
    failuresBefore: traffic.failures,
    latencyMsSumBefore: traffic.successLatencyMsSum,
    isSpared: false,
  };
}

/** What came since the last call, and begins the next interval. */
function takeInterval<S extends OutlierSubject>(subject: S, member: Member): Interval<S> {
  const { successes, failures, successLatencyMsSum } = subject.traffic;
  const gained = successes - member.successesBefore;
  const interval = {
    subject,
    successes: gained,
    failures: failures - member.failuresBefore,
    meanLatencyMs: gained === 0 ? null : (successLatencyMsSum - member.latencyMsSumBefore) / gained,
  };
  member.successesBefore = successes;
  member.failuresBefore = failures;
  member.latencyMsSumBefore = successLatencyMsSum;
  member.isSpared = false;
  return interval;
}
