/** The API's own listener: a loopback address or a unix socket, and nowhere else without tokens. */
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { AdminConfig } from "../config/schema-admin.ts";
import { formatBindAddress, parseBindAddress } from "../core/address.ts";
import { ListenError } from "../runtime/data-plane-link.ts";
import { isPrivate } from "./access.ts";
import { type AdminApp, createAdminApp } from "./app.ts";
import { Dashboard, type DashboardFiles } from "./dashboard.ts";
import { LiveFeed } from "./live/live-feed.ts";
import type { AdminContext, Operation } from "./operation.ts";

export interface AdminServerParts {
  readonly context: AdminContext;
  readonly config: AdminConfig;
  readonly more?: readonly Operation[];
  /** The socket of a predecessor, to go on with; null to bind the address. */
  readonly inherited: number | null;
  readonly paths: SocketPaths;
  /** The built dashboard; null when there is none. */
  readonly dashboardFiles: () => DashboardFiles | null;
}

/** Unix sockets are bound under a draft's name and moved into place, so that closing removes no successor's. */
export interface SocketPaths {
  /** A name beside the path. Rejects with an error of code EADDRINUSE when somebody answers there. */
  draft(path: string): Promise<string>;
  place(draft: string, path: string): void;
  remove(path: string): void;
}

export interface AdminServer {
  /** As the configuration has it. */
  readonly configured: string;
  /** As bound: `127.0.0.1:9900`, `unix:/run/headgate.sock`. */
  readonly address: string;
  /** The listening socket's file descriptor; null where there is none. */
  readonly descriptor: number | null;
  setTokens(tokens: AdminConfig["tokens"]): void;
  /** With `isHandedOver` a successor goes on with the socket. */
  close(isHandedOver?: boolean): Promise<void>;
}

const headTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const connectionsMax = 500;

/** Rejects with a ListenError. */
export async function startAdminServer(parts: AdminServerParts): Promise<AdminServer> {
  const { config, context } = parts;
  if (config.tokens.length === 0 && !isPrivate(config.address))
    throw new ListenError("EACCES", config.address);
  const closing = new AbortController();
  const { more = [] } = parts;
  const live = new LiveFeed(context.clock, context.balancer);
  const dashboard = new Dashboard(parts.dashboardFiles);
  const appFor = (tokens: AdminConfig["tokens"]): AdminApp =>
    createAdminApp({ context, tokens, closing: closing.signal, more, live, dashboard });
  let app = appFor(config.tokens);
  const listener = getRequestListener((request) => app(request), { overrideGlobalObjects: false });
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: headTimeoutMs },
    (request, response) => {
      void listener(request, response);
    },
  );
  server.maxConnections = connectionsMax;
  const address = await listen(server, parts);
  return {
    configured: config.address,
    address,
    descriptor: descriptorOf(server),
    setTokens: (tokens) => void (app = appFor(tokens)),
    async close(isHandedOver = false) {
      const target = parseBindAddress(config.address);
      if (!isHandedOver && "kind" in target && target.kind === "unix") parts.paths.remove(target.path);
      const closed = new Promise((resolve) => server.close(resolve));
      closing.abort();
      server.closeIdleConnections();
      await Promise.race([
        closed,
        new Promise<void>((resolve) => void context.clock.setTimer(1000, resolve)),
      ]);
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server, { config, inherited, paths }: AdminServerParts): Promise<string> {
  const target = parseBindAddress(config.address);
  if ("problem" in target) throw new ListenError("EINVAL", config.address);
  try {
    if (inherited !== null) await listenOnce(server, { fd: inherited });
    else if (target.kind === "unix") {
      const draft = await paths.draft(target.path);
      await listenOnce(server, { path: draft });
      paths.place(draft, target.path);
    } else {
      await listenOnce(server, { port: target.port, ...(target.host === null ? {} : { host: target.host }) });
    }
  } catch (error) {
    throw new ListenError((error as NodeJS.ErrnoException).code ?? "EUNKNOWN", config.address);
  }
  const place = server.address();
  if (target.kind === "unix") return formatBindAddress(target);
  if (place === null || typeof place === "string") return config.address;
  return place.family === "IPv6" ? `[${place.address}]:${place.port}` : `${place.address}:${place.port}`;
}

type ListenPlace =
  | { readonly fd: number }
  | { readonly path: string }
  | { readonly port: number; readonly host?: string };

function listenOnce(server: Server, where: ListenPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function descriptorOf(server: Server): number | null {
  const { _handle: handle } = server as unknown as { _handle: { readonly fd?: number } | null };
  return handle?.fd === undefined || handle.fd < 0 ? null : handle.fd;
}
