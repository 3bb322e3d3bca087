/**
 * The library's face: a load balancer in one object (what it can do stands in `load-balancer-interface.ts`). `createLoadBalancer` checks the configuration and
 * starts nothing; `listen` does.
 */
import type { Change } from "../config/diff.ts";
import { parseConfig } from "../config/parse.ts";
import type { Config, ConfigInput } from "../config/schema.ts";
import { type Log, silentLog } from "../core/log.ts";
import { certificateFiles } from "../platform/certificate-files.ts";
import { systemClock } from "../platform/clock.ts";
import { readTextFile } from "../platform/files.ts";
import { LoopMeter, processUsage } from "../platform/loop-meter.ts";
import {
  type InheritedSockets,
  type OpenSocket,
  shareOut,
  SocketHandover,
} from "../platform/socket-handover.ts";
import { runCommand } from "../platform/run-command.ts";
import { systemRandom } from "../platform/random.ts";
import { createResolver } from "../platform/resolve.ts";
import { createTransport } from "../platform/transport.ts";
import { startWorker } from "../platform/worker-thread.ts";
import { EventLog } from "../observability/events.ts";
import type { AcmeKeeper } from "./acme-keeper.ts";
import { ConfigChanges } from "./config-changes.ts";
import { ConfigError } from "./config-error.ts";
import { ControlPlane } from "./control-plane.ts";
import { createPoolSources } from "./create-pool-sources.ts";
import { DataPlane } from "./data-plane.ts";
import type { DataPlaneLink } from "./data-plane-link.ts";
import { drainEnder } from "./drain-end.ts";
import { Drains } from "./drain-progress.ts";
import { replayDrift } from "./drift.ts";
import {
  type EndpointInput,
  type OperatorState,
  withEndpoint,
  withEndpointState,
  withEndpointWeight,
  withoutEndpoint,
} from "./endpoint-edits.ts";
import { type Explanation, explainRequest } from "./explain.ts";
import type { HealthChecks } from "./health-checks.ts";
import type { RequestSketch } from "./hypothetical-request.ts";
import { recordFound, recordRevision, withEvents } from "./operating-events.ts";
import { logFound, logStart } from "./operating-lines.ts";
import { Observability } from "./observability-hub.ts";
import { ObservabilityRecorder } from "./observability-recorder.ts";
import { checkPorts } from "./port-check.ts";
import type { PoolSources } from "./pool-sources.ts";
import { readProtections } from "./protections.ts";
import type { ChangeOrigin, Revision } from "./revisions.ts";
import { SharedState } from "./shared-state.ts";
import type { BoundAddress } from "./snapshot.ts";
import { readStats, type Stats, statsSources } from "./stats.ts";
import type {
  CloseOptions,
  LoadBalancer,
  LoadBalancerOptions,
  OperatedLoadBalancer,
} from "./load-balancer-interface.ts";
import type { CertificateInUse } from "./tls-listeners.ts";
import type { TicketKeyInheritance } from "./tls-ticket-keys.ts";
import { workerCount } from "./worker-count.ts";
import { WorkerLink, workerEntry } from "./worker-link.ts";

/** Whoever has listening sockets that may pass to another process. */
interface SocketOwner {
  readonly sockets: readonly OpenSocket[];
  handOver(): void;
}

/**
 * Makes a load balancer of a configuration as users write it. Throws a ConfigError with every problem.
 * Embedded, it serves in the calling thread unless `workers` says otherwise.
 */
export function createLoadBalancer(input: ConfigInput, options: LoadBalancerOptions = {}): LoadBalancer {
  return startLoadBalancer(checked({ workers: 0, ...input }), options);
}

/** The same for a configuration that was parsed before. */
export function startLoadBalancer(config: Config, options: LoadBalancerOptions = {}): OperatedLoadBalancer {
  return new RunningLoadBalancer(config, options);
}

function checked(input: ConfigInput): Config {
  const result = parseConfig(input);
  if ("issues" in result) throw new ConfigError(result.issues);
  return result.config;
}

const byLibrary: ChangeOrigin = { way: "library", by: null };

class RunningLoadBalancer implements OperatedLoadBalancer {
  readonly changes: ConfigChanges;
  readonly shared: SharedState;
  readonly events = new EventLog(systemClock);
  readonly drains: Drains;
  readonly observability: Observability;
  readonly sources: PoolSources;
  readonly #options: LoadBalancerOptions;
  readonly #log: Log;
  readonly #dataPlanes: DataPlaneLink[];
  readonly #workers: WorkerLink[] = [];
  readonly #socketOwners: SocketOwner[] = [];
  readonly #controlPlane: ControlPlane;
  readonly workerCount: number;
  /** Until the first revision. */
  readonly #initialConfig: Config;
  #keepAlive: NodeJS.Timeout | null = null;
  #closing: Promise<void> | null = null;

