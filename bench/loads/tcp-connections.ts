/** A TCP connection for every exchange: the rate at which a relay makes them. */
import type { Load } from "../load.ts";

export const tcpConnections: Load = {
  name: "tcp-connections",
  title: "TCP relay, a new connection per exchange, 64 at a time",
  connections: 64,
  path: "/",
  script: `wrk.headers["Connection"] = "close"`,
  protocol: "tcp",
  yardstick: "haproxy",
};
