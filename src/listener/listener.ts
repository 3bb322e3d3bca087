/**
 * One bound address in one worker: accepts connections within its limit, knows those that are open,
 * and drains them. What a connection speaks is decided by whoever creates it.
 */
import { Roster, type Rostered } from "../core/roster.ts";
import type { Acceptor, BoundListener, ByteStream, ListenTarget } from "../core/transport.ts";

/** A connection as its listener sees it. */
export interface ServerConnection {
  /** Its place in the listener's books, which are kept there; null before and after. */
  seat: Seat | null;
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

/** The count of connections of each client over all workers. */
export interface ClientLimit {
  /** A token for `close`; `refusedToken` when the client holds as many as it may. */
  open(remoteAddress: string): number;
  close(token: number): void;
}

/** What a client's connection takes of its limit. */
interface ClientPlace {
  readonly limit: ClientLimit;
  readonly token: number;
}

const refusedToken = -1;

/** One connection's place: whoever waits for a handshake leaves it to what the connection becomes. */
export interface Seat extends Rostered {
  connection: ServerConnection;
  /** Null where the client is not counted. */
  readonly client: ClientPlace | null;
}

export interface ListenerParts {
  readonly acceptor: Acceptor;
  readonly gate: ConnectionGate;
  /** Takes the stream over: sets its handler and reports its end through `Listener.connectionClosed`. */
  createConnection(stream: ByteStream): ServerConnection;
  /** Answers a connection beyond the listener's or the client's limit and closes it. */
  refuse(stream: ByteStream, isClientsFault: boolean): void;
}

export class Listener {
  connectionsMax: number;
  /** Null for no limit per client. */
  clientLimit: ClientLimit | null = null;
  readonly #parts: ListenerParts;
  readonly #seats = new Roster<Seat>();
  #bound: BoundListener | null = null;
  #isDraining = false;
  #onDrained: (() => void) | null = null;

  constructor(parts: ListenerParts, connectionsMax: number) {
    this.#parts = parts;
    this.connectionsMax = connectionsMax;
  }

  get connectionCount(): number {
    return this.#seats.size;
  }

  /** Rejects with the system's error. */
  async listen(target: ListenTarget, backlog: number): Promise<BoundListener> {
    this.#bound = await this.#parts.acceptor.listen(target, backlog, (stream) => this.#accepted(stream));
    return this.#bound;
  }

  connectionClosed(connection: ServerConnection): void {
    const { seat } = connection;
    if (seat === null) return;
    connection.seat = null;
    this.#seats.delete(seat);
    seat.client?.limit.close(seat.client.token);
    this.#parts.gate.closed();
    if (this.#seats.size === 0) this.#onDrained?.();
  }

  /** One that was waiting (a handshake, a header) goes on as another, in the same place. */
  connectionReplaced(waiting: ServerConnection, connection: ServerConnection): void {
    const { seat } = waiting;
    if (seat === null) return;
    waiting.seat = null;
    seat.connection = connection;
    connection.seat = seat;
    if (this.#isDraining) connection.drain();
  }

  /** Accepts no more; resolves when the last connection has gone. */
  drain(): Promise<void> {
    this.#isDraining = true;
    void this.#bound?.close();
    for (const { connection } of this.#seats.toArray()) connection.drain();
    if (this.#seats.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  terminate(): void {
    void this.#bound?.close();
    for (const { connection } of this.#seats.toArray()) connection.terminate();
  }

  #accepted(stream: ByteStream): void {
    const place = this.clientLimit === null ? null : placeOf(this.clientLimit, stream);
    if (place === "refused") {
      this.#parts.refuse(stream, true);
      return;
    }
    if (!this.#parts.gate.tryAccept(this.connectionsMax)) {
      place?.limit.close(place.token);
      this.#parts.refuse(stream, false);
      return;
    }
    const connection = this.#parts.createConnection(stream);
    const seat: Seat = { rosterIndex: -1, connection, client: place };
    this.#seats.add(seat);
    connection.seat = seat;
    // Accepted by the kernel just before the socket was closed: serve it, but not for long.
    if (this.#isDraining) connection.drain();
  }
}

function placeOf(limit: ClientLimit, stream: ByteStream): ClientPlace | "refused" {
  const token = limit.open(stream.remoteAddress);
  return token === refusedToken ? "refused" : { limit, token };
}
