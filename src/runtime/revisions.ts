/**
 * The configurations that were in force, newest first, as far back as is kept: who made each current,
 * when and how. It makes nothing current itself (`config-changes.ts` does).
 */
import type { Change } from "../config/diff.ts";
import type { Config } from "../config/schema.ts";
import type { FoundSets } from "./found-endpoints.ts";

/** How a change came about. */
export type ChangeWay = "start" | "signal" | "watch" | "reload" | "api" | "rollback" | "library";

export interface ChangeOrigin {
  readonly way: ChangeWay;
  /** Who asked: the name of a token, `unix socket`; null when nobody in particular. */
  readonly by: string | null;
  /** What was asked for, in a few words; null where the way says it all. */
  readonly note?: string | null;
}

export interface Revision {
  /** Counts from 1 since the program started. */
  readonly number: number;
  readonly wallMs: number;
  readonly origin: ChangeOrigin;
  readonly config: Config;
  /** What sources had found while it was in force. */
  readonly found: FoundSets;
  /** What it changed in the revision before; empty for the first. */
  readonly changes: readonly Change[];
  /** The revision whose configuration this one brought back; null for all but rollbacks. */
  readonly restores: number | null;
}

/** Somebody else has changed the configuration since the caller looked. */
export class RevisionConflictError extends Error {
  override readonly name = "RevisionConflictError";
  readonly expected: number;
  readonly current: number;

  constructor(expected: number, current: number) {
    super(`the configuration is at revision ${current}, not ${expected}`);
    this.expected = expected;
    this.current = current;
  }
}

/** The revision asked for is not kept, or there is none to go back to. */
export class UnknownRevisionError extends Error {
  override readonly name = "UnknownRevisionError";
}

const keptByDefault = 50;

export class Revisions {
  readonly #keptMax: number;
  /** Oldest first. */
  #kept: Revision[] = [];

  constructor(keptMax = keptByDefault) {
    this.#keptMax = keptMax;
  }

  /** Null before the first configuration is in force. */
  get current(): Revision | null {
    return this.#kept.at(-1) ?? null;
  }

  /** Newest first. */
  get all(): readonly Revision[] {
    return this.#kept.toReversed();
  }

  add(revision: Omit<Revision, "number">): Revision {
    const added = { ...revision, number: (this.current?.number ?? 0) + 1 };
    this.#kept = [...this.#kept, added].slice(-this.#keptMax);
    return added;
  }

  /**
   * What sources find is news and no decision: it belongs to the revision in force instead of making one,
   * so that the history holds what people did, and nobody's `If-Match` fails for an answer of DNS.
   */
  amend(config: Config, found: FoundSets): void {
    const { current } = this;
    if (current !== null) this.#kept = [...this.#kept.slice(0, -1), { ...current, config, found }];
  }

  /** Throws an UnknownRevisionError. */
  find(number: number): Revision {
    const found = this.#kept.find((revision) => revision.number === number);
    if (found !== undefined) return found;
    throw new UnknownRevisionError(`revision ${number} is not kept; kept are ${this.#rangeText()}`);
  }

  /**
   * Where a rollback goes that names no revision: one further back each time, so that two rollbacks
   * undo two changes instead of the first rollback. Throws an UnknownRevisionError.
   */
  beforeCurrent(): Revision {
    const { current } = this;
    const from = current === null ? 0 : this.#restored(current);
    const before = this.#kept.findLast((revision) => revision.number < from && revision.restores === null);
    if (before === undefined) throw new UnknownRevisionError("there is no revision to go back to");
    return before;
  }

  #restored(revision: Revision): number {
    return revision.restores ?? revision.number;
  }

  #rangeText(): string {
    const [oldest] = this.#kept;
    return oldest === undefined ? "none" : `${oldest.number} to ${this.current?.number}`;
  }
}
