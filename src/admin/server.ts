/** The API's own listener: a loopback address or a unix socket, and nowhere else without tokens. */
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { AdminConfig } from "../config/schema-admin.ts";
import { formatBindAddress, parseBindAddress } from "../core/address.ts";
import { ListenError } from "../runtime/data-plane-link.ts";
import { isPrivate } from "./access.ts";
import { type AdminApp, createAdminApp } from "./app.ts";
import type { AdminContext, Operation } from "./operation.ts";

export interface AdminServerParts {
  readonly context: AdminContext;
  readonly config: AdminConfig;
  readonly more?: readonly Operation[];
  /** Makes a unix socket's path free, if nobody answers there, and its file private after binding. */
  prepareSocket(path: string): Promise<void>;
  protectSocket(path: string): void;
}

export interface AdminServer {
  /** As the configuration has it. */
  readonly configured: string;
  /** As bound: `127.0.0.1:9900`, `unix:/run/headgate.sock`. */
  readonly address: string;
  setTokens(tokens: AdminConfig["tokens"]): void;
  close(): Promise<void>;
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
  const appFor = (tokens: AdminConfig["tokens"]): AdminApp =>
    createAdminApp({ context, tokens, closing: closing.signal, more });
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
    setTokens: (tokens) => void (app = appFor(tokens)),
    async close() {
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

async function listen(
  server: Server,
  { config, prepareSocket, protectSocket }: AdminServerParts,
): Promise<string> {
  const target = parseBindAddress(config.address);
  if ("problem" in target) throw new ListenError("EINVAL", config.address);
  if (target.kind === "unix") await prepareSocket(target.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new ListenError(error.code ?? "EUNKNOWN", config.address)),
    );
    if (target.kind === "unix") server.listen({ path: target.path }, resolve);
    else
      server.listen({ port: target.port, ...(target.host === null ? {} : { host: target.host }) }, resolve);
  });
  if (target.kind === "unix") {
    protectSocket(target.path);
    return formatBindAddress(target);
  }
  const place = server.address();
  if (place === null || typeof place === "string") return config.address;
  return place.family === "IPv6" ? `[${place.address}]:${place.port}` : `${place.address}:${place.port}`;
}
