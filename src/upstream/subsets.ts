/**
 * Subsets of a pool by label: the endpoints that carry every label a route (or a template of it) asks
 * for. Finding a subset again costs one look-up; what is built per subset is the caller's.
 */

export interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
}

/** `stage=beta,version=2`, sorted by name and escaped: equal wishes, and only those, give equal text. */
export function subsetKey(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .toSorted()
    .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(labels[name] ?? "")}`)
    .join(",");
}

/** Those members that carry every one of the labels. */
export function membersWith<M extends Labelled>(
  members: readonly M[],
  labels: Readonly<Record<string, string>>,
): M[] {
  const wanted = Object.entries(labels);
  return members.filter((member) =>
    wanted.every(([name, value]) => Object.hasOwn(member.labels, name) && member.labels[name] === value),
  );
}

export interface SubsetSettings {
  /** What serves when no endpoint carries the labels: nobody, or the whole pool. */
  readonly whenEmpty: "none" | "any";
  /** Subsets remembered at once; the one longest unused is forgotten first. */
  readonly subsetsMax: number;
}

/** Remembers what was built for each subset asked for. */
export class Subsets<M extends Labelled, Built> {
  readonly #members: readonly M[];
  readonly #settings: SubsetSettings;
  readonly #build: (members: readonly M[]) => Built;
  readonly #built = new Map<string, Built | null>();
  #whole: Built | null = null;
  #none: Built | null = null;

  constructor(members: readonly M[], settings: SubsetSettings, build: (members: readonly M[]) => Built) {
    this.#members = members;
    this.#settings = settings;
    this.#build = build;
  }

  /** What serves every endpoint. */
  get whole(): Built {
    this.#whole ??= this.#build(this.#members);
    return this.#whole;
  }

  /** What serves nobody. */
  get none(): Built {
    this.#none ??= this.#build([]);
    return this.#none;
  }

  /** What serves the endpoints with these labels; null when there is none and the settings say nobody serves. */
  find(labels: Readonly<Record<string, string>>): Built | null {
    const key = subsetKey(labels);
    if (key === "") return this.whole;
    let built = this.#built.get(key);
    if (built === undefined) built = this.#create(labels);
    // Moved to the end: the Map's order is the order of use.
    else this.#built.delete(key);
    this.#built.set(key, built);
    if (this.#built.size > this.#settings.subsetsMax) this.#forgetOldest();
    return built;
  }

  #create(labels: Readonly<Record<string, string>>): Built | null {
    const members = membersWith(this.#members, labels);
    if (members.length > 0) return this.#build(members);
    return this.#settings.whenEmpty === "any" ? this.whole : null;
  }

  #forgetOldest(): void {
    const oldest = this.#built.keys().next();
    if (oldest.done !== true) this.#built.delete(oldest.value);
  }
}
