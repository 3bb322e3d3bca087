/** Names that clients ask a listener for, that it has no certificate for, and that it may get one for. Each is told once. */
import { NameIndex } from "../core/name-index.ts";

/** Names told and not to be told again, until the certificates change. */
const toldMax = 10_000;

export class WantedNames {
  readonly #onWanted: (name: string) => void;
  #allowed: NameIndex<true> | null = null;
  #known = new Set<string>();
  #told = new Set<string>();

  constructor(onWanted: (name: string) => void) {
    this.#onWanted = onWanted;
  }

  /** Patterns; none at all: nothing is ever wanted. */
  allow(patterns: readonly string[]): void {
    this.#allowed = patterns.length === 0 ? null : new NameIndex<true>();
    for (const pattern of patterns) this.#allowed?.add(pattern, true);
  }

  /** There are certificates for these names now. */
  have(names: readonly string[]): void {
    this.#known = new Set(names);
    this.#told.clear();
  }

  asked(facts: { readonly serverName: string }): void {
    if (this.#allowed === null) return;
    const name = facts.serverName.toLowerCase();
    if (name === "" || this.#known.has(name) || this.#told.has(name)) return;
    if (this.#allowed.find(name) === undefined || this.#told.size >= toldMax) return;
    this.#told.add(name);
    this.#onWanted(name);
  }
}
