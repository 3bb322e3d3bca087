/**
 * nginx's `max_fails` and `fail_timeout`, to the letter (SEMANTICS §2), as an alternative to outlier
 * detection for those who rely on it. One record per endpoint, in memory that all workers may share.
 * Time is in whole seconds, as there.
 *
 * Known for surprises, kept on purpose: failures add up over any time as long as they are less than the
 * timeout apart, successes between them notwithstanding; and after the penalty exactly one request per
 * timeout is let through until one succeeds. What it leaves out, and why, stands in
 * `docs/decisions/who-is-eligible.md`.
 */
export interface MaxFailsSettings {
  /** 0 never makes it unavailable. */
  readonly maxFails: number;
  readonly failTimeoutSeconds: number;
}

const word = { fails: 0, accessed: 1, checked: 2 } as const;

/** Int32 words that one record takes. */
export const maxFailsWords = 3;

export class MaxFails {
  readonly #words: Int32Array;
  readonly #settings: MaxFailsSettings;

  /** `words` has `maxFailsWords` elements, all 0 for a new endpoint. */
  constructor(words: Int32Array, settings: MaxFailsSettings) {
    this.#words = words;
    this.#settings = settings;
  }

  get fails(): number {
    return this.#words[word.fails] ?? 0;
  }

  /** Whether a selection passes it over. nginx does not ask when a group has a single server. */
  isPenalized(nowSeconds: number): boolean {
    const { maxFails, failTimeoutSeconds } = this.#settings;
    if (maxFails === 0 || this.fails < maxFails) return false;
    return nowSeconds - (this.#words[word.checked] ?? 0) <= failTimeoutSeconds;
  }

  /** The selection chose it. After a penalty this request is the one let through. */
  chosen(nowSeconds: number): void {
    const checked = this.#words[word.checked] ?? 0;
    if (nowSeconds - checked > this.#settings.failTimeoutSeconds) this.#words[word.checked] = nowSeconds;
  }

  failed(nowSeconds: number): void {
    Atomics.add(this.#words, word.fails, 1);
    this.#words[word.accessed] = nowSeconds;
    this.#words[word.checked] = nowSeconds;
  }

  succeeded(): void {
    // Only a request that began after the penalty (`chosen` moved `checked`) clears the count.
    if ((this.#words[word.accessed] ?? 0) < (this.#words[word.checked] ?? 0)) this.#words[word.fails] = 0;
  }
}
