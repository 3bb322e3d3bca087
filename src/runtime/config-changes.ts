/**
 * Every change of the running configuration goes through here, one after the other: each is computed
 * from the configuration in force when its turn comes, so that two people at once lose nothing, and
 * each that takes hold becomes a revision.
 */
import { type Change, diffConfig } from "../config/diff.ts";
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import { type FoundSets, knownOf, nothingFound, refound, withFound } from "./found-endpoints.ts";
import { type ChangeOrigin, type Revision, RevisionConflictError, Revisions } from "./revisions.ts";

/** How much of a configuration has changed: anything, or nothing but which endpoints pools have. */
export type ChangeExtent = "whole" | "endpoints";

/** The sources of a configuration that is about to be made current. */
export interface PreparedSources {
  /** First answers of those that are new; who is too slow is not waited for. */
  readonly found: FoundSets;
  /** The configuration is in force: sources that it does not have end. */
  commit(): void;
  /** It is not: those that only it has end. */
  abandon(): void;
}

export interface ConfigChangesParts {
  readonly clock: Clock;
  /** Makes a configuration current, or rejects and leaves everything as it was. */
  makeCurrent(config: Config, extent: ChangeExtent): Promise<void>;
  onChanged(revision: Revision): void;
  /** Absent, nobody finds endpoints. */
  readonly sources?: {
    prepare(config: Config): Promise<PreparedSources>;
    /** Sources have changed the endpoints of the revision in force. */
    onFound(changes: readonly Change[]): void;
  };
}

export interface ChangeOptions {
  readonly origin: ChangeOrigin;
  /** Refuse with a RevisionConflictError unless this revision is in force; null takes any. */
  readonly expected?: number | null;
  readonly restores?: number;
  /** A last touch, when it is known what sources have found. */
  readonly finish?: (config: Config) => Config;
}

export class ConfigChanges {
  readonly revisions = new Revisions();
  /** Told of each revision after everything else has taken it over. */
  onRevision: ((revision: Revision) => void) | null = null;
  readonly #parts: ConfigChangesParts;
  #found: FoundSets = nothingFound;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ConfigChangesParts) {
    this.#parts = parts;
  }

  /** A configuration as people write it, with what sources have found for its pools by now. */
  declared(config: Config): Config {
    return withFound(config, this.#found);
  }

  /** Makes a configuration as people write it current, whatever was changed at run time. */
  replace(config: Config, options: ChangeOptions): Promise<Revision> {
    return this.change(() => this.declared(config), options);
  }

  /**
   * Takes over what sources have found, asked for when its turn comes. Says the same as before for most
   * answers, and then nothing is applied. Rejects, and changes nothing, if it cannot be made current.
   */
  takeFound(latest: () => FoundSets): Promise<void> {
    const run = this.#last.then(() => this.#takeFound(latest()));
    this.#last = run.catch(() => {});
    return run;
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
      const next = (): Config => refound(target.config, target.found, this.#found);
      return this.#change(next, { ...options, restores: target.restores ?? target.number });
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
    const wanted = next(current?.config ?? null);
    const sources = await this.#parts.sources?.prepare(wanted);
    const found = knownOf(wanted, this.#found, sources?.found ?? nothingFound);
    const refreshed = refound(wanted, this.#found, found);
    const config = options.finish?.(refreshed) ?? refreshed;
    const changes = current === null ? [] : diffConfig(current.config, config);
    try {
      await this.#parts.makeCurrent(config, "whole");
    } catch (error) {
      sources?.abandon();
      throw error;
    }
    this.#found = found;
    sources?.commit();
    if (current !== null && changes.length === 0) return current;
    const revision = this.revisions.add({
      wallMs: this.#parts.clock.wallMs(),
      origin: options.origin,
      config,
      found,
      changes,
      restores: options.restores ?? null,
    });
    this.#parts.onChanged(revision);
    this.onRevision?.(revision);
    return revision;
  }

  async #takeFound(news: FoundSets): Promise<void> {
    const { current } = this.revisions;
    if (current === null) return;
    const found = knownOf(current.config, this.#found, news);
    const config = refound(current.config, this.#found, found);
    if (config === current.config) return;
    const changes = diffConfig(current.config, config);
    if (changes.length > 0) await this.#parts.makeCurrent(config, "endpoints");
    this.#found = found;
    this.revisions.amend(config, found);
    if (changes.length > 0) this.#parts.sources?.onFound(changes);
  }
}
