/**
 * Tells when a pool begins to ignore health because too few endpoints are left, and when that is over.
 * Workers decide on panic each for themselves, at their next request; this looks with the same code.
 */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { EventLog } from "../observability/events.ts";
import { Eligibility } from "../upstream/eligibility.ts";
import { PoolVersion } from "../upstream/pool-version.ts";
import { poolSettings } from "./endpoint-settings.ts";
import { ExplainedMember } from "./explain-member.ts";
import type { SharedState } from "./shared-state.ts";

export interface PanicWatchParts {
  readonly clock: Clock;
  readonly shared: SharedState;
  readonly events: EventLog;
}

export class PanicWatch {
  readonly #parts: PanicWatchParts;
  #panicking: ReadonlySet<string> = new Set();

  constructor(parts: PanicWatchParts) {
    this.#parts = parts;
  }

  /** Called about once a second. Costs nothing where no pool has a threshold. */
  look(config: Config): void {
    const before = this.#panicking;
    const now = new Set(Object.keys(config.pools).filter((pool) => this.#isPanicking(pool, config)));
    this.#panicking = now;
    for (const pool of now) {
      const message = `${pool} has so few endpoints left that health is ignored`;
      if (!before.has(pool)) this.#parts.events.record({ kind: "pool-panic", level: "error", pool, message });
    }
    for (const pool of before) {
      const message = `${pool} has enough endpoints again`;
      if (!now.has(pool)) this.#parts.events.record({ kind: "pool-recovered", level: "info", pool, message });
    }
  }

  #isPanicking(name: string, config: Config): boolean {
    const pool = config.pools[name];
    const endpoints = this.#parts.shared.pools.get(name)?.endpoints;
    if (pool === undefined || endpoints === undefined) return false;
    if (pool.panic.threshold === 0 || pool.panic.mode !== "enforce") return false;
    const members = endpoints.map((endpoint) => new ExplainedMember(endpoint, pool, this.#parts.clock));
    const { eligibility: settings } = poolSettings(name, pool, config.zone);
    const eligibility = new Eligibility(members, settings, new PoolVersion());
    eligibility.refresh();
    return eligibility.groups.some(({ isPanicking }) => isPanicking);
  }
}
