/**
 * The Datagrams seam: UDP as `stream/` sees it. `platform/` implements it over Node's sockets, tests
 * over nothing at all.
 */

/** Where to bind. */
export interface DatagramTarget {
  readonly address: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly isPortShared: boolean;
  /** Accept IPv6 only, where the address is `::`. */
  readonly isIpv6Only: boolean;
}

/** A bound socket, where clients send to. */
export interface BoundDatagrams {
  /** As bound: `127.0.0.1:53`, `[::1]:53`. */
  readonly address: string;
  readonly port: number;
  /** May be lost without a word, as datagrams may. */
  send(bytes: Uint8Array, address: string, port: number): void;
  /** Resolves when the address is free. */
  close(): Promise<void>;
}

/** A socket of our own towards one endpoint, for one client. */
export interface DatagramPeer {
  send(bytes: Uint8Array): void;
  close(): void;
}

export interface DatagramPeerHandler {
  /** `bytes` are the callee's to keep. */
  onDatagram(bytes: Uint8Array): void;
  /** Nobody listens there (`ECONNREFUSED`), or the system says otherwise no; the peer is closed. */
  onFailed(errorCode: string): void;
}

export interface Datagrams {
  /** Rejects with the system's error (`EADDRINUSE`). `bytes` are the callee's to keep. */
  bind(
    target: DatagramTarget,
    onDatagram: (bytes: Uint8Array, address: string, port: number) => void,
  ): Promise<BoundDatagrams>;
  /** Neither callback comes within this call, nor after `close`. */
  connect(address: string, port: number, handler: DatagramPeerHandler): DatagramPeer;
}
