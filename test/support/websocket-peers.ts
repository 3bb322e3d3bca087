/**
 * WebSockets of the `ws` package over HTTP/1.1 and over HTTP/2 (RFC 8441): `ws` itself knows only the upgrade of
 * HTTP/1.1, so over HTTP/2 it is given the stream behind a handshake made here.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import { testCertificatePem, testKeyPem } from "./certificates.ts";

/** Cleartext in both cases. */
export const webSocketVersions = ["http/1.1", "h2c"] as const;
export type WebSocketVersion = (typeof webSocketVersions)[number];

/** What `ws` does with a socket once the handshake is done; not among its types. */
interface Bare {
  _isServer: boolean;
  setSocket(socket: Duplex, head: Buffer, options: object): void;
}

function over(stream: Duplex, isServer: boolean): WebSocket {
  const socket = new WebSocket(null as unknown as string, undefined, {
    autoPong: true,
    closeTimeout: 30_000,
  } as object);
  const bare = socket as unknown as Bare;
  bare._isServer = isServer;
  bare.setSocket(stream, Buffer.alloc(0), { maxPayload: 0, maxFragments: 0, maxBufferedChunks: 0 });
  // A stream that is reset ends in an error; `ws` looks for one on sockets of its own making.
  stream.on("error", () => {});
  return socket;
}

export interface WebSocketOrigin {
  readonly url: string;
  /** The protocol agreed on by each TLS connection, in order. */
  readonly agreed: readonly string[];
  /** Cuts every connection. */
  kill(): void;
  close(): Promise<void>;
}

/** `hasConnect` false: an HTTP/2 server that does not announce extended CONNECT. */
export async function startWebSocketOrigin(
  version: WebSocketVersion,
  onSocket: (socket: WebSocket) => void,
  hasConnect = true,
): Promise<WebSocketOrigin> {
  const server =
    version === "http/1.1"
      ? createServer()
      : http2.createServer({ settings: { enableConnectProtocol: hasConnect } });
  return serveWebSockets(server, "http", onSocket);
}

/** Over TLS: HTTP/2 without extended CONNECT, and HTTP/1.1 beside it if need be. It may never answer upgrades. */
export async function startChoosingOrigin(
  onSocket: ((socket: WebSocket) => void) | "never",
  hasHttp1: boolean,
): Promise<WebSocketOrigin> {
  const server = http2.createSecureServer({
    cert: testCertificatePem,
    key: testKeyPem,
    allowHTTP1: hasHttp1,
    settings: { enableConnectProtocol: false },
  });
  return serveWebSockets(server, "https", onSocket);
}

async function serveWebSockets(
  server: Server | http2.Http2Server | http2.Http2SecureServer,
  scheme: "http" | "https",
  onSocket: ((socket: WebSocket) => void) | "never",
): Promise<WebSocketOrigin> {
  const connections = new Set<Duplex>();
  const agreed: string[] = [];
  server.on("connection", (socket: Duplex) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  server.on("secureConnection", ({ alpnProtocol }: TLSSocket) => agreed.push(String(alpnProtocol)));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (onSocket !== "never") sockets.handleUpgrade(request, socket, head, onSocket);
  });
  server.on("sessionError", () => {});
  server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on("error", () => {});
    if (headers[":protocol"] !== "websocket") return stream.respond({ ":status": 404 }, { endStream: true });
    if (onSocket === "never") return;
    stream.respond({ ":status": 200 });
    onSocket(over(stream, true));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const kill = (): void => connections.forEach((socket) => void socket.destroy());
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    agreed,
    kill,
    async close() {
      const closed = once(server, "close");
      server.close();
      kill();
      await closed;
    },
  };
}

export interface WebSocketClient {
  readonly socket: WebSocket;
  /** Leaves without a word. */
  vanish(): void;
}

/** Resolves when it is open; rejects with the status that refused it. */
export async function openWebSocket(version: WebSocketVersion, port: number): Promise<WebSocketClient> {
  if (version === "http/1.1") {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, { perMessageDeflate: false });
    socket.on("error", () => {});
    const refused = once(socket, "unexpected-response").then(([, response]) => {
      throw new Error(`status ${(response as { statusCode: number }).statusCode}`);
    });
    await Promise.race([once(socket, "open"), refused]);
    refused.catch(() => {});
    return { socket, vanish: () => socket.terminate() };
  }
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  await once(session, "remoteSettings");
  const fields = { ":method": "CONNECT", ":protocol": "websocket", ":path": "/chat" };
  const stream = session.request({ ...fields, "sec-websocket-version": "13" });
  stream.on("close", () => session.close());
  const [head] = (await once(stream, "response")) as [{ ":status": number }];
  if (head[":status"] !== 200) {
    session.destroy();
    throw new Error(`status ${head[":status"]}`);
  }
  return { socket: over(stream, false), vanish: () => session.destroy() };
}
