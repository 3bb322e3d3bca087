/**
 * Outlier detection of all pools: reads what the workers counted, and writes who is ejected or on
 * probation into the shared state, where every worker sees it at once.
 */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { type OutlierChange, OutlierDetection, type OutlierSubject } from "../health/outlier-detection.ts";
import type { EndpointState } from "../upstream/endpoint-state.ts";
import type { SharedEndpoint, SharedPool, SharedState } from "./shared-state.ts";

/** While it proves itself again, an endpoint gets one request at a time. */
const probationRequests = 1;

export interface OutliersParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly shared: SharedState;
  onChange(endpoint: SharedEndpoint, change: OutlierChange<OutlierSubject>): void;
}

class Subject implements OutlierSubject {
  readonly endpoint: SharedEndpoint;

  constructor(endpoint: SharedEndpoint) {
    this.endpoint = endpoint;
  }
  get name(): string {
    return this.endpoint.config.name;
  }
  get traffic(): EndpointState {
    return this.endpoint.state;
  }
  get isInService(): boolean {
    const { state } = this.endpoint;
    return !state.hasStatus("down") && !state.hasStatus("draining") && !state.hasStatus("maintenance");
  }
}

interface Watched {
  readonly detection: OutlierDetection<Subject>;
  readonly settingsText: string;
}

export class Outliers {
  readonly #parts: OutliersParts;
  #subjects = new Map<string, Subject>();
  #pools = new Map<string, Watched>();
  /** Why an endpoint is out, by key. */
  readonly #reasons = new Map<string, string>();

  constructor(parts: OutliersParts) {
    this.#parts = parts;
  }

  /** Watches the pools whose configuration asks for it. */
  watch(config: Config): void {
    const pools = new Map<string, Watched>();
    const subjects = new Map<string, Subject>();
    for (const [name, pool] of this.#parts.shared.pools) {
      const settings = config.pools[name]?.outlier ?? null;
      const members = pool.endpoints.map((endpoint) => this.#subject(endpoint, subjects));
      if (settings === null) continue;
      const settingsText = JSON.stringify(settings);
      const known = this.#pools.get(name);
      const watched =
        known?.settingsText === settingsText
          ? known
          : { detection: this.#detect(settings, pool), settingsText };
      watched.detection.setSubjects(members);
      pools.set(name, watched);
    }
    for (const [name, watched] of this.#pools) {
      if (pools.get(name) === watched) continue;
      watched.detection.close();
      for (const endpoint of this.#parts.shared.pools.get(name)?.endpoints ?? []) clear(endpoint);
    }
    this.#pools = pools;
    this.#subjects = subjects;
  }

  /** Why an endpoint is ejected; null when it is not. */
  reason(key: string): string | null {
    return this.#reasons.get(key) ?? null;
  }

  /** A worker saw a row of failures: judge at once instead of at the next look. */
  check(key: string): void {
    const subject = this.#subjects.get(key);
    if (subject !== undefined) this.#pools.get(subject.endpoint.pool)?.detection.check(subject);
  }

  probeChanged(key: string, isRecovery: boolean): void {
    const subject = this.#subjects.get(key);
    if (subject === undefined) return;
    const detection = this.#pools.get(subject.endpoint.pool)?.detection;
    if (isRecovery) detection?.probeRecovered(subject);
    else detection?.probePassed(subject);
  }

  close(): void {
    for (const { detection } of this.#pools.values()) detection.close();
  }

  #subject(endpoint: SharedEndpoint, subjects: Map<string, Subject>): Subject {
    const known = this.#subjects.get(endpoint.key);
    const subject = known?.endpoint === endpoint ? known : new Subject(endpoint);
    subjects.set(endpoint.key, subject);
    return subject;
  }

  #detect(
    config: NonNullable<Config["pools"][string]["outlier"]>,
    pool: SharedPool,
  ): OutlierDetection<Subject> {
    const { clock, random } = this.#parts;
    const detection = new OutlierDetection<Subject>({
      clock,
      random,
      config,
      onChange: (change) => this.#changed(change, pool),
    });
    detection.start();
    return detection;
  }

  #changed(change: OutlierChange<Subject>, pool: SharedPool): void {
    const { endpoint } = change.subject;
    if (change.to === "ejected") pool.protections.count("outlier", change.isObserved ? "observe" : "enforce");
    if (!change.isObserved) {
      if (change.to === "ejected") this.#reasons.set(endpoint.key, change.reason);
      else this.#reasons.delete(endpoint.key);
      const { state, config } = endpoint;
      state.setStatus("ejected", change.to === "ejected");
      state.setStatus("probation", change.to === "probation");
      const isLimited = config.maxRequests !== Number.POSITIVE_INFINITY;
      const requestsMax = change.to === "probation" ? probationRequests : isLimited ? config.maxRequests : 0;
      state.setLimits(requestsMax, state.connectionsMax);
      pool.version.bump();
    }
    this.#parts.onChange(endpoint, change);
  }
}

function clear({ state }: SharedEndpoint): void {
  state.setStatus("ejected", false);
  state.setStatus("probation", false);
}
