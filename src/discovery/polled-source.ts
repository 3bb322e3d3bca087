/**
 * A source that must be asked: looks, waits as long as the answer says and a random part of that more,
 * and looks again. After failures it waits longer and longer, so that a registry in trouble is left in peace.
 */
import type { Clock, Timer } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { EndpointSource, Look, SourceAnswer, SourceListener } from "./endpoint-source.ts";

export interface PolledSourceParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly look: Look;
  /** Random part added to each wait, as a fraction of it. */
  readonly jitter: number;
  /** Lets go of what the looks share; called once, after the last. */
  close?(): void;
}

const retryMsMin = 1000;
const retryMsMax = 30_000;

export class PolledSource implements EndpointSource {
  readonly #parts: PolledSourceParts;
  #listener: SourceListener | null = null;
  #timer: Timer | null = null;
  #giveUp: () => void = () => {};
  #failures = 0;

  constructor(parts: PolledSourceParts) {
    this.#parts = parts;
  }

  start(listener: SourceListener): void {
    this.#listener = listener;
    this.#look();
  }

  close(): void {
    this.#listener = null;
    this.#timer?.cancel();
    this.#giveUp();
    this.#parts.close?.();
  }

  #look(): void {
    this.#giveUp = this.#parts.look((answer) => {
      if (this.#listener !== null) this.#take(this.#listener, answer);
    });
  }

  #take(listener: SourceListener, answer: SourceAnswer): void {
    const { clock, random, jitter } = this.#parts;
    this.#failures = answer.kind === "failed" ? this.#failures + 1 : 0;
    const waitMs = answer.kind === "failed" ? retryMs(this.#failures) : answer.nextMs;
    // Only ever later: an answer holds at least as long as it says.
    this.#timer = clock.setTimer(waitMs * (1 + jitter * random.next()), () => this.#look());
    if (answer.kind === "failed") listener.failed(answer.reason);
    else listener.found(answer.endpoints);
  }
}

function retryMs(failures: number): number {
  return Math.min(retryMsMax, retryMsMin * 2 ** Math.min(failures - 1, 10));
}
