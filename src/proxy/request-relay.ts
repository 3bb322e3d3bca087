/**
 * The request's way through an exchange: what the client sends goes on to whichever endpoint is asked, no faster
 * than that takes it and the pace allows. What another attempt may need is kept, the mirror's copy is filled, and
 * a client that waits for leave to send (`Expect`) gets it in the end. Who is asked is the exchange's.
 *
 *   open ─▶ complete ─▶ over      (a tunnel opens it again)
 */
import type { Deadlines } from "../core/deadlines.ts";
import { type BodyFraming, isEmptyBody } from "../http1/framing.ts";
import type { ByteSource, UpstreamStream } from "../upstream/upstream-stream.ts";
import { ContinueWait } from "./continue-wait.ts";
import type { Downstream } from "./downstream.ts";
import type { ExchangeOutcome } from "./exchange-outcome.ts";
import type { MirrorCopy } from "./mirror.ts";
import { type Pacer, type PacerContext, pacerFor } from "./pacer.ts";
import { ReplayBuffer } from "./replay-buffer.ts";
import type { Pace } from "./route-plan.ts";
import type { Tunnel } from "./tunnel.ts";

/** Above this many unsent bytes on one side, reading from the other pauses until they are gone. */
export const highWaterBytes = 64 * 1024;

/** The exchange, as its request sees it. */
export interface RequestOwner {
  readonly outcome: ExchangeOutcome;
  /** Who takes the request now; null while nobody does. */
  readonly upstream: UpstreamStream | null;
}

type Phase = "open" | "complete" | "over";

export class RequestRelay {
  /** Body that may be kept for another attempt; 0 until the request is routed. */
  replayBytesMax = 0;
  readonly #owner: RequestOwner;
  readonly #downstream: Downstream;
  readonly #body: BodyFraming;
  #phase: Phase;
  #isPaused = false;
  #pacer: Pacer | null = null;
  #trailers = "";
  #replay: ReplayBuffer | null = null;
  #mirrorCopy: MirrorCopy | null = null;
  #continueWait: ContinueWait | null = null;
  #tunnel: Tunnel | null = null;
  /** Limit of a body that is only watched. */
  #watchedBytesMax = Number.POSITIVE_INFINITY;

  constructor(owner: RequestOwner, downstream: Downstream, body: BodyFraming) {
    this.#owner = owner;
    this.#downstream = downstream;
    this.#body = body;
    this.#phase = isEmptyBody(body) ? "complete" : "open";
  }

  /** The client has sent all there is. */
  get isComplete(): boolean {
    return this.#phase === "complete";
  }

  /** Everything received of the body can be sent again. */
  get isReplayable(): boolean {
    return this.#replay?.isComplete ?? true;
  }

  /** Headgate has given leave to send: the endpoint's own comes too late. */
  get hasSaidContinue(): boolean {
    return this.#continueWait?.hasSpoken === true;
  }

  /** More than a limit that is only watched allows. */
  get isBeyondWatch(): boolean {
    return this.#owner.outcome.requestBodyBytes > this.#watchedBytesMax;
  }

  // What the exchange arranges.

  /** False when the client has announced a longer body. */
  limit(bytesMax: number, isOnlyWatched: boolean): boolean {
    this.#downstream.setBodyLimit(isOnlyWatched ? Number.POSITIVE_INFINITY : bytesMax);
    if (isOnlyWatched) this.#watchedBytesMax = bytesMax;
    return isOnlyWatched || this.#body.kind !== "length" || this.#body.bytes <= bytesMax;
  }

  copyTo(copy: MirrorCopy | null): void {
    this.#mirrorCopy = copy;
    if (this.#phase === "complete") copy?.send("");
  }

  setPace(pace: Pace, context: PacerContext): void {
    this.#pacer = pacerFor(pace.requestBytesPerSecond, pace, context, () => {
      const { upstream } = this.#owner;
      // Where nobody is there to send to, `sendOn` resumes.
      if (upstream !== null && upstream.backlog <= highWaterBytes) this.resume();
    });
  }

  awaitContinue(deadlines: Deadlines): void {
    this.#continueWait = new ContinueWait(deadlines, this.#downstream);
  }

  /** The client has an answer. */
  endContinueWait(): void {
    this.#continueWait?.clear();
  }

  /** The head was sent to `upstream`: what has arrived meanwhile follows. */
  sendKept(upstream: UpstreamStream): void {
    this.#replay?.sendTo(upstream);
    if (this.#phase === "complete") upstream.sendEnd(this.#trailers);
  }

  /** There is somebody to send to. */
  sendOn(upstream: UpstreamStream): void {
    // At first the head waits for the body bytes of the same read; later nobody else would send it.
    if (this.#isPaused || this.#owner.outcome.attemptCount > 1) upstream.flush();
    if (upstream.backlog <= highWaterBytes) this.resume();
  }

  /** The response has begun: there will be no other attempt. */
  forgetKept(): void {
    this.#replay = null;
  }

  /** From here on the client's direction ends when the client says so. */
  beginTunnel(tunnel: Tunnel): void {
    this.#phase = "open";
    this.#tunnel = tunnel;
    this.#pacer = null;
  }

  /** Nobody takes any more for a while: do not take in more than has arrived. */
  pause(): void {
    if (this.#phase === "complete") return;
    this.#isPaused = true;
    this.#downstream.pauseRequest();
  }

  resume(): void {
    if (!this.#isPaused || this.#pacer?.isHolding === true) return;
    this.#isPaused = false;
    this.#downstream.resumeRequest();
  }

  finish(): void {
    this.#phase = "over";
    this.#continueWait?.dispose();
    this.#pacer?.dispose();
    this.#replay = null;
    this.#mirrorCopy = null;
  }

  // What the client's side tells.

  onBody(source: ByteSource, bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "over") return;
    const { outcome, upstream } = this.#owner;
    outcome.requestBodyBytes += end - start;
    this.#continueWait?.clear();
    if (outcome.status === 0) {
      this.#replay ??= new ReplayBuffer(this.replayBytesMax);
      this.#replay.add(bytes, start, end, upstream === null);
    }
    this.#mirrorCopy?.add(bytes, start, end);
    if (this.#pacer?.passed(end - start) === true) this.pause();
    if (upstream === null) return;
    this.#tunnel?.webSocket?.sent(bytes, start, end);
    upstream.sendBody(source, bytes, start, end);
    if (upstream.backlog > highWaterBytes) this.pause();
  }

  onEnd(trailers: string): void {
    if (this.#phase === "over") return;
    this.#phase = "complete";
    this.#trailers = trailers;
    this.#owner.upstream?.sendEnd(trailers);
    this.#mirrorCopy?.send(trailers);
    this.#tunnel?.clientEnded();
  }

  onFlush(): void {
    this.#owner.upstream?.flush();
  }
}
