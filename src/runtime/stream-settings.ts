/** Lowers the configuration of a listener below HTTP to what its connections work with. */
import type { ListenerConfig } from "../config/schema-listener.ts";
import { BoundedWarnings } from "../observability/bounded-warnings.ts";
import type { ProxyContext } from "../proxy/proxy-context.ts";
import { compileAccess, mayEnter } from "../routing/access.ts";
import type { StreamAccess, StreamContext, StreamSettings } from "../stream/stream-context.ts";
import { StreamRoutes } from "../stream/stream-routes.ts";
import type { Pool } from "../upstream/pool.ts";
import { exchangeRecordOf } from "./stream-records.ts";

export function streamSettings(listener: ListenerConfig): StreamSettings {
  const { name, routes, pool, timeouts, access } = listener;
  return {
    name,
    access: access === null ? null : streamAccess(access),
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

function streamAccess(spec: NonNullable<ListenerConfig["access"]>): StreamAccess {
  const access = compileAccess(spec, "access", { report() {} });
  return {
    mayEnter: (clientAddress) => mayEnter(access, clientAddress),
    isObserved: spec.mode === "observe",
  };
}

export interface StreamContextParts {
  readonly proxy: ProxyContext;
  findPool(name: string): Pool | null;
  onConnectionClosed: StreamContext["onConnectionClosed"];
  /** A client was kept out by its address. */
  onRefused(clientAddress: string): void;
}

export function streamContext(listener: ListenerConfig, parts: StreamContextParts): StreamContext {
  const { proxy } = parts;
  const warnings = new BoundedWarnings(proxy.log, proxy.clock);
  const context: StreamContext = {
    settings: streamSettings(listener),
    clock: proxy.clock,
    deadlines: proxy.deadlines,
    log: proxy.log,
    findPool: (name) => parts.findPool(name),
    onConnectionClosed: (connection) => parts.onConnectionClosed(connection),
    onSuspect: (key) => proxy.onSuspect(key),
    onDenied: (client, isObserved) => {
      const message = isObserved ? "client would be refused" : "client refused";
      warnings.warn(message, { listener: context.settings.name, client, cause: "access-denied" });
      if (!isObserved) parts.onRefused(client);
    },
    onFinished: (record) => proxy.onExchangeFinished(exchangeRecordOf(record)),
  };
  return context;
}
