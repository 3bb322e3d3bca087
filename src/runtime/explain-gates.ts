/** Explains what a route asks of a request before it goes anywhere: access, password, rate limits, hooks, faults, copies. */
import type { Config } from "../config/schema.ts";
import type { RouteConfig } from "../config/schema-route.ts";
import type { Cause } from "../core/errors.ts";
import { evaluate, templateOf } from "../core/template.ts";
import type { TemplateScope } from "../core/template-scope.ts";
import { compileAccess, mayEnter } from "../routing/access.ts";

export interface GateExplanation {
  readonly gate: "access" | "password" | "rate-limit" | "hook" | "faults" | "mirror";
  /** What it does, in a sentence. */
  readonly says: string;
  /** The cause with which it refuses this very request; null when it lets it pass or nobody can tell. */
  readonly refuses: Cause | null;
}

export function explainGates(
  route: RouteConfig,
  config: Config,
  request: TemplateScope,
): readonly GateExplanation[] {
  return [
    ...explainAccess(route, request),
    ...explainPassword(route, request),
    ...route.rateLimits.map((name) => explainRateLimit(name, config, request)),
    ...explainHook(config),
    ...explainFaults(route),
    ...explainMirror(route),
  ];
}

function explainAccess({ access }: RouteConfig, { clientAddress }: TemplateScope): GateExplanation[] {
  if (access === null) return [];
  const compiled = compileAccess(access, "access", { report() {} });
  const isIn = mayEnter(compiled, clientAddress);
  const isObserved = access.mode === "observe";
  const says = `${clientAddress} is ${isIn ? "let in" : isObserved ? "counted as one not to let in" : "not let in"}`;
  return [{ gate: "access", says, refuses: isIn || isObserved ? null : "access-denied" }];
}

function explainPassword({ basicAuth }: RouteConfig, request: TemplateScope): GateExplanation[] {
  if (basicAuth === null) return [];
  const hasOne = request.header("authorization") !== undefined;
  const says = `asks for user and password (realm ${basicAuth.realm}); the request ${hasOne ? "brings some, unverified here" : "brings none"}`;
  return [{ gate: "password", says, refuses: hasOne ? null : "unauthorized" }];
}

const periodNames: ReadonlyMap<number, string> = new Map([
  [1000, "second"],
  [60_000, "minute"],
  [3_600_000, "hour"],
]);

function explainRateLimit(name: string, config: Config, request: TemplateScope): GateExplanation {
  const limit = config.rateLimits[name];
  if (limit === undefined) return { gate: "rate-limit", says: `${name} is not configured`, refuses: null };
  const key = evaluate(templateOf(limit.key, { stage: "route" }), request);
  const { requests, periodMs } = limit.rate;
  const period = periodNames.get(periodMs) ?? `${periodMs / 1000} s`;
  const pace = `${requests} per ${period}, ${limit.burst === 0 ? "no more at once" : `${limit.burst} more at once`}`;
  const action =
    limit.mode === "observe"
      ? "only counted"
      : limit.action === "delay"
        ? "then held back"
        : `then ${limit.status}`;
  return { gate: "rate-limit", says: `${name}: key '${key}', ${pace}, ${action}`, refuses: null };
}

/** What it would say cannot be known without calling it. */
function explainHook({ hooks }: Config): GateExplanation[] {
  if (hooks === null) return [];
  const from = hooks.path === null ? "of this program" : `of ${hooks.path}`;
  return [{ gate: "hook", says: `the hooks ${from} are asked; they may answer instead`, refuses: null }];
}

function explainFaults({ faults }: RouteConfig): GateExplanation[] {
  if (faults === null) return [];
  const { delay, abort, mode } = faults;
  const parts = [
    delay === null ? null : `${percent(delay.share)} held back for ${delay.duration} ms`,
    abort === null ? null : `${percent(abort.share)} answered ${abort.status}`,
  ].filter((part) => part !== null);
  const isCertain = mode === "enforce" && abort?.share === 1;
  const says = `faults on purpose: ${parts.join(", ")}${mode === "observe" ? " (only counted)" : ""}`;
  return [{ gate: "faults", says, refuses: isCertain ? "injected-fault" : null }];
}

function explainMirror({ mirror }: RouteConfig): GateExplanation[] {
  if (mirror === null) return [];
  const says = `${percent(mirror.share)} copied to pool ${mirror.pool}, with bodies up to ${mirror.bodyBytes} bytes`;
  return [{ gate: "mirror", says, refuses: null }];
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
