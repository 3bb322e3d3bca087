/**
 * Holds an endpoint's response between its head and the client while a hook looks at it. If the verdict takes
 * time, it takes the attempt over and keeps what still arrives: the rest of one read, since reading is paused.
 */
import type { Cause } from "../core/errors.ts";
import type { BodyFraming } from "../http1/framing.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { type ByteSource, ownMemory } from "../upstream/upstream-stream.ts";
import type { Attempt, AttemptOwner } from "./attempt.ts";
import type { RequestScope } from "./request-scope.ts";
import type { ResponseReview, ReviewVerdict } from "./route-plan.ts";

export interface ReviewOwner extends AttemptOwner {
  /** The exchange still waits for this attempt's response. */
  isAwaiting(attempt: Attempt): boolean;
  onReviewPassed(attempt: Attempt, head: ResponseHead, body: BodyFraming, isUpgrade: boolean): void;
  /** The response is not relayed. */
  onGateClosed(verdict: NonNullable<ReviewVerdict>): void;
}

export class ReviewedResponse implements AttemptOwner {
  readonly #owner: ReviewOwner;
  readonly #attempt: Attempt;
  readonly #head: ResponseHead;
  readonly #body: BodyFraming;
  readonly #isUpgrade: boolean;
  readonly #kept: Buffer[] = [];
  /** How the response ended meanwhile, to be told when the verdict is there. */
  #ending: (() => void) | null = null;

  constructor(
    owner: ReviewOwner,
    attempt: Attempt,
    head: ResponseHead,
    body: BodyFraming,
    isUpgrade: boolean,
  ) {
    this.#owner = owner;
    this.#attempt = attempt;
    this.#head = head;
    this.#body = body;
    this.#isUpgrade = isUpgrade;
  }

  get outcome(): AttemptOwner["outcome"] {
    return this.#owner.outcome;
  }

  /** Calls the owner back, at once or later. */
  ask(review: ResponseReview, scope: RequestScope): void {
    const { name } = this.#attempt.endpoint;
    const verdict = review.check(scope, this.#head, name, (late) => this.#goOn(late));
    if (verdict !== "pending") return this.#obey(verdict);
    this.#attempt.owner = this;
    this.#attempt.upstream?.pauseResponse();
  }

  #obey(verdict: ReviewVerdict): void {
    const owner = this.#owner;
    if (verdict === null) owner.onReviewPassed(this.#attempt, this.#head, this.#body, this.#isUpgrade);
    else owner.onGateClosed(verdict);
  }

  #goOn(verdict: ReviewVerdict): void {
    const owner = this.#owner;
    const attempt = this.#attempt;
    // The client may have left, or the exchange run out of time.
    if (!owner.isAwaiting(attempt)) return;
    attempt.owner = owner;
    this.#obey(verdict);
    if (verdict !== null) return;
    for (const bytes of this.#kept) owner.onAttemptBody(ownMemory, bytes, 0, bytes.length);
    if (this.#ending !== null) return this.#ending();
    owner.onAttemptFlush();
    attempt.upstream?.resumeResponse();
  }

  onAttemptReady(): void {}
  onAttemptInformational(): void {}
  onAttemptHead(): void {}
  onAttemptFlush(): void {}

  onAttemptBody(_source: ByteSource, bytes: Buffer, start: number, end: number): void {
    this.#kept.push(Buffer.from(bytes.subarray(start, end)));
  }

  onAttemptEnd(attempt: Attempt, trailers: string): void {
    // The connection is back in its pool.
    attempt.upstream = null;
    const ending = (): void => this.#owner.onAttemptEnd(attempt, trailers);
    this.#ending = ending;
  }

  /** The request may still be on its way. */
  onAttemptDrain(): void {
    this.#owner.onAttemptDrain();
  }

  onAttemptFailed(attempt: Attempt, cause: Cause, detail: string): void {
    const ending = (): void => this.#owner.onAttemptFailed(attempt, cause, detail);
    this.#ending = ending;
  }
}
