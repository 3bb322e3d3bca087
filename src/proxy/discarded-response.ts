/**
 * Owns an attempt whose answer nobody waits for: a mirrored request's, or one that an error page took the
 * place of. Short answers are read to their end, so that the connection can be used again.
 */
import type { Clock } from "../core/clock.ts";
import { type Cause, errorRow } from "../core/errors.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ByteSource } from "../upstream/upstream-stream.ts";
import type { Attempt, AttemptOwner } from "./attempt.ts";

/** Beyond this the connection is closed instead. */
const discardedBytesMax = 256 * 1024;

export interface DiscardedParts {
  readonly clock: Clock;
  readonly outcome: AttemptOwner["outcome"];
  /** There is a connection: send the request, if it was not sent before. */
  onReady(attempt: Attempt): void;
  /** The endpoint has been released. Called once. */
  onOver(): void;
}

/** For an answer whose head has come already. */
export function discardAnswer(
  attempt: Attempt,
  status: number,
  parts: Omit<DiscardedParts, "onReady">,
): void {
  const { clock, outcome, onOver } = parts;
  new DiscardedResponse({ clock, outcome, onReady() {}, onOver }, status).adopt(attempt);
}

export class DiscardedResponse implements AttemptOwner {
  readonly #parts: DiscardedParts;
  #attempt: Attempt | null = null;
  #status: number;
  #bytes = 0;

  /** `status` is 0 while no head has come. */
  constructor(parts: DiscardedParts, status: number) {
    this.#parts = parts;
    this.#status = status;
  }

  get outcome(): AttemptOwner["outcome"] {
    return this.#parts.outcome;
  }

  adopt(attempt: Attempt): void {
    this.#attempt = attempt;
    attempt.owner = this;
  }

  onAttemptReady(attempt: Attempt): void {
    this.#parts.onReady(attempt);
  }
  onAttemptInformational(): void {}
  onAttemptFlush(): void {}
  onAttemptDrain(): void {}

  onAttemptHead(_attempt: Attempt, head: ResponseHead): void {
    this.#status = head.status;
  }

  onAttemptBody(_source: ByteSource, _bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    const attempt = this.#attempt;
    if (this.#bytes <= discardedBytesMax || attempt === null) return;
    attempt.cancel();
    this.#over(attempt, false);
  }

  onAttemptEnd(attempt: Attempt): void {
    this.#over(attempt, false);
  }

  onAttemptFailed(attempt: Attempt, cause: Cause): void {
    this.#over(attempt, errorRow(cause).isBlamed);
  }

  #over(attempt: Attempt, hasFailed: boolean): void {
    if (this.#attempt === null) return;
    this.#attempt = null;
    attempt.release(
      this.#status,
      hasFailed || this.#status >= 500,
      this.#bytes,
      0,
      this.#parts.clock.nowMs(),
    );
    this.#parts.onOver();
  }
}
