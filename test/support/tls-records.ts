/**
 * What passes under TLS, record by record (RFC 8446 §5.1, RFC 5246 §6.2.1): enough to tell a close_notify from a bare
 * FIN, which no TLS socket of Node's does. Contents stay encrypted; a record's type and length say enough.
 */
import net from "node:net";
import { Duplex } from "node:stream";
import tls from "node:tls";
import { type Ending, RawClient } from "./raw-client.ts";

const alert = 21;
/** Since TLS 1.3 an encrypted record does not show its type. */
const applicationData = 23;
/** Of an alert in TLS 1.3: two bytes, their type, the tag. No test sends two bytes in a record of their own at the end. */
const hiddenAlertBytes = 19;

/** Cuts one direction of a connection into records. */
export class RecordLog {
  #last: { type: number; length: number } | null = null;
  #pending = Buffer.alloc(0);

  take(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    while (this.#pending.length >= 5) {
      const length = this.#pending.readUInt16BE(3);
      if (this.#pending.length < 5 + length) return;
      this.#last = { type: this.#pending[0] as number, length };
      this.#pending = this.#pending.subarray(5 + length);
    }
  }

  /** The last record is an alert. Tests that end well see no other than close_notify. */
  get endsWithGoodbye(): boolean {
    if (this.#last === null || this.#pending.length > 0) return false;
    const { type, length } = this.#last;
    return type === alert || (type === applicationData && length === hiddenAlertBytes);
  }
}

/** A TCP connection that keeps account of the records it brings. */
class WatchedConnection extends Duplex {
  readonly records = new RecordLog();
  ending: Ending | null = null;
  onEnding: () => void = () => {};
  readonly #socket: net.Socket;

  constructor(port: number) {
    super({ allowHalfOpen: true });
    this.#socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (bytes: Buffer) => {
      this.records.take(bytes);
      if (!this.destroyed) this.push(bytes);
    });
    this.#socket.on("end", () => this.#ended("fin"));
    this.#socket.on("error", () => this.#ended("reset"));
  }

  override _read(): void {}
  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }
  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  /** TLS being over destroys this stream; what the far end then does is still of interest. */
  cut(): void {
    this.#socket.destroy();
  }

  #ended(how: Ending): void {
    this.ending ??= how;
    this.onEnding();
    if (!this.destroyed) this.push(null);
  }
}

/** A TLS client that can say how the far end took its leave. */
export class TlsWitness {
  readonly client: RawClient;
  readonly connection: WatchedConnection;

  constructor(client: RawClient, connection: WatchedConnection) {
    this.client = client;
    this.connection = connection;
    connection.onEnding = () => client.changed.notify();
  }

  /** Waits for the end of the connection under TLS: "goodbye" if a close_notify came before the FIN. */
  async leave(): Promise<"goodbye" | "cut"> {
    await this.client.changed.until("the end of the connection", () => this.connection.ending);
    return this.connection.records.endsWithGoodbye ? "goodbye" : "cut";
  }

  destroy(): void {
    this.client.destroy();
    this.connection.cut();
  }
}

/** It does not answer a goodbye by itself. */
export async function connectWitness(port: number, options: tls.ConnectionOptions = {}): Promise<TlsWitness> {
  const connection = new WatchedConnection(port);
  const socket = tls.connect({
    socket: connection,
    servername: "localhost",
    allowHalfOpen: true,
    ...options,
  } as tls.ConnectionOptions);
  const client = new RawClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  return new TlsWitness(client, connection);
}
