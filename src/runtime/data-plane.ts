/**
 * The request path of one thread: its listeners, its pools, its event loop. It is given snapshots and
 * makes each current by difference; it decides nothing about health or configuration.
 */
import type { AcmeAnswer } from "../core/acme.ts";
import type { Clock } from "../core/clock.ts";
import { Deadlines } from "../core/deadlines.ts";
import type { Datagrams } from "../core/datagrams.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { TlsTerminator } from "../core/tls.ts";
import type { Acceptor, Dialer, DialTarget } from "../core/transport.ts";
import type { ExchangeRecord } from "../proxy/exchange-record.ts";
import { HookCalls } from "../proxy/hook-calls.ts";
import { OpenWebSockets } from "../proxy/open-websockets.ts";
import type { ProxyContext } from "../proxy/proxy-context.ts";
import { RequestIdentity } from "../proxy/request-identity.ts";
import { AcmeChallenges } from "./acme-challenges.ts";
import type { DataPlaneLink } from "./data-plane-link.ts";
import { DatagramListenerSet } from "./datagram-listener-set.ts";
import { loadHooks } from "./hook-modules.ts";
import { hookPoints } from "./hook-points.ts";
import { ListenerSet } from "./listener-set.ts";
import { requestIdentity } from "./observability-identity.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import { loadPolicyModules } from "./policy-modules.ts";
import { PoolRegistry } from "./pool-registry.ts";
import { buildRouter } from "./router.ts";
import type { ObservabilityRecorder } from "./observability-recorder.ts";
import type { BoundAddress, Snapshot } from "./snapshot.ts";
import type { Pool } from "../upstream/pool.ts";
import type { ListenersTls } from "./tls-listeners.ts";

export interface DataPlaneParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly acceptor: Acceptor;
  createTlsTerminator(): TlsTerminator;
  readonly dialer: Dialer;
  readonly datagrams: Datagrams;
  readonly log: Log;
  readonly workerIndex: number;
  /** Other workers listen on the same ports. */
  readonly isPortShared: boolean;
  /** Writes down what happened; absent, nobody does. */
  readonly recorder?: ObservabilityRecorder;
  onExchangeFinished?(record: ExchangeRecord): void;
  /** An endpoint failed so often in a row that it should be judged now. */
  onSuspect(endpointKey: string): void;
  /** A listener that gets certificates on demand was asked for a name. */
  onNameWanted(listener: string, serverName: string): void;
}

/** Until the first snapshot there is nowhere to go. */
const noRoutes = { route: () => null };

export class DataPlane implements DataPlaneLink {
  readonly #parts: DataPlaneParts;
  readonly #hookCalls: HookCalls;
  readonly #pools: PoolRegistry;
  readonly #challenges: AcmeChallenges;
  readonly #proxy: ProxyContext;
  readonly #listeners: ListenerSet;
  readonly #datagrams: DatagramListenerSet;

  constructor(parts: DataPlaneParts) {
    this.#parts = parts;
    const deadlines = new Deadlines(parts.clock);
    this.#hookCalls = new HookCalls(deadlines);
    this.#pools = new PoolRegistry({ ...parts, deadlines });
    this.#proxy = {
      clock: parts.clock,
      deadlines,
      log: parts.log,
      router: noRoutes,
      isCauseShown: true,
      identity: new RequestIdentity(null, null, parts.random),
      viaName: null,
      errorWatch: null,
      webSockets: new OpenWebSockets(parts.clock, deadlines),
      onSuspect: (key) => parts.onSuspect(key),
      onExchangeFinished: exchangeListener(parts),
    };
    const findPool = (name: string): Pool | null => this.#pools.find(name);
    this.#challenges = new AcmeChallenges(() => parts.createTlsTerminator());
    this.#listeners = new ListenerSet({
      ...parts,
      challenges: this.#challenges,
      proxy: this.#proxy,
      findPool,
    });
    this.#datagrams = new DatagramListenerSet({ ...parts, proxy: this.#proxy, findPool });
  }

  async apply(snapshot: Snapshot): Promise<readonly BoundAddress[]> {
    const { config } = snapshot;
    const policyModules = await loadPolicyModules(config, snapshot.files.policyModules);
    const hooks = await loadHooks(config, snapshot.files.hooks);
    // Listeners first: if one cannot be bound, nothing else has changed.
    const addresses = await this.#bind(snapshot);
    this.#parts.recorder?.apply(snapshot);
    this.#pools.apply(snapshot, policyModules);
    this.#proxy.isCauseShown = config.causeHeader;
    this.#proxy.identity = requestIdentity(config, this.#parts.random);
    this.#proxy.viaName = config.via;
    this.#proxy.webSockets.closeTimeoutMs = config.shutdown.webSocketClose;
    const points = hookPoints(hooks, config, this.#hookCalls, this.#parts);
    this.#proxy.errorWatch = points.errorWatch;
    const router = buildRouter(snapshot, { ...this.#parts, pools: this.#pools, hooks: points });
    this.#proxy.router = config.acme === null ? router : this.#challenges.ahead(router, this.#parts.clock);
    return addresses;
  }

  async #bind(snapshot: Snapshot): Promise<readonly BoundAddress[]> {
    const datagrams = await this.#datagrams.prepare(snapshot);
    try {
      const addresses = await this.#listeners.apply(snapshot);
      return [...addresses, ...datagrams.commit()];
    } catch (error) {
      datagrams.giveUp();
      throw error;
    }
  }

  setTargets(key: string, targets: readonly DialTarget[]): void {
    this.#pools.setTargets(key, targets);
  }

  closeWebSockets(endpointKey: string, withinMs: number): void {
    this.#proxy.webSockets.ask("drain-deadline", withinMs, (tunnel) => tunnel.endpointKey === endpointKey);
  }

  endDrain(endpointKey: string): void {
    this.#pools.breakOff(endpointKey, "drain-deadline");
  }

  setTls(tls: ListenersTls): void {
    this.#listeners.setTls(tls);
  }

  setChallenges(answers: readonly AcmeAnswer[]): Promise<void> {
    this.#challenges.set(answers);
    return Promise.resolve();
  }

  async drain(graceMs: number): Promise<void> {
    await Promise.all([this.#listeners.drain(graceMs), this.#datagrams.drain()]);
    this.#pools.close();
    await this.#parts.recorder?.close();
  }

  async terminate(): Promise<void> {
    this.#listeners.terminate();
    this.#datagrams.terminate();
    this.#pools.close();
    await this.#parts.recorder?.close();
  }

  setExchangeFilters(filters: readonly ExchangeFilter[]): void {
    this.#parts.recorder?.setFilters(filters);
  }

  reopenLogs(): void {
    this.#parts.recorder?.reopenLogs();
  }
}

/** One function, chosen once: it is called for every exchange. */
function exchangeListener(parts: DataPlaneParts): (record: ExchangeRecord) => void {
  const { recorder } = parts;
  if (recorder === undefined) return (record) => parts.onExchangeFinished?.(record);
  if (parts.onExchangeFinished === undefined) return (record) => recorder.exchangeFinished(record);
  return (record) => {
    recorder.exchangeFinished(record);
    parts.onExchangeFinished?.(record);
  };
}
