/**
 * How long one endpoint leaves a connection idle before it closes it, learned from what it says
 * (`Keep-Alive: timeout=5`) and from the closes that are seen; shared by all workers. From it follows
 * how long a pooled connection may have been idle and still be used. Closes nothing itself.
 *
 * The shortest of the last four observations counts. A connection that outlives the time believed so
 * far is an observation too, so that a restart of the endpoint, which cuts every connection short, is
 * forgotten after four idle ones that were not.
 *
 *   Int32 × 8: announced (ms + 1) · learned ms · turn · unused · four observations (0 none)
 */

const word = { announced: 0, learned: 1, turn: 2, ring: 4 } as const;
const ringSize = 4;
export const idleTimeWords = word.ring + ringSize;

/** An observation: open for as long as anybody looked. */
const outlived = 0x7fff_ffff;
/** Who closes sooner than this has no idle timer; it is going away. */
const shortestMs = 10;
/** Closes this close together that disagree on the idle time are a restart, not timers. */
const togetherMs = 50;
/** Safety margin: a fifth of the time, and at least this much for the way there and late timers. */
const marginMinMs = 20;
/** While nothing is known of an endpoint: longest idleness for a request that must not be lost. */
const strictUnknownMs = 1000;
/** An endpoint may see a request this late when its machine is busy: below, no margin is wide enough. */
const strictLeastMs = 250;

export class IdleTime {
  readonly #words: Int32Array;
  #toldText = "";
  #lastAtMs = Number.NEGATIVE_INFINITY;
  #lastIdleMs = 0;
  #lastSlot = -1;

  /** `words`: `idleTimeWords` of them, all zero for a new endpoint. */
  constructor(words: Int32Array = new Int32Array(idleTimeWords)) {
    this.#words = words;
  }

  /** What it announces, in ms, to whole seconds rounded down; null when it says nothing. */
  get announcedMs(): number | null {
    const announced = this.#words[word.announced]!;
    return announced === 0 ? null : announced - 1;
  }

  /** What its closes show, in ms; null while nothing is known. */
  get seenMs(): number | null {
    const learned = this.#words[word.learned]!;
    return learned === 0 ? null : learned;
  }

  /** Longest idleness, in ms, of a connection that may carry a request which can be sent again. */
  get repeatableMs(): number {
    const ms = this.#believedMs();
    return ms === 0 ? Number.POSITIVE_INFINITY : Math.max(ms / 2, ms - Math.max(ms / 5, marginMinMs));
  }

  /** The same for a request that must not be lost: well below the time, whatever is late; 0 for a fresh connection. */
  get strictMs(): number {
    // "timeout=0" is less than a second, and nobody knows how much less.
    if (this.#words[word.announced] === 1 && this.#words[word.learned] === 0) return 0;
    const ms = this.#believedMs();
    if (ms === 0) return strictUnknownMs;
    return ms < strictLeastMs ? 0 : Math.min(strictUnknownMs * 2, ms * 0.4);
  }

  /** When an idle connection is closed from this side because the endpoint said that it will. */
  get retireMs(): number {
    const announced = this.#words[word.announced]!;
    return announced <= 1 ? Number.POSITIVE_INFINITY : (announced - 1) * 0.8;
  }

  /** Precise times matter only where the whole is short. */
  get isShort(): boolean {
    const ms = this.#believedMs();
    return ms > 0 ? ms < 2000 : this.#words[word.announced] === 1;
  }

  /** A response's Keep-Alive header. */
  told(keepAlive: string): void {
    if (keepAlive === this.#toldText) return;
    this.#toldText = keepAlive;
    const seconds = /(?:^|[\s,;])timeout\s*=\s*"?([0-9]{1,6})/i.exec(keepAlive)?.[1];
    if (seconds !== undefined) Atomics.store(this.#words, word.announced, Number(seconds) * 1000 + 1);
  }

  /** The endpoint closed a connection after it had been idle for so long. */
  closed(idleMs: number, nowMs: number): void {
    if (idleMs < shortestMs) return;
    const isTogether = nowMs - this.#lastAtMs < togetherMs;
    this.#lastAtMs = nowMs;
    if (isTogether && Math.abs(idleMs - this.#lastIdleMs) > Math.max(togetherMs, idleMs / 10)) {
      this.#takeBack();
      return;
    }
    this.#lastIdleMs = idleMs;
    this.#observe(Math.round(idleMs));
  }

  /** A connection was still open after that long, and is closed from this side. */
  outlived(idleMs: number): void {
    const learned = this.#words[word.learned]!;
    if (learned !== 0 && idleMs > learned + marginMinMs) this.#observe(outlived);
  }

  /** What the first of several closes seemed to say; and the others need not be asked. */
  #takeBack(): void {
    this.#lastIdleMs = Number.POSITIVE_INFINITY;
    if (this.#lastSlot === -1) return;
    Atomics.store(this.#words, word.ring + this.#lastSlot, 0);
    this.#lastSlot = -1;
    this.#learn();
  }

  /** 0 when nothing is known. */
  #believedMs(): number {
    const words = this.#words;
    const announced = words[word.announced]! - 1;
    const learned = words[word.learned]!;
    if (announced <= 0) return learned;
    return learned === 0 || announced < learned ? announced : learned;
  }

  #observe(ms: number): void {
    this.#lastSlot = Atomics.add(this.#words, word.turn, 1) & (ringSize - 1);
    Atomics.store(this.#words, word.ring + this.#lastSlot, ms);
    this.#learn();
  }

  #learn(): void {
    let least = outlived;
    for (let slot = word.ring; slot < idleTimeWords; slot++) {
      const ms = Atomics.load(this.#words, slot);
      if (ms !== 0 && ms < least) least = ms;
    }
    Atomics.store(this.#words, word.learned, least === outlived ? 0 : least);
  }
}
