/**
 * Clients that never rest, for proofs that nothing is lost while something changes: requests over
 * kept connections, requests over fresh ones, and WebSockets that talk. Every failure is kept.
 */
import net from "node:net";
import { WebSocket } from "ws";

export interface LoadReport {
  readonly requests: number;
  readonly connections: number;
  /** What went wrong, one text each; empty when nothing did. */
  readonly failures: readonly string[];
}

export class SteadyLoad {
  readonly #port: number;
  readonly #failures: string[] = [];
  readonly #running: Promise<void>[] = [];
  #requests = 0;
  #connections = 0;
  #isOver = false;
  #onRequest: (() => void) | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  /** `count` clients that send one request after the other over a connection of their own. */
  keepAlive(count: number): this {
    for (let i = 0; i < count; i++) this.#running.push(this.#client(Number.POSITIVE_INFINITY));
    return this;
  }

  /** `count` clients that take a new connection for each request. */
  fresh(count: number): this {
    for (let i = 0; i < count; i++) this.#running.push(this.#client(1));
    return this;
  }

  get requests(): number {
    return this.#requests;
  }

  /** Until so many further requests were answered. */
  async progress(count: number): Promise<void> {
    const goal = this.#requests + count;
    while (this.#requests < goal && this.#failures.length === 0) {
      await new Promise<void>((resolve) => {
        this.#onRequest = resolve;
      });
    }
  }

  /** Lets every client finish its request. */
  async stop(): Promise<LoadReport> {
    this.#isOver = true;
    await Promise.all(this.#running);
    return { requests: this.#requests, connections: this.#connections, failures: this.#failures };
  }

  async #client(requestsPerConnection: number): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#connection(requestsPerConnection);
      } catch (error) {
        this.#failures.push(String(error));
        this.#onRequest?.();
        if (this.#failures.length > 100) return;
      }
    }
  }

  async #connection(requestsMax: number): Promise<void> {
    this.#connections++;
    const socket = net.connect(this.#port, "127.0.0.1");
    socket.setNoDelay(true);
    const reader = new ResponseReader(socket);
    const isLast = requestsMax === 1 ? "Connection: close\r\n" : "";
    try {
      for (let sent = 0; sent < requestsMax && !this.#isOver; sent++) {
        socket.write(`GET /load HTTP/1.1\r\nHost: load.test\r\n${isLast}\r\n`);
        const { status, isClosing } = await reader.next();
        if (status !== 200) throw new Error(`status ${status}`);
        this.#requests++;
        this.#onRequest?.();
        // The balancer may end a connection after an answer, as long as it says so.
        if (isClosing) return;
      }
    } finally {
      socket.destroy();
    }
  }
}

/** Reads answers with a Content-Length. */
class ResponseReader {
  #text = "";
  #ending: string | null = null;
  #wake: () => void = () => {};

  constructor(socket: net.Socket) {
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      this.#text += chunk;
      this.#wake();
    });
    const ended = (reason: string) => (): void => {
      this.#ending ??= reason;
      this.#wake();
    };
    socket.on("end", ended("closed without an answer"));
    socket.on("close", ended("closed without an answer"));
    socket.on("error", (error: NodeJS.ErrnoException) => ended(error.code ?? error.message)());
  }

  async next(): Promise<{ readonly status: number; readonly isClosing: boolean }> {
    for (;;) {
      const headEnd = this.#text.indexOf("\r\n\r\n");
      if (headEnd >= 0) {
        const head = this.#text.slice(0, headEnd);
        const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
        if (Number.isNaN(length)) throw new Error(`no length in ${head}`);
        if (this.#text.length >= headEnd + 4 + length) {
          this.#text = this.#text.slice(headEnd + 4 + length);
          return { status: Number(head.slice(9, 12)), isClosing: /^connection: close/im.test(head) };
        }
      }
      if (this.#ending !== null) throw new Error(this.#ending);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** WebSockets that each say something as soon as the last word came back. */
export class WebSocketHerd {
  readonly failures: string[] = [];
  readonly #sockets: WebSocket[] = [];
  readonly #words = new Map<WebSocket, number>();
  #isOver = false;

  /** Resolves when all are open and have had a word back. */
  static async open(url: string, count: number, pauseMs: number): Promise<WebSocketHerd> {
    const herd = new WebSocketHerd();
    await Promise.all(Array.from({ length: count }, () => herd.#open(url, pauseMs)));
    return herd;
  }

  get openCount(): number {
    return this.#sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  }

  /** The fewest words that one of them has had back. */
  get fewestWords(): number {
    return Math.min(...this.#words.values());
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(
      this.#sockets.map((socket) => {
        const closed = new Promise((resolve) => socket.once("close", resolve));
        socket.close();
        return socket.readyState === WebSocket.CLOSED ? Promise.resolve() : closed;
      }),
    );
  }

  #open(url: string, pauseMs: number): Promise<void> {
    const socket = new WebSocket(url);
    this.#sockets.push(socket);
    this.#words.set(socket, 0);
    return new Promise((resolve) => {
      let word = 0;
      socket.on("open", () => socket.send(String(word)));
      socket.on("message", (data: Buffer) => {
        if (String(data) !== String(word)) this.failures.push(`said ${word}, heard ${String(data)}`);
        this.#words.set(socket, ++word);
        resolve();
        setTimeout(() => {
          if (socket.readyState === WebSocket.OPEN) socket.send(String(word));
        }, pauseMs).unref();
      });
      socket.on("close", (code) => {
        if (!this.#isOver) this.failures.push(`closed with ${code} after ${word} words`);
        resolve();
      });
      socket.on("error", (error) => void this.failures.push(error.message));
    });
  }
}
