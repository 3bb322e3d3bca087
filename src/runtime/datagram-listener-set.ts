/**
 * The `udp` listeners of one data plane, kept by address as the others are. A snapshot is taken in two
 * steps, so that an address that cannot be bound leaves everything as it was.
 */
import type { ListenerConfig } from "../config/schema-listener.ts";
import { assert } from "../core/assert.ts";
import type { Datagrams } from "../core/datagrams.ts";
import type { ProxyContext } from "../proxy/proxy-context.ts";
import type { StreamContext } from "../stream/stream-context.ts";
import { UdpRelay } from "../stream/udp-relay.ts";
import type { Pool } from "../upstream/pool.ts";
import { ListenError } from "./data-plane-link.ts";
import { ListenerCounters } from "./listener-counters.ts";
import { bindAddress, listenTarget } from "./listener-settings.ts";
import type { BoundAddress, Snapshot } from "./snapshot.ts";
import { streamContext, streamSettings } from "./stream-settings.ts";

export interface DatagramListenerSetParts {
  readonly datagrams: Datagrams;
  readonly proxy: ProxyContext;
  readonly workerIndex: number;
  readonly isPortShared: boolean;
  findPool(name: string): Pool | null;
}

interface OpenRelay {
  readonly relay: UdpRelay;
  readonly context: StreamContext;
  readonly bound: BoundAddress;
}

/** What `prepare` has bound, waiting to be made current or given up. */
export interface PreparedDatagrams {
  commit(): readonly BoundAddress[];
  giveUp(): void;
}

export class DatagramListenerSet {
  readonly #parts: DatagramListenerSetParts;
  #open = new Map<string, OpenRelay>();
  readonly #draining = new Set<UdpRelay>();

  constructor(parts: DatagramListenerSetParts) {
    this.#parts = parts;
  }

  /** Binds what is new. Rejects with a ListenError and leaves nothing behind. */
  async prepare(snapshot: Snapshot): Promise<PreparedDatagrams> {
    const configs = snapshot.config.listeners.filter(({ protocol }) => protocol === "udp");
    const next = new Map<string, OpenRelay>();
    const fresh: OpenRelay[] = [];
    const giveUp = (): void => fresh.forEach(({ relay }) => relay.terminate());
    try {
      for (const config of configs) {
        const open = this.#open.get(config.address) ?? (await this.#bind(config, snapshot));
        if (open !== this.#open.get(config.address)) fresh.push(open);
        next.set(config.address, open);
      }
    } catch (error) {
      giveUp();
      throw error;
    }
    return { giveUp, commit: () => this.#commit(configs, next) };
  }

  async drain(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ relay }) => this.#retire(relay)));
  }

  terminate(): void {
    for (const { relay } of this.#open.values()) relay.terminate();
    for (const relay of this.#draining) relay.terminate();
  }

  #commit(configs: readonly ListenerConfig[], next: Map<string, OpenRelay>): readonly BoundAddress[] {
    for (const config of configs) {
      const open = next.get(config.address);
      if (open === undefined) continue;
      open.context.settings = streamSettings(config);
      open.relay.clientsMax = config.limits.connections;
    }
    for (const [key, { relay }] of this.#open) if (!next.has(key)) void this.#retire(relay);
    this.#open = next;
    return [...next.values()].map(({ bound }) => bound);
  }

  async #retire(relay: UdpRelay): Promise<void> {
    this.#draining.add(relay);
    await relay.drain();
    this.#draining.delete(relay);
  }

  async #bind(config: ListenerConfig, snapshot: Snapshot): Promise<OpenRelay> {
    const { proxy, datagrams, workerIndex, isPortShared, findPool } = this.#parts;
    const buffer = snapshot.listeners[config.name];
    assert(buffer !== undefined, "a snapshot has counters for each listener");
    const counters = new ListenerCounters(buffer, workerIndex);
    const context = streamContext(config, {
      proxy,
      findPool,
      onConnectionClosed: () => {},
      onRefused: () => counters.headRefused(),
    });
    const relay = new UdpRelay(context, datagrams, counters, config.limits.connections);
    const target = listenTarget(bindAddress(config), snapshot.boundPorts[config.name], isPortShared);
    assert(target.kind === "tcp", "the rules refuse unix sockets for datagrams");
    try {
      const { address, port } = await relay.listen(target);
      return { relay, context, bound: { listener: config.name, address, port } };
    } catch (error) {
      throw new ListenError((error as NodeJS.ErrnoException).code ?? "EUNKNOWN", config.address);
    }
  }
}
