/**
 * The gates of a route, in the order they are asked: access, authentication, rate limits, the
 * hook, faults on purpose.
 */
import type { RouteConfig } from "../config/schema-route.ts";
import type { Random } from "../core/random.ts";
import type { RequestScope } from "../proxy/request-scope.ts";
import type { Gate, GateVerdict } from "../proxy/route-plan.ts";
import { type Access, mayEnter } from "../routing/access.ts";
import type { AuthVerdict, BasicAuth } from "../routing/basic-auth.ts";
import type { RouteActions } from "../routing/route-actions.ts";
import type { ProtectionCounts } from "../limits/protection-counts.ts";
import type { LimitMode } from "../limits/verdict.ts";
import { routeProtections } from "./protections.ts";
import { rateLimitGate } from "./rate-limits.ts";
import type { RoutePlanParts } from "./route-plan-parts.ts";

export function routeGates(
  route: RouteConfig,
  actions: RouteActions,
  parts: RoutePlanParts,
): readonly Gate[] {
  const gates: Gate[] = [];
  const protections = routeProtections(route.name, parts);
  const { faults, access } = route;
  if (actions.access !== null && access !== null)
    gates.push(accessGate(actions.access, access.mode, protections));
  if (actions.basicAuth !== null) gates.push(authGate(actions.basicAuth));
  for (const name of route.rateLimits) {
    const config = parts.config.rateLimits[name];
    const share = parts.snapshot.rateLimits[name];
    if (config !== undefined && share !== undefined)
      gates.push(
        rateLimitGate(route.name, name, {
          config,
          share,
          verdicts: parts.snapshot.rateVerdicts,
          workerIndex: parts.workerIndex,
        }),
      );
  }
  if (parts.hooks.gate !== null) gates.push(parts.hooks.gate);
  if (faults !== null) gates.push(...faultGates(faults, parts.random, protections));
  return gates;
}

function faultGates(
  { delay, abort, mode }: NonNullable<RouteConfig["faults"]>,
  random: Random,
  protections: ProtectionCounts,
): Gate[] {
  const gates: Gate[] = [];
  const add = (share: number, verdict: GateVerdict): void => {
    gates.push({
      check() {
        if (random.next() >= share) return null;
        protections.count("faults", mode);
        return mode === "observe" ? null : verdict;
      },
    });
  };
  if (delay !== null) add(delay.share, { kind: "delay", delayMs: delay.duration });
  if (abort !== null)
    add(abort.share, { kind: "refuse", cause: "injected-fault", fieldLines: "", status: abort.status });
  return gates;
}

function accessGate(access: Access, mode: LimitMode, protections: ProtectionCounts): Gate {
  return {
    check(scope) {
      if (mayEnter(access, scope.clientAddress)) return null;
      protections.count("access", mode);
      return mode === "observe"
        ? null
        : { kind: "refuse", cause: "access-denied", fieldLines: "", status: null };
    },
  };
}

function authGate(auth: BasicAuth): Gate {
  const verdictOf = (verdict: AuthVerdict, scope: RequestScope): GateVerdict => {
    if (verdict.kind === "granted") {
      scope.user = verdict.user;
      return null;
    }
    if (verdict.kind === "busy") return { kind: "refuse", cause: "auth-busy", fieldLines: "", status: null };
    return {
      kind: "refuse",
      cause: "unauthorized",
      fieldLines: `WWW-Authenticate: ${auth.challenge}\r\n`,
      status: null,
    };
  };
  return {
    check(scope, _nowMs, waiter) {
      let isWaiting = false;
      let known: GateVerdict | "pending" = "pending";
      auth.check(scope.header("authorization"), (verdict) => {
        if (isWaiting) waiter.onGateVerdict(verdictOf(verdict, scope));
        else known = verdictOf(verdict, scope);
      });
      isWaiting = true;
      return known;
    },
  };
}
