/**
 * A small memory of texts and what became of them, for values that repeat from line to line. One slot per
 * hash: a new text takes the place of the old one, so nothing grows and nothing needs to be expired.
 */

const slotCount = 512;
/** Longer texts are not kept; with this the memory holds at most half a megabyte. */
const charsMax = 256;

export class RecentTexts {
  readonly #transform: (text: string) => string;
  readonly #texts: string[] = Array.from({ length: slotCount }, () => "");
  readonly #results: string[];

  /** `transform` depends on nothing but the text. */
  constructor(transform: (text: string) => string) {
    this.#transform = transform;
    const empty = transform("");
    this.#results = Array.from({ length: slotCount }, () => empty);
  }

  get(text: string): string {
    const slot = slotOf(text);
    return this.#texts[slot] === text ? this.#results[slot]! : this.#add(text, slot);
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

/** A cheap hash: length and a few characters. Neighbouring addresses differ in their last ones. */
function slotOf(text: string): number {
  const { length } = text;
  if (length === 0) return 0;
  const last = text.charCodeAt(length - 1) * 31 + text.charCodeAt(length >> 1);
  const mixed =
    (last * 31 + text.charCodeAt(length >> 2)) * 31 +
    text.charCodeAt(length - (length >> 3) - 1) * 7 +
    length;
  return (mixed ^ (mixed >>> 9)) & (slotCount - 1);
}
