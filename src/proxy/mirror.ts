/**
 * Copies of a route's requests for another pool. A copy is sent once its request is complete here, never
 * holds the original up, and its answer is thrown away; what is too long or too much at once is not
 * copied. Failures of copies are seen in the mirror pool's numbers and nowhere else.
 */
import type { Random } from "../core/random.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Pool } from "../upstream/pool.ts";
import type { OutgoingRequest } from "../upstream/upstream-stream.ts";
import { Attempt, type AttemptContext, type AttemptOwner } from "./attempt.ts";
import { DiscardedResponse } from "./discarded-response.ts";
import { ReplayBuffer } from "./replay-buffer.ts";
import type { RequestScope } from "./request-scope.ts";

export interface MirrorSettings {
  /** Part of the requests that is copied, 0 to 1. */
  readonly share: number;
  readonly bodyBytesMax: number;
  /** Copies in flight in this worker. */
  readonly concurrencyMax: number;
}

export interface MirrorParts {
  readonly pool: Pool;
  readonly random: Random;
  keyOf(scope: RequestScope, pool: Pool): string;
  /** A copy was sent, or there were too many already. */
  count(what: "sent" | "dropped"): void;
}

const expectLine = "Expect: 100-continue\r\n";

export class Mirror {
  readonly #settings: MirrorSettings;
  readonly #parts: MirrorParts;
  #inFlight = 0;

  constructor(settings: MirrorSettings, parts: MirrorParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** A copy to be filled, or null where there is none. Tunnels are not copied. */
  begin(
    context: AttemptContext,
    outgoing: OutgoingRequest,
    scope: RequestScope,
    outcome: AttemptOwner["outcome"],
  ): MirrorCopy | null {
    const { share, bodyBytesMax } = this.#settings;
    const { body } = outgoing;
    if (outgoing.upgrade !== "" || (body.kind === "length" && body.bytes > bodyBytesMax)) return null;
    if (share < 1 && this.#parts.random.next() >= share) return null;
    const { pool, keyOf } = this.#parts;
    const key = pool.needsKey ? keyOf(scope, pool) : "";
    return new MirrorCopy(
      this,
      context,
      withoutExpectation(outgoing),
      outcome,
      key,
      new ReplayBuffer(bodyBytesMax),
    );
  }

  /** For `MirrorCopy`: an endpoint with a place taken on it, or null. */
  take(key: string): Endpoint | null {
    const { pool, count } = this.#parts;
    const endpoint = this.#inFlight < this.#settings.concurrencyMax ? pool.select(key, []) : "dropped";
    if (typeof endpoint === "string" || !endpoint.tryStart()) {
      count("dropped");
      return null;
    }
    count("sent");
    this.#inFlight++;
    return endpoint;
  }

  /** For `MirrorCopy`. */
  over(): void {
    this.#inFlight--;
    this.#parts.pool.queue?.serve();
  }

  get attemptTimeoutMs(): number {
    return this.#parts.pool.settings.retry.attemptTimeoutMs;
  }
}

/** One request's copy: gathers its body, and is sent when that is complete. */
export class MirrorCopy {
  readonly #mirror: Mirror;
  readonly #context: AttemptContext;
  readonly #outgoing: OutgoingRequest;
  readonly #outcome: AttemptOwner["outcome"];
  readonly #key: string;
  readonly #body: ReplayBuffer;

  constructor(
    mirror: Mirror,
    context: AttemptContext,
    outgoing: OutgoingRequest,
    outcome: AttemptOwner["outcome"],
    key: string,
    body: ReplayBuffer,
  ) {
    this.#mirror = mirror;
    this.#context = context;
    this.#outgoing = outgoing;
    this.#outcome = outcome;
    this.#key = key;
    this.#body = body;
  }

  add(bytes: Buffer, start: number, end: number): void {
    this.#body.add(bytes, start, end, false);
  }

  /** The request is complete: off it goes, unless its body was too long. */
  send(trailers: string): void {
    if (!this.#body.isComplete) return;
    const endpoint = this.#mirror.take(this.#key);
    if (endpoint === null) return;
    const { clock } = this.#context;
    const response = new DiscardedResponse(
      {
        clock,
        outcome: this.#outcome,
        onReady: (attempt) => {
          attempt.sendHead(this.#outgoing);
          if (attempt.upstream !== null) this.#body.sendTo(attempt.upstream);
          attempt.upstream?.sendEnd(trailers);
        },
        onOver: () => this.#mirror.over(),
      },
      0,
    );
    const attempt = new Attempt(response, this.#context, endpoint, false, clock.nowMs());
    response.adopt(attempt);
    attempt.connect(false, false, this.#mirror.attemptTimeoutMs);
  }
}

function withoutExpectation(outgoing: OutgoingRequest): OutgoingRequest {
  if (!outgoing.isContinueExpected) return outgoing;
  const { fieldLines } = outgoing;
  const lines = fieldLines.endsWith(expectLine) ? fieldLines.slice(0, -expectLine.length) : fieldLines;
  return { ...outgoing, fieldLines: lines, isContinueExpected: false };
}
