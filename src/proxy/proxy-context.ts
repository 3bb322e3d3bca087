/** What every exchange of one worker shares. Plain parts, injected; nothing here has behaviour. */
import type { Clock } from "../core/clock.ts";
import type { Deadlines } from "../core/deadlines.ts";
import type { Log } from "../core/log.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import type { Pool } from "../upstream/pool.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import type { LocalResponse } from "./local-response.ts";

/** What a route leads to. */
export type RouteTarget =
  | {
      readonly kind: "pool";
      readonly name: string;
      readonly pool: Pool;
      /** The key for hash policies; called only when the pool's policy wants one. */
      readonly keyOf: (facts: RequestFacts) => string;
    }
  | {
      readonly kind: "respond";
      readonly name: string;
      /** Not counted, not logged: the balancer's own pages. */
      readonly isUncounted: boolean;
      respond(facts: RequestFacts): LocalResponse;
    };

/** Finds the route of a request, or null. */
export interface Router {
  route(facts: RequestFacts): RouteTarget | null;
}

export interface ProxyContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: Log;
  /** Replaced whole by a reload; an exchange reads it once. */
  router: Router;
  readonly isCauseShown: boolean;
  /** What Headgate calls itself in Via. */
  readonly viaName: string;
  /** Step 9: counters and the access log. */
  onExchangeFinished(record: ExchangeRecord): void;
}
