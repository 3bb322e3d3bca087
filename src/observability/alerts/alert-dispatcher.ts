/**
 * Brings changes of alerts to the receivers: gathers those of a few seconds into one message, leaves out
 * what ended before anyone was told, and keeps each receiver's messages apart.
 */
import type { Clock, Timer } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { AlertReceiver } from "./alert-receiver.ts";
import type { AlertChange } from "./alert-rule.ts";
import { type DeliveryCounts, DeliveryQueue } from "./delivery-queue.ts";

export interface AlertDispatcherParts {
  readonly receivers: readonly AlertReceiver[];
  readonly clock: Clock;
  readonly log: Log;
  /** How long changes wait for others to share a message with. Default 5000. */
  readonly groupWaitMs?: number;
}

export interface TestResult {
  readonly receiver: string;
  /** Null when the message was taken. */
  readonly error: string | null;
}

/** Changes gathered for one message beyond which it is sent at once. */
const groupMax = 200;

export class AlertDispatcher {
  readonly #queues: readonly DeliveryQueue[];
  readonly #clock: Clock;
  readonly #groupWaitMs: number;
  /** At most one change per alert, in order of arrival. */
  #gathered: AlertChange[] = [];
  #timer: Timer | null = null;

  constructor(parts: AlertDispatcherParts) {
    const { clock, log } = parts;
    this.#queues = parts.receivers.map((receiver) => new DeliveryQueue(receiver, clock, log));
    this.#clock = clock;
    this.#groupWaitMs = parts.groupWaitMs ?? 5000;
  }

  add(changes: readonly AlertChange[]): void {
    for (const change of changes) this.#gather(change);
    if (this.#gathered.length >= groupMax) this.#send();
    else if (this.#gathered.length > 0)
      this.#timer ??= this.#clock.setTimer(this.#groupWaitMs, () => this.#send());
  }

  /** For an operator: tells each receiver directly and says how it went. */
  async test(): Promise<readonly TestResult[]> {
    return Promise.all(
      this.#queues.map(async ({ receiver }) => {
        try {
          await receiver.send({ kind: "test" }, this.#clock.wallMs());
          return { receiver: receiver.name, error: null };
        } catch (error) {
          return { receiver: receiver.name, error: error instanceof Error ? error.message : String(error) };
        }
      }),
    );
  }

  counts(): ReadonlyMap<string, DeliveryCounts> {
    return new Map(this.#queues.map((queue) => [queue.receiver.name, queue.counts]));
  }

  /** Hands over what is gathered and stops; messages under way are not waited for. */
  close(): void {
    this.#send();
    for (const queue of this.#queues) queue.close();
  }

  #gather(change: AlertChange): void {
    const place = this.#gathered.findIndex((other) => other.key === change.key);
    if (place < 0) this.#gathered.push(change);
    // Told twice within the group: the later one knows better.
    else if (this.#gathered[place]!.state === change.state) this.#gathered[place] = change;
    // A beginning nobody heard of and its end cancel each other; so do an end and a new beginning.
    else this.#gathered.splice(place, 1);
  }

  #send(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#gathered.length === 0) return;
    const notification = { kind: "alerts", changes: this.#gathered } as const;
    this.#gathered = [];
    for (const queue of this.#queues) queue.add(notification);
  }
}
