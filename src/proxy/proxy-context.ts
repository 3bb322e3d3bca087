/** What every exchange of one worker shares. Plain parts, injected; nothing here has behaviour. */
import type { Clock } from "../core/clock.ts";
import type { Deadlines } from "../core/deadlines.ts";
import type { Log } from "../core/log.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import type { OpenWebSockets } from "./open-websockets.ts";
import type { RequestIdentity } from "./request-identity.ts";
import type { RequestScope } from "./request-scope.ts";
import type { LocalResponse } from "./local-response.ts";
import type { RoutePlan } from "./route-plan.ts";

/** Finds the route of a request; null when none matches, `unclear-path` when its path reads two ways. */
export interface Router {
  route(scope: RequestScope): RoutePlan | "unclear-path" | null;
}

/** Who is told of exchanges that end in an error: a hook. */
export interface ErrorWatch {
  /** What is answered in place of `response`; `pending` when `resume` is told later. */
  answer(
    scope: RequestScope,
    record: ExchangeRecord,
    response: LocalResponse,
    resume: (response: LocalResponse) => void,
  ): LocalResponse | "pending";
  /** It was broken off: nobody can be answered. */
  brokenOff(scope: RequestScope, record: ExchangeRecord): void;
}

export interface ProxyContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: Log;
  /** Replaced whole by a reload; an exchange reads it once. */
  router: Router;
  /** Answers carry their cause in a Headgate-Cause field. */
  isCauseShown: boolean;
  /** What Headgate calls itself in Via, by which loops are found; null when it says nothing. */
  viaName: string | null;
  /** Identifiers and traces. Replaced by a reload. */
  identity: RequestIdentity;
  /** Null without a hook. Replaced by a reload. */
  errorWatch: ErrorWatch | null;
  readonly webSockets: OpenWebSockets;
  /** An endpoint failed so often in a row that it should be judged now. */
  onSuspect(endpointKey: string): void;
  /** Step 9: counters and the access log. */
  onExchangeFinished(record: ExchangeRecord): void;
}
