/** Pools: equivalent endpoints, the policy that picks among them, and how connections to them are kept. */
import * as z from "zod";
import { proxyTlvNames } from "../core/proxy-tlv-name.ts";
import { endpointSchema } from "./schema-endpoint.ts";
import { field, leaf } from "./field.ts";
import type { Frozen } from "./field.ts";
import { healthSchema } from "./schema-health.ts";
import { upstreamHttp2Schema } from "./schema-http2.ts";
import { choice, count, countOrUnlimited, duration, durationOrOff, flag, size } from "./leaves.ts";
import { panicSchema, slowStartSchema, tiersSchema, zonesSchema } from "./schema-eligibility.ts";
import { maxFailsSchema, outlierSchema } from "./schema-outlier.ts";
import { concurrencySchema, queueSchema, shedSchema } from "./schema-overload.ts";
import { sourceSchema } from "./schema-source.ts";
import { stickySchema } from "./schema-sticky.ts";
import { policySchema } from "./schema-policy.ts";
import { hedgeSchema, retrySchema } from "./schema-retry.ts";
import { hostName } from "./texts.ts";
import { upstreamTlsSchema } from "./schema-tls.ts";

const connections = z.strictObject({
  idleMax: field(
    count(0, 65_535).prefault(256),
    "Most idle connections kept to one endpoint by one worker; 0 closes each after its exchange.",
  ),
  idleTimeout: field(duration(1).prefault("4s"), "How long an idle connection is kept for reuse.", {
    hazard:
      "Node.js origins close idle connections after 5s: a longer time here makes requests meet closing connections. Raise it only with the origin's own.",
  }),
  learnIdleTimeout: field(
    flag().prefault(true),
    "Whether an endpoint's own idle time is learned from its Keep-Alive header and from the closes it makes, and connections are retired before it.",
  ),
  lifetime: field(durationOrOff().prefault("1h"), "Age after which a connection is not reused any more."),
  requestsMax: field(
    countOrUnlimited(1).prefault("unlimited"),
    "Requests sent over one connection before it is closed.",
  ),
});

const poolTimeouts = z.strictObject({
  connect: field(duration(1).prefault("5s"), "Time to establish a connection, TLS included.", {
    hazard: "A dead machine costs this long before the next endpoint is tried.",
  }),
  responseHead: field(
    duration(1).prefault("60s"),
    "Time from the request having been sent to the end of the response head. A route may set its own.",
  ),
  upstreamIdle: field(
    duration(1).prefault("60s"),
    "Longest silence within a response body, and while an endpoint does not read the request body.",
    {
      hazard:
        "Streams of another kind than server-sent events that are quiet for longer are cut: raise it for their route.",
    },
  ),
  eventStreamIdle: field(
    duration(1).prefault("1h"),
    "The same within server-sent events (`text/event-stream`), which may be silent for long. A route's `upstreamIdle` holds for them, too.",
  ),
});

const poolLimits = z.strictObject({
  responseHeadBytes: field(size(512).prefault("64KiB"), "Largest response head accepted from an endpoint."),
});

const dns = z.strictObject({
  refresh: field(duration(100).nullable().prefault(null), "How often names are resolved again.", {
    defaultText: "when the answer's TTL ends (30s where there is none)",
  }),
  ttlMin: field(duration(100).prefault("1s"), "A shorter TTL is taken as this."),
  ttlMax: field(duration(100).prefault("5m"), "A longer TTL is taken as this."),
  timeout: field(
    duration(10).prefault("5s"),
    "Time a resolution may take; the last good answer stays in use.",
  ),
  family: field(choice(["any", "ipv4", "ipv6"]).prefault("any"), "Which addresses are used."),
});

/** Which Host header an endpoint sees: `auto`, `preserve`, `endpoint`, or a literal name. */
function hostHeader() {
  const literal = hostName();
  return leaf<string, string>({
    parse: (input) => {
      const result = literal.safeParse(input);
      return result.success ? { value: result.data } : { allowed: "auto, preserve, endpoint or a host name" };
    },
    json: { anyOf: [{ enum: ["auto", "preserve", "endpoint"] }, { type: "string" }] },
  });
}

