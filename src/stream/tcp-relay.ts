/**
 * One client's connection on a `tcp` listener, and the endpoint's behind it. It knows neither's protocol;
 * at most it looks at a TLS ClientHello, and passes it on as it came.
 *
 *   hello ─▶ connecting ─▶ relaying ─▶ closed       hello only where the listener has routes
 *                             └─▶ leaving ─┘        the endpoint said all and is gone, the client is not
 *
 * Half-closes are passed on; the end of one side by failure is a reset for the other. A client that has ended
 * and been answered is not failed by an endpoint that leaves without reading its last word.
 */
import { Deadline } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { ProxyTlvName } from "../core/proxy-tlv-name.ts";
import type { TlsFacts } from "../core/tls.ts";
import type { ByteStream, StreamHandler } from "../core/transport.ts";
import type { Seat, ServerConnection } from "../listener/listener.ts";
import { tlvsFor, type ToldClient } from "../listener/proxy-own-tlvs.ts";
import type { ProxyTlv } from "../listener/proxy-protocol.ts";
import { encodeProxyHeader } from "../listener/proxy-protocol-writer.ts";
import { readClientHello } from "./client-hello.ts";
import { EndpointDial } from "./endpoint-dial.ts";
import { forwardBytes } from "./forward-bytes.ts";
import { endsWithTlsAlert } from "./tls-alert.ts";
import {
  plainAddress,
  type StreamContext,
  type StreamRecord,
  type StreamSettings,
} from "./stream-context.ts";

type Phase = "hello" | "connecting" | "relaying" | "leaving" | "closed";

/** Fatal alert unrecognized_name (RFC 6066 §3, RFC 8446 §6). */
const unrecognizedName = "\x15\x03\x01\x00\x02\x02\x70";

/** How long a client whose endpoint is gone, and that has been sent everything, may take to leave. */
const leavingTimeoutMs = 5000;

/** What one side has told of its end. */
interface Side {
  stream: ByteStream | null;
  bytes: number;
  hasEnded: boolean;
  /** What it said last is TLS's goodbye, as far as that can be told from outside. */
  hasSaidGoodbye: boolean;
  isClosed: boolean;
}

