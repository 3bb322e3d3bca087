/**
 * A whole Headgate data plane in this process on a free port, put together from its parts, with
 * everything a test may want to look at. No probes, no configuration file, no workers.
 */
import assert from "node:assert/strict";
import { buildCidrSet } from "../../src/core/cidr.ts";
import type { Clock } from "../../src/core/clock.ts";
import { Deadlines } from "../../src/core/deadlines.ts";
import { silentLog } from "../../src/core/log.ts";
import type { DialTarget } from "../../src/core/transport.ts";
import { isUsable, type Policy } from "../../src/balancing/policy.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { ExchangeRecord } from "../../src/proxy/exchange-record.ts";
import type { ForwardingSettings } from "../../src/proxy/forwarding.ts";
import { Http1ServerConnection } from "../../src/proxy/http1-server-connection.ts";
import type { ListenerSettings } from "../../src/proxy/listener-context.ts";
import type { LocalResponse } from "../../src/proxy/local-response.ts";
import type { RoutePlan } from "../../src/proxy/route-plan.ts";
import type { ConnectionPoolSettings } from "../../src/upstream/connection-pool.ts";
import { defaultEligibility } from "../../src/upstream/eligibility.ts";
import { Endpoint, type EndpointFacts } from "../../src/upstream/endpoint.ts";
import { EndpointState } from "../../src/upstream/endpoint-state.ts";
import { Pool, type RetrySettings } from "../../src/upstream/pool.ts";
import { PoolVersion } from "../../src/upstream/pool-version.ts";
import { RetryBudget } from "../../src/upstream/retry-budget.ts";
import { seededRandom } from "../../src/core/random.ts";
import { Signal } from "./signal.ts";
import { defaultTransport, type Transport } from "./transports.ts";

export interface ProxyOptions {
  readonly transport?: Transport;
  /** Ports of the loopback address, or full targets; asked in this order. */
  readonly origins: readonly (number | DialTarget)[];
  readonly listener?: Partial<Omit<ListenerSettings, "forwarding">>;
  /** Fields of the X-Forwarded family to send; none by default. */
  readonly forwardedFields?: Partial<ForwardingSettings["fields"]>;
  readonly trustedProxies?: readonly string[];
  readonly connections?: Partial<ConnectionPoolSettings>;
  readonly endpoint?: Partial<EndpointFacts>;
  readonly retry?: Partial<RetrySettings>;
  /** Answers of the balancer's own, by path. */
  readonly local?: Readonly<Record<string, LocalResponse>>;
  readonly clock?: Clock;
  readonly tickMs?: number;
  /** Where to listen instead of a free port of 127.0.0.1. */
  readonly listen?: { readonly address: string } | { readonly path: string };
}

/** What Headgate calls itself in Via in tests. */
export const viaName = "gate";

const listenerDefaults: Omit<ListenerSettings, "forwarding"> = {
  name: "test",
  headLimits: { headBytesMax: 16_384, headerCountMax: 100, targetBytesMax: 4096 },
  trailerBytesMax: 4096,
  bodyBytesMax: Number.POSITIVE_INFINITY,
  readAheadBytesMax: 65_536,
  headTimeoutMs: 60_000,
  bodyIdleTimeoutMs: 60_000,
  keepAliveIdleTimeoutMs: 60_000,
  tunnelIdleTimeoutMs: 60_000,
  exchangeTimeoutMs: Number.POSITIVE_INFINITY,
  keepAliveRequestsMax: Number.POSITIVE_INFINITY,
};

const connectionDefaults: ConnectionPoolSettings = {
  tls: null,
  connectTimeoutMs: 60_000,
  idleMax: 64,
  lifetimeMs: Number.POSITIVE_INFINITY,
  requestsMax: Number.POSITIVE_INFINITY,
  responseHeadBytesMax: 16_384,
  headerCountMax: 100,
  trailerBytesMax: 4096,
  responseHeadTimeoutMs: 60_000,
  upstreamIdleTimeoutMs: 60_000,
  poolIdleTimeoutMs: 60_000,
};

const noForwardedFields: ForwardingSettings["fields"] = {
  xForwardedFor: false,
  xForwardedProto: false,
  xForwardedHost: false,
  xForwardedPort: false,
  xRealIp: false,
  forwarded: false,
};

const retryDefaults: RetrySettings = {
  attemptsMax: 3,
  replayBytesMax: 65_536,
  on: new Set(["connect", "reset", "timeout"] as const),
  statuses: new Set(),
  isNonIdempotentAllowed: false,
  attemptTimeoutMs: Number.POSITIVE_INFINITY,
  backoffBaseMs: 0,
  backoffMaxMs: 0,
  isRetryAfterRespected: false,
};

/** The first endpoint that was not tried yet, so that tests know where a request goes. */
const inOrder: Policy = {
  needsKey: false,
  pick: (eligible, _key, tried) => eligible.find((candidate) => isUsable(candidate, tried)) ?? null,
};

/** A head that was refused before there was an exchange. */
export interface Refusal {
  readonly cause: string;
  readonly status: number;
}

