/** A dialer for probes of endpoints that expect a PROXY header: the balancer introduces itself with one. */
import type { PoolConfig } from "../config/schema-pool.ts";
import type { Dialer } from "../core/transport.ts";
import { encodeProxyHeader } from "../listener/proxy-protocol-writer.ts";

/** The dialer itself where no header is expected. */
export function introducedDialer(dialer: Dialer, version: PoolConfig["proxyProtocol"]): Dialer {
  if (version === "off") return dialer;
  const header = encodeProxyHeader(version, null);
  return { dial: (target, tls, handler) => dialer.dial(target, tls, handler, header) };
}
