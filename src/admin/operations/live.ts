/** What the dashboard lives on: one stream of differences, and the recent past of the endpoints it shows. */
import { endpointHistoriesDocument } from "../documents/history.ts";
import { type Operation, operation } from "../operation.ts";
import { ProblemError } from "../problem.ts";
import { ServerSentEvents } from "../server-sent-events.ts";
import { eventDocument } from "./events.ts";

export const liveOperations: readonly Operation[] = [
  {
    id: "streamLive",
    method: "GET",
    path: "/v1/live",
    scope: "read",
    summary:
      "Everything that moves, once a second (server-sent events): `hello` who asks, `topology` the names, `numbers` the rows that changed, `states` those that cannot wait, `event` what happened",
    takes: null,
    answers: "events",
    handle(call) {
      const { context, caller, live } = call;
      return new ServerSentEvents(call, (stream) => {
        const { version, startedWallMs } = context;
        stream.send("hello", { caller, version, startedMs: startedWallMs });
        const stopEvents = context.balancer.events.subscribe((event) =>
          stream.send("event", eventDocument(event)),
        );
        const stop = live.add({
          onTopology: (topology) => stream.send("topology", topology),
          onStates: (json) => stream.sendText("states", json),
          onNumbers: (json) => stream.sendText("numbers", json),
        });
        if (stop === null) {
          stopEvents();
          throw new ProblemError("too-many-viewers", "as many watch as may");
        }
        return () => {
          stop();
          stopEvents();
        };
      }).response;
    },
  },
  operation({
    id: "getEndpointHistories",
    method: "POST",
    path: "/v1/history/endpoints",
    scope: "read",
    summary:
      "Request rate and latency of some endpoints of a pool, in steps of 10 s; unknown ones are left out",
    takes: "HistoryQuery",
    answers: "EndpointHistories",
    run: ({ context, body }) => ({ document: endpointHistoriesDocument(context, body) }),
  }),
];
