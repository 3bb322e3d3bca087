/** A `tcp` listener in front of servers that do as they are told. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { type ProxyOptions, startProxy, type TestProxy } from "./start-proxy.ts";

interface StreamRig extends AsyncDisposable {
  readonly proxy: TestProxy;
  readonly sockets: Socket[];
  readonly servers: readonly Server[];
}

/** One server for each behaviour, behind a tcp listener. */
export async function rig(
  behaviours: readonly ((socket: Socket) => void)[],
  options: Partial<ProxyOptions> = {},
): Promise<StreamRig> {
  const sockets: Socket[] = [];
  const servers = await Promise.all(
    behaviours.map(async (behave) => {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        sockets.push(socket);
        socket.on("error", () => {});
        behave(socket);
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const proxy = await startProxy({
    origins: servers.map((server) => `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ...options,
    listener: { protocol: "tcp", pool: "app", ...options.listener },
  });
  return {
    proxy,
    sockets,
    servers,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
    },
  };
}

export const echo = (socket: Socket): void => void socket.pipe(socket);
