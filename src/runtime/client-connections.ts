/** The limit of a listener on connections per client address, over all workers; trusted proxies are not counted. */
import type { ListenerConfig } from "../config/schema-listener.ts";
import { buildCidrSet } from "../core/cidr.ts";
import type { Random } from "../core/random.ts";
import {
  ConnectionLimit,
  type ConnectionLimitSettings,
  type ConnectionLimitShare,
  uncountedToken,
} from "../limits/connection-limit.ts";
import type { ClientLimit } from "../listener/listener.ts";
import { plainAddress } from "../proxy/forwarding.ts";

/** Addresses that can hold connections at the same time and be remembered. */
const clientsMax = 65_536;

export function limitsClients({ limits }: ListenerConfig): boolean {
  return limits.connectionsPerClient !== Number.POSITIVE_INFINITY;
}

export function createClientLimit(
  listener: ListenerConfig,
  workerCount: number,
  random: Random,
): ConnectionLimit {
  return ConnectionLimit.create(settingsOf(listener), workerCount, random);
}

/** Null for a listener without the limit. */
export function clientLimit(
  listener: ListenerConfig,
  share: ConnectionLimitShare | undefined,
  workerIndex: number,
): ClientLimit | null {
  if (share === undefined || !limitsClients(listener)) return null;
  const limit = ConnectionLimit.attach(share, workerIndex, settingsOf(listener));
  const trusted = buildCidrSet(listener.trustedProxies);
  return {
    open(remoteAddress) {
      const address = plainAddress(remoteAddress);
      // Everybody on a unix socket has the same address, and was let in by its permissions.
      if (address.startsWith("unix:") || trusted.contains(address)) return uncountedToken;
      return limit.open(address);
    },
    close: (token) => limit.close(token),
  };
}

function settingsOf({ limits }: ListenerConfig): ConnectionLimitSettings {
  return {
    max: limits.connectionsPerClient,
    keysMax: Math.min(limits.connections, clientsMax),
    mode: limits.connectionsPerClientMode,
  };
}
