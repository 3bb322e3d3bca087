/** A backend that answers requests with its name and echoes what WebSockets say. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

export interface EchoBackend {
  readonly url: string;
  readonly requests: number;
  close(): void;
}

export async function startEchoBackend(name: string): Promise<EchoBackend> {
  let requests = 0;
  const server = createServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
    requests++;
    response.setHeader("content-length", name.length).end(name);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => socket.send(String(data)));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    close() {
      sockets.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