  constructor(config: Config, options: LoadBalancerOptions) {
    this.#initialConfig = config;
    this.#options = options;
    this.#log = withEvents(options.log ?? silentLog, this.events);
    this.workerCount = workerCount(config);
    this.shared = new SharedState(Math.max(1, this.workerCount), systemRandom, systemClock);
    const transport = createTransport();
    this.#dataPlanes = [];
    this.#controlPlane = new ControlPlane({
      clock: systemClock,
      random: systemRandom,
      log: this.#log,
      resolver: createResolver(),
      dialer: transport.dialer,
      shared: this.shared,
      dataPlanes: this.#dataPlanes,
      readTextFile,
      certificateFiles,
      ticketKeys: options.ticketKeys ?? null,
    });
    this.changes = new ConfigChanges({
      clock: systemClock,
      makeCurrent: (next, extent) => this.#controlPlane.apply(next, extent),
      onChanged: (revision) => this.#changed(revision),
      sources: { prepare: (next) => this.sources.prepare(next), onFound: (changes) => this.#found(changes) },
    });
    this.sources = createPoolSources(this.#log, () => this.changes.takeFound(() => this.sources.latest()));
    this.observability = this.#createObservability();
    this.drains = new Drains({
      clock: systemClock,
      log: this.#log,
      shared: this.shared,
      ...drainEnder({ log: this.#log, changes: this.changes, dataPlanes: this.#dataPlanes }),
    });
  }

  get config(): Config {
    return this.changes.revisions.current?.config ?? this.#initialConfig;
  }

  get health(): HealthChecks {
    return this.#controlPlane.health;
  }

  get certificates(): readonly CertificateInUse[] {
    return this.#controlPlane.certificates;
  }

  get acme(): AcmeKeeper {
    return this.#controlPlane.acme;
  }

  async refreshCertificates(): Promise<void> {
    await this.#controlPlane.refreshCertificates();
  }

  get workersServing(): number {
    return this.#workers.filter(({ isServing }) => isServing).length;
  }

  get addresses(): readonly BoundAddress[] {
    return this.#controlPlane.addresses;
  }

  async listen(): Promise<readonly BoundAddress[]> {
    const inheritedKeys = new Set((this.#options.inherited ?? []).flatMap(({ keys }) => keys));
    if (this.workerCount > 1)
      await checkPorts(this.#initialConfig, createTransport().acceptor, inheritedKeys);
    this.#startDataPlanes();
    try {
      const finish = (config: Config): Config => replayDrift(config, this.#options.drift ?? []);
      await this.changes.replace(this.#initialConfig, { origin: { way: "start", by: null }, finish });
    } catch (error) {
      await this.#terminate();
      throw error;
    }
    this.observability.start();
    logStart(this.#log, this.shared, this.addresses, this.workerCount);
    return this.addresses;
  }

  async close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? this.config.shutdown.grace);
    await this.#closing;
  }

  stats(): Stats {
    return {
      ...readStats(statsSources(this.shared)),
      protections: readProtections(this.shared, this.config),
    };
  }

  explain(request: RequestSketch): Explanation {
    return explainRequest(request, {
      config: this.config,
      shared: this.shared,
      clock: systemClock,
      random: systemRandom,
      policyModules: this.#controlPlane.policyModules,
      probeReason: (key) => this.health.healthOf(key)?.reason ?? null,
      ejectionReason: (key) => this.#controlPlane.ejectionReason(key),
    });
  }

  async apply(input: ConfigInput): Promise<void> {
    await this.#edit((current) => this.changes.declared(checked({ workers: current.workers, ...input })));
  }

  async addEndpoint(pool: string, endpoint: EndpointInput): Promise<void> {
    await this.#edit((current) => withEndpoint(current, pool, endpoint));
  }

  async removeEndpoint(pool: string, name: string): Promise<void> {
    await this.#edit((current) => withoutEndpoint(current, pool, name));
  }

  async setEndpointWeight(pool: string, name: string, weight: number): Promise<void> {
    await this.#edit((current) => withEndpointWeight(current, pool, name, weight));
  }

  async setEndpointState(pool: string, name: string, state: OperatorState): Promise<void> {
    await this.#edit((current) => withEndpointState(current, pool, name, state));
  }

  get sockets(): readonly OpenSocket[] {
    return this.#socketOwners.flatMap(({ sockets }) => sockets);
  }

  get ticketKeys(): TicketKeyInheritance {
    return this.#controlPlane.ticketKeys;
  }

  handOver(): void {
    for (const owner of this.#socketOwners) owner.handOver();
  }

  reopenLogs(): void {
    for (const link of this.#dataPlanes) link.reopenLogs();
  }

  async rollback(revision?: number): Promise<void> {
    await this.changes.rollback(revision ?? null, { origin: { way: "rollback", by: null } });
  }

  async #edit(next: (current: Config) => Config): Promise<void> {
    await this.changes.change((current) => next(current ?? this.#initialConfig), { origin: byLibrary });
  }

  #startDataPlanes(): void {
    // A worker thread's sockets keep the process alive by themselves; so must ours.
    this.#keepAlive = setInterval(() => {}, 0x3fff_ffff);
    const inherited = shareOut(this.#options.inherited ?? [], Math.max(1, this.workerCount));
    if (this.workerCount === 0) this.#dataPlanes.push(this.#localDataPlane(inherited[0] ?? []));
    for (let workerIndex = 0; workerIndex < this.workerCount; workerIndex++) {
      const link = new WorkerLink({
        clock: systemClock,
        random: systemRandom,
        log: this.#log,
        startThread: (start, handlers) => startWorker(workerEntry, start, handlers),
        start: {
          workerIndex,
          isPortShared: this.workerCount > 1,
          isDebug: this.#log.isDebug,
          inherited: inherited[workerIndex] ?? [],
        },
        onSuspect: (key) => this.#controlPlane.suspect(key),
        onNameWanted: (listener, name) => this.#controlPlane.nameWanted(listener, name),
        onObserved: (report) => this.observability.receive(report),
        onDied: (index) => this.shared.releaseWorker(index),
      });
      this.#dataPlanes.push(link);
      this.#workers.push(link);
      this.#socketOwners.push(link);
    }
  }

  #createObservability(): Observability {
    return new Observability({
      clock: systemClock,
      log: this.#log,
      runCommand,
      shared: this.shared,
      events: this.events,
      processUsage,
      currentRevision: () => this.changes.revisions.current,
      certificates: () =>
        this.certificates.map(({ listener, source, notAfterMs }) => ({
          name: `${listener} ${source}`,
          expiresWallMs: notAfterMs,
        })),
      automaticCertificates: () => this.acme.statuses,
      protections: () => readProtections(this.shared, this.config),
      endpointSources: () => this.sources.readings(),
      setExchangeFilters: (filters) => {
        for (const link of this.#dataPlanes) link.setExchangeFilters(filters);
      },
    });
  }

  #localDataPlane(inherited: readonly InheritedSockets[]): DataPlane {
    const { onExchange } = this.#options;
    const transport = createTransport();
    const handover = new SocketHandover(transport.acceptor, inherited);
    this.#socketOwners.push(handover);
    return new DataPlane({
      clock: systemClock,
      random: systemRandom,
      ...transport,
      acceptor: handover,
      log: this.#log,
      workerIndex: 0,
      isPortShared: false,
      recorder: new ObservabilityRecorder({
        clock: systemClock,
        random: systemRandom,
        log: this.#log,
        workerIndex: 0,
        meter: new LoopMeter(),
        send: (report) => this.observability.receive(report),
      }),
      ...(onExchange === undefined ? {} : { onExchangeFinished: onExchange }),
      onSuspect: (key) => this.#controlPlane.suspect(key),
      onNameWanted: (listener, name) => this.#controlPlane.nameWanted(listener, name),
    });
  }

  async #close(graceMs: number): Promise<void> {
    let graceTimer: NodeJS.Timeout | undefined;
    const graceOver = new Promise<void>((resolve) => {
      graceTimer = setTimeout(resolve, graceMs);
    });
    await Promise.race([Promise.all(this.#dataPlanes.map((link) => link.drain(graceMs))), graceOver]);
    clearTimeout(graceTimer);
    await this.#terminate();
  }

  async #terminate(): Promise<void> {
    this.sources.close();
    await Promise.all(this.#dataPlanes.map((link) => link.terminate()));
    this.drains.close();
    await this.observability.close();
    await this.#controlPlane.close();
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
  }

  #changed(revision: Revision): void {
    const { number, origin, changes } = revision;
    recordRevision(this.events, revision);
    this.observability.alerts.apply(revision.config.alerts);
    this.observability.traces.apply(revision.config.tracing);
    if (origin.way !== "start") {
      const { way, by, note = null } = origin;
      this.#log.info("configuration changed", { revision: number, changes: changes.length, way, by, note });
    }
    this.drains.observe();
  }

  #found(changes: readonly Change[]): void {
    recordFound(this.events, changes);
    logFound(this.#log, changes);
    this.drains.observe();
  }
}
