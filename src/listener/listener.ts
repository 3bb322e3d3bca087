/**
 * One bound address in one worker: accepts connections within its limit, knows those that are open,
 * and drains them. What a connection speaks is decided by whoever creates it.
 */
import type { Acceptor, BoundListener, ByteStream, ListenTarget } from "../core/transport.ts";

/** A connection as its listener sees it. */
export interface ServerConnection {
  /** Finishes what is under way, takes nothing new, then closes. */
  drain(): void;
  /** Closes now. */
  terminate(): void;
}

/** The count of connections over all workers. */
export interface ConnectionGate {
  tryAccept(connectionsMax: number): boolean;
  closed(): void;
}

export interface ListenerParts {
  readonly acceptor: Acceptor;
  readonly gate: ConnectionGate;
  /** Takes the stream over: sets its handler and reports its end through `Listener.connectionClosed`. */
  createConnection(stream: ByteStream): ServerConnection;
  /** Answers a connection beyond the limit and closes it. */
  refuse(stream: ByteStream): void;
}

export class Listener {
  connectionsMax: number;
  readonly #parts: ListenerParts;
  readonly #connections = new Set<ServerConnection>();
  #bound: BoundListener | null = null;
  #isDraining = false;
  #onDrained: (() => void) | null = null;

  constructor(parts: ListenerParts, connectionsMax: number) {
    this.#parts = parts;
    this.connectionsMax = connectionsMax;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Rejects with the system's error. */
  async listen(target: ListenTarget, backlog: number): Promise<BoundListener> {
    this.#bound = await this.#parts.acceptor.listen(target, backlog, (stream) => this.#accepted(stream));
    return this.#bound;
  }

  connectionClosed(connection: ServerConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.#parts.gate.closed();
    if (this.#connections.size === 0) this.#onDrained?.();
  }

  /** One that was waiting (a handshake, a header) goes on as another, in the same place. */
  connectionReplaced(waiting: ServerConnection, connection: ServerConnection): void {
    if (!this.#connections.delete(waiting)) return;
    this.#connections.add(connection);
    if (this.#isDraining) connection.drain();
  }

  /** Accepts no more; resolves when the last connection has gone. */
  drain(): Promise<void> {
    this.#isDraining = true;
    void this.#bound?.close();
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  terminate(): void {
    void this.#bound?.close();
    for (const connection of this.#connections) connection.terminate();
  }

  #accepted(stream: ByteStream): void {
    if (!this.#parts.gate.tryAccept(this.connectionsMax)) {
      this.#parts.refuse(stream);
      return;
    }
    const connection = this.#parts.createConnection(stream);
    this.#connections.add(connection);
    // Accepted by the kernel just before the socket was closed: serve it, but not for long.
    if (this.#isDraining) connection.drain();
  }
}
