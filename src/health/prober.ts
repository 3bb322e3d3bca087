/**
 * When endpoints are probed. Each has its own rhythm: interval plus jitter, counted from the start of the
 * probe before, one probe of it at a time. How many run at once over all endpoints is bounded. What an
 * answer means for the endpoint is `endpoint-health.ts`'s business.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { EndpointHealth } from "./endpoint-health.ts";
import type { Probe, ProbeResult, ProbeTarget } from "./probe.ts";

export interface ProbeSchedule {
  /** From the start of one probe to the start of the next. */
  readonly intervalMs: number;
  /** The same while the endpoint is down; null for no difference. */
  readonly downIntervalMs: number | null;
  readonly timeoutMs: number;
  /** Share of the interval, 0 to 1, of which a random part is added or taken away. */
  readonly jitter: number;
}

/** An endpoint as the prober sees it. */
export interface ProbeSubject {
  /** For logs. */
  readonly name: string;
  readonly health: EndpointHealth;
  readonly probe: Probe;
  readonly schedule: ProbeSchedule;
  /** Where it is now; null while its name has no address, which counts as a failed probe. */
  target(): ProbeTarget | null;
  /** Told of every answer, after `health` has taken it in. */
  onProbed?(result: ProbeResult): void;
}

export interface ProberParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Probes under way at once; more wait their turn. */
  readonly concurrentMax?: number;
}

/** First probes are spread over this long (or the interval, if shorter), so that a start is no volley. */
const firstSpreadMs = 500;

const unresolved: ProbeResult = {
  isOk: false,
  latencyMs: 0,
  cause: "name-unresolved",
  detail: "the name has no address",
};

type Phase =
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "queued" }
  | { readonly kind: "probing"; readonly giveUp: () => void }
  | { readonly kind: "answered" }
  | { readonly kind: "removed" };

interface Course {
  readonly subject: ProbeSubject;
  phase: Phase;
  startedMs: number;
  /** Somebody asked for a probe while one was under way. */
  isAgainWanted: boolean;
}

export class Prober {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #concurrentMax: number;
  readonly #courses = new Map<ProbeSubject, Course>();
  readonly #queue: Course[] = [];
  #runningCount = 0;

  constructor(parts: ProberParts) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#log = parts.log;
    this.#concurrentMax = parts.concurrentMax ?? 256;
  }

  /** Probes `subject` from now on. A subject is added once. */
  add(subject: ProbeSubject): void {
    const spreadMs = Math.min(firstSpreadMs, subject.schedule.intervalMs);
    const course: Course = { subject, phase: { kind: "answered" }, startedMs: 0, isAgainWanted: false };
    this.#courses.set(subject, course);
    this.#wait(course, this.#random.next() * spreadMs);
  }

  /** No more probes; the answer of one under way is dropped. */
  remove(subject: ProbeSubject): void {
    const course = this.#courses.get(subject);
    if (course === undefined) return;
    this.#courses.delete(subject);
    const { phase } = course;
    course.phase = { kind: "removed" };
    if (phase.kind === "waiting") phase.timer.cancel();
    if (phase.kind === "queued") this.#queue.splice(this.#queue.indexOf(course), 1);
    if (phase.kind === "probing") {
      phase.giveUp();
      this.#ended();
    }
  }

  /** Traffic raised a doubt: probe without waiting for the interval. At most one extra probe is kept in mind. */
  probeSoon(subject: ProbeSubject): void {
    const course = this.#courses.get(subject);
    if (course?.phase.kind === "probing") course.isAgainWanted = true;
    if (course?.phase.kind !== "waiting") return;
    course.phase.timer.cancel();
    this.#due(course);
  }

  close(): void {
    for (const subject of this.#courses.keys()) this.remove(subject);
  }

  #wait(course: Course, delayMs: number): void {
    course.phase = { kind: "waiting", timer: this.#clock.setTimer(delayMs, () => this.#due(course)) };
  }

  #due(course: Course): void {
    if (this.#runningCount < this.#concurrentMax) {
      this.#start(course);
      return;
    }
    course.phase = { kind: "queued" };
    this.#queue.push(course);
  }

  #start(course: Course): void {
    const { subject } = course;
    course.startedMs = this.#clock.nowMs();
    course.isAgainWanted = false;
    const target = subject.target();
    if (target === null) {
      course.phase = { kind: "answered" };
      this.#answered(course, unresolved);
      return;
    }
    this.#runningCount++;
    const giveUp = subject.probe.probe(target, subject.schedule.timeoutMs, (result) => {
      if (course.phase.kind !== "probing") return;
      course.phase = { kind: "answered" };
      this.#ended();
      this.#answered(course, result);
    });
    course.phase = { kind: "probing", giveUp };
  }

  #answered(course: Course, result: ProbeResult): void {
    const { subject } = course;
    if (this.#log.isDebug) {
      this.#log.debug(result.isOk ? "probe passed" : "probe failed", {
        endpoint: subject.name,
        answer: result.detail,
        latencyMs: Math.round(result.latencyMs * 10) / 10,
      });
    }
    const phaseBefore = course.phase;
    subject.health.probed(result);
    subject.onProbed?.(result);
    // Whoever heard of a change may have removed the subject.
    if (course.phase === phaseBefore) this.#wait(course, this.#delayAfter(course));
  }

  #ended(): void {
    this.#runningCount--;
    const next = this.#queue.shift();
    if (next !== undefined) this.#start(next);
  }

  #delayAfter(course: Course): number {
    if (course.isAgainWanted) return 0;
    const { intervalMs, downIntervalMs, jitter } = course.subject.schedule;
    const baseMs = course.subject.health.isUsable ? intervalMs : (downIntervalMs ?? intervalMs);
    const jitteredMs = baseMs * (1 + jitter * (2 * this.#random.next() - 1));
    return Math.max(0, course.startedMs + jitteredMs - this.#clock.nowMs());
  }
}
