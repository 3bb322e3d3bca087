/**
 * Clients and endpoints of every HTTP version that Node itself speaks, all with the same face: what is told to one
 * can be told to any. None of Headgate's own codecs is used here.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { testAuthorityPem, testCertificatePem, testKeyPem } from "./certificates.ts";
import { Signal } from "./signal.ts";

export const protocols = ["http/1.1", "http/1.1 over TLS", "h2", "h2c"] as const;
export type Protocol = (typeof protocols)[number];

export function isSecure(protocol: Protocol): boolean {
  return protocol === "http/1.1 over TLS" || protocol === "h2";
}

export function isHttp2(protocol: Protocol): boolean {
  return protocol === "h2" || protocol === "h2c";
}

/** Node's HTTP/2 servers have requests and responses of the same shape; where it matters, `stream` tells. */
export type PeerRequest = http.IncomingMessage & { readonly stream?: http2.ServerHttp2Stream };
export type PeerResponse = http.ServerResponse;

export class PeerOrigin {
  readonly url: string;
  readonly changed = new Signal();
  /** Paths of requests that broke off before their response was complete. */
  readonly aborted: string[] = [];
  readonly paths: string[] = [];
  connectionCount = 0;
  readonly #server: http.Server | https.Server | http2.Http2Server | http2.Http2SecureServer;
  readonly #connections = new Set<Duplex>();

  constructor(server: PeerOrigin["server"], protocol: Protocol) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.url = `${isSecure(protocol) ? "https" : "http"}://127.0.0.1:${port}`;
    server.on(isSecure(protocol) ? "secureConnection" : "connection", (socket: Duplex) => {
      this.connectionCount++;
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
    });
  }

  get server(): http.Server | https.Server | http2.Http2Server | http2.Http2SecureServer {
    return this.#server;
  }

  took(request: PeerRequest, response: PeerResponse): void {
    const path = request.url ?? "";
    this.paths.push(path);
    response.once("close", () => {
      if (!response.writableEnded) this.aborted.push(path);
      this.changed.notify();
    });
    this.changed.notify();
  }

  /** Cuts every connection. */
  kill(): void {
    for (const socket of this.#connections) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.kill();
    await closed;
  }
}

export async function startPeerOrigin(
  protocol: Protocol,
  handle: (request: PeerRequest, response: PeerResponse, origin: PeerOrigin) => void,
): Promise<PeerOrigin> {
  const pair = { cert: testCertificatePem, key: testKeyPem };
  const server =
    protocol === "http/1.1"
      ? http.createServer()
      : protocol === "http/1.1 over TLS"
        ? https.createServer(pair)
        : protocol === "h2"
          ? http2.createSecureServer(pair)
          : http2.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = new PeerOrigin(server, protocol);
  server.on("request", (request: PeerRequest, response: PeerResponse) => {
    request.on("error", () => {});
    response.on("error", () => {});
    origin.took(request, response);
    handle(request, response, origin);
  });
  server.on("sessionError", () => {});
  server.on("clientError", (_error: Error, socket: Duplex) => socket.destroy());
  return origin;
}

/** Breaks the exchange off as the protocol can: RST_STREAM, or the end of the connection. */
export function breakOff(request: PeerRequest): void {
  if (request.stream !== undefined) request.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  else request.socket.destroy();
}

export interface PeerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly interim: readonly number[];
  readonly bytes: number;
  /** SHA-256 of the body. */
  readonly sum: string;
  readonly text: string;
}

/** One request under way: what to send is written to `body`; the answer comes, or the reason why it does not. */
export interface PeerCall {
  readonly body: NodeJS.WritableStream;
  readonly answer: Promise<PeerAnswer>;
  /** Takes the request back. */
  cancel(): void;
}

export interface PeerQuestion {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent behind the body. */
  readonly trailers?: Readonly<Record<string, string>>;
}

export class PeerClient {
  readonly #protocol: Protocol;
  readonly #port: number;
  readonly #agent: http.Agent | https.Agent;
  #session: http2.ClientHttp2Session | null = null;

