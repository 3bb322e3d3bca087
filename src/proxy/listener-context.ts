/** What every connection of one listener shares. */
import type { HeadLimits } from "../http1/request-head.ts";
import type { ForwardingSettings } from "./forwarding.ts";
import type { Http1ServerConnection } from "./http1-server-connection.ts";
import type { ProxyContext } from "./proxy-context.ts";

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
  readonly forwarding: ForwardingSettings;
}

export interface ListenerContext {
  /** Replaced by a reload; connections see the new settings at their next request. */
  settings: ListenerSettings;
  readonly proxy: ProxyContext;
  onConnectionClosed(connection: Http1ServerConnection): void;
  /** A head was refused before an exchange could begin. */
  onHeadRefused(cause: string, status: number, clientAddress: string): void;
}
