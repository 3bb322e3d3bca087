/**
 * The one place that reaches Node's own stream handles, the objects under `net.Socket`. They let
 * the request path read into memory it owns and write without the cost of a Writable per chunk.
 * `process.binding` is deprecated and may go: `loadNativeHandles` then returns null, and
 * `socket-stream.ts` serves through the public API instead.
 */

/** What libuv-backed handles (TCP, Pipe, TLSWrap) offer. */
export interface NativeHandle {
  onread: (this: NativeHandle, arrayBuffer?: ArrayBuffer) => Buffer | undefined;
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Buffer): void;
  writeLatin1String(request: NativeRequest, text: string): number;
  writeBuffer(request: NativeRequest, bytes: Uint8Array): number;
  shutdown(request: NativeRequest): number;
  close(callback?: () => void): void;
  reset?(callback?: () => void): number;
  setNoDelay?(isOn: boolean): number;
  setKeepAlive?(isOn: boolean, delaySeconds: number): number;
  getpeername?(out: SocketName): number;
  getsockname?(out: SocketName): number;
  /** Ours: the stream that drives this handle. */
  headgateStream?: unknown;
}

export interface SocketName {
  address?: string;
  port?: number;
  family?: string;
}

/** A write or shutdown under way; `oncomplete` comes with 0 or a negative errno. */
export interface NativeRequest {
  oncomplete: ((status: number) => void) | null;
  /** Keeps the written memory alive until completion. */
  buffer?: unknown;
  handle?: unknown;
}

export interface NativeConnector extends NativeHandle {
  connect(request: NativeRequest, address: string, port: number): number;
  connect6(request: NativeRequest, address: string, port: number): number;
}

export interface NativePipeConnector extends NativeHandle {
  connect(request: NativeRequest, path: string): number;
}

/** TLS over another handle: reads and writes are the plain side. Calls are fatal after `destroySSL`. */
export interface TlsHandle extends NativeHandle {
  onhandshakedone: (this: TlsHandle) => void;
  onerror: (this: TlsHandle, error: NodeJS.ErrnoException) => void;
  /** Where Node's own methods of this handle look for the socket's. */
  _parent?: NativeHandle;
  /** Set by the engine when the client names one. */
  servername?: unknown;
  setVerifyMode(isAsked: boolean, isRefused: boolean): void;
  setALPNProtocols(protocols: Buffer): void;
  setOCSPResponse(response: Uint8Array): void;
  /** What was read before. */
  receive(bytes: Uint8Array): void;
  getServername(): string | false;
  getALPNNegotiatedProtocol(): string | false | undefined;
  getProtocol(): string | null;
  getCipher(): { readonly name: string } | undefined;
  isSessionReused(): boolean;
  /** DER in `raw`; undefined without a certificate. */
  getPeerCertificate(isWithIssuers: boolean): { readonly raw?: Uint8Array } | undefined;
  verifyError(): NodeJS.ErrnoException | null | undefined;
  destroySSL(): void;
}

/** A server's TLS on top of a connected handle. `context` is a `SecureContext`'s own. */
export type WrapServerTls = (handle: NativeHandle, context: unknown) => TlsHandle;

export interface NativeHandles {
  /** Null where this Node's way of making one is not known: wrong arguments end the process. */
  readonly wrapServerTls: WrapServerTls | null;
  readonly WriteWrap: new () => NativeRequest;
  readonly ShutdownWrap: new () => NativeRequest;
  readonly TCP: new (type: number) => NativeConnector;
  readonly TCPConnectWrap: new () => NativeRequest;
  readonly Pipe: new (type: number) => NativePipeConnector;
  readonly PipeConnectWrap: new () => NativeRequest;
  readonly tcpSocketType: number;
  readonly pipeSocketType: number;
  /** Results of the last operation, by the indexes below. */
  readonly streamState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

interface Bindings {
  binding?(name: string): Record<string, unknown>;
}

/** The handles, or null where this Node does not give them out. */
export function loadNativeHandles(): NativeHandles | null {
  try {
    const { binding } = process as unknown as Bindings;
    if (binding === undefined) return null;
    const stream = binding("stream_wrap");
    const tcp = binding("tcp_wrap");
    const pipe = binding("pipe_wrap");
    const handles = {
      WriteWrap: stream["WriteWrap"],
      ShutdownWrap: stream["ShutdownWrap"],
      TCP: tcp["TCP"],
      TCPConnectWrap: tcp["TCPConnectWrap"],
      Pipe: pipe["Pipe"],
      PipeConnectWrap: pipe["PipeConnectWrap"],
      tcpSocketType: (tcp["constants"] as Record<string, number> | undefined)?.["SOCKET"],
      pipeSocketType: (pipe["constants"] as Record<string, number> | undefined)?.["SOCKET"],
      streamState: stream["streamBaseState"],
      kReadBytesOrError: stream["kReadBytesOrError"],
      kLastWriteWasAsync: stream["kLastWriteWasAsync"],
      wrapServerTls: serverTls(binding("tls_wrap")),
    };
    if (Object.values(handles).includes(undefined)) return null;
    return handles as unknown as NativeHandles;
  } catch {
    return null;
  }
}

type Wrap = (handle: NativeHandle, context: unknown, isServer: boolean, isWriting: boolean) => TlsHandle;

/** Majors of Node in whose sources the arguments of `wrap` were looked up. */
const knownMajors = [26];

function serverTls(binding: Record<string, unknown>): WrapServerTls | null {
  const { wrap } = binding as { readonly wrap?: Wrap };
  const major = Number.parseInt(process.versions.node, 10);
  if (typeof wrap !== "function" || !knownMajors.includes(major)) return null;
  return (handle, context) => {
    const tls = wrap(handle, context, true, false);
    tls._parent = handle;
    return tls;
  };
}
