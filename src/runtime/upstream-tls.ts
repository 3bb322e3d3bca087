/** What a pool's TLS settings mean for one endpoint. */
import type { PoolConfig } from "../config/schema-pool.ts";
import type { UpstreamTlsConfig } from "../config/schema-tls.ts";
import type { EndpointAddress } from "../core/address.ts";
import type { UpstreamTls } from "../core/transport.ts";
import type { PoolPems } from "./certificate-reading.ts";

const noPems: PoolPems = { caPem: null, certificatePem: null, keyPem: null };

/** Null for `http` endpoints. `pems` is what the pool's files say, nothing when it names none. */
export function upstreamTls(
  address: EndpointAddress,
  tls: UpstreamTlsConfig,
  protocol: PoolConfig["protocol"],
  pems: PoolPems = noPems,
): UpstreamTls | null {
  if (address.scheme !== "https") return null;
  return {
    serverName: tls.serverName ?? address.host,
    isVerified: !tls.insecure,
    ...pems,
    alpnProtocols: protocol === "auto" ? ["h2", "http/1.1"] : [protocol],
    pins: tls.pins,
  };
}
