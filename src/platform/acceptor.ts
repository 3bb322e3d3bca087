/**
 * Incoming connections. `net.Server` binds and listens; where native handles exist, accepted
 * handles skip `net.Socket` altogether and become streams at once.
 */
import net from "node:net";
import { renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Acceptor, BoundListener, ByteStream, ListenTarget } from "../core/transport.ts";
import { silentHandler } from "./dialer.ts";
import type { NativeHandle } from "./native-handles.ts";
import { NativeStream } from "./native-stream.ts";
import type { NativeStreams } from "./native-streams.ts";
import { SocketStream } from "./socket-stream.ts";

interface ServerHandle {
  setNoDelay?(isOn: boolean): number;
  onconnection: (error: number, handle: NativeHandle | undefined) => void;
}

export function createAcceptor(native: NativeStreams | null): Acceptor {
  return {
    async listen(target, backlog, onStream) {
      const server = net.createServer(
        { allowHalfOpen: true, noDelay: true, pauseOnConnect: false },
        (socket) => {
          onStream(new SocketStream(socket, silentHandler));
        },
      );
      await bind(server, target, backlog);
      if (native !== null) acceptNatively(server, native, onStream);
      return boundListener(server, target);
    },
  };
}

async function bind(server: net.Server, target: ListenTarget, backlog: number): Promise<void> {
  if (target.descriptor !== undefined) {
    await listenOnce(server, { fd: target.descriptor, backlog });
  } else if (target.kind === "tcp") {
    const { address: host, port, isPortShared: reusePort, isIpv6Only: ipv6Only } = target;
    await listenOnce(server, { host, port, reusePort, ipv6Only, backlog, exclusive: true });
  } else {
    await bindPath(server, target.path, backlog);
  }
}

let draftCount = 0;

/**
 * Binds beside the path and moves the socket there. Closing removes the name that was bound, so a socket
 * in its place would vanish under a process that has inherited it; and a path left behind by a process
 * that is gone is replaced without a moment in which there is none.
 */
async function bindPath(server: net.Server, path: string, backlog: number): Promise<void> {
  if (await answers(path)) throw Object.assign(new Error("the path is in use"), { code: "EADDRINUSE" });
  const draft = join(dirname(path), `.hg${process.pid}-${draftCount++}`);
  await listenOnce(server, { path: draft, backlog, exclusive: true });
  renameSync(draft, path);
}

function listenOnce(server: net.Server, where: net.ListenOptions & { readonly fd?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
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

function acceptNatively(
  server: net.Server,
  native: NativeStreams,
  onStream: (stream: ByteStream) => void,
): void {
  const { _handle: listening } = server as unknown as { _handle: ServerHandle };
  // On Linux an accepted socket has its listener's option: a call of the system less for each.
  const isInherited = process.platform === "linux" && listening.setNoDelay?.(true) === 0;
  listening.onconnection = (error, handle) => {
    if (error !== 0 || handle === undefined) return;
    if (!isInherited) handle.setNoDelay?.(true);
    const stream = new NativeStream(native, handle, silentHandler, null);
    onStream(stream);
    stream.begin();
  };
}

function boundListener(server: net.Server, target: ListenTarget): BoundListener {
  const { _handle: handle } = server as unknown as { _handle: { readonly fd?: number } | null };
  const descriptor = handle?.fd === undefined || handle.fd < 0 ? {} : { descriptor: handle.fd };
  if (target.kind === "unix") {
    const { path } = target;
    const close = async (isHandedOver = false): Promise<void> => {
      if (!isHandedOver) rmSync(path, { force: true });
      await closed(server);
    };
    return { address: `unix:${path}`, port: 0, ...descriptor, close };
  }
  const place = server.address() as net.AddressInfo;
  const host = place.family === "IPv6" ? `[${place.address}]` : place.address;
  return { address: `${host}:${place.port}`, port: place.port, ...descriptor, close: () => closed(server) };
}

/** The socket is closed within the call; `close`'s own callback would wait for every connection, too. */
function closed(server: net.Server): Promise<void> {
  server.close();
  return Promise.resolve();
}
