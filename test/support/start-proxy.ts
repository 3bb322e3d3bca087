/**
 * A whole Headgate in this process on a free port: a configuration as users write it, served by the
 * production control and data planes over the transport and the clock a test asks for. It keeps what
 * a test may want to look at: finished exchanges, streams, counters.
 */
import assert from "node:assert/strict";
import { parseConfig } from "../../src/config/parse.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import type { Clock } from "../../src/core/clock.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { seededRandom } from "../../src/core/random.ts";
import { certificateFiles } from "../../src/platform/certificate-files.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createDatagrams } from "../../src/platform/datagrams.ts";
import { readTextFile } from "../../src/platform/files.ts";
import { createResolver } from "../../src/platform/resolve.ts";
import type { ExchangeRecord } from "../../src/proxy/exchange-record.ts";
import type { ChangeExtent } from "../../src/runtime/config-changes.ts";
import { ControlPlane } from "../../src/runtime/control-plane.ts";
import { DataPlane } from "../../src/runtime/data-plane.ts";
import type { ListenerTotals } from "../../src/runtime/listener-counters.ts";
import { type SharedEndpoint, SharedState } from "../../src/runtime/shared-state.ts";
import { Signal, turns } from "./signal.ts";
import { type StreamLog, watchedTransport } from "./stream-log.ts";
import { memoryAuthorityStore } from "./authority-store.ts";
import { defaultTransport, type Transport } from "./transports.ts";

type ListenerInput = Exclude<NonNullable<ConfigInput["listeners"]>[number], string>;
type PoolInput = NonNullable<ConfigInput["pools"]>[string];

export interface ProxyOptions {
  readonly transport?: Transport;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Ports of the loopback address, or whole URLs; asked in this order (`policy: first`). */
  readonly origins: readonly (number | string)[];
  readonly listener?: Omit<ListenerInput, "address"> & { readonly address?: string };
  readonly pool?: Omit<PoolInput, "endpoints">;
  /** Beside the pool of the origins. */
  readonly extraPools?: Readonly<Record<string, PoolInput>>;
  /** Anything else; forwarding fields are off unless given here. */
  readonly config?: Omit<ConfigInput, "listeners" | "pools">;
}

/** What Headgate calls itself in Via in tests. */
export const viaName = "gate";

/** Rounds of the event loop within which closed sockets must have said so. */
const quietTurnsMax = 10_000;

const noForwarding = {
  xForwardedFor: false,
  xForwardedProto: false,
  xForwardedHost: false,
  xForwardedPort: false,
  xRealIp: false,
  forwarded: false,
};

export class TestProxy {
  /** Finished exchanges in order. */
  readonly records: ExchangeRecord[] = [];
  readonly streams: StreamLog;
  readonly changed = new Signal();
  port = 0;
  address = "";
  readonly #shared = new SharedState(1, seededRandom(2), systemClock);
  readonly #controlPlane: ControlPlane;
  readonly #dataPlane: DataPlane;

  constructor(options: ProxyOptions) {
    const watched = watchedTransport(options.transport ?? defaultTransport);
    this.streams = watched.log;
    const parts = {
      clock: options.clock ?? systemClock,
      random: seededRandom(1),
      log: options.log ?? silentLog,
      dialer: watched.dialer,
    };
    this.#dataPlane = new DataPlane({
      ...parts,
      acceptor: watched.acceptor,
      datagrams: createDatagrams(),
      createTlsTerminator: watched.createTlsTerminator,
      workerIndex: 0,
      isPortShared: false,
      onSuspect: (key) => this.#controlPlane.suspect(key),
      onNameWanted: (listener, name) => this.#controlPlane.nameWanted(listener, name),
      onExchangeFinished: (record) => {
        this.records.push(record);
        this.changed.notify();
      },
    });
    this.#controlPlane = new ControlPlane({
      ...parts,
      resolver: createResolver(),
      shared: this.#shared,
      dataPlanes: [this.#dataPlane],
      readTextFile,
      certificateFiles: { ...certificateFiles, authorityStore: memoryAuthorityStore() },
    });
  }

  /** `endpoints`: as when they were found somewhere, and nothing else is new. */
  async apply(options: ProxyOptions, extent: ChangeExtent = "whole"): Promise<void> {
    const result = parseConfig(configFrom(options));
    if ("issues" in result) throw new TypeError(result.issues.map(({ message }) => message).join("\n"));
    await this.#controlPlane.apply(result.config, extent);
    const [bound] = this.#controlPlane.addresses;
    assert(bound !== undefined);
    this.port = bound.port;
    this.address = bound.address;
  }

  get endpoints(): readonly SharedEndpoint[] {
    return [...this.#shared.endpoints()];
  }

  get listener(): ListenerTotals {
    const [counters] = this.#shared.listeners.values();
    assert(counters !== undefined);
    return counters.read();
  }

  async record(count = 1): Promise<ExchangeRecord> {
    return this.changed.until(`exchange ${count} to finish`, () => this.records[count - 1]);
  }

  /** Until no client is connected and no stream is open, but not for ever. */
  async quiet(): Promise<void> {
    for (let i = 0; i < quietTurnsMax && this.listener.connections + this.streams.openCount > 0; i++)
      await turns(1);
  }

  /** Reads certificates, keys and lists of the revoked anew. */
  async refreshCertificates(): Promise<void> {
    await this.#controlPlane.refreshCertificates();
  }

  /** Accepts no more and lets everyone finish. */
  async drain(graceMs = 0): Promise<void> {
    await this.#dataPlane.drain(graceMs);
  }

  /** Ends everything and asserts that nothing is left behind. */
  async close(): Promise<void> {
    const drained = this.#dataPlane.drain(0);
    await this.#dataPlane.terminate();
    await this.#controlPlane.close();
    await this.quiet();
    assert.equal(this.listener.connections, 0, "clients' connections are still counted");
    assert.equal(this.streams.openCount, 0, "streams are still open");
    await drained;
    for (const { config, state } of this.endpoints) {
      assert.equal(state.activeRequests, 0, `${config.name} still counts active requests`);
      assert.equal(state.connections, 0, `${config.name} still counts connections`);
    }
  }
}

export async function startProxy(options: ProxyOptions): Promise<TestProxy> {
  const proxy = new TestProxy(options);
  await proxy.apply(options);
  return proxy;
}

function configFrom({ origins, listener, pool, extraPools, config }: ProxyOptions): ConfigInput {
  return {
    workers: 0,
    via: viaName,
    forwarded: noForwarding,
    ...config,
    listeners: [{ address: "127.0.0.1:0", ...listener }],
    pools: {
      app: {
        policy: "first",
        ...pool,
        endpoints: origins.map((origin, index) => ({
          name: `origin-${index}`,
          url: typeof origin === "number" ? `http://127.0.0.1:${origin}` : origin,
        })),
      },
      ...extraPools,
    },
  };
}
