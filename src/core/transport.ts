/**
 * The Transport seam: how bytes reach the world. The request path knows only these interfaces;
 * `platform/` implements them over Node's sockets and the simulator over a virtual network.
 *
 * Callbacks arrive synchronously and never after `onClosed`. There is one handler at a time, and
 * an owner may replace it (a pooled upstream connection changes hands that way).
 */

/** One side of an established byte stream (TCP, unix socket, TLS). */
export interface ByteStream {
  /** Who is told of what happens on this stream. */
  handler: StreamHandler;
  /** The far end: an IP address, or `unix:` for a unix socket. */
  readonly remoteAddress: string;
  /** The far end's port; 0 for a unix socket. */
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Bytes given to `write…` that the kernel would not take yet. */
  readonly writeBacklog: number;
  /** A little text waits to leave when this turn of the event loop ends; it does not count as backlog. */
  readonly isWriteDue: boolean;
  /**
   * True while `onData` lends a buffer that other streams read into as well: its bytes must be
   * consumed or copied before the callback returns.
   */
  readonly isReadBufferShared: boolean;

  /** Writes a string of code points 0–255, one byte each. */
  writeText(text: string): void;
  /**
   * Writes bytes without copying. Returns true when the kernel took all of them, so the caller may
   * reuse the memory at once; false when the stream keeps a reference until `onDrain`.
   */
  writeBytes(bytes: Uint8Array): boolean;
  /** Asks for a private read buffer (bulk transfer) from the next read on, or gives it back. */
  useBulkBuffer(isBulk: boolean): void;
  /** The bytes lent by the current `onData` were kept: the next read must use other memory. */
  replaceReadBuffer(): void;
  pause(): void;
  resume(): void;
  /** Half-closes after everything written so far, over TLS with close_notify. */
  end(): void;
  /**
   * Takes leave: closes as soon as everything written so far has been handed on, over TLS with close_notify behind
   * it. Does not wait for the far end to answer; what it still sends is thrown away, and nothing but `onClosed`
   * follows. A far end that does not read can put it off: give it a time, then `destroy`.
   */
  close(): void;
  /** Closes at once; unsent bytes are lost. `onClosed` follows. Safe to call twice. */
  destroy(): void;
  /** Like destroy, but makes the far end see a reset (RST) where the transport can. */
  reset(): void;
}

/** What a stream tells its owner. Methods, not closures: one object serves a connection's life. */
export interface StreamHandler {
  /** `length` bytes at the start of `buffer`. See `isReadBufferShared` for how long they live. */
  onData(buffer: Buffer, length: number): void;
  /** The far end half-closed: no more `onData`. */
  onEnd(): void;
  /** The backlog went back to zero. */
  onDrain(): void;
  /** The stream is gone. `errorCode` is the system's name (`ECONNRESET`), or null for an orderly close. */
  onClosed(errorCode: string | null): void;
}

/** Where to connect: an address already resolved, never a name. */
export type DialTarget =
  | { readonly kind: "tcp"; readonly address: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface DialHandler {
  /**
   * Connected. The callee sets `stream.handler` before returning. `alpn` is the protocol agreed on in the TLS
   * handshake, "" where there was none.
   */
  onConnected(stream: ByteStream, alpn: string): void;
  /**
   * `errorCode` is the system's or OpenSSL's code (`ECONNREFUSED`, `CERT_HAS_EXPIRED`), or `PIN_MISMATCH`, or
   * `ALPN_MISMATCH` when the far end agreed to none of the protocols asked for.
   */
  onDialFailed(errorCode: string): void;
}

/** Verification and identity for TLS towards an endpoint. */
export interface UpstreamTls {
  /** Name sent as SNI and checked against the certificate. */
  readonly serverName: string;
  /** False only when the user spelled out `insecure`. */
  readonly isVerified: boolean;
  /** PEM certificates to trust instead of the system's; null for the system's. */
  readonly caPem: string | null;
  readonly certificatePem: string | null;
  readonly keyPem: string | null;
  /** Offered by ALPN, best first; HTTP/1.1 where absent. With a single one, the far end must agree to it. */
  readonly alpnProtocols?: readonly string[];
  /** SHA-256 of public keys (SPKI) in base64: the certificate must have one of them. Absent or empty for any key. */
  readonly pins?: readonly string[];
}

/** Makes outgoing connections. */
export interface Dialer {
  /**
   * Returns a function that gives up; after it neither callback comes. `preamble` is sent before anything
   * else, the TLS handshake included.
   */
  dial(
    target: DialTarget,
    tls: UpstreamTls | null,
    handler: DialHandler,
    preamble?: Uint8Array | null,
  ): () => void;
}

/** Where to listen. */
export type ListenTarget =
  | {
      readonly kind: "tcp";
      readonly address: string;
      /** 0 for any free port. */
      readonly port: number;
      /** Share the port with other threads (SO_REUSEPORT). */
      readonly isPortShared: boolean;
      /** Accept IPv6 only, where the address is `::`. */
      readonly isIpv6Only: boolean;
      /** A socket that listens there already, inherited from another process, to be used as it is. */
      readonly descriptor?: number;
    }
  | { readonly kind: "unix"; readonly path: string; readonly descriptor?: number };

/** A bound listening socket. */
export interface BoundListener {
  /** As bound: `127.0.0.1:8080`, `[::1]:8080`, `unix:/path`. */
  readonly address: string;
  /** 0 for a unix socket. */
  readonly port: number;
  /** The socket's file descriptor, for a process that is to inherit it; absent where there is none. */
  readonly descriptor?: number;
  /**
   * Accepts no more; established streams go on. Resolves when the address is free. With `isHandedOver`
   * another process goes on listening, and a unix socket's path is left to it.
   */
  close(isHandedOver?: boolean): Promise<void>;
}

/** Makes incoming connections. */
export interface Acceptor {
  /**
   * Binds and listens. `onStream` is called for each connection; it sets the stream's handler
   * before it returns. Rejects with the system's error (`EADDRINUSE`).
   */
  listen(
    target: ListenTarget,
    backlog: number,
    onStream: (stream: ByteStream) => void,
  ): Promise<BoundListener>;
}
