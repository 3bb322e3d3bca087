/**
 * Messages on their way to one receiver: in order, one at a time, tried again with growing pauses, bounded
 * in number. A receiver that is dead costs its own messages and nothing else.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { type AlertNotification, type AlertReceiver, UndeliverableAlert } from "./alert-receiver.ts";

export interface DeliveryCounts {
  readonly delivered: number;
  /** Given up, refused, or pushed out by newer ones. */
  readonly lost: number;
  readonly waiting: number;
}

const waitingMax = 100;
/** With the pauses below, about an hour of trying. */
const attemptsMax = 64;
const firstPauseMs = 1000;
const pauseMaxMs = 60_000;

export class DeliveryQueue {
  readonly receiver: AlertReceiver;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting: AlertNotification[] = [];
  #attempts = 0;
  #isSending = false;
  #timer: Timer | null = null;
  #isClosed = false;
  #delivered = 0;
  #lost = 0;

  constructor(receiver: AlertReceiver, clock: Clock, log: Log) {
    this.receiver = receiver;
    this.#clock = clock;
    this.#log = log;
  }

  get counts(): DeliveryCounts {
    return { delivered: this.#delivered, lost: this.#lost, waiting: this.#waiting.length };
  }

  add(notification: AlertNotification): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= waitingMax) {
      // The first may be under way; the one after it is the oldest that can still be taken back.
      this.#waiting.splice(1, 1);
      this.#lost++;
    }
    this.#waiting.push(notification);
    this.#next();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#waiting.length = 0;
  }

  #next(): void {
    const [notification] = this.#waiting;
    if (this.#isSending || this.#timer !== null || notification === undefined || this.#isClosed) return;
    this.#isSending = true;
    this.#attempts++;
    this.receiver.send(notification, this.#clock.wallMs()).then(
      () => this.#sent(),
      (error: unknown) => this.#failed(error),
    );
  }

  #sent(): void {
    this.#isSending = false;
    this.#delivered++;
    this.#leave();
  }

  #failed(error: unknown): void {
    this.#isSending = false;
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof UndeliverableAlert || this.#attempts >= attemptsMax) {
      this.#log.warn("an alert could not be delivered", { receiver: this.receiver.name, reason });
      this.#lost++;
      this.#leave();
      return;
    }
    if (this.#isClosed) return;
    const pauseMs = Math.min(firstPauseMs * 2 ** (this.#attempts - 1), pauseMaxMs);
    this.#timer = this.#clock.setTimer(pauseMs, () => {
      this.#timer = null;
      this.#next();
    });
  }

  #leave(): void {
    this.#attempts = 0;
    this.#waiting.shift();
    this.#next();
  }
}
