/**
 * The control plane: turns configurations into snapshots, hands them to the data planes, probes and
 * resolves, and lets endpoints be changed at run time. It serves no request itself.
 */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { NameResolver } from "../core/names.ts";
import type { Random } from "../core/random.ts";
import type { Dialer, DialTarget, UpstreamTls } from "../core/transport.ts";
import { AcmeKeeper, type AcmeKeeperParts } from "./acme-keeper.ts";
import type { DataPlaneLink } from "./data-plane-link.ts";
import type { ChangeExtent } from "./config-changes.ts";
import { endpointAddress, fixedTargets } from "./endpoint-settings.ts";
import { type NamedFiles, preflight } from "./config-preflight.ts";
import { HealthChecks } from "./health-checks.ts";
import type { OutlierChange, OutlierSubject } from "../health/outlier-detection.ts";
import { Outliers } from "./outliers.ts";
import { SlowStarts } from "./slow-starts.ts";
import { type NamedEndpoint, NameWatch } from "./name-watch.ts";
import { PoolCertificates, type PoolCertificatesParts, type PoolsPems } from "./pool-certificates.ts";
import { loadPolicyModules, type PolicyModule } from "./policy-modules.ts";
import type { SharedEndpoint, SharedState } from "./shared-state.ts";
import type { BoundAddress, PoolSnapshot, Snapshot } from "./snapshot.ts";
import {
  type CertificateInUse,
  type ListenersTls,
  TlsListeners,
  type TlsListenersParts,
} from "./tls-listeners.ts";
import type { TicketKeyInheritance } from "./tls-ticket-keys.ts";
import { upstreamTls } from "./upstream-tls.ts";

export interface ControlPlaneParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly resolver: NameResolver;
  readonly dialer: Dialer;
  readonly shared: SharedState;
  /** The first one decides ports that are 0. */
  readonly dataPlanes: readonly DataPlaneLink[];
  readTextFile(path: string): string;
  /** What listeners with TLS need of the machine. */
  readonly certificateFiles: Omit<
    TlsListenersParts,
    "clock" | "log" | "readTextFile" | "onChanged" | "acme" | "ticketKeys"
  > &
    Pick<AcmeKeeperParts, "createAcmeIssuer" | "openStore"> &
    Pick<PoolCertificatesParts, "tryOutPool">;
  readonly ticketKeys?: TicketKeyInheritance | null;
}

export class ControlPlane {
  readonly #parts: ControlPlaneParts;
  readonly #names: NameWatch;
  readonly #health: HealthChecks;
  readonly #outliers: Outliers;
  readonly #slowStarts: SlowStarts;
  readonly #acme: AcmeKeeper;
  readonly #tlsListeners: TlsListeners;
  readonly #poolCertificates: PoolCertificates;
  #tls = new Map<string, UpstreamTls | null>();
  #fixedTargets = new Map<string, readonly DialTarget[]>();
  #config: Config | null = null;
  #files: NamedFiles | null = null;
  /** For explanations. */
  #policyModules: ReadonlyMap<string, PolicyModule> = new Map();
  #revision = 0;
  #boundPorts: Record<string, number> = {};
  #addresses: readonly BoundAddress[] = [];
  /** Applications follow one another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ControlPlaneParts) {
    this.#parts = parts;
    this.#names = new NameWatch({
      ...parts,
      onTargets: (key, targets) => this.#targetsChanged(key, targets),
    });
    this.#slowStarts = new SlowStarts(parts.clock, parts.shared);
    this.#outliers = new Outliers({
      ...parts,
      onChange: (endpoint, change) => this.#outlierChanged(endpoint, change),
    });
    this.#acme = new AcmeKeeper({
      ...parts,
      ...parts.certificateFiles,
      publish: async (answers) => {
        await Promise.all(parts.dataPlanes.map((link) => link.setChallenges(answers)));
      },
      onIssued: () => void this.#tlsListeners.refreshUnasked(),
    });
    this.#tlsListeners = new TlsListeners({
      ...parts,
      ...parts.certificateFiles,
      acme: this.#acme,
      onChanged: (tls) => {
        for (const link of parts.dataPlanes) link.setTls(tls);
      },
    });
    this.#poolCertificates = new PoolCertificates({
      ...parts,
      ...parts.certificateFiles,
      onChanged: () => void this.#refreshPoolsUnasked(),
    });
    this.#health = new HealthChecks({
      ...parts,
      targetsOf: (key) => this.#targets(key),
      tlsOf: (key) => this.#tls.get(key) ?? null,
      onChange: (endpoint, change, isObserved) => this.#healthChanged(endpoint, change, isObserved),
      onPassed: ({ key }) => this.#outliers.probeChanged(key, false),
    });
  }

  /** A worker saw an endpoint fail again and again. */
  suspect(endpointKey: string): void {
    this.#outliers.check(endpointKey);
    this.#health.probeSoon(endpointKey);
  }

