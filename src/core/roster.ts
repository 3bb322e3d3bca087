/**
 * Things that come and go, in no order, each knowing its place. A Set would do but for V8's collector: such a table is
 * replaced as members come and go, and an old table that has reached the old generation keeps its successors,
 * with all they ever held, from every minor collection. What lived for a moment was then moved twice and
 * collected late: of what a second of short connections made, a sixth was kept so, and nothing is now.
 */
export interface Rostered {
  /** Kept by the roster; -1 while on none. */
  rosterIndex: number;
}

export class Roster<T extends Rostered> {
  /** Never shortened: V8 would drop its memory whenever the last one goes, and get it anew for the next. */
  readonly #places: (T | null)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Of one that is on no roster. */
  add(member: T): void {
    member.rosterIndex = this.#size;
    this.#places[this.#size++] = member;
  }

  /** Does nothing with one that is not here. */
  delete(member: T): void {
    const index = member.rosterIndex;
    if (this.#places[index] !== member) return;
    member.rosterIndex = -1;
    const last = this.#places[--this.#size] as T;
    this.#places[this.#size] = null;
    if (last === member) return;
    this.#places[index] = last;
    last.rosterIndex = index;
  }

  /** As they are now, to be gone through while they come and go. */
  toArray(): T[] {
    return this.#places.slice(0, this.#size) as T[];
  }
}
