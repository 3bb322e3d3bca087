/** Where hooks take part in an exchange, as the proxy knows it: a gate, a review, a watch over errors. */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { Cause } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import type { Log } from "../core/log.ts";
import type { HookCalls, HookVerdict } from "../proxy/hook-calls.ts";
import { answerOf, hookError, HookedRequest, HookedResponse } from "../proxy/hooked-request.ts";
import type { LocalResponse } from "../proxy/local-response.ts";
import type { ErrorWatch } from "../proxy/proxy-context.ts";
import type { FieldEdit, Gate, ResponseReview, ReviewVerdict } from "../proxy/route-plan.ts";

/** Everything that no hook asks for is null, and then nothing is done for it. */
export interface HookPoints {
  readonly gate: Gate | null;
  readonly review: ResponseReview | null;
  readonly errorWatch: ErrorWatch | null;
  /** A route's changes to responses, and those that hooks wanted. */
  editResponse(edit: FieldEdit | null): FieldEdit | null;
}

export interface HookPointsParts {
  readonly clock: Clock;
  readonly log: Log;
}

const noPoints: HookPoints = { gate: null, review: null, errorWatch: null, editResponse: (edit) => edit };

export function hookPoints(
  hooks: Hooks | null,
  config: Config,
  calls: HookCalls,
  parts: HookPointsParts,
): HookPoints {
  if (hooks === null || config.hooks === null) return noPoints;
  calls.limits = { timeoutMs: config.hooks.timeout, concurrencyMax: config.hooks.concurrency };
  return {
    gate: hooks.onRequest === undefined ? null : requestGate(hooks, calls, parts.clock),
    review: hooks.onResponse === undefined ? null : responseReview(hooks, calls, parts.clock),
    errorWatch: hooks.onError === undefined ? null : errorWatch(hooks, calls, parts),
    editResponse: hooks.onResponse === undefined ? (edit) => edit : withResponseChanges,
  };
}

function withResponseChanges(edit: FieldEdit | null): FieldEdit {
  return (fieldLines, scope) => {
    const edited = edit === null ? fieldLines : edit(fieldLines, scope);
    return scope.hooked === null ? edited : scope.hooked.responseChanges.applyTo(edited);
  };
}

function requestGate(hooks: Hooks, calls: HookCalls, clock: Clock): Gate {
  const toVerdict = verdictReader("request-hook-failed", clock);
  return {
    check(scope, _nowMs, waiter) {
      const request = HookedRequest.of(scope);
      const verdict = calls.call(
        () => hooks.onRequest?.(request),
        (late) => waiter.onGateVerdict(toVerdict(late)),
      );
      return verdict === "pending" ? verdict : toVerdict(verdict);
    },
  };
}

function responseReview(hooks: Hooks, calls: HookCalls, clock: Clock): ResponseReview {
  const toVerdict = verdictReader("response-hook-failed", clock);
  return {
    check(scope, head, endpoint, resume) {
      const request = HookedRequest.of(scope);
      const response = new HookedResponse(head, endpoint, request.responseChanges);
      const verdict = calls.call(
        () => hooks.onResponse?.(request, response),
        (late) => resume(toVerdict(late)),
      );
      return verdict === "pending" ? verdict : toVerdict(verdict);
    },
  };
}

function verdictReader(cause: Cause, clock: Clock): (verdict: HookVerdict) => ReviewVerdict {
  const failed = (detail: string): ReviewVerdict => ({
    kind: "refuse",
    cause,
    fieldLines: "",
    status: null,
    detail,
  });
  return (verdict) => {
    if (verdict === null) return null;
    if ("failure" in verdict) return failed(verdict.failure);
    try {
      return { kind: "respond", response: answerOf(verdict, clock) };
    } catch (error) {
      return failed(String(error));
    }
  };
}

/** A hook that fails every time must not flood the log. */
const complaintIntervalMs = 1000;

function errorWatch(hooks: Hooks, calls: HookCalls, { clock, log }: HookPointsParts): ErrorWatch {
  let complainedMs = Number.NEGATIVE_INFINITY;
  const complain = (failure: string): void => {
    const nowMs = clock.nowMs();
    if (nowMs - complainedMs < complaintIntervalMs) return;
    complainedMs = nowMs;
    log.error("the hook onError failed", { reason: failure });
  };
  const read = (verdict: HookVerdict, response: LocalResponse): LocalResponse => {
    if (verdict === null) return response;
    if ("failure" in verdict) {
      complain(verdict.failure);
      return response;
    }
    try {
      return answerOf(verdict, clock);
    } catch (error) {
      complain(String(error));
      return response;
    }
  };
  return {
    answer(scope, record, response, resume) {
      const error = hookError(record, response.status);
      const verdict = calls.call(
        () => hooks.onError?.(HookedRequest.of(scope), error),
        (late) => resume(read(late, response)),
      );
      return verdict === "pending" ? verdict : read(verdict, response);
    },
    brokenOff(scope, record) {
      const error = hookError(record, null);
      const tell = (verdict: HookVerdict): void => {
        if (verdict !== null && "failure" in verdict) complain(verdict.failure);
      };
      const verdict = calls.call(() => hooks.onError?.(HookedRequest.of(scope), error), tell);
      if (verdict !== "pending") tell(verdict);
    },
  };
}
