/** The gates of a route, in the order they are asked: access, authentication. */
import type { RouteConfig } from "../config/schema-route.ts";
import type { Gate, GateVerdict } from "../proxy/route-plan.ts";
import { type Access, mayEnter } from "../routing/access.ts";
import type { AuthVerdict, BasicAuth } from "../routing/basic-auth.ts";
import type { RouteActions } from "../routing/route-actions.ts";

export function routeGates(_route: RouteConfig, actions: RouteActions, _parts: unknown): readonly Gate[] {
  const gates: Gate[] = [];
  if (actions.access !== null) gates.push(accessGate(actions.access));
  if (actions.basicAuth !== null) gates.push(authGate(actions.basicAuth));
  return gates;
}

function accessGate(access: Access): Gate {
  return {
    check: (scope) =>
      mayEnter(access, scope.clientAddress) ? null : { kind: "refuse", cause: "access-denied", fieldLines: "" },
  };
}

function authGate(auth: BasicAuth): Gate {
  const verdictOf = (verdict: AuthVerdict): GateVerdict => {
    if (verdict.kind === "granted") return null;
    if (verdict.kind === "busy") return { kind: "refuse", cause: "auth-busy", fieldLines: "" };
    return { kind: "refuse", cause: "unauthorized", fieldLines: `WWW-Authenticate: ${auth.challenge}\r\n` };
  };
  return {
    check(scope, _nowMs, resume) {
      let isWaiting = false;
      let known: GateVerdict | "pending" = "pending";
      auth.check(scope.header("authorization"), (verdict) => {
        if (isWaiting) resume(verdictOf(verdict));
        else known = verdictOf(verdict);
      });
      isWaiting = true;
      return known;
    },
  };
}
