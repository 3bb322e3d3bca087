/** Compiles a route's configuration into the plan that exchanges follow. */
import type { Config } from "../config/schema.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import type { Clock } from "../core/clock.ts";
import { evaluate, evaluateForHeader, evaluatorOf, templateOf } from "../core/template.ts";
import { editFieldLines } from "../proxy/field-edits.ts";
import { answerWith, type LocalResponse } from "../proxy/local-response.ts";
import { Mirror } from "../proxy/mirror.ts";
import type { RequestScope } from "../proxy/request-scope.ts";
import type { BodyWatch, FieldEdit, Gate, Pace, RequestRewrite, RoutePlan } from "../proxy/route-plan.ts";
import { fixedResponseFor } from "../routing/fixed-response.ts";
import type { HeaderEdits } from "../routing/header-edits.ts";
import { locationOf } from "../routing/redirect.ts";
import { type Rewrite, rewriteTarget } from "../routing/rewrite.ts";
import { compileRouteActions, type RouteActions } from "../routing/route-actions.ts";
import { RouteTableError } from "../routing/route-table.ts";
import { chooseBranch, splitCookie } from "../routing/split.ts";
import type { Pool, RetrySettings } from "../upstream/pool.ts";
import { overriddenRetry, neverIfOff } from "./endpoint-settings.ts";
import type { RoutePlanParts } from "./route-plan-parts.ts";
import { compileErrorPages } from "./error-pages.ts";
import { isPaced, watchesBodies } from "./protected-routes.ts";
import { routeProtections } from "./protections.ts";
import { routeGates } from "./route-gates.ts";
import { keyTemplateOf } from "./policy-factory.ts";

export interface CompiledPlan {
  readonly plan: RoutePlan;
  readonly needsCaptures: boolean;
}

/** Throws a RouteTableError with everything that is wrong with the route. */
export function compileRoutePlan(route: RouteConfig, parts: RoutePlanParts): CompiledPlan {
  const { actions, needsCaptures, problems } = compileRouteActions(route.name, route.match, {
    ...route,
    basicAuth: withFile(route, parts.snapshot.files.passwords[route.name]),
    requestHeaders: route.headers.request,
    responseHeaders: route.headers.response,
  });
  if (problems.length > 0) throw new RouteTableError(problems);
  const gates: readonly Gate[] = routeGates(route, actions, parts);
  const { timeouts, limits, retry } = route;
  const plan: RoutePlan = {
    name: route.name,
    gates,
    respond: responder(actions, parts.clock),
    isUncounted: false,
    poolOf: poolChooser(route, actions, parts),
    keyOf: keyEvaluator(parts.config),
    retry: hasRetryOverride(retry) ? retryOverride(retry) : null,
    exchangeTimeoutMs: timeouts.exchange === null ? null : neverIfOff(timeouts.exchange),
    bodyBytesMax: limits.bodyBytes,
    clientTimeouts: clientTimeouts(timeouts),
    bodyWatch: bodyWatch(route, parts),
    upstreamTimeouts: upstreamTimeouts(route),
    rewrite: actions.rewrite === null ? null : requestRewrite(actions.rewrite),
    editRequest: fieldEdit(actions.requestHeaders),
    editResponse: parts.hooks.editResponse(fieldEdit(actions.responseHeaders)),
    reviewResponse: parts.hooks.review,
    importance: route.importance,
    errorPages: compileErrorPages(route),
    mirror: mirrorOf(route, parts),
    pace: paceOf(route, parts),
  };
  return { plan, needsCaptures: needsCaptures || namesCaptures(route, parts.config) };
}

/** Users of the file and of the configuration, which wins. */
function withFile(
  { basicAuth }: RouteConfig,
  users: Readonly<Record<string, string>> | undefined,
): RouteConfig["basicAuth"] {
  return basicAuth === null || users === undefined
    ? basicAuth
    : { ...basicAuth, users: { ...users, ...basicAuth.users } };
}

