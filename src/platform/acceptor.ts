/**
 * Incoming connections. `net.Server` binds and listens; where native handles exist, accepted
 * handles skip `net.Socket` altogether and become streams at once.
 */
import net from "node:net";
import { unlinkSync } from "node:fs";
import type { Acceptor, BoundListener, ByteStream, ListenTarget } from "../core/transport.ts";
import { silentHandler } from "./dialer.ts";
import type { NativeHandle } from "./native-handles.ts";
import { type NativeStreams, NativeStream } from "./native-stream.ts";
import { SocketStream } from "./socket-stream.ts";

interface ServerHandle {
  onconnection: (error: number, handle: NativeHandle | undefined) => void;
}

export function createAcceptor(native: NativeStreams | null): Acceptor {
  return {
    async listen(target, backlog, onStream) {
      const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false }, (socket) => {
        onStream(new SocketStream(socket, silentHandler));
      });
      await bind(server, target, backlog);
      if (native !== null) acceptNatively(server, native, onStream);
      return boundListener(server, target);
    },
  };
}

async function bind(server: net.Server, target: ListenTarget, backlog: number): Promise<void> {
  try {
    await listenOnce(server, target, backlog);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (target.kind !== "unix" || code !== "EADDRINUSE" || (await answers(target.path))) throw error;
    // A socket file left behind by a process that is gone.
    unlinkSync(target.path);
    await listenOnce(server, target, backlog);
  }
}

function listenOnce(server: net.Server, target: ListenTarget, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const where =
      target.kind === "unix"
        ? { path: target.path }
        : {
            host: target.address,
            port: target.port,
            reusePort: target.isPortShared,
            ipv6Only: target.isIpv6Only,
          };
    server.listen({ ...where, backlog, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function acceptNatively(server: net.Server, native: NativeStreams, onStream: (stream: ByteStream) => void): void {
  const { _handle: listening } = server as unknown as { _handle: ServerHandle };
  listening.onconnection = (error, handle) => {
    if (error !== 0 || handle === undefined) return;
    handle.setNoDelay?.(true);
    onStream(new NativeStream(native, handle, silentHandler, null));
  };
}

function boundListener(server: net.Server, target: ListenTarget): BoundListener {
  const place = server.address();
  if (place === null || typeof place === "string" || target.kind === "unix") {
    return { address: `unix:${target.kind === "unix" ? target.path : ""}`, port: 0, close: () => closed(server) };
  }
  const host = place.family === "IPv6" ? `[${place.address}]` : place.address;
  return { address: `${host}:${place.port}`, port: place.port, close: () => closed(server) };
}

function closed(server: net.Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
