/** Responses of 100 KB over HTTP/2 and TLS: frames, windows and encryption per byte. */
import type { Load } from "../load.ts";

export const h2100k: Load = {
  name: "h2-100k",
  title: "HTTP/2 over TLS, 100 KB responses, 8 connections of 8 streams",
  connections: 8,
  path: "/100k",
  script: "",
  protocol: "h2",
  http2: { streams: 8, requestsPerSecond: 2000, headers: [], paths: ["/100k"] },
};
