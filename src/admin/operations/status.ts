/** What is going on: status, listeners, routes, explanations, and whether Headgate itself is well. */
import { findAmbiguities } from "../../routing/ambiguity.ts";
import { routeLines } from "../../routing/explain.ts";
import { actionText, configRouteTable } from "../../runtime/config-routes.ts";
import { listenerDocuments, statusDocument } from "../documents/status.ts";
import { type Operation, operation } from "../operation.ts";

export const statusOperations: readonly Operation[] = [
  operation({
    id: "livez",
    method: "GET",
    path: "/livez",
    scope: "none",
    summary: "Whether the program is alive",
    takes: null,
    answers: "Health",
    run: () => ({ document: { status: "ok", reason: null } }),
  }),
  operation({
    id: "readyz",
    method: "GET",
    path: "/readyz",
    scope: "none",
    summary: "Whether new requests should come; turns 503 before listeners close",
    takes: null,
    answers: "Health",
    statuses: [200, 503],
    run({ context }) {
      const reason = context.notReadyReason();
      if (reason === null) return { document: { status: "ok", reason } };
      return { document: { status: "not-ready", reason }, status: 503 };
    },
  }),
  operation({
    id: "getAccess",
    method: "GET",
    path: "/v1/access",
    scope: "none",
    summary: "Whether the API asks for a token",
    takes: null,
    answers: "Access",
    // Whoever comes without a token may change things only where there are none.
    run: ({ caller }) => ({ document: { needsToken: !caller.mayWrite } }),
  }),
  operation({
    id: "getStatus",
    method: "GET",
    path: "/v1/status",
    scope: "read",
    summary: "The whole program at a glance, the last reload and its errors included",
    takes: null,
    answers: "Status",
    run: ({ context }) => ({ document: statusDocument(context) }),
  }),
  operation({
    id: "listListeners",
    method: "GET",
    path: "/v1/listeners",
    scope: "read",
    summary: "Listeners as bound, with their connections",
    takes: null,
    answers: "ListenerList",
    run: ({ context }) => ({ document: { listeners: listenerDocuments(context) } }),
  }),
  operation({
    id: "listRoutes",
    method: "GET",
    path: "/v1/routes",
    scope: "read",
    summary: "Routes in order of precedence, and those that nothing reaches or only their order tells apart",
    takes: null,
    answers: "RouteList",
    run({ context }) {
      const { config } = context.balancer;
      const table = configRouteTable(config);
      const actions = new Map(config.routes.map((route) => [route.name, actionText(route)]));
      const routes = routeLines(table).map(({ route, ...line }) => ({
        ...line,
        name: route,
        action: actions.get(route) ?? "",
      }));
      return { document: { routes, ambiguities: [...findAmbiguities(table)] } };
    },
  }),
  operation({
    id: "explain",
    method: "POST",
    path: "/v1/explain",
    scope: "read",
    summary: "What would happen to a request: route and near misses, endpoints and why not; sends nothing",
    takes: "RequestSketch",
    answers: "Explanation",
    run({ context, body }) {
      const { balancer } = context;
      const { client, ...sketch } = body;
      const request = {
        url: sketch.url,
        ...(sketch.method === undefined ? {} : { method: sketch.method }),
        ...(sketch.headers === undefined ? {} : { headers: sketch.headers }),
        ...(sketch.listener === undefined ? {} : { listener: sketch.listener }),
        ...(client === undefined ? {} : { clientAddress: client }),
      };
      const explanation = balancer.explain(request);
      // Plain data throughout; only readonly in TypeScript's eyes.
      return { document: structuredClone(explanation) as never };
    },
  }),
];
