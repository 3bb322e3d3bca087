/** Events, as a list or as a stream of server-sent events that goes on from the last one seen. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { ControlEvent } from "../../observability/events.ts";
import { isoTime } from "../documents/changes.ts";
import { type AdminCall, type Operation, operation } from "../operation.ts";
import { ProblemError } from "../problem.ts";
import { ServerSentEvents } from "../server-sent-events.ts";

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
      return new ServerSentEvents(call, (stream) => {
        const send = (event: ControlEvent): void => stream.send(event.kind, eventDocument(event), event.id);
        for (const event of events.since(after)) send(event);
        return events.subscribe(send);
      }).response;
    },
  },
];

function startingPoint(call: AdminCall<unknown>): number {
  const text = call.query("after") ?? call.header("last-event-id") ?? "0";
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ProblemError("bad-request", `'${text}' is no event's id`);
}

export function eventDocument({ wallMs, ...event }: ControlEvent): AdminDocument<"Event"> {
  return { ...event, time: isoTime(wallMs) };
}
