/** One client's datagrams and the endpoint they go to, until it has been silent for long enough. */
import type { DatagramPeer, Datagrams } from "../core/datagrams.ts";
import { Deadline } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Pool } from "../upstream/pool.ts";
import { type FailedDial, plainAddress, type StreamContext, type StreamSettings } from "./stream-context.ts";

export interface UdpSessionOwner {
  answer(bytes: Uint8Array): void;
  ended(): void;
}

export class UdpSession {
  readonly #address: string;
  readonly #port: number;
  readonly #context: StreamContext;
  readonly #settings: StreamSettings;
  readonly #datagrams: Datagrams;
  readonly #owner: UdpSessionOwner;
  readonly #deadline: Deadline;
  readonly #startedMs: number;
  readonly #startedWallMs: number;
  readonly #tried: Endpoint[] = [];
  #endpoint: Endpoint | null = null;
  #peer: DatagramPeer | null = null;
  /** As of the latest datagram; a reload makes another. */
  #pool: Pool | null = null;
  /** The pool has lost the endpoint. */
  #isRemoved = false;
  #failedDials: readonly FailedDial[] = [];
  #bytesIn = 0;
  #bytesOut = 0;
  /** Those of the endpoint that has it now. */
  #endpointBytesIn = 0;
  #endpointBytesOut = 0;
  #chosenMs = 0;
  /** From the first datagram sent to it until its first answer. */
  #answerMs: number | null = null;
  #isOver = false;

  constructor(
    address: string,
    port: number,
    context: StreamContext,
    datagrams: Datagrams,
    owner: UdpSessionOwner,
  ) {
    this.#address = plainAddress(address);
    this.#port = port;
    this.#context = context;
    this.#settings = context.settings;
    this.#datagrams = datagrams;
    this.#owner = owner;
    this.#startedMs = context.clock.nowMs();
    this.#startedWallMs = context.clock.wallMs();
    this.#deadline = new Deadline(context.deadlines, () => this.end(null));
  }

  fromClient(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#bytesIn += bytes.length;
    this.#deadline.set(this.#settings.datagramIdleTimeoutMs);
    this.#leaveIfOut();
    if (this.#peer === null && !this.#choose()) return this.end("no-endpoint");
    this.#endpointBytesOut += bytes.length;
    this.#peer?.send(bytes);
  }

  /** `cause` null: it fell silent, which is how datagrams end. */
  end(cause: Cause | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline.dispose();
    const isConnected = this.#answerMs !== null;
    this.#release();
    this.#context.onFinished({
      protocol: "UDP",
      listenerName: this.#settings.name,
      clientAddress: this.#address,
      clientPort: this.#port,
      serverName: "",
      poolName: this.#settings.pool ?? "",
      endpoint: this.#endpoint ?? this.#tried.at(-1) ?? null,
      isConnected: isConnected || (this.#endpoint !== null && cause === null),
      cause,
      detail: "",
      failedDials: this.#failedDials,
      bytesFromClient: this.#bytesIn,
      bytesToClient: this.#bytesOut,
      startedWallMs: this.#startedWallMs,
      durationMs: this.#context.clock.nowMs() - this.#startedMs,
      connectMs: null,
    });
    this.#owner.ended();
  }

  #findPool(): Pool | null {
    return this.#settings.pool === null ? null : this.#context.findPool(this.#settings.pool);
  }

  /**
   * A busy client is never silent, so its endpoint would have it for ever: one in maintenance or removed does
   * not, and one that is down does not while another is well. One that drains keeps whom it has.
   */
  #leaveIfOut(): void {
    const endpoint = this.#endpoint;
    const pool = this.#findPool();
    if (endpoint === null || pool === null) return;
    if (pool !== this.#pool) {
      this.#pool = pool;
      this.#isRemoved = !pool.endpoints.some(({ facts }) => facts.key === endpoint.facts.key);
    }
    if (!this.#isRemoved && endpoint.state.isReachable) return;
    if (!this.#isRemoved && !endpoint.state.hasStatus("maintenance")) {
      const other = pool.select(this.#address, this.#tried);
      if (typeof other === "string" || !other.isEligible) return;
    }
    this.#release();
    this.#endpoint = null;
  }

  /** Finds an endpoint and a socket towards it; false when there is none. */
  #choose(): boolean {
    const pool = this.#findPool();
    if (pool === null) return false;
    this.#pool = pool;
    this.#isRemoved = false;
    for (;;) {
      const choice = pool.select(this.#address, this.#tried);
      if (typeof choice === "string") return false;
      const target = choice.connections.targets.find(({ kind }) => kind === "tcp");
      if (target?.kind !== "tcp" || !choice.tryStart()) {
        this.#tried.push(choice);
        continue;
      }
      this.#endpoint = choice;
      this.#chosenMs = this.#context.clock.nowMs();
      this.#answerMs = null;
      this.#endpointBytesIn = 0;
      this.#endpointBytesOut = 0;
      this.#peer = this.#datagrams.connect(target.address, target.port, {
        onDatagram: (bytes) => this.#fromEndpoint(bytes),
        onFailed: (errorCode) => this.#refused(choice, errorCode),
      });
      return true;
    }
  }

  #fromEndpoint(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#answerMs ??= this.#context.clock.nowMs() - this.#chosenMs;
    this.#bytesOut += bytes.length;
    this.#endpointBytesIn += bytes.length;
    this.#deadline.set(this.#settings.datagramIdleTimeoutMs);
    this.#owner.answer(bytes);
  }

  /** Nobody is there. The client sends again, as all do that speak UDP, and is heard elsewhere. */
  #refused(endpoint: Endpoint, errorCode: string): void {
    if (this.#isOver) return;
    const { clock, onSuspect } = this.#context;
    const nowMs = clock.nowMs();
    const durationMs = nowMs - this.#chosenMs;
    const { state, facts } = endpoint;
    state.requestFinished(0, durationMs, true, this.#endpointBytesIn, this.#endpointBytesOut, nowMs);
    endpoint.attempted(false);
    if (state.failuresInRow % facts.suspectAfter === 0) onSuspect(facts.key);
    const cause = errorCode === "ECONNREFUSED" ? "connect-refused" : "connect-failed";
    this.#failedDials = [
      ...this.#failedDials,
      { endpoint: endpoint.name, cause, detail: errorCode, durationMs },
    ];
    this.#tried.push(endpoint);
    this.#endpoint = null;
    this.#peer = null;
  }

  #release(): void {
    this.#peer?.close();
    this.#peer = null;
    if (this.#endpoint === null) return;
    const { state } = this.#endpoint;
    const nowMs = this.#context.clock.nowMs();
    if (this.#answerMs === null) return state.requestAbandoned(this.#endpointBytesIn, this.#endpointBytesOut);
    this.#endpoint.attempted(true);
    state.requestFinished(0, this.#answerMs, false, this.#endpointBytesIn, this.#endpointBytesOut, nowMs);
  }
}