export class TestProxy {
  /** Finished exchanges in order. */
  readonly records: ExchangeRecord[] = [];
  readonly refusals: Refusal[] = [];
  /** Connections of clients that are open now. */
  readonly connections = new Set<Http1ServerConnection>();
  readonly changed = new Signal();
  acceptedCount = 0;
  port = 0;
  address = "";
  stopAccepting: () => Promise<void> = async () => {};
  readonly endpoints: readonly Endpoint[];

  constructor(endpoints: readonly Endpoint[]) {
    this.endpoints = endpoints;
  }

  async record(count = 1): Promise<ExchangeRecord> {
    return this.changed.until(`exchange ${count} to finish`, () => this.records[count - 1]);
  }

  async refusal(count = 1): Promise<Refusal> {
    return this.changed.until(`refusal ${count}`, () => this.refusals[count - 1]);
  }

  /** Until no client is connected. */
  async isQuiet(): Promise<void> {
    await this.changed.until("all clients' connections to close", () => this.connections.size === 0);
  }

  /** Ends everything and asserts that nothing is left behind. */
  async close(): Promise<void> {
    const stopped = this.stopAccepting();
    for (const connection of [...this.connections]) connection.terminate();
    for (const endpoint of this.endpoints) endpoint.connections.close();
    await this.isQuiet();
    await stopped;
    for (const { name, state } of this.endpoints) {
      assert.equal(state.activeRequests, 0, `${name} still counts active requests`);
      assert.equal(state.connections, 0, `${name} still counts connections`);
    }
  }
}

export async function startProxy(options: ProxyOptions): Promise<TestProxy> {
  const transport = options.transport ?? defaultTransport;
  const clock = options.clock ?? systemClock;
  const deadlines = new Deadlines(clock, options.tickMs ?? 10);
  const endpoints = options.origins.map((origin, index) =>
    buildEndpoint(origin, index, options, transport, clock, deadlines),
  );
  const settings = { name: "app", retry: { ...retryDefaults, ...options.retry }, eligibility: defaultEligibility };
  const pool = new Pool(settings, {
    endpoints,
    version: new PoolVersion(),
    random: seededRandom(1),
    budget: RetryBudget.create(1, { share: 1, floor: 1000 }),
    queue: null,
    hedgeDelayMs: () => null,
    createPolicy: () => inOrder,
  });
  const proxy = new TestProxy(endpoints);
  const forwarding = {
    trusted: buildCidrSet(options.trustedProxies ?? []),
    fields: { ...noForwardedFields, ...options.forwardedFields },
    viaName,
  };
  const context = {
    settings: { ...listenerDefaults, ...options.listener, forwarding },
    proxy: {
      clock,
      deadlines,
      log: silentLog,
      router: { route: (facts: { path: string }) => routeTo(pool, options, facts.path) },
      isCauseShown: true,
      viaName,
      onExchangeFinished(record: ExchangeRecord): void {
        proxy.records.push(record);
        proxy.changed.notify();
      },
    },
    onConnectionClosed(connection: Http1ServerConnection): void {
      proxy.connections.delete(connection);
      proxy.changed.notify();
    },
    onHeadRefused(cause: string, status: number): void {
      proxy.refusals.push({ cause, status });
      proxy.changed.notify();
    },
  };
  const { listen } = options;
  const place =
    listen !== undefined && "path" in listen
      ? ({ kind: "unix", path: listen.path } as const)
      : ({
          kind: "tcp",
          address: listen?.address ?? "127.0.0.1",
          port: 0,
          isPortShared: false,
          isIpv6Only: false,
        } as const);
  const bound = await transport.acceptor.listen(place, 512, (stream) => {
    proxy.acceptedCount++;
    proxy.connections.add(new Http1ServerConnection(stream, context, false));
    proxy.changed.notify();
  });
  proxy.port = bound.port;
  proxy.address = bound.address;
  proxy.stopAccepting = () => bound.close();
  return proxy;
}

function buildEndpoint(
  origin: number | DialTarget,
  index: number,
  options: ProxyOptions,
  transport: Transport,
  clock: Clock,
  deadlines: Deadlines,
): Endpoint {
  const target: DialTarget =
    typeof origin === "number" ? { kind: "tcp", address: "127.0.0.1", port: origin } : origin;
  const facts: EndpointFacts = {
    name: `origin-${index}`,
    url: "",
    tier: 0,
    zone: null,
    labels: {},
    weight: 1,
    hostHeader: null,
    fallbackHost: "fallback.test",
    ...options.endpoint,
  };
  const connections = { ...connectionDefaults, ...options.connections };
  const state = EndpointState.create(1);
  const endpoint = new Endpoint(facts, connections, state, transport.dialer, clock, deadlines);
  endpoint.connections.targets = [target];
  return endpoint;
}

function routeTo(pool: Pool, options: ProxyOptions, path: string): RoutePlan {
  const response = options.local?.[path];
  return {
    name: response === undefined ? "all" : "local",
    gates: [],
    respond: response === undefined ? null : () => response,
    isUncounted: false,
    poolOf: response === undefined ? () => pool : null,
    keyOf: () => "",
    retry: null,
    exchangeTimeoutMs: null,
    bodyBytesMax: null,
    upstreamTimeouts: null,
    rewrite: null,
    editRequest: null,
    editResponse: null,
    importance: "normal",
  };
}
