/**
 * A dead man's switch: tells a receiver at a steady pace that Headgate is alive. A beat that fails is not
 * repeated, and none is sent while the one before is under way; the next one is soon enough.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { AlertReceiver } from "./alert-receiver.ts";

export class Heartbeat {
  readonly #receiver: AlertReceiver;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #timer: Timer;
  #isSending = false;
  #failures = 0;

  constructor(receiver: AlertReceiver, clock: Clock, intervalMs: number) {
    this.#receiver = receiver;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#timer = clock.setTimer(0, () => this.#beat());
  }

  /** Beats that were not taken, since the last one that was. */
  get failures(): number {
    return this.#failures;
  }

  close(): void {
    this.#timer.cancel();
  }

  #beat(): void {
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => this.#beat());
    if (this.#isSending) return;
    this.#isSending = true;
    this.#receiver.send({ kind: "heartbeat" }, this.#clock.wallMs()).then(
      () => this.#ended(0),
      () => this.#ended(this.#failures + 1),
    );
  }

  #ended(failures: number): void {
    this.#isSending = false;
    this.#failures = failures;
  }
}
