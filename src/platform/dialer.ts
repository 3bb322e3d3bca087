/**
 * Outgoing connections: TCP and unix sockets through native handles where they exist, TLS and the
 * fallback through Node's public API. TLS sessions are remembered per server for resumption.
 */
import { createHash } from "node:crypto";
import net from "node:net";
import tls from "node:tls";
import { getSystemErrorName } from "node:util";
import type {
  ByteStream,
  Dialer,
  DialHandler,
  DialTarget,
  StreamHandler,
  UpstreamTls,
} from "../core/transport.ts";
import type { NativeHandle } from "./native-handles.ts";
import { NativeStream } from "./native-stream.ts";
import type { NativeStreams } from "./native-streams.ts";
import { SocketStream } from "./socket-stream.ts";

const tlsSessionsKept = 1000;

/** Stands in until the owner sets its own handler, which it does before `onConnected` returns. */
export const silentHandler: StreamHandler = {
  onData() {},
  onEnd() {},
  onDrain() {},
  onClosed() {},
};

/** `native` is null to use the public API only. */
export function createDialer(native: NativeStreams | null): Dialer {
  const rememberedOf = new WeakMap<UpstreamTls, Remembered>();
  return {
    dial(target, tlsOptions, handler, preamble = null) {
      const told = preamble === null ? handler : withPreamble(handler, preamble);
      if (tlsOptions === null)
        return native === null ? dialSocket(target, told) : dialNative(native, target, told);
      if (preamble === null)
        return dialTls(native, rememberedFor(rememberedOf, tlsOptions), target, null, tlsOptions, handler);
      return dialBeforeTls(target, preamble, handler, (socket) =>
        dialTls(native, rememberedFor(rememberedOf, tlsOptions), target, socket, tlsOptions, handler),
      );
    },
  };
}

/** Writes the preamble before the owner can write anything. */
function withPreamble(handler: DialHandler, preamble: Uint8Array): DialHandler {
  return {
    onConnected(stream, alpn) {
      stream.writeBytes(preamble);
      handler.onConnected(stream, alpn);
    },
    onDialFailed: (errorCode) => handler.onDialFailed(errorCode),
  };
}

function placeOf(target: DialTarget): { host: string; port: number } | { path: string } {
  return target.kind === "tcp" ? { host: target.address, port: target.port } : { path: target.path };
}

/** Connects, sends the preamble in the clear, and goes on with TLS over the same socket. */
function dialBeforeTls(
  target: DialTarget,
  preamble: Uint8Array,
  handler: DialHandler,
  goOn: (socket: net.Socket) => () => void,
): () => void {
  const socket = net.connect({ ...placeOf(target) });
  let giveUp = (): void => void socket.destroy();
  const failed = (error: NodeJS.ErrnoException): void => {
    socket.destroy();
    handler.onDialFailed(error.code ?? "EUNKNOWN");
  };
  socket.once("error", failed);
  socket.once("connect", () => {
    socket.off("error", failed);
    socket.write(preamble);
    giveUp = goOn(socket);
  });
  return () => {
    socket.off("error", failed);
    giveUp();
  };
}

function dialNative(native: NativeStreams, target: DialTarget, handler: DialHandler): () => void {
  const { TCP, TCPConnectWrap, Pipe, PipeConnectWrap, tcpSocketType, pipeSocketType } = native.handles;
  const request = target.kind === "tcp" ? new TCPConnectWrap() : new PipeConnectWrap();
  let handle: NativeHandle;
  let error: number;
  if (target.kind === "tcp") {
    const tcp = new TCP(tcpSocketType);
    handle = tcp;
    error = target.address.includes(":")
      ? tcp.connect6(request, target.address, target.port)
      : tcp.connect(request, target.address, target.port);
  } else {
    const pipe = new Pipe(pipeSocketType);
    handle = pipe;
    error = pipe.connect(request, target.path);
  }
  let isOver = false;
  const finish = (status: number): void => {
    if (isOver) return;
    isOver = true;
    if (status < 0) {
      handle.close();
      handler.onDialFailed(getSystemErrorName(status));
      return;
    }
    handle.setNoDelay?.(true);
    const stream = new NativeStream(native, handle, silentHandler, null);
    stream.begin();
    handler.onConnected(stream, "");
  };
  request.oncomplete = finish;
  // Never fail inside the call: the caller is not ready for its callback yet.
  if (error !== 0) setImmediate(finish, error);
  return () => {
    if (isOver) return;
    isOver = true;
    handle.close();
  };
}