  constructor(protocol: Protocol, port: number) {
    this.#protocol = protocol;
    this.#port = port;
    const options = { keepAlive: true };
    this.#agent =
      protocol === "http/1.1 over TLS"
        ? new https.Agent({ ...options, ca: testAuthorityPem })
        : new http.Agent(options);
  }

  call(question: PeerQuestion): PeerCall {
    return isHttp2(this.#protocol) ? this.#callHttp2(question) : this.#callHttp1(question);
  }

  /** A question whose body is at hand. */
  async ask(question: PeerQuestion, body?: Buffer): Promise<PeerAnswer> {
    const call = this.call(question);
    if (body === undefined) call.body.end();
    else call.body.end(body);
    return call.answer;
  }

  close(): void {
    this.#agent.destroy();
    this.#session?.destroy();
  }

  #callHttp1({ method = "GET", path, headers, trailers }: PeerQuestion): PeerCall {
    const { request: send } = this.#protocol === "http/1.1" ? http : https;
    const options = { host: "127.0.0.1", port: this.#port, agent: this.#agent, method, path };
    const more = trailers === undefined ? {} : { trailer: Object.keys(trailers).join(", ") };
    const request = send({
      ...options,
      servername: "localhost",
      headers: { te: "trailers", ...more, ...headers },
    } as https.RequestOptions);
    request.setNoDelay(true);
    if (trailers !== undefined) request.addTrailers(trailers);
    const interim: number[] = [];
    request.on("information", ({ statusCode }) => interim.push(statusCode));
    const answer = (async () => {
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      const whole = await read(response);
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        trailers: response.trailers,
        interim,
        ...whole,
      };
    })();
    request.on("error", () => {});
    answer.catch(() => {});
    return { body: request, answer, cancel: () => void request.destroy() };
  }

  #callHttp2({ method = "GET", path, headers, trailers }: PeerQuestion): PeerCall {
    const stream = this.#openSession().request(
      { ":method": method, ":path": path, te: "trailers", ...headers },
      { endStream: false, waitForTrailers: trailers !== undefined },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers }));
    stream.on("error", () => {});
    const interim: number[] = [];
    let tail: http2.IncomingHttpHeaders = {};
    stream.on("headers", (head: http2.IncomingHttpHeaders & { ":status"?: number }) =>
      interim.push(head[":status"] ?? 0),
    );
    stream.on("trailers", (fields: http2.IncomingHttpHeaders) => (tail = fields));
    const answer = (async () => {
      const head = (await Promise.race([once(stream, "response"), closedEarly(stream)])) as [
        http2.IncomingHttpHeaders & { ":status"?: number },
      ];
      const whole = await read(stream);
      if (stream.rstCode !== 0) throw new Error(`reset with code ${stream.rstCode}`);
      return { status: head[0][":status"] ?? 0, headers: head[0], trailers: tail, interim, ...whole };
    })();
    answer.catch(() => {});
    return { body: stream, answer, cancel: () => stream.close(http2.constants.NGHTTP2_CANCEL) };
  }

  #openSession(): http2.ClientHttp2Session {
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const scheme = isSecure(this.#protocol) ? "https" : "http";
    const session = http2.connect(`${scheme}://localhost:${this.#port}`, {
      host: "127.0.0.1",
      ca: testAuthorityPem,
    } as http2.SecureClientSessionOptions);
    session.on("error", () => {});
    this.#session = session;
    return session;
  }
}

async function closedEarly(stream: http2.ClientHttp2Stream): Promise<never> {
  await once(stream, "close").catch(() => {});
  throw new Error(`closed without a response (code ${stream.rstCode})`);
}

async function read(body: AsyncIterable<unknown>): Promise<{ bytes: number; sum: string; text: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  let text = "";
  for await (const chunk of body) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (text.length < 1000) text += (chunk as Buffer).toString("latin1");
  }
  return { bytes, sum: hash.digest("hex"), text };
}

export function sumOf(body: Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}
