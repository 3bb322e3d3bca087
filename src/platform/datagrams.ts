/** UDP over `node:dgram`. Sockets towards endpoints are connected, so that refusals are heard. */
import dgram from "node:dgram";
import type {
  BoundDatagrams,
  DatagramPeer,
  DatagramPeerHandler,
  Datagrams,
  DatagramTarget,
} from "../core/datagrams.ts";

/** Datagrams kept while a socket is being connected, which takes one turn of the event loop. */
const waitingMax = 64;

export function createDatagrams(): Datagrams {
  return { bind, connect: (address, port, handler) => new ConnectedPeer(address, port, handler) };
}

function familyOf(address: string): "udp4" | "udp6" {
  return address.includes(":") ? "udp6" : "udp4";
}

function bind(
  target: DatagramTarget,
  onDatagram: (bytes: Uint8Array, address: string, port: number) => void,
): Promise<BoundDatagrams> {
  const socket = dgram.createSocket({
    type: familyOf(target.address),
    reusePort: target.isPortShared,
    ipv6Only: target.isIpv6Only,
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address: target.address, port: target.port, exclusive: true }, () => {
      socket.off("error", reject);
      // What could not be sent is lost, as datagrams are.
      socket.on("error", () => {});
      socket.on("message", (bytes, { address, port }) => onDatagram(bytes, address, port));
      const place = socket.address();
      const host = place.address.includes(":") ? `[${place.address}]` : place.address;
      resolve({
        address: `${host}:${place.port}`,
        port: place.port,
        send: (bytes, address, port) => socket.send(bytes, port, address, () => {}),
        close: () => new Promise((closed) => socket.close(() => closed())),
      });
    });
  });
}

class ConnectedPeer implements DatagramPeer {
  readonly #socket: dgram.Socket;
  readonly #handler: DatagramPeerHandler;
  /** Null once connected. */
  #waiting: Uint8Array[] | null = [];
  #isClosed = false;

  constructor(address: string, port: number, handler: DatagramPeerHandler) {
    this.#handler = handler;
    this.#socket = dgram.createSocket(familyOf(address));
    this.#socket.on("message", (bytes) => {
      if (!this.#isClosed) handler.onDatagram(bytes);
    });
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#failed(error));
    this.#socket.connect(port, address, () => this.#connected());
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#waiting === null) this.#socket.send(bytes, (error) => this.#failed(error));
    else if (this.#waiting.length < waitingMax) this.#waiting.push(bytes);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  #connected(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const bytes of waiting) this.send(bytes);
  }

  #failed(error: NodeJS.ErrnoException | null): void {
    if (error === null || this.#isClosed) return;
    this.close();
    this.#handler.onFailed(error.code ?? "EUNKNOWN");
  }
}
