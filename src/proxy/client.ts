/** The client behind a connection: who it is, where it came in, and the lines that tell endpoints so. */
import type { ExchangeFact } from "../core/template-scope.ts";
import type { TlsFacts } from "../core/tls.ts";
import type { ByteStream } from "../core/transport.ts";
import type { Fields } from "../http1/fields.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { clientOf, forwardingLines, type ForwardingSettings, type Peer, plainAddress } from "./forwarding.ts";

/** The listener it came in by. */
interface ClientListener {
  /** Replaced by a reload. */
  readonly settings: { readonly name: string; readonly forwarding: ForwardingSettings };
}

/** Of this worker. */
let clientCount = 0;

export class Client {
  readonly peer: Peer;
  readonly #id = ++clientCount;
  readonly #stream: ByteStream;
  readonly #listener: ClientListener;
  readonly #tls: TlsFacts | null;
  // Remembered from the last request: a client repeats its headers, and so the lines sent on.
  #fields: Fields | null = null;
  #host = "";
  #version = 1;
  #forwarding: ForwardingSettings | null = null;
  #lines = "";

  /** `tls` is null on a plain connection. */
  constructor(stream: ByteStream, listener: ClientListener, tls: TlsFacts | null) {
    const address = plainAddress(stream.remoteAddress);
    const { trusted } = listener.settings.forwarding;
    this.#stream = stream;
    this.#listener = listener;
    this.#tls = tls;
    this.peer = new StreamPeer(stream, address, tls !== null, trusted.contains(address));
  }

  get listenerName(): string {
    return this.#listener.settings.name;
  }

  /** The client as far as trust goes: its own address, or the one that a trusted proxy vouches for. */
  address(head: RequestHead): string {
    return clientOf(head.fields, this.peer, this.#listener.settings.forwarding);
  }

  /** The field lines to send on: those that may pass, X-Forwarded-* and its kin, and Via. */
  outgoingLines(head: RequestHead): string {
    const { forwarding } = this.#listener.settings;
    const isSame =
      head.fields === this.#fields && head.host === this.#host && head.versionMinor === this.#version;
    if (!isSame || forwarding !== this.#forwarding) {
      this.#lines = head.fields.forwardable + forwardingLines(head, this.peer, forwarding);
      this.#fields = head.fields;
      this.#host = head.host;
      this.#version = head.versionMinor;
      this.#forwarding = forwarding;
    }
    return this.#lines;
  }

  fact(name: ExchangeFact): string | number | undefined {
    switch (name) {
      case "connection.id":
        return this.#id;
      case "client.port":
        return this.peer.port;
      case "peer.address":
        return this.peer.address;
      case "listener.address":
        return plainAddress(this.#stream.localAddress);
      case "listener.port":
        return this.peer.localPort;
      default:
        return this.#tls === null ? undefined : tlsFact(name, this.#tls);
    }
  }
}

/** The local port costs a call of the system and is seldom wanted. */
class StreamPeer implements Peer {
  readonly address: string;
  readonly isSecure: boolean;
  readonly isTrusted: boolean;
  readonly #stream: ByteStream;

  constructor(stream: ByteStream, address: string, isSecure: boolean, isTrusted: boolean) {
    this.#stream = stream;
    this.address = address;
    this.isSecure = isSecure;
    this.isTrusted = isTrusted;
  }

  get port(): number {
    return this.#stream.remotePort;
  }
  get localPort(): number {
    return this.#stream.localPort;
  }
}

function tlsFact(name: ExchangeFact, tls: TlsFacts): string | number | undefined {
  switch (name) {
    case "tls.version":
      return tls.version;
    case "tls.cipher":
      return tls.cipher;
    case "tls.server_name":
      return tls.serverName;
    case "tls.alpn":
      return tls.alpn;
    case "tls.client_subject":
      return tls.client?.subject;
    case "tls.client_issuer":
      return tls.client?.issuer;
    case "tls.client_serial":
      return tls.client?.serial;
    case "tls.client_fingerprint":
      return tls.client?.fingerprint;
    case "tls.client_san":
      return tls.client?.alternativeNames;
    case "tls.client_verify":
      return tls.clientVerify;
    case "tls.is_resumed":
      return tls.isResumed ? 1 : 0;
    default:
      return undefined;
  }
}