export class TcpRelay implements ServerConnection, StreamHandler {
  seat: Seat | null = null;
  readonly #context: StreamContext;
  readonly #settings: StreamSettings;
  readonly #tlvs: readonly ProxyTlv[];
  readonly #tls: TlsFacts | null;
  readonly #client: Side;
  readonly #endpoint: Side = {
    stream: null,
    bytes: 0,
    hasEnded: false,
    hasSaidGoodbye: false,
    isClosed: false,
  };
  readonly #deadline: Deadline;
  readonly #clientAddress: string;
  readonly #clientPort: number;
  readonly #startedMs: number;
  readonly #startedWallMs: number;
  #phase: Phase = "hello";
  /** What the client sent before there was an endpoint. */
  #early: Buffer | null = null;
  #dial: EndpointDial | null = null;
  #poolName = "";
  #serverName = "";
  /** What the client offers, where that is a single protocol. */
  #onlyAlpn = "";
  /** What the endpoint had sent when the client ended. */
  #bytesAtEnd = 0;
  #cause: Cause | null = null;
  #detail = "";

  /** `tlvs` came with the client's PROXY header and go on with the endpoint's. `tls` is null where it is not ended here. */
  constructor(stream: ByteStream, tlvs: readonly ProxyTlv[], tls: TlsFacts | null, context: StreamContext) {
    this.#context = context;
    this.#tls = tls;
    this.#settings = context.settings;
    this.#tlvs = tlvs;
    this.#client = { stream, bytes: 0, hasEnded: false, hasSaidGoodbye: false, isClosed: false };
    this.#clientAddress = plainAddress(stream.remoteAddress);
    this.#clientPort = stream.remotePort;
    this.#startedMs = context.clock.nowMs();
    this.#startedWallMs = context.clock.wallMs();
    this.#deadline = new Deadline(context.deadlines, () => this.#expired());
    stream.handler = this;
    if (this.#settings.routes !== null) this.#deadline.set(this.#settings.helloTimeoutMs);
    // Not within this call: the listener does not know the connection yet.
    else queueMicrotask(() => this.#connectTo(this.#settings.pool));
  }

  // ServerConnection: what the listener asks.

  /** A stream of bytes cannot be asked to end; one that has said nothing yet is not kept. */
  drain(): void {
    if (this.#phase === "hello" && this.#early === null && this.#settings.routes !== null)
      this.#end("shutting-down", "");
  }

  terminate(): void {
    this.#end("shutting-down", "");
  }

  // StreamHandler: what the client's stream tells.

  onData(buffer: Buffer, length: number): void {
    if (this.#phase === "relaying") this.#pass(this.#client, this.#endpoint, buffer, length);
    else if (this.#phase !== "closed") this.#keepEarly(buffer, length);
  }

  onEnd(): void {
    if (this.#phase === "hello" && this.#settings.routes !== null) this.#end("client-gone", "");
    else this.#halfClose(this.#client, this.#endpoint);
  }

  onDrain(): void {
    this.#drained(this.#endpoint);
  }

  onClosed(errorCode: string | null): void {
    this.#closed(this.#client, this.#endpoint, errorCode, "client-gone");
  }

  // Before there is an endpoint.

  #keepEarly(buffer: Buffer, length: number): void {
    const more = Buffer.from(buffer.subarray(0, length));
    this.#early = this.#early === null ? more : Buffer.concat([this.#early, more]);
    if (this.#phase !== "hello" || this.#settings.routes === null) return;
    const reading = readClientHello(this.#early, this.#early.length);
    if (reading.kind === "incomplete") return;
    if (reading.kind === "refused") return this.#end("bad-client-hello", reading.fault);
    const { hello } = reading;
    this.#serverName = hello.serverName ?? "";
    if (hello.alpn.length === 1) this.#onlyAlpn = hello.alpn[0] ?? "";
    this.#connectTo(this.#settings.routes.find(hello) ?? this.#settings.pool);
  }

  #connectTo(poolName: string | null): void {
    const { stream } = this.#client;
    if (this.#phase !== "hello" || stream === null) return;
    const pool = poolName === null ? null : this.#context.findPool(poolName);
    if (pool === null) {
      if (this.#settings.routes !== null) stream.writeText(unrecognizedName);
      return this.#end(poolName === null ? "no-route" : "no-endpoint", "");
    }
    this.#phase = "connecting";
    this.#poolName = pool.settings.name;
    this.#deadline.clear();
    stream.pause();
    const { clock, deadlines, onSuspect } = this.#context;
    this.#dial = new EndpointDial({
      clock,
      deadlines,
      pool,
      key: this.#clientAddress,
      proxyHeader: (version, wanted) => this.#proxyHeader(stream, version, wanted),
      onSuspect,
      onConnected: (upstream) => this.#connected(upstream),
      onBrokenOff: (cause) => this.#end(cause, ""),
      onFailed: (cause, detail) => this.#end(cause, detail),
    });
    this.#dial.start();
  }

  #proxyHeader(client: ByteStream, version: "v1" | "v2", wanted: readonly ProxyTlvName[]): Uint8Array {
    const source = { address: this.#clientAddress, port: this.#clientPort };
    const destination = { address: client.localAddress, port: client.localPort };
    const tlvs = version === "v1" ? [] : tlvsFor(wanted, this.#told(), this.#tlvs);
    return encodeProxyHeader(version, { source, destination }, tlvs, wanted.includes("crc32c"));
  }

  /** Of TLS that is passed on only what the ClientHello says; of several protocols nobody knows which is agreed on. */
  #told(): ToldClient {
    const tls = this.#tls;
    if (tls === null) return { tls: null, alpn: this.#onlyAlpn, serverName: this.#serverName };
    const { alpn, serverName, version, cipher, client, clientVerify, isResumed } = tls;
    const clientSubject = client?.subject ?? null;
    return { alpn, serverName, tls: { version, cipher, clientSubject, clientVerify, isResumed } };
  }

  #connected(upstream: ByteStream): void {
    const { stream: client } = this.#client;
    this.#endpoint.stream = upstream;
    upstream.handler = {
      onData: (buffer, length) => this.#pass(this.#endpoint, this.#client, buffer, length),
      onEnd: () => this.#halfClose(this.#endpoint, this.#client),
      onDrain: () => this.#drained(this.#client),
      onClosed: (errorCode) => this.#closed(this.#endpoint, this.#client, errorCode, "reset-mid-body"),
    };
    this.#phase = "relaying";
    this.#deadline.set(this.#settings.idleTimeoutMs);
    const { log } = this.#context;
    if (log.isDebug)
      log.debug("connection relayed", {
        listener: this.#settings.name,
        client: this.#clientAddress,
        pool: this.#poolName,
        endpoint: this.#dial?.endpoint?.name ?? "",
      });
    if (this.#early !== null) {
      this.#client.bytes += this.#early.length;
      upstream.writeBytes(this.#early);
      this.#early = null;
    }
    if (this.#client.hasEnded) upstream.end();
    client?.resume();
  }

  // While relaying.

  #pass(from: Side, to: Side, buffer: Buffer, length: number): void {
    if (from.stream === null || to.stream === null || to.isClosed) return;
    from.bytes += length;
    this.#deadline.set(this.#settings.idleTimeoutMs);
    from.hasSaidGoodbye = endsWithTlsAlert(buffer, length);
    forwardBytes(from.stream, to.stream, buffer, length);
  }

  #halfClose(from: Side, to: Side): void {
    from.hasEnded = true;
    if (from === this.#client) this.#bytesAtEnd = this.#endpoint.bytes;
    to.stream?.end();
  }

  #drained(from: Side): void {
    if (this.#phase === "leaving") this.#deadline.set(leavingTimeoutMs);
    if (this.#phase !== "relaying") return;
    this.#deadline.set(this.#settings.idleTimeoutMs);
    if (!from.isClosed) from.stream?.resume();
  }

  // Ending.

  #closed(side: Side, other: Side, errorCode: string | null, cause: Cause): void {
    side.isClosed = true;
    // An endpoint that has said all may take no more, as one that is done with TLS; its answer is whole.
    const hasSaidAll = side === this.#endpoint && (side.hasEnded || this.#owesNothing());
    const isEndOfBoth = this.#phase === "leaving" || (side.hasEnded && other.hasEnded);
    const isInOrder = hasSaidAll || (errorCode === null && isEndOfBoth);
    // A client that has left resets what still reaches it, though it be the endpoint's goodbye alone.
    const isFailure = !isInOrder && !(side === this.#client && this.#haveParted());
    if (isFailure && this.#cause === null && this.#phase !== "closed") {
      this.#cause = cause;
      this.#detail = errorCode ?? "";
    }
    // In order, the other side has been told to end and closes once everything is written.
    if (!isInOrder && !other.isClosed) other.stream?.reset();
    if (hasSaidAll && this.#phase === "relaying" && !other.isClosed) {
      if (!side.hasEnded) other.stream?.end();
      this.#phase = "leaving";
      if (other.stream?.writeBacklog === 0) this.#deadline.set(leavingTimeoutMs);
    }
    if (this.#client.isClosed && (this.#endpoint.stream === null || this.#endpoint.isClosed)) this.#finish();
  }

  /**
   * Had the endpoint, which has closed, nothing more to say? Those that close with the client's last word unread, often
   * its close_notify, look as if they had failed: the system makes that a reset. One that was still answering owes the rest.
   */
  #owesNothing(): boolean {
    const { hasEnded } = this.#client;
    const { bytes } = this.#endpoint;
    return this.#haveParted() || (hasEnded && bytes > 0 && bytes === this.#bytesAtEnd);
  }

  /** Both have taken leave in TLS, or the client has ended and the endpoint taken leave. */
  #haveParted(): boolean {
    return this.#endpoint.hasSaidGoodbye && (this.#client.hasEnded || this.#client.hasSaidGoodbye);
  }

  #expired(): void {
    if (this.#phase === "hello") this.#end("bad-client-hello", "it did not come in time");
    else if (this.#phase === "leaving") this.#client.stream?.destroy();
    else this.#end("tunnel-idle", "");
  }

  /** Ends both sides from here. */
  #end(cause: Cause, detail: string): void {
    if (this.#phase === "closed") return;
    this.#cause ??= cause;
    if (this.#cause === cause) this.#detail = detail;
    const { stream: client } = this.#client;
    // A refusal that was written should arrive; everything else is cut so that both sides notice.
    if (cause === "no-route" && client !== null) client.destroy();
    else if (!this.#client.isClosed) client?.reset();
    if (!this.#endpoint.isClosed) this.#endpoint.stream?.reset();
  }

  #finish(): void {
    if (this.#phase === "closed") return;
    const isConnected = this.#endpoint.stream !== null;
    this.#phase = "closed";
    this.#deadline.dispose();
    this.#dial?.release(this.#endpoint.bytes, this.#client.bytes);
    this.#context.onFinished(this.#record(isConnected));
    this.#context.onConnectionClosed(this);
  }

  #record(isConnected: boolean): StreamRecord {
    const dial = this.#dial;
    return {
      protocol: "TCP",
      listenerName: this.#settings.name,
      clientAddress: this.#clientAddress,
      clientPort: this.#clientPort,
      serverName: this.#serverName,
      poolName: this.#poolName,
      endpoint: dial?.endpoint ?? null,
      isConnected,
      cause: this.#cause,
      detail: this.#detail,
      failedDials: dial?.failedDials ?? [],
      bytesFromClient: this.#client.bytes,
      bytesToClient: this.#endpoint.bytes,
      startedWallMs: this.#startedWallMs,
      durationMs: this.#context.clock.nowMs() - this.#startedMs,
      connectMs: dial?.connectMs ?? null,
    };
  }
}
