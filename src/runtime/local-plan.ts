/** A plan that answers by itself and has no wishes beside: the balancer's own pages. */
import type { LocalResponse } from "../proxy/local-response.ts";
import type { RequestScope } from "../proxy/request-scope.ts";
import type { RoutePlan } from "../proxy/route-plan.ts";

export function localPlan(name: string, respond: (scope: RequestScope) => LocalResponse): RoutePlan {
  return {
    name,
    respond,
    gates: [],
    isUncounted: false,
    poolOf: null,
    keyOf: () => "",
    retry: null,
    exchangeTimeoutMs: null,
    bodyBytesMax: null,
    clientTimeouts: null,
    bodyWatch: null,
    upstreamTimeouts: null,
    rewrite: null,
    editRequest: null,
    editResponse: null,
    reviewResponse: null,
    importance: "normal",
    errorPages: null,
    mirror: null,
    pace: null,
  };
}
