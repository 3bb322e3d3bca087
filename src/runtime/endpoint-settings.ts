/** Lowers what the user wrote about an endpoint and its pool to what `upstream/` works with. */
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import type { RetryConfig, RetryOverrideConfig } from "../config/schema-retry.ts";
import type { PoolConfig } from "../config/schema-pool.ts";
import { type EndpointAddress, isLocalName, parseEndpointUrl } from "../core/address.ts";
import { grpcStatusNumber } from "../core/grpc.ts";
import { assert } from "../core/assert.ts";
import type { DialTarget, UpstreamTls } from "../core/transport.ts";
import type { ConnectionPoolSettings } from "../upstream/connection-pool.ts";
import type { EndpointFacts } from "../upstream/endpoint.ts";
import type { PoolProtection, PoolSettings, RetrySettings } from "../upstream/pool.ts";

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

export function endpointFacts(key: string, endpoint: EndpointConfig, pool: PoolConfig): EndpointFacts {
  const address = endpointAddress(endpoint);
  return {
    key,
    name: endpoint.name,
    url: endpoint.url,
    tier: endpoint.priority + (endpoint.backup ? 1 : 0),
    zone: endpoint.zone,
    labels: endpoint.labels,
    weight: endpoint.weight,
    hostHeader: hostHeader(address, pool.hostHeader),
    fallbackHost: address.authority,
    suspectAfter: suspectAfter(pool),
  };
}

/** Where probes can tell more, so many failures in a row are worth asking at once. */
const probeAfterFailures = 3;

/** The smallest row of failures that outlier detection acts upon, or that is worth a probe. */
function suspectAfter({ outlier, health }: PoolConfig): number {
  if (outlier === null) return health === null ? Number.POSITIVE_INFINITY : probeAfterFailures;
  const { errors, gatewayErrors, localErrors } = outlier.consecutive;
  return Math.min(errors, gatewayErrors, localErrors);
}

export function connectionSettings(pool: PoolConfig, tls: UpstreamTls | null): ConnectionPoolSettings {
  return {
    tls,
    proxyProtocol: pool.proxyProtocol,
    proxyTlvs: pool.proxyTlvs,
    connectTimeoutMs: pool.timeouts.connect,
    idleMax: pool.connections.idleMax,
    lifetimeMs: neverIfOff(pool.connections.lifetime),
    requestsMax: pool.connections.requestsMax,
    responseHeadBytesMax: pool.limits.responseHeadBytes,
    headerCountMax: responseHeaderCountMax,
    trailerBytesMax,
    responseHeadTimeoutMs: pool.timeouts.responseHead,
    upstreamIdleTimeoutMs: pool.timeouts.upstreamIdle,
    eventStreamIdleTimeoutMs: pool.timeouts.eventStreamIdle,
    poolIdleTimeoutMs: pool.connections.idleTimeout,
    isIdleTimeLearned: pool.connections.learnIdleTimeout,
    protocol: pool.protocol,
    http2: {
      streamsMax: pool.http2.streams,
      streamWindow: pool.http2.streamWindow,
      connectionWindow: pool.http2.connectionWindow,
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

export function poolSettings(name: string, pool: PoolConfig, ownZone: string | null): PoolSettings {
  return {
    name,
    observed: observedProtections(pool),
    observedZone: pool.zones.preferLocal && pool.zones.mode === "observe" ? ownZone : null,
    retry: retrySettings(pool.retry),
    eligibility: {
      overprovisioning: pool.tiers.overprovisioning,
      isSpilling: pool.tiers.spill,
      panicThreshold: pool.panic.threshold,
      isPanicEnforced: pool.panic.mode === "enforce",
      localZone: pool.zones.preferLocal && pool.zones.mode === "enforce" ? ownZone : null,
      zoneEndpointsMin: pool.zones.endpointsMin,
    },
  };
}

function observedProtections({ queue, hedge, panic, zones, retry }: PoolConfig): ReadonlySet<PoolProtection> {
  const modes: readonly (readonly [PoolProtection, string | undefined])[] = [
    ["queue", queue?.mode],
    ["hedge", hedge?.mode],
    ["panic", panic.mode],
    ["zones", zones.mode],
    ["retry-budget", retry.budget.mode],
  ];
  return new Set(modes.flatMap(([name, mode]) => (mode === "observe" ? [name] : [])));
}

function retrySettings(retry: RetryConfig): RetrySettings {
  return {
    attemptsMax: retry.attempts,
    replayBytesMax: retry.bodyBytes,
    on: new Set(retry.on),
    statuses: statusSet(retry.statuses),
    grpcStatuses: grpcStatusSet(retry.grpcStatuses),
    isNonIdempotentAllowed: retry.nonIdempotent,
    attemptTimeoutMs: neverIfOff(retry.perAttempt),
    backoffBaseMs: retry.backoff.base,
    backoffMaxMs: retry.backoff.max,
    isRetryAfterRespected: retry.respectRetryAfter,
  };
}

export function statusSet(ranges: RetryConfig["statuses"]): ReadonlySet<number> {
  const statuses = new Set<number>();
  for (const range of ranges)
    for (let status = range.from; status <= range.to; status++) statuses.add(status);
  return statuses;
}

function grpcStatusSet(names: RetryConfig["grpcStatuses"]): ReadonlySet<number> {
  return new Set(names.map(grpcStatusNumber));
}

/** A route's retry settings over its pool's. */
export function overriddenRetry(settings: RetrySettings, override: RetryOverrideConfig): RetrySettings {
  return {
    ...settings,
    attemptsMax: override.attempts ?? settings.attemptsMax,
    isNonIdempotentAllowed: override.nonIdempotent ?? settings.isNonIdempotentAllowed,
    statuses: override.statuses === null ? settings.statuses : statusSet(override.statuses),
    grpcStatuses:
      override.grpcStatuses === null ? settings.grpcStatuses : grpcStatusSet(override.grpcStatuses),
    attemptTimeoutMs:
      override.perAttempt === null ? settings.attemptTimeoutMs : neverIfOff(override.perAttempt),
  };
}

/** `off` is 0 in a configuration. */
export function neverIfOff(ms: number): number {
  return ms === 0 ? Number.POSITIVE_INFINITY : ms;
}
