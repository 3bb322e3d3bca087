/**
 * The endpoint sources of the configuration in force, one for each pool that has one: keeps the last good
 * answer of each, says which of them fail and why, and calls when there is something new to take over. How
 * that is taken over is `config-changes.ts`'s.
 */
import type { Config } from "../config/schema.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import type { SourceConfig } from "../config/schema-source.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { sourceText } from "../discovery/create-source.ts";
import type { EndpointSource } from "../discovery/endpoint-source.ts";
import type { PreparedSources } from "./config-changes.ts";
import type { FoundSets } from "./found-endpoints.ts";

export interface PoolSourcesParts {
  readonly clock: Clock;
  readonly log: Log;
  createSource(config: SourceConfig): EndpointSource;
  /** What some source found differs from what it had found. Rejects when it cannot be made current. */
  onNews(): Promise<void>;
}

/** How the source of one pool is doing. */
export interface SourceReading {
  readonly pool: string;
  readonly kind: SourceConfig["kind"];
  /** Where it looks: `dns app.example.com:8081`. */
  readonly text: string;
  /** `waiting` for its first answer; `failing` since its latest. */
  readonly state: "waiting" | "good" | "failing";
  /** Why it fails; null unless it does. */
  readonly reason: string | null;
  readonly successes: number;
  readonly failures: number;
  /** Null before the first. */
  readonly lastSuccessWallMs: number | null;
  /** In the last good answer. */
  readonly endpoints: number;
}

/** A new source has so long for its first answer; then the pool goes without. */
const firstAnswerMs = 5000;
/** Answers that come together are taken over together, */
const gatherMs = 50;
/** and how ever many sources change how ever often, no more than once in this time. */
const gapMs = 1000;
/** What could not be made current is tried again after this. */
const retryMs = 5000;

