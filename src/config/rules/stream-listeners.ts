/** Listeners below HTTP know where to send what they take, and others do not pretend to. */
import type { ListenerConfig } from "../schema-listener.ts";
import type { Rule } from "./rule.ts";

export const streamListeners: Rule = {
  name: "listener-protocol",
  severity: "error",
  sentence:
    "A `tcp` or `udp` listener has no pool, a listener has a setting that its protocol has no use for, or nobody is trusted to send a PROXY header that is required.",
  check({ config, report }) {
    for (const [index, listener] of config.listeners.entries())
      for (const { key, message, allowed } of faultsOf(listener))
        report({ path: ["listeners", index, key], part: "key", message, allowed });
  },
};

const httpProtocols: readonly string[] = ["h2", "http/1.1"];

interface Fault {
  readonly key: keyof ListenerConfig;
  readonly message: string;
  readonly allowed: string;
}

function* faultsOf(listener: ListenerConfig): Iterable<Fault> {
  const { protocol, pool, routes, proxyProtocol, trustedProxies, tls } = listener;
  if (protocol === "http") {
    if (pool !== null)
      yield {
        key: "pool",
        message: "requests are sent to pools by routes",
        allowed: "a route with match.listener, or protocol: tcp",
      };
    if (listener.access !== null)
      yield {
        key: "access",
        message: "who may send requests is said by their routes",
        allowed: "access of a route, or protocol: tcp",
      };
    if (routes.length > 0)
      yield {
        key: "routes",
        message: "a listener's own routes are for TLS that is passed on; requests have routes at the top",
        allowed: "protocol: tcp",
      };
    if (tls?.alpn?.every((name) => httpProtocols.includes(name)) === false)
      yield {
        key: "tls",
        message: "requests are taken by HTTP only, whatever else alpn says",
        allowed: `alpn: ${httpProtocols.join(", ")}`,
      };
  } else {
    if (pool === null && routes.length === 0)
      yield { key: "protocol", message: `a ${protocol} listener needs a pool`, allowed: "pool: name" };
    if (tls !== null && protocol === "udp")
      yield { key: "tls", message: "datagrams carry no TLS", allowed: "no tls" };
    if (tls !== null && routes.length > 0)
      yield { key: "tls", message: "what routes pass on stays encrypted", allowed: "tls or routes" };
  }
  if (protocol === "udp" && listener.address.startsWith("unix:"))
    yield { key: "address", message: "datagrams are not served on unix sockets", allowed: "host:port" };
  if (protocol === "udp" && routes.length > 0)
    yield { key: "routes", message: "datagrams have no names to route by", allowed: "pool: name" };
  if (proxyProtocol === "off") return;
  if (protocol === "udp")
    yield { key: "proxyProtocol", message: "datagrams carry no PROXY header", allowed: "off" };
  if (trustedProxies.length === 0)
    yield {
      key: "proxyProtocol",
      message: "nobody is trusted to send the header, so nobody could connect",
      allowed: "trustedProxies: the networks of your own proxies",
    };
}
