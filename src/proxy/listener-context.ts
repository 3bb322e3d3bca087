/** What every connection of one listener shares. */
import type { Cause } from "../core/errors.ts";
import type { ByteStream } from "../core/transport.ts";
import type { HeadLimits } from "../http1/request-head.ts";
import type { ServerConnection } from "../listener/listener.ts";
import type { ForwardingSettings } from "./forwarding.ts";
import type { ProxyContext } from "./proxy-context.ts";

/** What one HTTP/2 connection may do; see `schema-http2.ts`. */
export interface Http2Settings {
  readonly isCleartextServed: boolean;
  readonly streamsMax: number;
  readonly resetsPerSecond: number;
  readonly framesPerSecond: number;
  readonly streamWindow: number;
  readonly connectionWindow: number;
}

export interface ListenerSettings {
  readonly name: string;
  readonly headLimits: HeadLimits;
  readonly trailerBytesMax: number;
  /** Infinity for no limit. */
  readonly bodyBytesMax: number;
  readonly readAheadBytesMax: number;
  readonly headTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly keepAliveIdleTimeoutMs: number;
  readonly tunnelIdleTimeoutMs: number;
  /** Infinity when exchanges have no deadline. */
  readonly exchangeTimeoutMs: number;
  readonly keepAliveRequestsMax: number;
  readonly http2: Http2Settings;
  readonly forwarding: ForwardingSettings;
  /** Field lines that every response carries (HSTS), each with CRLF; "" for none. */
  readonly responseLines: string;
}

export interface ListenerContext {
  /** Replaced by a reload; connections see the new settings at their next request. */
  settings: ListenerSettings;
  readonly proxy: ProxyContext;
  onConnectionClosed(connection: ServerConnection): void;
  /** A client on a plain connection speaks HTTP/2: its stream goes on as such, in the same place. */
  beginHttp2(connection: ServerConnection, stream: ByteStream, alreadyRead: Buffer): void;
  /** A head, or the whole connection, was refused before an exchange could begin. */
  onRefused(cause: Cause, status: number, clientAddress: string, bodyBytes: number): void;
}
