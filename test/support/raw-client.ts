/** A client that sends exactly the bytes it is given, in the given pieces, and keeps what comes back. */
import net from "node:net";
import { headerOf, type RawMessage, responseFramingOf, takeMessage } from "./raw-message.ts";
import { Signal, turns } from "./signal.ts";

export interface RawResponse extends RawMessage {
  readonly status: number;
  header(name: string): string | null;
}

/** How the connection ended for the client. */
export type Ending = "fin" | "reset";

export class RawClient {
  /** Everything received, one character per byte. */
  received = "";
  ending: Ending | null = null;
  readonly changed = new Signal();
  readonly socket: net.Socket;
  #consumed = 0;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      this.received += bytes.toString("latin1");
      this.changed.notify();
    });
    socket.on("end", () => this.#ended("fin"));
    socket.on("error", () => this.#ended("reset"));
    socket.on("close", () => this.changed.notify());
  }

  /** Bytes not yet taken by `readResponse`. */
  get unread(): string {
    return this.received.slice(this.#consumed);
  }

  send(text: string): void {
    if (this.socket.writable) this.socket.write(text, "latin1");
  }

  /** Each piece arrives in a read of its own. */
  async sendPieces(pieces: readonly string[]): Promise<void> {
    for (const piece of pieces) {
      this.send(piece);
      await turns();
    }
  }

  /** The next response; informational ones count. `method` is that of its request. */
  async readResponse(method = "GET"): Promise<RawResponse> {
    const message = await this.changed.until(
      `a response; so far ${JSON.stringify(this.unread.slice(0, 300))}`,
      () => takeMessage(this.unread, (head) => responseFramingOf(head, method), this.ending === "fin"),
    );
    this.#consumed += message.raw.length;
    return {
      ...message,
      status: Number(message.head.slice(9, 12)),
      header: (name) => headerOf(message.head, name),
    };
  }

  async readUntil(part: string): Promise<void> {
    await this.changed.until(JSON.stringify(part), () => this.received.includes(part));
  }

  /** Waits for the far end to close or reset. */
  async ended(): Promise<Ending> {
    return this.changed.until("the end of the connection", () => this.ending);
  }

  /** Half-closes. */
  end(): void {
    this.socket.end();
  }
  destroy(): void {
    this.socket.destroy();
  }
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #ended(how: Ending): void {
    this.ending ??= how;
    this.changed.notify();
  }
}

/** Connects to a port of the loopback address, or to a unix socket's path. */
export async function connectRaw(place: number | string, host = "127.0.0.1"): Promise<RawClient> {
  const where = typeof place === "number" ? { port: place, host } : { path: place };
  const socket = net.connect({ ...where, allowHalfOpen: true });
  const client = new RawClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return client;
}
