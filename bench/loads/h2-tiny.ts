/** The tiny exchange over HTTP/2 and TLS: few connections, many requests at once on each. */
import type { Load } from "../load.ts";

export const h2Tiny: Load = {
  name: "h2-tiny",
  title: "HTTP/2 over TLS, tiny head, 8 connections of 32 streams",
  connections: 8,
  path: "/",
  script: "",
  protocol: "h2",
  http2: { streams: 32, requestsPerSecond: 20_000, headers: [], paths: ["/"] },
};
