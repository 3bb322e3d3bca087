/**
 * The whole configuration, made of the sections in `schema-*.ts`. `Config` is what the program works
 * with: every default filled in, durations in milliseconds, sizes in bytes, frozen.
 */
import * as z from "zod";
import { field, leaf, oneOrMany } from "./field.ts";
import type { Frozen } from "./field.ts";
import { duration, durationOrOff, flag, readCount, text, textAs } from "./leaves.ts";
import { filePath } from "./texts.ts";
import { acmeSchema } from "./schema-acme.ts";
import { adminSchema } from "./schema-admin.ts";
import { alertsSchema } from "./schema-alerts.ts";
import { hooksSchema } from "./schema-hooks.ts";
import { listenerSchema } from "./schema-listener.ts";
import { accessLogSchema, logSchema } from "./schema-logging.ts";
import { rateLimitSchema } from "./schema-rate-limit.ts";
import { requestIdSchema, tracingSchema } from "./schema-tracing.ts";
import { poolSchema } from "./schema-pool.ts";
import { routeSchema } from "./schema-route.ts";
import type { RouteConfig } from "./schema-route.ts";

/** Names that stand as keys. */
function entryName() {
  return textAs("a name of letters, digits, hyphens, dots and underscores", (input) =>
    /^[\w.-]{1,100}$/.test(input)
      ? { value: input }
      : { allowed: "a name of letters, digits, hyphens, dots and underscores" },
  );
}

function workers() {
  const allowed = "auto, or a whole number from 0 to 256";
  return leaf<"auto" | number, "auto" | number>({
    parse: (input) => (input === "auto" ? { value: "auto" } : readCount(input, allowed, 0, 256)),
    json: {
      anyOf: [
        { const: "auto" },
        { type: "integer", minimum: 0, maximum: 256 },
        { type: "string", pattern: "^\\$\\{env\\." },
      ],
    },
  });
}

function viaName() {
  return leaf<string, string | null>({
    parse: (input) => {
      if (input === "off" || input === false) return { value: null };
      return typeof input === "string" && /^[!#$%&'*+\-.^_`|~0-9A-Za-z:[\]]+$/.test(input)
        ? { value: input }
        : { allowed: "a name without spaces, or off" };
    },
    json: { type: "string" },
    valueKind: "name-or-off",
  });
}

const forwarded = z.strictObject({
  xForwardedFor: field(
    flag().prefault(true),
    "Send X-Forwarded-For: the client's address, after those that trusted proxies told.",
  ),
  xForwardedProto: field(flag().prefault(true), "Send X-Forwarded-Proto: `http` or `https`."),
  xForwardedHost: field(flag().prefault(true), "Send X-Forwarded-Host: the Host the client asked for."),
  xForwardedPort: field(flag().prefault(true), "Send X-Forwarded-Port: the port the client connected to."),
  xRealIp: field(flag().prefault(true), "Send X-Real-IP: the client's address alone."),
  forwarded: field(flag().prefault(true), "Send Forwarded (RFC 7239), which says the same in one header."),
});

const shutdown = z.strictObject({
  delay: field(
    duration(0).prefault("0s"),
    "How long everything is still served after SIGTERM or SIGINT while `/readyz` of the admin API answers 503, so that whoever sends traffic here notices first.",
    {
      hazard:
        "Longer than twice the interval at which the balancer in front or the orchestrator asks; it adds to the grace.",
    },
  ),
  grace: field(
    duration(0).prefault("30s"),
    "How long exchanges may finish after SIGTERM or SIGINT before they are cut.",
    {
      hazard: "Service managers kill after their own time: keep this shorter than theirs.",
    },
  ),
  webSocketClose: field(
    durationOrOff().prefault("5s"),
    "How long a WebSocket may take to close that was asked to (close code 1001): because Headgate or its listener stops, because its endpoint is drained and the deadline is near, or because it was silent for `tunnelIdle`. With `off` none is asked; they are cut like the rest.",
  ),
});

export const configSchema = z.strictObject({
  $schema: z.string().optional().meta({ description: "Where the JSON Schema is, for editors. Not used." }),
  include: field(
    oneOrMany(filePath()).optional(),
    "Further files, beside this one: their listeners and routes are added, their pools and rate limits come together; `*` may stand in a file's name.",
  ),
  workers: field(
    workers().prefault("auto"),
    "Worker threads: `auto` is one for each core the process may use; 0 serves in the main thread.",
    { reload: "restart" },
  ),
  listeners: field(z.array(listenerSchema).prefault([{ address: ":8080" }]), "Where clients connect.", {
    identity: "name",
    removal: "its connections are drained and closed",
    defaultText: "one on :8080",
  }),
  pools: field(z.record(entryName(), poolSchema).prefault({}), "Groups of equivalent endpoints, by name.", {
    removal: "its endpoints drain",
  }),
  routes: field(
    z.array(routeSchema).prefault([]),
    "Which requests go where. The best match wins; order only decides between equals.",
    {
      identity: "name",
      removal: "requests in flight and upgraded connections finish by themselves",
      defaultText: "everything to the pool, if there is exactly one",
    },
  ),
  rateLimits: field(
    z.record(entryName(), rateLimitSchema).prefault({}),
    "Rate limits by name, for routes to use.",
    {
      removal: "its counts are forgotten",
    },
  ),
  zone: field(
    text("the name of a zone").nullable().prefault(null),
    "Where this Headgate stands, for zone-aware balancing.",
  ),
  forwarded: field(forwarded.prefault({}), "What endpoints are told about the client."),
  via: field(
    viaName().prefault("headgate"),
    "Name in the Via header (RFC 9110 §7.6.3), which also detects loops; `off` sends none.",
  ),
  causeHeader: field(
    flag().prefault(true),
    "Whether answers made by Headgate itself carry their cause in a Headgate-Cause header.",
  ),
  statsPath: field(
    text("a path such as /stats").nullable().prefault(null),
    "A path on every listener that shows the counters as JSON; none unless given.",
    {
      hazard: "Everybody who reaches the listener can read it.",
    },
  ),
  log: field(logSchema.prefault({}), "The program's own log."),
  accessLog: field(
    accessLogSchema.nullable().prefault(null),
    "A record of each exchange; none unless given.",
  ),
  alerts: field(
    alertsSchema.nullable().prefault(null),
    "Tells people and programs when something is wrong and when it is over; `{}` writes it into the log. Off unless given.",
  ),
  requestId: field(
    requestIdSchema.nullable().prefault(null),
    "Gives each request an identifier, for logs on both sides; none unless given.",
  ),
  tracing: field(
    tracingSchema.nullable().prefault(null),
    "Continues or begins a trace with each request: W3C `traceparent` and `tracestate`. Without it they pass as any other header.",
  ),
  hooks: field(
    hooksSchema.nullable().prefault(null),
    "Functions of yours on the request path: the path of a module that exports them, or in TypeScript the functions themselves.",
  ),
  acme: field(
    acmeSchema.nullable().prefault(null),
    "The authority that listeners with `source: acme` get their certificates from.",
  ),
  admin: field(adminSchema.nullable().prefault(null), "The admin API; off unless given."),
  shutdown: field(shutdown.prefault({}), "How the program ends."),
});

/** What users write, in TypeScript's eyes. */
export type ConfigInput = z.input<typeof configSchema>;

type Parsed = z.output<typeof configSchema>;

/** A finished configuration. Frozen through and through. */
export type Config = Frozen<Omit<Parsed, "routes" | "$schema" | "include"> & { routes: RouteConfig[] }>;
