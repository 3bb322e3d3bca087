/**
 * An origin that keeps every byte each connection brought and answers as it is told, however rudely.
 * It judges nothing: tests compare what it saw.
 */
import net from "node:net";
import { type RawMessage, requestFramingOf, takeMessage } from "./raw-message.ts";
import { Signal } from "./signal.ts";

/** How the far end left: with FIN, with RST, or not yet. */
export type Departure = "fin" | "reset" | null;

export class OriginConnection {
  /** Everything received, one character per byte. */
  received = "";
  /** Complete requests, as far as an honest reading goes. */
  readonly requests: RawMessage[] = [];
  departure: Departure = null;
  isClosed = false;
  readonly socket: net.Socket;
  readonly #origin: RawOrigin;
  #consumed = 0;

  constructor(socket: net.Socket, origin: RawOrigin) {
    this.socket = socket;
    this.#origin = origin;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#take(bytes.toString("latin1")));
    socket.on("end", () => this.#left("fin"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET") this.#left("reset");
    });
    socket.on("close", () => {
      this.isClosed = true;
      origin.changed.notify();
    });
  }

  /** Bytes that belong to no complete request. */
  get unfinished(): string {
    return this.received.slice(this.#consumed);
  }

  write(text: string): void {
    if (this.socket.writable) this.socket.write(text, "latin1");
  }
  /** Half-closes. */
  end(text = ""): void {
    this.socket.end(text, "latin1");
  }
  reset(): void {
    this.socket.resetAndDestroy();
  }
  destroy(): void {
    this.socket.destroy();
  }

  #take(text: string): void {
    this.received += text;
    for (;;) {
      const request = this.#origin.isReadingRequests
        ? takeMessage(this.unfinished, requestFramingOf, false)
        : null;
      if (request === null) break;
      this.#consumed += request.raw.length;
      this.requests.push(request);
      this.#origin.requests.push(request);
      const answer = this.#origin.respond(request, this);
      if (answer !== undefined) this.write(answer);
    }
    this.#origin.onBytes?.(this);
    this.#origin.changed.notify();
  }

  #left(how: Departure): void {
    this.departure ??= how;
    this.#origin.changed.notify();
  }
}

/** Text is written at once; nothing is written for undefined, the responder having seen to it. */
export type Responder = (request: RawMessage, connection: OriginConnection) => string | void;

export interface OriginOptions {
  readonly respond?: Responder;
  readonly onConnection?: (connection: OriginConnection) => void;
  /** Called after each read, also for bytes that make no request yet. */
  readonly onBytes?: (connection: OriginConnection) => void;
  /** False for bytes that are no requests (after an upgrade, say). */
  readonly isReadingRequests?: boolean;
}

export const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

export class RawOrigin {
  readonly connections: OriginConnection[] = [];
  /** Complete requests of all connections in the order in which they were complete. */
  readonly requests: RawMessage[] = [];
  readonly changed = new Signal();
  readonly port: number;
  respond: Responder;
  readonly isReadingRequests: boolean;
  readonly onBytes: ((connection: OriginConnection) => void) | undefined;
  readonly #server: net.Server;

  constructor(server: net.Server, options: OriginOptions) {
    this.#server = server;
    this.port = (server.address() as net.AddressInfo).port;
    this.respond = options.respond ?? (() => okAnswer);
    this.isReadingRequests = options.isReadingRequests ?? true;
    this.onBytes = options.onBytes;
    server.on("connection", (socket) => {
      const connection = new OriginConnection(socket, this);
      this.connections.push(connection);
      options.onConnection?.(connection);
      this.changed.notify();
    });
  }

  /** Requests as on the wire. */
  get seen(): string[] {
    return this.requests.map((request) => request.raw);
  }

  /** Everything received over all connections, complete requests or not. */
  get received(): string {
    return this.connections.map((connection) => connection.received).join("");
  }

  async awaitRequest(count = 1): Promise<RawMessage> {
    return this.changed.until(`request ${count} at the origin`, () => this.requests[count - 1]);
  }

  async awaitConnection(count = 1): Promise<OriginConnection> {
    return this.changed.until(`connection ${count} at the origin`, () => this.connections[count - 1]);
  }

  /** How the proxy left that connection. */
  async awaitDeparture(count = 1): Promise<Departure> {
    return this.changed.until(
      `the end of connection ${count} at the origin`,
      () => this.connections[count - 1]?.departure,
    );
  }

  async awaitReceived(part: string): Promise<void> {
    await this.changed.until(`${JSON.stringify(part)} at the origin`, () => this.received.includes(part));
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}

export async function startRawOrigin(options: OriginOptions = {}): Promise<RawOrigin> {
  const server = net.createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return new RawOrigin(server, options);
}

/** A port on which nothing listens: taken, then given back. */
export async function refusingPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}
