/**
 * The listeners of one data plane, kept by address: a snapshot binds what is new, hands new settings
 * to what stays, and drains what is gone.
 */
import type { ListenerConfig } from "../config/schema-listener.ts";
import { formatBindAddress } from "../core/address.ts";
import { assert } from "../core/assert.ts";
import type { TlsTerminator } from "../core/tls.ts";
import type { Acceptor } from "../core/transport.ts";
import { Listener } from "../listener/listener.ts";
import type { ListenerContext } from "../proxy/listener-context.ts";
import type { ProxyContext } from "../proxy/proxy-context.ts";
import type { AcmeChallenges } from "./acme-challenges.ts";
import { clientLimit } from "./client-connections.ts";
import { ConnectionStarter } from "./connection-starter.ts";
import { ListenError } from "./data-plane-link.ts";
import { ListenerCounters } from "./listener-counters.ts";
import { bindAddress, listenerSettings, listenTarget } from "./listener-settings.ts";
import type { ObservabilityRecorder } from "./observability-recorder.ts";
import type { BoundAddress, Snapshot } from "./snapshot.ts";
import { streamContext } from "./stream-settings.ts";
import type { ListenersTls } from "./tls-listeners.ts";
import type { Pool } from "../upstream/pool.ts";

export interface ListenerSetParts {
  readonly acceptor: Acceptor;
  createTlsTerminator(): TlsTerminator;
  readonly proxy: ProxyContext;
  readonly workerIndex: number;
  readonly isPortShared: boolean;
  readonly recorder?: ObservabilityRecorder;
  readonly challenges: AcmeChallenges;
  findPool(name: string): Pool | null;
  onNameWanted(listener: string, serverName: string): void;
}

interface OpenListener {
  readonly listener: Listener;
  readonly context: ListenerContext;
  readonly starter: ConnectionStarter;
  readonly bound: BoundAddress;
}

export class ListenerSet {
  readonly #parts: ListenerSetParts;
  #open = new Map<string, OpenListener>();
  readonly #draining = new Set<Listener>();

  constructor(parts: ListenerSetParts) {
    this.#parts = parts;
  }

  /** Rejects with a ListenError, in which case everything is as it was before. */
  async apply(snapshot: Snapshot): Promise<readonly BoundAddress[]> {
    const configs = snapshot.config.listeners.filter(({ protocol }) => protocol !== "udp");
    const next = new Map<string, OpenListener>();
    const fresh: OpenListener[] = [];
    try {
      for (const config of configs) {
        const key = formatBindAddress(bindAddress(config));
        // A unix socket cannot be shared by several threads, so the first one serves it.
        if (key.startsWith("unix:") && this.#parts.workerIndex > 0) continue;
        const known = this.#open.get(key);
        const open = known ?? (await this.#bind(config, snapshot));
        if (known === undefined) fresh.push(open);
        next.set(key, open);
      }
    } catch (error) {
      for (const { listener } of fresh) listener.terminate();
      throw error;
    }
    for (const config of configs) this.#update(config, snapshot, next);
    for (const [key, { listener }] of this.#open) if (!next.has(key)) void this.#retire(listener);
    this.#closeWebSockets(Number.POSITIVE_INFINITY);
    this.#open = next;
    return [...next.values()].map(({ bound }) => bound);
  }

  /** New certificates or ticket keys; the rest stays as it is. */
  setTls(tls: ListenersTls): void {
    for (const { context, starter } of this.#open.values()) {
      const settings = tls[context.settings.name];
      if (settings !== undefined) starter.useTls(settings);
    }
  }

  async drain(graceMs: number): Promise<void> {
    const all = [...this.#open.values()].map(({ listener }) => this.#retire(listener));
    this.#closeWebSockets(graceMs);
    await Promise.all(all);
  }

  terminate(): void {
    for (const { listener } of this.#open.values()) listener.terminate();
    for (const listener of this.#draining) listener.terminate();
  }

  /** They would not end by themselves: those of listeners that go are asked to. */
  #closeWebSockets(withinMs: number): void {
    this.#parts.proxy.webSockets.ask("shutting-down", withinMs, ({ isClientDraining }) => isClientDraining);
  }

  async #retire(listener: Listener): Promise<void> {
    this.#draining.add(listener);
    await listener.drain();
    this.#draining.delete(listener);
  }

  #update(config: ListenerConfig, snapshot: Snapshot, listeners: Map<string, OpenListener>): void {
    const open = listeners.get(formatBindAddress(bindAddress(config)));
    if (open === undefined) return;
    open.context.settings = listenerSettings(config, snapshot.config);
    open.listener.connectionsMax = config.limits.connections;
    open.listener.clientLimit = clientLimit(
      config,
      snapshot.clientLimits[config.name],
      this.#parts.workerIndex,
    );
    open.starter.useTls(snapshot.tls[config.name] ?? null);
    open.starter.update(config);
  }

  async #bind(config: ListenerConfig, snapshot: Snapshot): Promise<OpenListener> {
    const { acceptor, proxy, recorder, workerIndex, isPortShared } = this.#parts;
    const buffer = snapshot.listeners[config.name];
    assert(buffer !== undefined, "a snapshot has counters for each listener");
    const counters = new ListenerCounters(buffer, workerIndex);
    const context: ListenerContext = {
      settings: listenerSettings(config, snapshot.config),
      proxy,
      onConnectionClosed: (connection) => listener.connectionClosed(connection),
      beginHttp2: (connection, stream, alreadyRead) =>
        starter.continueAsHttp2(connection, stream, alreadyRead),
      onRefused: (cause, status, clientAddress, bodyBytes) => {
        // A connection too many was counted where it was accepted.
        if (cause !== "over-connection-limit" && cause !== "over-client-limit") counters.headRefused();
        recorder?.refused({ listenerName: config.name, cause, status, clientAddress, bodyBytes });
      },
    };
    const starter = new ConnectionStarter(config, {
      context,
      streams: streamContext(config, {
        proxy,
        findPool: (name) => this.#parts.findPool(name),
        onConnectionClosed: (connection) => listener.connectionClosed(connection),
        onRefused: (address) => context.onRefused("access-denied", 403, address, 0),
      }),
      log: proxy.log,
      createTlsTerminator: () => this.#parts.createTlsTerminator(),
      challenges: this.#parts.challenges,
      onNameWanted: (serverName) => this.#parts.onNameWanted(context.settings.name, serverName),
      onSecured: (isResumed) => counters.secured(isResumed),
      onHandshakeFailed: () => counters.handshakeFailed(),
      onReplaced: (waiting, connection) => listener.connectionReplaced(waiting, connection),
    });
    starter.useTls(snapshot.tls[config.name] ?? null);
    const listener = new Listener(
      {
        acceptor,
        gate: counters,
        createConnection: (stream) => starter.begin(stream),
        refuse: (stream, isClientsFault) => starter.refuse(stream, isClientsFault),
      },
      config.limits.connections,
    );
    const target = listenTarget(bindAddress(config), snapshot.boundPorts[config.name], isPortShared);
    try {
      const bound = await listener.listen(target, config.backlog);
      return {
        listener,
        context,
        starter,
        bound: { listener: config.name, address: bound.address, port: bound.port },
      };
    } catch (error) {
      throw new ListenError((error as NodeJS.ErrnoException).code ?? "EUNKNOWN", config.address);
    }
  }
}
