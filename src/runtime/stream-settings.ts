/** Lowers the configuration of a listener below HTTP to what its connections work with. */
import type { ListenerConfig } from "../config/schema-listener.ts";
import type { ProxyContext } from "../proxy/proxy-context.ts";
import type { StreamContext, StreamSettings } from "../stream/stream-context.ts";
import { StreamRoutes } from "../stream/stream-routes.ts";
import type { Pool } from "../upstream/pool.ts";
import { exchangeRecordOf } from "./stream-records.ts";

export function streamSettings(listener: ListenerConfig): StreamSettings {
  const { name, routes, pool, timeouts } = listener;
  return {
    name,
    routes:
      routes.length === 0
        ? null
        : new StreamRoutes(
            routes.map(({ match, pool: poolName }) => ({
              serverNames: match.serverName,
              alpn: match.alpn,
              pool: poolName,
            })),
          ),
    pool,
    helloTimeoutMs: timeouts.head,
    idleTimeoutMs: timeouts.tunnelIdle,
    datagramIdleTimeoutMs: timeouts.datagramIdle,
  };
}

export interface StreamContextParts {
  readonly proxy: ProxyContext;
  findPool(name: string): Pool | null;
  onConnectionClosed: StreamContext["onConnectionClosed"];
}

export function streamContext(listener: ListenerConfig, parts: StreamContextParts): StreamContext {
  const { proxy } = parts;
  return {
    settings: streamSettings(listener),
    clock: proxy.clock,
    deadlines: proxy.deadlines,
    log: proxy.log,
    findPool: (name) => parts.findPool(name),
    onConnectionClosed: (connection) => parts.onConnectionClosed(connection),
    onSuspect: (key) => proxy.onSuspect(key),
    onFinished: (record) => proxy.onExchangeFinished(exchangeRecordOf(record)),
  };
}
