/** Lowers what the user wrote about an endpoint and its pool to what `upstream/` works with. */
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import type { PoolConfig } from "../config/schema-pool.ts";
import { type EndpointAddress, isLocalName, parseEndpointUrl } from "../core/address.ts";
import { assert } from "../core/assert.ts";
import type { DialTarget, UpstreamTls } from "../core/transport.ts";
import type { EndpointSettings } from "../upstream/endpoint.ts";
import type { PoolSettings } from "../upstream/pool.ts";

/** Field lines accepted in one response head; its bytes are limited by the configuration. */
const responseHeaderCountMax = 1000;
const trailerBytesMax = 16 * 1024;

/** The address in an endpoint's URL, which the schema has checked. */
export function endpointAddress(endpoint: EndpointConfig): EndpointAddress {
  const address = parseEndpointUrl(endpoint.url);
  assert(!("problem" in address), "the schema checked the endpoint's URL");
  return address;
}

/** Where to dial when that is known without resolving a name; null for names. */
export function fixedTargets(address: EndpointAddress): readonly DialTarget[] | null {
  if (address.kind === "unix") return [{ kind: "unix", path: address.socketPath }];
  if (address.kind === "ip") return [{ kind: "tcp", address: address.host, port: address.port }];
  return null;
}

export function endpointSettings(endpoint: EndpointConfig, pool: PoolConfig, tls: UpstreamTls | null): EndpointSettings {
  const address = endpointAddress(endpoint);
  return {
    name: endpoint.name,
    url: endpoint.url,
    tier: endpoint.priority + (endpoint.backup ? 1 : 0),
    hostHeader: hostHeader(address, pool.hostHeader),
    fallbackHost: address.authority,
    connections: {
      tls,
      connectTimeoutMs: pool.timeouts.connect,
      idleMax: pool.connections.idleMax,
      // The configuration writes "off" as 0.
      lifetimeMs: pool.connections.lifetime === 0 ? Number.POSITIVE_INFINITY : pool.connections.lifetime,
      requestsMax: pool.connections.requestsMax,
      responseHeadBytesMax: pool.limits.responseHeadBytes,
      headerCountMax: responseHeaderCountMax,
      trailerBytesMax,
      responseHeadTimeoutMs: pool.timeouts.responseHead,
      upstreamIdleTimeoutMs: pool.timeouts.upstreamIdle,
      poolIdleTimeoutMs: pool.connections.idleTimeout,
    },
  };
}

/** See `hostHeader` in the configuration: `auto` follows what most origins expect. */
function hostHeader(address: EndpointAddress, setting: string): string | null {
  if (setting === "preserve") return null;
  if (setting === "endpoint") return address.authority;
  if (setting !== "auto") return setting;
  const isExternalName = address.kind === "name" && address.scheme === "https" && !isLocalName(address.host);
  return isExternalName ? address.authority : null;
}

export function poolSettings(name: string, pool: PoolConfig): PoolSettings {
  const statuses = new Set<number>();
  for (const range of pool.retry.statuses) for (let status = range.from; status <= range.to; status++) statuses.add(status);
  return {
    name,
    retry: {
      attemptsMax: pool.retry.attempts,
      replayBytesMax: pool.retry.bodyBytes,
      on: new Set(pool.retry.on),
      statuses,
      isNonIdempotentAllowed: pool.retry.nonIdempotent,
    },
  };
}