  /** Why outlier detection holds an endpoint out; null when it does not. */
  ejectionReason(endpointKey: string): string | null {
    return this.#outliers.reason(endpointKey);
  }

  /** A listener was asked for a name that it has no certificate for. */
  nameWanted(listener: string, serverName: string): void {
    this.#acme.want(listener, serverName);
  }

  get acme(): AcmeKeeper {
    return this.#acme;
  }

  get config(): Config | null {
    return this.#config;
  }
  /** Users' policies as they are in force, by pool. */
  get policyModules(): ReadonlyMap<string, PolicyModule> {
    return this.#policyModules;
  }
  get revision(): number {
    return this.#revision;
  }
  /** The listeners as bound by the first data plane. */
  get addresses(): readonly BoundAddress[] {
    return this.#addresses;
  }
  get health(): HealthChecks {
    return this.#health;
  }

  /** Of the listeners that speak TLS. */
  get certificates(): readonly CertificateInUse[] {
    return this.#tlsListeners.certificates;
  }

  /** For whoever takes this process's place. */
  get ticketKeys(): TicketKeyInheritance {
    return this.#tlsListeners.ticketKeys;
  }

  /** Reads them anew. Rejects when one cannot be used, and the old ones stay. */
  async refreshCertificates(): Promise<void> {
    await this.#tlsListeners.refresh();
    await this.#refreshPools();
  }

