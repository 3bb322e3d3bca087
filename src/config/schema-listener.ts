/** Listeners: where clients connect, how much of everything one may use, and how long it may take. */
import * as z from "zod";
import { field, leaf, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { serverHttp2Schema } from "./schema-http2.ts";
import { serverTlsSchema } from "./schema-server-tls.ts";
import { streamAccessSchema, streamRouteSchema } from "./schema-stream.ts";
import {
  choice,
  count,
  countOrUnlimited,
  readCount,
  duration,
  durationOrOff,
  size,
  sizeOrUnlimited,
  text,
} from "./leaves.ts";
import { enforceOrObserve } from "./mode.ts";
import { bindAddress, cidr, name } from "./texts.ts";

const listenerLimits = z.strictObject({
  headBytes: field(
    size(512).prefault("32KiB"),
    "Largest request head (request line and headers) that is read; a larger one is answered 431.",
    {
      hazard: "Single sign-on cookies and long tokens need room: 8KiB is too small for many applications.",
    },
  ),
  headerCount: field(
    count(1, 10_000).prefault(100),
    "Most header lines in one request; more are answered 431.",
  ),
  targetBytes: field(
    size(64).prefault("8KiB"),
    "Longest request target (path and query); a longer one is answered 414.",
  ),
  bodyBytes: field(
    sizeOrUnlimited().prefault("unlimited"),
    "Largest request body; a larger one is answered 413. A route may set its own.",
    {
      hazard:
        "Bodies are passed on as they arrive and cost no memory here, but the endpoint may not be so lucky.",
    },
  ),
  trailerBytes: field(
    size(0).prefault("8KiB"),
    "Most bytes of trailers, and of chunk extensions, in one body.",
  ),
  readAheadBytes: field(
    size(1024).prefault("64KiB"),
    "Most bytes of pipelined requests kept while an earlier request is being answered; then reading pauses.",
  ),
  connections: field(
    countOrUnlimited(1).prefault(10_000),
    "Most connections held at once over all workers; further ones are answered 503 and closed.",
    {
      hazard:
        "The process also needs two file descriptors for each busy connection: look at the limit of open files.",
    },
  ),
  connectionsPerClient: field(
    countOrUnlimited(1).prefault("unlimited"),
    "Most connections held at once for one client address, trusted proxies excepted.",
  ),
  connectionsPerClientMode: enforceOrObserve(),
});

const listenerTimeouts = z.strictObject({
  head: field(
    duration(1).prefault("10s"),
    "Time a client has to send a complete request head, from its first byte (on a new connection: from the start); with `protocol: tcp` and `routes`, its ClientHello.",
  ),
  bodyIdle: field(
    duration(1).prefault("30s"),
    "Longest silence while a request body is awaited or a response is not being read by the client.",
  ),
  keepAliveIdle: field(duration(1).prefault("75s"), "How long a connection without a request stays open.", {
    hazard:
      "A balancer in front that keeps connections for longer than this will now and then use one as it closes.",
  }),
  tunnelIdle: field(
    duration(1).prefault("1h"),
    "Longest silence in both directions of an upgraded connection such as a WebSocket, and of a connection with `protocol: tcp`.",
  ),
  proxyHeader: field(
    duration(3000).prefault("5s"),
    "Time a trusted proxy has to send its PROXY header, where `proxyProtocol` requires one.",
  ),
  datagramIdle: field(
    duration(1).prefault("30s"),
    "Silence after which a client's datagrams are balanced anew (`protocol: udp`).",
  ),
  exchange: field(
    durationOrOff().prefault("off"),
    "Deadline of a whole exchange, attempts and body included. A route may set its own.",
    {
      hazard: "It also ends downloads and event streams that are perfectly well.",
    },
  ),
});

/** `true` for the usual port of HTTPS. */
function httpsPort() {
  const allowed = "true, false, or the port of the HTTPS listener";
  return leaf<boolean | number, number>({
    parse: (input) => {
      if (input === true) return { value: 443 };
      return input === false ? { value: 0 } : readCount(input, allowed, 1, 65_535);
    },
    json: { anyOf: [{ type: "boolean" }, { type: "integer", minimum: 1, maximum: 65_535 }] },
    valueKind: "port-or-off",
    unit: "0 when off",
  });
}

const listenerFields = z.strictObject({
  name: field(name("listener").optional(), "What logs, metrics and the API call this listener.", {
    defaultText: "the address",
  }),
  address: field(
    bindAddress(),
    "Where to listen: `:8080` (every interface), `127.0.0.1:80`, `[::1]:80`, or `unix:/run/headgate.sock`.",
    { reload: "rebind" },
  ),
  backlog: field(
    count(1, 65_535).prefault(4096),
    "Connections that the kernel may hold until a worker accepts them; the system's own maximum applies, too.",
    { reload: "rebind" },
  ),
  protocol: field(
    choice(["http", "tcp", "udp"]).prefault("http"),
    "What is understood of what clients send: requests, a stream of bytes, or datagrams. Streams and datagrams go to `pool` as they are.",
    { reload: "rebind" },
  ),
  pool: field(
    text("the name of a pool").nullable().prefault(null),
    "The pool that takes every connection or client of a `tcp` or `udp` listener; beside `routes`, those that no route takes.",
  ),
  routes: field(
    z.array(streamRouteSchema).prefault([]),
    "Which pool takes which TLS client of a `tcp` listener, by the names it asks for; nothing is decrypted. The longest name wins; order decides between equals.",
  ),
  proxyProtocol: field(
    choice(["off", "required"]).prefault("off"),
    "Whether each connection begins with a PROXY header, version 1 or 2, which tells the client's address. With `required`, only `trustedProxies` may connect.",
    {
      hazard: "It is never guessed: with `off` a header is taken for the client's own bytes.",
    },
  ),
  access: field(
    streamAccessSchema.nullable().prefault(null),
    "Which clients a `tcp` or `udp` listener lets in, by address; all unless given. Requests have `access` on their routes.",
  ),
  tls: field(
    serverTlsSchema.nullable().prefault(null),
    "Speak TLS with clients: a section with certificates, or `self-signed` for development. Plain unless given.",
  ),
  redirectToHttps: field(
    httpsPort().prefault(false),
    "Answer every request with a redirect to the same address under `https`: `true` for port 443, or the port of the HTTPS listener.",
  ),
  http2: field(
    serverHttp2Schema.prefault({}),
    "HTTP/2: which clients may use it, and how much one connection may carry.",
  ),
  trustedProxies: field(
    z.array(cidr()).prefault([]),
    "Peers whose `X-Forwarded-*` and `Forwarded` headers are believed and appended to. From anyone else they are overwritten.",
    {
      hazard: "Trusting a network that clients can reach lets them pretend to be any address.",
    },
  ),
  keepAliveRequests: field(
    countOrUnlimited(1).prefault("unlimited"),
    "Requests served on one connection before it is closed.",
  ),
  limits: field(listenerLimits.prefault({}), "Bounds of what one client may use."),
  timeouts: field(listenerTimeouts.prefault({}), "How long a client may take."),
});

const listenerObject = listenerFields.transform((listener) => ({
  ...listener,
  name: listener.name ?? listener.address,
}));

/** An address alone is enough. */
export const listenerSchema = withShorthand(
  listenerObject,
  "address",
  "an address, or a section with an address",
);

export type ListenerConfig = Frozen<z.output<typeof listenerSchema>>;
