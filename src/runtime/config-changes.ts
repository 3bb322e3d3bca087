/**
 * Every change of the running configuration goes through here, one after the other: each is computed
 * from the configuration in force when its turn comes, so that two people at once lose nothing, and
 * each that takes hold becomes a revision.
 */
import { diffConfig } from "../config/diff.ts";
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import { type ChangeOrigin, type Revision, RevisionConflictError, Revisions } from "./revisions.ts";

export interface ConfigChangesParts {
  readonly clock: Clock;
  /** Makes a configuration current, or rejects and leaves everything as it was. */
  makeCurrent(config: Config): Promise<void>;
  onChanged(revision: Revision): void;
}

export interface ChangeOptions {
  readonly origin: ChangeOrigin;
  /** Refuse with a RevisionConflictError unless this revision is in force; null takes any. */
  readonly expected?: number | null;
  readonly restores?: number;
}

export class ConfigChanges {
  readonly revisions = new Revisions();
  /** Told of each revision after everything else has taken it over. */
  onRevision: ((revision: Revision) => void) | null = null;
  readonly #parts: ConfigChangesParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ConfigChangesParts) {
    this.#parts = parts;
  }

  /**
   * Makes `next` of the configuration in force current. A configuration that says the same is applied
   * as well, because files it names may have changed, but makes no new revision.
   */
  change(next: (current: Config | null) => Config, options: ChangeOptions): Promise<Revision> {
    const run = this.#last.then(() => this.#change(next, options));
    this.#last = run.catch(() => {});
    return run;
  }

  /** Goes back to revision `to`, or to the one before the current one. */
  rollback(to: number | null, options: ChangeOptions): Promise<Revision> {
    const run = this.#last.then(() => {
      const target = to === null ? this.revisions.beforeCurrent() : this.revisions.find(to);
      return this.#change(() => target.config, { ...options, restores: target.restores ?? target.number });
    });
    this.#last = run.catch(() => {});
    return run;
  }

  async #change(next: (current: Config | null) => Config, options: ChangeOptions): Promise<Revision> {
    const { current } = this.revisions;
    const expected = options.expected ?? null;
    if (expected !== null && expected !== current?.number) {
      throw new RevisionConflictError(expected, current?.number ?? 0);
    }
    const config = next(current?.config ?? null);
    const changes = current === null ? [] : diffConfig(current.config, config);
    await this.#parts.makeCurrent(config);
    if (current !== null && changes.length === 0) return current;
    const revision = this.revisions.add({
      wallMs: this.#parts.clock.wallMs(),
      origin: options.origin,
      config,
      changes,
      restores: options.restores ?? null,
    });
    this.#parts.onChanged(revision);
    this.onRevision?.(revision);
    return revision;
  }
}
