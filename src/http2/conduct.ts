/**
 * How a peer behaves on one connection: what it may do for good reasons, but not for ever (RFC 9113 §10.5). It
 * counts and keeps time; ending the connection is the session's business.
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { ByteStream } from "../core/transport.ts";
import { RateGuard } from "./rate-guard.ts";
import type { SessionLimits } from "./session-limits.ts";

/** Calls the connection's end; `reason` is for the log. */
type Verdict = (reason: string) => void;

/** Beyond this, what the peer does not read keeps it from asking for more. */
const unreadBytesMax = 256 * 1024;
/** Frames without a request of their own that usually come with one: PRIORITY_UPDATE, small windows, PING. */
const chatterPerRequest = 4;

export class Conduct {
  readonly #isServer: boolean;
  readonly #limits: SessionLimits;
  readonly #deadlines: Deadlines;
  readonly #resets: RateGuard;
  readonly #chatter: RateGuard;
  readonly #frameDeadline: Deadline;
  readonly #stallDeadline: Deadline;
  readonly #tooMuch: Verdict;
  #isStalled = false;

  /** `tooMuch` ends the connection with ENHANCE_YOUR_CALM, `stalled` without a word. */
  constructor(
    isServer: boolean,
    limits: SessionLimits,
    deadlines: Deadlines,
    tooMuch: Verdict,
    stalled: Verdict,
  ) {
    const nowMs = deadlines.baseMs();
    this.#isServer = isServer;
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#resets = new RateGuard(limits.resetsPerSecond, nowMs);
    this.#chatter = new RateGuard(limits.framesPerSecond, nowMs);
    this.#tooMuch = tooMuch;
    this.#frameDeadline = new Deadline(deadlines, () => tooMuch("a frame that never ends"));
    this.#stallDeadline = new Deadline(deadlines, () => stalled("the peer does not read"));
  }

  /** A stream begun for nothing; false when it was one too many. Only clients can make us work that way. */
  mayReset(reason: string): boolean {
    if (!this.#isServer || this.#resets.take(this.#deadlines.baseMs())) return true;
    this.#tooMuch(reason);
    return false;
  }

  /** A frame that carries nothing. */
  countChatter(): void {
    if (!this.#chatter.take(this.#deadlines.baseMs())) this.#tooMuch("too many frames that carry nothing");
  }

  requestBegan(): void {
    this.#chatter.refund(chatterPerRequest);
  }

  /** A read has ended; `isUnfinished` when it ended inside a frame or a header block. */
  watchFrame(isUnfinished: boolean): void {
    if (!isUnfinished) this.#frameDeadline.clear();
    else if (!this.#frameDeadline.isSet) this.#frameDeadline.set(this.#limits.frameTimeoutMs);
  }

  /** A peer that asks and does not read what it is answered has to wait, but not for ever. */
  watchBacklog(stream: ByteStream): void {
    if (!this.#isServer || this.#isStalled || stream.writeBacklog < unreadBytesMax) return;
    this.#isStalled = true;
    stream.pause();
    this.#stallDeadline.set(this.#limits.stallTimeoutMs);
  }

  /** Everything written has left. */
  drained(stream: ByteStream): void {
    if (!this.#isStalled) return;
    this.#isStalled = false;
    this.#stallDeadline.clear();
    stream.resume();
  }

  dispose(): void {
    this.#frameDeadline.dispose();
    this.#stallDeadline.dispose();
  }
}
