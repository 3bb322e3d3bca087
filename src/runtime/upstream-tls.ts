/** What a pool's TLS settings mean for one endpoint; certificates are read from their files. */
import type { PoolConfig } from "../config/schema-pool.ts";
import type { UpstreamTlsConfig } from "../config/schema-tls.ts";
import type { EndpointAddress } from "../core/address.ts";
import type { UpstreamTls } from "../core/transport.ts";

/** Null for `http` endpoints. Throws the system's error when a file cannot be read. */
export function upstreamTls(
  address: EndpointAddress,
  tls: UpstreamTlsConfig,
  protocol: PoolConfig["protocol"],
  readTextFile: (path: string) => string,
): UpstreamTls | null {
  if (address.scheme !== "https") return null;
  return {
    serverName: tls.serverName ?? address.host,
    isVerified: !tls.insecure,
    caPem: tls.ca === null ? null : readTextFile(tls.ca),
    certificatePem: tls.certificate === null ? null : readTextFile(tls.certificate),
    keyPem: tls.key === null ? null : readTextFile(tls.key),
    alpnProtocols: protocol === "auto" ? ["h2", "http/1.1"] : [protocol],
    pins: tls.pins,
  };
}
