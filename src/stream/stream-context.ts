/** What the connections (or clients) of one stream listener share, and what remains of each. Injected parts. */
import type { Clock } from "../core/clock.ts";
import type { Deadlines } from "../core/deadlines.ts";
import type { Cause } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { ServerConnection } from "../listener/listener.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Pool } from "../upstream/pool.ts";
import type { StreamRoutes } from "./stream-routes.ts";

export interface StreamAccess {
  mayEnter(clientAddress: string): boolean;
  /** Those who may not are let in all the same, and only told of. */
  readonly isObserved: boolean;
}

export interface StreamSettings {
  readonly name: string;
  /** Null when everybody may come in. */
  readonly access: StreamAccess | null;
  /** By the ClientHello; null when nothing is looked at. */
  readonly routes: StreamRoutes | null;
  /** Takes what no route takes; null for nobody. */
  readonly pool: string | null;
  readonly helloTimeoutMs: number;
  /** Longest silence in both directions. */
  readonly idleTimeoutMs: number;
  /** Silence after which a client's datagrams are balanced anew. */
  readonly datagramIdleTimeoutMs: number;
}

export interface StreamContext {
  /** Replaced by a reload; connections see the new settings when they are made. */
  settings: StreamSettings;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: Log;
  /** Null while the configuration that names it is being made current. */
  findPool(name: string): Pool | null;
  onConnectionClosed(connection: ServerConnection): void;
  /** An endpoint failed so often in a row that it should be judged now. */
  onSuspect(endpointKey: string): void;
  onFinished(record: StreamRecord): void;
  /** The client's address is not let in, or would not be. */
  onDenied(clientAddress: string, isObserved: boolean): void;
}

/** An attempt to connect that failed. */
export interface FailedDial {
  readonly endpoint: string;
  readonly cause: Cause;
  readonly detail: string;
  readonly durationMs: number;
}

/** A connection, or a client's datagrams, once it is over. */
export interface StreamRecord {
  readonly protocol: "TCP" | "UDP";
  readonly listenerName: string;
  readonly clientAddress: string;
  readonly clientPort: number;
  /** From SNI; "" when it was not looked at or not there. */
  readonly serverName: string;
  /** "" when none was chosen. */
  readonly poolName: string;
  /** The endpoint that took it or was tried last. */
  readonly endpoint: Endpoint | null;
  readonly isConnected: boolean;
  /** Null when both sides ended it in order. */
  readonly cause: Cause | null;
  readonly detail: string;
  readonly failedDials: readonly FailedDial[];
  readonly bytesFromClient: number;
  readonly bytesToClient: number;
  readonly startedWallMs: number;
  readonly durationMs: number;
  readonly connectMs: number | null;
}

/** Tells of a client that is not let in. */
export function isLetIn({ settings, onDenied }: StreamContext, clientAddress: string): boolean {
  const { access } = settings;
  if (access === null || access.mayEnter(clientAddress)) return true;
  onDenied(clientAddress, access.isObserved);
  return access.isObserved;
}

/** `::ffff:10.0.0.1`, as a dual-stack socket reports it, is 10.0.0.1. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