export class PoolSources {
  readonly #parts: PoolSourcesParts;
  #watched = new Map<string, WatchedSource>();
  #timer: Timer | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(parts: PoolSourcesParts) {
    this.#parts = parts;
  }

  /** Starts what is new in `config` and waits for first answers, for a bounded time. */
  async prepare(config: Config): Promise<PreparedSources> {
    const next = new Map<string, WatchedSource>();
    const added: WatchedSource[] = [];
    for (const [pool, { source }] of Object.entries(config.pools)) {
      if (source === null) continue;
      const known = this.#watched.get(pool);
      if (known?.isOf(source) === true) next.set(pool, known);
      else {
        const watched = new WatchedSource(pool, source, this.#parts, () => this.#stir(gatherMs));
        next.set(pool, watched);
        added.push(watched);
      }
    }
    if (added.length > 0) await this.#firstAnswers(added);
    return {
      found: foundBy(added),
      commit: () => this.#adopt(next),
      abandon: () => {
        for (const watched of added) watched.close();
      },
    };
  }

  /** The last good answer of each source that has had one. */
  latest(): FoundSets {
    return foundBy([...this.#watched.values()]);
  }

  readings(): readonly SourceReading[] {
    return [...this.#watched.values()].map((watched) => watched.reading());
  }

  close(): void {
    this.#timer?.cancel();
    for (const watched of this.#watched.values()) watched.close();
    this.#watched.clear();
  }

  async #firstAnswers(added: readonly WatchedSource[]): Promise<void> {
    let giveUp: Timer | null = null;
    const timeUp = new Promise<void>((resolve) => {
      giveUp = this.#parts.clock.setTimer(firstAnswerMs, resolve);
    });
    await Promise.race([Promise.all(added.map(({ ready }) => ready)), timeUp]);
    (giveUp as Timer | null)?.cancel();
  }

  #adopt(next: Map<string, WatchedSource>): void {
    for (const [pool, watched] of this.#watched) if (next.get(pool) !== watched) watched.close();
    this.#watched = next;
    for (const watched of next.values()) if (watched.isWaiting) watched.sayWaiting();
    // Something may have been found between the first answers and now.
    if (next.size > 0) this.#stir(gatherMs);
  }

  #stir(delayMs: number): void {
    if (this.#timer !== null) return;
    const { clock } = this.#parts;
    const waitMs = Math.max(delayMs, this.#lastMs + gapMs - clock.nowMs());
    this.#timer = clock.setTimer(waitMs, () => void this.#tell());
  }

  async #tell(): Promise<void> {
    const { clock, log, onNews } = this.#parts;
    this.#lastMs = clock.nowMs();
    this.#timer = null;
    try {
      await onNews();
    } catch (error) {
      log.error("found endpoints cannot be used, the ones before stay", { reason: String(error) });
      this.#stir(retryMs);
    }
  }
}

class WatchedSource {
  /** Resolves with the first answer, good or bad. */
  readonly ready: Promise<void>;
  endpoints: readonly EndpointConfig[] | null = null;
  readonly pool: string;
  readonly #config: SourceConfig;
  readonly #parts: Pick<PoolSourcesParts, "clock" | "log">;
  readonly #source: EndpointSource;
  readonly #onNews: () => void;
  readonly #settle: () => void;
  #reason: string | null = null;
  #successes = 0;
  #failures = 0;
  #lastSuccessWallMs: number | null = null;

  constructor(pool: string, config: SourceConfig, parts: PoolSourcesParts, onNews: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#settle = resolve;
    this.pool = pool;
    this.#config = config;
    this.#parts = parts;
    this.#onNews = onNews;
    this.#source = parts.createSource(config);
    this.#source.start({
      found: (endpoints) => this.#found(endpoints),
      failed: (reason) => this.#failed(reason),
    });
  }

  get isWaiting(): boolean {
    return this.#successes + this.#failures === 0;
  }

  /** Does this one do what `config` says? */
  isOf(config: SourceConfig): boolean {
    return config === this.#config || JSON.stringify(config) === JSON.stringify(this.#config);
  }

  sayWaiting(): void {
    this.#parts.log.warn("endpoint source has not answered yet", this.#subject());
  }

  reading(): SourceReading {
    return {
      pool: this.pool,
      kind: this.#config.kind,
      text: sourceText(this.#config),
      state: this.isWaiting ? "waiting" : this.#reason === null ? "good" : "failing",
      reason: this.#reason,
      successes: this.#successes,
      failures: this.#failures,
      lastSuccessWallMs: this.#lastSuccessWallMs,
      endpoints: this.endpoints?.length ?? 0,
    };
  }

  close(): void {
    this.#source.close();
    this.#settle();
  }

  #found(endpoints: readonly EndpointConfig[]): void {
    const problem = this.#problemWith(endpoints);
    if (problem !== null) return this.#failed(problem);
    if (this.#reason !== null)
      this.#parts.log.info("endpoint source answers again", {
        ...this.#subject(),
        endpoints: endpoints.length,
      });
    this.#reason = null;
    this.#successes++;
    this.#lastSuccessWallMs = this.#parts.clock.wallMs();
    const isNews = this.endpoints === null || !isSame(endpoints, this.endpoints);
    if (isNews) this.endpoints = endpoints;
    this.#settle();
    if (isNews) this.#onNews();
  }

  #failed(reason: string): void {
    const { log } = this.#parts;
    this.#failures++;
    // One line when it begins and when the reason changes, not one for each attempt.
    const fields = { ...this.#subject(), reason, kept: this.endpoints?.length ?? 0 };
    if (reason === this.#reason) log.debug("endpoint source still fails", fields);
    else log.warn("endpoint source fails, the last good endpoints stay", fields);
    this.#reason = reason;
    this.#settle();
  }

  #problemWith(endpoints: readonly EndpointConfig[]): string | null {
    if (endpoints.length === 0 && !this.#config.allowEmpty)
      return "the answer has no endpoints, and allowEmpty is false";
    const names = new Set<string>();
    for (const { name } of endpoints) {
      if (names.has(name)) return `two endpoints are called ${name}`;
      names.add(name);
    }
    return null;
  }

  #subject(): { readonly pool: string; readonly source: string } {
    return { pool: this.pool, source: sourceText(this.#config) };
  }
}

function foundBy(sources: readonly WatchedSource[]): FoundSets {
  return new Map(
    sources.flatMap((watched) =>
      watched.endpoints === null ? [] : [[watched.pool, watched.endpoints] as const],
    ),
  );
}

/** Endpoints are plain data of one schema. */
function isSame(a: readonly EndpointConfig[], b: readonly EndpointConfig[]): boolean {
  return a === b || (a.length === b.length && JSON.stringify(a) === JSON.stringify(b));
}
