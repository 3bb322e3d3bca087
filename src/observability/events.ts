/**
 * What the control plane did and noticed, newest last: endpoints going down and coming back, reloads,
 * operators' doings. A bounded ring for the dashboard and the API, with listeners for alerts and live
 * views. Not the program's log, and nothing per request.
 */
import type { Clock } from "../core/clock.ts";
import { type EventKind, eventKinds } from "../core/event-kinds.ts";

export type EventLevel = "info" | "warn" | "error";

/** What a caller tells. */
export interface EventReport {
  readonly kind: EventKind;
  readonly level: EventLevel;
  /** One sentence, with the reason: `b3 is down: connection refused, 3 probes in a row`. */
  readonly message: string;
  readonly pool?: string;
  readonly endpoint?: string;
  /** Who or what caused it: `probe`, `api:ann`, `config`. */
  readonly origin?: string;
}

export interface ControlEvent extends EventReport {
  /** Grows by one from event to event. */
  readonly id: number;
  readonly wallMs: number;
}

export type EventListener = (event: ControlEvent) => void;

export class EventLog {
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #capacity: number;
  readonly #ring: ControlEvent[] = [];
  readonly #listeners = new Set<EventListener>();
  readonly #counts = new Map<string, number>();
  #nextId = 1;

  /** `capacity`: events kept. */
  constructor(clock: Pick<Clock, "wallMs">, capacity = 1000) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /** Keeps the event and tells every listener; a listener that throws keeps none of the others from it. */
  record(report: EventReport): ControlEvent {
    const event: ControlEvent = { ...report, id: this.#nextId, wallMs: this.#clock.wallMs() };
    this.#ring[this.#nextId % this.#capacity] = event;
    this.#nextId++;
    this.#counts.set(event.kind, (this.#counts.get(event.kind) ?? 0) + 1);
    for (const listener of this.#listeners) tell(listener, event);
    return event;
  }

  /** Kept events after the one with `id` (0: from the oldest kept), oldest first, at most `limit` of the newest. */
  since(id: number, limit = this.#capacity): readonly ControlEvent[] {
    const first = Math.max(id + 1, this.#nextId - Math.min(limit, this.#capacity), 1);
    const events: ControlEvent[] = [];
    for (let at = first; at < this.#nextId; at++) events.push(this.#ring[at % this.#capacity]!);
    return events;
  }

  /** The id of the newest event; 0 before the first. */
  get lastId(): number {
    return this.#nextId - 1;
  }

  /** Events since the start, by kind; every kind is there, so that rates begin at 0. */
  countsByKind(): ReadonlyMap<string, number> {
    return new Map(eventKinds.map((kind) => [kind, this.#counts.get(kind) ?? 0]));
  }

  /** Calls `listener` for each event from now on; the result ends that. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

function tell(listener: EventListener, event: ControlEvent): void {
  try {
    listener(event);
  } catch {
    // A viewer's connection that broke is its own affair.
  }
}
