/** Events, as a list or as a stream of server-sent events that goes on from the last one seen. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import type { ControlEvent } from "../../observability/events.ts";
import { isoTime } from "../documents/changes.ts";
import { type AdminCall, type Operation, operation } from "../operation.ts";
import { ProblemError } from "../problem.ts";

/** Keeps proxies and clients from taking a quiet stream for a dead one. */
const heartbeatMs = 15_000;
/** Events that wait for a slow reader; then its stream ends, and it may come back with Last-Event-ID. */
const waitingMax = 1000;

export const eventOperations: readonly Operation[] = [
  operation({
    id: "listEvents",
    method: "GET",
    path: "/v1/events",
    scope: "read",
    summary: "Events that are kept, oldest first",
    query: [{ name: "after", description: "Only events with a greater id" }],
    takes: null,
    answers: "EventList",
    run: (call) => ({
      document: { events: call.context.balancer.events.since(startingPoint(call)).map(eventDocument) },
    }),
  }),
  {
    id: "streamEvents",
    method: "GET",
    path: "/v1/events/stream",
    scope: "read",
    summary: "Events as they happen (server-sent events); Last-Event-ID or `after` says where to go on",
    query: [
      {
        name: "after",
        description: "Begin with the kept events after this id; without it, with the next one",
      },
    ],
    takes: null,
    answers: "events",
    handle(call) {
      const { events } = call.context.balancer;
      const isGiven = call.query("after") !== undefined || call.header("last-event-id") !== undefined;
      const after = isGiven ? startingPoint(call) : events.lastId;
      return new Response(new EventStream(call, after).readable, {
        headers: {
          "content-type": "text/event-stream",
          "cache-control": "no-store",
          "x-accel-buffering": "no",
        },
      });
    },
  },
];

function startingPoint(call: AdminCall<unknown>): number {
  const text = call.query("after") ?? call.header("last-event-id") ?? "0";
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ProblemError("bad-request", `'${text}' is no event's id`);
}

function eventDocument({ wallMs, ...event }: ControlEvent): AdminDocument<"Event"> {
  return { ...event, time: isoTime(wallMs) };
}

class EventStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #clock: Clock;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #unsubscribe: () => void = () => {};
  #heartbeat: Timer | null = null;

  constructor(call: AdminCall<unknown>, after: number) {
    const { balancer, clock } = call.context;
    this.#clock = clock;
    this.readable = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
        this.#write(": welcome\n\n");
        for (const event of balancer.events.since(after)) this.#send(event);
        this.#unsubscribe = balancer.events.subscribe((event) => this.#send(event));
        this.#beat();
      },
      cancel: () => this.#stop(),
    });
    call.signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  #send(event: ControlEvent): void {
    this.#write(`id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(eventDocument(event))}\n\n`);
  }

  #write(text: string): void {
    const controller = this.#controller;
    if (controller === null) return;
    controller.enqueue(this.#encoder.encode(text));
    if ((controller.desiredSize ?? 0) < -waitingMax) this.#end();
  }

  #beat(): void {
    this.#heartbeat = this.#clock.setTimer(heartbeatMs, () => {
      this.#write(": still here\n\n");
      this.#beat();
    });
  }

  #end(): void {
    const controller = this.#controller;
    this.#stop();
    controller?.close();
  }

  #stop(): void {
    this.#controller = null;
    this.#unsubscribe();
    this.#heartbeat?.cancel();
  }
}
