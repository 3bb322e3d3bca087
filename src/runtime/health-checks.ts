/**
 * Active health checks of all pools: one subject per endpoint, kept over reloads while its endpoint and
 * its health settings are the same. What the probes find goes into the endpoint's shared state, where
 * every worker sees it at once.
 */
import type { Config } from "../config/schema.ts";
import type { HealthConfig } from "../config/schema-health.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { Dialer, DialTarget, UpstreamTls } from "../core/transport.ts";
import { EndpointHealth, type HealthChange } from "../health/endpoint-health.ts";
import { createGrpcProbe } from "../health/grpc-probe.ts";
import { createHttpProbe } from "../health/http-probe.ts";
import type { Probe } from "../health/probe.ts";
import { Prober, type ProbeSubject } from "../health/prober.ts";
import { createTcpProbe } from "../health/tcp-probe.ts";
import type { PoolConfig } from "../config/schema-pool.ts";
import { introducedDialer } from "./introduced-dialer.ts";
import { endpointAddress } from "./endpoint-settings.ts";
import type { SharedEndpoint, SharedState } from "./shared-state.ts";

export interface HealthChecksParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly dialer: Dialer;
  readonly shared: SharedState;
  targetsOf(key: string): readonly DialTarget[];
  tlsOf(key: string): UpstreamTls | null;
  /** `isObserved`: nothing was done about it. */
  onChange(endpoint: SharedEndpoint, change: HealthChange, isObserved: boolean): void;
  /** A probe found it up. */
  onPassed(endpoint: SharedEndpoint): void;
}

interface Watched {
  readonly subject: ProbeSubject;
  readonly settingsText: string;
}

export class HealthChecks {
  readonly #parts: HealthChecksParts;
  readonly #prober: Prober;
  #watched = new Map<string, Watched>();

  constructor(parts: HealthChecksParts) {
    this.#parts = parts;
    this.#prober = new Prober(parts);
  }

  /** Probes what the configuration says; what is gone or changed starts anew. */
  watch(config: Config): void {
    const next = new Map<string, Watched>();
    for (const endpoint of this.#parts.shared.endpoints()) {
      const pool = config.pools[endpoint.pool];
      const health = pool?.health ?? null;
      if (pool === undefined || health === null || endpoint.config.state === "maintenance") {
        this.#setDown(endpoint, false);
        continue;
      }
      if (health.mode === "observe") this.#setDown(endpoint, false);
      const settingsText = JSON.stringify([health, pool.proxyProtocol]);
      const known = this.#watched.get(endpoint.key);
      next.set(
        endpoint.key,
        known?.settingsText === settingsText
          ? known
          : this.#create(endpoint, health, pool.proxyProtocol, settingsText),
      );
    }
    for (const [key, watched] of this.#watched)
      if (next.get(key) !== watched) this.#prober.remove(watched.subject);
    for (const [key, watched] of next)
      if (this.#watched.get(key) !== watched) this.#prober.add(watched.subject);
    this.#watched = next;
  }

  /** Traffic raised a doubt. */
  probeSoon(key: string): void {
    const watched = this.#watched.get(key);
    if (watched !== undefined) this.#prober.probeSoon(watched.subject);
  }

  /** The health of an endpoint that is probed. */
  healthOf(key: string): EndpointHealth | null {
    return this.#watched.get(key)?.subject.health ?? null;
  }

  close(): void {
    this.#prober.close();
  }

  #create(
    endpoint: SharedEndpoint,
    health: HealthConfig,
    proxyProtocol: PoolConfig["proxyProtocol"],
    settingsText: string,
  ): Watched {
    const { clock } = this.#parts;
    const endpointHealth = new EndpointHealth(clock, health, (change) =>
      this.#changed(endpoint, change, health.mode),
    );
    const subject: ProbeSubject = {
      name: endpoint.config.name,
      health: endpointHealth,
      probe: this.#probeOf(health, proxyProtocol),
      schedule: {
        intervalMs: health.interval,
        downIntervalMs: health.downInterval,
        timeoutMs: health.timeout,
        jitter: health.jitter,
      },
      target: () => this.#targetOf(endpoint, health),
      onProbed: ({ isOk }) => {
        if (isOk && endpointHealth.state.kind === "up") this.#parts.onPassed(endpoint);
      },
    };
    return { subject, settingsText };
  }

  #probeOf(health: HealthConfig, proxyProtocol: PoolConfig["proxyProtocol"]): Probe {
    const { clock, dialer } = this.#parts;
    switch (health.kind) {
      case "tcp":
        return createTcpProbe(introducedDialer(dialer, proxyProtocol), clock);
      case "grpc":
        return createGrpcProbe({ ...health, service: health.service ?? "" }, clock);
      case "http":
        return createHttpProbe(health, clock);
    }
  }

  #targetOf(endpoint: SharedEndpoint, health: HealthConfig): ReturnType<ProbeSubject["target"]> {
    const targets = this.#parts.targetsOf(endpoint.key);
    if (targets.length === 0) return null;
    const { port } = health;
    const addresses = targets.map((target) =>
      target.kind === "tcp" && port !== null ? { ...target, port } : target,
    );
    return {
      addresses,
      tls: this.#parts.tlsOf(endpoint.key),
      authority: endpointAddress(endpoint.config).authority,
    };
  }

  #changed(endpoint: SharedEndpoint, change: HealthChange, mode: HealthConfig["mode"]): void {
    if (change.to === "down") this.#parts.shared.pools.get(endpoint.pool)?.protections.count("health", mode);
    if (mode === "enforce") this.#setDown(endpoint, change.to === "down");
    this.#parts.onChange(endpoint, change, mode === "observe");
  }

  #setDown(endpoint: SharedEndpoint, isDown: boolean): void {
    if (endpoint.state.hasStatus("down") === isDown) return;
    endpoint.state.setStatus("down", isDown);
    this.#parts.shared.pools.get(endpoint.pool)?.version.bump();
  }
}
