/**
 * A `udp` listener: each client (address and port) is bound to one endpoint for as long as it goes on, and
 * has a socket of its own towards it, by which answers find their way back. An endpoint that refuses is
 * left, and the client's next datagram goes elsewhere.
 */
import type { BoundDatagrams, Datagrams, DatagramTarget } from "../core/datagrams.ts";
import type { ConnectionGate } from "../listener/listener.ts";
import { isLetIn, plainAddress, type StreamContext } from "./stream-context.ts";
import { UdpSession } from "./udp-session.ts";

export class UdpRelay {
  /** Most clients at once, over all workers; what others send is dropped. */
  clientsMax: number;
  readonly #context: StreamContext;
  readonly #datagrams: Datagrams;
  readonly #gate: ConnectionGate;
  readonly #sessions = new Map<string, UdpSession>();
  #bound: BoundDatagrams | null = null;
  #isDraining = false;
  #onDrained: (() => void) | null = null;

  constructor(context: StreamContext, datagrams: Datagrams, gate: ConnectionGate, clientsMax: number) {
    this.#context = context;
    this.#datagrams = datagrams;
    this.#gate = gate;
    this.clientsMax = clientsMax;
  }

  /** Rejects with the system's error. */
  async listen(target: DatagramTarget): Promise<BoundDatagrams> {
    this.#bound = await this.#datagrams.bind(target, (bytes, address, port) =>
      this.#received(bytes, address, port),
    );
    return this.#bound;
  }

  /** Takes no new clients; resolves when those it has have fallen silent. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#sessions.size > 0)
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    await this.#close();
  }

  terminate(): void {
    for (const session of this.#sessions.values()) session.end("shutting-down");
    void this.#close();
  }

  #received(bytes: Uint8Array, address: string, port: number): void {
    const key = `${address} ${port}`;
    const known = this.#sessions.get(key);
    if (known !== undefined) return known.fromClient(bytes);
    if (this.#isDraining || !isLetIn(this.#context, plainAddress(address))) return;
    if (!this.#gate.tryAccept(this.clientsMax)) return;
    const session = new UdpSession(address, port, this.#context, this.#datagrams, {
      answer: (answer) => this.#bound?.send(answer, address, port),
      ended: () => this.#ended(key),
    });
    this.#sessions.set(key, session);
    session.fromClient(bytes);
  }

  #ended(key: string): void {
    if (!this.#sessions.delete(key)) return;
    this.#gate.closed();
    if (this.#sessions.size === 0) this.#onDrained?.();
  }

  async #close(): Promise<void> {
    const bound = this.#bound;
    this.#bound = null;
    await bound?.close();
  }
}
