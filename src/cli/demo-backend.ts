/**
 * A small HTTP server to balance over: says who it is, what it was sent and how it feels, and can be made
 * slow, failing or flapping. It stands on `node:http`; nothing of the balancer's own is in it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { renderAnswer } from "./demo-backend-page.ts";

export interface BackendBehavior {
  /** Every answer waits for this long … */
  readonly delayMs: number;
  /** … and for a random time up to this. */
  readonly jitterMs: number;
  /** Share of requests, health checks excepted, that are answered 500. */
  readonly failShare: number;
  /** Time it is well, and then time it is ill (everything answered 503), in turns; 0 for always well. */
  readonly flapIntervalMs: number;
  /** Status of ordinary answers. */
  readonly status: number;
  readonly keepAliveTimeoutMs: number;
}

export interface DemoBackendParts {
  /** As logs and pages call it: `Server 1`. */
  readonly displayName: string;
  /** As configured: `server-1`. */
  readonly name: string;
  readonly behavior: BackendBehavior;
  /** Whether requests for `/health` are logged like others. */
  readonly isHealthLogged: boolean;
  /** Told of each request, and of each message posted to `/ping`. */
  readonly log: (message: string) => void;
  readonly random: () => number;
  readonly nowMs: () => number;
}

const messageBytesMax = 64 * 1024;

export class DemoBackend {
  readonly #parts: DemoBackendParts;
  readonly #server: Server;
  readonly #startedMs: number;
  #served = 0;
  #isStopping = false;

  constructor(parts: DemoBackendParts) {
    this.#parts = parts;
    this.#startedMs = parts.nowMs();
    this.#server = createServer((request, response) => this.#received(request, response));
    this.#server.keepAliveTimeout = parts.behavior.keepAliveTimeoutMs;
    // Node adds this to the time above; the header and the behaviour should agree.
    this.#server.keepAliveTimeoutBuffer = 0;
    this.#server.on("connection", (socket: Socket) => socket.setNoDelay(true));
  }

  /** The port it got. Rejects with the system's error (`EADDRINUSE`). */
  listen(port: number, host: string | undefined): Promise<number> {
    return new Promise((bound, failed) => {
      this.#server.once("error", failed);
      this.#server.listen({ port, host }, () => {
        const address = this.#server.address();
        bound(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  /** Accepts no more, finishes what it has for at most `graceMs`, then cuts. */
  close(graceMs: number): Promise<void> {
    this.#isStopping = true;
    return new Promise((closed) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
      this.#server.close(() => {
        clearTimeout(timer);
        closed();
      });
    });
  }

  #received(request: IncomingMessage, response: ServerResponse): void {
    const isHealth = pathOf(request) === "/health";
    if (!isHealth) this.#served++;
    if (!isHealth || this.#parts.isHealthLogged)
      this.#parts.log(
        `Received ${request.method ?? "?"} request from ${request.socket.remoteAddress ?? "?"}`,
      );
    response.setHeader("x-backend", this.#parts.name);
    const { delayMs, jitterMs } = this.#parts.behavior;
    const waitMs = delayMs + this.#parts.random() * jitterMs;
    if (waitMs > 0) setTimeout(() => this.#answer(request, response), waitMs);
    else this.#answer(request, response);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const isHealth = path === "/health";
    const { failShare } = this.#parts.behavior;
    if (this.#isStopping) response.setHeader("connection", "close");
    // Otherwise a body nobody reads would hold the connection.
    if (path !== "/ping") request.resume();
    if (this.#isIll()) sendText(response, 503, "unwell\n");
    else if (!isHealth && failShare > 0 && this.#parts.random() < failShare)
      sendText(response, 500, "failed on purpose\n");
    else if (isHealth) this.#health(request, response);
    else if (path === "/ping") this.#ping(request, response);
    else this.#page(request, response);
  }

  #health(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === "GET" || request.method === "HEAD") sendText(response, 200, "OK\n");
    else refuseMethod(response, "GET, HEAD");
  }

  #ping(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === "POST") {
      this.#message(request, response);
      return;
    }
    request.resume();
    if (request.method === "GET" || request.method === "HEAD") sendText(response, 200, "pong");
    else refuseMethod(response, "GET, HEAD, POST");
  }

  /** Accepts a message and logs it; what is beyond the limit is read and thrown away. */
  #message(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= messageBytesMax) chunks.push(chunk);
    });
    request.on("end", () => {
      if (bytes > messageBytesMax) {
        sendText(response, 413, `a message has at most ${messageBytesMax} bytes\n`);
        return;
      }
      this.#parts.log(`Received message: ${JSON.stringify(Buffer.concat(chunks).toString("utf8"))}`);
      sendText(response, 200, "message received\n");
    });
  }

  #page(request: IncomingMessage, response: ServerResponse): void {
    const { name, displayName, behavior } = this.#parts;
    const facts = {
      backend: name,
      displayName,
      pid: process.pid,
      served: this.#served,
      method: request.method ?? "?",
      path: request.url ?? "/",
      from: request.socket.remoteAddress ?? "?",
      headers: request.headers,
    };
    const { contentType, body } = renderAnswer(facts, request.headers.accept ?? "*/*");
    send(response, behavior.status, contentType, body);
  }

  #isIll(): boolean {
    const { flapIntervalMs } = this.#parts.behavior;
    if (flapIntervalMs === 0) return false;
    return Math.floor((this.#parts.nowMs() - this.#startedMs) / flapIntervalMs) % 2 === 1;
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").replace(/[?#].*$/, "");
}

function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, "text/plain; charset=utf-8", text);
}

function refuseMethod(response: ServerResponse, allowed: string): void {
  response.setHeader("allow", allowed);
  sendText(response, 405, `use ${allowed}\n`);
}

/** `node:http` leaves the body out for HEAD by itself. */
function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  if (status === 204 || status === 304) {
    response.writeHead(status).end();
    return;
  }
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
