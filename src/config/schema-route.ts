/** Routes: which requests, to which pool, and what happens on the way. */
import * as z from "zod";
import { field } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, durationOrOff, duration, integer, sizeOrUnlimited } from "./leaves.ts";
import {
  accessSchema,
  basicAuthSchema,
  errorPageSchema,
  faultsSchema,
  mirrorSchema,
  redirectSchema,
  requestHeaderChanges,
  respondSchema,
  responseHeaderChanges,
  rewriteSchema,
  splitSchema,
} from "./schema-actions.ts";
import { matchSchema } from "./schema-match.ts";
import { retryOverrideSchema } from "./schema-retry.ts";
import { name, template } from "./texts.ts";

const headers = z.strictObject({
  request: field(requestHeaderChanges.prefault({}), "Changes to the request before an endpoint sees it."),
  response: field(responseHeaderChanges.prefault({}), "Changes to the response before the client sees it."),
});

const routeTimeouts = z.strictObject({
  exchange: field(durationOrOff().nullable().prefault(null), "Deadline of the whole exchange.", {
    defaultText: "the listener's",
  }),
  bodyIdle: field(duration(1).nullable().prefault(null), "Longest silence of the client.", {
    defaultText: "the listener's",
  }),
  tunnelIdle: field(duration(1).nullable().prefault(null), "Longest silence of an upgraded connection.", {
    defaultText: "the listener's",
  }),
  responseHead: field(duration(1).nullable().prefault(null), "Time to the response head.", {
    defaultText: "the pool's",
  }),
  upstreamIdle: field(duration(1).nullable().prefault(null), "Longest silence within a response.", {
    defaultText: "the pool's",
  }),
});

const routeLimits = z.strictObject({
  bodyBytes: field(sizeOrUnlimited().nullable().prefault(null), "Largest request body.", {
    defaultText: "the listener's",
  }),
  bodyMode: field(
    choice(["enforce", "observe"]).prefault("enforce"),
    "`observe` lets larger request bodies pass and counts them.",
  ),
  responseBytesPerSecond: field(
    sizeOrUnlimited().prefault("unlimited"),
    "Fastest pace of one response's body.",
  ),
  requestBytesPerSecond: field(
    sizeOrUnlimited().prefault("unlimited"),
    "Fastest pace of one request's body.",
  ),
  bandwidthMode: field(
    choice(["enforce", "observe"]).prefault("enforce"),
    "`observe` lets bodies pass at their own pace and counts those that would have been slowed down.",
  ),
});

export const routeSchema = z.strictObject({
  name: field(name("route").nullable().prefault(null), "What logs, metrics and the API call this route.", {
    defaultText: "made from its host and path",
  }),
  match: field(
    matchSchema.prefault({}),
    "Which requests it takes; without a match, all that no better route takes.",
  ),
  priority: field(
    integer(-1000, 1000).prefault(0),
    "Among the routes of one host, a higher one is asked first, before paths are compared.",
  ),
  pool: field(
    name("pool").nullable().prefault(null),
    "The pool that answers. Exactly one of `pool`, `split`, `redirect`, `respond` is given.",
  ),
  split: field(splitSchema.nullable().prefault(null), "Several pools with weights, for canaries."),
  redirect: field(redirectSchema.nullable().prefault(null), "Sends the client elsewhere."),
  respond: field(respondSchema.nullable().prefault(null), "Answers without asking an endpoint."),
  rewrite: field(rewriteSchema.nullable().prefault(null), "Changes to the request's target."),
  headers: field(headers.prefault({}), "Changes to headers."),
  access: field(accessSchema.nullable().prefault(null), "Who may come in, by address."),
  basicAuth: field(basicAuthSchema.nullable().prefault(null), "Asks for user and password."),
  limits: field(routeLimits.prefault({}), "Bounds on requests."),
  timeouts: field(routeTimeouts.prefault({}), "Timeouts where this route's differ."),
  retry: field(retryOverrideSchema.prefault({}), "Retries where this route's differ."),
  rateLimits: field(
    z.array(name("rate limit")).prefault([]),
    "Names of the rate limits that count its requests. A limit named by several routes is one limit.",
  ),
  labels: field(
    z.record(z.string(), template("route")).prefault({}),
    "Only endpoints whose labels have these values are used; templates allowed.",
  ),
  errorPages: field(
    z.array(errorPageSchema).prefault([]),
    "Pages shown in place of plain errors; the first that fits is used.",
  ),
  mirror: field(mirrorSchema.nullable().prefault(null), "Copies requests to another pool."),
  faults: field(faultsSchema.nullable().prefault(null), "Faults on purpose, to see how clients bear them."),
  importance: field(
    choice(["high", "normal", "low"]).prefault("normal"),
    "Who goes first when a pool queues, and who goes last when it sheds.",
  ),
});

/** A route in a finished configuration: its name is filled in. */
export type RouteConfig = Frozen<Omit<z.output<typeof routeSchema>, "name"> & { name: string }>;