function dialSocket(target: DialTarget, handler: DialHandler): () => void {
  const socket =
    target.kind === "tcp"
      ? net.connect({ host: target.address, port: target.port, noDelay: true, allowHalfOpen: true })
      : net.connect({ path: target.path, allowHalfOpen: true });
  return awaitConnection(
    socket,
    handler,
    () => handler.onConnected(new SocketStream(socket, silentHandler), ""),
    "connect",
  );
}

/**
 * What connections under the same settings share. A session made under others (another CA, no verification) must not
 * be resumed, and reading certificates and keys anew (0.2 to 0.7 ms) costs as much as a handshake.
 */
interface Remembered {
  readonly context: tls.SecureContext;
  readonly sessions: Map<string, Buffer>;
}

function rememberedFor(all: WeakMap<UpstreamTls, Remembered>, options: UpstreamTls): Remembered {
  const known = all.get(options);
  if (known !== undefined) return known;
  const context = tls.createSecureContext({
    ...(options.caPem === null ? {} : { ca: options.caPem }),
    ...(options.certificatePem === null ? {} : { cert: options.certificatePem }),
    ...(options.keyPem === null ? {} : { key: options.keyPem }),
  });
  const remembered = { context, sessions: new Map<string, Buffer>() };
  all.set(options, remembered);
  return remembered;
}

function dialTls(
  native: NativeStreams | null,
  { context, sessions }: Remembered,
  target: DialTarget,
  connected: net.Socket | null,
  options: UpstreamTls,
  handler: DialHandler,
): () => void {
  const place = connected === null ? placeOf(target) : { socket: connected };
  const sessionKey = target.kind === "tcp" ? `${target.address}:${target.port}` : target.path;
  const session = sessions.get(sessionKey);
  const socket = tls.connect({
    ...place,
    rejectUnauthorized: options.isVerified,
    ALPNProtocols: options.alpnProtocols ?? ["http/1.1"],
    ...(net.isIP(options.serverName) === 0 ? { servername: options.serverName } : {}),
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(options.serverName, certificate),
    secureContext: context,
    ...(session === undefined ? {} : { session }),
  } as tls.ConnectionOptions);
  socket.setNoDelay(true);
  socket.on("session", (ticket: Buffer) => {
    if (sessions.size >= tlsSessionsKept) sessions.clear();
    sessions.set(sessionKey, ticket);
  });
  const secured = (): void => {
    const fault = faultInSecured(socket, options);
    if (fault === null) return handler.onConnected(tlsStream(native, socket), socket.alpnProtocol || "");
    socket.destroy();
    handler.onDialFailed(fault);
  };
  return awaitConnection(socket, handler, secured, "secureConnect");
}

/** Drives an established TLS socket through its native handle when possible. */
export function tlsStream(native: NativeStreams | null, socket: tls.TLSSocket): ByteStream {
  const handle = (socket as unknown as { _handle: NativeHandle | null })._handle;
  if (native === null || handle === null || socket.readableLength > 0)
    return new SocketStream(socket, silentHandler);
  const { _parent: socketHandle = null } = handle as { readonly _parent?: NativeHandle };
  const encryption = { close: () => void socket.destroy(), socketHandle, peer: null };
  const stream = new NativeStream(native, handle, silentHandler, encryption);
  stream.begin();
  socket.on("error", (error: NodeJS.ErrnoException) => stream.ownerFailed(error.code ?? "EUNKNOWN"));
  socket.on("close", () => stream.ownerFailed("ECONNRESET"));
  return stream;
}

/** What OpenSSL does not judge: the pinned keys, and whether the protocol that must be spoken was agreed on. */
function faultInSecured(
  socket: tls.TLSSocket,
  { pins = [], alpnProtocols = [] }: UpstreamTls,
): string | null {
  if (pins.length > 0) {
    const key = socket.getPeerX509Certificate()?.publicKey.export({ type: "spki", format: "der" });
    if (key === undefined || !pins.includes(createHash("sha256").update(key).digest("base64")))
      return "PIN_MISMATCH";
  }
  // HTTP/1.1 is also what servers speak that know nothing of ALPN.
  const isRequired = alpnProtocols.length === 1 && alpnProtocols[0] !== "http/1.1";
  return isRequired && socket.alpnProtocol !== alpnProtocols[0] ? "ALPN_MISMATCH" : null;
}

/** `connected` is called once unless it is given up before. */
function awaitConnection(
  socket: net.Socket,
  handler: DialHandler,
  connected: () => void,
  event: "connect" | "secureConnect",
): () => void {
  let isOver = false;
  socket.once(event, () => {
    if (isOver) return;
    isOver = true;
    connected();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    handler.onDialFailed(error.code ?? "EUNKNOWN");
  });
  socket.once("close", () => {
    if (isOver) return;
    isOver = true;
    handler.onDialFailed("ECONNRESET");
  });
  return () => {
    isOver = true;
    socket.destroy();
  };
}
