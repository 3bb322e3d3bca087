/**
 * Reloads the configuration from where it was loaded first. A source with mistakes changes nothing and
 * is remembered with its issues; what was changed at run time outlives the reload unless the source says
 * something new about it (`drift.ts`). When to reload is for others to say.
 */
import { type Change, diffConfig } from "../config/diff.ts";
import { type ConfigIssue, locateIssues } from "../config/issue.ts";
import type { LoadedConfig, LoadResult } from "../config/load.ts";
import { renderIssues } from "../config/render-issue.ts";
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigChanges } from "./config-changes.ts";
import { carryDrift, type Drift, driftOf, type EndpointDrift } from "./drift.ts";
import { type ChangeOrigin, RevisionConflictError } from "./revisions.ts";

export interface ConfigSource {
  /** As users know it: a file's path. */
  readonly name: string;
  load(): Promise<LoadResult>;
}

export type ReloadOutcome =
  | {
      readonly kind: "applied" | "unchanged";
      readonly revision: number;
      readonly changes: readonly Change[];
      readonly warnings: readonly ConfigIssue[];
      /** Run-time edits that still hold, and those the source has overtaken. */
      readonly kept: readonly EndpointDrift[];
      readonly replaced: readonly EndpointDrift[];
    }
  /** Nothing was changed. */
  | { readonly kind: "refused"; readonly reason: string; readonly issues: readonly ConfigIssue[] };

export interface ReloadRecord {
  readonly wallMs: number;
  readonly origin: ChangeOrigin;
  readonly outcome: ReloadOutcome;
}

export interface ReloadOptions {
  readonly origin: ChangeOrigin;
  /** Take the source as it stands and forget what was changed at run time. */
  readonly isDriftDiscarded?: boolean;
  readonly expected?: number | null;
}

export interface ReloaderParts {
  readonly source: ConfigSource;
  /** What the source said when the program started. */
  readonly loaded: LoadedConfig;
  readonly changes: ConfigChanges;
  readonly clock: Clock;
  readonly log: Log;
}

export class Reloader {
  readonly counts = { applied: 0, unchanged: 0, refused: 0 };
  /** Told before the source is read. */
  onRead: (() => void) | null = null;
  /** Told when files have been read and after each reload, refused ones too: other files may have to be watched. */
  onReload: (() => void) | null = null;
  readonly #parts: ReloaderParts;
  #loaded: LoadedConfig;
  #files: readonly string[];
  #last: ReloadRecord | null = null;
  /** Reloads follow one another. */
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
    this.#loaded = parts.loaded;
    this.#files = parts.loaded.files;
  }

  get sourceName(): string {
    return this.#parts.source.name;
  }

  /** What the source said when it was last taken over. */
  get loaded(): LoadedConfig {
    return this.#loaded;
  }

  get files(): readonly string[] {
    return this.#files;
  }

  /** The latest reload; null before the first. */
  get last(): ReloadRecord | null {
    return this.#last;
  }

  drift(): Drift {
    const { changes } = this.#parts;
    const declared = changes.declared(this.#loaded.config);
    return driftOf(declared, changes.revisions.current?.config ?? declared);
  }

  /** Rejects only with a RevisionConflictError; everything else is an outcome. */
  reload(options: ReloadOptions): Promise<ReloadOutcome> {
    const run = this.#running.then(() => this.#reload(options));
    this.#running = run.catch(() => {});
    return run;
  }

  async #reload(options: ReloadOptions): Promise<ReloadOutcome> {
    const outcome = await this.#outcome(options);
    this.counts[outcome.kind]++;
    this.#last = { wallMs: this.#parts.clock.wallMs(), origin: options.origin, outcome };
    // First, so that whoever reads the report and writes a file is noticed.
    this.onReload?.();
    this.#report(outcome, options.origin);
    return outcome;
  }

  async #outcome(options: ReloadOptions): Promise<ReloadOutcome> {
    this.onRead?.();
    const result = await this.#parts.source.load();
    this.#files = result.files;
    this.onReload?.();
    if ("issues" in result)
      return { kind: "refused", reason: "the configuration has errors", issues: result.issues };
    try {
      return await this.#apply(result, options);
    } catch (error) {
      if (error instanceof RevisionConflictError) throw error;
      if (error instanceof ConfigError) {
        const issues = locateIssues(error.issues, result.origin);
        return { kind: "refused", reason: "the configuration cannot be used", issues };
      }
      return { kind: "refused", reason: error instanceof Error ? error.message : String(error), issues: [] };
    }
  }

  async #apply(loaded: LoadedConfig, options: ReloadOptions): Promise<ReloadOutcome> {
    const { changes } = this.#parts;
    const { origin, expected = null, isDriftDiscarded = false } = options;
    let carried: ReturnType<typeof carryDrift> = { config: loaded.config, kept: [], replaced: [] };
    let before: Config | null = null;
    const earlier = changes.revisions.current?.number;
    const revision = await changes.change(
      (current) => {
        before = current;
        const declared = changes.declared(loaded.config);
        carried = { config: declared, kept: [], replaced: [] };
        if (current !== null && !isDriftDiscarded)
          carried = carryDrift(changes.declared(this.#loaded.config), current, declared);
        return carried.config;
      },
      { origin, expected },
    );
    this.#loaded = loaded;
    return {
      kind: revision.number === earlier ? "unchanged" : "applied",
      revision: revision.number,
      changes: before === null ? [] : diffConfig(before, revision.config),
      warnings: loaded.warnings,
      kept: carried.kept,
      replaced: carried.replaced,
    };
  }

  #report(outcome: ReloadOutcome, origin: ChangeOrigin): void {
    const { log, source } = this.#parts;
    const asked = { source: source.name, way: origin.way, by: origin.by };
    if (outcome.kind === "refused") {
      const issues = outcome.issues.length === 0 ? {} : { issues: renderIssues(outcome.issues).trimEnd() };
      log.error("reload refused, the configuration in force stays", {
        ...asked,
        reason: outcome.reason,
        ...issues,
      });
      return;
    }
    const { kind, revision, changes, kept, replaced } = outcome;
    if (kind === "unchanged") log.info("reloaded, nothing has changed", { ...asked, revision });
    else log.info("reloaded", { ...asked, revision, changes: changes.length });
    const named = (edits: readonly EndpointDrift[]): string[] =>
      edits.map(({ pool, endpoint }) => `${pool}/${endpoint.name}`);
    if (kept.length > 0) log.info("run-time changes kept over the reload", { endpoints: named(kept) });
    if (replaced.length > 0)
      log.warn("run-time changes replaced by the reload", { endpoints: named(replaced) });
    const late = changes.filter(({ effect }) => effect === "restart").length;
    if (late > 0) log.warn("some changes take effect only after a restart", { changes: late });
  }
}
