/**
 * A small memory of texts and what became of them, for values that repeat from line to line. One slot per
 * hash: a new text takes the place of the old one, so nothing grows and nothing needs to be expired.
 *
 * Remembering costs ten times a look, so a text is remembered when it comes twice without another of its
 * slot in between. Texts that never repeat, or that take turns, then cost hardly more than without memory.
 */

const slotCount = 512;
/** Longer texts are not kept; with this the memory holds at most half a megabyte. */
const charsMax = 256;

export class RecentTexts {
  readonly #transform: (text: string) => string;
  readonly #texts: string[] = Array.from({ length: slotCount }, () => "");
  readonly #results: string[];
  /** The hash of the text that was last looked for in vain. */
  readonly #missed = new Int32Array(slotCount);

  /** `transform` depends on nothing but the text; it makes octets of octets. */
  constructor(transform: (text: string) => string) {
    this.#transform = transform;
    const empty = transform("");
    this.#results = Array.from({ length: slotCount }, () => empty);
  }

  get(text: string): string {
    const hash = hashOf(text);
    const slot = (hash ^ (hash >>> 11)) & (slotCount - 1);
    if (this.#texts[slot] === text) return this.#results[slot]!;
    if (this.#missed[slot] === hash) return this.#add(text, slot);
    this.#missed[slot] = hash;
    return this.#transform(text);
  }

  #add(text: string, slot: number): string {
    const own = text.length > charsMax ? "" : compactCopy(text);
    // Too long, or not to be spelled in UTF-8.
    if (own !== text) return this.#transform(text);
    const result = compactCopy(this.#transform(own));
    this.#texts[slot] = own;
    this.#results[slot] = result;
    return result;
  }
}

/** The same text in one piece of its own: the original may be a slice that keeps a whole request head alive. */
export function compactCopy(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

/** A cheap hash: the length and a few characters, most of them near the end, where versions and numbers are. */
function hashOf(text: string): number {
  const { length } = text;
  let hash = length;
  if (length > 0) {
    hash = Math.imul(hash, 31) + text.charCodeAt(length - 1);
    hash = Math.imul(hash, 31) + text.charCodeAt(length >> 1);
    hash = Math.imul(hash, 31) + text.charCodeAt(length >> 2);
    hash = Math.imul(hash, 31) + text.charCodeAt(length - (length >> 2) - 1);
    hash = Math.imul(hash, 31) + text.charCodeAt(length - (length >> 3) - 1);
  }
  return hash | 0;
}
