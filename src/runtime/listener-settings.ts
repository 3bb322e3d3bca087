/** Lowers a listener's configuration to what connections work with. */
import type { Config } from "../config/schema.ts";
import type { ListenerConfig } from "../config/schema-listener.ts";
import type { ServerTlsConfig } from "../config/schema-server-tls.ts";
import { type BindAddress, parseBindAddress } from "../core/address.ts";
import { assert } from "../core/assert.ts";
import { buildCidrSet } from "../core/cidr.ts";
import type { ListenTarget } from "../core/transport.ts";
import { neverIfOff } from "./endpoint-settings.ts";
import type { ListenerSettings } from "../proxy/listener-context.ts";

export function listenerSettings(listener: ListenerConfig, config: Config): ListenerSettings {
  const { limits, timeouts, http2 } = listener;
  return {
    name: listener.name,
    headLimits: {
      headBytesMax: limits.headBytes,
      headerCountMax: limits.headerCount,
      targetBytesMax: limits.targetBytes,
    },
    trailerBytesMax: limits.trailerBytes,
    bodyBytesMax: limits.bodyBytes,
    readAheadBytesMax: limits.readAheadBytes,
    headTimeoutMs: timeouts.head,
    bodyIdleTimeoutMs: timeouts.bodyIdle,
    keepAliveIdleTimeoutMs: timeouts.keepAliveIdle,
    tunnelIdleTimeoutMs: timeouts.tunnelIdle,
    // The configuration writes "off" as 0.
    exchangeTimeoutMs: neverIfOff(timeouts.exchange),
    keepAliveRequestsMax: listener.keepAliveRequests,
    http2: {
      isCleartextServed: http2.cleartext,
      streamsMax: http2.streams,
      resetsPerSecond: http2.resetsPerSecond,
      framesPerSecond: http2.framesPerSecond,
      streamWindow: http2.streamWindow,
      connectionWindow: http2.connectionWindow,
    },
    responseLines: strictTransportLine(listener.tls),
    forwarding: {
      trusted: buildCidrSet(listener.trustedProxies),
      fields: config.forwarded,
      viaName: config.via,
    },
  };
}

/** RFC 6797 §6.1; "" when the listener does not say it. */
function strictTransportLine(tls: ServerTlsConfig | null): string {
  if (tls === null || tls.hsts.maxAge === 0) return "";
  const { maxAge, includeSubdomains, preload } = tls.hsts;
  const seconds = `max-age=${Math.floor(maxAge / 1000)}`;
  return `Strict-Transport-Security: ${seconds}${includeSubdomains ? "; includeSubDomains" : ""}${preload ? "; preload" : ""}\r\n`;
}

/** The listener's address, which the schema has checked. */
export function bindAddress(listener: ListenerConfig): BindAddress {
  const address = parseBindAddress(listener.address);
  assert(!("problem" in address), "the schema checked the listener's address");
  return address;
}

/** `boundPort` replaces a port of 0 once some worker has been given one. */
export function listenTarget(
  address: BindAddress,
  boundPort: number | undefined,
  isPortShared: boolean,
): ListenTarget {
  if (address.kind === "unix") return { kind: "unix", path: address.path };
  return {
    kind: "tcp",
    // No host means every interface, IPv6 and IPv4 through one dual-stack socket.
    address: address.host ?? "::",
    port: boundPort ?? address.port,
    isPortShared,
    isIpv6Only: address.host === "::",
  };
}