  /** Endpoints of pools whose files say something new get new connections; requests in flight finish. */
  #refreshPools(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#config === null || !this.#poolCertificates.isStale(this.#config)) return;
      await this.#apply(this.#config, "pool-certificates");
      this.#parts.log.info("certificates of pools read anew");
    });
  }

  /** The same, but nobody waits for it: the log is told of a failure. */
  async #refreshPoolsUnasked(): Promise<void> {
    try {
      await this.#refreshPools();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.log.error("changed certificates cannot be used, the old ones stay", { reason });
    }
  }

  /** Makes a configuration current, or rejects and leaves everything as it was. */
  apply(config: Config, extent: ChangeExtent = "whole"): Promise<void> {
    return this.#inTurn(() => this.#apply(config, extent));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => {});
    return run;
  }

  async close(): Promise<void> {
    await this.#last;
    this.#health.close();
    this.#outliers.close();
    this.#slowStarts.close();
    this.#names.close();
    this.#acme.close();
    this.#tlsListeners.close();
    this.#poolCertificates.close();
  }

  async #apply(config: Config, extent: ChangeExtent | "pool-certificates"): Promise<void> {
    const { shared, dataPlanes } = this.#parts;
    // What somebody finds in DNS is no reason to read every file again, nor to fail because of one.
    const known = extent === "whole" ? null : this.#files;
    const isOnlyEndpoints = extent === "endpoints" && known !== null;
    const files = known ?? (await preflight(config, this.#parts.readTextFile));
    const policyModules = await loadPolicyModules(config, files.policyModules);
    const before = { tls: this.#tls, fixedTargets: this.#fixedTargets, boundPorts: this.#boundPorts };
    let isPartlyApplied = false;
    const goBack = shared.adopt(config);
    try {
      const pools = isOnlyEndpoints ? this.#poolCertificates.inForce : this.#poolCertificates.read(config);
      await this.#readEndpoints(config, pools.pems, isOnlyEndpoints ? before.tls : new Map());
      const tls = known === null ? await this.#tlsListeners.read(config) : this.#tlsListeners.inForce;
      const [first, ...others] = dataPlanes;
      const addresses = (await first?.apply(this.#snapshot(config, files, tls.settings))) ?? [];
      isPartlyApplied = true;
      this.#boundPorts = Object.fromEntries(addresses.map(({ listener, port }) => [listener, port]));
      const snapshot = this.#snapshot(config, files, tls.settings);
      await allOf(others.map((link) => link.apply(snapshot)));
      this.#addresses = addresses;
      tls.commit();
      pools.commit();
    } catch (error) {
      goBack();
      this.#tls = before.tls;
      this.#fixedTargets = before.fixedTargets;
      this.#boundPorts = before.boundPorts;
      if (isPartlyApplied) await this.#reinstate();
      throw error;
    }
    this.#config = config;
    this.#files = files;
    this.#policyModules = policyModules;
    this.#revision++;
    shared.publish();
    this.#slowStarts.watch(config);
    this.#outliers.watch(config);
    this.#health.watch(config);
    this.#acme.watch(config);
  }

  /** What only some workers could make current is in force in none. */
  async #reinstate(): Promise<void> {
    if (this.#config === null || this.#files === null) return;
    const inForce = this.#snapshot(this.#config, this.#files, this.#tlsListeners.inForce.settings);
    const snapshot = { ...inForce, revision: this.#revision };
    const { dataPlanes, log } = this.#parts;
    try {
      await allOf(dataPlanes.map((link) => link.apply(snapshot)));
    } catch (error) {
      log.error("a worker did not go back to the configuration in force", { reason: String(error) });
    }
  }

  /** Resolves names of all endpoints; what is known of their TLS stays the same object, which sessions are kept by. */
  async #readEndpoints(
    config: Config,
    pems: PoolsPems,
    known: ReadonlyMap<string, UpstreamTls | null>,
  ): Promise<void> {
    const { shared } = this.#parts;
    const tls = new Map<string, UpstreamTls | null>();
    const fixed = new Map<string, readonly DialTarget[]>();
    const named: NamedEndpoint[] = [];
    for (const { key, pool, config: endpoint } of shared.endpoints()) {
      const poolConfig = config.pools[pool];
      if (poolConfig === undefined) continue;
      const address = endpointAddress(endpoint);
      const knownTls = known.get(key);
      tls.set(
        key,
        knownTls === undefined
          ? upstreamTls(address, poolConfig.tls, poolConfig.protocol, pems.get(pool))
          : knownTls,
      );
      const targets = fixedTargets(address);
      if (targets !== null) fixed.set(key, targets);
      else {
        const {
          ttlMin: ttlMinMs,
          ttlMax: ttlMaxMs,
          refresh: refreshMs,
          timeout: timeoutMs,
          family,
        } = poolConfig.dns;
        const limits = { ttlMinMs, ttlMaxMs, refreshMs, timeoutMs, family };
        named.push({ key, host: address.host, port: address.port, ...limits });
      }
    }
    this.#tls = tls;
    this.#fixedTargets = fixed;
    await this.#names.watch(named);
  }

  #snapshot(config: Config, files: NamedFiles, tls: ListenersTls): Snapshot {
    const { shared } = this.#parts;
    const pools: Record<string, PoolSnapshot> = {};
    for (const [name, { version, budget, overload, sticky, protections, endpoints }] of shared.pools) {
      pools[name] = {
        version: version.buffer,
        budget: budget.buffer,
        overload,
        sticky,
        protections: protections.buffer,
        endpoints: endpoints.map(({ key, number, state }) => ({
          key,
          number,
          state: state.buffer,
          targets: this.#targets(key),
          tls: this.#tls.get(key) ?? null,
        })),
      };
    }
    const listeners = Object.fromEntries([...shared.listeners].map(([name, { buffer }]) => [name, buffer]));
    const routes = Object.fromEntries([...shared.routes].map(([name, { buffer }]) => [name, buffer]));
    const clientLimits = Object.fromEntries(
      [...shared.clientLimits].map(([name, { share }]) => [name, share]),
    );
    const rateLimits = Object.fromEntries([...shared.rateLimits].map(([name, { share }]) => [name, share]));
    const rateVerdicts = Object.fromEntries(
      [...shared.rateVerdicts].map(([key, { counts }]) => [key, counts.buffer]),
    );
    return {
      revision: this.#revision + 1,
      observability: shared.observability,
      config,
      pools,
      rateLimits,
      rateVerdicts,
      routes,
      files,
      clientLimits,
      listeners,
      tls,
      boundPorts: this.#boundPorts,
    };
  }

  #targets(key: string): readonly DialTarget[] {
    return this.#fixedTargets.get(key) ?? this.#names.targets(key);
  }

  #targetsChanged(key: string, targets: readonly DialTarget[]): void {
    for (const link of this.#parts.dataPlanes) link.setTargets(key, targets);
  }

  #outlierChanged(endpoint: SharedEndpoint, change: OutlierChange<OutlierSubject>): void {
    const { to, reason, durationMs, isObserved } = change;
    const fields = { pool: endpoint.pool, endpoint: endpoint.config.name, reason, isObserved };
    if (to === "ejected") this.#parts.log.warn("endpoint is ejected", { ...fields, durationMs });
    else
      this.#parts.log.info(
        to === "probation" ? "endpoint is on probation" : "endpoint is admitted again",
        fields,
      );
    if (to === "admitting" && !isObserved) this.#slowStarts.recovered(endpoint);
  }

  #healthChanged(
    endpoint: SharedEndpoint,
    change: { from: string; to: string; reason: string },
    isObserved: boolean,
  ): void {
    const { log } = this.#parts;
    const fields = { pool: endpoint.pool, endpoint: endpoint.config.name, reason: change.reason };
    if (isObserved) {
      if (change.to === "down") log.warn("endpoint would be down", fields);
      else if (change.from === "down") log.info("endpoint would be up again", fields);
      return;
    }
    if (change.to === "down") log.warn("endpoint is down", fields);
    else if (change.from === "down") {
      this.#outliers.probeChanged(endpoint.key, true);
      this.#slowStarts.recovered(endpoint);
      log.info("endpoint is up again", fields);
    } else log.debug("endpoint is up", fields);
  }
}

/** Waits for every one, and then rejects as the first that did. */
async function allOf(applied: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(applied);
  await Promise.all(applied);
}