/** Do templates outside the actions: labels, error pages, rate limits' and pools' keys? */
function namesCaptures(route: RouteConfig, config: Config): boolean {
  const pools = Object.values(config.pools).map(({ policy, sticky }) => [keyTemplateOf(policy), sticky]);
  const limits = route.rateLimits.map((name) => config.rateLimits[name]?.key);
  const templates = [route.labels, route.errorPages, limits, pools];
  return /\$\{\s*capture\./.test(JSON.stringify(templates));
}

function clientTimeouts({ bodyIdle, tunnelIdle }: RouteConfig["timeouts"]): RoutePlan["clientTimeouts"] {
  if (bodyIdle === null && tunnelIdle === null) return null;
  return { bodyIdleTimeoutMs: bodyIdle, tunnelIdleTimeoutMs: tunnelIdle };
}

function hasRetryOverride(retry: RouteConfig["retry"]): boolean {
  return Object.values(retry).some((value) => value !== null);
}

/** Worked out once for each pool. */
function retryOverride(retry: RouteConfig["retry"]): (pool: Pool) => RetrySettings {
  const known = new WeakMap<RetrySettings, RetrySettings>();
  return ({ settings }) => {
    let overridden = known.get(settings.retry);
    if (overridden === undefined) {
      overridden = overriddenRetry(settings.retry, retry);
      known.set(settings.retry, overridden);
    }
    return overridden;
  };
}

function mirrorOf({ name, mirror }: RouteConfig, parts: RoutePlanParts): Mirror | null {
  if (mirror === null) return null;
  const counts = routeProtections(name, parts);
  return new Mirror(
    { share: mirror.share, bodyBytesMax: mirror.bodyBytes, concurrencyMax: mirror.concurrency },
    {
      pool: parts.pool(mirror.pool),
      random: parts.random,
      keyOf: keyEvaluator(parts.config),
      count: (what) => counts.count(what === "sent" ? "mirror" : "mirror-drop", "enforce"),
    },
  );
}

function bodyWatch({ name, limits }: RouteConfig, parts: RoutePlanParts): BodyWatch | null {
  if (!watchesBodies(limits)) return null;
  const protections = routeProtections(name, parts);
  return {
    isObserving: limits.bodyMode === "observe",
    onTooLarge: () => protections.count("body-limit", limits.bodyMode),
  };
}

function paceOf({ name, limits }: RouteConfig, parts: RoutePlanParts): Pace | null {
  if (!isPaced(limits)) return null;
  const { requestBytesPerSecond, responseBytesPerSecond, bandwidthMode } = limits;
  const protections = routeProtections(name, parts);
  return {
    requestBytesPerSecond,
    responseBytesPerSecond,
    isObserving: bandwidthMode === "observe",
    onHeldBack: () => protections.count("bandwidth", bandwidthMode),
  };
}

function responder(actions: RouteActions, clock: Clock): ((scope: RequestScope) => LocalResponse) | null {
  const { redirect, respond } = actions;
  if (redirect !== null) {
    return (scope) => {
      const location = locationOf(redirect, scope);
      return answerWith(redirect.status, [["Location", location]], "", clock);
    };
  }
  if (respond === null) return null;
  return (scope) => {
    const { status, headers, body } = fixedResponseFor(respond, scope);
    return answerWith(status, headers, body, clock);
  };
}

function poolChooser(route: RouteConfig, actions: RouteActions, parts: RoutePlanParts): RoutePlan["poolOf"] {
  const { split } = actions;
  const find = poolFinder(route, parts);
  if (split !== null) {
    return (scope) => {
      const branch = chooseBranch(split, scope, parts.random);
      const cookie = splitCookie(split, branch, scope);
      if (cookie !== null) scope.responseLines += `Set-Cookie: ${cookie}\r\n`;
      return find(branch.pool, scope);
    };
  }
  const name = route.pool;
  if (name === null) return null;
  if (!hasLabels(route)) {
    const pool = parts.pool(name);
    return () => pool;
  }
  return (scope) => find(name, scope);
}

function hasLabels({ labels }: RouteConfig): boolean {
  return Object.keys(labels).length > 0;
}

/** Finds a pool by name, or the part of it that carries the route's labels as they come out for a request. */
function poolFinder(route: RouteConfig, parts: RoutePlanParts): (name: string, scope: RequestScope) => Pool {
  if (!hasLabels(route)) return (name) => parts.pool(name);
  const labels = Object.entries(route.labels).map(
    ([label, value]) => [label, templateOf(value, { stage: "route" })] as const,
  );
  return (name, scope) =>
    parts.subset(name, Object.fromEntries(labels.map(([label, value]) => [label, evaluate(value, scope)])));
}

function keyEvaluator(config: Config): RoutePlan["keyOf"] {
  const evaluators = new Map(
    Object.entries(config.pools).map(([name, pool]) => {
      const source = keyTemplateOf(pool.policy);
      return [name, source === null ? null : evaluatorOf(templateOf(source, { stage: "route" }))];
    }),
  );
  return (scope, pool) => evaluators.get(pool.settings.name)?.(scope) ?? "";
}

function upstreamTimeouts({ timeouts }: RouteConfig): RoutePlan["upstreamTimeouts"] {
  const { responseHead, upstreamIdle } = timeouts;
  if (responseHead === null && upstreamIdle === null) return null;
  return { responseHeadMs: responseHead, idleMs: upstreamIdle, eventStreamIdleMs: upstreamIdle };
}

function requestRewrite(rewrite: Rewrite): RequestRewrite {
  return {
    target: (scope) => rewriteTarget(rewrite, scope),
    host: (scope) => (rewrite.host === null ? null : evaluateForHeader(rewrite.host, scope)),
    method: rewrite.method,
  };
}

function fieldEdit(edits: HeaderEdits): FieldEdit | null {
  return edits.isEmpty ? null : (fieldLines, scope) => editFieldLines(fieldLines, edits, scope);
}