export const poolSchema = z.strictObject({
  policy: field(
    policySchema.prefault("peak-ewma"),
    "Who gets the next request: a policy's name, a name with options, or (in TypeScript) a function.",
  ),
  endpoints: field(
    z.array(endpointSchema).prefault([]),
    "The endpoints: URLs, or objects for more than a URL.",
    { identity: "name", removal: "it drains: requests in flight finish, idle connections are closed" },
  ),
  source: field(
    sourceSchema.nullable().prefault(null),
    "Where further endpoints are found at run time, beside those listed: a file, DNS, or a URL; none unless this is given.",
  ),
  health: field(healthSchema.nullable().prefault(null), "Active health checks; none unless this is given.", {
    hazard: "Without probes, an endpoint that fails is noticed only by the requests that fail on it.",
  }),
  tls: field(upstreamTlsSchema.prefault({}), "TLS towards `https` endpoints."),
  protocol: field(
    choice(["http/1.1", "h2", "auto"]).prefault("http/1.1"),
    "What is spoken with endpoints: `h2` is HTTP/2 over TLS, and without TLS by prior knowledge (h2c; gRPC needs it); `auto` lets `https` endpoints choose (ALPN), takes HTTP/1.1 for WebSockets that they do not take over HTTP/2, and speaks HTTP/1.1 with all others.",
    { reload: "reconnect" },
  ),
  http2: field(
    upstreamHttp2Schema.prefault({}),
    "HTTP/2 towards endpoints: how much one connection carries.",
  ),
  proxyProtocol: field(
    choice(["off", "v1", "v2"]).prefault("off"),
    "Begin each connection with a PROXY header that tells the endpoint the client's address. Such a connection belongs to one client and is never reused.",
    {
      hazard: "An endpoint that does not expect the header takes it for a broken request.",
      reload: "reconnect",
    },
  ),
  proxyTlvs: field(
    z.array(choice(proxyTlvNames)).prefault(["tls", "alpn", "authority"]),
    "What headers of `proxyProtocol: v2` tell beside the addresses, where it is known: `tls` (version, cipher, and the common name of the client's certificate, of TLS that is ended here), `alpn` (the protocol agreed on), `authority` (the name asked for, SNI); `crc32c` adds a checksum.",
    { reload: "reconnect" },
  ),
  hostHeader: field(
    hostHeader().prefault("auto"),
    "Host header sent to endpoints: `preserve` (the client's), `endpoint` (the endpoint's own name), or a literal. `auto` sends the endpoint's own name to `https` endpoints that have a public name, and the client's to all others.",
  ),
  connections: field(connections.prefault({}), "How connections to endpoints are kept and reused."),
  timeouts: field(poolTimeouts.prefault({}), "How long an endpoint may take."),
  limits: field(poolLimits.prefault({}), "Bounds on what endpoints send."),
  retry: field(retrySchema.prefault({}), "What is tried again, and how often."),
  hedge: field(
    hedgeSchema.nullable().prefault(null),
    "A second attempt for slow idempotent reads; off unless this is given.",
  ),
  sticky: field(stickySchema.nullable().prefault(null), "Binds clients to endpoints; off unless given."),
  outlier: field(
    outlierSchema.nullable().prefault(null),
    "Takes endpoints out by what their traffic shows; off unless given.",
  ),
  maxFails: field(
    maxFailsSchema.nullable().prefault(null),
    "Takes endpoints out in nginx's way, instead of `outlier`; off unless given.",
  ),
  slowStart: field(
    slowStartSchema.nullable().prefault(null),
    "Lets endpoints that join or return warm up; off unless given.",
  ),
  panic: field(panicSchema.prefault({}), "What happens when nearly all endpoints are down."),
  tiers: field(tiersSchema.prefault({}), "How traffic moves between priorities."),
  zones: field(zonesSchema.prefault({}), "How traffic keeps to the nearest zone."),
  queue: field(
    queueSchema.nullable().prefault(null),
    "Lets requests wait when every endpoint is full; off unless given.",
  ),
  concurrency: field(
    concurrencySchema.nullable().prefault(null),
    "A limit on requests in flight that finds itself from latency; off unless given.",
  ),
  shed: field(
    shedSchema.nullable().prefault(null),
    "Refuses what matters least as load nears the limit; off unless given.",
  ),
  dns: field(dns.prefault({}), "How endpoints' names are resolved."),
});

export type PoolConfig = Frozen<z.output<typeof poolSchema>>;
